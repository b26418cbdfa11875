"""Short names for content: the first 8 bytes of BLAKE2b, in hexadecimal. File names hold them: they never change."""

from hashlib import blake2b


def digest(content: str | bytes) -> str:
    """16 hexadecimal digits of some text, as UTF-8, or bytes.

    >>> digest("a")
    '40f89e395b66422f'
    """
    data = content.encode() if isinstance(content, str) else content
    return blake2b(data, digest_size=8).hexdigest()

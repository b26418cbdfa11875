"""Text from buckets and recipes made fit for Markdown that strangers may read."""

import re
from typing import Final

_PLAIN: Final = re.compile(r"[\w ./:@+=,;%~()-]+")
_HOME: Final = re.compile(r"(?:^|.*/)(?:home|Users)/[^/]*(?:/|$)", re.DOTALL)
_LOCAL: Final = ("/", "./", "../", "~")
_USER_IS_A_PLACE: Final = ("abfs", "abfss", "wasb", "wasbs")
_SHOWN: Final = 2


def code(text: str) -> str:
    """A text as code, in a line or in a cell of a table.

    >>> print(code("s3://bucket/a_b/"), code("a|b"))
    `s3://bucket/a_b/` <code>a&#124;b</code>
    """
    clean = printable(text)
    if _PLAIN.fullmatch(clean) and clean == clean.strip():
        return f"`{clean}`"
    return f"<code>{_escaped(clean, r'[^0-9A-Za-z /.-]')}</code>"


def words(text: str) -> str:
    """A text as it is, with what Markdown would read as its own made harmless.

    >>> print(words("2 * 3 | <b>"))
    2 &#42; 3 &#124; &#60;b&#62;
    """
    return _escaped(printable(text), r"[^\w .,;:()'-]")


def shown(uri: str) -> str:
    """Removes credentials and local paths from a prefix: passwords, signatures, the folders above a local one.

    >>> shown("s3://key:secret@bucket/a/"), shown("https://host/a/?X-Amz-Signature=1f")
    ('s3://bucket/a/', 'https://host/a/')
    >>> shown("file:///home/jane/data/vton/")
    'file://.../data/vton/'
    """
    return "::".join(map(_shown, uri.split("::")))


def printable(text: str) -> str:
    """A text of which each character can be shown and written, in one line."""
    line = " ".join(text.split()) if text.strip() else text
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)


def _shown(uri: str) -> str:
    scheme, there, rest = uri.partition("://")
    if not there:
        return _short(uri, "") if uri.startswith(_LOCAL) else uri
    if scheme.lower() in {"file", "local"}:
        return _short(rest, f"{scheme}://")
    # What follows a question mark may belong to a key, but more often it is a signature.
    public = re.split(r"\?" if scheme.lower().startswith("s3") else r"[?#]", _without_user(scheme.lower(), rest))
    return f"{scheme}://{public[0]}"


def _without_user(scheme: str, rest: str) -> str:
    host = re.match(r"[^/?#]*", rest)[0]  # type: ignore[index]
    user, at, _ = host.rpartition("@")
    if at:
        return rest if scheme in _USER_IS_A_PLACE and ":" not in user else rest[len(user) + 1 :]
    # Where a secret is not quoted, its slash ends what looks like the host: all up to the last @ may be secret.
    port = host.partition(":")[2]
    if port and not host.startswith(("arn:", "[")) and (scheme.startswith("s3") or not port.isdecimal()):
        return rest.rpartition("@")[2]
    return rest


def _short(path: str, scheme: str) -> str:
    inside = _HOME.sub("", path).rstrip("/").split("/")
    names = [name for name in inside if name not in {"", ".", ".."} and not name.startswith("~")][-_SHOWN:]
    return scheme + "/".join(["...", *names]) + ("/" if path.endswith("/") else "")


def _escaped(text: str, special: str) -> str:
    return re.sub(special, lambda match: f"&#{ord(match[0])};", text)

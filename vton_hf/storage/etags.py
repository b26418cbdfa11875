"""What this process has found out about the ETags of buckets.

S3's ETag is the MD5 of an object that was uploaded in one part and is not encrypted with a key of KMS or of the
customer's own. Which objects those are nobody says.
"""

import re
from dataclasses import dataclass
from typing import Final

from vton_hf.storage.backend import Listed

_MD5: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(slots=True)
class Bucket:
    """What this process has found out about a bucket's ETags."""

    md5: bool = True  # some may be
    like_the_listing: bool = True
    alike: int = 0  # objects that came with the ETag of the listing
    fits: int = 0  # bodies whose MD5 the ETag was
    others: int = 0  # objects whose ETag it was not

    def has_md5(self, etag: str) -> bool:
        """Whether an ETag may be an object's MD5."""
        return self.md5 and bool(_MD5.fullmatch(bare(etag).lower()))

    @property
    def is_new(self) -> bool:
        """Whether nothing is known yet."""
        return self.md5 and not self.fits


_buckets: dict[tuple[str | None, str], Bucket] = {}


def bucket_of(endpoint: str | None, uri: str) -> Bucket:
    """What is known of the bucket of an object; `endpoint` tells buckets of one name apart."""
    return _buckets.setdefault((endpoint, authority(uri)), Bucket())


def wants_checksum(uri: str, listed: Listed, endpoint: str | None) -> bool:
    """Whether nothing but a checksum of the store's own would show that the object's bytes were damaged on the way."""
    md5 = bucket_of(endpoint, uri).has_md5(listed.etag)
    return bool(listed.etag) and not md5 and not uri.lower().endswith(".png")


def authority(uri: str) -> str:
    """The bucket of a URI, with its scheme."""
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def bare(etag: str) -> str:
    """An ETag without its quotes and its mark for weak ones."""
    return etag.removeprefix("W/").strip('"')

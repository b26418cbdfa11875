"""Are these the bytes that were listed? Each body is held against its size, its ETag and a checksum.

S3's ETag is the MD5 of an object that was uploaded in one part and is not encrypted with a key of KMS or of the
customer's own. Which objects those are nobody says, so it is found out: where whole reads agree with each other and
never with the ETag, it is no MD5 there.
"""

import asyncio
import hashlib
import logging
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from xxhash import xxh3_128_digest

from vton_hf.storage.backend import Answer, Backend, Listed
from vton_hf.storage.etags import authority, bare, bucket_of
from vton_hf.storage.failures import ChangedError, DamagedError

_log = logging.getLogger("vton_hf")

_CHECKS_ITSELF: Final = b"\x89PNG\r\n\x1a\n"
"""A PNG holds a CRC of all that is in it, which whoever verifies or decodes it compares: 0.4 ms for 1 MB, MD5 2.1."""

_SMALL: Final = 2**18
"""Bytes whose MD5 is not worth another thread: 0.4 ms, and the way there and back 0.1."""

_AGREE: Final = 3
"""Whole reads with one result, where nothing says yet whether it is sound."""

_STUBBORN: Final = 8
"""Whole reads with one result, where what the store says of the object is another: a line that damages 3 in 10, always
alike, does so once in 15,000 objects."""

_MIXED: Final = 3
"""Objects whose ETag is no MD5, in a bucket where others' are, until none of its ETags is taken for one."""


class _Flaw(Enum):
    ETAG = auto()
    SIZE = auto()
    MD5 = auto()


@dataclass(slots=True)
class Integrity:
    """How the bodies of one call are checked.

    Attributes:
        endpoint: Of the store, to tell buckets of one name apart.
        always_md5: Also where the format holds a checksum of its own, for a caller that does not compare that.
    """

    endpoint: str | None
    always_md5: bool = False
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)

    def turn(self, uri: str) -> asyncio.Lock:
        """Held while one object shows what the ETags of its bucket are, so that the others need not be read twice."""
        return self._turns.setdefault(authority(uri), asyncio.Lock())


class Reading:
    """One object, read until what came is what was listed.

    Args:
        uri: The object.
        listed: What the listing says of it.
        backend: The way to it.
        integrity: How bodies are checked.
        unusable: What an earlier read gave, if its user could do nothing with it.
    """

    def __init__(
        self, uri: str, listed: Listed, backend: Backend, integrity: Integrity, unusable: bytes | None = None
    ) -> None:
        self._uri = uri
        self._listed = listed._replace(etag=bare(listed.etag))
        self._backend = backend
        self._integrity = integrity
        self._bucket = bucket_of(integrity.endpoint, uri)
        self._unusable = unusable
        self._bodies = Counter[bytes]()

    async def attempt(self) -> bytes:
        """One request, or a few where it takes more to tell what the first one's answer means.

        Raises:
            DamagedError: If what came is not the object: another try is worth while.
            ChangedError: If the object is not what was listed.
        """
        answer, flaw = await self._get_usable()
        if flaw is _Flaw.MD5 and self._bucket.is_new:
            answer, flaw = await self._find_out(answer)
        if flaw is None:
            return answer.body
        self._bodies[xxh3_128_digest(answer.body)] += 1
        if await self._is_settled(answer, flaw, self._bodies[xxh3_128_digest(answer.body)]):
            return answer.body
        raise DamagedError(self._words(answer, flaw))

    def verdict(self, error: Exception) -> Exception:
        """What to say once there is no more time: what only ever came in one form is all there is."""
        alike = len(self._bodies) == 1 and self._bodies.total() >= _AGREE
        return ChangedError(str(error)) if alike and isinstance(error, DamagedError) else error

    async def is_as_stored(self) -> bool:
        """Whether the unusable body is known to be the object itself, so that no other read will help."""
        return self._unusable is not None and await self._fits_md5(Answer(self._unusable)) is True

    async def _get_usable(self) -> tuple[Answer, _Flaw | None]:
        """An answer and what is wrong with it; the unusable body only if other reads give it too."""
        for _ in range(1, _AGREE):
            answer = await self._get()
            flaw = await self._flaw(answer)
            if flaw is not None or answer.checked or answer.body != self._unusable:
                break
        return answer, flaw

    async def _get(self) -> Answer:
        answer = await self._backend.get(self._uri, self._listed)
        return answer._replace(etag=bare(answer.etag))

    async def _flaw(self, answer: Answer) -> _Flaw | None:
        listed = self._listed
        if self._bucket.like_the_listing and answer.etag and listed.etag:
            if answer.etag != listed.etag:
                return _Flaw.ETAG
            self._bucket.alike += 1
        if listed.size is not None and len(answer.body) != listed.size:
            return _Flaw.SIZE
        if answer.checked or not (self._must_fit_md5 or not answer.body.startswith(_CHECKS_ITSELF)):
            return None
        return _Flaw.MD5 if await self._fits_md5(answer) is False else None

    @property
    def _must_fit_md5(self) -> bool:
        return self._integrity.always_md5 or self._unusable is not None

    async def _fits_md5(self, answer: Answer) -> bool | None:
        """Whether the body has the ETag's MD5; None if the ETag is none."""
        etag = self._listed.etag or answer.etag
        if not self._bucket.has_md5(etag):
            return None
        small = len(answer.body) <= _SMALL
        fits = (_md5(answer.body) if small else await asyncio.to_thread(_md5, answer.body)) == etag.lower()
        self._bucket.fits += fits
        return fits if fits or self._bucket.md5 else None  # another object may have shown meanwhile that it is none

    async def _find_out(self, answer: Answer) -> tuple[Answer, _Flaw | None]:
        """What the first body of a bucket that does not have its ETag's MD5 means: other reads of it tell."""
        async with self._integrity.turn(self._uri):
            for _ in range(1, _AGREE):
                if not self._bucket.is_new:  # another object fits: this one was damaged, perhaps more than once alike
                    break
                again = await self._get()
                if again.body != answer.body:
                    return again, await self._flaw(again)
            if self._bucket.is_new:
                self._bucket.md5 = False
                self._tell("are no MD5 (as with encryption by KMS): bodies are not held against them")
        return answer, _Flaw.MD5 if self._bucket.md5 else None

    async def _is_settled(self, answer: Answer, flaw: _Flaw | None, agreed: int) -> bool:
        """Whether reading this result so often shows that it is all there is.

        Raises:
            ChangedError: If it shows that the object is another one than was listed.
        """
        if flaw is _Flaw.MD5 and agreed >= _STUBBORN:
            self._bucket.others += 1
            if self._bucket.others == _MIXED:
                self._bucket.md5 = False
                self._tell("are MD5 of some objects only: bodies are not held against them any more")
            return True
        if flaw in {_Flaw.ETAG, _Flaw.SIZE} and agreed > 1:
            return await self._is_named_otherwise(answer, flaw, agreed)
        return False

    async def _is_named_otherwise(self, answer: Answer, flaw: _Flaw | None, agreed: int) -> bool:
        """Whether only the ETag is spelled otherwise in a listing: that of now tells."""
        now = await self._backend.look(self._uri)
        same = now is not None and self._is_listed_so(now) and not (flaw is _Flaw.ETAG and self._bucket.alike)
        if not same and (now is not None or flaw is _Flaw.ETAG):
            raise ChangedError(self._words(answer, flaw))
        if flaw is _Flaw.ETAG and same:
            self._bucket.like_the_listing = False
            self._tell("are others in its listing than with its objects: the two are not compared")
            return await self._flaw(answer) is None
        if agreed >= _STUBBORN:
            raise ChangedError(self._words(answer, flaw))
        return False

    def _is_listed_so(self, now: Listed) -> bool:
        size = self._listed.size in {None, now.size}
        return size and (not self._listed.etag or bare(now.etag) == self._listed.etag)

    def _words(self, answer: Answer, flaw: _Flaw | None) -> str:
        listed, size = self._listed, len(answer.body)
        if flaw is _Flaw.ETAG:
            return f"listed {listed.size} bytes with ETag {listed.etag}, got {size} with {answer.etag}"
        if flaw is _Flaw.SIZE:
            return f"listed {listed.size} bytes, got {size}"
        return "its MD5 is not its ETag"

    def _tell(self, what: str) -> None:
        _log.info("ETags of %s %s (found out with %s).", authority(self._uri), what, self._uri)


def _md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()

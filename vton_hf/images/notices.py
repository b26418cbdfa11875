"""What is no fault of an image but should be known: counted in a build, logged once where images are read."""

import logging
from collections.abc import Iterable
from typing import Final, NamedTuple

from vton_hf.images.profiles import profile_of

logger = logging.getLogger("vton_hf")


class Notice(NamedTuple):
    """One thing about one image of a triplet.

    Attributes:
        kind: One of `KINDS`.
        role: The column of the image.
        about: What was found, such as `Display P3` or `1024 x 768 to 768 x 1024`.
    """

    kind: str
    role: str
    about: str

    def subject(self, key: str, uri: str) -> str:
        """What is counted: the image, or the triplet."""
        return uri if self.kind in _OF_IMAGES else key


class Noticed(NamedTuple):
    """How often one kind was met, and the first of it."""

    number: int
    first: str


_TEXTS: Final = {
    "profile": (
        "Images with a colour profile that is not sRGB",
        "Profiles are ignored; to_srgb=True converts the colours.",
    ),
    "unconverted": (
        "Images with a colour profile that cannot be converted to sRGB",
        "Their colours are taken as they are.",
    ),
    "target": (
        "Triplets whose try-on image has another shape than the person and is stretched to it",
        "Leave out those that do not belong together with exclude=[...].",
    ),
    "size": (
        "Triplets with an image that image_size stretches to another shape",
        "image_size is (height, width); aspect='pad' or 'crop' keeps shapes.",
    ),
}
"""By kind: what it is, and what to do or to know."""

KINDS: Final = tuple(_TEXTS)
_OF_IMAGES: Final = {"profile", "unconverted"}

_warned: set[tuple[str, str]] = set()


def profile_notices(body: bytes, role: str, *, to_srgb: bool) -> list[Notice]:
    """What should be known of an image's colours: that a profile is ignored, or cannot be applied."""
    profile = profile_of(body)
    if profile is None or to_srgb == (profile.icc is not None):
        return []
    return [Notice("unconverted" if to_srgb else "profile", role, profile.name)]


def tell_once(notice: Notice, key: str, uri: str) -> None:
    """Warn of it, unless this process has warned of its kind below the same folder.

    Args:
        notice: What to tell.
        key: The triplet's key.
        uri: The image's.
    """
    # Below the root lie difficulty, gender, role and the file.
    known = notice.kind, uri.rsplit("/", 4)[0]
    if known not in _warned:
        _warned.add(known)
        what, advice = _TEXTS[notice.kind]
        logger.warning("%s, such as %s (%s). %s", what, notice.subject(key, uri), notice.about, advice)


def counted(noticed: Iterable[tuple[Notice, str, str]]) -> dict[str, Noticed]:
    """How often each kind was met.

    Args:
        noticed: Notices, each with the key of the triplet and the URI of the image.
    """
    subjects: dict[str, dict[str, str]] = {}
    for notice, key, uri in noticed:
        subjects.setdefault(notice.kind, {}).setdefault(notice.subject(key, uri), notice.about)
    return {kind: Noticed(len(of), "{} ({})".format(*next(iter(of.items())))) for kind, of in subjects.items()}


def tell_counts(parts: Iterable[dict[str, Noticed]]) -> None:
    """Warn of what a build met, one line for each kind.

    Args:
        parts: What each part of it met.
    """
    counts = list(parts)
    for kind, (what, advice) in _TEXTS.items():
        met = [part[kind] for part in counts if kind in part]
        if met:
            logger.warning("%s: %s, the first %s. %s", what, f"{sum(m.number for m in met):,}", met[0].first, advice)

"""The checks: what each finds, how bad that is, and from where on."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from vton_hf._core.checks import did_you_mean, must_be
from vton_hf._core.options import CHECK_LEVELS
from vton_hf.errors import ConfigError
from vton_hf.triplets import REASONS

ERROR: Final = "error"
WARNING: Final = "warning"
NOTE: Final = "note"
SEVERITIES: Final = (ERROR, WARNING, NOTE)
"""An error teaches something false or cannot be used; a warning should be looked at before it is trained on; a note is
harmless here or concerns more than one triplet."""

STRUCTURE, DECODE, ALL = CHECK_LEVELS


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        level: What must be opened for it: one of `CHECK_LEVELS`.
        severity: The worst that it finds.
        finds: What it finds, as the end of "finds ...".
        advice: What to do, as a sentence.
        threshold: From where on; None where there is nothing to set.
        unit: What the threshold and the values are.
        below: Whether values below the threshold are found, not those above it.
    """

    level: str
    severity: str
    finds: str
    advice: str
    threshold: float | None = None
    unit: str = ""
    below: bool = False


_LOOK: Final = "Look at it."
_LEAVE: Final = "Leave it out."
_REPLACE: Final = "Write it again, or leave it out."

CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "truncated": Check(STRUCTURE, ERROR, "a file that ends too early", _REPLACE),
        "not-an-image": Check(STRUCTURE, ERROR, "a file that is no PNG, JPEG or WebP", _REPLACE),
        "wrong-extension": Check(
            STRUCTURE,
            NOTE,
            "a name that says another format than the file",
            "It is read by its content here; rename it.",
        ),
        "trailing-data": Check(
            STRUCTURE, NOTE, "bytes behind the end of the image", "They are not read here; write it again.", 0, "bytes"
        ),
        "unusual-mode": Check(
            STRUCTURE, NOTE, "grey, a palette, CMYK, 16 bits or an animation", "It becomes 8-bit RGB here."
        ),
        "hidden-colour": Check(
            DECODE,
            NOTE,
            "a picture below transparent pixels",
            "It lies on white here; convert('RGB') elsewhere would show it.",
            0.005,
            "share of pixels",
        ),
        "rotated": Check(
            STRUCTURE, NOTE, "an image that its EXIF turns", "It is turned here; other programs may not turn it."
        ),
        "colour-profile": Check(
            STRUCTURE, NOTE, "a colour profile that is not sRGB", "to_srgb=True converts its colours."
        ),
        "dark": Check(
            DECODE,
            WARNING,
            "an image that is dark all over",
            _LOOK,
            0.18,
            "brightness of all but 1% at most",
            below=True,
        ),
        "light": Check(DECODE, WARNING, "an image that is washed out", _LOOK, 0.8, "brightness of all but 5% at least"),
        "blurred": Check(DECODE, WARNING, "an image without a sharp edge", _LOOK, 0.29, "sharpness", below=True),
        "flat": Check(DECODE, ERROR, "an image of one colour", _LEAVE, 0.02, "contrast", below=True),
        "grayscale": Check(DECODE, WARNING, "an image without colour", _LOOK, 0.02, "distance from grey", below=True),
        "letterbox": Check(
            DECODE, WARNING, "bars beside the picture", "Crop it, or leave it out.", 0.03, "share of an edge"
        ),
        "odd-size": Check(
            STRUCTURE, WARNING, "a size or shape unlike that of 9 in 10 of its role", _LOOK, 2.0, "times beyond them"
        ),
        "size-mismatch": Check(
            STRUCTURE,
            WARNING,
            "a target of another size than its person",
            "It is resized to its person's here.",
            0.05,
            "difference in shape",
        ),
        "nothing-changed": Check(
            ALL, ERROR, "a target that shows its person unchanged", _LEAVE, 0.006, "share that changed", below=True
        ),
        "wrong-pair": Check(ALL, ERROR, "a target of another person or scene", _LEAVE, 0.2, "correlation", below=True),
        "misregistered": Check(
            ALL, WARNING, "a target that is shifted or scaled against its person", _LOOK, 0.012, "share of an edge"
        ),
        "flipped": Check(
            ALL,
            ERROR,
            "a target that is mirrored or upside down",
            "Turn it back, or leave it out.",
            0.15,
            "gain in correlation",
        ),
        "roles-swapped": Check(
            ALL, ERROR, "images whose roles were mixed up", "Rename them, or leave it out.", 0.25, "correlation"
        ),
        "garment-not-worn": Check(
            ALL,
            WARNING,
            "a target without its garment's colours",
            _LOOK,
            0.6,
            "share of the garment's colours",
            below=True,
        ),
        "garment-is-target": Check(
            ALL,
            ERROR,
            "a garment image that shows the target or the person",
            _LEAVE,
            0.03,
            "share that differs",
            below=True,
        ),
        "changed-elsewhere": Check(
            ALL, WARNING, "a change far from the clothes", _LOOK, 0.2, "share of the top of an image"
        ),
        "colour-cast": Check(
            ALL, WARNING, "a target whose colours are all shifted", _LOOK, 0.024, "share of full scale"
        ),
        "exact-duplicate": Check(ALL, WARNING, "a file that another image has, too", "Keep one."),
        "near-duplicate": Check(
            ALL, WARNING, "an image that is nearly another", "Keep one.", 7, "bits of 128", below=True
        ),
        "one-garment-many-names": Check(ALL, WARNING, "a garment's picture under several names", "Give it one name."),
        "one-name-many-garments": Check(ALL, WARNING, "different pictures of one garment", "Give each its own name."),
        "over-represented": Check(
            ALL,
            NOTE,
            "a person or garment that is in far more triplets than others",
            "Balance the bucket.",
            10,
            "times the median",
        ),
        "drift": Check(
            ALL,
            NOTE,
            "prefixes whose images differ as a whole",
            "Make sure that both belong together.",
            1.0,
            "spreads apart",
        ),
    }
)
"""All that look into images; a listing's own reasons come beside them (`AUDIT_SEVERITIES`)."""

AUDIT_SEVERITIES: Final = {
    reason: NOTE
    if reason in {"ambiguous cloth", "duplicate", "excluded", "hidden", "folder marker", "repeated line", "not listed"}
    else WARNING
    for reason in REASONS
}
"""Why keys of a listing are left out, and how bad that is."""

MOST_BITS: Final = 7
"""Up to here near duplicates are found without fail: of 8 bands of 16 bits one is equal then."""


def thresholds_of(given: Mapping[str, float] | None) -> dict[str, float]:
    """All thresholds: the defaults, and what takes their place.

    Raises:
        ConfigError: If a name or a value makes no sense.
    """
    defaults = {name: check.threshold for name, check in CHECKS.items() if check.threshold is not None}
    for name, value in (given or {}).items():
        if name not in defaults:
            raise ConfigError(
                f"thresholds holds {name!r}, which has no threshold.{did_you_mean(name, defaults)} "
                f"Those that have one are {', '.join(defaults)}."
            )
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise must_be(f"The threshold of {name!r}", value, "a number from 0")
    merged = {**defaults, **(given or {})}
    if merged["near-duplicate"] > MOST_BITS:
        raise must_be(
            "The threshold of 'near-duplicate'", merged["near-duplicate"], f"a number of bits up to {MOST_BITS}"
        )
    return {name: float(value) for name, value in merged.items()}

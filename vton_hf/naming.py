"""The bucket's grammar, said once: which object is which image of which triplet.

A key reads `.../{difficulty}/[{gender}/]{role}/{name}`, and the role decides how the name is read:

    initial_image/{stem}_person.png             the person
    cloth_image/{stem}_cloth_{garment}.png      the garment
    try_on_image/{stem}_vton.png                the person wearing it

The patterns are written in the syntax that Python's `re` and Arrow's RE2 share, so that one key and a
column of two million keys are read by the same rule.
"""

import re
from dataclasses import dataclass
from typing import Final

from vton_hf.errors import LayoutError

DIFFICULTY: Final = "difficulty"
"""The column by which rows are mixed, unless another one is named."""

DIFFICULTIES: Final = ("easy", "medium", "hard")
GENDERS: Final = ("female", "male")
ROLES: Final = ("initial_image", "cloth_image", "try_on_image")
ETAG: Final = "_etag"
"""Behind the name of an image's column, in a manifest: the column with the ETag of its object."""

CLOTH_MARK: Final = "_cloth_"
IMAGE_ENDING: Final = r"\.(?i:png|jpe?g|webp)"
"""How the names of images end, as Python's expressions and Arrow's have it."""

KEY_PATTERN: Final = rf"(?s)^(?P<folder>(?:.*/)?)(?P<role>{'|'.join(ROLES)})/(?P<name>[^/]+)$"
"""Splits a key into the folder that holds the three role folders, the role and the file's name."""

ENDINGS: Final = {
    "initial_image": rf"_person{IMAGE_ENDING}$",
    "cloth_image": rf"{IMAGE_ENDING}$",
    "try_on_image": rf"_vton{IMAGE_ENDING}$",
}
"""What stands behind the stem, or behind the garment."""

NAME_PATTERNS: Final = {
    "initial_image": rf"(?s)^(?P<stem>.+){ENDINGS['initial_image']}",
    # The first `_cloth_` ends the stem; `triplets` looks again where a name holds several.
    "cloth_image": rf"(?s)^(?P<stem>.+?){CLOTH_MARK}(?P<garment>.*){ENDINGS['cloth_image']}",
    "try_on_image": rf"(?s)^(?P<stem>.+){ENDINGS['try_on_image']}",
}

AUTHORITY_PATTERN: Final = r"^[A-Za-z][A-Za-z0-9+.-]*://[^/]*/"
"""Scheme and bucket; cut off before folders are read, since a bucket may be called `hard`."""

DIFFICULTY_PATTERN: Final = rf"(?s)^(?:.*/)?(?P<difficulty>(?i:{'|'.join(DIFFICULTIES)}))/"
"""The deepest folder above the role that is named like a difficulty."""

GENDER_PATTERN: Final = rf"(?s)^(?:.*/)?(?P<gender>(?i:{'|'.join(GENDERS)}))/"
"""The deepest folder above the role that is named like a gender."""

_OF_FILE_SERVERS: Final = (
    r"@eadir|@tmp|@sharebin|@recycle|@recently-snapshot|@__thumb|#recycle|[#~]snapshot|\$recycle\.bin|lost\+found|"
    r"system volume information|network trash folder|network recycle bin[^/]*|temporary items"
)
"""Where Synology, QNAP, NetApp, Windows, Linux and macOS keep what was deleted, snapshots and thumbnails."""

HIDDEN_FOLDER: Final = rf"(?s)(?:^|/)(?:\.+[^./][^/]*|__[^/]*|(?i:{_OF_FILE_SERVERS}))/"
"""A folder that nobody meant to be read, somewhere in the path below a prefix."""

HIDDEN_NAME: Final = r"(?s)^(?:\.+[^./]|(?i:(?:eh)?thumbs(?:_vista)?\.db|desktop\.ini)$)"
"""A file of that kind."""


@dataclass(frozen=True, slots=True)
class ImageKey:
    """What one object's key says.

    Attributes:
        folder: Everything before the role, with its trailing slash; stems are unique within it.
        role: One of `ROLES`.
        stem: The name that the three images of a triplet share.
        garment: What stands behind `_cloth_`; empty for the other two roles.
        difficulty: One of `DIFFICULTIES`, or empty where the key says none.
        gender: One of `GENDERS`, or empty where the key says none.
    """

    folder: str
    role: str
    stem: str
    garment: str = ""
    difficulty: str = ""
    gender: str = ""


def parse_key(key: str) -> ImageKey:
    """Read one key.

    Args:
        key: The object's key or its full URI.

    Raises:
        LayoutError: If the key names no image of a triplet.

    >>> parse_key("dataset_ultimate/easy/female/cloth_image/001_cloth_dress.png")
    ImageKey(folder='dataset_ultimate/easy/female/', role='cloth_image', stem='001', garment='dress', \
difficulty='easy', gender='female')
    """
    # Python's `$` would match before a line break at the end, RE2's does not.
    match = re.fullmatch(KEY_PATTERN, key)
    name = match and re.fullmatch(NAME_PATTERNS[match["role"]], match["name"])
    if not match or not name:
        raise LayoutError(
            f"{key!r} names no image of a triplet. Expected .../initial_image/STEM_person.png, "
            f".../cloth_image/STEM_cloth_GARMENT.png or .../try_on_image/STEM_vton.png "
            f"(.png, .jpg, .jpeg or .webp)."
        )
    folder = match["folder"]
    inside = re.sub(AUTHORITY_PATTERN, "", folder)
    difficulty, gender = re.match(DIFFICULTY_PATTERN, inside), re.match(GENDER_PATTERN, inside)
    return ImageKey(
        folder=folder,
        role=match["role"],
        stem=name["stem"],
        garment=name.groupdict().get("garment", ""),
        difficulty=difficulty["difficulty"].lower() if difficulty else "",
        gender=gender["gender"].lower() if gender else "",
    )


def format_key(image: ImageKey, extension: str = ".png") -> str:
    """Write the key that `parse_key` reads back.

    >>> format_key(ImageKey("easy/male/", "try_on_image", "001"))
    'easy/male/try_on_image/001_vton.png'
    """
    suffix = {"initial_image": "_person", "cloth_image": CLOTH_MARK + image.garment, "try_on_image": "_vton"}
    return f"{image.folder}{image.role}/{image.stem}{suffix[image.role]}{extension}"

"""An image of one shape into a picture of another: stretched, padded, cropped, or as CatVTON does."""

import math
from collections.abc import Callable, Container, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from PIL import Image

from vton_hf._core.checks import as_size, check_choice, must_be
from vton_hf._core.options import ASPECTS
from vton_hf.errors import ConfigError
from vton_hf.images.notices import Notice
from vton_hf.images.structure import MAX_PIXELS
from vton_hf.naming import ROLES

PAIR_STRETCH: Final = 1.05
"""A target that is stretched by more than this is warned of: it shows the same scene as its person, so only rounding to
what a model puts out (multiples of 8, 16 or 64 pixels) explains another shape."""

SIZE_STRETCH: Final = 1.4
"""So much one edge may be stretched more than the other by `image_size` before it is warned of. A square of portraits
of 3:4 (1.33), which many train on knowingly, is not; height and width that were swapped (3:4 to 4:3 is 1.78) are."""

Resize: TypeAlias = Callable[[Any, tuple[int, int]], Any]

_PERSON, _GARMENT, _TARGET = ROLES


def check_fit(size: object, aspect: object) -> tuple[int, int] | None:
    """Refuse what `fit` cannot do.

    Args:
        size: Must be (height, width) in pixels, each an int >= 1, as a sequence or an array; or None, to resize
            nothing, which goes with `"stretch"` only.
        aspect: Must be one of `ASPECTS`.

    Returns:
        The size.

    Raises:
        ConfigError: If it is not; the message says what is allowed.
    """
    check_choice("aspect", aspect, ASPECTS)
    pair = as_size(size)
    if size is not None and pair is None:
        raise must_be("image_size", size, "(height, width) in pixels, or None")
    if size is None and aspect != "stretch":
        raise ConfigError(
            f"aspect={aspect!r} needs a size to fit images to. Add image_size=(height, width), such as "
            f"image_size=(1024, 768), or leave aspect= out."
        )
    return pair


def distortions(shapes: Mapping[str, tuple[int, int]], size: tuple[int, int] | None, aspect: str) -> list[Notice]:
    """Which pictures of a triplet are stretched so much that people should know.

    Args:
        shapes: Width and height by role.
        size: (height, width) that they are brought to, or None.
        aspect: As for `fit`.
    """
    person, target = shapes.get(_PERSON), shapes.get(_TARGET)
    notices = []
    if person is not None and target is not None:
        notices = _stretched("target", _TARGET, target, person, PAIR_STRETCH)
        shapes = {**shapes, _TARGET: person}
    if size is not None and aspect == "stretch":
        for role, shape in shapes.items():
            notices += _stretched("size", role, shape, (size[1], size[0]), SIZE_STRETCH)
    return notices


def _stretched(kind: str, role: str, shape: tuple[int, int], wanted: tuple[int, int], allowed: float) -> list[Notice]:
    ratio = shape[0] * wanted[1] / (shape[1] * wanted[0])
    if max(ratio, 1 / ratio) <= allowed:
        return []
    return [Notice(kind, role, "{} x {} to {} x {}".format(*shape, *wanted))]


def belongs_to(role: str, there: Container[str]) -> str:
    """The image whose size another one follows: of a target its person, of a companion the image that it shows.

    Args:
        role: The image.
        there: Those that the row has.

    >>> belongs_to("agnostic_mask", ("initial_image", "try_on_image")), belongs_to("cloth_mask", ("cloth_image",))
    ('initial_image', 'cloth_image')
    """
    if is_garments(role):
        return _GARMENT
    return _PERSON if _PERSON in there else _TARGET


def is_garments(role: str) -> bool:
    """Whether an image shows a garment: its own, or a companion that is called by it, such as `cloth_mask`.

    One that is called warped shows the garment where the person wears it.
    """
    if role in (_PERSON, _GARMENT, _TARGET):
        return role == _GARMENT
    return ("cloth" in role or "garment" in role) and "warp" not in role


def is_companion(role: str) -> bool:
    """Whether an image is beside the three: it may be a mask or labels, whose values are not to be mixed."""
    return role not in (_PERSON, _GARMENT, _TARGET)


def resized(image: Image.Image, shape: tuple[int, int]) -> Image.Image:
    """The image in that width and height, with Lanczos in two passes.

    Each pass rounds to whole values and cuts off what is below 0 or above 255, so their order shows, by up to 55 of
    255 at hard edges. Pillow before 13 and torch begin across, Pillow 13 with whatever is faster.
    """
    return image.resize(halfway(image.size, shape), Image.Resampling.LANCZOS).resize(shape, Image.Resampling.LANCZOS)


def to_nearest(image: Image.Image, shape: tuple[int, int]) -> Image.Image:
    """The image in that width and height, of pixels that it has: values of masks and labels are not mixed."""
    return image.resize(shape, Image.Resampling.NEAREST)


def matched(
    pictures: Mapping[str, Any],
    shape: Callable[[Any], tuple[int, int]] = lambda picture: picture.size,
    resize: Resize = resized,
    nearest: Resize = to_nearest,
) -> dict[str, Any]:
    """The same pictures by role, a target of another size brought to its person's, so that one crop fits both.

    Companions are brought to the size of the picture that they belong to, by the nearest pixels.

    Args:
        pictures: Of any kind; without the rest Pillow's.
        shape: Gives width and height of one.
        resize: Brings one to a width and height.
        nearest: The same with the nearest pixels.
    """
    fitting = dict(pictures)
    for role, picture in pictures.items():
        wanted = shape(fitting.get(belongs_to(role, pictures), picture))
        if wanted != shape(picture):
            fitting[role] = (nearest if is_companion(role) else resize)(picture, wanted)
    return fitting


def halfway(shape: tuple[int, int], wanted: tuple[int, int]) -> tuple[int, int]:
    """Width and height between the two passes: across first, unless a ribbon would take gigabytes in between.

    >>> halfway((1080, 1920), (768, 1024))
    (768, 1920)
    """
    across, down = (wanted[0], shape[1]), (shape[0], wanted[1])
    return across if across[0] * across[1] <= MAX_PIXELS else min(across, down, key=math.prod)


def fit(image: Image.Image, size: tuple[int, int], aspect: str, role: str) -> Image.Image:
    """Resize an image with Lanczos; of a companion take the nearest pixels.

    Args:
        image: Mode RGB, values 0 to 255; it is not changed.
        size: (height, width) in pixels.
        aspect: `"stretch"` resizes both edges, `"pad"` shows the whole image centred on white, `"crop"` its largest
            centred part of the wanted shape; `"catvton"` crops person and try-on image and pads the garment.
        role: The column it belongs to: `"initial_image"`, `"cloth_image"` or `"try_on_image"`, or that of a companion,
            which goes where the person goes, or, if it is called by it, the garment, and is padded with black.

    Returns:
        Mode RGB, exactly of that size; `image` itself where it has it already.

    >>> garment = Image.new("RGB", (30, 40), "black")
    >>> wide = fit(garment, (40, 60), "catvton", "cloth_image")
    >>> wide.size, wide.getpixel((5, 20)), wide.getpixel((30, 20))
    ((60, 40), (255, 255, 255), (0, 0, 0))
    """
    box = (size[1], size[0])
    if image.size == box:
        return image
    where = placement(image.size, box, aspect, role)
    part = image.crop(where.crop)
    nearest = is_companion(role)
    small = (to_nearest if nearest else resized)(part, where.inner)
    if where.inner == box:
        return small
    white = Image.new("RGB", box, "black" if nearest else "white")
    white.paste(small, where.at)
    return white


class Placement(NamedTuple):
    """What is cut out of an image, and where it stands in the box; in whole pixels, as CatVTON has it.

    Attributes:
        crop: Left, top, right and bottom of what is cut out.
        inner: Width and height that it is resized to.
        at: Left and top in the box, which is white around it.
    """

    crop: tuple[int, int, int, int]
    inner: tuple[int, int]
    at: tuple[int, int]


def placement(shape: tuple[int, int], box: tuple[int, int], aspect: str, role: str) -> Placement:
    """Where an image goes.

    Args:
        shape: Its width and height.
        box: The width and height to be filled.
        aspect: As for `fit`.
        role: As for `fit`.

    >>> placement((30, 40), (60, 40), "catvton", "cloth_image")
    Placement(crop=(0, 0, 30, 40), inner=(30, 40), at=(15, 0))
    """
    if aspect == "catvton":
        aspect = "pad" if is_garments(role) else "crop"
    cut = _inside(box, shape) if aspect == "crop" else shape
    # `ImageOps.pad` rounds to the nearest pixel, and `ImageOps.fit` cuts through pixels.
    inner = _inside(shape, box) if aspect == "pad" else box
    left, top = _centred(cut, shape)
    return Placement((left, top, left + cut[0], top + cut[1]), inner, _centred(inner, box))


def _centred(small: tuple[int, int], large: tuple[int, int]) -> tuple[int, int]:
    return (large[0] - small[0]) // 2, (large[1] - small[1]) // 2


def _inside(shape: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """The largest (width, height) of that shape within the box, at least one pixel."""
    (wide, tall), (width, height) = shape, box
    return max(1, min(width, height * wide // tall)), max(1, min(height, width * tall // wide))

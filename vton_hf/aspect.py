"""An image of one shape into a picture of another: stretched, padded, cropped, or as CatVTON does."""

from typing import Final

from PIL import Image

from vton_hf.errors import ConfigError

ASPECTS: Final = ("stretch", "pad", "crop", "catvton")

_GARMENT: Final = "cloth_image"


def check_fit(size: object, aspect: object) -> None:
    """Refuse what `fit` cannot do.

    Args:
        size: Must be (height, width) in pixels, each an int >= 1, as a tuple or a list; or None, to resize nothing,
            which goes with `"stretch"` only.
        aspect: Must be one of `ASPECTS`.

    Raises:
        ConfigError: If it is not; the message says what is allowed.
    """
    if aspect not in ASPECTS:
        raise ConfigError(f"aspect={aspect!r} is not known. Allowed: {', '.join(map(repr, ASPECTS))}.")
    pair = isinstance(size, tuple | list) and [type(edge) for edge in size] == [int, int] and min(size) >= 1
    if size is not None and not pair:
        raise ConfigError(f"image_size={size!r} makes no sense. Allowed: (height, width) in pixels, or None.")
    if size is None and aspect != "stretch":
        raise ConfigError(
            f"aspect={aspect!r} needs a size to fit images to. Add image_size=(height, width), such as "
            f"image_size=(1024, 768), or leave aspect= out."
        )


def fit(image: Image.Image, size: tuple[int, int], aspect: str, role: str) -> Image.Image:
    """Resize an image with Lanczos.

    Args:
        image: Mode RGB, values 0 to 255; it is not changed.
        size: (height, width) in pixels.
        aspect: `"stretch"` resizes both edges, `"pad"` shows the whole image centred on white, `"crop"` its largest
            centred part of the wanted shape; `"catvton"` crops person and try-on image and pads the garment.
        role: The column it belongs to: `"initial_image"`, `"cloth_image"` or `"try_on_image"`.

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
    if aspect == "catvton":
        aspect = "pad" if role == _GARMENT else "crop"
    if aspect == "pad":
        return _padded(image, box)
    if aspect == "crop":
        image = _cropped(image, box)
    return image.resize(box, Image.Resampling.LANCZOS)


def _cropped(image: Image.Image, box: tuple[int, int]) -> Image.Image:
    """Its largest centred part of that shape, in whole pixels as CatVTON cuts it; `ImageOps.fit` cuts through them."""
    width, height = _inside(box, image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _padded(image: Image.Image, box: tuple[int, int]) -> Image.Image:
    """All of it in a white box, in whole pixels rounded down as CatVTON does; `ImageOps.pad` rounds to the nearest."""
    inner = _inside(image.size, box)
    white = Image.new("RGB", box, "white")
    small = image.resize(inner, Image.Resampling.LANCZOS)
    white.paste(small, ((box[0] - inner[0]) // 2, (box[1] - inner[1]) // 2))
    return white


def _inside(shape: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """The largest (width, height) of that shape within the box, at least one pixel."""
    (wide, tall), (width, height) = shape, box
    return max(1, min(width, height * wide // tall)), max(1, min(height, width * tall // wide))

"""Images as they are stored: the objects' own bytes, or smaller ones made once while building."""

import io
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image

from vton_hf.errors import ImageError
from vton_hf.images import decode

_ENCODINGS: Final[dict[str, dict[str, Any]]] = {
    "png": {"format": "PNG"},
    "jpeg": {"format": "JPEG", "quality": 95, "subsampling": 0},
    "webp": {"format": "WEBP", "quality": 95},
}
"""JPEG keeps colour at full resolution: subsampled, it would bleed over the edges of a garment's print."""

IMAGE_FORMATS: Final = tuple(_ENCODINGS)


@dataclass(frozen=True, slots=True)
class Preparation:
    """How images are stored.

    Attributes:
        size: (height, width) in pixels that every image is resized to, or None to keep each its own.
        kind: One of `IMAGE_FORMATS`, or None to keep the bytes as they are (PNG, if they are resized).
    """

    size: tuple[int, int] | None = None
    kind: str | None = None

    def __bool__(self) -> bool:
        """Whether images are changed at all."""
        return self.size is not None or self.kind is not None

    def __str__(self) -> str:
        """A name for it, such as `512x384-png`."""
        size = "x".join(map(str, self.size)) if self.size else "full"
        return f"{size}-{self.kind or 'png'}" if self else "original"

    def apply(self, data: bytes) -> bytes:
        """The image as it is to be stored: 8-bit RGB on white, resized with Lanczos, encoded.

        Raises:
            ImageError: If it does not decode, or its size does not fit the format.
        """
        if not self:
            return data
        buffer = io.BytesIO()
        try:
            image = decode(data)
            if self.size:
                image = image.resize((self.size[1], self.size[0]), Image.Resampling.LANCZOS)
            image.save(buffer, **_ENCODINGS[self.kind or "png"])
        except Exception as error:
            raise ImageError(f"cannot be stored as {self}: {error}") from error
        return buffer.getvalue()


ORIGINAL: Final = Preparation()

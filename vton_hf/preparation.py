"""Images as they are stored: the objects' own bytes, or smaller ones made once while building."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from PIL import Image

from vton_hf.aspect import fit, matched
from vton_hf.encoding import DEFAULT_QUALITY, encode
from vton_hf.errors import ImageError, StorageError
from vton_hf.images import decode, verify
from vton_hf.naming import ROLES

Stored: TypeAlias = bytes | StorageError | ImageError
"""An image, or what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """How images are stored.

    Attributes:
        size: (height, width) in pixels that every image is brought to, or None to keep each its own.
        kind: One of `IMAGE_FORMATS`, or None to keep the bytes as they are (PNG, if they are resized).
        aspect: One of `ASPECTS`: how an image of another shape is brought to that size.
        quality: Of a lossy format, 1 to 100; None is 95.
    """

    size: tuple[int, int] | None = None
    kind: str | None = None
    aspect: str = "stretch"
    quality: int | None = None

    def __bool__(self) -> bool:
        """Whether images are changed at all."""
        return self.size is not None or self.kind is not None

    def __str__(self) -> str:
        """A name for it, such as `512x384-png` or `512x384-crop-jpeg-q90`; what is not said is the default."""
        if not self:
            return "original"
        size = "x".join(map(str, self.size)) if self.size else "full"
        aspect = "" if self.aspect == "stretch" else f"-{self.aspect}"
        quality = "" if self.quality in (None, DEFAULT_QUALITY) else f"-q{self.quality}"
        return f"{size}{aspect}-{self.format}{quality}"

    @property
    def format(self) -> str:
        """The format of images that are changed."""
        return self.kind or "png"

    @property
    def together(self) -> tuple[tuple[str, ...], ...]:
        """The roles of a triplet, those that have a say in each other side by side: a target follows its person."""
        person, garment, target = ROLES
        return ((person, target), (garment,)) if self.size else ((person,), (garment,), (target,))

    def apply(self, bodies: Mapping[str, bytes | StorageError], level: str) -> dict[str, Stored]:
        """The images as they are to be stored, checked.

        They stay as they are, or become 8-bit RGB on white, a target of another size brought to its person's, all
        brought to `size`, encoded: what `TripletTransform` does with the originals, with Pillow's Lanczos.

        Args:
            bodies: The objects by role: at least all of one group of `together`.
            level: How to check images that stay as they are; those that change are decoded, which checks them.

        Returns:
            By role, the bytes, or what is wrong with it; the group is of use only if nothing is.
        """
        if not self:
            return {role: _verified(body, level) for role, body in bodies.items()}
        decoded = {role: _decoded(body) for role, body in bodies.items()}
        pictures = {role: image for role, image in decoded.items() if isinstance(image, Image.Image)}
        faults: dict[str, Stored] = {role: it for role, it in decoded.items() if not isinstance(it, Image.Image)}
        if faults:
            return dict(bodies) | faults
        return {role: self._encoded(picture) for role, picture in self.pictures(pictures).items()}

    def pictures(self, decoded: Mapping[str, Image.Image]) -> dict[str, Image.Image]:
        """What `apply` encodes: the pictures in the size that is stored, those in it already left alone."""
        if not self.size:
            return dict(decoded)
        return {role: fit(picture, self.size, self.aspect, role) for role, picture in matched(decoded).items()}

    def _encoded(self, picture: Image.Image) -> bytes | ImageError:
        try:
            return encode(picture, self.format, self.quality)
        except Exception as error:  # noqa: BLE001  # a codec may raise anything
            return ImageError(f"cannot be stored as {self}: {error}")


def _verified(body: bytes | StorageError, level: str) -> Stored:
    try:
        if isinstance(body, bytes):
            verify(body, level)
    except ImageError as error:
        return error
    return body


def _decoded(body: bytes | StorageError) -> Image.Image | StorageError | ImageError:
    try:
        return decode(body) if isinstance(body, bytes) else body
    except ImageError as error:
        return error


ORIGINAL: Final = Preparation()

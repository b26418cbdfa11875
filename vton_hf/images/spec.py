"""Images as they are stored: the objects' own bytes, or smaller ones made once while building."""

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from PIL import Image

from vton_hf.errors import ImageError, StorageError
from vton_hf.images.aspect import distortions, fit, is_companion, is_garments, matched
from vton_hf.images.decoding import decode, verify
from vton_hf.images.encode import DEFAULT_QUALITY, LOSSY, encode
from vton_hf.images.notices import Notice, profile_notices
from vton_hf.images.profiles import profile_of
from vton_hf.images.statistics import faulty, measured
from vton_hf.naming import ROLES

Stored: TypeAlias = bytes | StorageError | ImageError
"""An image, or what is wrong with it."""


class Prepared(NamedTuple):
    """Images as they are to be stored.

    Attributes:
        images: By role, the bytes, or what is wrong with it; a group of `ImageSpec.role_groups` is of use only if
            nothing is.
        notices: What should be known of them.
        measured: By role, what was measured of the objects that they were made of; see `images.measured`.
    """

    images: Mapping[str, Stored]
    notices: Sequence[Notice] = ()
    measured: Mapping[str, Mapping[str, Any]] = MappingProxyType({})


_RESIZING: Final = "r2"
"""Part of `ImageSpec.mark` where images are resized; to be raised when the same options give other pixels."""


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """How images are stored.

    Attributes:
        size: (height, width) in pixels that every image is brought to, or None to keep each its own.
        format: One of `IMAGE_FORMATS`, or None to keep the bytes as they are (PNG, if they are resized).
        aspect: One of `ASPECTS`: how an image of another shape is brought to that size.
        quality: Of a lossy format, 1 to 100; None is 95.
        to_srgb: Whether the colours of images with another colour profile are converted. If that is all that is asked
            for, those become PNG, and all others keep their bytes.
    """

    size: tuple[int, int] | None = None
    format: str | None = None
    aspect: str = "stretch"
    quality: int | None = None
    to_srgb: bool = False

    def __bool__(self) -> bool:
        """Whether images are changed at all."""
        return self.encodes or self.to_srgb

    def __str__(self) -> str:
        """A name for it, such as `512x384-png` or `512x384-crop-jpeg-q90`; what is not said is the default."""
        colours = "-srgb" if self.to_srgb else ""
        if not self.encodes:
            return f"original{colours}"
        size = "x".join(map(str, self.size)) if self.size else "full"
        aspect = "" if self.aspect == "stretch" else f"-{self.aspect}"
        quality = "" if self.quality in (None, DEFAULT_QUALITY) else f"-q{self.quality}"
        return f"{size}{aspect}-{self.written_format}{quality}{colours}"

    @property
    def mark(self) -> str:
        """What tells the pixels: the name, and where images are resized the rules for that."""
        return f"{self}-{_RESIZING}" if self.size else str(self)

    @property
    def encodes(self) -> bool:
        """Whether every image is decoded and encoded anew."""
        return self.size is not None or self.format is not None

    @property
    def written_format(self) -> str:
        """The format of images that are changed."""
        return self.format or "png"

    def role_groups(self, roles: Collection[str]) -> list[tuple[str, ...]]:
        """The images of a row, those that have a say in each other side by side.

        Where images are resized, a target follows its person, and companions the image that they belong to.

        Args:
            roles: Those that it has.
        """
        if not self.size:
            return [(role,) for role in roles]
        garments = tuple(role for role in roles if is_garments(role))
        groups = (tuple(role for role in roles if role not in garments), garments)
        return [group for group in groups if group]

    def apply(
        self, bodies: Mapping[str, bytes | StorageError], level: str, measure: Container[str] = frozenset()
    ) -> Prepared:
        """The images as they are to be stored, checked.

        They stay as they are, or become 8-bit RGB on white, a target of another size brought to its person's, all
        brought to `size`, encoded: what `TripletTransform` does with the originals, with Pillow's Lanczos.

        Args:
            bodies: The objects by role: at least all of one group of `role_groups`.
            level: How to check them; those that change are decoded, whatever it says.
            measure: The roles of which statistics are wanted.
        """
        if not self.encodes:
            kept = {role: self._kept(body, level) for role, body in bodies.items()}
            good = {role: bodies[role] for role, it in kept.items() if isinstance(it, bytes)}
            return Prepared(kept, self._profiles(good), self._measured(bodies, kept, measure))
        decoded = {role: self._decoded(body, level) for role, body in bodies.items()}
        pictures = {role: image for role, image in decoded.items() if isinstance(image, Image.Image)}
        faults: dict[str, Stored] = {role: it for role, it in decoded.items() if not isinstance(it, Image.Image)}
        statistics = self._measured(bodies, decoded, measure)
        if faults:
            return Prepared(dict(bodies) | faults, measured=statistics)
        shapes = (
            {role: picture.size for role, picture in pictures.items() if not is_companion(role)} if self.size else {}
        )
        encoded = {role: self._encoded(picture, role) for role, picture in self.pictures(pictures).items()}
        return Prepared(encoded, [*self._profiles(bodies), *distortions(shapes, self.size, self.aspect)], statistics)

    def pictures(self, decoded: Mapping[str, Image.Image]) -> dict[str, Image.Image]:
        """What `apply` encodes: the pictures in the size that is stored, those in it already left alone."""
        if not self.size:
            return dict(decoded)
        return {role: fit(picture, self.size, self.aspect, role) for role, picture in matched(decoded).items()}

    def _encoded(self, picture: Image.Image, role: str = ROLES[0]) -> bytes | ImageError:
        lossless = is_companion(role) and self.written_format in LOSSY
        try:
            return encode(picture, "png", None) if lossless else encode(picture, self.written_format, self.quality)
        except Exception as error:  # noqa: BLE001  # a codec may raise anything
            return ImageError(f"cannot be stored as {self}: {error}")

    def _kept(self, body: bytes | StorageError, level: str) -> Stored:
        if isinstance(body, StorageError):
            return body
        try:
            sound = verify(body, level)
            profile = profile_of(body) if self.to_srgb else None
            if profile is None or profile.icc is None:
                return sound
            return self._encoded(decode(body, to_srgb=True))
        except ImageError as error:
            return error

    def _decoded(self, body: bytes | StorageError, level: str) -> Image.Image | StorageError | ImageError:
        if isinstance(body, StorageError):
            return body
        try:
            if level == "decode":
                verify(body, level)  # the fastest decoder does not look at the checksum of the pixels
            return decode(body, to_srgb=self.to_srgb)
        except ImageError as error:
            return error

    def _measured(
        self,
        bodies: Mapping[str, bytes | StorageError],
        found: Mapping[str, Image.Image | Stored],
        measure: Container[str],
    ) -> dict[str, Mapping[str, Any]]:
        """The statistics of the objects that could be read: of their own colours, whatever becomes of those."""
        rows: dict[str, Mapping[str, Any]] = {}
        for role, body in bodies.items():
            it = found[role]
            if role in measure and isinstance(it, ImageError):
                rows[role] = faulty(it)
            elif role in measure and isinstance(body, bytes):
                converted = self.to_srgb and profile_of(body) is not None
                rows[role] = measured(body, it if isinstance(it, Image.Image) and not converted else None)
        return rows

    def _profiles(self, bodies: Mapping[str, bytes | StorageError]) -> list[Notice]:
        readable = [(role, body) for role, body in bodies.items() if isinstance(body, bytes)]
        return [notice for role, body in readable for notice in profile_notices(body, role, to_srgb=self.to_srgb)]


ORIGINAL: Final = ImageSpec()

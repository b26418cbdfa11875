"""The demo bucket: many triplets under the keys that a real bucket has."""

import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from vton_hf.demo.triplet import check_size, draw_triplet
from vton_hf.errors import ConfigError
from vton_hf.naming import DIFFICULTIES, GENDERS, ROLES, ImageKey, format_key


def write_demo_bucket(
    put: Callable[[str, bytes], object],
    *,
    count: int = 40,
    size: tuple[int, int] = (256, 192),
    seed: int = 0,
    root: str = "dataset_ultimate/",
) -> int:
    """Draw triplets of every difficulty and gender, and hand each picture to `put` as it is ready.

    The default 720 pictures take 11 to 12 s on one core (16 ms a picture, its PNG included).

    Args:
        put: Called with a key such as dataset_ultimate/easy/female/initial_image/001_person.png and the bytes of
            an 8-bit RGB PNG without metadata.
        count: Triplets per difficulty and gender.
        size: Height and width in pixels.
        seed: The same seed gives the same bytes; another one gives other pictures.
        root: The folder that holds easy/, medium/ and hard/; may be empty.

    Returns:
        How many objects were put: 18 per count.

    Raises:
        ConfigError: If count or size makes no sense.
    """
    written = 0
    for key, data in _objects(count, size, seed, root):
        put(key, data)
        written += 1
    return written


def write_demo_folder(
    folder: Path | str,
    *,
    count: int = 40,
    size: tuple[int, int] = (256, 192),
    seed: int = 0,
    root: str = "dataset_ultimate/",
) -> int:
    """Write the demo bucket as files below a folder, which is made where it is missing.

    Args:
        folder: Where root goes.
        count: Triplets per difficulty and gender.
        size: Height and width in pixels.
        seed: The same seed gives the same bytes.
        root: The folder that holds easy/, medium/ and hard/; may be empty.

    Returns:
        How many files were written.

    Raises:
        ConfigError: If count or size makes no sense.
    """

    def put(key: str, data: bytes) -> None:
        path = Path(folder) / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    return write_demo_bucket(put, count=count, size=size, seed=seed, root=root)


def _objects(count: int, size: tuple[int, int], seed: int, root: str) -> Iterator[tuple[str, bytes]]:
    if type(count) is not int or count < 1:
        raise ConfigError(f"count must be a whole number from 1, the triplets in each folder, got {count!r}.")
    check_size(size)
    base = f"{root.strip('/')}/" if root.strip("/") else ""
    for difficulty in DIFFICULTIES:
        for gender in GENDERS:
            for index in range(1, count + 1):
                triplet = draw_triplet(difficulty, gender, index, size=size, seed=seed)
                for role in ROLES:
                    garment = triplet.garment if role == "cloth_image" else ""
                    place = ImageKey(f"{base}{difficulty}/{gender}/", role, f"{index:03d}", garment)
                    yield format_key(place), _png(getattr(triplet, role))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3, compress_type=zlib.Z_RLE)
    return buffer.getvalue()

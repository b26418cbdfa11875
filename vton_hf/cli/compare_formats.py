"""What preparation will save and lose, found out on a few triplets before anything is built."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import pyarrow as pa
from PIL import Image

from vton_hf.errors import ImageError, StorageError
from vton_hf.images import LOSSY, ImageSpec, decode, encode, psnr, ssim
from vton_hf.naming import ROLES
from vton_hf.storage import Store, read_sources
from vton_hf.triplets import sources_of

SAMPLE: Final = 12
"""Triplets: 36 images tell the mean size to about a tenth, and are fetched in a second."""

_SMALLEST: Final = 11
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class FormatTrial:
    """What became of the sample in one format.

    Attributes:
        name: The image format's, such as `512x512-jpeg`, or `original`.
        bytes: Of an image, on average.
        psnr: Median, in dB, against the same pixels before they were encoded; None if none is lost.
        ssim: Likewise; None if no pixel is lost, or images are smaller than SSIM's window.
        encode_ms: Median milliseconds of one core to encode an image; None for the originals.
        decode_ms: Likewise, to decode it.
    """

    name: str
    bytes: float
    psnr: float | None
    ssim: float | None
    encode_ms: float | None
    decode_ms: float


@dataclass(frozen=True, slots=True)
class FormatComparison:
    """What a sample tells.

    Attributes:
        triplets: How many were looked at.
        original: The objects as they are.
        trials: One for each image spec.
        fetch_ms: Milliseconds that a triplet took to arrive, the sample's being asked for together.
    """

    triplets: int
    original: FormatTrial
    trials: tuple[FormatTrial, ...]
    fetch_ms: float

    def seconds(self, rows: int, trial: FormatTrial | None, cores: int) -> tuple[float, float]:
        """How long a build takes: at best, where images are prepared while others arrive, and one after the other.

        Args:
            rows: The triplets to fetch.
            trial: How they are prepared; None stores them as they are.
            cores: Of this machine.
        """
        fetching = rows * self.fetch_ms / 1000
        each = 0.0 if trial is None else self.original.decode_ms + (trial.encode_ms or 0.0)
        preparing = rows * len(ROLES) * each / 1000 / cores
        return max(fetching, preparing), fetching + preparing


def compare_formats(rows: pa.Table, store: Store, image_specs: Sequence[ImageSpec]) -> FormatComparison:
    """Fetch a few triplets, the same ones each time, and prepare them; broken ones are passed over.

    Args:
        rows: Of a manifest; at least one.
        store: Where their images lie.
        image_specs: What to try; each changes images.

    Raises:
        StorageError: If the store does not answer.
        ImageError: If all triplets that were looked at are broken.
    """
    chosen = np.unique(np.linspace(0, rows.num_rows - 1, min(SAMPLE, rows.num_rows)).round().astype(np.int64))
    sample = rows.take(pa.array(chosen)).to_pylist()
    read, fetch_ms = _fetched(sample, store)
    bodies = iter(read)
    triplets, first = [], None
    for row in sample:
        try:
            triplets.append(_decoded({role: next(bodies) for role in sources_of(row)}))
        except (ImageError, StorageError) as error:
            first = first or f"{row['key']}: {error}"
    if not triplets:
        raise ImageError(f"None of the {len(sample)} triplets looked at can be used; the first: {first}")
    images = [image for triplet in triplets for image in triplet.values()]
    sizes, times = [len(data) for data, _, _ in images], [took for _, _, took in images]
    original = FormatTrial("original", float(np.mean(sizes)), None, None, None, float(np.median(times)))
    pictures = [{role: picture for role, (_, picture, _) in triplet.items()} for triplet in triplets]
    trials = tuple(_trial(pictures, image_spec) for image_spec in image_specs)
    return FormatComparison(len(triplets), original, trials, fetch_ms)


def _fetched(rows: Sequence[Mapping[str, Any]], store: Store) -> tuple[list[Any], float]:
    """The objects of some rows, and the milliseconds that a row took; the first one only opens the connections."""
    first, *rest = ([*sources_of(row).values()] for row in rows)
    started = time.monotonic()
    bodies = read_sources(store, first)
    if not rest:
        return bodies, 1000 * (time.monotonic() - started)
    started = time.monotonic()
    bodies += read_sources(store, [source for sources in rest for source in sources])
    return bodies, 1000 * (time.monotonic() - started) / len(rest)


_Decoded = tuple[bytes, Image.Image, float]


def _decoded(bodies: Mapping[str, Any]) -> dict[str, _Decoded]:
    decoded: dict[str, _Decoded] = {}
    for role, body in bodies.items():
        if isinstance(body, StorageError):
            raise body
        picture, took = _timed(decode, body)
        decoded[role] = body, picture, took
    return decoded


def _trial(triplets: Sequence[Mapping[str, Image.Image]], image_spec: ImageSpec) -> FormatTrial:
    sizes, encoding, decoding, signals, likeness = [], [], [], [], []
    lossy = image_spec.written_format in LOSSY
    for triplet in triplets:
        for picture in image_spec.pictures(triplet).values():
            data, took = _timed(encode, picture, image_spec.written_format, image_spec.quality)
            image, back = _timed(decode, data)
            sizes.append(len(data))
            encoding.append(took)
            decoding.append(back)
            if lossy:
                signals.append(psnr(picture, image))
                likeness += [ssim(picture, image)] if min(picture.size) >= _SMALLEST else []
    signal = float(np.median(signals)) if signals else float("inf")
    return FormatTrial(
        name=str(image_spec),
        bytes=float(np.mean(sizes)),
        psnr=signal if np.isfinite(signal) else None,
        ssim=float(np.median(likeness)) if likeness else None,
        encode_ms=float(np.median(encoding)),
        decode_ms=float(np.median(decoding)),
    )


def _timed(work: Callable[..., _T], *given: object) -> tuple[_T, float]:
    """What it makes of what it is given, and in how many milliseconds of this core."""
    started = time.thread_time()
    result = work(*given)
    return result, 1000 * (time.thread_time() - started)

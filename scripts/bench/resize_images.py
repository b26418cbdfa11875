"""Stores the images at 512x512, once, so that all peers pack the same bytes.

python resize_images.py BUCKET FOLDER png|jpeg
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from job import SIDE
from PIL import Image

ENCODINGS = {
    "png": (".png", {"format": "PNG"}),
    "jpeg": (".jpg", {"format": "JPEG", "quality": 95, "subsampling": 0}),
}


def resize(source: Path, target: Path, kind: str) -> None:
    """One image."""
    suffix, options = ENCODINGS[kind]
    target.parent.mkdir(parents=True, exist_ok=True)
    image = Image.open(source).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    image.save(target.with_suffix(suffix), **options)


def main(bucket: Path, folder: Path, kind: str) -> None:
    """All of them, on all cores; the folder appears when it is complete."""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    files = list(bucket.rglob("*.png"))
    with ProcessPoolExecutor() as pool:
        jobs = [pool.submit(resize, file, unfinished / file.relative_to(bucket), kind) for file in files]
        for job in jobs:
            job.result()
    unfinished.rename(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])

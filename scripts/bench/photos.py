"""Draws the data once: parts of photographs that scikit-image and scikit-learn ship, of 768x1024.

A PNG has 1.1 MB, a JPEG 0.1.

python photos.py BUCKET N png|jpg      N triplets for each difficulty and gender
"""

import itertools
import random
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import skimage
import sklearn
from PIL import Image

SCIKIT = Path(skimage.__file__).parent / "data", Path(sklearn.__file__).parent / "datasets/images"
NAMES = ("astronaut.png", "coffee.png", "chelsea.png", "motorcycle_left.png", "rocket.jpg", "china.jpg", "flower.jpg")
PHOTOS = [folder / name for folder, name in itertools.product(SCIKIT, NAMES) if (folder / name).exists()]
WIDTH, HEIGHT = 768, 1024
GARMENTS = ("dress", "shirt", "jacket")
OPTIONS = {"png": {}, "jpg": {"quality": 90}}
NOISE = 2  # of 255: without a camera's noise an enlarged photograph would compress too well


def draw(path: Path, seed: str) -> None:
    """One picture: some part of some photograph, always the same for a seed."""
    chance = random.Random(seed)
    photo = Image.open(chance.choice(PHOTOS)).convert("RGB")
    width = min(photo.width, int(photo.height * chance.uniform(0.45, 0.9) * WIDTH / HEIGHT))
    height = min(photo.height, int(width * HEIGHT / WIDTH))
    left, top = chance.randint(0, photo.width - width), chance.randint(0, photo.height - height)
    crop = photo.crop((left, top, left + width, top + height)).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    noise = np.random.default_rng(chance.getrandbits(32)).integers(-NOISE, NOISE + 1, (HEIGHT, WIDTH, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((np.asarray(crop).astype(np.int16) + noise).clip(0, 255).astype(np.uint8)).save(
        path, **OPTIONS[path.suffix[1:]]
    )


def main(bucket: Path, count: int, suffix: str) -> None:
    """Draw them all, on all cores, and let the bucket appear when it is complete."""
    unfinished = bucket.with_name(f"{bucket.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    with ProcessPoolExecutor() as pool:
        jobs = []
        for difficulty, gender in itertools.product(("easy", "medium", "hard"), ("female", "male")):
            folder = unfinished / "dataset_ultimate" / difficulty / gender
            for stem in range(count):
                named = {
                    "initial_image": "person",
                    "cloth_image": f"cloth_{GARMENTS[stem % 3]}",
                    "try_on_image": "vton",
                }
                for role, name in named.items():
                    path = folder / role / f"{stem:06d}_{name}"
                    seed = path.with_suffix(".png").relative_to(unfinished).as_posix()
                    jobs.append(pool.submit(draw, path.with_suffix(f".{suffix}"), seed))
        for job in jobs:
            job.result()
    unfinished.rename(bucket)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])

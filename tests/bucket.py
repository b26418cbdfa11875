"""A bucket in a folder: tests fill it, `load_dataset` reads it by `file://`."""

import io
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import datasets
from PIL import Image

from vton_hf.naming import DIFFICULTIES, GENDERS, ROLES, ImageKey, format_key

ROOT = "dataset_ultimate/"
Load = Callable[..., Any]


@cache
def png(name: str, size: tuple[int, int] = (12, 16)) -> bytes:
    """A small picture that no other name has."""
    rng = random.Random(name)
    image = Image.frombytes("RGB", size, rng.randbytes(3 * size[0] * size[1]))
    return encoded(image)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def triplet_keys(difficulty: str, gender: str, stem: str, garment: str = "dress") -> dict[str, str]:
    """The key of each role."""
    folder = f"{ROOT}{difficulty}/{gender}/" if gender else f"{ROOT}{difficulty}/"
    return {role: format_key(ImageKey(folder, role, stem, garment if role == "cloth_image" else "")) for role in ROLES}


def loader(prefix: str, cache: Path, **defaults: Any) -> Load:
    """`load_dataset` with a test's prefix and cache filled in; any option can be given another value."""
    defaults |= {"split": "train", "s3_prefixes": [prefix], "cache_dir": str(cache)}

    def load(name: str = "hard", **options: Any) -> Any:
        return datasets.load_dataset("vton_hf", name, **(defaults | options))

    return load


class Bucket:
    """Objects below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def prefix(self) -> str:
        """The root of the triplets, as `s3_prefixes` takes it."""
        return f"file://{self.folder}/{ROOT}"

    def uri(self, key: str) -> str:
        return f"file://{self.folder}/{key}"

    def put(self, key: str, data: bytes) -> str:
        path = self.folder / key
        try:
            path.write_bytes(data)
        except FileNotFoundError:
            path.parent.mkdir(parents=True)
            path.write_bytes(data)
        return self.uri(key)

    def drop(self, key: str) -> None:
        (self.folder / key).unlink()

    def add_triplet(self, difficulty: str, gender: str, stem: str, garment: str = "dress") -> dict[str, str]:
        """Store the three images; gives their keys."""
        keys = triplet_keys(difficulty, gender, stem, garment)
        for key in keys.values():
            self.put(key, png(key))
        return keys

    def fill(self, counts: dict[str, int] | int, genders: tuple[str, ...] = GENDERS) -> "Bucket":
        """So many triplets of each difficulty (and gender), with stems 000, 001, ..."""
        for difficulty in DIFFICULTIES:
            for gender in genders:
                for index in range(counts if isinstance(counts, int) else counts.get(difficulty, 0)):
                    self.add_triplet(difficulty, gender, f"{index:03d}")
        return self

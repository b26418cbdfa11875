"""Datasets in the layouts of others, drawn like the demo: `write_tree("viton-hd", put)`, then load them."""

import io
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from PIL import Image, ImageOps

from vton_hf.demo import DemoTriplet, draw_triplet

Put = Callable[[str, bytes], object]

SIZE = (64, 48)
ROOTS = {
    "viton-hd": "VITON-HD/",
    "dresscode": "DressCode/",
    "catvton": "my-photos/",
    "table": "shop/",
    "dresscode-mr": "DressCode-MR/",
    "igpair": "IGPair/",
}
"""Where each is written."""

CATEGORIES = ("upper_body", "lower_body", "dresses")


@cache
def drawn(index: int) -> DemoTriplet:
    return draw_triplet("easy", "female", index, size=SIZE)


def picture(image: Image.Image, kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def mask(image: Image.Image) -> bytes:
    return picture(ImageOps.grayscale(image).point(lambda value: 255 * (value > 128)), "PNG")


def write_tree(layout: str, put: Put, *, count: int = 4, tests: int = 3) -> str:
    """Write a dataset of so many pairs for training, and others for testing; gives the folder.

    Args:
        layout: One of `ROOTS`.
        put: Called with a key and the bytes of an object.
        count: Pairs for training, or rows.
        tests: Persons for testing, each with the garment of the next.
    """
    root = ROOTS[layout]
    for name, data in _WRITERS[layout](count, tests):
        put(root + name, data)
    return root


def lines(*pairs: tuple[object, ...], separator: str = " ") -> bytes:
    return "".join(f"{separator.join(map(str, pair))}\n" for pair in pairs).encode()


Files = Iterator[tuple[str, bytes]]


def _viton_hd(count: int, tests: int) -> Files:
    ids = {"train": range(count), "test": range(100, 100 + tests)}
    for split, numbers in ids.items():
        for number in numbers:
            stem, triplet = f"{number:05d}_00", drawn(number % 20 + 1)
            yield f"{split}/image/{stem}.jpg", picture(triplet.try_on_image)
            yield f"{split}/cloth/{stem}.jpg", picture(triplet.cloth_image)
            yield f"{split}/cloth-mask/{stem}.jpg", mask(triplet.cloth_image)
            yield f"{split}/agnostic-mask/{stem}_mask.png", mask(triplet.try_on_image)
            yield f"{split}/image-densepose/{stem}.jpg", picture(triplet.initial_image)
            yield f"{split}/openpose_json/{stem}_keypoints.json", json.dumps({"people": []}).encode()
    names = {split: [f"{number:05d}_00.jpg" for number in numbers] for split, numbers in ids.items()}
    yield "train_pairs.txt", lines(*((name, name) for name in names["train"]))
    yield "test_pairs.txt", lines(*zip(names["test"], names["test"][1:] + names["test"][:1], strict=True))


def _dresscode(count: int, tests: int) -> Files:
    for place, category in enumerate(CATEGORIES):
        first = 10_000 * place
        numbers = range(first, first + count + tests)
        for number in numbers:
            stem, triplet = f"{number:06d}", drawn(number % 20 + 1)
            yield f"{category}/images/{stem}_0.jpg", picture(triplet.try_on_image)
            yield f"{category}/images/{stem}_1.jpg", picture(triplet.cloth_image)
            yield f"{category}/label_maps/{stem}_4.png", mask(triplet.try_on_image)
            yield f"{category}/skeletons/{stem}_5.jpg", picture(triplet.initial_image)
            yield f"{category}/keypoints/{stem}_2.json", json.dumps({"keypoints": []}).encode()
        pairs = [(f"{number:06d}_0.jpg", f"{number:06d}_1.jpg") for number in numbers]
        tested = pairs[count:]
        yield f"{category}/train_pairs.txt", lines(*pairs[:count], separator="\t")
        yield f"{category}/test_pairs_paired.txt", lines(*tested, separator="\t")
        others = [(person, garment) for (person, _), (_, garment) in zip(tested, tested[1:] + tested[:1], strict=True)]
        yield f"{category}/test_pairs_unpaired.txt", lines(*others, separator="\t")


def _catvton(count: int, tests: int) -> Files:
    pairs = []
    for number in range(count):
        triplet = drawn(number + 1)
        person, garment = f"fh_{number:06d}_e01", f"fc_{number + 7:06d}_{triplet.garment}"
        yield f"person/{person}.jpg", picture(triplet.try_on_image)
        yield f"garment/{garment}.jpg", picture(triplet.cloth_image)
        yield f"mask/{person}.png", mask(triplet.try_on_image)
        yield f"pose/{person}.png", picture(triplet.initial_image, "PNG")
        pairs.append((f"{person}.jpg", f"{garment}.jpg"))
    yield "train_pairs.txt", lines(*pairs)


def _table(count: int, tests: int) -> Files:
    rows = [
        "initial_image_file_name,cloth_image_file_name,try_on_image_file_name,mask_file_name,category,caption,difficulty"
    ]
    for number in range(count):
        triplet = drawn(number + 1)
        for folder, image in (
            ("people", triplet.initial_image),
            ("clothes", triplet.cloth_image),
            ("results", triplet.try_on_image),
        ):
            yield f"{folder}/{number:03d}.jpg", picture(image)
        yield f"masks/{number:03d}.png", mask(triplet.try_on_image)
        category, difficulty = CATEGORIES[number % 3], ("easy", "medium", "hard")[number % 3]
        paths = ",".join(f"{folder}/{number:03d}.jpg" for folder in ("people", "clothes", "results"))
        rows.append(f'{paths},masks/{number:03d}.png,{category},"a {triplet.garment}, number {number}",{difficulty}')
    yield "metadata.csv", "\n".join(rows).encode()


def _dresscode_mr(count: int, tests: int) -> Files:
    rows: dict[str, list[dict[str, Any]]] = {"test.jsonl": [], "test_unpair.jsonl": []}
    for number in range(count):
        triplet = drawn(number + 1)
        yield f"person/{number:06d}.jpg", picture(triplet.try_on_image)
        yield f"annotations/densepose/{number:06d}.png", picture(triplet.initial_image, "PNG")
        for kind in ("upper", "shoe"):
            yield f"{kind}/{number:06d}.jpg", picture(triplet.cloth_image)
        for name, other in (("test.jsonl", number), ("test_unpair.jsonl", (number + 1) % count)):
            row = {kind: f"{kind}/{other:06d}.jpg" for kind in ("upper", "shoe")}
            rows[name].append({"person": f"person/{number:06d}.jpg", "lower": None, **row})
    for name, objects in rows.items():
        yield name, "\n".join(map(json.dumps, objects)).encode()


def _igpair(count: int, tests: int) -> Files:
    rows = []
    for number in range(count):
        triplet = drawn(number + 1)
        # One garment, several persons.
        garment = f"clothes/{number // 2:05d}.jpg"
        yield f"images/{number:05d}.jpg", picture(triplet.try_on_image)
        yield garment, picture(drawn(number // 2 + 1).cloth_image)
        yield f"densepose/{number:05d}.png", picture(triplet.initial_image, "PNG")
        rows.append(
            {"image_file": f"images/{number:05d}.jpg", "cloth_file": garment, "text": [triplet.garment, "a photo"]}
        )
    yield "IGPair.json", json.dumps(rows).encode()


_WRITERS: dict[str, Callable[[int, int], Files]] = {
    "viton-hd": _viton_hd,
    "dresscode": _dresscode,
    "catvton": _catvton,
    "table": _table,
    "dresscode-mr": _dresscode_mr,
    "igpair": _igpair,
}

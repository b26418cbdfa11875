"""A line that damages a third of all bodies costs no row and no pixel: builds, streams, and rows fetched on access."""

import io
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
from PIL import Image

import vton_hf
from tests.bucket import Load, encoded, loader, png, triplet_keys
from tests.faults import BUCKET, LIST, Cut, FaultServer, Flipped, Replaced, md5, serve_faults
from vton_hf.naming import ROLES
from vton_hf.storage import obstore_reader, retry

TRIPLETS = 6


def opaque(body: bytes) -> str:
    return md5(b"secret" + body)


def multipart(body: bytes) -> str:
    return f"{md5(body)}-2"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    """A store that is read in the fast way, and by clients who do not wait long between tries."""
    monkeypatch.setattr(obstore_reader, "FORK_SAFE_READS", 0)
    monkeypatch.setattr(retry, "backoff", lambda _: 0.01)
    yield from serve_faults()


def fill(server: FaultServer, kind: str, etag: Callable[[bytes], str]) -> dict[str, bytes]:
    """A few triplets, and a line that damages every third body, sometimes alike and sometimes not."""
    for number in range(TRIPLETS):
        for key in triplet_keys("easy", "male", f"{number:03d}").values():
            image = Image.open(io.BytesIO(png(key, (40, 48))))
            server.objects[key.replace(".png", f".{kind.lower()}")] = encoded(image, kind)
    server.tag(etag)
    dice = random.Random(kind)
    server.chaos = lambda _: dice.choice([Flipped(dice.randrange(100, 400)), Flipped(), Cut(), *[None] * 6])
    return dict(server.objects)


def options(server: FaultServer, tmp_path: Path) -> dict[str, Any]:
    return {"storage_options": {"key": "AKIAEXAMPLE", "secret": "wJalrEXAMPLEKEY", "endpoint_url": server.url}} | {
        "cache_dir": str(tmp_path / "cache")
    }


def load_from(server: FaultServer, tmp_path: Path) -> Load:
    return loader(f"s3://{BUCKET}/", tmp_path / "cache", **options(server, tmp_path))


def stored(rows: Any) -> Iterator[dict[str, Any]]:
    """Undecoded rows of a dataset or a stream."""
    yield from rows.with_format("arrow")[:].to_pylist() if isinstance(rows, datasets.Dataset) else rows.decode(False)


def pixels(data: bytes) -> Any:
    return np.array(Image.open(io.BytesIO(data)))


damaged_lines = pytest.mark.parametrize(
    ("kind", "etag"),
    [("PNG", md5), ("PNG", opaque), ("PNG", multipart), ("JPEG", md5)],
    ids=["png", "png encrypted", "png in parts", "jpeg"],
)


@damaged_lines
@pytest.mark.parametrize("streaming", [False, True], ids=["build", "stream"])
def test_every_triplet_is_stored_as_it_is(
    server: FaultServer, tmp_path: Path, kind: str, etag: Callable[[bytes], str], streaming: bool
) -> None:
    objects = fill(server, kind, etag)
    rows = load_from(server, tmp_path)("easy", streaming=streaming)
    found = {row[role]["path"].partition(f"{BUCKET}/")[2]: row[role]["bytes"] for row in stored(rows) for role in ROLES}
    assert found == objects


@damaged_lines
def test_every_row_is_fetched_as_it_is(
    server: FaultServer, tmp_path: Path, kind: str, etag: Callable[[bytes], str]
) -> None:
    objects = fill(server, kind, etag)
    images = {key: pixels(data) for key, data in objects.items()}
    uris = load_from(server, tmp_path)("easy", embed_images=False)
    made = vton_hf.get_vton_dataset(
        "easy", [f"s3://{BUCKET}/"], on_error="raise", columns=["key"], dtype=None, **options(server, tmp_path)
    )
    end = f".{kind.lower()}"
    for row in uris:
        for role, key in triplet_keys(*row["key"].split("/")).items():
            assert np.array_equal(np.array(row[role]), images[key.replace(".png", end)])
    for sample in made[:]:
        for role, key in triplet_keys(*sample["key"].split("/")).items():
            seen = ((sample[role].permute(1, 2, 0) + 1) * 127.5).round().numpy()
            assert np.array_equal(seen, images[key.replace(".png", end)])
    assert not made.failures()


def test_what_nobody_looks_at_is_compared_by_md5(server: FaultServer, tmp_path: Path) -> None:
    objects = fill(server, "PNG", md5)
    rows = load_from(server, tmp_path)("easy", verify="none")
    assert {row[role]["bytes"] for row in stored(rows) for role in ROLES} == set(objects.values())


@pytest.mark.parametrize(("etag", "requests"), [(md5, 1), (opaque, 5)])
def test_an_image_that_is_stored_broken_is_left_out_without_much_ado(
    server: FaultServer, tmp_path: Path, etag: Callable[[bytes], str], requests: int
) -> None:
    fill(server, "PNG", etag)
    server.chaos = lambda _: None
    broken = triplet_keys("easy", "male", "003")["cloth_image"]
    server.objects[broken] = server.objects[broken][:-40]
    rows = load_from(server, tmp_path)("easy")
    assert len(rows) == TRIPLETS - 1
    asked = {name: n for name, n in server.asked().items() if not name.startswith(LIST)}
    assert asked.pop(broken) <= requests
    assert set(asked.values()) == {1}


def test_an_object_replaced_during_a_build_is_never_stored_as_the_listed_one(
    server: FaultServer, tmp_path: Path
) -> None:
    fill(server, "PNG", md5)
    server.chaos = lambda _: None
    key = triplet_keys("easy", "male", "003")["cloth_image"]
    server.always(key, Replaced(png("another")))
    load = load_from(server, tmp_path)

    def cloth() -> bytes | None:
        return {row["key"]: row["cloth_image"]["bytes"] for row in stored(load("easy"))}.get("easy/male/003")

    assert cloth() is None
    server.objects[key] = png("another")
    assert cloth() == png("another")

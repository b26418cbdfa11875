"""Folders on this machine, and every other file system of fsspec, through the same door."""

import os
from pathlib import Path

import fsspec
import pytest

from tests.storage.conftest import listed_in
from vton_hf.errors import AccessError, ConfigError, LayoutError, ObjectMissingError, StorageError
from vton_hf.storage import StorageSettings, Store, resolve_prefix, settings_for
from vton_hf.storage.lanes import Listed

SETTINGS = StorageSettings()
STORE = Store(SETTINGS)
ODD_NAMES = [
    "a b.png",
    "é.png",
    "a%20b",
    "a+b",
    "a#b",
    "a?b",
    "[x]*.png",
    "'\"q",
    "x&<y>.png",
    "日本.png",
    "a\\b",
    "{a}",
    "~t",
]


def fill(folder: Path, names: list[str]) -> list[str]:
    """Write a file of each name, with its name in it; their uris in byte order."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return sorted((f"file://{folder}/{name}" for name in names), key=str.encode)


def test_a_folder_is_listed_at_any_depth_and_read(tmp_path: Path) -> None:
    uris = fill(tmp_path, ["easy/a", "easy/deep/er/b", "c"])
    seen: list[int] = []
    table = STORE.list([resolve_prefix(str(tmp_path), SETTINGS)], progress=seen.append)
    assert table["uri"].to_pylist() == uris
    assert table["size"].to_pylist() == [1, 6, 14]
    assert sum(seen) == 3
    assert STORE.read(uris, listed_in(table)) == [b"c", b"easy/a", b"easy/deep/er/b"]


def test_odd_names_are_listed_raw_and_read_back(tmp_path: Path) -> None:
    folder = tmp_path / "odd [1] #%20"
    uris = fill(folder, ODD_NAMES)
    table = STORE.list([resolve_prefix(str(folder), SETTINGS)])
    assert table["uri"].to_pylist() == uris
    assert STORE.read(uris) == [uri.rpartition("/")[2].encode() for uri in uris]


def test_the_etag_changes_with_the_file(tmp_path: Path) -> None:
    fill(tmp_path, ["a"])
    prefix = resolve_prefix(str(tmp_path), SETTINGS)
    os.utime(tmp_path / "a", ns=(0, 255))
    assert STORE.list([prefix])["etag"].to_pylist() == ["ff-1"]
    os.utime(tmp_path / "a", ns=(0, 256))
    assert STORE.list([prefix])["etag"].to_pylist() == ["100-1"]


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    (elsewhere,) = fill(tmp_path / "elsewhere", ["a"])
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "easy").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "circle").symlink_to(tmp_path / "bucket")
    (tmp_path / "bucket" / "dangling").symlink_to(tmp_path / "nothing")
    prefix = resolve_prefix(str(tmp_path / "bucket"), SETTINGS)
    assert STORE.list([prefix])["uri"].to_pylist() == [f"{prefix}easy/a"]
    assert STORE.read([f"{prefix}easy/a", elsewhere]) == [b"a", b"a"]


def test_a_folder_that_is_missing_or_empty_is_a_layout_error(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match=f"No folder {tmp_path}/none/: check the spelling"):
        STORE.list([f"file://{tmp_path}/none/"])
    with pytest.raises(LayoutError, match=f"No object under file://{tmp_path}/: check the spelling"):
        STORE.list([f"file://{tmp_path}/"])


def test_a_missing_file_stands_in_its_place_and_a_changed_one_too(tmp_path: Path) -> None:
    (uri,) = fill(tmp_path, ["abc"])
    other = f"file://{tmp_path}/./abc"
    known = {uri: Listed(3), f"{uri}d": Listed(3), other: Listed(4)}
    body, missing, changed = STORE.read(list(known), known)
    assert body == b"abc"
    assert isinstance(missing, ObjectMissingError)
    assert str(changed).endswith("object changed since it was listed: listed 4 bytes, got 3. List the prefix again.")


def test_a_folder_that_may_not_be_listed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, ["a", "closed/b"])
    true_scan = os.scandir

    def scan(folder: str) -> object:
        if folder.endswith("closed/"):
            raise PermissionError(13, "Permission denied", folder)
        return true_scan(folder)

    monkeypatch.setattr(os, "scandir", scan)
    with pytest.raises(AccessError, match=r"permission denied \(PermissionError\). This user may not read it"):
        STORE.list([f"file://{tmp_path}/"])


def test_a_name_that_is_no_utf8_is_an_error(tmp_path: Path) -> None:
    Path(os.fsdecode(bytes(tmp_path) + b"/\xff.png")).touch()
    with pytest.raises(StorageError, match="UnicodeEncodeError"):
        STORE.list([f"file://{tmp_path}/"])


def test_another_file_system_is_listed_and_read() -> None:
    memory = fsspec.filesystem("memory")
    for key in ("box/p/a b[1].png", "box/p/deep/é", "box/pq"):
        memory.pipe_file(f"/{key}", key.encode())
    uris = ["memory://box/p/a b[1].png", "memory://box/p/deep/é"]
    table = STORE.list(["memory://box/p/"])
    assert table["uri"].to_pylist() == uris
    assert all(table["etag"].to_pylist())
    known = listed_in(table) | {"memory://box/gone": Listed(1)}
    bodies = STORE.read(list(known), known)
    assert bodies[:2] == [b"box/p/a b[1].png", "box/p/deep/é".encode()]
    assert isinstance(bodies[2], ObjectMissingError)
    for prefix in ("memory://box/pq/", "memory://box/none/"):
        with pytest.raises(LayoutError, match=f"No object under {prefix}"):
            STORE.list([prefix])
    memory.rm("/box", recursive=True)


def test_options_of_another_file_system_stand_under_its_name() -> None:
    store = Store(settings_for({"data": {"nonsense": 1}, "memory": {}, "use_ssl": True, "hf": {"token": "t"}}))
    fsspec.filesystem("memory").pipe_file("/box/a", b"a")
    assert store.read(["memory://box/a"]) == [b"a"]
    fsspec.filesystem("memory").rm("/box", recursive=True)


def test_a_scheme_that_fsspec_does_not_know_is_refused() -> None:
    with pytest.raises(ConfigError, match="nonsense:// cannot be opened: Protocol not known"):
        STORE.list(["nonsense://a/"])

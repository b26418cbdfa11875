"""Folders on this machine, and every other file system of fsspec, through the same door."""

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest

import vton_hf
from tests.bucket import Bucket, Load, triplet_keys
from tests.python import program
from tests.storage.conftest import listed_in
from vton_hf.errors import ConfigError, LayoutError, ObjectMissingError, StorageError
from vton_hf.storage import StorageSettings, Store, resolve_prefix, settings_for
from vton_hf.storage.backend import Listed

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


def listed(folder: Path) -> tuple[list[str], dict[str, str]]:
    """The files below a folder, and of what cannot be read the reason."""
    prefix = resolve_prefix(folder, SETTINGS)
    rows = STORE.list([prefix]).to_pylist()
    files = [row["uri"].removeprefix(prefix) for row in rows if row["size"] >= 0]
    return files, {row["uri"].removeprefix(prefix): row["etag"] for row in rows if row["size"] < 0}


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    (elsewhere,) = fill(tmp_path / "elsewhere", ["a"])
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "easy").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "circle").symlink_to(tmp_path / "bucket")
    (tmp_path / "bucket" / "itself").symlink_to("itself")
    assert listed(tmp_path / "bucket") == (
        ["easy/a"],
        {"easy/circle/": "a link back into a folder that it lies in", "itself": "a link that leads to itself"},
    )
    prefix = resolve_prefix(tmp_path / "bucket", SETTINGS)
    assert STORE.read([f"{prefix}easy/a", elsewhere]) == [b"a", b"a"]


def test_what_is_no_file_that_can_be_read_is_listed_with_the_reason(tmp_path: Path) -> None:
    fill(tmp_path, ["a", "deep/b"])
    (tmp_path / "deep" / "001_person.png").symlink_to("../gone.png")
    (tmp_path / "folder").symlink_to("/no/such/folder")
    os.mkfifo(tmp_path / "pipe")
    for name in (b"\xff.png", b"caf\xe9"):
        Path(os.fsdecode(bytes(tmp_path / "deep") + b"/" + name)).mkdir()
    assert listed(tmp_path) == (
        ["a", "deep/b"],
        {
            "deep/001_person.png": "a link to '../gone.png', which is not there",
            "folder": "a link to '/no/such/folder', which is not there",
            "pipe": "no file, but a socket, a pipe or a device",
            "deep/\\udcff.png": "its name is not UTF-8",
            "deep/caf\\udce9": "its name is not UTF-8",
        },
    )


AS_SOMEBODY_ELSE = program("list_as_somebody_else")


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that other users of this machine may enter."""
    folder = Path(tempfile.mkdtemp(prefix="vton-hf-public-"))
    folder.chmod(0o755)
    yield folder
    for path in folder.iterdir():
        path.chmod(0o755)
    shutil.rmtree(folder)


def test_a_folder_that_may_not_be_read_is_left_out_but_not_a_prefix(public: Path) -> None:
    fill(public, ["a", "closed/inner/b", "blind/c"])
    (public / "closed").chmod(0)
    (public / "blind").chmod(0o744 if os.geteuid() == 0 else 0o444)
    done = subprocess.run(
        [sys.executable, "-c", AS_SOMEBODY_ELSE, str(public)], capture_output=True, text=True, check=True
    )
    rows, *prefixes = map(json.loads, done.stdout.splitlines())
    assert rows[0][:2] == [f"file://{public}/a", 1]
    assert rows[1:] == [[f"file://{public}/{name}", -1, "permission denied"] for name in ("blind/c", "closed/")]
    assert prefixes[1] == 1, "it may be looked into, and what is in it is told"
    for folder, said in (("closed", prefixes[0]), ("closed/inner", prefixes[2])):
        assert said.startswith(f"Cannot list file://{public}/{folder}/: permission denied (PermissionError).")
    both = f"Cannot list file://{public}/closed/inner/: permission denied (file://{public}/closed/)."
    assert prefixes[3] == both, "beside one that it lies in"


def test_what_vanishes_while_it_is_listed_is_left_out_and_a_failing_disk_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, ["a", "deep/b"])
    true_scan = os.scandir

    def scan(number: int) -> Callable[[str], object]:
        def one(folder: str) -> object:
            if folder.endswith("deep/"):
                raise OSError(number, os.strerror(number), folder)
            return true_scan(folder)

        return one

    monkeypatch.setattr(os, "scandir", scan(errno.ENOENT))
    assert listed(tmp_path) == (["a"], {"deep/": "gone since the folder was looked at"})
    monkeypatch.setattr(os, "scandir", scan(errno.EIO))
    with pytest.raises(StorageError, match="Input/output error"):
        listed(tmp_path)


def test_a_messy_folder_gives_its_sound_triplets_and_tells_of_the_rest(
    bucket: Bucket, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    bucket.fill({"easy": 2}, ("female",))
    person = bucket.folder / triplet_keys("easy", "female", "001")["initial_image"]
    person.unlink()
    person.symlink_to("gone.png")
    folder = person.parent
    Path(os.fsdecode(bytes(folder) + b"/caf\xe9_person.png")).write_bytes(b"x")
    assert load("easy")["key"][:] == ["easy/female/000"]
    (told,) = caplog.messages
    assert told.startswith("4 of 7 keys left out: 4 unreadable. `vton-hf scan file://")
    audit = vton_hf.VTON(config_name="easy", s3_prefixes=[bucket.prefix]).triplets.audit
    assert {row["detail"] for row in audit.of("unreadable")} == {
        "a link to 'gone.png', which is not there",
        "unreadable initial_image",
        "its name is not UTF-8",
    }


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

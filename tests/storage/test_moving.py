"""Files become files of a folder on this machine, or of any other file system of fsspec, whole or not at all."""

import errno
import shutil
from pathlib import Path

import fsspec
import pytest

from tests.storage.test_local import ODD_NAMES
from vton_hf.errors import AccessError, StorageError
from vton_hf.storage import StorageSettings, Store

LOCAL = Store(StorageSettings())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789ab")
    return path


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_is_moved_into_a_folder(tmp_path: Path, file: Path, name: str) -> None:
    inode = file.stat().st_ino
    target = tmp_path / "to" / "deep [1]" / name
    LOCAL.upload(file, f"file://{target}")
    assert target.read_bytes() == b"0123456789ab"
    assert target.stat().st_ino == inode
    assert not file.exists()
    LOCAL.delete([f"file://{target}", f"file://{target}.gone", f"file://{tmp_path}/none/a"])
    assert not target.exists()


@pytest.fixture
def other_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that files cannot be moved into from elsewhere."""
    folder, move = tmp_path / "other", Path.replace

    def replace(self: Path, target: Path) -> Path:
        if folder not in self.parents:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return move(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    return folder


def test_a_file_of_another_disk_is_copied(file: Path, other_disk: Path) -> None:
    other_disk.mkdir()
    (other_disk / "a").write_text("of before")
    LOCAL.upload(file, f"file://{other_disk}/a")
    assert [(path.name, path.read_bytes()) for path in other_disk.iterdir()] == [("a", b"0123456789ab")]
    assert not file.exists()


def test_a_full_disk_stays_what_it_is(file: Path, other_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def copy(_: Path, target: Path) -> None:
        target.write_bytes(b"012")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", copy)
    with pytest.raises(OSError, match="No space left on device") as caught:
        LOCAL.upload(file, f"file://{other_disk}/a")
    assert caught.value.errno == errno.ENOSPC
    assert type(caught.value) is OSError
    assert list(other_disk.iterdir()) == []
    assert file.exists()


def test_a_place_where_no_file_can_be_is_told(tmp_path: Path, file: Path) -> None:
    (tmp_path / "taken").write_text("")
    (tmp_path / "folder").mkdir()
    for target in ("taken/a", "taken/b/a", "folder"):
        with pytest.raises(StorageError, match=r"there cannot be such a file .*one of its folders is a file, or it is"):
            LOCAL.upload(file, f"file://{tmp_path}/{target}")
    assert file.exists()


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(AccessError, match=r"^Cannot write .* This user may not write it\.$"):
        LOCAL.upload(file, f"file://{tmp_path}/a")
    with pytest.raises(AccessError, match=r"^Cannot delete .* This user may not delete it\.$"):
        LOCAL.delete([f"file://{tmp_path}/a"])


def test_another_file_system_is_written_and_deleted(file: Path) -> None:
    LOCAL.upload(file, "memory://box/p/a b[1]")
    assert not file.exists()
    assert LOCAL.read(["memory://box/p/a b[1]"]) == [b"0123456789ab"]
    LOCAL.delete(["memory://box/p/a b[1]", "memory://box/gone"])
    assert not fsspec.filesystem("memory").exists("/box/p/a b[1]")


def test_a_file_server_shows_only_whole_files(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = type(fsspec.filesystem("local"))
    put, seen = server.put_file, list[str]()

    def put_file(self: object, source: str, target: str, **options: object) -> None:
        put(self, source, target, **options)
        seen.append(target)
        if len(seen) == 2:
            raise ValueError("half way")

    monkeypatch.setattr(server, "put_file", put_file)
    uri = f"local://{tmp_path}/deep/er/a"
    LOCAL.upload(file, uri)
    assert (tmp_path / "deep/er/a").read_bytes() == b"0123456789ab"
    assert seen[0].startswith(f"{uri}.")
    assert seen[0].endswith(".incomplete")
    file.write_bytes(b"another")
    with pytest.raises(StorageError, match="half way"):
        LOCAL.upload(file, uri)
    assert (tmp_path / "deep/er/a").read_bytes() == b"0123456789ab"
    assert [path.name for path in (tmp_path / "deep/er").iterdir()] == ["a"]
    assert file.exists()

"""A chunk as one file: a tar of its files and their SHA-256, which `tar x` and `sha256sum --check` read, too."""

import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

SUMS: Final = "SHA256SUMS"


class DamagedArchiveError(Exception):
    """It is not what was packed."""


def pack(directory: Path, names: tuple[str, ...], target: Path) -> None:
    """Write files of a directory, below its name, into one file.

    Raises:
        OSError: If one is gone, or the disk is full.
    """
    sums = "".join(f"{_sum_of(directory / name)}  {name}\n" for name in names).encode()
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for name in names:
            archive.add(directory / name, f"{directory.name}/{name}", filter=_anonymous)
        member = tarfile.TarInfo(f"{directory.name}/{SUMS}")
        member.size = len(sums)
        archive.addfile(member, io.BytesIO(sums))


def unpack(body: bytes, name: str, names: tuple[str, ...], directory: Path) -> None:
    """Write the files of an archive into a directory, after each was held against its checksum.

    Args:
        body: The archive.
        name: Of the directory that was packed.
        names: Of the files that it must hold.
        directory: Where they go.

    Raises:
        DamagedArchiveError: If it is cut off, damaged or of another chunk; some files may lie there then.
        OSError: If the disk is full.
    """
    files = dict(_members(body))
    wanted = {f"{name}/{each}" for each in (*names, SUMS)}
    if set(files) != wanted:
        raise DamagedArchiveError(f"it holds {', '.join(sorted(files)) or 'nothing'}")
    sums = _parsed(bytes(files[f"{name}/{SUMS}"]))
    for each in names:
        data = files[f"{name}/{each}"]
        if hashlib.sha256(data).hexdigest() != sums.get(each):
            raise DamagedArchiveError(f"{each} has another SHA-256 than when it was written")
        (directory / each).write_bytes(data)


def _members(body: bytes) -> Iterator[tuple[str, memoryview]]:
    """Names and bytes, without a copy."""
    try:
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            for member in archive:
                yield member.name, memoryview(body)[member.offset_data : member.offset_data + member.size]
    except tarfile.TarError as error:
        raise DamagedArchiveError(f"it is no whole tar ({error})") from None


def _parsed(text: bytes) -> Mapping[str, str]:
    pairs = (line.split("  ", 1) for line in text.decode("utf-8", "replace").splitlines())
    return {pair[1]: pair[0] for pair in pairs if len(pair) == 2}  # noqa: PLR2004


def _sum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without who packed it: the same chunk is the same archive."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = 0o644
    return member

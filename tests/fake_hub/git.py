"""Repositories as git keeps them: blobs, commits, branches."""

import codecs
import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from functools import cached_property
from typing import Literal

from tests.fake_hub.http import REVISION, Refusal

LFS_PATTERNS = ("*.arrow", "*.bin", "*.gz", "*.jpg", "*.npz", "*.parquet", "*.png", "*.tar", "*.webp", "*.zip")
GITATTRIBUTES = "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in LFS_PATTERNS).encode()

LARGEST_REGULAR = 10_000_000


def upload_mode(path: str, sample: bytes, size: int) -> Literal["lfs", "regular"]:
    """How a file is to be uploaded, told from its name, size and first 512 bytes."""
    if size > LARGEST_REGULAR or b"\0" in sample or any(fnmatch(path, pattern) for pattern in LFS_PATTERNS):
        return "lfs"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return "lfs"
    return "regular"


@dataclass(frozen=True)
class Blob:
    """The content of a file."""

    data: bytes
    lfs: bool

    @property
    def size(self) -> int:
        return len(self.data)

    @cached_property
    def oid(self) -> str:
        """What git calls it: for an LFS file, its pointer's id."""
        stored = self.pointer if self.lfs else self.data
        return hashlib.sha1(b"blob %d\0" % len(stored) + stored).hexdigest()

    @cached_property
    def etag(self) -> str:
        """What the clients compare."""
        return hashlib.sha256(self.data).hexdigest() if self.lfs else self.oid

    @property
    def pointer(self) -> bytes:
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.etag}\nsize {self.size}\n".encode()


@dataclass(frozen=True)
class Commit:
    sha: str
    parent: str | None
    title: str
    message: str
    author: str
    date: str
    tree: Mapping[str, Blob]

    def oid(self, path: str) -> str | None:
        """Of a file or a folder, if it is there."""
        if path in self.tree:
            return self.tree[path].oid
        below = sorted((name, blob.oid) for name, blob in self.tree.items() if name.startswith(f"{path}/"))
        return hashlib.sha1(repr(below).encode()).hexdigest() if below else None

    def names(self, folder: str, *, recursive: bool) -> list[str]:
        """The files and folders in a folder; "" is the root."""
        prefix = f"{folder}/" if folder else ""
        found: set[str] = set()
        for path in self.tree:
            if path.startswith(prefix):
                parts = path.removeprefix(prefix).split("/")
                depth = len(parts) if recursive else 1
                found.update(prefix + "/".join(parts[:end]) for end in range(1, depth + 1))
        return sorted(found)


class Repository:
    """Branches point at commits; no commit is ever lost."""

    def __init__(self, repo_id: str, *, private: bool) -> None:
        self.id = repo_id
        self.private = private
        self.lfs: dict[str, bytes] = {}
        self.commits: dict[str, Commit] = {}
        self.branches: dict[str, Commit] = {}
        self.commit("main", {".gitattributes": Blob(GITATTRIBUTES, lfs=False)}, "initial commit")

    def at(self, revision: str) -> Commit:
        """A branch's head, or the commit of this sha."""
        commit = self.branches.get(revision) or self.commits.get(revision)
        if commit is None:
            raise Refusal(404, f"Invalid rev id: {revision}", REVISION)
        return commit

    def commit(self, branch: str, tree: Mapping[str, Blob], title: str, message: str = "", author: str = "") -> Commit:
        parent = self.branches[branch].sha if branch in self.branches else None
        oids = sorted((path, blob.oid) for path, blob in tree.items())
        date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        sha = hashlib.sha1(repr((self.id, len(self.commits), parent, oids)).encode()).hexdigest()
        self.commits[sha] = Commit(sha, parent, title, message, author, date, dict(tree))
        self.branches[branch] = self.commits[sha]
        return self.commits[sha]

    def history(self, commit: Commit) -> list[Commit]:
        """The newest first."""
        commits = [commit]
        while (parent := commits[-1].parent) is not None:
            commits.append(self.commits[parent])
        return commits

    def last_change(self, commit: Commit, path: str) -> Commit:
        for newer, older in itertools.pairwise(self.history(commit)):
            if newer.oid(path) != older.oid(path):
                return newer
        return self.history(commit)[-1]

"""Which datasets use what of a shared cache, and what nobody uses any more."""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from vton_hf.cache.chunks import SharedCache
from vton_hf.cache.owners import DAY
from vton_hf.storage import objects_below

_OURS: Final = re.compile(
    r"chunks/[\w-]+-[0-9a-f]{16}\.tar|records/[0-9a-f]{16}-[0-9a-f]{16}\.json|plans/manifests/[0-9a-f]{16}\.arrow|"
    r"failures/[\w-]+-[0-9a-f]{16}\.json|leases/.+"
)
"""What is written here and may go; whatever else lies there is somebody's own. Plans stay: a few bytes each."""

_HOUR: Final = 3600.0
_SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class SharedRecord:
    """A dataset that was built with a shared cache.

    Attributes:
        identity: Tells the dataset from others; that of a bucket that has changed since is the same.
        manifest: The digest of its manifest.
        chunks: Names of its chunks.
        about: What people know it by.
        used: When it was last built or loaded, in seconds since 1970, by the clock of whoever did.
    """

    identity: str
    manifest: str
    chunks: Sequence[str]
    about: Mapping[str, Any] = field(default_factory=dict)
    used: float = 0.0

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.identity}-{self.manifest}{_SUFFIX}"


@dataclass(frozen=True, slots=True)
class SharedUse:
    """What lies in a shared cache.

    Attributes:
        records: Its datasets, the last used first.
        sizes: Bytes of each object, by its name below the cache.
        unused: Names of those that nobody needs.
    """

    records: Sequence[SharedRecord]
    sizes: Mapping[str, int]
    unused: frozenset[str]


@dataclass(frozen=True, slots=True)
class SharedRecords:
    """The records of a shared cache.

    Attributes:
        shared: The cache.
    """

    shared: SharedCache

    def remember(self, record: SharedRecord) -> None:
        """Write down that a dataset is used, once an hour at most.

        Raises:
            StorageError: If the store does not take it.
        """
        uri = f"{self.shared.uri}records/{record.name}"
        (body,) = self.shared.store.read([uri])
        before = _parsed(body) if isinstance(body, bytes) else None
        if before is None or abs(time.time() - before.used) > _HOUR:
            text = json.dumps(asdict(record) | {"used": time.time()})
            self.shared.store.put(uri, text.encode(), replace=True)

    def use(self) -> SharedUse:
        """Look at the whole cache.

        Raises:
            StorageError: If the store does not answer.
        """
        sizes = objects_below(self.shared.store, self.shared.uri)
        bodies = self._read(sizes, "records/")
        records = sorted(filter(None, map(_parsed, bodies.values())), key=lambda each: each.used, reverse=True)
        return SharedUse(records, sizes, frozenset(self._unused(sizes, records)))

    def delete(self, use: SharedUse) -> None:
        """Delete what is unused.

        Raises:
            StorageError: If the store fails.
        """
        self.shared.store.delete([f"{self.shared.uri}{name}" for name in sorted(use.unused)])

    def _unused(self, sizes: Mapping[str, int], records: Sequence[SharedRecord]) -> Iterator[str]:
        kept, leases = list(_kept(records)), self.shared.leases.survey()
        chunks = {chunk for record in kept for chunk in record.chunks} | leases.living
        needed = {
            "chunks": {f"{chunk}.tar" for chunk in chunks},
            "records": {record.name for record in kept},
            "plans": {f"manifests/{record.manifest}.arrow" for record in kept},
        }
        for name in filter(_OURS.fullmatch, sizes):
            folder, _, rest = name.partition("/")
            if folder == "leases":
                unused = rest in leases.ended
            elif folder == "failures":
                unused = f"chunks/{rest.removesuffix(_SUFFIX)}.tar" in sizes
            else:
                unused = rest not in needed[folder]
            if unused:
                yield name

    def _read(self, sizes: Mapping[str, int], folder: str) -> dict[str, bytes]:
        uris = [f"{self.shared.uri}{name}" for name in sizes if name.startswith(folder)]
        bodies = self.shared.store.read(uris)
        return {uri: body for uri, body in zip(uris, bodies, strict=True) if isinstance(body, bytes)}


def _kept(records: Sequence[SharedRecord]) -> Iterator[SharedRecord]:
    """Of each dataset the latest, and all of the last day: clocks of machines may differ by hours."""
    seen: set[str] = set()
    for record in records:
        if record.identity not in seen or time.time() - record.used < DAY:
            yield record
        seen.add(record.identity)


def _parsed(body: bytes) -> SharedRecord | None:
    try:
        return SharedRecord(**json.loads(body))
    except (ValueError, TypeError):
        return None

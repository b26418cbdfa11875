"""How far a build is that several processes share: what any of them sees, on whatever machine."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from vton_hf.cache.chunks import Chunk
from vton_hf.cache.holders import parsed
from vton_hf.cache.leases import Leases
from vton_hf.storage import Store, objects_below

_SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class BuildStatus:
    """How far a build is.

    Attributes:
        chunks: How many there are in all.
        bytes: What their objects weigh in the bucket.
        done: Chunks that are there.
        bytes_done: What their objects weigh.
        under_way: Chunks that somebody is at work on, by machine.
        failed: By chunk, the error of those that were set aside.
        rate: Bytes of objects a second, over all processes that have been at work for 10 seconds; 0 if there is none.
    """

    chunks: int
    bytes: int
    done: int
    bytes_done: int
    under_way: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    rate: float = 0.0

    @property
    def left(self) -> int:
        """Chunks that nobody is at work on yet."""
        return max(0, self.chunks - self.done - sum(self.under_way.values()) - len(self.failed))

    @property
    def seconds_left(self) -> float | None:
        """At this rate; None if there is none."""
        return (self.bytes - self.bytes_done) / self.rate if self.rate else None


def build_status(chunks: Sequence[Chunk], done: set[str], leases: Leases, failures: "Failures") -> BuildStatus:
    """Look at a build.

    Args:
        chunks: All of it.
        done: Names of those that are there.
        leases: Of the place that its processes share.
        failures: Of the same.

    Raises:
        StorageError: If the store does not answer.
    """
    names = {chunk.name for chunk in chunks} - done
    holders = {name: holder for name, holder in leases.holders().items() if name in names}
    processes = {holder.id: holder for holder in holders.values()}
    failed = failures.read(names - set(holders))
    return BuildStatus(
        chunks=len(chunks),
        bytes=sum(chunk.bytes for chunk in chunks),
        done=sum(chunk.name in done for chunk in chunks),
        bytes_done=sum(chunk.bytes for chunk in chunks if chunk.name in done),
        under_way=Counter(holder.host for holder in holders.values()),
        failed=failed,
        rate=sum(each.done / each.seconds for each in processes.values() if each.seconds),
    )


@dataclass(frozen=True, slots=True)
class Failures:
    """Chunks that were set aside, and why.

    Attributes:
        store: Reads and writes them.
        uri: The folder, with a trailing slash.
    """

    store: Store
    uri: str

    def write(self, failed: Mapping[str, Exception]) -> None:
        """Let others see them.

        Raises:
            StorageError: If the store does not take it.
        """
        for name, error in failed.items():
            self.store.put(f"{self.uri}{name}{_SUFFIX}", json.dumps({"error": str(error)}).encode(), replace=True)

    def read(self, names: set[str]) -> dict[str, str]:
        """Those among some chunks.

        Raises:
            StorageError: If the store does not answer.
        """
        found = [name for name in objects_below(self.store, self.uri) if name.removesuffix(_SUFFIX) in names]
        bodies = zip(found, self.store.read([f"{self.uri}{name}" for name in found]), strict=True)
        return {
            name.removesuffix(_SUFFIX): str(parsed(body).get("error", ""))
            for name, body in bodies
            if isinstance(body, bytes)
        }

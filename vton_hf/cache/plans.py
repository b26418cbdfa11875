"""What several processes build together, frozen by the first of them: another bucket or other options do not mix in."""

import json
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

import pyarrow as pa

from vton_hf.errors import ObjectMissingError, StorageError
from vton_hf.storage import Store, objects_below
from vton_hf.triplets import Manifest

_SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class FrozenPlan:
    """What is built.

    Attributes:
        manifest: The digest of the manifest.
        triplets: How many it holds.
        host: The machine that froze it.
        time: When it did, in ISO 8601, by that machine's clock.
    """

    manifest: str
    triplets: int
    host: str
    time: str

    @classmethod
    def of(cls, manifest: Manifest) -> "FrozenPlan":
        """Of this process, now."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(manifest.digest(), len(manifest), platform.node(), now)

    def __str__(self) -> str:
        return f"{self.manifest} ({self.triplets:,} triplets, frozen by {self.host} at {self.time})"


@dataclass(frozen=True, slots=True)
class Plans:
    """The plans of one dataset, the latest of which counts.

    Attributes:
        store: Reads and writes them.
        root: The cache that its processes share, with a trailing slash.
        identity: Tells the dataset from others.
    """

    store: Store
    root: str
    identity: str

    def latest(self) -> FrozenPlan | None:
        """The plan that holds, or None.

        Raises:
            StorageError: If the store does not answer.
        """
        numbers = self._numbers()
        return self._read(max(numbers)) if numbers else None

    def load(self, plan: FrozenPlan | None) -> Manifest | None:
        """The manifest of a plan; None without a plan, or where it was pruned, since nothing uses it any more.

        Raises:
            StorageError: If the store does not answer.
        """
        if plan is None:
            return None
        (body,) = self.store.read([self._manifest(plan.manifest)])
        if isinstance(body, ObjectMissingError):
            return None
        if isinstance(body, StorageError):
            raise body
        return Manifest(pa.ipc.open_file(pa.py_buffer(body)).read_all())

    def freeze(self, manifest: Manifest, *, over: Callable[[FrozenPlan], bool]) -> FrozenPlan:
        """Freeze a manifest unless another process was quicker.

        Args:
            manifest: What this process would build.
            over: Whether an earlier plan no longer holds.

        Returns:
            The plan that holds, which may be another one.

        Raises:
            StorageError: If the store does not answer.
        """
        numbers = self._numbers()
        number = max(numbers, default=0)
        latest = self._read(number) if numbers else None
        if latest is not None and (latest.manifest == manifest.digest() or not over(latest)):
            return latest
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, manifest.table.schema) as writer:
            writer.write_table(manifest.table)
        self.store.put(self._manifest(manifest.digest()), sink.getvalue().to_pybytes())
        plan = FrozenPlan.of(manifest)
        self.store.put(self._plan(number + 1), json.dumps(asdict(plan)).encode())
        return self._read(number + 1) or plan  # another process may have been quicker

    def _numbers(self) -> list[int]:
        names = objects_below(self.store, f"{self.root}plans/")
        parts = (name.removesuffix(_SUFFIX).partition(".") for name in names)
        return [int(number) for identity, _, number in parts if identity == self.identity and number.isdigit()]

    def _read(self, number: int) -> FrozenPlan | None:
        (body,) = self.store.read([self._plan(number)])
        if isinstance(body, StorageError):
            raise body
        try:
            return FrozenPlan(**json.loads(body))
        except (ValueError, TypeError):
            return None

    def _plan(self, number: int) -> str:
        return f"{self.root}plans/{self.identity}.{number:04}{_SUFFIX}"

    def _manifest(self, digest: str) -> str:
        return f"{self.root}plans/manifests/{digest}.arrow"

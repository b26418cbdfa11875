"""Where processes meet that build together: a shared cache, or the folder of one cache that all of them see."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from vton_hf.cache.chunks import Chunk, SharedCache, finished_names
from vton_hf.cache.leases import Leases, leases_in
from vton_hf.cache.plans import Plans
from vton_hf.cache.records import CacheDir
from vton_hf.cache.status import BuildStatus, Failures, build_status
from vton_hf.storage import StorageSettings, Store


@dataclass(frozen=True)
class Place:
    """What processes of a build know of each other.

    Attributes:
        cache: The cache of this machine.
        shared: The cache that machines share, or None if they share that folder.
    """

    cache: CacheDir
    shared: SharedCache | None

    @cached_property
    def store(self) -> Store:
        """Reads and writes it."""
        return self.shared.store if self.shared else Store(StorageSettings())

    @property
    def root(self) -> str:
        """Its URI, with a trailing slash."""
        return self.shared.uri if self.shared else f"file://{self.cache.root}/"

    @property
    def leases(self) -> Leases:
        """Who is at work on what."""
        return self.shared.leases if self.shared else leases_in(self.cache.leases)

    @property
    def failures(self) -> Failures:
        """What was set aside."""
        return Failures(self.store, f"{self.root}failures/")

    def plans(self, identity: str) -> Plans:
        """What is built of a dataset."""
        return Plans(self.store, self.root, identity)

    def done(self, chunks: Sequence[Chunk]) -> set[str]:
        """Names of the chunks that are there.

        Raises:
            StorageError: If the store does not answer.
        """
        names = {chunk.name for chunk in chunks}
        return names & (self.shared.names() if self.shared else finished_names(chunks, self.cache.chunks))

    def status(self, chunks: Sequence[Chunk]) -> BuildStatus:
        """How far a build is.

        Raises:
            StorageError: If the store does not answer.
        """
        return build_status(chunks, self.done(chunks), self.leases, self.failures)

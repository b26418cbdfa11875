"""What was prepared of a dataset, as the cache remembers it."""

from dataclasses import dataclass, field, fields
from functools import cached_property
from textwrap import shorten
from typing import Any, Final

from vton_hf import storage
from vton_hf._core.digests import digest
from vton_hf.builder.config import VTONConfig
from vton_hf.cache import BuildRecord, BuildRecordStore, CacheDir, Report, SkippedTriplet
from vton_hf.errors import BuildError, StorageError, redacted
from vton_hf.triplets import read_names

_ELSEWHERE: Final = {"name", "version", "data_dir", "data_files", "description", "s3_prefixes"}
"""Fields of a config that say nothing beside its name and its prefixes."""

_LONGEST: Final = 100
"""Characters of an option: of a list of keys to leave out, the first will do."""


@dataclass(eq=False)
class Recorded:
    """One dataset in a cache.

    Attributes:
        config: Its options, checked.
        settings: How the store is reached.
        cache: Where chunks and manifests lie.
        directory: Where the record of this very dataset lies.
    """

    config: VTONConfig
    settings: storage.StorageSettings
    cache: CacheDir
    directory: str
    _record: BuildRecord | None = field(default=None, init=False, repr=False)
    _reports: list[Report] | None = field(default=None, init=False, repr=False)

    @cached_property
    def prefixes(self) -> list[str]:
        """Where the triplets lie, each with its scheme and bucket."""
        return [storage.resolve_prefix(prefix, self.settings) for prefix in self.config.prefixes]

    @cached_property
    def _notebook(self) -> BuildRecordStore:
        said = "\n".join([*self.prefixes, str(self.settings.endpoint_url), *read_names(self.config.exclude)])
        return BuildRecordStore(self.directory, digest(said))

    def about(self) -> dict[str, Any]:
        """What people know the dataset by: config, prefixes, recipe, and the options that are not the default."""
        config = self.config
        told: dict[str, Any] = {"config": config.name, "prefixes": list(map(redacted, self.prefixes))}
        told |= {name: getattr(config, name) for name in ("weights", "epoch_size", "mixing")}
        given = {each.name: getattr(config, each.name) for each in fields(config) if each.name not in _ELSEWHERE}
        options = [f"{name}={value}" for name, value in given.items() if value != getattr(VTONConfig, name)]
        return told | {"options": [shorten(option, _LONGEST, placeholder=" ...") for option in options]}

    def record(self) -> BuildRecord:
        """How the dataset was prepared.

        Raises:
            StorageError: If it was not, and the store may not be asked.
            BuildError: If it was not.
        """
        if self._record is None and (known := self._notebook.load()) is not None:
            self._record = known
            self._notebook.touch()
            self.cache.claim(known, self._notebook.mark)
        if self._record is None and storage.is_offline():
            raise StorageError(
                f"HF_DATASETS_OFFLINE is set, and {self.config.name!r} with these options was not built in "
                f"{self.cache.root} before. Unset it and build once, or pass the same options and cache_dir."
            )
        if self._record is None:
            raise BuildError(f"Nothing is built in {self.directory}. Call download_and_prepare() first.")
        return self._record

    def reports(self) -> list[Report]:
        """What each chunk of the prepared dataset holds.

        Raises:
            BuildError: If one is gone from the cache.
        """
        if self._reports is None:
            self._reports = self.cache.reports(self.record())
        return self._reports

    def left_out(self) -> list[SkippedTriplet]:
        """The triplets that were found broken while building."""
        return [item for report in self.reports() for item in report.left_out]

    def variant(self) -> list[str]:
        """What tells the rows from others of the same triplets: those left out, and chunks that had left out others."""
        renewed = [str(index) for index, report in enumerate(self.reports()) if report.renewed]
        return [*renewed, *(item.key for item in self.left_out())]

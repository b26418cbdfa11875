"""How a dataset comes about: options that are no part of what it is, nor of the hash that names its cache."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import PurePath
from typing import Any

from vton_hf import storage
from vton_hf._core.checks import as_int, check_bool, must_be
from vton_hf._core.options import ENGINES
from vton_hf.cache import How, SharedCache, listings
from vton_hf.engines import Engine, RayEngine, on_this_machine


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How triplets are found, and how chunks come about.

    Attributes:
        listing: Whether an earlier listing of the bucket may do: one of `LISTING_MODES`.
        retry_skipped: Whether to ask again for all that earlier builds left out.
        shared_cache: A folder or URL where finished chunks are published and taken from; None takes
            `VTON_HF_SHARED_CACHE`, if that is set.
        engine: None builds here, in `num_proc` processes; `"ray"`, or an engine such as `vton_hf.RayEngine(...)`.
        shard: (i, n) builds only share i, from 0, of n shares of what is missing.
        allow_missing: Whether chunks that fail three times may be missing from the dataset.
        statistics: Whether images are measured where a build decodes them anyway.

    Raises:
        ConfigError: If an option is none of those that are allowed.
    """

    listing: str = "auto"
    retry_skipped: bool = False
    shared_cache: str | PurePath | None = None
    engine: str | Engine | None = None
    shard: Sequence[int] | None = None
    allow_missing: bool = False
    statistics: bool = True

    def __post_init__(self) -> None:
        listings.check_mode(self.listing)
        for name in ("retry_skipped", "allow_missing", "statistics"):
            check_bool(name, getattr(self, name))
        if self.shared_cache is not None and not (isinstance(self.shared_cache, str | PurePath) and self.shared_cache):
            raise must_be("shared_cache", self.shared_cache, "a folder, such as /mnt/team/vton, or s3://bucket/prefix/")
        if self.engine is not None and self.engine not in ENGINES and not hasattr(self.engine, "run"):
            raise must_be("engine", self.engine, f"{' or '.join(map(repr, ENGINES))}, a vton_hf.RayEngine, or None")
        object.__setattr__(self, "shard", _checked_shard(self.shard))

    @classmethod
    def names(cls) -> list[str]:
        """Those of the options."""
        return [field.name for field in fields(cls)]

    @classmethod
    def out_of(cls, options: dict[str, Any]) -> "RunOptions":
        """Those among other options, which they are taken out of."""
        return cls(**{name: options.pop(name) for name in cls.names() if name in options})

    @property
    def retry(self) -> bool | None:
        """Whether to ask again for all that was left out, for some of what could not be read (False), or for nothing.

        A listing that is believed without a look leaves the bucket alone. And machines that share a cache are to hold
        the same rows: none asks by itself.
        """
        if self.retry_skipped:
            return True
        alone = self.shared_cache is None and storage.shared_cache() is None
        return False if alone and self.listing != "cached" else None

    def relisting(self) -> "RunOptions":
        """The same, but for a bucket that is listed whatever is known of it."""
        return replace(self, listing="fresh")

    def how(self, settings: storage.StorageSettings, prefixes: Sequence[str], num_proc: int | None) -> How:
        """As builds take it.

        Args:
            settings: How the shared cache is reached.
            prefixes: Where the triplets lie.
            num_proc: Worker processes where there is no engine.

        Raises:
            ConfigError: If the shared cache cannot be read as a place, or lies among the triplets.
        """
        engine, place = self._engine(), self.shared_cache or storage.shared_cache()
        if place is None:
            return How(num_proc, engine, None, self.allow_missing, self.statistics)
        shared = shared_cache_at(place, settings, strict=self.shard is not None or engine is not None)
        storage.check_outside(shared.uri, prefixes, named=f"shared_cache={str(place)!r}")
        return How(num_proc, engine, shared, self.allow_missing, self.statistics)

    def engine_for(self, num_proc: int | None) -> Engine:
        """What runs units that are no chunks."""
        return self._engine() or on_this_machine(num_proc)

    def _engine(self) -> Engine | None:
        return RayEngine() if isinstance(self.engine, str) else self.engine


def shared_cache_at(place: str | PurePath, settings: storage.StorageSettings, *, strict: bool = False) -> SharedCache:
    """The cache that machines share at a place as people write it: a bare name is a folder, no key in a bucket.

    Args:
        place: A folder or a URL.
        settings: How its store is reached.
        strict: As for `SharedCache`.

    Raises:
        ConfigError: If it cannot be read as a place.
    """
    return SharedCache(storage.resolve_prefix(storage.folder_text(place), settings), settings, strict=strict)


def _checked_shard(shard: Any) -> tuple[int, int] | None:
    if shard is None:
        return None
    pair = [as_int(number) for number in shard] if isinstance(shard, Sequence) and not isinstance(shard, str) else []
    index, count = pair if len(pair) == 2 else (None, None)  # noqa: PLR2004
    if index is None or count is None or not 0 <= index < count:
        raise must_be("shard", shard, "(i, n) with 0 <= i < n", "The first of eight is shard=(0, 8).")
    return index, count

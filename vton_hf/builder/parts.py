"""The splits of a dataset: which triplets each draws from, and how many rows it has."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from vton_hf import mixing, storage
from vton_hf.builder.config import VTONConfig
from vton_hf.builder.split_options import check_sizes
from vton_hf.builder.user_files import read_file
from vton_hf.errors import ConfigError
from vton_hf.triplets import (
    TRAIN,
    Assignment,
    Manifest,
    SplitPolicy,
    assign,
    check_parts,
    from_bytes,
    is_guess,
    split_summary,
)

logger = logging.getLogger("vton_hf")

_logged: Final = set[tuple[str, ...]]()


@dataclass(eq=False)
class Parts:
    """The splits of a dataset; without `splits=` there is one, `train`, of all triplets.

    Attributes:
        config: Its options.
        prefixes: Where the triplets lie.
        store: Reads a split manifest.
    """

    config: VTONConfig
    prefixes: list[str]
    store: Callable[[], storage.Store]
    _known: tuple[str, Assignment] | None = field(default=None, repr=False)
    _drawn: dict[str, Manifest] = field(default_factory=dict, repr=False)
    _warned: bool = field(default=False, repr=False)

    @cached_property
    def policy(self) -> SplitPolicy | None:
        """How triplets are split; None if they are not.

        Raises:
            ConfigError: If a split manifest cannot be read.
        """
        splits = self.config.splits
        if not isinstance(splits, str):
            return None if splits is None else SplitPolicy.of(splits, self.config.split_by, self.config.entities)
        policy = from_bytes(*read_file("splits", splits, self.prefixes, self.store()))
        check_sizes(self.config.epoch_size, policy.names)
        return policy

    @property
    def names(self) -> tuple[str, ...]:
        """All splits, `train` first."""
        return (TRAIN,) if self.policy is None else self.policy.names

    def assignment(self, manifest: Manifest, *, quiet: bool = False) -> Assignment | None:
        """Which split each triplet is in; None if they are not split. What that comes to is logged once, unless quiet.

        Raises:
            ConfigError: If they cannot be split so.
        """
        if self.policy is None:
            return None
        if self._known is None or self._known[0] != manifest.digest():
            config = self.config
            mixing.epoch_length(manifest.sizes(), config.weights, None, config.mix_by)
            found = assign(manifest, self.policy)
            check_parts(found, manifest, [name for name, weight in config.weights.items() if weight])
            if not quiet:
                self._tell(found)
            self._known, self._drawn = (manifest.digest(), found), {}
        return self._known[1]

    def manifest(self, whole: Manifest, split: str) -> Manifest:
        """The triplets of a split.

        Raises:
            ConfigError: If they cannot be split so.
        """
        found = self.assignment(whole)
        if found is None:
            return whole
        if split not in self._drawn:
            self._drawn[split] = whole.where(found.rows(split))
        return self._drawn[split]

    def mix(self, split: str) -> dict[str, Any]:
        """What `mixing.plan` takes beside the sizes of a split's pools."""
        facts = {name: getattr(self.config, name) for name in ("weights", "seed", "mix_by")}
        return facts | {"epoch_size": self.config.epoch_size_of(split)}

    def lengths(self, whole: Manifest) -> dict[str, int]:
        """Rows of an epoch of each split.

        Raises:
            ConfigError: If triplets cannot be split so, or one that is not trained on would repeat some.
            EmptyPoolError: If a pool that has weight has no triplet.
        """
        lengths = {}
        for split in self.names:
            rows, longest = self._lengths(self.manifest(whole, split).sizes(), split)
            if split != TRAIN and rows > longest:
                raise ConfigError(
                    f"epoch_size={{{split!r}: {rows}}} would repeat triplets, and {split!r} holds each at most once. "
                    f"By the recipe {longest:,} rows are the most, which is what 'min' takes."
                )
            lengths[split] = rows
        return lengths

    def plan(self, sizes: Mapping[str, int], split: str) -> mixing.Plan:
        """The mix of a split whose pools have these sizes; the first time, repeats in `train` are warned of.

        Where broken triplets leave fewer than `epoch_size` asks for, there are fewer rows; only `train` repeats some.

        Raises:
            EmptyPoolError: If a pool that has weight has no triplet.
        """
        rows, longest = self._lengths(sizes, split)
        if split == TRAIN:
            self.warn_of_repeats(sizes)
        elif rows > longest:
            logger.warning("Of %r %s rows are left, not %s: triplets are broken.", split, f"{longest:,}", f"{rows:,}")
            rows = longest
        return mixing.plan(sizes, **(self.mix(split) | {"epoch_size": rows}))

    def _lengths(self, sizes: Mapping[str, int], split: str) -> tuple[int, int]:
        """Rows as `epoch_size` asks for them, and the most without a repeat."""
        mix = self._recipe(split)
        return mixing.epoch_length(sizes, **mix), mixing.epoch_length(sizes, **(mix | {"epoch_size": "min"}))

    def warn_of_repeats(self, sizes: Mapping[str, int]) -> None:
        """Say once of what is trained on which triplets repeat."""
        if not self._warned:
            mixing.warn_of_repeats(mixing.shares_of(sizes, **self._recipe(TRAIN)), mix_by=self.config.mix_by)
            self._warned = True

    def _recipe(self, split: str) -> dict[str, Any]:
        return {name: value for name, value in self.mix(split).items() if name != "seed"}

    def _tell(self, found: Assignment) -> None:
        text = split_summary(found)
        if (*self.prefixes, text) not in _logged:
            _logged.add((*self.prefixes, text))
            telling = found.joining or found.unknown or is_guess(found)
            logger.log(logging.WARNING if telling else logging.INFO, "%s", text)

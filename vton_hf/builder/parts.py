"""The splits of a dataset: which triplets each draws from, and how many rows it has."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vton_hf import mixing, storage
from vton_hf.builder.config import VTONConfig
from vton_hf.builder.split_options import check_sizes
from vton_hf.builder.user_files import read_file
from vton_hf.errors import ConfigError, EmptyPoolError
from vton_hf.triplets import (
    COMPONENT,
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

_CHOOSING: Final = ("gender", "limit", "exclude", "where")
"""Options that choose among the triplets that lie below the prefixes."""

_logged: Final = set[tuple[str, ...]]()


@dataclass(eq=False)
class Parts:
    """The splits of a dataset; without `splits=` there is one, `train`, of all triplets.

    Attributes:
        config: Its options.
        prefixes: Where the triplets lie.
        store: Reads a split manifest.
        alone: The one split that is drawn, each triplet of it once, whatever its difficulty; None for all, by recipe.
        assigned: Digest of the manifest that was split, and its splits.
    """

    config: VTONConfig
    prefixes: list[str]
    store: Callable[[], storage.Store]
    alone: str | None = None
    assigned: tuple[str, Assignment] | None = field(default=None, repr=False)
    _checked: str | None = field(default=None, repr=False)
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

    @property
    def is_held_out_alone(self) -> bool:
        """Whether one split is drawn that is not trained on, each triplet of it once."""
        return self.alone not in (None, TRAIN)

    def whole_is(self, split: str) -> None:
        """Take all triplets that there are for those of this split."""
        self.policy, self.alone = None, split

    def take_over(self, other: "Parts") -> None:
        """Take the splits of a dataset that differs in its recipe alone: finding them takes seconds."""
        self.policy, self.assigned = other.policy, other.assigned

    def assignment(self, manifest: Manifest, *, quiet: bool = False) -> Assignment | None:
        """Which split each triplet is in; None if they are not split. What that comes to is logged once, unless quiet.

        Raises:
            ConfigError: If they cannot be split so.
        """
        if self.policy is None:
            return None
        digest, config = manifest.digest(), self.config
        if self.alone is None and self._checked != digest:
            mixing.epoch_length(manifest.sizes(), config.weights, None, config.mix_by)
        if self.assigned is None or self.assigned[0] != digest:
            self.assigned = digest, assign(manifest, self.policy)
        found = self.assigned[1]
        if self._checked != digest:
            drawn = [name for name, weight in config.weights.items() if weight]
            check_parts(found, manifest, drawn if self.alone is None else None)
            if not quiet:
                self._tell(found)
            self._checked, self._drawn = digest, {}
        return found

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

    def rows(self, whole: Manifest, split: str) -> NDArray[np.bool_] | None:
        """Which triplets are in a split; bool [n], or None for all.

        Raises:
            ConfigError: If they cannot be split so.
        """
        found = self.assignment(whole)
        return None if found is None else found.rows(split)

    def sizes(self, whole: Manifest, split: str) -> dict[str, int]:
        """Triplets of a split by pool.

        Raises:
            ConfigError: If they cannot be split so.
        """
        rows = self.rows(whole, split)
        if rows is None:
            return whole.sizes()
        return {name: int(rows[np.asarray(whole.rows_of(name), np.int64)].sum()) for name in whole.sizes()}

    def mix(self, split: str, sizes: Mapping[str, int] | None = None) -> dict[str, Any]:
        """What `mixing.plan` takes beside the sizes of a split's pools."""
        config = self.config
        # What is not trained on is the same whatever is trained with: no seed, and no epoch, changes it.
        facts = {"seed": config.seed if split == TRAIN else 0, "epoch_size": config.epoch_size_of(split)}
        if sizes is not None and self.is_held_out_alone:
            # Each triplet once, also where some are broken.
            return facts | {"weights": {name: size for name, size in sizes.items() if size}, "mix_by": config.mix_by}
        return facts | {"weights": config.weights, "mix_by": config.mix_by}

    def lengths(self, whole: Manifest) -> dict[str, int]:
        """Rows of an epoch of each split.

        Raises:
            ConfigError: If triplets cannot be split so, or one that is not trained on would repeat some.
            EmptyPoolError: If a pool that has weight has no triplet.
        """
        lengths = {}
        for split in self.names if self.alone is None else (self.alone,):
            rows, longest = self._lengths(self.sizes(whole, split), split)
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
        self._check_usable(sizes, split)
        rows, longest = self._lengths(sizes, split)
        if split == TRAIN:
            self.warn_of_repeats(sizes)
        elif rows > longest:
            logger.warning("Of %r %s rows are left, not %s: triplets are broken.", split, f"{longest:,}", f"{rows:,}")
            rows = longest
        return mixing.plan(sizes, **(self.mix(split, sizes) | {"epoch_size": rows}))

    def _check_usable(self, sizes: Mapping[str, int], split: str) -> None:
        needed = {} if self.policy is None or self.alone is not None else self.config.weights
        for name, weight in needed.items():
            if weight and not sizes.get(name):
                raise EmptyPoolError(
                    f"{split!r} has no usable triplet of {name!r}: all that it has are broken. `vton-hf build` lists "
                    f"them; mend them, or take a larger share."
                )

    def _lengths(self, sizes: Mapping[str, int], split: str) -> tuple[int, int]:
        """Rows as `epoch_size` asks for them, and the most without a repeat."""
        mix = self._recipe(split, sizes)
        return mixing.epoch_length(sizes, **mix), mixing.epoch_length(sizes, **(mix | {"epoch_size": "min"}))

    def warn_of_repeats(self, sizes: Mapping[str, int]) -> None:
        """Say once of what is trained on which triplets repeat."""
        if not self._warned:
            mixing.warn_of_repeats(mixing.shares_of(sizes, **self._recipe(TRAIN, sizes)), mix_by=self.config.mix_by)
            self._warned = True

    def _recipe(self, split: str, sizes: Mapping[str, int]) -> dict[str, Any]:
        return {name: value for name, value in self.mix(split, sizes).items() if name != "seed"}

    def _tell(self, found: Assignment) -> None:
        text, config = split_summary(found), self.config
        if chosen := found.by == COMPONENT and [name for name in _CHOOSING if getattr(config, name) is not None]:
            text += f" Components are those of the triplets that {'=, '.join(chosen)}= leave: load all splits with the "
            text += "same options, or from one split manifest of all of them."
        if (*self.prefixes, text) not in _logged:
            _logged.add((*self.prefixes, text))
            telling = chosen or found.joining or found.unknown or is_guess(found) or any(found.shared_by().values())
            logger.log(logging.WARNING if telling else logging.INFO, "%s", text)

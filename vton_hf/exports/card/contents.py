"""What a card describes: the configs of a repository or folder, as they lie there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import datasets

from vton_hf.naming import DIFFICULTIES


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """One split of one config."""

    rows: int
    bytes: int
    """Of the rows in Arrow, as `dataset_info` counts them."""
    files: str
    """A glob from the root, such as `hard/train-*-3f2a9c01.parquet`."""
    download: int
    """Bytes of those files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """One config."""

    name: str
    features: datasets.Features
    splits: Mapping[str, Split]
    composition: str
    """Markdown tables, ready."""
    recipe: Mapping[str, str]
    """What it was made with, in order: `{"seed": "0", "mixing": "exact"}`."""
    sources: Sequence[str]
    """Prefixes; credentials in them are not shown."""
    left_out: Mapping[str, int]
    """How many keys were left out, by reason."""
    findings: str = ""
    """A Markdown table of what is wrong with its triplets, ready; empty if that was not looked for."""
    splitting: str = ""
    """How triplets were split, and what that comes to, in Markdown; empty if they were not."""
    sheet: str | None
    """Path of the contact sheet from the root."""


def by_difficulty(name: str) -> tuple[int, str]:
    """The order of configs: ours from easy to hard, then all others by name.

    >>> sorted(["odd", "hard", "easy"], key=by_difficulty)
    ['easy', 'hard', 'odd']
    """
    return (DIFFICULTIES.index(name) if name in DIFFICULTIES else len(DIFFICULTIES)), name


def hardest(names: Iterable[str]) -> str | None:
    """The hardest of our configs among these names; None if there is none."""
    return max((name for name in names if name in DIFFICULTIES), key=by_difficulty, default=None)

"""What a layout finds in a tree: rows, and in line with them what they are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from vton_hf.triplets.build_manifest import TripletRows
from vton_hf.triplets.layouts.match import Rows


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a tree.

    Attributes:
        rows: Which images make them.
        columns: In line with them `kind`, and what else the layout says.
        left_out: Rows of an audit: all else.
        remarks: What should be known of how they were found, as parts of a sentence.
        splits: Whether names of files or folders say splits.
    """

    rows: TripletRows
    columns: pa.Table
    left_out: list[pa.Table]
    remarks: list[str]
    splits: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Rows with what is said of them beside their images.

    Attributes:
        rows: Which images make them.
        wearers: [n], the listing's row of the person's picture, by which files beside it are called; of an unpaired
            row of a layout of triplets it is in none of its columns.
        kind: [n], one of `KINDS`.
        split: [n], as a file of pairs says; empty where none does.
        category: [n], the same.
    """

    rows: TripletRows
    wearers: Rows
    kind: pa.StringArray
    split: pa.StringArray
    category: pa.StringArray

    @classmethod
    def plain(cls, rows: TripletRows, kind: str) -> "Part":
        """Rows of one kind of which nothing else is said."""
        silent = pa.repeat(pa.scalar("", pa.string()), len(rows))
        return cls(rows, rows.targets, pa.repeat(pa.scalar(kind, pa.string()), len(rows)), silent, silent)

    @classmethod
    def joined(cls, parts: Sequence["Part"]) -> "Part":
        """The rows of all parts."""
        texts = ([getattr(part, name) for part in parts] for name in ("kind", "split", "category"))
        wearers = np.concatenate([part.wearers for part in parts])
        return cls(TripletRows.joined([part.rows for part in parts]), wearers, *map(pa.concat_arrays, texts))

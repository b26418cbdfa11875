"""Reads rows that are exported, from what is built or from the bucket, in any process that sees the cache."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import datasets
import pyarrow as pa

from vton_hf.builder import Part, Reader
from vton_hf.errors import BuildError
from vton_hf.exports.leaving import LeavingRows

Substitutes = Mapping[int, Mapping[str, str]]
"""By position in its split, the text columns of a triplet that took the place of a broken one."""


@dataclass(frozen=True, eq=False)
class BuiltRows:
    """Reads rows of what is built."""

    arrow: datasets.Dataset
    rows: LeavingRows

    def __call__(self, part: range) -> tuple[pa.Table, Substitutes]:
        """Rows in sequence, with images, and what took the place of broken ones."""
        return self.rows.leaving(self.arrow[part.start : part.stop]), {}


@dataclass(frozen=True, eq=False)
class RowsOfBucket:
    """Reads rows from the bucket; broken ones are replaced as in a stream."""

    readers: Mapping[str, Reader]
    parts: Sequence[Part]
    texts: pa.Table
    rows: LeavingRows

    def __call__(self, part: range) -> tuple[pa.Table, Substitutes]:
        """Rows in sequence, with images, and what took the place of broken ones."""
        planned = self.texts["key"].slice(part.start, len(part)).to_pylist()
        examples = list(self._examples(part, planned))
        replaced = {
            row: {name: example[name] for name in self.texts.column_names}
            for row, key, example in zip(part, planned, examples, strict=True)
            if example["key"] != key
        }
        return self.rows.leaving(pa.Table.from_pylist(examples, schema=self.rows.own.arrow_schema)), replaced

    def _examples(self, part: range, planned: Sequence[str]) -> Iterator[dict[str, Any]]:
        start, keys = 0, iter(planned)
        for split, positions in self.parts:
            wanted = positions[max(part.start - start, 0) : max(part.stop - start, 0)]
            found = self.readers[split].read(wanted) if len(wanted) else ()
            for example, key in zip(found, keys, strict=False):
                if example is None:
                    raise BuildError(
                        f"{key} of {split!r} is broken, and no other triplet of that split may take its place. "
                        f"Leave it out with exclude=[{key!r}], or export what is built, with embed_images=True; "
                        f"`vton-hf validate` lists all that are broken."
                    )
                yield example
            start += len(positions)

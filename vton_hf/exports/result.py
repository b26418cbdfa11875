"""What a delivery did, or would do."""

from collections.abc import Container
from dataclasses import dataclass

from vton_hf.exports.split_files import SplitFiles
from vton_hf.report import tables


@dataclass(frozen=True, slots=True)
class SplitStats:
    """One split of one config.

    Attributes:
        config: The config.
        split: The split.
        rows: Its rows.
        files: Its files.
        bytes: Bytes of its images.
        new_files: Those of the files that were not there before.
        new_bytes: Bytes of their images.
        glob: Matches its files, below the place.
    """

    config: str
    split: str
    rows: int
    files: int
    bytes: int
    new_files: int
    new_bytes: int
    glob: str

    @classmethod
    def of(cls, lot: SplitFiles, present: Container[str]) -> "SplitStats":
        """Count what a lot holds, and what of it is not present."""
        new = [shard.bytes for shard in lot.shards if shard.name not in present]
        whole = sum(shard.bytes for shard in lot.shards)
        return cls(lot.config, lot.split, len(lot.rows), len(lot.shards), whole, len(new), sum(new), lot.glob)


@dataclass(frozen=True, slots=True, repr=False)
class Delivery:
    """What was delivered; prints as a table.

    Attributes:
        place: The repository, folder or prefix.
        parts: Each split of each config.
        url: What shows it; None if nothing was changed there.
        estimated: Whether the figures follow from the listing alone, since nothing is built yet.
    """

    place: str
    parts: tuple[SplitStats, ...]
    url: str | None
    estimated: bool

    def __repr__(self) -> str:
        parts = ", ".join(f"{part.config}/{part.split} {part.rows:,} rows" for part in self.parts)
        files, new = (sum(getattr(part, name) for part in self.parts) for name in ("files", "new_files"))
        size = tables.amount(sum(part.bytes for part in self.parts))
        return f"Delivery({self.place!r}: {parts}; {files:,} files, {new:,} of them new, {size})"

    def __str__(self) -> str:
        header = ["config/split", "rows", "files", "size", "new files", "new size"]
        rows = [
            [
                *(f"{part.config}/{part.split}", part.rows),
                *(part.files, tables.amount(part.bytes)),
                *(part.new_files, tables.amount(part.new_bytes)),
            ]
            for part in self.parts
        ]
        return tables.table(header, rows)

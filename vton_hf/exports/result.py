"""What an export did, or would do."""

from dataclasses import dataclass

from vton_hf._core.units import amount
from vton_hf.exports.plan import SplitPlan
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
        glob: Matches its files, below the destination.
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
    def of(cls, plan: SplitPlan) -> "SplitStats":
        """Count what a split holds, and what of it is new."""
        new, table = plan.new_files, plan.table
        return cls(
            config=table.config,
            split=table.split,
            rows=len(table),
            files=len(plan.files),
            bytes=sum(file.image_bytes for file in plan.files),
            new_files=len(new),
            new_bytes=sum(file.image_bytes for file in new),
            glob=plan.glob,
        )


@dataclass(frozen=True, slots=True, repr=False)
class ExportResult:
    """What was exported; prints as a table.

    Attributes:
        destination: The repository, folder or prefix; also by its former name `place`.
        parts: Each split of each config.
        url: What shows it: the commit, the folder; None if nothing was changed there.
        estimated: Whether the figures follow from the listing alone, since nothing is built yet.
    """

    destination: str
    parts: tuple[SplitStats, ...]
    url: str | None
    estimated: bool

    @property
    def commit_url(self) -> str | None:
        """The commit on the Hub; None if nothing was changed, or the destination is no repository."""
        return self.url if self.url and "/commit/" in self.url else None

    @property
    def place(self) -> str:
        """The destination."""
        return self.destination

    def __repr__(self) -> str:
        parts = ", ".join(f"{part.config}/{part.split} {part.rows:,} rows" for part in self.parts)
        files, new = (sum(getattr(part, name) for part in self.parts) for name in ("files", "new_files"))
        size = amount(sum(part.bytes for part in self.parts))
        return f"ExportResult({self.destination!r}: {parts}; {files:,} files, {new:,} of them new, {size})"

    def __str__(self) -> str:
        header = ["config/split", "rows", "files", "size", "new files", "new size"]
        rows = [
            [
                *(f"{part.config}/{part.split}", part.rows),
                *(part.files, amount(part.bytes)),
                *(part.new_files, amount(part.new_bytes)),
            ]
            for part in self.parts
        ]
        return tables.table(header, rows)

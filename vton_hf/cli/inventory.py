"""The datasets in a cache, as people know them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from vton_hf._core.units import amount
from vton_hf.cache import BuildRecord, CacheDir, modified, names_of, read_report
from vton_hf.mixing import epoch_length
from vton_hf.report import tables


@dataclass(frozen=True, slots=True)
class Kept:
    """One dataset. Of one that an earlier version remembered only some is known, until it is loaded again.

    Attributes:
        config: Its config.
        prefixes: Where its triplets lie.
        options: Those that are not the default.
        rows: Of an epoch; None if that is not known.
        bytes: Of all files that it needs, those that it shares with others included.
        last_used: When it was last built or loaded.
    """

    config: str
    prefixes: Sequence[str]
    options: Sequence[str]
    rows: int | None
    bytes: int
    last_used: str


def inventory(cache_dir: CacheDir, sizes: Mapping[str, int]) -> list[Kept]:
    """The datasets, the last used first.

    Args:
        cache_dir: The cache.
        sizes: Bytes of what lies in it, by name.
    """
    records = sorted(cache_dir.datasets(), key=lambda each: modified(each[0]), reverse=True)
    return [_kept(cache_dir, path, record, sizes) for path, record in records]


def table(kept: Sequence[Kept]) -> str:
    """A line for each; one for those that differ in how their store was reached."""
    shown: dict[str, Kept] = {}
    for each in kept:
        shown.setdefault(repr(replace(each, last_used="")), each)
    kept = list(shown.values())
    header = ["config", "rows", "size", "last used"]
    rows = [["-" if each.rows is None else each.rows, amount(each.bytes), each.last_used[:16]] for each in kept]
    lines = tables.table(header, [[each.config, *row] for each, row in zip(kept, rows, strict=True)]).splitlines()
    where = ["prefixes and options", *(" ".join([*each.prefixes, *each.options]) for each in kept)]
    return "\n".join(f"{line}  {text}".rstrip() for line, text in zip(lines, where, strict=True))


def _kept(cache_dir: CacheDir, path: Path, record: BuildRecord, sizes: Mapping[str, int]) -> Kept:
    about = record.about
    return Kept(
        # .../hard-3f2a9c01/0.0.0/vton_hf-...json
        config=about.get("config", path.parts[-3].partition("-")[0]),
        prefixes=about.get("prefixes", ()),
        options=about.get("options", ()),
        rows=_rows(cache_dir, record),
        bytes=sum(sizes.get(name, 0) for name in names_of(record)),
        last_used=datetime.fromtimestamp(modified(path), UTC).astimezone().isoformat(" ", "seconds"),
    )


def _rows(cache_dir: CacheDir, record: BuildRecord) -> int | None:
    about = record.about
    if about.get("mixing") != "exact" or about.get("splits"):
        return None
    pools = {name: sum(_triplets(cache_dir, chunk) for chunk in chunks) for name, chunks in record.chunks.items()}
    sizes = pools or about["triplets"]
    drawn = [name for name, weight in about["weights"].items() if weight]
    # A pool may be empty, as chunks may be gone.
    return (
        epoch_length(sizes, about["weights"], about["epoch_size"]) if all(sizes.get(name) for name in drawn) else None
    )


def _triplets(cache_dir: CacheDir, chunk: str) -> int:
    report = read_report(cache_dir.chunks / chunk)
    return report.rows if report else 0

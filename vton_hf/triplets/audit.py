"""What a listing held that no dataset will: every key that was left out, with the reason."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

logger = logging.getLogger("vton_hf")

INCOMPLETE: Final = "incomplete"
AMBIGUOUS_CLOTH: Final = "ambiguous cloth"
UNKNOWN_NAME: Final = "unknown name"
NO_DIFFICULTY: Final = "no difficulty"
ZERO_BYTES: Final = "zero bytes"
DUPLICATE: Final = "duplicate"
EXCLUDED: Final = "excluded"
FOLDER_MARKER: Final = "folder marker"
HIDDEN: Final = "hidden"

REASONS: Final = {
    INCOMPLETE: "its triplet lacks another image",
    AMBIGUOUS_CLOTH: "another garment of the same stem was taken",
    UNKNOWN_NAME: "the key names no image of a triplet",
    NO_DIFFICULTY: "no folder of the key is called easy, medium or hard",
    ZERO_BYTES: "the object is empty",
    DUPLICATE: "the same image of the same stem under another extension was taken",
    EXCLUDED: "left out by exclude=",
    HIDDEN: "its name or a folder of it begins with '.' or '__', or belongs to a file server; hidden=True takes it",
    FOLDER_MARKER: "not a file: the empty object by which a store shows a folder",
}

SCHEMA: Final = pa.schema(
    {
        "reason": pa.string(),
        "uri": pa.string(),
        "folder": pa.string(),
        "stem": pa.string(),
        "detail": pa.string(),
    }
)
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Audit:
    """The keys that were left out.

    Attributes:
        table: One row a key: `reason` (one of `REASONS`), `uri`, and, where the key says so, `folder`,
            `stem` and a `detail` such as the roles that are missing.
        unmatched: The names in `exclude=` that match no triplet.
    """

    table: pa.Table
    unmatched: tuple[str, ...] = ()

    def counts(self) -> dict[str, int]:
        """Keys left out, by reason; reasons that did not occur are absent."""
        seen = {row["values"]: row["counts"] for row in pc.value_counts(self.table["reason"]).to_pylist()}
        return {reason: seen[reason] for reason in REASONS if reason in seen}

    def of(self, reason: str) -> list[dict[str, Any]]:
        """The rows of one reason, as dictionaries."""
        rows: list[dict[str, Any]] = self.table.filter(pc.equal(self.table["reason"], reason)).to_pylist()
        return rows

    def extended(self, rows: pa.Table) -> "Audit":
        """This audit and further rows of the same schema."""
        return replace(self, table=pa.concat_tables([self.table, rows.cast(SCHEMA)]))

    def messages(self, *, quiet: Sequence[str] = (FOLDER_MARKER,)) -> list[str]:
        """One line a reason: how many, why, and the first few; and one for names that match nothing.

        Args:
            quiet: Reasons that are worth none.
        """
        counts = self.counts()
        lines = [self._incomplete()] if INCOMPLETE in counts else []
        for reason, count in counts.items():
            if reason == INCOMPLETE or reason in quiet:
                continue
            rows = self.table.filter(pc.equal(self.table["reason"], reason)).slice(0, _SHOWN).to_pylist()
            first = ", ".join(row["uri"] for row in rows)
            lines.append(f"{count:,} {_keys(count)} left out, {reason}: {REASONS[reason]} (first: {first}).")
        if self.unmatched:
            first = ", ".join(self.unmatched[:_SHOWN])
            lines.append(f"{len(self.unmatched)} of the names in exclude= match no triplet (first: {first}).")
        return lines

    def _incomplete(self) -> str:
        rows = self.table.filter(pc.equal(self.table["reason"], INCOMPLETE))
        # Groups come in no order.
        stems = (
            rows.group_by(["folder", "stem", "detail"])
            .aggregate([])
            .sort_by([(name, "ascending") for name in ("folder", "stem")])
        )
        first = "; ".join(
            f"Incomplete triplet for stem {row['stem']!r} in {row['folder']}: {row['detail']}"
            for row in stems.slice(0, _SHOWN).to_pylist()
        )
        more = f"; and {stems.num_rows - _SHOWN:,} more" if stems.num_rows > _SHOWN else ""
        return f"{first}{more}. Left out: {rows.num_rows:,} {_keys(rows.num_rows)}."

    def log(self) -> None:
        """Warn of each on the `vton_hf` logger."""
        for line in self.messages(quiet=(FOLDER_MARKER, HIDDEN)):
            logger.warning("%s", line)


def _keys(count: int) -> str:
    return "key" if count == 1 else "keys"

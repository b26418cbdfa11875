"""What a listing held that no dataset will: every key that was left out, with the reason."""

from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core.units import number

INCOMPLETE: Final = "incomplete"
AMBIGUOUS_CLOTH: Final = "ambiguous cloth"
UNKNOWN_NAME: Final = "unknown name"
NO_DIFFICULTY: Final = "no difficulty"
ZERO_BYTES: Final = "zero bytes"
UNREADABLE: Final = "unreadable"
UNICODE_FORM: Final = "unicode form"
DUPLICATE: Final = "duplicate"
EXCLUDED: Final = "excluded"
HIDDEN: Final = "hidden"
FOLDER_MARKER: Final = "folder marker"

REASONS: Final = {
    INCOMPLETE: "its triplet lacks another image",
    AMBIGUOUS_CLOTH: "another garment of the same stem was taken; cloth='each' makes a triplet of each",
    UNKNOWN_NAME: "the key names no image of a triplet",
    NO_DIFFICULTY: "no folder of the key is called easy, medium or hard",
    ZERO_BYTES: "an image of the triplet is an empty object",
    UNREADABLE: "it cannot be read, or another image of its triplet cannot",
    UNICODE_FORM: "names that look alike are written in different Unicode forms (NFC and NFD); rename them to one",
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
SHOWN: Final = 3
"""Examples in a message."""


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

    @classmethod
    def nothing(cls) -> "Audit":
        """No key was left out."""
        return cls(SCHEMA.empty_table())

    def counts(self) -> dict[str, int]:
        """Keys left out, by reason; reasons that did not occur are absent."""
        counts = {row["values"]: row["counts"] for row in pc.value_counts(self.table["reason"]).to_pylist()}
        return {reason: counts[reason] for reason in REASONS if reason in counts}

    def of(self, reason: str) -> list[dict[str, Any]]:
        """The rows of one reason, as dictionaries."""
        rows: list[dict[str, Any]] = self.rows_of(reason).to_pylist()
        return rows

    def rows_of(self, reason: str) -> pa.Table:
        """The rows of one reason."""
        return self.table.filter(pc.equal(self.table["reason"], reason))

    def extended(self, rows: pa.Table) -> "Audit":
        """This audit and further rows of the same schema."""
        return replace(self, table=pa.concat_tables([self.table, rows.cast(SCHEMA)]))

    def messages(self) -> list[str]:
        """A paragraph a reason: how many, why, and the first few; and one for names that match nothing."""
        lines = []
        for reason, count in self.counts().items():
            keys = f"{count:,} {'key' if count == 1 else 'keys'} left out"
            if reason == INCOMPLETE:
                lines.append(f"{self.incomplete()} {keys}.")
            elif reason != FOLDER_MARKER:
                rows = self.rows_of(reason).slice(0, SHOWN).to_pylist()
                first = ", ".join(row["uri"] + (f" ({row['detail']})" if row["detail"] else "") for row in rows)
                lines.append(f"{keys}, {reason}: {REASONS[reason]} (first: {first}).")
        return [*lines, *self.strangers()]

    def incomplete(self) -> str:
        """Of the stems that lack an image the first few, what they lack, and how many more there are."""
        rows = self.rows_of(INCOMPLETE)
        # Groups come in no order.
        stems = (
            rows.group_by(["folder", "stem", "detail"])
            .aggregate([])
            .sort_by([(name, "ascending") for name in ("folder", "stem")])
        )
        first = ", ".join(
            f"{row['stem']!r} ({_tail(row['folder'])}: {row['detail']})" for row in stems.slice(0, SHOWN).to_pylist()
        )
        more = f" and {stems.num_rows - SHOWN:,} more" if stems.num_rows > SHOWN else ""
        return f"Incomplete triplet for stem {first}{more}."

    def strangers(self) -> list[str]:
        """A line for names that match nothing, if there are any."""
        first = ", ".join(self.unmatched[:SHOWN])
        text = f"exclude= holds {number(len(self.unmatched), 'name')} of no triplet (first: {first})."
        return [text] if self.unmatched else []


def _tail(folder: str) -> str:
    """The last two folders of a path, which say difficulty and gender; `scan --list` gives it in full."""
    return "/".join(folder.removesuffix("/").split("/")[-2:])

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
MISSING_FILE: Final = "missing file"
REPEATED_LINE: Final = "repeated line"
UNREADABLE_LINE: Final = "unreadable line"
NOT_LISTED: Final = "not listed"

REASONS: Final = {
    INCOMPLETE: "its triplet lacks another image",
    AMBIGUOUS_CLOTH: "another garment of the same stem was taken; cloth='each' makes a triplet of each",
    UNKNOWN_NAME: "the key names no image of a triplet",
    NO_DIFFICULTY: "no folder of the key is called easy, medium or hard; default_difficulty= gives it one",
    ZERO_BYTES: "an image of the triplet is an empty object",
    UNREADABLE: "it cannot be read, or another image of its triplet cannot",
    UNICODE_FORM: "names that look alike are written in different Unicode forms (NFC and NFD); rename them to one",
    DUPLICATE: "the same image of the same stem under another extension was taken",
    EXCLUDED: "left out by exclude=",
    HIDDEN: "its name or a folder of it begins with '.' or '__', or belongs to a file server; hidden=True takes it",
    MISSING_FILE: "a line names a picture that is not there",
    REPEATED_LINE: "a line before names the same pictures",
    UNREADABLE_LINE: "a line names no two pictures",
    NOT_LISTED: "no line of a table or a file of pairs names it",
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

_OF_LINES: Final = frozenset({MISSING_FILE, REPEATED_LINE, UNREADABLE_LINE})
"""Reasons of which a row is a line of a file, not a key."""


def rows_of(
    reason: str,
    uris: pa.Array | pa.ChunkedArray | str,
    detail: pa.Array | pa.ChunkedArray | str = "",
    folder: pa.Array | str = "",
    stem: pa.Array | str = "",
) -> pa.Table:
    """Rows of an audit for one reason; what is the same for all of them may be a text, but not all of it."""
    parts = {"uri": uris, "folder": folder, "stem": stem, "detail": detail}
    count = next(len(part) for part in parts.values() if not isinstance(part, str))
    parts = {
        name: pa.repeat(pa.scalar(part, pa.string()), count) if isinstance(part, str) else part
        for name, part in parts.items()
    }
    return pa.table({"reason": pa.repeat(pa.scalar(reason, pa.string()), count)} | parts, schema=SCHEMA)


@dataclass(frozen=True, slots=True)
class Seen:
    """A layout, and what it was known by.

    Attributes:
        layout: Its name.
        prefixes: Where it holds; empty for all of them.
        why: Folders and files that say so; empty where it was asked for.
        told: What should be known of how rows were found, as parts of a sentence.
        splits: Whether names of files or folders say splits.
    """

    layout: str
    prefixes: tuple[str, ...] = ()
    why: str = ""
    told: tuple[str, ...] = ()
    splits: bool = False

    def __str__(self) -> str:
        where = f"{', '.join(self.prefixes[:SHOWN])}{' ...' if len(self.prefixes) > SHOWN else ''}: "
        why = f" ({self.why})" if self.why else ""
        return (
            f"{where if self.prefixes else ''}layout {self.layout!r}{why}{''.join(f'; {each}' for each in self.told)}."
        )


@dataclass(frozen=True, slots=True)
class Audit:
    """The keys that were left out.

    Attributes:
        table: One row a key: `reason` (one of `REASONS`), `uri`, and, where the key says so, `folder`,
            `stem` and a `detail` such as the roles that are missing. Of a line of a file of pairs, or a row of a table,
            `uri` is that of the file.
        unmatched: The names in `exclude=` that match no triplet.
        seen: The layouts of the prefixes.
        nearest: Where nothing fits, which layout comes nearest.
        notes: What else should be known, as sentences.
    """

    table: pa.Table
    unmatched: tuple[str, ...] = ()
    seen: tuple[Seen, ...] = ()
    nearest: str = ""
    notes: tuple[str, ...] = ()

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
            keys = f"{number(count, 'line' if reason in _OF_LINES else 'key')} left out"
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

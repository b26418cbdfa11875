"""Findings as they are gathered, and as a table."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf.report.validation.catalogue import CHECKS, ERROR
from vton_hf.report.validation.measures import Measures, Rows

FINDING_SCHEMA: Final = pa.schema(
    {
        **dict.fromkeys(("check", "severity", "key", "uri"), pa.string()),
        **dict.fromkeys(("value", "threshold"), pa.float64()),
        "message": pa.string(),
    }
)
"""One row a finding: the triplet's key and the object's URI, empty where it concerns none; what was measured and from
where on it is found, null where there is no number; what was found and what to do."""

ONSET: Final = "onset"
"""The column, beside those, of the threshold up to which a finding is made; null where it is at any."""

_SCHEMA: Final = FINDING_SCHEMA.append(pa.field(ONSET, pa.float64()))


class Findings:
    """Findings about the rows of a manifest.

    Args:
        measures: Those rows, and what was measured of them.
        thresholds: By check.
    """

    def __init__(self, measures: Measures, thresholds: dict[str, float]) -> None:
        self.measures, self.thresholds = measures, thresholds
        self._tables: list[pa.Table] = []

    def add(
        self,
        check: str,
        rows: Rows,
        role: str | None,
        values: Any = None,
        say: Callable[[Any], str] | Sequence[str] | str = "",
        *,
        severity: str | None = None,
        threshold: float | None = None,
        onset: Any = None,
    ) -> None:
        """Note that triplets were found.

        Args:
            check: One of `CHECKS`.
            rows: Which of the manifest's.
            role: Whose image is at fault; None takes the target's URI, or the garment's where there is no target.
            values: Of each row, what was measured; None where there is no number.
            say: What is wrong, such as "it is dark": the same for all, one a row, or what makes it of a value.
            severity: If another than the check's.
            threshold: If another than the check's.
            onset: Of each row the check's threshold up to which it is found, NaN for any; None where it is the value.
        """
        if not len(rows):
            return
        numbers = [None] * len(rows) if values is None else np.asarray(values).tolist()
        texts = _texts(say, numbers)
        limit = self.thresholds.get(check) if threshold is None else threshold
        found = [number if isinstance(number, (int, float)) else None for number in numbers]
        self.extend(
            check=[check] * len(rows),
            severity=[severity or CHECKS[check].severity] * len(rows),
            key=self.measures.rows["key"].take(rows),
            uri=self._uris(role).take(rows),
            value=found,
            threshold=[limit] * len(rows),
            message=[f"{role or 'triplet'}: {text}. {CHECKS[check].advice}" for text in texts],
            onset=found if onset is None else [None if number != number else number for number in onset],  # noqa: PLR0124
        )

    def _uris(self, role: str | None) -> Any:
        rows = self.measures.rows
        return pc.coalesce(rows["try_on_image"], rows["cloth_image"]) if role is None else rows[role]

    def add_errors(self, check: str, rows: Rows, role: str, messages: Sequence[str]) -> None:
        """Note that images are of no use, in words that are whole already."""
        nothing = [None] * len(rows)
        self.extend(
            check=[check] * len(rows),
            severity=[ERROR] * len(rows),
            key=self.measures.rows["key"].take(rows),
            uri=self.measures.rows[role].take(rows),
            value=nothing,
            threshold=nothing,
            message=messages,
        )

    def extend(self, **columns: Sequence[Any]) -> None:
        """Add findings column by column; where it is not said, the onset is the value."""
        columns = {ONSET: columns["value"], **columns}
        self._tables.append(pa.table([_array(columns[field.name], field.type) for field in _SCHEMA], schema=_SCHEMA))

    def of(self, check: str) -> pa.Table:
        """Those of one check, with the column `ONSET`."""
        whole = pa.concat_tables([_SCHEMA.empty_table(), *self._tables])
        return whole.filter(pc.equal(whole["check"], check))

    def table(self) -> pa.Table:
        """All of them: by check as the catalogue has them, by key within one."""
        whole = pa.concat_tables([_SCHEMA.empty_table(), *self._tables]).select(FINDING_SCHEMA.names).combine_chunks()
        names = pa.array([*CHECKS, *(name for name in pc.unique(whole["check"]).to_pylist() if name not in CHECKS)])
        place = pc.index_in(whole["check"], names)
        ordered = whole.append_column("place", place).sort_by(
            [(name, "ascending") for name in ("place", "key", "uri", "message")]
        )
        return ordered.drop_columns(["place"])


def _texts(say: Callable[[Any], str] | Sequence[str] | str, numbers: Sequence[Any]) -> Sequence[str]:
    if isinstance(say, str):
        return [say] * len(numbers)
    return [say(number) for number in numbers] if callable(say) else say


def _array(values: Any, kind: pa.DataType) -> Any:
    return values.cast(kind) if isinstance(values, pa.ChunkedArray) else pa.array(values, kind)

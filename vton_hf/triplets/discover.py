"""A listing becomes triplets: columns in, columns out, however many keys there are."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf._core.checks import check_choice
from vton_hf._core.options import CLOTH_RULES
from vton_hf.naming import ROLES
from vton_hf.triplets import audit as reasons
from vton_hf.triplets.arrow_text import as_text, joined_tables
from vton_hf.triplets.audit import Audit
from vton_hf.triplets.build_manifest import TripletRows, build_manifest
from vton_hf.triplets.companions import companions_of
from vton_hf.triplets.difficulties import DifficultyRules
from vton_hf.triplets.facts import with_facts
from vton_hf.triplets.keys import Rows
from vton_hf.triplets.layouts import KINDS, VTON, Naming, Where, own
from vton_hf.triplets.manifest import Manifest
from vton_hf.triplets.metadata import Metadata
from vton_hf.triplets.parts import Native, Part, by_layout, recognised

_NO_RULES: Final = DifficultyRules()
_OWN: Final = Naming()


def discover(
    listing: pa.Table,
    *,
    cloth: str = "first",
    below: Sequence[str] = (),
    rules: DifficultyRules = _NO_RULES,
    naming: Naming = _OWN,
    metadata: Metadata | None = None,
    companions: Sequence[str] = (),
    needs_difficulty: bool = True,
) -> tuple[Manifest, Audit]:
    """Group a listing into complete triplets, and account for every key that is not part of one.

    Args:
        listing: `uri`, `size` (bytes; below 0 where it cannot be read) and `etag` (then why), sorted by `uri`.
        cloth: What several garments for one stem mean: one of `CLOTH_RULES`.
        below: The prefixes, below which what is hidden is left out; without any it is taken.
        rules: The difficulty of what nothing else says one of.
        naming: How images may be named; without it as the bucket's own grammar has it.
        metadata: What a table says of triplets.
        companions: Columns of files beside the images that are images, too.
        needs_difficulty: Whether what is of no difficulty is left out.

    Raises:
        LayoutError: If `cloth="error"` and a stem has several garments, or a layout does not fit.
    """
    check_choice("cloth", cloth, CLOTH_RULES)
    early = needs_difficulty and not (metadata and "difficulty" in metadata.given)
    parts, nearest = _parts(Native(listing, cloth, below, rules, early), naming)
    rows, columns = TripletRows.joined([part.rows for part in parts]), _columns(parts)
    left_out = [table for part in parts for table in part.left_out]
    if not early or columns is not None:
        rows, kept = _with_difficulties(listing, rows, metadata, rules, needed=needs_difficulty)
        left_out += _nowhere(listing, rows.where(~kept))
        rows, columns = rows.where(kept), columns and columns.filter(pa.array(kept))
    further, columns = companions_of(listing, columns, companions)
    manifest, order = build_manifest(listing, rows, further)
    manifest = manifest.with_columns(columns and columns.take(pa.array(order)))
    audit = Audit(pa.concat_tables(left_out), seen=tuple(part.seen for part in parts), nearest=nearest)
    return (manifest, audit) if metadata is None else _joined(manifest, audit, metadata)


def _parts(native: Native, naming: Naming) -> tuple[list[Part], str]:
    if naming.layout is own(VTON) or naming.read is None:
        return [native.part()], ""
    where = Where(naming.prefixes, native.below, native.cloth, naming.read)
    if naming.layout is None:
        return recognised(native, where)
    part, nearest = by_layout(native.listing, naming.layout, where)
    return [part], nearest


def _columns(parts: Sequence[Part]) -> pa.Table | None:
    """What is known of all rows beside a manifest's own columns; None if that is nothing."""
    if all(part.columns is None for part in parts):
        return None
    own_kind = KINDS[0]
    tables = [
        pa.table({"kind": pa.repeat(pa.scalar(own_kind, pa.string()), len(part.rows))})
        if part.columns is None
        else part.columns
        for part in parts
    ]
    return joined_tables(tables)


def _with_difficulties(
    listing: pa.Table, rows: TripletRows, metadata: Metadata | None, rules: DifficultyRules, *, needed: bool
) -> tuple[TripletRows, NDArray[np.bool_]]:
    """The same rows with what a table and rules say of difficulty and gender; and which are of use."""
    keys = rows.garments
    if metadata is not None and metadata.given:
        places = metadata.places(keys.stem, [_uris(listing, each) for each in _images(rows)])
        keys = with_facts(keys, metadata.facts(places), first=False)
    keys = keys.with_difficulties(rules)
    given = pc.binary_length(keys.column("difficulty")).to_numpy() > 0
    return rows.of(keys), given if needed else np.ones(len(rows), bool)


def _images(rows: TripletRows) -> tuple[Rows, Rows, Rows]:
    """The listing's rows of the images, in the order of `ROLES`."""
    return rows.persons, rows.garments.row, rows.targets


def _uris(listing: pa.Table, rows: Rows) -> pa.Array:
    return listing["uri"].take(pa.array(rows, mask=rows < 0)).combine_chunks()


def _nowhere(listing: pa.Table, rows: TripletRows) -> list[pa.Table]:
    """Rows of an audit for the images of rows that are of no difficulty."""
    parts = []
    for images in _images(rows):
        there = pa.array(images >= 0)
        uris, keys = _uris(listing, images).filter(there), rows.garments
        folder, stem = keys.column("folder").filter(there), keys.stem.filter(there)
        parts.append(reasons.rows_of(reasons.NO_DIFFICULTY, uris, "", folder, stem))
    return parts


def _joined(manifest: Manifest, audit: Audit, metadata: Metadata) -> tuple[Manifest, Audit]:
    """A manifest with the columns of a table, which come first where both have one; and what has no counterpart."""
    table, columns = manifest.table, manifest.columns
    stems, keys = table["stem"].combine_chunks(), table["key"].combine_chunks()
    places = metadata.places(stems, [table[role].combine_chunks() for role in ROLES], keys)
    note, more = metadata.note(places), metadata.columns(places)
    both = {} if columns is None else {name: columns[name] for name in columns.column_names}
    for name, column in zip(more.column_names, more.columns, strict=True) if more is not None else ():
        both[name] = column if name not in both else _filled(column, both[name])
    return manifest.with_columns(pa.table(both) if both else None), replace(audit, notes=(note,) if note else ())


def _filled(column: pa.Array, other: pa.Array) -> pa.Array:
    """A column, and where it says nothing another one; of two types both as texts."""
    if column.type != other.type:
        column, other = as_text(column), as_text(other)
    return pc.coalesce(column, other)

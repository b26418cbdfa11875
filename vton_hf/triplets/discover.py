"""A listing becomes triplets: columns in, columns out, however many keys there are."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf.errors import ConfigError, LayoutError
from vton_hf.naming import (
    AUTHORITY_PATTERN,
    CLOTH_MARK,
    DIFFICULTY_PATTERN,
    GENDER_PATTERN,
    KEY_PATTERN,
    NAME_PATTERNS,
    ROLES,
    cloth_splits,
)
from vton_hf.triplets import audit as reasons
from vton_hf.triplets.audit import Audit
from vton_hf.triplets.manifest import SCHEMA, Manifest, hash_strings

CLOTH_RULES: Final = ("first", "each", "error")
_CLOTH: Final = "cloth_image"
_Rows = np.ndarray[tuple[int], np.dtype[np.int64]]


def discover(listing: pa.Table, *, cloth: str = "first") -> tuple[Manifest, Audit]:
    """Group a listing into complete triplets.

    A stem is identified within its own folder: the same `001` under female and male is two triplets.

    Args:
        listing: `uri` (string), `size` (int64, bytes), `etag` (string), sorted by `uri`.
        cloth: What several garments for one stem mean: `"first"` takes the first in key order, `"each"`
            makes a triplet of each, `"error"` refuses.

    Returns:
        The complete triplets, and every key that is not part of one.

    Raises:
        ConfigError: If `cloth` is none of the three.
        LayoutError: If `cloth="error"` and a stem has several garments.
    """
    if cloth not in CLOTH_RULES:
        raise ConfigError(f"cloth={cloth!r} is not known. Allowed: {', '.join(map(repr, CLOTH_RULES))}.")
    images, left_out = _read_keys(listing)
    images = _resolve_stems(images)
    codes = pc.dictionary_encode(_identity(images)).combine_chunks()
    images, codes, duplicates = _drop_duplicates(images, codes.indices.to_numpy())
    persons, cloths, targets = (_rows_by_code(images, codes, role) for role in ROLES)
    several = _further_cloths(images, codes, cloths)
    if cloth == "error" and len(several):
        raise LayoutError(_several_cloths_message(images, several))
    chosen = _rows_of(images, _CLOTH) if cloth == "each" else cloths[cloths >= 0]
    chosen = chosen[(persons[codes[chosen]] >= 0) & (targets[codes[chosen]] >= 0)]
    whole = (persons >= 0) & (cloths >= 0) & (targets >= 0)
    manifest = _manifest(images, codes, chosen, persons, targets, names_garment=cloth == "each")
    left_out += [duplicates, _incomplete(images, codes, (persons, cloths, targets))]
    if cloth == "first":
        left_out.append(_left_out(images.take(several[whole[codes[several]]]), reasons.AMBIGUOUS_CLOTH))
    return manifest, Audit(pa.concat_tables(left_out))


def _read_keys(listing: pa.Table) -> tuple[pa.Table, list[pa.Table]]:
    """Read every key; give the images and, apart, the keys that are none."""
    place = pc.extract_regex(listing["uri"], KEY_PATTERN)
    columns = {name: pc.struct_field(place, name) for name in ("folder", "role", "name")}
    table = pa.table({**{name: listing[name] for name in ("uri", "size", "etag")}, **columns})
    table = _with_names(table)
    table = _with_folders(table)
    marker = pc.ends_with(table["uri"], "/")
    known = pc.is_valid(table["stem"])
    placed = pc.not_equal(pc.fill_null(table["difficulty"], ""), "")
    filled = pc.greater(table["size"], 0)
    tests = [
        (reasons.FOLDER_MARKER, marker),
        (reasons.UNKNOWN_NAME, pc.invert(known)),
        (reasons.NO_DIFFICULTY, pc.invert(placed)),
        (reasons.ZERO_BYTES, pc.invert(filled)),
    ]
    left_out, still = [], pa.chunked_array([np.ones(table.num_rows, dtype=bool)])
    for reason, test in tests:
        left_out.append(_left_out(table.filter(pc.and_(still, test)), reason))
        still = pc.and_(still, pc.invert(test))
    return table.filter(still), left_out


def _with_names(table: pa.Table) -> pa.Table:
    """Add `stem` (null where the name does not fit its role) and `garment`."""
    stem = pa.nulls(table.num_rows, pa.string())
    garment = pa.array([""], pa.string()).take(pa.array(np.zeros(table.num_rows, dtype=np.int64)))
    for role, pattern in NAME_PATTERNS.items():
        here = pc.fill_null(pc.equal(table["role"], role), False)
        parts = pc.extract_regex(table["name"], pattern)
        stem = pc.if_else(here, pc.struct_field(parts, "stem"), stem)
        if role == _CLOTH:
            garment = pc.if_else(here, pc.struct_field(parts, "garment"), garment)
    return table.append_column("stem", stem).append_column("garment", garment)


def _with_folders(table: pa.Table) -> pa.Table:
    """Add `difficulty` and `gender`. Folders are few, so each is read once and its rows point to it."""
    encoded = pc.dictionary_encode(table["folder"]).combine_chunks()
    folders = pc.replace_substring_regex(encoded.dictionary, AUTHORITY_PATTERN, "")
    for name, pattern in (("difficulty", DIFFICULTY_PATTERN), ("gender", GENDER_PATTERN)):
        found = pc.struct_field(pc.extract_regex(folders, pattern), name)
        table = table.append_column(name, pc.fill_null(pc.utf8_lower(found), "").take(encoded.indices))
    return table


def _resolve_stems(images: pa.Table) -> pa.Table:
    """Where a garment's name holds `_cloth_` twice, take the longest stem that a person has."""
    # Two marks may share an underscore, and Arrow counts what does not overlap.
    marks = pc.count_substring(images["name"], CLOTH_MARK.rstrip("_"))
    unsure = np.flatnonzero(pc.and_(pc.equal(images["role"], _CLOTH), pc.greater(marks, 1)).to_numpy())
    if not len(unsure):
        return images
    persons = images.filter(pc.equal(images["role"], "initial_image"))
    rows = images.take(unsure).select(["folder", "name"]).to_pylist()
    options = [cloth_splits(row["name"].rpartition(".")[0]) for row in rows]
    wanted = [row["folder"] + stem for row, splits in zip(rows, options, strict=True) for stem, _ in splits]
    known = iter(pc.is_in(pa.array(wanted, pa.string()), _identity(persons).combine_chunks()).to_pylist())
    stems, garments = (
        images["stem"].to_pandas().to_numpy(copy=True),
        images["garment"].to_pandas().to_numpy(copy=True),
    )
    for index, splits in zip(unsure, options, strict=True):
        fitting = [split for split in splits if next(known)]
        if fitting:
            stems[index], garments[index] = fitting[0]
    position = images.schema.get_field_index
    images = images.set_column(position("stem"), "stem", pa.array(stems, pa.string()))
    return images.set_column(position("garment"), "garment", pa.array(garments, pa.string()))


def _identity(images: pa.Table) -> pa.ChunkedArray:
    """Folder and stem; a folder ends in a slash and a stem holds none, so no two of them run together."""
    return pa.chunked_array(pc.binary_join_element_wise(images["folder"], images["stem"], "").chunks, pa.string())


def _drop_duplicates(images: pa.Table, codes: _Rows) -> tuple[pa.Table, _Rows, pa.Table]:
    """Keep the first of `001_person.jpg` and `001_person.png` (in key order)."""
    same = pa.table({"code": codes, "role": images["role"], "garment": images["garment"], "row": np.arange(len(codes))})
    first = same.group_by(["code", "role", "garment"], use_threads=False).aggregate([("row", "min")])
    keep = np.zeros(len(codes), dtype=bool)
    keep[first["row_min"].to_numpy()] = True
    return images.filter(keep), codes[keep], _left_out(images.filter(~keep), reasons.DUPLICATE)


def _rows_of(images: pa.Table, role: str) -> _Rows:
    return np.flatnonzero(pc.equal(images["role"], role).to_numpy())


def _rows_by_code(images: pa.Table, codes: _Rows, role: str) -> _Rows:
    """For each identity, the first row of that role, or -1."""
    found = np.full(int(codes.max(initial=-1)) + 1, -1, dtype=np.int64)
    rows = _rows_of(images, role)[::-1]
    found[codes[rows]] = rows
    return found


def _further_cloths(images: pa.Table, codes: _Rows, cloths: _Rows) -> _Rows:
    rows = _rows_of(images, _CLOTH)
    further: _Rows = rows[cloths[codes[rows]] != rows]
    return further


def _several_cloths_message(images: pa.Table, several: _Rows) -> str:
    row = images.take(several[:1]).to_pylist()[0]
    return (
        f"Stem {row['stem']!r} has several garments, one of them {row['uri']}; {len(several):,} such in all. "
        f"Allowed are cloth='first' (take the first in key order), "
        f"cloth='each' (a triplet for each garment), or one garment a stem."
    )


def _incomplete(images: pa.Table, codes: _Rows, by_role: tuple[_Rows, _Rows, _Rows]) -> pa.Table:
    """The rows whose identity lacks a role, each with the missing roles named."""
    missing = np.sum([(rows < 0).astype(np.int64) << bit for bit, rows in enumerate(by_role)], axis=0)
    rows = np.flatnonzero(missing[codes] != 0)
    texts = ["missing " + ", ".join(role for bit, role in enumerate(ROLES) if mask >> bit & 1) for mask in range(8)]
    details = pa.array(texts).take(pa.array(missing[codes[rows]]))
    return _left_out(images.take(rows), reasons.INCOMPLETE, details)


def _left_out(rows: pa.Table, reason: str, details: pa.Array | None = None) -> pa.Table:
    columns = {name: pc.fill_null(rows[name], "") for name in ("uri", "folder", "stem")}
    given = {
        "reason": [reason] * rows.num_rows,
        "detail": [""] * rows.num_rows if details is None else details,
    }
    return pa.table({**given, **columns}).select(reasons.SCHEMA.names).cast(reasons.SCHEMA)


def _manifest(
    images: pa.Table, codes: _Rows, cloths: _Rows, persons: _Rows, targets: _Rows, *, names_garment: bool
) -> Manifest:
    """One row for each of the given garments, with its person and its target."""
    rows = {"initial_image": persons[codes[cloths]], _CLOTH: cloths, "try_on_image": targets[codes[cloths]]}
    parts = {role: images.take(index) for role, index in rows.items()}
    garments = parts[_CLOTH]
    columns = {name: garments[name] for name in ("difficulty", "gender", "stem", "garment")}
    for role, part in parts.items():
        columns |= {role: part["uri"], f"{role}_size": part["size"], f"{role}_etag": part["etag"]}
    identity = _identity(garments)
    if names_garment:
        identity = pc.binary_join_element_wise(identity, garments["garment"], "/")
    columns["key"] = _keys(garments, cloths_of=codes[cloths])
    columns["place"] = hash_strings(identity)
    # The key is among them: it is stored with the images, and a namesake elsewhere changes it.
    facts = ["key", *(f"{role}{what}" for role in ROLES for what in ("", "_size", "_etag"))]
    strings = [columns[name].cast(pa.string()) for name in facts]
    columns["version"] = hash_strings(pc.binary_join_element_wise(identity, *strings, "\n"))
    table = pa.table(columns).select(SCHEMA.names).cast(SCHEMA)
    return Manifest(table.sort_by([(name, "ascending") for name in ("difficulty", "gender", "place", "cloth_image")]))


def _keys(garments: pa.Table, cloths_of: _Rows) -> pa.ChunkedArray:
    """`difficulty/gender/stem`, and what else it takes to be unique: the garment, then the folder."""
    place = pc.binary_join_element_wise(garments["difficulty"], garments["gender"], garments["stem"], "/")
    key = pc.replace_substring(place, "//", "/")
    several = np.bincount(cloths_of, minlength=1)[cloths_of] > 1
    with_garment = pc.binary_join_element_wise(key, garments["garment"], "/")
    key = pc.if_else(pa.array(several), with_garment, key)
    encoded = pc.dictionary_encode(key).combine_chunks().indices.to_numpy()
    clash = np.bincount(encoded, minlength=1)[encoded] > 1
    if clash.any():
        folders = [f"{mark:016x}"[:8] for mark in hash_strings(garments["folder"]).tolist()]
        key = pc.if_else(pa.array(clash), pc.binary_join_element_wise(key, pa.array(folders), "@"), key)
    return key

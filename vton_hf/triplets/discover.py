"""A listing becomes triplets: columns in, columns out, however many keys there are."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.errors import ConfigError, LayoutError
from vton_hf.naming import ROLES
from vton_hf.triplets import audit as reasons
from vton_hf.triplets.audit import Audit
from vton_hf.triplets.keys import CLOTH, Keys, Rows, read_keys
from vton_hf.triplets.manifest import Manifest
from vton_hf.triplets.stems import resolve_stems
from vton_hf.triplets.tabulate import Triplets, tabulate

CLOTH_RULES: Final = ("first", "each", "error")


def discover(listing: pa.Table, *, cloth: str = "first", below: Sequence[str] = ()) -> tuple[Manifest, Audit]:
    """Group a listing into complete triplets.

    A stem is identified within its own folder: the same `001` under female and male is two triplets.

    Args:
        listing: `uri` (string), `size` (int64, bytes), `etag` (string), sorted by `uri`.
        cloth: What several garments for one stem mean: `"first"` takes the first in key order, `"each"`
            makes a triplet of each, `"error"` refuses.
        below: The prefixes, below which what is hidden is left out; without any it is taken.

    Returns:
        The complete triplets, and every key that is not part of one.

    Raises:
        ConfigError: If `cloth` is none of the three.
        LayoutError: If `cloth="error"` and a stem has several garments.
    """
    if cloth not in CLOTH_RULES:
        raise ConfigError(f"cloth={cloth!r} is not known. Allowed: {', '.join(map(repr, CLOTH_RULES))}.")
    triplets, left_out = _group(listing, cloth, below)
    return tabulate(listing, triplets, names_garment=cloth == "each"), Audit(pa.concat_tables(left_out))


def _group(listing: pa.Table, cloth: str, below: Sequence[str]) -> tuple[Triplets, list[pa.Table]]:
    """What belongs together; and, apart, what belongs to nothing."""
    images, left_out = _images(listing, below)
    images = resolve_stems(images)
    codes = _codes(images)
    kept = _without_duplicates(images, codes)
    left_out.append(_left_out(listing, images.where(~kept), reasons.DUPLICATE))
    images, codes = images.where(kept), codes[kept]
    by_role = [_rows_by_code(images, codes, role) for role in range(len(ROLES))]
    cloths = np.flatnonzero(images.role == CLOTH)
    firsts = by_role[CLOTH][codes[cloths]] == cloths
    further = cloths[~firsts]
    if cloth == "error" and len(further):
        raise LayoutError(_several_cloths_message(listing, images, further))
    missing: NDArray[np.int8] = np.sum(
        [(rows < 0).astype(np.int8) << bit for bit, rows in enumerate(by_role)], axis=0, dtype=np.int8
    )
    left_out.append(_incomplete(listing, images, missing[codes]))
    if cloth == "first":
        ambiguous = images.take(further[missing[codes[further]] == 0])
        left_out.append(_left_out(listing, ambiguous, reasons.AMBIGUOUS_CLOTH))
        cloths = cloths[firsts]
    cloths = cloths[missing[codes[cloths]] == 0]
    persons, _, targets = (images.row[rows[codes[cloths]]] for rows in by_role)
    several = np.bincount(codes[cloths], minlength=1)[codes[cloths]] > 1
    return Triplets(images.take(cloths), persons, targets, several), left_out


def _images(listing: pa.Table, below: Sequence[str]) -> tuple[Keys, list[pa.Table]]:
    """The keys that name an image with bytes of a difficulty; and, apart, the others."""
    keys = read_keys(listing["uri"], below)
    tests = [
        (reasons.HIDDEN, keys.hidden),
        (reasons.FOLDER_MARKER, pc.ends_with(listing["uri"], "/").to_numpy()),
        (reasons.UNKNOWN_NAME, pc.binary_length(keys.stem).to_numpy() == 0),
        (reasons.NO_DIFFICULTY, (pc.binary_length(keys.folders["difficulty"]).to_numpy() == 0)[keys.folder]),
        (reasons.ZERO_BYTES, listing["size"].to_numpy() <= 0),
    ]
    left_out, still = [], np.ones(len(keys.row), bool)
    for reason, test in tests:
        left_out.append(_left_out(listing, keys.where(still & test), reason))
        still &= ~test
    return keys.where(still), left_out


def _codes(images: Keys) -> NDArray[np.int32]:
    """A number for each identity, the same for all its images; [n]."""
    stems = images.stem.dictionary_encode()
    pairs = images.folder * np.int64(len(stems.dictionary)) + stems.indices.to_numpy()
    codes: NDArray[np.int32] = pa.array(pairs).dictionary_encode().indices.to_numpy()
    return codes


def _without_duplicates(images: Keys, codes: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which are kept: of `001_person.jpg` and `001_person.png` the first in key order; bool [n]."""
    slots = codes * np.int64(len(ROLES)) + images.role
    shared = np.flatnonzero(np.bincount(slots)[slots] > 1) if len(slots) else slots
    same = {"slot": slots[shared], "garment": images.garment.take(pa.array(shared)), "row": shared}
    firsts = pa.table(same).group_by(["slot", "garment"], use_threads=False).aggregate([("row", "min")])
    kept = np.ones(len(slots), bool)
    kept[shared] = False
    kept[firsts["row_min"].to_numpy()] = True
    return kept


def _rows_by_code(images: Keys, codes: NDArray[np.int32], role: int) -> Rows:
    """For each identity, the first image of that role, or -1."""
    found = np.full(int(codes.max(initial=-1)) + 1, -1, dtype=np.int64)
    rows = np.flatnonzero(images.role == role)[::-1]
    found[codes[rows]] = rows
    return found


def _several_cloths_message(listing: pa.Table, images: Keys, several: Rows) -> str:
    uri = listing["uri"][int(images.row[several[0]])].as_py()
    return (
        f"Stem {images.stem[int(several[0])].as_py()!r} has several garments, one of them {uri}; "
        f"{len(several):,} such in all. Allowed are cloth='first' (take the first in key order), "
        f"cloth='each' (a triplet for each garment), or one garment a stem."
    )


def _incomplete(listing: pa.Table, images: Keys, missing: NDArray[np.int8]) -> pa.Table:
    """The images whose identity lacks a role, each with the missing roles named."""
    rows = np.flatnonzero(missing)
    texts = ["missing " + ", ".join(role for bit, role in enumerate(ROLES) if mask >> bit & 1) for mask in range(8)]
    return _left_out(listing, images.take(rows), reasons.INCOMPLETE, pa.array(texts).take(pa.array(missing[rows])))


def _left_out(listing: pa.Table, keys: Keys, reason: str, details: pa.Array | None = None) -> pa.Table:
    count = len(keys.row)
    columns = {
        "reason": pa.repeat(reason, count),
        "uri": listing["uri"].take(pa.array(keys.row)),
        "folder": pc.if_else(pa.array(keys.role < 0), "", keys.said("folder")),
        "stem": keys.stem,
        "detail": pa.repeat("", count) if details is None else details,
    }
    return pa.table(columns, schema=reasons.SCHEMA)

"""Keys of the same folder and stem become a triplet, and an account of those that do not."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.errors import LayoutError
from vton_hf.naming import ROLES
from vton_hf.triplets import audit as reasons
from vton_hf.triplets.arrow_text import cut, edges, names_in
from vton_hf.triplets.build_manifest import TripletRows
from vton_hf.triplets.forms import other_forms
from vton_hf.triplets.gaps import ALL, Bits, Gaps
from vton_hf.triplets.keys import CLOTH, Keys, Rows

_EXPECTED: Final = pa.array(["expected STEM_person.png", "expected STEM_cloth_GARMENT.png", "expected STEM_vton.png"])


def group(listing: pa.Table, images: Keys, cloth: str, needed: int = ALL) -> tuple[TripletRows, list[pa.Table]]:
    """Put together what has folder and stem in common; gives, apart, what belongs to nothing.

    Args:
        listing: `uri`, `size` and `etag`, sorted by `uri`.
        images: The keys that name an image.
        cloth: What several garments for one stem mean, one of `CLOTH_RULES`.
        needed: The roles without which there is no row, as `bits_of` gives them.

    Raises:
        LayoutError: If `cloth="error"` and a stem has several garments.
    """
    codes = _codes(images)
    gaps, usable = _gaps(listing, images, codes, needed)
    left_out = [_unusable(listing, images.where(~usable), codes[~usable], gaps)]
    images, codes = images.where(usable), codes[usable]
    kept = _without_duplicates(images, codes)
    left_out.append(left_out_rows(listing, images.where(~kept), reasons.DUPLICATE))
    images, codes = images.where(kept), codes[kept]
    by_role = [_rows_by_code(images, codes, role, len(gaps)) for role in range(len(ROLES))]
    cloths = np.flatnonzero(images.role == CLOTH)
    firsts = by_role[CLOTH][codes[cloths]] == cloths
    further = cloths[~firsts]
    if cloth == "error" and len(further):
        raise LayoutError(_several_cloths_message(listing, images, further))
    whole = gaps.lacking == 0
    left_out.append(_incomplete(listing, images, codes, gaps))
    if cloth == "first":
        further = further[whole[codes[further]]]
        used = images.row[by_role[CLOTH][codes[further]]]
        details = pc.binary_join_element_wise(_names(listing, used), "was taken", " ")
        left_out.append(left_out_rows(listing, images.take(further), reasons.AMBIGUOUS_CLOTH, details))
        cloths = cloths[firsts]
    cloths = cloths[whole[codes[cloths]]]
    persons, _, targets = (_rows_at(images, rows[codes[cloths]]) for rows in by_role)
    several = np.bincount(codes[cloths], minlength=1)[codes[cloths]] > 1
    named = np.full(len(cloths), cloth == "each")
    return TripletRows(images.take(cloths), persons, targets, several, named), left_out


def images_of(listing: pa.Table, keys: Keys, *, needs_difficulty: bool = True) -> tuple[Keys, list[pa.Table]]:
    """The keys that name an image, and, apart, the others.

    Args:
        listing: What they were listed in.
        keys: All of them.
        needs_difficulty: Whether an image of no difficulty is none.
    """
    folder = pc.ends_with(listing["uri"], "/").to_numpy()[keys.row]
    denied = listing["size"].to_numpy()[keys.row] < 0
    nameless = pc.binary_length(keys.stem).to_numpy() == 0
    nowhere = pc.binary_length(keys.folders["difficulty"]).to_numpy() == 0 if needs_difficulty else None
    nothing = np.zeros(len(keys.row), bool)
    tests = [
        (reasons.HIDDEN, keys.hidden),
        (reasons.UNREADABLE, denied & (folder | nameless)),
        (reasons.FOLDER_MARKER, folder),
        (reasons.UNKNOWN_NAME, nameless),
        (reasons.NO_DIFFICULTY, nothing if nowhere is None else nowhere[keys.folder]),
    ]
    left_out, still = [], np.ones(len(keys.row), bool)
    for reason, test in tests:
        out = keys.where(still & test)
        left_out.append(left_out_rows(listing, out, reason, _about(listing, out, reason)))
        still &= ~test
    return keys.where(still), left_out


def _about(listing: pa.Table, keys: Keys, reason: str) -> pa.Array | None:
    """What else there is to say of keys that name no image."""
    if reason == reasons.UNREADABLE:
        return listing["etag"].take(pa.array(keys.row)).combine_chunks()
    if reason == reasons.UNKNOWN_NAME:
        return pc.fill_null(_EXPECTED.take(pa.array(keys.role, mask=keys.role < 0)), "")
    return None


def _codes(images: Keys) -> NDArray[np.int32]:
    """A number for each identity, the same for all its images; [n]."""
    stems = images.stem.dictionary_encode()
    pairs = images.folder * np.int64(len(stems.dictionary)) + stems.indices.to_numpy()
    codes: NDArray[np.int32] = pa.array(pairs).dictionary_encode().indices.to_numpy()
    return codes


def _rows_at(images: Keys, positions: Rows) -> Rows:
    """Their rows in the listing; -1 where there is no image."""
    rows: Rows = np.where(positions < 0, -1, images.row[positions]) if len(images.row) else positions
    return rows


def _gaps(listing: pa.Table, images: Keys, codes: NDArray[np.int32], needed: int) -> tuple[Gaps, NDArray[np.bool_]]:
    """The roles that each identity lacks, and which of the images have bytes; bool [n]."""
    sizes = listing["size"].to_numpy()[images.row]
    count = int(codes.max(initial=-1)) + 1

    def roles(which: NDArray[np.bool_]) -> Bits:
        present = np.zeros((count, len(ROLES)), bool)
        present[codes[which], images.role[which]] = True
        return np.packbits(present, axis=1, bitorder="little").ravel()

    return Gaps(sound=roles(sizes > 0), empty=roles(sizes == 0), denied=roles(sizes < 0), needed=needed), sizes > 0


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


def _rows_by_code(images: Keys, codes: NDArray[np.int32], role: int, count: int) -> Rows:
    """For each of so many identities, the first image of that role, or -1."""
    positions = np.full(count, -1, dtype=np.int64)
    rows = np.flatnonzero(images.role == role)[::-1]
    positions[codes[rows]] = rows
    return positions


def _several_cloths_message(listing: pa.Table, images: Keys, several: Rows) -> str:
    uri = listing["uri"][int(images.row[several[0]])].as_py()
    return (
        f"Stem {images.stem[int(several[0])].as_py()!r} has several garments, one of them {uri}; "
        f"{len(several):,} such in all. Allowed are cloth='first' (take the first in key order), "
        f"cloth='each' (a triplet for each garment), or one garment a stem."
    )


def _unusable(listing: pa.Table, images: Keys, codes: NDArray[np.int32], gaps: Gaps) -> pa.Table:
    """The images that have no bytes, or give none."""
    denied = pa.array(listing["size"].to_numpy()[images.row] < 0)
    why = listing["etag"].take(pa.array(images.row)).combine_chunks()
    reason = pc.if_else(denied, reasons.UNREADABLE, reasons.ZERO_BYTES)
    return left_out_rows(listing, images, reason, pc.if_else(denied, why, gaps.details(codes)))


def _incomplete(listing: pa.Table, images: Keys, codes: NDArray[np.int32], gaps: Gaps) -> pa.Table:
    """The images whose identity lacks a role, each with the reason and the roles named."""
    rows = np.flatnonzero(gaps.lacking[codes])
    partial = images.take(rows)
    reason, details = gaps.reasons(codes[rows]), gaps.details(codes[rows])
    forms = other_forms(images, codes, gaps.absent)
    if forms:
        written = pa.array([forms.get(code) for code in codes[rows].tolist()], pa.string())
        reason = pc.if_else(written.is_null(), reason, reasons.UNICODE_FORM)
        details = pc.coalesce(written, details)
    return left_out_rows(listing, partial, reason, details)


def _names(listing: pa.Table, rows: Rows) -> pa.StringArray:
    """What stands behind the last slash of some keys."""
    uris = listing["uri"].take(pa.array(rows)).combine_chunks()
    return cut(uris, names_in(uris), edges(uris)[1:])


def left_out_rows(listing: pa.Table, keys: Keys, reason: str | pa.Array, details: pa.Array | None = None) -> pa.Table:
    """Keys as rows of an audit."""
    count = len(keys.row)
    columns = {
        "reason": pa.repeat(reason, count) if isinstance(reason, str) else reason,
        "uri": listing["uri"].take(pa.array(keys.row)),
        "folder": pc.if_else(pa.array(keys.role < 0), "", keys.column("folder")),
        "stem": keys.stem,
        "detail": pa.repeat("", count) if details is None else details,
    }
    return pa.table(columns, schema=reasons.SCHEMA)

"""A listing becomes triplets: columns in, columns out, however many keys there are."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf._core.checks import check_choice
from vton_hf._core.options import CLOTH_RULES
from vton_hf.errors import LayoutError
from vton_hf.naming import ROLES
from vton_hf.triplets import audit as reasons
from vton_hf.triplets.arrow_text import cut, edges, names_in
from vton_hf.triplets.audit import Audit
from vton_hf.triplets.build_manifest import TripletRows, build_manifest
from vton_hf.triplets.difficulties import DifficultyRules
from vton_hf.triplets.forms import other_forms
from vton_hf.triplets.gaps import Bits, Gaps
from vton_hf.triplets.keys import CLOTH, Keys, Rows, read_keys
from vton_hf.triplets.manifest import Manifest
from vton_hf.triplets.stems import resolve_stems

_NO_RULES: Final = DifficultyRules()
_EXPECTED: Final = pa.array(["expected STEM_person.png", "expected STEM_cloth_GARMENT.png", "expected STEM_vton.png"])


def discover(
    listing: pa.Table, *, cloth: str = "first", below: Sequence[str] = (), rules: DifficultyRules = _NO_RULES
) -> tuple[Manifest, Audit]:
    """Group a listing into complete triplets.

    A stem is identified within its own folder: the same `001` under female and male is two triplets.

    Args:
        listing: `uri` (string), `size` (int64, bytes; below 0 where it cannot be read), `etag` (string; then why),
            sorted by `uri`.
        cloth: What several garments for one stem mean: `"first"` takes the first in key order, `"each"`
            makes a triplet of each, `"error"` refuses.
        below: The prefixes, below which what is hidden is left out; without any it is taken.
        rules: The difficulty of keys that say none.

    Returns:
        The complete triplets, and every key that is not part of one.

    Raises:
        ConfigError: If `cloth` is none of the three.
        LayoutError: If `cloth="error"` and a stem has several garments.
    """
    check_choice("cloth", cloth, CLOTH_RULES)
    triplets, left_out = _group(listing, cloth, read_keys(listing["uri"], below).with_difficulties(rules))
    return build_manifest(listing, triplets, names_garment=cloth == "each"), Audit(pa.concat_tables(left_out))


def _group(listing: pa.Table, cloth: str, keys: Keys) -> tuple[TripletRows, list[pa.Table]]:
    """What belongs together; and, apart, what belongs to nothing."""
    images, left_out = _images(listing, keys)
    images = resolve_stems(images)
    codes = _codes(images)
    gaps, usable = _gaps(listing, images, codes)
    left_out.append(_unusable(listing, images.where(~usable), codes[~usable], gaps))
    images, codes = images.where(usable), codes[usable]
    kept = _without_duplicates(images, codes)
    left_out.append(_left_out(listing, images.where(~kept), reasons.DUPLICATE))
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
        left_out.append(_left_out(listing, images.take(further), reasons.AMBIGUOUS_CLOTH, details))
        cloths = cloths[firsts]
    cloths = cloths[whole[codes[cloths]]]
    persons, _, targets = (images.row[rows[codes[cloths]]] for rows in by_role)
    several = np.bincount(codes[cloths], minlength=1)[codes[cloths]] > 1
    return TripletRows(images.take(cloths), persons, targets, several), left_out


def _images(listing: pa.Table, keys: Keys) -> tuple[Keys, list[pa.Table]]:
    """The keys that name an image of a difficulty; and, apart, the others."""
    folder = pc.ends_with(listing["uri"], "/").to_numpy()
    denied = listing["size"].to_numpy() < 0
    nameless = pc.binary_length(keys.stem).to_numpy() == 0
    nowhere = pc.binary_length(keys.folders["difficulty"]).to_numpy() == 0
    tests = [
        (reasons.HIDDEN, keys.hidden),
        (reasons.UNREADABLE, denied & (folder | nameless)),
        (reasons.FOLDER_MARKER, folder),
        (reasons.UNKNOWN_NAME, nameless),
        (reasons.NO_DIFFICULTY, nowhere[keys.folder]),
    ]
    left_out, still = [], np.ones(len(keys.row), bool)
    for reason, test in tests:
        out = keys.where(still & test)
        left_out.append(_left_out(listing, out, reason, _about(listing, out, reason)))
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


def _gaps(listing: pa.Table, images: Keys, codes: NDArray[np.int32]) -> tuple[Gaps, NDArray[np.bool_]]:
    """The roles that each identity lacks, and which of the images have bytes; bool [n]."""
    sizes = listing["size"].to_numpy()[images.row]
    count = int(codes.max(initial=-1)) + 1

    def roles(which: NDArray[np.bool_]) -> Bits:
        present = np.zeros((count, len(ROLES)), bool)
        present[codes[which], images.role[which]] = True
        return np.packbits(present, axis=1, bitorder="little").ravel()

    return Gaps(sound=roles(sizes > 0), empty=roles(sizes == 0), denied=roles(sizes < 0)), sizes > 0


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
    return _left_out(listing, images, reason, pc.if_else(denied, why, gaps.details(codes)))


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
    return _left_out(listing, partial, reason, details)


def _names(listing: pa.Table, rows: Rows) -> pa.StringArray:
    """What stands behind the last slash of some keys."""
    uris = listing["uri"].take(pa.array(rows)).combine_chunks()
    return cut(uris, names_in(uris), edges(uris)[1:])


def _left_out(listing: pa.Table, keys: Keys, reason: str | pa.Array, details: pa.Array | None = None) -> pa.Table:
    count = len(keys.row)
    columns = {
        "reason": pa.repeat(reason, count) if isinstance(reason, str) else reason,
        "uri": listing["uri"].take(pa.array(keys.row)),
        "folder": pc.if_else(pa.array(keys.role < 0), "", keys.column("folder")),
        "stem": keys.stem,
        "detail": pa.repeat("", count) if details is None else details,
    }
    return pa.table(columns, schema=reasons.SCHEMA)

"""The triplets of a listing that the options let through."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf._core.checks import check_choice
from vton_hf._core.options import CLOTH_RULES
from vton_hf._core.units import number
from vton_hf.errors import LayoutError
from vton_hf.naming import DIFFICULTY, ROLES
from vton_hf.triplets.asked import Exclude, check_gender, check_limit, read_names
from vton_hf.triplets.audit import EXCLUDED, SCHEMA, Audit
from vton_hf.triplets.difficulties import DifficultyRules
from vton_hf.triplets.discover import discover
from vton_hf.triplets.filters import check_where, wanted_rows
from vton_hf.triplets.layouts import VTON
from vton_hf.triplets.manifest import Manifest
from vton_hf.triplets.policy import TRAIN

RULES: Final = "6"
"""Part of the name under which a selection is kept; to be raised when the same listing gives others."""


def select_triplets(
    listing: pa.Table,
    *,
    exclude: Exclude | None = None,
    gender: str | Sequence[str] | None = None,
    limit: int | None = None,
    default_difficulty: str | None = None,
    difficulty_of: Mapping[str, str] | None = None,
    where: Mapping[str, Any] | None = None,
    mix_by: str = DIFFICULTY,
    **how: Any,
) -> tuple[Manifest, Audit]:
    """Discover the triplets, and keep those that were asked for; gives also every key that is not part of one.

    Args:
        listing: `uri`, `size` (bytes) and `etag`, sorted by `uri`.
        exclude: Keys to leave out, or a file that lists them.
        gender: One of `naming.GENDERS`, several, or None for all.
        limit: At most so many of each pool.
        default_difficulty: As of `DifficultyRules`.
        difficulty_of: The same.
        where: Columns with the values that are wanted.
        mix_by: The column whose values are pools; of another than the difficulty, triplets need none.
        **how: `cloth`, `below`, `naming` and `metadata` of `discover`.

    Raises:
        ConfigError: If an option makes no sense.
        LayoutError: If nothing is left.
    """
    rules, wanted = DifficultyRules.of(default_difficulty, difficulty_of), check_where(where)
    how |= {"rules": rules, "needs_difficulty": mix_by == DIFFICULTY}
    whole, audit = discover(listing, **how)
    kept, excluded, unknown = whole.without(exclude)
    audit = audit.extended(_excluded_keys(excluded, kept)) if excluded.num_rows else audit
    kept, note = _of_split(kept, audit, wanted)
    audit = replace(audit, unmatched=tuple(unknown), notes=(*audit.notes, *note))
    manifest = kept.where(wanted_rows(kept, wanted)).of_gender(gender).by(mix_by).limited(limit)
    if not len(manifest):
        raise LayoutError(_nothing_left(listing, whole, audit, gender, excluded.num_rows))
    return manifest, audit


def check_filters(
    *,
    cloth: str,
    exclude: Exclude | None,
    gender: str | Sequence[str] | None,
    limit: int | None,
    where: Mapping[str, Any] | None = None,
) -> None:
    """Refuse what `select_triplets` would refuse, before anything is listed.

    Raises:
        ConfigError: If an option makes no sense.
    """
    check_choice("cloth", cloth, CLOTH_RULES)
    read_names(exclude)
    check_gender(gender)
    check_limit(limit)
    check_where(where)


def _of_split(manifest: Manifest, audit: Audit, where: Mapping[str, Any]) -> tuple[Manifest, tuple[str, ...]]:
    """Without what files of pairs or folders say is for testing, unless that is asked for, or is all there is."""
    columns = manifest.columns
    if columns is None or "split" in where or not any(seen.splits for seen in audit.seen):
        return manifest, ()
    split, theirs = columns["split"].cast(pa.string()), _of_splits(manifest, audit)
    train = pc.fill_null(pc.equal(split, TRAIN), False).to_numpy() & theirs
    other = pc.is_valid(split).to_numpy() & theirs & ~train
    if not other.any() or not train.any():
        return manifest, ()
    splits = sorted(pc.unique(split.filter(pa.array(other))).to_pylist())
    one, taken = number(int(other.sum()), "triplet"), splits[0] if len(splits) == 1 else splits
    note = f"{one} of {' and '.join(splits)} not drawn; where={{'split': {taken!r}}} takes them."
    return manifest.where(~other), (note,)


def _of_splits(manifest: Manifest, audit: Audit) -> NDArray[np.bool_]:
    """Which triplets lie where names of files or folders say splits; a table's own column is no such name."""
    says: NDArray[np.bool_] = np.zeros(len(manifest), bool)
    for seen in (seen for seen in audit.seen if seen.splits):
        for prefix in seen.prefixes or ("",):
            says |= pc.starts_with(manifest.table["cloth_image"], prefix).to_numpy()
    return says


def _excluded_keys(triplets: pa.Table, kept: Manifest) -> pa.Table:
    """The keys that no kept triplet uses: with several garments, triplets share person and target."""
    parts = []
    for role in ROLES:
        gone = pc.invert(pc.is_in(triplets[role], kept.table[role].combine_chunks()))
        rows = triplets.filter(pc.and_(gone, pc.is_valid(triplets[role])))
        columns = {"reason": pa.repeat(EXCLUDED, rows.num_rows), "folder": pa.repeat("", rows.num_rows)}
        columns |= {"uri": rows[role], "stem": rows["stem"], "detail": rows["key"]}
        parts.append(pa.table(columns).select(SCHEMA.names))
    return pa.concat_tables(parts)


def _nothing_left(listing: pa.Table, manifest: Manifest, audit: Audit, gender: object, excluded: int) -> str:
    if len(manifest):
        genders = sorted(set(np.asarray(manifest.table["gender"]).tolist()))
        return (
            f"None of the {len(manifest):,} complete triplets is left: gender={gender!r} was asked for, the keys "
            f"say {', '.join(map(repr, genders))}; exclude= left out {excluded:,}."
        )
    expected = (
        "Expected .../easy|medium|hard/[female|male/] with "
        "initial_image/STEM_person.png, cloth_image/STEM_cloth_GARMENT.png and try_on_image/STEM_vton.png."
    )
    others = [str(seen) for seen in audit.seen if seen.layout != VTON]
    return f"No complete triplet among {number(listing.num_rows, 'key')}. {' '.join(others) or expected} " + " ".join(
        filter(None, [audit.nearest, *audit.messages()])
    )

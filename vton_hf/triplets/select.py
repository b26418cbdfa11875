"""The triplets of a listing that the options let through."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf._core.checks import check_choice
from vton_hf._core.options import CLOTH_RULES
from vton_hf.errors import LayoutError
from vton_hf.naming import ROLES
from vton_hf.triplets.audit import EXCLUDED, SCHEMA, Audit
from vton_hf.triplets.difficulties import DifficultyRules
from vton_hf.triplets.discover import discover
from vton_hf.triplets.manifest import Exclude, Manifest, check_gender, check_limit, read_names

RULES: Final = "3"
"""Part of the name under which a selection is kept; to be raised when the same listing gives others."""


def select_triplets(
    listing: pa.Table,
    *,
    cloth: str = "first",
    exclude: Exclude | None = None,
    gender: str | Sequence[str] | None = None,
    limit: int | None = None,
    below: Sequence[str] = (),
    default_difficulty: str | None = None,
    difficulty_of: Mapping[str, str] | None = None,
) -> tuple[Manifest, Audit]:
    """Discover the triplets, and keep those that were asked for.

    Args:
        listing: `uri`, `size` (bytes) and `etag`, sorted by `uri`.
        cloth: As in `discover`.
        exclude: Keys to leave out, or a file that lists them.
        gender: One of `naming.GENDERS`, several, or None for all.
        limit: At most so many of each difficulty.
        below: As in `discover`.
        default_difficulty: Of triplets whose key says none, and of which `difficulty_of` says nothing.
        difficulty_of: By the name of a folder, of triplets whose key says none.

    Returns:
        The triplets, and every key that is not part of one.

    Raises:
        ConfigError: If an option makes no sense.
        LayoutError: If nothing is left.
    """
    rules = DifficultyRules.of(default_difficulty, difficulty_of)
    whole, audit = discover(listing, cloth=cloth, below=below, rules=rules)
    kept, excluded, unknown = whole.without(exclude)
    if excluded.num_rows:
        audit = audit.extended(_excluded_keys(excluded, kept))
    audit = replace(audit, unmatched=tuple(unknown))
    manifest = kept.of_gender(gender).limited(limit)
    if not len(manifest):
        raise LayoutError(_nothing_left(listing, whole, audit, gender, excluded.num_rows))
    return manifest, audit


def check_filters(
    *, cloth: str, exclude: Exclude | None, gender: str | Sequence[str] | None, limit: int | None
) -> None:
    """Refuse what `select_triplets` would refuse, before anything is listed.

    Raises:
        ConfigError: If an option makes no sense.
    """
    check_choice("cloth", cloth, CLOTH_RULES)
    read_names(exclude)
    check_gender(gender)
    check_limit(limit)


def _excluded_keys(triplets: pa.Table, kept: Manifest) -> pa.Table:
    """The keys that no kept triplet uses: with several garments, triplets share person and target."""
    parts = []
    for role in ROLES:
        rows = triplets.filter(pc.invert(pc.is_in(triplets[role], kept.table[role].combine_chunks())))
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
    return (
        f"No complete triplet among {listing.num_rows:,} {'key' if listing.num_rows == 1 else 'keys'}. "
        f"Expected .../easy|medium|hard/[female|male/] with "
        f"initial_image/STEM_person.png, cloth_image/STEM_cloth_GARMENT.png and try_on_image/STEM_vton.png. "
        + " ".join(audit.messages())
    )

"""The parts of a listing by layout: the bucket's own grammar where it holds, other layouts below other prefixes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf._core.units import number
from vton_hf.naming import ROLES
from vton_hf.triplets.audit import SHOWN, UNKNOWN_NAME, Seen
from vton_hf.triplets.build_manifest import TripletRows
from vton_hf.triplets.difficulties import DifficultyRules
from vton_hf.triplets.group import group, images_of
from vton_hf.triplets.keys import Keys, Rows, read_keys
from vton_hf.triplets.layouts import VTON, Layout, Where, find_by_layout, find_recognised, nearest_miss
from vton_hf.triplets.stems import resolve_stems

_MANY: Final = 50
"""Prefixes: of more, not each is looked at by itself."""

_PAIR_FILE: Final = r"(?i)pair[^/]*\.txt$"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of some keys of a listing.

    Attributes:
        rows: Which images make them.
        columns: In line with them, what else is known; None of the bucket's own grammar.
        left_out: Rows of an audit.
        seen: How they were found.
    """

    rows: TripletRows
    columns: pa.Table | None
    left_out: list[pa.Table]
    seen: Seen


@dataclass(frozen=True)
class Native:
    """A listing by the bucket's own grammar.

    Attributes:
        listing: Of which.
        cloth: What several garments for one stem mean.
        below: The prefixes, below which what is hidden is left out.
        rules: The difficulty of keys that say none.
        needs_difficulty: Whether keys without one are left out before they are put together.
    """

    listing: pa.Table
    cloth: str
    below: Sequence[str]
    rules: DifficultyRules
    needs_difficulty: bool

    @cached_property
    def keys(self) -> Keys:
        """All of them."""
        keys = read_keys(self.listing["uri"], self.below)
        return keys.with_difficulties(self.rules) if self.needs_difficulty else keys

    @cached_property
    def folders(self) -> list[str]:
        """Those that hold well-named images of all three roles."""
        uris = self.listing["uri"]
        if not all(pc.any(pc.match_substring(uris, f"{role}/")).as_py() for role in ROLES):
            return []
        named = (self.keys.role >= 0) & (pc.binary_length(self.keys.stem).to_numpy() > 0)
        pairs = np.unique(self.keys.folder[named].astype(np.int64) * len(ROLES) + self.keys.role[named])
        folders, counts = np.unique(pairs // len(ROLES), return_counts=True)
        whole = pa.array(folders[counts == len(ROLES)])
        names: list[str] = self.keys.folders["folder"].take(whole).to_pylist()
        return names

    def holds(self, prefix: str) -> bool:
        """Whether such images lie below a prefix, or around it."""
        return any(folder.startswith(prefix) or prefix.startswith(folder) for folder in self.folders)

    @property
    def why(self) -> str:
        """What the grammar is known by."""
        count = len(self.folders)
        roles = f"{', '.join(f'{role}/' for role in ROLES[:-1])} and {ROLES[-1]}/"
        return f"{roles} below {number(count, 'folder')}" if count else ""

    def part(self, wanted: NDArray[np.bool_] | None = None, why: str = "") -> Part:
        """The rows of all keys, or of some."""
        keys = self.keys if wanted is None else self.keys.where(wanted)
        images, strangers = images_of(self.listing, keys, needs_difficulty=self.needs_difficulty)
        rows, left_out = group(self.listing, resolve_stems(images), self.cloth)
        return Part(
            rows, None, [*strangers, *left_out], Seen(VTON, why=why, told=_beside(strangers) if len(rows) else ())
        )


def _beside(strangers: Sequence[pa.Table]) -> tuple[str, ...]:
    """That files of pairs lie beside triplets, which say what belongs together themselves."""
    whole = pa.concat_tables(strangers)
    names = whole["uri"].filter(pc.equal(whole["reason"], UNKNOWN_NAME))
    names = names.filter(pc.match_substring_regex(names, _PAIR_FILE))
    if not len(names):
        return ()
    first = dict.fromkeys(uri.rpartition("/")[2] for uri in names.to_pylist())
    shown = f"{', '.join(list(first)[:SHOWN])}{' ...' if len(first) > SHOWN else ''}"
    are = "is" if len(first) == 1 else "are"
    return (f"{shown} beside the triplets {are} not read; layout= takes another layout",)


def by_layout(listing: pa.Table, layout: Layout, where: Where) -> tuple[Part, str]:
    """The rows of a listing by a layout that was asked for; and, if there are none, what comes nearest."""
    found = find_by_layout(listing, layout, where)
    nearest = "" if len(found.rows) else nearest_miss(listing["uri"], layout, where.below)
    seen = Seen(layout.name, told=tuple(found.remarks), splits=found.splits)
    return Part(found.rows, found.columns, found.left_out, seen), nearest


def recognised(native: Native, where: Where) -> tuple[list[Part], str]:
    """The parts of a listing, by the layout of each prefix; and, if some have none, which comes nearest.

    Raises:
        LayoutError: If one prefix holds two layouts.
    """
    others = _outermost([prefix for prefix in where.prefixes if not native.holds(prefix)])
    if not others:
        return [native.part(why=native.why)], ""
    each = [[prefix] for prefix in others] if len(others) <= _MANY else []
    parts, nearest, left = [], "", others
    for some in (*each, others):
        if not set(some) <= set(left):
            continue
        part = _of_prefixes(native.listing, tuple(some), where)
        if isinstance(part, str):
            nearest = nearest or part
            continue
        parts.append(part)
        left = [prefix for prefix in left if prefix not in some]
    if not parts:
        return [native.part()], nearest
    taken = _below(native.listing, [prefix for part in parts for prefix in part.seen.prefixes])
    if taken.all():
        return parts, nearest
    return [native.part(~taken, native.why), *parts], nearest


def _of_prefixes(listing: pa.Table, prefixes: tuple[str, ...], where: Where) -> Part | str:
    rows: Rows = np.flatnonzero(_below(listing, prefixes))
    some = listing.slice(int(rows[0]), len(rows)) if _is_range(rows) else listing.take(pa.array(rows))
    found = find_recognised(some, where)
    if isinstance(found, str):
        return found
    what, layout, why = found
    seen = Seen(layout.name, prefixes, why, tuple(what.remarks), what.splits)
    return Part(what.rows.within(rows), what.columns, what.left_out, seen)


def _is_range(rows: Rows) -> bool:
    return len(rows) > 0 and int(rows[-1]) - int(rows[0]) == len(rows) - 1


def _below(listing: pa.Table, prefixes: Sequence[str]) -> NDArray[np.bool_]:
    inside = np.zeros(listing.num_rows, bool)
    for prefix in prefixes:
        inside |= pc.starts_with(listing["uri"], prefix).to_numpy()
    return inside


def _outermost(prefixes: Sequence[str]) -> list[str]:
    """Those that lie below no other one."""
    kept: list[str] = []
    for prefix in sorted(set(prefixes)):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return kept

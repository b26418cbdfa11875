"""What splits come to, as a table: triplets and entities of each, and how many are in two."""

from collections.abc import Sequence

from vton_hf.report import tables
from vton_hf.triplets import TRIPLET, Assignment, plural, split_summary


def splits_table(found: Assignment, names: Sequence[str] | None = None) -> tuple[list[str], list[list[object]]]:
    """The header and the lines: shares, triplets, and entities of each kind; of all splits, or of these."""
    entities = {kind: counts for kind, counts in found.entities_by_split().items() if kind != TRIPLET}
    rest = 1 - sum(found.policy.shares.values())
    lines: list[list[object]] = [
        [name, f"{found.policy.shares.get(name, rest):.3g}", count, *(entities[kind][name] for kind in entities)]
        for name, count in found.counts.items()
        if names is None or name in names
    ]
    out = found.joining + found.unknown
    blank = [""] * len(entities)
    return ["split", "share", "triplets", *map(plural, entities)], [
        *lines,
        *([["in none", "", out, *blank]] if out else []),
        ["in two or more", "", 0, *(found.shared()[kind] for kind in entities)],
    ]


def splits_text(found: Assignment, file: str, names: Sequence[str]) -> str:
    """The same for a card, with the policy and the file that says it of every triplet."""
    shared = {kind: count for kind, count in found.shared().items() if count}
    kept = _listed([f"no {kind}" for kind in found.shared() if kind not in shared])
    proof = f"By count, triplet by triplet, {kept or 'nothing'} is in two splits."
    if shared:
        proof += f" In two are {_listed([f'{count:,} {plural(kind)}' for kind, count in shared.items()])}."
    way = "What a split manifest held stayed" if found.policy.pinned else "Each goes where the hash of its name says"
    way += f"; `{file}` says it of every triplet, and `splits=` takes that."
    return f"{split_summary(found)} {proof} {way}\n\n{tables.markdown(*splits_table(found, names))}"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))

"""Checks of images against all others: the same file, nearly the same picture, and what a garment is called."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.naming import ROLES
from vton_hf.report.validation.catalogue import CHECKS, MOST_BITS, NOTE, thresholds_of
from vton_hf.report.validation.findings import FINDING_SCHEMA, Findings
from vton_hf.report.validation.measures import Measures
from vton_hf.report.validation.neighbours import Pairs, complete_groups, near_pairs
from vton_hf.report.validation.uses import Uses

_GARMENT, _TARGET = ROLES[1:]

_LIGHTER: Final = 12
"""Levels of 255 by which a copy may be brighter as a whole."""

_OTHERWISE: Final = 10
"""Levels by which any of 16 cells may differ beside that: two shirts of one cut have the same hashes."""

_SHOWN: Final = 3


def check_duplicates(findings: Findings, names: Sequence[str], *, identified: bool) -> bool:
    """Find images that stand several times in the data.

    Args:
        findings: Where to.
        names: Of each triplet its garment.
        identified: Whether those are identities, and not the kind of garment that a file's name says.

    Returns:
        Whether all near duplicates were found.
    """
    uses = Uses.of(findings.measures)
    exact = _exact_groups(findings.measures)
    _tell(findings, "exact-duplicate", exact, uses)
    kept = np.ones(findings.measures.images.num_rows, bool)
    for group in exact:
        kept[group[1:]] = False
    pairs, complete = _near_pairs(findings, kept, uses)
    near = complete_groups(pairs)
    _tell(findings, "near-duplicate", near, uses)
    same = _merged(exact, near)
    _names(findings, same, uses, names, identified=identified)
    if identified:
        _pictures(findings, same, names)
    return complete


def same_pictures(measures: Measures) -> Pairs:
    """Pairs of images that are the same file or nearly the same picture, each group linked through its first."""
    findings, uses, exact = Findings(measures, thresholds_of(None)), Uses.of(measures), _exact_groups(measures)
    kept = np.ones(measures.images.num_rows, bool)
    for group in exact:
        kept[group[1:]] = False
    copies = [(group[0], copy) for group in exact for copy in group[1:]]
    near, _ = _near_pairs(findings, kept, uses)
    return np.concatenate([np.array(copies, np.int64).reshape(-1, 2), near])


def _exact_groups(measures: Measures) -> list[list[int]]:
    content = measures.images["content"].combine_chunks()
    known = np.flatnonzero(pc.is_valid(content).to_numpy(zero_copy_only=False))
    if not len(known):
        return []
    halves = np.frombuffer(b"".join(content.take(pa.array(known)).to_pylist()), "<u8").reshape(-1, 2)
    order = np.lexsort((known, halves[:, 1], halves[:, 0]))
    same = (halves[order[1:]] == halves[order[:-1]]).all(axis=1)
    groups: list[list[int]] = []
    for place in np.flatnonzero(same):
        image, following = int(known[order[place]]), int(known[order[place + 1]])
        if groups and groups[-1][-1] == image:
            groups[-1].append(following)
        else:
            groups.append([image, following])
    return groups


def _near_pairs(findings: Findings, kept: NDArray[np.bool_], uses: Uses) -> tuple[Pairs, bool]:
    """Images whose hashes and colours are nearly the same, each content once; those of one colour are left out."""
    measures, radius, flat = (
        findings.measures,
        int(findings.thresholds["near-duplicate"]),
        findings.thresholds["flat"],
    )
    widest = measures.once(f"near {flat}", lambda: _pairs_within(measures, MOST_BITS, flat, kept, uses))
    if radius == MOST_BITS:
        return widest
    if not widest[1]:  # of a crowd, those that are nearer may not be among them
        return _pairs_within(measures, radius, flat, kept, uses)
    codes = _codes(measures)
    bits = np.bitwise_count(codes[widest[0][:, 0]] ^ codes[widest[0][:, 1]]).sum(axis=1)
    return widest[0][bits <= radius], True


def _pairs_within(
    measures: Measures, radius: int, flat: float, kept: NDArray[np.bool_], uses: Uses
) -> tuple[Pairs, bool]:
    images = measures.images
    contrast = pc.fill_null(images["contrast"], 0).to_numpy()
    rows = np.flatnonzero(kept & (contrast > flat) & pc.is_valid(images["phash"]).to_numpy())
    codes = _codes(measures)[rows]
    cells = np.frombuffer(b"".join(images["colours"].take(pa.array(rows)).to_pylist()), np.uint8).reshape(-1, 16, 3)
    tones = cells.mean(axis=(1, 2)).astype(np.uint8)

    def agree(pairs: Pairs) -> NDArray[np.bool_]:
        differences = cells[pairs[:, 0]].astype(np.int16) - cells[pairs[:, 1]]
        means = differences.mean(axis=(1, 2), keepdims=True)
        alike = np.abs(differences - means).max(axis=(1, 2), initial=0) <= _OTHERWISE
        return np.asarray(alike & ~_of_one_triplet(rows[pairs], uses))

    pairs, complete = near_pairs(codes, radius, tones, _LIGHTER, agree)
    return rows[pairs], complete


def _of_one_triplet(pairs: Pairs, uses: Uses) -> NDArray[np.bool_]:
    """Whether two images are person and target of one triplet, which may well be nearly the same."""
    first = [uses.rows[np.minimum(uses.starts[pairs[:, side]], len(uses.rows) - 1)] for side in (0, 1)]
    return np.asarray(first[0] == first[1])


def _tell(findings: Findings, check: str, groups: Sequence[Sequence[int]], uses: Uses) -> None:
    """A finding for each triplet that uses an image of a group.

    One of them is the one to keep, the first by key. A person or a garment may well be in many triplets; a target is
    made for one.
    """
    exact, columns = check == "exact-duplicate", defaultdict[str, list[Any]](list)
    codes = _codes(findings.measures)
    keys, uris = findings.measures.rows["key"], {role: findings.measures.rows[role] for role in ROLES}
    for group in groups:
        members = sorted((use for image in group for use in uses[image]), key=lambda use: (str(keys[use[0]]), use[1]))
        if len({row for row, _ in members}) == 1:
            continue  # of one triplet; other checks say more
        of_role = {role for _, role in members}
        value = 0.0 if exact else _widest(codes[list(group)])
        names = [str(keys[row]) for row, _ in members]
        for number, (row, role) in enumerate(members):
            harmless = number == 0 or (len(of_role) == 1 and role != _TARGET)
            columns["severity"].append(NOTE if harmless else CHECKS[check].severity)
            columns["key"].append(names[number])
            columns["uri"].append(str(uris[role][row]))
            columns["value"].append(value)
            others = _listed([name for name in dict.fromkeys(names) if name != names[number]])
            text = f"its file is that of {others}" if exact else f"it is nearly that of {others}"
            columns["message"].append(f"{role}: {text}. {CHECKS[check].advice}")
    count = len(columns["key"])
    columns["check"], columns["threshold"] = [check] * count, [findings.thresholds.get(check)] * count
    findings.extend(**{name: columns[name] for name in FINDING_SCHEMA.names})


def _codes(measures: Measures) -> NDArray[np.uint64]:
    """Both hashes of each image; 0 where there are none."""
    return np.stack([pc.fill_null(measures.images[name], 0).to_numpy() for name in ("phash", "dhash")], axis=1)


def _widest(codes: NDArray[np.uint64]) -> float:
    """Bits between the two members that are furthest apart."""
    return float(max(np.bitwise_count(codes ^ each).sum(axis=1).max() for each in codes[:64]))


def _listed(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - _SHOWN:,} more" if len(keys) > _SHOWN else ""
    return ", ".join(keys[:_SHOWN]) + more


def _merged(exact: Sequence[Sequence[int]], near: Sequence[Sequence[int]]) -> list[list[int]]:
    """Groups of pictures that are the same to the eye: the copies of a member belong to its group."""
    copies = {group[0]: list(group) for group in exact}
    merged = [[image for member in group for image in copies.pop(member, [member])] for group in near]
    return [*merged, *copies.values()]


def _names(
    findings: Findings, groups: Sequence[Sequence[int]], uses: Uses, names: Sequence[str], *, identified: bool
) -> None:
    """The same picture of a garment under several names."""
    for group in groups:
        rows = sorted({row for image in group for row, role in uses[image] if role == _GARMENT})
        of_rows = sorted({names[row] for row in rows})
        stems = {str(findings.measures.rows["stem"][row]) for row in rows}
        if len(of_rows) > 1 or (not identified and len(stems) > 1):
            shown = _listed(of_rows if len(of_rows) > 1 else sorted(stems))
            text = f"the same picture of a garment is called {shown}"
            _all_but_the_usual(findings, "one-garment-many-names", {row: names[row] for row in rows}, text)


def _all_but_the_usual(findings: Findings, check: str, called: dict[int, Any], text: str) -> None:
    """A finding for each of some rows; a note for those that are called, or look, as most of them are."""
    keys = findings.measures.rows["key"]
    rows = sorted(called, key=lambda row: str(keys[row]))
    usual, _ = Counter(called[row] for row in rows).most_common(1)[0]  # of as many, the first
    for part, severity in (
        ([row for row in rows if called[row] == usual], NOTE),
        ([row for row in rows if called[row] != usual], None),
    ):
        findings.add(check, np.array(part, np.intp), _GARMENT, None, text, severity=severity)


def _pictures(findings: Findings, groups: Sequence[Sequence[int]], names: Sequence[str]) -> None:
    """Different pictures under one garment's name."""
    images = findings.measures.image_rows(_GARMENT)
    picture = np.arange(findings.measures.images.num_rows)
    for group in groups:
        picture[list(group)] = group[0]
    of_name: dict[str, dict[int, Any]] = {}
    for row, (name, image) in enumerate(zip(names, images.tolist(), strict=True)):
        if image >= 0 and name:
            of_name.setdefault(name, {}).setdefault(int(picture[image]), []).append(row)
    for name, pictures in of_name.items():
        if len(pictures) > 1:
            text = f"{len(pictures)} different pictures are called {name}"
            called = {row: picture for picture, rows in pictures.items() for row in rows}
            _all_but_the_usual(findings, "one-name-many-garments", called, text)

"""Scores of predictions, by difficulty, gender and category, with the digest of what they were scored against."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
from PIL import Image

from vton_hf._core.concurrency import map_prefetched
from vton_hf._core.options import Pairs
from vton_hf._core.progress import progress_bar
from vton_hf.errors import ConfigError
from vton_hf.evaluating.learned import distances, lpips_model
from vton_hf.evaluating.predictions import Problem, expected_items, predicted_files, read_prediction
from vton_hf.evaluating.protocol import GROUND_TRUTH, GROUPS, Item, Protocol
from vton_hf.images import decode, psnr, ssim
from vton_hf.report import tables

_AHEAD: Final = 4
_SHOWN: Final = 3


@dataclass(frozen=True)
class Scores:
    """Scores of one folder of predictions.

    Attributes:
        digest: Of the protocol.
        pairs: Which list predictions were made from.
        items: By name the scores of each: `ssim` (1 for equal pictures), `psnr` (dB, infinite for equal pictures), and
            `lpips` (0 for equal pictures) where it was computed.
        groups: By name, such as `all`, `difficulty=easy`: which items are in it.
        distances: `fid` and `kid` (times 1000) of all, where they were computed.
        not_computed: What was not, and why.
    """

    digest: str
    pairs: str
    items: Mapping[str, Mapping[str, float]]
    groups: Mapping[str, list[str]]
    distances: Mapping[str, float] = field(default_factory=dict)
    not_computed: Mapping[str, str] = field(default_factory=dict)

    def of(self, group: str = "all") -> dict[str, float]:
        """The means of a group, and of all the distances."""
        scores = [self.items[name] for name in self.groups[group]]
        means = {name: float(np.mean([score[name] for score in scores])) for name in (scores[0] if scores else ())}
        return means | (dict(self.distances) if group == "all" else {})

    def facts(self) -> dict[str, Any]:
        """All of it, for JSON; None for what is infinite."""
        groups = {name: {"items": len(members), **_finite(self.of(name))} for name, members in self.groups.items()}
        items = {name: _finite(scores) for name, scores in self.items.items()}
        facts = {"protocol": self.digest, "pairs": self.pairs, "groups": groups, "items": items}
        return facts | {"not_computed": dict(self.not_computed)}

    def __str__(self) -> str:
        metrics = list(self.of())
        header = ["", "items", *(name.upper() for name in metrics)]
        lines = [[name, len(members), *_cells(self.of(name), metrics)] for name, members in self.groups.items()]
        notes = [f"Not computed: {name.upper()} ({reason})." for name, reason in self.not_computed.items()]
        return "\n".join(
            [f"{self.pairs}, protocol {self.digest}", "", tables.table(header, lines), "", *notes]
        ).rstrip()


def _finite(scores: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in scores.items()}


def _cells(scores: Mapping[str, float], metrics: list[str]) -> list[str]:
    digits = {"psnr": 2, "fid": 2, "kid": 3}
    return [f"{scores[name]:.{digits.get(name, 4)}f}" if name in scores else "" for name in metrics]


def score_predictions(directory: Path, protocol: Protocol, folder: Path, pairs: Pairs) -> Scores:
    """See `Evaluation.score`."""
    items = expected_items(protocol, pairs)
    files, _ = predicted_files(folder, items)
    if missing := [name for name in items if name not in files]:
        _refuse(folder, [Problem("missing", f"{name}.png", "") for name in missing])
    reasons: dict[str, str] = {}
    scores: dict[str, Mapping[str, float]] = {name: {} for name in items}
    if pairs == "paired":
        scores = _compared(directory, protocol, folder, files, reasons)
    else:
        reasons |= dict.fromkeys(("ssim", "psnr", "lpips"), "there is no ground truth of unpaired garments")
    found = distances(directory / GROUND_TRUTH, list(protocol.names), files, reasons)
    return Scores(protocol.digest, pairs, scores, _groups(items), found, reasons)


def _compared(
    directory: Path, protocol: Protocol, folder: Path, files: Mapping[str, Path], reasons: dict[str, str]
) -> dict[str, Mapping[str, float]]:
    lpips = lpips_model(reasons)

    def compare(name: str) -> dict[str, float] | Problem:
        read = read_prediction(files[name], protocol.image_size)
        if isinstance(read, Problem):
            return read
        prediction = Image.fromarray(read[0])
        truth = decode((directory / GROUND_TRUTH / f"{name}.png").read_bytes())
        return {"ssim": ssim(prediction, truth), "psnr": psnr(prediction, truth)} | lpips(prediction, truth)

    names = [item.name for item in protocol.items]
    work = map_prefetched(names, compare, depth=_AHEAD)
    found = dict(progress_bar(work, desc="Scoring", total=len(names), unit=" predictions"))
    if problems := [result for result in found.values() if isinstance(result, Problem)]:
        _refuse(folder, problems)
    return {name: result for name, result in found.items() if not isinstance(result, Problem)}


def _refuse(folder: Path, problems: list[Problem]) -> NoReturn:
    shown = ", ".join(f"{problem.name} ({problem.detail or problem.kind})" for problem in problems[:_SHOWN])
    if len(problems) > _SHOWN:
        shown += f" and {len(problems) - _SHOWN:,} more"
    raise ConfigError(
        f"{str(folder)!r} cannot be scored, since predictions are missing or unfit ({len(problems):,}): {shown}. "
        f"`vton-hf evaluation check DIR PREDICTIONS` lists them all."
    )


def _groups(items: Mapping[str, Item]) -> dict[str, list[str]]:
    groups = {"all": list(items)}
    for column in GROUPS:
        values = sorted({getattr(item, column) for item in items.values()})
        for value in values if values != [""] else ():
            groups[f"{column}={value or 'unknown'}"] = [
                name for name, item in items.items() if getattr(item, column) == value
            ]
    return groups

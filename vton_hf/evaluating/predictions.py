"""What is wrong with a folder of predictions: what is missing, surplus, of another size, or no prediction at all."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np

from vton_hf._core.checks import check_choice, did_you_mean
from vton_hf._core.concurrency import map_prefetched
from vton_hf._core.options import PAIRS, Pairs
from vton_hf._core.progress import progress_bar
from vton_hf.errors import ConfigError, ImageError
from vton_hf.evaluating.protocol import GARMENT, GROUND_TRUTH, PERSON, Item, Protocol
from vton_hf.images import Pixels, decode_array, format_of

_EQUAL: Final = 1.0
"""Of 255, the mean difference below which two pictures are as good as equal: what JPEG does is above, and a garment
changes 10 and more."""

_AHEAD: Final = 4

_ALIKE: Final = {
    PERSON: "as good as equal to the person before, the model's input",
    GROUND_TRUTH: "as good as equal to the ground truth",
    GARMENT: "as good as equal to the picture of the garment",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with predictions.

    Attributes:
        kind: `missing`, `surplus`, `unreadable`, `size`, `format` or `equal`.
        name: Of the file.
        detail: What was found, and what to do.
    """

    kind: str
    name: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}\t{self.name}\t{self.detail}"


def expected_items(protocol: Protocol, pairs: str) -> Mapping[str, Item]:
    """The items that a list of pairs asks predictions of, by name.

    Raises:
        ConfigError: If there is no such list, or it is empty.
    """
    check_choice("pairs", pairs, PAIRS)
    items = {item.name: item for item in protocol.items if pairs == "paired" or item.unpaired}
    if not items:
        raise ConfigError("pairs='unpaired': in no group of gender and category is there another garment to take.")
    return items


def predicted_files(folder: Path, items: Mapping[str, Item]) -> tuple[dict[str, Path], list[Problem]]:
    """The files of predictions by item, and the files of none.

    Raises:
        ConfigError: If there is no such folder.
    """
    if not folder.is_dir():
        raise ConfigError(f"{str(folder)!r} is no folder. Name the one that holds the predictions, a file an item.")
    files: dict[str, Path] = {}
    surplus = []
    # PNG before what else there is of the same name.
    for path in sorted(folder.iterdir(), key=lambda path: (path.stem, path.suffix.lower() != ".png", path.name)):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            surplus.append(Problem("surplus", f"{path.name}/", "is a folder; predictions lie beside each other"))
        elif path.stem not in items:
            detail = f"is no item of the list of pairs.{did_you_mean(path.stem, items)}"
            surplus.append(Problem("surplus", path.name, detail))
        elif path.stem in files:
            detail = f"is a second prediction of {path.stem}, beside {files[path.stem].name}"
            surplus.append(Problem("surplus", path.name, detail))
        else:
            files[path.stem] = path
    return files, surplus


def read_prediction(path: Path, size: tuple[int, int]) -> tuple[Pixels, str] | Problem:
    """The pixels of a prediction, uint8 [H, W, 3], and its format; or why there are none of that size."""
    try:
        data = path.read_bytes()
        pixels = decode_array(data)
    except (ImageError, OSError) as error:
        return Problem("unreadable", path.name, str(error))
    if pixels.shape[:2] != size:
        found, wanted = ("x".join(map(str, shape)) for shape in (pixels.shape[:2], size))
        return Problem("size", path.name, f"is {found}, the ground truth {wanted} (height x width)")
    return pixels, format_of(data) or "unknown"


def check_predictions(directory: Path, protocol: Protocol, folder: Path, pairs: Pairs) -> list[Problem]:
    """See `Evaluation.check`."""
    items = expected_items(protocol, pairs)
    files, problems = predicted_files(folder, items)
    problems += _missing(items, files)
    seen: dict[str, list[str]] = defaultdict(list)
    work = map_prefetched(files.items(), lambda named: _looked_at(directory, protocol, *named), depth=_AHEAD)
    for (name, path), (content, found) in progress_bar(work, desc="Checking", total=len(files), unit=" predictions"):
        problems += found
        if content and (others := seen[content]):
            problems.append(Problem("equal", path.name, f"equals the prediction {others[0]}"))
        seen[content].append(name)
    return problems


def _missing(items: Mapping[str, Item], files: Mapping[str, Path]) -> Iterator[Problem]:
    for name in items:
        if name not in files:
            yield Problem("missing", f"{name}.png", "there is no prediction of this item")


def _looked_at(directory: Path, protocol: Protocol, name: str, path: Path) -> tuple[str, list[Problem]]:
    """What one prediction shows, as a digest, and what is wrong with it."""
    read = read_prediction(path, protocol.image_size)
    if isinstance(read, Problem):
        return "", [read]
    (pixels, kind), problems = read, []
    if kind != "PNG":
        problems.append(Problem("format", path.name, f"is {kind}, whose losses change scores; write PNG"))
    for place, detail in _ALIKE.items():
        other = decode_array((directory / place / f"{name}.png").read_bytes())
        if float(np.mean(np.abs(pixels.astype(np.int16) - other))) < _EQUAL:
            problems.append(Problem("equal", path.name, detail))
            break
    return sha256(pixels.tobytes()).hexdigest(), problems

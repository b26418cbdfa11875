"""LPIPS, FID and KID by the libraries that people compare with, where they are installed and have their weights."""

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from PIL import Image

Compare = Callable[[Image.Image, Image.Image], dict[str, float]]


def lpips_model(reasons: dict[str, str]) -> Compare:
    """LPIPS with AlexNet, by torchmetrics: what is 0 for equal pictures; nothing where it cannot be had.

    Args:
        reasons: Is told why it cannot.
    """
    try:
        torch = import_module("torch")
        with redirect_stdout(sys.stderr):  # it tells of downloads
            model = import_module("torchmetrics.image.lpip").LearnedPerceptualImagePatchSimilarity(
                "alex", normalize=True
            )
    except Exception as error:  # noqa: BLE001 - not installed, too old, or weights that cannot be fetched
        reasons["lpips"] = _why(error, "torchmetrics torchvision")
        return lambda _prediction, _truth: {}

    lock = Lock()

    def tensor(image: Image.Image) -> Any:
        return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)[None] / 255

    def compare(prediction: Image.Image, truth: Image.Image) -> dict[str, float]:
        with lock, torch.inference_mode():  # the model gathers what it has seen
            return {"lpips": float(model(tensor(prediction), tensor(truth)))}

    return compare


def distances(
    truth: Path, names: Sequence[str], predictions: Mapping[str, Path], reasons: dict[str, str]
) -> dict[str, float]:
    """FID and KID (times 1000) of all predictions from all ground truth, by clean-fid.

    Args:
        truth: The folder of ground truth.
        names: Of its pictures.
        predictions: The files.
        reasons: Is told why there is none.
    """
    found: dict[str, float] = {}
    try:
        torch, fid = import_module("torch"), import_module("cleanfid.fid")
    except Exception as error:  # noqa: BLE001 - as above
        reasons |= dict.fromkeys(("fid", "kid"), _why(error, "clean-fid"))
        return found
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with tempfile.TemporaryDirectory() as scratch, redirect_stdout(sys.stderr):
        folders = [Path(scratch, name) for name in ("truth", "predictions")]
        # Folders of just these files: whatever else lies beside them would count.
        for folder, files in zip(
            folders, ([truth / f"{name}.png" for name in names], predictions.values()), strict=True
        ):
            folder.mkdir()
            for number, file in enumerate(files):
                (folder / f"{number}{file.suffix.lower()}").symlink_to(file.absolute())
        for name, compute, factor in (("fid", fid.compute_fid, 1), ("kid", fid.compute_kid, 1000)):
            try:
                found[name] = factor * float(compute(*map(str, folders), num_workers=0, verbose=False, device=device))
            except Exception as error:  # noqa: BLE001 - as above
                reasons[name] = _why(error, "clean-fid")
    return found


def _why(error: Exception, packages: str) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed: pip install {packages}"
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]

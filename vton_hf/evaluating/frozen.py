"""An evaluation in a folder: what was frozen, and what is asked of predictions."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath

from vton_hf._core.options import Pairs
from vton_hf._core.units import number
from vton_hf.evaluating.predictions import Problem, check_predictions
from vton_hf.evaluating.protocol import Protocol
from vton_hf.evaluating.scores import Scores, score_predictions


@dataclass(frozen=True)
class Evaluation:
    """A frozen test set.

    Attributes:
        directory: Its folder: `protocol.json`, `ground_truth/`, `person/`, `garment/` and lists of pairs.
        skipped: Triplets that were left out when it was made, each with the reason.
    """

    directory: Path
    skipped: tuple[str, ...] = ()

    @cached_property
    def protocol(self) -> Protocol:
        """What is in it.

        Raises:
            ConfigError: If the folder holds none.
        """
        return Protocol.read(self.directory)

    @property
    def digest(self) -> str:
        """What to print beside every number: equal digests mean equal pixels, pairs and sizes."""
        return self.protocol.digest

    def __len__(self) -> int:
        return len(self.protocol.items)

    def __str__(self) -> str:
        height, width = self.protocol.image_size
        unpaired = sum(item.unpaired is not None for item in self.protocol.items)
        return (
            f"{self.directory}: {number(len(self), 'triplet')}, {unpaired:,} unpaired, {height}x{width}, protocol "
            f"{self.digest}"
        )

    def check(self, predictions: str | PurePath, *, pairs: Pairs = "paired") -> list[Problem]:
        """What is wrong with a folder of predictions, before anyone computes a score of it.

        Args:
            predictions: A folder with a picture `NAME.png` for each line of the list of pairs.
            pairs: `"paired"` or `"unpaired"`: which list they were made from.

        Returns:
            One for each file that is missing, surplus, not readable, of another size or format, or as good as equal to
            the input.

        Raises:
            ConfigError: If there is no such folder.
        """
        return check_predictions(self.directory, self.protocol, Path(predictions), pairs)

    def score(self, predictions: str | PurePath, *, pairs: Pairs = "paired") -> Scores:
        """Score a folder of predictions.

        Args:
            predictions: As of `check`.
            pairs: As of `check`. SSIM, PSNR and LPIPS need the ground truth, so they are of `"paired"` alone.

        Returns:
            SSIM and PSNR of paired predictions; LPIPS, FID and KID where `torchmetrics` and `clean-fid` are installed
            and have their weights.

        Raises:
            ConfigError: If predictions are missing, cannot be read, or have another size.
        """
        return score_predictions(self.directory, self.protocol, Path(predictions), pairs)

"""Broken samples: logged, counted over all workers of this machine, listed, and no more of them than allowed."""

import json
import logging
import math
import os
import tempfile
import weakref
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import numpy as np

from vton_hf._core.checks import as_int, must_be
from vton_hf._core.units import number
from vton_hf.errors import ImageError

logger = logging.getLogger("vton_hf")

_FEW: Final = 10
"""A share means nothing before so many have failed: one bad object in the first batch is 12 % of it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A sample that could not be made.

    Attributes:
        key: The triplet's key.
        reason: What is wrong, and with which object.
        epoch: When.
    """

    key: str
    reason: str
    epoch: int


class Failures:
    """The failures of one dataset; workers add to one file, which ends with the object that made it.

    Args:
        limit: As a float, the share of the samples that a process may find broken, judged from the tenth
            on; as an int, how many different triplets in all processes together.

    Raises:
        ConfigError: If the limit makes no sense.
    """

    def __init__(self, limit: float) -> None:
        most = as_int(limit)
        share = most is None and isinstance(limit, float | np.floating) and 0 <= limit <= 1
        if not share and (most is None or most < 0):
            rule = "a share of the samples as a float from 0.0 to 1.0, or a number of samples as an int from 0"
            raise must_be("max_broken", limit, rule)
        self._share = float(limit) if share else 1.0
        self._most = math.inf if most is None else most
        self._path = Path(tempfile.gettempdir()) / f"vton-hf-failures-{uuid4().hex}.jsonl"
        self._total = self._broken = 0
        weakref.finalize(self, _remove, self._path, os.getpid())

    def __deepcopy__(self, memo: dict[int, Any]) -> "Failures":
        return self

    def all(self) -> list[Failure]:
        """All of them so far, from every worker process of this machine."""
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [Failure(**json.loads(line)) for line in lines]

    def saw(self, samples: int) -> None:
        """Count samples that were tried."""
        self._total += samples

    def add(self, failure: Failure, outcome: str) -> None:
        """Tell and write down one of them.

        Args:
            failure: What failed.
            outcome: What happens instead, for the log.

        Raises:
            ImageError: If there are more than allowed.
        """
        logger.warning("%s is broken (%s); %s.", failure.key, failure.reason, outcome)
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(failure)) + "\n")
        except OSError as error:
            logger.warning("failures() will not list %s: %s cannot be written (%s).", failure.key, self._path, error)
        self._broken += 1
        finding, allowed = self._judge()
        if not allowed:
            raise ImageError(
                f"Broken: {finding}, more than max_broken allows; the last is {failure.key}: {failure.reason}. "
                f"`vton-hf scan --list` shows what lies in the bucket; mend or exclude these objects, or allow more."
            )

    def _judge(self) -> tuple[str, bool]:
        if self._most < math.inf:
            total = len({failure.key for failure in self.all()})
            return f"{number(total, 'triplet')}", total <= self._most
        many = self._broken >= _FEW and self._broken > self._share * self._total
        return f"{self._broken:,} of {number(self._total, 'sample')}", not many


def _remove(path: Path, owner: int) -> None:
    if os.getpid() == owner:
        path.unlink(missing_ok=True)

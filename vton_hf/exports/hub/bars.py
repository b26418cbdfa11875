"""huggingface_hub's progress bars, which it draws for each file and each part of a commit, also where nobody looks."""

from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import constants
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # a lazy module hides them
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)


@contextmanager
def no_bars() -> Iterator[None]:
    """Draw none of its bars, those of Xet included, and leave them as they were: ours counts what is sent.

    Where `HF_HUB_DISABLE_PROGRESS_BARS` says which way, that counts.
    """
    if constants.HF_HUB_DISABLE_PROGRESS_BARS is not None or are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()

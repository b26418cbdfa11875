"""Progress bars."""

from collections.abc import Iterable
from typing import Any


def progress_bar(items: Iterable[Any] | None = None, *, disable: bool | None = None, **options: Any) -> Any:
    """A bar of `datasets`, on standard error if that is a terminal; `datasets.disable_progress_bars()` hides it.

    Args:
        items: What to go through, if the bar does that.
        disable: True hides it on a terminal too, False shows it everywhere.
        **options: As tqdm takes them.
    """
    from datasets.utils import tqdm  # noqa: PLC0415 - half of what a worker of a build would import

    return tqdm(items, disable=disable, **options)

"""Reports the triplets that a build skipped."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from vton_hf.cache.chunks import SkippedTriplet
from vton_hf.errors import EmptyPoolError, ImageError, StorageError

logger = logging.getLogger("vton_hf")

_SHOWN: Final = 3
_AGAIN: Final = (
    "`vton-hf build --retry-skipped` (or retry_skipped=True) asks for all of them again, and for nothing else"
)


def check_usable(sizes: Mapping[str, int], drawn: Iterable[str], items: Sequence[SkippedTriplet]) -> None:
    """Tell a pool whose every triplet was left out from one that never had any.

    Args:
        sizes: Usable triplets by difficulty.
        drawn: The difficulties that have weight.
        items: What was left out.

    Raises:
        EmptyPoolError: If there is such a pool.
    """
    for name in drawn:
        broken = [item for item in items if item.key.startswith(f"{name}/")]
        if not sizes[name] and broken:
            raise EmptyPoolError(
                f"No samples available for difficulty {name!r}: all {len(broken):,} of its triplets were left out "
                f"while building, the first for {broken[0].uri}: {broken[0].reason}."
            )


def warn_of_skipped(items: Sequence[SkippedTriplet], *, on_error: str, asks: bool = True) -> None:
    """Warn of triplets that are left out, also of those that an earlier build found.

    Args:
        items: The triplets.
        on_error: What was asked for.
        asks: Whether builds ask again by themselves for what could not be read.

    Raises:
        ImageError: If `on_error` is `"raise"` and an image is broken.
        StorageError: If `on_error` is `"raise"` and objects could not be read.
    """
    if not items:
        return
    # What does not pass by itself comes first.
    shown = sorted(items, key=lambda item: item.passing)[:_SHOWN]
    first = "; ".join(f"{item.key}: {item.reason} ({item.uri})" for item in shown)
    more = f"; and {len(items) - _SHOWN:,} more" if len(items) > _SHOWN else ""
    if on_error == "raise":
        kind, what = (
            (StorageError, "Objects that could not be read") if shown[0].passing else (ImageError, "Broken images")
        )
        raise kind(
            f"{what}: {first}{more}. Mend or remove the objects, leave the triplets out with "
            f"exclude=[...], or build with on_error='skip'. {_AGAIN}."
        )
    logger.warning(
        "%s left out while building: %s%s. %s%s.",
        "1 triplet was" if len(items) == 1 else f"{len(items):,} triplets were",
        first,
        more,
        "The next build asks again for objects that could not be read; "
        if asks and any(item.passing for item in items)
        else "",
        _AGAIN,
    )

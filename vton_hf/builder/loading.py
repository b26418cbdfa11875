"""`load`: what `load_dataset("vton_hf", ...)` gives, by one call."""

from typing import Any, Unpack

from vton_hf._core.options import Config, LoadOptions
from vton_hf.builder.builder import VTON
from vton_hf.builder.splits import SPLIT, each_split, row_ranges


def load(
    name: Config,
    *,
    split: Any = SPLIT,
    streaming: bool = False,
    num_proc: int | None = None,
    **options: Unpack[LoadOptions],
) -> Any:
    """The dataset of `load_dataset("vton_hf", name, ...)`, through public methods of the builder only.

    Args:
        name: `"easy"`, `"medium"` or `"hard"`.
        split: As in `load_dataset`; None gives a dictionary of all splits.
        streaming: Fetch while iterating instead of building a cache.
        num_proc: Worker processes that build.
        **options: The fields of `VTONConfig`, and `cache_dir`, `features`, `storage_options`, `listing`,
            `retry_skipped`.

    Raises:
        VTONError: See `VTON`.
    """
    each_split(split, lambda part: row_ranges(part, 1), dict)
    builder = VTON(config_name=name, **options)
    if streaming:
        return builder.as_streaming_dataset(split)
    builder.download_and_prepare(num_proc=num_proc)
    return builder.as_dataset(split)

"""`load`: what `load_dataset("vton_hf", ...)` gives, by one call."""

from typing import Any, Unpack

from vton_hf._core.options import Config, LoadOptions
from vton_hf.builder.builder import VTON
from vton_hf.builder.splits import each_split, row_ranges


def load(
    name: Config,
    *,
    split: Any = "train",
    streaming: bool = False,
    num_proc: int | None = None,
    **options: Unpack[LoadOptions],
) -> Any:
    """What `load_dataset("vton_hf", name, ...)` gives; an editor completes the options.

    Args:
        name: `"easy"`, `"medium"` or `"hard"`.
        split: As in `load_dataset`; None gives a dictionary of all splits.
        streaming: Fetch while iterating instead of building a cache.
        num_proc: Worker processes that build.
        **options: The fields of `VTONConfig`, and `cache_dir`, `features`, `storage_options`, `listing`,
            `retry_skipped`.

    Returns:
        A `datasets.Dataset`; with `streaming=True` a `datasets.IterableDataset`; with `split=None` a dictionary.

    Raises:
        ConfigError: If an option makes no sense.
        LayoutError: If a prefix matches nothing or no triplet is complete.
        EmptyPoolError: If a difficulty that has weight has no triplet.
        StorageError: If the store does not answer or may not be asked.
        ImageError: If an image is broken and `on_error="raise"`.
        BuildError: If the disk is full, or may not be written.
    """
    each_split(split, lambda part: row_ranges(part, 1), dict)
    builder = VTON(config_name=name, **options)
    if streaming:
        return builder.as_streaming_dataset(split)
    builder.download_and_prepare(num_proc=num_proc)
    return builder.as_dataset(split)

"""A builder that starts also where its cache may only be read: `datasets` takes a lock there, whatever is asked."""

import os
from typing import Any, Final

import datasets

_NOWHERE: Final = "memory://"
"""A cache that is a URL is one for which `datasets` makes no directory and takes no lock."""


class ReadableBuilder(datasets.GeneratorBasedBuilder):  # type: ignore[misc]  # datasets is untyped
    """Looks into a cache that is read-only, full or another user's as into any other."""

    def __init__(self, cache_dir: str | os.PathLike[str] | None = None, **options: Any) -> None:
        """As in `datasets.DatasetBuilder`."""
        try:
            super().__init__(cache_dir=cache_dir, **options)
        except OSError:
            super().__init__(cache_dir=_NOWHERE, **options)
            self._cache_dir_root = os.fspath(cache_dir or datasets.config.HF_DATASETS_CACHE)
            self._cache_dir_root = os.path.expanduser(self._cache_dir_root)  # noqa: PTH111 - as datasets keeps it
            self._cache_dir = self._output_dir = self._build_cache_dir()

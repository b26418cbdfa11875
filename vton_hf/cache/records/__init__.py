"""What the cache remembers besides images: the manifest of each listing and the recipe of each dataset."""

from vton_hf.cache.records.cache import Cache, names_of
from vton_hf.cache.records.files import open_manifest, whole_or_absent_file
from vton_hf.cache.records.notebook import Notebook, Record

__all__ = ["Cache", "Notebook", "Record", "names_of", "open_manifest", "whole_or_absent_file"]

"""What the cache remembers besides images: the manifest of each listing and the recipe of each dataset."""

from vton_hf.records.cache import Cache
from vton_hf.records.files import open_manifest, whole_or_absent_file
from vton_hf.records.notebook import Notebook, Record

__all__ = ["Cache", "Notebook", "Record", "open_manifest", "whole_or_absent_file"]

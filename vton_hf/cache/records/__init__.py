"""What the cache remembers besides images: the manifest of each listing and the recipe of each dataset."""

from vton_hf.cache.records.build_records import BuildRecord, BuildRecordStore
from vton_hf.cache.records.directory import CacheDir, names_of
from vton_hf.cache.records.files import open_manifest

__all__ = ["BuildRecord", "BuildRecordStore", "CacheDir", "names_of", "open_manifest"]

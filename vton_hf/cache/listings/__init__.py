"""What a bucket listed, kept from one start to the next, and believed only as far as it was compared."""

from vton_hf.cache.listings.manifest_cache import in_use, surveyed
from vton_hf.cache.listings.refresh import MODES, check_mode, find, forget

__all__ = ["MODES", "check_mode", "find", "forget", "in_use", "surveyed"]

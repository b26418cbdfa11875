"""Caches bucket listings, and validates them by comparing pages of them."""

from vton_hf.cache.listings.manifest_cache import in_use, select_cached
from vton_hf.cache.listings.refresh import MODES, check_mode, find, forget

__all__ = ["MODES", "check_mode", "find", "forget", "in_use", "select_cached"]

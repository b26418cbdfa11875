"""Caches bucket listings, and validates them by comparing pages of them."""

from vton_hf.cache.listings.manifest_cache import in_use, select_cached
from vton_hf.cache.listings.refresh import check_mode, find, forget

__all__ = ["check_mode", "find", "forget", "in_use", "select_cached"]

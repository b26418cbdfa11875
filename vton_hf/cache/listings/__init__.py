"""What a bucket listed, kept from one start to the next, and believed only as far as it was compared."""

from vton_hf.cache.listings.modes import MODES, check_mode, find, forget
from vton_hf.cache.listings.surveys import in_use, surveyed

__all__ = ["MODES", "check_mode", "find", "forget", "in_use", "surveyed"]

"""Are these bytes an image worth training on? And what are its pixels: 8-bit RGB, upright, on white paper."""

from vton_hf.images.decoding import VERIFY_LEVELS, Pixels, decode, decode_array, is_sound, verify
from vton_hf.images.paper import on_white
from vton_hf.images.profiles import Profile, profile_of
from vton_hf.images.structure import MAX_PIXELS

__all__ = [
    "MAX_PIXELS",
    "VERIFY_LEVELS",
    "Pixels",
    "Profile",
    "decode",
    "decode_array",
    "is_sound",
    "on_white",
    "profile_of",
    "verify",
]

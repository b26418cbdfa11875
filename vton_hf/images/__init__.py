"""Verifies, decodes, resizes and encodes images; pixels are 8-bit RGB, upright, on white."""

from vton_hf.images.aspect import (
    check_fit,
    distortions,
    fit,
    halfway,
    is_companion,
    is_garments,
    matched,
    placement,
    resized,
    to_nearest,
)
from vton_hf.images.comparison import compare
from vton_hf.images.decoding import Pixels, decode, decode_array, is_sound, verify
from vton_hf.images.encode import BYTES_A_PIXEL, LOSSY, check_encoding, encode
from vton_hf.images.facts import NOT_AN_IMAGE, TRUNCATED, UNREADABLE
from vton_hf.images.metrics import WINDOW, psnr, ssim
from vton_hf.images.notices import KINDS, Notice, Noticed, counted, profile_notices, tell_counts, tell_once
from vton_hf.images.profiles import profile_of
from vton_hf.images.recognition import format_of
from vton_hf.images.spec import ORIGINAL, ImageSpec, Prepared, Stored
from vton_hf.images.statistics import faulty, measured, thumbnail_pixels
from vton_hf.images.structure import MAX_PIXELS
from vton_hf.images.to_rgb import to_rgb

__all__ = [
    "BYTES_A_PIXEL",
    "KINDS",
    "LOSSY",
    "MAX_PIXELS",
    "NOT_AN_IMAGE",
    "ORIGINAL",
    "TRUNCATED",
    "UNREADABLE",
    "WINDOW",
    "ImageSpec",
    "Notice",
    "Noticed",
    "Pixels",
    "Prepared",
    "Stored",
    "check_encoding",
    "check_fit",
    "compare",
    "counted",
    "decode",
    "decode_array",
    "distortions",
    "encode",
    "faulty",
    "fit",
    "format_of",
    "halfway",
    "is_companion",
    "is_garments",
    "is_sound",
    "matched",
    "measured",
    "placement",
    "profile_notices",
    "profile_of",
    "psnr",
    "resized",
    "ssim",
    "tell_counts",
    "tell_once",
    "thumbnail_pixels",
    "to_nearest",
    "to_rgb",
    "verify",
]

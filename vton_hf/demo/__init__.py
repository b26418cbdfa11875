"""A bucket to try the package on: Virtual Try-On triplets drawn by code, the same for everyone with the same seed."""

from vton_hf.demo.bucket import write_demo_bucket, write_demo_folder
from vton_hf.demo.triplet import DemoTriplet, check_size, draw_triplet

__all__ = ["DemoTriplet", "check_size", "draw_triplet", "write_demo_bucket", "write_demo_folder"]

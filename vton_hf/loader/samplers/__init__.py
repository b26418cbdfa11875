"""Sampling that is exact per global batch, resumes anywhere, and can follow a curriculum."""

from vton_hf.loader.samplers.curriculum import Curriculum
from vton_hf.loader.samplers.sampler import TripletSampler

__all__ = ["Curriculum", "TripletSampler"]

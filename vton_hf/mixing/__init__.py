"""Recipes, quotas and plans: which row of which difficulty stands at which position of an epoch."""

from vton_hf._core.options import RECIPES
from vton_hf.mixing.batches import plan_batches
from vton_hf.mixing.plan import Plan, Share, plan, shares_of, warn_of_repeats
from vton_hf.mixing.recipes import check_weights, epoch_length, quotas, tell_shares

__all__ = [
    "RECIPES",
    "Plan",
    "Share",
    "check_weights",
    "epoch_length",
    "plan",
    "plan_batches",
    "quotas",
    "shares_of",
    "tell_shares",
    "warn_of_repeats",
]

"""Pushes to the Hugging Face Hub."""

from vton_hf.exports.hub.push import push_to_hub

__all__ = ["push_to_hub"]

"""Mixes leave the house: cut into files that stock `datasets` reads, and brought to a place."""

from vton_hf.exports.columns import PRESETS
from vton_hf.exports.delivered import Delivery, Part
from vton_hf.exports.dispatch import deliver
from vton_hf.exports.folder import export
from vton_hf.exports.hub import push_to_hub
from vton_hf.exports.orders import FORMATS, Order, place_order
from vton_hf.exports.target import CARD, Shipment, Target

__all__ = [
    "CARD",
    "FORMATS",
    "PRESETS",
    "Delivery",
    "Order",
    "Part",
    "Shipment",
    "Target",
    "deliver",
    "export",
    "place_order",
    "push_to_hub",
]

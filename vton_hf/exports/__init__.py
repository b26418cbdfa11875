"""Mixes leave the house: cut into files that stock `datasets` reads, and brought to a place."""

from vton_hf.delivery.columns import PRESETS
from vton_hf.delivery.delivered import Delivery, Part
from vton_hf.delivery.dispatch import deliver
from vton_hf.delivery.folder import export
from vton_hf.delivery.orders import FORMATS, Order, place_order
from vton_hf.delivery.target import CARD, Shipment, Target

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
]

"""From a listing to the complete triplets, and to an account of everything else."""

from vton_hf.triplets.audit import FOLDER_MARKER, HIDDEN, NO_DIFFICULTY, REASONS, UNKNOWN_NAME, Audit
from vton_hf.triplets.difficulties import DifficultyRules
from vton_hf.triplets.discover import discover
from vton_hf.triplets.entities import ENTITIES, check_entities, entities_of
from vton_hf.triplets.manifest import (
    CONTENT_HASH,
    ORDER_KEY,
    Exclude,
    Manifest,
    Source,
    content_digest,
    read_names,
    sources_of,
)
from vton_hf.triplets.mending import lost_triplets, mending
from vton_hf.triplets.select import RULES, check_filters, select_triplets
from vton_hf.triplets.telling import tell

__all__ = [
    "CONTENT_HASH",
    "ENTITIES",
    "FOLDER_MARKER",
    "HIDDEN",
    "NO_DIFFICULTY",
    "ORDER_KEY",
    "REASONS",
    "RULES",
    "UNKNOWN_NAME",
    "Audit",
    "DifficultyRules",
    "Exclude",
    "Manifest",
    "Source",
    "check_entities",
    "check_filters",
    "content_digest",
    "discover",
    "entities_of",
    "lost_triplets",
    "mending",
    "read_names",
    "select_triplets",
    "sources_of",
    "tell",
]

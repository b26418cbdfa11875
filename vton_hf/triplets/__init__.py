"""From a listing to the complete triplets, and to an account of everything else."""

from vton_hf.triplets.asked import Exclude, read_names
from vton_hf.triplets.audit import (
    FOLDER_MARKER,
    HIDDEN,
    INCOMPLETE,
    MISSING_FILE,
    NO_DIFFICULTY,
    REASONS,
    UNKNOWN_NAME,
    Audit,
    Seen,
)
from vton_hf.triplets.companions import check_companions
from vton_hf.triplets.content import CONTENT_HASH, Source, content_digest, images_in, sources_of
from vton_hf.triplets.difficulties import DifficultyRules
from vton_hf.triplets.discover import discover
from vton_hf.triplets.entities import ENTITIES, check_entities, entities_of
from vton_hf.triplets.layouts import KINDS, VTON, Layout, Naming, layout_text, read_layout
from vton_hf.triplets.manifest import COLUMNS, ORDER_KEY, Manifest
from vton_hf.triplets.mending import lost_triplets, mending
from vton_hf.triplets.metadata import Metadata
from vton_hf.triplets.select import RULES, check_filters, select_triplets
from vton_hf.triplets.telling import tell

__all__ = [
    "COLUMNS",
    "CONTENT_HASH",
    "ENTITIES",
    "FOLDER_MARKER",
    "HIDDEN",
    "INCOMPLETE",
    "KINDS",
    "MISSING_FILE",
    "NO_DIFFICULTY",
    "ORDER_KEY",
    "REASONS",
    "RULES",
    "UNKNOWN_NAME",
    "VTON",
    "Audit",
    "DifficultyRules",
    "Exclude",
    "Layout",
    "Manifest",
    "Metadata",
    "Naming",
    "Seen",
    "Source",
    "check_companions",
    "check_entities",
    "check_filters",
    "content_digest",
    "discover",
    "entities_of",
    "images_in",
    "layout_text",
    "lost_triplets",
    "mending",
    "read_layout",
    "read_names",
    "select_triplets",
    "sources_of",
    "tell",
]

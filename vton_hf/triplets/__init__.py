"""From a listing to the complete triplets, and to an account of everything else."""

from vton_hf.triplets.asked import Exclude, read_names
from vton_hf.triplets.assignment import Assignment
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
from vton_hf.triplets.entities import ENTITIES, entities_in, plural, read_entities
from vton_hf.triplets.layouts import KINDS, VTON, Layout, Naming, layout_text, read_layout
from vton_hf.triplets.manifest import COLUMNS, ORDER_KEY, Manifest
from vton_hf.triplets.mending import lost_triplets, mending
from vton_hf.triplets.metadata import Metadata
from vton_hf.triplets.policy import BOTH, COMPONENT, TEST, TRAIN, TRIPLET, SplitPolicy
from vton_hf.triplets.select import RULES, check_filters, select_triplets
from vton_hf.triplets.split_checks import check_parts, is_guess, split_summary
from vton_hf.triplets.split_files import from_bytes, split_table, to_bytes
from vton_hf.triplets.splitting import assign
from vton_hf.triplets.telling import tell

__all__ = [
    "BOTH",
    "COLUMNS",
    "COMPONENT",
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
    "TEST",
    "TRAIN",
    "TRIPLET",
    "UNKNOWN_NAME",
    "VTON",
    "Assignment",
    "Audit",
    "DifficultyRules",
    "Exclude",
    "Layout",
    "Manifest",
    "Metadata",
    "Naming",
    "Seen",
    "Source",
    "SplitPolicy",
    "assign",
    "check_companions",
    "check_filters",
    "check_parts",
    "content_digest",
    "discover",
    "entities_in",
    "from_bytes",
    "images_in",
    "is_guess",
    "layout_text",
    "lost_triplets",
    "mending",
    "plural",
    "read_entities",
    "read_layout",
    "read_names",
    "select_triplets",
    "sources_of",
    "split_summary",
    "split_table",
    "tell",
    "to_bytes",
]

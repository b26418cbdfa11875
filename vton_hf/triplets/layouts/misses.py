"""What comes nearest where a layout that was asked for fits nothing."""

import difflib
from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from vton_hf.errors import LayoutError
from vton_hf.triplets.layouts.images import hidden_of, read_tree
from vton_hf.triplets.layouts.layout import Layout
from vton_hf.triplets.layouts.match import Paths
from vton_hf.triplets.layouts.patterns import FIELDS, Pattern
from vton_hf.triplets.layouts.recognise import recognise

_FOLDERS: Final = 1000
_ALIKE: Final = 0.4
_SHOWN: Final = 2


def nearest_miss(uris: pa.ChunkedArray, layout: Layout, below: Sequence[str]) -> str:
    """Of each role that is needed and of which nothing lies there, its patterns and the folder that is most like them.

    Args:
        uris: Of a listing.
        layout: With patterns, or a table, of which there is nothing to say.
        below: The prefixes, below which what is hidden is passed over.
    """
    paths = Paths.of(uris)
    hidden = hidden_of(paths, below)
    tree = read_tree(uris, paths, layout, hidden)
    lacking = [role for role in layout.needed if layout.images and not len(tree.images[role])]
    texts = [_text(role, layout.images.get(role, ()), paths) for role in lacking]
    try:
        other, _ = recognise(uris, paths, hidden)
    except LayoutError:
        other = None
    if other is not None and other.layout.name != layout.name:
        texts.append(f"The folders are those of layout {str(other.layout)!r} ({other.why}).")
    return " ".join(texts)


def _text(role: str, patterns: Sequence[Pattern], paths: Paths) -> str:
    shown = " or ".join(repr(pattern.text) for pattern in patterns[:_SHOWN])
    folders = [folder for folder in paths.folders.slice(0, _FOLDERS).to_pylist() if folder]
    tails = {"/".join(folder.rstrip("/").split("/")[-depth:]): folder for folder in folders for depth in (1, 2)}
    wanted = [_literal(pattern) for pattern in patterns]
    near = [each for text in wanted if text for each in difflib.get_close_matches(text, tails, n=1, cutoff=_ALIKE)]
    hint = f"; the folder most like it is {tails[near[0]]}" if near else ""
    return f"No key fits {role} = {shown}{hint}."


def _literal(pattern: Pattern) -> str:
    """The folders of a pattern that have a name of their own."""
    folder = pattern.text.rpartition("/")[0]
    fields = {f"{{{field}}}" for field in FIELDS}
    return "/".join(part for part in folder.split("/") if part not in fields and part != "*")

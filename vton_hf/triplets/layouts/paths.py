"""Paths and URIs that a table holds, found among the keys of a listing."""

import posixpath
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf.triplets.layouts.match import Rows


class Listed:
    """The keys of a listing, to be looked up.

    Args:
        uris: Of the listing.
        bases: Folders, each with its slash, that paths may be relative to; the first below which something lies counts.

    Attributes:
        seen: [n], whether a key was found.
    """

    def __init__(self, uris: pa.ChunkedArray, bases: Sequence[str]) -> None:
        self._uris = uris.combine_chunks()
        self._bases = list(dict.fromkeys(bases))
        self.seen = np.zeros(len(uris), bool)

    def rows(self, paths: pa.Array) -> Rows:
        """The rows of some paths or URIs; -1 for null and for what is not listed.

        Of a path whose very spelling is not listed, one that differs in upper and lower case counts.
        """
        found = self._rows(paths)
        self.seen[found[found >= 0]] = True
        return found

    def _rows(self, paths: pa.Array) -> Rows:
        found: Rows = np.full(len(paths), -1, np.int64)
        for fold in (False, True):
            known = pc.utf8_lower(self._uris) if fold and (found < 0).any() else self._uris
            for base in self._bases:
                left = np.flatnonzero((found < 0) & pc.is_valid(paths).to_numpy(zero_copy_only=False))
                if not len(left):
                    return found
                whole = absolute(paths.take(pa.array(left)), base)
                at = pc.index_in(pc.utf8_lower(whole) if fold else whole, value_set=known)
                found[left] = pc.fill_null(at, -1).to_numpy()
        return found


def absolute(paths: pa.Array, base: str) -> pa.Array:
    """URIs of paths that are relative to a folder; URIs and absolute paths stay.

    >>> absolute(pa.array(["./a/b.png", "s3://x/c.png", "../d.png"]), "s3://y/z/").to_pylist()
    ['s3://y/z/a/b.png', 's3://x/c.png', 's3://y/d.png']
    """
    paths = pc.replace_substring(paths, "\\", "/")
    is_uri = pc.match_substring(paths, "://")
    is_absolute = pc.starts_with(paths, "/")
    relative = pc.replace_substring_regex(paths, r"^(?:\./)+", "")
    whole = pc.binary_join_element_wise(base, relative, "")
    whole = pc.if_else(is_absolute, pc.binary_join_element_wise("file://", paths, ""), whole)
    whole = pc.if_else(is_uri, paths, whole)
    dotted = pc.match_substring_regex(whole, r"/\.\.?/")
    if pc.any(dotted).as_py():
        texts = [
            _normal(text) if dots else text for text, dots in zip(whole.to_pylist(), dotted.to_pylist(), strict=True)
        ]
        whole = pa.array(texts, pa.string())
    return whole


def _normal(uri: str) -> str:
    scheme, mark, path = uri.partition("://")
    return f"{scheme}{mark}{posixpath.normpath(path)}"

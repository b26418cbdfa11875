"""Every key of a listing, read by the bucket's grammar in batches of columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.naming import (
    AUTHORITY_PATTERN,
    CLOTH_MARK,
    DIFFICULTY_PATTERN,
    ENDINGS,
    GENDER_PATTERN,
    HIDDEN_FOLDER,
    HIDDEN_NAME,
    KEY_PATTERN,
    ROLES,
)
from vton_hf.triplets.arrow_text import Positions, cut, edges, names_in
from vton_hf.triplets.difficulties import DifficultyRules

Rows = NDArray[np.int64]
Roles = NDArray[np.int8]

CLOTH: Final = ROLES.index("cloth_image")
_BATCH: Final = 65_536
_LONGEST_ENDING: Final = len("_person.jpeg")


@dataclass(frozen=True, slots=True)
class Keys:
    """What some keys of a listing say, in its order.

    Attributes:
        row: [n], their rows in the listing.
        folder: [n], everything before the role, with its trailing slash; rows of `folders`.
        role: [n], places in `ROLES`; -1 where a key is no file in a role's folder.
        stem: [n], empty where the name does not fit the role.
        garment: [n], empty for the other two roles.
        hidden: [n], whether the name or a folder below the prefix is one that nobody meant to be read.
        folders: `folder`, `difficulty` and `gender`, the latter two empty where a folder does not say.
    """

    row: Rows
    folder: NDArray[np.int32]
    role: Roles
    stem: pa.StringArray
    garment: pa.StringArray
    hidden: NDArray[np.bool_]
    folders: pa.Table

    def take(self, positions: Rows) -> "Keys":
        """The keys at some places."""
        index = pa.array(positions)
        return Keys(
            self.row[positions],
            self.folder[positions],
            self.role[positions],
            self.stem.take(index),
            self.garment.take(index),
            self.hidden[positions],
            self.folders,
        )

    def where(self, wanted: NDArray[np.bool_]) -> "Keys":
        """The keys that are wanted; most often all of them, which copies nothing."""
        return self if wanted.all() else self.take(np.flatnonzero(wanted))

    @classmethod
    def joined(cls, parts: "Sequence[Keys]") -> "Keys":
        """The keys of all parts, one part after another."""
        starts = np.cumsum([0, *(part.folders.num_rows for part in parts)])[:-1].astype(np.int32)
        return cls(
            np.concatenate([part.row for part in parts]),
            np.concatenate([part.folder + start for part, start in zip(parts, starts, strict=True)]),
            np.concatenate([part.role for part in parts]),
            pa.concat_arrays([part.stem for part in parts]),
            pa.concat_arrays([part.garment for part in parts]),
            np.concatenate([part.hidden for part in parts]),
            pa.concat_tables([part.folders for part in parts]),
        )

    def with_difficulties(self, rules: DifficultyRules) -> "Keys":
        """The same keys, the difficulty of folders that say none as the rules have it."""
        return replace(self, folders=rules.applied(self.folders))

    def column(self, name: str) -> pa.StringArray:
        """A column of `folders`, for each key."""
        return self.folders[name].combine_chunks().take(pa.array(self.folder))

    def identity(self) -> pa.StringArray:
        """Folder and stem; a folder ends in a slash and a stem holds none, so no two of them run together."""
        return pc.binary_join_element_wise(self.column("folder"), self.stem, "")


def read_keys(uris: pa.ChunkedArray, below: Sequence[str] = ()) -> Keys:
    """Read the URIs of a listing, each as `naming.parse_key` reads it.

    Args:
        uris: Of a listing.
        below: The prefixes; a key is hidden if it is so below each that it lies under. Without any, none is.
    """
    batches = [_read(batch, below) for batch in _batches(uris)]
    folder, role, stem, garment, hidden = zip(*batches, strict=True)
    whole = pa.chunked_array(folder).unify_dictionaries().combine_chunks()
    return Keys(
        np.arange(len(uris)),
        whole.indices.to_numpy(),
        np.concatenate(role),
        pa.concat_arrays(stem),
        pa.concat_arrays(garment),
        np.concatenate(hidden),
        read_folders(whole.dictionary),
    )


def _batches(uris: pa.ChunkedArray) -> Iterator[pa.StringArray]:
    for chunk in uris.chunks or [pa.array([], pa.string())]:
        for start in range(0, max(len(chunk), 1), _BATCH):
            yield chunk.slice(start, _BATCH)


def _read(
    uris: pa.StringArray, below: Sequence[str]
) -> tuple[pa.DictionaryArray, Roles, pa.StringArray, pa.StringArray, NDArray[np.bool_]]:
    """Folder, role, stem and garment of each, and whether it is hidden."""
    starts, stops, names = edges(uris)[:-1], edges(uris)[1:], names_in(uris)
    directories = cut(uris, starts, names).dictionary_encode()
    folder, role = _read_directories(directories)
    hidden = hidden_in(directories, cut(uris, names, stops), below)
    role[names == stops] = -1
    stem_stops, garments, garment_stops = names.copy(), stops.copy(), stops.copy()
    for code, name in enumerate(ROLES):
        rows = np.flatnonzero(role == code)
        first, last = names[rows], stops[rows]
        ending = _endings(cut(uris, np.maximum(first, last - _LONGEST_ENDING), last), ENDINGS[name])
        behind = last - ending
        if code == CLOTH:
            # A stem has a character at least, so its mark is looked for from the second on.
            mark = pc.find_substring(cut(uris, first + 1, np.maximum(behind, first + 1)), CLOTH_MARK).to_numpy()
            fits = (ending > 0) & (mark >= 0)
            garments[rows[fits]] = (first + 1 + mark + len(CLOTH_MARK))[fits]
            garment_stops[rows[fits]] = behind[fits]
            behind = first + 1 + mark
        else:
            fits = (ending > 0) & (behind > first)
        stem_stops[rows[fits]] = behind[fits]
    return folder, role, cut(uris, names, stem_stops), cut(uris, garments, garment_stops), hidden


def hidden_in(
    directories: pa.DictionaryArray, names: pa.StringArray | pa.ChunkedArray, below: Sequence[str]
) -> NDArray[np.bool_]:
    """Whether each name, or a folder of it below the prefixes, is one that nobody meant to be read."""
    paths = directories.dictionary
    hidden, visited = np.zeros(len(names), bool), np.zeros(len(paths), bool)
    if not below:
        return hidden
    for prefix in below:
        inside = np.flatnonzero(pc.starts_with(paths, prefix))
        behind = pc.utf8_slice_codeunits(paths.take(pa.array(inside)), len(prefix))
        visited[inside] |= ~pc.match_substring_regex(behind, HIDDEN_FOLDER).to_numpy(zero_copy_only=False)
    hidden |= pc.match_substring_regex(names, HIDDEN_NAME).to_numpy(zero_copy_only=False)
    hidden |= ~visited[directories.indices.to_numpy()]
    return hidden


def _read_directories(encoded: pa.DictionaryArray) -> tuple[pa.DictionaryArray, Roles]:
    """The folder above each role's directory, and the role; -1 where a directory is no role's."""
    read = pc.extract_regex(pc.binary_join_element_wise(encoded.dictionary, "-", ""), KEY_PATTERN)
    folders = pc.fill_null(pc.struct_field(read, "folder"), "").dictionary_encode()
    codes = pc.fill_null(pc.index_in(pc.struct_field(read, "role"), pa.array(ROLES)), -1).to_numpy().astype(np.int8)
    at = encoded.indices
    return pa.DictionaryArray.from_arrays(folders.indices.take(at), folders.dictionary), codes[at.to_numpy()]


def _endings(tails: pa.StringArray, pattern: str) -> Positions:
    """How many bytes of each tail the pattern takes, 0 where it does not fit; different tails are few."""
    encoded = tails.dictionary_encode()
    # A tail may begin inside a character: RE2 is to take it for bytes.
    parts = pc.extract_regex(encoded.dictionary.cast(pa.binary()), f"(?P<ending>{pattern})")
    lengths: Positions = pc.fill_null(pc.binary_length(pc.struct_field(parts, "ending")), 0).to_numpy()
    ends: Positions = lengths[encoded.indices.to_numpy()]
    return ends


def read_folders(folders: pa.StringArray) -> pa.Table:
    """What folders say: `folder`, and by the names in its path `difficulty` and `gender`, empty where there is none."""
    inside = pc.replace_substring_regex(folders, AUTHORITY_PATTERN, "")
    read = {
        name: pc.utf8_lower(pc.fill_null(pc.struct_field(pc.extract_regex(inside, pattern), name), ""))
        for name, pattern in (("difficulty", DIFFICULTY_PATTERN), ("gender", GENDER_PATTERN))
    }
    return pa.table({"folder": folders, **read})

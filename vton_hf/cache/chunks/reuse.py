"""Images that older chunks hold already, which need not be fetched."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa

from vton_hf.cache.chunks.files import DATA, SOURCES, ImageGroup, Sources, is_finished
from vton_hf.images import ImageSpec, Notice
from vton_hf.triplets import Source

_STRICTNESS: Final = ("none", "structure", "decode")


class ReusableImages(Mapping[ImageGroup, tuple[bytes, ...]]):
    """The images of older chunks by what they were made of, read from disk only when asked for."""

    def __init__(self, directories: Iterable[Path], image_spec: ImageSpec, *, checked: str | None = None) -> None:
        """Take note of what the chunks hold.

        Args:
            directories: The chunks'.
            image_spec: How they are stored.
            checked: Only chunks whose objects were checked at this level or a stricter one; None takes any.
        """
        self._location: dict[ImageGroup, tuple[Path, int]] = {}
        self._notices: dict[ImageGroup, list[Notice]] = {}
        self._tables: dict[Path, pa.Table] = {}
        for directory in filter(is_finished, directories):
            try:
                sources = Sources(**json.loads((directory / SOURCES).read_text(encoding="utf-8")))
            except (FileNotFoundError, ValueError, TypeError):
                continue
            if checked is not None and _STRICTNESS.index(sources.verify) < _STRICTNESS.index(checked):
                continue
            noticed = sources.notices or [()] * len(sources.rows)
            for index, (row, notices) in enumerate(zip(sources.rows, noticed, strict=True)):
                of_role = {role: (uri, etag, size) for role, (uri, etag, size) in _there(row, sources.roles)}
                for group in image_groups(of_role, image_spec):
                    self._location[group] = directory, index
                    self._notices[group] = [Notice(*notice) for notice in notices if notice[1] in group[0]]

    def notices(self, group: ImageGroup) -> list[Notice]:
        """What should be known of its images."""
        return self._notices[group]

    def __getitem__(self, group: ImageGroup) -> tuple[bytes, ...]:
        directory, index = self._location[group]
        if directory not in self._tables:
            try:
                self._tables[directory] = pa.ipc.open_stream(pa.memory_map(str(directory / DATA))).read_all()
            except FileNotFoundError as error:  # pruned since it was looked at
                raise KeyError(group) from error
        cells = [self._tables[directory][role][index].as_py() for role in group[0]]
        if [cell["path"] for cell in cells] != [uri for uri, _, _ in group[1]]:
            raise KeyError(group)
        return tuple(cell["bytes"] for cell in cells)

    def __iter__(self) -> Iterator[ImageGroup]:
        return iter(self._location)

    def __len__(self) -> int:
        return len(self._location)


def image_groups(sources: Mapping[str, Source], image_spec: ImageSpec) -> list[ImageGroup]:
    """What a row is made of, such as is stored or taken over as a whole; of the roles that it has.

    Args:
        sources: Its objects by role.
        image_spec: How they are stored, which says what is of use only together.
    """
    return [(roles, tuple(sources[role] for role in roles)) for roles in image_spec.role_groups(sources)]


def _there(row: Sequence[Source | None], roles: Sequence[str]) -> Iterator[tuple[str, Source]]:
    return ((role, source) for role, source in zip(roles, row, strict=True) if source is not None)

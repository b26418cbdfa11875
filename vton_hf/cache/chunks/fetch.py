"""Part of a chunk on its way into memory: fetched together, checked, and made what is stored."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from threading import BoundedSemaphore
from typing import Any, Final, NamedTuple, TypeAlias

import pyarrow as pa

from vton_hf.cache.chunks.files import ImageGroup
from vton_hf.cache.chunks.partition import Chunk
from vton_hf.cache.chunks.reuse import ReusableImages, image_groups
from vton_hf.cache.statistics import MEASURED_ON_OBJECT, ImageRow, image_row
from vton_hf.errors import ImageError
from vton_hf.images import ORIGINAL, Notice, Prepared, Stored, is_sound
from vton_hf.naming import ROLES
from vton_hf.storage import Body, Source, Store, read_sources, use_each
from vton_hf.triplets import Source as ListedSource
from vton_hf.triplets import sources_of

PART_ROWS: Final = 8
"""So many triplets are fetched by one call, as it returns when its slowest object is there."""

PART_BYTES: Final = 32 * 2**20
"""Or fewer, if they are large; each part under way is in memory."""

Row: TypeAlias = dict[str, Any]


class Images(NamedTuple):
    """Those of one row.

    Attributes:
        stored: Of each image that the row has the bytes, or what is wrong with them.
        notices: What should be known of them.
        measured: What was measured of their objects, as far as that was wanted.
    """

    stored: Mapping[str, Stored]
    notices: tuple[Notice, ...]
    measured: tuple[ImageRow, ...]


def parts(rows: pa.Table) -> Iterator[list[Row]]:
    """Cut rows into what is fetched by one call."""
    part: list[Row] = []
    weight = 0
    for row in rows.to_pylist():
        size = sum(size for _, _, size in sources_of(row).values())
        if part and (len(part) == PART_ROWS or weight + size > PART_BYTES):
            yield part
            part, weight = [], 0
        part.append(row)
        weight += size
    if part:
        yield part


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Gets images, from any number of threads.

    Attributes:
        store: Where they lie.
        slots: Held while the store is asked, so that threads together keep to its `concurrency`.
    """

    store: Store
    slots: BoundedSemaphore

    @classmethod
    def of(cls, store: Store) -> "Fetcher":
        """For as many calls at once as the settings of the store allow objects."""
        return cls(store, BoundedSemaphore(max(1, round(store.settings.concurrency / (PART_ROWS * len(ROLES))))))

    def fetch(
        self, rows: list[Row], chunk: Chunk, older: ReusableImages, known: Container[ListedSource] | None = None
    ) -> list[Images]:
        """The images of each row as they are to be stored, or what is wrong with them.

        Args:
            rows: Part of the chunk's.
            chunk: How they are checked and prepared.
            older: Images that were stored before; those are not fetched.
            known: Objects that were measured before; None where nothing is to be measured.
        """
        groups = [_image_groups(row, chunk) for row in rows]
        images = {group: self._taken_over(group, chunk, older, known) for group in dict.fromkeys(chain(*groups))}
        left = [group for group, prepared in images.items() if not prepared.images]
        fetched = dict(zip(left, self._fetched(left, chunk, known), strict=True))
        return [_of_row(row, images | fetched, fetched, chunk.image_spec.mark) for row in groups]

    def _fetched(self, groups: list[ImageGroup], chunk: Chunk, known: Container[ListedSource] | None) -> list[Prepared]:
        # Where nobody looks at the images, only MD5 shows that one was damaged on the way.
        unseen = chunk.verify == "none" and not chunk.image_spec

        def read(sources: Sequence[Source]) -> list[Body]:
            with self.slots:
                return read_sources(self.store, sources, always_md5=unseen)

        def make(number: int, bodies: Mapping[str, Body]) -> Prepared:
            roles, sources = groups[number]
            of_unit = {role: bodies[uri] for role, (uri, _, _) in zip(roles, sources, strict=True)}
            return chunk.image_spec.apply(of_unit, chunk.verify, _to_measure(groups[number], known))

        return use_each(self.store, [sources for _, sources in groups], read, make, _is_broken, is_sound)

    def _taken_over(
        self, group: ImageGroup, chunk: Chunk, older: ReusableImages, known: Container[ListedSource] | None
    ) -> Prepared:
        """Older chunks store images alike but may have checked them less."""
        reusable = older.get(group)
        if reusable is None:
            return Prepared({})
        bodies = dict(zip(group[0], reusable, strict=True))
        images, notices, measured = ORIGINAL.apply(bodies, chunk.verify, _to_measure(group, known))
        # What was prepared no longer shows what there was to know of its object.
        return Prepared(images, older.notices(group) if chunk.image_spec else notices, measured)


def _to_measure(group: ImageGroup, known: Container[ListedSource] | None) -> set[str]:
    if known is None:
        return set()
    return {role for role, source in zip(*group, strict=True) if source not in known and role in ROLES}


def _of_row(
    groups: Sequence[ImageGroup],
    images: Mapping[ImageGroup, Prepared],
    fetched: Container[ImageGroup],
    prepared: str,
) -> Images:
    """Put together what belongs to a row; what was taken over from a chunk was measured as that holds it."""
    stored = {role: image for group in groups for role, image in images[group].images.items()}
    notices = tuple(notice for group in groups for notice in images[group].notices)
    measured = tuple(
        image_row(source, role, MEASURED_ON_OBJECT if group in fetched else prepared, images[group].measured[role])
        for group in groups
        for role, source in zip(*group, strict=True)
        if role in images[group].measured
    )
    return Images(stored, notices, measured)


def _is_broken(cell: Prepared) -> bool:
    return any(isinstance(image, ImageError) for image in cell.images.values())


def _image_groups(row: Row, chunk: Chunk) -> list[ImageGroup]:
    """What the row is made of, such as is stored or taken over as a whole."""
    return image_groups(sources_of(row), chunk.image_spec)

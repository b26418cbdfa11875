"""The images of rows, decoded and of one size."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vton_hf._core.timing import stage
from vton_hf.builder import use_cells
from vton_hf.errors import ImageError, StorageError
from vton_hf.images import Notice, is_companion, is_garments, profile_notices
from vton_hf.naming import ROLES
from vton_hf.storage import Body, Store
from vton_hf.transforms.backends import ImageBackend

Pictures = dict[str, Any]
"""8-bit RGB of one kind, by role."""


Tell = Callable[[Notice, Mapping[str, Any]], None]
"""What is done with something that should be known of an image of a row."""


def read_pictures(
    rows: Sequence[Mapping[str, Any]], store: Store, kind: ImageBackend, tell: Tell
) -> list[Pictures | Exception]:
    """Fetch what is not in the rows, all at once, and decode.

    Args:
        rows: Columns by name; those of images hold `{"bytes": ..., "path": URI}`, or None where a row has none.
        store: Where URIs lead.
        kind: What to decode to.
        tell: Called with what should be known of their colours.

    Returns:
        Each row's images, or what is wrong with it: a `StorageError` or an `ImageError`.

    Raises:
        StorageError: If the store as a whole fails.
    """
    roles = [[role for role in image_columns(row) if row[role] is not None] for row in rows]

    def pictures(number: int, bodies: Sequence[Body]) -> Pictures | Exception:
        return _pictures(rows[number], dict(zip(roles[number], bodies, strict=True)), kind, tell)

    return use_cells([[row[role] for role in of_row] for row, of_row in zip(rows, roles, strict=True)], store, pictures)


def matched(pictures: Pictures, kind: ImageBackend) -> Pictures:
    """The target in the person's size, so that one crop fits both; as `vton_hf.images.aspect.matched` does it.

    Companions are brought to the size of the picture that they belong to.
    """
    person, target = pictures.get(ROLES[0]), pictures.get(ROLES[2])
    if person is not None and target is not None and kind.shape(person) != kind.shape(target):
        pictures = pictures | {ROLES[2]: kind.resize(target, kind.shape(person))}
    for name in filter(is_companion, list(pictures)):
        beside = pictures.get(ROLES[1]) if is_garments(name) else target if person is None else person
        if beside is not None and kind.shape(beside) != kind.shape(pictures[name]):
            pictures = pictures | {name: kind.nearest(pictures[name], kind.shape(beside))}
    return pictures


def belongs_to(role: str) -> str:
    """The image that a companion is moved with."""
    return role if not is_companion(role) else ROLES[1] if is_garments(role) else ROLES[2]


def image_columns(row: Mapping[str, Any]) -> list[str]:
    """The columns of images of an undecoded row: the three, and companions, whose cells look alike."""
    return [name for name, cell in row.items() if name in ROLES or is_image(cell)]


def is_image(cell: object) -> bool:
    """Whether a cell is that of an undecoded image."""
    return isinstance(cell, Mapping) and cell.keys() == {"bytes", "path"}


def _pictures(
    row: Mapping[str, Any], bodies: Mapping[str, Body], kind: ImageBackend, tell: Tell
) -> Pictures | Exception:
    pictures = {}
    for role, body in bodies.items():
        if isinstance(body, StorageError):
            return body
        try:
            with stage("decode"):
                pictures[role] = kind.decode(body)
        except ImageError as error:
            return ImageError(f"{row[role]['path']}: {error}")
        for notice in profile_notices(body, role, to_srgb=kind.to_srgb):
            tell(notice, row)
    return pictures

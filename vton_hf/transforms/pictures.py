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


def moved_together(pictures: Pictures) -> dict[str, list[str]]:
    """By image the companions that are moved with it, whatever the three share; the image need not be there."""
    groups: dict[str, list[str]] = {role: [] for role in ROLES if role in pictures}
    wearer = ROLES[2] if ROLES[2] in pictures else ROLES[0]
    for name in filter(is_companion, pictures):
        groups.setdefault(ROLES[1] if is_garments(name) else wearer, []).append(name)
    return groups


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

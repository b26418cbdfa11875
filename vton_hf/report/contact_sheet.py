"""A picture of triplets, for people: person, garment and try-on side by side, grouped by difficulty."""

from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from PIL import Image, ImageDraw, ImageFont

from vton_hf._core.checks import check_int
from vton_hf.errors import ConfigError
from vton_hf.images import to_rgb
from vton_hf.naming import DIFFICULTIES, ROLES

Colour = tuple[int, int, int]

_HEADERS: Final = ("person", "garment", "try-on")
_BANDS: Final[Mapping[str, Colour]] = {"easy": (62, 142, 88), "medium": (206, 132, 32), "hard": (190, 58, 60)}
_OTHER_BAND: Final = (110, 114, 124)
_PAPER: Final = (255, 255, 255)
_BEHIND: Final = (232, 233, 236)
_HATCH: Final = (204, 206, 212)
_TEXT: Final = (34, 36, 42)
_FAINT: Final = (118, 122, 132)
THUMBNAIL_ASPECT: Final = 0.75
"""The width of a thumbnail by its height."""
_LOWEST: Final = 24
_LONGEST_TEXT: Final = 400  # characters; no sheet is wide enough for more


@dataclass(frozen=True, slots=True)
class _Cell:
    """One triplet: its caption and its three thumbnails."""

    difficulty: str
    caption: str
    thumbnails: tuple[Image.Image, ...]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Measures in pixels; all follow from the height of a thumbnail."""

    height: int
    columns: int

    @property
    def thumbnail(self) -> tuple[int, int]:
        return round(self.height * THUMBNAIL_ASPECT), self.height

    @property
    def font(self) -> int:
        return max(9, round(self.height * 0.08))

    @property
    def gap(self) -> int:
        return max(2, self.height // 40)

    @property
    def line(self) -> int:
        return round(self.font * 1.7)

    @property
    def triplet(self) -> int:
        return 3 * self.thumbnail[0] + 2 * self.gap

    @property
    def width(self) -> int:
        return self.columns * (self.triplet + 4 * self.gap) + 2 * self.gap

    @property
    def row(self) -> int:
        return self.height + self.line + 2 * self.gap

    def left(self, column: int) -> int:
        """Where a triplet of this column starts."""
        return 3 * self.gap + column * (self.triplet + 4 * self.gap)


def contact_sheet(
    rows: Iterable[Mapping[str, Any]],
    *,
    columns: int = 2,
    height: int = 160,
    title: str | None = None,
    limit: int | None = 64,
) -> Image.Image:
    """Lay triplets out on one sheet.

    Args:
        rows: The triplets, as a dataset yields them: initial_image, cloth_image and try_on_image as PIL images of
            any mode and size, and difficulty, gender, stem, garment, key for the caption. All are optional: where
            an image is missing or damaged, the sheet says so.
        columns: Triplets side by side.
        height: Height of a thumbnail in pixels.
        title: A line above everything.
        limit: At most so many triplets, the first ones; where it is known that there are more, the title says so.
            None shows all.

    Returns:
        An RGB image.

    Raises:
        ConfigError: If there is no row, or columns, height or limit makes no sense.
    """
    _check(rows)
    columns, height = check_int("columns", columns, least=1), check_int("height", height, least=_LOWEST)
    most = None if limit is None else check_int("limit", limit, least=1, or_else="None")
    size = _Layout(height, columns).thumbnail
    cells = [_cell(row, size) for row in islice(rows, most)]
    if isinstance(rows, Sized) and len(rows) > len(cells):
        title = " ".join(filter(None, [title, f"(the first {len(cells):,} of {len(rows):,})"]))
    if not cells:
        raise ConfigError("A contact sheet needs at least one triplet, and there is none to show.")
    groups = _grouped(cells)
    layout = _Layout(height, min(columns, max(map(len, groups.values()))))
    return _drawn(groups, layout, title)


def _check(rows: object) -> None:
    """Tell one row, or a batch of columns, from rows."""
    if isinstance(rows, Mapping):
        raise ConfigError(
            "rows must be rows of a dataset, got a dictionary: write [ds[0]] for one of them, "
            "ds.select(range(8)) for several."
        )


def _grouped(cells: Sequence[_Cell]) -> dict[str, list[_Cell]]:
    """By difficulty, the known ones first; within one, in the order given."""
    groups: dict[str, list[_Cell]] = {name: [] for name in DIFFICULTIES}
    for cell in cells:
        groups.setdefault(cell.difficulty, []).append(cell)
    return {name: group for name, group in groups.items() if group}


def _drawn(groups: Mapping[str, Sequence[_Cell]], layout: _Layout, title: str | None) -> Image.Image:
    head = (2 * layout.line if title else 0) + layout.line
    lines = [-(-len(group) // layout.columns) for group in groups.values()]
    total = head + len(groups) * (layout.line + 2 * layout.gap) + sum(lines) * layout.row + layout.gap
    sheet = Image.new("RGB", (layout.width, total), _PAPER)
    pen = ImageDraw.Draw(sheet)
    if title:
        room = layout.width - 6 * layout.gap
        _write(pen, title, (3 * layout.gap, layout.line), room, size=round(layout.font * 1.5), colour=_TEXT)
    for column in range(layout.columns):
        for index, header in enumerate(_HEADERS):
            centre = layout.left(column) + index * (layout.thumbnail[0] + layout.gap) + layout.thumbnail[0] // 2
            position = (centre, head - layout.line // 2)
            _write(pen, header, position, layout.thumbnail[0], size=layout.font, colour=_FAINT, anchor="mm")
    top = head
    for name, group in groups.items():
        _band(pen, name, len(group), top, layout)
        top += layout.line + 2 * layout.gap
        for index, cell in enumerate(group):
            row, column = divmod(index, layout.columns)
            _paste(sheet, cell, (layout.left(column), top + row * layout.row), layout)
        top += -(-len(group) // layout.columns) * layout.row
    return sheet


def _band(pen: ImageDraw.ImageDraw, name: str, count: int, top: int, layout: _Layout) -> None:
    pen.rectangle((0, top, layout.width, top + layout.line - 1), fill=_BANDS.get(name, _OTHER_BAND))
    label = f"{name or 'no difficulty'}  ({count})"
    position = (3 * layout.gap, top + layout.line // 2)
    _write(pen, label, position, layout.width - 6 * layout.gap, size=layout.font, colour=_PAPER)


def _paste(sheet: Image.Image, cell: _Cell, corner: tuple[int, int], layout: _Layout) -> None:
    x, y = corner
    for index, thumbnail in enumerate(cell.thumbnails):
        sheet.paste(thumbnail, (x + index * (layout.thumbnail[0] + layout.gap), y))
    position = (x, y + layout.height + layout.line // 2)
    _write(ImageDraw.Draw(sheet), cell.caption, position, layout.triplet, size=layout.font, colour=_TEXT)


def _cell(row: Mapping[str, Any], size: tuple[int, int]) -> _Cell:
    difficulty, gender, stem, garment, key = (
        str(row.get(name) or "") for name in ("difficulty", "gender", "stem", "garment", "key")
    )
    caption = " / ".join(part for part in (difficulty, gender, stem) if part) or key
    caption = " · ".join(part for part in (caption, garment) if part)
    return _Cell(
        difficulty,
        caption,
        tuple(_thumbnail(row[role], size) if role in row else placeholder(size, "none") for role in ROLES),
    )


def _thumbnail(image: object, size: tuple[int, int]) -> Image.Image:
    """The whole image in a box of this size, or a placeholder."""
    try:
        if not isinstance(image, Image.Image) or 0 in image.size:
            return placeholder(size)
        shrink = min(size[0] / image.width, size[1] / image.height)
        inner = (max(1, round(image.width * shrink)), max(1, round(image.height * shrink)))
        small = to_rgb(image).resize(inner, Image.Resampling.LANCZOS, reducing_gap=3.0)
    except Exception:  # noqa: BLE001  # a damaged file makes its decoder raise nearly anything
        return placeholder(size)
    box = Image.new("RGB", size, _BEHIND)
    box.paste(small, ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2))
    return box


def placeholder(size: tuple[int, int], text: str = "missing") -> Image.Image:
    """A hatched box of this width and height in pixels that says why it is one."""
    box = Image.new("RGB", size, _BEHIND)
    pen = ImageDraw.Draw(box)
    width, height = size
    for x in range(-height, width, max(4, height // 14)):
        pen.line((x, height, x + height, 0), fill=_HATCH, width=max(1, height // 80))
    font = max(9, height // 10)
    pen.rectangle((0, height // 2 - font, width, height // 2 + font), fill=_BEHIND)
    _write(pen, text, (width // 2, height // 2), width, size=font, colour=_FAINT, anchor="mm")
    return box


def _write(
    pen: ImageDraw.ImageDraw,
    text: str,
    position: tuple[int, int],
    room: int,
    *,
    size: int,
    colour: Colour,
    anchor: str = "lm",
) -> None:
    """One line of text, cut off with an ellipsis where it needs more than `room` pixels."""
    font = ImageFont.load_default(size=size)
    # Line breaks and lone surrogates, which file names may hold, have no width to measure.
    line = " ".join(text[:_LONGEST_TEXT].encode("utf-8", "replace").decode().split())
    whole = line
    while line and font.getlength(line if line == whole else line + "…") > room:
        line = line[:-1]
    pen.text(position, line if line == whole else line.rstrip() + "…", fill=colour, font=font, anchor=anchor)

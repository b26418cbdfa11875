"""Which columns are exported, under what names: all as they are, a caption, and a picture to condition on."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Final

import datasets
import pyarrow as pa
from PIL import Image

from vton_hf._core.checks import did_you_mean, must_be
from vton_hf.cache import features, image_column
from vton_hf.errors import ConfigError, ImageError
from vton_hf.exports.captions import CAPTION, check_caption, check_fields
from vton_hf.images import decode, encode, fit, format_of
from vton_hf.naming import ROLES

PRESETS: Final[dict[str, dict[str, str]]] = {
    "instruct-pix2pix": {
        "input_image": "initial_image",
        "edit_prompt": "caption",
        "edited_image": "try_on_image",
        "condition": "condition",
        "difficulty": "difficulty",
        "key": "key",
    },
    "controlnet": {
        "image": "try_on_image",
        "conditioning_image": "condition",
        "text": "caption",
        "difficulty": "difficulty",
        "key": "key",
    },
}
"""What diffusers' `train_instruct_pix2pix.py` and `train_controlnet.py` look for without being told: name to source."""

_MADE: Final = ("caption", "condition")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_PERSON, _GARMENT = ROLES[:2]
_THREADS: Final = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Columns:
    """What leaves, by name; `parse_columns` makes one.

    Attributes:
        made_from: (name, source) in the order they leave; a source is a column of the rows, `"caption"` or
            `"condition"`. Empty for all columns as they are.
        caption: A `str.format` template over the columns of texts.
        own: The columns of the rows.
    """

    made_from: tuple[tuple[str, str], ...]
    caption: str
    own: datasets.Features = field(default_factory=features, repr=False, compare=False)

    def of(self, own: datasets.Features) -> "Columns":
        """The same of rows with these columns.

        Raises:
            ConfigError: If a source or a field of the caption is none of them; the message says which there are.
        """
        made_from = self.made_from or tuple((name, name) for name in own)
        for _, source in made_from:
            if source not in own and source not in _MADE:
                raise _unknown(source, own)
        lacking = [role for role in (_PERSON, _GARMENT) if role not in own]
        if lacking and any(source == "condition" for _, source in made_from):
            raise ConfigError(f"columns= asks for 'condition', which shows {lacking[0]}: no row has one.")
        check_fields(self.caption, [name for name in own if isinstance(own[name], datasets.Value)])
        return replace(self, made_from=made_from, own=own)

    @property
    def features(self) -> datasets.Features:
        """The columns as `datasets` describes them."""
        own = {"caption": datasets.Value("string"), "condition": datasets.Image(), **self.own}
        return datasets.Features({name: own[source] for name, source in self.made_from})

    def apply(self, table: pa.Table) -> pa.Table:
        """Make the chosen columns.

        Args:
            table: The columns of the rows; every image cell holds bytes, or is null where a row has no such image.

        Returns:
            As many rows, with the schema of `features`. A condition is the person on the left and on the right, in a
            white box of the same size, the garment; a PNG, or a JPEG where both are JPEGs.

        Raises:
            ImageError: If a condition needs an image that does not decode; it names the row's key and the file.
        """
        values = {
            source: self._column(source, table) for source in dict.fromkeys(source for _, source in self.made_from)
        }
        return pa.Table.from_arrays([values[source] for _, source in self.made_from], schema=self.features.arrow_schema)

    def _column(self, source: str, table: pa.Table) -> Any:
        if source == "condition":
            return _conditions(table)
        if source != "caption" or (source in self.own and self.caption == CAPTION):
            return table[source]
        texts = [name for name, feature in self.own.items() if isinstance(feature, datasets.Value)]
        rows = ({name: "" if value is None else value for name, value in row.items()} for row in _rows(table, texts))
        return pa.array([self.caption.format_map(row) for row in rows], pa.string())


def parse_columns(columns: str | Sequence[str] | Mapping[str, str] | None, caption: str | None = None) -> Columns:
    """Read what a user says of the columns to export.

    Args:
        columns: None for all as they are; one of `PRESETS`; `NAME=SOURCE` or `SOURCE`, as a list or as one text
            with commas between; or a mapping of name to source.
        caption: A `str.format` template over the columns of texts; None for `CAPTION`.

    Raises:
        ConfigError: If a name is invalid or stands there twice, a caption is malformed or no column shows it; the
            message says what is allowed. Whether columns exist, `Columns.of` says.

    >>> parse_columns("image=try_on_image,key").made_from
    (('image', 'try_on_image'), ('key', 'key'))
    """
    pairs = _pairs(columns)
    if columns is not None and not pairs:
        raise ConfigError(f"columns= chooses no column. {_allowed(features())}")
    _check_pairs(pairs)
    if caption is not None and all(source != "caption" for _, source in pairs):
        raise ConfigError(
            f"caption={caption!r} is given, yet no column shows it. Add one, such as columns='text=caption,...', or "
            f"leave caption= out."
        )
    template = CAPTION if caption is None else caption
    check_caption(template)
    return Columns(tuple(pairs), template)


def _pairs(columns: Any) -> list[tuple[str, str]]:
    """(name, source) as they were said."""
    if columns is None:
        return []
    if isinstance(columns, str):
        columns = columns.split(",")
    if isinstance(columns, Mapping) and all(isinstance(text, str) for pair in columns.items() for text in pair):
        return [(name.strip(), source.strip()) for name, source in columns.items()]
    if isinstance(columns, Sequence) and all(isinstance(text, str) for text in columns):
        pairs = [_pair(text) for text in columns]
        preset = PRESETS.get(pairs[0][1]) if len(pairs) == 1 else None
        return list(preset.items()) if preset else pairs
    raise must_be("columns", columns, "a preset, a list of columns or {name: column}", _allowed(features()))


def _pair(text: str) -> tuple[str, str]:
    name, equals, source = (part.strip() for part in text.partition("="))
    return (name, source) if equals else (name, name)


def _check_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Refuse names and sources that cannot be.

    Raises:
        ConfigError: Says which one.
    """
    known: dict[str, str] = {}
    for name, source in pairs:
        if not source or "=" in source:
            raise _unknown(source, features())
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"columns= names a column {name!r}. Allowed: a letter, then letters, digits, '_' and '-', 64 at most."
            )
        # WebDataset's readers lower all names.
        if other := known.get(name.lower()):
            raise ConfigError(f"columns= has {other!r} and {name!r}: each name once, whatever its case.")
        known[name.lower()] = name


def _unknown(source: str, own: Iterable[str]) -> ConfigError:
    hint = did_you_mean(source, [*own, *_MADE, *PRESETS])
    return ConfigError(f"columns= asks for {source!r}, which does not exist.{hint} {_allowed(own)}")


def _allowed(own: Iterable[str]) -> str:
    return (
        f"Allowed: a preset ({', '.join(map(repr, PRESETS))}), or SOURCE or NAME=SOURCE, separated by commas, where "
        f"SOURCE is one of: {', '.join(dict.fromkeys([*own, *_MADE]))}."
    )


def _rows(table: pa.Table, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Some columns, row by row."""
    rows: list[dict[str, Any]] = table.select(list(names)).to_pylist()
    yield from rows


def _conditions(table: pa.Table) -> pa.StructArray:
    """The column of person and garment side by side."""
    # Decoders and encoders let other threads run: 64 rows of 1024 x 768 take half as long on two cores.
    with ThreadPoolExecutor(_THREADS) as pool:
        conditions = list(pool.map(lambda row: _condition(table, row), range(table.num_rows)))
    data, paths = [one for one, _ in conditions], [path for _, path in conditions]
    return image_column(data, pa.array(paths, pa.string()))


def _condition(table: pa.Table, row: int) -> tuple[bytes, str]:
    cells = [table[role][row].as_py() for role in (_PERSON, _GARMENT)]
    images = []
    for role, cell in zip((_PERSON, _GARMENT), cells, strict=True):
        try:
            images.append(decode(cell["bytes"]))
        except ImageError as error:
            key = table["key"][row].as_py()
            raise ImageError(f"{key!r} cannot be exported: {role} {cell['path']!r}: {error}") from error
    # What was lossy before is made lossy again: as PNG it would take ten times the bytes.
    is_jpeg = any(format_of(cell["bytes"]) != "PNG" for cell in cells)
    path = f"{table['stem'][row].as_py()}_condition.{'jpg' if is_jpeg else 'png'}"
    return encode(_beside(*images), "jpeg" if is_jpeg else "png"), path


def _beside(person: Image.Image, garment: Image.Image) -> Image.Image:
    """Mode RGB, the person's height and twice the width."""
    both = Image.new("RGB", (2 * person.width, person.height))
    both.paste(person, (0, 0))
    both.paste(fit(garment, (person.height, person.width), "pad", _GARMENT), (person.width, 0))
    return both

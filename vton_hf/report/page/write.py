"""The page as one HTML file that needs nothing else: styles, script, data and pictures are in it."""

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

from vton_hf._core.files import atomic_write
from vton_hf._core.progress import progress_bar
from vton_hf.report.examples import pick_examples
from vton_hf.report.page.choice import Rows, large_rows, shown_rows, worst_first
from vton_hf.report.page.contents import Mix, contents
from vton_hf.report.page.strips import LARGE, SMALL, Cell, Strip, strip, strips
from vton_hf.report.validation import Validation

_ASSETS: Final = Path(__file__).with_name("assets")
_SCRIPTS: Final = ("data", "pictures", "marks", "cards", "grid", "triplets", "findings", "overview", "lens", "main")
_BLOCK: Final = 500
"""Strips in a block: what is taken out of the file at once."""

_EXAMPLES: Final = 2
"""Of each difficulty and gender, on the first view."""

Effects = Mapping[int, Sequence[Cell]]
"""By the number of a row what a transform makes of its three images."""


def write_page(path: Path, found: Validation, *, mix: Mix | None = None, effects: Effects | None = None) -> None:
    """Write the page.

    Args:
        path: The file; its folders are made.
        found: What was found; not one that was unpickled.
        mix: What an epoch holds; None leaves it out.
        effects: What a transform makes of some triplets.

    Raises:
        OSError: If the file cannot be written.
        StorageError: If the store does not answer.
    """
    order = worst_first(found)
    shown = shown_rows(found, order)
    data = contents(found, shown, mix)
    places = {int(row): place for place, row in enumerate(shown)}
    table = found.evidence.measures.rows
    first = [row for row in pick_examples(table, _EXAMPLES) if row in places]
    data["examples"] = [places[row] for row in first]
    made = _pictures(found, shown, large_rows(shown, order, first))
    data["strips"], shapes = _index(made), _Shapes()
    seen = {places[row]: strip(cells, LARGE) for row, cells in (effects or {}).items() if row in places}
    data["effects"] = {"rows": list(seen)} | _index(list(seen.values()))
    for kind, several in (("strips", made), ("effects", list(seen.values()))):
        data[kind]["shape"] = shapes.places(several)
    data["shapes"] = shapes.all
    with atomic_write(path) as scratch, scratch.open("w", encoding="utf-8") as file:
        _write(file, data, made, list(seen.values()))


def effect_rows(found: Validation, count: int) -> list[int]:
    """The rows of which a page shows what a transform makes: those that it shows first."""
    return list(range(min(count, found.evidence.measures.rows.num_rows)))


def _pictures(found: Validation, shown: Rows, large: Rows) -> list[Strip]:
    """The strips of all rows that are shown, in order."""
    images, big = found.evidence.images, set(large.tolist())
    small = [int(row) for row in shown if row not in big]
    made: dict[int, Strip] = {}
    with progress_bar(total=len(shown), desc="Drawing", unit=" triplets", leave=False) as bar:
        for rows, height in ((images.thumbnails(small), SMALL), (images.originals(large.tolist()), LARGE)):
            for row, each in strips(rows, height):
                made[row] = each
                bar.update(1)
    return [made[int(row)] for row in shown]


def _index(made: Sequence[Strip]) -> dict[str, Any]:
    return {"starts": list(range(0, len(made), _BLOCK))}


class _Shapes:
    """Shapes of strips, each once: most images of a bucket have the same."""

    def __init__(self) -> None:
        self._places: dict[tuple[int, ...], int] = {}

    def places(self, made: Iterable[Strip]) -> list[int]:
        return [self._places.setdefault(each.shape, len(self._places)) for each in made]

    @property
    def all(self) -> list[tuple[int, ...]]:
        return list(self._places)


def _write(file: IO[str], data: Mapping[str, Any], made: Sequence[Strip], effects: Sequence[Strip]) -> None:
    """Fill the template; the first block of pictures stands before the script, so that it can be shown at once."""
    script = "\n".join((_ASSETS / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS)
    script = f'"use strict";\n(() => {{\n{script}\n}})();\n'
    first, *rest = list(_blocks("strips", made)) or [""]
    parts = {
        "POLICY": [_policy(script)],
        "TITLE": [html.escape(f"{data['title']} · vton-hf".encode("utf-8", "replace").decode())],
        "STYLE": [(_ASSETS / "style.css").read_text(encoding="utf-8")],
        "DATA": [_embedded(data)],
        "FIRST": [first, *_blocks("effects", effects)],
        "SCRIPT": [script],
        "REST": rest,
    }
    text = (_ASSETS / "page.html").read_text(encoding="utf-8")
    for name, pieces in parts.items():
        before, text = text.split(f"<!--{name}-->")
        file.write(before)
        file.writelines(pieces)
    file.write(text)


def _blocks(kind: str, made: Sequence[Strip]) -> Iterator[str]:
    for number, start in enumerate(range(0, len(made), _BLOCK)):
        lines = "\n".join(base64.b64encode(each.data).decode() for each in made[start : start + _BLOCK])
        yield f'<script type="text/plain" id="{kind}-{number}">{lines}</script>\n'


def _embedded(data: Mapping[str, Any]) -> str:
    """JSON that no text in it can end, whatever a key holds."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _policy(script: str) -> str:
    """Nothing is fetched, and no other script runs."""
    known = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{known}'"

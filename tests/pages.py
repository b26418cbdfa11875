"""Buckets with known defects, and what a page of them holds."""

import base64
import io
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from PIL import Image

from tests.bucket import ROOT
from tests.planting import DRAWN, REPORTED_ON, as_files, sound, spoiled, write

SMALL = (96, 128)
HOSTILE = "<script>alert(1)"
"""A stem; `write_bucket` puts all below a folder whose path holds `</script>`."""

DEFECTS = ("nothing-changed", "dark", "blurred", "letterbox", "garment-not-worn", "truncated", "rotated", "wrong-pair")


def write_bucket(folder: Path, sound_ones: int, defects: tuple[str, ...] = DEFECTS) -> str:
    """Triplets of all difficulties and genders, one for each defect, and one with a hostile name; gives the prefix."""
    root = folder / "<" / "script><img src=x onerror=alert(2)>"
    places = [f"{difficulty}/{gender}" for difficulty in ("easy", "medium", "hard") for gender in ("female", "male")]
    names = [*(f"{number:03d}" for number in range(sound_ones)), HOSTILE]
    for number, stem in enumerate(names):
        pictures = sound((*REPORTED_ON, DRAWN)[number % 6], f"page {number}", SMALL)
        kind = ("shirt", "dress")[number % 2]
        write(root, iter([as_files(stem, pictures, folder=places[number % 6], kind=kind)]))
    write(root, (spoiled(check, check, REPORTED_ON, "page", SMALL) for check in defects))
    return f"{root}/{ROOT}"


class Page(HTMLParser):
    """A page as a browser takes it apart.

    Attributes:
        scripts: Text of each `<script>`, by its id; the one that runs has none.
        attributes: Of each tag, all that it has.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.text = path.read_text(encoding="utf-8")
        self.scripts: dict[str, str] = {}
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self._open: str | None = None
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))
        if tag == "script":
            self._open = dict(attrs).get("id") or ""
            self.scripts[self._open] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self.scripts[self._open] += data

    @property
    def data(self) -> dict[str, Any]:
        """What the script reads."""
        data: dict[str, Any] = json.loads(self.scripts["data"])
        return data

    def row(self, key: str) -> int:
        number: int = self.data["rows"]["key"].index(key)
        return number

    def pictures(self, kind: str = "strips") -> list[list[Image.Image]]:
        """The images of each row, cut out of its strip."""
        data, made = self.data, []
        lines = [line for name, text in self.scripts.items() if name.startswith(kind) for line in text.split("\n")]
        for line, shape in zip(filter(None, lines), data[kind]["shape"], strict=True):
            height, *widths = data["shapes"][shape]
            whole = Image.open(io.BytesIO(base64.b64decode(line))).convert("RGB")
            assert whole.size == (sum(widths), height)
            starts = [sum(widths[:place]) for place in range(len(widths))]
            made.append([whole.crop((left, 0, left + wide, height)) for left, wide in zip(starts, widths, strict=True)])
        return made

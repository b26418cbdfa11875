"""Small pieces of HTML for notebooks: they take the colours of the page they stand on, and fetch nothing."""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from vton_hf.errors import redacted

_COLOURS: Final = {"easy": "#3e8e58", "medium": "#b7741a", "hard": "#7447a8"}
_OTHER: Final = "#6b7280"
_WIDE: Final = 12
"""Width of a full bar in em."""

_CELL: Final = "padding:2px 10px 2px 0;text-align:left;vertical-align:top;border:0"


def text(value: object) -> str:
    """Any text as HTML that shows it, lone surrogates of file names included, without what signs an address.

    >>> text("<b>")
    '&lt;b&gt;'
    """
    return escape(redacted(str(value)).encode("utf-8", "replace").decode())


def box(title: str, *parts: str) -> str:
    """A heading and what stands below it; the parts are HTML."""
    body = "".join(part for part in parts if part)
    return f'<div style="line-height:1.45;margin:4px 0"><div style="font-weight:600">{text(title)}</div>{body}</div>'


def bars(lines: Iterable[tuple[str, float, str]]) -> str:
    """A bar for each line: its name, its length, and what is said of it.

    >>> "width:6.00em" in bars([("easy", 1, "1 row"), ("hard", 2, "2 rows")])
    True
    """
    rows = list(lines)
    most = max((value for _, value, _ in rows), default=0) or 1
    made = []
    for name, value, label in rows:
        bar = (
            f'<div style="width:{_WIDE * value / most:.2f}em;min-width:1px;height:0.8em;border-radius:3px;'
            f'background:{_COLOURS.get(name, _OTHER)}"></div>'
        )
        cells = (text(name), bar, text(label))
        made.append("<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells) + "</tr>")
    return f'<table style="border-collapse:collapse;margin:4px 0">{"".join(made)}</table>'


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; whole numbers have their thousands apart.

    >>> table(["rows"], [[1200]]).count("1,200")
    1
    """
    head = "".join(f'<th style="{_CELL}">{text(name)}</th>' for name in header)
    body = "".join(
        "<tr>"
        + "".join(f'<td style="{_CELL}">{text(f"{cell:,}" if isinstance(cell, int) else cell)}</td>' for cell in row)
        + "</tr>"
        for row in rows
    )
    return f'<table style="border-collapse:collapse;margin:4px 0"><tr>{head}</tr>{body}</table>'


def pictures(shown: Iterable[tuple[bytes, str]]) -> str:
    """WebP files side by side, each with a text below it."""
    made = []
    for data, label in shown:
        source = f"data:image/webp;base64,{base64.b64encode(data).decode()}"
        made.append(
            f'<figure style="margin:0;max-width:22em"><img src="{source}" alt="{text(label)}" '
            f'style="height:9em;max-width:100%;border-radius:4px"><figcaption>{text(label)}</figcaption></figure>'
        )
    return f'<div style="display:flex;flex-wrap:wrap;gap:12px;margin:6px 0">{"".join(made)}</div>' if made else ""

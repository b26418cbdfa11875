"""Our sections among the text of others: what stands between our marks is ours, all else is theirs.

    <!-- vton-hf:about -->
    what we wrote
    <!-- /vton-hf:about -->

A reader of the page does not see the marks. A section without an end mark goes on to the next mark. An end mark alone
is a section without text.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from vton_hf.exports.card.contents import by_difficulty
from vton_hf.exports.card.former import added_by_others

logger = logging.getLogger("vton_hf")

_MARK: Final = re.compile(r"<!--[ \t]*(?P<end>/?)vton-hf:(?P<name>[\w.:-]+)(?:[ \t]+(?P<digest>[0-9a-f]+))?[ \t]*-->")
_NOTE: Final = "<!-- Each push writes this section anew, up to the next mark; write above or below it. -->"
_BLANK: Final = " \t\r\n"
_CONFIG: Final = "config:"


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of a README.md: text of others (without a name), or a section of ours."""

    raw: str  # as it stands there; empty for a section that is missing
    name: str = ""
    text: str = ""  # ours, between two marks
    added: str = ""  # what may be of others between the marks


def merge(body: str, sections: Mapping[str, str], *, newline: str) -> str:
    """Put our sections into a text.

    Each takes the place of the section of its name, and of all that stands between its marks. One that is missing
    comes before the next of our sections that is there (about, the configs from easy to hard, load), or at the end.
    Sections that are not named here stay. What people wrote between the marks of version 0.1, which did not say whose
    text that is, goes below the new section, once; and so does all that follows a start mark without an end mark.

    Args:
        body: The README.md without its header.
        sections: Their texts by name, in order.
        newline: The line break to write.
    """
    parts = _with_missing(_parts(body), sections)
    text, done, loose = "", set[str](), False
    for part in parts:
        ours = part.name in sections
        pieces = [] if ours else [part.raw]
        if ours and part.name not in done:
            text_now = _safe(sections[part.name])
            # The marks of version 0.1 stay as long as the text does: a card that says the same is not written again.
            pieces = [part.raw if part.text == text_now else _written(part.name, text_now, newline)]
            done.add(part.name)
        if ours and part.added not in {"", _safe(sections[part.name])}:
            logger.warning(
                "README.md: section %r was edited; what people wrote is kept below it. From now on each push replaces "
                "what stands between the marks of a section.",
                part.name,
            )
            pieces.append(part.added)
        for piece in pieces:
            if piece.strip():
                isnew = not part.raw or piece == part.added
                text += _gap(text, piece, newline) if loose or isnew else ""
                loose = isnew
            text += piece
    return text + (newline if loose and not text.endswith(("\r", "\n")) else "")


def _with_missing(parts: list[_Part], names: Iterable[str]) -> list[_Part]:
    whole = list(parts)
    for name in names:
        if all(part.name != name for part in whole):
            later = {
                part.name: index for index, part in reversed(list(enumerate(whole))) if _order(part.name) > _order(name)
            }
            whole.insert(later[min(later, key=_order)] if later else len(whole), _Part("", name))
    return whole


def _order(name: str) -> tuple[int, tuple[int, str]]:
    rank = {"about": 1, "load": 3}.get(name, 2 if name.startswith(_CONFIG) else 0)
    return rank, by_difficulty(name.removeprefix(_CONFIG))


def _written(name: str, text: str, newline: str) -> str:
    return newline.join([f"<!-- vton-hf:{name} -->", _NOTE, "", *text.split("\n"), "", f"<!-- /vton-hf:{name} -->"])


def _safe(text: str) -> str:
    """Whatever a section quotes, it holds no mark, and can be written."""
    return text.replace("<!--", "&lt;!--").strip("\n").encode("utf-8", "replace").decode()


def _gap(before: str, after: str, newline: str) -> str:
    """The line breaks that are missing for a blank line between two texts."""
    if not before.strip():
        return ""
    blank = before[len(before.rstrip(_BLANK)) :] + after[: len(after) - len(after.lstrip(_BLANK))]
    there = len(re.findall(r"\r\n|\r|\n", blank))
    return newline * max(0, 2 - there)


def _parts(body: str) -> list[_Part]:
    """Cut a text at our marks; the raw parts in a row are the text."""
    marks = list(_MARK.finditer(body))
    parts, at = list[_Part](), 0
    for index, mark in enumerate(marks):
        if mark.start() < at:
            continue  # the end of the section before
        parts.append(_Part(body[at : mark.start()]))
        at, text, added = mark.end(), "", ""
        if not mark["end"]:
            after = marks[index + 1] if index + 1 < len(marks) else None
            inner = body[at : after.start() if after else len(body)].rstrip(_BLANK)
            closed = after is not None and after["end"] and after["name"] == mark["name"]
            at = after.end() if after and closed else at + len(inner)
            inner = re.sub(rf"\A\s*{re.escape(_NOTE)}", "", inner)
            text = inner.replace("\r\n", "\n").strip("\n") if closed else ""
            # Without an end mark nobody knows where ours ends.
            unknown = not closed and mark["digest"] is None
            added = inner.strip(_BLANK) if unknown else added_by_others(inner, mark["digest"])
        parts.append(_Part(body[mark.start() : at], mark["name"], text, added))
    return [*parts, _Part(body[at:])]

"""Our sections among the text of others, told apart by marks that a reader of the page does not see.

    <!-- vton-hf:about 3f2a9c01 -->
    what we wrote; 3f2a9c01 is its digest
    <!-- /vton-hf:about -->

A section without an end mark goes on to the next mark. An end mark alone is a section without text.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from vton_hf.exports.card.contents import by_difficulty

logger = logging.getLogger("vton_hf")

_MARK: Final = re.compile(r"<!--[ \t]*(?P<end>/?)vton-hf:(?P<name>[\w.:-]+)(?:[ \t]+(?P<digest>[0-9a-f]+))?[ \t]*-->")
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_BLANK: Final = " \t\r\n"
_CONFIG: Final = "config:"


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of a README.md: text of others (without a name), or a section of ours."""

    raw: str  # as it stands there; empty for a section that is missing
    name: str = ""
    added: str = ""  # what people wrote between the marks


def merge(body: str, sections: Mapping[str, str], *, newline: str) -> str:
    """Put our sections into a text.

    Each takes the place of the section of its name. One that is missing comes before the next of our sections
    that is there (about, the configs from easy to hard, load), or at the end. Sections that are not named here
    stay. What people wrote between our marks goes below the new section, and is theirs from then on.

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
            pieces = [_written(part.name, sections[part.name], newline)]
            done.add(part.name)
        if ours and part.added:
            logger.warning("README.md: section %r was edited; what people wrote is kept below it.", part.name)
            pieces.append(part.added)
        for piece in pieces:
            if piece.strip():
                isnew = not part.raw or piece == part.added
                text += _gap(text, piece, newline) if loose or isnew else ""
                loose = isnew
            text += piece
    return text + (newline if loose and not text.endswith(("\r", "\n")) else "")


def digest(text: str) -> str:
    """Eight digits that change with a text, but not with its line breaks, nor with blanks at the end of a line."""
    return next((found for _, found in reversed(_prefixes(text))), "0" * 8)


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
    # Whatever a section quotes, it holds no mark, and can be written.
    safe = text.replace("<!--", "&lt;!--").strip("\n").encode("utf-8", "replace").decode()
    lines = [f"<!-- vton-hf:{name} {digest(safe)} -->", "", *safe.split("\n"), "", f"<!-- /vton-hf:{name} -->"]
    return newline.join(lines)


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
        at, inner = mark.end(), ""
        if not mark["end"]:
            after = marks[index + 1] if index + 1 < len(marks) else None
            inner = body[at : after.start() if after else len(body)].rstrip(_BLANK)
            closed = after is not None and after["end"] and after["name"] == mark["name"]
            at = after.end() if after and closed else at + len(inner)
        parts.append(_Part(body[mark.start() : at], mark["name"], _added(inner, mark["digest"])))
    return [*parts, _Part(body[at:])]


def _added(inner: str, expected: str | None) -> str:
    """What people wrote between two marks: nothing, what stands below our text, or, if they changed that, all of it."""
    ours = next((end for end, found in _prefixes(inner) if found == expected), 0)
    return inner[ours:].strip("\r\n") if inner[ours:].strip() else ""


def _prefixes(text: str) -> list[tuple[int, str]]:
    """Where each line that is not blank ends, and the digest of the text up to there."""
    hashed, found, blanks = sha256(), list[tuple[int, str]](), ""
    for line in _LINE.finditer(text):
        content = line[0].rstrip()
        if content:
            hashed.update(f"{blanks}{content}\n".encode("utf-8", "replace"))
            found.append((line.end(), hashed.hexdigest()[:8]))
        blanks = blanks + "\n" if found and not content else ""
    return found

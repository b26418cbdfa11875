"""Files of pairs: a person and a garment on each line, whatever separates them and however lines end."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vton_hf.naming import IMAGE_ENDING

_NAMES: Final = (
    rf"^\s*(?P<first>[^\t]+?{IMAGE_ENDING})[\s,;|]+(?P<second>[^\t]+?{IMAGE_ENDING})(?:[\s,;|]+(?P<third>\S(?:.*\S)?))?\s*$",
    r"^\s*(?P<first>[^\t]+?)\s*\t\s*(?P<second>[^\t]+?)(?:\s*\t\s*(?P<third>\S(?:.*\S)?))?\s*$",
    r"^\s*(?P<first>[^\s,;|]+)[\s,;|]+(?P<second>[^\s,;|]+)(?:[\s,;|]+(?P<third>\S+))?\s*$",
)
"""A line: two file names, in which there may be blanks; else what tabs separate; else what blanks separate."""

_QUOTED: Final = r"""^\s*(?:"[^"]*"(?:[\s,;|]+|$)){2,}|^\s*(?:'[^']*'(?:[\s,;|]+|$)){2,}"""

_MARKS: Final = (("\ufeff".encode("utf-16-le"), "utf-16"), ("\ufeff".encode("utf-16-be"), "utf-16"))


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one file.

    Attributes:
        number: [n], of each line that names two things, from 1.
        first: [n], the first of them.
        second: [n], the second.
        third: [n], what follows; null where nothing does.
        unreadable: Numbers of the lines that do not.
    """

    number: pa.Array
    first: pa.StringArray
    second: pa.StringArray
    third: pa.StringArray
    unreadable: list[int]


def decoded(data: bytes) -> str:
    """Text as it was meant: UTF-8 or UTF-16, with a mark or without; else Latin-1, in which any bytes are a text."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def read_lines(data: bytes) -> Lines:
    r"""Read a file of pairs; blank lines and comments, which begin with # and name no picture, are passed over.

    Quotes around names are none of theirs.

    >>> lines = read_lines(b"\xef\xbb\xbfa b.jpg c.jpg\r\n\r\n1.jpg\r\n")
    >>> lines.first.to_pylist(), lines.second.to_pylist(), lines.unreadable
    (['a b.jpg'], ['c.jpg'], [3])
    """
    text = pa.array(decoded(data).replace("\r\n", "\n").replace("\r", "\n").split("\n"), pa.string())
    comment = pc.and_not(pc.match_substring_regex(text, r"^\s*#"), pc.match_substring_regex(text, IMAGE_ENDING))
    holds_pair = pc.invert(pc.or_(comment, pc.match_substring_regex(text, r"^\s*$")))
    number = pa.array(np.flatnonzero(holds_pair.to_numpy(zero_copy_only=False)) + 1)
    text = text.filter(holds_pair)
    quoted = pc.match_substring_regex(text, _QUOTED)
    if pc.any(quoted).as_py():
        text = pc.if_else(quoted, pc.replace_substring_regex(text, r"[\"']", ""), text)
    parts = [pa.nulls(len(text), pa.string())] * 3
    for pattern in _NAMES:
        known = pc.is_valid(parts[0])
        if parts[0].null_count:
            found = pc.extract_regex(text, pattern)
            groups = [pc.if_else(pc.is_valid(found), found.field(index), None) for index in range(len(parts))]
            parts = [pc.if_else(known, part, group) for part, group in zip(parts, groups, strict=True)]
    good = pc.is_valid(parts[0])
    first, second, third = (part.filter(good) for part in parts)
    third = pc.if_else(pc.equal(third, ""), None, third)
    return Lines(number.filter(good), first, second, third, number.filter(pc.invert(good)).to_pylist())

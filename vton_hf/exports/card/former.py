"""Cards of version 0.1, whose marks hold a digest of what stands between them: `<!-- vton-hf:about 3f2a9c01 -->`."""

import re
from hashlib import sha256
from typing import Final

_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")


def added_by_others(inner: str, expected: str | None) -> str:
    """What people wrote between two marks: nothing, what stands below our text, or, if they changed that, all of it.

    Args:
        inner: What stands between the marks.
        expected: Eight digits of SHA-256 that do not change with line breaks, nor with blanks at the end of a line;
            None in a card of today, of which nothing is kept.
    """
    if expected is None:
        return ""
    hashed, blanks, ours, begun = sha256(), "", 0, False
    for line in _LINE.finditer(inner):
        content = line[0].rstrip()
        if content:
            hashed.update(f"{blanks}{content}\n".encode("utf-8", "replace"))
            begun = True
            if hashed.hexdigest()[:8] == expected:
                ours = line.end()
        blanks = blanks + "\n" if begun and not content else ""
    return inner[ours:].strip("\r\n") if inner[ours:].strip() else ""

"""One thing that was looked at: a mark, what was found, and what to do next."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_WIDTH: Final = 12
"""Of the longest subject."""

_RESET: Final = "\x1b[0m"


class Mark(StrEnum):
    """How it stands."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"
    SKIP = "skip"


_COLOURS: Final = {Mark.OK: "\x1b[32m", Mark.WARN: "\x1b[33m", Mark.FAIL: "\x1b[1;31m", Mark.SKIP: "\x1b[2m"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        mark: How it stands.
        subject: What it is, in a word or two.
        found: What was found.
        next_step: What to do; empty where that is nothing.
    """

    mark: Mark
    subject: str
    found: str
    next_step: str = ""

    def text(self, *, colour: bool) -> str:
        """A line, and where there is a next step one more below it.

        >>> print(Check(Mark.WARN, "Hub", "no token", "Log in.").text(colour=False))
        warn  Hub           no token
                            -> Log in.
        """
        mark = f"{self.mark:<4}"
        if colour:
            mark = f"{_COLOURS[self.mark]}{mark}{_RESET}"
        line = f"{mark}  {self.subject:<{_WIDTH}}  {self.found}"
        return f"{line}\n{'':{_WIDTH + 8}}-> {self.next_step}" if self.next_step else line

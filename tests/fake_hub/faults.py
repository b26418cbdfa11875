"""What can go wrong on purpose."""

import re
import threading
from dataclasses import dataclass, field
from typing import Literal

from tests.fake_hub.http import Answer

Drop = Literal["before", "mid", "after"]


@dataclass
class Fault:
    """What befalls the next `times` requests it matches, or all of them; `hits` counts those."""

    method: str
    path: re.Pattern[str]
    times: int | None
    drop: Drop | None
    answer: Answer
    hits: int = 0


@dataclass
class Hold:
    """Keeps one request waiting: a PUT with half its body read, any other when all of it is there."""

    method: str
    path: re.Pattern[str]
    times: int = 1
    hits: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    _released: threading.Event = field(default_factory=threading.Event)
    _process: bool = False

    def release(self, *, process: bool = True) -> None:
        """Let the request go on, or drop it without a trace; returns when that is done."""
        self._process = process
        self._released.set()
        if self.reached.is_set():
            self.done.wait(60)

    def wait(self) -> bool:
        """Whether the request may go on."""
        self.reached.set()
        return self._released.wait(120) and self._process

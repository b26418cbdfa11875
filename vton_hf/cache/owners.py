"""Which process something belongs to, and whether that still runs."""

import os
import platform
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

DAY: Final = 24 * 3600.0
"""So long a process that cannot be asked is believed to run, where nothing else says more."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process.

    Attributes:
        machine: Where its number means something.
        pid: Its number.
        started: When it began, as the kernel counts; empty where that is not known.
    """

    machine: str
    pid: int
    started: str

    def runs(self) -> bool | None:
        """Whether it is running; None if that cannot be told from here, as of a process of another machine."""
        started = _started(self.pid) if self.machine == _machine() else ""
        return None if started == "" else started == self.started

    def may_run(self, *, seen: float, within: float) -> bool:
        """Whether it may be running: one that cannot be asked, if it was seen so many seconds ago at most.

        Args:
            seen: When, in seconds since 1970.
            within: How long it is believed, in seconds.
        """
        runs = self.runs()
        return time.time() - seen <= within if runs is None else runs


UNKNOWN: Final = Owner("", 0, "")


def myself() -> Owner:
    """This process."""
    return Owner(_machine(), os.getpid(), _started(os.getpid()) or "")


@cache
def _machine() -> str:
    """Where process numbers mean the same: one start of one machine, and there one container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return platform.node()


def _started(pid: int) -> str | None:
    """When a process of this machine began; None if there is none, empty if that is not known."""
    if os.name == "nt":  # where signal 0 would end it
        return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # another user's
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return None if state in "ZX" else fields[18]

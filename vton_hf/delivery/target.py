"""Where a delivery goes: what a place must be able to do."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

Card = Callable[[str | None], str]
"""Makes the text of README.md, given the one that is there."""


class Target(Protocol):
    """A Hub repository, a folder, a prefix in a bucket.

    Attributes:
        place: What stock `load_dataset` takes.
        doing: What a progress bar says, such as "Pushing".
        keeps_scratch: Whether what is sent stays on the scratch's disk.
    """

    place: str
    doing: str

    @property
    def scratch(self) -> Path | None:
        """Where files may lie until they are sent; None for the cache."""

    keeps_scratch: bool

    def present(self) -> Mapping[str, int]:
        """The files that are there, and their bytes; refuses a place that must not be written to."""

    def read_card(self) -> str | None:
        """The text of its README.md, if there is one."""

    def send(self, file: Path, name: str) -> None:
        """Bring one file there; nobody sees it yet. It is sent once: the same bytes again cost nothing."""

    def publish(
        self, card: Card, pictures: Mapping[str, bytes], wanted: set[str], stale: Callable[[str], bool]
    ) -> str | None:
        """Let people see what was sent, all at once, and take away what is stale.

        Args:
            card: Its text.
            pictures: Small files that go along.
            wanted: The names of all files, those that were there before included.
            stale: Whether a file that is there should go.

        Returns:
            Where to look; None if all was as it should be already.
        """

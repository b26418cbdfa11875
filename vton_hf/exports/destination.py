"""Where an export goes, and what changes there at once."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from vton_hf.exports import card

CARD: Final = "README.md"

_OURS: Final = re.compile(
    r"\w+-\d{5}-of-\d{5}-[0-9a-f]{16}\.(parquet|tar)|\.?contact_sheet-[0-9a-f]{16}\.png"
    r"|\.split_manifest-[0-9a-f]{16}\.parquet"
)
"""What an export writes, or once wrote, into a config's folder; other files there are somebody's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What people are to see.

    Attributes:
        destination: The destination's name.
        configs: What is exported.
        contents: Those of them that the card does not describe yet as they are.
        license: For the card; None keeps what it says.
        pictures: Small files that go along, by name.
        wanted: The names of all files, those that were there before included.
    """

    destination: str
    configs: frozenset[str]
    contents: Sequence[card.Contents]
    license: str | None
    pictures: Mapping[str, bytes]
    wanted: frozenset[str]

    def card(self, old: str | None) -> str:
        """The text of README.md, given the one that is there."""
        if self.contents or old is None:
            return card.render(old, self.contents, destination=self.destination, license=self.license)
        return old if self.license is None else card.relicensed(old, self.license, destination=self.destination)

    def stale(self, existing: Iterable[str], former: Iterable[str] = ()) -> list[str]:
        """What is to be removed: files that an earlier export of these configs wrote.

        Args:
            existing: The names of all files.
            former: Globs of further files to be replaced, such as those that the card names for these configs.
        """
        globs = list(former)

        def is_former(name: str) -> bool:
            folder, _, file = name.partition("/")
            ours = folder in self.configs and _OURS.fullmatch(file) is not None
            return ours or any(fnmatchcase(name, glob) for glob in globs)

        return [name for name in existing if name not in self.wanted and is_former(name)]


class Destination(ABC):
    """A Hub repository, a folder, a prefix in a bucket.

    Attributes:
        name: Its repository, path or URL.
        activity: What a progress bar says, such as "Pushing".
        folder: Where files are written that stay there; None where they are only on their way.
    """

    name: str
    activity: str
    folder: Path | None = None

    @abstractmethod
    def list_files(self) -> Mapping[str, int]:
        """The files that are there, and their bytes; refuses a destination that must not be written to."""

    @abstractmethod
    def read_card(self) -> str | None:
        """The text of its README.md, if there is one."""

    def check_card(self, text: str) -> None:
        """Find out before hours of uploading whether it takes this card; by default any."""
        del text

    @abstractmethod
    def upload(self, path: Path, name: str) -> Any:
        """Bring one file there, in any process; nobody sees it yet. The same bytes again cost nothing.

        Returns:
            What `commit` needs to know of it, for `note`.
        """

    @abstractmethod
    def note(self, name: str, receipt: Any) -> None:
        """Remember what `upload` gave, in the process that commits."""

    @abstractmethod
    def commit(self, changes: Changes) -> str | None:
        """Let people see what was uploaded, all at once, and remove what is stale.

        Returns:
            Where to look; None if all was as it should be already.
        """

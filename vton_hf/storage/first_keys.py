"""The first keys of each folder below a prefix: a look at a bucket of any size that takes a few requests."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import pyarrow as pa

from vton_hf.naming import DIFFICULTIES, GENDERS, ROLES
from vton_hf.storage.backend import Folder
from vton_hf.storage.failures import FailureKind, classify
from vton_hf.storage.tables import UNREADABLE, join, page

NAMES: Final = 250
"""Names of one folder. The three folders of a triplet's roles are in the same order, so their first names match."""

FOLDERS: Final = 40
"""Folders in all: the layout has 28, of which 18 hold images."""

_STEP: Final = 8
"""Folders that are looked at together where the layout knows none of them: what it knows may lie in these."""

_EXPECTED: Final = frozenset({*DIFFICULTIES, *GENDERS, *ROLES})


class FirstKeys(NamedTuple):
    """Objects below a prefix.

    Attributes:
        table: As `Store.list` gives it.
        cut: Whether there are more.
    """

    table: pa.Table
    cut: bool


async def first_keys(prefix: str, look: Callable[[str], Awaitable[Folder]]) -> FirstKeys:
    """List the first names of the first folders; those that the layout knows come before all others.

    Args:
        prefix: From `resolve_prefix`.
        look: Gets one folder.

    Raises:
        Exception: What the library raises for the prefix itself. What may not be listed below it is in the table with
            size -1, as in any listing.
    """
    pages, waiting, left, cut = [], [prefix], FOLDERS, False
    while waiting and left > 0:
        known = [uri for uri in waiting if _is_expected(uri)]
        now = (known or waiting[:_STEP])[:left]
        waiting = [uri for uri in waiting if uri not in now]
        left -= len(now)
        answers = await asyncio.gather(*map(look, now), return_exceptions=True)
        folders = [_usable(uri, answer, prefix) for uri, answer in zip(now, answers, strict=True)]
        pages += [folder.files for folder in folders]
        cut |= any(folder.cut for folder in folders)
        waiting += [uri for folder in folders for uri in folder.below]
    return FirstKeys(join(pages), cut or bool(waiting))


def _usable(uri: str, answer: Folder | BaseException, prefix: str) -> Folder:
    if not isinstance(answer, BaseException):
        return answer
    failure = classify(answer)
    if uri == prefix or failure.kind is not FailureKind.DENIED:
        raise answer
    return Folder(page([uri], [UNREADABLE], [f"permission denied ({failure.code})"]), (), cut=False)


def _is_expected(uri: str) -> bool:
    return uri.rstrip("/").rpartition("/")[2].lower() in _EXPECTED

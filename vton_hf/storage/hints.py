"""Nothing lies where a prefix points: what people may have meant, and what to write instead."""

import os
import re
import unicodedata
from typing import Final

from vton_hf.naming import ROLES

_IMAGE: Final = re.compile(r"[^/]\.(?:png|jpe?g|webp)$", re.IGNORECASE)
_ARCHIVE: Final = re.compile(r"[^/]\.(?:zip|tar|tgz|gz|zst|7z|rar|parquet|arrow)$", re.IGNORECASE)
_PATTERN: Final = re.compile(r"[*?\[]")


def hint(uri: str) -> str:
    """What to do about a prefix under which there is nothing.

    Args:
        uri: From `resolve_prefix`.

    >>> hint("s3://photos/easy/female/initial_image/001_person.png/")
    'that is an image. Write the folder of its triplets: s3://photos/easy/female/'
    """
    path = uri.removesuffix("/")
    if uri.startswith("file://") and (hint := _local(path.removeprefix("file://"))):
        return hint
    if _IMAGE.search(path):
        return f"that is an image. Write the folder of its triplets: {triplets_of(path)}"
    if _ARCHIVE.search(path):
        return f"archives are not looked into. Unpack it, and write the folder that it leaves: {folder_above(path)}"
    if pattern := _PATTERN.search(path, uri.index("://") + 3):
        front = path[: path.rindex("/", 0, pattern.start()) + 1]
        return f"patterns are not expanded. Write the folders one by one, or the one that holds them all: {front}"
    return _web(uri) or hub_line(uri) or _bare(uri) or "check the spelling, or drop this prefix."


def hub_line(uri: str) -> str:
    """How to load a dataset of the Hub that is named as a place where triplets lie; empty for other places."""
    if not uri.startswith("hf://"):
        return ""
    name = "/".join(uri.removeprefix("hf://").removeprefix("datasets/").split("/")[:2])
    return f'what vton-hf push sent to the Hub is loaded with load_dataset("{name}", "hard").'


def triplets_of(uri: str) -> str:
    """The folder whose triplets an image is one of, which is that of its role's folder; anything else as it is."""
    if not _IMAGE.search(uri):
        return uri
    folder = folder_above(uri)
    return folder_above(folder[:-1]) if folder.endswith(tuple(f"/{role}/" for role in ROLES)) else folder


def folder_above(path: str) -> str:
    """Up to the last slash."""
    return path[: path.rfind("/") + 1]


def _local(path: str) -> str | None:
    if os.path.isfile(path):  # noqa: PTH113 - a path's own slashes must survive
        folder = triplets_of(path)
        return f"that is a file. Write a folder, such as {folder_above(path) if folder == path else folder}"
    if os.path.islink(path):  # noqa: PTH114
        return f"that is a link to {os.readlink(path)!a}, which is not there."  # noqa: PTH115
    for twin in (unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path)):
        if twin != path and os.path.isdir(twin):  # noqa: PTH112
            return f"its name is there in another Unicode form. Write {twin!a} (here: {path!a}), or rename it."
    return None


def _web(uri: str) -> str | None:
    if not uri.startswith(("http://", "https://")):
        return None
    return "a web address is no store. Write s3://BUCKET/FOLDER/, and say endpoint_url= where it is not Amazon's."


def _bare(uri: str) -> str | None:
    """A key may have been meant for a bucket and a key, or for a local folder."""
    scheme, _, path = uri.partition("://")
    bucket, _, key = path.partition("/")
    if scheme != "s3" or not key:
        return None
    if key.startswith(f"{bucket}/"):
        return f"{bucket!r} stands there twice. Write s3://{key}, or leave {bucket!r} out of the key."
    if os.path.isdir(key):  # noqa: PTH112
        return f"check the spelling, or drop this prefix. The local folder of that name is written ./{key}"
    return None

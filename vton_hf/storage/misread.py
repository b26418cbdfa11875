"""Prefixes that other tools understand and this package does not: each is refused with the line to write instead."""

import os
import re
from typing import Final

from vton_hf.errors import ConfigError
from vton_hf.naming import DIFFICULTIES, GENDERS
from vton_hf.storage.hints import folder_above, triplets_of
from vton_hf.storage.settings import StorageSettings
from vton_hf.storage.urls import address_of

_HUB: Final = re.compile(r"(?i)(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/datasets/([^/?#]+/[^/?#]+)")
_WEB: Final = re.compile(r"(?i)https?://.+|[^/:\s]+\.amazonaws\.com(?:\.cn)?(?:/.*)?", re.DOTALL)
_ARN: Final = re.compile(r"arn:[a-z-]+:s3:::(.+)", re.DOTALL)
_WINDOWS: Final = re.compile(r"[A-Za-z]:(?:[\\/].*)?|\\\\.*", re.DOTALL)
_CHAIN: Final = re.compile(r"(?P<outer>[a-z0-9]+)(?:://.*)?::(?P<inner>.+)", re.DOTALL)
_ARCHIVE: Final = re.compile(r"(?P<scheme>zip|tar|libarchive)://.*", re.DOTALL)
_TOO_FEW_SLASHES: Final = re.compile(r"(?i)(?P<scheme>s3a?|gs|hf|file):/?(?P<rest>[^/].*)", re.DOTALL)
_SIGNED: Final = re.compile(r"(?i)(s3a?://[^?]*)\?.*x-amz-.*", re.DOTALL)
_S3N: Final = re.compile(r"(?i)s3n://(.*)", re.DOTALL)
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def refuse_misread(prefix: str, settings: StorageSettings) -> None:
    """Refuse a prefix that would be taken for something else than was meant.

    Raises:
        ConfigError: With the line to write instead.
    """
    if any("\ud800" <= letter <= "\udfff" for letter in prefix):
        raise ConfigError(f"The prefix {prefix!a} is not UTF-8. Rename the folder, or link to it under another name.")
    if prefix != prefix.strip() and "://" in prefix:
        raise ConfigError(f"The prefix {prefix!r} begins or ends with a blank: was a line break copied with it?")
    instead = _web(prefix, settings) or _other_notation(prefix) or _inside(prefix, settings)
    if instead is not None:
        raise ConfigError(f"{prefix!r} {instead}")


def what_a_key_may_be(prefix: str) -> str:
    """What else people may have meant by a bare key."""
    first, slash, rest = prefix.partition("/")
    if os.path.isdir(prefix):  # noqa: PTH112 - a path's own slashes must survive
        return f"The local folder of that name is written ./{prefix}"
    if os.path.isfile(prefix):  # noqa: PTH113
        return f"Of the local file of that name write the folder of its triplets: {triplets_of(f'./{prefix}')}"
    if slash and _BUCKET.fullmatch(first) and first not in {*DIFFICULTIES, *GENDERS}:
        return f"If {first!r} is the bucket, write s3://{first}/{rest}"
    return "A local folder begins with /, ./, ../ or ~."


def _web(prefix: str, settings: StorageSettings) -> str | None:
    if match := _HUB.match(prefix):
        return f'is a dataset on the Hub. What was pushed there loads with load_dataset("{match[1]}", "hard").'
    if not _WEB.fullmatch(prefix):
        return None
    address = address_of(prefix if "://" in prefix else f"https://{prefix}", settings.endpoint_url)
    if address is None:
        return None
    line = f"is a web address. Write {triplets_of(address.uri)}"
    if address.endpoint_url in (None, settings.endpoint_url):
        return line
    return f'{line} and storage_options={{"endpoint_url": "{address.endpoint_url}"}}.'


def _other_notation(prefix: str) -> str | None:
    if match := _ARN.fullmatch(prefix):
        return f"is an ARN. Write s3://{match[1]}"
    if match := _SIGNED.fullmatch(prefix):
        return f"carries a signature, which is no part of a key. Write {triplets_of(match[1])}"
    if match := _S3N.fullmatch(prefix):
        return f"is Hadoop's old notation. Write s3://{match[1]}"
    if match := _TOO_FEW_SLASHES.fullmatch(prefix):
        slashes = ":///" if match["scheme"].lower() == "file" else "://"
        return f"lacks a slash, which a Path drops. Write the text {match['scheme']}{slashes}{match['rest']}"
    if _WINDOWS.fullmatch(prefix):
        return "is a path of Windows. Write where that is mounted here, such as /mnt/c/data, or ./data."
    return None


def _inside(prefix: str, settings: StorageSettings) -> str | None:
    """File systems that lie in others."""
    if (match := _CHAIN.fullmatch(prefix)) and ("://" in prefix or match["outer"].endswith("cache")):
        inner = match["inner"].rpartition("::")[2]
        if match["outer"].endswith("cache"):
            return f"is a chain of file systems. Write {inner}: what is fetched is kept anyway."
        return f"looks into an archive. Unpack it, and write the folder that it leaves, such as {folder_above(inner)}"
    if (match := _ARCHIVE.fullmatch(prefix)) and not {match["scheme"], "fo"} & dict(settings.options).keys():
        return "is an archive. Unpack it, and write the folder that it leaves, such as ./data."
    return None

"""Telling of an audit: one line of what people can act on, and nothing twice."""

import logging
import shlex
from collections.abc import Sequence
from typing import Final

import pyarrow.compute as pc

from vton_hf.triplets.audit import (
    AMBIGUOUS_CLOTH,
    EXCLUDED,
    FOLDER_MARKER,
    HIDDEN,
    INCOMPLETE,
    SHOWN,
    UNKNOWN_NAME,
    Audit,
)
from vton_hf.triplets.layouts import VTON

logger = logging.getLogger("vton_hf")

_QUIET: Final = frozenset({EXCLUDED, FOLDER_MARKER, HIDDEN, UNKNOWN_NAME})
"""Reasons that call for nothing: what was asked for, and what was never meant to be an image of a triplet."""

_PICTURE: Final = r"(?i)\.(?:png|jpe?g|webp|gif|bmp|tiff?|hei[cf]|avif|jxl)$"

_logged: set[tuple[str, ...]] = set()


def tell(audit: Audit, *, keys: int, prefixes: Sequence[str], endpoint_url: str | None = None) -> None:
    """Log what was left out: as a warning what people can act on, in one line; at DEBUG all of it.

    Incomplete triplets and names that match nothing are told of each time; which layouts were recognised, and how many
    keys were left out in all, once in a process.

    Args:
        audit: What was left out.
        keys: How many were listed.
        prefixes: Below which.
        endpoint_url: Of the store, where it is not Amazon's.
    """
    lines = [audit.incomplete()] if INCOMPLETE in audit.counts() else []
    summary = [*_layouts(audit), *audit.notes, *_summary(audit, keys, _command(prefixes, endpoint_url))]
    of_these = {line: (*prefixes, line) for line in summary}
    lines += [line for line in summary if of_these[line] not in _logged]
    _logged.update(of_these.values())
    lines += audit.strangers()
    if lines:
        logger.warning("%s", " ".join(lines))
    if logger.isEnabledFor(logging.DEBUG):
        for message in audit.messages():
            logger.debug("%s", message)


def _summary(audit: Audit, keys: int, command: str) -> list[str]:
    """How many keys were left out, by reason, and how to see them; nothing if that is no news to anybody."""
    counts = {reason: count for reason, count in audit.counts().items() if reason != FOLDER_MARKER}
    if _QUIET.issuperset(counts) and not _has_misnamed(audit):
        return []
    parts = [f"{count:,} {reason}" for reason, count in counts.items()]
    example = f" {_garments(audit)}" if AMBIGUOUS_CLOTH in counts else ""
    total = sum(counts.values())
    return [f"{total:,} of {keys:,} keys left out: {', '.join(parts)}.{example} `{command}` lists them."]


def _layouts(audit: Audit) -> list[str]:
    """The layouts that were recognised: of the bucket's own only what else lies there, which is not read."""
    shown = []
    for seen in audit.seen:
        if seen.layout == VTON:
            shown += [f"{each}." for each in seen.told]
        elif seen.why:
            shown.append(str(seen))
        else:
            logger.info("%s", seen)
    return shown


def _command(prefixes: Sequence[str], endpoint_url: str | None) -> str:
    """Lists all that was left out."""
    shown = [*prefixes[:SHOWN], *(["..."] if len(prefixes) > SHOWN else ())]
    remote = any(prefix.startswith("s3://") for prefix in prefixes)
    store = ["--endpoint-url", endpoint_url] if endpoint_url and remote else []
    return shlex.join(["vton-hf", "scan", *shown, *store, "--list"])


def _has_misnamed(audit: Audit) -> bool:
    """Whether a picture lies in a role's folder under a name that is none of its triplets'."""
    rows = audit.rows_of(UNKNOWN_NAME)
    pictures = pc.and_(pc.not_equal(rows["folder"], ""), pc.match_substring_regex(rows["uri"], _PICTURE))
    return bool(pc.any(pictures).as_py())


def _garments(audit: Audit) -> str:
    """For the first stem with several garments which was taken, and which were left."""
    rows = audit.rows_of(AMBIGUOUS_CLOTH)
    first = rows.slice(0, 1).to_pylist()[0]
    same = rows.filter(pc.and_(pc.equal(rows["folder"], first["folder"]), pc.equal(rows["stem"], first["stem"])))
    names = [uri.rpartition("/")[2] for uri in same["uri"].slice(0, SHOWN).to_pylist()]
    more = f" and {same.num_rows - SHOWN:,} more" if same.num_rows > SHOWN else ""
    return (
        f"Of stem {first['stem']!r} {first['detail']}, not {', '.join(names)}{more}; cloth='each' takes all garments."
    )

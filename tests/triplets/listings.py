"""Listings without a bucket: `discover(listing(whole("easy/female/", "001")))`."""

from collections.abc import Iterable, Mapping

import pyarrow as pa

from vton_hf.naming import ROLES, ImageKey, format_key
from vton_hf.storage.tables import SCHEMA
from vton_hf.triplets import Audit, Manifest

BUCKET = "s3://photos/"


def whole(folder: str, stem: str, garment: str = "dress", extension: str = ".png") -> list[str]:
    """The three keys of a triplet, in the order of `ROLES`."""
    return [
        format_key(ImageKey(folder, role, stem, garment if role == "cloth_image" else ""), extension) for role in ROLES
    ]


def several(folder: str, count: int) -> list[str]:
    """The keys of so many triplets."""
    return [key for index in range(count) for key in whole(folder, f"{index:03d}")]


def listing(keys: Iterable[str], changed: Mapping[str, tuple[int, str]] | None = None) -> pa.Table:
    """What the store says of these keys: 10 bytes each, unless `changed` says their size and etag."""
    facts = changed or {}
    rows = [
        {"uri": key if "://" in key else BUCKET + key, "size": size, "etag": etag}
        for key in keys
        for size, etag in [facts.get(key, (10, f"of {key}"))]
    ]
    return pa.Table.from_pylist(sorted(rows, key=lambda row: row["uri"].encode()), schema=SCHEMA)


def empty(*keys: str) -> dict[str, tuple[int, str]]:
    """As `changed`: these keys have no bytes."""
    return dict.fromkeys(keys, (0, ""))


def keys_of(manifest: Manifest) -> list[str]:
    return sorted(manifest.table["key"].to_pylist())


def used(manifest: Manifest) -> list[str]:
    """Every URI of the manifest, as often as it stands there."""
    return [uri for role in ROLES for uri in manifest.table[role].to_pylist()]


def left_out(audit: Audit) -> dict[str, str]:
    """Reason by key."""
    return {row["uri"].removeprefix(BUCKET): row["reason"] for row in audit.table.to_pylist()}

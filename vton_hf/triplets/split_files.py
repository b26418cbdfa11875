"""Split manifests: which split each triplet, each person and each garment is in, as a file that others load."""

import io
import json
from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vton_hf.errors import ConfigError
from vton_hf.triplets.entities import ENTITIES
from vton_hf.triplets.manifest import Manifest
from vton_hf.triplets.policy import BOTH, COMPONENT, SplitPolicy
from vton_hf.triplets.splitting import Assignment

_ABOUT: Final = b"vton_hf_splits"
_SPLIT: Final = "split"


def split_table(found: Assignment, manifest: Manifest) -> pa.Table:
    """One row a triplet: `key`, `split`, null where it is in none, and the names of its entities by kind."""
    names = pa.array(found.policy.names).take(pa.array(found.codes, mask=found.codes < 0))
    columns = {"key": manifest.table["key"], _SPLIT: names, **found.entities}
    return pa.table(columns)


def to_bytes(found: Assignment, manifest: Manifest) -> bytes:
    """A split manifest as a Parquet file; the same splits give the same bytes with one version of pyarrow."""
    entities = found.policy.entities
    pattern = entities if entities is None or isinstance(entities, dict) else entities.pattern
    about = {"splits": dict(found.policy.shares), "split_by": found.by, "entities": pattern}
    table = split_table(found, manifest).replace_schema_metadata({_ABOUT: json.dumps(about)})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def from_bytes(data: bytes, name: str) -> SplitPolicy:
    """The policy of a split manifest, with what it splits pinned; what came later goes by its hash.

    Args:
        data: The file.
        name: Its name, for messages.

    Raises:
        ConfigError: If it is none.
    """
    try:
        table = pq.read_table(io.BytesIO(data))
        about = json.loads(table.schema.metadata[_ABOUT])
        policy = SplitPolicy.of(about["splits"], about["split_by"], about["entities"])
        kinds = ENTITIES if policy.by in (BOTH, COMPONENT) else (str(policy.by),)
        split = table[_SPLIT].combine_chunks()
        codes = _codes(split, policy.names)
        pinned = {kind: _pinned(table[kind].combine_chunks(), codes) for kind in kinds}
    except (pa.ArrowInvalid, KeyError, TypeError, ValueError, ConfigError):
        raise ConfigError(
            f"splits={name!r} is no split manifest. Write one with vton_hf.split(...).save(...) or `vton-hf split "
            f"--out`, or give shares such as splits={{'validation': 0.05}}."
        ) from None
    return SplitPolicy(policy.shares, policy.by, policy.entities, pinned)


def _codes(splits: pa.StringArray, names: Sequence[str]) -> pa.Array:
    """Places in names, null where there is no split; another name is a `ValueError`."""
    coded = splits.dictionary_encode()
    return pa.array(map(names.index, coded.dictionary.to_pylist()), pa.int32()).take(coded.indices)


def _pinned(
    names: pa.StringArray, codes: pa.Array
) -> tuple[pa.StringArray, "np.ndarray[tuple[int], np.dtype[np.int8]]"]:
    """Each entity of a triplet that is in a split, once."""
    there = pc.and_(pc.is_valid(names), pc.is_valid(codes))
    names, placed = names.filter(there), codes.filter(there).to_numpy().astype(np.int8)
    coded = names.dictionary_encode()
    splits = np.zeros(len(coded.dictionary), np.int8)
    splits[coded.indices.to_numpy()] = placed
    return coded.dictionary, splits

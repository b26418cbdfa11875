"""Split manifests: which split each triplet, each person and each garment is in, as a file that others load."""

import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vton_hf.errors import ConfigError
from vton_hf.triplets.assignment import Assignment
from vton_hf.triplets.entities import ENTITIES
from vton_hf.triplets.manifest import Manifest
from vton_hf.triplets.policy import BOTH, COMPONENT, JOINS, Codes, Pinned, SplitPolicy

_ABOUT: Final = b"vton_hf_splits"
_KEY, _SPLIT = "key", "split"
_FLAGS: Final = {"a": re.ASCII, "i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}


def split_table(found: Assignment, manifest: Manifest) -> pa.Table:
    """One row a triplet: `key`, `split`, null where it is in none, and the names of its entities by kind."""
    names = pa.array(found.policy.names).take(pa.array(found.codes, mask=found.codes < 0))
    columns = {_KEY: manifest.table["key"], _SPLIT: names}
    return pa.table(columns | {_called(kind): values for kind, values in found.entities.items()})


def to_bytes(found: Assignment, manifest: Manifest) -> bytes:
    """A split manifest as a Parquet file; the same splits give the same bytes with one version of pyarrow."""
    entities = found.policy.entities
    written = _written(entities) if isinstance(entities, re.Pattern) else entities
    about = {"splits": dict(found.policy.shares), "split_by": found.by, "entities": written}
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
        texts = {each: table[each].cast(pa.string()).combine_chunks() for each in (_KEY, _SPLIT, *map(_called, kinds))}
        codes = _codes(texts[_SPLIT], policy.names)
    except (pa.ArrowException, KeyError, TypeError, ValueError, ConfigError):
        raise ConfigError(
            f"splits={name!r} is no split manifest. Write one with vton_hf.split(...).save(...) or `vton-hf split "
            f"--out`, or give shares such as splits={{'validation': 0.05}}."
        ) from None
    pinned = {kind: _pinned(texts[_called(kind)], codes) for kind in kinds}
    return replace(policy, pinned=Pinned(texts[_KEY], codes, pinned))


def _called(kind: str) -> str:
    """The column of a kind of entity, which may be a column that is called like one of ours."""
    return f"{kind}_value" if kind in (_KEY, _SPLIT) else kind


def _written(pattern: "re.Pattern[str]") -> str:
    """An expression as a text, with its flags."""
    flags = "".join(letter for letter, flag in _FLAGS.items() if pattern.flags & flag)
    return f"(?{flags}){pattern.pattern}" if flags and not pattern.pattern.startswith("(?" + flags) else pattern.pattern


def _codes(splits: pa.StringArray, names: Sequence[str]) -> Codes:
    """Places in names, `JOINS` where there is no split; another name is a `ValueError`."""
    coded = splits.dictionary_encode()
    places = pa.array(map(names.index, coded.dictionary.to_pylist()), pa.int8()).take(coded.indices)
    codes: Codes = pc.fill_null(places, JOINS).to_numpy()
    return codes


def _pinned(names: pa.StringArray, codes: Codes) -> tuple[pa.StringArray, Codes]:
    """Each entity of a triplet that is in a split, once; of one that is in two, the first."""
    there = pa.array((codes >= 0) & pc.is_valid(names).to_numpy(zero_copy_only=False))
    coded = names.filter(there).dictionary_encode()
    splits = np.full(len(coded.dictionary), np.iinfo(np.int8).max, np.int8)
    np.minimum.at(splits, coded.indices.to_numpy(), codes[there.to_numpy(zero_copy_only=False)])
    return coded.dictionary, splits

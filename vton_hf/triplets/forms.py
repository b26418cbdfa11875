"""Names that look alike: the same letters in another Unicode form, as macOS writes them."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vton_hf.triplets.gaps import Bits
from vton_hf.triplets.keys import Keys


def other_forms(images: Keys, codes: NDArray[np.int32], absent: Bits) -> dict[int, str]:
    r"""The identities of which another one, that differs in Unicode form only, has what is absent.

    Args:
        images: Some keys.
        codes: [n], the number of each one's identity.
        absent: For each identity the roles without an image.

    Returns:
        By number, how the two are written.

    >>> from vton_hf.triplets.keys import read_keys
    >>> names = ["easy/initial_image/\u00e9_person.png", "easy/try_on_image/e\u0301_vton.png"]
    >>> keys = read_keys(pa.chunked_array([names]))
    >>> other_forms(keys, np.array([0, 1]), np.array([6, 3], np.uint8))
    {0: "'e\\u0301' and '\\xe9'", 1: "'e\\u0301' and '\\xe9'"}
    """
    if not absent.any():
        return {}
    identity = images.identity()
    odd = np.flatnonzero(~pc.string_is_ascii(identity).to_numpy(zero_copy_only=False))
    families = pc.utf8_normalize(identity.take(pa.array(odd)), form="NFC").dictionary_encode().indices.to_numpy()
    there = np.zeros(families.max(initial=-1) + 1, np.uint8)
    np.bitwise_or.at(there, families, np.uint8(1) << images.role[odd].astype(np.uint8))
    helped = absent[codes[odd]] & there[families] != 0
    of_helped = np.isin(families, families[helped])
    members = images.take(odd[of_helped])
    written: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for family, stem, name in zip(
        families[of_helped].tolist(), members.stem.to_pylist(), members.identity().to_pylist(), strict=True
    ):
        written[family].add((stem, name))
    pairs = zip(codes[odd[helped]].tolist(), families[helped].tolist(), strict=True)
    return {code: _text(written[family]) for code, family in pairs}


def _text(names: Iterable[tuple[str, str]]) -> str:
    """The stems; or, where those are the same, the whole paths."""
    stems, identities = (sorted(set(column)) for column in zip(*names, strict=True))
    return " and ".join(map(ascii, stems if len(stems) > 1 else identities))

"""A column of URIs is read as `parse_key` reads each of them."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from vton_hf.errors import LayoutError
from vton_hf.naming import ROLES, parse_key
from vton_hf.triplets.keys import Keys, read_keys

PIECES = ["_cloth_", "_cloth", "_person", "_vton", ".png", ".JPeG", ".txt", "a", "\n", "_", "é", "/", "easy/", "Male/"]
COLD = settings(deadline=None, derandomize=True, max_examples=300)


def said(keys: Keys, at: int) -> tuple[str, ...] | None:
    """What the columns say of one key; None if it names no image."""
    if not keys.stem[at].as_py():
        return None
    columns = (keys.column(name)[at].as_py() for name in ("folder", "difficulty", "gender"))
    return (ROLES[keys.role[at]], *columns, keys.stem[at].as_py(), keys.garment[at].as_py())


def parsed(uri: str) -> tuple[str, ...] | None:
    try:
        key = parse_key(uri)
    except LayoutError:
        return None
    return key.role, key.folder, key.difficulty, key.gender, key.stem, key.garment


@COLD
@given(
    st.lists(
        st.builds(
            lambda folders, role, name: f"s3://b/{''.join(folders)}{role}/{''.join(name)}",
            st.lists(st.sampled_from(PIECES), max_size=3),
            st.sampled_from([*ROLES, "images"]),
            st.lists(st.sampled_from(PIECES), max_size=6),
        ),
        max_size=8,
    ),
    st.integers(0, 8),
)
def test_a_column_is_read_as_its_keys_are_one_by_one(uris: list[str], start: int) -> None:
    chunks = [pa.array(uris, pa.string()).slice(start), pa.array(uris, pa.string())]
    keys = read_keys(pa.chunked_array(chunks))
    assert [said(keys, at) for at in range(len(keys.row))] == [parsed(uri) for uri in uris[start:] + uris]

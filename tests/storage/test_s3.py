"""Listing and reading real keys through s3fs, against moto."""

import pyarrow as pa
import pytest

from tests.s3 import BUCKET, MotoS3
from tests.storage.conftest import listed_in
from vton_hf.errors import LayoutError, ObjectMissingError
from vton_hf.storage import Store

ODD_KEYS = [
    "a b.png", "a//b", "é.png", "a%20b", "a+b", "a#b", "a?b", "q?versionId=1", "[x]*.png", "'\"q", "x&<y>.png",
    "日本.png", "tail/", "a;b=c", "a\\b", "~t", "a:b@c,d$e!(f)", "{a,b}", "./x", "../y", " lead", "trail ",
]  # fmt: skip


def test_a_listing_has_uri_size_and_etag_sorted_by_bytes(s3: MotoS3, store: Store) -> None:
    for key, data in {"p/b": b"22", "p/a": b"1", "p/Z": b"333", "p/é": b""}.items():
        s3.put(BUCKET, key, data)
    table = store.list([f"s3://{BUCKET}/p/"])
    assert table.schema == pa.schema([("uri", pa.string()), ("size", pa.int64()), ("etag", pa.string())])
    assert table["uri"].to_pylist() == [f"s3://{BUCKET}/p/{name}" for name in ("Z", "a", "b", "é")]
    assert table["size"].to_pylist() == [3, 1, 2, 0]
    assert table["etag"].to_pylist()[1] == "c4ca4238a0b923820dcc509a6f75849b"


def test_odd_keys_are_listed_raw_and_read_back(s3: MotoS3, store: Store) -> None:
    for key in ODD_KEYS:
        s3.put(BUCKET, f"odd [1]/{key}", key.encode())
    table = store.list([f"s3://{BUCKET}/odd [1]/"])
    uris = table["uri"].to_pylist()
    assert uris == sorted((f"s3://{BUCKET}/odd [1]/{key}" for key in ODD_KEYS), key=str.encode)
    bodies = store.read(uris, listed_in(table))
    assert bodies == [uri.removeprefix(f"s3://{BUCKET}/odd [1]/").encode() for uri in uris]


def test_overlapping_prefixes_list_each_object_once(s3: MotoS3, store: Store) -> None:
    uris = [s3.put(BUCKET, key, b"x") for key in ("p/a/1", "p/a/2", "p/b/1", "pq/1")]
    seen: list[int] = []
    prefixes = [f"s3://{BUCKET}/{key}" for key in ("p/a/", "p/", "p/", "p/b/")]
    assert store.list(prefixes, progress=seen.append)["uri"].to_pylist() == uris[:3]
    assert sum(seen) == 3


def test_a_whole_bucket_can_be_listed(s3: MotoS3, store: Store) -> None:
    uri = s3.put("another-bucket", "a", b"x")
    assert store.list(["s3://another-bucket/"])["uri"].to_pylist() == [uri]


def test_a_folder_marker_stays_in_the_listing(s3: MotoS3, store: Store) -> None:
    s3.put(BUCKET, "p/", b"")
    assert store.list([f"s3://{BUCKET}/p/"]).to_pylist()[0]["uri"] == f"s3://{BUCKET}/p/"


@pytest.mark.parametrize("prefix", ["p/x/", "p/1/"])
def test_a_prefix_without_objects_is_an_error_even_beside_full_ones(s3: MotoS3, store: Store, prefix: str) -> None:
    s3.put(BUCKET, "p/1", b"x")
    with pytest.raises(LayoutError) as caught:
        store.list([f"s3://{BUCKET}/p/", f"s3://{BUCKET}/{prefix}"])
    assert str(caught.value) == f"No object under s3://{BUCKET}/{prefix}: check the spelling, or drop this prefix."


def test_an_error_of_the_progress_callback_reaches_the_caller(s3: MotoS3, store: Store) -> None:
    s3.put(BUCKET, "p/1", b"x")
    with pytest.raises(ZeroDivisionError):
        store.list([f"s3://{BUCKET}/p/"], progress=lambda _: 1 / 0)


def test_bodies_come_in_the_order_asked_with_one_get_each(s3: MotoS3, store: Store) -> None:
    uris = [s3.put(BUCKET, f"p/{number}", b"%d" % number) for number in range(20)]
    s3.reset_counts()
    assert store.read([*uris[::-1], uris[3]]) == [b"%d" % n for n in range(19, -1, -1)] + [b"3"]
    assert s3.counts() == {("GET", f"p/{number}"): 1 for number in range(20)}
    assert s3.gets() == {f"p/{number}": 1 for number in range(20)}


def test_a_missing_object_is_an_error_in_its_place_and_is_asked_once(s3: MotoS3, store: Store) -> None:
    uri = s3.put(BUCKET, "p/1", b"1")
    gone = f"s3://{BUCKET}/p/gone"
    s3.reset_counts()
    first, missing = store.read([uri, gone])
    assert first == b"1"
    assert isinstance(missing, ObjectMissingError)
    assert str(missing) == (
        f"Cannot read {gone}: there is no such object (NoSuchKey). Was it deleted since it was listed? Check the key."
    )
    assert s3.gets() == {"p/1": 1, "p/gone": 1}
    (alone,) = store.read([gone])
    assert isinstance(alone, ObjectMissingError)


def test_a_missing_bucket_is_raised(s3: MotoS3, store: Store) -> None:
    for ask in (lambda: store.read(["s3://no-bucket/a"]), lambda: store.list(["s3://no-bucket/a/"])):
        with pytest.raises(ObjectMissingError, match=r"bucket 'no-bucket' does not exist at http://127.*"):
            ask()
    assert s3.gets() == {"a": 1}


def test_nothing_asked_is_nothing_read(store: Store) -> None:
    assert store.read([]) == []

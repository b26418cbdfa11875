"""Long listings go through another process and in folders; the table is the one that paging would have made."""

import pytest

from tests.faults import BUCKET, LIST, FaultServer, Status
from tests.storage.conftest import Faulty
from vton_hf.errors import AccessError
from vton_hf.storage import _list_process

FAST = "object_store/"


@pytest.fixture(autouse=True)
def small_pages(faults: FaultServer) -> None:
    faults.page_size = 2


def fill(faults: FaultServer, *keys: str) -> list[str]:
    faults.objects |= {key: b"" if key.endswith(("/", "empty.png")) else b"xx" for key in keys}
    return sorted((f"s3://{BUCKET}/{key}" for key in keys), key=str.encode)


def numbered(folder: str, count: int = 12) -> list[str]:
    return [f"{folder}{number:03d}.png" for number in range(count)]


def by_fast(faults: FaultServer) -> int:
    return sum(headers["user-agent"].startswith(FAST) for _, headers in faults.requests)


@pytest.mark.parametrize(
    ("keys", "prefixes"),
    [
        (numbered("p/"), ["p/"]),
        ([*numbered("p/a/"), *numbered("p/b/c/"), "p/b/direct.png", "p/top.png", "p/z.png"], ["p/"]),
        ([*numbered("p/a/"), *numbered("p/b/"), *numbered("q/", 2)], ["p/a/", "p/b/", "q/"]),
        ([*numbered("p/a b+c%20#\u00e9[1]/")], ["p/"]),
        (["p/", "p/a/", *numbered("p/a/"), "p/a/empty.png", "p/a/sub/", "p/a/sub-1.png", "p/b/"], ["p/"]),
        ([*numbered("p/a/"), "p/a/both/empty.png", "p/a/both/empty.png/"], ["p/"]),
    ],
    ids=["flat", "nested", "several", "odd", "markers", "marker-beside-its-object"],
)
def test_nothing_is_missed_doubled_or_renamed(
    faults: FaultServer, faulty: Faulty, keys: list[str], prefixes: list[str]
) -> None:
    expected = fill(faults, *keys)
    seen: list[int] = []
    table = faulty().list([f"s3://{BUCKET}/{prefix}" for prefix in prefixes], progress=seen.append)
    assert table["uri"].to_pylist() == expected
    sizes = dict(zip(table["uri"].to_pylist(), table["size"].to_pylist(), strict=True))
    assert sizes == {f"s3://{BUCKET}/{key}": len(body) for key, body in faults.objects.items()}
    assert set(table["etag"].to_pylist()) == {"e"}
    assert sum(seen) == len(expected)
    assert by_fast(faults) > 0


@pytest.mark.parametrize("bad", ["p/a//b.png", "p/a/./b.png", "p/a/tab\tb.png"])
def test_a_folder_with_a_key_that_the_fast_lane_refuses_is_listed_all_the_same(
    faults: FaultServer, faulty: Faulty, bad: str
) -> None:
    expected = fill(faults, *numbered("p/a/"), *numbered("p/b/"), bad)
    assert faulty().list([f"s3://{BUCKET}/p/"])["uri"].to_pylist() == expected


def test_a_listing_is_whole_where_there_can_be_no_other_process(
    faults: FaultServer, faulty: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = fill(faults, *numbered("p/"))
    monkeypatch.setattr(_list_process, "__file__", "/no/such/script.py")
    assert faulty().list([f"s3://{BUCKET}/p/"])["uri"].to_pylist() == expected
    assert by_fast(faults) == 0


def test_a_refusal_half_way_is_an_error_and_no_smaller_table(faults: FaultServer, faulty: Faulty) -> None:
    fill(faults, *numbered("p/", 30))
    faults.always(f"{LIST}7", Status(403, "AccessDenied"))
    with pytest.raises(AccessError, match="s3:ListBucket"):
        faulty().list([f"s3://{BUCKET}/p/"])


def test_a_page_that_fails_for_a_while_is_asked_again(faults: FaultServer, faulty: Faulty) -> None:
    expected = fill(faults, *numbered("p/", 30))
    faults.script(f"{LIST}7", Status(503, "SlowDown"))
    assert faulty().list([f"s3://{BUCKET}/p/"])["uri"].to_pylist() == expected


def test_a_glance_is_one_page_behind_a_key(faults: FaultServer, faulty: Faulty) -> None:
    expected = fill(faults, *numbered("p/", 5))
    prefix = f"s3://{BUCKET}/p/"
    pages = faulty().list_page([(prefix, ""), (prefix, expected[2]), (prefix, expected[-1])])
    assert [page["uri"].to_pylist() for page in pages] == [expected[:2], expected[3:], []]

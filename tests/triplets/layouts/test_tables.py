"""Rows of tables whose columns hold paths: CSV, TSV, JSON Lines and Parquet, in the bucket or on this machine."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import vton_hf
from tests.bucket import Bucket, encoded
from tests.trees import write_tree
from tests.triplets.listings import BUCKET, empty, listing
from vton_hf.errors import LayoutError
from vton_hf.triplets import Audit, Manifest, Naming, discover, read_layout

KEYS = [f"T/{folder}/{number}.jpg" for folder in "pcr" for number in range(3)]
MINE = {"table": "rows.csv", "initial_image": "person", "cloth_image": "cloth", "try_on_image": "result"}
ROW = {"person": "p/{0}.jpg", "cloth": "c/{0}.jpg", "result": "r/{0}.jpg"}


def rows(*numbers: int, **more: Any) -> list[dict[str, Any]]:
    return [{name: path.format(number) for name, path in ROW.items()} | more for number in numbers]


def csv(table: Sequence[Mapping[str, Any]], separator: str = ",", ending: str = "\n") -> bytes:
    lines = [separator.join(table[0]), *(separator.join(map(str, row.values())) for row in table)]
    return ending.join([*lines, ""]).encode()


def parquet(table: Sequence[Mapping[str, Any]]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(table)), buffer)
    return buffer.getvalue()


def found(
    data: bytes, name: str = "rows.csv", layout: Any = None, changed: Any = None, keys: Sequence[str] = KEYS
) -> tuple[Manifest, Audit]:
    asked = MINE | {"table": name} if layout is None else layout
    naming = Naming(read_layout(asked), (f"{BUCKET}T/",), lambda uris: [data for _ in uris])
    return discover(listing([*keys, f"T/{name}"], changed), naming=naming, needs_difficulty=False)


def stems(manifest: Manifest) -> list[str]:
    return sorted(manifest.table["stem"].to_pylist())


FORMATS = {
    "rows.csv": csv(rows(0, 1)),
    "rows.CSV": csv(rows(0, 1), ending="\r\n"),
    "rows.tsv": csv(rows(0, 1), "\t"),
    "semicolons.csv": csv(rows(0, 1), ";"),
    "marked.csv": b"\xef\xbb\xbf" + csv(rows(0, 1)),
    "quoted.csv": csv(rows(0, 1, note='"a, b"')),
    "rows.jsonl": "\n".join(map(json.dumps, rows(0, 1))).encode(),
    "rows.json": json.dumps(rows(0, 1)).encode(),
    "rows.parquet": parquet(rows(0, 1)),
    "slashes.csv": csv(rows(0, 1)).replace(b"p/", b".\\p\\"),
    "uris.csv": csv(rows(0, 1)).replace(b"c/", f"{BUCKET}T/c/".encode()),
    "capitals.csv": csv(rows(0, 1)).replace(b".jpg", b".JPG"),
    "dots.csv": csv(rows(0, 1)).replace(b"r/", b"x/../r/"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_table_is_read_in_any_format(name: str) -> None:
    manifest, audit = found(FORMATS[name], name)
    assert stems(manifest) == ["0", "1"]
    assert audit.counts() == {"not listed": 3}
    columns = manifest.columns
    assert columns is not None
    assert columns["kind"].to_pylist() == ["triplet"] * 2


def test_what_a_row_lacks_says_what_kind_it_is() -> None:
    table = [*rows(0), {**rows(1)[0], "person": ""}, {**rows(2)[0], "result": ""}]
    manifest, _ = found(csv(table))
    columns = manifest.columns
    assert columns is not None
    kinds = dict(zip(manifest.table["stem"].to_pylist(), columns["kind"].to_pylist(), strict=True))
    assert kinds == {"0": "triplet", "1": "pair", "2": "unpaired"}


def test_rows_that_become_none_are_counted_with_their_number() -> None:
    table = [*rows(0, 0, 9), {**rows(1)[0], "cloth": ""}, {**rows(1)[0], "person": "", "result": ""}]
    manifest, audit = found(csv(table) + b"one,two\n")
    assert stems(manifest) == ["0"]
    counts = audit.counts()
    assert (counts["missing file"], counts["repeated line"], counts["unreadable line"]) == (1, 1, 3)
    assert [row["detail"] for row in audit.of("missing file")] == ["row 3 names p/9.jpg"]
    assert {row["detail"] for row in audit.of("unreadable line")} == {
        "row 4 names no person or no garment",
        "row 5 names no person or no garment",
        "one,two",
    }


def test_an_empty_object_takes_its_row_with_it() -> None:
    manifest, audit = found(csv(rows(0, 1)), changed=empty("T/c/1.jpg"))
    assert (stems(manifest), audit.counts()["zero bytes"]) == (["0"], 1)


def test_columns_come_along_as_what_they_are() -> None:
    table = rows(0, 1, weight=0.5, number="007", count=3, said="True", category="dresses")
    manifest, _ = found(csv(table))
    columns = manifest.columns
    assert columns is not None
    assert columns.schema.field("number").type == pa.string()
    assert columns.to_pylist()[0] == {
        "kind": "triplet",
        "weight": 0.5,
        "number": "007",
        "count": 3,
        "said": True,
        "category": "dresses",
    }


def test_difficulty_gender_stem_and_garment_are_those_of_the_row() -> None:
    table = rows(0, difficulty="Hard", gender="female", stem="anna", garment="red dress")
    manifest, _ = found(csv(table))
    row = manifest.table.to_pylist()[0]
    assert (row["key"], row["garment"]) == ("hard/female/anna", "red dress")


def test_several_columns_of_garments_make_a_row_each() -> None:
    table = [
        {"person": "r/0.jpg", "upper": "c/0.jpg", "shoe": "c/1.jpg"},
        {"person": "r/1.jpg", "upper": "", "shoe": "c/2.jpg"},
    ]
    layout = {"kind": "pair", "table": "rows.csv", "try_on_image": "person", "cloth_image": ["upper", "lower", "shoe"]}
    manifest, _ = found(csv(table), layout=layout)
    assert sorted(manifest.table["key"].to_pylist()) == ["0/shoe/1", "0/upper/0", "1"]
    columns = manifest.columns
    assert columns is not None
    assert sorted(columns["category"].to_pylist()) == ["shoe", "shoe", "upper"]


def test_rows_with_all_names_in_common_have_keys_of_their_own() -> None:
    keys = [*KEYS, "T/other/0.jpg"]
    manifest, _ = found(csv([*rows(0), {**rows(0)[0], "cloth": "other/0.jpg"}]), keys=keys)
    assert len(set(manifest.table["key"].to_pylist())) == 2


@pytest.mark.parametrize(
    ("data", "name", "layout", "said"),
    [
        (csv(rows(0)), "rows.csv", MINE | {"person": 1}, "Did you mean"),
        (
            csv(rows(0)),
            "rows.csv",
            MINE | {"cloth_image": "clothes"},
            "has no column 'clothes'.* Did you mean 'cloth'?",
        ),
        (
            csv(rows(0)),
            "rows.csv",
            {"table": "rows.csv"},
            "has no column for cloth_image; it has person, cloth, result",
        ),
        (csv(rows(0)), "rows.csv", MINE | {"table": "row.csv"}, "no such file lies below .* Did you mean 'rows.csv'?"),
        (b"PAR1", "rows.parquet", None, "rows.parquet cannot be read as a table: "),
        (b"no json", "rows.jsonl", None, "it is no JSON, and none of its lines is"),
        (b"[1, 2]", "rows.json", None, "it holds something else than objects"),
        (csv(rows(0)), "rows.xlsx", None, "cannot be read as a table. Allowed are .csv"),
        (b"person,person\n1,2\n", "rows.csv", None, "cannot be read as a table: it has two columns of one name"),
        (parquet([{"person": 1, "cloth": 2, "result": 3}]), "rows.parquet", None, "holds int64, no paths of images"),
    ],
    ids=lambda value: "" if not isinstance(value, str) else value[:30],
)
def test_a_table_that_is_of_no_use_says_why(data: bytes, name: str, layout: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        found(data, name, layout)


def test_a_table_on_this_machine_is_read_again_when_it_changes(bucket: Bucket, tmp_path: Path) -> None:
    root = write_tree("table", bucket.put)
    table = tmp_path / "mine.csv"
    text = (bucket.folder / root / "metadata.csv").read_text(encoding="utf-8")
    asked = {"s3_prefixes": [bucket.uri(root)], "cache_dir": str(tmp_path / "cache")}
    asked |= {"layout": {"table": str(table)}, "difficulty_weights": {"easy": 1}}
    table.write_text(text, encoding="utf-8")
    first = vton_hf.load("hard", **asked)
    table.write_text(text.replace("number 0", "number zero"), encoding="utf-8")
    second = vton_hf.load("hard", **asked)
    assert (len(first), first["key"][:]) == (2, second["key"][:])
    assert [caption.replace("zero", "0") for caption in second["caption"]] == first["caption"][:]
    assert second["caption"][:] != first["caption"][:]


def test_splits_of_tables_come_from_their_names(bucket: Bucket, tmp_path: Path) -> None:
    root = write_tree("table", bucket.put)
    text = (bucket.folder / root / "metadata.csv").read_bytes()
    bucket.drop(f"{root}metadata.csv")
    head, *lines = text.splitlines(keepends=True)
    bucket.put(f"{root}train.csv", head + b"".join(lines[:3]))
    bucket.put(f"{root}test.csv", head + lines[3])
    layout = {"table": "{split}.csv"}
    builder = vton_hf.VTON(config_name="hard", s3_prefixes=[bucket.uri(root)], cache_dir=str(tmp_path), layout=layout)
    columns = builder.triplets.manifest.columns
    assert columns is not None
    assert columns["split"].to_pylist() == ["train"] * 3
    assert builder.triplets.audit.notes == ("1 triplet of test not drawn; where={'split': 'test'} takes them.",)


def test_a_prefix_with_a_table_that_says_nothing_is_none(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("shop/metadata.csv", b"file_name,caption\na.jpg,b\n")
    with pytest.raises(LayoutError, match="has no column for cloth_image"):
        vton_hf.load("hard", s3_prefixes=[bucket.uri("shop/")], cache_dir=str(tmp_path))


def test_long_numbers_and_names_stay_what_they_are() -> None:
    table = [row | {"stem": f"1.{n}0", "product": 12345678901234567890 + n} for n, row in enumerate(rows(0, 1, 2))]
    for data, name in ((csv(table), "rows.csv"), ("\n".join(map(json.dumps, table)).encode(), "rows.jsonl")):
        manifest, _ = found(data, name)
        assert stems(manifest) == ["1.00", "1.10", "1.20"]
        assert manifest.columns is not None
        assert sorted(map(str, manifest.columns["product"].to_pylist())) == [
            str(12345678901234567890 + n) for n in range(3)
        ]


def test_stems_and_garments_that_are_numbers_are_those_of_the_row() -> None:
    table = [row | {"stem": 100 + n, "garment": 7} for n, row in enumerate(rows(0, 1, 2))]
    for data, name in (
        (csv(table), "rows.csv"),
        ("\n".join(map(json.dumps, table)).encode(), "rows.jsonl"),
        (parquet(table), "rows.parquet"),
    ):
        manifest, _ = found(data, name)
        assert stems(manifest) == ["100", "101", "102"]
        assert set(manifest.table["garment"].to_pylist()) == {"7"}


def test_other_ends_of_lines_in_texts_stay_there() -> None:
    table = [row | {"caption": "a\u2028b\u0085c", "n": 1} for row in rows(0, 1, 2)]
    manifest, _ = found("\n".join(json.dumps(row, ensure_ascii=False) for row in table).encode(), "rows.jsonl")
    assert manifest.columns is not None
    assert set(manifest.columns["caption"].to_pylist()) == {"a\u2028b\u0085c"}


def test_names_of_columns_may_hold_the_separator() -> None:
    data = b'person,cloth,result,"size, cm"\n' + b"".join(
        f"p/{n}.jpg,c/{n}.jpg,r/{n}.jpg,0{n}\n".encode() for n in range(3)
    )
    manifest, _ = found(data)
    assert manifest.columns is not None
    assert sorted(manifest.columns["size, cm"].to_pylist()) == ["00", "01", "02"]


def test_coded_columns_are_what_they_code() -> None:
    table = pa.Table.from_pylist(rows(0, 1, 2))
    table = table.append_column("size", pa.array(["S", "M", "S"]).dictionary_encode())
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    manifest, _ = found(buffer.getvalue(), "rows.parquet")
    assert manifest.columns is not None
    assert manifest.columns["size"].type == pa.string()


def test_numbers_in_one_table_and_texts_in_another_are_texts(bucket: Bucket, tmp_path: Path) -> None:
    for place, size in (("one/", "0"), ("two/", "XL")):
        for folder in "pcr":
            bucket.put(f"{place}{folder}/0.jpg", encoded(Image.new("RGB", (8, 8)), "JPEG"))
        text = f"initial_image,cloth_image,try_on_image,size\np/0.jpg,c/0.jpg,r/0.jpg,{size}\n"
        bucket.put(f"{place}metadata.csv", text.encode())
    prefixes, how = [bucket.uri("one/"), bucket.uri("two/")], {"cache_dir": tmp_path, "default_difficulty": "easy"}
    assert sorted(vton_hf.load("easy", s3_prefixes=prefixes, **how)["size"]) == ["0", "XL"]


def test_a_column_split_of_a_table_is_no_split_because_another_prefix_has_some(bucket: Bucket, tmp_path: Path) -> None:
    root = write_tree("viton-hd", bucket.put)
    for folder in "pcr":
        bucket.put(f"mine/{folder}/0.jpg", encoded(Image.new("RGB", (8, 8)), "JPEG"))
    text = "initial_image,cloth_image,try_on_image,split\np/0.jpg,c/0.jpg,r/0.jpg,fold2\n"
    bucket.put("mine/metadata.csv", text.encode())
    prefixes, how = [bucket.uri(root), bucket.uri("mine/")], {"cache_dir": tmp_path, "default_difficulty": "easy"}
    assert set(vton_hf.load("easy", s3_prefixes=prefixes, **how)["split"]) == {"train", "fold2"}


def test_a_table_elsewhere_in_the_store_is_read_again_when_it_changes(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vton_hf.cache.listings.refresh.MIN_CACHED_KEYS", 1)
    for folder in "pcr":
        bucket.put(f"T/{folder}/0.jpg", encoded(Image.new("RGB", (8, 8)), "JPEG"))
    told = []
    for size in ("S", "M"):
        text = f"person,cloth,result,size\np/0.jpg,c/0.jpg,r/0.jpg,{size}\n"
        layout = MINE | {"table": bucket.put("tables/rows.csv", text.encode())}
        how = {"cache_dir": tmp_path, "default_difficulty": "easy", "layout": layout}
        told += vton_hf.load("easy", s3_prefixes=bucket.uri("T/"), **how)["size"]
    assert told == ["S", "M"]

"""A file is what stock `datasets` would write but for its row groups, and the same bytes whoever writes it."""

from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq

from tests.bucket import png
from tests.exports.files.test_columns import triplets
from vton_hf.cache.features import features
from vton_hf.exports.parquet import write_parquet


def table(*names: str) -> pa.Table:
    return triplets([png(name) for name in names], [png(f"{name}'") for name in names])


def test_each_table_is_a_row_group_that_a_stream_reads_alone(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", iter([table("a", "b"), table("c")]), features())
    groups = pq.ParquetFile(tmp_path / "a.parquet").metadata
    assert [groups.row_group(index).num_rows for index in range(groups.num_row_groups)] == [2, 1]
    stream = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "a.parquet"), split="train", streaming=True
    ).reshard()
    assert stream.num_shards == 2
    assert stream.features == features()


def test_images_are_stored_as_they_are_and_texts_are_compressed(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", [table("a", "b")], features())
    group = pq.ParquetFile(tmp_path / "a.parquet").metadata.row_group(0)
    kinds = {group.column(index).path_in_schema: group.column(index).compression for index in range(group.num_columns)}
    assert kinds["cloth_image.bytes"] == "UNCOMPRESSED"
    assert kinds["key"] == kinds["cloth_image.path"] == "ZSTD"
    assert png("a") in (tmp_path / "a.parquet").read_bytes()


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_parquet(tmp_path / name, iter([table("a"), table("b", "c")]), features())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()

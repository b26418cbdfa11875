"""One Parquet file that stock `datasets` reads, as its own writer would make it but for the row groups."""

from collections.abc import Iterable
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq


def write_parquet(path: Path, tables: Iterable[pa.Table], features: datasets.Features) -> None:
    """Write each table as a row group.

    Images are not compressed, they are so already; pages end where the content says, so that a store that keeps
    equal pieces once finds them again in a file whose rows moved.

    Args:
        path: The file.
        tables: Of `features.arrow_schema`.
        features: Kept in the file's metadata.

    Raises:
        OSError: If the disk is full.
    """
    schema = features.arrow_schema
    pictures = [name for name, feature in features.items() if isinstance(feature, datasets.Image)]
    heavy = [f"{name}.bytes" for name in pictures]
    light = [*(f"{name}.path" for name in pictures), *(name for name in features if name not in pictures)]
    compression = dict.fromkeys(heavy, "none") | dict.fromkeys(light, "zstd")
    with pq.ParquetWriter(
        path,
        schema,
        compression=compression,
        use_dictionary=light,
        write_statistics=light,
        write_page_index=True,
        use_content_defined_chunking=True,
    ) as writer:
        for table in tables:
            writer.write_table(table, row_group_size=max(1, table.num_rows))

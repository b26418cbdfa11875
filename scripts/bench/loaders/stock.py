"""Stock Hugging Face `datasets`: a builder that opens images through s3fs, its Arrow files, and its streaming."""

import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import datasets
import fsspec
import s3fs
from job import BUCKET, ROLES, ROOT, Job
from torch.utils.data import DataLoader

from loaders.common import stored, torch_loader, v1, workers

THREADS = 32  # what `imagefolder` takes of itself


class StockConfig(datasets.BuilderConfig):
    """Where the images lie: `triplets` on disk, or all that `storage` lists."""

    def __init__(self, triplets: Any = None, storage: Any = None, **options: Any) -> None:
        super().__init__(version="1.0.0", **options)
        self.triplets = triplets
        self.storage = storage


class StockBuilder(datasets.GeneratorBasedBuilder):
    """As the documentation of `datasets` has it: list, open each image, yield its bytes."""

    BUILDER_CONFIG_CLASS = StockConfig

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(features=datasets.Features(dict.fromkeys(ROLES, datasets.Image())))

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        del dl_manager
        return [datasets.SplitGenerator(name="train")]

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        files = s3fs.S3FileSystem(**self.config.storage) if self.config.storage else fsspec.filesystem("file")
        for row, triplet in enumerate(self.config.triplets or _listed(files)):
            example = {}
            for role, path in triplet.items():
                with files.open(path, "rb") as file:
                    example[role] = {"path": None, "bytes": file.read()}
            yield row, example


def build(job: Job) -> dict[str, float]:
    """From S3 to Arrow, images kept as they are."""
    start = time.perf_counter()
    rows = _built(job, storage=job.storage_options)
    images = len(rows) * len(ROLES)
    return {"rate": images / (time.perf_counter() - start), "images": images}


def convert(job: Job) -> dict[str, float]:
    """From disk to Arrow."""
    return {"triplets": len(_built(job, triplets=stored(job)))}


def cached(job: Job) -> Any:
    """An epoch from the Arrow files."""
    rows = datasets.concatenate_datasets([datasets.Dataset.from_file(path) for path in _arrow_files(job)])
    rows.set_transform(Transformed())
    return torch_loader(rows, job)


def lazy(job: Job) -> Any:
    """Streaming rows of images' addresses, as `imagefolder` makes them, fetched and decoded in threads as its are."""
    fsspec.config.conf["s3"] = job.storage_options
    files = s3fs.S3FileSystem(**job.storage_options)
    triplets = list(_listed(files))
    columns = {role: [f"s3://{triplet[role]}" for triplet in triplets] for role in ROLES}
    rows = datasets.Dataset.from_dict(columns, features=datasets.Features(dict.fromkeys(ROLES, datasets.Image())))
    stream = rows.to_iterable_dataset(num_shards=job.workers * 4).shuffle(seed=0, buffer_size=32)
    stream = stream.decode(num_threads=THREADS)
    stream = stream.map(Transformed(), batched=True, batch_size=job.batch)
    return DataLoader(stream, batch_size=job.batch, **workers(job))


class Transformed:
    """The transform for each image of a batch of rows."""

    def __init__(self) -> None:
        self._transform = v1()

    def __call__(self, rows: dict[str, Any]) -> dict[str, Any]:
        """PIL to tensors."""
        return {role: [self._transform(image.convert("RGB")) for image in rows[role]] for role in ROLES}


def _built(job: Job, **source: Any) -> datasets.Dataset:
    builder = StockBuilder(cache_dir=job.made, **source)
    builder.download_and_prepare()
    return builder.as_dataset(split="train")


def _listed(files: Any) -> Iterator[dict[str, str]]:
    found = defaultdict(dict)
    for path in files.find(f"{BUCKET}/{ROOT}"):
        folder, role, name = path.rsplit("/", 2)
        found[folder, name.partition("_")[0]][role] = path
    for images in found.values():
        yield {role: images[role] for role in ROLES}


def _arrow_files(job: Job) -> list[str]:
    return sorted(map(str, job.folder.glob("**/*-train*.arrow")))

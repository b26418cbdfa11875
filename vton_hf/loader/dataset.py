"""A torch dataset over the mix, with the names and arguments of the `train.common.dataset` API."""

import operator
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import PurePath
from typing import Any, ClassVar, Final, Unpack

import datasets
import numpy as np

from vton_hf import mixing
from vton_hf._core import html
from vton_hf._core.options import EpochSizes, Prefixes
from vton_hf.builder import VTON, OneByOne, check_whole, listed, of_every_triplet, triplet_pictures
from vton_hf.loader.chosen import TRANSFORM_OPTIONS, check_names, of_builder, sample_columns
from vton_hf.loader.indexing import Indexed
from vton_hf.loader.options import SampleOptions
from vton_hf.loader.prefetch import unfetched
from vton_hf.storage import resolve_prefix, settings_for
from vton_hf.transforms import DatasetRows, Failure, HeldOutRows, Rows, Transform, TripletTransform, undecode
from vton_hf.triplets import TRAIN

ROOT: Final = "dataset_ultimate/"


class S3VTONDataset(Indexed):
    """Triplets in an exact mix of difficulties, as torch takes them.

    It lists the bucket when it is made and fetches images when they are asked for, a batch at a time; the
    images of a batch that a `DataLoader` asks for are fetched together. A sample is a dictionary:

    * `initial_image`, `cloth_image`, `try_on_image`: what the transform made of them; without one, float32
      tensors [3, H, W] in [-1, 1];
    * `difficulty`, `stem`: str; and `gender`, `garment`, `key`, and what layouts and tables say, where `columns`
      names them, empty where the object's key does not say.

    A sample follows from (seed, epoch, row) alone, whatever the number of workers. Connections are opened in
    each worker, none is inherited. A subclass may override `__getitem__`; a `DataLoader` asks it for each row.

    Args:
        s3_prefixes: Where the triplets lie: `s3://bucket/prefix/`, a bare key in the default bucket, or a
            local folder (`./data/`, a `Path`). Any depth: root, difficulty, gender.
        transform: Any callable of one image, or None; see `TripletTransform`. It may be replaced later.
        s3_bucket: The bucket of bare keys; by default `S3_BUCKET_NAME`.
        difficulty_weights: The recipe, such as `{"easy": 0.1, "medium": 0.4, "hard": 0.5}`; None or `{}` takes
            the class's own. `S3VTONDataset` itself has none: it shows every triplet once.
        columns: Further columns in each sample.
        seed: Of the mix, of augmentation and of substitutes.
        epoch_size: Samples in an epoch: None for as many as the drawn difficulties hold triplets, `"min"`,
            `"max"` or a number; see `VTONConfig`.
        split: `"train"`, or another that `splits` names: `splits={"validation": 0.05}`; see `VTONConfig`.
        materialize: Build the Arrow cache first and read from it, instead of from the bucket. Images are then
            stored at `image_size`, if that is given, and need no more work than decoding.
        num_proc: Worker processes that build it.
        storage_options: Credentials and endpoint, as everywhere around fsspec.
        **options: `sync`, `on_error`, `max_broken`, `image_size`, `aspect`, `to_srgb`, `dtype` of `TripletTransform`;
            `gender`, `limit`, `cloth`, `exclude`, `hidden`, `default_difficulty`, `difficulty_of`, `layout`,
            `metadata`, `where`, `companions`, `mix_by`, `splits`, `split_by`, `entities`, `verify`, `image_format`,
            `image_quality`, `listing` and `retry_skipped` of `VTON`.

    Attributes:
        s3_prefixes: As they were given.
        s3_bucket: The bucket of bare keys; None if nothing names one.
        split: Which triplets these are.
        difficulty_weights: The recipe as it was given, or the class's own; None if there is none.

    Raises:
        ConfigError: If an argument makes no sense.
        LayoutError: If a prefix matches nothing or no triplet is complete.
        EmptyPoolError: If a difficulty that has weight has no triplet.
        StorageError: If the store does not answer.
    """

    recipe: ClassVar[str | None] = None

    def __init__(
        self,
        s3_prefixes: Prefixes | None = None,
        transform: Transform | None = None,
        s3_bucket: str | None = None,
        difficulty_weights: Mapping[str, float] | None = None,
        *,
        columns: Sequence[str] = (),
        seed: int = 0,
        epoch_size: EpochSizes = None,
        split: str = TRAIN,
        materialize: bool = False,
        num_proc: int | None = None,
        storage_options: Mapping[str, Any] | None = None,
        **options: Unpack[SampleOptions],
    ) -> None:
        check_names(options)
        given: Mapping[str, Any] = options
        how = {name: given[name] for name in TRANSFORM_OPTIONS if name in given}
        self._transform = TripletTransform(transform, seed=seed, **how)
        settings = settings_for(storage_options, bucket=s3_bucket)
        self.s3_prefixes, self.s3_bucket, self.split = _listed(s3_prefixes), settings.bucket, split
        prefixes = [resolve_prefix(prefix, settings) for prefix in self.s3_prefixes]
        weights = None if difficulty_weights == {} else difficulty_weights
        chosen = of_builder(options, materialize=materialize)
        chosen |= {"s3_prefixes": prefixes, "storage_options": storage_options}
        chosen |= {"difficulty_weights": weights, "seed": seed, "epoch_size": epoch_size}
        every = self.recipe is None and weights is None
        builder = of_every_triplet(split, **chosen) if every else _of_recipe(self.recipe or "hard", split, chosen)
        builder.download_and_prepare(num_proc=num_proc)
        pools, recipe = builder.pools(split=split), weights or mixing.RECIPES.get(self.recipe or "")
        self.difficulty_weights = recipe and dict(recipe)
        self._sizes = {name: len(pool) for name, pool in pools.items()}
        self._rows = datasets.concatenate_datasets(list(pools.values()))
        self._columns = sample_columns(columns, self._rows.column_names, builder.config.companions or ())
        undecode(self._rows)
        self._drawn = 0, builder.plan(self._sizes, split)
        self._transform.store, self._transform.rows = builder.prepared.store(), self._substitutes()
        self._recipe = builder.context.parts.mix(split) | {"epoch_size": len(self)}
        self._one_by_one = OneByOne()

    def _substitutes(self) -> Rows:
        if self.split == TRAIN:
            return DatasetRows(self._rows)
        return HeldOutRows(self._rows, list(self._sizes.values()), self._drawn[1].indices())

    @property
    def transform(self) -> Transform | None:
        """The callable that images go through; another one may be set, which workers have that are started later."""
        return self._transform.transform

    @transform.setter
    def transform(self, transform: Transform | None) -> None:
        self._transform.transform = transform

    @property
    def plan(self) -> mixing.Plan:
        """The rows of this epoch: which difficulty stands at each position, and how much of each there is."""
        return self._now()[1]

    def plan_of(self, epoch: int) -> mixing.Plan:
        """The plan of any epoch: all have the same length and composition; what is not trained on has one plan."""
        if epoch == self._drawn[0] or self.split != TRAIN:
            return self._drawn[1]
        return mixing.plan(self._sizes, epoch=epoch, **self._recipe)

    def set_epoch(self, epoch: int) -> None:
        """Draw the mix and the augmentation of another epoch; workers that are at work follow.

        Raises:
            ConfigError: Unless it is an int >= 0.
        """
        self._transform.set_epoch(epoch)

    def failures(self) -> list[Failure]:
        """The broken samples so far, those that worker processes on this machine met included."""
        return self._transform.failures()

    def __len__(self) -> int:
        return len(self._drawn[1])

    def _samples(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        positions = [self._position(row) for row in rows]
        if not positions:
            return []
        epoch, plan = self._now()
        indices = plan.indices(positions).tolist()
        batch = self._one_by_one.take(indices) or self._rows[indices]
        samples = self._transform.samples(batch, positions, epoch=epoch)
        return [{name: samples[name][position] for name in self._columns} for position in range(len(positions))]

    def _fetched(self, rows: Sequence[Any]) -> AbstractContextManager[None]:
        try:
            indices = self.plan.indices([self._position(row) for row in rows]).tolist()
        except (IndexError, TypeError):
            # What a subclass takes for a row is its own affair.
            indices = []
        return self._one_by_one.foresee(indices, self._rows, self._transform.store)

    def uris_of(self, rows: Sequence[int]) -> list[str]:
        """The URIs of the objects that these rows of this epoch are made of; none if they are built already."""
        if not self._one_by_one.useful:
            return []
        indices = self.plan.indices([self._position(row) for row in rows])
        return unfetched(self._rows.with_format("arrow")[indices.tolist()]) if len(indices) else []

    def __repr__(self) -> str:
        shares = ", ".join(f"{share.difficulty} {share.got:,}" for share in self._drawn[1].composition() if share.got)
        return f"{type(self).__name__}({len(self):,} samples: {shares})"

    def _repr_html_(self) -> str:
        # A few rows of the plan: each difficulty of which there is any, by its first.
        plan = self.plan
        first = [int(np.flatnonzero(plan.pool == index)[0]) for index in range(len(plan.pools)) if index in plan.pool]
        shown = triplet_pictures(self._rows, plan.indices(first).tolist(), self._transform.store)
        return f"{plan._repr_html_()}{html.pictures(shown)}"

    def _position(self, row: Any) -> int:
        position, length = operator.index(row), len(self._drawn[1])
        if not -length <= position < length:
            raise IndexError(f"Row {position} of a dataset with {length:,} rows.")
        return position % length

    def _now(self) -> tuple[int, mixing.Plan]:
        """The epoch that is set, and its plan; drawn anew where another process set it."""
        epoch = self._transform.epoch.value
        if epoch != self._drawn[0]:
            self._drawn = epoch, self.plan_of(epoch)
        return self._drawn


def _of_recipe(recipe: str, split: str, options: Mapping[str, Any]) -> VTON:
    builder = VTON(config_name=recipe, **options)
    check_whole(split, builder.context.parts.names)
    return builder


def _listed(prefixes: str | PurePath | Iterable[str | PurePath] | None) -> list[str | PurePath]:
    return [ROOT] if prefixes is None else listed(prefixes)

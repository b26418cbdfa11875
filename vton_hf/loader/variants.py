"""The three mixes as torch datasets, by the names of the `train.common.dataset` API."""

from typing import Final, Unpack

from vton_hf._core.checks import check_choice
from vton_hf._core.options import Config, Prefixes
from vton_hf.loader.dataset import S3VTONDataset
from vton_hf.loader.options import DatasetOptions
from vton_hf.transforms import Transform


class S3VTONDatasetEasy(S3VTONDataset):
    """100 % easy; see `S3VTONDataset`."""

    recipe = "easy"


class S3VTONDatasetMedium(S3VTONDataset):
    """30 % easy, 70 % medium; see `S3VTONDataset`."""

    recipe = "medium"


class S3VTONDatasetHard(S3VTONDataset):
    """25 % easy, 25 % medium, 50 % hard; see `S3VTONDataset`."""

    recipe = "hard"


_CLASSES: Final = {kind.recipe: kind for kind in (S3VTONDatasetEasy, S3VTONDatasetMedium, S3VTONDatasetHard)}


def get_vton_dataset(
    difficulty: Config = "easy",
    s3_prefixes: Prefixes | None = None,
    transform: Transform | None = None,
    s3_bucket: str | None = None,
    **options: Unpack[DatasetOptions],
) -> S3VTONDataset:
    """The dataset of one difficulty.

    Args:
        difficulty: `"easy"`, `"medium"` or `"hard"`.
        s3_prefixes: Where the triplets lie; None looks below `dataset_ultimate/` in the default bucket.
        transform: Any callable of one image.
        s3_bucket: The bucket of bare keys.
        **options: As for `S3VTONDataset`.

    Raises:
        ConfigError: If the difficulty is unknown.
        VTONError: As for `S3VTONDataset`.
    """
    check_choice("difficulty", difficulty, _CLASSES)
    return _CLASSES[difficulty](s3_prefixes, transform, s3_bucket, **options)

"""A transform of triplets as the format of a dataset, whatever is done to its columns after it was set."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final

import datasets

from vton_hf.builder import BATCH_ROWS, CellTransform, embedded
from vton_hf.errors import ConfigError
from vton_hf.naming import ROLES
from vton_hf.storage import Store
from vton_hf.transforms.rows import Rows

_IMAGE: Final = datasets.Image()


class TripletCells(CellTransform):
    """What `datasets` asks of a transform of triplets.

    Attributes:
        store: Where URIs lead.
        rows: The dataset's rows when it was set.
    """

    store: Store
    rows: Rows

    @abstractmethod
    def of_batch(self, batch: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """Transform undecoded rows whose difficulty is a string."""

    def __call__(
        self, batch: Mapping[str, list[Any]], features: datasets.Features | None = None
    ) -> dict[str, list[Any]]:
        """Transform a batch as `datasets` hands it over; randomness follows from the column `key`.

        Args:
            batch: Columns; those of images hold `{"bytes": ..., "path": URI}`.
            features: Of the dataset; needed where a difficulty is stored as a `ClassLabel`, and stays one.

        Raises:
            ConfigError: If there are images, but not the columns that say which.
        """
        label = (features or {}).get("difficulty")
        if not isinstance(label, datasets.ClassLabel) or "difficulty" not in batch:
            return self.of_batch(batch)
        columns = self.of_batch({**batch, "difficulty": label.int2str(batch["difficulty"])})
        return columns | ({"difficulty": label.str2int(columns["difficulty"])} if "difficulty" in columns else {})

    def takes(self, features: datasets.Features) -> list[str]:
        """The columns of the three images and of companions.

        Raises:
            ConfigError: If one of them was renamed or cast.
        """
        _check(self.rows.columns, features)
        return [name for name in features if name in ROLES or self._is_companion(name, features[name])]

    def _is_companion(self, name: str, feature: object) -> bool:
        """Whether it is an image beside the three that there was when the transform was set."""
        return isinstance(feature, datasets.Image) and name in self.rows.columns

    def embedded(self, dataset: datasets.Dataset) -> datasets.Dataset:
        """The rows with all images in them, as the store has them."""
        return embedded(dataset, self.store)

    def on_stream(self, stream: datasets.IterableDataset) -> datasets.IterableDataset:
        """The stream with the images of its rows transformed."""
        known = {"features": stream.features}
        return stream.decode(enable=False).map(self, batched=True, batch_size=BATCH_ROWS, fn_kwargs=known)


def _check(before: Sequence[str], features: datasets.Features) -> None:
    """Refuse a dataset of which some image would be left out of the transform.

    Args:
        before: The columns that it had when the transform was set.
        features: Those that it has now.

    Raises:
        ConfigError: If an image was renamed, or is no `datasets.Image` of colours any more.
    """
    lost = [role for role in ROLES if role in before and role not in features]
    new = [name for name in features if name not in before and isinstance(features[name], datasets.Image)]
    if lost and new:
        raise ConfigError(
            f"{', '.join(map(repr, lost))} is gone and {', '.join(map(repr, new))} is new: a transform knows images by "
            f"the names {', '.join(ROLES)}, and would leave a renamed one out of step. Keep the names, and rename what "
            f"the transform gives, in the DataLoader's collate_fn."
        )
    for role in ROLES:
        feature = features.get(role, _IMAGE)
        if not isinstance(feature, datasets.Image):
            raise ConfigError(
                f"{role!r} is {feature} now, and a transform of ours takes datasets.Image. Call with_format(None) for "
                f"the rows without it; iter(batch_size=...) and a DataLoader make batches."
            )
        if feature.mode not in (None, "RGB"):
            raise ConfigError(
                f"{role!r} is {feature} now, and a transform of ours is given images in 8-bit RGB. Convert them in the "
                f"transform, such as v2.Grayscale(), or cast the column back to datasets.Image()."
            )

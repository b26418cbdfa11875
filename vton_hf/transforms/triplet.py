"""From rows of bytes or URIs to samples: fetched together, decoded, transformed in step."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch

from vton_hf._core import hooks
from vton_hf._core.checks import check_choice, check_int
from vton_hf._core.options import ON_BROKEN_SAMPLE, SYNC, Aspect, OnBrokenSample, Sync
from vton_hf._core.timing import stage
from vton_hf.errors import ConfigError, ImageError, UnavailableError
from vton_hf.images import is_garments, matched
from vton_hf.naming import ROLES
from vton_hf.storage import Store, settings_for
from vton_hf.transforms.cells import TripletCells
from vton_hf.transforms.epoch import SharedEpoch
from vton_hf.transforms.failures import Failure, Failures
from vton_hf.transforms.notices import NoticeLog
from vton_hf.transforms.pickling import check_picklable
from vton_hf.transforms.pictures import Pictures, is_image, moved_together, read_pictures
from vton_hf.transforms.pipeline import ImagePipeline, Transform
from vton_hf.transforms.randomness import preserved_rng_state, seed_generators, seed_of
from vton_hf.transforms.rows import NoRows, Rows
from vton_hf.transforms.steps import resizes_first


class TripletTransform(TripletCells):
    """What `set_transform` and the torch datasets do to rows.

    Each image is decoded to 8-bit RGB (EXIF orientation applied, transparency on white, 16 bit scaled), a
    target of another size is brought to the person's, unless the transform itself begins by resizing to a fixed
    (height, width), `image_size` is applied, then the transform. Before
    each image the global generators of torch, NumPy and `random` are set to a state that follows from
    (seed, epoch, sample), and given back afterwards. So any callable that draws from them does the same to
    all images that share a state, on any number of workers and after a resume:

    | `sync` | shared |
    |---|---|
    | `"all"` | person, garment and target: a flip mirrors all three, a colour change fits all three |
    | `"person_target"` | person and target; the garment draws its own, as a photograph of its own would |
    | `"none"` | nothing |

    Companions, such as masks and poses that a dataset was loaded with, go where their image goes: those called by the
    garment with the garment, all others with the person. They stay uint8 [3, H, W], nearest pixels are taken, and a
    pipeline of `transforms.v2` moves them without a change of colour, as masks.

    What is shared is the draw. A crop's place or an angle is the same in person and target pixel for pixel;
    in a garment of another size it is the same draw applied to that size. A callable with a generator of its
    own (albumentations) is not kept in step.

    Args:
        transform: Any torchvision transform or other callable of one image: it gets a PIL image, or, where a
            `transforms.v2` pipeline has no step that converts one, a uint8 tensor [3, H, W]. None makes
            tensors [3, H, W] in [-1, 1].
        image_size: (height, width) in pixels that images are brought to before the transform.
        aspect: How: `"stretch"`, `"pad"` (white), `"crop"` (centred), or `"catvton"`: person and target
            cropped, the garment padded.
        to_srgb: Whether the colours of images with another colour profile are converted; False ignores profiles.
        dtype: Without a transform: a floating type (float32), or `torch.uint8` for 0..255.
        sync: Which images share random numbers.
        on_error: What a broken sample does: `"replace"` puts another triplet of its difficulty in its place,
            the same one on any machine; `"raise"` stops; `"skip"` drops it, from streams only.
        max_broken: More broken samples than this stop the training: a share (float) or a number (int).
        seed: Seed of randomness and of substitutes.
        store: Where URIs lead; None for what `configure` and the environment say.
        rows: Where substitutes come from; None for nowhere.

    Raises:
        ConfigError: If an argument makes no sense.
    """

    def __init__(
        self,
        transform: Transform | None = None,
        *,
        image_size: Sequence[int] | None = None,
        aspect: Aspect = "stretch",
        to_srgb: bool = False,
        dtype: torch.dtype | None = None,
        sync: Sync = "all",
        on_error: OnBrokenSample = "replace",
        max_broken: float = 0.1,
        seed: int = 0,
        store: Store | None = None,
        rows: Rows | None = None,
    ) -> None:
        for name, value, allowed in (("sync", sync, SYNC), ("on_error", on_error, ON_BROKEN_SAMPLE)):
            check_choice(name, value, allowed)
        self._path_of = partial(ImagePipeline, size=image_size, aspect=aspect, dtype=dtype, to_srgb=to_srgb)
        self.transform = transform
        self._sync = sync
        self._on_error = on_error
        self._seed = check_int("seed", seed)
        self.store = Store(settings_for()) if store is None else store
        self.rows: Rows = NoRows() if rows is None else rows
        self.epoch = SharedEpoch()
        self._failures = Failures(max_broken)
        self._notices = NoticeLog()

    @property
    def transform(self) -> Transform | None:
        """The callable that images go through."""
        return self._path.transform

    @transform.setter
    def transform(self, transform: Transform | None) -> None:
        self._path = self._path_of(transform)
        self._resizes_itself = self._path_of.keywords["size"] is None and resizes_first(transform)

    def __repr__(self) -> str:
        return (
            f"TripletTransform({self._path}, sync={self._sync!r}, on_error={self._on_error!r}, seed={self._seed}, "
            f"epoch={self.epoch.value})"
        )

    def set_epoch(self, epoch: int) -> None:
        """Draw other random numbers; workers that are at work follow.

        Raises:
            ConfigError: Unless it is an int >= 0.
        """
        self.epoch.set(epoch)

    def failures(self) -> list[Failure]:
        """The broken samples so far, those that worker processes on this machine met included."""
        return self._failures.all()

    def of_batch(self, batch: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """Transform undecoded rows; randomness follows from the column `key`."""
        roles = [name for name, cells in batch.items() if name in ROLES or any(map(is_image, cells))]
        if not roles:
            return dict(batch)
        if len(batch) == 1:
            # A column looked at alone: `ds["cloth_image"]`.
            cells = batch[roles[0]]
            return self.samples({**batch, "key": [cell and cell["path"] for cell in cells]}, only=roles)
        lacking = [name for name in ("difficulty", "key") if name not in batch]
        if lacking:
            raise ConfigError(
                f"The rows lack {' and '.join(map(repr, lacking))}, which say whose randomness and whose substitutes "
                f"these images have; there are {', '.join(map(repr, batch))}. Keep them in select_columns(); "
                f"transformers' Trainer drops what the model's forward does not name, unless "
                f"TrainingArguments(remove_unused_columns=False)."
            )
        return self.samples(batch)

    def samples(
        self,
        batch: Mapping[str, list[Any]],
        tokens: Sequence[object] | None = None,
        *,
        epoch: int | None = None,
        only: Sequence[str] = (),
    ) -> dict[str, list[Any]]:
        """Make the samples of a batch.

        Args:
            batch: Columns, among them `key` and, unless broken samples raise, `difficulty`.
            tokens: What randomness follows from beside seed and epoch; None takes the keys.
            epoch: None takes the one that is set.
            only: Give these columns only.

        Returns:
            The columns, images transformed; shorter than the batch if broken samples are skipped.

        Raises:
            ImageError: A broken image under `on_error="raise"`, or too many.
            StorageError: The store as a whole does not answer, or an object under `on_error="raise"`.
        """
        hooks.begin_batch()
        now = self.epoch.value if epoch is None else epoch
        names = list(batch)
        rows = [dict(zip(names, cells, strict=True)) for cells in zip(*batch.values(), strict=True)]
        samples = []
        self._failures.saw(len(rows))
        decoded = read_pictures(rows, self.store, self._path.kind, self._notices.tell)
        with preserved_rng_state():
            for row, pictures, token in zip(rows, decoded, tokens or batch["key"], strict=True):
                sample = self._sample(row, pictures, seed_of(self._seed, now, token), now)
                if sample is not None:
                    samples.append(sample)
        return {name: [sample[name] for sample in samples] for name in only or names}

    def _sample(
        self, row: dict[str, Any], pictures: Pictures | Exception, seed: int, epoch: int
    ) -> dict[str, Any] | None:
        """The row with its images transformed; None if it is to be skipped."""
        if isinstance(pictures, dict):
            return row | self._transformed(pictures, row, seed)
        mended = self._mended(row, pictures, seed, epoch)
        return mended and mended[0] | self._transformed(mended[1], mended[0], seed)

    def _mended(
        self, row: dict[str, Any], error: Exception, seed: int, epoch: int
    ) -> tuple[dict[str, Any], Pictures] | None:
        """What stands in a broken row's place."""
        if self._on_error == "raise" or isinstance(error, UnavailableError):
            raise type(error)(f"{row['key']}: {error}") from error
        failure = Failure(str(row["key"]), str(error), epoch)
        if self._on_error == "skip":
            self._failures.add(failure, "it is skipped")
            return None
        self._failures.add(failure, "another triplet of its difficulty takes its place")
        for candidate in self.rows.draw(row.get("difficulty"), seed, str(row["key"])):
            if candidate["key"] == row["key"]:
                continue
            (pictures,) = read_pictures([candidate], self.store, self._path.kind, self._notices.tell)
            if isinstance(pictures, dict):
                # It is of the same difficulty, which may be stored in another way.
                return row | {
                    name: candidate[name] for name in candidate.keys() & row.keys() - {"difficulty"}
                }, pictures
            if isinstance(pictures, UnavailableError):
                raise pictures
        raise ImageError(
            f"{row['key']} is broken ({error}), and so are all triplets drawn to replace it. "
            f"`vton-hf scan --list` shows what lies in the bucket; mend or exclude these objects."
        )

    def _transformed(self, pictures: Pictures, row: Mapping[str, Any], seed: int) -> dict[str, Any]:
        kind = self._path.kind
        for notice in self._path.distortions(pictures):
            self._notices.tell(notice, row)
        if not self._resizes_itself:
            pictures = matched(pictures, kind.shape, kind.resize, kind.nearest)
        transformed = dict(pictures)
        for role, beside in moved_together(pictures).items():
            start = partial(seed_generators, seed if self._shares(role) else seed_of(seed, role))
            names = [role, *beside] if role in pictures else beside  # looked at alone: as if its image were there
            try:
                with stage("transform"):
                    fitted = [self._path.fitted(pictures[name], name) for name in names]
                    results = self._path.together(fitted if role in pictures else [fitted[0], *fitted], start)
                transformed |= zip(names, results[-len(names) :], strict=True)
            except Exception as error:
                width, height = kind.shape(pictures[names[0]])
                error.add_note(f"The transform was given {role} of {row['key']}, {width} x {height} pixels.")
                if beside:
                    error.add_note(f"With it went {', '.join(beside)} as masks, which RandAugment and its like refuse.")
                raise
        return transformed

    def _shares(self, role: str) -> bool:
        return self._sync == "all" or (self._sync == "person_target" and not is_garments(role))

    def __getstate__(self) -> dict[str, Any]:
        check_picklable(self._path.transform)
        return self.__dict__

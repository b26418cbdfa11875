"""Which rows a rank sees, and in what order: a pure function of (seed, epoch, position)."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import torch.distributed as dist
from torch.utils.data import Sampler

from vton_hf._core.checks import check_int, must_be
from vton_hf.errors import ConfigError
from vton_hf.loader.samplers.curriculum import Curriculum, Schedule
from vton_hf.loader.samplers.data_source import DataSource
from vton_hf.loader.samplers.state import State
from vton_hf.loader.samplers.weights import WeightSchedule
from vton_hf.mixing import plan_batches, warn_of_repeats

logger = logging.getLogger("vton_hf")


class TripletSampler(Sampler[int]):
    """Row numbers of a data source, so that each global batch holds the wanted shares of difficulties.

    Use it as `DataLoader(dataset, batch_size=sampler.batch_size, sampler=sampler)`, and call `set_epoch(epoch)`
    before each epoch. A step is a global batch of B rows, of which rank r of R takes rows r * B / R up to
    (r + 1) * B / R. In each step a difficulty has exactly B * weight rows where that is whole, and else so many that
    its running total stays within 1 row of the exact one. Within a difficulty, the order is drawn anew for each
    epoch, and every row is shown m times before any is shown m + 1 times.

    An epoch has `max(1, epoch_size // B)` steps; rows that do not fill a last one are left for other epochs.
    Nothing but the position is kept: any epoch can be entered anywhere, by any number of ranks and workers.

    With accelerate or transformers' Trainer, which share out batches themselves, pass `rank=0, num_replicas=1` and
    give the loader B / R rows a batch (B with `split_batches=True`): R batches in a row are then one step.

    Args:
        data_source: A `datasets.Dataset` with a column `difficulty`, or a `vton_hf.S3VTONDataset`.
        global_batch_size: B, the rows of all ranks together in a step; a multiple of the ranks.
        weights: Weight per difficulty, such as `{"easy": 1, "hard": 3}`; None for the shares that the data source has,
            so that an epoch shows each row at most once.
        curriculum: A `Curriculum`, or a function that takes the number of the step since training began and gives
            weights. It draws from all rows of a difficulty, whatever the shares of the data source.
        seed: An int >= 0.
        epoch_size: Rows of an epoch over all ranks; None for `len(data_source)`.
        rank: Which part of each global batch to take, from 0; together with `num_replicas`, or neither for all of it.
        num_replicas: How many parts there are: R.

    Attributes:
        global_batch_size: B.
        batch_size: B / R, the rows of this rank in a step.
        seed: What the order follows from; a loaded state brings its own.
        epoch: The epoch that is on, from 0.

    Raises:
        ConfigError: If an argument makes no sense.
        EmptyPoolError: If a difficulty that has weight has no row.

    Examples:
        >>> from datasets import Dataset
        >>> rows = Dataset.from_dict({"difficulty": ["easy"] * 6 + ["hard"] * 6})
        >>> list(TripletSampler(rows, 4, weights={"easy": 1, "hard": 3}, epoch_size=8))
        [10, 6, 7, 2, 8, 11, 3, 9]
    """

    def __init__(
        self,
        data_source: Any,
        global_batch_size: int,
        *,
        weights: Mapping[str, float] | None = None,
        curriculum: Curriculum | Schedule | None = None,
        seed: int = 0,
        epoch_size: int | None = None,
        rank: int | None = None,
        num_replicas: int | None = None,
    ) -> None:
        super().__init__()
        self.global_batch_size = check_int("global_batch_size", global_batch_size, least=1)
        self.seed = check_int("seed", seed)
        self._rank, self._ranks = _ranks(rank, num_replicas, self.global_batch_size)
        self._source = DataSource(data_source)
        epoch_size = len(self._source) if epoch_size is None else epoch_size
        self._epoch_size = check_int("epoch_size", epoch_size, least=1, or_else="None")
        self._steps = max(1, self._epoch_size // self.global_batch_size)
        self._recipe = WeightSchedule(weights, curriculum, self._source.sizes)
        self._warned_of: set[str] = set()
        self._moves = self._next_start = 0
        self._move(0, 0)
        if self._epoch_size > self._end:
            logger.info("%r", self)

    @property
    def batch_size(self) -> int:
        """Rows of this rank in a step: what to give the loader."""
        return self.global_batch_size // self._ranks

    @property
    def epoch(self) -> int:
        """The epoch that is on, from 0."""
        return self._epoch

    @property
    def first_step(self) -> int:
        """The step of its epoch at which this iteration began: 0, or where a state was taken."""
        return self._start // self.global_batch_size

    def __len__(self) -> int:
        return self._steps * self.batch_size

    def __repr__(self) -> str:
        part = f", part {self._rank} of {self._ranks}" if self._ranks > 1 else ""
        left = max(0, self._epoch_size - self._end)
        tail = f", {left:,} {'row' if left == 1 else 'rows'} left for other epochs" if left else ""
        steps = f"{self._steps:,} step{'s' * (self._steps != 1)} of {self.global_batch_size:,} rows"
        return f"TripletSampler(epoch {self.epoch}: {steps}{part}{tail}; weights {self._recipe}; seed {self.seed})"

    def __iter__(self) -> Iterator[int]:
        # Loaders may ask for several iterators before they draw from one: only drawing uses up a resumed position.
        self._start = self._position = self._next_start
        self._ended = False
        return self._draw()

    def set_epoch(self, epoch: int) -> None:
        """Turn to an epoch, and tell the data source, whose augmentations may follow it.

        The epoch that is on keeps a position that a state brought; any other begins at its first row.

        Raises:
            ConfigError: Unless it is an int >= 0.
        """
        epoch = check_int("epoch", epoch)
        if epoch == self._epoch:
            self._source.set_epoch(epoch)
        else:
            self._move(epoch, 0)

    def state_dict(self, steps: int | None = None) -> dict[str, int | str]:
        """Where to go on; of the same few entries anywhere.

        Args:
            steps: Steps that the training loop has taken since this iteration began, counted from 0 for each epoch
                and again after a resume. Needed wherever the loader fetches ahead: with worker processes, and with
                accelerate. None counts what was drawn from the sampler, which is right without workers, and within a
                `StatefulDataLoader`, which calls this itself; after the last row it is the start of the next epoch.

        Raises:
            ConfigError: If the epoch does not have so many steps left.
        """
        position = self._position
        epoch = self._epoch
        if steps is not None:
            position = self._start + check_int("steps", steps) * self.global_batch_size
            if position > self._end:
                left = (self._end - self._start) // self.global_batch_size
                rule = f"from 0 to {left}, the steps that this epoch had left when the iteration began"
                raise must_be("steps", steps, rule, "Count anew for each epoch, and after a resume.")
        elif self._ended:
            epoch, position = epoch + 1, 0
        return self._state(epoch, position).as_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a state was taken, with any number of ranks and workers; the state's seed and epoch count.

        Args:
            state: From `state_dict` of a sampler, or of a `StatefulDataLoader` that had one: for a loader with
                another number of workers, which torchdata itself refuses.

        Raises:
            ConfigError: If it is no such state, or was taken with other rows, weights or global batch.
        """
        saved = State.read(state)
        saved.must_continue(self._state(saved.epoch, saved.position))
        self.seed = saved.seed
        self._move(saved.epoch, saved.position)

    @property
    def _end(self) -> int:
        return self._steps * self.global_batch_size

    def _state(self, epoch: int, position: int) -> State:
        return State(
            seed=self.seed,
            epoch=epoch,
            position=position,
            num_replicas=self._ranks,
            global_batch_size=self.global_batch_size,
            epoch_size=self._epoch_size,
            sizes=", ".join(f"{name} {size}" for name, size in self._source.sizes.items()),
            rows=self._source.digest,
            weights=str(self._recipe),
        )

    def _move(self, epoch: int, position: int) -> None:
        self._epoch = epoch
        self._next_start = self._start = self._position = position
        self._ended = False
        self._moves += 1
        self._source.set_epoch(epoch)

    def _draw(self) -> Iterator[int]:
        self._start = self._position = self._next_start
        self._next_start = 0
        if self._start == self._end:
            # Nothing is left of the epoch that a state brought; whoever asks again wants the next.
            self._move(self._epoch + 1, 0)
            return
        moves = self._moves
        for row in self._rows_left():
            if moves != self._moves:
                raise ConfigError(
                    "The sampler was moved by set_epoch or load_state_dict while a loader draws from it. Move it "
                    "between epochs, before iter(loader). A StatefulDataLoader with workers begins at its first "
                    "state_dict(), which accelerate takes in prepare()."
                )
            self._position += self._ranks
            yield row
        self._ended = True

    def _rows_left(self) -> list[int]:
        weights = self._recipe.steps(self._epoch, self._steps)
        plan = plan_batches(self._source.sizes, weights, self.global_batch_size, seed=self.seed, epoch=self._epoch)
        news = [share for share in plan.composition() if share.repeats and share.difficulty not in self._warned_of]
        self._warned_of.update(share.difficulty for share in news)
        warn_of_repeats(news, "Add triplets, lower the weight, or pass a smaller epoch_size. Said once a sampler.")
        steps = self._source.rows_of(plan, self._epoch).reshape(self._steps, self._ranks, self.batch_size)
        mine: list[int] = steps[:, self._rank].ravel()[self._start // self._ranks :].tolist()
        return mine


def _ranks(rank: int | None, num_replicas: int | None, global_batch_size: int) -> tuple[int, int]:
    if (rank is None) != (num_replicas is None):
        raise ConfigError(f"rank={rank!r}, num_replicas={num_replicas!r}: give both, or neither.")
    if num_replicas is None:
        if dist.is_available() and dist.is_initialized() and (world := dist.get_world_size()) > 1:
            raise ConfigError(
                f"{world} processes train together, and the sampler cannot know who shares out the batches. With a "
                "plain DataLoader pass rank=torch.distributed.get_rank(), "
                "num_replicas=torch.distributed.get_world_size(); where accelerate or transformers' Trainer share them "
                "out, pass rank=0, num_replicas=1 and give the loader global_batch_size / processes rows a batch."
            )
        return 0, 1
    ranks, part = check_int("num_replicas", num_replicas, least=1), check_int("rank", rank)
    if part >= ranks:
        raise must_be("rank", rank, f"from 0 to {ranks - 1}, as num_replicas={ranks}")
    if global_batch_size % ranks:
        rule = f"a multiple of num_replicas={ranks}, whose parts are equal"
        raise must_be("global_batch_size", global_batch_size, rule)
    return part, ranks

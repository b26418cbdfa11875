"""A sampler's state: a few numbers and words, the same few at any position."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from vton_hf._core.checks import check_int
from vton_hf.errors import ConfigError
from vton_hf.loader.samplers.curriculum import in_todays_names

VERSION: Final = 1

_MEANING: Final = {
    "global_batch_size": "the global batch",
    "epoch_size": "rows in an epoch",
    "sizes": "rows per difficulty",
    "rows": "the order of the rows (digest)",
    "weights": "the weights",
}
"""What must be the same where a run goes on."""


@dataclass(frozen=True, slots=True)
class State:
    """Where a sampler stands, and what it draws from."""

    seed: int
    epoch: int
    position: int  # rows of the epoch that all ranks together have drawn
    num_replicas: int  # ranks
    global_batch_size: int
    epoch_size: int
    sizes: str
    rows: str
    weights: str

    def as_dict(self) -> dict[str, int | str]:
        """Ints and short strings: JSON holds it, `torch.save` too."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def read(cls, given: Any) -> "State":
        """Read what `as_dict` wrote, or a `StatefulDataLoader` saved.

        Raises:
            ConfigError: If it is something else.
        """
        values_given, steps, finished = _out_of_a_loader(given) if isinstance(given, Mapping) else (None, 0, False)
        names = [field.name for field in fields(cls)]
        if (
            not isinstance(values_given, Mapping)
            or values_given.get("version") != VERSION
            or not {*names} <= {*values_given}
        ):
            raise ConfigError(
                f"Not a state of a TripletSampler (version {VERSION}): {_short(given)}. Allowed: what its state_dict() "
                "or that of a StatefulDataLoader with such a sampler gave."
            )
        values = {name: values_given[name] for name in names}
        values["weights"] = in_todays_names(str(values["weights"]))
        for name in ("seed", "epoch", "position"):
            check_int(f"The state's {name}", values[name])
        values["position"] += steps * values["global_batch_size"]
        if finished:
            values |= {"epoch": values["epoch"] + (values["position"] > 0), "position": 0}
        return cls(**values)

    def must_continue(self, here: "State") -> None:
        """Refuse to go on from this state in another sampler than one that would draw the same rows.

        Raises:
            ConfigError: Says what differs.
        """
        others = [
            f"{meaning}: {getattr(self, name)!r} in the state, {getattr(here, name)!r} here"
            for name, meaning in _MEANING.items()
            if getattr(self, name) != getattr(here, name)
        ]
        if others:
            raise ConfigError(
                f"The state is of another run ({'; '.join(others)}). Build the sampler with the data source, global "
                "batch and weights or curriculum that the state was taken with; ranks and workers may differ."
            )
        if self.position % self.global_batch_size and self.num_replicas != here.num_replicas:
            raise ConfigError(
                f"The state was taken within a global batch, at row {self.position} of {self.num_replicas} ranks: only "
                f"as many can go on there, not {here.num_replicas}. Take states between global batches: "
                "state_dict(steps=...)."
            )


def _out_of_a_loader(state: Mapping[str, Any]) -> tuple[Any, int, bool]:
    """The sampler's part of a `StatefulDataLoader`'s state, steps to add, and whether the epoch was over."""
    if "version" in state:
        return state, 0, False
    steps = state.get("_steps_since_snapshot", 0)
    main = state["_snapshot"]["_main_snapshot"] if "_snapshot" in state else state
    batches = main.get("_sampler_iter_state") or {}
    return batches.get("sampler_state"), steps, bool(state.get("_iterator_finished"))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004

"""Whether a user's transform can travel to a worker process, said before pickle says it in its own words."""

import pickle
from multiprocessing.context import get_spawning_popen
from multiprocessing.reduction import ForkingPickler

from vton_hf.errors import ConfigError


def check_picklable(transform: object) -> None:
    """Refuse what a worker that is just being spawned could not load; do nothing at any other time.

    Raises:
        ConfigError: If the transform cannot be pickled.
    """
    if get_spawning_popen() is None:
        return
    try:
        ForkingPickler.dumps(transform)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ConfigError(
            f"The transform cannot be sent to a worker that is started by spawn or forkserver ({error}). "
            f"A lambda, or a function within a function, has no name that the worker could import: write it at the "
            f"top level of a module, use functools.partial, or pass multiprocessing_context='fork' to the DataLoader."
        ) from error

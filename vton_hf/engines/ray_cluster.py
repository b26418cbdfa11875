"""Units as tasks of Ray: a few at a time, tried again where a node is lost, on a running cluster or a local one."""

import logging
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Final

from vton_hf._core.checks import check_int
from vton_hf.engines.engine import Outcome, Unit, Work, WorkerError, do_one
from vton_hf.errors import ConfigError
from vton_hf.storage import ray_address, without_telemetry_of_ray

_RETRIES: Final = 3
"""How often Ray itself starts a task again whose worker or node is gone, before we count it as failed."""

_AHEAD: Final = 2
"""Tasks that wait for a free core beside those that run: one is handed over in milliseconds, a unit takes seconds."""


class RayEngine:
    """Runs work as tasks of Ray.

    Args:
        address: Of a running cluster, such as `"auto"` or `"ray://head:10001"`. None takes `RAY_ADDRESS`, or else
            starts Ray on this machine and ends it with the work.
        num_cpus: Cores that each task asks for.
        memory: Bytes of memory that each task asks for; None asks for none.

    Raises:
        ConfigError: If a value is not allowed, or Ray is not installed.
    """

    remote = True

    def __init__(self, address: str | None = None, *, num_cpus: int = 1, memory: int | None = None) -> None:
        if find_spec("ray") is None:
            raise ConfigError(
                'engine="ray" needs Ray, which is not installed here: pip install "vton-hf[ray]". '
                "Without it, num_proc= builds in worker processes of this machine, and shard= on several."
            )
        self.address = address
        self.num_cpus = check_int("num_cpus", num_cpus, least=1)
        self.memory = None if memory is None else check_int("memory", memory, least=1)
        self.parallel = 1

    def run(self, work: Work, units: Sequence[Unit]) -> Iterator[tuple[Unit, Outcome]]:
        """As `Engine.run`.

        Raises:
            ConfigError: If its nodes run another version of this package.
        """
        without_telemetry_of_ray()
        import ray  # noqa: PLC0415 - 3 seconds, and an extra

        ours = not ray.is_initialized()
        try:
            if ours:
                with _one_interrupt_kept():
                    ray.init(
                        address=self.address,
                        include_dashboard=None if self.address or ray_address() else False,
                        logging_level=logging.ERROR,
                        log_to_driver=True,
                    )
            yield from self._run(ray, work, units)
        finally:
            if ours:
                ray.shutdown()

    def _run(self, ray: Any, work: Work, units: Sequence[Unit]) -> Iterator[tuple[Unit, Outcome]]:
        task = ray.remote(num_cpus=self.num_cpus, memory=self.memory, max_retries=_RETRIES)(_do)
        sent, waiting, under_way = ray.put(work), deque(units), dict[Any, Unit]()
        try:
            while waiting or under_way:
                self.parallel = max(1, int(ray.cluster_resources().get("CPU", 1)) // self.num_cpus)
                # Bounded: what all units and results together take, neither driver nor scheduler has to hold.
                while waiting and len(under_way) < self.parallel + _AHEAD:
                    under_way[task.remote(_version(), sent, waiting[0])] = waiting[0]
                    waiting.popleft()
                finished, _ = ray.wait(list(under_way), num_returns=1)
                for reference in finished:
                    yield under_way.pop(reference), _outcome(ray, reference)
        finally:
            for reference in under_way:
                ray.cancel(reference, force=False)


@contextmanager
def _one_interrupt_kept() -> Iterator[None]:
    """Hold an interrupt back until the block ends; a second one is not held.

    Ray 2.60 that is interrupted while it starts waits for ever, or ends the process with a segmentation fault.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is None:
        yield
        return
    kept = []

    def keep(number: int, _: object) -> None:
        kept.append(number)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, keep)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if kept:
        signal.raise_signal(signal.SIGINT)


def _outcome(ray: Any, reference: Any) -> Outcome:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise (error.cause if isinstance(error.cause, Exception) else error) from None
    except ray.exceptions.RayError as error:
        return WorkerError(f"its node or worker is gone ({' '.join(str(error).split())[:300]})")


def _do(version: str, work: Work, unit: Any) -> Outcome:
    """What a worker does with a unit."""
    if version != _version():
        raise ConfigError(
            f"This node runs vton-hf {_version()}, the driver {version}. Install the same version on all nodes."
        )
    return do_one(work, unit)


def _version() -> str:
    return str(sys.modules["vton_hf"].__version__)  # not imported from there: that file imports this one

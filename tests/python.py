"""Scripts that run in processes of their own, forked from one that has imported what takes seconds to import.

`PYTHON.run(code, environment)` does what `python -c` does with the code, from reading the environment to what is called at
exit. Only what `PYTHON` was told to import is there already, and the seed of hashes is the same in all scripts. `datasets`
and `huggingface_hub`, which read the environment when they are imported, have read the script's.
"""

import atexit
import contextlib
import fcntl
import gc
import hashlib
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import weakref
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import IO, Any, NoReturn, Self

from filelock import FileLock

ROOT = Path(__file__).parents[1]
STATUS_SIZE = 8
LOCK = Path(tempfile.gettempdir()) / f"vton-hf-python-{os.getuid()}.lock"
"""Held by whoever connects to a server, or ends it."""


def freeze() -> None:
    """Let no look for garbage go through what is imported, nor a forked process copy it: an eighth of a test worker's time.

    Nor come as often as Python has it, after 700 objects.
    """
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # what is never collected is called a leak by some libraries
    gc.set_threshold(20_000)


def program(name: str) -> str:
    """The code of a script in `tests/programs`."""
    return (Path(__file__).parent / "programs" / f"{name}.py").read_text(encoding="utf-8")


class Program:
    """A script that runs; much like a `subprocess.Popen`."""

    def __init__(self, status: int) -> None:
        self._status = status
        self.returncode: int | None = None
        self.pid = int(os.read(status, STATUS_SIZE))

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, negative for a signal."""
        if self.returncode is None:
            ends = select.poll()
            ends.register(self._status, select.POLLIN)
            if not ends.poll(None if timeout is None else timeout * 1000):
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            self.returncode = int(os.read(self._status, STATUS_SIZE))
            os.close(self._status)
        return self.returncode

    def poll(self) -> int | None:
        """Its exit code, if it has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()


class Python:
    """Runs scripts; starts with the first."""

    def __init__(self, *preloaded: str, forked: bool = False) -> None:
        """Of what scripts need not import; `forked` from the process of the test workers, if there is one."""
        self._preloaded, self._forked = preloaded, forked

    def run(
        self,
        code: str,
        env: Mapping[str, str],
        *arguments: str,
        timeout: float = 120,
        cwd: Path | None = None,
        clears: bool = False,
    ) -> "subprocess.CompletedProcess[str]":
        """Run a script to its end; `clears` takes seconds more, in which all modules are cleared away as Python does it."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            program = self.start(code, env, *arguments, stdout=out, stderr=err, cwd=cwd, clears=clears)
            try:
                returncode = program.wait(timeout)
            except BaseException:
                program.kill()
                program.wait()
                raise
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(["python", *arguments], returncode, out.read(), err.read())

    def start(
        self,
        code: str,
        env: Mapping[str, str],
        *arguments: str,
        stdin: IO[Any] | socket.socket | None = None,
        stdout: IO[Any] | None = None,
        stderr: IO[Any] | None = None,
        cwd: Path | None = None,
        clears: bool = False,
        passed: Sequence[int] = (),
    ) -> Program:
        """Start a script, to be killed or waited for; it has these files, if any, and descriptors of the same numbers."""
        asked = {
            "code": textwrap.dedent(code),
            "environment": dict(env),
            "arguments": arguments,
            "folder": str(cwd or Path.cwd()),
            "clears": clears,
            "passed": passed,
        }
        with tempfile.TemporaryFile("w+") as request, Path(os.devnull).open("rb+", buffering=0) as nowhere:
            json.dump(asked, request)
            request.seek(0)
            here, there = os.pipe()
            files = (request, stdin or nowhere, stdout or nowhere, stderr or nowhere)
            socket.send_fds(self.connection, [b"."], [*(file.fileno() for file in files), *passed, there])
            os.close(there)
            return Program(here)

    @cached_property
    def connection(self) -> socket.socket:
        """To the process that forks the scripts: one for all workers of a test run, started by the first."""
        name = hashlib.sha256(" ".join([str(ROOT), str(os.getpgrp()), *self._preloaded]).encode()).hexdigest()[:16]
        address = f"{tempfile.gettempdir()}/vton-hf-python-{name}"
        connection = socket.socket(socket.AF_UNIX)
        workers = of_workers() if self._forked else None
        with contextlib.nullcontext() if workers is None else workers.connection, FileLock(LOCK):
            try:
                connection.connect(address)
            except OSError:  # there is none, or one was killed
                Path(address).unlink(missing_ok=True)
                self._start(address, workers)
                connection.connect(address)
        atexit.register(connection.close)
        return connection

    def _start(self, address: str, workers: "Python | None") -> None:
        # Whoever was forked where CUDA was asked for can use none.
        hidden = os.environ | {"CUDA_VISIBLE_DEVICES": "", "PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(address)
            listening.listen()
            # Nobody waits for it: it ends with the last of its connections.
            if workers is not None:
                self._process: Any = workers.start(f"serve({self._preloaded})", hidden, stdin=listening)
            else:
                command = [sys.executable, "-m", "tests.python", *self._preloaded]
                self._process = subprocess.Popen(command, cwd=ROOT, env=hidden, stdin=listening)


FORKED_FROM = "VTON_HF_TESTS_FORKED_FROM"
"""The variable that names, in workers of pytest-xdist, what the process has imported that they are forked from."""


def of_workers() -> Python | None:
    """What forks the workers of pytest-xdist, in one of them."""
    return Python(*os.environ[FORKED_FROM].split()) if FORKED_FROM in os.environ else None


PYTHON = Python(
    # What stock scripts import, and all that takes time when `vton_hf` is imported.
    "aiobotocore.session", "datasets", "huggingface_hub.hf_api", "huggingface_hub.repocard", "imagecodecs", "kornia_rs",
    "loky", "obstore.store", "PIL.Image", "PIL.ImageCms", "PIL.ImageDraw", "psutil", "pyarrow.csv", "s3fs", "scipy.io",
)  # fmt: skip

TRAINERS = Python(
    "accelerate", "diffusers.models.unets.unet_2d_condition", "pytorch_lightning", "scipy.io", "torchvision",
    "transformers.trainer", "vton_hf.builder", "vton_hf.cli.commands", "vton_hf.loader",
    forked=True,
)  # fmt: skip
"""With the package, and what takes trainers 10 s to import."""


def _serve(listening: socket.socket) -> Sequence[int] | None:
    """Fork for each request; returns in the children, with the request's descriptors, and at the end with None."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # still: what was imported may have set it
    ended, end = os.pipe()
    for descriptor in (ended, end):
        os.set_blocking(descriptor, False)
    signal.set_wakeup_fd(end)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    sockets, running = [listening], dict[int, int]()
    while True:
        for ready in select.select([*sockets, ended], [], [])[0]:
            if ready == ended:
                os.read(ended, select.PIPE_BUF)
                _tell_ends(running)
            elif ready is listening:
                sockets.append(listening.accept()[0])
            elif received := socket.recv_fds(ready, 1, 16)[1]:
                *descriptors, status = received
                if (pid := os.fork()) == 0:
                    _be_nobodys_parent([*(one.detach() for one in sockets), *running.values(), ended, end, status])
                    return descriptors
                running[pid] = status
                _tell(status, pid)
                for descriptor in descriptors:
                    os.close(descriptor)
            else:
                sockets.remove(ready)
                ready.close()
                if sockets == [listening] and _is_over(listening):
                    return None


def _be_nobodys_parent(descriptors: Sequence[int]) -> None:
    """In a child: let go of what belongs to the process that forks."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for descriptor in descriptors:
        os.close(descriptor)


def _tell_ends(running: dict[int, int]) -> None:
    """Write how scripts have ended to whoever waits for them."""
    while running:
        pid, how = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        status = running.pop(pid)
        _tell(status, os.waitstatus_to_exitcode(how))
        os.close(status)


def _tell(status: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # whoever asked may have been killed
        os.write(status, f"{number:{STATUS_SIZE}}".encode())


def _is_over(listening: socket.socket) -> bool:
    """Whether nobody is about to connect either; whoever comes later starts another server."""
    with FileLock(LOCK):
        if select.select([listening], [], [], 0)[0]:
            return False
        Path(listening.getsockname()).unlink()
        return True


def _prepare(descriptors: Sequence[int], held: Sequence[tuple[ModuleType, Sequence[ModuleType]]]) -> tuple[str, bool]:
    """Make this process what `python -c` would be; returns the code, and whether all is cleared away behind it."""
    request, *others = descriptors
    with os.fdopen(request) as file:
        asked = json.load(file)
    numbers = [0, 1, 2, *asked["passed"]]
    # Out of the way first: one may have the number that is meant for another.
    for number, descriptor in [
        (number, _above(max(numbers), one)) for number, one in zip(numbers, others, strict=True)
    ]:
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(asked["environment"])
    read_environment(held)
    os.chdir(asked["folder"])
    sys.argv, sys.path[0] = ["-c", *asked["arguments"]], ""
    return asked["code"], asked["clears"]


def _above(number: int, descriptor: int) -> int:
    """A copy of a descriptor whose number is above another, in its place."""
    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, number + 1)
    os.close(descriptor)
    return copy


HOLDERS = {"accelerate", "datasets", "diffusers", "huggingface_hub", "tests", "transformers", "vton_hf"}
"""Packages whose modules may hold constants of `datasets` and `huggingface_hub`."""


def holders() -> list[tuple[ModuleType, list[ModuleType]]]:
    """The modules that read the environment when they are imported, and who may hold what they read."""
    modules = [each for name, each in sys.modules.items() if name.partition(".")[0] in HOLDERS]
    others = [each for each in modules if isinstance(each, ModuleType)]
    readers = [sys.modules[name] for name in ("huggingface_hub.constants", "datasets.config") if name in sys.modules]
    named = [(reader, _read(reader).keys()) for reader in readers]
    return [(reader, [each for each in others if names & vars(each).keys()]) for reader, names in named]


def _read(reader: ModuleType) -> dict[str, Any]:
    return {key: value for key, value in vars(reader).items() if key.isupper()}


def read_environment(held: Sequence[tuple[ModuleType, Sequence[ModuleType]]]) -> None:
    """Let everybody see what `datasets` and `huggingface_hub` would read, were they imported now."""
    for reader, others in held:
        before = _read(reader)
        importlib.reload(reader)
        changed = {key: value for key, value in _read(reader).items() if before.get(key) != value}
        for other in others:
            for key in changed.keys() & vars(other).keys():
                if vars(other)[key] == before.get(key):
                    setattr(other, key, changed[key])
    if (hub := sys.modules.get("huggingface_hub.hf_api")) is not None:
        hub.api.endpoint = hub.constants.ENDPOINT


def _end(status: int = 0) -> NoReturn:
    """Do what Python does at the end of a script, less the seconds in which it clears all modules away."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    if status == -signal.SIGINT:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(status)


def serve(preloaded: Sequence[str]) -> None:
    """Import what scripts need, and fork for each that standard input, a socket, is asked for; returns with the last."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # a look for garbage after every 700 objects that stay: a sixth of the time of imports
    for name in preloaded:
        __import__(name)
    gc.enable()
    freeze()
    for finalizer in vars(weakref.finalize)["_registry"]:
        finalizer.atexit = False  # 210 of torch's libraries, 0.2 s at the end of each script
    # Here, not in each script: to look at 1,700 modules copies as many pages of memory that was the parent's, 0.1 s.
    held = holders()
    listening = socket.socket(fileno=os.dup(0))
    with Path(os.devnull).open() as nowhere:
        os.dup2(nowhere.fileno(), 0)
    if received := _serve(listening):
        _run(*_prepare(received, held))


class _WholeEnd(SystemExit):
    """All is cleared away, as at the end of any Python."""


def _run(code: str, clears: bool) -> NoReturn:
    """Do what `python -c` does with the code, to its end."""
    main = vars(sys.modules["__main__"])
    main.pop("__file__", None)
    main["__spec__"] = None
    status = 0
    try:
        exec(code, main)
    except _WholeEnd:  # of a script that was forked while this one ran
        raise
    except BaseException as error:  # noqa: BLE001 - whatever ends a script
        status = _status_of(error)
    if clears:
        raise _WholeEnd(status)
    _end(status)


def _status_of(error: BaseException) -> int:
    """Say what Python says of an error that ends a script; gives what the script ends with, negative for a signal."""
    if isinstance(error, SystemExit) and isinstance(error.code, int | None):
        return error.code or 0
    if isinstance(error, SystemExit):
        sys.stderr.write(f"{error.code}\n")
        return 1
    error = error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)  # less the frame of `_run`
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
    sys.excepthook(type(error), error, error.__traceback__)
    return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1


if __name__ == "__main__":
    serve(sys.argv[1:])
    _end()

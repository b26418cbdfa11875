"""This machine: Python and packages, cores, memory, shared memory, open files, torch and its GPUs."""

import os
import platform
import resource
import shutil
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from vton_hf import __version__
from vton_hf._core.units import amount, number
from vton_hf.cli.doctor.check import Check, Mark

OLDEST_PYTHON: Final = (3, 11)
_SHOWN: Final = ("datasets", "huggingface-hub", "pyarrow", "pillow", "obstore", "s3fs", "aiobotocore", "numpy")
_TORCH: Final = ("torch", "torchvision")
_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - where Linux mounts it
_LITTLE_SHARED_MEMORY: Final = 2**30
_FEW_FILES: Final = 1024
"""Descriptors of a process: 64 connections, and 3 for each batch that workers have ready."""

_TOO_FEW_FILES: Final = 256


def machine() -> Iterator[Check]:
    """All of it, what takes longest last."""
    yield _python()
    yield _packages()
    yield _memory()
    yield _shared_memory()
    yield _open_files()
    yield _torch()


def _python() -> Check:
    found = f"{platform.python_version()}, vton-hf {__version__}"
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return Check(Mark.OK, "Python", found)
    oldest = ".".join(map(str, OLDEST_PYTHON))
    return Check(Mark.FAIL, "Python", f"{found} needs Python {oldest} or newer", f"Install Python {oldest} or newer.")


def _packages() -> Check:
    """Versions, held against what vton-hf asks for."""
    found = _versions(_SHOWN)
    lacking = [wanted for wanted in _required() if not _fits(wanted)]
    if not lacking:
        return Check(Mark.OK, "packages", found)
    names = " ".join(f"'{wanted}'" for wanted in lacking)
    have = _versions([wanted.name for wanted in lacking])
    return Check(
        Mark.FAIL,
        "packages",
        f"{have or 'not installed'}; needed: {', '.join(map(str, lacking))}",
        f"pip install {names}",
    )


def _required() -> list[Requirement]:
    with suppress(metadata.PackageNotFoundError):
        wanted = [Requirement(text) for text in metadata.requires("vton-hf") or ()]
        return [each for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]
    return []


def _fits(wanted: Requirement) -> bool:
    try:
        return wanted.specifier.contains(metadata.version(wanted.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False


def _versions(names: Iterable[str]) -> str:
    known = []
    for name in names:
        with suppress(metadata.PackageNotFoundError):
            known.append(f"{name} {metadata.version(name)}")
    return ", ".join(known)


def _memory() -> Check:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # no such group, or no limit: "max"
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return Check(Mark.OK, "cores", f"{number(cores, 'core')}, {amount(memory)} of memory")


def _shared_memory() -> Check:
    if not _SHARED_MEMORY.exists():
        return Check(Mark.OK, str(_SHARED_MEMORY), "not there, and not needed")
    size = shutil.disk_usage(_SHARED_MEMORY).total
    if size >= _LITTLE_SHARED_MEMORY:
        return Check(Mark.OK, str(_SHARED_MEMORY), f"{amount(size)} for the workers of a DataLoader")
    return Check(
        Mark.WARN,
        str(_SHARED_MEMORY),
        f"{amount(size)}: enough for batches of vton-hf, which do not lie there; not for other DataLoaders",
        "In Docker give --shm-size=8g where workers die with a bus error.",
    )


def _open_files() -> Check:
    soft, hard = (sys.maxsize if each == resource.RLIM_INFINITY else each for each in _limits())
    if soft >= _FEW_FILES:
        return Check(Mark.OK, "open files", "no limit" if soft == sys.maxsize else f"{soft:,} a process")
    step = f"ulimit -n {min(hard, 4 * _FEW_FILES)} in this shell, before the command."
    if hard < _FEW_FILES:
        step = f"Raise the hard limit ({hard:,}): /etc/security/limits.conf, or docker run --ulimit nofile=4096"
    found = f"{soft:,} a process; connections and the workers of a DataLoader may need {_FEW_FILES:,}"
    return Check(Mark.FAIL if soft < _TOO_FEW_FILES else Mark.WARN, "open files", found, step)


def _limits() -> tuple[int, int]:
    return resource.getrlimit(resource.RLIMIT_NOFILE)


def _torch() -> Check:
    """What there is of torch."""
    lacking = [name for name in _TORCH if find_spec(name) is None]
    if lacking:
        found = f"{' and '.join(lacking)} not installed: needed for transforms, torch datasets and bench, not to build"
        return Check(Mark.WARN, "torch", found, "pip install torch torchvision")
    versions = _versions(_TORCH)
    try:
        gpus, reason = _gpus()
    except Exception as error:  # noqa: BLE001 - libraries that do not fit each other raise whatever they like
        step = "Install both again, in one command: they must fit together."
        return Check(Mark.FAIL, "torch", f"{versions}, which cannot be imported: {error}", step)
    if not gpus and reason:
        step = "Look at nvidia-smi, and install a torch that fits the driver."
        return Check(Mark.WARN, "torch", f"{versions}; no GPU can be used: {reason}", step)
    return Check(Mark.OK, "torch", f"{versions}; {', '.join(gpus) or 'no GPU'}")


def _gpus() -> tuple[list[str], str]:
    """The GPUs that torch can use, and what it says of CUDA where it cannot use it; to import it takes seconds."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        import torch  # noqa: PLC0415
        import torchvision  # noqa: F401, PLC0415

        gpus = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
        torch.cuda.is_available()
    reasons = [str(each.message) for each in caught if "CUDA" in str(each.message)]
    return [f"{gpu.name} ({amount(gpu.total_memory)})" for gpu in gpus], "; ".join(reasons)

"""On what the figures were taken."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("vton-hf", "torch", "torchvision", "datasets", "pillow", "imagecodecs", "obstore", "s3fs", "boto3")
PEERS = ("litdata", "webdataset", "s3torchconnector")


def facts() -> dict[str, str | int | float]:
    """Cores, processor, versions, and how busy the machine was before."""
    busy = os.getloadavg()[0]
    known: dict[str, str | int | float] = {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "load": round(busy, 1),
        "python": platform.python_version(),
    }
    return known | {name: _version(name) for name in (*PACKAGES, *PEERS)}


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "-"

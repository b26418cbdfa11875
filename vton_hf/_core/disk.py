"""The room on a disk: refuses what does not fit, and says so when it is full all the same."""

import errno
import shutil
from pathlib import Path

from vton_hf._core.units import amount
from vton_hf.errors import BuildError


def free_bytes(directory: Path) -> int:
    """Free space where the directory lies or would lie."""
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    return shutil.disk_usage(existing).free


def require_space(root: Path, needed: int, *, what: str, ways_out: str) -> None:
    """Refuse to begin what cannot end.

    Args:
        root: The directory that is written.
        needed: Bytes.
        what: What needs them.
        ways_out: What people can do, as sentences.

    Raises:
        BuildError: If the disk has less than `needed` bytes left.
    """
    if needed > (free := free_bytes(root)):
        raise BuildError(f"{root} needs {amount(needed)} for {what}, but has {amount(free)} free. {ways_out}")


def is_full(error: BaseException) -> bool:
    """Whether a disk or a quota of this machine has no room left, which is no answer of a store."""
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}


def full(root: Path, error: OSError) -> str:
    """What happened to a disk of which `is_full` is true."""
    quota = error.errno == errno.EDQUOT
    return f"This user's quota on {root} is used up" if quota else f"The disk of {root} is full"

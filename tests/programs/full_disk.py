"""Parquet files meet a full disk."""

import errno
from vton_hf.exports import units


def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


units.write_parquet = full

"""Parquet files meet a full disk."""

import errno
from vton_hf.exports import write


def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


write.write_parquet = full

"""Which worker of a `DataLoader` this process is, without an import of torch: whoever is one has it."""

import sys
from typing import Any


def worker_info() -> Any:
    """As `torch.utils.data.get_worker_info`; None where torch was not even imported."""
    data = sys.modules.get("torch.utils.data")
    return data and data.get_worker_info()

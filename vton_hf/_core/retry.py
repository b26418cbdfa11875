"""How long to wait before another try, of a store or of the Hub: exponential back-off with full jitter."""

import random
from typing import Final

_BASE: Final = 0.2
_CAP: Final = 10.0


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row.

    Args:
        failures: 1 after the first one.

    Returns:
        Anything from nothing to a ceiling that doubles from 0.2 to 10, so that many clients do not come back at once.
    """
    return random.uniform(0.0, min(_CAP, _BASE * 2.0 ** min(failures - 1, 16)))

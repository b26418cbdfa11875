"""The most memory that this process ever held."""

import resource


def peak_mb() -> float:
    """In MB, what it imported included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

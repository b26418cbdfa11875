"""Connected components: what hangs together through anything that it shares."""

import numpy as np
from numpy.typing import NDArray


def components(edges: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The component of each node, named by the lowest node in it; int64 [count].

    Labels sink along edges and are followed to the lowest they lead to, until nothing moves: some ten rounds for
    600,000 edges, 0.1 s.

    Args:
        edges: Pairs of nodes, int64 [m, 2].
        count: How many nodes there are.

    >>> components(np.array([[0, 3], [3, 4]]), 5).tolist()
    [0, 1, 2, 0, 0]
    """
    labels = np.arange(count)
    while True:
        ends = labels[edges]
        lowest = ends.min(axis=1) if len(edges) else np.zeros(0, np.int64)
        sunk = labels.copy()
        np.minimum.at(sunk, ends[:, 0], lowest)
        np.minimum.at(sunk, ends[:, 1], lowest)
        while not np.array_equal(sunk, sunk[sunk]):
            sunk = sunk[sunk]
        if np.array_equal(sunk, labels):
            return labels
        labels = sunk

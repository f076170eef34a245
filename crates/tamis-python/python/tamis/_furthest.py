"""Furthest neighbours: which of many points lies furthest from a given one."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tamis import _tamis
from tamis._arrays import points
from tamis._errors import SettingError

Effort = Literal["exact", "best-first", "greedy"]


class FurthestNeighbours:
    """A tree over points ``[point, dimension]`` that answers which available point is furthest from a query.

    Distances are Euclidean. Points can be taken and released, in logarithmic time: a point that is taken is no
    answer. It is what the curriculum of DDS-NAS exchanges images by.

    Parameters
    ----------
    z
        Points, ``[point, dimension]``: finite numbers of any precision, computed with in single.
    leaf_size
        Points of a leaf.
    """

    def __init__(self, z: Any, *, leaf_size: int = 16) -> None:
        self._tree = _tamis.FurthestNeighbours(points(z, "points"), leaf_size)

    def query(
        self, queries: Any, *, effort: Effort = "exact", leaves: int = 8
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """The furthest available point of each query, and how far it is.

        Parameters
        ----------
        queries
            ``[query, dimension]``, or one query ``[dimension]``.
        effort
            ``"exact"``; ``"best-first"``: down the tree ``leaves`` times, from the most promising node each time;
            ``"greedy"``: down once, in logarithmic time, to 0.84 to 0.92 of the largest distance on normal points.
        leaves
            For ``"best-first"``.

        Returns
        -------
        tuple
            Positions of the points (int64), and distances (float64); -1 and NaN where no point is available. Of
            equally far points the exact answer is the first.
        """
        rows = np.asarray(queries, dtype=np.float32) if isinstance(queries, (list, tuple)) else queries
        if getattr(rows, "ndim", 2) == 1:
            rows = rows[None, :]
        return self._tree.query(points(rows, "queries"), effort, leaves)

    def take(self, point: int) -> bool:
        """Make a point unavailable; False if it was already."""
        return self._tree.take(_position(point))

    def release(self, point: int) -> bool:
        """Make a point available again; False if it was already."""
        return self._tree.release(_position(point))

    @property
    def available(self) -> int:
        """How many points are available."""
        return self._tree.available

    def __len__(self) -> int:
        return len(self._tree)


def _position(point: int) -> int:
    if point < 0:
        raise SettingError(f"furthest neighbours: found point {point}, expected one from 0 on")
    return int(point)

"""Furthest neighbours against all distances."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tamis


@given(st.integers(1, 300), st.integers(1, 5), st.integers(0, 2**31))
def test_the_exact_answer_is_that_of_all_distances(count: int, dimensions: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    z = rng.integers(-4, 5, (count, dimensions)).astype(np.float32)
    queries = rng.integers(-4, 5, (7, dimensions)).astype(np.float32)
    away = np.linalg.norm(queries[:, None] - z[None], axis=2)
    found, distances = tamis.FurthestNeighbours(z, leaf_size=3).query(queries)
    assert found.tolist() == away.argmax(axis=1).tolist(), "of equally far points the first"
    assert np.allclose(distances, away.max(axis=1))


def test_cheaper_answers_are_points_and_no_further_than_the_furthest() -> None:
    z = np.random.default_rng(0).normal(size=(5000, 8))
    tree = tamis.FurthestNeighbours(z)
    exact = tree.query(z[:50])[1]
    greedy = tree.query(z[:50], effort="greedy")
    several = tree.query(z[:50], effort="best-first", leaves=64)
    assert (greedy[1] <= exact).all() and (several[1] <= exact).all()
    assert several[1].mean() > greedy[1].mean() > 0.7 * exact.mean()
    own = np.linalg.norm(z[:50].astype(np.float32) - z[greedy[0]].astype(np.float32), axis=1)
    assert np.allclose(own, greedy[1], rtol=1e-5)


def test_points_that_are_taken_are_no_answers_until_they_are_released() -> None:
    tree = tamis.FurthestNeighbours([[0.0], [1.0], [5.0]])
    assert len(tree) == tree.available == 3
    assert tree.query([0.0])[0].tolist() == [2]
    assert tree.take(2) and not tree.take(2)
    assert tree.query([0.0])[0].tolist() == [1]
    assert tree.take(1) and tree.take(0) and tree.available == 0
    found, distances = tree.query([0.0])
    assert found.tolist() == [-1] and np.isnan(distances[0])
    assert tree.release(1) and not tree.release(1)
    assert tree.query([0.0])[0].tolist() == [1]


def test_what_cannot_be_asked_is_refused() -> None:
    tree = tamis.FurthestNeighbours(np.zeros((4, 2)))
    refused: list[tuple[Callable[[], object], str]] = [
        (lambda: tree.query(np.zeros((1, 3))), "3 dimensions, expected 2"),
        (lambda: tree.query(np.zeros((1, 2)), effort="fast"), "expected \"exact\""),  # type: ignore[arg-type]
        (lambda: tree.query(np.zeros((1, 2)), effort="best-first", leaves=0), "leaves=0"),
        (lambda: tree.query(np.array([[0.0, np.inf]])), "dimension 1"),
        (lambda: tree.take(4), "found point 4, expected one below 4"),
        (lambda: tree.release(-1), "found point -1"),
        (lambda: tamis.FurthestNeighbours(np.zeros((0, 0))), "dimension"),
        (lambda: tamis.FurthestNeighbours(np.array([[np.nan]])), "NaN"),
        (lambda: tamis.FurthestNeighbours(np.zeros((2, 2)), leaf_size=0), "leaf_size=0"),
    ]
    for wrong, words in refused:
        with pytest.raises(tamis.SettingError, match=words):
            wrong()

"""Furthest neighbours: Tamis beside SciPy and scikit-learn, on the same points, in turns.

Points are normal, `float32`, written to a file that both sides read; queries are points of the set, evenly
spread over it. Neither library has a furthest-neighbour query. What a user of them would do:

    scipy cdist        cdist(query, points) and argmax, a query at a time
    sklearn pairwise   pairwise_distances(queries, points) and argmax, 2,000,000 distances at a time
    sklearn KDTree     query(k = number of points) and the last one; up to 10,000 points

All on one thread. Of five rounds the fastest counts, group of queries by group, as in the example that
this calls. Every answer is compared with the exact one by distance. Prints a Markdown table.

    cargo build --release -p tamis-select --example furthest_bench
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 .venv/bin/python bench/furthest/compare.py [--target DIR]
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import numpy
from scipy.spatial.distance import cdist
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import KDTree

ROUNDS = 5
GROUP_S = 2e-4
SIZES = (1_000, 10_000, 100_000, 1_000_000)
LARGEST_TREE_QUERY = 10_000
BLOCK_VALUES = 2_000_000


def fastest_us(queries, search, at_least=1):
    """Microseconds a query, and what was found: an index each. Timed in groups as Tamis is."""
    start = time.perf_counter()
    search(queries[:1])
    at_once = max(at_least, int(GROUP_S / (time.perf_counter() - start)))
    groups = numpy.array_split(queries, -(-len(queries) // at_once))
    fastest = [float("inf")] * len(groups)
    for _ in range(ROUNDS):
        found = []
        for at, group in enumerate(groups):
            start = time.perf_counter()
            found += search(group)
            fastest[at] = min(fastest[at], time.perf_counter() - start)
    return 1e6 * sum(fastest) / len(queries), found


def scipy_search(points):
    return lambda queries: [int(cdist(query[None], points).argmax()) for query in queries]


def pairwise_search(points):
    return lambda queries: [int(i) for i in pairwise_distances(queries, points).argmax(axis=1)]


def tree_search(points):
    tree = KDTree(points)
    return lambda queries: [int(i) for i in tree.query(queries, k=len(points))[1][:, -1]]


def ratio(points, queries, found):
    """Mean distance of what was found over the largest."""
    exact = [cdist(query[None].astype(float), points.astype(float)).max() for query in queries]
    distances = numpy.linalg.norm(queries.astype(float) - points[found].astype(float), axis=1)
    return float((distances / exact).mean())


def libraries(points, queries):
    searches = {"scipy cdist + argmax": scipy_search, "sklearn pairwise + argmax": pairwise_search}
    if len(points) <= LARGEST_TREE_QUERY:
        searches["sklearn KDTree, k = n"] = tree_search
    for name, make in searches.items():
        at_least = max(1, BLOCK_VALUES // len(points)) if make is pairwise_search else 1
        query_us, found = fastest_us(queries, make(points), at_least)
        yield name, query_us, ratio(points, queries, found)


def tamis(example, file, dimensions):
    done = subprocess.run([example, file, str(dimensions)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def compare(example, folder, dimensions, size):
    points = numpy.random.default_rng(1).standard_normal((size, dimensions), dtype=numpy.float32)
    file = folder / "points.f32"
    points.tofile(file)
    queries = points[:: max(1, size // (50 if size * dimensions > 2_000_000 else 100))]
    before = tamis(example, file, dimensions)
    others = list(libraries(points, queries))
    after = tamis(example, file, dimensions)
    build_s = min(before["build_s"], after["build_s"])
    for one, other in zip(before["searches"], after["searches"]):
        query_us = min(one["query_us"], other["query_us"])
        visited = f"{one['nodes']:.1f} | {one['points']:.0f}"
        row(dimensions, size, f"Tamis {one['search']}", f"{build_s:.4f}", query_us, visited, one["ratio"])
    for name, query_us, found in others:
        row(dimensions, size, name, "", query_us, " | ", found)


def row(dimensions, size, name, build_s, query_us, visited, found):
    columns = (dimensions, f"{size:,}", name, build_s, f"{query_us:,.2f}", visited, f"{found:.3f}")
    print("| " + " | ".join(str(column) for column in columns) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", default="target", help="folder that cargo builds in")
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="most points")
    arguments = parser.parse_args()
    example = pathlib.Path(arguments.target) / "release/examples/furthest_bench"
    print("| dimensions | points | search | build, s | µs a query | nodes | points read | distance ratio |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for dimensions in (8, 32):
            for size in (size for size in SIZES if size <= arguments.largest):
                compare(example, pathlib.Path(folder), dimensions, size)


if __name__ == "__main__":
    main()

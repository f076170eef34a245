"""What choosing in Python costs: a million samples, and `k-center` beside what others do, in turns.

usage: python3 bench/python/choosing.py
"""

import resource
import time

import numpy as np

import tamis

TURNS = 3


def seconds(work):
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def greedy_numpy(z, count, first):
    """Greedy k-center as DeepCore has it: a row of distances for each new centre, the minimum kept."""
    chosen = [first]
    nearest = np.full(len(z), np.inf, np.float32)
    for _ in range(count - 1):
        nearest = np.minimum(nearest, np.linalg.norm(z - z[chosen[-1]], axis=1))
        chosen.append(int(nearest.argmax()))
    return np.sort(chosen)


def greedy_sklearn(z, count, first):
    """The same with scikit-learn's distances."""
    from sklearn.metrics import pairwise_distances

    chosen, nearest = [first], np.full(len(z), np.inf)
    for _ in range(count - 1):
        nearest = np.minimum(nearest, pairwise_distances(z, z[chosen[-1]][None])[:, 0])
        chosen.append(int(nearest.argmax()))
    return np.sort(chosen)


def main():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 1000, 1_000_000)
    scores = (10 ** rng.uniform(-20, 0, 1_000_000)).astype(np.float32)
    print("| of 1,000,000 samples | seconds |\n| --- | ---: |")
    for policy in ("random:0.1", "proxy:0.1", "two-tail:0.1"):
        taken = min(seconds(lambda: tamis.select(policy, scores=scores, labels=labels)) for _ in range(TURNS))
        print(f"| `{policy}` | {taken:.2f} |")

    z = rng.normal(size=(100_000, 64)).astype(np.float32)
    one = np.zeros(len(z), np.int64)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ours = tamis.select("k-center:0.01", embeddings=z, labels=one)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / z.nbytes
    first = int(ours[0])
    ways = {
        "tamis": lambda: tamis.select("k-center:0.01", embeddings=z, labels=one),
        "NumPy, as DeepCore": lambda: greedy_numpy(z, 1000, first),
        "scikit-learn's distances": lambda: greedy_sklearn(z, 1000, first),
    }
    taken = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, work in ways.items():
            taken[name].append(seconds(work))
    own = min(taken["tamis"])
    print("\n| `k-center:0.01` of 100,000 x 64 | seconds, the best of 3 turns | times tamis |\n| --- | ---: | ---: |")
    for name, all_of_it in taken.items():
        print(f"| {name} | {min(all_of_it):.2f} | {min(all_of_it) / own:.2f} |")
    print(f"\npeak memory grew by {grown:.2f} times the embeddings' own size")


if __name__ == "__main__":
    main()

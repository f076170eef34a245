"""A tenth of a Hugging Face data set by Proxy Data: scored, chosen, and taken from the set.

Run: python hugging_face_proxy.py

Here the set is drawn. ``datasets.load_dataset("cifar10", split="train")`` takes its place.
"""

from __future__ import annotations

import datasets
import numpy as np

import tamis


def drawn(count: int) -> datasets.Dataset:
    """Images and labels as `datasets` holds them."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, count)
    images = rng.integers(0, 90, (count, 8, 8, 3), dtype=np.uint8)
    images[..., 0] += (labels * rng.integers(0, 80, count)).astype(np.uint8)[:, None, None]
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["ant", "bee", "cat"])})
    return datasets.Dataset.from_dict({"image": list(images), "label": labels.tolist()}, features=features)


def main(count: int = 600, epochs: int = 3) -> datasets.Dataset:
    """Score all images, choose a tenth, and return it as a data set."""
    whole = drawn(count)
    small = {"score.blocks": 1, "score.channels": 8}
    entropy = tamis.score(whole, by="entropy", epochs=epochs, progress=False, settings=small)
    chosen = tamis.select("proxy:0.1", scores=entropy, labels=whole["label"], kind="entropy")
    return whole.select(chosen)


if __name__ == "__main__":
    print(main())

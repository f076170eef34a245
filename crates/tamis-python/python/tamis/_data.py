"""Images as people hold them, as something that a run can name.

A run folder says which data it was made on, so that anybody can go on with it. Arrays have no name. So they are
packed once, into a file whose name is their content's; a path is taken as it is.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tamis import _tamis
from tamis._arrays import array_of, classes
from tamis._errors import DataError

Images = npt.NDArray[np.uint8]


def source(data: Any, folder: Path) -> str:
    """The name of ``data`` for the settings; arrays are packed in ``folder``, unless they were before."""
    if isinstance(data, (str, os.PathLike)):
        return os.fspath(data)
    train, test = _splits(data)
    names, (train_images, train_labels), of_test = _with_classes(train, test)
    digest = hashlib.blake2b(repr(names).encode(), digest_size=8)
    for images, labels in [(train_images, train_labels), *([of_test] if of_test else [])]:
        digest.update(repr((images.shape, len(labels))).encode())
        digest.update(images.data)
        digest.update(labels.data)
    path = folder / f"images-{digest.hexdigest()}.safetensors"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _tamis.pack(path, "arrays", names, (train_images, train_labels), of_test)
    return str(path)


def _splits(data: Any) -> tuple[Any, Any]:
    """Training and test split."""
    if isinstance(data, Mapping):
        if "train" not in data:
            raise DataError(f"reading data: found the splits {', '.join(map(str, data))}, expected one called `train`")
        return data["train"], data.get("test")
    return data, None


def _with_classes(train: Any, test: Any) -> tuple[list[str], tuple[Images, Any], tuple[Images, Any] | None]:
    """Names of the classes, and both splits with the class of each image."""
    images, labels = _images_and_labels(train)
    of_test = None if test is None else _images_and_labels(test)
    every = labels if of_test is None else np.concatenate([labels, of_test[1]])
    found, values = classes(every)
    names = _names_of(train, values)
    split = len(labels)
    return names, (images, found[:split].copy()), None if of_test is None else (of_test[0], found[split:].copy())


def _names_of(data: Any, values: list[Any]) -> list[str]:
    """Names of these labels: those that the data has, or the labels themselves."""
    names = getattr(data, "classes", None)
    if names is None:
        names = getattr(getattr(data, "features", {}).get("label"), "names", None) if hasattr(data, "features") else None
    if names is not None and all(isinstance(value, int) and 0 <= value < len(names) for value in values):
        return [str(names[value]) for value in values]
    return [str(value) for value in values]


def _images_and_labels(split: Any) -> tuple[Images, npt.NDArray[Any]]:
    if hasattr(split, "features") and hasattr(split, "column_names"):
        return _of_hugging_face(split)
    if hasattr(split, "data") and hasattr(split, "targets"):
        return images(array_of(split.data, "images")), array_of(split.targets, "labels")
    if isinstance(split, Sequence) and len(split) == 2 and not isinstance(split, str):
        found, labels = images(array_of(split[0], "images")), array_of(split[1], "labels")
        if len(found) != len(labels):
            raise DataError(f"reading data: found {len(labels)} labels for {len(found)} images, expected one an image")
        return found, labels
    raise DataError(
        f"reading data: found a {type(split).__name__}, expected a path, (images, labels), a data set of torchvision "
        "with `data` and `targets`, or one of Hugging Face with images and labels; hint: a dictionary "
        "{'train': …, 'test': …} gives both splits"
    )


def _of_hugging_face(split: Any) -> tuple[Images, npt.NDArray[Any]]:
    columns = list(split.column_names)
    image = next((name for name in ("image", "img") if name in columns), None)
    label = next((name for name in ("label", "labels", "fine_label") if name in columns), None)
    if image is None or label is None:
        raise DataError(f"reading data: found the columns {', '.join(columns)}, expected `image` and `label`")
    decoded = [np.asarray(one) for one in split[image]]
    shapes = {one.shape for one in decoded}
    if len(shapes) != 1:
        raise DataError(
            f"reading data: found images of {len(shapes)} sizes, expected one; hint: save them in a folder, "
            "whose images are scaled"
        )
    return images(np.stack(decoded)), np.asarray(split[label])


def images(array: npt.NDArray[Any]) -> Images:
    """Images as ``[sample, channel, height, width]``, of bytes."""
    if array.dtype != np.uint8:
        raise DataError(
            f"reading images: found values of type {array.dtype}, expected bytes (uint8); hint: of numbers from 0 to 1 "
            "(images * 255).round().astype(numpy.uint8) makes them"
        )
    if array.ndim == 3:
        array = array[:, None]
    elif array.ndim == 4 and array.shape[1] not in (1, 3) and array.shape[3] in (1, 3):
        array = array.transpose(0, 3, 1, 2)
    if array.ndim != 4 or array.shape[1] not in (1, 3):
        raise DataError(
            f"reading images: found an array {list(array.shape)}, expected [sample, height, width], "
            "[sample, height, width, channel] or [sample, channel, height, width] of 1 or 3 channels"
        )
    return np.ascontiguousarray(array)

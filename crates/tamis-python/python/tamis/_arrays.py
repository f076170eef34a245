"""Whatever holds numbers, as NumPy's arrays: without a copy where it can be had without one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tamis._errors import SettingError


def array_of(values: Any, what: str) -> npt.NDArray[Any]:
    """The array that ``values`` is or holds; ``what`` is what errors call it.

    NumPy's arrays are taken as they are, tensors by DLPack, Arrow's arrays and pandas' columns by their own
    conversion, anything else by ``numpy.asarray``.
    """
    if isinstance(values, np.ndarray):
        return values
    if hasattr(values, "detach"):
        return _of_tensor(values, what)
    if hasattr(values, "combine_chunks") or hasattr(values, "to_pylist"):
        return _of_arrow(values)
    if hasattr(values, "to_numpy"):
        return np.asarray(values.to_numpy())
    if hasattr(values, "__dlpack__"):
        return np.from_dlpack(values)
    return np.asarray(values)


def _of_tensor(tensor: Any, what: str) -> npt.NDArray[Any]:
    tensor = tensor.detach()
    if tensor.device.type != "cpu":
        raise SettingError(
            f"reading {what}: found a tensor on {tensor.device}, expected one in memory; hint: .cpu() brings it there"
        )
    if str(tensor.dtype) == "torch.bfloat16":
        tensor = tensor.float()
    return np.from_dlpack(tensor)


def _of_arrow(values: Any) -> npt.NDArray[Any]:
    if hasattr(values, "combine_chunks"):
        values = values.combine_chunks()
    try:
        found = values.to_numpy(zero_copy_only=False)
    except TypeError:
        found = values.to_numpy()
    return np.asarray(found)


def reals(values: Any, what: str) -> npt.NDArray[np.float32] | npt.NDArray[np.float64]:
    """One number a sample, float32 or float64, contiguous."""
    array = array_of(values, what)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise SettingError(f"reading {what}: found an array {list(array.shape)}, expected one number a sample")
    return _real(array, what)


def points(values: Any, what: str) -> npt.NDArray[np.float32]:
    """One row a sample, float32, contiguous."""
    array = array_of(values, what)
    if array.ndim == 1 and array.dtype == object:
        array = np.stack([np.asarray(row) for row in array])
    if array.ndim != 2:
        raise SettingError(f"reading {what}: found an array {list(array.shape)}, expected [sample, dimension]")
    return np.ascontiguousarray(_real(array, what), dtype=np.float32)


def probabilities(values: Any, what: str) -> npt.NDArray[np.float64]:
    """One row of classes a sample, float64."""
    array = array_of(values, what)
    if array.ndim != 2:
        raise SettingError(f"reading {what}: found an array {list(array.shape)}, expected [sample, class]")
    return np.ascontiguousarray(_real(array, what), dtype=np.float64)


def _real(array: npt.NDArray[Any], what: str) -> npt.NDArray[np.float32] | npt.NDArray[np.float64]:
    if array.dtype in (np.float32, np.float64):
        return array
    if array.dtype == np.float16:
        return array.astype(np.float32)
    if array.dtype.kind in "iu":
        return array.astype(np.float64)
    raise SettingError(f"reading {what}: found values of type {array.dtype}, expected real numbers")


def classes(labels: Any) -> tuple[npt.NDArray[np.uint32], list[Any]]:
    """The class of each sample, and the label of each class: labels in ascending order, numbers or text."""
    array = array_of(labels, "labels")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise SettingError(f"reading labels: found an array {list(array.shape)}, expected one label a sample")
    if array.dtype.kind == "f":
        if not np.array_equal(array, np.floor(array)):
            raise SettingError("reading labels: found a number that is not whole, expected classes")
        array = array.astype(np.int64)
    if array.dtype.kind not in "iubUSO":
        raise SettingError(f"reading labels: found values of type {array.dtype}, expected numbers or names of classes")
    try:
        found, inverse = np.unique(array, return_inverse=True)
    except TypeError as error:
        raise SettingError("reading labels: found labels of several types, expected numbers or names") from error
    return inverse.reshape(-1).astype(np.uint32), found.tolist()


def sample_ids(ids: Any) -> npt.NDArray[np.int64]:
    """Ids of samples."""
    array = array_of(ids, "ids")
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise SettingError(f"reading ids: found {array.dtype} {list(array.shape)}, expected whole numbers, one a sample")
    return np.ascontiguousarray(array, dtype=np.int64)

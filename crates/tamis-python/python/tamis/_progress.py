"""How a long call shows how far it is."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any, Union

Observer = Callable[[str, Any], None]
Progress = Union[bool, Observer]


def observer_of(progress: Progress) -> Observer | None:
    """What is told of the events of a run."""
    if callable(progress):
        return progress
    return _Shown() if progress else _warn_alone


def _warn_alone(what: str, of: Any) -> None:
    if what == "warning":
        warnings.warn(str(of), stacklevel=4)


class _Shown:
    """A bar of tqdm where that is installed, else a line an epoch on standard error."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._what = ""
        self._epochs = 0

    def __call__(self, what: str, of: Any) -> None:
        _warn_alone(what, of)
        if what in ("search", "training"):
            self._begin(of["what"], of["epochs"])
        elif what == "epoch":
            self._epoch(of)
        elif what == "note":
            print(f"note: {of}", file=sys.stderr)

    def _begin(self, what: str, epochs: int) -> None:
        if self._bar is not None:
            self._bar.close()
        self._what, self._epochs = what, epochs
        try:
            from tqdm.auto import tqdm
        except ImportError:
            self._bar = None
            return
        self._bar = tqdm(total=epochs, desc=what, unit="epoch")

    def _epoch(self, record: dict[str, Any]) -> None:
        told = {
            name: f"{record[name]:.3f}"
            for name in ("loss", "accuracy", "weight_loss", "arch_val_accuracy", "validation_accuracy")
            if isinstance(record.get(name), float)
        }
        if self._bar is None:
            words = ", ".join(f"{name} {value}" for name, value in told.items())
            print(f"{self._what}, epoch {record['epoch'] + 1}/{self._epochs}: {words}", file=sys.stderr)
            return
        self._bar.n = record["epoch"] + 1
        self._bar.set_postfix(told)
        if self._bar.n >= self._epochs:
            self._bar.close()

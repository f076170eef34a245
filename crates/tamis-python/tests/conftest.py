"""What several tests need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

#: A search of a fraction of a second.
SMALL: dict[str, Any] = {"space.channels": 2, "space.cells": 1, "train.batch": 32}


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the test works in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TAMIS_DATA", raising=False)
    return tmp_path


def program(*arguments: str, folder: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the program, which has to end with this code."""
    done = subprocess.run(
        [sys.executable, "-m", "tamis", *arguments], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "TAMIS_DATA": ""},
    )
    assert done.returncode == code, done.stderr
    return done


def drawn(count: int = 160, size: int = 8, classes: int = 4) -> tuple[Any, Any]:
    """Images and labels: bytes ``[sample, height, width, channel]``, no two alike."""
    rng = np.random.default_rng(1)
    labels = np.arange(count) % classes
    images = rng.integers(0, 60, (count, size, size, 3), dtype=np.uint8)
    images[..., 0] += (labels * 40).astype(np.uint8)[:, None, None]
    return images, labels

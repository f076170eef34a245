"""The examples run, and do what they are for."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def example(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_darts_in_plain_pytorch_learns_on_the_images_that_bdp_keeps(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    found = example("darts_bdp").main(10)
    assert len(found.split()) == 3
    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    images = [int(words[2]) + int(words[4]) for words in told]
    assert images[0] == 1600 and images[-1] < 0.2 * images[0], "the images become fewer"
    right = [float(words[6]) for words in told]
    assert max(right) > right[0] + 10, "and the network learns"


@pytest.mark.filterwarnings("ignore:.*the entropies fill:UserWarning")
def test_a_tenth_of_a_hugging_face_set_is_scored_and_chosen() -> None:
    pytest.importorskip("datasets")
    found = example("hugging_face_proxy").main()
    assert len(found) == 60
    assert set(found.column_names) == {"image", "label"}

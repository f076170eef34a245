"""Samples chosen once: the same through both doors, in whatever form they are given."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import program
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tamis

SCORED = {
    "proxy": "entropy", "proxy-p2": "entropy", "proxy-p3": "entropy", "two-tail": None, "proxy-balanced": "entropy",
    "entropy-top": "entropy", "entropy-bottom": "entropy", "forgetting": "forgetting", "el2n": "el2n",
    "score-top": None, "score-bottom": None,
}
EMBEDDED = ["k-center", "k-center-balanced"]
PLAIN = ["full", "random", "random-like:random", "random-like:proxy-balanced"]


def quiet(policy: str, **given: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tamis.select(policy, **given)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    policy=st.sampled_from([*SCORED, *EMBEDDED, *PLAIN]),
    share=st.sampled_from(["0.1", "0.5", "7", "40"]),
    seed=st.integers(0, 2**31),
    gap=st.integers(1, 1000),
    form=st.sampled_from(["npy", "csv", "parquet"]),
)
def test_the_same_seed_is_the_same_choice_here_and_in_the_program(
    tmp_path_factory: pytest.TempPathFactory, policy: str, share: str, seed: int, gap: int, form: str
) -> None:
    folder = tmp_path_factory.mktemp("select")
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, 97) * gap
    scores = np.round(rng.exponential(size=97), 2)
    z = rng.normal(size=(97, 3)).astype(np.float32)
    policy = policy if policy == "full" else f"{policy}:{share}"
    arguments = ["select", "--policy", policy, "--seed", str(seed), "--out", "out.npy"]
    given_here: dict[str, Any] = {"labels": labels}
    if policy.split(":")[0] in EMBEDDED:
        given_here["embeddings"] = z
        arguments += ["--embeddings", _written(folder, "z", form, labels, [z[:, at] for at in range(3)], "z_")]
    else:
        given_here["scores"] = scores
        arguments += ["--scores", _written(folder, "scores", form, labels, [scores], "score")]
    if form == "npy":
        np.save(folder / "labels.npy", labels.astype(np.int64))
        arguments += ["--labels", "labels.npy"]
    program(*arguments, folder=folder)
    expected = np.load(folder / "out.npy")
    assert np.array_equal(quiet(policy, seed=seed, **given_here), expected)


def _written(folder: Path, name: str, form: str, labels: Any, columns: list[Any], prefix: str) -> str:
    """A table as the program reads it."""
    path = folder / f"{name}.{form}"
    names = [prefix] if len(columns) == 1 else [f"{prefix}{at}" for at in range(len(columns))]
    if form == "npy":
        np.save(path, columns[0] if len(columns) == 1 else np.stack(columns, axis=1))
    elif form == "csv":
        rows = [",".join(["sample_id", "label", *names])]
        for at, label in enumerate(labels):
            rows.append(",".join([str(at), str(label), *(repr(float(column[at])) for column in columns)]))
        path.write_text("\n".join(rows) + "\n")
    else:
        pa = pytest.importorskip("pyarrow")
        pq = pytest.importorskip("pyarrow.parquet")
        table = {"sample_id": np.arange(len(labels)), "label": labels}
        table |= {key: np.asarray(column, dtype=np.float64) for key, column in zip(names, columns, strict=True)}
        pq.write_table(pa.table(table), path)
    return path.name


def test_every_form_of_scores_and_labels_is_one_choice() -> None:
    rng = np.random.default_rng(3)
    # Exact in half precision, so that no form is another number.
    scores = rng.integers(1, 2000, 400) / 64
    labels = rng.integers(0, 4, 400)
    expected = quiet("proxy:0.2", scores=scores, labels=labels)
    assert len(expected) == 80 and expected.dtype == np.int64 and (np.diff(expected) > 0).all()
    names = np.array(["cat", "dog", "eel", "fox"])[labels]
    forms: list[tuple[Any, Any]] = [
        (scores.astype(np.float16), labels.astype(np.uint8)),
        (scores.astype(np.float32), names),
        (scores.tolist(), labels.tolist()),
        (scores[:, None], labels[:, None]),
        (np.repeat(scores, 2)[::2], names.astype(object)),
    ]
    if (torch := _module("torch")) is not None:
        forms += [(torch.tensor(scores), torch.tensor(labels)), (torch.tensor(scores).half(), torch.tensor(labels))]
    if (pa := _module("pyarrow")) is not None:
        forms += [(pa.array(scores), pa.chunked_array([labels[:100], labels[100:]]))]
    if (pd := _module("pandas")) is not None:
        forms += [(pd.Series(scores), pd.Series(names))]
    for scored, labelled in forms:
        found = quiet("proxy:0.2", scores=scored, labels=labelled)
        assert np.array_equal(found, expected), type(scored)


def _module(name: str) -> Any:
    try:
        return __import__(name)
    except ImportError:
        return None


def test_rows_of_a_table_may_stand_in_any_order() -> None:
    pa = pytest.importorskip("pyarrow")
    rng = np.random.default_rng(4)
    scores, labels, order = rng.exponential(size=60), rng.integers(0, 3, 60), rng.permutation(60)
    expected = quiet("entropy-top:9", scores=scores, labels=labels)
    table = pa.table({"sample_id": order, "label": labels[order], "score": scores[order]})
    assert np.array_equal(quiet("entropy-top:9", scores=table), expected)
    pd = pytest.importorskip("pandas")
    assert np.array_equal(quiet("entropy-top:9", scores=pd.DataFrame(table.to_pydict())), expected)
    missing = pa.table({"sample_id": order + 1, "score": scores[order]})
    with pytest.raises(tamis.SettingError, match="ids that are not 0, 1, 2"):
        tamis.select("entropy-top:9", scores=missing)


def test_what_does_not_fit_is_refused_with_the_programs_words(tmp_path: Path) -> None:
    scores = np.ones(10)
    refused: list[tuple[str, dict[str, Any], str]] = [
        ("prox:0.1", {"scores": scores}, "nearest is `proxy`"),
        ("bdp", {"scores": scores}, "does not follow a search"),
        ("proxy:2", {"labels": [0, 1]}, "needs scores|found no scores"),
        ("k-center:2", {"labels": [0, 1]}, "embeddings"),
        ("entropy-top:0.5", {"scores": scores, "kind": "el2n"}, "el2n"),
        ("random:0.5", {"scores": scores, "labels": [0, 1]}, "found 10 scores beside 2 labels"),
        ("random:0.5", {}, "found nothing that says which there are"),
        ("random:99", {"scores": scores}, "99"),
        ("proxy:0.5", {"scores": [1.0, float("nan")]}, "sample 1: found NaN"),
        ("proxy:0.5", {"scores": np.ones((3, 4))}, r"found an array \[3, 4\]"),
        ("proxy:0.5", {"scores": ["a", "b"]}, "expected real numbers"),
        ("random:0.5", {"labels": [0.5, 1.0]}, "not whole"),
        ("random:0.5", {"labels": [0, 1], "settings": {"policy.nmae": 1}}, "nmae"),
        ("random:0.5", {"labels": [0, 1], "settings": {"policy.bdp.keep": object()}}, "found a object"),
    ]
    for policy, given_, words in refused:
        with pytest.raises(tamis.SettingError, match=words):
            quiet(policy, **given_)
    np.save(tmp_path / "s.npy", scores)
    told = program("select", "--policy", "prox:0.1", "--scores", "s.npy", "--out", "o.npy", folder=tmp_path, code=2)
    with pytest.raises(tamis.SettingError) as raised:
        tamis.select("prox:0.1", scores=scores)
    text = str(raised.value).replace("; hint: ", "\nhint: ")
    assert f"error: {text}\n" == told.stderr


def test_samples_without_labels_are_one_class_and_it_is_said() -> None:
    with pytest.warns(UserWarning, match="all samples are taken for one class"):
        chosen = tamis.select("random:3", scores=[1.0, 2.0, 3.0, 4.0])
    assert len(chosen) == 3


MEMORY = """
import resource, sys
import numpy as np, tamis
z = np.ones((400_000, 64), np.float32)
z += np.arange(400_000, dtype=np.float32)[:, None]
labels = np.zeros(400_000, np.uint32)
tamis.select("random:2", labels=labels)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
tamis.select("k-center:2", labels=labels, embeddings=z)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / z.nbytes)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the system's count of memory is Linux's")
def test_a_contiguous_array_of_single_precision_is_not_copied() -> None:
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 0.5, "of the array's own size"


def test_an_array_may_be_let_go_while_it_is_read_and_others_are_copied() -> None:
    rng = np.random.default_rng(5)
    z = rng.normal(size=(50, 6))
    expected = quiet("k-center:5", embeddings=z)
    for form in [z.astype(np.float32), np.asfortranarray(z), z[:, ::1].copy(order="F"), z.tolist()]:
        assert np.array_equal(quiet("k-center:5", embeddings=form), expected)

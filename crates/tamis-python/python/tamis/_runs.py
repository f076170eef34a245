"""Runs in folders: the same folders as the program's, and either goes on with the other's."""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tamis import _tamis
from tamis._data import source
from tamis._errors import DataError, Error, RunError, SettingError
from tamis._progress import Progress, observer_of

PathLike = str | os.PathLike[str]


class Genotype(str):
    """An architecture in its text form; in a notebook it shows its cells."""

    def svg(self) -> list[str]:
        """Drawings of its cells, one of each kind; none of a network that has no cells to draw."""
        return _tamis.drawn(self)

    def _repr_html_(self) -> str:
        return "".join(f"<div>{drawing[drawing.index('<svg') :]}</div>" for drawing in self.svg())


class Run:
    """A run in its folder: a search, a race or a training, finished or not.

    In a notebook it shows its report.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        if not (self.path / "config.toml").exists():
            raise DataError(f"opening a run: found no config.toml in {self.path}, expected the folder of a run")

    @property
    def result(self) -> dict[str, Any]:
        """What is in ``result.json``."""
        path = self.path / "result.json"
        if not path.exists():
            raise RunError(f"reading the result of {self.path}: found none; hint: tamis.resume(…) goes on with the run")
        return dict(json.loads(path.read_text(encoding="utf-8")))

    @property
    def finished(self) -> bool:
        """Whether the run came to its end."""
        return (self.path / "result.json").exists()

    @property
    def genotype(self) -> Genotype:
        """The architecture that was found, or trained; of a named network its name."""
        result = self.result
        return Genotype(result.get("genotype") or result["network"])

    @property
    def accuracy(self) -> float | None:
        """Of a training: the share of right answers on the test split, or on the images held out."""
        result = self.result
        test = result.get("test")
        return test["accuracy"] if test else result.get("validation_accuracy")

    @property
    def metrics(self) -> Any:
        """One row an epoch: a pandas frame where pandas is installed, else a list of dictionaries."""
        path = self.path / "metrics.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows = [json.loads(line) for line in lines]
        try:
            import pandas
        except ImportError:
            return rows
        return pandas.DataFrame(rows)

    def report(self) -> str:
        """The page of ``tamis report``, as HTML."""
        return _tamis.report([self.path])

    def export(self, out: PathLike, form: str = "onnx") -> list[Path]:
        """Write the trained network as ``"onnx"``, ``"pytorch"`` or ``"safetensors"``; returns the files."""
        return [Path(path) for path in _tamis.export(self.path, form, Path(out))]

    def to_torch(self) -> Any:
        """The trained network as a module of PyTorch, with its weights, in evaluation mode.

        It takes normalised images ``[batch, channel, height, width]``; ``CLASSES``, ``MEAN`` and ``DEVIATION`` of its
        module say how they are normalised. PyTorch and safetensors have to be installed.
        """
        if not (self.path / "network.safetensors").exists():
            raise SettingError(
                f"making a module of {self.path}: found no trained network; hint: tamis.train(run) trains what a "
                "search found"
            )
        with tempfile.TemporaryDirectory() as folder:
            module_file, weights = self.export(Path(folder) / "network.py", "pytorch")
            spec = importlib.util.spec_from_file_location("tamis_network", module_file)
            if spec is None or spec.loader is None:
                raise RunError(f"making a module of {self.path}: found no loader of {module_file}")
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module.load(str(weights)).eval()

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def _repr_html_(self) -> str | None:
        if not self.finished:
            return None
        page = self.report().replace("&", "&amp;").replace('"', "&quot;")
        return f'<iframe srcdoc="{page}" style="width: 100%; height: 40em; border: 0"></iframe>'


def search(
    data: Any = None,
    *,
    space: str | None = None,
    host: str | None = None,
    policy: str | None = None,
    epochs: int | None = None,
    seed: int = 0,
    out: PathLike | None = None,
    progress: Progress = True,
    settings: Mapping[str, Any] | None = None,
    **more: Any,
) -> Run:
    """Search an architecture, as ``tamis search`` does.

    Parameters
    ----------
    data
        A path, as ``--data``; ``(images, labels)``, bytes ``[sample, height, width, channel]`` or
        ``[sample, channel, height, width]``; a data set of torchvision or Hugging Face; or ``{"train": …, "test": …}``
        of such. Arrays are packed once, beside the run. Without data a search draws its own.
    space, host, policy, epochs, seed
        As the options of the program; what is not said, the recipe decides.
    out
        The run's folder. Begun there before, the run goes on; finished, it is left as it is. Without one a new
        folder under ``runs``.
    progress
        ``True`` shows a bar (tqdm) or lines; a function is called with the name of what happened and its figures.
        An exception that it raises stops the run, which is saved, and is raised here.
    settings, more
        Other settings: ``{"train.batch": 32}``, or sections such as ``race={"keep": [5, 2]}``.

    Returns
    -------
    Run
        ``run.genotype`` is what was found.
    """
    named: dict[str, Any] = {"table": _table_of_the_benchmark()}
    named |= {"space.name": space, "host.name": host, "policy.name": policy, "train.epochs": epochs, "seed": seed}
    if data is None and not any((space, host, policy)):
        folder = _free("search", out)
        return _made("search", {**named, **(settings or {}), **more}, folder, progress)
    folder = _free("-".join(["search", *filter(None, [space, host, policy])]) + f"-seed{seed}", out)
    of_data = {} if data is None else {"data.source": source(data, folder.parent)}
    return _made("search", {**of_data, **named, **(settings or {}), **more}, folder, progress)


def train(
    what: Run | str,
    data: Any = None,
    *,
    recipe: str | None = None,
    policy: str | None = None,
    channels: int | None = None,
    cells: int | None = None,
    epochs: int | None = None,
    seed: int = 0,
    out: PathLike | None = None,
    progress: Progress = True,
    settings: Mapping[str, Any] | None = None,
    **more: Any,
) -> Run:
    """Train a single network, and judge it on the test split, as ``tamis train`` does.

    Parameters
    ----------
    what
        A search whose result is trained, on its data unless others are named; a genotype; or the name of a network,
        such as ``"resnet20"``.
    data, policy, epochs, seed, out, progress, settings, more
        As of :func:`search`; ``out`` is a new folder.
    recipe, channels, cells
        As the options of the program.

    Returns
    -------
    Run
        ``run.accuracy`` is that on the test split; ``run.to_torch()`` the network.
    """
    folder = _free(f"train-seed{seed}", out)
    named: dict[str, Any] = {}
    if isinstance(what, Run):
        named["network.genotype"] = str(what.genotype)
        if data is None:
            named["data"] = _tamis.settings_of(what.path)["data"]
    elif what.startswith("resnet"):
        named["network.name"] = what
    else:
        named["network.genotype"] = what
    if data is not None:
        named["data.source"] = source(data, folder.parent)
    named |= {"recipe": recipe, "policy.name": policy, "network.channels": channels, "network.cells": cells}
    named |= {"train.epochs": epochs, "seed": seed}
    return _made("train", {**named, **(settings or {}), **more}, folder, progress)


def resume(run: Run | PathLike, *, progress: Progress = True) -> Run:
    """Go on with a run that was stopped or cut off, whoever began it; a finished one is left as it is."""
    path = run.path if isinstance(run, Run) else Path(run)
    with _told_how_to_go_on(path):
        _tamis.resume(path, observer_of(progress))
    return Run(path)


def score(
    images: Any,
    labels: Any = None,
    by: str = "entropy",
    *,
    epochs: int = 10,
    seed: int = 0,
    folder: PathLike | None = None,
    progress: Progress = True,
    settings: Mapping[str, Any] | None = None,
) -> npt.NDArray[np.float64]:
    """Score every training image by a network that is trained for it, as ``tamis score`` does.

    Parameters
    ----------
    images, labels
        Images and their classes; or, without labels, anything that :func:`search` takes as data.
    by
        ``"entropy"``, ``"loss"``, ``"forgetting"`` or ``"el2n"``.
    folder
        Where the training is kept: asked again with the same settings, what is done is not done again, and what was
        stopped goes on. Without one nothing is kept.

    Returns
    -------
    numpy.ndarray
        One float64 an image, in the order of ids.
    """
    chosen = {**(settings or {}), "score.epochs": epochs, "seed": seed}
    return _table(_tamis.score, _pair(images, labels), by, chosen, folder, progress)


def embeddings(
    images: Any,
    labels: Any = None,
    by: str = "triplet-ae",
    *,
    seed: int = 0,
    folder: PathLike | None = None,
    progress: Progress = True,
    settings: Mapping[str, Any] | None = None,
) -> npt.NDArray[np.float64]:
    """Embed every training image, as ``tamis embed`` does: ``"triplet-ae"``, ``"pixel-pca"`` or ``"penultimate"``.

    ``folder`` is as of :func:`score`.

    Returns
    -------
    numpy.ndarray
        ``[sample, dimension]``, float64, in the order of ids.
    """
    return _table(_tamis.embed, _pair(images, labels), by, {**(settings or {}), "seed": seed}, folder, progress)


def compare(
    data: Any = None,
    *,
    policies: str | list[str],
    seeds: str = "0..5",
    out: PathLike = "runs/compare",
    settings: Mapping[str, Any] | None = None,
    **more: Any,
) -> Any:
    """Compare policies over seeds, as ``tamis compare`` does; what is finished in ``out`` is not made again.

    Returns
    -------
    pandas.DataFrame
        One figure a row, as ``tamis compare --format csv``; a list of dictionaries without pandas.
    """
    named = ",".join([policies] if isinstance(policies, str) else policies)
    out = Path(out)
    command = [sys.executable, "-m", "tamis", "compare", "--policies", named, "--seeds", seeds]
    command += ["--out", str(out), "--format", "csv"]
    if data is not None:
        command += ["--data", source(data, out)]
    for key, value in _flat({**(settings or {}), **more}).items():
        command += ["--set", f"{key}={json.dumps(value)}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise RunError(f"comparing in {out}: the program ended with code {done.returncode}, and said why above")
    try:
        import pandas
    except ImportError:
        return list(csv.DictReader(io.StringIO(done.stdout)))
    return pandas.read_csv(io.StringIO(done.stdout))


def _made(kind: str, settings: dict[str, Any], folder: Path, progress: Progress) -> Run:
    begin = _tamis.search if kind == "search" else _tamis.train
    with _told_how_to_go_on(folder):
        begin(_flat(settings), folder, observer_of(progress))
    return Run(folder)


@contextlib.contextmanager
def _told_how_to_go_on(run: Path) -> Iterator[None]:
    """Adds to whatever stops a run that it is saved, and how to go on with it."""
    try:
        yield
    except BaseException as stopped:
        # Exceptions take notes from Python 3.11 on.
        if hasattr(stopped, "add_note") and not isinstance(stopped, Error) and (run / "config.toml").exists():
            stopped.add_note(f"the run is saved; tamis.resume({str(run)!r}) goes on with it")
        raise


def _table_of_the_benchmark() -> str | None:
    """The table that found cells are looked up in, where the folder ``TAMIS_DATA`` has it; as the program."""
    path = Path(os.environ.get("TAMIS_DATA", "")) / "nas-bench-201" / "nasbench201.csv"
    return str(path) if path.is_file() else None


def _free(name: str, out: PathLike | None) -> Path:
    """The folder that was asked for, or one under ``runs`` that is not there."""
    if out is not None:
        return Path(out)
    name = "".join(c if c.isalnum() or c in "-._" else "-" for c in name)
    path, number = Path("runs") / name, 1
    while path.exists():
        number += 1
        path = Path("runs") / f"{name}-{number}"
    return path


def _flat(settings: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Settings by their whole names."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{key}.")
        elif value is not None:
            found[f"{before}{key}"] = value
    return found


def _pair(images: Any, labels: Any) -> Any:
    return images if labels is None else (images, labels)


def _table(
    make: Any, data: Any, by: str, settings: dict[str, Any], kept: PathLike | None, progress: Progress
) -> npt.NDArray[np.float64]:
    """What the native half writes into a file, read from it."""
    with contextlib.ExitStack() as stack:
        folder = Path(kept or stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        out = folder / f"{by}.npy"
        make({"data.source": source(data, folder), **_flat(settings)}, by, out, observer_of(progress))
        return np.asarray(np.load(out), dtype=np.float64)

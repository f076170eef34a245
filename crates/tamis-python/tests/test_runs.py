"""Searches and trainings from Python: the program's own runs, whatever interrupts them."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SMALL, drawn, program

import tamis

DATA = drawn()


def searched(out: str, epochs: int = 3, **more: Any) -> tamis.Run:
    return tamis.search(
        DATA, policy="random:0.5", epochs=epochs, seed=2, out=out, settings=SMALL, **{"progress": False, **more}
    )


def lines(run: Path) -> list[dict[str, Any]]:
    """Metrics without the clock."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in row.items() if key != "wall_s"} for row in rows]


def test_arrays_folders_and_the_program_give_one_search(in_folder: Path) -> None:
    run = searched("here")
    pack = tamis._tamis.settings_of(run.path)["data"]["source"]
    arguments = ["search", "--data", pack, "--policy", "random:0.5", "--epochs", "3", "--seed", "2", "--out", "there"]
    program(*arguments, *(f"--set={key}={value}" for key, value in SMALL.items()), folder=in_folder)
    assert lines(run.path) == lines(in_folder / "there")
    there = tamis.Run("there")
    assert there.genotype == run.genotype and there.finished
    images, labels = DATA
    for number, form in enumerate([
        (images.transpose(0, 3, 1, 2), np.array(list("abcd"))[labels]),
        {"train": (images, labels.tolist())},
        str(in_folder / pack),
    ]):
        again = tamis.search(
            form, policy="random:0.5", epochs=3, seed=2, out=f"form-{number}", progress=False, settings=SMALL
        )
        assert lines(again.path) == lines(run.path), number


def test_what_is_finished_is_left_and_other_settings_are_refused(in_folder: Path) -> None:
    run = searched("run")
    before = (run.path / "log.jsonl").read_bytes()
    assert searched("run").genotype == run.genotype
    assert (run.path / "log.jsonl").read_bytes() == before
    with pytest.raises(tamis.SettingError, match="epochs"):
        searched("run", epochs=4)


class Enough(Exception):
    """What a function that is told raises."""


def test_an_exception_in_a_callback_stops_the_run_and_either_door_goes_on_with_it(in_folder: Path) -> None:
    whole = searched("whole", epochs=6)
    for door in ("here", "there"):
        told: list[str] = []

        def tell(what: str, of: Any) -> None:
            told.append(what)
            if what == "epoch" and of["epoch"] == 1:
                raise Enough

        with pytest.raises(Enough) as raised:
            searched(door, epochs=6, progress=tell)
        if sys.version_info >= (3, 11):
            assert raised.value.__notes__ == [f"the run is saved; tamis.resume('{door}') goes on with it"]
        run = tamis.Run(door)
        assert not run.finished and told.count("epoch") >= 2
        with pytest.raises(tamis.RunError, match=r"tamis\.resume"):
            _ = run.genotype
        if door == "here":
            tamis.resume(run, progress=False)
        else:
            program("resume", "there", folder=in_folder)
        assert lines(run.path) == lines(whole.path)
        assert run.genotype == whole.genotype


def test_a_run_that_the_program_stopped_goes_on_here(in_folder: Path) -> None:
    whole = searched("whole")
    pack = tamis._tamis.settings_of(whole.path)["data"]["source"]
    arguments = ["search", "--data", pack, "--policy", "random:0.5", "--epochs", "3", "--seed", "2", "--out", "cut"]
    own = [f"--set={key}={value}" for key, value in SMALL.items()]
    program(*arguments, *own, "--stop-after-steps", "2", folder=in_folder, code=75)
    assert lines(tamis.resume("cut", progress=False).path) == lines(whole.path)


def test_a_training_is_judged_and_becomes_a_module(in_folder: Path) -> None:
    images, labels = DATA
    run = searched("run")
    both = {"train": (images, labels), "test": drawn(40)}
    trained = tamis.train(run, both, channels=4, cells=1, epochs=2, out="trained", progress=False)
    assert trained.genotype == run.genotype
    accuracy = trained.accuracy
    assert accuracy is not None and 0 <= accuracy <= 1
    assert len(trained.metrics) == 2
    assert tamis.resume(trained, progress=False).accuracy == accuracy, "a finished one is left as it is"
    assert [path.suffix for path in trained.export("network.onnx")] == [".onnx"]
    assert trained.report().startswith("<!DOCTYPE html>")
    page = trained._repr_html_()
    assert page is not None and page.startswith("<iframe")
    (cell,) = run.genotype.svg()
    assert "<svg" in cell and run.genotype._repr_html_().count("<svg") == 1
    with pytest.raises(tamis.SettingError):
        tamis.Genotype("|none|").svg()
    with pytest.raises(tamis.SettingError, match=r"tamis\.train\(run\)"):
        run.to_torch()
    torch = pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    module = trained.to_torch()
    test_images, test_labels = both["test"]
    pixels = torch.from_numpy(test_images.transpose(0, 3, 1, 2).copy()).float() / 255
    card = json.loads(_metadata(trained.path / "network.safetensors"))
    mean, deviation = (torch.tensor(card[key]).view(1, -1, 1, 1) for key in ("mean", "deviation"))
    with torch.no_grad():
        answers = module((pixels - mean) / deviation).argmax(dim=1).numpy()
    assert (answers == test_labels).mean() == pytest.approx(accuracy)


def _metadata(path: Path) -> str:
    blob = path.read_bytes()
    size = int.from_bytes(blob[:8], "little")
    return str(json.loads(blob[8 : 8 + size])["__metadata__"]["tamis"])


def test_a_genotype_and_a_named_network_are_trained_as_well(in_folder: Path) -> None:
    cell = "|skip_connect~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"
    settings = {"train.validation": 0.2}
    run = tamis.train(cell, DATA, channels=2, cells=1, epochs=1, progress=False, settings=settings)
    assert run.genotype == cell and run.path.parent == Path("runs")
    run = tamis.train("resnet8", DATA, channels=2, epochs=1, progress=False, settings=settings)
    assert run.genotype == "resnet8"


def test_scores_and_embeddings_have_a_row_an_image(in_folder: Path) -> None:
    small = {"score.blocks": 1, "score.channels": 2}
    scores = tamis.score(*DATA, by="entropy", epochs=1, progress=False, settings=small)
    assert scores.shape == (160,) and (scores >= 0).all() and (scores <= np.log(4) + 1e-6).all()
    again = tamis.score(*DATA, by="entropy", epochs=1, progress=False, settings=small)
    assert np.array_equal(scores, again)

    def stopping(what: str, of: Any) -> None:
        if what == "epoch":
            raise Enough

    epochs: list[int] = []
    with pytest.raises(Enough):
        tamis.score(*DATA, epochs=3, folder="kept", progress=stopping, settings=small)
    tamis.score(
        *DATA, epochs=3, folder="kept", settings=small, progress=lambda what, of: epochs.append(of["epoch"])
        if what == "epoch" else None,
    )
    assert epochs and epochs[0] > 0, "goes on where it stopped"
    z = tamis.embeddings(*DATA, by="pixel-pca", progress=False, settings={"embed.latent": 3})
    assert z.shape == (160, 3)
    with pytest.raises(tamis.SettingError, match="by=\"entrpy\""):
        tamis.score(*DATA, by="entrpy")


def test_policies_are_compared_and_what_is_finished_is_not_made_again(in_folder: Path) -> None:
    def compared() -> Any:
        return tamis.compare(DATA, policies=["full", "random:0.5"], seeds="0..2", out="c", **{"train.epochs": 1, **SMALL})

    frame = compared()
    rows = frame.to_dict("records") if hasattr(frame, "to_dict") else frame
    assert {row["policy"] for row in rows} >= {"full", "random:0.5"}
    written = (in_folder / "c/results.jsonl").read_bytes()
    assert written.count(b"\n") == 4
    compared()
    assert (in_folder / "c/results.jsonl").read_bytes() == written


def test_data_that_cannot_be_used_is_refused(in_folder: Path) -> None:
    images, labels = DATA
    for data, words in [
        ("nowhere", "nowhere"),
        ((images, labels[:5]), "5 labels for 160 images"),
        ((images / 255, labels), "expected bytes"),
        ((images[..., :2], labels), r"\[160, 8, 8, 2\]"),
        ((images[:0], labels[:0]), "samples"),
        ({"test": DATA}, "expected one called `train`"),
        (42, "found a int"),
    ]:
        with pytest.raises(tamis.Error, match=words):
            tamis.search(data, policy="full", out="bad", progress=False, settings=SMALL)
        assert not Path("bad").exists()


#: Calls that take long, by name; each is interrupted while it is at work.
LONG = {
    "search": "tamis.search(DATA, policy='full', epochs=9999, out='run', settings=SMALL, progress=False)",
    "train": "tamis.train('resnet8', DATA, channels=2, epochs=9999, out='run', progress=False)",
    "score": "tamis.score(*DATA, epochs=9999, progress=False)",
    "embeddings": "tamis.embeddings(*DATA, progress=False, settings={'embed.epochs': 9999})",
    "select": "tamis.select('k-center:0.9', embeddings=np.random.rand(60000, 64), labels=np.arange(60000) % 3)",
    "compare": "tamis.compare(DATA, policies='full', seeds='0', out='c', **{'train.epochs': 9999, **SMALL})",
}

INTERRUPTED = """
import os, signal, sys, threading, time
import numpy as np
sys.path.insert(0, {tests!r})
from conftest import SMALL, drawn
import tamis
DATA = drawn()
tamis.select("random:2", labels=[0, 1, 1])

def interrupt():
    time.sleep(1.5)
    while {waits} and not os.path.exists("run/metrics.jsonl"):
        time.sleep(0.05)
    os.killpg(0, signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", flush=True)
    os._exit(0)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
@pytest.mark.parametrize("call", LONG)
def test_ctrl_c_ends_each_long_call_and_loses_nothing(call: str, in_folder: Path) -> None:
    waits = call in ("search", "train")
    code = INTERRUPTED.format(tests=str(Path(__file__).parent), call=LONG[call], waits=waits)
    begun = time.monotonic()
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, start_new_session=True, check=False
    )
    assert child.stdout == "interrupted\n", child.stderr
    assert time.monotonic() - begun < 50
    if waits:
        assert list((in_folder / "run/checkpoints").iterdir()), "where it stopped is saved"


def _chosen_and_searched(out: str, results: Any) -> None:
    chosen = tamis.select("random:0.5", labels=DATA[1], seed=1).tolist()
    results.put((chosen, searched(out, epochs=1).genotype))


@pytest.mark.parametrize("method", [m for m in ("fork", "spawn") if m in multiprocessing.get_all_start_methods()])
def test_a_process_that_is_forked_or_spawned_computes_as_its_parent_does(method: str, in_folder: Path) -> None:
    expected = (tamis.select("random:0.5", labels=DATA[1], seed=1).tolist(), searched("here", epochs=1).genotype)
    context = multiprocessing.get_context(method)
    results = context.Queue()
    child = context.Process(  # type: ignore[attr-defined]
        target=_chosen_and_searched, args=("there", results)
    )
    child.start()
    assert results.get(timeout=60) == expected
    child.join(timeout=60)
    assert child.exitcode == 0


def test_two_threads_search_at_once_and_the_lock_is_free_meanwhile(in_folder: Path) -> None:
    alone = searched("alone")
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.is_set():
            ticks += 1
            time.sleep(0.001)

    threads = [threading.Thread(target=searched, args=(f"run-{n}",)) for n in range(2)]
    ticking = threading.Thread(target=tick)
    for thread in (ticking, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    ticking.join()
    assert ticks > 1
    for n in range(2):
        assert lines(Path(f"run-{n}")) == lines(alone.path)


def test_one_folder_is_worked_on_by_one_call_at_a_time(in_folder: Path) -> None:
    begun, errors = threading.Event(), []

    def tell(what: str, of: Any) -> None:
        if what == "epoch" and not begun.is_set():
            begun.set()
            try:
                tamis.resume("run", progress=False)
            except tamis.InUseError as error:
                errors.append(error)
            raise Enough

    with pytest.raises(Enough):
        searched("run", epochs=50, progress=tell)
    assert len(errors) == 1


def test_the_program_of_the_package_is_the_program(in_folder: Path) -> None:
    assert program("--version", folder=in_folder).stdout == f"tamis {tamis.__version__}\n"
    assert "Usage: tamis [OPTIONS] <COMMAND>" in program("--help", folder=in_folder).stdout
    assert "error:" in program("serach", folder=in_folder, code=2).stderr
    script = Path(sys.executable).with_name("tamis")
    assert subprocess.run([script, "--version"], capture_output=True, text=True, check=True).stdout.startswith("tamis ")
    planned = program("compare", "--policies", "full", "--seeds", "0", "--out", "c", "--plan=json", folder=in_folder)
    command = json.loads(planned.stdout.splitlines()[0])["command"]
    assert command[:3] == [sys.executable, "-m", "tamis"], "as this interpreter starts it"

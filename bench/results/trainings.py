"""Trainings by `tamis train`, one after the other: what is finished is skipped, what was stopped goes on.

Each result is a line of a .jsonl file: the name of the training and its `result.json`, without the list of
mistakes and the bins of the calibration.
The program is target/release/tamis, or what the environment variable TAMIS_PROGRAM names.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = os.environ.get("TAMIS_PROGRAM", "target/release/tamis")


def tamis(*arguments):
    """Runs the program, its progress on standard error, and gives its standard output."""
    command = [PROGRAM, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def read(results):
    """The results so far, by name."""
    if not results.exists():
        return {}
    lines = map(json.loads, results.read_text().splitlines())
    return {line["name"]: line["training"] for line in lines}


def train_all(plan, runs, results):
    """Trains what `plan` names, {name: arguments of `tamis train`}, in folders of `runs`. Gives all results by name."""
    for number, (name, arguments) in enumerate(plan.items(), 1):
        if name in read(results):
            continue
        print(f"{number} of {len(plan)}: {name}", file=sys.stderr)
        run = Path(runs) / name.replace(":", "-").replace(" ", "-")
        if run.exists():
            tamis("resume", run)
        else:
            tamis("train", *arguments, "--out", run)
        training = json.loads((run / "result.json").read_text())
        del training["test"]["mistakes"], training["test"]["calibration"]["bins"]
        with results.open("a") as file:
            file.write(json.dumps({"name": name, "training": training}) + "\n")
    return read(results)

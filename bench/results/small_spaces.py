"""Searches a space on some images of Fashion-MNIST by five policies with three seeds each, and trains what was found.

Searches are those of `tamis compare`, 12 epochs by the recipe `quick`; trainings take the same images and 10 epochs,
once for each architecture. Results go to docs/results/SPACE.jsonl and docs/results/SPACE-trained.jsonl as
they are made; the table goes to standard output.

usage: python3 bench/results/small_spaces.py DATA IMAGES SPACE HOST [RUNS] [KEY=VALUE ...]
  DATA       folder of Fashion-MNIST's files
  IMAGES     how many of its training images; a fifth of them for the policies that take a part
  RUNS       folder of run folders [default: runs/SPACE]
  KEY=VALUE  settings of the searches
"""

import hashlib
import json
import statistics
import subprocess
import sys
from pathlib import Path

from trainings import PROGRAM, train_all

POLICIES = "full,random:0.2,proxy:0.2,dds:0.2,bdp"
# Student's t at 97.5 % for three values.
QUANTILE = 4.303


def search(data, images, space, host, runs, results, settings):
    chosen = ["--data", data, "--spaces", space, "--hosts", host, "--policies", POLICIES, "--seeds", "0..3"]
    given = [word for setting in (images, "recipe=quick", *settings) for word in ("--set", setting)]
    places = ["--out", runs / "searches", "--results", results]
    command = [PROGRAM, "compare", *chosen, "--epochs", "12", *given, *places]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return [json.loads(line) for line in results.read_text().splitlines()]


def mean(values, form):
    half = QUANTILE * statistics.stdev(values) / len(values) ** 0.5
    return f"{statistics.mean(values):{form}} ± {half:{form}}"


def main():
    data, images, space, host, *rest = sys.argv[1:]
    images = f"data.train={images}"
    settings = [word for word in rest if "=" in word]
    runs = Path([*(word for word in rest if "=" not in word), f"runs/{space}"][0])
    runs.mkdir(parents=True, exist_ok=True)
    name = space.replace(":", "-")
    found = search(data, images, space, host, runs, Path(f"docs/results/{name}.jsonl"), settings)
    names = {run["genotype"]: hashlib.sha256(run["genotype"].encode()).hexdigest()[:12] for run in found}
    plan = {
        names[run["genotype"]]: ["--data", data, "--set", images, "--genotype", run["genotype"], "--epochs", 10]
        for run in found
    }
    trained = train_all(plan, runs / "trainings", Path(f"docs/results/{name}-trained.jsonl"))
    print("| policy | test accuracy, % | parameters | samples of the search | before it | seconds | decided |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for policy in POLICIES.split(","):
        of_policy = [run for run in found if run["policy"] == policy]
        networks = [trained[names[run["genotype"]]] for run in of_policy]
        costs = [run["cost"] for run in of_policy]
        accuracy = mean([100 * network["test"]["accuracy"] for network in networks], ".2f")
        params = statistics.mean(network["params"] for network in networks)
        samples = statistics.mean(cost["weight_samples"] + cost["arch_samples"] for cost in costs)
        seconds = statistics.mean(cost["search_wall_s"] for cost in costs)
        decided = statistics.mean(run["decided_edges"] for run in of_policy)
        print(f"| `{policy}` | {accuracy} | {params:,.0f} | {samples:,.0f} | {costs[0]['one_off_samples']:,} "
              f"| {seconds:.0f} | {decided:.1f} of {of_policy[0]['edges']} |")


if __name__ == "__main__":
    main()

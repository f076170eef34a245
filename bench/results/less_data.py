"""Trains ResNet-8 on a tenth of Fashion-MNIST, chosen by five policies, with five seeds each.

Scores and embeddings are made once; each policy chooses anew with each seed, as far as it draws at all. Results go to
docs/results/less-data.jsonl as they are made; the table goes to standard output.

usage: python3 bench/results/less_data.py DATA [RUNS]
  DATA  folder of Fashion-MNIST's files
  RUNS  folder of run folders and tables [default: runs/less-data]
"""

import statistics
import sys
from pathlib import Path

from trainings import tamis, train_all

RESULTS = Path("docs/results/less-data.jsonl")
SEEDS = range(5)
# What each policy reads: the command that makes it, what it makes, and the setting that names the file.
READS = {
    "random:0.1": None,
    "proxy:0.1": ("score", "entropy", "policy.scores"),
    "el2n:0.1": ("score", "el2n", "policy.scores"),
    "forgetting:0.1": ("score", "forgetting", "policy.scores"),
    "k-center:0.1": ("embed", "penultimate", "policy.embeddings"),
}
# Student's t at 97.5 % for five values.
QUANTILE = 2.776


def arguments(policy, seed, data, runs):
    network = ["--network", "resnet8", "--data", data]
    read = READS[policy]
    tables = [] if read is None else ["--set", f"{read[2]}={runs / read[1]}.csv"]
    return [*network, "--policy", policy, "--seed", seed, *tables]


def interval(values):
    return QUANTILE * statistics.stdev(values) / len(values) ** 0.5


def main():
    data, runs = [*sys.argv[1:], "runs/less-data"][:2]
    runs = Path(runs)
    runs.mkdir(parents=True, exist_ok=True)
    for command, by, _ in filter(None, READS.values()):
        if not (runs / f"{by}.csv").exists():
            tamis(command, "--by", by, "--data", data, "--out", runs / f"{by}.csv")
    plan = {f"{policy} seed {seed}": arguments(policy, seed, data, runs) for seed in SEEDS for policy in READS}
    results = train_all(plan, runs, RESULTS)
    print("| policy | test accuracy, % | beside `random`, points | worst class, % | samples before | seconds before | seconds |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    of = {policy: [results[f"{policy} seed {seed}"] for seed in SEEDS] for policy in READS}
    accuracies = {policy: [100 * run["test"]["accuracy"] for run in of_policy] for policy, of_policy in of.items()}
    for policy, found in accuracies.items():
        differences = [own - other for own, other in zip(found, accuracies["random:0.1"])]
        beside = "" if policy == "random:0.1" else f"{statistics.mean(differences):+.2f} ± {interval(differences):.2f}"
        worst = statistics.mean(min(of_class(run)) for run in of[policy])
        cost = of[policy][0]["cost"]
        seconds = statistics.mean(run["cost"]["wall_s"] for run in of[policy])
        print(f"| `{policy}` | {statistics.mean(found):.2f} ± {interval(found):.2f} | {beside} | {worst:.1f} "
              f"| {cost['one_off_samples']:,} | {cost['one_off_wall_s']:.0f} | {seconds:.0f} |")


def of_class(run):
    return [100 * each["accuracy"] for each in run["test"]["classes"]]


if __name__ == "__main__":
    main()

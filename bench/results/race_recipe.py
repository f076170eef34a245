"""Prints the tables of docs/results/race-recipe.md from the results that `tamis compare` keeps beside it.

usage: python3 bench/results/race_recipe.py TABLE [RESULTS]
  TABLE    nasbench201.csv, the benchmark's table of all cells
  RESULTS  the results file [default: docs/results/race-recipe.jsonl]
"""

import csv
import json
import statistics
import sys

# Student's t for a two-sided 95 % interval of the mean of so many runs.
T = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}

REPORT = range(210, 220)


def spread(values):
    """A mean, its deviation and its 95 % interval."""
    mean = statistics.mean(values)
    if len(values) < 2:
        return f"{mean:.2f}"
    deviation = statistics.stdev(values)
    half = T[len(values)] * deviation / len(values) ** 0.5
    return f"{mean:.2f} ± {deviation:.2f} [{mean - half:.2f}, {mean + half:.2f}]"


def arm(run):
    """What tells the arms apart."""
    settings = run["compare"]["settings"]
    ladder = f"{settings.get('race.steps')}, {settings.get('race.keep')}" if "finish" in settings else "none"
    return (run["host"], run["policy"], run["epochs"], run["compare"]["batch"],
            settings.get("alpha.first_epoch", 0), ladder)


def passes(run):
    cost = run["cost"]
    return cost["weight_samples"] + cost["arch_samples"] + (run.get("finish") or {"samples": 0})["samples"]


def main():
    table, path = [*sys.argv[1:], "docs/results/race-recipe.jsonl"][:2]
    with open(table) as lines:
        accuracy = {row["arch"]: float(row["c10_test_200"]) for row in csv.DictReader(lines)}
    arms = {}
    for run in map(json.loads, open(path)):
        arms.setdefault(arm(run), []).append(run)
    columns = "host | policy | epochs | batch | weights alone | race | seeds | passes"
    print(f"| {columns} | cifar10_valid_12 | cifar10_test_200 | proposed |")
    print("| --- | --- | --- | --- | --- | --- | --- | ---: | ---: | ---: | ---: |")
    for of, runs in arms.items():
        for reported in (False, True):
            own = sorted((run for run in runs if (run["seed"] in REPORT) == reported), key=lambda run: run["seed"])
            if not own:
                continue
            seeds = ", ".join(str(run["seed"]) for run in own)
            found = [run["lookup"] for run in own]
            proposed = [accuracy[(run.get("finish") or {"proposed": run["genotype"]})["proposed"]] for run in own]
            print("| " + " | ".join(map(str, of)) + f" | {seeds} | {statistics.mean(map(passes, own)):,.0f} "
                  f"| {statistics.mean(one['cifar10_valid_12'] for one in found):.2f} "
                  f"| {spread([one['cifar10_test_200'] for one in found])} | {statistics.mean(proposed):.2f} |")
    print("\n| seed | found | cifar10_test_200 | cifar100_test_200 | imagenet16_test_200 | proposed | |")
    print("| --- | --- | ---: | ---: | ---: | --- | ---: |")
    for runs in arms.values():
        for run in sorted(runs, key=lambda run: run["seed"]):
            if run["seed"] in REPORT and run.get("finish"):
                cell, proposed = (text.replace("|", "\\|") for text in (run["genotype"], run["finish"]["proposed"]))
                found = run["lookup"]
                print(f"| {run['seed']} | `{cell}` | {found['cifar10_test_200']:.2f} | {found['cifar100_test_200']:.2f} "
                      f"| {found['imagenet16_test_200']:.2f} | `{proposed}` "
                      f"| {accuracy[run['finish']['proposed']]:.2f} |")


if __name__ == "__main__":
    main()

"""Prints the tables of docs/results/ranking.md from the lines that `tamis rank` keeps beside it.

usage: python3 bench/results/ranking.py TABLE [RESULTS]
  TABLE    nasbench201.csv, the benchmark's table of all cells
  RESULTS  the results file [default: docs/results/ranking.jsonl]
"""

import csv
import json
import re
import statistics
import sys

# Student's t for a two-sided 95 % interval of the mean of so many runs.
T = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}

def sign(number):
    return (number > 0) - (number < 0)


def kendall(one, other):
    """Kendall's tau-b of two lists about the same things."""
    agreement = of_one = of_other = 0
    for at in range(len(one)):
        for before in range(at):
            a, b = sign(one[at] - one[before]), sign(other[at] - other[before])
            agreement, of_one, of_other = agreement + a * b, of_one + a * a, of_other + b * b
    return agreement / (of_one * of_other) ** 0.5


def worth(network, score):
    """The higher the better; a training that diverged is worth less than any other."""
    found = network[score]
    return float("-inf") if found is None else found if score == "held_out_accuracy" else -found


def tau(line, score, accuracies):
    networks = line["networks"]
    return kendall([worth(of, score) for of in networks], [accuracies[of["genotype"]] for of in networks])


def spread(values, form="{:.3f}"):
    """A mean and its 95 % interval."""
    mean = statistics.mean(values)
    if len(values) < 2:
        return form.format(mean)
    half = T[len(values)] * statistics.stdev(values) / len(values) ** 0.5
    return f"{form.format(mean)} [{form.format(mean - half)}, {form.format(mean + half)}]"


def budget(arm):
    """The images of an arm: the number in its name; an arm without one stands with the smallest."""
    digits = re.search(r":(\d+)", arm)
    return int(digits.group(1)) if digits else 2500


def table(arms, budget_of, columns, accuracies):
    """A row an arm of a budget: tau by each column, and its difference to `random` seed by seed."""
    names = [f"{score.replace('_', ' ')}, `{column}` | against `random`" for score, column in columns]
    print("| policy | seeds | " + " | ".join(names) + " | regret | passes before |")
    print("| --- | ---: |" + " --- | --- |" * len(columns) + " --- | ---: |")
    base = {line["seed"]: line for line in arms[f"random:{budget_of}"]}
    for name, lines in arms.items():
        if budget(name) != budget_of:
            continue
        cells = []
        for score, column in columns:
            taus = {line["seed"]: tau(line, score, accuracies[column]) for line in lines}
            cells.append(spread(list(taus.values())))
            paired = [found - tau(base[seed], score, accuracies[column]) for seed, found in taus.items() if seed in base]
            own = name == f"random:{budget_of}"
            cells.append("" if own or not paired else spread(paired, "{:+.3f}"))
        regret = spread([line["regret"] for line in lines], "{:.1f}")
        before = lines[0]["one_off_samples"]
        before = "?" if before is None else f"{before:,}"
        print(f"| `{name}` | {len(lines)} | " + " | ".join(cells) + f" | {regret} | {before} |")
    print()


def main():
    path_of_table, path = [*sys.argv[1:], "docs/results/ranking.jsonl"][:2]
    accuracies = {"cifar10_test_200": {}, "cifar10_valid_12": {}}
    with open(path_of_table) as rows:
        for row in csv.DictReader(rows):
            accuracies["cifar10_test_200"][row["arch"]] = float(row["c10_test_200"])
            accuracies["cifar10_valid_12"][row["arch"]] = float(row["c10_valid_12"])
    arms = {}
    with open(path) as lines:
        for line in map(json.loads, lines):
            own = line["policy"].startswith("proxy:") and line["one_off_samples"]
            arms.setdefault(line["policy"] + (" (ten epochs)" if own else ""), []).append(line)
    columns = [("training_loss", "cifar10_test_200"), ("held_out_loss", "cifar10_test_200"),
               ("training_loss", "cifar10_valid_12")]
    for images in sorted({budget(name) for name in arms}):
        if f"random:{images}" in arms:
            print(f"{images:,} images\n")
            table(arms, images, columns, accuracies)


if __name__ == "__main__":
    main()

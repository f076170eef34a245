"""Trains five cells of NAS-Bench-201 by the benchmark's short recipe, and compares with its table.

The cells are chosen by a rule: of those within half a point of 30, 50, 70, 80 and 88 % in the table the one of the
fewest multiply-adds, the lowest index among equals. Results go to docs/results/five-cells.jsonl as they are made; the
table goes to standard output.

usage: python3 bench/results/five_cells.py DATA TABLE [RUNS]
  DATA   folder of CIFAR-10's binary files
  TABLE  nasbench201.csv
  RUNS   folder of run folders [default: runs/five-cells]
"""

import csv
import statistics
import sys
from collections import defaultdict
from pathlib import Path

from trainings import train_all

LEVELS = [30, 50, 70, 80, 88]
# Cells trained once more, by index, with these seeds: where the table's own trainings of one network lie far apart.
AGAIN = {"4086": [1]}
RESULTS = Path("docs/results/five-cells.jsonl")


def chosen(table, level):
    near = [row for row in table if abs(float(row["c10_test_12"]) - level) <= 0.5]
    return min(near, key=lambda row: (int(row["flops_c10"]), int(row["index"])))


def function(text):
    """What a cell computes: cells of one function are trainings of one network with different seeds."""
    nodes = [("input",)]
    for edges in text.split("+"):
        terms = []
        for edge in edges.strip("|").split("|"):
            operation, source = edge.split("~")
            value = nodes[int(source)]
            if operation == "skip_connect":
                terms.extend(value)
            elif operation != "none" and value:
                terms.append((operation, value))
        nodes.append(tuple(sorted(terms, key=repr)))
    return nodes[-1]


def trainings(table):
    """The table's accuracies of each function. Equal ones are one training, which the table repeats."""
    groups = defaultdict(set)
    for row in table:
        groups[function(row["arch"])].add(float(row["c10_test_12"]))
    return groups


def deviation(groups, level):
    """Of trainings of one network in the table, over all networks within three points of a level."""
    near = [group for group in groups.values() if len(group) > 1 and abs(statistics.mean(group) - level) <= 3]
    squares = sum((len(group) - 1) * statistics.variance(group) for group in near)
    return (squares / sum(len(group) - 1 for group in near)) ** 0.5


def ranks(values):
    order = sorted(values)
    return [order.index(value) for value in values]


def main():
    data, path, runs = [*sys.argv[1:], "runs/five-cells"][:3]
    table = list(csv.DictReader(open(path)))
    cells = {f"cell {row['index']}": row for row in (chosen(table, level) for level in LEVELS)}
    recipe = ["--recipe", "nas-bench-201-12", "--data", f"cifar10:{data}"]
    plan = {name: [*recipe, "--genotype", row["arch"]] for name, row in cells.items()}
    for index, seeds in AGAIN.items():
        again = plan[f"cell {index}"]
        plan |= {f"cell {index} seed {seed}": [*again, "--seed", seed] for seed in seeds}
    results = train_all(plan, runs, RESULTS)
    groups = trainings(table)
    print("| index | cell | the table | all of this network there | deviation there | Tamis | difference | seconds |")
    print("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    pairs = []
    for level, (name, row) in zip(LEVELS, cells.items()):
        told, found = float(row["c10_test_12"]), 100 * results[name]["test"]["accuracy"]
        pairs.append((told, found))
        own = groups[function(row["arch"])]
        text = row["arch"].replace("|", "\\|")
        seconds = results[name]["cost"]["wall_s"]
        print(f"| {row['index']} | `{text}` | {told:.2f} | {statistics.mean(own):.2f}, {len(own)} "
              f"| {deviation(groups, level):.2f} | {found:.2f} | {found - told:+.2f} | {seconds:,.0f} |")
    for name in plan.keys() - cells.keys():
        print(f"\n{name}: {100 * results[name]['test']['accuracy']:.2f}")
    differences = [abs(found - told) for told, found in pairs]
    print(f"\nMean absolute difference: {statistics.mean(differences):.2f} points.")
    told, found = (ranks(values) for values in zip(*pairs))
    print(f"Spearman's rank correlation: {statistics.correlation(told, found):.2f}.")


if __name__ == "__main__":
    main()

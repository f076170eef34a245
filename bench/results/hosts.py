"""Prints the two tables of docs/results/hosts.md from the results that `tamis compare` keeps beside it.

usage: python3 bench/results/hosts.py [RESULTS]
  RESULTS  the results file [default: docs/results/hosts.jsonl]
"""

import json
import statistics
import sys

# In the order in which `tamis search --help` lists them.
HOSTS = ("darts darts-2nd pc-darts p-darts beta-darts sdarts-rs sdarts-adv sgas gdas enas eg-nas gaea drnas proxyless "
         "random-search evolution").split()


# Student's t for a two-sided 95 % interval of the mean of three runs.
T = 4.303


def summary(runs):
    """A line a host: means of three seeds, and the interval of the mean accuracy."""
    print("| host | cifar10_test_200 | multiply-adds, 10^12 | samples | decided edges |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for host in HOSTS:
        of_host = [run for run in runs if run["host"] == host]
        if not of_host:
            continue  # Not defined on the space.
        accuracies = [run["lookup"]["cifar10_test_200"] for run in of_host]
        half = T * statistics.stdev(accuracies) / len(accuracies) ** 0.5
        costs = [run["cost"] for run in of_host]
        samples = statistics.mean(cost["weight_samples"] + cost["arch_samples"] for cost in costs)
        print(f"| `{host}` | {statistics.mean(accuracies):.2f} ± {half:.2f} "
              f"| {statistics.mean(cost['macs'] for cost in costs) / 1e12:.2f} | {samples:,.0f} "
              f"| {statistics.mean(run['decided_edges'] for run in of_host):.1f} of 6 |")
    print()


def main():
    path = [*sys.argv[1:], "docs/results/hosts.jsonl"][0]
    runs = [json.loads(line) for line in open(path)]
    runs.sort(key=lambda run: (HOSTS.index(run["host"]), run["seed"]))
    summary(runs)
    print("| host | seed | samples | multiply-adds, 10^12 | seconds | decided edges | collapsed | found | cifar10_test_200 |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- | --- | ---: |")
    for run in runs:
        cost = run["cost"]
        samples = cost["weight_samples"] + cost["arch_samples"]
        found = run["genotype"].replace("|", "\\|")
        print(f"| `{run['host']}` | {run['seed']} | {samples:,} | {cost['macs'] / 1e12:.2f} "
              f"| {cost['search_wall_s']:.0f} | {run['decided_edges']} of {run['edges']} "
              f"| {'yes' if run['collapsed'] else 'no'} | `{found}` | {run['lookup']['cifar10_test_200']:.2f} |")


if __name__ == "__main__":
    main()

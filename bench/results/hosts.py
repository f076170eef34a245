"""Prints the table of docs/results/hosts.md from the results that `tamis compare` keeps beside it.

usage: python3 bench/results/hosts.py [RESULTS]
  RESULTS  the results file [default: docs/results/hosts.jsonl]
"""

import json
import sys

# In the order in which `tamis search --help` lists them.
HOSTS = ("darts darts-2nd pc-darts p-darts beta-darts sdarts-rs sdarts-adv sgas gdas enas eg-nas gaea drnas "
         "random-search evolution").split()


def main():
    path = [*sys.argv[1:], "docs/results/hosts.jsonl"][0]
    runs = [json.loads(line) for line in open(path)]
    runs.sort(key=lambda run: (HOSTS.index(run["host"]), run["seed"]))
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

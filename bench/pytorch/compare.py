"""Times search steps of Tamis and PyTorch in turns and prints a Markdown table of seconds, peak memory and their ratios.

    python compare.py [--cases 'darts 8 5' ...] [--rounds 3] [--batch 64] [--reps 5] [--threads 2] [--tamis COMMAND] [--output FILE]

A case is SPACE CHANNELS CELLS [BATCH] of step.py. In each round every program runs once, and every second round goes backwards, so that a
drift of the machine meets all alike. Tamis is COMMAND followed by SPACE CHANNELS CELLS BATCH REPS, run in the repository, of the
two small supernets also with `layered`, which computes search cells layer by layer; PyTorch is step.py in every variant that matters to
the case: DARTS is timed in its faster layout alone. Both print {"median_s": ..., "peak_rss_bytes": ..., "level": ...} as their last
line; the table holds medians over rounds, and a ratio above 1 favours Tamis. --threads is PyTorch's.

Both take the fastest instructions of the processor; TAMIS_LEVEL=avx2 in the environment holds both to AVX2.

Results are appended to FILE as JSON lines as they come: the settings first, then one line for each case, program and round. A later
call with the same settings skips what is there; one with other settings is refused. Does not judge whether the machine was idle.
"""

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
OUTPUT = REPOSITORY / "target/bench/compare.jsonl"
CASES = ("darts 8 5", "darts 16 8", "nas-bench-201 8 1", "nas-bench-201 16 5", "resnet-20 16 3 128", "nas-bench-201-cell 16 5 256", "darts-v2 16 8 96")
LAYERED = ("darts 8 5", "nas-bench-201 8 1")
LAYOUTS = {"darts": ("channels_last",), "darts-v2": ("channels_last",), "nas-bench-201-cell": ("channels_last",)}
SEARCHED = ("nas-bench-201", "darts")
HELD = {"avx2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}}
TAMIS = "tamis"
MIB = 1 << 20

Key = tuple[str, str, int]  # case, program, round


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", nargs="+", default=CASES, metavar="'SPACE CHANNELS CELLS [BATCH]'")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tamis", default="cargo --quiet xtask bench-step", metavar="COMMAND")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FILE")
    return parser.parse_args()


def processor() -> str:
    """The processor's name (Linux), or the architecture where there is none to read."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def settings(options: argparse.Namespace) -> dict:
    """What must be the same for two timings to belong in one table."""
    return {
        "machine": f"{processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "torch": version("torch"),
        "tamis": options.tamis,
        "batch": options.batch,
        "reps": options.reps,
        "threads": options.threads,
        "level": level(),
    }


def level() -> str | None:
    """The level that both are held to, if any."""
    name = os.environ.get("TAMIS_LEVEL")
    if name not in (None, *HELD):
        sys.exit(f"reading TAMIS_LEVEL: found {name}, expected one of {', '.join(HELD)} or nothing")
    return name


def programs(case: str, options: argparse.Namespace) -> dict[str, list[str]]:
    """The command of every program of a case, by name; a network without alphas has no gradients to leave out."""
    sizes = case.split()
    sizes = [*sizes, *[str(options.batch)] * (len(sizes) == 3), str(options.reps)]
    held = [f"--level={level()}"] if level() else []
    commands = {TAMIS: [*shlex.split(options.tamis), *held, *sizes]}
    if case in LAYERED:
        commands["tamis layered"] = [*commands[TAMIS], "layered"]
    for layout in LAYOUTS.get(sizes[0], ("nchw", "channels_last")):
        for gradients in ("all", "needed") if sizes[0] in SEARCHED else ("all",):
            variant = ["--layout", layout, "--gradients", gradients, "--threads", str(options.threads)]
            commands[f"pytorch {layout} {gradients}"] = [sys.executable, str(HERE / "step.py"), *sizes, *variant]
    return commands


def measure(command: list[str]) -> dict:
    """Runs one program and reads the last line of its output."""
    try:
        environment = os.environ | HELD.get(level(), {})
        finished = subprocess.run(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        result = json.loads(finished.stdout.splitlines()[-1])
        return {"median_s": float(result["median_s"]), "peak_rss_bytes": int(result["peak_rss_bytes"]), "level": result["level"]}
    except (OSError, subprocess.CalledProcessError, IndexError, KeyError, TypeError, ValueError) as error:
        sys.exit(f"running `{shlex.join(command)}`: {type(error).__name__}: {error}; hint: what has finished is kept, run again")


def open_results(path: Path, expected: dict) -> dict[Key, dict]:
    """The finished timings of a file, which is made if there is none; cuts off a line that was never finished."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text() if path.exists() else ""
    lines = text[: text.rfind("\n") + 1].splitlines()
    if not lines:
        lines = [json.dumps(expected)]
    path.write_text("".join(f"{line}\n" for line in lines))
    found, *records = map(json.loads, lines)
    if found != expected:
        sys.exit(f"reading {path}: found the settings {found}, expected {expected}; hint: name another --output")
    return {(record["case"], record["program"], record["round"]): record for record in records}


def run_missing(options: argparse.Namespace, results: dict[Key, dict]):
    """Runs, case by case and round by round, every program that has no result yet, and keeps each result at once."""
    with options.output.open("a") as file:
        for case in options.cases:
            commands = programs(case, options)
            for turn in range(options.rounds):
                for program in list(commands) if turn % 2 == 0 else reversed(commands):
                    key = (case, program, turn)
                    if key in results:
                        continue
                    results[key] = {"case": case, "program": program, "round": turn} | measure(commands[program])
                    file.write(json.dumps(results[key]) + "\n")
                    file.flush()
                    print(f"{case}, round {turn}, {program}: {results[key]['median_s']} s", file=sys.stderr, flush=True)


def rows(case: str, options: argparse.Namespace, results: dict[Key, dict]) -> list[str]:
    """Markdown rows of one case: Tamis, then every variant of PyTorch beside it."""

    def medians(program: str) -> tuple[float, float]:
        records = [results[case, program, turn] for turn in range(options.rounds)]
        return tuple(statistics.median(record[field] for record in records) for field in ("median_s", "peak_rss_bytes"))

    ours_s, ours_bytes = medians(TAMIS)
    lines = []
    for program in programs(case, options):
        wall_s, mem_bytes = medians(program)
        used = results[case, program, 0]["level"]
        cells = (case, program, used, f"{wall_s:.3f}", f"{wall_s / ours_s:.2f}", f"{mem_bytes / MIB:.0f}", f"{mem_bytes / ours_bytes:.2f}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main():
    options = arguments()
    common = settings(options)
    results = open_results(options.output, common)
    run_missing(options, results)
    print("| case | program | level | s a step | s / Tamis | peak MiB | MiB / Tamis |")
    print("|---|---|---|---:|---:|---:|---:|")
    for case in options.cases:
        print("\n".join(rows(case, options, results)))
    counts = f"batch {options.batch} unless named, {options.rounds} rounds of the median of {options.reps} steps"
    print(f"\n{common['machine']}; PyTorch {common['torch']}, {options.threads} threads; {counts}.")


if __name__ == "__main__":
    main()

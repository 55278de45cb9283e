"""Fuzz one key, or all, until so many inputs have been run; go on where the last run ended; keep count.

    python -m fuzz.run --key DC --executions 5000000
    python -m fuzz.run --key all --executions 5000000 --jobs 2

The corpus lies in fuzz/corpus (not in the repository), inputs that broke something in fuzz/findings. What has been run
is added up in fuzz/counts.json: ``executions`` is libFuzzer's own count of inputs, the corpus read again at the start of
each piece of work included.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz.oracle import CHECKS
from fuzz.seeds import write_seeds

HERE = Path(__file__).parent
COUNTS = HERE / "counts.json"
PIECE = 250_000
"""Inputs of one process: few enough to lose little when it is stopped."""

LONGEST, SHORTER, LONGEST_ONE_IN = 2048, 192, 5
"""Octets of an input: one piece of work in so many takes long ones, the others many more."""

NICENESS = 10
POLL_S = 0.5

OPTIONS = [
    "-print_final_stats=1",
    "-mutate_depth=1",  # the mutator stacks changes itself
    "-timeout=5",
    "-rss_limit_mb=1024",
    "-verbosity=1",
]


@dataclass
class Piece:
    """One process at work."""

    key: str
    number: int
    process: subprocess.Popen[bytes]
    log: Path
    numbers: Path
    inputs: int


@dataclass
class Work:
    """What one key still has to do."""

    key: str
    missing: int
    started: int = 0
    findings: list[str] = field(default_factory=list)


def load_counts() -> dict[str, dict[str, Any]]:
    if not COUNTS.exists():
        return {}
    counts: dict[str, dict[str, Any]] = json.loads(COUNTS.read_text(encoding="utf-8"))
    return counts


def save_counts(counts: dict[str, dict[str, Any]]) -> None:
    """Written beside and put in place at once: a run that is killed leaves the last figures."""
    beside = COUNTS.with_suffix(".new")
    ordered = {key: counts[key] for key in CHECKS if key in counts}
    beside.write_text(json.dumps(ordered, indent=2) + "\n", encoding="utf-8")
    beside.replace(COUNTS)


def version() -> str:
    """The commit that is fuzzed."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"], cwd=HERE, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "unknown"


def start(work: Work, inputs: int, number: int) -> Piece:
    corpus, seeds, findings = HERE / "corpus" / work.key, HERE / "corpus" / f"{work.key}.seeds", HERE / "findings"
    if work.started == 0:
        write_seeds(work.key, seeds)
    longest = SHORTER if work.started % LONGEST_ONE_IN else LONGEST
    work.started += 1
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    log, numbers = (HERE / "corpus" / f"{work.key}.{number}.{kind}" for kind in ("log", "json"))
    numbers.unlink(missing_ok=True)
    command = [sys.executable, "-m", "fuzz.target", "--key", work.key, "--numbers", str(numbers), *OPTIONS]
    command += [
        f"-runs={inputs}",
        f"-max_len={longest}",
        f"-artifact_prefix={findings}/{work.key}-",
        str(corpus),
        str(seeds),
    ]
    with log.open("wb") as out:
        # A session of its own: what stops the runner must not stop the process before the runner has its figures.
        process = subprocess.Popen(
            command, cwd=HERE.parent, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    return Piece(work.key, number, process, log, numbers, inputs)


def executed(log: str) -> int:
    """The count of libFuzzer; of a process that died without a summary, the last it said."""
    final = re.search(r"^stat::number_of_executed_units:\s*(\d+)", log, re.MULTILINE)
    if final:
        return int(final[1])
    said = re.findall(r"^#(\d+)\s", log, re.MULTILINE)
    return int(said[-1]) if said else 0


def finish(piece: Piece, counts: dict[str, dict[str, Any]], *, stopped: bool = False) -> list[str]:
    """Add a piece of work to the counts; what it found. ``stopped``: by us, so its exit status says nothing."""
    log = piece.log.read_text(encoding="utf-8", errors="replace")
    entry = counts.setdefault(piece.key, {"executions": 0, "findings": []})
    entry["executions"] += executed(log)
    if piece.numbers.exists():
        for name, value in json.loads(piece.numbers.read_text(encoding="utf-8")).items():
            if name != "inputs":
                entry[name] = entry.get(name, 0) + value
    entry["last"] = dt.datetime.now(tz=dt.UTC).date().isoformat()
    entry["version"] = version()
    found = sorted(set(re.findall(r"Test unit written to \S*/(\S+)", log)))
    if piece.process.returncode and not found and not stopped:
        found = [f"exit status {piece.process.returncode}, see {piece.log.name}"]
    entry["findings"] += [each for each in found if each not in entry["findings"]]
    save_counts(counts)
    features = re.findall(r"cov: (\d+) ft: (\d+) corp: (\S+)", log)
    print(f"{piece.key}: {entry['executions']} inputs; branches, features, corpus: {features[-1] if features else '-'}")
    for each in found:
        print(f"{piece.key}: FOUND {each}")
    return found


def run(keys: list[str], executions: int, jobs: int, piece_size: int) -> int:
    """Work on the keys in order, ``jobs`` processes at a time; how many keys have a finding."""
    counts = load_counts()
    waiting = [Work(key, executions - counts.get(key, {}).get("executions", 0)) for key in keys]
    todo = {work.key: work for work in waiting if work.missing > 0}
    busy: list[Piece] = []
    broken: set[str] = set()
    try:
        while busy or any(work.missing > 0 for work in todo.values()):
            for piece in [each for each in busy if each.process.poll() is not None]:
                busy.remove(piece)
                before = counts.get(piece.key, {}).get("executions", 0)
                if finish(piece, counts):
                    broken.add(piece.key)
                    todo.pop(piece.key, None)
                elif piece.key in todo:
                    # What was asked for was taken off when it started; what it fell short of comes back.
                    todo[piece.key].missing += piece.inputs - (counts[piece.key]["executions"] - before)
            ready = next((work for work in todo.values() if work.missing > 0), None)
            if ready is not None and len(busy) < jobs:
                inputs = min(piece_size, ready.missing)
                ready.missing -= inputs
                number = next(n for n in range(jobs) if all(piece.number != n for piece in busy))
                busy.append(start(ready, inputs, number))
            elif busy:
                time.sleep(POLL_S)
    finally:
        for piece in busy:
            piece.process.terminate()
            piece.process.wait()
            finish(piece, counts, stopped=True)
    return len(broken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--key", required=True, help=f"one of {', '.join(CHECKS)}; several with commas; or all")
    parser.add_argument("--executions", type=int, default=5_000_000, help="inputs in counts.json to reach, each key")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--piece", type=int, default=PIECE, help="inputs of one process")
    arguments = parser.parse_args()
    keys = list(CHECKS) if arguments.key == "all" else arguments.key.split(",")
    unknown = [key for key in keys if key not in CHECKS]
    if unknown:
        parser.error(f"no key {unknown[0]!r}; there are {', '.join(CHECKS)}")
    os.nice(NICENESS)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(1 if run(keys, arguments.executions, arguments.jobs, arguments.piece) else 0)


if __name__ == "__main__":
    main()

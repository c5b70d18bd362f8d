"""Time and memory of `briefing build`, cold, beside headless Chromium printing the same HTML.

Both are whole processes, run in turns, so that a busy machine slows both. The briefing reads,
checks, aggregates, charts, composes and renders; Chromium only prints what the briefing made.
Needs `chromium` on the path; writes nothing but what it measures.

    python benchmarks/build_against_chromium.py [--rounds 5] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --no-pdf-header-footer"
).split()


@dataclass(frozen=True)
class Run:
    """Wall-clock seconds and the largest resident memory of the process tree in MiB."""

    seconds: float
    mebibytes: float


def tree_memory(pid: int) -> float:
    """Proportional set size of a process and its descendants in MiB; 0 when they are gone.

    Proportional, so that pages shared by Chromium's processes count once.
    """
    total, waiting = 0, [pid]
    while waiting:
        current = waiting.pop()
        try:
            rollup = Path(f"/proc/{current}/smaps_rollup").read_text(encoding="ascii")
            total += int(rollup.split("Pss:")[1].split()[0])
            for task in Path(f"/proc/{current}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except (OSError, IndexError):
            continue
    return total / 1024


def measured(command: list[str]) -> Run:
    """Run a command to its end and watch its memory."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    peak = 0.0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.05):
            peak = max(peak, tree_memory(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait(timeout=300)
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    if code:
        raise SystemExit(f"{command[0]} ended with {code}")
    return Run(seconds, peak)


def compare(rounds: int, chromium: str) -> dict[str, object]:
    """Medians of both, and the median of the ratios of each round."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder)
        build = [sys.executable, "-m", "briefing", "build", "--output", str(output)]
        measured(build)  # makes the HTML, and warms the disk for both
        html = next(output.rglob("index.html"))
        profile = f"--user-data-dir={folder}/profile"
        printing = [chromium, *CHROMIUM, profile, f"--print-to-pdf={folder}/c.pdf", html.as_uri()]
        measured(printing)
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(measured(build))
            theirs.append(measured(printing))
        sizes = {
            "briefing.pdf": next(output.rglob("briefing.pdf")).stat().st_size,
            "chromium.pdf": (output / "c.pdf").stat().st_size,
        }
    ratios = [a.seconds / b.seconds for a, b in zip(ours, theirs, strict=True)]
    memory = [a.mebibytes / b.mebibytes for a, b in zip(ours, theirs, strict=True)]
    return {
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "rounds": rounds,
        "briefing_seconds": round(statistics.median(r.seconds for r in ours), 2),
        "chromium_seconds": round(statistics.median(r.seconds for r in theirs), 2),
        "time_ratio": round(statistics.median(ratios), 2),
        "time_ratio_range": [round(min(ratios), 2), round(max(ratios), 2)],
        "briefing_mebibytes": round(statistics.median(r.mebibytes for r in ours)),
        "chromium_mebibytes": round(statistics.median(r.mebibytes for r in theirs)),
        "memory_ratio": round(statistics.median(memory), 2),
        "bytes": sizes,
    }


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the result here too")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("There is no chromium on the path. Install it: apt-get install chromium")
    result = compare(arguments.rounds, chromium)
    for key, value in result.items():
        print(f"{key:20} {value}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

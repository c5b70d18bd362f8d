"""This project with more and more of one thing: pages, figures, rows, recipients, filed issues.

    python -m benchmarks.ours.growing pages 12    in an empty folder; a lap for each line

What is timed is what grows with the thing, in a process that has everything imported.
"""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import projects
from benchmarks.laps import serve
from benchmarks.ours import large
from briefing import config, editions, pipeline, runs
from briefing.postman import Post, Postman

Work = Callable[[int], dict[str, Any]]
DAY = date(2026, 3, 31)
LEDGER = "sqlite:///.briefing/ledger.sqlite"
CHANNELS = """\
audiences:
  everyone: {file: readers.csv}
channels:
  kept: {use: "briefing.testing:MemoryChannel"}
deliveries:
  - {report: counts, to: [everyone]}
"""


def edition(project: Any) -> Any:
    """The edition that is built: of one day."""
    report = project.reports["counts"]
    return editions.edition_of(project, report, DAY + timedelta(1), period=DAY.isoformat())


def request(project: Any, formats: str) -> pipeline.Request:
    """A build of it, into the archive."""
    return pipeline.Request(edition(project), (formats,))


def silent(*_: Any) -> None:
    """Show no progress."""


def built(*, charts: int = 0, tables: int = 0) -> Work:
    """Builds of a PDF with so many parts more than the least."""
    projects.counts_project(Path(), charts=charts, tables=tables)
    project = config.load_project(Path())

    def work(_: int) -> dict[str, Any]:
        shutil.rmtree(project.output, ignore_errors=True)
        made = pipeline.build(project, request(project, "pdf"), silent)
        pages = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))["pages"]
        return {"pages": pages}

    return work


def rows(count: int) -> Work:
    """Reading and aggregating a table of so many rows, written there before by others."""
    assert count >= 0

    def work(_: int) -> dict[str, Any]:
        large.tables()
        return {}

    return work


def recipients(count: int) -> Work:
    """Queueing an issue for so many readers, and delivering it to each, one by one."""
    lines = ["address,name,language,editions,channel"]
    lines += [f"reader{number}@example.org,,,,kept" for number in range(count)]
    Path("readers.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    projects.counts_project(Path(), more=CHANNELS)

    def work(_: int) -> dict[str, Any]:
        for left in ("output", ".briefing"):
            shutil.rmtree(left, ignore_errors=True)
        project = config.load_project(Path())
        ledger = runs.open_ledger(project, LEDGER)
        post = Post(project, ledger, lambda _: "", frozenset, threading.Event())  # type: ignore[arg-type, return-value]
        wanted = request(project, "html")
        started = time.perf_counter()
        runs.build(project, ledger, wanted, silent, lambda _: False, deliver=True)
        ledger.start_channel("kept")
        done = Postman(post, "kept").work()
        seconds = time.perf_counter() - started
        assert done["sent"] == count, done
        return {"seconds": seconds}

    return work


def archive(count: int) -> Work:
    """Building one more issue beside so many, and asking how things stand."""
    from briefing import status

    projects.counts_project(Path())
    project = config.load_project(Path())
    made = pipeline.build(project, request(project, "html"), silent)
    for number in range(1, count + 1):
        day = (DAY - timedelta(number)).isoformat()
        folder = made.folder.parents[2] / day / made.folder.parent.name / made.folder.name
        shutil.copytree(made.folder, folder)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        manifest |= {"period": day, "as_of": day}
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    shutil.rmtree(made.folder.parents[1])
    ledger = runs.open_ledger(project, LEDGER)

    def work(_: int) -> dict[str, Any]:
        issue = pipeline.build(project, request(project, "html"), silent)
        found = status.status(project, ledger, datetime.now(UTC), "UTC")
        shutil.rmtree(issue.folder.parents[1])
        return {"runs": sum(found.counts.values())}

    return work


CASES: dict[str, Callable[[int], Work]] = {
    "pages": lambda count: built(tables=count),
    "figures": lambda count: built(charts=count),
    "rows": rows,
    "recipients": recipients,
    "archive": archive,
}

if __name__ == "__main__":
    serve(CASES[sys.argv[1]](int(sys.argv[2])))

"""This project on many rows: reads, validates and aggregates the three tables of payments.

What is timed is ``config.load_project`` and the aggregation of the pipeline, in a fork that has
everything imported and read nothing, as for the peers.

    python -m benchmarks.ours.large first   in the project's folder; forgets .briefing/cache before
    python -m benchmarks.ours.large again   with what the lap before has left there
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.laps import serve_forgetting
from benchmarks.peers.frames import summed
from benchmarks.peers.naive import LATER
from briefing import config, editions, figures, inputs, pipeline
from briefing.cache import means_of

TABLES = {
    "by_quarter": ["amount", "records"],
    "by_programme": ["amount"],
    "companies": ["companies"],
}


def tables() -> Any:
    """The three tables of the project in the current folder."""
    project = config.load_project(Path(), means_of(Path().resolve(), os.environ))
    report = project.reports["payments"]
    edition = editions.edition_of(project, report, LATER, period="2025")
    figures.read_large(project, report, edition)
    reuse = inputs.reuse_of(project, report, edition, inputs.inputs_of(project, report))
    computed = pipeline._aggregated(project, report, edition, lambda *_: None, reuse).computed
    reuse.remember()
    return computed


def lap(*, forget: bool) -> dict[str, Any]:
    """Read and aggregate once; ``forget`` what was kept before, which is not timed."""
    if forget:
        shutil.rmtree(Path(".briefing"), ignore_errors=True)
    started = time.perf_counter()
    found = tables()
    seconds = time.perf_counter() - started
    frames: dict[str, pd.DataFrame] = {name: found[name].frame for name in TABLES}
    rows = [frames[name][columns].itertuples(index=False) for name, columns in TABLES.items()]
    return {"seconds": seconds, **summed(*rows)}


if __name__ == "__main__":
    import_module("briefing.charts.style")  # what a build has loaded
    gc.freeze()
    serve_forgetting(lambda _: lap(forget=sys.argv[1] == "first"))

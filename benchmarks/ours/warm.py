"""This project, warm: the PDF again and again, once HTML and figures are ready.

What is repeated is the last call of ``rendering.pdf.write_pdf`` of a real build, with the
arguments that it got, gates included.

    python -m benchmarks.ours.warm              the national briefing, in the current folder
    python -m benchmarks.ours.warm many         the profiles of the regions in turn, up to PDF
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.laps import serve
from benchmarks.peers.naive import national, profiles_of


def captured(project: Any, edition: Any) -> Callable[[], int]:
    """A function that writes the edition's PDF once more and gives its size in bytes."""
    from briefing import pipeline
    from briefing.rendering import pdf

    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    write = pdf.write_pdf

    def listen(*args: Any, **words: Any) -> Any:
        calls.append((args, words))
        return write(*args, **words)

    pdf.write_pdf = listen
    with tempfile.TemporaryDirectory() as folder:
        request = pipeline.Request(edition, ("pdf",), Path(folder))
        pipeline.build(project, request, lambda *_: None)
    pdf.write_pdf = write
    args, words = calls[-1]
    as_a_worker()
    return lambda: len(write(*args, **words)[0])


def once() -> None:
    """Serve the national briefing."""
    again = captured(*national())
    serve(lambda _: {"size": again()})


def many() -> None:
    """Serve builds of the profiles, one after the other, up to PDF; each again and again."""
    from briefing import config, pipeline

    project = config.load_project(Path())
    editions = profiles_of(project)
    with tempfile.TemporaryDirectory() as folder:

        def work(number: int) -> dict[str, Any]:
            edition = editions[number % len(editions)]
            request = pipeline.Request(edition, ("pdf",), Path(folder))
            pipeline.build(project, request, lambda *_: None)
            return {"resident": resident()}

        as_a_worker()
        serve(work)


def as_a_worker() -> None:
    """Look for garbage as seldom as a worker does."""
    importlib.import_module("briefing.executors.frozen")


def resident() -> float:
    """Resident memory of this process in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) * 1024 / 1e6


if __name__ == "__main__":
    {"once": once, "many": many}[(sys.argv[1:] or ["once"])[0]]()

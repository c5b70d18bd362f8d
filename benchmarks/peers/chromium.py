"""The peer Chromium, warm: a browser that stays, and prints this project's HTML.

It drops what only WeasyPrint understands: running heads, page numbers in the contents.

    python -m benchmarks.peers.chromium warm FILE         prints again for each line that comes in
    python -m benchmarks.peers.chromium profiles FOLDER   this project's pages up to HTML, printed
                                                          by two processes with a browser each
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks.laps import serve

FLAGS = "--disable-gpu --disable-background-networking --disable-component-update --disable-sync"
_KEPT: dict[str, Any] = {}


def browser() -> Any:
    """A headless browser that stays until this process ends."""
    _KEPT["playwright"] = sync_playwright().start()
    return _KEPT["playwright"].chromium.launch(
        executable_path=os.environ["BENCH_CHROMIUM"], args=["--no-sandbox", *FLAGS.split()]
    )


def printed(running: Any, file: Path) -> bytes:
    """The page as PDF, in a tab of its own."""
    tab = running.new_page()
    tab.goto(file.as_uri())
    pdf: bytes = tab.pdf(print_background=True, prefer_css_page_size=True)
    tab.close()
    return pdf


def warm(file: str) -> None:
    """Print the same page again and again."""
    running = browser()
    serve(lambda _: {"size": len(printed(running, Path(file).resolve()))})


def profiles(folder: str) -> None:
    """All profiles of the regions by two processes."""
    count = 34 if os.environ["BENCH_EDITION"] == "all" else 2
    with multiprocessing.get_context("spawn").Pool(2, _begin) as pool:
        for _ in pool.imap_unordered(_profile, [(n, folder) for n in range(count)]):
            pass


def _begin() -> None:
    from benchmarks.peers.naive import profiles_of
    from briefing import config

    _KEPT["project"] = config.load_project(Path())
    _KEPT["editions"] = profiles_of(_KEPT["project"])
    _KEPT["browser"] = browser()


def _profile(asked: tuple[int, str]) -> None:
    from briefing import pipeline

    number, folder = asked
    edition = _KEPT["editions"][number]
    request = pipeline.Request(edition, ("html",), Path(folder))
    issue = pipeline.build(_KEPT["project"], request, lambda *_: None)
    pdf = printed(_KEPT["browser"], (issue.folder / "index.html").resolve())
    (issue.folder / "chromium.pdf").write_bytes(pdf)


if __name__ == "__main__":
    {"warm": warm, "profiles": profiles}[sys.argv[1]](*sys.argv[2:])

"""Row (e): the profiles of seventeen regions in two languages, charts included."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from benchmarks.contenders import Cold, Contender, Row
from benchmarks.targets import Target
from benchmarks.workshop import QUARTER, ROOT, Workshop

REPORT = "region-profile"
WORKERS = 2
MOST = 700  # MB


def profiles(shop: Workshop) -> Row:
    """Thirty-four issues, by as many workers as the machine of the targets has cores."""
    project, naive = shop.copy_of_project("profiles"), shop.fresh("profiles-naive")
    chromium, output = shop.fresh("profiles-chromium"), project / "made"
    words = [shop.ours, "-m", "briefing", "build", REPORT, "--period", QUARTER]
    words += [
        "--edition",
        shop.edition,
        "--language",
        "all",
        "--format",
        "pdf",
        "--output",
        str(output),
    ]
    words += workers(shop)

    def forget(_: int) -> None:
        for folder in (output, project / ".briefing"):
            shutil.rmtree(folder, ignore_errors=True)

    contenders: list[Contender] = [
        Cold("briefing", lambda _: words, project, shop.environ(cache=True), shop.log, forget),
        Cold(
            "the same charts + warm Chromium",
            lambda _: [shop.theirs, "-m", "benchmarks.peers.chromium", "profiles", str(chromium)],
            ROOT,
            shop.environ(),
            shop.log,
            before=lambda _: emptied(chromium),
        ),
        Cold(
            "naive",
            lambda _: [shop.theirs, "-m", "benchmarks.peers.naive", "profiles", str(naive)],
            shop.naive,
            shop.environ(shop.naive),
            shop.log,
            before=lambda _: emptied(naive),
        ),
    ]
    targets = [
        Target("briefing", "the same charts + warm Chromium", 1.0, "throughput", aim=1.3),
        Target("briefing", "naive", 3.0, "throughput"),
        Target("briefing", "", MOST, "megabytes"),
    ]
    notes = [
        f"{REPORT} {QUARTER}, 17 regions, en and ko, {WORKERS} processes each; whole trees, "
        "imports included. Ours starts with an empty cache.",
    ]
    if shop.edition != "all":
        notes.append(f"Only {shop.edition}, to see whether the bench runs.")
    if not workers(shop):
        notes.append("This build has no --workers: one process.")
    return Row("e", "34 profiles", contenders, targets, notes)


def workers(shop: Workshop) -> list[str]:
    """The option that asks for so many workers, where the command line has it."""
    said = subprocess.run(
        [shop.ours, "-m", "briefing", "build", "--help"],
        cwd=ROOT,
        env=shop.environ(),
        capture_output=True,
        text=True,
        check=True,
    )
    return ["--workers", str(WORKERS)] if "--workers" in said.stdout else []


def emptied(folder: Path) -> None:
    """Take away what was made before."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

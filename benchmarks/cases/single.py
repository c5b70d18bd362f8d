"""Rows (a) to (d): the national briefing, cold, warm, unchanged, and with one row changed."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from benchmarks.contenders import Cold, Contender, Ready, Row
from benchmarks.measuring import BenchError, run
from benchmarks.targets import Target
from benchmarks.workshop import PERIOD, ROOT, Workshop

REPORT = "regional-innovation"
ISSUE = Path(REPORT) / PERIOD / "en" / "r1"
PRINTING = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --no-pdf-header-footer"
).split()
UNCHANGED, CHANGED = "briefing, unchanged", "briefing, one row changed"
WATCHED = "briefing --watch, one row changed"


def fonts() -> str:
    """The folder of the house font."""
    found = find_spec("koreanize_matplotlib")
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).parent / "fonts")


def build(shop: Workshop, *words: str) -> list[str]:
    """The command that builds the national briefing."""
    return [shop.ours, "-m", "briefing", "build", REPORT, "--period", PERIOD, *words]


def ours_cold(shop: Workshop) -> Cold:
    """A build from nothing: cache off, into another folder than the archive."""
    output = shop.fresh("cold")
    return Cold(
        "briefing",
        lambda _: build(shop, "--language", "en", "--format", "pdf", "--output", str(output)),
        ROOT,
        shop.environ(),
        shop.log,
        before=lambda _: shutil.rmtree(output, ignore_errors=True),
        made=lambda: output / ISSUE / "briefing.pdf",
    )


def cold(shop: Workshop) -> Row:
    """Row (a): from data to PDF, whole process."""
    output, said = shop.fresh("cold-peers"), dumped(shop)
    naive, notebook, html = output / "naive.pdf", output / "notebook.pdf", output / "html"
    chromium = output / "chromium.pdf"
    page = html / ISSUE / "index.html"
    profile = f"--user-data-dir={output}/profile"
    printing = [shop.chromium, *PRINTING, profile, f"--print-to-pdf={chromium}", page.as_uri()]
    making = build(shop, "--language", "en", "--format", "html", "--output", str(html))
    script = '"$@" && exec ' + " ".join(f"'{word}'" for word in printing)
    frozen = shop.environ(shop.naive)
    contenders: list[Contender] = [
        ours_cold(shop),
        Cold(
            "naive",
            lambda _: [shop.theirs, "-m", "benchmarks.peers.naive", "cold", str(naive)],
            shop.naive,
            frozen,
            shop.log,
            made=lambda: naive,
        ),
        Cold(
            "papermill + webpdf",
            lambda _: [
                shop.theirs,
                "-m",
                "benchmarks.peers.notebook",
                "run",
                str(said),
                str(notebook),
            ],
            shop.naive,
            frozen,
            shop.log,
            made=lambda: notebook,
        ),
        Cold(
            "briefing to HTML + cold Chromium",
            lambda _: ["sh", "-c", script, "sh", *making],
            ROOT,
            shop.environ(),
            shop.log,
            before=lambda _: shutil.rmtree(html, ignore_errors=True),
            made=lambda: chromium,
        ),
    ]
    targets = [
        Target("briefing", "naive", 0.33),
        Target("briefing", "papermill + webpdf", 0.5),
        Target("briefing", "briefing to HTML + cold Chromium", 0.8),
        Target("briefing", "naive", 0.4, "size"),
    ]
    notes = [
        f"National briefing {PERIOD}, en, PDF; whole processes, imports included; cache off.",
        "Ours is tagged, carries the data of every figure inside the PDF, has its gates, and is "
        "filed with its mail; no other does that.",
    ]
    return Row("a", "Cold single build", contenders, targets, notes)


def warm(shop: Workshop) -> Row:
    """Row (b): the PDF alone, HTML and figures ready, imports done."""
    said, lean = dumped(shop), lean_project(shop)
    output = shop.fresh("warm")
    html = ("--language", "en", "--format", "html", "--output", str(output))
    run(build(shop, *html), folder=ROOT, environ=shop.environ(), log=shop.log)
    page = output / ISSUE / "index.html"
    ours = [shop.ours, "-m", "benchmarks.ours.warm"]
    contenders: list[Contender] = [
        Ready("briefing", ours, ROOT, shop.environ(), shop.log),
        Ready("briefing, lean layout", ours, lean, shop.environ(), shop.log),
        Ready(
            "naive",
            [shop.theirs, "-m", "benchmarks.peers.naive", "warm"],
            shop.naive,
            shop.environ(shop.naive),
            shop.log,
        ),
        Ready(
            "warm Chromium",
            [shop.theirs, "-m", "benchmarks.peers.chromium", "warm", str(page)],
            ROOT,
            shop.environ(),
            shop.log,
        ),
        Ready(
            "Typst",
            [shop.theirs, "-m", "benchmarks.peers.typst_pages", str(said), fonts()],
            ROOT,
            shop.environ(),
            shop.log,
        ),
    ]
    targets = [
        Target("briefing", "naive", 0.35),
        Target("briefing, lean layout", "naive", 0.20),
    ]
    notes = [
        "Render only: HTML and figures ready, imports done. Lean layout: `layout: compact`.",
        "Chromium and Typst have no target; the ratios say how far they are.",
    ]
    return Row("b", "Warm single build, render only", contenders, targets, notes)


def unchanged(shop: Workshop) -> Row:
    """Row (c): the same build again, nothing changed, into the archive."""
    project = filled(shop, "unchanged")
    again = Cold(
        UNCHANGED,
        lambda _: build(shop, "--language", "en", "--format", "pdf"),
        project,
        shop.environ(cache=True),
        shop.log,
    )
    notes = ["Whole processes; a build into the archive of a copy of the project, its cache kept."]
    targets = [Target(UNCHANGED, "briefing", 0.1)]
    return Row("c", "Unchanged rebuild", [ours_cold(shop), again], targets, notes)


def changed(shop: Workshop) -> Row:
    """Row (d): the same, with another amount in one row of data/funding.csv in each round."""
    project, watched = filled(shop, "changed"), filled(shop, "watched")
    words = build(shop, "--language", "en", "--format", "pdf")
    again = Cold(
        CHANGED,
        lambda _: words,
        project,
        shop.environ(cache=True),
        shop.log,
        before=lambda number: change_one_row(project / "data" / "funding.csv", number),
    )
    watching = Ready(
        WATCHED,
        [shop.ours, "-m", "benchmarks.ours.watching", *words, "--watch"],
        watched,
        shop.environ(cache=True),
        shop.log,
    )
    notes = [
        "As above; each round has an amount in data/funding.csv that no round before had.",
        "With `--watch`, from the change of the file until the issue is filed; without, a whole "
        "process, started when the file is changed.",
    ]
    targets = [Target(WATCHED, "briefing", 0.5), Target(CHANGED, "briefing", 0.5)]
    return Row("d", "One row changed", [ours_cold(shop), again, watching], targets, notes)


def filled(shop: Workshop, name: str) -> Path:
    """A copy of the project in which a first build has filled archive and cache."""
    project = shop.copy_of_project(name)
    words = build(shop, "--language", "en", "--format", "pdf")
    run(words, folder=project, environ=shop.environ(cache=True), log=shop.log)
    return project


def change_one_row(file: Path, number: int) -> None:
    """Make the first amount of the table another one, for each number.

    Raises:
        BenchError: the file has no amount in won.
    """
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    for row in rows:
        if row["currency"] == "KRW" and row["value"] and row["representation"] == "original":
            row["value"] = str(60_000_000 + 100_000 * (number + 1))
            break
    else:
        raise BenchError(f"{file} has no row with an amount in won.")
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def lean_project(shop: Workshop) -> Path:
    """A copy of the project in which the national briefing has the compact layout."""
    project = shop.copy_of_project("lean")
    file = project / "report_templates" / REPORT / "report.yaml"
    lines = file.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("layout:")]
    file.write_text("\n".join([*kept, "layout: compact", ""]), encoding="utf-8")
    return project


def dumped(shop: Workshop) -> Path:
    """The frozen issue's texts, tables and charts, and the notebook made of them."""
    folder = shop.place / "work" / "said"
    if (folder / "notebook.ipynb").is_file():
        return folder
    folder = shop.fresh("said")
    for words in (
        [shop.theirs, "-m", "benchmarks.peers.naive", "dump", str(folder)],
        [shop.theirs, "-m", "benchmarks.peers.notebook", "make", str(folder)],
    ):
        run(words, folder=shop.naive, environ=shop.environ(shop.naive), log=shop.log)
    return folder


def rows(shop: Workshop) -> Sequence[Row]:
    """The four of them."""
    return [cold(shop), warm(shop), unchanged(shop), changed(shop)]

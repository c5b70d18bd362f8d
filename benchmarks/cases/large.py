"""Row (f): three tables over many rows, from CSV the first time, and afterwards."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.contenders import Contender, Ready, Row
from benchmarks.measuring import run
from benchmarks.projects import payments_project
from benchmarks.targets import Target
from benchmarks.workshop import ROOT, Workshop

FIRST, AGAIN = "briefing, first time", "briefing, afterwards"
MOST = 1400  # MB
GIVEN_UP = 8000
SEED = 7


def payments(shop: Workshop, count: int) -> tuple[Path, Path]:
    """The rows as CSV and as Parquet; made where they are not there."""
    folder = shop.place / "rows"
    folder.mkdir(exist_ok=True)
    text, columns = (folder / f"payments-{count}-{SEED}.{kind}" for kind in ("csv", "parquet"))
    if not columns.is_file():
        words = ["--rows", str(count), "--seed", str(SEED)]
        words += ["--csv", str(text), "--parquet", str(columns)]
        command = [shop.theirs, "-m", "benchmarks.rows", *words]
        run(command, folder=ROOT, environ=shop.environ(), log=shop.log)
    return text, columns


def _gigabytes(file: Path) -> str:
    return f"{file.stat().st_size / 1e9:.2f} GB"


def large(shop: Workshop, count: int) -> Row:
    """The same three tables by everybody, with the same result."""
    text, columns = payments(shop, count)
    contenders: list[Contender] = []
    for name, word in ((FIRST, "first"), (AGAIN, "again")):
        project = shop.fresh(f"payments-{word}")
        payments_project(project)
        os.link(text, project / "data" / "payments.csv")
        command = [shop.ours, "-m", "benchmarks.ours.large", word]
        environ = shop.environ(cache=True)
        contenders.append(Ready(name, command, project, environ, shop.log, most=GIVEN_UP))
    for name, word, file in (
        ("pandas read_csv", "pandas-csv", text),
        ("DuckDB on CSV", "duckdb-csv", text),
        ("Polars on CSV", "polars-csv", text),
        ("DuckDB on Parquet", "duckdb-parquet", columns),
        ("Polars on Parquet", "polars-parquet", columns),
    ):
        command = [shop.theirs, "-m", "benchmarks.peers.frames", word, str(file)]
        contenders.append(Ready(name, command, ROOT, shop.environ(), shop.log))
    targets = [
        Target(FIRST, "pandas read_csv", 1.1),
        Target(AGAIN, "DuckDB on Parquet", 1.25),
        Target(FIRST, "", MOST, "megabytes"),
        Target(AGAIN, "", MOST, "megabytes"),
    ]
    notes = [
        f"{count:,} rows, {_gigabytes(text)} CSV, {_gigabytes(columns)} Parquet.",
        "Imports done, nothing remembered but what lies on disk; everybody found the same.",
        "Ours also checks every cell and the rules for adding.",
    ]
    return Row("f", "Three tables over many rows", contenders, targets, notes)

"""An issue about a large table, from the description to the manifest, by the real command."""

import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import write_small_project

from briefing import pipeline
from briefing.config import load_project
from briefing.periods import Period
from briefing.structures import Edition


def test_an_issue_about_a_large_table_is_that_about_a_small_one(
    tmp_path: Path, briefing: Callable[..., Any]
):
    numbers = {}
    for name, large in (("small", False), ("large", True)):
        project = write_small_project(tmp_path / name)
        project.describe("loans", lambda table, large=large: table.update(large=large))
        ran = briefing("build", "--period", "2026-10", "--json", cwd=project.root)
        assert ran.code == 0, ran.said
        folder = project.root / ran.json["issues"][0]["folder"]
        numbers[name] = {path.name: path.read_bytes() for path in sorted(folder.rglob("*.csv"))}
        manifest = json.loads((folder / "manifest.json").read_text())
        csv = (project.root / "data" / "loans.csv").read_bytes()
        assert hashlib.sha256(csv).hexdigest() in json.dumps(manifest["inputs"])
    assert numbers["small"]
    assert numbers["large"] == numbers["small"]


def test_checking_a_project_reads_its_large_tables(tmp_path: Path, briefing: Callable[..., Any]):
    project = write_small_project(tmp_path / "project")
    project.describe("loans", lambda table: table.update(large=True))
    line = project.append("data/loans.csv", "x,nowhere,book,1,2026-10-10")
    ran = briefing("check", cwd=project.root)
    assert ran.code == 1
    assert f"data/loans.csv:{line}:" in ran.said


def test_a_large_table_is_read_once_when_nothing_is_kept_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    project = write_small_project(tmp_path / "project")
    project.describe("loans", lambda table: table.update(large=True))
    edition = Edition("library-loans", Period.parse("2026-10"), date(2026, 10, 31), "en", {})
    opened = []
    really = Path.open

    def noticed(path: Path, *args: Any, **more: Any) -> Any:
        opened.extend([path.name] if path.name == "loans.csv" else [])
        return really(path, *args, **more)

    monkeypatch.setattr(Path, "open", noticed)
    loaded = load_project(project.root)
    issue = pipeline.build(loaded, pipeline.Request(edition), lambda *_: None)
    assert opened == ["loans.csv"]
    monkeypatch.undo()
    manifest = json.loads((issue.folder / "manifest.json").read_text())
    csv = (project.root / "data" / "loans.csv").read_bytes()
    assert manifest["inputs"]["data/loans.csv"] == hashlib.sha256(csv).hexdigest()

"""The gallery shows every kind, from rows of the shipped data, and docs/ shows the gallery."""

import csv
from pathlib import Path

import pytest

from briefing import gallery
from briefing.charts.kinds import KINDS
from briefing.config import load_project
from briefing.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "gallery"
KEYS = {
    "indicators": "indicator_id",
    "places": "place",
    "reference_sources": "source",
    "regions": "region",
}


def rows(folder, name):
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gallery")
    (issue,) = gallery.build(folder, ("en",), ("html",), lambda *_: None)
    return issue.folder / "figures"


def test_every_kind_is_shown():
    report = load_project(gallery.PROJECT).reports["gallery"]
    shown = [name for section in report.sections for name in section.figures]
    assert set(KINDS) <= set(shown)
    assert all(report.figures[name].kind == name for name in KINDS)


@pytest.mark.parametrize("name", KEYS)
def test_real_rows_are_those_of_the_shipped_data(name):
    key = KEYS[name]
    known = {row[key]: row for row in rows(ROOT / "data", name)}
    for row in rows(gallery.PROJECT / "data", name):
        for column in row.keys() & known[row[key]].keys():
            assert row[column] == known[row[key]][column], f"{row[key]}: {column}"


def test_made_up_numbers_say_so():
    project = load_project(gallery.PROJECT)
    report = project.reports["gallery"]
    words = {"en": "sample", "ko": "예시"}
    for figure in report.figures.values():
        table = next(item for item in report.tables if item.name == figure.table)
        for language, word in words.items():
            said = word in figure.title.by_language[language]
            assert said == table.dataset.startswith("sample_"), figure.name


def test_the_docs_show_what_is_built(figures):
    assert {path.name for path in figures.iterdir()} == {path.name for path in DOCS.glob("*.svg")}
    for path in figures.iterdir():
        assert path.read_bytes() == (DOCS / path.name).read_bytes(), "run `make gallery`"


def test_a_language_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no gallery in 'fr'"):
        gallery.build(tmp_path, ("fr",), ("html",), lambda *_: None)

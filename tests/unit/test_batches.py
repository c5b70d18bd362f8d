"""What goes to a cluster, and in which order many issues are made."""

import os
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import ProjectFolder

from briefing import editions, pipeline, runs
from briefing.batches.order import longest_first
from briefing.config import load_project
from briefing.errors import EngineError
from briefing.executors.bundle import LARGEST, Bundle, bundle_of, forget_old, unpacked
from briefing.structures import Edition, Project

TODAY = date(2026, 11, 22)
paths = st.text("abcde-.", min_size=1).filter(lambda name: name.strip(".") != "")


@given(st.dictionaries(paths, st.binary(), min_size=1))
def test_a_bundle_is_the_same_whatever_the_order_and_another_where_a_byte_differs(
    files: dict[str, bytes],
):
    first = bundle_of(files)
    assert bundle_of(dict(reversed(files.items()))) == first
    path = next(iter(files))
    assert bundle_of({**files, path: files[path] + b"x"}).name != first.name
    with ZipFile(BytesIO(first.content)) as packed:
        assert {item.date_time for item in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_bundle_comes_out_as_it_went_in_and_once(tmp_path: Path):
    files = {"config.yaml": b"x: 1\n", "data/a.csv": b"1\n", "reports/r/한글.css": b""}
    bundle = bundle_of(files)
    place = unpacked(bundle, tmp_path)
    assert place.name == bundle.name
    found = {
        str(path.relative_to(place)): path.read_bytes()
        for path in place.rglob("*")
        if path.is_file()
    }
    assert found == files
    assert unpacked(Bundle(bundle.name, b"not read again"), tmp_path) == place
    assert [path.name for path in tmp_path.iterdir()] == [bundle.name]


def test_only_the_bundles_used_last_are_kept(tmp_path: Path):
    made = [unpacked(bundle_of({"a": bytes([number])}), tmp_path) for number in range(5)]
    for number, place in enumerate(made):
        os.utime(place, (number, number))
    (tmp_path / "of-dask").mkdir()
    forget_old(tmp_path, 2)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {made[3].name, made[4].name, "of-dask"}


def test_a_project_that_is_too_large_is_not_sent():
    class Large(bytes):
        def __len__(self) -> int:
            return LARGEST + 1

    with pytest.raises(EngineError, match=r"too much to send.*engine: local"):
        bundle_of({"data/large.csv": Large()})


class Clocked:
    """A ledger that knows how long editions took."""

    def __init__(self, project: Project, seconds: dict[str, float]) -> None:
        self._project = project
        self._seconds = seconds

    def latest(self, *, report: str, **_: Any) -> list[Any]:
        start = datetime(2026, 11, 1, tzinfo=UTC)

        class Run:
            def __init__(self, edition: str, seconds: float) -> None:
                self.report, self.edition = report, edition
                self.started_at = start
                self.published_at = start + timedelta(seconds=seconds)

        return [Run(edition, seconds) for edition, seconds in self._seconds.items()]


def requests(project: Project, *names: str) -> list[pipeline.Request]:
    report = project.reports["library-loans"]
    known = {"en": "en", "ko": "ko"}
    found: list[Edition] = [
        editions.edition_of(project, report, TODAY, language=known[name]) for name in names
    ]
    return [pipeline.Request(edition) for edition in found]


def test_the_longest_goes_first_and_the_unknown_by_its_figures(small_project: ProjectFolder):
    project = load_project(small_project.root)
    asked = requests(project, "en", "ko")
    assert longest_first(project, None, asked) == [0, 1]
    slow_korean: Any = Clocked(project, {"en": 1.0, "ko": 9.0})
    assert longest_first(project, slow_korean, asked) == [1, 0]
    quick_english: Any = Clocked(project, {"en": 4.0})
    assert longest_first(project, quick_english, asked) == [0, 1]


def test_the_ledger_says_how_long_an_edition_took(small_project: ProjectFolder):
    project = load_project(small_project.root)
    ledger = runs.open_ledger(project, project.channels.state.resolve({}).reveal())
    asked = requests(project, "en", "ko")
    runs.build(project, ledger, asked[1], lambda *_: None, lambda _: False)
    assert sorted(longest_first(project, ledger, asked)) == [0, 1]
    (run,) = ledger.latest(report="library-loans")
    assert run.published_at and run.started_at and run.published_at > run.started_at

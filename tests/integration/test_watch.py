"""`briefing build --watch`: each change is built, what goes wrong is waited out, Ctrl-C ends it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.conftest import PERIOD, ProjectFolder, run_briefing
from tests.faults.newsroom import Desk
from tests.faults.processes import wait_for

OWN = """
import pandas as pd


def lent(frames):
    return pd.DataFrame({"branch": ["main"], "lent": [7]})
"""
DONE = "Waiting for a change; Ctrl-C ends."


class Watching:
    """A build that waits for changes."""

    def __init__(self, project: ProjectFolder, *more: str) -> None:
        self.log = project.root.parent / "watch.log"
        words = ["build", "--period", PERIOD, "--watch", *more]
        with self.log.open("wb") as said:
            self.process = subprocess.Popen(
                # a shell that runs the tests in the background lets them ignore Ctrl-C
                ["env", "--default-signal=INT", sys.executable, "-m", "briefing", *words],
                cwd=project.root,
                env={**os.environ, "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"},  # noqa: TID251
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.desk = Desk(self.process, self.log)
        self._rounds = 0

    def round(self) -> str:
        """Wait until one more round is over; what was said in it."""
        self._rounds += 1
        wait_for("a round", lambda: self._ended() or self._said().count(DONE) >= self._rounds)
        assert self.process.poll() is None, self._said()
        return self._said().split(DONE)[self._rounds - 1]

    def _said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def _ended(self) -> bool:
        return self.process.poll() is not None


@contextmanager
def watching(project: ProjectFolder, *more: str) -> Iterator[Watching]:
    watch = Watching(project, *more)
    try:
        yield watch
    finally:
        watch.desk.end()


def pdf(project: ProjectFolder) -> bytes:
    (found,) = Path(project.root, "output").rglob("briefing.pdf")
    return found.read_bytes()


def test_each_change_is_built_and_comes_out_as_a_single_build_would(small_project: ProjectFolder):
    with watching(small_project) as watch:
        assert "Built: library-loans" in watch.round()
        pages = [pdf(small_project)]
        small_project.replace("data/loans.csv", "1500", "1501")
        assert "Changed: data/loans.csv" in watch.round()
        pages.append(pdf(small_project))
        small_project.replace(small_project.report_file, "Library loans", "Library lendings")
        assert "Rebuilt in place" in watch.round()
        pages.append(pdf(small_project))
        family = watch.desk.family()
        watch.process.send_signal(signal.SIGINT)
        assert watch.process.wait(60) == 0
        wait_for("the end of all", lambda: not any(one.lives for one in family), 10)
    assert len(set(pages)) == 3
    words = ("build", "--period", PERIOD, "--output", "single")
    single = run_briefing(*words, cwd=small_project.root, env={"BRIEFING_CACHE": "off"})
    assert single.code == 0, single.said
    (alone,) = Path(small_project.root, "single").rglob("briefing.pdf")
    assert alone.read_bytes() == pages[-1]


def test_what_is_wrong_is_said_and_waited_out(small_project: ProjectFolder):
    good = small_project.read("data/loans.csv")
    small_project.replace("data/loans.csv", "1500", "many")
    with watching(small_project, "--format", "html") as watch:
        assert "data/loans.csv:3: lent: 'many'" in watch.round()
        small_project.write("data/loans.csv", good)
        assert "Built: library-loans" in watch.round()
        small_project.replace("config.yaml", "publisher: City Library", "publisher: [")
        assert "config.yaml:" in watch.round()
        small_project.replace("config.yaml", "publisher: [", "publisher: Town Library")
        assert "Changed: config.yaml" in watch.round()


def test_code_of_the_projects_own_is_loaded_anew(small_project: ProjectFolder):
    small_project.write("own.py", OWN)
    text = small_project.read(small_project.report_file)
    text = text.replace("tables:\n", "tables:\n  own: {use: 'own:lent', dataset: loans}\n", 1)
    text = text.replace("table: by_branch\n    only", "table: own\n    only", 1)
    text = text.replace("books lent, {{ row.branch_name }}", "books lent")
    text = text.replace("대출 권수, {{ row.branch_name }}", "대출 권수")
    small_project.write(small_project.report_file, text)
    with watching(small_project, "--format", "html") as watch:
        assert "Built: library-loans" in watch.round()
        small_project.replace("own.py", "7", "8")
        assert "Rebuilt in place" in watch.round()


def test_without_the_process_that_prints_it_goes_on(small_project: ProjectFolder):
    with watching(small_project) as watch:
        watch.round()
        before = {one.pid for one in watch.desk.family()}
        for one in watch.desk.family():
            if one.pid != watch.desk.pid:
                one.send(signal.SIGKILL)
        small_project.replace("data/loans.csv", "1500", "1501")
        assert "Changed: data/loans.csv" in watch.round()
        assert len(before) > 1


def test_an_issue_elsewhere_is_no_change(small_project: ProjectFolder):
    with watching(small_project, "--output", "drafts", "--format", "html") as watch:
        assert "Built as a copy" in watch.round()
        small_project.replace("data/loans.csv", "1500", "1501")
        assert "drafts/library-loans" in watch.round()
        time.sleep(1)
        assert watch.log.read_text(encoding="utf-8").count(DONE) == 2


@pytest.mark.parametrize(
    "more", [("--deliver",), ("--revise", "--reason", "a slip"), ("--json",)], ids=str
)
def test_a_watch_neither_sends_nor_corrects(small_project: ProjectFolder, more: tuple[str, ...]):
    refused = run_briefing("build", "--watch", *more, cwd=small_project.root)
    assert refused.code == 2
    assert "Drop --watch" in refused.err


def test_what_there_is_not_is_not_waited_for(small_project: ProjectFolder):
    refused = run_briefing("build", "loans", "--watch", cwd=small_project.root)
    assert refused.code == 2
    assert "There is no report 'loans'" in refused.err
    assert DONE not in refused.err

"""Many issues at once: the bytes of one worker, the order asked for, and nothing left behind."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import ProjectFolder, run_briefing
from tests.faults.newsroom import BRIEFING, Desk, Newsroom
from tests.faults.processes import Process, wait_for

PERIOD = "2026-10"
DAY = "2026-10-01"


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    """Four editions of a page."""
    room = Newsroom(tmp_path / "project")
    room.branches(4)
    room.report("daily", editions=True)
    yield room
    room.end()


def build(room: Newsroom, workers: int, *more: str) -> Desk:
    words = ["build", "--period", DAY, "--format", "html", "--workers", str(workers)]
    # a shell that runs the tests in the background lets them ignore Ctrl-C
    return room.start(["env", "--default-signal=INT", *BRIEFING, *words, *more])


def said(desk: Desk) -> str:
    return desk.log.read_text(encoding="utf-8")


def test_the_bytes_do_not_depend_on_the_workers(small_project: ProjectFolder):
    words = ("build", "--period", PERIOD, "--language", "all")
    one = run_briefing(*words, "--workers", "1", "--output", "one", cwd=small_project.root)
    two = run_briefing(*words, "--workers", "2", "--output", "two", cwd=small_project.root)
    assert (one.code, two.code) == (0, 0), one.said + two.said
    assert two.out == one.out.replace("one/", "two/")
    assert small_project.files("one") == small_project.files("two")
    assert len(small_project.files("one")) > 10
    lines = two.err.splitlines()
    assert "1 of 2: library-loans/2026-10/" in two.err
    assert lines[-1].startswith("2 of 2: library-loans/2026-10/")


def test_results_stay_in_the_order_asked_for(newsroom: Newsroom):
    newsroom.conduct("until go")
    desk = build(newsroom, 2)
    wait_for("two at work", lambda: len(newsroom.builders()) == 2)
    newsroom.release(f"go-{newsroom.builders()[1]}")  # one worker is held, the other does the rest
    wait_for("the rest", lambda: list(newsroom.states().values()).count("published") == 3)
    newsroom.release("go")
    assert desk.wait() == 0, said(desk)
    done = [line for line in said(desk).splitlines() if " of 4: " in line]
    built = [line for line in said(desk).splitlines() if line.startswith("Built:")]
    assert [line[:6] for line in done] == ["1 of 4", "2 of 4", "3 of 4", "4 of 4"]
    assert [line[-7:] for line in done] != sorted(line[-7:] for line in done)
    assert built == sorted(built)


def test_one_that_fails_stops_no_other(
    newsroom: Newsroom,
):
    newsroom.conduct("raise-in-turn badly")
    desk = build(newsroom, 2)
    assert desk.wait() == 1
    built = [line for line in said(desk).splitlines() if line.startswith("Built:")]
    failed = [line for line in said(desk).splitlines() if line.startswith("Not built:")]
    assert len(built) == len(failed) == 2
    assert built == sorted(built)
    assert failed == sorted(failed)
    assert said(desk).count("badly") == 2
    assert sorted(newsroom.states().values()) == ["failed", "failed", "published", "published"]


def test_a_worker_that_is_killed_costs_a_second_try(newsroom: Newsroom):
    newsroom.conduct("until go")
    desk = build(newsroom, 2)
    wait_for("two at work", lambda: len(newsroom.builders()) == 2)
    newsroom.conduct("")
    victim = Process.of(newsroom.builders()[0])
    victim.send(signal.SIGKILL)
    newsroom.release("go")
    assert desk.wait() == 0, said(desk)
    assert set(newsroom.states().values()) == {"published"}
    assert len(newsroom.states()) == 4
    assert len(newsroom.builders()) == 5
    assert not newsroom.leftovers()


def test_a_fork_server_that_is_killed_costs_a_second_try_of_all_at_work(newsroom: Newsroom):
    newsroom.conduct("until go")
    desk = build(newsroom, 2)
    wait_for("two at work", lambda: len(newsroom.builders()) == 2)
    newsroom.conduct("")
    status = Path(f"/proc/{newsroom.builders()[0]}/status").read_text(encoding="utf-8")
    (parent,) = [line.split()[1] for line in status.splitlines() if line.startswith("PPid:")]
    assert int(parent) != desk.pid
    Process.of(int(parent)).send(signal.SIGKILL)
    assert desk.wait() == 0, said(desk)
    assert list(newsroom.states().values()) == ["published"] * 4
    assert len(newsroom.builders()) == 6
    assert not newsroom.leftovers()


def test_an_issue_that_ends_its_workers_fails_alone(newsroom: Newsroom):
    newsroom.report("deadly", "killed", editions=False)
    desk = build(newsroom, 2, "daily", "deadly")
    assert desk.wait() == 4
    assert "It was tried twice" in said(desk)
    assert sorted(newsroom.states().values()) == ["failed", *["published"] * 4]
    assert len(newsroom.builders("deadly")) == 2


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 128 + signal.SIGTERM)]
)
@pytest.mark.parametrize("workers", [1, 2])
def test_stopped_by_hand_nothing_is_left_behind(
    newsroom: Newsroom, number: signal.Signals, code: int, workers: int
):
    newsroom.conduct("hang")
    desk = build(newsroom, workers)
    wait_for("builds", lambda: len(newsroom.builders()) == workers)
    family = desk.family()
    desk.signal(number)
    assert desk.wait() == code, said(desk)
    wait_for("the end of all", lambda: not any(one.lives for one in family), 10)
    assert "Traceback" not in said(desk)
    assert set(newsroom.states().values()) == {"cancelled"}
    assert len(newsroom.states()) == workers  # the others were never taken
    assert not list(newsroom.output.glob("*/*/*/.r*"))
    newsroom.conduct("")
    assert build(newsroom, 2).wait() == 0
    assert set(newsroom.states().values()) == {"published"}


def test_the_keyboard_stops_all_of_them_while_they_are_being_started(newsroom: Newsroom):
    desk = build(newsroom, 2)
    family = wait_for("a fork server", lambda: desk.family() if len(desk.family()) > 2 else [])
    os.killpg(desk.pid, signal.SIGINT)  # as a terminal does: everybody in the foreground gets it
    # Python ends by the signal itself where it came while a library was being loaded
    assert desk.wait() in {130, -signal.SIGINT}, said(desk)
    wait_for("the end of all", lambda: not any(one.lives for one in family), 30)
    assert "Stopped; nothing half-made is left behind." in said(desk)
    assert "Traceback" not in said(desk)
    assert "Error" not in said(desk)
    assert set(newsroom.states().values()) <= {"cancelled"}


def test_past_periods_are_made_here_many_at_once(newsroom: Newsroom):
    words = ["backfill", "daily", "--from", "2026-10-01", "--to", "2026-10-02", "--here"]
    desk = newsroom.start([*BRIEFING, *words, "--workers", "2"])
    assert desk.wait() == 0, said(desk)
    assert said(desk).count("Built: daily/2026-10-0") == 8
    assert "8 of 8: daily/2026-10-0" in said(desk)
    assert list(newsroom.states().values()) == ["published"] * 8


def test_who_waits_gets_the_issues_of_another_after_their_own(newsroom: Newsroom):
    newsroom.conduct("until go")
    first = build(newsroom, 2)
    wait_for("two at work", lambda: len(newsroom.builders()) == 2)
    newsroom.conduct("")
    second = build(newsroom, 2, "--wait")
    wait_for("those left", lambda: list(newsroom.states().values()).count("published") == 2)
    newsroom.release("go")
    assert first.wait() in {0, 75}  # 75 where the other one was at the rest just then
    assert second.wait() == 0, said(second)
    assert set(newsroom.states().values()) == {"published"}
    assert len(newsroom.states()) == 4

"""A ledger that vanishes: the archive is taken over, and nothing that lies there is made again."""

from __future__ import annotations

import pytest
from tests.faults.conftest import Settle
from tests.faults.days import days_ago, editions, issue
from tests.faults.newsroom import Newsroom
from tests.faults.processes import wait_for
from tests.faults.witness import Witness

pytestmark = pytest.mark.faults
AT_ONCE = {"every": "day", "at": '"00:00"', "retry": '["1 second", "1 second"]'}
TICK = ("--tick", "0.3")


def delete(newsroom: Newsroom) -> None:
    for path in newsroom.ledger.parent.glob(f"{newsroom.ledger.name}*"):
        path.unlink()


def test_deleted_while_nobody_works_nothing_is_made_twice(
    newsroom: Newsroom, witness: Witness, settle: Settle
):
    newsroom.branches(3)
    newsroom.report("daily", editions=True, **AT_ONCE)
    first = newsroom.serve()
    newsroom.wait_until(editions(3))
    assert first.stop() == 0
    witness.remember()
    delete(newsroom)
    second = newsroom.rehearse(*TICK)
    wait_for("a plan in the new ledger", newsroom.planned)
    newsroom.wait_until(editions(3))
    assert second.stop() == 0
    account = settle("ledger deleted while stopped", 1, editions(3))
    assert account.built_again == 0


def test_deleted_while_it_builds_nothing_is_lost_and_nothing_made_twice(
    newsroom: Newsroom, witness: Witness, settle: Settle
):
    newsroom.branches(6)
    newsroom.report("daily", "slow 1", editions=True, **AT_ONCE)
    desk = newsroom.rehearse(*TICK)
    newsroom.wait_until(editions(2))
    wait_for("four builds", lambda: len(newsroom.builders()) >= 4)
    witness.remember()
    delete(newsroom)
    desk.hear("the ledger had vanished; a new one took over the archive")
    newsroom.wait_until(editions(6))
    assert desk.stop() == 0
    settle("ledger deleted while it builds", 1, editions(6))


def test_a_build_of_the_lost_ledger_publishes_nothing_into_another_run_of_the_new_one(
    newsroom: Newsroom, witness: Witness, settle: Settle
):
    """In the new ledger the numbers of the runs begin anew, and belong to other issues."""
    newsroom.report("first", "raise not yet", **AT_ONCE)
    newsroom.report("second", "until go-1", **AT_ONCE)
    first, second = issue("first"), issue("second")
    assert newsroom.ask("build", "first", "--period", str(days_ago(9))).returncode == 1
    newsroom.conduct("until go-1", "first")
    old = newsroom.rehearse(*TICK)
    wait_for(
        "both builds", lambda: len(newsroom.builders("first") + newsroom.builders("second")) == 3
    )
    assert [newsroom.rows()[item].id for item in (first, second)] == [2, 3]
    witness.remember()
    delete(newsroom)
    for name in ("first", "second"):
        newsroom.conduct("until go-2", name)
    new = newsroom.rehearse(*TICK)
    newsroom.wait_until([first, second], "running")
    assert [newsroom.rows()[item].id for item in (first, second)] == [1, 2]
    newsroom.release("go-1", "first")  # run 2 of the old ledger; run 2 of the new one is `second`
    old.hear("lost")
    for name in ("first", "second"):
        newsroom.release("go-1", name)
        newsroom.release("go-2", name)
    newsroom.wait_until([first, second])
    assert old.stop() == 0
    assert new.stop() == 0
    settle("ledger deleted, and its builds go on", 1, [first, second])

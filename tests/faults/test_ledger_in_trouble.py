"""A ledger that is locked or damaged is left as it is, said to a person, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.conftest import Settle
from tests.faults.days import editions, issue
from tests.faults.newsroom import Newsroom
from tests.faults.processes import wait_for
from tests.faults.surroundings import locked, owner_of

pytestmark = pytest.mark.faults
AT_ONCE = {"every": "day", "at": '"00:00"', "retry": '["1 second", "1 second"]'}
TICK = ("--tick", "0.3")
PAGE = 4096


def spoil(ledger: Path, what: str) -> bytes:
    """Damage the file in place; what it held."""
    held = ledger.read_bytes()
    with ledger.open("r+b") as file:
        if what == "header":
            file.write(b"\xff" * 100)
        else:  # every page but the first, which says what the file is
            file.seek(PAGE)
            file.write(b"\xa5" * (len(held) - PAGE))
    return held


def test_locked_by_another_program_for_longer_than_anyone_waits(newsroom: Newsroom, settle: Settle):
    newsroom.branches(4)
    newsroom.report("daily", "until go", editions=True, **AT_ONCE)
    desk = newsroom.rehearse(*TICK)
    wait_for("two builds", lambda: len(newsroom.builders()) >= 2)
    with locked(newsroom.ledger):
        newsroom.release("go")  # both finish, and cannot say so
        desk.hear("the ledger does not answer", times=2)
    newsroom.wait_until(editions(4), within=120)
    assert desk.stop() == 0
    assert not newsroom.leftovers()
    settle("SQLite locked by another program for 20 s", 1, editions(4))


@pytest.mark.parametrize("what", ["header", "pages"])
def test_damaged_while_nobody_works_it_is_refused_and_kept(
    newsroom: Newsroom, settle: Settle, what: str
):
    newsroom.report("daily", **AT_ONCE)
    first = newsroom.serve()
    newsroom.wait_until([issue()])
    assert first.stop() == 0
    before = spoil(newsroom.ledger, what)
    damaged = newsroom.ledger.read_bytes()
    with owner_of(newsroom) as owner:
        refused = newsroom.serve()
        assert refused.wait() == 4
        assert "is damaged" in refused.tail()
        assert "Traceback" not in refused.tail()
    assert newsroom.ledger.read_bytes() == damaged
    assert len(newsroom.builders()) == 1
    assert owner.heard == []
    newsroom.ledger.write_bytes(before)
    last = newsroom.rehearse(*TICK)
    newsroom.wait_until([issue()])
    assert last.stop() == 0
    assert settle(f"ledger damaged while stopped: {what}", 1, [issue()]).built_again == 0


@pytest.mark.parametrize("what", ["header", "pages"])
def test_damaged_while_it_works_it_is_said_once_and_nothing_is_begun(
    newsroom: Newsroom, settle: Settle, what: str
):
    newsroom.branches(2)
    newsroom.report("daily", "until go", editions=True, **AT_ONCE)
    with owner_of(newsroom) as owner:
        desk = newsroom.rehearse(*TICK, "--lease", "15")
        wait_for("two builds", lambda: len(newsroom.builders()) == 2)
        before = spoil(newsroom.ledger, what)
        desk.hear("the ledger does not answer", times=10)
        newsroom.release("go")
        desk.hear("not recorded", times=2)
        damaged = newsroom.ledger.read_bytes()
        assert len(owner.heard) == 1
    assert damaged[PAGE:] != before[PAGE:] or damaged[:100] != before[:100]
    newsroom.ledger.write_bytes(before)
    newsroom.wait_until(editions(2), within=90)
    assert desk.stop() == 0
    assert not newsroom.leftovers()
    settle(f"ledger damaged while it works: {what}", 1, editions(2))

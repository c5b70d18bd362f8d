"""A PostgreSQL ledger that restarts, is killed or is cut off: nothing lost, nothing twice."""

from __future__ import annotations

from contextlib import suppress

import pytest
from tests.faults.conftest import Settle
from tests.faults.days import editions
from tests.faults.newsroom import Newsroom
from tests.faults.processes import wait_for
from tests.faults.surroundings import Wire
from tests.services.conftest import Cluster, postgres

__all__ = ["postgres"]
pytestmark = pytest.mark.faults
AT_ONCE = {"every": "day", "at": '"00:00"', "retry": '["1 second", "1 second"]'}
SHORT = ("--tick", "0.3", "--lease", "15")


@pytest.fixture
def six(newsroom: Newsroom, postgres: Cluster) -> list[str]:
    """Six issues that are due, each of which takes a second longer than usual."""
    newsroom.state_url = postgres.create()
    newsroom.branches(6)
    newsroom.report("daily", "slow 1", editions=True, **AT_ONCE)
    return editions(6)


def test_restarted_in_the_middle(
    newsroom: Newsroom, six: list[str], postgres: Cluster, settle: Settle
):
    desk = newsroom.rehearse(*SHORT)
    for count in (2, 4):
        wait_for("builds", lambda count=count: len(newsroom.builders()) >= count)
        postgres.stop()
        postgres.start()
    newsroom.wait_until(six, within=120)
    assert desk.stop() == 0
    assert not newsroom.leftovers()
    settle("PostgreSQL restarted", 2, six)


def started(postgres: Cluster) -> bool:
    """Whether it starts; it does not until the children of one that was killed have noticed."""
    with suppress(AssertionError):
        postgres.start()
        return True
    return False


def test_killed_in_the_middle(
    newsroom: Newsroom, six: list[str], postgres: Cluster, settle: Settle
):
    desk = newsroom.rehearse(*SHORT)
    for count in (2, 4):
        wait_for("builds", lambda count=count: len(newsroom.builders()) >= count)
        postgres.kill()
        wait_for("a server that starts", lambda: started(postgres))
    newsroom.wait_until(six, within=120)
    assert desk.stop() == 0
    assert not newsroom.leftovers()
    settle("kill -9 of PostgreSQL", 2, six)


def test_the_network_to_it_is_cut_for_longer_than_the_lease(
    newsroom: Newsroom, six: list[str], postgres: Cluster, settle: Settle
):
    """The other one, whose way is open, takes over; the cut one publishes nothing afterwards."""
    wire = Wire(postgres.port)
    direct = newsroom.state_url
    newsroom.environ["LEDGER_URL"] = direct.replace(f":{postgres.port}/", f":{wire.port}/")
    cut_off = newsroom.rehearse(*SHORT)
    wait_for("two builds", lambda: len(newsroom.builders()) >= 2)
    wire.cut()
    newsroom.environ["LEDGER_URL"] = direct
    other = newsroom.rehearse(*SHORT)
    newsroom.wait_until(six, within=120)
    wire.mend()
    assert cut_off.stop() == 0
    assert other.stop() == 0
    wire.close()
    assert not newsroom.leftovers()
    settle("the network to PostgreSQL cut for longer than the lease", 1, six)


def test_of_three_nodes_one_is_cut_off_and_one_is_killed(
    newsroom: Newsroom, postgres: Cluster, settle: Settle
):
    """The third one makes all that the others leave: each issue once, none lost."""
    newsroom.state_url = postgres.create()
    newsroom.branches(9)
    newsroom.report("daily", "until go", editions=True, **AT_ONCE)
    nine = editions(9)
    wire = Wire(postgres.port)
    direct = newsroom.state_url
    newsroom.environ["LEDGER_URL"] = direct.replace(f":{postgres.port}/", f":{wire.port}/")
    cut_off = newsroom.rehearse(*SHORT)
    newsroom.environ["LEDGER_URL"] = direct
    killed, other = newsroom.rehearse(*SHORT), newsroom.rehearse(*SHORT)
    wait_for("two builds on each node", lambda: len(newsroom.builders()) == 6)
    wire.cut()
    killed.kill()
    newsroom.conduct("slow 1")
    newsroom.release("go")  # what the one that is cut off has made is ready, and its way is not
    newsroom.wait_until(nine, within=240)
    wire.mend()
    assert cut_off.stop() == 0
    assert other.stop() == 0
    wire.close()
    assert not newsroom.leftovers()
    account = settle("three nodes on PostgreSQL: one cut off, one killed", 2, nine)
    taken_over = [row for row in newsroom.rows().values() if row.count("claimed") > 1]
    assert len(taken_over) >= 4  # two of each node that left
    assert account.published == 9

"""Lines that break and processes that die: with the archive, every reader gets exactly one."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.processes import wait_for
from tests.faults.tracing import KILL, counted, points, traced
from tests.services.mailroom import Mailroom, begin, child_of
from tests.services.mailserver import CuttingProxy, free_ports

from briefing.structures import Delivery

pytest_plugins = ["tests.services.mailroom_fixtures"]
service = pytest.mark.services
FAULTS = ("before the dot", "dot", "answer")
ALONE = {"archive": None}
TRACED = ("write", "pwrite64", "fsync", "fdatasync")


@pytest.fixture
def proxy(mailroom: Mailroom) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(mailroom.servers.submission)
    yield proxy
    proxy.close()


def many(count: int) -> list[str]:
    """So many readers, who share three mailboxes."""
    return [f"{('anna', 'ben', 'chloe')[number % 3]}+{number}" for number in range(count)]


def breaks(mailroom: Mailroom, proxy: CuttingProxy, faults: dict[str, str], times: int = 1) -> None:
    """Break the line when the message of one of these readers lacks only its dot."""
    broken: Counter[str] = Counter()

    def before_dot(delivery: Delivery) -> None:
        fault = faults.get(delivery.recipient.partition("@")[0])
        if fault is None or broken[delivery.recipient] >= times:
            return
        broken[delivery.recipient] += 1
        if fault == "before the dot":
            proxy.hang_up()
        else:
            proxy.cut_at(fault)

    mailroom.ledger.before_dot = before_dot


# -- lines that break --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "messages", [pytest.param(24, marks=service), pytest.param(200, marks=pytest.mark.soak)]
)
def test_with_the_archive_every_message_arrives_once(
    mailroom: Mailroom, proxy: CuttingProxy, messages: int
):
    names = many(messages)
    cut = random.Random(7).sample(names, messages // 2)
    mailroom.queue(names)
    breaks(mailroom, proxy, {name: FAULTS[n % 3] for n, name in enumerate(cut)})
    mailroom.look(port=proxy.port)
    first = mailroom.states()
    assert first["uncertain"] == sum(n % 3 > 0 for n in range(len(cut)))
    assert first["deferred"] == sum(n % 3 == 0 for n in range(len(cut)))
    assert proxy.cuts == len(cut)
    mailroom.finish(port=proxy.port)
    account = mailroom.account("line cut around the dot, archive asked")
    assert (account.messages, account.once) == (messages, messages)
    assert account.states == {"sent": messages}
    assert set(mailroom.arrived("archive").values()) == {1}


@service
@pytest.mark.parametrize(
    ("policy", "once", "twice", "never", "states"),
    [
        ("resend_once", 9, 3, 0, {"sent": 12}),
        ("hold", 9, 0, 3, {"sent": 6, "uncertain": 6}),
    ],
)
def test_without_the_archive_the_policy_decides_who_may_get_two_or_none(
    mailroom: Mailroom,
    proxy: CuttingProxy,
    policy: str,
    once: int,
    twice: int,
    never: int,
    states: dict[str, int],
):
    names = many(12)
    mailroom.queue(names)
    breaks(mailroom, proxy, {name: FAULTS[n % 3] for n, name in enumerate(names[:9])})
    keys = {**ALONE, "port": proxy.port, "on_uncertain": policy}
    mailroom.look(**keys)
    assert mailroom.states() == {"deferred": 3, "sent": 3, "uncertain": 6}
    mailroom.finish(**keys)
    account = mailroom.account(f"line cut around the dot, no archive, {policy}")
    assert (account.once, account.twice, account.never) == (once, twice, never)
    assert account.states == states


@service
def test_what_is_in_doubt_twice_is_not_sent_a_third_time(mailroom: Mailroom, proxy: CuttingProxy):
    mailroom.queue(["anna"])
    breaks(mailroom, proxy, {"anna": "answer"}, times=9)
    for _ in range(4):
        mailroom.look(**ALONE, port=proxy.port)
        mailroom.servers.settle()
        mailroom.later(minutes=6)
    assert proxy.cuts == 2
    account = mailroom.account("answer lost at every try, no archive")
    assert (account.twice, account.states) == (1, {"uncertain": 1})


@service
def test_an_archive_that_does_not_answer_settles_nothing(mailroom: Mailroom, proxy: CuttingProxy):
    names = ["anna", "ben"]
    mailroom.queue(names)
    breaks(mailroom, proxy, {"anna": "answer", "ben": "dot"})
    mailroom.look(port=proxy.port)
    right = mailroom.passwords["ARCHIVE"]
    mailroom.passwords["ARCHIVE"] = "wrong"
    mailroom.finish(2, port=proxy.port)
    assert mailroom.states() == {"uncertain": 2}
    assert mailroom.alarms() == ["2 messages may have arrived or not"]
    mailroom.passwords["ARCHIVE"] = right
    mailroom.finish(2, port=proxy.port)
    account = mailroom.account("archive mailbox does not answer for a while")
    assert (account.once, account.states) == (2, {"sent": 2})


@service
def test_a_server_that_is_away_for_a_while_costs_nobody_anything(mailroom: Mailroom):
    mailroom.queue(many(6))
    (port,) = free_ports(1)
    for _ in range(3):
        mailroom.look(port=port)
        mailroom.later(hours=1)
    mailroom.look()
    account = mailroom.account("server away for three hours")
    assert (account.once, account.states) == (6, {"sent": 6})


# -- processes that die ------------------------------------------------------------------------


def read_once(pipe: Path) -> bytes:
    """The line that a process writes into a pipe; the next one waits for somebody to read it."""
    with pipe.open("rb") as reading:
        return reading.read()


def die_after_the_dot(mailroom: Mailroom) -> None:
    """What remembers it is a pipe here that is read once: the process cannot get past the dot."""
    book = mailroom.root / ".briefing/sent.jsonl"
    os.mkfifo(book)
    with child_of(mailroom) as child:
        begin(child)
        assert read_once(book)  # before the dot
        wait_for("the message", lambda: mailroom.arrived("anna"))
        child.kill()
    book.unlink()


@service
def test_killed_between_the_dot_and_what_remembers_it(mailroom: Mailroom):
    mailroom.queue(["anna", "ben"])
    die_after_the_dot(mailroom)
    assert mailroom.states() == {"queued": 1, "sending": 1}
    mailroom.finish()
    account = mailroom.account("killed between the dot and sent.jsonl")
    assert (account.once, account.states) == (2, {"sent": 2})


@service
def test_killed_between_the_dot_and_the_commit(mailroom: Mailroom):
    """The ledger is locked while the server thinks, so that the process cannot write to it."""
    mailroom.queue(["slow", "ben"])
    with child_of(mailroom) as child:
        begin(child)
        wait_for("the claim", lambda: mailroom.states().get("sending") == 1)
        file = mailroom.root / ".briefing/ledger.sqlite"
        lock = sqlite3.connect(file, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        wait_for("the message", lambda: mailroom.arrived("slow"))
        wait_for("the line", (mailroom.root / ".briefing/sent.jsonl").exists)
        child.kill()
        child.wait()
        lock.close()
    assert mailroom.states() == {"queued": 1, "sending": 1}
    mailroom.finish(**ALONE)  # what is remembered beside the ledger is enough
    account = mailroom.account("killed between sent.jsonl and the commit")
    assert (account.once, account.states) == (2, {"sent": 2})


@pytest.mark.parametrize(
    "most",
    [
        pytest.param(8, marks=service, id="a few calls"),
        pytest.param(None, marks=pytest.mark.soak, id="every call"),
    ],
)
def test_killed_at_any_call_every_reader_gets_one(
    mailroom: Mailroom, tmp_path: Path, most: int | None
):
    """Every call of the process that sends something, or changes what outlives it."""
    log = tmp_path / "calls"
    wanted, killed = points(_calls(mailroom, log), most), 0
    for number, point in enumerate(wanted):
        mailroom.queue([f"anna+{number}", f"ben+{number}"])
        with child_of(mailroom) as child, traced(child.pid, log, point, KILL, threads=True):
            begin(child)
            killed += child.wait() == -signal.SIGKILL
        mailroom.finish(2)
    assert killed > len(wanted) * 3 / 4  # it does not make quite as many calls each time
    account = mailroom.account(f"killed at {killed} calls of the process that sends")
    assert account.once == account.messages
    assert set(account.states) == {"sent"}


def _calls(mailroom: Mailroom, log: Path) -> Counter[str]:
    """How often such a process makes each call while it delivers to two readers."""
    mailroom.queue(["chloe+1", "chloe+2"])
    with child_of(mailroom) as child, traced(child.pid, log, threads=True):
        begin(child)
        assert child.wait() == 0
    found = counted(log)
    return Counter({name: found[name] for name in TRACED if found[name]})


@service
def test_a_message_that_took_long_is_not_looked_for_too_soon(
    mailroom: Mailroom, proxy: CuttingProxy
):
    """Its two minutes begin with the doubt, not with the dialogue, which may take minutes too."""
    mailroom.queue(["anna"])

    def before_dot(delivery: Delivery) -> None:
        if delivery.recipient:
            mailroom.later(minutes=3)
            proxy.cut_at("answer")

    mailroom.ledger.before_dot = before_dot
    mailroom.look(port=proxy.port)
    mailroom.look(port=proxy.port)
    assert mailroom.states() == {"uncertain": 1}
    mailroom.finish(1)
    account = mailroom.account("answer lost after a dialogue of three minutes")
    assert (account.once, account.states) == (1, {"sent": 1})


@service
def test_who_died_in_doubt_is_remembered_beside_the_ledger_too(mailroom: Mailroom):
    """A process dies after the dot; then the ledger is lost, before the archive was asked."""
    mailroom.queue(["anna", "ben"])
    die_after_the_dot(mailroom)
    mailroom.look()
    assert mailroom.states() == {"sent": 1, "uncertain": 1}
    mailroom.lose()
    mailroom.look()
    mailroom.finish()
    account = mailroom.account("killed after the dot, then the ledger lost")
    assert (account.once, account.states) == (2, {"sent": 2})

"""Issues go out over a real mail server: whatever it does, who can get one gets one."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from tests.faults.processes import wait_for
from tests.integration.smtp_server import CUT, HANG, Scripted, serving
from tests.services.mailroom import Mailroom, one
from tests.services.mailserver import free_ports

from briefing.postman import PostRoom

pytest_plugins = ["tests.services.mailroom_fixtures"]
pytestmark = pytest.mark.services
THREE = ("anna", "ben", "chloe")
ALONE = {"archive": None}
PLAIN = {**ALONE, "security": "none", "username": "", "password": None, "timeout": 0.5}
"""How a server is spoken to that does as it is told."""
ALL_THREE = (3, 3, 0, 0)


def counted(account: Any) -> tuple[int, int, int, int]:
    return account.messages, account.once, account.twice, account.never


# -- a server that turns everybody away --------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "script", "states", "alarms"),
    [
        ("421 in place of a greeting", {"banner": ["421 4.3.2 busy"]}, {"queued": 3}, 0),
        ("no greeting at all", {"banner": [HANG]}, {"queued": 3}, 0),
        ("hangs up at MAIL", {"mail": [CUT]}, {"queued": 3}, 0),
        ("450 at MAIL", {"mail": ["450 4.3.0 later"]}, {"queued": 3}, 0),
        ("530 at MAIL: wants a login", {"mail": ["530 5.7.0 log in"]}, {"queued": 3}, 1),
        ("554 at RCPT: nobody logged in", {"rcpt": ["554 5.7.1 denied"]}, {"queued": 3}, 1),
        ("450 at RCPT: greylisted", {"rcpt": ["450 4.2.0 later"]}, {"deferred": 3}, 0),
        ("452 at RCPT: mailbox full", {"rcpt": ["452 4.2.2 full"]}, {"deferred": 3}, 0),
        ("421 at RCPT", {"rcpt": ["421 4.3.2 closing"]}, {"deferred": 3}, 0),
        ("451 after the dot", {"dot": ["451 4.3.0 later"]}, {"deferred": 3}, 0),
    ],
)
def test_what_passes_costs_nobody_anything(
    mailroom: Mailroom, fault: str, script: dict[str, list[str]], states: dict, alarms: int
):
    mailroom.queue(THREE)
    with serving(Scripted(script, features="SIZE 1000000")) as server:
        assert mailroom.work(port=server.port, **PLAIN) == states
        tries = server.connections
        assert mailroom.work(port=server.port, **PLAIN) == states
        assert server.connections == tries, "it was tried again at once"
        assert server.taken == []
    assert len(mailroom.alarms()) == alarms
    mailroom.later(hours=1)
    assert mailroom.work() == {"sent": 3}
    assert counted(mailroom.account(fault)) == ALL_THREE
    assert mailroom.ledger.stopped_channels() == {}


def test_a_server_that_hangs_up_within_the_message_has_nothing(mailroom: Mailroom):
    """Whoever learns of it only after the dot cannot know that, and asks the archive."""
    mailroom.queue(THREE)
    with serving(Scripted({"body": [CUT]}, features="SIZE 1000000")) as server:
        states = mailroom.work(port=server.port, **PLAIN)
        assert set(states) <= {"deferred", "uncertain"}
        assert server.taken == []
    mailroom.finish()
    assert counted(mailroom.account("hangs up within the message")) == ALL_THREE


def test_nobody_listens(mailroom: Mailroom):
    mailroom.queue(THREE)
    (port,) = free_ports(1)
    assert mailroom.work(port=port) == {"queued": 3}
    assert {item.attempt for item in mailroom.deliveries()} == {0}
    mailroom.later(minutes=6)
    assert mailroom.work() == {"sent": 3}
    assert counted(mailroom.account("connection refused")) == ALL_THREE


@pytest.mark.parametrize(
    ("fault", "keys", "password", "said"),
    [
        ("535: wrong password", {}, "wrong", "user name or the password"),
        ("554: no login", {"username": "", "password": None}, "", "Access denied"),
        ("unknown authority", {"ca_file": None}, "", "certificate"),
        ("certificate of another name", {"host": "127.0.0.1"}, "", "certificate"),
        ("TLS where STARTTLS is meant", {"security": "tls"}, "", "encryption"),
    ],
)
def test_a_channel_that_is_wrong_burns_no_reader_and_rings_once(
    mailroom: Mailroom, fault: str, keys: dict[str, Any], password: str, said: str
):
    mailroom.queue(THREE)
    right = mailroom.passwords["MAIL"]
    mailroom.passwords["MAIL"] = password or right
    for _ in range(3):
        assert mailroom.work(**keys) == {"queued": 3}
        mailroom.later(minutes=20)
    assert {item.attempt for item in mailroom.deliveries()} == {0}
    (alarm,) = mailroom.ledger.alarms()
    assert said in alarm.body
    assert alarm.count == 3
    assert right not in alarm.body
    mailroom.passwords["MAIL"] = right
    assert mailroom.work() == {"sent": 3}
    assert counted(mailroom.account(fault)) == ALL_THREE


def test_a_server_without_starttls_gets_no_word_in_the_clear(mailroom: Mailroom):
    mailroom.queue(THREE)
    with serving(Scripted(features="SIZE 1000000")) as server:
        assert mailroom.work(**{**PLAIN, "security": "starttls"}, port=server.port) == {"queued": 3}
        assert {line.split()[0].lower() for line in server.heard} <= {"ehlo", "quit"}
    assert mailroom.alarms() == ["nothing goes out over mail"]
    mailroom.later(minutes=20)
    assert mailroom.work() == {"sent": 3}
    assert counted(mailroom.account("no STARTTLS offered")) == ALL_THREE


# -- readers who cannot get it -----------------------------------------------------------------


def test_a_greylist_that_gives_way_is_asked_again_after_its_five_minutes(mailroom: Mailroom):
    mailroom.queue(["anna"])
    script = {"rcpt": ["450 4.2.0 Greylisted, come back in 300 seconds", "250 well"]}
    with serving(Scripted(script, features="SIZE 1000000")) as server:
        assert mailroom.work(port=server.port, **PLAIN) == {"deferred": 1}
        mailroom.later(seconds=290)
        assert mailroom.work(port=server.port, **PLAIN) == {"deferred": 1}
        assert server.taken == []
        mailroom.later(seconds=11)
        assert mailroom.work(port=server.port, **PLAIN) == {"sent": 1}
        elsewhere = [content for _, _, content in server.taken]
    found = mailroom.account("450 greylisted, then taken", elsewhere)
    assert counted(found) == (1, 1, 0, 0)


def test_who_cannot_get_it_stands_in_nobody_elses_way_and_is_named_once(mailroom: Mailroom):
    mailroom.queue(["grey", "anna", "full", "gone", "ben", "closing", "nobody", "chloe"])
    assert mailroom.work() == {"deferred": 3, "refused": 2, "sent": 3}
    for _ in range(30):
        mailroom.later(hours=1)
        mailroom.look()
    account = mailroom.account("450, 452, 421 and 550 among others")
    assert counted(account) == (8, 3, 0, 5)
    assert account.states == {"expired": 3, "refused": 2, "sent": 3}
    by_reader = {item.recipient.partition("@")[0]: item for item in mailroom.deliveries()}
    assert [by_reader[name].code for name in ("gone", "nobody")] == [550, 550]
    assert all(5 < by_reader[name].attempt < 30 for name in ("grey", "full", "closing"))
    last = mailroom.ledger.alarms()[-1]
    assert last.subject == f"5 recipients do not have library-loans {mailroom.run.period}"
    for name in ("grey", "full", "gone", "closing", "nobody"):
        assert f"{name}@" in last.body
    assert "anna@" not in last.body


def test_the_failed_are_sent_it_again_and_nobody_else(mailroom: Mailroom):
    mailroom.queue([*THREE, "ben+1"])
    with serving(Scripted({"rcpt": ["550 5.1.1 unknown"]}, features="SIZE 1000000")) as server:
        mailroom.queue(["ben+1"])
        assert mailroom.work(port=server.port, **PLAIN)["refused"] == 1
    mailroom.queue([*THREE, "ben+1"])
    mailroom.ledger.send_again(mailroom.run, ("suppressed",))  # readers again, as they were
    assert mailroom.work() == {"refused": 1, "sent": 3}
    mailroom.ledger.send_again(mailroom.run)
    assert mailroom.work() == {"sent": 4}
    assert counted(mailroom.account("550, mended, asked for again")) == (4, 4, 0, 0)


@pytest.mark.parametrize(
    ("fault", "script"),
    [
        ("552 at MAIL", {"mail": ["552 5.3.4 too big"]}),
        ("552 after the dot", {"dot": ["552 5.3.4 too big"]}),
    ],
)
def test_what_is_too_large_in_every_form_is_refused(
    mailroom: Mailroom, fault: str, script: dict[str, list[str]]
):
    mailroom.queue(THREE)
    with serving(Scripted(script, features="HELP")) as server:
        assert mailroom.work(port=server.port, **PLAIN) == {"refused": 3}
        assert server.taken == []
    mailroom.work("shelf")
    assert mailroom.alarms() == ["3 recipients do not have library-loans 2026-10"]
    assert counted(mailroom.account(fault)) == (3, 0, 0, 3)


def test_what_is_too_large_goes_out_without_its_files(mailroom: Mailroom):
    mailroom.queue(THREE)
    with serving(Scripted(features="SIZE 40000")) as server:
        assert mailroom.work(port=server.port, **PLAIN) == {"sent": 3}
        elsewhere = [content for _, _, content in server.taken]
    assert {b"application/pdf" in content for content in elsewhere} == {False}
    found = mailroom.account("larger than SIZE: sent without the PDF", elsewhere)
    assert counted(found) == ALL_THREE


def test_one_more_copy_is_never_sent_because_others_were_refused(mailroom: Mailroom):
    mailroom.queue(["anna", "gone", "ben"])
    for _ in range(3):
        mailroom.work()
        mailroom.later(hours=2)
        mailroom.look()
    assert counted(mailroom.account("partial: one of three refused")) == (3, 2, 0, 1)


# -- a channel that is slow --------------------------------------------------------------------


def test_a_channel_that_hangs_holds_up_no_other(mailroom: Mailroom):
    mailroom.queue(THREE)
    script, released = {"banner": [HANG]}, threading.Event()
    with serving(Scripted(script, over=released)) as server:
        post = mailroom.post(mailroom.project(port=server.port, **{**PLAIN, "timeout": 30}))
        room = PostRoom(post)
        room.look(post)
        wait_for("the folder", lambda: mailroom.states("shelf") == {"sent": 1})
        assert room.is_busy
        assert mailroom.states() == {"queued": 2, "sending": 1}
        released.set()
        wait_for("the mail", lambda: not room.is_busy)
    mailroom.later(minutes=6)
    assert mailroom.work() == {"sent": 3}
    assert (mailroom.root / "shelf/library-loans/2026-10/ko/r1/manifest.json").is_file()
    assert counted(mailroom.account("mail hangs, the folder goes on")) == ALL_THREE


def test_a_reader_whose_server_is_slow_is_waited_for(mailroom: Mailroom):
    mailroom.queue(["slow", "anna"])
    assert mailroom.work() == {"sent": 2}
    assert counted(mailroom.account("two seconds of silence at RCPT")) == (2, 2, 0, 0)


# -- readers who want no more ------------------------------------------------------------------


def test_who_asked_for_no_more_after_it_was_queued_gets_none(mailroom: Mailroom):
    mailroom.queue([*THREE, "Ben+1"])
    post = mailroom.post()
    mailroom.write("away.txt", "BEN@example.org\nben+1@Example.org, by telephone\n")
    room = PostRoom(post)
    room.look(post)
    wait_for("the postmen", lambda: not room.is_busy)
    account = mailroom.account("asked for no more after queueing")
    assert counted(account) == (4, 2, 0, 2)
    assert account.states == {"sent": 2, "suppressed": 2}
    assert mailroom.arrived("ben") == Counter()


# -- what a reader sees ------------------------------------------------------------------------


def test_what_arrives_is_what_was_sealed(mailroom: Mailroom):
    mailroom.queue(["anna"])
    mailroom.work()
    (delivery,) = mailroom.deliveries()
    mailroom.servers.settle()
    message = one(mailroom.servers.mail("anna"))
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]
    folder = mailroom.root / "output" / delivery.issue
    (pdf,) = message.iter_attachments()
    sealed = sha256((folder / "briefing.pdf").read_bytes()).hexdigest()
    assert sha256(pdf.get_content()).hexdigest() == sealed
    assert pdf.get_filename() == "도서관 대출 2026-10.pdf"
    raw = mailroom.servers.fetch("anna")[0]
    assert b"filename*0*=utf-8''" in raw or b"filename*=utf-8''" in raw
    text = message.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert text == (folder / "mail/body.txt").read_text(encoding="utf-8")
    (picture,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert picture.get_content() == (folder / "mail/chart.png").read_bytes()
    assert message.get_all("To") == ["Reader anna <anna@example.org>"]
    assert message.get_all("Cc", []) == message.get_all("Bcc", []) == []
    assert message["Message-ID"] == delivery.message_id
    assert message["Date"].datetime == delivery.due.replace(microsecond=0)
    assert message["Content-Language"] == "ko"
    assert message["List-Id"] == "<library-loans.example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"].startswith("<mailto:stop@example.org")
    assert b"archive@" not in raw[raw.index(b"From: ") :]


def test_every_try_makes_the_same_message(mailroom: Mailroom):
    mailroom.queue(["anna"])
    with serving(Scripted({"dot": [CUT]}, features="SIZE 1000000")) as server:
        assert mailroom.work(port=server.port, **PLAIN) == {"uncertain": 1}
        ((_, _, first),) = server.taken
    mailroom.later(hours=1)
    assert mailroom.work(**ALONE) == {"sent": 1}
    mailroom.servers.settle()
    (second,) = mailroom.servers.fetch("anna")
    assert second[second.index(b"From: ") :] == first


def test_readers_see_when_it_was_due_however_late_it_goes_out(mailroom: Mailroom):
    mailroom.queue(["anna"])
    due = mailroom.deliveries()[0].due
    mailroom.later(hours=20)
    assert mailroom.work() == {"sent": 1}
    mailroom.servers.settle()
    said = one(mailroom.servers.mail("anna"))["Date"].datetime
    assert abs(said - due) < timedelta(seconds=1)

"""Mail over a real Postfix into real mailboxes: every fault has its receipt, no reader gets two."""

import random
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from briefing.channels.archive_mailbox import find
from briefing.channels.message import issue_message, message_id_of
from briefing.channels.smtp import Connection
from briefing.errors import ChannelError
from briefing.structures import (
    ArchiveMailbox,
    Attachment,
    Letter,
    Mailbox,
    MailServer,
    Picture,
    Receipt,
    Secret,
)

sys.path.append(str(Path(__file__).parent))
from mailserver import (
    DOMAIN,
    LARGEST,
    WAIT,
    CuttingProxy,
    MailServers,
    free_ports,
    mail_servers,
)

sys.path.pop()

pytestmark = pytest.mark.services
KOREA = timezone(timedelta(hours=9))
DUE = datetime(2026, 11, 2, 8, 0, tzinfo=KOREA)
PDF = b"%PDF-1.7\n" + random.Random(1).randbytes(300_000)
PNG = b"\x89PNG\r\n\x1a\n" + random.Random(2).randbytes(20_000)
PDF_NAME = "지역 혁신 브리핑 2026년 10월.pdf"
LETTER = Letter(
    report="regional-innovation",
    language="ko",
    subject="지역 혁신 브리핑 2026년 10월: 대구가 다시 선두",
    text="대구가 선두다.\n.\n..\nFrom here on it is dull.\n",
    html='<p>대구가 <b>선두</b>다.</p><img src="cid:chart" alt="막대">',
    pictures=(Picture("chart", PNG),),
    attachments=(Attachment(PDF_NAME, PDF, "application/pdf"),),
)
SHORT = replace(LETTER, pictures=(), attachments=(), html="")
ARCHIVE = f"archive@{DOMAIN}"


# -- the servers, and what is written down about them -------------------------------------------


@dataclass
class Outcomes:
    """What the servers did, and what became of the message."""

    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, fault: str, receipt: Receipt) -> None:
        pause = receipt.retry_after
        waits = f"{pause.total_seconds():.0f} s" if pause is not None else ""
        self.rows.append((fault, receipt.outcome, receipt.step, waits, receipt.text[:70]))

    def table(self) -> list[str]:
        rows = [("what the server did", "outcome", "step", "wait", "text"), *self.rows]
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        return [
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]


@pytest.fixture(scope="module")
def outcomes(request) -> Iterator[Outcomes]:
    """Printed when the last test is over."""
    found = Outcomes()
    yield found
    plugins = request.config.pluginmanager
    with plugins.get_plugin("capturemanager").global_and_fixture_disabled():
        terminal = plugins.get_plugin("terminalreporter")
        terminal.ensure_newline()
        for line in found.table():
            terminal.write_line(line)


@pytest.fixture(scope="module")
def running() -> Iterator[MailServers]:
    with mail_servers() as servers:
        yield servers


@pytest.fixture
def servers(running) -> Iterator[MailServers]:
    """The servers, with empty mailboxes afterwards."""
    yield running
    running.empty()


def at(servers: MailServers, **keys: Any) -> MailServer:
    server = MailServer(
        host="localhost",
        port=servers.submission,
        security="starttls",
        sender=Mailbox("지역 브리핑", f"briefing@{DOMAIN}"),
        username=f"briefing@{DOMAIN}",
        ca_file=servers.authority,
        unsubscribe=f"stop@{DOMAIN}",
    )
    return replace(server, **keys)


def connected(servers: MailServers, **keys: Any) -> Connection:
    return Connection(at(servers, **keys), Secret(servers.password("briefing")))


def archive(servers: MailServers, **keys: Any) -> ArchiveMailbox:
    mailbox = ArchiveMailbox(
        ARCHIVE, "localhost", servers.imaps, "tls", ARCHIVE, ca_file=servers.authority
    )
    return replace(mailbox, **keys)


def found(servers: MailServers, *message_ids: str, **keys: Any) -> set[str]:
    return find(archive(servers, **keys), message_ids, Secret(servers.password("archive")))


def issue(servers: MailServers, name: str, letter: Letter = LETTER, number: int = 1) -> tuple:
    """A message for somebody, with its Message-ID."""
    message_id = message_id_of(
        DOMAIN, report=letter.report, edition="ko", period="2026-10", revision=number,
        recipient_digest=name,
    )  # fmt: skip
    to = Mailbox("김 독자", f"{name}@{DOMAIN}")
    message = issue_message(letter, to, at(servers), date=DUE, message_id=message_id)
    return message_id, bytes(message)


def deliver(
    line: Connection, servers: MailServers, name: str, letter: Letter = SHORT, **more: Any
) -> Receipt:
    _, content = issue(servers, name, letter)
    return line.deliver(f"briefing@{DOMAIN}", [f"{name}@{DOMAIN}"], content, **more)


# -- mail that arrives ------------------------------------------------------------------------


def test_an_issue_arrives_as_it_was_made(servers, outcomes):
    message_id, content = issue(servers, "anna")
    with connected(servers) as line:
        receipt = line.deliver(f"briefing@{DOMAIN}", [f"anna@{DOMAIN}", ARCHIVE], content)
        assert line.most_bytes == LARGEST
    outcomes.add("took it", receipt)
    assert (receipt.outcome, receipt.step, receipt.code) == ("sent", "dot", 250)
    servers.settle()
    (message,) = servers.mail("anna")
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]
    assert message.get_body(("plain",)).get_content() == LETTER.text.replace("\n", "\r\n")
    assert message.get_body(("html",)).get_content().rstrip() == LETTER.html
    (pdf,) = message.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content()) == (PDF_NAME, PDF)
    (picture,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert (picture["Content-ID"], picture.get_content()) == ("<chart>", PNG)
    assert message["Subject"] == LETTER.subject
    assert message["Message-ID"] == message_id
    assert message["To"] == f"김 독자 <anna@{DOMAIN}>"
    assert message["Date"].datetime == DUE
    assert message["Auto-Submitted"] == "auto-generated"
    for name in ("anna", "archive"):
        # what the servers put before it is theirs; from our first header on it is as it was made
        (whole,) = servers.fetch(name)
        assert whole[whole.index(b"From: ") :] == content
    assert ARCHIVE.encode() not in content


def test_many_issues_go_over_one_connection(servers):
    with connected(servers) as line:
        for number in range(50):
            _, content = issue(servers, "ben", SHORT, number)
            receipt = line.deliver(f"briefing@{DOMAIN}", [f"ben@{DOMAIN}"], content)
            assert receipt.outcome == "sent"
    servers.settle()
    assert len({message["Message-ID"] for message in servers.mail("ben")}) == 50
    log = (servers.folder / "postfix.log").read_text(encoding="utf-8")
    assert "mail=51 rcpt=51 data=51" in log or "mail=50 rcpt=50 data=50" in log


def test_a_server_that_was_started_again_in_between_is_found_again(servers, outcomes):
    with connected(servers) as line:
        assert deliver(line, servers, "anna").outcome == "sent"
        servers.settle()  # what a server that stops has half handed on, it hands on again
        servers.stop()
        away = deliver(line, servers, "ben")
        outcomes.add("is away", away)
        servers.start()
        assert deliver(line, servers, "ben").outcome == "sent"
    assert (away.outcome, away.step) == ("deferred", "connection")
    servers.settle()
    assert [len(servers.mail(name)) for name in ("anna", "ben")] == [1, 1]


# -- every fault ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reader", "outcome", "code", "wait"),
    [
        ("grey", "deferred", 450, timedelta(minutes=5)),
        ("full", "deferred", 452, timedelta(minutes=5)),
        ("closing", "deferred", 421, timedelta(minutes=1)),
        ("gone", "refused", 550, None),
        ("nobody", "refused", 550, None),
    ],
)
def test_a_reader_who_cannot_get_it_stands_in_nobody_elses_way(
    servers, outcomes, reader, outcome, code, wait
):
    with connected(servers) as line:
        assert deliver(line, servers, "anna").outcome == "sent"
        receipt = deliver(line, servers, reader)
        assert deliver(line, servers, "ben").outcome == "sent"
    outcomes.add(f"{code} to {reader}@", receipt)
    assert (receipt.outcome, receipt.step, receipt.code) == (outcome, "recipient", code)
    assert receipt.retry_after == wait
    assert not receipt.about_everybody
    servers.settle()
    assert [len(servers.mail(name)) for name in ("anna", "ben")] == [1, 1]


def test_a_server_that_takes_its_time_is_waited_for_or_not(servers, outcomes):
    with connected(servers, timeout=0.5) as line:
        hasty = deliver(line, servers, "slow")
    with connected(servers) as line:
        patient = deliver(line, servers, "slow")
    outcomes.add("silent for longer than the timeout", hasty)
    outcomes.add("silent, but not for too long", patient)
    assert (hasty.outcome, hasty.step) == ("deferred", "recipient")
    assert patient.outcome == "sent"
    servers.settle()
    assert len(servers.mail("slow")) == 1


def test_what_is_too_large_is_not_sent_or_comes_back(servers, outcomes):
    file = Attachment("large.bin", bytes(LARGEST), "application/octet-stream")
    large = replace(SHORT, attachments=(file,))
    with connected(servers) as line:
        known = deliver(line, servers, "anna", large)
    with connected(servers, port=servers.unsized) as line:
        assert line.open() is None
        assert line.most_bytes is None
        learnt = deliver(line, servers, "anna", large)
        assert deliver(line, servers, "ben").outcome == "sent"
    outcomes.add("says SIZE, which is less", known)
    outcomes.add("says no SIZE, 552 after the dot", learnt)
    assert (known.outcome, known.step, known.code) == ("too_large", "sender", 0)
    assert (learnt.outcome, learnt.step, learnt.code) == ("too_large", "dot", 552)
    servers.settle()
    assert [len(servers.mail(name)) for name in ("anna", "ben")] == [0, 1]


def test_an_archive_that_is_refused_keeps_the_issue_from_going_out(servers, outcomes):
    for refused, outcome in (("gone", "channel_failed"), ("full", "deferred")):
        _, content = issue(servers, "anna", SHORT)
        with connected(servers) as line:
            to = [f"anna@{DOMAIN}", f"{refused}@{DOMAIN}"]
            receipt = line.deliver(f"briefing@{DOMAIN}", to, content)
        outcomes.add(f"took the reader, not the archive {refused}@", receipt)
        assert (receipt.outcome, receipt.step) == (outcome, "recipient")
    servers.settle()
    assert servers.mail("anna") == []


@pytest.mark.parametrize(
    ("fault", "keys", "password", "step", "said"),
    [
        ("has an unknown authority", {"ca_file": None}, "", "connection", "certificate"),
        ("has another authority", {"ca_file": "stranger.pem"}, "", "connection", "certificate"),
        ("has another name", {"host": "127.0.0.1"}, "", "connection", "certificate"),
        ("535: wrong password", {}, "wrong", "login", "user name or the password"),
        ("554: nobody logged in", {"username": ""}, None, "recipient", "Access denied"),
        ("is asked for TLS, wants STARTTLS", {"security": "tls"}, "", "connection", "encryption"),
        ("530: no TLS", {"security": "none", "username": ""}, None, "sender", "STARTTLS"),
    ],
)
def test_what_is_wrong_with_the_channel_is_nobodys_fault(
    servers, outcomes, fault, keys, password, step, said
):
    if isinstance(keys.get("ca_file"), str):
        keys = {**keys, "ca_file": servers.folder / keys["ca_file"]}
    secret = None if password is None else Secret(password or servers.password("briefing"))
    with Connection(at(servers, **keys), secret) as line:
        receipt = deliver(line, servers, "anna")
    outcomes.add(fault, receipt)
    assert (receipt.outcome, receipt.step) == ("channel_failed", step)
    assert receipt.about_everybody
    assert said in receipt.text
    assert servers.mail("anna") == []


def test_nobody_listening_is_tried_again(servers, outcomes):
    (port,) = free_ports(1)
    with connected(servers, port=port) as line:
        receipt = deliver(line, servers, "anna")
    outcomes.add("does not listen", receipt)
    assert (receipt.outcome, receipt.step) == ("deferred", "connection")


# -- the archive mailbox ----------------------------------------------------------------------


def test_the_archive_knows_what_has_arrived_and_nothing_else(servers):
    ids = []
    with connected(servers) as line:
        for number in range(3):
            message_id, content = issue(servers, "anna", SHORT, number)
            ids.append(message_id)
            to = [f"anna@{DOMAIN}"] + ([ARCHIVE] if number < 2 else [])
            assert line.deliver(f"briefing@{DOMAIN}", to, content).outcome == "sent"
    servers.settle()
    longer, shorter = ids[0].replace("<", "<x"), ids[0].replace("<r", "<")
    asked = [*ids, longer, shorter, ids[0].upper(), "<none@example.org>"]
    for keys in ({}, {"port": servers.imap, "security": "starttls"}):
        assert found(servers, *asked, **keys) == set(ids[:2])
    assert found(servers) == set()
    log = (servers.folder / "dovecot.log").read_text(encoding="utf-8")
    assert "deleted=0 expunged=0 trashed=0" in log
    assert [path.name for path in (servers.folder / "mail/archive/cur").iterdir()] == []


def test_the_copies_may_lie_in_a_folder_of_any_name(servers):
    folder = '브리핑 & "사본"/2026'
    message_id, content = issue(servers, "archive", SHORT)
    with connected(servers) as line:
        assert line.deliver(f"briefing@{DOMAIN}", [ARCHIVE], content).outcome == "sent"
    servers.settle()
    with pytest.raises(ChannelError, match=r"does not open the folder .*사본.*archive\.folder"):
        found(servers, message_id, folder=folder)
    servers.doveadm("mailbox", "create", "-u", ARCHIVE, folder.replace("/", "."))
    assert found(servers, message_id, folder=folder.replace("/", ".")) == set()
    words = ["-u", ARCHIVE, folder.replace("/", "."), "mailbox", "INBOX", "all"]
    servers.doveadm("move", *words)
    assert found(servers, message_id, folder=folder.replace("/", ".")) == {message_id}
    assert found(servers, message_id) == set()


@pytest.mark.parametrize(
    ("keys", "password", "said"),
    [
        ({"ca_file": None}, "", "certificate that is not valid"),
        ({"ca_file": "stranger.pem"}, "", "certificate that is not valid"),
        ({"ca_file": "missing.pem"}, "", r"cannot be read: .*mail\.archive\.ca_file"),
        ({"host": "127.0.0.1"}, "", r"mismatch.*mail\.archive\.host"),
        ({}, "wrong", r"refused the user name or the password: .*mail\.archive\.password"),
        ({"username": 'a b"\\'}, "", "refused the user name or the password"),
        ({"port": "imap"}, "", "agreed on no encryption"),
        ({"port": "free"}, "", "cannot be reached: Connection refused"),
        ({"port": "submission", "security": "starttls"}, "", "gave no answer that can be used"),
        ({"host": "imap.invalid"}, "", "cannot be reached"),
    ],
)
def test_an_archive_that_cannot_be_asked_says_nothing_of_any_message(servers, keys, password, said):
    ports = {"imap": servers.imap, "submission": servers.submission, "free": free_ports(1)[0]}
    if isinstance(keys.get("ca_file"), str):
        keys = {**keys, "ca_file": servers.folder / keys["ca_file"]}
    if "port" in keys:
        keys = {**keys, "port": ports[keys["port"]]}
    secret = Secret(password or servers.password("archive"))
    with pytest.raises(ChannelError, match=said) as caught:
        find(archive(servers, **keys), ["<a@example.org>"], secret)
    assert caught.value.hint
    assert secret.reveal() not in f"{caught.value}{caught.value!r}"


def test_an_archive_that_falls_silent_is_given_up(servers):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for security in ("tls", "starttls"):
            with pytest.raises(ChannelError, match=r"did not answer within 0\.2 seconds"):
                found(servers, "<a@b>", port=port, security=security, timeout=0.2)


@pytest.mark.parametrize(
    "message_id", ["", "a@b", "<>", '<a"@b>', "<a@b>\r\nx", "<a b@c>", "<ä@b>"]
)
def test_the_archive_is_asked_for_message_ids_only(servers, message_id):
    with pytest.raises(ValueError, match="no Message-ID"):
        found(servers, message_id)


# -- lines that break -------------------------------------------------------------------------

MESSAGES = 40
BROKEN = 16
FAULTS = ("before the dot", "dot", "answer")


@pytest.fixture
def proxy(servers) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(servers.submission)
    yield proxy
    proxy.close()


def breaking(proxy: CuttingProxy, fault: str) -> Callable[[], bool]:
    """Breaks the line when only the dot is missing."""

    def before_dot() -> bool:
        if fault == "before the dot":
            proxy.hang_up()
        else:
            proxy.cut_at(fault)
        return True

    return before_dot


def test_every_reader_gets_one_whatever_the_line_does(servers, proxy, outcomes):
    """40 issues, 16 of them over a line that breaks; the archive says which of them arrived."""
    chance = random.Random(7)
    broken = {
        number: FAULTS[index % len(FAULTS)]
        for index, number in enumerate(sorted(chance.sample(range(MESSAGES), BROKEN)))
    }
    issues = {
        number: issue(servers, ("anna", "ben", "chloe")[number % 3], SHORT, number)
        for number in range(MESSAGES)
    }
    became: dict[int, Receipt] = {}

    def send(line: Connection, number: int, **more: Any) -> Receipt:
        _, content = issues[number]
        reader = f"{('anna', 'ben', 'chloe')[number % 3]}@{DOMAIN}"
        return line.deliver(f"briefing@{DOMAIN}", [reader, ARCHIVE], content, **more)

    with connected(servers, port=proxy.port) as line:
        for number in range(MESSAGES):
            fault = broken.get(number)
            more = {"before_dot": breaking(proxy, fault)} if fault else {}
            became[number] = send(line, number, **more)
        for fault in FAULTS:
            first = min(number for number, named in broken.items() if named == fault)
            lost = {"dot": "dot lost", "answer": "answer to the dot lost"}.get(fault, fault)
            outcomes.add(f"line cut: {lost}", became[first])
        assert proxy.cuts == BROKEN
        for number, receipt in became.items():
            fault = broken.get(number, "")
            wanted = {"": "sent", "before the dot": "deferred"}.get(fault, "uncertain")
            assert (receipt.outcome, fault) == (wanted, fault), receipt

        servers.settle()
        doubtful = [number for number, receipt in became.items() if receipt.outcome == "uncertain"]
        arrived = found(servers, *(issues[number][0] for number in doubtful))
        assert arrived == {issues[number][0] for number in doubtful if broken[number] == "answer"}
        again = [
            number for number, receipt in became.items()
            if receipt.outcome == "deferred"
            or (receipt.outcome == "uncertain" and issues[number][0] not in arrived)
        ]  # fmt: skip
        assert len(again) == len([fault for fault in broken.values() if fault != "answer"])
        assert {send(line, number).outcome for number in again} == {"sent"}

    servers.settle()
    wanted = Counter(message_id for message_id, _ in issues.values())
    readers = [message for name in ("anna", "ben", "chloe") for message in servers.mail(name)]
    assert Counter(message["Message-ID"] for message in readers) == wanted
    assert Counter(message["Message-ID"] for message in servers.mail("archive")) == wanted
    assert set(wanted.values()) == {1}


def test_without_the_archive_somebody_would_get_two_or_none(servers, proxy):
    """What the archive is for: both ways to guess are wrong for one of these messages."""
    arrived = {}
    for number, fault in enumerate(("dot", "answer")):
        message_id, content = issue(servers, "chloe", SHORT, number)
        with connected(servers, port=proxy.port) as line:
            receipt = line.deliver(
                f"briefing@{DOMAIN}", [f"chloe@{DOMAIN}"], content,
                before_dot=breaking(proxy, fault),
            )  # fmt: skip
        assert receipt.outcome == "uncertain"
        arrived[message_id] = fault == "answer"
    servers.settle()
    there = {message["Message-ID"] for message in servers.mail("chloe")}
    assert there == {message_id for message_id, is_there in arrived.items() if is_there}
    assert len(there) == 1


def test_a_line_that_passes_everything_on_changes_nothing(servers, proxy):
    with connected(servers, port=proxy.port, timeout=WAIT) as line:
        assert deliver(line, servers, "anna", LETTER).outcome == "sent"
    servers.settle()
    assert len(servers.mail("anna")) == 1

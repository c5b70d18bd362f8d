"""The dialogue with a mail server: whatever the server does, the receipt says what became of it."""

import smtplib
import socket
import ssl
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from hypothesis import given
from hypothesis import strategies as st
from tests.integration.smtp_server import CUT, HANG, LATE, WAIT, Scripted, serving

from briefing.channels.replies import REMEDIES, judged
from briefing.channels.smtp import Connection
from briefing.structures import Mailbox, MailServer, Outcome, Receipt, Secret, Step

SENDER = "briefing@example.org"
READER = "reader@example.org"
ARCHIVE = "archive@example.org"
MESSAGE = b"Subject: An issue\r\n\r\nWords.\r\n.a line with a dot\r\n..two\r\n"
PASSWORD = "pass word/7+&"


@pytest.fixture
def server() -> Iterator[Scripted]:
    with serving(Scripted()) as running:
        yield running


def at(port: int, **keys) -> MailServer:
    plain = MailServer("localhost", port, "none", Mailbox("", SENDER), timeout=WAIT)
    return replace(plain, **keys)


def connection(server: Scripted, *, patience: float = WAIT, **keys) -> Connection:
    if server.tls:
        keys = {"security": "tls", **keys}
    return Connection(at(server.port, **keys), patience=patience)


def delivered(server: Scripted, *, to=(READER,), message: bytes = MESSAGE, **keys) -> Receipt:
    with connection(server, **keys) as line:
        return line.deliver(SENDER, to, message)


# -- certificates -----------------------------------------------------------------------------

PLAIN = "[req]\ndistinguished_name = dn\n[dn]\n"
NEW_KEY = (
    "openssl req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1".split()
)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory) -> Path:
    """An authority, and what it certified for two names."""
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "openssl.cnf").write_text(PLAIN, encoding="utf-8")
    signed = ["-CA", "authority.pem", "-CAkey", "authority.key"]
    for name, extension, more in (
        ("authority", "basicConstraints=critical,CA:TRUE", []),
        ("localhost", "subjectAltName=DNS:localhost", signed),
        ("elsewhere", "subjectAltName=DNS:elsewhere.example.org", signed),
    ):
        files = ["-keyout", f"{name}.key", "-out", f"{name}.pem", "-config", "openssl.cnf"]
        command = [*NEW_KEY, *files, "-subj", f"/CN={name}", "-addext", extension, *more]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def shown(certificates: Path, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    return context


@pytest.fixture(params=["none", "tls"])
def either(request, certificates) -> Iterator[tuple[Scripted, dict[str, Any]]]:
    """A server with and without TLS, and the keys to reach it."""
    tls = shown(certificates) if request.param == "tls" else None
    with serving(Scripted(tls=tls)) as running:
        yield running, {"ca_file": certificates / "authority.pem"} if tls else {}


# -- messages that arrive -----------------------------------------------------------------------


def test_a_message_is_taken_as_it_was_made(either):
    server, keys = either
    receipt = delivered(server, **keys)
    assert receipt == Receipt("sent", "dot", 250, "250 taken")
    assert server.taken == [(f"mail FROM:<{SENDER}> size={len(MESSAGE)}", [READER], MESSAGE)]


def test_a_large_message_goes_out_in_pieces(either):
    server, keys = either
    server.features = "SIZE 9000000"
    large = MESSAGE + b".x" * 38 + b"\r\n" + (b"." + b"y" * 70 + b"\r\n") * 8_000
    assert delivered(server, message=large, **keys).outcome == "sent"
    ((_, _, content),) = server.taken
    assert content == large


def test_the_last_line_needs_no_end(server):
    assert delivered(server, message=b"Subject: x\r\n\r\nWords").outcome == "sent"
    assert server.taken[0][2] == b"Subject: x\r\n\r\nWords\r\n"


def test_a_copy_for_the_archive_goes_with_the_same_message(server):
    assert delivered(server, to=(READER, ARCHIVE)).outcome == "sent"
    ((_, recipients, _),) = server.taken
    assert recipients == [READER, ARCHIVE]
    assert [line for line in server.heard if line == "data"] == ["data"]


@pytest.mark.parametrize("farewell", [CUT, "421 no", "500 what?", "nonsense"])
def test_what_was_taken_is_taken_however_the_farewell_goes(server, farewell):
    server.says("quit", farewell)
    assert delivered(server).outcome == "sent"


@pytest.mark.parametrize("answer", ["250", "250-a\r\n250 b", "251 will forward", "252 I shall see"])
def test_every_good_answer_is_good(server, answer):
    server.says("mail", answer).says("rcpt", answer).says("dot", answer)
    assert delivered(server).outcome == "sent"


def test_a_server_without_extensions_will_do(server):
    server.says("ehlo", "502 what?").says("helo", "250 hello")
    with connection(server) as line:
        assert line.open() is None
        assert line.most_bytes is None
        assert line.deliver(SENDER, [READER], MESSAGE).outcome == "sent"
    assert f"mail FROM:<{SENDER}>" in server.heard  # without a SIZE


# -- every row of what can go wrong -------------------------------------------------------------

LATER = timedelta(minutes=5)
SOON = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("step", "answer", "outcome", "ended", "code", "pause"),
    [
        ("banner", "421 too busy", "deferred", "connection", 421, SOON),
        ("banner", "554 no mail here", "channel_failed", "connection", 554, None),
        ("banner", "* OK IMAP4rev1 ready", "channel_failed", "connection", -1, None),
        ("banner", CUT, "deferred", "connection", 0, SOON),
        ("ehlo", CUT, "deferred", "connection", 0, SOON),
        ("ehlo", "421 too busy", "deferred", "connection", 0, SOON),
        ("mail", "421 too many of you", "deferred", "sender", 421, SOON),
        ("mail", "451 4.7.1 slow down", "deferred", "sender", 451, LATER),
        ("mail", "452 4.3.1 disk full", "deferred", "sender", 452, LATER),
        ("mail", "550 5.7.1 you may not", "channel_failed", "sender", 550, None),
        ("mail", "553 5.1.8 no such domain", "channel_failed", "sender", 553, None),
        ("mail", "530 5.7.0 log in first", "channel_failed", "sender", 530, None),
        ("mail", "552 5.3.4 too large", "too_large", "sender", 552, None),
        ("mail", "552 too large", "too_large", "sender", 552, None),
        ("mail", CUT, "deferred", "sender", 0, SOON),
        ("mail", "nonsense", "deferred", "sender", -1, LATER),
        ("rcpt", "450 4.2.0 greylisted", "deferred", "recipient", 450, LATER),
        ("rcpt", "450 come back in 600 seconds", "deferred", "recipient", 450, 2 * LATER),
        ("rcpt", "450 come back in 10 minutes", "deferred", "recipient", 450, 2 * LATER),
        ("rcpt", "450 back in 90000 seconds", "deferred", "recipient", 450, 60 * SOON),
        ("rcpt", "451 4.7.1 back in 5 seconds", "deferred", "recipient", 451, LATER),
        ("rcpt", "452 4.2.2 mailbox full", "deferred", "recipient", 452, LATER),
        ("rcpt", "421 4.3.2 shutting down", "deferred", "recipient", 421, SOON),
        ("rcpt", "550 5.1.1 user unknown", "refused", "recipient", 550, None),
        ("rcpt", "550 no such user here", "refused", "recipient", 550, None),
        ("rcpt", "551 user not local", "refused", "recipient", 551, None),
        ("rcpt", "552 5.2.2 mailbox full", "refused", "recipient", 552, None),
        ("rcpt", "552 mailbox full", "refused", "recipient", 552, None),
        ("rcpt", "554 5.2.1 mailbox closed", "refused", "recipient", 554, None),
        ("rcpt", "556 5.1.10 takes no mail", "refused", "recipient", 556, None),
        ("rcpt", "550 5.2.2 sender may not: over quota", "refused", "recipient", 550, None),
        ("rcpt", "554 5.7.1 access denied", "channel_failed", "recipient", 554, None),
        ("rcpt", "554 access denied", "channel_failed", "recipient", 554, None),
        ("rcpt", "550 relaying denied", "channel_failed", "recipient", 550, None),
        ("rcpt", "550 5.7.1 not yours", "channel_failed", "recipient", 550, None),
        ("rcpt", "530 5.7.0 log in first", "channel_failed", "recipient", 530, None),
        ("rcpt", "550 5.1.8 sender's domain", "channel_failed", "recipient", 550, None),
        ("rcpt", "552 5.3.4 too large", "too_large", "recipient", 552, None),
        ("rcpt", CUT, "deferred", "recipient", 0, SOON),
        ("data", "451 try later", "deferred", "message", 451, LATER),
        ("data", "554 5.5.1 no valid recipients", "refused", "message", 554, None),
        ("data", "250 what?", "deferred", "message", 250, LATER),
        ("data", CUT, "deferred", "message", 0, SOON),
        ("dot", "451 4.3.0 cannot check", "deferred", "dot", 451, LATER),
        ("dot", "421 shutting down", "deferred", "dot", 421, SOON),
        ("dot", "552 5.3.4 too large", "too_large", "dot", 552, None),
        ("dot", "552 5.2.3 longer than allowed", "too_large", "dot", 552, None),
        ("dot", "552 5.2.2 mailbox full", "refused", "dot", 552, None),
        ("dot", "550 5.6.0 not today", "refused", "dot", 550, None),
        ("dot", "554 5.7.1 looks like spam", "channel_failed", "dot", 554, None),
        ("dot", "550 5.4.5 daily quota used up", "channel_failed", "dot", 550, None),
        ("dot", CUT, "uncertain", "dot", 0, None),
        ("dot", "nonsense", "uncertain", "dot", 0, None),
    ],
)  # fmt: skip
def test_each_answer_has_its_receipt(server, step, answer, outcome, ended, code, pause):
    server.says(step, answer)
    receipt = delivered(server)
    assert (receipt.outcome, receipt.step, receipt.code) == (outcome, ended, code)
    assert receipt.retry_after == pause
    assert receipt.text
    assert receipt.remedy
    if code > 0 and ended not in {"connection", "login"}:
        assert receipt.text == answer
    # only a message of which nobody knows may lie there all the same
    assert len(server.taken) == (1 if answer == CUT and step == "dot" else 0)


@pytest.mark.parametrize("step", ["banner", "ehlo", "mail", "rcpt", "data"])
def test_a_server_that_falls_silent_before_the_dot_has_nothing(server, step):
    server.says(step, HANG)
    receipt = delivered(server, timeout=0.2)
    assert (receipt.outcome, receipt.retry_after) == ("deferred", SOON)
    assert server.taken == []


def test_a_server_that_falls_silent_after_the_dot_leaves_it_open(server):
    server.says("dot", HANG)
    receipt = delivered(server, patience=0.2)
    assert (receipt.outcome, receipt.step) == ("uncertain", "dot")
    assert "stopped answering" in receipt.text
    assert len(server.taken) == 1


def test_a_server_has_longer_for_the_dot_than_for_anything_else(server):
    server.says("dot", LATE)
    with connection(server, timeout=0.2) as line:
        receipts = [line.deliver(SENDER, [READER], MESSAGE) for _ in range(2)]
    assert [receipt.outcome for receipt in receipts] == ["sent", "sent"]
    server.says("rcpt", LATE)
    assert delivered(server, timeout=0.2).outcome == "deferred"


def test_nobody_listening_is_tried_again(server):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Connection(at(port)) as line:
        receipt = line.deliver(SENDER, [READER], MESSAGE)
    assert (receipt.outcome, receipt.step, receipt.retry_after) == ("deferred", "connection", SOON)
    assert "Connection refused" in receipt.text


def test_a_host_that_is_not_found_is_tried_again():
    with Connection(at(25, host="smtp.invalid")) as line:
        receipt = line.deliver(SENDER, [READER], MESSAGE)
    assert (receipt.outcome, receipt.step) == ("deferred", "connection")
    assert "not found under that name" in receipt.text


@pytest.mark.parametrize("said", [b"", b"421 4.4.2 I waited too long\r\n", b"what\r\n"])
def test_a_server_that_ends_it_before_the_dot_has_nothing(either, said):
    """Even where the line still takes the dot: the answer, or its absence, came before."""
    server, keys = either
    server.says("body", CUT if not said else said.decode().strip(), CUT)

    def wait_for_the_end() -> bool:
        assert server.ended.acquire(timeout=WAIT)
        return True

    with connection(server, **keys) as line:
        receipt = line.deliver(SENDER, [READER], MESSAGE, before_dot=wait_for_the_end)
    assert (receipt.outcome, receipt.step) == ("deferred", "message")
    assert receipt.code == (421 if b"421" in said else 0)
    assert server.taken == []


# -- size ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("features", "most"),
    [("SIZE 5000", 5000), ("SIZE 0", None), ("SIZE", None), ("SIZE lots", None), ("HELP", None)],
)
def test_the_largest_message_is_known_before_any_is_sent(server, features, most):
    server.features = features
    line = connection(server)
    assert line.most_bytes is None
    assert line.open() is None
    assert line.most_bytes == most
    line.close()


def test_a_message_that_is_known_to_be_too_large_is_not_offered(server):
    server.features = "SIZE 5000"
    with connection(server) as line:
        receipt = line.deliver(SENDER, [READER], MESSAGE + b"x" * 5000)
        assert (receipt.outcome, receipt.step, receipt.code) == ("too_large", "sender", 0)
        assert f"at most 5000 bytes; the message has {len(MESSAGE) + 5000}" in receipt.text
        fits = MESSAGE + b"x" * (4998 - len(MESSAGE)) + b"\r\n"
        assert len(fits) == 5000
        assert line.deliver(SENDER, [READER], fits).outcome == "sent"
    assert len([line for line in server.heard if line.startswith("mail")]) == 1


# -- all recipients or none ---------------------------------------------------------------------


def test_a_reader_who_is_refused_leaves_the_archive_without_a_copy(server):
    server.says("rcpt", "550 5.1.1 unknown", "250 well")
    receipt = delivered(server, to=(READER, ARCHIVE))
    assert (receipt.outcome, receipt.code) == ("refused", 550)
    assert (server.taken, "data" in server.heard) == ([], False)


@pytest.mark.parametrize(
    ("answer", "outcome"), [("452 4.2.2 full", "deferred"), ("550 5.1.1 unknown", "channel_failed")]
)
def test_without_its_copy_for_the_archive_no_message_goes_out(server, answer, outcome):
    server.says("rcpt", "250 well", answer)
    receipt = delivered(server, to=(READER, ARCHIVE))
    assert receipt.outcome == outcome
    assert f"The archive {ARCHIVE} was refused: {answer}" in receipt.text
    assert (server.taken, "data" in server.heard) == ([], False)


# -- just before the dot ------------------------------------------------------------------------


def test_who_says_no_before_the_dot_has_sent_nothing(either):
    server, keys = either
    with connection(server, **keys) as line:
        receipt = line.deliver(SENDER, [READER], MESSAGE, before_dot=lambda: False)
        assert (receipt.outcome, receipt.step) == ("deferred", "message")
        assert receipt.retry_after == timedelta(0)
        assert server.ended.acquire(timeout=WAIT)
        assert server.taken == []
        assert server.half == [MESSAGE]  # the server had all of it but the dot
        assert line.deliver(SENDER, [READER], MESSAGE).outcome == "sent"
    assert (len(server.taken), server.connections) == (1, 2)


def test_who_fails_before_the_dot_has_sent_nothing(server):
    def fail() -> bool:
        raise ConnectionResetError("the ledger, not the server")

    with connection(server) as line:
        with pytest.raises(ConnectionResetError, match="the ledger"):
            line.deliver(SENDER, [READER], MESSAGE, before_dot=fail)
        assert server.ended.acquire(timeout=WAIT)
        assert server.taken == []
        assert line.deliver(SENDER, [READER], MESSAGE).outcome == "sent"


def test_the_question_comes_when_only_the_dot_is_missing(server):
    asked = []

    def ask() -> bool:
        asked.append(list(server.heard))
        return True

    with connection(server) as line:
        for _ in range(2):
            assert line.deliver(SENDER, [READER], MESSAGE, before_dot=ask).outcome == "sent"
    assert [heard[-1] for heard in asked] == ["data", "data"]


def test_who_is_interrupted_while_waiting_hangs_up(server):
    class Interrupted(BaseException):
        pass

    def interrupt() -> bool:
        raise Interrupted

    line = connection(server)
    with pytest.raises(Interrupted):
        line.deliver(SENDER, [READER], MESSAGE, before_dot=interrupt)
    assert server.ended.acquire(timeout=WAIT)
    assert server.heard[-1] == "data"  # no farewell, which would have been part of the message


# -- one connection, many messages --------------------------------------------------------------


def test_many_messages_go_over_one_connection(either):
    server, keys = either
    with connection(server, **keys) as line:
        for number in range(60):
            message = MESSAGE + f"{number}\r\n".encode()
            reader = f"reader{number}@example.org"
            assert line.deliver(SENDER, [reader, ARCHIVE], message).outcome == "sent"
    assert server.connections == 1
    assert [(to, content.rpartition(b"\r\n..two\r\n")[2]) for _, to, content in server.taken] == [
        ([f"reader{number}@example.org", ARCHIVE], f"{number}\r\n".encode()) for number in range(60)
    ]


def test_a_refusal_stands_in_nobody_elses_way(server):
    server.says("rcpt", "250 well", "550 5.1.1 unknown", "450 4.2.0 later", "250 well")
    with connection(server) as line:
        outcomes = [line.deliver(SENDER, [READER], MESSAGE).outcome for _ in range(4)]
    assert outcomes == ["sent", "refused", "deferred", "sent"]
    assert (server.connections, len(server.taken)) == (1, 2)
    assert server.heard.count("rset") == 3


@pytest.mark.parametrize(
    ("step", "answers"),
    [
        ("rset", ["421 idle for too long"]),
        ("rset", [CUT]),
        ("rset", ["500 what?"]),
        ("mail", ["250 well", "421 enough for one connection"]),
        ("mail", ["250 well", CUT]),
    ],
)
def test_a_server_that_had_enough_between_messages_gets_a_new_connection(server, step, answers):
    server.says(step, *answers, "250 well")
    with connection(server) as line:
        outcomes = [line.deliver(SENDER, [READER], MESSAGE).outcome for _ in range(3)]
    assert outcomes == ["sent", "sent", "sent"]
    assert (server.connections, len(server.taken)) == (2, 3)


def test_a_new_connection_that_is_turned_away_too_is_not_tried_for_ever(server):
    server.says("mail", "250 well", "421 enough")
    with connection(server) as line:
        outcomes = [line.deliver(SENDER, [READER], MESSAGE).outcome for _ in range(2)]
    assert outcomes == ["sent", "deferred"]
    assert (server.connections, len(server.taken)) == (2, 1)


def test_after_an_uncertain_message_the_next_one_goes_over_a_new_connection(server):
    server.says("dot", CUT, "250 taken")
    with connection(server) as line:
        outcomes = [line.deliver(SENDER, [READER], MESSAGE).outcome for _ in range(2)]
    assert outcomes == ["uncertain", "sent"]
    assert server.connections == 2


def test_a_doubtful_refusal_is_the_readers_where_others_have_just_got_theirs(server):
    server.says("rcpt", "250 well", "554 5.7.1 not wanted", "550 5.7.1 relaying denied", "250 well")
    with connection(server) as line:
        outcomes = [line.deliver(SENDER, [READER], MESSAGE).outcome for _ in range(4)]
    assert outcomes == ["sent", "refused", "channel_failed", "sent"]


def test_a_closed_connection_can_be_used_again(server):
    line = connection(server)
    assert line.deliver(SENDER, [READER], MESSAGE).outcome == "sent"
    line.close()
    line.close()
    assert line.deliver(SENDER, [READER], MESSAGE).outcome == "sent"
    line.close()
    assert (server.connections, server.heard.count("quit")) == (2, 2)


# -- what is not sent ---------------------------------------------------------------------------


@pytest.mark.parametrize("message", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\n.\nb", b"\r\r\n", b"\n"])
def test_half_a_line_break_is_not_sent(server, message):
    """Servers do not agree on what ends a line then, and one might see an end of the message."""
    with connection(server) as line, pytest.raises(ValueError, match="CR or LF"):
        line.deliver(SENDER, [READER], message)
    assert server.connections == 0


@pytest.mark.parametrize(
    "address", ["", "reader", "a@b\r\nDATA", "ä@example.org", "a@example.org\n", "a\0@b.org"]
)
def test_what_is_no_address_is_not_sent(server, address):
    with connection(server) as line:
        for sender, to in ((address, [READER]), (SENDER, [address]), (SENDER, [READER, address])):
            with pytest.raises(ValueError, match="address"):
                line.deliver(sender, to, MESSAGE)
        with pytest.raises(ValueError, match="nobody"):
            line.deliver(SENDER, [], MESSAGE)
    assert server.connections == 0


# -- TLS and logins -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["localhost", "elsewhere"])
def test_a_server_that_cannot_be_trusted_stops_the_channel(certificates, name):
    keys = {"ca_file": certificates / "authority.pem"} if name == "elsewhere" else {}
    with serving(Scripted(tls=shown(certificates, name))) as server:
        receipt = delivered(server, **keys)
    assert (receipt.outcome, receipt.step) == ("channel_failed", "connection")
    assert "certificate that is not valid" in receipt.text
    assert server.heard == []


def test_authorities_that_cannot_be_read_stop_the_channel(certificates, tmp_path):
    with serving(Scripted(tls=shown(certificates))) as server:
        receipt = delivered(server, ca_file=tmp_path / "none.pem")
    assert receipt.outcome == "channel_failed"
    assert "mail.ca_file" in receipt.remedy


def test_a_server_without_starttls_stops_the_channel(server):
    receipt = delivered(server, security="starttls")
    assert (receipt.outcome, receipt.step) == ("channel_failed", "connection")
    assert "offers no STARTTLS" in receipt.text
    assert "mail" not in " ".join(server.heard)


@pytest.mark.parametrize(
    ("answer", "outcome"), [("454 not now", "deferred"), ("501 no", "channel_failed")]
)
def test_a_refused_starttls_sends_nothing_in_the_clear(server, answer, outcome):
    server.features = "STARTTLS"
    server.says("starttls", answer)
    receipt = delivered(server, security="starttls")
    assert (receipt.outcome, receipt.step) == (outcome, "connection")
    assert answer in receipt.text
    assert "mail" not in " ".join(server.heard)


@pytest.mark.parametrize(
    ("answer", "outcome", "said"),
    [
        ("535 5.7.8 no", "channel_failed", "refused the user name or the password: 535"),
        ("454 4.7.0 later", "deferred", "cannot check the password now: 454"),
        ("534 5.7.9 use an app password", "channel_failed", "534 5.7.9"),
        (CUT, "deferred", "ended the connection"),
    ],
)
def test_a_login_that_fails_has_its_receipt(server, answer, outcome, said):
    server.features = "AUTH PLAIN"
    server.says("auth", answer)
    with Connection(at(server.port, username="kim"), Secret(PASSWORD)) as line:
        receipt = line.deliver(SENDER, [READER], MESSAGE)
    assert (receipt.outcome, receipt.step) == (outcome, "login")
    assert said in receipt.text
    assert receipt.about_everybody


def test_a_server_that_offers_no_login_stops_the_channel(server):
    with Connection(at(server.port, username="kim"), Secret(PASSWORD)) as line:
        receipt = line.deliver(SENDER, [READER], MESSAGE)
    assert (receipt.outcome, receipt.step) == ("channel_failed", "login")


@pytest.mark.parametrize("step", ["auth", "mail", "rcpt", "dot"])
def test_no_receipt_repeats_the_password(server, step):
    steps = {"auth": "login", "mail": "sender", "rcpt": "recipient", "dot": "dot"}
    encoded = b64encode(f"\0kim\0{PASSWORD}".encode()).decode()
    for pause in ("", "x" * 287):  # where a long answer is cut, the password might be cut too
        server.features = "AUTH PLAIN"
        server.says(
            step, f"550 {pause}{PASSWORD} {b64encode(PASSWORD.encode()).decode()} {encoded}"
        )
        with Connection(at(server.port, username="kim"), Secret(PASSWORD)) as line:
            receipt = line.deliver(SENDER, [READER], MESSAGE)
        assert (receipt.outcome == "sent", receipt.step) == (False, steps[step])
        assert PASSWORD[:6] not in repr(receipt)
        assert b64encode(PASSWORD.encode()).decode()[:8] not in repr(receipt)
        assert encoded[:12] not in repr(receipt)


def test_an_answer_moves_no_cursor(server):
    server.says("rcpt", "550 5.1.1 no\x1b[2J such\x07 user")
    assert delivered(server).text == "550 5.1.1 no [2J such user"


class Post:
    """A mail server by somebody else, which wants a login."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], bytes]] = []

    async def handle_DATA(self, server, session, envelope):
        self.taken.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"

    def authenticate(self, server, session, envelope, mechanism, data):
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


def test_another_server_with_starttls_and_a_login_takes_many_messages(certificates):
    post = Post()
    controller = Controller(
        post, "127.0.0.1", 0, tls_context=shown(certificates), require_starttls=True,
        authenticator=post.authenticate, auth_required=True, data_size_limit=20_000,
    )  # fmt: skip
    controller.ready_timeout = WAIT
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    listening.close()
    controller.port = port
    controller.start()
    try:
        server = at(port, security="starttls", username="kim",
                    ca_file=certificates / "authority.pem")  # fmt: skip
        with Connection(server, Secret(PASSWORD)) as line:
            receipts = [line.deliver(SENDER, [READER, ARCHIVE], MESSAGE) for _ in range(5)]
            assert line.most_bytes == 20_000
            assert line.deliver(SENDER, [READER], MESSAGE * 500).outcome == "too_large"
        with Connection(server, Secret("wrong")) as line:
            wrong = line.deliver(SENDER, [READER], MESSAGE)
        with Connection(server) as line:
            nobody = line.deliver(SENDER, [READER], MESSAGE)
    finally:
        controller.stop()
    assert {receipt.outcome for receipt in receipts} == {"sent"}
    assert post.taken == [([READER, ARCHIVE], MESSAGE)] * 5
    assert (wrong.outcome, wrong.step, wrong.code) == ("channel_failed", "login", 535)
    assert (nobody.outcome, nobody.code) == ("channel_failed", 530)


# -- answers in general -------------------------------------------------------------------------

STEPS = st.sampled_from(Step.__args__)
CODES = st.integers(-1, 999)
TEXTS = st.text(max_size=40) | st.from_regex(r"[45]\.\d{1,2}\.\d{1,2} [a-z ]*", fullmatch=True)


@given(STEPS, CODES, TEXTS, st.booleans())
def test_every_answer_means_something_and_only_a_good_one_is_good(step, code, text, proven):
    receipt = judged(step, code, f"{code} {text}", proven=proven)
    assert receipt.outcome in Outcome.__args__
    assert (receipt.outcome == "sent") == (step == "dot" and 200 <= code < 300)
    assert receipt.outcome != "uncertain"  # an answer leaves nothing open
    assert (receipt.retry_after is not None) == (receipt.outcome == "deferred")
    if receipt.outcome in {"refused", "too_large", "channel_failed"}:
        assert 500 <= code < 600
    if 500 <= code < 600:
        assert receipt.outcome != "deferred"
    assert (receipt.remedy == "") == (receipt.outcome == "sent")


def test_every_outcome_has_a_remedy():
    assert set(REMEDIES) == set(Outcome.__args__)


@pytest.mark.parametrize(
    ("receipt", "everybody"),
    [
        (Receipt("deferred", "connection"), True),
        (Receipt("deferred", "sender"), True),
        (Receipt("deferred", "recipient"), False),
        (Receipt("channel_failed", "recipient"), True),
        (Receipt("too_large", "sender"), False),
        (Receipt("refused", "recipient"), False),
        (Receipt("uncertain", "dot"), False),
        (Receipt("sent", "dot"), False),
    ],
)
def test_a_receipt_says_whether_it_is_about_everybody(receipt, everybody):
    assert receipt.about_everybody is everybody


def test_errors_of_smtplib_are_errors_of_the_network():
    """The dialogue relies on it, and does not import smtplib."""
    assert issubclass(smtplib.SMTPException, OSError)

"""What an IMAP server may answer, and what follows: in doubt, nothing is known of any message."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from briefing.channels.archive_mailbox import find
from briefing.errors import ChannelError
from briefing.structures import ArchiveMailbox, Secret

WAIT = 10.0
HERE, GONE = "<here@example.org>", "<gone@example.org>"
LOCKED = "* OK ready"
HEADERS = "BODY[HEADER.FIELDS (MESSAGE-ID)]"


class Imap:
    """An IMAP server that holds what it is given; a word in a command brings another answer."""

    def __init__(self, held: dict[int, str], **answers: str) -> None:
        self.held = held
        self.answers = answers
        self.heard: list[str] = []
        self.port = 0
        self.connections = 0
        self.features = answers.pop("features", "IMAP4rev1")
        self.greeting = answers.pop("greeting", "* PREAUTH ready")

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(WAIT)
            with connection, connection.makefile("rb") as lines, suppress(OSError):
                connection.sendall(f"{self.greeting}\r\n".encode())
                while line := lines.readline().decode():
                    tag, _, command = line.strip().partition(" ")
                    self.heard.append(command)
                    if (answer := self.answer(command)) is None:
                        break
                    connection.sendall(answer.replace("TAG", tag).encode())
                    if command.startswith("AUTHENTICATE"):
                        self.heard.append(lines.readline().decode().strip())
                        connection.sendall(f"{tag} OK in\r\n".encode())

    def answer(self, command: str) -> str | None:
        for word, answer in self.answers.items():
            if word in command:
                return answer
        if command.startswith("CAPABILITY"):
            return f"* CAPABILITY {self.features}\r\nTAG OK done\r\n"
        if command.startswith("AUTHENTICATE"):
            return "+ \r\n"
        if command.startswith("UID SEARCH"):
            numbers = " ".join(map(str, self.held))
            return f"* SEARCH {numbers}\r\nTAG OK done\r\n"
        if command.startswith("UID FETCH"):
            found = [self.header(number, text) for number, text in self.held.items()]
            return f"{''.join(found)}TAG OK done\r\n"
        return "TAG OK done\r\n"

    @staticmethod
    def header(number: int, text: str) -> str:
        return f"* {number} FETCH (UID {number} {HEADERS} {{{len(text)}}}\r\n{text})\r\n"


@contextmanager
def serving(held: dict[int, str] | None = None, **answers: str) -> Iterator[Imap]:
    server = Imap(held or {}, **answers)
    listening = socket.create_server(("127.0.0.1", 0))
    server.port = listening.getsockname()[1]
    thread = threading.Thread(target=server.serve, args=(listening,))
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(WAIT)
        assert not thread.is_alive()


def asked(server: Imap, *message_ids: str, password: str = "", **keys: str) -> set[str]:
    archive = ArchiveMailbox(
        "archive@example.org", "localhost", server.port, "none", timeout=WAIT, **keys
    )
    return find(archive, message_ids, Secret(password) if password else None)


@pytest.mark.parametrize(
    "header",
    [
        f"Message-ID: {HERE}\r\n\r\n",
        f"message-id:{HERE}\r\n\r\n",
        f"Message-ID:\r\n {HERE}\r\n\r\n",
    ],
)
def test_a_message_that_is_there_is_found(header):
    with serving({7: header}) as server:
        assert asked(server, HERE) == {HERE}
    assert f'UID SEARCH HEADER Message-ID "{HERE}"' in server.heard
    assert 'EXAMINE "INBOX"' in server.heard
    assert server.heard[-1] == "LOGOUT"


@pytest.mark.parametrize(
    "header",
    [
        "Message-ID: <not.here@example.org>\r\n\r\n",
        "Message-ID: <here@example.org.uk>\r\n\r\n",
        "Message-ID: <HERE@example.org>\r\n\r\n",
        f"References: {HERE}\r\n\r\n",
        "\r\n",
    ],
)
def test_what_a_search_finds_besides_is_not_the_message(header):
    """Some servers search in words; a message wrongly taken for there would never be sent."""
    with serving({7: header, 9: "Message-ID: <x@y>\r\n\r\n"}) as server:
        assert asked(server, HERE) == set()


def test_one_of_several_hits_is_enough():
    with serving({1: "\r\n", 2: f"Message-ID: {HERE}\r\n\r\n"}) as server:
        assert asked(server, HERE, GONE) == {HERE}
    assert any(re.fullmatch(r"UID FETCH 1,2 \(BODY\.PEEK.*", line) for line in server.heard)


def test_without_a_question_nobody_is_asked():
    with serving() as server:
        assert asked(server) == set()
    assert server.connections == 0


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"greeting": "* BYE too busy"}, "gave no answer that can be used: .*too busy"),
        ({"greeting": "220 smtp here"}, "gave no answer that can be used"),
        ({"EXAMINE": "TAG NO no such folder\r\n"}, "does not open the folder 'INBOX': no such"),
        ({"SEARCH": "TAG NO not now\r\n"}, "gave no answer that can be used: .*not now"),
        ({"SEARCH": "TAG BAD what?\r\n"}, "gave no answer that can be used"),
        ({"SEARCH": "* BYE shutting down\r\n"}, "gave no answer that can be used"),
        ({"FETCH": "TAG NO not now\r\n"}, "gave no answer that can be used: .*not now"),
    ],
)
def test_a_server_that_does_not_answer_says_nothing_of_any_message(answers, said):
    with (
        serving({7: f"Message-ID: {HERE}\r\n\r\n"}, **answers) as server,
        pytest.raises(ChannelError, match=said) as caught,
    ):
        asked(server, HERE)
    assert caught.value.hint


def test_a_server_that_wants_a_login_is_explained():
    with (
        serving(greeting=LOCKED) as server,
        pytest.raises(ChannelError, match=r"wants a login.*mail\.archive\.username"),
    ):
        asked(server, HERE)


def test_a_login_goes_as_it_is_written_whatever_it_holds():
    name, password = 'kim "of" \\here', 'pass"word\\ 7'
    with serving(features="IMAP4rev1 AUTH=PLAIN", greeting=LOCKED) as server:
        asked(server, HERE, password=password, username=name)
    with serving(greeting=LOCKED) as older:
        asked(older, HERE, password=password, username=name)
    assert 'LOGIN "kim \\"of\\" \\\\here" "pass\\"word\\\\ 7"' in older.heard
    assert "AGtpbSAib2YiIFxoZXJlAHBhc3Mid29yZFwgNw==" in server.heard


@pytest.mark.parametrize("features", ["IMAP4rev1", "IMAP4rev1 AUTH=PLAIN"])
def test_a_refused_login_does_not_repeat_the_password(features):
    refusal = "TAG NO [AUTHENTICATIONFAILED] not with sesame-7\r\n"
    with (
        serving(features=features, greeting=LOCKED, LOGIN=refusal, AUTHENTICATE=refusal) as server,
        pytest.raises(
            ChannelError, match=r"user name or the password: .*not with \*\*\*"
        ) as caught,
    ):
        asked(server, HERE, password="sesame-7", username="kim")
    assert "mail.archive.password" in caught.value.hint


@pytest.mark.parametrize(
    ("folder", "sent"),
    [
        ("Sent Items", '"Sent Items"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("R&D", '"R&-D"'),
        ("브리핑", '"&vgy5rNVR-"'),
        ("Entwürfe", '"Entw&APw-rfe"'),
        ("~peter/mail/台北/日本語", '"~peter/mail/&U,BTFw-/&ZeVnLIqe-"'),  # RFC 3501, 5.1.3
    ],
)
def test_a_folder_may_have_any_name(folder, sent):
    with serving() as server:
        asked(server, HERE, folder=folder)
    assert f"EXAMINE {sent}" in server.heard

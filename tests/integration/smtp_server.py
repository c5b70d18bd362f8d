"""A mail server on loopback that does as it is told: answers, falls silent, hangs up."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

WAIT = 10.0
CUT, HANG, LATE = "cut", "hang", "late"


@dataclass
class Scripted:
    """An SMTP server on loopback; what it answers at each step can be said beforehand.

    Answers are lines, ``CUT`` (the connection ends without a word), ``HANG`` (no word until the
    test is over) or ``LATE`` (a good one, after half a second). Of several for a step, each
    is given once, the last from then on.
    """

    answers: dict[str, list[str]] = field(default_factory=dict)
    features: str = "SIZE 100000"
    tls: ssl.SSLContext | None = None
    taken: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    half: list[bytes] = field(default_factory=list)
    connections: int = 0
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    over: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def says(self, step: str, *answers: str) -> "Scripted":
        self.answers[step] = list(answers)
        return self

    def answer(self, step: str, usual: str) -> str:
        waiting = self.answers.get(step)
        if not waiting:
            return usual
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            self.connections += 1
            try:
                with suppress(OSError, EOFError):
                    if self.tls:
                        connection = self.tls.wrap_socket(connection, server_side=True)
                    connection.settimeout(WAIT)
                    self.talk(connection, connection.makefile("rb"))
            finally:
                connection.close()
                self.ended.release()

    def say(self, connection: socket.socket, step: str, usual: str) -> str:
        line = self.answer(step, usual)
        if line == CUT:
            raise EOFError
        if line == HANG:
            self.over.wait(WAIT)
            raise EOFError
        if line == LATE:
            self.over.wait(0.5)
            line = usual
        connection.sendall(line.encode() + b"\r\n")
        if line.startswith("421"):
            raise EOFError
        return line

    def talk(self, connection: socket.socket, lines: Any) -> None:
        self.say(connection, "banner", "220 here")
        sender, recipients = "", []
        while command := lines.readline().decode():
            self.heard.append(command.strip())
            step = command.split()[0].lower()
            usual = {"ehlo": f"250-here\r\n250 {self.features}", "quit": "221 bye"}
            usual |= {"data": "354 go on", "auth": "235 in"}
            said = self.say(connection, step, usual.get(step, "250 well"))
            if step in {"mail", "rset"}:
                sender, recipients = command.strip(), []
            if step == "rcpt" and said.startswith("250"):
                recipients.append(command.strip()[9:-1])
            if step == "data" and said.startswith("354"):
                content = self.body(connection, lines)
                self.dot(connection, sender, recipients, content)
                sender, recipients = "", []
            if step == "quit":
                return

    def body(self, connection: socket.socket, lines: Any) -> bytes:
        self.half.append(b"")
        while (line := lines.readline()) != b".\r\n":
            if not line:
                raise EOFError
            self.half[-1] += line.removeprefix(b".") if line.startswith(b"..") else line
            if "body" in self.answers:
                self.say(connection, "body", CUT)
        return self.half.pop()

    def dot(self, connection: socket.socket, sender: str, to: list[str], content: bytes) -> None:
        after = self.answers.get("dot", ["250 taken"])[0]
        if after.startswith("2") or after in {CUT, HANG, LATE}:
            self.taken.append((sender, to, content))
        self.say(connection, "dot", "250 taken")


@contextmanager
def serving(server: Scripted) -> Iterator[Scripted]:
    listening = socket.create_server(("127.0.0.1", 0))
    server.port = listening.getsockname()[1]
    thread = threading.Thread(target=server.serve, args=(listening,))
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(WAIT)
        assert not thread.is_alive()

"""Alarms on their way out: real dialogues with mail servers, webhooks and monitors on loopback."""

import asyncio
import json
import logging
import socket
import ssl
import subprocess
import sys
import threading
import traceback
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from briefing.channels import tell_owner
from briefing.channels.email import alarm_message, connected, send
from briefing.channels.notify import notify, ping
from briefing.config.secrets import Reference
from briefing.errors import ChannelError
from briefing.structures.channels import Channels, Mailbox, MailServer, ProjectOwner
from briefing.structures.runs import Alarm
from briefing.structures.secrets import Secret

PASSWORD = "pass word/7+&"
AT = datetime(2026, 11, 1, 8, 0, 5, tzinfo=UTC)
SENDER = Mailbox("Regional Briefing", "briefing@example.org")
OWNER = Mailbox("", "owner@example.org")


# Apprise tries the modules that its services need, some of which Python is about to lose
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


# -- servers ----------------------------------------------------------------------------------


@dataclass
class Post:
    """A mail server that keeps what it takes; some recipients it does not like."""

    taken: list[tuple[list[str], bytes]] = field(default_factory=list)
    logins: list[bytes] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    broken: str = ""

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        self.taken.append((envelope.rcpt_tos, envelope.content))
        if self.broken == "after the dot":
            server.transport.abort()
        return self.answers.get("data", "250 OK")

    def authenticate(self, server, session, envelope, mechanism, data):
        self.logins.append(data.login)
        if data.password.decode() == PASSWORD:
            return AuthResult(success=True)
        said = f"535 5.7.8 {data.password.decode()} or {b64encode(data.password).decode()}?"
        return AuthResult(success=False, handled=False, message=said)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own, in which servers run."""
    running = asyncio.new_event_loop()
    thread = threading.Thread(target=running.run_forever)
    thread.start()
    yield running
    running.call_soon_threadsafe(running.stop)
    thread.join()
    running.close()


async def end_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def serve(loop):
    """Serve mail with a Post; gives the port."""
    servers = []

    def serving(post: Post, *, tls: ssl.SSLContext | None = None, **options) -> int:
        def make() -> SMTP:
            return SMTP(
                post, hostname="localhost", loop=loop, authenticator=post.authenticate, **options
            )

        made = asyncio.run_coroutine_threadsafe(
            loop.create_server(make, "127.0.0.1", 0, ssl=tls), loop
        )
        servers.append(made.result(10))
        return servers[-1].sockets[0].getsockname()[1]

    yield serving
    for server in servers:
        loop.call_soon_threadsafe(server.close)
    asyncio.run_coroutine_threadsafe(end_tasks(), loop).result(10)


@contextmanager
def scripted(*lines: bytes, after: float = 0.0) -> Iterator[tuple[int, list[bytes]]]:
    """A server that says each line in turn, after a command each, whatever it hears; then it ends.

    An empty line ends the connection at once. What it heard is kept. It begins after so many
    seconds, or when its caller has lost patience.
    """
    impatient = threading.Event()
    heard: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(10)

    def talk() -> None:
        connection, _ = listening.accept()
        impatient.wait(after)
        with suppress(OSError), connection, connection.makefile("rb") as commands:
            connection.settimeout(10)
            for number, line in enumerate(lines):
                if number:
                    command = commands.readline()
                    while heard and heard[-1].startswith(b"354") and command not in {b".\r\n", b""}:
                        command = commands.readline()
                    heard.append(command)
                if not line:
                    return
                connection.sendall(line + b"\r\n")
                if line.startswith(b"354"):
                    heard.append(line)

    thread = threading.Thread(target=talk)
    thread.start()
    yield listening.getsockname()[1], heard
    impatient.set()
    thread.join()
    listening.close()


# -- certificates -----------------------------------------------------------------------------

PLAIN = "[req]\ndistinguished_name = dn\n[dn]\n"
NEW_KEY = "req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1".split()


@dataclass(frozen=True)
class Authority:
    """A private authority, and what it certified."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "authority.pem"

    def make(self) -> None:
        (self.folder / "openssl.cnf").write_text(PLAIN, encoding="utf-8")
        self._openssl("authority", "/CN=Authority", "basicConstraints=critical,CA:TRUE")

    def certify(self, name: str) -> ssl.SSLContext:
        """What a server needs to show that it is the host of that name."""
        signed = ["-CA", "authority.pem", "-CAkey", "authority.key"]
        if not (self.folder / f"{name}.pem").exists():
            self._openssl(name, f"/CN={name}", f"subjectAltName=DNS:{name}", *signed)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context

    def _openssl(self, name: str, subject: str, extension: str, *more: str) -> None:
        files = ["-keyout", f"{name}.key", "-out", f"{name}.pem", "-config", "openssl.cnf"]
        command = ["openssl", *NEW_KEY, *files, "-subj", subject, "-addext", extension, *more]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("authority"))
    made.make()
    return made


def at(port: int, **keys) -> MailServer:
    """The mail server on that port of this machine, without TLS where nothing else is said."""
    plain = MailServer(host="localhost", port=port, security="none", sender=SENDER, timeout=5)
    return replace(plain, **keys)


def message(to: str = "owner@example.org", body: str = "It failed.\n") -> EmailMessage:
    made = alarm_message(SENDER, OWNER, "It failed", body, digest="abc", at=AT)
    made.replace_header("To", to)
    return made


def refusal(server: MailServer, made: EmailMessage | None = None, password: str = "") -> str:
    """What sending fails with; the password is in none of it."""
    with pytest.raises(ChannelError) as caught:
        send(server, made or message(), Secret(password) if password else None)
    error = caught.value
    assert error.exit_code == 5
    assert error.hint
    told = [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)]
    for form in (password, b64encode(password.encode()).decode()):
        assert not password or form not in "".join(told)
    return str(error)


# -- mail that arrives ------------------------------------------------------------------------


def test_a_server_on_this_machine_takes_the_message_as_it_was_made(serve):
    post = Post()
    made = message(body="한 줄\n.a line with a dot\n")
    send(at(serve(post)), made)
    ((recipients, content),) = post.taken
    assert recipients == ["owner@example.org"]
    assert content == bytes(made)
    assert message_from_bytes(content, policy=policy.SMTP).get_content() == (
        "한 줄\r\n.a line with a dot\r\n"
    )


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_login_goes_over_tls_that_a_private_authority_vouches_for(serve, authority, security):
    post = Post()
    context = authority.certify("localhost")
    if security == "tls":
        port = serve(post, tls=context, auth_require_tls=False)
    else:
        port = serve(post, tls_context=context, require_starttls=True)
    server = at(port, security=security, username="kim", ca_file=authority.file)
    send(server, message(), Secret(PASSWORD))
    assert post.logins == [b"kim"]
    assert len(post.taken) == 1
    assert post.encrypted == [True]


def test_what_was_taken_is_taken_however_the_farewell_goes():
    replies = [b"220 hello", b"250 hello", b"250 from", b"250 to", b"354 go", b"250 taken"]
    for farewell in (b"", b"500 what?", b"221 bye"):
        with scripted(*replies, farewell) as (port, heard):
            send(at(port), message())
        assert heard[-1] == b"quit\r\n"


def test_what_fails_after_a_message_was_taken_is_not_said_of_that_message(serve):
    post = Post()
    with (
        pytest.raises(ChannelError) as caught,
        connected(at(serve(post)), None) as connection,
    ):
        connection.send_message(message())
        connection.send_message(message())
        connection.close()
        connection.send_message(message())
    assert len(post.taken) == 2
    assert "may have arrived" not in str(caught.value)


# -- TLS that is not to be trusted ------------------------------------------------------------


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_authority_that_nobody_knows_is_refused(serve, authority, security):
    post = Post()
    context = authority.certify("localhost")
    options = {"tls": context} if security == "tls" else {"tls_context": context}
    server = at(serve(post, **options), security=security, username="kim")
    said = refusal(server, password=PASSWORD)
    assert "certificate that is not valid" in said
    assert "mail.ca_file" in said
    assert (post.taken, post.logins) == ([], [])


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_another_name_is_refused(serve, authority, security):
    post = Post()
    context = authority.certify("mail.example.org")
    options = {"tls": context} if security == "tls" else {"tls_context": context}
    server = at(serve(post, **options), security=security, ca_file=authority.file, username="kim")
    said = refusal(server, password=PASSWORD)
    assert "Hostname mismatch" in said
    assert "mail.host" in said
    assert (post.taken, post.logins) == ([], [])


def test_a_server_without_starttls_gets_nothing(serve):
    post = Post()
    port = serve(post, auth_require_tls=False)
    said = refusal(at(port, security="starttls", username="kim"), password=PASSWORD)
    assert "offers no STARTTLS" in said
    assert (post.taken, post.logins) == ([], [])


def test_tls_with_a_server_that_expects_starttls_is_explained(serve, authority):
    port = serve(Post(), tls_context=authority.certify("localhost"))
    said = refusal(at(port, security="tls", ca_file=authority.file))
    assert "agreed on no encryption" in said
    assert "mail.security" in said


def test_certificates_that_cannot_be_read_are_named(serve, authority, tmp_path):
    (tmp_path / "empty.pem").touch()
    port = serve(Post(), tls_context=authority.certify("localhost"))
    for name in ("empty.pem", "missing.pem"):
        for security in ("starttls", "tls"):
            said = refusal(at(port, security=security, ca_file=tmp_path / name))
            assert f"{tmp_path / name} cannot be read" in said


# -- logins that fail -------------------------------------------------------------------------


def test_a_wrong_password_is_not_repeated_even_if_the_server_does(serve, authority):
    post = Post()
    port = serve(post, tls_context=authority.certify("localhost"))
    server = at(port, security="starttls", username="kim", ca_file=authority.file)
    said = refusal(server, password="swordfish")
    assert "refused the user name or the password: 535 5.7.8 *** or ***" in said
    assert "mail.password" in said
    assert post.taken == []


def test_a_server_that_offers_no_login_is_explained(serve):
    said = refusal(at(serve(Post()), username="kim"), password=PASSWORD)
    assert "offers no login" in said


def test_a_login_that_is_unknown_here_is_explained():
    with scripted(b"220 hello", b"250-hello\r\n250 AUTH GSSAPI", b"221 bye") as (port, _):
        said = refusal(at(port, username="kim"), password=PASSWORD)
    assert "no way to log in that is known here" in said


def test_a_password_that_cannot_be_checked_now_is_no_wrong_one():
    script = b"220 hello", b"250-hello\r\n250 AUTH PLAIN", b"454 later", b"221 bye"
    with scripted(*script) as (port, _):
        said = refusal(at(port, username="kim"), password=PASSWORD)
    assert "cannot check the password now: 454 later" in said
    assert "It may take it later" in said


def test_a_password_with_other_letters_is_refused_before_it_is_sent(serve, authority):
    post = Post()
    port = serve(post, tls_context=authority.certify("localhost"))
    server = at(port, security="starttls", username="kim", ca_file=authority.file)
    assert "other letters than ASCII" in refusal(server, password="pässword")
    assert post.logins == []


# -- messages that are refused ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("550 5.1.1 no such user", "Correct the address. It may want a login"),
        ("450 4.7.1 greylisted", "It may take it later"),
        ("554 5.7.1 relay access denied", "It may want a login"),
    ],
)
def test_a_refused_recipient_is_named_with_the_answer(serve, answer, said):
    post = Post(answers={"owner@example.org": answer})
    told = refusal(at(serve(post)))
    assert f"refused the message for owner@example.org ({answer})" in told
    assert said in told
    assert post.taken == []


def test_a_recipient_refused_beside_others_is_no_success(serve):
    post = Post(answers={"owner@example.org": "550 5.1.1 no such user"})
    told = refusal(at(serve(post)), message("owner@example.org, other@example.org"))
    assert "took the message for the others, but refused it for owner@example.org (550" in told
    assert [recipients for recipients, _ in post.taken] == [["other@example.org"]]


def test_a_message_that_is_too_large_is_explained(serve):
    large = message(body="x" * 3000)
    said = refusal(at(serve(Post(), data_size_limit=1000)), large)
    assert "refused the message: 552" in said
    assert "too large" in said


def test_a_message_refused_after_it_was_read_is_explained(serve):
    said = refusal(at(serve(Post(answers={"data": "554 5.6.0 not today\x1b[2J"}))))
    assert "refused the message: 554 5.6.0 not today [2J." in said


# -- connections that fail --------------------------------------------------------------------


def test_nobody_listening_is_explained():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    said = refusal(at(port))
    assert f"localhost:{port} cannot be reached: Connection refused" in said


def test_a_host_that_does_not_exist_is_explained():
    said = refusal(at(25, host="smtp.invalid"))
    assert "smtp.invalid:25 is not found under that name" in said
    assert "mail.host" in refusal(at(25, host=f"{'x' * 64}.example.org"))


def test_a_server_that_turns_the_connection_away_is_explained():
    with scripted(b"421 too busy") as (port, _):
        assert "turned the connection away: 421 too busy" in refusal(at(port))


@pytest.mark.parametrize(
    "lines",
    [
        [b""],
        [b"220 hello", b""],
        [b"220 hello", b"250 hello", b"250 from", b""],
        [b"220 hello", b"250 hello", b"250 from", b"250 to", b""],
    ],
)
def test_a_connection_dropped_before_the_message_says_so(lines):
    with scripted(*lines) as (port, _):
        said = refusal(at(port))
    assert "ended the connection" in said
    assert "may have arrived" not in said


def test_a_connection_dropped_after_the_message_says_that_it_may_have_arrived(serve):
    post = Post(broken="after the dot")
    said = refusal(at(serve(post)))
    assert len(post.taken) == 1
    assert "after the whole message was handed over: it may have arrived" in said


def test_a_server_that_answers_too_late_is_given_up():
    replies = [b"220 hello", b"250 hello", b"250 from", b"250 to", b"354 go", b"250 taken"]
    with scripted(*replies, after=1.0) as (port, _):
        said = refusal(at(port, timeout=0.2))
    assert "stopped answering" in said


def test_a_server_that_falls_silent_in_the_handshake_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = refusal(at(silent.getsockname()[1], timeout=0.2, security="tls"))
    assert "did not answer within 0.2 seconds" in said


# -- the message ------------------------------------------------------------------------------


def test_an_alarm_is_a_plain_message_that_no_machine_answers():
    made = alarm_message(
        SENDER, OWNER, "Briefing: it is parked", "What.\n\nWhat to do.\n", digest="0a1b", at=AT
    )
    assert bytes(made).decode("ascii").split("\r\n") == [
        "From: Regional Briefing <briefing@example.org>",
        "To: owner@example.org",
        "Subject: Briefing: it is parked",
        "Date: Sun, 01 Nov 2026 08:00:05 +0000",
        "Message-ID: <alarm.0a1b.20261101080005@example.org>",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: quoted-printable",
        "MIME-Version: 1.0",
        "",
        "What.",
        "",
        "What to do.",
        "",
    ]


def test_the_same_alarm_is_the_same_message_and_another_day_is_another():
    def made(day: int) -> EmailMessage:
        return alarm_message(SENDER, OWNER, "s", "b", digest="d", at=AT.replace(day=day))

    assert bytes(made(1)) == bytes(made(1))
    assert made(1)["Message-ID"] != made(2)["Message-ID"]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("failed\r\nBcc: everybody@example.org", "failed Bcc: everybody@example.org"),
        ("지역 브리핑:\t실패\u2028끝", "지역 브리핑: 실패 끝"),
        ("half a letter \udc80", "half a letter ?"),
    ],
)
def test_no_subject_breaks_a_header(subject, expected):
    made = alarm_message(SENDER, OWNER, subject, "half a letter \udc80", digest="d", at=AT)
    read = message_from_bytes(bytes(made), policy=policy.SMTP)
    assert read["Subject"] == expected
    assert read["Bcc"] is None
    assert read.get_content() == "half a letter ?\r\n"


# -- webhooks and monitors --------------------------------------------------------------------


class Web(ThreadingHTTPServer):
    """Keeps what it is asked, answers by the path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.asked: list[tuple[str, bytes]] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self._answer(self.rfile.read(length))

    def do_GET(self) -> None:
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        assert isinstance(self.server, Web)
        self.server.asked.append((self.path, body))
        status = {"/broken": 500, "/gone": 404}.get(self.path, 200)
        target = ""
        if self.path.startswith("/to/"):
            status, target = 302, self.path.removeprefix("/to/")
        self.send_response(status)
        if target:
            self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_notice_reaches_every_address(web):
    urls = [Secret(f"json://{web.address}/{name}") for name in ("a", "b")]
    notify(urls, "지역: *failed*", "Look <here>.\n")
    assert [path for path, _ in web.asked] == ["/a", "/b"]
    for _, body in web.asked:
        said = json.loads(body)
        assert (said["title"], said["message"].strip()) == ("지역: *failed*", "Look <here>.")


def test_an_address_that_fails_stops_no_other_and_shows_no_token(web, caplog, capfd):
    caplog.set_level(logging.WARNING)
    token = "TIiajkdnlazkcOXrIdevi7FQ"
    urls = [
        Secret(f"json://{web.address}/broken?+x={token}", (token,)),
        Secret(f"nonsense://{token}", (token,)),
        Secret(token),
        Secret(f"json://{web.address}/works"),
    ]
    with pytest.raises(ChannelError) as caught:
        notify(urls, "t", "b")
    said = str(caught.value)
    assert "json:// did not take it: Failed to send JSON POST notification" in said
    assert "nonsense:// is no address that Apprise knows" in said
    assert "The address is no address" in said
    assert "owner.notify" in said
    assert [path for path, _ in web.asked] == ["/broken", "/works"]
    shown = capfd.readouterr()
    assert token not in f"{said} {shown.out} {shown.err} {caplog.text}"


def test_what_apprise_says_of_an_address_does_not_show_its_secret():
    with pytest.raises(ChannelError) as caught:
        notify([Secret("json://sesame.invalid/x", ("sesame.invalid",))], "t", "b")
    assert "json:// did not take it" in str(caught.value)
    assert "***" in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_without_apprise_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ChannelError, match=r"pip install 'briefing\[notify\]'"):
        notify([Secret("json://localhost")], "t", "b")


def test_apprise_is_loaded_only_when_a_notice_is_sent():
    code = (
        "import sys, briefing.channels, briefing.channels.email, briefing.channels.notify\n"
        "sys.exit(', '.join({'apprise', 'requests'} & set(sys.modules)) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_a_monitor_is_pinged(web):
    ping(Secret(f"http://{web.address}/key?a=b"))
    ping(Secret(f"http://{web.address}/to/http://{web.address}/moved"))
    assert [path for path, _ in web.asked][::2] == ["/key?a=b", "/moved"]


@pytest.mark.parametrize(
    "target", ["file:///etc/hostname", "ftp://127.0.0.1/x", "https://127.0.0.1:1/x",
               "http://example.org/x", "data:,x"]
)  # fmt: skip
def test_a_ping_follows_to_no_other_kind_of_address(web, target):
    with pytest.raises(ChannelError, match=r"elsewhere|no https address|over http|answered 302"):
        ping(Secret(f"http://{web.address}/to/{target}"))
    assert len(web.asked) == 1


@pytest.mark.parametrize(("path", "said"), [("/gone", "answered 404"), ("/broken", "answered 500")])
def test_a_monitor_that_is_not_content_is_a_failure(web, path, said):
    with pytest.raises(ChannelError, match=said):
        ping(Secret(f"http://{web.address}{path}"))


@pytest.mark.parametrize(
    "url", ["http://example.org/sesame", "file:///sesame", "https://u:sesame@example.org", "sesame",
            "https://", "http://[::1/sesame", "https://example.org:sesame/", "https://\x00sesame/"]
)  # fmt: skip
def test_a_ping_that_others_could_read_is_not_sent_and_not_shown(url):
    with pytest.raises(ChannelError) as caught:
        ping(Secret(url))
    assert "sesame" not in "".join(traceback.format_exception(caught.value))


def test_a_ping_with_a_password_in_its_address_is_refused_for_that():
    with pytest.raises(ChannelError, match="no https address without a password"):
        ping(Secret("https://kim:sesame@localhost/x"))


def test_a_monitor_that_is_away_or_silent_is_a_failure():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(
            ChannelError, match=r"monitor at 127\.0\.0\.1 did not answer: TimeoutError"
        ):
            ping(Secret(f"http://{address}/key"), timeout=0.2)
    with pytest.raises(ChannelError, match="Connection refused"):
        ping(Secret(f"http://{address}/key"))


# -- the owner --------------------------------------------------------------------------------

ALARM = Alarm("0a1b", "regional", "regional is parked", "It did not work.\n", AT, AT, None, 1)


def reference(text: str) -> Reference:
    return Reference(text, "config.yaml", 3, "owner.notify.0", Path("/nowhere"))


def told(channels: Channels, **environ: str):
    return tell_owner(
        channels, ALARM, project="Regional", resolve=lambda item: item.resolve(environ)
    )


def test_the_owner_is_told_over_every_way(serve, authority, web):
    post = Post()
    port = serve(post, tls_context=authority.certify("localhost"), require_starttls=True)
    server = at(
        port,
        security="starttls",
        username="kim",
        password=reference("${SMTP}"),
        ca_file=authority.file,
    )
    owner = ProjectOwner(OWNER, (reference(f"json://{web.address}/${{HOOK}}"),))
    channels = Channels(reference("sqlite:///x"), owner, mail=server)
    found = told(channels, SMTP=PASSWORD, HOOK="hook")
    assert found.reached == ("owner.mail", "owner.notify.0")
    assert found.failures == ()
    ((_, content),) = post.taken
    mail = message_from_bytes(content, policy=policy.SMTP)
    assert mail["Subject"] == "Regional: regional is parked"
    assert mail["Message-ID"] == "<alarm.0a1b.20261101080005@example.org>"
    assert "It did not work." in mail.get_content()
    ((path, body),) = web.asked
    assert path == "/hook"
    assert json.loads(body)["title"] == "Regional: regional is parked"


def test_a_way_that_fails_stops_no_other(web):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    hooks = (
        reference("${MISSING}"),
        reference(f"json://{web.address}/broken"),
        reference(f"json://{web.address}/works"),
    )
    channels = Channels(reference("sqlite:///x"), ProjectOwner(OWNER, hooks), mail=at(port))
    found = told(channels)
    assert found.reached == ("owner.notify.2",)
    mail, missing, broken = found.failures
    assert mail.startswith("owner.mail: The mail server localhost")
    assert "config.yaml:3" in missing
    assert "MISSING is not set" in missing
    assert "owner.notify.1: A notice did not go out" in broken


def test_where_no_owner_is_named_nobody_is_told():
    found = told(Channels(reference("sqlite:///x")))
    assert (found.reached, found.failures) == ((), ())

"""A real mail server for tests: Postfix and Dovecot of our own, on loopback, in a temporary folder.

Postfix takes mail over STARTTLS from who logs in (Dovecot checks the password) and hands it to
Dovecot over LMTP; readers and the archive have mailboxes that can be read over IMAP. Nothing is
sent elsewhere. Ports are free ones, the authority and its certificate are new each time, and what
is ended is what was started here, by its id.

Readers whose address says what happens to mail for them: ``grey`` 450, ``full`` 452, ``closing``
421, ``slow`` two seconds of silence, ``gone`` 550. A message of more than a megabyte is refused.
"""

from __future__ import annotations

import fcntl
import imaplib
import os
import pwd
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

DOMAIN = "example.org"
MAILBOXES = ("briefing", "archive", "anna", "ben", "chloe", "slow")
LARGEST = 1_000_000
WAIT = 30.0
_OPENSSL = "openssl req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
_SECURE_SMTP = """\
127.0.0.1:{port} inet n - n - - smtpd
  -o syslog_name=postfix/{name}
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
"""
_MASTER = """\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""
_MAIN = """\
compatibility_level = 3.6
config_directory = {folder}/postfix
queue_directory = {folder}/queue
data_directory = {folder}/state
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = mx.{domain}
mydestination =
alias_maps =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
recipient_delimiter = +
message_size_limit = {largest}
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = texthash:{folder}/postfix/readers
virtual_transport = lmtp:unix:private/dovecot-lmtp
default_transport = error:5.7.1 this server sends nothing elsewhere
relay_transport = error:5.7.1 this server sends nothing elsewhere
smtpd_tls_cert_file = {folder}/localhost.pem
smtpd_tls_key_file = {folder}/localhost.key
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_restriction_classes = slow
slow = sleep 2, permit
smtpd_recipient_restrictions =
  reject_unauth_destination, check_recipient_access texthash:{folder}/postfix/faults
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_client_connection_rate_limit = 0
biff = no
"""
_FAULTS = """\
grey@{domain} 450 4.2.0 Greylisted, come back in 300 seconds
full@{domain} 452 4.2.2 Mailbox full
closing@{domain} 421 4.3.2 Service shutting down
gone@{domain} 550 5.1.1 User unknown
slow@{domain} slow
"""
_DOVECOT = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = required
ssl_cert = <{folder}/localhost.pem
ssl_key = <{folder}/localhost.key
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%n
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
first_valid_gid = 1
default_client_limit = 200
default_process_limit = 50
passdb {{
  driver = passwd-file
  args = scheme=plain username_format=%u {folder}/passwords
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail/%n
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  unix_listener {folder}/queue/private/dovecot-lmtp {{
    mode = 0600
    user = postfix
    group = postfix
  }}
}}
service auth {{
  unix_listener {folder}/queue/private/auth {{
    mode = 0660
    user = postfix
    group = postfix
  }}
}}
service anvil {{
  client_limit = 400
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


def free_ports(count: int) -> list[int]:
    """So many ports of loopback on which nobody listens."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports


def until(what: str, reached: Callable[[], bool], seconds: float = WAIT) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


@dataclass
class MailServers:
    """Postfix and Dovecot, and the mailboxes behind them.

    Attributes:
        folder: everything of theirs.
        submission: the port that takes mail over STARTTLS from who logs in.
        unsized: the same, without saying how large a message may be.
        imap: the port for IMAP with STARTTLS.
        imaps: the port for IMAP over TLS.
    """

    folder: Path
    submission: int = 0
    unsized: int = 0
    imap: int = 0
    imaps: int = 0
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def authority(self) -> Path:
        """The certificate of the authority that has to be trusted."""
        return self.folder / "authority.pem"

    def password(self, name: str) -> str:
        return f"secret of {name} & 7+"

    def make(self) -> None:
        """Write the configuration, certificates and mailboxes."""
        assert os.geteuid() == 0, "Postfix starts for root only: run this test as root"
        for program in ("postfix", "dovecot"):
            assert shutil.which(program, path="/usr/sbin"), "run tests/services/install"
        self.submission, self.unsized, self.imap, self.imaps = free_ports(4)
        self.folder.chmod(0o755)
        self._certify()
        for name in ("postfix", "queue", "state", "mail", "run"):
            (self.folder / name).mkdir(mode=0o755)
        shutil.chown(self.folder / "state", "postfix")
        shutil.chown(self.folder / "mail", "mail", "mail")
        names = {
            "folder": self.folder,
            "domain": DOMAIN,
            "largest": LARGEST,
            "imap": self.imap,
            "imaps": self.imaps,
        }
        smtp = _SECURE_SMTP.format(port=self.submission, name="submission")
        smtp += _SECURE_SMTP.format(port=self.unsized, name="unsized")
        smtp += "  -o smtpd_discard_ehlo_keywords=size\n"
        readers = [*MAILBOXES, "grey", "full", "closing"]
        owner = pwd.getpwnam("mail")
        passwords = [
            f"{name}@{DOMAIN}:{{PLAIN}}{self.password(name)}:{owner.pw_uid}:{owner.pw_gid}::::\n"
            for name in MAILBOXES
        ]
        for file, text in (
            ("postfix/main.cf", _MAIN.format(**names)),
            ("postfix/master.cf", smtp + _MASTER),
            ("postfix/readers", "".join(f"{name}@{DOMAIN} x\n" for name in readers)),
            ("postfix/faults", _FAULTS.format(**names)),
            ("dovecot.conf", _DOVECOT.format(**names)),
            ("passwords", "".join(passwords)),
        ):
            (self.folder / file).write_text(text, encoding="utf-8")
        self.postfix("set-permissions", check=False)  # misses manual pages

    def _certify(self) -> None:
        (self.folder / "openssl.cnf").write_text("[req]\ndistinguished_name = dn\n[dn]\n")
        signed = ["-CA", "authority.pem", "-CAkey", "authority.key"]
        for name, extension, more in (
            ("authority", "basicConstraints=critical,CA:TRUE", []),
            ("localhost", "subjectAltName=DNS:localhost", signed),
            ("stranger", "basicConstraints=critical,CA:TRUE", []),
        ):
            files = ["-keyout", f"{name}.key", "-out", f"{name}.pem", "-config", "openssl.cnf"]
            command = [*_OPENSSL.split(), *files, "-subj", f"/CN={name}", "-addext", extension]
            subprocess.run([*command, *more], cwd=self.folder, check=True, capture_output=True)

    def postfix(self, *words: str, check: bool = True) -> None:
        command = ["postfix", "-c", str(self.folder / "postfix"), *words]
        path = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
        subprocess.run(command, env=path, check=check, capture_output=True, cwd="/")

    def start(self) -> None:
        """Start both, as children that stay children."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
        self.postfix("check", check=False)  # makes the folders of the queue
        with (self.folder / "said").open("ab") as said:
            for command in (
                ["/usr/lib/postfix/sbin/master", "-c", str(self.folder / "postfix"), "-d"],
                ["dovecot", "-F", "-c", str(self.folder / "dovecot.conf")],
            ):
                self.running.append(
                    subprocess.Popen(
                        command, env=environment, cwd="/", stdin=subprocess.DEVNULL,
                        stdout=said, stderr=said, start_new_session=True,
                    )
                )  # fmt: skip
        until("the mail servers", self.answers)

    def answers(self) -> bool:
        """Whether both greet, and have the sockets between them."""
        assert not [process for process in self.running if process.poll() is not None], self.said()
        between = [self.folder / "queue/private" / name for name in ("dovecot-lmtp", "auth")]
        return all(path.is_socket() for path in between) and all(
            _greets(port, greeting)
            for port, greeting in ((self.submission, b"220"), (self.imap, b"* OK"))
        )

    def said(self) -> str:
        """What the servers have to say for themselves."""
        files = [self.folder / name for name in ("said", "postfix.log", "dovecot.log")]
        return "\n".join(
            file.read_text(encoding="utf-8", errors="replace")[-3000:]
            for file in files
            if file.exists()
        )

    def stop(self) -> None:
        """End both, and all of their children with them."""
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            try:
                process.wait(WAIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.running.clear()

    # -- mailboxes --------------------------------------------------------------------------------

    def waiting(self) -> int:
        """How many messages are still on their way to a mailbox."""
        queues = ("maildrop", "incoming", "active", "deferred")
        return sum(
            1 for name in queues for path in (self.folder / "queue" / name).rglob("*")
            if path.is_file()
        )  # fmt: skip

    def settle(self) -> None:
        """Wait until every message that was taken lies in its mailbox."""
        until("the queue to empty", lambda: self.waiting() == 0)

    def mail(self, name: str) -> list[EmailMessage]:
        """The messages in a mailbox, as its owner's program fetches them."""
        return [message_from_bytes(content, policy=policy.SMTP) for content in self.fetch(name)]

    def fetch(self, name: str) -> list[bytes]:
        trust = ssl.create_default_context(cafile=self.authority)
        with imaplib.IMAP4("localhost", self.imap, timeout=WAIT) as mailbox:
            mailbox.starttls(trust)
            mailbox.login(f"{name}@{DOMAIN}", self.password(name))
            mailbox.select(readonly=True)
            _, (numbers,) = mailbox.search(None, "ALL")
            found = [mailbox.fetch(number, "(BODY.PEEK[])")[1][0] for number in numbers.split()]
        return [item[1] for item in found]

    def doveadm(self, *words: str) -> None:
        command = ["doveadm", "-c", str(self.folder / "dovecot.conf"), *words]
        subprocess.run(command, check=True, capture_output=True)

    def empty(self) -> None:
        """Leave every mailbox empty."""
        self.settle()
        for folder in (self.folder / "mail").iterdir():
            shutil.rmtree(folder)


def _greets(port: int, greeting: bytes) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as line:
        line.settimeout(2)
        return line.recv(100).startswith(greeting)
    return False


@contextmanager
def mail_servers() -> Iterator[MailServers]:
    """Servers that run as long as the context lasts; nothing of them is left."""
    with tempfile.TemporaryDirectory(prefix="briefing-mail-") as folder:
        servers = MailServers(Path(folder))
        servers.make()
        try:
            servers.start()
            yield servers
        finally:
            servers.stop()


# -- a line that breaks -----------------------------------------------------------------------


class CuttingProxy:
    """Passes bytes on between a client and a server, and cuts the line where it is told to."""

    def __init__(self, port: int) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.cuts = 0
        self._target = port
        self._cut = ""
        self._passing = threading.Lock()
        self._ends: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut_at(self, next_words: str) -> None:
        """Lose the next words of the client (``dot``) or of the server (``answer``), and the line.

        What the client has said before arrives.
        """

        def all_passed() -> bool:
            with self._passing:
                if any(_unread(end) for end in self._ends):
                    return False
                self._cut = next_words
                return True

        until("the line to be quiet", all_passed)

    def hang_up(self) -> None:
        """Break every line that there is now, and none that comes of it."""
        self.cuts += 1
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(WAIT)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            self._ends += [client, server]
            back = threading.Thread(target=self._pass_on, args=(server, client, "answer"))
            back.start()
            self._pass_on(client, server, "dot")
            back.join()
            self._ends = [end for end in self._ends if end not in {client, server}]

    def _pass_on(self, source: socket.socket, to: socket.socket, words: str) -> None:
        with suppress(OSError, ValueError):
            while True:
                select.select([source], [], [])
                with self._passing:  # so that nobody asks while words are in nobody's hands
                    data = source.recv(65_536)
                    if not data:
                        break
                    if self._cut == words:
                        self._cut = ""
                        self.hang_up()
                        break
                    to.sendall(data)
        with suppress(OSError):
            to.shutdown(socket.SHUT_WR)


def _unread(end: socket.socket) -> int:
    """How many bytes wait to be read."""
    answer = fcntl.ioctl(end, termios.FIONREAD, bytes(4))
    return int.from_bytes(answer, sys.byteorder)

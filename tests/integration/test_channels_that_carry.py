"""The channels that carry issues: by mail in the form that fits, into folders, into chats."""

import errno
import hashlib
import json
import os
import re
import resource
import socket
import subprocess
import sys
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from aiosmtpd.controller import Controller
from fsspec.implementations.memory import MemoryFileSystem

from briefing.abc import Channel
from briefing.channels import open_channel, open_mail
from briefing.channels.folder import FolderChannel
from briefing.channels.letters import letter_of
from briefing.channels.mail import MailChannel
from briefing.channels.notify import NotifyChannel
from briefing.errors import BriefingError, ChannelError
from briefing.extensions import ExtensionError
from briefing.structures import (
    ArchiveMailbox,
    Attachment,
    ChannelSettings,
    Letter,
    Mailbox,
    MailServer,
    Parcel,
    Picture,
    Receipt,
    Secret,
)
from briefing.testing import MemoryChannel

# Apprise asks every plug-in whether it can be used, and one of them imports an old module
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

REPOSITORY = Path(__file__).parents[2]
HOWTO = REPOSITORY / "docs" / "howto" / "channels.md"
DUE = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
READER = Mailbox("김 독자", "reader@example.org")
SERVER = MailServer(
    "localhost", 25, "none", Mailbox("지역 브리핑", "briefing@example.org"), timeout=10.0
)
ISSUE = "regional-innovation/2026-10/ko/r1"
ID = "<regional-innovation.ko.2026-10.r1.5f1c@example.org>"
PDF_NAME = "지역 혁신 브리핑 2026년 10월.pdf"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
APPENDIX = bytes(range(256)) * 400
PAGE = b"<html>page</html>"
CSV = b"region,amount\nKR-27,5\n"
HTML = (
    '<body style="margin: 0"><div style="display: none">대구가 선두</div>'
    '<p>대구 <img src="cid:chart" alt="x"></p></body>'
)
LETTER = Letter(
    "regional-innovation", "ko", "지역 혁신 브리핑, 2026년 10월", "대구가 선두다.\n", HTML,
    (Picture("chart", b"\x89PNG"),),
    (
        Attachment(PDF_NAME, PDF, "application/pdf"),
        Attachment("부록.xlsx", APPENDIX, "application/octet-stream"),
    ),
)  # fmt: skip


def wanted() -> bool:
    return True


@pytest.fixture
def parcel(tmp_path) -> Parcel:
    """An issue with pages, tables and what no folder gets; for nobody in particular."""
    folder = tmp_path / "archive" / ISSUE
    files = {
        "index.html": PAGE, "tables/amounts.csv": CSV, "briefing.pdf": PDF, "known.json": b"{}",
        "mail/body.txt": b"words", "figures/bars.svg": b"<svg/>", "manifest.json": b"{sealed}",
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return Parcel(ISSUE, folder, LETTER, None, DUE, ID, files=digests)


@pytest.fixture
def mailed(parcel) -> Parcel:
    """The same issue for a reader."""
    return replace(parcel, to=READER)


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# -- mail -------------------------------------------------------------------------------------


@dataclass
class Post:
    """What a mail server takes; it may find a message too large only when it is over."""

    most: int = 10**9
    at: str = "dot"
    taken: list[tuple[list[str], bytes]] = field(default_factory=list)
    refused: int = 0

    async def handle_MAIL(self, server, session, envelope, address, options) -> str:
        size = next((int(word[5:]) for word in options if word.upper().startswith("SIZE=")), 0)
        if self.at == "mail" and size > self.most:
            self.refused += 1
            return "552 5.3.4 too large"
        envelope.mail_from = address
        return "250 well"

    async def handle_DATA(self, server, session, envelope) -> str:
        if len(envelope.content) > self.most:
            self.refused += 1
            return "552 5.3.4 too large"
        self.taken.append((list(envelope.rcpt_tos), envelope.content))
        return "250 taken"


@contextmanager
def serving(post: Post, announced: int = 10**9) -> Iterator[MailServer]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    controller = Controller(post, "127.0.0.1", port, data_size_limit=announced)
    controller.ready_timeout = 10.0
    controller.start()
    try:
        yield replace(SERVER, host="127.0.0.1", port=port)
    finally:
        controller.stop()


def sent(
    parcel: Parcel, post: Post, announced: int = 10**9, *, link: str = "", **keys: Any
) -> tuple[Receipt, list[EmailMessage]]:
    with serving(post, announced) as server:
        way = MailChannel(replace(server, **keys), link=link)
        try:
            receipt = way.deliver(parcel, wanted)
        finally:
            way.close()
    return receipt, [message_from_bytes(body, policy=policy.SMTP) for _, body in post.taken]


def names(message: EmailMessage) -> list[str]:
    return [str(part.get_filename()) for part in message.iter_attachments()]


def texts(message: EmailMessage) -> list[str]:
    plain, page = message.get_body(["plain"]), message.get_body(["html"])
    assert plain is not None
    assert page is not None
    return [plain.get_content(), page.get_content()]


def test_a_server_that_takes_all_gets_the_letter_as_it_was_built(mailed):
    receipt, (message,) = sent(mailed, Post())
    assert (receipt.outcome, receipt.text) == ("sent", "250 taken")
    assert names(message) == [PDF_NAME, "부록.xlsx"]
    assert [part.get_content() for part in message.iter_attachments()] == [PDF, APPENDIX]
    assert texts(message)[0].replace("\r\n", "\n") == LETTER.text
    assert message["Message-ID"] == ID
    assert message["Date"].datetime == DUE


def test_a_copy_goes_to_the_archive_and_is_named_nowhere(mailed):
    post = Post()
    archive = ArchiveMailbox("archive@example.org", "imap.example.org")
    receipt, _ = sent(mailed, post, archive=archive)
    assert receipt.outcome == "sent"
    ((recipients, body),) = post.taken
    assert recipients == ["reader@example.org", "archive@example.org"]
    assert b"archive@" not in body


FITS_ONE, FITS_NONE, FITS_NOTHING = 60_000, 10_000, 500


@pytest.mark.parametrize("how", ["announced", "mail", "dot"])
@pytest.mark.parametrize(
    ("most", "left", "form"),
    [(FITS_ONE, [PDF_NAME], "without the appendix"), (FITS_NONE, [], "without the attachments")],
)
def test_a_server_that_takes_less_gets_a_smaller_form_that_says_so(mailed, how, most, left, form):
    post = Post(most, how)
    announced = most if how == "announced" else 10**9
    receipt, (message,) = sent(mailed, post, announced, link="https://example.org/a")
    assert receipt.outcome == "sent"
    assert receipt.text.startswith(f"250 taken; {form}, the server ")
    assert ("at most" in receipt.text) == (how == "announced")
    assert post.refused == (0 if how == "announced" else 2 - len(left))
    assert names(message) == left
    for text in texts(message):
        assert "메일 용량 제한으로 이번에는 첨부하지 못한 파일:" in text
        assert f"https://example.org/a/{ISSUE}/" in text
        assert "부록.xlsx" in text
        assert "102 kB" in text
        assert (PDF_NAME in text) == (not left)
    assert message["Message-ID"] == ID


def test_what_does_not_fit_in_any_form_is_too_large(mailed):
    receipt, messages = sent(mailed, Post(), FITS_NOTHING)
    assert (receipt.outcome, messages) == ("too_large", [])


def test_one_attachment_has_no_appendix(mailed):
    single = replace(mailed, letter=replace(LETTER, attachments=LETTER.attachments[1:]))
    post = Post(FITS_NONE)
    receipt, (message,) = sent(single, post)
    assert post.refused == 1
    assert "without the attachments" in receipt.text
    assert names(message) == []
    assert "이 메일에 회신하시면 보내 드립니다." in texts(message)[0]


def test_the_same_parcel_makes_the_same_bytes_in_each_form(mailed):
    for announced in (10**9, FITS_ONE, FITS_NONE):
        first, second = Post(), Post()
        sent(mailed, first, announced)
        sent(mailed, second, announced)
        assert first.taken == second.taken


def test_what_is_not_wanted_any_more_is_left(mailed):
    post = Post()
    with serving(post) as server:
        way = open_mail(server, lambda reference: Secret(reference.text))
        left = way.deliver(mailed, lambda: False)
        way.close()
    assert (left.outcome, left.retry_after) == ("deferred", timedelta(0))
    assert post.taken == []


def test_what_cannot_be_a_message_stops_no_other(mailed):
    post = Post()
    with serving(post) as server:
        way = MailChannel(server)
        broken = way.deliver(replace(mailed, to=Mailbox("A\nB", READER.address)), wanted)
        nobody = way.deliver(replace(mailed, to=None), wanted)
        well = way.deliver(mailed, wanted)
        way.close()
    assert [broken.outcome, nobody.outcome, well.outcome] == ["refused", "refused", "sent"]
    assert "line break" in broken.text
    assert len(post.taken) == 1


def test_a_server_that_is_not_there_is_asked_again_later(mailed):
    with serving(Post()) as server:
        pass
    receipt = MailChannel(server).deliver(mailed, wanted)
    assert (receipt.outcome, receipt.step) == ("deferred", "connection")


# -- folders ----------------------------------------------------------------------------------


def test_an_issue_lies_in_a_folder_with_its_files_under_readable_names(parcel, tmp_path):
    way = FolderChannel("shelf", tmp_path)
    receipt = way.deliver(parcel, wanted)
    assert (receipt.outcome, receipt.text) == ("sent", f"It lies at shelf/{ISSUE}/")
    lying = content(tmp_path / "shelf" / ISSUE)
    assert set(lying) == {
        PDF_NAME,
        "부록.xlsx",
        "index.html",
        "manifest.json",
        "tables/amounts.csv",
    }
    assert lying[PDF_NAME] == PDF
    told = json.loads(lying.pop("manifest.json"))
    assert told["issue"] == ISSUE
    assert told["manifest"] == hashlib.sha256(b"{sealed}").hexdigest()
    assert told["files"] == {name: hashlib.sha256(body).hexdigest() for name, body in lying.items()}


def test_a_readers_mail_lies_in_a_folder_as_it_would_have_gone_out(mailed, tmp_path):
    receipt = FolderChannel("shelf", tmp_path, server=SERVER).deliver(mailed, wanted)
    assert receipt.outcome == "sent"
    assert "reader@" not in receipt.text
    ((name, body),) = content(tmp_path / "shelf").items()
    assert name == f"{ISSUE}/mail/regional-innovation.ko.2026-10.r1.5f1c.eml"
    post = Post()
    sent(mailed, post)
    assert body == post.taken[0][1]
    assert names(message_from_bytes(body, policy=policy.SMTP)) == [PDF_NAME, "부록.xlsx"]


def test_a_readers_mail_is_as_it_was_looked_at(mailed, tmp_path, golden):
    small = replace(LETTER, attachments=(Attachment(PDF_NAME, b"%PDF-1.7\n", "application/pdf"),))
    FolderChannel("shelf", tmp_path, server=SERVER).deliver(replace(mailed, letter=small), wanted)
    ((_, body),) = content(tmp_path / "shelf").items()
    golden.check("mail_in_a_folder.eml", body.decode("ascii"))


def test_filed_twice_it_is_the_same(parcel, mailed, tmp_path):
    for way in (FolderChannel("shelf", tmp_path, server=SERVER) for _ in range(2)):
        assert way.repeatable
        before = content(tmp_path / "shelf")
        assert way.deliver(parcel, wanted).outcome == "sent"
        assert way.deliver(mailed, wanted).outcome == "sent"
    assert content(tmp_path / "shelf") == before
    assert len(before) == 6


def test_what_a_killed_try_left_is_gone_after_the_next(parcel, tmp_path):
    way = FolderChannel("shelf", tmp_path)
    way.deliver(parcel, wanted)
    before = content(tmp_path / "shelf")
    part = f".part-{hashlib.sha256(b'index.html').hexdigest()[:16]}"
    (tmp_path / "shelf" / ISSUE / part).write_bytes(b"half")
    (tmp_path / "shelf" / ISSUE / "manifest.json").write_bytes(b"{another}")
    way.deliver(parcel, wanted)
    assert content(tmp_path / "shelf") == before


def test_the_manifest_comes_last_and_says_that_all_is_there(parcel, tmp_path):
    asked = []

    def once() -> bool:
        asked.append(sorted(content(tmp_path / "shelf")))
        return len(asked) == 1

    receipt = FolderChannel("shelf", tmp_path).deliver(parcel, once)
    assert (receipt.outcome, receipt.retry_after) == ("deferred", timedelta(0))
    assert asked[0] == []
    assert f"{ISSUE}/manifest.json" not in asked[1]
    assert len(asked[1]) == 4


def test_a_manifest_of_something_else_does_not_speak_of_what_is_half_there(parcel, tmp_path):
    way = FolderChannel("shelf", tmp_path)
    way.deliver(parcel, wanted)
    page = b"<html>another</html>"
    (parcel.folder / "index.html").write_bytes(page)
    files = {**parcel.files, "index.html": hashlib.sha256(page).hexdigest()}
    answers = iter([True, False])
    way.deliver(replace(parcel, files=files), lambda: next(answers))
    assert not (tmp_path / "shelf" / ISSUE / "manifest.json").exists()
    assert (tmp_path / "shelf" / ISSUE / "index.html").read_bytes() == page


def test_a_page_that_was_changed_after_it_was_filed_goes_nowhere(parcel, tmp_path):
    (parcel.folder / "index.html").write_bytes(b"forged")
    with pytest.raises(ChannelError, match="was changed after it was filed"):
        FolderChannel("shelf", tmp_path).deliver(parcel, wanted)
    assert not (tmp_path / "shelf").exists()


def test_a_reader_of_a_folder_needs_a_sender(mailed, tmp_path):
    with pytest.raises(ChannelError, match="has no sender") as no:
        FolderChannel("shelf", tmp_path).deliver(mailed, wanted)
    assert "`mail`" in no.value.hint


@pytest.mark.parametrize("name", ["../../../../../../escaped", "/tmp/escaped"])
def test_no_name_leads_out_of_the_folder(parcel, tmp_path, name):
    letter = replace(LETTER, attachments=(Attachment(name, b"x", "text/plain"),))
    (tmp_path / "shelf").mkdir()
    way = FolderChannel("shelf", tmp_path)
    if name.startswith("/"):  # under the issue's folder it is an ordinary name
        way.deliver(replace(parcel, letter=letter), wanted)
        assert not Path(name).exists()
        return
    with pytest.raises(ChannelError, match="no name inside a folder"):
        way.deliver(replace(parcel, letter=letter), wanted)
    assert content(tmp_path / "shelf") == {}


def test_a_long_message_id_is_cut_and_stays_the_only(mailed, tmp_path):
    way = FolderChannel("shelf", tmp_path, server=SERVER)
    for end in ("a", "b"):
        long = f"<{'%EB%8C%80' * 60}.{end}@example.org>"
        assert way.deliver(replace(mailed, message_id=long), wanted).outcome == "sent"
    filed = [Path(name).name for name in content(tmp_path / "shelf")]
    assert len(filed) == 2
    assert max(map(len, filed)) < 210


def test_a_file_in_the_place_of_the_folder_stops_the_channel(parcel, tmp_path):
    (tmp_path / "shelf").write_bytes(b"")
    receipt = FolderChannel("shelf", tmp_path).deliver(parcel, wanted)
    assert receipt.outcome == "channel_failed"
    assert "shelf" in receipt.text
    assert "Name another folder" in receipt.remedy


def _limited_child(tmp_path: Path, most: int) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from briefing.channels.folder import FolderChannel\n"
        "from briefing.structures import Attachment, Letter, Parcel\n"
        "letter = Letter('r', 'en', 's', 't', attachments=("
        "Attachment('a.pdf', bytes(5000), 'application/pdf'),))\n"
        "root = Path(sys.argv[1])\n"
        "now = datetime.now(UTC)\n"
        "parcel = Parcel('r/2026/en/r1', root / 'issue', letter, None, now, '<a@b>')\n"
        "print(FolderChannel('shelf', root).deliver(parcel, lambda: True))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
        capture_output=True,
        text=True,
        check=True,
    )


def test_what_there_is_no_room_for_is_tried_again_and_leaves_nothing(tmp_path):
    assert "outcome='deferred'" in _limited_child(tmp_path, 1000).stdout
    assert content(tmp_path / "shelf") == {}
    assert "outcome='sent'" in _limited_child(tmp_path, 1_000_000).stdout
    assert len(content(tmp_path / "shelf")) == 2


class _Failing:
    """A place that fails with one error."""

    def __init__(self, error: OSError) -> None:
        self.error = error

    def read(self, name: str) -> bytes | None:
        return None

    def write(self, name: str, content: bytes) -> None:
        raise self.error

    def remove(self, name: str) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("code", "outcome", "remedy"),
    [(errno.ENOSPC, "deferred", "Make room"), (errno.EDQUOT, "deferred", "Make room"),
     (errno.EROFS, "deferred", "Mount it"), (errno.EACCES, "deferred", "permission"),
     (errno.EPERM, "deferred", "permission"), (errno.EIO, "deferred", "tried again"),
     (errno.ENOTDIR, "channel_failed", "another folder"),
     (errno.EISDIR, "channel_failed", "another folder"),
     (errno.ENAMETOOLONG, "channel_failed", "another folder")],
)  # fmt: skip
def test_what_a_folder_fails_with_is_said(parcel, tmp_path, code, outcome, remedy):
    class Broken(FolderChannel):
        def _opened(self) -> _Failing:
            return _Failing(OSError(code, os.strerror(code)))

    receipt = Broken("shelf", tmp_path).deliver(parcel, wanted)
    assert receipt.outcome == outcome
    assert receipt.about_everybody
    assert os.strerror(code) in receipt.text
    assert remedy in receipt.remedy


# -- folders far away -------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["memory", "file"])
def test_a_folder_far_away_gets_the_same_files(parcel, mailed, tmp_path, scheme):
    address = f"{scheme}://{tmp_path}/far"
    options = {"auto_mkdir": "true"} if scheme == "file" else {}
    for _ in range(2):
        way = FolderChannel(address, tmp_path, options, SERVER)
        assert way.deliver(parcel, wanted).outcome == "sent"
        assert way.deliver(mailed, wanted).outcome == "sent"
    near = FolderChannel("near", tmp_path, server=SERVER)
    near.deliver(parcel, wanted)
    near.deliver(mailed, wanted)
    files, base = fsspec.core.url_to_fs(address)
    lying = {path.removeprefix(f"{base}/"): files.cat_file(path) for path in files.find(base)}
    assert lying == content(tmp_path / "near")
    assert files.cat_file(f"{base}/{ISSUE}/index.html") == PAGE


def test_a_file_in_the_place_of_a_folder_far_away_stops_the_channel(parcel, tmp_path):
    (tmp_path / "far").write_bytes(b"")
    receipt = FolderChannel(f"file://{tmp_path}/far", tmp_path).deliver(parcel, wanted)
    assert receipt.outcome == "channel_failed"


@pytest.mark.parametrize(
    ("address", "options", "said"),
    [("nonsense://x/y", {}, "cannot be opened"),
     ("file:///tmp/x", {"no_such": "1", "skip_instance_cache": "1"}, "cannot be opened"),
     ("s3://bucket/x", {"key": Secret("sesame")}, "not installed")],
)  # fmt: skip
def test_a_folder_that_cannot_be_opened_is_said(parcel, tmp_path, address, options, said):
    with pytest.raises(ChannelError, match=said) as no:
        FolderChannel(address, tmp_path, options).deliver(parcel, wanted)
    assert "sesame" not in str(no.value)
    assert no.value.hint


class Recording(MemoryFileSystem):
    """A file system that remembers what it was made with, and lets nobody read."""

    made: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, *args: Any, **options: Any) -> None:
        self.made.append(options)
        super().__init__(*args)

    def cat_file(self, path: str, *args: Any, **options: Any) -> bytes:
        raise PermissionError(errno.EACCES, "no reading")


def test_options_reach_the_file_system_as_it_expects_them(parcel, tmp_path):
    fsspec.register_implementation("recording", Recording, clobber=True)
    options = {"port": "22", "tls": "false", "user": "kim", "key": Secret("007")}
    way = FolderChannel("recording://box", tmp_path, options)
    assert way.deliver(parcel, wanted).outcome == "sent", "a drop box is enough"
    assert Recording.made == [{"port": 22, "tls": False, "user": "kim", "key": "007"}]


def test_an_error_of_a_file_system_shows_no_secret_and_is_tried_again(parcel, tmp_path):
    class Broken(FolderChannel):
        def _opened(self) -> _Failing:
            return _Failing(OSError("RefusedError: key open+sesame is unknown"))

    way = Broken("s3://bucket/x", tmp_path, {"key": Secret("open+sesame")})
    receipt = way.deliver(parcel, wanted)
    assert (receipt.outcome, receipt.retry_after) == ("deferred", timedelta(minutes=5))
    assert "key *** is unknown" in receipt.text


def test_without_fsspec_a_folder_of_this_machine_works_and_an_address_says_what_to_do(
    parcel, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    assert FolderChannel("shelf", tmp_path).deliver(parcel, wanted).outcome == "sent"
    with pytest.raises(ChannelError, match=r"pip install 'briefing\[remote\]'"):
        FolderChannel("memory://x", tmp_path).deliver(parcel, wanted)


# -- notices ----------------------------------------------------------------------------------


class Web(ThreadingHTTPServer):
    """Keeps what it is asked; what is asked for as /broken, it does not take."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.asked: list[dict[str, Any]] = []

    def url(self, path: str = "works") -> Secret:
        return Secret(f"json://127.0.0.1:{self.server_address[1]}/{path}")


class _Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert isinstance(self.server, Web)
        self.server.asked.append(json.loads(body))
        self.send_response(500 if self.path == "/broken" else 200)
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


def test_a_chat_is_told_what_is_new_and_where(parcel, web):
    way = NotifyChannel(web.url(), "https://example.org/issues")
    assert way.deliver(parcel, wanted).outcome == "sent"
    (said,) = web.asked
    assert said["title"] == LETTER.subject
    assert said["message"] == f"대구가 선두\n\nhttps://example.org/issues/{ISSUE}/"
    assert said["attachments"] == []
    assert not way.repeatable


def test_a_chat_gets_the_files_under_their_readable_names(parcel, web):
    assert NotifyChannel(web.url(), attach=True).deliver(parcel, wanted).outcome == "sent"
    (said,) = web.asked
    assert said["message"].endswith(ISSUE)
    files = [(item["filename"], b64decode(item["base64"])) for item in said["attachments"]]
    assert files == [(item.name, item.content) for item in LETTER.attachments]


def test_a_chat_that_does_not_take_a_notice_is_asked_again_later(parcel, web):
    receipt = NotifyChannel(web.url("broken")).deliver(parcel, wanted)
    assert (receipt.outcome, receipt.retry_after) == ("deferred", timedelta(minutes=5))
    assert "json:// did not take it" in receipt.text


def test_a_notice_that_is_not_wanted_any_more_is_left(parcel, web):
    assert NotifyChannel(web.url()).deliver(parcel, lambda: False).outcome == "deferred"
    assert web.asked == []


@pytest.mark.parametrize("url", ["nonsense://sesame", "sesame"])
def test_an_address_that_apprise_does_not_know_stops_the_channel(parcel, url):
    receipt = NotifyChannel(Secret(url)).deliver(parcel, wanted)
    assert receipt.outcome == "channel_failed"
    assert "sesame" not in receipt.text


def test_where_apprise_fails_nobody_knows_whether_the_notice_arrived(parcel, web, monkeypatch):
    from apprise import Apprise

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("sesame")

    monkeypatch.setattr(Apprise, "notify", broken)
    receipt = NotifyChannel(web.url()).deliver(parcel, wanted)
    assert receipt.outcome == "uncertain"
    assert "RuntimeError" in receipt.text
    assert "sesame" not in receipt.text


# -- own channels -----------------------------------------------------------------------------

OWN = """
from briefing.abc import Channel
from briefing.errors import ChannelError
from briefing.structures import Receipt

class Own(Channel):
    def __init__(self, *, what, token=""):
        self.what, self.token = what, token
        if what == "unmade":
            raise RuntimeError(f"no such {token}")

    def deliver(self, parcel, still_wanted):
        if self.what == "broken":
            raise RuntimeError(f"the token {self.token} is wrong")
        if self.what == "said":
            raise ChannelError("The printer is out of paper.")
        return None if self.what == "silent" else Receipt("sent", "dot", text=self.what)

    def close(self):
        if self.what != "well":
            raise OSError("it is stuck")

class Again(Own):
    repeatable = True

class Other:
    pass

def function():
    pass
"""


@dataclass(frozen=True)
class Reference:
    """A text that names a secret, as the configuration has it."""

    text: str

    def resolve(self, environ: Any) -> Secret:
        return Secret(environ[self.text])


def opened(root: Path, kind: str = "Own", **options: Any) -> Channel:
    (root / "own.py").write_text(OWN, encoding="utf-8")
    settings = ChannelSettings(
        "printer", "use", 3, use=f"own:{kind}", options=tuple(options.items())
    )
    return open_channel(settings, None, lambda item: item.resolve({"T": "sesame"}), (root,))


def test_an_own_channel_is_made_with_its_options_and_delivers(parcel, tmp_path):
    way = opened(tmp_path, what="well", token=Reference("T"))
    assert way.deliver(parcel, wanted) == Receipt("sent", "dot", text="well")
    assert not way.repeatable
    assert opened(tmp_path, "Again", what="well").repeatable
    way.close()


def test_what_an_own_channel_fails_with_is_uncertain_unless_it_can_be_repeated(parcel, tmp_path):
    for kind, outcome in (("Own", "uncertain"), ("Again", "deferred")):
        way = opened(tmp_path, kind, what="broken", token=Reference("T"))
        receipt = way.deliver(parcel, wanted)
        assert receipt.outcome == outcome
        assert "'printer' failed" in receipt.text
        assert "RuntimeError: the token *** is wrong (own.py:14)" in receipt.text
        assert opened(tmp_path, kind, what="silent").deliver(parcel, wanted).outcome == outcome


def test_what_an_own_channel_says_to_a_person_is_said(parcel, tmp_path):
    way = opened(tmp_path, what="said")
    with pytest.raises(ChannelError, match="out of paper"):
        way.deliver(parcel, wanted)
    with pytest.raises(ChannelError, match="it is stuck"):
        way.close()


@pytest.mark.parametrize(
    ("kind", "options", "error", "part"),
    [("Other", {}, ChannelError, "no subclass"), ("function", {}, ChannelError, "no subclass"),
     ("Own", {}, ChannelError, "what"), ("Nothing", {}, ExtensionError, "Nothing"),
     ("Own", {"what": "unmade", "token": Reference("T")}, ChannelError, r"no such \*\*\*"),
     ("Own", {"what": "well", "more": "x"}, ChannelError, "more")],
)  # fmt: skip
def test_what_is_no_channel_or_cannot_be_made_is_said(tmp_path, kind, options, error, part):
    with pytest.raises(BriefingError, match=part) as no:
        opened(tmp_path, kind, **options)
    assert isinstance(no.value, error)


def test_folders_and_notices_are_opened_as_they_are_set_up(parcel, mailed, tmp_path, web):
    def resolve(item: Any) -> Secret:
        return item.resolve({"U": web.url().reveal(), "T": "true"})

    shelf = ChannelSettings("shelf", "folder", 1, path="shelf")
    assert (
        open_channel(shelf, SERVER, resolve, (tmp_path,))
        .deliver(mailed, wanted)
        .text.endswith(".eml")
    )
    chat = ChannelSettings("chat", "notify", 1, url=Reference("U"), link="https://example.org")
    open_channel(chat, None, resolve, (tmp_path,)).deliver(parcel, wanted)
    assert web.asked[0]["message"].endswith(f"https://example.org/{ISSUE}/")
    with pytest.raises(ChannelError, match="no address"):
        open_channel(ChannelSettings("chat", "notify", 1), None, resolve, (tmp_path,))


def test_a_channel_that_keeps_all_answers_as_it_was_told(parcel):
    later = Receipt("deferred", "message")
    way = MemoryChannel(later)
    assert way.deliver(parcel, wanted) == later
    assert way.deliver(parcel, wanted).outcome == "sent"
    assert way.deliver(parcel, lambda: False).outcome == "deferred"
    way.close()
    assert (way.parcels, way.unwanted, way.closed) == ([parcel, parcel], [parcel], True)


# -- a whole issue, and the how-to ------------------------------------------------------------


def test_a_built_issue_goes_out_as_it_was_built(small_issue, tmp_path):
    manifest = small_issue.hashes["manifest.json"]
    letter = letter_of(small_issue.folder, manifest)
    (pdf,) = letter.attachments
    assert pdf.content == small_issue.bytes("briefing.pdf")
    assert letter.text == small_issue.text("mail/body.txt")
    issue = small_issue.folder.relative_to(small_issue.project.root / "output").as_posix()
    parcel = Parcel(issue, small_issue.folder, letter, None, DUE, ID, files=small_issue.hashes)
    assert FolderChannel("shelf", tmp_path).deliver(parcel, wanted).outcome == "sent"
    lying = content(tmp_path / "shelf" / issue)
    assert lying.pop(pdf.name) == pdf.content
    assert json.loads(lying.pop("manifest.json"))["manifest"] == manifest
    assert lying == {name: small_issue.bytes(name) for name in lying}
    assert {"index.html"} < set(lying)
    receipt, (message,) = sent(replace(parcel, to=READER), Post(), len(pdf.content))
    assert "without the attachments" in receipt.text
    assert pdf.name in texts(message)[0]


def test_the_own_channel_of_the_how_to_works_as_written(parcel, tmp_path, monkeypatch):
    text = HOWTO.read_text(encoding="utf-8")
    blocks = dict(re.findall(r"```python file=(\S+)\n(.*?)```", text, re.DOTALL))
    assert set(blocks) == {"noticeboard.py", "test_noticeboard.py"}
    for name, body in blocks.items():
        (tmp_path / name).write_text(body, encoding="utf-8")
    options = (("list", str(tmp_path / "board.txt")),)
    settings = ChannelSettings("board", "use", 1, use="noticeboard:Board", options=options)
    way = open_channel(settings, None, lambda item: item.resolve({}), (tmp_path,))
    for _ in range(2):
        assert way.deliver(parcel, wanted).outcome == "sent"
    way.close()
    assert (tmp_path / "board.txt").read_text(encoding="utf-8") == f"{LETTER.subject}\t{ISSUE}\n"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    ran = subprocess.run(
        [*command, "test_noticeboard.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout
    assert "1 passed" in ran.stdout

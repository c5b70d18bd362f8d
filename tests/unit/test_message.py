"""An issue's mail: what it is made of, that a reader's program reads it, that its bytes stay."""

import hashlib
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from briefing.channels.message import encoded_size, issue_message, message_id_of
from briefing.errors import ChannelError
from briefing.structures import Attachment, Letter, Mailbox, MailServer, Picture

KOREA = timezone(timedelta(hours=9))
DUE = datetime(2026, 11, 2, 8, 0, tzinfo=KOREA)
MAIL = MailServer(
    host="smtp.example.org",
    port=587,
    security="starttls",
    sender=Mailbox("지역 브리핑, 편집부", "briefing@example.org"),
    reply_to=Mailbox("", "desk@example.org"),
    list_id="lists.example.org",
    unsubscribe="stop+all@example.org",
)
READER = Mailbox("김 독자", "reader@example.org")
PDF_NAME = "지역 혁신 브리핑 2026년 10월, 확정본.pdf"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
HTML = '<p lang="ko">대구가 <b>선두</b>다.</p><img src="cid:chart" alt="막대">\n'
LETTER = Letter(
    report="regional-innovation",
    language="ko",
    subject="지역 혁신 브리핑 2026년 10월: Daegu leads again, 대구가 선두, and it is long",
    text="대구가 선두다.\n.a line that begins with a dot\n",
    html=HTML,
    pictures=(Picture("chart", PNG),),
    attachments=(
        Attachment(PDF_NAME, PDF, "application/pdf"),
        Attachment("amounts.csv", b"region,amount\r\n", "text/csv"),
    ),
)
ID = "<regional-innovation.ko.2026-10.r1.5f1c@example.org>"


def made(letter: Letter = LETTER, to: Mailbox = READER, mail: MailServer = MAIL, **more):
    return issue_message(letter, to, mail, **{"date": DUE, "message_id": ID, **more})


def read(message: EmailMessage) -> EmailMessage:
    """The message as another program reads it from its bytes."""
    return message_from_bytes(bytes(message), policy=policy.SMTP)


def changed(**changes) -> Letter:
    return Letter(**{**vars(LETTER), **changes})


# -- what it is made of -----------------------------------------------------------------------


def shape(part: EmailMessage):
    kind = part.get_content_type()
    return {kind: [shape(inner) for inner in part.iter_parts()]} if part.is_multipart() else kind


def test_the_parts_stand_as_mail_programs_expect_them():
    assert shape(read(made())) == {
        "multipart/mixed": [
            {
                "multipart/alternative": [
                    "text/plain",
                    {"multipart/related": ["text/html", "image/png"]},
                ]
            },
            "application/pdf",
            "text/csv",
        ]
    }


@pytest.mark.parametrize(
    ("missing", "wanted"),
    [
        ({"attachments": ()}, {"multipart/alternative": [
            "text/plain", {"multipart/related": ["text/html", "image/png"]}]}),
        ({"attachments": (), "pictures": (), "html": "<p>x</p>"},
         {"multipart/alternative": ["text/plain", "text/html"]}),
        ({"attachments": (), "pictures": (), "html": ""}, "text/plain"),
        ({"attachments": LETTER.attachments[:1], "pictures": (), "html": ""},
         {"multipart/mixed": ["text/plain", "application/pdf"]}),
    ],
)  # fmt: skip
def test_what_is_not_there_leaves_no_empty_part(missing, wanted):
    assert shape(read(made(changed(**missing)))) == wanted


def test_every_part_is_read_back_as_it_was_given():
    message = read(made())
    assert message.get_body(("plain",)).get_content() == LETTER.text.replace("\n", "\r\n")
    assert message.get_body(("html",)).get_content() == HTML.replace("\n", "\r\n")
    pdf, table = message.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content()) == (PDF_NAME, PDF)
    assert (table.get_filename(), table.get_content()) == ("amounts.csv", "region,amount\r\n")
    (picture,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert (picture["Content-ID"], picture.get_content()) == ("<chart>", PNG)
    assert picture.get_content_disposition() == "inline"


def test_the_headers_are_these_and_no_others():
    message = read(made(in_reply_to="<before@example.org>"))
    headers = {name: str(value) for name, value in message.items()}
    assert headers.pop("Content-Type").startswith("multipart/mixed; boundary=")
    assert headers == {
        "From": '"지역 브리핑, 편집부" <briefing@example.org>',
        "To": "김 독자 <reader@example.org>",
        "Reply-To": "desk@example.org",
        "Subject": LETTER.subject,
        "List-Id": "<regional-innovation.lists.example.org>",
        "List-Unsubscribe": (
            "<mailto:stop%2Ball@example.org?subject=unsubscribe%20regional-innovation>"
        ),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "Date": "Mon, 02 Nov 2026 08:00:00 +0900",
        "Message-ID": ID,
        "In-Reply-To": "<before@example.org>",
        "References": "<before@example.org>",
        "MIME-Version": "1.0",
        "Content-Language": "ko",
    }
    assert message["Date"].datetime == DUE
    assert not any(value.defects for value in message.values())


def test_what_is_not_configured_has_no_header():
    plain = MailServer("localhost", 25, "none", Mailbox("", "briefing@mail.example.org"))
    message = made(mail=plain)
    assert {"Reply-To", "List-Unsubscribe", "In-Reply-To", "References"} & set(message) == set()
    assert message["List-Id"] == "<regional-innovation.mail.example.org>"


def test_every_reader_has_a_message_without_any_other():
    first, second = (made(to=Mailbox("", f"{name}@example.org")) for name in ("one", "two"))
    assert "two@" not in first.as_string()
    assert [first["To"].addresses[0].addr_spec, second["To"].addresses[0].addr_spec] == [
        "one@example.org",
        "two@example.org",
    ]
    assert {first["Cc"], first["Bcc"]} == {None}


# -- bytes ------------------------------------------------------------------------------------


def test_the_bytes_are_ascii_in_short_lines():
    content = bytes(made())
    assert content.isascii()
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\r" in line or b"\n" in line or b"\0" in line for line in lines)
    assert b"8bit" not in content
    assert b"binary" not in content


def test_the_size_is_that_of_the_bytes():
    assert encoded_size(made()) == len(bytes(made()))
    grown = changed(attachments=(Attachment("x.pdf", bytes(57_000), "application/pdf"),))
    bare = changed(attachments=(Attachment("x.pdf", b"", "application/pdf"),))
    # base64 writes 57 bytes in 76 letters and a line break
    assert encoded_size(made(grown)) - encoded_size(made(bare)) == 78_000


SAME_AGAIN = """
import hashlib, sys
sys.path[:] = {path!r}
from test_message import made
print(hashlib.sha256(bytes(made())).hexdigest())
"""


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_another_process_makes_the_same_bytes(seed):
    path = [str(Path(__file__).parent), *sys.path]
    ran = subprocess.run(
        [sys.executable, "-c", SAME_AGAIN.format(path=path)],
        env={"PYTHONHASHSEED": seed, "TZ": "America/New_York", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == hashlib.sha256(bytes(made())).hexdigest()


def test_boundaries_follow_from_the_message_id_alone():
    def boundaries(message: EmailMessage) -> list[str | None]:
        return [part.get_boundary() for part in message.walk() if part.is_multipart()]

    first = boundaries(made())
    assert len(set(first)) == 3
    assert boundaries(made(changed(subject="another", text="another"))) == first
    assert not set(boundaries(made(message_id="<other@example.org>"))) & set(first)


def test_no_text_can_end_a_part():
    boundary = made().get_boundary()
    letter = changed(text=f"--{boundary}--\n\nX: y\n", html=f"<p>\n--{boundary}\n</p>", pictures=())
    message = read(made(letter))
    assert message.get_body(("plain",)).get_content() == f"--{boundary}--\r\n\r\nX: y\r\n"
    assert len(list(message.iter_attachments())) == 2


# -- letters and lines ------------------------------------------------------------------------

ANY = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))
AWKWARD = st.sampled_from("가나다 ,\"'()<>=?_ab.@:;\\%[]")
LINE = st.one_of(
    st.text(ANY, min_size=1, max_size=60), st.text(AWKWARD, min_size=1, max_size=120)
).map(lambda text: " ".join(text.split()) or "x")
FILE = LINE.map(lambda text: re.sub(r'[<>:"/\\|?*]', "-", text))  # as systems take it
BODY = st.text(st.characters(exclude_categories=("Cs",)), max_size=200)


def words(content: bytes, name: str) -> str:
    """A header without its folds, as it stands in the message."""
    head = content.partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n ", " ")
    (found,) = [line for line in head.split("\r\n") if line.startswith(f"{name}: ")]
    return found.partition(": ")[2]


def decoded(text: str) -> str:
    """Words as mail programs show them; the older of Python's two ways does it right."""
    return str(make_header(decode_header(text)))


@given(LINE, LINE, FILE)
@example(  # words that begin plain and go on quoted in Korean, in which a space was doubled
    'a, 경상북도지역혁신정책연구원 "데이터" 기반행정담당자김아무개선임연구위원, b', "x", "x"
)
def test_any_line_in_a_header_is_read_back(subject, name, file):
    attachment = Attachment(file, b"x", "application/pdf")
    letter = changed(subject=subject, attachments=(attachment,))
    content = bytes(made(letter, Mailbox(name, "reader@example.org")))
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert decoded(words(content, "Subject")) == subject
    shown, address = parseaddr(words(content, "To"))
    assert (decoded(shown), address) == (name, "reader@example.org")
    (found,) = message_from_bytes(content, policy=policy.SMTP).iter_attachments()
    assert found.get_filename() == attachment.name


@given(BODY, BODY)
def test_any_body_is_read_back(text, html):
    html = f"<p>{html.replace('cid:', '')}</p>"
    content = bytes(made(changed(text=text, html=html, pictures=(), attachments=())))
    assert content.isascii()
    assert max(map(len, content.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 78
    again = message_from_bytes(content, policy=policy.SMTP)
    for kind, whole in (("plain", text), ("html", html)):
        # a line of mail ends with CR LF, however it ended before, and so does the last
        lines = re.split(r"\r\n|\r|\n", whole)
        wanted = "\r\n".join(lines if lines[-1] == "" else [*lines, ""])
        assert again.get_body((kind,)).get_content() == (wanted or "\r\n")


BREAKS = [
    "\r\nBcc: x@example.org",
    "\n",
    "\r",
    "\0",
    "\x85",
    "\u2028x",
    "\u2029",
    "\x1b[2J",
    "\udc80",
]


@pytest.mark.parametrize("end", BREAKS, ids=ascii)
@pytest.mark.parametrize(
    "make",
    [
        lambda end: made(changed(subject=f"x{end}")),
        lambda end: made(changed(report=f"x{end}")),
        lambda end: made(changed(language=f"ko{end}")),
        lambda end: made(to=Mailbox(f"x{end}", "reader@example.org")),
        lambda end: made(to=Mailbox("", f"reader@example.org{end}")),
        lambda end: made(mail=MailServer("h", 25, "none", Mailbox(f"x{end}", "a@example.org"))),
        lambda end: made(mail=MailServer("h", 25, "none", Mailbox("", f"a@example.org{end}"))),
        lambda end: made(mail=MailServer("h", 25, "none", MAIL.sender,
                                         reply_to=Mailbox(end, "a@example.org"))),
        lambda end: made(mail=MailServer("h", 25, "none", MAIL.sender, list_id=f"a.b{end}")),
        lambda end: made(mail=MailServer("h", 25, "none", MAIL.sender, unsubscribe=f"a@b{end}")),
        lambda end: made(message_id=f"<x@example.org>{end}"),
        lambda end: made(in_reply_to=f"<x@example.org>{end}"),
        lambda end: made(changed(attachments=(Attachment(f"x{end}", b"", "a/b"),))),
        lambda end: made(changed(attachments=(Attachment("x", b"", f"a/b{end}"),))),
        lambda end: message_id_of(f"example.org{end}", report="r", edition="ko", period="2026",
                                  revision=1, recipient_digest="0"),
    ],
    ids=["subject", "report", "language", "to-name", "to", "from-name", "from", "reply-to",
         "list-id", "unsubscribe", "message-id", "in-reply-to", "file", "media-type", "domain"],
)  # fmt: skip
def test_nothing_that_ends_a_line_gets_into_a_header(make, end):
    with pytest.raises(ChannelError, match="line break or another control character"):
        make(end)


@pytest.mark.parametrize("cid", ["a b", "<a>", "", "a@b", "차트"])
def test_a_picture_has_a_name_that_a_link_can_hold(cid):
    letter = changed(html=f'<img src="cid:{cid}">', pictures=(Picture(cid, PNG),))
    with pytest.raises(ChannelError, match=r"picture"):
        made(letter)


@pytest.mark.parametrize(
    ("html", "cids", "named"),
    [
        ("<img src='cid:chart'>", (), "chart"),
        ("<p>none</p>", ("chart",), "chart"),
        ("<img src=cid:one><img src=cid:two>", ("one",), "two"),
        ("<img src=cid:one>", ("one", "one"), "one"),
        ("", ("chart",), "chart"),
    ],
)
def test_pictures_and_html_that_do_not_fit_are_refused(html, cids, named):
    letter = changed(html=html, pictures=tuple(Picture(cid, PNG) for cid in cids))
    with pytest.raises(ChannelError, match=f"do not fit together: {named}"):
        made(letter)


def test_a_date_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        made(date=datetime(2026, 11, 2, 8))  # noqa: DTZ001


# -- Message-IDs ------------------------------------------------------------------------------


def identity(**changes) -> str:
    parts = {
        "report": "regional-innovation",
        "edition": "KR-27-ko",
        "period": "2026-10",
        "revision": 1,
        "recipient_digest": "5f1c",
    }
    return message_id_of("example.org", **{**parts, **changes})


def test_a_message_id_says_what_the_message_is():
    assert identity() == "<regional-innovation.KR-27-ko.2026-10.r1.5f1c@example.org>"
    assert identity(resend=2) == "<regional-innovation.KR-27-ko.2026-10.r1.5f1c.again2@example.org>"
    assert identity(edition="대구.1") == (
        "<regional-innovation.%EB%8C%80%EA%B5%AC%2E1.2026-10.r1.5f1c@example.org>"
    )


PART = st.text(st.sampled_from("ab.-1 @<>대%\n"), max_size=4)
PARTS = st.tuples(PART, PART, PART, st.integers(1, 12), st.sampled_from("ab1"), st.integers(0, 2))


@given(PARTS, PARTS)
def test_two_issues_have_two_message_ids_and_each_is_one(first, second):
    names = ("report", "edition", "period", "revision", "recipient_digest", "resend")
    ids = [identity(**dict(zip(names, parts, strict=True))) for parts in (first, second)]
    assert (ids[0] == ids[1]) == (first == second)
    for message_id in ids:
        assert re.fullmatch(r"<[A-Za-z0-9%._~-]+@example\.org>", message_id)


@pytest.mark.parametrize("length", [10, 60, 90, 200, 700])
def test_a_long_message_id_stays_readable_for_programs(length):
    message_id = identity(report="x" * length)
    message = made(message_id=message_id, in_reply_to=message_id)
    content = bytes(message).decode("ascii")
    for name in ("Message-ID", "In-Reply-To", "References"):
        assert f"\r\n{name}: {message_id}\r\n" in content


def test_a_message_id_that_fits_on_no_line_is_refused():
    with pytest.raises(ChannelError, match="too long"):
        identity(edition="대" * 120)


def test_the_list_headers_stay_readable_for_programs():
    long = "a" * 60
    mail = MailServer(
        "h", 25, "none", MAIL.sender, list_id=f"{long}.org", unsubscribe=f"{long}@x.org"
    )
    content = bytes(made(mail=mail)).decode("ascii")
    assert f"\r\nList-Id: <regional-innovation.{long}.org>\r\n" in content
    assert (
        f"\r\nList-Unsubscribe: <mailto:{long}@x.org?subject=unsubscribe%20regional-innovation>\r\n"
        in content
    )


def test_the_moment_is_written_in_its_own_zone():
    assert made(date=DUE.astimezone(UTC))["Date"] == "Sun, 01 Nov 2026 23:00:00 +0000"

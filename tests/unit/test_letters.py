"""An issue's letter: read as it was filed or not at all, and the short mails in its place."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefing.channels.letters import (
    for_test,
    letter_of,
    linked,
    manifest_of,
    notice_of,
    preview_in,
    sealed_file,
    shortened,
)
from briefing.errors import ChannelError
from briefing.structures import Attachment, Letter, Picture

SUBJECT = "대한민국 지역혁신 사업 동향, 2026년 10월"
PDF = "대한민국 지역혁신 사업 동향 2026-10.pdf"
HTML = (
    '<html><body class="paper" style="margin: 0">\n'
    '<div style="display: none; max-height: 0">대구가 &amp; 선두</div>\n'
    '<table><tr><td>대구 <img src="cid:chart" alt="막대"></td></tr></table></body></html>\n'
)
MAIL = {
    "language": "ko",
    "subject": SUBJECT,
    "preview": "대구가 & 선두",
    "text": "mail/body.txt",
    "html": "mail/body.html",
    "chart": {"file": "mail/chart.png", "cid": "chart", "alt": "막대"},
    "attachments": [
        {"file": "briefing.pdf", "name": PDF, "type": "application/pdf", "bytes": 5},
        {"file": "tables/all.csv", "name": "all.csv", "type": "text/csv", "bytes": 4},
    ],
}
FILES = {
    "briefing.pdf": b"%PDF-",
    "index.html": b"<p>page</p>",
    "mail/body.html": HTML.encode(),
    "mail/body.txt": "대구가 선두다.\n".encode(),
    "mail/chart.png": b"\x89PNG",
    "mail/mail.json": json.dumps(MAIL).encode(),
    "tables/all.csv": b"a,b\n",
}


def sealed(folder: Path, files: dict[str, bytes] = FILES, **more: object) -> str:
    """An issue in a folder; the SHA-256 of its manifest."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    outputs = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    told = {"report": "regional-innovation", "outputs": outputs, **more}
    body = json.dumps(told).encode()
    (folder / "manifest.json").write_bytes(body)
    return hashlib.sha256(body).hexdigest()


# -- as it was filed --------------------------------------------------------------------------


def test_a_letter_is_read_as_it_was_filed(tmp_path):
    manifest = sealed(tmp_path)
    assert letter_of(tmp_path, manifest) == Letter(
        report="regional-innovation",
        language="ko",
        subject=SUBJECT,
        text="대구가 선두다.\n",
        html=HTML,
        pictures=(Picture("chart", b"\x89PNG"),),
        attachments=(
            Attachment(PDF, b"%PDF-", "application/pdf"),
            Attachment("all.csv", b"a,b\n", "text/csv"),
        ),
    )
    assert letter_of(tmp_path) == letter_of(tmp_path, manifest)
    assert manifest_of(tmp_path, manifest)["outputs"].keys() == FILES.keys()


def test_a_letter_without_chart_has_no_picture(tmp_path):
    mail = json.dumps({**MAIL, "chart": None}).encode()
    sealed(tmp_path, {**FILES, "mail/mail.json": mail})
    assert letter_of(tmp_path).pictures == ()


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_a_file_that_was_changed_after_it_was_filed_stops_the_letter(tmp_path, name):
    manifest = sealed(tmp_path)
    with (tmp_path / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(ChannelError, match="was changed after it was filed; nothing is sent") as no:
        letter_of(tmp_path, manifest)
    assert str(tmp_path / name) in no.value.message
    assert no.value.hint


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_a_file_that_is_gone_stops_the_letter(tmp_path, name):
    manifest = sealed(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ChannelError, match="cannot be read"):
        letter_of(tmp_path, manifest)


@pytest.mark.parametrize(
    "told",
    [{"outputs": None}, {"outputs": ["x"]}, {"outputs": {"../elsewhere": "0"}},
     {"outputs": {"/etc/hostname": "0"}}, {"outputs": {"": "0"}}],
)  # fmt: skip
def test_a_manifest_that_makes_no_sense_is_said_to_be_damaged(tmp_path, told):
    sealed(tmp_path, **told)
    with pytest.raises(ChannelError, match=r"manifest\.json is damaged"):
        letter_of(tmp_path)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"language": "ko"}',
     json.dumps({**MAIL, "text": "mail/none.txt"}).encode(),
     json.dumps({**MAIL, "attachments": [{"file": "briefing.pdf"}]}).encode(),
     json.dumps({**MAIL, "chart": "x"}).encode()],
)  # fmt: skip
def test_words_for_the_sender_that_make_no_sense_are_said_to_be_damaged(tmp_path, body):
    sealed(tmp_path, {**FILES, "mail/mail.json": body})
    with pytest.raises(ChannelError, match=r"mail\.json is damaged"):
        letter_of(tmp_path)


def test_an_issue_without_mail_says_so(tmp_path):
    sealed(tmp_path, {"index.html": b""})
    with pytest.raises(ChannelError, match="has no mail"):
        letter_of(tmp_path)


@given(place=st.integers(min_value=0), value=st.integers(1, 255), name=st.sampled_from([*FILES]))
def test_no_changed_byte_goes_unnoticed(tmp_path_factory, place, value, name):
    folder = tmp_path_factory.mktemp("issue")
    manifest = sealed(folder)
    content = bytearray(FILES[name])
    content[place % len(content)] ^= value
    (folder / name).write_bytes(content)
    with pytest.raises(ChannelError, match="was changed"):
        letter_of(folder, manifest)


def test_a_path_that_leads_out_of_the_issue_is_not_read(tmp_path):
    (tmp_path / "secret").write_bytes(b"x")
    with pytest.raises(ChannelError, match="damaged"):
        sealed_file(tmp_path / "issue", "../secret", "")


# -- in its place -----------------------------------------------------------------------------

LETTER = Letter(
    "r", "ko", SUBJECT, "대구가 선두다.\n", HTML, (Picture("chart", b"png"),),
    (Attachment(PDF, bytes(1_260_000), "application/pdf"), Attachment("a.csv", b"a", "text/csv")),
)  # fmt: skip
ENGLISH = replace(LETTER, language="en", subject="Regional innovation, October 2026")


def test_a_notice_says_that_there_is_nothing_in_both_languages():
    english, korean = notice_of(ENGLISH), notice_of(LETTER)
    assert english.subject == "Regional innovation, October 2026: nothing new"
    assert english.text == "Regional innovation, October 2026: there is nothing new to report.\n"
    assert korean.subject == f"{SUBJECT}: 새 소식 없음"
    assert korean.text == f"{SUBJECT}: 새로 알려 드릴 내용이 없습니다.\n"
    for notice in (english, korean):
        assert notice.attachments == notice.pictures == ()
        assert notice.html.count(notice.text.strip()) == 2  # shown, and beside the subject
        assert preview_in(notice) == notice.text.strip()
        assert "cid:" not in notice.html
        assert f'<html lang="{notice.language}">' in notice.html


def test_a_title_is_no_markup():
    notice = notice_of(replace(ENGLISH, subject="R&D <2026>"))
    assert "R&amp;D &lt;2026&gt;: nothing new</title>" in notice.html
    assert preview_in(notice) == "R&D <2026>: there is nothing new to report."
    assert "<2026>" not in notice.html


def test_a_test_is_marked_and_nothing_else_differs():
    assert for_test(LETTER) == replace(LETTER, subject=f"[TEST] {SUBJECT}")


def test_what_is_missing_is_said_first_with_its_size_and_where_it_is():
    link = linked("https://example.org/issues/", "regional-innovation/2026-10/ko/r1")
    assert link == "https://example.org/issues/regional-innovation/2026-10/ko/r1/"
    short = shortened(ENGLISH, 0, link)
    assert short.attachments == ()
    assert short.text == (
        "Not attached after all, because the mail would have been too large:\n"
        f"  {PDF} (1.3 MB)\n  a.csv (1 kB)\n"
        f"They can be found here:\n  {link}\n\n{LETTER.text}"
    )
    before, _, after = short.html.partition("Not attached after all")
    assert "display: none" in before, "lists of mails show the first words of the issue"
    assert "<table><tr><td>대구" in after
    assert after.count(f'href="{link}"') == 1
    assert preview_in(short) == preview_in(ENGLISH) == "대구가 & 선두"


def test_without_a_link_the_reader_is_told_to_ask():
    short = shortened(ENGLISH, 1, "")
    assert short.attachments == ENGLISH.attachments[:1]
    assert "a.csv (1 kB)\nTo get it, answer this mail.\n\n" in short.text
    assert PDF not in short.text
    assert "href" not in short.html
    assert "이 메일에 회신하시면 보내 드립니다." in shortened(LETTER, 1, "").html


def test_a_letter_of_text_alone_stays_one():
    assert shortened(replace(ENGLISH, html="", pictures=()), 0, "").html == ""


def test_a_page_without_a_body_gets_the_words_at_its_beginning():
    page = shortened(replace(ENGLISH, html="<p>대구</p>"), 0, "").html
    assert page.index("Not attached") < page.index("<p>대구</p>")
    assert preview_in(replace(ENGLISH, html="")) == "대구가 선두다."


def test_the_short_words_use_only_styles_that_mail_programs_know():
    known = set(
        "background-color border-collapse border-left color display font-family font-size "
        "font-weight line-height margin max-height max-width mso-hide overflow padding text-align "
        "word-break -webkit-text-size-adjust".split()
    )
    for html in (notice_of(LETTER).html, shortened(LETTER, 0, "https://example.org").html):
        styles = re.findall(r'style="([^"]*)"', html)
        assert styles
        used = {part.partition(":")[0].strip() for style in styles for part in style.split(";")}
        assert used - known - {""} == set()


@given(link=st.sampled_from(["", "https://example.org"]), issue=st.text(min_size=1))
def test_a_link_is_ascii_without_spaces_or_nothing(link, issue):
    made = linked(link, issue.encode("utf-8", "replace").decode())
    assert made == "" if not link else made.isascii() and " " not in made

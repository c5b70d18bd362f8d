"""The keys about mail and its archive mailbox: what they make, and what is refused, and where."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict
from tests.unit.keys import reading_of

from briefing.config.channels import STATE_URL, build_channels
from briefing.config.mail import MailKeys, bare_address, duration, rate
from briefing.structures import ArchiveMailbox, Mailbox, Outcome, Rate

HOW_TO = Path(__file__).parents[2] / "docs" / "howto" / "mail-server.md"
SERVER = "mail:\n  host: smtp.example.org\n  sender: briefing@example.org\n"
ARCHIVE = (
    f"{SERVER}  archive:\n"
    "    address: archive@example.org\n"
    "    host: imap.example.org\n"
    "    username: archive\n"
    "    password: ${ARCHIVE_PASSWORD}\n"
)


class Keys(BaseModel):
    """The part of config.yaml that is looked at here."""

    model_config = ConfigDict(extra="forbid", strict=True)

    state_url: str = STATE_URL
    owner: None = None
    ping: str = ""
    mail: MailKeys | None = None


@pytest.fixture
def read(tmp_path):
    """What a config.yaml with these lines says, or what is wrong with it."""
    return reading_of(Keys, build_channels, tmp_path)


def test_what_is_not_said_has_a_safe_default(read):
    channels, problems = read(SERVER)
    mail = channels.mail
    assert problems == []
    assert (mail.reply_to, mail.list_id, mail.unsubscribe, mail.archive) == (None, "", "", None)
    assert mail.rate == Rate(60, timedelta(minutes=1))
    assert mail.rate.pause == timedelta(seconds=1)
    assert (mail.expires, mail.on_uncertain) == (timedelta(hours=24), "resend_once")


def test_everything_said_is_made_into_nouns(read, tmp_path):
    (tmp_path / "imap.pem").touch()
    text = ARCHIVE.replace(
        "  archive:",
        "  timeout: 7\n  reply_to: Desk <desk@example.org>\n  list_id: lists.example.org\n"
        "  unsubscribe: stop@example.org\n  rate: 500 per day\n  expires: 3 days\n"
        "  on_uncertain: hold\n  archive:",
    )
    channels, problems = read(text + "    folder: 브리핑\n    ca_file: imap.pem\n")
    mail = channels.mail
    assert problems == []
    assert mail.reply_to == Mailbox("Desk", "desk@example.org")
    assert (mail.list_id, mail.unsubscribe) == ("lists.example.org", "stop@example.org")
    assert mail.rate == Rate(500, timedelta(days=1))
    assert (mail.expires, mail.on_uncertain) == (timedelta(days=3), "hold")
    archive = mail.archive
    assert archive == ArchiveMailbox(
        "archive@example.org", "imap.example.org", 993, "tls", "archive", archive.password,
        "브리핑", 7.0, tmp_path / "imap.pem",
    )  # fmt: skip
    assert archive.password.resolve({"ARCHIVE_PASSWORD": "x"}).reveal() == "x"
    assert archive.password.where == "mail.archive.password"


@pytest.mark.parametrize(
    ("lines", "port"),
    [("", 993), ("    security: starttls\n", 143), ("    port: 1993\n", 1993)],
)
def test_the_port_of_the_archive_follows_its_security(read, lines, port):
    channels, _ = read(ARCHIVE + lines)
    assert channels.mail.archive.port == port


@pytest.mark.parametrize(
    ("text", "line", "where", "said"),
    [
        (f"{SERVER}  rate: 60 a minute\n", 4, "mail.rate", '"60 per minute"'),
        (f"{SERVER}  rate: 0 per minute\n", 4, "mail.rate", "no rate"),
        (f"{SERVER}  rate: 60\n", 4, "mail.rate", "60"),
        (f"{SERVER}  expires: soon\n", 4, "mail.expires", '"24 hours"'),
        (f"{SERVER}  expires: 0 hours\n", 4, "mail.expires", "no stretch of time"),
        (f"{SERVER}  on_uncertain: resend\n", 4, "mail.on_uncertain", "resend"),
        (f"{SERVER}  reply_to: desk\n", 4, "mail.reply_to", "no mail address"),
        (f"{SERVER}  list_id: lists\n", 4, "mail.list_id", "lists"),
        (f"{SERVER}  list_id: 'a.b>\\r'\n", 4, "mail.list_id", "a.b"),
        (f"{SERVER}  unsubscribe: Stop <s@x.org>\n", 4, "mail.unsubscribe", "alone, as s@x.org"),
        (f"{SERVER}  unsubscribe: https://x.org/stop\n", 4, "mail.unsubscribe", "not one mail"),
        (ARCHIVE.replace("archive@", "archive "), 5, "mail.archive.address", "no mail address"),
        (ARCHIVE.replace("    username: archive\n", ""), 4, "mail.archive.username", "missing"),
        (ARCHIVE.replace("${ARCHIVE_PASSWORD}", "sesame"), 8, "mail.archive.password",
         "stands in the file itself; write ${ARCHIVE_PASSWORD}"),
        (f"{ARCHIVE}    security: none\n", 4, "mail.archive", "could read along"),
        (f"{ARCHIVE}    folder: ''\n", 9, "mail.archive.folder", ""),
        (f'{ARCHIVE}    folder: "a\\r\\nb"\n', 9, "mail.archive.folder", "control character"),
        (f"{ARCHIVE}    ca_file: no.pem\n", 9, "mail.archive.ca_file", "there is no file"),
        (f"{ARCHIVE}    rate: x\n", 9, "mail.archive.rate", "not known"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_a_problem_with_its_place(read, text, line, where, said):
    _, (problem,) = read(text)
    assert (problem.where, problem.line) == (where, line)
    assert said in problem.what
    assert "sesame" not in str(problem)


@given(st.integers(1, 999_999), st.sampled_from(["second", "minute", "hour", "day"]))
def test_a_rate_is_read_as_it_is_written(count, unit):
    found = rate(f"{count} per {unit}")
    assert found.messages == count
    assert abs(found.pause * count - found.every) < timedelta(seconds=1)


@given(st.text(max_size=12))
def test_nothing_else_is_a_rate_or_a_stretch_of_time(text):
    for read_it in (rate, duration):
        with pytest.raises(ValueError, match=r"write it as"):
            read_it(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1 hour", timedelta(hours=1)),
        ("90 minutes", timedelta(minutes=90)),
        ("3 days", timedelta(days=3)),
    ],
)
def test_a_stretch_of_time_is_read_as_it_is_written(text, wanted):
    assert duration(text) == wanted


@pytest.mark.parametrize("text", ["A <a@example.org>", "a@b.org, c@d.org", "a", "a@b.org\n", ""])
def test_an_address_alone_is_nothing_else(text):
    with pytest.raises(ValueError, match="address"):
        bare_address(text)


# -- the how-to -------------------------------------------------------------------------------


def how_to(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL)


def test_the_how_to_is_understood_as_written(read):
    (whole,) = how_to("yaml")
    channels, problems = read(whole)
    assert problems == []
    assert channels.mail.archive.address == "archive@example.org"


def test_the_how_to_shows_what_is_said(read):
    (whole,), (said,) = how_to("yaml"), how_to("text")
    _, (problem,) = read(whole.replace("60 per minute", "60 a minute"))
    assert str(problem) == said.strip()


def test_the_how_to_explains_every_outcome_and_key():
    text = HOW_TO.read_text(encoding="utf-8")
    receipts = re.findall(r"(?m)^\| `(\w+)` \|", text)
    assert sorted(receipts) == sorted(Outcome.__args__)
    named = re.findall(r"(?m)^\| .* \| `(\w+)` \|$", text)
    assert len(named) == 14
    assert set(named) <= set(Outcome.__args__)
    unmentioned = [key for key in MailKeys.model_fields if key not in text]
    assert set(unmentioned) <= {"port", "timeout"}

"""The keys about state, mail and alarms: what they make, and what is refused with its line."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict
from tests.unit.keys import reading_of

from briefing.channels import email
from briefing.config.channels import (
    STATE_URL,
    MailKeys,
    OwnerKeys,
    PingUrl,
    StateUrl,
    build_channels,
    mailbox,
)
from briefing.errors import Problem, ProblemsError
from briefing.structures.channels import Channels, Mailbox, on_this_machine

MAIL = """\
mail:
  host: smtp.example.org
  username: briefing
  password: ${SMTP_PASSWORD}
  sender: Regional Briefing <briefing@example.org>
"""


class Keys(BaseModel):
    """The part of config.yaml that is looked at here."""

    model_config = ConfigDict(extra="forbid", strict=True)

    state_url: StateUrl = STATE_URL
    owner: OwnerKeys | None = None
    ping: PingUrl = ""
    mail: MailKeys | None = None


@pytest.fixture
def read(tmp_path):
    """What a config.yaml with these lines says, or what is wrong with it."""
    return reading_of(Keys, build_channels, tmp_path)


@pytest.fixture
def channels(read):
    def reading(text: str) -> Channels:
        found, problems = read(text)
        assert problems == []
        return found

    return reading


@pytest.fixture
def problem(read):
    def reading(text: str) -> Problem:
        _, (only,) = read(text)
        return only

    return reading


# -- what they make ---------------------------------------------------------------------------


def test_nothing_said_is_a_ledger_in_the_project_and_nobody_told(channels):
    found = channels("ping: https://hc-ping.com/${KEY}\n")
    assert found.state.resolve({}).reveal() == "sqlite:///.briefing/ledger.sqlite"
    assert (found.owner, found.mail) == (None, None)
    assert found.ping.resolve({"KEY": "x"}).reveal() == "https://hc-ping.com/x"


def test_everything_said_is_made_into_nouns(channels, tmp_path):
    (tmp_path / "ca.pem").touch()
    found = channels(
        f"{MAIL}  timeout: 5\n  ca_file: ca.pem\n"
        "state_url: postgresql+psycopg://briefing:${PG}@db/briefing\n"
        "owner:\n"
        "  mail: owner@example.org\n"
        "  notify:\n"
        "    - slack://${SLACK}\n"
        "    - file:/run/secrets/teams\n"
    )
    assert found.mail.sender == Mailbox("Regional Briefing", "briefing@example.org")
    assert found.mail.sender.domain == "example.org"
    assert (found.mail.host, found.mail.port) == ("smtp.example.org", 587)
    assert (found.mail.security, found.mail.timeout) == ("starttls", 5.0)
    assert found.mail.ca_file == tmp_path / "ca.pem"
    assert found.mail.password.resolve({"SMTP_PASSWORD": "s"}).reveal() == "s"
    assert found.owner.mail == Mailbox("", "owner@example.org")
    second = found.owner.notify[1]
    assert (second.text, second.line, second.where) == (
        "file:/run/secrets/teams",
        13,
        "owner.notify.1",
    )
    state = found.state.resolve({"PG": "a@b"})
    assert state.reveal() == "postgresql+psycopg://briefing:a%40b@db/briefing"


@pytest.mark.parametrize(
    ("lines", "port"),
    [("", 587), ("  security: tls\n", 465), ("  security: tls\n  port: 4465\n", 4465)],
)
def test_the_port_follows_the_security_where_none_is_given(channels, lines, port):
    assert channels(MAIL + lines).mail.port == port


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "LocalHost"])
def test_a_server_on_this_machine_needs_no_tls(channels, host):
    found = channels(f"mail: {{host: '{host}', security: none, sender: a@example.org}}\n")
    assert (found.mail.security, found.mail.port) == ("none", 25)


@pytest.mark.parametrize(
    "host", ["example.org", "localhost.example.org", "10.0.0.1", "0.0.0.0", "", "127.0.0.1.nip.io"]
)
def test_every_other_host_is_elsewhere(host):
    assert not on_this_machine(host)


# -- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize("password", ["sesame-7", "12345678", "[a]", "{a: b}", "true"])
def test_a_password_in_the_file_is_a_problem_that_does_not_repeat_it(problem, password):
    found = problem(MAIL.replace("${SMTP_PASSWORD}", password))
    assert (found.file, found.line, found.where) == ("config.yaml", 4, "mail.password")
    assert found.what.startswith("the password stands in the file itself; write ${SMTP_PASSWORD}")
    assert password not in str(found)


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("state_url: postgresql+psycopg://b:sesame@db/x\n", "state_url", "a password stands in"),
        ("state_url: mysql://db/x\n", "state_url", "known here (sqlite, postgresql"),
        ("state_url: ledger.sqlite\n", "state_url", "is no URL"),
        ("state_url: 5\n", "state_url", "is no text"),
        ("ping: https://hc-ping.com/3f2504e0-4f89-11d3-9a0c-0305e82c3301\n", "ping", "a token"),
        ("ping: ftp://example.org/${KEY}\n", "ping", "known here (https, http)"),
        ("ping: http://example.org/${KEY}\n", "ping", "everybody on the way could read"),
        ("ping: http://${HOST}/x\n", "ping", "http is for this machine only"),
        ("ping: HTTP://10.0.0.1/${KEY}\n", "ping", "http is for this machine only"),
        ("owner: {}\n", "owner", "give `mail`, `notify` or both"),
        ("owner: {notify: ['slack://T1/B2/C3']}\n", "owner.notify.0", "names no secret"),
        ("owner: {notify: ['x://u:sesame@h/${A}']}\n", "owner.notify.0", "a password stands"),
        ("owner: {notify: [7]}\n", "owner.notify.0", "is no text"),
        ("owner: {mail: owner}\n", "owner.mail", "is no mail address"),
        ("owner: {mail: a@example.org, phone: '1'}\n", "owner.phone", "the key is not known"),
        ("mail: {host: localhost}\n", "mail.sender", "the key is missing"),
        ("mail: {host: 'a/b', sender: a@example.org}\n", "mail.host", "'a/b'"),
        ("mail: {host: a, port: 0, sender: a@example.org}\n", "mail.port", "0"),
        ("mail: {host: a, sender: 'a@b.org, c@d.org'}\n", "mail.sender", "not one mail address"),
        ("mail: {host: a, sender: a@b.org, timeout: 601}\n", "mail.timeout", "601"),
        ("mail: {host: a, sender: a@b.org, security: ssl}\n", "mail.security", "'ssl'"),
        ("mail: {host: a, sender: a@b.org, security: none}\n", "mail", "read along"),
        ("mail: {host: a, sender: a@b.org, username: u}\n", "mail", "`username` and `password`"),
        ("mail: {host: a, sender: a@b.org, password: '${P}'}\n", "mail", "`username` and"),
    ],
)
def test_a_wrong_key_is_a_problem_with_its_place(problem, text, where, said):
    found = problem(text)
    assert (found.where, found.line) == (where, 1)
    assert said in found.what
    assert "sesame" not in str(found)


def test_mail_for_the_owner_needs_a_server(problem):
    found = problem("ping: https://example.org/x\nowner:\n  mail: owner@example.org\n")
    assert (found.line, found.where) == (3, "owner.mail")
    assert "no mail server" in found.what


def test_an_authority_that_is_not_there_is_a_problem(problem, tmp_path):
    found = problem(f"{MAIL}  ca_file: ca.pem\n")
    assert (found.line, found.where) == (6, "mail.ca_file")
    assert str(tmp_path / "ca.pem") in found.what


# -- the how-to -------------------------------------------------------------------------------

HOW_TO = Path(__file__).parents[2] / "docs" / "howto" / "alarms.md"


def blocks(language: str) -> list[str]:
    text = HOW_TO.read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_how_to_is_understood_as_written(read, channels):
    whole, own_authority, state = blocks("yaml")
    assert channels(whole).owner.mail.address == "owner@example.org"
    found, problems = read(own_authority)
    assert found.mail.ca_file == Path("/etc/ssl/our-authority.pem")
    assert [problem.where for problem in problems] == ["mail.ca_file"]
    assert channels(state).state.text.endswith("@db.example.org/briefing")


def test_the_how_to_shows_what_is_said(problem, channels):
    literal, missing = blocks("text")
    text = "# one\n# two\n# three\n" + blocks("yaml")[0]
    assert str(problem(text.replace("${SMTP_PASSWORD}", "sesame"))) == literal.strip()
    with pytest.raises(ProblemsError) as caught:
        channels(text).mail.password.resolve({})
    assert str(caught.value) == missing.strip()


def test_the_how_to_explains_what_a_mail_server_is_said_to_do():
    source = Path(email.__file__).read_text(encoding="utf-8")
    table = HOW_TO.read_text(encoding="utf-8").partition("| message | what to do |")[2]
    rows = re.findall(r"(?m)^\| (?:\.\.\. )?(.+?)(?::| \.\.\.| owner@| \|)", table)
    assert len(rows) == 10
    assert [row for row in rows if row not in source] == []


# -- addresses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("owner@example.org", "", "owner@example.org"),
        ("지역 브리핑 <owner@example.org>", "지역 브리핑", "owner@example.org"),
        ('"Briefing, Regional" <a.b+c@xn--mnchen-3ya.de>', "Briefing, Regional",
         "a.b+c@xn--mnchen-3ya.de"),
        ("root@localhost", "", "root@localhost"),
    ],
)  # fmt: skip
def test_an_address_is_read_with_its_name(text, name, address):
    assert mailbox(text) == Mailbox(name, address)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "owner",
        "owner@",
        "@example.org",
        "a@b..org",
        "a@example.org, b@example.org",
        "all: a@example.org;",
        "undisclosed:;",
        "a b@example.org",
        "<a@example.org",
        "a@example.org x",
        "A <a@example.org>\r\nBcc: x@example.org",
        "a@example.org\n",
        "a@example.org\x00",
        "A\u2028B <a@example.org>",
        "=?utf-8?q?x=0ABcc:?= <a@example.org>",
        "a@münchen.de",
        "ä@example.org",
    ],
)
def test_what_is_not_one_address_with_a_domain_is_refused(text):
    with pytest.raises(ValueError, match="address"):
        mailbox(text)


@given(st.text() | st.from_regex(r"[a-z\"<>@(),:;\[\]\\. =?]*", fullmatch=True))
def test_no_text_makes_an_address_that_breaks_a_header(text):
    try:
        found = mailbox(text)
    except ValueError:
        return
    assert found.address.isascii()
    assert found.domain
    assert f"{found.name}{found.address}".splitlines() == [f"{found.name}{found.address}"]


def test_the_nouns_hold_no_secret(channels):
    found = channels(MAIL)
    assert "${SMTP_PASSWORD}" in repr(found)
    assert isinstance(found.mail.password.root, Path)

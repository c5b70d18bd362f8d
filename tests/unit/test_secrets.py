"""Secrets by reference: where they may be kept, what is refused, and that none is ever shown."""

import copy
import json
import os
import pickle
import re
import string
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from briefing.config.secrets import Redactor, Reference, check_secret, check_url, has_reference
from briefing.errors import Problem, ProblemsError
from briefing.structures.secrets import Secret

SECRET = "c0rrect horse/battery+st@ple"


def reference(text: str, root: Path = Path("/nowhere")) -> Reference:
    return Reference(text, "config.yaml", 7, "mail.password", root)


def refused(text: str, root: Path = Path("/nowhere"), **environ: str) -> Problem:
    with pytest.raises(ProblemsError) as caught:
        reference(text, root).resolve(environ)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.where) == ("config.yaml", 7, "mail.password")
    return problem


# -- a secret ---------------------------------------------------------------------------------


def test_a_secret_shows_itself_only_to_whoever_asks():
    secret = Secret(SECRET)
    shown = [repr(secret), str(secret), f"{secret}", f"{[secret]}", "%s" % secret, ascii(secret)]  # noqa: UP031
    assert not any(SECRET in text for text in shown)
    assert secret.reveal() == SECRET


@pytest.mark.parametrize("write", [pickle.dumps, copy.deepcopy])
def test_a_secret_is_written_nowhere(write):
    with pytest.raises(TypeError, match="resolve its reference"):
        write(Secret(SECRET))
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(Secret(SECRET))


def test_secrets_are_alike_if_they_hold_the_same():
    assert Secret("a") == Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a") != "a"


@pytest.mark.parametrize(
    "write",
    [
        str,
        quote,
        lambda text: quote(text, safe=""),
        lambda text: re.sub("%..", lambda hexadecimal: hexadecimal[0].lower(), quote(text)),
        quote_plus,
        repr,
        json.dumps,
        lambda text: json.dumps(text, ensure_ascii=False),
        lambda text: b64encode(text.encode()).decode(),
    ],
)
@given(
    text=st.text(
        st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="*"), min_size=1
    ),
    before=st.text(string.ascii_letters),
)
def test_a_secret_is_hidden_however_it_is_written(write, text, before):
    written = write(text)
    said = Secret(text).hidden_in(f"{before} {written}.")
    assert text not in said.replace("***", "")
    assert "***" in said
    assert written not in said


@given(st.text(string.ascii_letters, min_size=4), st.text(string.digits))
def test_what_is_no_secret_stays(secret, text):
    assert Secret(secret).hidden_in(text) == text


# -- the environment --------------------------------------------------------------------------


def test_a_variable_is_taken_from_the_environment_that_is_passed_in(monkeypatch):
    monkeypatch.setenv("SMTP_PASSWORD", "the wrong one")
    found = reference("${SMTP_PASSWORD}").resolve({"SMTP_PASSWORD": SECRET})
    assert found.reveal() == SECRET


def test_a_variable_that_is_missing_is_a_problem_with_its_place():
    problem = refused("${SMTP_PASSWORD}", OTHER="x")
    assert "environment variable SMTP_PASSWORD is not set" in problem.what
    assert "environment file" in problem.remedy


@pytest.mark.parametrize(("value", "said"), [("", "is empty"), ("two\nlines", "line break")])
def test_a_secret_that_cannot_be_meant_is_refused_unseen(value, said):
    problem = refused("${SMTP_PASSWORD}", SMTP_PASSWORD=value)
    assert said in problem.what
    assert "lines" not in str(problem)


# -- files ------------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path):
    """A file with a secret, as its owner keeps it."""
    path = tmp_path / "smtp-password"
    path.write_text(f"{SECRET}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_its_owner_alone_is_read_without_its_last_line_break(kept, mode):
    kept.chmod(mode)
    assert reference(f"file:{kept}").resolve({}).reveal() == SECRET
    kept.chmod(0o600)
    kept.write_bytes(f" {SECRET} \r\n".encode())
    assert reference(f"file:{kept}").resolve({}).reveal() == f" {SECRET} "


def test_a_path_starts_at_the_project_and_may_name_variables(kept, tmp_path):
    assert reference("file:smtp-password", tmp_path).resolve({}).reveal() == SECRET
    named = reference("file:${PLACE}/smtp-password")
    assert named.resolve({"PLACE": str(tmp_path)}).reveal() == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_file_that_others_may_touch_is_refused(kept, mode):
    kept.chmod(mode)
    problem = refused(f"file:{kept}")
    assert f"({mode:04o})" in problem.what
    assert f"chmod 600 {kept}" in problem.remedy


def test_a_credential_of_systemd_may_show_the_bits_of_its_access_list(kept, tmp_path, monkeypatch):
    """systemd lets a service in by an access list, whose mask shows as the group's bits."""
    kept.chmod(0o440)
    credential = reference("file:${CREDENTIALS_DIRECTORY}/smtp-password")
    assert credential.resolve({"CREDENTIALS_DIRECTORY": str(tmp_path)}).reveal() == SECRET
    kept.chmod(0o444)
    assert "0444" in refused(credential.text, CREDENTIALS_DIRECTORY=str(tmp_path)).what
    kept.chmod(0o440)
    monkeypatch.chdir(tmp_path)
    assert "0440" in refused(f"file:{kept}").what
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert "0440" in refused(f"file:{kept}", CREDENTIALS_DIRECTORY=str(elsewhere)).what


def test_what_is_no_file_with_one_secret_is_refused(tmp_path):
    assert "No such file" in refused(f"file:{tmp_path}/missing").what
    assert "Is a directory" in refused(f"file:{tmp_path}").what
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    assert "is no file" in refused(f"file:{pipe}").what
    for content, said in [
        (b"x" * 70_000, "too large"),
        (b"\xff\xfe", "not UTF-8"),
        (b"\n", "empty"),
        (b"a\nb\n", "line break"),
    ]:
        file = tmp_path / "file"
        file.write_bytes(content)
        file.chmod(0o600)
        assert said in refused(f"file:{file}").what
    assert "NOWHERE is not set" in refused("file:${NOWHERE}/x").what


# -- the keyring ------------------------------------------------------------------------------


def test_without_the_package_keyring_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    problem = refused("keyring:briefing/smtp")
    assert "keyring is not installed" in problem.what
    assert "pip install keyring" in problem.remedy


@pytest.fixture
def keyring(tmp_path, monkeypatch):
    """A package of that name with the two names that are used of it."""
    package = tmp_path / "keyring"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from keyring.errors import KeyringError\n"
        "def get_password(service, user):\n"
        "    if service == 'locked':\n"
        "        raise KeyringError('the phrase is sesame')\n"
        f"    return {{('mail/office', 'kim'): {SECRET!r}}}.get((service, user))\n",
        encoding="utf-8",
    )
    (package / "errors.py").write_text("class KeyringError(Exception): pass\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("keyring", "keyring.errors"):
        monkeypatch.delitem(__import__("sys").modules, name, raising=False)


@pytest.mark.usefixtures("keyring")
def test_the_keyring_is_asked_for_service_and_user():
    assert reference("keyring:mail/office/kim").resolve({}).reveal() == SECRET
    assert "has no 'lee' of 'mail/office'" in refused("keyring:mail/office/lee").what
    locked = refused("keyring:locked/kim")
    assert "KeyringError" in locked.what
    assert "sesame" not in str(locked)


# -- URLs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        (
            "postgresql://b:${S}@db/x",
            "p@ss/w:rd?#%",
            "postgresql://b:p%40ss%2Fw%3Ard%3F%23%25@db/x",
        ),
        ("slack://${S}", "T1/B2/abc", "slack://T1/B2/abc"),
        ("tgram://${S}/chat", "12:ab-c", "tgram://12:ab-c/chat"),
        ("https://m.example.org/${S}?a=b", "k y?#", "https://m.example.org/k%20y%3F%23?a=b"),
        ("https://m.example.org/?k=${S}", "a/b&c", "https://m.example.org/?k=a%2Fb%26c"),
        ("${S}", "https://u:p@h/ä ?", "https://u:p@h/ä ?"),
    ],
)
def test_a_reference_inside_a_url_is_encoded_as_its_place_needs(text, value, expected):
    assert reference(text).resolve({"S": value}).reveal() == expected


def test_a_url_without_references_is_itself_and_hides_nothing():
    secret = reference("sqlite:///.briefing/ledger.sqlite").resolve({})
    assert secret.reveal() == "sqlite:///.briefing/ledger.sqlite"
    assert secret.hidden_in("sqlite is locked") == "sqlite is locked"


def test_the_password_inside_a_secret_url_is_hidden_on_its_own_too():
    url = reference("${STATE}").resolve(
        {"STATE": "postgresql://ada:s%40same-7@db/briefing?token=abcdefghijklmnop"}
    )
    said = url.hidden_in("no login for ada with s@same-7 or s%40same-7; abcdefghijklmnop")
    assert said == "no login for ada with *** or ***; ***"
    assert "s%40same" not in url.hidden_in(f"cannot open {url.reveal()}")


# -- the redactor -----------------------------------------------------------------------------


def test_the_redactor_hides_what_it_has_learnt_and_nothing_else():
    redact = Redactor()
    assert redact(f"before {SECRET}") == f"before {SECRET}"
    learnt = redact.learn(reference("${S}").resolve({"S": SECRET}))
    assert learnt.reveal() == SECRET
    redact.learn(reference("postgresql://b:${P}@db/x").resolve({"P": "ä b"}))
    said = redact(f"{SECRET}, {quote(SECRET, safe='')}, %C3%A4%20b, %c3%a4+b and ä b at db/x")
    assert said == "***, ***, ***, *** and *** at db/x"


def test_a_secret_inside_another_leaves_no_rest():
    redact = Redactor()
    for text in ("key", "key-and-more"):
        redact.learn(Secret(text))
    assert redact("key-and-more key") == "*** ***"


# -- the form ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["${SMTP_PASSWORD}", "${_x1}", "file:/run/secrets/smtp", "file:a b", "file:${D}/x",
     "keyring:briefing/smtp", "keyring:a/b/c"],
)  # fmt: skip
def test_a_whole_reference_is_accepted(text):
    assert check_secret(text, "password", "SMTP_PASSWORD") == text
    assert check_url(text, "slack://${T}") == text
    assert has_reference(text)


@pytest.mark.parametrize(
    "value", [SECRET, "", 12345678, True, None, ["${A}"], "swordfish ${SMTP_PASSWORD}"]
)
def test_a_literal_secret_is_refused_and_not_repeated(value):
    with pytest.raises(ValueError, match="the password stands in the file itself") as caught:
        check_secret(value, "password", "SMTP_PASSWORD")
    assert "write ${SMTP_PASSWORD}" in str(caught.value)
    assert not value or str(value) not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["$NAME", "${}", "${1A}", "${A B}", "${A", "${A}${B}", "${A} ", " ${A}", "${sesame}x",
     "file:", "file: x", "file:${}", "keyring:sesame", "keyring:/sesame", "keyring:sesame/"],
)  # fmt: skip
def test_half_a_reference_is_refused(text):
    with pytest.raises(ValueError, match="no whole reference") as caught:
        check_secret(text, "password", "SMTP_PASSWORD")
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql+psycopg://briefing:${PGPASSWORD}@db/briefing",
        "postgresql+psycopg://briefing@db:5432/briefing",
        "postgresql+psycopg:///briefing?host=/run/postgresql",
        "postgresql+psycopg://db/briefing?user=b&password=${PGPASSWORD}",
        "sqlite:///.briefing/ledger.sqlite",
        "sqlite:////var/lib/briefing/ledger.sqlite",
        "${STATE_URL}",
    ],
)
def test_a_state_url_may_stand_in_the_file(text):
    schemes = ("sqlite", "postgresql", "postgresql+psycopg")
    assert check_url(text, "postgresql://${P}", schemes=schemes) == text


@pytest.mark.parametrize(
    "text",
    [
        "postgresql+psycopg://briefing:sesame@db/briefing",
        "postgresql+psycopg://briefing:${A}sesame@db/briefing",
        "postgresql+psycopg://briefing:x${A}@db/briefing",
        "postgresql+psycopg://db/briefing?password=sesame",
        "postgresql+psycopg://db/briefing?PassWord=sesame${A}",
    ],
)
def test_a_url_with_a_literal_password_is_refused(text):
    with pytest.raises(ValueError, match="a password stands in the address itself") as caught:
        check_url(text, "postgresql://b:${PGPASSWORD}@db/x")
    assert "sesame" not in str(caught.value)
    assert "${PGPASSWORD}" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "https://hc-ping.com/3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "slack://TIiajkdnlazkcOXrIdevi7FQ",
        "ntfy://tk4AgQdq7mVBoFD37zQVN29RhuMzNIz2@ntfy.example.org/x",
        "https://example.org/x?y=0123456789abcdef0123456789abcdef",
    ],
)
def test_a_token_in_the_address_is_refused_where_addresses_hold_tokens(text):
    with pytest.raises(ValueError, match="a token stands in the address itself"):
        check_url(text, "slack://${T}", tokens=True)
    assert check_url(text, "slack://${T}") == text


@pytest.mark.parametrize(
    "text",
    [
        "https://hc-ping.com/${PING_KEY}/briefing",
        "https://status.regional-innovation.example.org/push/regional-innovation-briefing-2026",
        "https://a1b2c3d4e5f6a7b8c9d0e1f2.example.org/${PING_KEY}",
        "mailto://${MAIL_USER}:${MAIL_PASSWORD}@example.org",
        "slack://${T}/#operations",
    ],
)
def test_an_address_with_its_tokens_by_reference_is_accepted(text):
    assert check_url(text, "slack://${T}", tokens=True) == text


@pytest.mark.parametrize(
    "value",
    ["", "nonsense", "x:y", "//host", "http://[::1", "slack://${}", "slack://${A", "a b://c",
     "https://exa mple.org", "https://example.org/\n", "${A}://x", 5, None],
)  # fmt: skip
def test_what_is_no_url_is_refused(value):
    with pytest.raises(ValueError, match=r"write slack://\$\{T\}"):
        check_url(value, "slack://${T}")


def test_a_url_of_another_kind_is_refused():
    with pytest.raises(ValueError, match=r"known here \(sqlite, postgresql\)"):
        check_url("mysql://db/x", "sqlite:///x", schemes=("sqlite", "postgresql"))


@given(st.text(min_size=1))
def test_no_text_makes_the_check_stumble(text):
    for check in (lambda: check_secret(text, "password", "P"), lambda: check_url(text, "x://y")):
        try:
            assert check() == text
        except ValueError as error:
            assume(len(text) > 12)
            assert text not in str(error)

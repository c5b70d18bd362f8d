"""Corrections, lost ledgers and regions by real mail: each reader has what is theirs, once."""

from __future__ import annotations

import re
import threading
from email.message import EmailMessage
from io import BytesIO

import pytest
from pypdf import PdfReader
from tests.services.mailroom import Mailroom, one
from tests.services.mailserver import CuttingProxy

from briefing.postman import Postman
from briefing.structures import MAIL, Delivery

pytest_plugins = ["tests.services.mailroom_fixtures"]
pytestmark = pytest.mark.services
TWELVE = [f"{name}+{number}" for name in ("anna", "ben", "chloe") for number in range(4)]


# -- corrections -------------------------------------------------------------------------------


def test_a_correction_answers_what_it_corrects_for_who_has_that(mailroom: Mailroom):
    mailroom.queue(["anna", "ben"])
    mailroom.work()
    first = {item.recipient: item.message_id for item in mailroom.deliveries()}
    mailroom.readers(["ben", "chloe"])
    loans = mailroom.root / "data/loans.csv"
    text = loans.read_text(encoding="utf-8")
    loans.write_text(text.replace(",310,", ",320,"), encoding="utf-8")
    issue = mailroom.build(reason="The harbour's loans were counted twice.")
    assert issue.folder.name == "r2"
    mailroom.look()
    mailroom.look()
    found = mailroom.account("correction r2 to who had r1, and to a new reader")
    assert (found.messages, found.once, found.states) == (5, 5, {"sent": 5})
    for name in ("anna", "ben"):
        old, new = _in_order(mailroom, name)
        assert old["In-Reply-To"] is None
        assert new["In-Reply-To"] == new["References"] == first[f"{name}@example.org"]
        assert new["In-Reply-To"] == old["Message-ID"]
        assert new["Message-ID"] != old["Message-ID"]
        assert "320" in new.get_body(("html",)).get_content() + _pdf_text(new)
    stranger = one(mailroom.servers.mail("chloe"))
    assert stranger["In-Reply-To"] is stranger["References"] is None


def _in_order(mailroom: Mailroom, name: str) -> list[EmailMessage]:
    found = mailroom.servers.mail(name)
    return sorted(found, key=lambda message: ".r2." in message["Message-ID"])


def test_what_was_corrected_before_it_went_out_stays(mailroom: Mailroom):
    """One of three has r1; the others get only the correction, as a message of its own."""
    mailroom.queue(["anna", "ben", "chloe"])
    _stop_after(mailroom, 1)
    text = (mailroom.root / "data/loans.csv").read_text(encoding="utf-8")
    mailroom.write("data/loans.csv", text.replace(",310,", ",320,"))
    mailroom.build(reason="The harbour's loans were counted twice.")
    mailroom.look()
    found = mailroom.account("corrected while it goes out")
    assert (found.once, found.never) == (4, 2)
    assert found.states == {"sent": 4, "stopped": 2}
    boxes = {name: len(mailroom.servers.mail(name)) for name in ("anna", "ben", "chloe")}
    assert boxes == {"anna": 2, "ben": 1, "chloe": 1}


# -- lost ledgers ------------------------------------------------------------------------------


def _stop_after(mailroom: Mailroom, count: int) -> None:
    """Let so many messages go out, and then nobody begin another."""
    post = mailroom.post()
    left = [count]

    def before_dot(delivery: Delivery) -> None:
        left[0] -= 1
        if not left[0]:
            post.asked.set()

    mailroom.ledger.before_dot = before_dot
    assert isinstance(post.asked, threading.Event)
    Postman(post, MAIL).work()
    assert mailroom.states()["sent"] == count


def test_after_the_ledger_is_lost_the_rest_get_it_and_nobody_twice(mailroom: Mailroom):
    mailroom.queue(TWELVE)
    _stop_after(mailroom, 6)
    mailroom.lose()
    mailroom.look()
    mailroom.finish(2)
    found = mailroom.account("ledger lost after half were sent")
    assert (found.messages, found.once, found.states) == (12, 12, {"sent": 12})


@pytest.mark.parametrize("lost", ["sent.jsonl", "recipients.key"])
def test_where_nobody_knows_who_has_it_a_person_decides(mailroom: Mailroom, lost: str):
    mailroom.queue(TWELVE)
    _stop_after(mailroom, 6)
    before = mailroom.arrived()
    mailroom.lose(lost)
    mailroom.look()
    mailroom.finish(2)
    assert mailroom.arrived() == before
    assert sum(before.values()) == 6
    assert mailroom.states() == {"awaiting": 12}
    assert mailroom.states("shelf") == {"awaiting": 1}
    mailroom.ledger.decide(mailroom.run, "held", "looked: half have it")
    mailroom.finish(1)
    assert mailroom.arrived() == before


def test_what_was_in_doubt_when_the_ledger_was_lost_is_looked_up(mailroom: Mailroom):
    proxy = CuttingProxy(mailroom.servers.submission)
    mailroom.queue(["anna", "ben", "chloe"])
    faults = {"anna": "answer", "ben": "dot"}

    def before_dot(delivery: Delivery) -> None:
        fault = faults.get(delivery.recipient.partition("@")[0])
        if fault:
            proxy.cut_at(fault)

    mailroom.ledger.before_dot = before_dot
    mailroom.work(port=proxy.port)
    proxy.close()
    assert mailroom.states() == {"sent": 1, "uncertain": 2}
    mailroom.lose()
    mailroom.look()
    mailroom.finish(3)
    found = mailroom.account("ledger lost while two are in doubt")
    assert (found.once, found.states) == (3, {"sent": 3})


def test_a_ledger_that_is_lost_before_anything_went_out_sends_it_to_all(mailroom: Mailroom):
    """What stands beside the ledger is of other issues: nobody has this one."""
    book = '\n{"issue": "other/2026-09/ko/r1", "sent": "00", "state": "sent", "at": "2026"}'
    mailroom.queue(["anna", "ben"])
    mailroom.write(".briefing/sent.jsonl", book)
    mailroom.lose()
    mailroom.look()
    found = mailroom.account("ledger lost before anything was sent")
    assert (found.once, found.states) == (2, {"sent": 2})


# -- regions -----------------------------------------------------------------------------------

BRANCHES = {"main": "중앙도서관", "harbour": "항구분관", "hill": "언덕분관"}
COUNTS = {"main": "1,500", "harbour": "310", "hill": "95"}
PROFILE = """\
title: {en: Branch profile, ko: 분관 현황}
grain: month
layout: compact
parameters:
  branch: {values: branches.branch}
tables:
  lent:
    dataset: loans
    where: branch == parameters.branch and medium == 'book' and day >= period.start
    by: [branch, branch.name]
    measures: [lent]
figures:
  bars:
    kind: bar
    table: lent
    label: branch_name
    value: lent
    title: {en: "{{ tables.lent.first.branch_name }}", ko: "{{ tables.lent.first.branch_name }}"}
  listing:
    kind: table
    table: lent
    title: {en: All loans, ko: 모든 대출}
sections:
  - {title: {en: Loans, ko: 대출}, figures: [bars, listing]}
"""


def test_a_reader_gets_the_rows_of_their_region_and_of_no_other(mailroom: Mailroom):
    folder = mailroom.root / "report_templates/branch-profile"
    folder.mkdir()
    (folder / "report.yaml").write_text(PROFILE, encoding="utf-8")
    text = (mailroom.root / "config.yaml").read_text(encoding="utf-8")
    mailroom.write("config.yaml", f"{text}  - {{report: branch-profile, to: [desk]}}\n")
    mailroom.write(
        "readers.csv",
        "address,name,language,editions\n"
        "anna@example.org,Anna,ko,main\nben@example.org,Ben,ko,harbour\n"
        "chloe@example.org,Chloe,ko,main harbour\nchloe+1@example.org,Nobody,en,all\n",
    )
    for branch in ("main", "harbour"):
        mailroom.build("branch-profile", branch)
    mailroom.look()
    found = mailroom.account("two regions, three readers")
    assert (found.messages, found.once, found.states) == (4, 4, {"sent": 4})
    _holds_only(one(mailroom.servers.mail("anna")), "main")
    _holds_only(one(mailroom.servers.mail("ben")), "harbour")
    both = sorted(mailroom.servers.mail("chloe"), key=lambda item: str(item["Message-ID"]))
    _holds_only(both[0], "harbour")
    _holds_only(both[1], "main")


def _holds_only(message: EmailMessage, branch: str) -> None:
    """Whatever can be read in any part, and in any file inside the PDF, is of this branch."""
    said = _everything_in(message)
    assert set(said) >= {"headers", "text/plain", "text/html", "PDF", "PDF: its properties"}
    assert any(name.startswith("in the PDF") for name in said), said.keys()
    for name, text in said.items():
        for other in BRANCHES.keys() - {branch}:
            for word in (other, BRANCHES[other], COUNTS[other]):
                assert not re.search(rf"\b{word}\b", text), f"{word} in {name}"
    everything = "\n".join(said.values())
    assert BRANCHES[branch] in everything
    assert COUNTS[branch] in everything


def _everything_in(message: EmailMessage) -> dict[str, str]:
    said = {"headers": "\n".join(f"{name}: {value}" for name, value in message.items())}
    for part in message.walk():
        if part.get_content_maintype() == "text":
            said[part.get_content_type()] = part.get_content()
    pdf = PdfReader(BytesIO(_pdf(message)))
    said["PDF"] = "\n".join(page.extract_text() for page in pdf.pages)
    titles = [str(item.title) for item in pdf.outline if not isinstance(item, list)]
    said["PDF: its properties"] = "\n".join([*map(str, (pdf.metadata or {}).values()), *titles])
    for name, contents in pdf.attachments.items():
        for number, content in enumerate(contents):
            said[f"in the PDF: {name} {number}"] = name + content.decode("utf-8")
    return said


def _pdf(message: EmailMessage) -> bytes:
    (content,) = [
        part.get_content() for part in message.iter_attachments()
        if part.get_content_type() == "application/pdf"
    ]  # fmt: skip
    return bytes(content)


def _pdf_text(message: EmailMessage) -> str:
    pdf = PdfReader(BytesIO(_pdf(message)))
    return "\n".join(page.extract_text() for page in pdf.pages)

"""From the outbox to the readers, on a small project, as a person and a scheduler use it."""

import json
from typing import Any

import pytest

SCHEDULE = """\
schedules:
  - report: library-loans
    every: month
    on: first business day
    at: "06:30"
    languages: [en]
    formats: [html]
    retry: []
"""
READERS = """\
channels:
  shelf: {folder: output/delivered}
  crier: {use: "crier:Crier", options: {file: heard.jsonl}}
audiences:
  desk:
    readers:
      - {address: kim@example.org, name: Kim, channel: crier}
      - {address: Lee@Example.org, channel: crier}
readers:
  suppressed: away.txt
deliveries:
  - report: library-loans
    to: [desk]
    channels: [shelf]
"""
CRIER = """
import json
from datetime import timedelta
from pathlib import Path

from briefing.abc import Channel
from briefing.errors import ChannelError
from briefing.structures import Receipt

ROOT = Path(__file__).parent


class Crier(Channel):
    def __init__(self, file):
        self.file = ROOT / file

    def deliver(self, parcel, still_wanted):
        script = ROOT / "answers.json"
        answers = json.loads(script.read_text()) if script.exists() else {}
        assert still_wanted()
        to = parcel.to.address
        outcome = answers.get(to, "sent")
        if outcome in {"sent", "uncertain"}:
            heard = {
                "issue": parcel.issue,
                "to": to,
                "subject": parcel.letter.subject,
                "text": parcel.letter.text,
                "id": parcel.message_id,
                "reply": parcel.in_reply_to,
                "date": parcel.date.isoformat(),
            }
            with self.file.open("a") as file:
                file.write(json.dumps(heard) + "\\n")
        if outcome == "broken":
            raise ChannelError("The line is dead.")
        wait = timedelta(hours=1) if outcome == "deferred" else None
        return Receipt(outcome, "recipient", 250, f"it was {outcome}", retry_after=wait)
"""
BUILD = ("build", "library-loans", "--period", "2026-09", "--format", "html")
SEND = ("send", "library-loans", "--period", "2026-09")


@pytest.fixture
def library(small_project):
    text = small_project.read("config.yaml")
    small_project.write("config.yaml", text[: text.index("schedules:")] + SCHEDULE + READERS)
    small_project.write("crier.py", CRIER)
    return small_project


@pytest.fixture
def run(library, quick_briefing):
    def command(*words: str):
        return quick_briefing(*words, cwd=library.root)

    return command


def heard(library) -> list[dict[str, Any]]:
    file = library.root / "heard.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def hearers(library) -> list[str]:
    return sorted(item["to"] for item in heard(library))


def answers(library, **outcomes: str) -> None:
    script = {f"{name}@example.org": outcome for name, outcome in outcomes.items()}
    library.write("answers.json", json.dumps(script))


def told(run, words=SEND) -> dict[str, Any]:
    found = run(*words, "--json").json["issues"][0]
    found.pop("issue")
    return found


def rule(library, **keys: str) -> None:
    lines = "".join(f"    {key}: {value}\n" for key, value in keys.items())
    library.append("config.yaml", lines)


# -- by hand ----------------------------------------------------------------------------------


def test_what_a_person_builds_goes_to_nobody_until_they_say_so(library, run):
    assert run(*BUILD).code == 0
    assert heard(library) == []
    shown = run(*SEND, "--dry-run").out
    assert shown.count("would be sent") == 3
    assert heard(library) == []
    sent = run(*SEND)
    assert (sent.code, sent.out) == (0, "library-loans/2026-09/en/r1: 3 sent\n")
    assert hearers(library) == ["Lee@Example.org", "kim@example.org"]
    delivered = library.root / "output/delivered/library-loans/2026-09/en/r1"
    assert (delivered / "index.html").is_file()


def test_who_has_an_issue_does_not_get_it_again(library, run):
    run(*BUILD, "--deliver")
    assert len(heard(library)) == 2
    assert told(run) == {"sent": 3}
    assert told(run, (*SEND, "--resend", "failed")) == {"sent": 3}
    assert len(heard(library)) == 2


def test_build_and_deliver_says_who_has_it(library, run):
    done = run(*BUILD, "--deliver")
    assert done.code == 0
    assert "library-loans/2026-09/en/r1: 3 sent" in done.out
    assert {item["issue"] for item in heard(library)} == {"library-loans/2026-09/en/r1"}
    assert len({item["id"] for item in heard(library)}) == 2


def test_one_bad_recipient_stops_nobody_and_is_tried_again_when_asked(library, run):
    run(*BUILD)
    answers(library, kim="refused")
    ended = run(*SEND)
    assert ended.code == 5
    assert "Not everybody has it: 1 refused." in ended.err
    assert hearers(library) == ["Lee@Example.org"]
    story = run("runs", "1").out
    assert "crier to kim@example.org: refused: it was refused" in story
    status = run("status")
    assert "library-loans/2026-09/en/r1: 1 refused" in status.out
    answers(library)
    assert told(run) == {"refused": 1, "sent": 2}
    assert told(run, (*SEND, "--resend", "failed")) == {"sent": 3}
    assert hearers(library) == ["Lee@Example.org", "kim@example.org"]


def test_what_is_deferred_waits_and_what_may_have_arrived_stays(library, run):
    run(*BUILD)
    library.write("answers.json", '{"kim@example.org": "deferred", "Lee@Example.org": "uncertain"}')
    assert run(*SEND).code == 5
    assert told(run) == {"deferred": 1, "sent": 1, "uncertain": 1}
    answers(library)
    assert told(run) == {"deferred": 1, "sent": 1, "uncertain": 1}
    assert hearers(library) == ["Lee@Example.org"]
    assert told(run, (*SEND, "--resend", "uncertain"))["sent"] == 2


def test_a_channel_that_breaks_when_it_may_have_arrived_is_not_tried_again(library, run):
    run(*BUILD)
    answers(library, kim="broken")
    assert run(*SEND).code == 5
    answers(library)
    assert told(run) == {"sent": 2, "uncertain": 1}
    assert "The line is dead." in run("runs", "1").out


def test_whoever_asked_for_no_more_gets_no_more(library, run):
    run(*BUILD)
    library.write("away.txt", "# since May\nLEE@example.org, asked on the telephone\n")
    assert told(run) == {"sent": 2, "suppressed": 1}
    assert hearers(library) == ["kim@example.org"]


def test_what_is_not_built_cannot_be_sent(run):
    ended = run(*SEND)
    assert ended.code == 2
    assert "library-loans/2026-09/en is not built yet. Run briefing build first." in ended.err


# -- sealed -----------------------------------------------------------------------------------


def test_what_readers_have_is_compared_and_never_overwritten(library, run):
    run(*BUILD, "--deliver")
    again = run(*BUILD)
    assert again.code == 0
    assert "Unchanged, the same bytes" in again.out
    assert "Unchanged, the same bytes" in run(*BUILD[:4]).out  # whatever formats are asked for
    manifest = library.read("output/library-loans/2026-09/en/r1/manifest.json")
    library.append(library.report_file, "# another word\n")
    changed = run(*BUILD)
    assert changed.code == 2
    assert "Sealed, readers have it; nothing was written" in changed.out
    assert f"Changed: {library.report_file}" in changed.out
    assert "--revise" in changed.err
    assert library.read("output/library-loans/2026-09/en/r1/manifest.json") == manifest
    left = list((library.root / "output/library-loans/2026-09/en").iterdir())
    assert [path.name for path in left] == ["r1"]


def test_a_file_that_was_changed_after_it_was_filed_is_not_sent(library, run):
    run(*BUILD)
    library.append("output/library-loans/2026-09/en/r1/index.html", "<p>and more</p>")
    assert run(*SEND).code == 5
    assert heard(library) == []
    assert "was changed after it was filed" in run("runs", "1").out


def test_a_changed_draft_may_still_be_replaced(library, run):
    run(*BUILD)
    library.append(library.report_file, "# another word\n")
    assert "Rebuilt in place" in run(*BUILD).out


# -- by the scheduler -------------------------------------------------------------------------


def test_the_scheduler_delivers_what_it_publishes_once(library, run):
    assert run("serve", "--once").code == 0
    assert hearers(library) == ["Lee@Example.org", "kim@example.org"]
    (due,) = {item["date"] for item in heard(library)}
    assert due == run("runs", "--json").json["runs"][0]["scheduled_for"]
    assert run("serve", "--once").code == 0
    assert len(heard(library)) == 2
    assert run("status").code == 0


def test_plan_says_how_many_receive_it(library, run):
    entry = run("plan", "--json").json["plan"][0]
    assert entry["recipients"] == {"crier": 2, "shelf": 1}
    assert "2 by crier, 1 by shelf" in run("plan").out


def test_an_issue_waits_for_its_approval(library, run):
    rule(library, release="approve")
    assert run("serve", "--once").code == 0
    assert heard(library) == []
    status = run("status")
    assert status.code == 1
    issue = run("runs", "--json").json["runs"][0]
    name = f"library-loans/{issue['period']}/en"
    assert f"{name}/r1: 3 awaiting" in status.out
    approved = run("approve", name, "--reason", "read by two")
    assert approved.out == f"{name}/r1 is approved: 3 deliveries.\n"
    assert run("serve", "--once").code == 0
    assert len(heard(library)) == 2


def test_what_is_held_stays_until_it_is_approved(library, run):
    run(*BUILD)
    answers(library, kim="deferred")
    run(*SEND)
    name = "library-loans/2026-09/en/r1"
    assert run("hold", name).out == f"{name} is held: 1 delivery; 2 went out before.\n"
    assert told(run) == {"sent": 2, "stopped": 1}
    answers(library)
    run("approve", name)
    assert told(run) == {"sent": 3}


def test_nobody_approves_what_is_not_there(run):
    ended = run("approve", "library-loans/2026-09/en")
    assert ended.code == 2
    assert "No issue library-loans/2026-09/en is published." in ended.err


# -- conditions -------------------------------------------------------------------------------


def test_a_condition_that_does_not_hold_sends_nothing_and_says_why(library, run):
    rule(library, when='"tables.by_month.count > 100"')
    assert run("serve", "--once").code == 0
    assert heard(library) == []
    assert "tables.by_month.count > 100: no" in run("runs", "1").out
    assert run("status").code == 0


def test_or_sends_a_line_that_there_is_nothing_to_report(library, run):
    rule(library, when='"tables.by_month.count > 100"', otherwise="notice")
    assert run("serve", "--once").code == 0
    assert len(heard(library)) == 2
    assert all("nothing new" in item["subject"] for item in heard(library))


def test_a_condition_that_holds_sends_it(library, run):
    rule(library, when='"tables.by_month.count > 0"')
    assert run("serve", "--once").code == 0
    assert len(heard(library)) == 2


# -- corrections ------------------------------------------------------------------------------


def test_a_correction_goes_to_those_who_had_what_it_corrects(library, run):
    answers(library, kim="refused")
    run(*BUILD, "--deliver")
    (first,) = heard(library)
    assert run(*BUILD, "--revise", "--reason", "a wrong sum").code == 2  # nothing has changed
    library.replace("data/loans.csv", "1200", "1250")
    done = run(*BUILD, "--revise", "--reason", "a wrong sum")
    assert done.code == 0, done.err
    assert "library-loans/2026-09/en/r2" in done.out
    answers(library)
    assert told(run) == {"sent": 3}
    replies = {item["to"]: item["reply"] for item in heard(library)[1:]}
    assert replies == {"Lee@Example.org": first["id"], "kim@example.org": ""}
    assert {item["issue"] for item in heard(library)[1:]} == {"library-loans/2026-09/en/r2"}
    assert all("a wrong sum" in item["text"] for item in heard(library)[1:])
    assert run(*BUILD).code == 0  # the newest revision is meant, and unchanged


def test_who_has_a_wrong_number_hears_of_it_whatever_the_condition_says(library, run):
    run(*BUILD, "--deliver")
    rule(library, when='"tables.by_month.count > 100"', otherwise="notice")
    library.replace("data/loans.csv", "1200", "1250")
    assert run(*BUILD, "--revise", "--reason", "a wrong sum", "--deliver").code == 0
    assert all("a wrong sum" in item["text"] for item in heard(library)[2:])
    assert len(heard(library)) == 4


def test_there_is_nothing_to_correct_in_a_draft(run):
    never = run(*BUILD, "--revise", "--reason", "x")
    assert (never.code, "never published" in never.err) == (2, True)
    run(*BUILD)
    draft = run(*BUILD, "--revise", "--reason", "x")
    assert (draft.code, "Nobody has received this issue" in draft.err) == (2, True)
    assert run(*BUILD, "--revise").code == 2


# -- preview ----------------------------------------------------------------------------------


def test_a_preview_is_written_and_nothing_is_sent(library, run):
    done = run("preview", "library-loans", "--period", "2026-09", "--for", "KIM@example.org")
    assert done.code == 0, done.err
    folder = library.root / "preview/library-loans/2026-09/en"
    assert {"mail.eml", "mail.txt", "mail.html", "mail.png"} <= {
        path.name for path in folder.iterdir()
    }
    assert b"To: Kim <kim@example.org>" in (folder / "mail.eml").read_bytes()
    assert (folder / "mail.png").read_bytes().startswith(b"\x89PNG")
    assert heard(library) == []
    assert run("runs", "--json").json["runs"] == []


def test_nobody_is_shown_mail_that_they_do_not_receive(run):
    ended = run("preview", "library-loans", "--for", "park@example.org")
    assert ended.code == 2
    assert "park@example.org receives no edition of library-loans." in ended.err


# -- what goes wrong on the way ---------------------------------------------------------------


def lose_the_ledger(library, *more: str) -> None:
    for name in ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", *more):
        (library.root / ".briefing" / name).unlink(missing_ok=True)


def test_a_lost_ledger_sends_nothing_twice(library, run):
    run(*BUILD)
    answers(library, kim="refused")
    run(*SEND)
    lose_the_ledger(library)
    answers(library)
    assert told(run) == {"sent": 3}
    assert hearers(library) == ["Lee@Example.org", "kim@example.org"]


def test_where_all_that_remembers_is_lost_a_person_decides(library, run):
    run(*BUILD, "--deliver")
    lose_the_ledger(library, "sent.jsonl")
    assert told(run) == {"awaiting": 3}
    assert len(heard(library)) == 2
    assert "the ledger was lost" in run("runs", "1").out


def test_a_correction_that_comes_to_nothing_leaves_the_issue_as_it_is(library, run):
    run(*BUILD, "--deliver")
    assert run(*BUILD, "--revise", "--reason", "a wrong sum").code == 2
    assert told(run) == {"sent": 3}
    library.append(library.report_file, "# another word\n")
    assert run(*BUILD).code == 2
    assert not (library.root / "output/library-loans/2026-09/en/r2").exists()


def test_what_was_approved_before_it_was_queued_goes_out(library, run):
    rule(library, release="approve")
    run(*BUILD)
    run("approve", "library-loans/2026-09")
    assert told(run) == {"sent": 3}


def test_a_reader_who_comes_later_gets_it_when_a_person_sends_it(library, run):
    run(*BUILD, "--deliver")
    reader = "      - {address: park@example.org, channel: crier}\n"
    library.replace("config.yaml", "readers:\n  suppressed", f"{reader}readers:\n  suppressed")
    assert "park@example.org  would be sent" in run(*SEND, "--dry-run").out
    assert told(run) == {"sent": 4}
    assert len(heard(library)) == 3


def test_build_and_deliver_answers_machines_once(library, run):
    answers(library, kim="refused")
    done = run(*BUILD, "--deliver", "--json")
    assert done.code == 5
    issue = "library-loans/2026-09/en/r1"
    assert done.json["deliveries"] == {issue: {"refused": 1, "sent": 2}}


def test_a_run_for_cron_ends_as_incomplete_where_somebody_was_refused(library, run):
    answers(library, kim="refused")
    ended = run("serve", "--once")
    assert (ended.code, "1 refused" in ended.err) == (5, True)


def test_a_try_is_a_try(run):
    assert run(*SEND, "--test", "--to", "kim@example.org", "--dry-run").code == 2
    assert run(*SEND, "--test").code == 2
    ended = run(*SEND, "--test", "--to", "kim@example.org")
    assert (ended.code, "No mail server is named" in ended.err) == (2, True)


def test_what_waits_says_who_sends_it(library, run):
    run(*BUILD, "--deliver")
    library.replace("data/loans.csv", "1200", "1250")
    done = run(*BUILD, "--revise", "--reason", "a wrong sum")
    assert "3 deliveries wait: briefing serve sends library-loans/2026-09/en/r2" in done.out


def test_the_ledger_is_not_for_everybody(library, run):
    run(*BUILD)
    assert (library.root / ".briefing/ledger.sqlite").stat().st_mode & 0o007 == 0

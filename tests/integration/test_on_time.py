"""The commands about time, on a small project, as a person uses them."""

import json
import os
import subprocess
import sys
from datetime import datetime

import pytest
from tests.conftest import PERIOD

from briefing.ledger import Ledger, open_database, this_process
from briefing.structures import Planned

SCHEDULE = """\
schedules:
  - report: library-loans
    every: month
    on: first business day
    at: "06:30"
    calendar: AT
    languages: [en]
    formats: [html]
    retry: []
"""


@pytest.fixture
def library(small_project):
    """The small project with a schedule in plain words."""
    text = small_project.read("config.yaml")
    small_project.write("config.yaml", text[: text.index("schedules:")] + SCHEDULE)
    return small_project


@pytest.fixture
def run(library, quick_briefing):
    def command(*words: str):
        return quick_briefing(*words, cwd=library.root)

    return command


def ledger_of(library) -> Ledger:
    return Ledger(open_database("sqlite:///.briefing/ledger.sqlite", library.root))


def asked(period: str) -> Planned:
    end = datetime.fromisoformat(f"{period}-28").date()
    return Planned("library-loans", "en", period, end, "en")


def states(run) -> dict[str, str]:
    return {row["period"]: row["state"] for row in run("runs", "--json").json["runs"]}


# -- what comes -------------------------------------------------------------------------------


def test_check_prints_the_next_five_times(run):
    lines = run("check").out.splitlines()
    assert lines[1] == "library-loans is due next:"
    assert len(lines) == 7
    assert all("06:30 (Europe/Vienna) for 20" in line for line in lines[2:])


def test_plan_names_period_edition_and_what_moved_the_day(library, run):
    library.replace("config.yaml", "on: first business day", "on: 6\n    shift: next")
    entries = run("plan", "--days", "800", "--json").json["plan"]
    assert {entry["report"] for entry in entries} == {"library-loans"}
    assert [entry["due"] for entry in entries] == sorted(entry["due"] for entry in entries)
    epiphany = next(entry for entry in entries if entry["local"].startswith("2027-01-07"))
    assert epiphany["period"] == "2026-12"
    assert "2027-01-06 is a holiday (Heilige Drei Könige)" in epiphany["note"]
    assert epiphany["editions"] == ["en"]
    shown = run("plan", "--days", "800").out
    assert "2027-01-07 06:30" in shown
    assert "Heilige Drei Könige" in shown


def test_plan_says_what_the_gate_says_now(library, run):
    library.append(library.report_file, GATE)
    entry = run("plan", "--json").json["plan"][0]
    assert entry["gate"].startswith("hold: ")
    assert "100" in entry["gate"]


def test_plan_with_nothing_due_says_so(library, run):
    text = library.read("config.yaml")
    library.write("config.yaml", text[: text.index("schedules:")])
    assert run("plan").out == "Nothing is due in the next 60 days.\n"


# -- what is due ------------------------------------------------------------------------------


def test_an_empty_ledger_owes_the_latest_ended_period_and_only_that(run):
    before = run("status")
    assert before.code == 1
    assert "no scheduler has noticed" in before.out
    done = run("serve", "--once")
    assert done.code == 0, done.err
    assert states(run) == {PERIOD: "published"}
    after = run("status")
    assert (after.code, after.out.splitlines()[0]) == (0, "All is well.")


def test_since_owes_older_periods_and_catch_up_says_which(library, run):
    library.replace("config.yaml", "    at:", "    since: 2026-07\n    at:")
    assert run("serve", "--once").code == 0
    found = states(run)
    assert found.pop(PERIOD) == "published"
    assert set(found.values()) == {"skipped"}
    assert {"2026-07", "2026-08", "2026-09"} <= set(found)
    reasons = {row["reason"] for row in run("runs", "--state", "skipped", "--json").json["runs"]}
    assert reasons == {f"superseded by {PERIOD}"}
    library.replace("config.yaml", "    at:", "    catch_up: all\n    at:")
    assert run("backfill", "library-loans", "--from", "2026-07", "--language", "en").code == 0
    assert run("serve", "--once").code == 0
    assert set(states(run).values()) == {"published"}


def test_run_again_at_once_nothing_is_due(run):
    assert run("serve", "--once").code == 0
    story = run("runs", "1", "--json").json["events"]
    assert run("serve", "--once").code == 0
    assert run("runs", "1", "--json").json["events"] == story


def test_a_report_with_a_problem_fails_at_once_and_says_what_to_do(library, run):
    library.replace("data/loans.csv", "1500", "1,500")
    ended = run("serve", "--once")
    assert ended.code == 1  # it cannot even be read
    assert "data/loans.csv:3" in ended.err
    library.replace("data/loans.csv", "1,500", "1500")
    library.append(library.report_file, GATE)
    held = run("serve", "--once")
    assert held.code == 4
    assert "held" in held.err
    assert states(run) == {PERIOD: "held"}
    status = run("status")
    assert status.code == 1
    assert "is held" in status.out
    assert "Traceback" not in held.err


# -- one row for all --------------------------------------------------------------------------


def test_build_is_busy_while_somebody_holds_the_row(library, run):
    ledger = ledger_of(library)
    ledger.adopt([])
    held = ledger.claim(asked("2026-10"), this_process())
    busy = run("build", "--period", "2026-10", "--format", "html")
    assert busy.code == 75
    assert f"by {held.owner}" in busy.err
    assert "--wait" in busy.err
    ledger.hand_back(held, "done")
    assert run("build", "--period", "2026-10", "--format", "html").code == 0
    assert states(run) == {"2026-10": "published"}


def test_build_waits_where_asked_to(library):
    ledger = ledger_of(library)
    ledger.adopt([])
    held = ledger.claim(asked("2026-10"), this_process())
    words = ["build", "--period", "2026-10", "--format", "html", "--wait"]
    waiting = subprocess.Popen(
        [sys.executable, "-m", "briefing", *words],
        cwd=library.root,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TERM": "dumb"},  # noqa: TID251
    )
    try:
        assert waiting.stderr is not None
        while "wait: " not in waiting.stderr.readline():
            assert waiting.poll() is None, "it did not wait"
        ledger.hand_back(held, "done")
        assert waiting.wait(timeout=60) == 0
    finally:
        waiting.kill()
        waiting.communicate()


def test_a_copy_leaves_the_ledger_alone(library, run):
    assert run("build", "--period", "2026-10", "--format", "html", "--output", "drafts").code == 0
    assert not (library.root / ".briefing" / "ledger.sqlite").exists()


GATE = "gate:\n  enough: {kind: rows, table: loans, at_least: 100, otherwise: hold}"


def test_a_build_that_fails_is_written_down_and_the_next_one_takes_the_row(library, run):
    before = library.read(library.report_file)
    library.append(library.report_file, GATE)
    assert run("build", "--period", "2026-10", "--format", "html").code == 3
    assert states(run) == {"2026-10": "held"}
    library.write(library.report_file, before)
    assert run("build", "--period", "2026-10", "--format", "html").code == 0
    assert states(run) == {"2026-10": "published"}
    kinds = [event["kind"] for event in run("runs", "1", "--json").json["events"]]
    assert kinds == ["planned", "claimed", "failed", "claimed", "published"]


def test_a_failed_rebuild_leaves_the_published_issue_published(library, run):
    assert run("build", "--period", "2026-10", "--format", "html").code == 0
    kept = library.files()
    library.append(library.report_file, GATE)
    assert run("build", "--period", "2026-10", "--format", "html").code == 3
    (row,) = run("runs", "--json").json["runs"]
    assert row["state"] == "published"
    assert "held" in row["reason"]
    assert library.files() == kept


def test_the_ledger_can_be_looked_into_while_the_project_has_problems(library, run):
    assert run("serve", "--once").code == 0
    library.replace("data/loans.csv", "1500", "1,500")
    assert states(run) == {PERIOD: "published"}
    status = run("status")
    assert status.code == 1
    assert "data/loans.csv:3" in status.out
    assert run("pause", "library-loans").code == 0
    assert run("resume", "library-loans").code == 0


def test_what_is_due_waits_while_the_project_has_problems(library, run):
    """A run that was planned before the table was broken does not fail for good."""
    ledger = ledger_of(library)
    ledger.adopt([])
    ledger.ask([asked("2026-10")])
    library.replace("data/loans.csv", "1500", "1,500")
    stopped = run("serve", "--once")
    assert stopped.code == 1
    assert states(run) == {"2026-10": "pending"}
    library.replace("data/loans.csv", "1,500", "1500")
    assert run("serve", "--once").code == 0
    assert states(run)["2026-10"] == "published"


def test_an_issue_made_by_hand_after_it_was_due_counts(library, run):
    assert run("build", "--period", PERIOD, "--format", "html").code == 0
    assert run("serve", "--once").code == 0
    (row,) = run("runs", "--json").json["runs"]
    assert (row["state"], row["trigger"]) == ("published", "catch-up")
    kinds = [event["kind"] for event in run("runs", "1", "--json").json["events"]]
    assert kinds.count("published") == 1


# -- pausing and backfilling ------------------------------------------------------------------


def test_a_paused_report_is_skipped_with_its_reason_and_made_up_for_on_request(run):
    assert run("pause", "library-loans", "--reason", "data under review").out == (
        "library-loans is paused.\n"
    )
    assert run("pause", "library-loans").out == "library-loans is paused already.\n"
    assert run("serve", "--once").code == 0
    assert states(run) == {PERIOD: "skipped"}
    assert "data under review" in run("status").out
    assert "1 missed run" in run("resume", "library-loans", "--catch-up").out
    assert "was not paused" in run("resume", "library-loans").out
    assert run("serve", "--once").code == 0
    assert states(run) == {PERIOD: "published"}


def test_backfill_says_first_what_it_would_ask_for(run):
    words = ["backfill", "library-loans", "--from", "2026-08", "--to", "2026-10"]
    would = run(*words, "--language", "en", "--dry-run")
    assert would.code == 0
    assert would.out.splitlines()[-1].startswith("3 of 3 issues would be made")
    assert run("runs").out == "No run yet.\n"
    assert run(*words, "--language", "en").code == 0
    assert run("serve", "--once").code == 0
    found = states(run)
    assert {found[period] for period in ("2026-08", "2026-09", "2026-10")} == {"published"}
    again = run(*words, "--language", "en")
    assert again.out.startswith("0 of 3 issues will be made")
    every = run(*words, "--language", "en", "--reprocess", "all", "--json").json
    assert len(every["asked"]) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pause", "nothing"), "There is no report 'nothing'"),
        (("backfill", "library-loans", "--from", "2026-W01"), "by month"),
        (("backfill", "library-loans", "--from", "2026-10", "--to", "2026-08"), "lies after"),
        (("runs", "99"), "There is no run 99"),
        (("runs", "--state", "lost"), "There is no state 'lost'"),
    ],
)
def test_what_does_not_exist_is_refused_in_words(run, words, said):
    ended = run(*words)
    assert ended.code == 2
    assert said in ended.err


# -- the ledger and the archive ---------------------------------------------------------------


def test_a_lost_ledger_takes_over_what_lies_in_the_archive(library, run):
    assert run("serve", "--once").code == 0
    for file in (library.root / ".briefing").iterdir():
        if file.is_file():
            file.unlink()
    kept = library.files()
    assert run("serve", "--once").code == 0
    assert states(run) == {PERIOD: "published"}
    assert library.files() == kept


def test_a_damaged_ledger_is_refused_and_left_as_it_is(library, run):
    assert run("serve", "--once").code == 0
    file = library.root / ".briefing" / "ledger.sqlite"
    file.write_bytes(b"no ledger" + file.read_bytes()[9:])
    damaged = file.read_bytes()
    for words in (("status",), ("build",), ("serve", "--once")):
        ended = run(*words)
        assert ended.code == 4
        assert "is damaged" in ended.err
        assert "left as it is" in ended.err
        assert "Traceback" not in ended.err
    assert file.read_bytes() == damaged


def test_the_metrics_file_is_what_prometheus_reads(library, run):
    file = library.root / "briefing.prom"
    assert run("serve", "--once", "--metrics", str(file)).code == 0
    lines = file.read_text(encoding="utf-8").splitlines()
    assert "briefing_healthy 1.0" in lines
    assert 'briefing_runs{state="published"} 1.0' in lines
    assert any(line.startswith("briefing_lateness_seconds{") for line in lines)


def test_the_log_is_json_with_run_report_and_period(run):
    lines = [json.loads(line) for line in run("serve", "--once").err.splitlines()]
    published = next(line for line in lines if line["event"] == "published")
    assert (published["run"], published["report"]) == (1, "library-loans")
    assert published["period"] == PERIOD
    assert published["time"].endswith("Z")

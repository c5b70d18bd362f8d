"""The entries of ``schedules``: what an author may write, and what is said of everything else."""

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from briefing.calendars import next_fires
from briefing.config import load_project
from briefing.errors import ProblemsError
from briefing.periods import Grain
from briefing.structures import Schedule
from briefing.terminal import told_fire

REPOSITORY = Path(__file__).parents[2]
SHIPPED = """\
schedules:
  - report: library-loans
    cron: "30 6 2 * mon-fri"
"""
ENTRY = 8
"""The line of config.yaml on which the keys after ``report`` begin."""


@pytest.fixture
def library(small_project):
    """The library's project with other schedules; its report has a branch for a parameter."""

    def write(*entries: str, grain: str = "month", parameter: bool = True):
        head = (
            "grain: month\nparameters:\n  place: branches.branch" if parameter else "grain: month"
        )
        head = head.replace("month", grain)
        small_project.replace(small_project.report_file, "grain: month", head)
        lines = ["schedules:"]
        for entry in entries:
            first, *rest = ["report: library-loans", *entry.splitlines()]
            lines += [f"  - {first}", *(f"    {line}" for line in rest)]
        small_project.replace("config.yaml", SHIPPED, "\n".join(lines) + "\n")
        return small_project.root

    return write


def schedule(root) -> Schedule:
    (only,) = load_project(root).schedules
    return only


def problems(root) -> list[str]:
    with pytest.raises(ProblemsError) as refused:
        load_project(root)
    return [str(problem) for problem in refused.value.problems]


def test_a_plain_entry_has_every_default_filled_in(library):
    assert schedule(library("every: month")) == Schedule(
        report="library-loans",
        line=ENTRY - 1,
        every=Grain.MONTH,
        on="",
        at=time(8),
        cron="",
        timezone="Europe/Vienna",
        calendar="",
        shift="none",
        back=0,
        since=None,
        catch_up="latest",
        catch_up_window=None,
        overlap="queue",
        timeout=timedelta(minutes=10),
        memory=None,
        retry=(timedelta(minutes=1), timedelta(minutes=5)),
        editions=(),
        languages=(),
        formats=("pdf", "html"),
    )


def test_every_key_is_read(library):
    root = library(
        "every: quarter\n"
        "on: first business day\n"
        "at: 06:30\n"
        "timezone: Asia/Seoul\n"
        "calendar: KR\n"
        "shift: next\n"
        "period: last-1\n"
        "since: 2026-01\n"
        "catch_up: all\n"
        "catch_up_window: 14 days\n"
        "overlap: skip\n"
        "timeout: 90 seconds\n"
        "memory: 1.5 GB\n"
        "retry: [1 minute, 2 hours]\n"
        "editions: [main, hill, main]\n"
        "languages: [ko]\n"
        "formats: [pdf]"
    )
    assert schedule(root) == Schedule(
        report="library-loans",
        line=ENTRY - 1,
        every=Grain.QUARTER,
        on="first business day",
        at=time(6, 30),
        timezone="Asia/Seoul",
        calendar="KR",
        shift="next",
        back=1,
        since=date(2026, 1, 1),
        catch_up="all",
        catch_up_window=timedelta(days=14),
        overlap="skip",
        timeout=timedelta(seconds=90),
        memory=1_500_000_000,
        retry=(timedelta(minutes=1), timedelta(hours=2)),
        editions=("main", "hill"),
        languages=("ko",),
        formats=("pdf",),
    )


@pytest.mark.parametrize(
    ("entry", "attribute", "value"),
    [
        ("every: month\non: 15", "on", "15"),
        ("every: month\non: '15'", "on", "15"),
        ("every: month\non: First  Business day", "on", "first business day"),
        ("every: month\non: last day", "on", "last day"),
        ("every: month\non: first day", "on", ""),
        ("every: year\non: 366", "on", "366"),
        ("every: year-from-april", "every", Grain.YEAR_FROM_APRIL),
        ("every: half\non: 184", "every", Grain.HALF),
        ("every: month\nat: 08:00", "at", time(8)),
        ("every: month\nat: '8:05'", "at", time(8, 5)),
        ("every: month\nat: 00:00", "at", time(0)),
        ("every: month\nat: 23:59", "at", time(23, 59)),
        ('cron: "0 8 1 * MON-fri"', "cron", "0 8 1 * mon-fri"),
        ('cron: "0 8 1 * *"', "every", None),
        ("every: month\nsince: 2026-01-15", "since", date(2026, 1, 15)),
        ("every: month\nsince: 2026", "since", date(2026, 1, 1)),
        ("every: month\nsince: 2026-Q3", "since", date(2026, 7, 1)),
        ("every: month\nperiod: the month before", "back", 0),
        ("every: month\nperiod: last-12", "back", 12),
        ("every: month\nretry: []", "retry", ()),
        ("every: month\nmemory: 1536 MiB", "memory", 1536 * 2**20),
        ("every: month\nmemory: 2GB", "memory", 2 * 10**9),
        ("every: month\ncatch_up_window: 36 hours", "catch_up_window", timedelta(hours=36)),
        ("every: month\ntimeout: 1 week", "timeout", timedelta(weeks=1)),
        ("every: month\neditions: all", "editions", ()),
        ("every: month\nlanguages: all", "languages", ()),
        ("every: month\ncalendar: KR\nshift: none", "calendar", "KR"),
        ("every: month\ncalendar: DE-BE\non: last business day", "calendar", "DE-BE"),
        ("every: month\nshift: previous", "shift", "previous"),
    ],
)
def test_an_author_writes_plain_words(library, entry, attribute, value):
    assert getattr(schedule(library(entry)), attribute) == value


@pytest.mark.parametrize("day", ["mon", "Monday", "mond", "thu", "thurs", "sunday"])
def test_a_weekday_is_written_by_name(library, day):
    assert schedule(library(f"every: week\non: {day}", grain="week")).on == day.lower()[:3]


@pytest.mark.parametrize(
    ("grain", "every"),
    [("day", "week"), ("month", "quarter"), ("year-from-april", "year"), ("on-demand", "day")],
)
def test_it_may_be_due_less_often_than_the_report_has_periods(library, grain, every):
    assert schedule(library(f"every: {every}", grain=grain)).every == Grain(every)


@pytest.mark.parametrize(
    ("grain", "every"),
    [("month", "week"), ("week", "day"), ("year-from-april", "half"), ("quarter", "month")],
)
def test_it_is_not_due_more_often_than_the_report_has_periods(library, grain, every):
    (said,) = problems(library(f"every: {every}", grain=grain))
    assert said.startswith(f"config.yaml:{ENTRY}: schedules.0.every: it is due every {every}")
    assert f"one period a {grain}" in said
    assert said.endswith(f"Write `every: {grain}`, or a longer one.")


@pytest.mark.parametrize(
    ("entry", "line", "key", "part"),
    [
        ("at: '08:00'", -1, "", "nothing says when the report is due. Add `every`"),
        ("on: 15", 0, "on", "a day of what is not said"),
        ("every: weekly", 0, "every", "'weekly': Input should be 'day', 'week'"),
        ("every: month\ncron: 0 8 1 * *", 0, "every", "`every` stands beside `cron`"),
        ("cron: 0 8 1 * *\nat: 08:00", 1, "at", "`at` stands beside `cron`"),
        ("cron: 0 8 1 * *\non: 3", 1, "on", "`on` stands beside `cron`"),
        ("cron: 0 8 * * 1", 0, "cron", "programs disagree about the numbers of weekdays"),
        ("every: month\non: mon", 1, "on", "'mon' is a day of the week, which fits `every: week`"),
        ("every: month\non: 32", 1, "on", "32 is no day of a month, which has 1 to 31"),
        ("every: month\non: 0", 1, "on", "0 is no day of a month"),
        ("every: month\non: -1", 1, "on", "'-1' is no day of a month"),
        ("every: month\non: the 3rd", 1, "on", "'the 3rd' is no day of a month"),
        ("every: month\non: m", 1, "on", "'m' is no day of a month"),
        ("every: quarter\non: 93", 1, "on", "93 is no day of a quarter, which has 1 to 92"),
        ("every: month\nat: 8am", 1, "at", "'8am' is no time of day. Write it as \"08:00\"."),
        ("every: month\nat: '24:00'", 1, "at", "'24:00' is no time of day"),
        ("every: month\nat: 8", 1, "at", "no time of day"),
        ("every: month\ntimezone: Asia/Soul", 1, "timezone", "did you mean Asia/Seoul?"),
        ("every: month\ntimezone: Asia", 1, "timezone", "'Asia' is no time zone"),
        ("every: month\ncalendar: KOR\nshift: next", 1, "calendar", "did you mean KR"),
        ("every: month\ncalendar: KR", 1, "calendar", "holidays make no difference"),
        ("every: month\nshift: forward", 1, "shift", "'forward': Input should be 'next'"),
        ("every: month\nperiod: 2026-10", 1, "period", "does not say which period is meant"),
        ("every: month\nperiod: the week before", 1, "period", "write 'the month before'"),
        ("every: month\nsince: soon", 1, "since", "'soon' is no period"),
        ("every: month\nsince: 2026-02-30", 1, "since", "is not in the calendar"),
        ("every: month\ntimeout: 10", 1, "timeout", "no length of time"),
        ("every: month\ntimeout: 10m", 1, "timeout", "'10m' is no length of time"),
        ("every: month\ntimeout: 0 minutes", 1, "timeout", "'0 minutes' is no length of time"),
        ("every: month\ncatch_up_window: soon", 1, "catch_up_window", "is no length of time"),
        ("every: month\nretry: [now]", 1, "retry", "'now' is no length of time"),
        ("every: month\nmemory: 2 G", 1, "memory", "'2 G' is no amount of memory"),
        ("every: month\nmemory: 512 MB", 1, "memory", "'512 MB' is too little"),
        ("every: month\nmemory: 0 GB", 1, "memory", "'0 GB' is no amount of memory"),
        ("every: month\neditions: [dale]", 1, "editions", "has no edition 'dale'. It has main"),
        ("every: month\neditions: []", 1, "editions", "the list is empty"),
        ("every: month\nlanguages: [de]", 1, "languages", "the project is not made in 'de'"),
        ("every: month\nformats: [docx]", 1, "formats.0", "Input should be 'pdf' or 'html'"),
        ("every: month\nformats: []", 1, "formats", "at least 1 item"),
        ("every: month\nevry: 1", 1, "evry", "the key is not known. Did you mean 'every'?"),
    ],
)
def test_a_wrong_key_is_a_problem_with_its_line(library, entry, line, key, part):
    found = problems(library(entry))
    place = f"config.yaml:{ENTRY + line}: schedules.0{f'.{key}' if key else ''}: "
    assert any(said.startswith(place) and part in said for said in found), found


def test_a_weekday_by_number_is_a_problem_that_says_why(library):
    (said,) = problems(library("every: week\non: 1", grain="week"))
    assert "the weekday is the number 1; programs disagree which day that is" in said


def test_a_day_has_no_days_within_it(library):
    (said,) = problems(library("every: day\non: first business day", grain="day"))
    assert "a day has no days within it; remove `on`" in said


def test_all_that_is_wrong_is_said_at_once(library):
    found = problems(library("every: month\non: 32\nat: noon\ntimezone: Mars\ntimeout: long"))
    assert [said.split(": ")[1] for said in found] == [
        f"schedules.0.{key}" for key in ("on", "at", "timezone", "timeout")
    ]


def test_a_report_without_a_parameter_has_no_editions_to_schedule(library):
    (said,) = problems(library("every: month\neditions: [main]", parameter=False))
    assert said.endswith("has no edition 'main'. It has no parameter; remove the key.")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("every: month", "every: quarter"),
        ("every: month\neditions: [main]", "every: month\nlanguages: [ko]"),
        ("every: month\neditions: [main, hill]", "every: month\neditions: [hill]"),
        ("every: month\nlanguages: [ko]", "every: month\nlanguages: [en, ko]"),
    ],
)
def test_two_schedules_do_not_ask_for_the_same_issue(library, one, other):
    (said,) = problems(library(one, other))
    second = ENTRY + len(one.splitlines())
    assert said.startswith(
        f"config.yaml:{second}: schedules.1.report: library-loans has a schedule"
    )
    assert f"already, in line {ENTRY - 1}, for the same editions and languages" in said


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("every: month\neditions: [main]", "every: quarter\neditions: [hill, harbour]"),
        ("every: month\nlanguages: [ko]", "every: month\nlanguages: [en]"),
        (
            "every: month\neditions: [main]\nlanguages: [en]",
            "every: month\neditions: [main]\nlanguages: [ko]",
        ),
    ],
)
def test_two_schedules_may_share_a_report_and_no_issue(library, one, other):
    assert len(load_project(library(one, other)).schedules) == 2


# -- the how-to -------------------------------------------------------------------------------

GRAINS = {"monthly-bulletin": "month", "daily-figures": "day", "quarterly-profile": "quarter"}


def examples() -> tuple[list[str], list[str]]:
    """The entries and the due times that docs/howto/schedules.md shows."""
    text = (REPOSITORY / "docs" / "howto" / "schedules.md").read_text(encoding="utf-8")
    entries = re.findall(r"(?s)```yaml\nschedules:\n(.*?)```", text)
    (times,) = re.findall(r"(?s)```text\n(.*?)```", text)
    return entries, times.splitlines()


def from_the_how_to(entry: str, library) -> Schedule:
    (name,) = (known for known in GRAINS if known in entry)
    lines = entry.replace("  - report: ", "    report: ").replace(name, "library-loans").split("\n")
    keys = "\n".join(line.strip() for line in lines if "report:" not in line)
    return schedule(library(keys.strip(), grain=GRAINS[name], parameter=False))


@pytest.mark.parametrize("entry", examples()[0])
def test_the_examples_of_the_how_to_are_taken(library, entry):
    assert from_the_how_to(entry, library).report == "library-loans"


def test_the_how_to_shows_when_its_first_example_is_due(library):
    (first, *_), times = examples()
    now = datetime(2026, 9, 15, tzinfo=UTC)
    found = next_fires(from_the_how_to(first, library), Grain.MONTH, now, len(times))
    assert [told_fire(fire) for fire in found] == times

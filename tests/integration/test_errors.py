"""Bad configuration and bad data, planted one by one: named with file and line, with a remedy."""

import re
from dataclasses import dataclass

import pytest

CONFIG, LOANS, BRANCHES = "config.yaml", "data/loans.csv", "data/branches.csv"
PACKAGE = "data/datapackage.json"
REPORT = "report_templates/library-loans/report.yaml"
BARS = "    table: by_branch\n    label: branch_name"


@dataclass(frozen=True)
class Defect:
    """A defect, and what must be said about it.

    Attributes:
        file, old, new: where the first ``old`` becomes ``new``; without ``old``, a line is added.
        at: part of ``new`` on whose line the defect is.
        says: what is wrong, as a regular expression.
        remedy: a word of what to do.
        line: False where the whole file is meant.
    """

    file: str
    old: str
    new: str
    says: str
    remedy: str
    at: str = ""
    line: bool = True
    code: int = 1

    def plant(self, project) -> int:
        if self.old:
            return project.replace(self.file, self.old, self.new, self.at)
        return project.append(self.file, self.new)


DEFECTS = {
    # -- config.yaml
    "unknown key": Defect(
        CONFIG,
        "publisher:",
        "publischer: x\npublisher:",
        "publischer: the key is not known",
        "Did you mean 'publisher'",
    ),
    "missing key": Defect(
        CONFIG,
        "timezone: Europe/Vienna\n",
        "",
        "timezone: the key is missing",
        "Add it",
        line=False,
    ),
    "bad cron": Defect(
        CONFIG,
        '"30 6 2 * mon-fri"',
        '"61 6 2 * mon-fri"',
        r"schedules\.0\.cron: the minute field is '61'",
        "0 to 59",
    ),
    "cron of four fields": Defect(
        CONFIG, '"30 6 2 * mon-fri"', '"6 2 * *"', "has 4 fields", "minute, hour, day of month"
    ),
    "cron with a numbered weekday": Defect(
        CONFIG, "mon-fri", "0-5", "the day of week field is '0-5'", "mon to sun"
    ),
    "unknown time zone": Defect(
        CONFIG, "Europe/Vienna", "Europe/Wien", "'Europe/Wien' is no time zone", "Asia/Seoul"
    ),
    "unknown language": Defect(CONFIG, "[en, ko]", "[en, de]", "languages.*'de'", "docs/reference"),
    "no language": Defect(CONFIG, "[en, ko]", "[]", "languages", "docs/reference"),
    "a number for a name": Defect(
        CONFIG, "publisher: City Library", "publisher: 12", "publisher.*12", "docs/reference"
    ),
    "publisher that lacks a language": Defect(
        CONFIG,
        "publisher: City Library",
        "publisher: {en: City Library}",
        "publisher: there is no text in 'ko'",
        "Add it",
    ),
    "publisher in a language that is not known": Defect(
        CONFIG,
        "publisher: City Library",
        "publisher: {en: City Library, ko: 시립도서관, de: Bücherei}",
        r"publisher\.de",
        "docs/reference",
    ),
    "unknown default report": Defect(
        CONFIG,
        "default_report: library-loans",
        "default_report: library-lones",
        "there is no report 'library-lones'",
        "library-loans",
    ),
    "schedule of an unknown report": Defect(
        CONFIG,
        "- report: library-loans",
        "- report: none",
        "there is no report 'none'",
        "library-loans",
    ),
    "dataset outside": Defect(
        CONFIG,
        "data/datapackage.json",
        "../outside/datapackage.json",
        "dataset: the path '../outside/datapackage.json' leads outside",
        "inside the project",
    ),
    "output outside": Defect(
        CONFIG,
        "default_report",
        "output: /var/briefing\ndefault_report",
        "output: the path '/var/briefing' leads outside",
        "inside the project",
    ),
    "reports outside": Defect(
        CONFIG,
        "default_report",
        "reports: ../reports\ndefault_report",
        r"reports: the path '\.\./reports' leads outside",
        "inside the project",
    ),
    "dataset that is not there": Defect(
        CONFIG,
        "data/datapackage.json",
        "data/nothing.json",
        "there is no such file",
        "dataset:",
        line=False,
    ),
    "dataset that is a folder": Defect(
        CONFIG, "data/datapackage.json", "data", "data", "datapackage", line=False
    ),
    "alias": Defect(
        CONFIG,
        "dataset: data/datapackage.json",
        "dataset: &d data/datapackage.json\noutput: *d",
        r"the alias \*d is refused",
        "Write it out",
        at="output",
    ),
    "duplicate key": Defect(
        CONFIG,
        "timezone:",
        "publisher: x\ntimezone:",
        "publisher: the key stands already in line 1",
        "Keep one",
    ),
    "no YAML": Defect(
        CONFIG, "languages: [en, ko]", "languages: [en, ko]]", "is no YAML", "quotes"
    ),
    # -- report.yaml
    "unknown key in a table": Defect(
        REPORT,
        "    sort: [-lent]",
        "    sorted: [-lent]",
        r"tables\.by_branch\.sorted: the key is not known",
        "Did you mean 'sort'",
    ),
    "unknown key in a figure": Defect(
        REPORT,
        BARS,
        BARS + "\n    colour: red",
        r"figures\.bars\.colour: the key is not known",
        "emphasis",
        at="colour",
    ),
    "unknown chart kind": Defect(
        REPORT, "kind: bar", "kind: pie", "there is no chart kind 'pie'", "bar, "
    ),
    "required option missing": Defect(
        REPORT, "    label: branch_name\n", "", "needs `label`", "Add it", line=False
    ),
    "unknown table of a figure": Defect(
        REPORT,
        BARS,
        BARS.replace("by_branch", "by_brunch"),
        "there is no table 'by_brunch'",
        "by_branch",
    ),
    "unknown figure of a section": Defect(
        REPORT,
        "[bars, listing]",
        "[bars, listing, pies]",
        "there is no figure 'pies'",
        "bars, listing",
    ),
    "figure in no section": Defect(
        REPORT,
        "[bars, listing]",
        "[bars]",
        r"figures\.listing: the figure stands in 0 sections",
        "exactly one section",
        line=False,
    ),
    "unknown column of a figure": Defect(
        REPORT, "    value: lent", "    value: lend", "no column 'lend'", "lent", line=False
    ),
    "unknown dataset table": Defect(
        REPORT,
        "dataset: loans",
        "dataset: lones",
        "the dataset has no table 'lones'",
        "loans",
        line=False,
    ),
    "unknown column in a condition": Defect(
        REPORT,
        "medium == 'book'",
        "media == 'book'",
        "no column 'media'",
        "declaration",
        line=False,
    ),
    "unknown measure": Defect(
        REPORT,
        "measures: [lent, fees]",
        "measures: [lent, fines]",
        "no measure 'fines'",
        "fees",
        line=False,
    ),
    "no condition": Defect(
        REPORT, "medium == 'book'", "medium = 'book'", "is no condition", "report.md"
    ),
    "text compared with a number": Defect(
        REPORT,
        "medium == 'book'",
        "lent == 'many'",
        "cannot be compared with 'many'",
        "declaration",
        line=False,
    ),
    "unknown parameter": Defect(
        REPORT,
        "medium == 'book'",
        "branch == parameters.place",
        "there is no parameter 'place'",
        "Declare it",
    ),
    "comparison without grain": Defect(
        REPORT,
        "    grain: {column: day, to: month}\n",
        "",
        "needs `grain`",
        "Add `grain`",
        line=False,
    ),
    "wrong grain": Defect(
        REPORT, "grain: month", "grain: fortnight", "grain.*fortnight", "docs/reference"
    ),
    "number typed in prose": Defect(
        REPORT,
        "Only books of the month",
        "Only the 3 kinds",
        "the number '3' is typed by hand",
        "literal(",
    ),
    "number word in a title": Defect(
        REPORT,
        "en: All branches",
        "en: All three branches",
        "the number 'three' is typed by hand",
        "literal(",
    ),
    "missing template variable": Defect(
        REPORT, '"{{ row.lent }}"', '"{{ row.lended }}"', "lended", "Mend"
    ),
    "unknown table in a sentence": Defect(
        REPORT,
        '"{{ row.lent }}"',
        '"{{ tables.by_brunch.count }}"',
        "by_brunch",
        "Tables here: by_branch",
    ),
    "Korean number word": Defect(
        REPORT, "ko: 모든 분관", "ko: 모든 분관 세 곳", "the number '세' is typed", "literal("
    ),
    "number hidden in a name": Defect(
        REPORT,
        '"{{ row.lent }}"',
        '"{% set count = 1500 %}{{ count }}"',
        "the number '1500' is typed by hand",
        "literal(",
    ),
    "limit of a chart": Defect(
        REPORT,
        BARS,
        BARS + "\n    limit: 3",
        r"figures\.bars\.limit: only printed tables have a limit",
        "Drop it",
        at="limit",
    ),
    "list of an unknown table": Defect(
        REPORT,
        "    figures: [bars, listing]",
        '    figures: [bars, listing]\n    items: {table: by_brunch, item: "{{ row.branch }}"}',
        "there is no table 'by_brunch'",
        "by_branch",
        at="items",
    ),
    "list without words": Defect(
        REPORT,
        "    figures: [bars, listing]",
        "    figures: [bars, listing]\n    items: {table: by_branch}",
        r"sections\.0\.items\.item: the key is missing",
        "Add it",
        at="items",
    ),
    "rank of a column that is not there": Defect(
        REPORT,
        "    sort: [-lent]",
        "    rank: [lend]",
        "there are no numbers in 'lend' to rank",
        "declaration",
        line=False,
    ),
    "unknown layout": Defect(
        REPORT, "grain: month", "grain: month\nlayout: dense", "layout.*dense", "docs/", at="layout"
    ),
    "parameter spelled out wrong": Defect(
        REPORT,
        "grain: month",
        "grain: month\nparameters:\n  place: {value: branches.branch}",
        r"parameters\.place\.value: the key is not known",
        "Did you mean 'values'",
        at="  place",
    ),
    "row of an unknown parameter": Defect(
        REPORT,
        "only: {branch: main}",
        "only: {branch: parameters.place}",
        "there is no parameter 'place'",
        "Declare it",
    ),
    "template that does not parse": Defect(
        REPORT, '"{{ row.lent }}"', '"{{ row.lent"', "no valid template", "Mend"
    ),
    "private attribute in a sentence": Defect(
        REPORT, '"{{ row.lent }}"', '"{{ row.lent.__class__ }}"', "__class__", "Mend"
    ),
    "text that lacks a language": Defect(
        REPORT,
        "{en: Opening hours follow demand., ko: 개관 시간은 수요를 따른다.}",
        "{en: Opening hours follow demand.}",
        "there is no text in 'ko'",
        "Add it",
    ),
    "rank that is no number": Defect(
        REPORT, "rank: 1", "rank: first", "rank.*first", "docs/reference"
    ),
    "rank with a leading zero": Defect(REPORT, "rank: 1", "rank: 010x", "rank", "docs/reference"),
    "function that is not there": Defect(
        REPORT, "  by_month:", "  mine:\n    use: own:made\n  by_month:", "own", "own.py", at="mine"
    ),
    "measures added across media": Defect(
        REPORT,
        "where: medium == 'book' and day >=",
        "where: day >=",
        "would add l-2 .*they differ in medium",
        "where",
        line=False,
    ),
    # -- the data
    "bad date": Defect(
        LOANS,
        "2026-10-15,book,1500",
        "2026-10-32,book,1500",
        "day: '2026-10-32' is not a date",
        "2026-10-21",
    ),
    "no whole number": Defect(
        LOANS, "book,310", "book,3.5", "lent: '3.5' is not a whole number", "digits"
    ),
    "no amount": Defect(
        LOANS, "items,9000", "items,9000.5", "fees: '9000.5' is no amount of KRW", "without commas"
    ),
    "word outside the vocabulary": Defect(
        LOANS, "film", "flim", "medium: 'flim' is not in the vocabulary", "Did you mean 'film'"
    ),
    "form of a key": Defect(LOANS, "l-4", "loan-4", "loan_id: 'loan-4' does not match", "form"),
    "value below the least": Defect(
        LOANS, "book,95", "book,-95", "lent: '-95' is below 0", "Check"
    ),
    "value above the most": Defect(
        LOANS, "book,95", "book,950000", "lent: '950000' is above 100000", "Check"
    ),
    "required cell empty": Defect(
        LOANS, "l-4,hill,2026-10-15", "l-4,hill,", "day: the cell is empty", "Fill it in"
    ),
    "duplicate id": Defect(
        LOANS, "l-3,", "l-2,", "loan_id: 'l-2' stands already in line 3", "its own"
    ),
    "dangling key": Defect(
        LOANS, "harbour", "harbor", "branch: 'harbor' is not in branches", "Did you mean 'harbour'"
    ),
    "unit mismatch": Defect(
        LOANS,
        "310,items",
        "310,titles",
        "unit: 'titles', but book has 'items' in line 2",
        "must agree",
    ),
    "known too early": Defect(
        LOANS,
        "items,9000,2026-10-31",
        "items,9000,2019-10-31",
        "reported_on: the record is known before 'harbour'",
        "Correct",
    ),
    "too few cells": Defect(
        LOANS, "l-4,hill,", "l-4,", "7 cells where the header has 8", "missing ones"
    ),
    "too many cells": Defect(
        LOANS, "35000", "35,000", "9 cells where the header has 8", "Quote cells"
    ),
    "column missing": Defect(LOANS, ",fees,", ",fines,", "fees: the column is missing", "Add it"),
    "column not described": Defect(
        BRANCHES, "name_ko,", "name_kr,", "name_kr: the column is not described", "name_ko"
    ),
    "column twice": Defect(
        BRANCHES, "name_ko,", "name_en,", "name_en: the column stands there twice", "Rename"
    ),
    "quotes": Defect(BRANCHES, "Hill Branch", '"Hill Branch', "cannot be read as CSV", "quotes"),
    "description that is no JSON": Defect(
        PACKAGE, '"name": "library"', '"name" "library"', "is not JSON", "that line"
    ),
    "table outside": Defect(
        PACKAGE,
        '"loans.csv"',
        '"../../loans.csv"',
        "leads outside the project",
        "inside the project",
        line=False,
    ),
    "table that is not there": Defect(
        PACKAGE,
        '"loans.csv"',
        '"lones.csv"',
        "data/lones.csv: the file does not exist",
        "Add the file",
        line=False,
    ),
    "unknown type": Defect(
        PACKAGE,
        '"type": "date"',
        '"type": "day"',
        "the type 'day' is not known",
        "date",
        line=False,
    ),
    "unknown key of a measure": Defect(
        PACKAGE,
        '"never_across"',
        '"never_accross"',
        "'never_accross' is not known",
        "data.md",
        line=False,
    ),
    "key to nothing": Defect(
        PACKAGE,
        '"resource": "branches"',
        '"resource": "places"',
        "points to nothing described",
        "existing table",
        line=False,
    ),
    "known by a column that is not there": Defect(
        PACKAGE, '"known": "reported_on"', '"known": "reported"', "reported", "", line=False
    ),
    "primary key that is not there": Defect(
        PACKAGE, '"loan_id"\n', '"loan"\n', "loan", "", line=False
    ),
}


def check_said(ran, defect: Defect, line: int) -> None:
    assert "Traceback" not in ran.said, ran.err[-800:]
    assert ran.code == defect.code, ran.said
    found = [text for text in ran.err.splitlines() if re.search(defect.says, text)]
    assert found, f"nothing like {defect.says!r} in:\n{ran.err}"
    if defect.line:
        places = [text.split(": ")[0] for text in found]
        assert f"{defect.file}:{line}" in places, found
    assert defect.remedy in " ".join(found), found


@pytest.mark.parametrize("defect", DEFECTS.values(), ids=DEFECTS)
def test_a_defect_is_named_with_its_place_and_a_remedy(quick_briefing, small_project, defect):
    line = defect.plant(small_project)
    check_said(quick_briefing("check", cwd=small_project.root), defect, line)
    assert not small_project.files(), "something was written"


def test_the_small_project_has_no_defect(quick_briefing, small_project):
    ran = quick_briefing("check", cwd=small_project.root)
    assert ran.code == 0, ran.said
    assert "No problem: 1 report, 2 tables, 8 rows." in ran.out


FUNDING, MEASURES = "data/funding.csv", "data/measures.csv"
SHIPPED = "report_templates/regional-innovation/report.yaml"
SHIPPED_DEFECTS = {
    "unknown key": Defect(
        CONFIG,
        "publisher:",
        "publischer: x\npublisher:",
        "publischer: the key is not known",
        "Did you mean 'publisher'",
    ),
    "bad time of day": Defect(CONFIG, '"07:30"', '"27:30"', r"schedules\.2\.at: '27:30'", "08:00"),
    "bad date": Defect(
        "data/events.csv",
        "대구테크노파크 설립,1998-12-31",
        "대구테크노파크 설립,1998-02-29",
        "'1998-02-29' is not a date",
        "2026-10-21",
    ),
    "duplicate id": Defect(
        FUNDING,
        "fund-robot-si-2024,",
        "fund-robot-si-total,",
        "'fund-robot-si-total' stands already",
        "its own",
    ),
    "dangling key": Defect(
        FUNDING,
        "seoul-open-innovation,KR-11",
        "seoul-open-innovations,KR-11",
        "'seoul-open-innovations' is not in programmes",
        "Did you mean 'seoul-open-innovation'",
    ),
    "unit mismatch": Defect(
        MEASURES,
        "actual,15,companies",
        "actual,15,firms",
        "'firms', but abb-companies-selected has 'companies'",
        "must agree",
    ),
    "alias": Defect(
        SHIPPED, "grain: month", "grain: &g month", "the anchor &g is refused", "Remove it"
    ),
    "missing template variable": Defect(
        SHIPPED,
        "methods:\n",
        'methods:\n  - "{{ nowhere }}"\n',
        "the name 'nowhere' is not known",
        "Known are",
        at="  - ",
    ),
    "number typed in prose": Defect(
        SHIPPED,
        "subtitle:\n  en: ",
        "subtitle:\n  en: Of 17 regions, ",
        "'17' is typed by hand",
        "literal(",
    ),
    "path outside": Defect(
        CONFIG, "output: output", "output: ../output", "leads outside the project", "inside"
    ),
}


@pytest.mark.parametrize("defect", SHIPPED_DEFECTS.values(), ids=SHIPPED_DEFECTS)
def test_a_defect_in_the_shipped_project_is_named_too(briefing, project_copy, defect):
    line = defect.plant(project_copy)
    check_said(briefing("check", cwd=project_copy.root), defect, line)


def test_all_that_can_be_known_at_once_is_reported_at_once(briefing, project_copy):
    """Ten defects in one project, in five files: all ten are named, each with its place."""
    defects = dict(SHIPPED_DEFECTS)
    alias = defects.pop("alias")
    second = "report_templates/second/report.yaml"
    project_copy.write(second, project_copy.read(SHIPPED).replace(alias.old, alias.new))
    anchor = project_copy.read(second).split(alias.new)[0].count("\n") + 1
    lines = {name: defect.plant(project_copy) for name, defect in defects.items()}
    ran = briefing("check", cwd=project_copy.root)
    for name, defect in defects.items():
        check_said(ran, defect, lines[name])
    assert f"{second}:{anchor}: the anchor &g is refused" in ran.err


def test_check_rehearses_what_would_be_made_on_another_day(quick_briefing, small_project):
    assert quick_briefing("check", "--on", "2026-11-02", cwd=small_project.root).code == 0
    later = quick_briefing("check", "--on", "2026-12-02", cwd=small_project.root)
    assert (later.code, later.err.count("nothing is known on 2026-11-30")) == (1, 4)
    wrong = quick_briefing("check", "--on", "Monday", cwd=small_project.root)
    assert (wrong.code, wrong.err) == (2, "'Monday' is no day. Write it as 2026-10-31.\n")


def test_check_in_json_names_every_problem(briefing, small_project):
    line = small_project.replace(LOANS, "harbour", "harbor")
    ran = briefing("check", "--json", cwd=small_project.root)
    assert ran.code == 1
    (problem,) = ran.json["problems"]
    assert {key: problem[key] for key in ("file", "line", "where")} == {
        "file": LOANS,
        "line": line,
        "where": "branch",
    }
    assert "Did you mean 'harbour'" in problem["remedy"]


def test_a_sound_project_in_json(quick_briefing, small_project):
    ran = quick_briefing("check", "--json", cwd=small_project.root)
    assert (ran.code, ran.json) == (0, {"problems": []})


@pytest.mark.parametrize("folder", ["nowhere", "config.yaml", "data"])
def test_what_is_no_project_is_said(briefing, small_project, folder):
    ran = briefing("check", "-C", folder, cwd=small_project.root)
    assert "Traceback" not in ran.said
    assert ran.code == 1
    assert "config.yaml" in ran.err
    assert "project" in ran.err


def test_not_utf8_is_said_with_the_line(briefing, small_project):
    path = small_project.root / LOANS
    path.write_bytes(path.read_bytes().replace(b"l-4,hill", b"l-4,h\xfcgel"))
    ran = briefing("check", cwd=small_project.root)
    assert ran.code == 1
    assert f"{LOANS}:5: byte 0xfc is not UTF-8. Save the file as UTF-8." in ran.err


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda table: table.update(known="nothing"), "nothing"),
        (lambda table: table["schema"].update(primaryKey=["nothing"]), "nothing"),
        (lambda table: table["schema"]["fields"][4].update(unitColumn="nothing"), "nothing"),
        (lambda table: table["schema"]["fields"][0]["constraints"].update(pattern="("), "pattern"),
        (
            lambda table: table["schema"]["fields"][4]["constraints"].update(minimum="low"),
            "minimum",
        ),
        (lambda table: table.update(name="branches"), "branches"),
    ],
    ids="known primary-key unit-column pattern minimum same-name".split(),
)
def test_a_description_that_makes_no_sense_is_said(quick_briefing, small_project, change, part):
    small_project.describe("loans", change)
    ran = quick_briefing("check", cwd=small_project.root)
    assert "Traceback" not in ran.said, ran.err[-600:]
    assert ran.code == 1
    assert part in ran.err
    assert PACKAGE in ran.err


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"{{ row.lent }}"', '"{{ row.lent.value / (row.lent.value - row.lent.value) }}"'),
        ("medium == 'book' and day >= period.start", "branch == 'nowhere' and day >= period.start"),
        ("measures: [lent, fees]\n    sort: [-lent]", "measures: [lent, fees]\n    pivot: branch"),
        ("by: []", "by: [medium]\n    pivot: medium"),
        ("rank: 1", "rank: 08"),
        ("rank: 1", "rank: .NaN"),
        ("sort: [-lent]", "derive: {x: lent / 0}"),
    ],
    ids="division-by-zero no-rows pivot pivot-and-compare leading-zero not-a-number zero".split(),
)
def test_whatever_an_author_writes_it_is_no_traceback(quick_briefing, small_project, old, new):
    small_project.replace(REPORT, old, new)
    ran = quick_briefing("check", cwd=small_project.root)
    assert "Traceback" not in ran.said, ran.err[-600:]
    assert ran.code in {0, 1}

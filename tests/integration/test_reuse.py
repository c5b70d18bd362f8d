"""What was made before is made use of again, and nobody can see that in what comes out."""

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.conftest import MORNING

import briefing as briefing_package

BUILD = ("build", "--period", "2026-10")
OFF = {"BRIEFING_CACHE": "off"}
LAYOUT = Path(briefing_package.__file__).parent / "rendering" / "layout" / "style.css"
OWN = """
import pandas as pd


def lent(frames):
    return pd.DataFrame({"branch": ["main"], "lent": [len(frames["loans"])]})
"""


def settle() -> None:
    """Let time pass, so that no file has been changed just before it is read."""
    time.sleep(0.15)


@pytest.fixture
def built(quick_briefing: Callable[..., object], small_project) -> Callable[..., object]:
    """``built(*args)`` builds the small project with the cache, and demands that it works."""

    def build(*args: object):
        settle()
        ran = quick_briefing(*BUILD, *args, cwd=small_project.root)
        assert ran.code == 0, ran.err
        return ran

    return build


@pytest.fixture
def made_anew(briefing, small_project, tmp_path) -> Callable[..., dict[str, bytes]]:
    """``made_anew(*args)``: what a build of the same project without the cache files."""

    def build(*args: object) -> dict[str, bytes]:
        elsewhere = tmp_path / "elsewhere"
        shutil.rmtree(elsewhere, ignore_errors=True)
        shutil.copytree(
            small_project.root, elsewhere, ignore=shutil.ignore_patterns("output", ".briefing")
        )
        ran = briefing(*BUILD, *args, cwd=elsewhere, env=OFF)
        assert ran.code == 0, ran.err
        return files(elsewhere)

    return build


def files(root: Path) -> dict[str, bytes]:
    base = root / "output"
    return {
        str(path.relative_to(base)): path.read_bytes()
        for path in sorted(base.rglob("*"))
        if path.is_file()
    }


def explained(ran) -> dict[str, tuple[bool, str]]:
    """By kind and name, whether it was reused, and why not."""
    (issue,) = json.loads(ran.out)["issues"]
    return {
        f"{item['kind']} {item['name']}".strip(): (item["reused"], item["why"])
        for item in issue["reused"]
    }


# -- the same bytes ---------------------------------------------------------------------------


CHANGES: dict[str, Callable[..., tuple[object, ...]]] = {
    "a row": lambda project: project.replace("data/loans.csv", "1500", "1600") and (),
    "a row that is taken away": lambda project: (
        project.replace(
            "data/loans.csv", "l-4,hill,2026-10-15,book,95,items,,2026-10-31\n", "", at=""
        )
        and ()
    ),
    "a style": lambda project: (
        project.write(
            "report_templates/library-loans/style.css",
            LAYOUT.read_text(encoding="utf-8") + "\nh1 { color: #a00 }\n",
        )
        or ()
    ),
    "the publisher": lambda project: (
        project.replace("config.yaml", "City Library", "Town Library") and ()
    ),
    "the as-of day": lambda _: ("--as-of", "2026-10-15"),
    "the language": lambda _: ("--language", "ko"),
    "the formats": lambda _: ("--format", "html"),
    "nothing": lambda _: (),
}


@pytest.mark.parametrize("change", CHANGES)
def test_cached_and_uncached_give_the_same_bytes(small_project, built, made_anew, change):
    built()
    args = CHANGES[change](small_project)
    if change in {"the as-of day", "the language"}:
        shutil.rmtree(small_project.root / "output")
    built(*args)
    assert files(small_project.root) == made_anew(*args)


@pytest.mark.parametrize(
    ("report", "args"),
    [
        ("regional-innovation", ()),
        ("funding-watch", ("--language", "ko")),
        ("region-profile", ("--edition", "KR-27")),
        ("cluster-visit", ("--edition", "KR-26")),
    ],
)
def test_a_shipped_report_with_a_changed_row_comes_out_as_if_made_anew(
    briefing, project_copy, report, args
):
    build = ("build", report, *args, "--format", "html", "--json")
    settle()
    assert briefing(*build, cwd=project_copy.root).code == 0
    project_copy.replace("data/funding.csv", "32700000000", "32800000000")
    settle()
    reused = briefing(*build, "--explain", cwd=project_copy.root)
    told = explained(reused)
    assert told["issue"] == (False, "data/funding.csv changed")
    assert any(found for found, _ in told.values())
    anew = briefing(*build, cwd=project_copy.root, env=OFF)
    (kept,), (made,) = reused.json["issues"], anew.json["issues"]
    assert kept["files"] == made["files"]
    assert made["state"] == "unchanged"


# -- an unchanged build -----------------------------------------------------------------------


@pytest.mark.parametrize("args", [(), ("--json",), ("--as-of", "2026-10-20")])
def test_an_unchanged_build_says_the_same_with_and_without_the_cache(
    briefing, small_project, built, args
):
    built(*args)
    short = built(*args)
    usual = briefing(*BUILD, *args, cwd=small_project.root, env=OFF)
    assert (short.code, short.out) == (usual.code, usual.out)
    assert "nchanged" in short.out
    assert (short.err, usual.err != "" or "--json" in args) == ("", True)


THAT_MORNING = f"""
import time_machine
time_machine.travel({MORNING!r}).start()  # an answer is remembered for a day
from briefing.cli import main
main()
"""


def test_an_unchanged_build_loads_no_library(small_project, built):
    built()
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", THAT_MORNING, *BUILD],
        cwd=small_project.root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Unchanged" in ran.stdout
    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    heavy = {"pandas", "numpy", "matplotlib", "weasyprint", "pydantic", "ruamel", "sqlalchemy"}
    assert "briefing.cli.remembered" in loaded
    assert loaded & {*heavy, "typer", "rich", "jinja2", "briefing.structures"} == set()


def is_short(ran) -> bool:
    """Whether the answer was remembered: a build would have said what it does."""
    return ran.err == ""


def forget(project, statement: str) -> None:
    with closing(sqlite3.connect(project.root / ".briefing" / "ledger.sqlite")) as ledger, ledger:
        ledger.execute(statement)


DOUBTS: dict[str, Callable[..., object]] = {
    "a file of the issue is gone": lambda project: next(
        (project.root / "output").rglob("index.html")
    ).unlink(),
    "a file of the issue is another": lambda project: next(
        (project.root / "output").rglob("index.html")
    ).write_text("<p>Something else"),
    "a file lies beside them": lambda project: (
        next((project.root / "output").rglob("index.html")).with_name("more").write_text("")
    ),
    "a file was added to the report": lambda project: project.write(
        "report_templates/library-loans/own.py", ""
    ),
    "there is another report": lambda project: project.write(
        "report_templates/another/notes.txt", ""
    ),
    "the ledger is gone": lambda project: (project.root / ".briefing" / "ledger.sqlite").unlink(),
    "the run is due again": lambda project: forget(project, "UPDATE run SET state = 'pending'"),
    "the run is to be sent": lambda project: forget(project, "UPDATE run SET deliver = 1"),
    "the ledger knows another": lambda project: forget(project, "UPDATE run SET manifest = 'x'"),
    "the report is paused": lambda project: forget(
        project, "INSERT INTO pause VALUES ('library-loans', '2026-11-01 00:00:00', '')"
    ),
    "the configuration says more": lambda project: project.append("config.yaml", "# more"),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_in_doubt_a_build_goes_its_usual_way(small_project, built, doubt):
    built()
    assert is_short(built())
    DOUBTS[doubt](small_project)
    assert not is_short(built())


def test_a_file_that_was_only_touched_changes_nothing(small_project, built):
    built()
    (small_project.root / "data" / "loans.csv").touch()
    assert is_short(built())


def test_a_problem_is_told_though_the_answer_was_remembered(small_project, built, quick_briefing):
    built()
    small_project.replace("data/loans.csv", "1500", "many")
    settle()
    ran = quick_briefing(*BUILD, cwd=small_project.root)
    assert ran.code == 1
    assert "loans.csv:3" in ran.err


def test_readers_who_wait_are_told_of_again(small_project, built):
    built()
    forget(
        small_project,
        "INSERT INTO delivery (run_id, report, edition, period, revision, language, channel, "
        "recipient, name, resend, state, reason, due, message_id, in_reply_to, notice, manifest, "
        "owner, place, pid, process_started, fence, attempt, doubts, expires_at, code) "
        "SELECT id, report, edition, period, revision, 'en', 'shelf', 'x', '', 0, 'queued', '', "
        "'2026-11-01', '', '', 0, manifest, '', '', 0, 0, 0, 0, 0, '2027-01-01', 0 FROM run",
    )
    assert "1 delivery waits" in built().out


# -- what is reused, and why not --------------------------------------------------------------


def test_a_changed_row_is_the_reason(small_project, built):
    built()
    small_project.replace("data/loans.csv", "1500", "1600")
    told = explained(built("--explain", "--json"))
    assert told["issue"] == (False, "data/loans.csv changed")
    tables = {name: found for name, found in told.items() if name.startswith("table ")}
    assert tables
    assert set(tables.values()) == {(False, "data/loans.csv changed")}


def test_other_words_leave_tables_alone(small_project, built):
    built()
    lines = small_project.read(small_project.report_file).splitlines(keepends=True)
    small_project.write(small_project.report_file, "# a line more\n" + "".join(lines))
    told = explained(built("--explain", "--json"))
    assert told.pop("issue") == (False, f"{small_project.report_file} changed")
    assert {found for found, _ in told.values()} == {True}


def test_people_are_told_in_plain_words(small_project, built):
    built()
    assert "Reused whole: nothing that it is made from has changed" in built("--explain").out
    small_project.replace("data/loans.csv", "1500", "1600")
    said = built("--explain").out
    assert "Made anew: data/loans.csv changed" in said
    assert "tables reused" in said
    assert ": anew, data/loans.csv changed" in said


def test_what_is_switched_off_says_so(small_project, briefing):
    for _ in range(2):
        ran = briefing(*BUILD, "--explain", cwd=small_project.root, env=OFF)
        assert ran.code == 0, ran.err
        assert "Made anew: the cache is switched off" in ran.out
    assert not (small_project.root / ".briefing" / "cache").exists()


def test_own_code_is_run_every_time(small_project, built):
    text = small_project.read(small_project.report_file)
    name = text.partition("tables:\n")[2].split(":", 1)[0].strip()
    small_project.write("report_templates/library-loans/counted.py", OWN)
    small_project.write(
        small_project.report_file,
        text.replace("tables:\n", "tables:\n  own: {use: 'counted:lent', dataset: loans}\n", 1),
    )
    built()
    ran = built("--explain", "--json")
    told = explained(ran)
    assert told["issue"] == (False, "counted:lent may read anything")
    assert told["table own"] == (False, "counted:lent is asked every time")
    assert told[f"table {name}"] == (True, "")
    assert not is_short(built())


LOAD = """
import sys
from pathlib import Path
from briefing.config import load_project
from briefing.structures import Means
project = load_project(Path(), Means(Path(".briefing/cache").absolute()))
print("pydantic" in sys.modules, project.publisher["en"], sum(project.dataset.frames["loans"].lent))
"""


def test_where_only_data_has_changed_only_data_is_read_again(small_project):
    def loaded() -> str:
        settle()
        ran = subprocess.run(
            [sys.executable, "-c", LOAD],
            cwd=small_project.root,
            capture_output=True,
            text=True,
            check=False,
        )
        return ran.stdout.strip() or ran.stderr

    assert loaded() == "True City Library 3325"
    assert loaded() == "False City Library 3325"
    small_project.replace("data/loans.csv", "1500", "1600")
    assert loaded() == "False City Library 3425"
    small_project.replace("config.yaml", "City", "Town")
    assert loaded() == "True Town Library 3425"
    small_project.replace("data/loans.csv", "1600", "many")
    assert "loans.csv:3" in loaded()


# -- whatever happens to the store ------------------------------------------------------------


def damage(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1] + b"?")


def block(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("a file where the folder should be")


@pytest.mark.parametrize("harm", [damage, block, shutil.rmtree])
def test_a_harmed_store_is_no_more_than_an_empty_one(small_project, built, made_anew, harm):
    built()
    harm(small_project.root / ".briefing" / "cache")
    small_project.replace("data/loans.csv", "1500", "1600")
    ran = built()
    assert not is_short(ran)
    assert files(small_project.root) == made_anew()


def test_many_builds_share_one_store(small_project, briefing, made_anew):
    settle()
    asked = [(*BUILD, "--language", language) for language in ("en", "ko")] * 2
    crowd = [
        subprocess.Popen(
            [sys.executable, "-m", "briefing", *words, "--wait"],
            cwd=small_project.root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for words in asked
    ]
    ended = [(process.communicate()[1], process.returncode) for process in crowd]
    assert [code for _, code in ended] == [0] * len(asked), ended
    assert files(small_project.root) == made_anew("--language", "all")

"""The ledger's file: made, locked, damaged, lost, copied, old."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from briefing.errors import LedgerError
from briefing.ledger import Ledger, back_up, backups, claims, database, open_database, this_process
from briefing.ledger.schema import metadata
from briefing.structures import PARKED, PENDING, PUBLISHED, RUNNING, STATES, WAITING, Planned

LEDGERS = Path(__file__).parents[1] / "ledgers"
URL = "sqlite:///state/ledger.sqlite"
DAY = date(2026, 11, 1)
REPORT = "library-loans"
PAGE = 4096


def wanted(period: str = "2026-10") -> Planned:
    return Planned(REPORT, "en", period, date(2026, 10, 31), "en")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the ledger of a project lies."""
    return tmp_path / "state" / "ledger.sqlite"


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[], Ledger]:
    return lambda: Ledger(open_database(URL, tmp_path))


@pytest.fixture(scope="session")
def file_with_a_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("ledger")
    publish(Ledger(open_database(URL, root)))
    return root / "state" / "ledger.sqlite"


@pytest.fixture
def ledger(file_with_a_run: Path, opened: Callable[[], Ledger], file: Path) -> Ledger:
    """A ledger with a published run, copied: making one takes longer than most checks."""
    file.parent.mkdir()
    shutil.copy(file_with_a_run, file)
    return opened()


def publish(ledger: Ledger, period: str = "2026-10") -> None:
    ledger.publish(ledger.claim(wanted(period), this_process()), "digest", lambda: None)


def pragmas(ledger: Ledger) -> tuple[Any, Any, Any]:
    with ledger.database.reading() as connection:
        said = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    return said[0], said[1], said[2]


FULL, WAL = 2, "wal"


def beside(file: Path) -> set[str]:
    return {path.name for path in file.parent.iterdir()}


# -- made -------------------------------------------------------------------------------------


def test_a_commit_is_on_the_disk_before_it_is_answered(ledger):
    assert pragmas(ledger) == (WAL, FULL, 1)
    with ledger.database.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == FULL


@pytest.mark.parametrize("name", ["a#b", "a?b", "50% off", "a%41b", "한 글", "'quoted'", "[a]"])
def test_a_folder_may_have_any_name(tmp_path, name):
    root = tmp_path / name
    ledger = Ledger(open_database(URL, root))
    publish(ledger)
    assert back_up(ledger.database, DAY) is not None
    assert [p.relative_to(tmp_path).parts[0] for p in tmp_path.rglob("*")].count(name) == 4
    assert {p for p in tmp_path.rglob("*.sqlite*") if root not in p.parents} == set()
    assert len(list(backups(root / "state" / "ledger.sqlite"))) == 1
    assert len(Ledger(open_database(URL, root)).latest()) == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "no database URL"),
        ("ledger.sqlite", "no database URL"),
        ("postgresql://host:port/name", "no database URL"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("mysql://host/name", "cannot be kept in mysql"),
        ("postgres://host/name", r"cannot be kept in postgres\..*postgresql\+psycopg://"),
        ("postgresql://a:b@c@d/name", "more than one @.*%40"),
    ],
)
def test_an_address_that_is_none_is_refused_in_words(tmp_path, url, said):
    with pytest.raises(LedgerError, match=said) as caught:
        open_database(url, tmp_path)
    assert caught.value.hint.startswith(("Write", "Use", "In a password"))
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_is_named_and_the_password_is_not(tmp_path):
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://reader:secret@127.0.0.1:{taken.getsockname()[1]}/name"
        with pytest.raises(
            LedgerError, match=r"does not answer: .*127\.0\.0\.1.*Check the"
        ) as caught:
            open_database(url, tmp_path)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_a_path_from_the_root_is_taken_as_it_is(tmp_path):
    open_database(f"sqlite:///{tmp_path}/a/ledger.sqlite", Path("/nowhere"))
    assert (tmp_path / "a" / "ledger.sqlite").exists()


def test_a_folder_in_the_place_of_the_file_is_refused_in_words(opened, file):
    file.mkdir(parents=True)
    with pytest.raises(LedgerError, match="cannot be opened"):
        opened()


# -- what a vanished ledger leaves ----------------------------------------------------------------


@pytest.fixture
def left_behind(opened: Callable[[], Ledger], file: Path) -> None:
    """The log and the index of a ledger that was deleted while somebody had it open."""
    file.parent.mkdir()
    database._create(file)
    holds = sqlite3.connect(file)  # so that all there is stays in the log
    holds.execute("SELECT 1 FROM sqlite_master").fetchall()
    publish(opened())
    for ending in ("-wal", "-shm"):
        shutil.copy(f"{file}{ending}", f"{file}{ending}.kept")
    holds.close()
    file.unlink()
    for ending in ("-wal", "-shm"):
        Path(f"{file}{ending}.kept").rename(f"{file}{ending}")


@pytest.mark.usefixtures("left_behind")
def test_nothing_of_a_deleted_ledger_flows_into_a_new_one(opened):
    assert opened().latest() == []
    assert opened().is_new()


@pytest.mark.usefixtures("left_behind")
def test_what_is_left_of_a_ledger_would_flow_into_any_other_that_is_put_beside_it(file):
    """Why a new one takes away what lies there, and the advice for damage says to do so."""
    connection = sqlite3.connect(file.with_name("new"))
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    file.with_name("new").rename(file)
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT count(*) FROM run").fetchone() == (1,)
    connection.close()


def test_a_ledger_appears_whole_or_not_at_all(opened, file, monkeypatch):
    """Killed just before it is put in its place, there is none, and the next makes one."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(database, "_sync", killed)
        with pytest.raises(KeyboardInterrupt):
            opened()
    assert not file.exists()
    assert opened().is_new()
    assert beside(file) == {"ledger.sqlite"}


# -- locked, full, read-only, gone ----------------------------------------------------------------


def test_a_ledger_that_is_held_too_long_says_so(ledger, opened, file, monkeypatch):
    monkeypatch.setattr(database, "WAIT", 0.2)
    run = ledger.claim(wanted("2026-09"), this_process())
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    quick = opened()  # who only reads waits for nobody
    assert quick.latest()[0].state == RUNNING
    said = r"The ledger .*/state/ledger\.sqlite does not answer: database is locked\. Another"
    monkeypatch.setattr(claims, "_COMMIT_PAUSE", 0.0)
    for attempt in (
        lambda: quick.renew(run),
        lambda: quick.claim_next(this_process(), [REPORT]),
        lambda: quick.fail(run, "it broke", waits=None),
        lambda: quick.publish(run, "digest", lambda: pytest.fail("the row was not ours")),
        lambda: quick.pause(REPORT, ""),
    ):
        with pytest.raises(LedgerError, match=said):
            attempt()
    other.execute("ROLLBACK")
    other.close()
    assert quick.renew(run)


def test_a_new_ledger_that_is_held_too_long_says_so(opened, file, monkeypatch):
    monkeypatch.setattr(database, "WAIT", 0.2)
    file.parent.mkdir()
    database._create(file)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(LedgerError, match="database is locked"):
        opened()
    other.close()
    assert opened().is_new()


LIMITED = """
import resource, signal, sys
from pathlib import Path
from briefing.errors import LedgerError
from briefing.ledger import Ledger, back_up, open_database, this_process
from datetime import date
ledger = Ledger(open_database("sqlite:///state/ledger.sqlite", Path.cwd()))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
assert Path("state/ledger.sqlite").stat().st_size > 50_000
for room, attempt in (
    (40_000, lambda: back_up(ledger.database, date.today())),
    (1_000, lambda: ledger.pause("a", "")),
):
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    try:
        attempt()
    except LedgerError as error:
        print(error)
"""


def test_a_disk_that_takes_no_more_loses_nothing_and_leaves_no_half_copy(ledger, file, tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", LIMITED], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.stderr == ""
    first, second = ran.stdout.splitlines()
    assert first.startswith(f"The ledger {file} does not answer: ")
    assert second.startswith(f"The ledger {file} does not answer: ")
    assert ledger.latest()[0].state == PUBLISHED
    assert ledger.paused() == []
    assert beside(file) == {"ledger.sqlite"}


NOBODY = """
import os, sys
from pathlib import Path
import alembic.command, sqlalchemy.dialects.sqlite
from briefing.errors import BriefingError
from briefing.ledger import Ledger, open_database
if os.geteuid() == 0:
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
try:
    Ledger(open_database("sqlite:///state/ledger.sqlite", Path(sys.argv[1]))).pause("a", "")
except BriefingError as error:
    print(error)
"""


def as_nobody(folder: Path) -> str:
    """What is said when somebody without rights writes; root has them everywhere."""
    command = [sys.executable, "-c", NOBODY, str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    return ran.stdout.strip()


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that everybody may enter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755)


def test_a_folder_without_permission_is_refused_in_words(public_folder):
    public_folder.chmod(0o555)
    said = as_nobody(public_folder)
    assert said.startswith(f"The ledger {public_folder}/state/ledger.sqlite cannot be opened: ")
    assert said.endswith(f"'{public_folder}/state'. Give room and write permission there.")


def test_a_ledger_without_permission_is_refused_in_words(public_folder):
    publish(Ledger(open_database(URL, public_folder)))
    file = public_folder / "state" / "ledger.sqlite"
    file.chmod(0o444)
    file.parent.chmod(0o555)
    before = file.read_bytes()
    said = as_nobody(public_folder)
    assert said.startswith(f"The ledger {file} ")
    assert "write permission" in said
    assert file.read_bytes() == before
    assert beside(file) == {"ledger.sqlite"}


def test_a_copy_that_cannot_be_written_is_told_in_words(ledger, file):
    in_the_way = file.with_name(".ledger-backup-2026-11-01.sqlite.tmp")
    in_the_way.mkdir()
    with pytest.raises(LedgerError, match=r"ledger-backup-2026-11-01\.sqlite of the ledger cannot"):
        back_up(ledger.database, DAY)
    in_the_way.rmdir()
    assert back_up(ledger.database, DAY) is not None


def test_a_ledger_that_vanishes_is_missed_and_not_begun_anew(ledger, file, monkeypatch):
    monkeypatch.setattr(claims, "_COMMIT_PAUSE", 0.0)
    run = ledger.claim(wanted("2026-09"), this_process())
    file.rename(file.with_name("away"))
    placed = []
    for attempt in (
        ledger.latest,
        lambda: ledger.renew(run),
        lambda: ledger.publish(run, "digest", lambda: placed.append(1)),
        lambda: back_up(ledger.database, DAY),
    ):
        with pytest.raises(LedgerError, match=r"unable to open database file\. Is it still there"):
            attempt()
    assert placed == []
    assert beside(file) == {"away"}
    file.with_name("away").rename(file)
    assert ledger.renew(run)


# -- damaged ----------------------------------------------------------------------------------


def write_over(file: Path, at: int, what: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(at)
        opened.write(what)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "header": lambda file: write_over(file, 0, b"\xff" * 100),
    "first page": lambda file: write_over(file, 100, b"\xff" * 200),
    "a page of a table": lambda file: write_over(file, 3 * PAGE, b"\xff" * PAGE),
    "zeros in the middle": lambda file: write_over(file, 5 * PAGE, bytes(2 * PAGE)),
    "cut within a page": lambda file: os.truncate(file, 6 * PAGE + 100),
    "cut between pages": lambda file: os.truncate(file, 4 * PAGE),
    "cut within the first page": lambda file: os.truncate(file, 700),
    "emptied": lambda file: os.truncate(file, 0),
    "something else": lambda file: file.write_text("<html>Sign in to the network</html>"),
}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("log", [False, True], ids=["alone", "with a log"])
def test_a_damaged_ledger_is_refused_and_left_as_it_is(ledger, opened, file, kind, log):
    back_up(ledger.database, DAY)
    if log:  # whoever wrote last was killed: what it wrote is still in the log
        with_log(ledger, file)
    DAMAGE[kind](file)
    before = {path: path.read_bytes() for path in file.parent.iterdir() if "-shm" not in path.name}
    with pytest.raises(LedgerError) as caught:
        opened()
    said = str(caught.value)
    assert said.startswith(f"The ledger {file} is damaged (")
    assert "nothing is run. Move it away with its -wal and -shm files; put the newest copy" in said
    assert str(file.with_name("ledger-backup-2026-11-01.sqlite")) in said
    assert {path: path.read_bytes() for path in before} == before


def with_log(ledger: Ledger, file: Path) -> None:
    holds = sqlite3.connect(file)
    holds.execute("SELECT 1 FROM run").fetchall()
    ledger.pause(REPORT, "a row that only the log has")
    kept = {path: path.read_bytes() for path in map(Path, (file, f"{file}-wal", f"{file}-shm"))}
    holds.close()
    for path, body in kept.items():
        path.write_bytes(body)


def test_a_log_alone_is_no_damage(ledger, opened, file):
    with_log(ledger, file)
    assert [pause.reason for pause in opened().paused()] == ["a row that only the log has"]


def test_without_a_copy_the_archive_is_what_remains(ledger, opened, file):
    write_over(file, 0, b"\xff" * 100)
    with pytest.raises(LedgerError, match=r"files; then the next command begins a new ledger"):
        opened()


def test_damage_that_is_met_later_is_told_in_words(ledger, file):
    write_over(file, PAGE, b"\xff" * (file.stat().st_size - PAGE))
    with pytest.raises(LedgerError, match=r"is damaged \(database disk image is malformed\)"):
        ledger.latest()


# -- copies -----------------------------------------------------------------------------------


def test_of_each_day_of_a_week_there_is_one_copy(ledger, file):
    days = [DAY + timedelta(days=number) for number in range(10)]
    for number, day in enumerate(days):
        copy = back_up(ledger.database, day)
        assert copy == file.with_name(f"ledger-backup-{day}.sqlite")
        body = copy.read_bytes()
        publish(ledger, f"2026-0{number}")
        assert back_up(ledger.database, day) is None
        assert copy.read_bytes() == body
    assert {copy.name for copy in backups(file)} == {
        f"ledger-backup-{day}.sqlite" for day in days[-7:]
    }
    assert beside(file) == {"ledger.sqlite"} | {copy.name for copy in backups(file)}


def test_what_only_looks_like_a_copy_is_let_be(ledger, file):
    other = file.with_name("ledger-backup-year-mo-da.sqlite")
    other.touch()
    back_up(ledger.database, DAY)
    assert other.exists()
    assert other not in set(backups(file))


def test_a_copy_put_in_its_place_is_the_ledger(ledger, opened, file):
    copy = back_up(ledger.database, DAY)
    publish(ledger, "2026-09")
    file.unlink()
    copy.rename(file)
    again = opened()
    assert [(run.period, run.manifest) for run in again.latest()] == [("2026-10", "digest")]
    assert pragmas(again) == (WAL, FULL, 1)
    publish(again, "2026-09")


def test_several_that_copy_at_once_leave_one_whole_copy(ledger, file, tmp_path):
    command = [sys.executable, str(LEDGERS / "crowd.py"), f"sqlite:///{file}", "4", "copy"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert sorted(ran.stdout.split()) == sorted(
        [f'"{file.with_name("ledger-backup-2026-11-01.sqlite")}"', *['"None"'] * 3]
    )
    assert len(Ledger(open_database(f"sqlite:///{next(backups(file))}", tmp_path)).latest()) == 1


# -- old --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dump", sorted(LEDGERS.glob("*.sql")), ids=lambda path: path.stem)
def test_a_ledger_of_each_older_release_opens_with_all_its_rows(dump, opened, file):
    file.parent.mkdir()
    connection = sqlite3.connect(file)
    connection.executescript(dump.read_text(encoding="utf-8"))
    tables = [
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if name != "alembic_version"
    ]
    before = {table: rows_of(connection, table) for table in tables}
    connection.close()
    ledger = opened()
    connection = sqlite3.connect(file)
    assert {table: rows_of(connection, table) for table in tables} == before
    connection.close()
    with ledger.database.reading() as reading:
        context = MigrationContext.configure(reading, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    assert pragmas(ledger) == (WAL, FULL, 1)
    assert all(before.values())
    assert set(ledger.counts()) == set(STATES)
    use(ledger)


def rows_of(connection: sqlite3.Connection, table: str) -> list[Any]:
    return connection.execute(f"SELECT * FROM {table}").fetchall()


def use(ledger: Ledger) -> None:
    """What it remembers is understood."""
    me = this_process()
    known = {run.state: run for run in ledger.latest()}
    assert known[PUBLISHED].manifest
    assert known[WAITING].next_attempt_at is not None
    assert [run.id for run in ledger.reclaim()] == [known[RUNNING].id]
    while run := ledger.claim_next(me, [REPORT]):
        ledger.publish(run, "digest", lambda: None)
    assert {PENDING, RUNNING} & set(ledger.counts()) == set()
    assert ledger.counts()[PARKED] == 1
    assert [pause.report for pause in ledger.paused()]
    assert [alarm.digest for alarm in ledger.untold()]
    assert not ledger.is_new()

"""The ledger on PostgreSQL: what test_ledger.py and test_outbox.py check, and a server's faults."""

# ruff: noqa: F403, F405
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine

from briefing.errors import BriefingError, LedgerError, StaleRunError
from briefing.ledger import Ledger, back_up, claims, database, open_database
from briefing.ledger.schema import REVISION, metadata
from briefing.structures import PUBLISHED

sys.path.append(str(Path(__file__).parents[1] / "integration"))
from test_ledger import *
from test_outbox import *

sys.path.pop()
pytestmark = pytest.mark.services


@pytest.fixture
def new_url(postgres):
    """Where there is no ledger yet."""
    return postgres.create()


@pytest.fixture(scope="session")
def migrated_url(postgres):
    url = postgres.create()
    open_database(url, Path()).close()
    return url


@pytest.fixture
def ledger_url(migrated_url, postgres):
    """An empty ledger: the same one, emptied, since making one takes longer than most checks."""
    tables = ", ".join(metadata.tables)
    with postgres.connect(migrated_url.rpartition("/")[2]) as connection:
        connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
        connection.execute("UPDATE alembic_version SET version_num = %s", [REVISION])
    return migrated_url


# -- a server that goes away ------------------------------------------------------------------


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_a_server_that_goes_away_while_an_issue_is_published_loses_nothing(ledger, postgres, how):
    run = ledger.claim(wanted(), ANNA)
    placed = []

    def place() -> None:
        placed.append(1)
        if len(placed) > 1:
            return
        if how == "restart":
            postgres.stop()
        else:
            postgres.kill()
        begin_again(postgres)

    ledger.publish(run, "first", place)
    assert len(placed) == 2
    assert now_is(ledger, run).manifest == "first"
    assert kinds(ledger, run) == ["planned", "claimed", "published"]


def begin_again(postgres) -> None:
    while True:
        try:
            postgres.start()
        except AssertionError:  # those that it left behind have not all ended
            time.sleep(0.2)
        else:
            return


def test_a_server_that_comes_back_soon_is_waited_for(ledger, postgres, monkeypatch):
    run = ledger.claim(wanted(), ANNA)
    placed, pauses = [], []

    def place() -> None:
        placed.append(1)
        if len(placed) == 1:
            postgres.stop()

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        postgres.start()

    monkeypatch.setattr(claims.time, "sleep", pause)
    ledger.publish(run, "first", place)
    assert (len(placed), pauses) == (2, [1.0])
    assert now_is(ledger, run).manifest == "first"


def test_a_server_that_was_restarted_in_a_pause_is_not_noticed(ledger, postgres):
    run = ledger.claim(wanted(), ANNA)
    postgres.stop()
    begin_again(postgres)
    assert ledger.renew(run)


def test_a_server_that_is_away_is_named_in_words(ledger, ledger_url, postgres, monkeypatch):
    monkeypatch.setattr(claims, "_COMMIT_PAUSE", 0.0)
    run = ledger.claim(wanted(), ANNA)
    postgres.stop()
    try:
        for attempt in (
            lambda: ledger.renew(run),
            ledger.latest,
            lambda: ledger.publish(run, "first", nothing),
            lambda: open_database(ledger_url, Path()),
        ):
            with pytest.raises(LedgerError, match=r"does not answer: .*Check the server"):
                attempt()
    finally:
        begin_again(postgres)
    ledger.publish(run, "first", nothing)


class CuttingProxy:
    """Passes everything on, and cuts the line between the next COMMIT and its answer if asked."""

    def __init__(self, port: int) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._target = port
        self.cutting = False
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            for source, to in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(source, to), daemon=True).start()

    def _pass_on(self, source: socket.socket, to: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                to.sendall(data)
                if self.cutting and b"COMMIT\0" in data:
                    self.cutting = False
                    self.cuts += 1
                    time.sleep(0.3)  # the server has committed by then
                    source.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        finally:
            for end in (source, to):
                end.close()

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def proxy(postgres) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(postgres.port)
    yield proxy
    proxy.close()


def test_a_commit_whose_answer_the_network_lost_is_recognised(
    ledger, ledger_url, postgres, proxy, tmp_path
):
    url = ledger_url.replace(f":{postgres.port}/", f":{proxy.port}/")
    far = Ledger(open_database(url, tmp_path))
    run = far.claim(wanted(), ANNA)
    placed = []

    def place() -> None:
        placed.append(1)
        proxy.cutting = True

    far.publish(run, "first", place)
    assert (len(placed), proxy.cuts) == (1, 1)
    assert kinds(ledger, run) == ["planned", "claimed", "published"]
    far.database.close()


# -- somebody who stands in the way -------------------------------------------------------------


def test_whoever_waits_too_long_for_another_says_so(ledger, ledger_url, tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_SESSION", "-c lock_timeout=200ms")
    hasty = Ledger(open_database(ledger_url, tmp_path))
    run = ledger.claim(wanted(), ANNA)
    with (
        ledger.database.writing() as connection,
        pytest.raises(LedgerError, match=r"lock timeout\. Another program holds it"),
    ):
        connection.execute(sa.select(runs).where(runs.c.id == run.id).with_for_update())
        hasty.renew(run)
    assert hasty.renew(run)
    hasty.database.close()


def test_whoever_stands_still_in_a_transaction_is_put_out_and_overtaken(
    ledger, ledger_url, tmp_path, monkeypatch
):
    monkeypatch.setattr(claims, "_COMMIT_PAUSE", 0.0)
    monkeypatch.setattr(database, "_SESSION", "-c idle_in_transaction_session_timeout=300ms")
    slow = Ledger(open_database(ledger_url, tmp_path))
    run = slow.claim(wanted(), ANNA)
    end_lease(slow, run)
    taken = []
    other = threading.Thread(target=lambda: taken.append(ledger.claim(wanted(), BEN)))

    def stand_still() -> None:
        other.start()
        other.join()

    with pytest.raises(StaleRunError):
        slow.publish(run, "anna's", stand_still)
    assert now_is(ledger, run) == taken[0]
    ledger.publish(taken[0], "ben's", nothing)
    assert now_is(ledger, run).state == PUBLISHED
    slow.database.close()


OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def test_a_ledger_that_is_refused_leaves_no_session_behind(ledger, ledger_url, postgres, tmp_path):
    ledger.database.close()
    with postgres.connect(ledger_url.rpartition("/")[2]) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(LedgerError) as kept:  # an error that is kept keeps what it came from
            open_database(ledger_url, tmp_path)
        assert eventually(lambda: connection.execute(OTHERS).fetchone() == (0,))
    assert "newer release" in str(kept.value)


def test_every_session_has_its_limits(ledger):
    with ledger.database.reading() as connection:
        for name, value in (
            ("lock_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "1min"),
        ):
            assert connection.exec_driver_sql(f"SHOW {name}").scalar_one() == value


# -- clocks, passwords, copies ------------------------------------------------------------------


def test_a_machine_whose_clock_is_wrong_takes_nothing_from_anybody(ledger):
    run = ledger.claim(wanted(), ANNA)
    for wrong in (timedelta(days=3), -timedelta(days=3)):
        with time_machine.travel(clock(ledger) + wrong):
            assert ledger.reclaim() == []
            assert ledger.renew(run)
    ((_, events),) = [ledger.run(run.id)]
    assert all(abs(event.at - clock(ledger)) < timedelta(hours=1) for event in events)


@pytest.mark.parametrize(
    "change",
    [
        lambda url, secret: url.replace(secret, f"{secret}x"),
        lambda url, secret: url.replace(secret, f"{secret}@home"),
        lambda url, secret: url.replace(secret, f"a@{secret}"),
        lambda url, secret: url.replace("127.0.0.1", "nowhere.invalid"),
        lambda url, secret: url.replace("/ledger_", "/no_ledger_"),
        lambda url, secret: url.replace("/ledger_", f"/no?connect_timeout={secret}&x="),
        lambda url, secret: url.replace("@127.0.0.1:", f"@127.0.0.1:{secret}"),
        lambda url, secret: url.replace("postgresql+psycopg", "postgres"),
        lambda url, secret: url.replace("postgresql+psycopg", "postgresql+none"),
        lambda url, secret: url.replace("postgresql+psycopg", "mysql"),
    ],
)
def test_no_message_holds_the_password(ledger_url, postgres, change, tmp_path):
    url = change(ledger_url, postgres.password)
    try:
        open_database(url, tmp_path).close()
    except BriefingError as error:
        said = "".join(traceback.format_exception(error, limit=0)) + repr(error)
        assert postgres.password not in said
        assert str(error).endswith(".")
    else:
        assert "+none" in url  # whatever the driver is called, it is psycopg


def test_a_server_is_copied_by_its_own_means(ledger):
    assert back_up(ledger.database, clock(ledger).date()) is None

"""Opens the ledger's database, checks it, brings its schema up to date, keeps copies of it."""

from __future__ import annotations

import errno
import fcntl
import glob
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from briefing.errors import LedgerError
from briefing.interrupts import whole
from briefing.ledger import schema

WAIT = 10.0
"""Seconds to wait for another writer of an SQLite ledger."""
_KEPT = 7
_MODE = 0o640  # readers' addresses stand in it
_MIGRATION = 0x62726965  # an advisory lock of our own, for the time of a migration
_TURN = 0x62726966  # and one for those who look at several rows before they change one
_KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""In seconds: a server whose network is cut is missed within a minute, not within hours."""
_SESSION = "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
"""Whoever stands still in the middle of a transaction, or is cut off, must not hold up the rest."""


class Database:
    """An engine that writes in short transactions, and says what time it is.

    The clock of a PostgreSQL ledger is the server's: several machines then agree on when a
    lease ends. SQLite has the machine's.
    """

    def __init__(self, engine: sa.Engine, file: Path | None) -> None:
        self.engine = engine
        self.file = file

    @property
    def is_sqlite(self) -> bool:
        """Whether the ledger is a file."""
        return self.file is not None

    @contextmanager
    def writing(self, *, in_turn: bool = False) -> Iterator[sa.Connection]:
        """A transaction that may write.

        Args:
            in_turn: wait for everybody else who is in turn, so that what they are about to
                write is seen; SQLite has a single writer anyway.

        Raises:
            LedgerError: the database does not answer, is locked for too long, full or damaged.
        """
        try:
            with whole(), self.engine.begin() as connection:
                if in_turn and not self.is_sqlite:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURN)))
                yield connection
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            raise _broken(error, self.file) from error

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that only reads, and waits for no writer.

        Raises:
            LedgerError: as ``writing``.
        """
        try:
            with whole(), self.engine.connect() as connection:
                yield connection.execution_options(isolation_level="AUTOCOMMIT")
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            raise _broken(error, self.file) from error

    def now(self, connection: sa.Connection) -> datetime:
        """The database's clock, in UTC."""
        if self.is_sqlite:
            said = connection.exec_driver_sql("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")
            return datetime.fromisoformat(said.scalar_one()).replace(tzinfo=UTC)
        moment: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return moment.astimezone(UTC)

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def open_database(url: str, root: Path) -> Database:
    """Open the database and bring its schema up to date.

    Args:
        url: as SQLAlchemy writes it; an SQLite path is meant from ``root``.

    Raises:
        LedgerError: the URL is none, the server does not answer, the file is damaged or belongs
            to a newer release.
    """
    try:
        parsed = make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # what they say may hold part of a password
        raise LedgerError(
            "The ledger's state_url is no database URL.",
            "Write it as sqlite:///.briefing/ledger.sqlite or postgresql+psycopg://host/name.",
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _open_sqlite(parsed, root)
    if backend != "postgresql":
        raise LedgerError(
            f"The ledger cannot be kept in {backend}.",
            "Use SQLite, or PostgreSQL with psycopg: sqlite:///..., postgresql+psycopg://...",
        )
    if url.count("@") > 1:  # the rest of the password would be taken for the host, and told
        raise LedgerError(
            "The ledger's state_url holds more than one @.", "In a password, write it as %40."
        )
    return _open_postgres(parsed)


def _open_sqlite(url: URL, root: Path) -> Database:
    if not url.database or url.database == ":memory:":
        raise LedgerError("The ledger needs a file.", "Write sqlite:///.briefing/ledger.sqlite.")
    file = (root / url.database).resolve()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            _create(file)
        _check(file)
    except (OSError, sqlite3.OperationalError) as error:
        raise LedgerError(
            f"The ledger {file} cannot be opened: {error}.",
            _HINTS.get(str(error), "Give room and write permission there."),
        ) from error
    # A ledger that vanishes is missed, not silently begun anew: nobody connects to make a file.
    engine = sa.create_engine(
        "sqlite://", creator=lambda: _connection(file, "rw"), poolclass=sa.NullPool
    )
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_begin)
    database = Database(engine, file)
    _migrate(database)
    return database


def _connection(file: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{file.as_uri()}?mode={mode}", uri=True, timeout=WAIT, check_same_thread=False
    )


def _create(file: Path) -> None:
    """An empty database, which appears whole or not at all; of several processes one makes it."""
    with _alone_in(file.parent) as folder:
        if file.exists():
            return
        making = file.with_name(f".{file.name}.new")
        making.unlink(missing_ok=True)
        _write_ahead(making, "rwc")
        if not making.stat().st_size:  # SQLite does not say so
            raise OSError(errno.EIO, "nothing could be written", str(making))
        making.chmod(_MODE)
        _sync(making)
        for ending in ("-wal", "-shm", "-journal"):
            # What a vanished ledger left beside it would flow into the new one.
            file.with_name(file.name + ending).unlink(missing_ok=True)
        making.rename(file)
        os.fsync(folder)


@contextmanager
def _alone_in(folder: Path) -> Iterator[int]:
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield opened
    finally:
        os.close(opened)


def _write_ahead(file: Path, mode: str = "rw") -> None:
    connection = _connection(file, mode)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def _sync(file: Path) -> None:
    opened = os.open(file, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _check(file: Path) -> None:
    """Refuse a damaged file before anything is written to it; a copy put back logs ahead again."""
    if not file.stat().st_size:
        raise _damaged(file, "it is empty")
    connection = _connection(file, "ro")  # else closing it would write what the log still holds
    try:
        (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise _damaged(file, str(error)) from error
    finally:
        connection.close()
    if said != "ok":
        raise _damaged(file, said.splitlines()[-1])
    if journal != "wal":
        _write_ahead(file)


def _damaged(file: Path, said: str) -> LedgerError:
    copies = sorted(backups(file))
    newest = (
        f"put the newest copy in its place ({copies[-1]}), or without one" if copies else "then"
    )
    return LedgerError(
        f"The ledger {file} is damaged ({said}); it is left as it is and nothing is run.",
        f"Move it away with its -wal and -shm files; {newest} the next command begins a new "
        "ledger and takes over every issue that lies in the archive, so none is made twice.",
    )


def _open_postgres(url: URL) -> Database:
    try:
        engine = sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            pool_size=10,
            connect_args={
                "connect_timeout": 10,
                "tcp_user_timeout": 60_000,  # milliseconds
                "options": _SESSION,
                **_KEEPALIVE,
            },
        )
    except ModuleNotFoundError:
        raise LedgerError(
            "A ledger in PostgreSQL needs psycopg, which is not installed.",
            "Install the extra: pip install 'briefing[postgres]'.",
        ) from None
    database = Database(engine, None)
    try:
        _migrate(database)
    except LedgerError:
        database.close()
        raise
    return database


def _on_connect(connection: Any, _: Any) -> None:
    """Python's own transactions begin too late to be exclusive: ours begin with ``_on_begin``."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _on_begin(connection: sa.Connection) -> None:
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _migrate(database: Database) -> None:
    """Bring the schema to the newest revision; several processes may try at once."""
    with database.reading() as connection:
        found = _revision(connection)
    if found == schema.REVISION:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", _escaped(Path(__file__).parent / "migrations"))
    try:
        with database.writing() as connection:
            if not database.is_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION)))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise LedgerError(
            f"The ledger was written by a newer release of briefing (schema {found}).",
            "Use that release, or a newer one.",
        ) from error


def _escaped(path: Path) -> str:
    """As a configuration file writes it, where a % is the beginning of something."""
    return str(path).replace("%", "%%")


def _revision(connection: sa.Connection) -> str:
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return str(found or "")


_HINTS = {
    "database is locked": "Another program holds it; try again when it is done.",
    "canceling statement due to lock timeout": "Another program holds it; try again later.",
    "database or disk is full": "Make room where it lies; nothing is lost.",
    "disk I/O error": "Make room where it lies, or look whether its disk is sound.",
    "unable to open database file": "Is it still there, and its folder writable?",
    "attempt to write a readonly database": "Give write permission to it and to its folder.",
}


def _broken(error: sa.exc.DBAPIError | sa.exc.TimeoutError, file: Path | None) -> LedgerError:
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    said = next(iter(str(cause).strip().splitlines()), type(cause).__name__).rstrip(".")
    if file is not None and ("malformed" in said or "not a database" in said):
        return _damaged(file, said)
    where = f"The ledger {file}" if file else "The ledger"
    hint = _HINTS.get(said, "Check the server and the way to it." if file is None else "")
    return LedgerError(f"{where} does not answer: {said}.", hint)


def backups(file: Path) -> Iterator[Path]:
    """The copies of an SQLite ledger that ``back_up`` keeps."""
    day = "-".join(["[0-9]" * 4, "[0-9]" * 2, "[0-9]" * 2])
    return file.parent.glob(f"{glob.escape(file.stem)}-backup-{day}{glob.escape(file.suffix)}")


def back_up(database: Database, today: date) -> Path | None:
    """Keep a copy of an SQLite ledger, one a day for a week; None where there is one of today.

    Raises:
        LedgerError: the copy cannot be written.
    """
    file = database.file
    if file is None:
        return None  # a server has its own ways
    copy = file.with_name(f"{file.stem}-backup-{today.isoformat()}{file.suffix}")
    if copy.exists():
        return None
    try:
        with _alone_in(file.parent) as folder:
            if copy.exists():
                return None
            _copy(database, copy)
            os.fsync(folder)
            oldest = (today - timedelta(days=_KEPT - 1)).isoformat()
            for old in backups(file):
                if old.stem.rpartition("-backup-")[2] < oldest:
                    old.unlink(missing_ok=True)
    except OSError as error:
        raise LedgerError(
            f"The copy {copy} of the ledger cannot be written: {error}.",
            "Give room and write permission there.",
        ) from error
    return copy


def _copy(database: Database, copy: Path) -> None:
    making = copy.with_name(f".{copy.name}.tmp")
    making.unlink(missing_ok=True)
    try:
        with database.reading() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(making),))
        making.chmod(_MODE)
        _sync(making)
        making.rename(copy)
    finally:
        making.unlink(missing_ok=True)

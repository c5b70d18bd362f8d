"""A glance at an SQLite ledger, without SQLAlchemy: whether it still says the same of an issue."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

REVISION = "0001"
"""The schema that is understood here; ``schema.REVISION`` is the same."""
_PATIENCE = 0.2
"""Seconds to wait for a writer before the question is left to somebody else."""
_RUNS = """
SELECT id, revision, state, manifest, deliver, sealed FROM run
WHERE report = ? AND edition = ? AND period = ? ORDER BY revision DESC
"""
_UNDER_WAY = """
SELECT count(*) FROM delivery
WHERE run_id = ? AND state IN ('queued', 'deferred', 'awaiting', 'sending')
"""
_PAUSED = "SELECT count(*) FROM pause WHERE report = ?"


def is_at_rest(file: Path, issue: tuple[str, str, str, int], manifest: str) -> bool:
    """Whether an issue is published as it was, and nobody is about to do anything with it.

    Where that is not certain, for whatever reason, the answer is no.

    Args:
        file: the ledger; it is only read.
        issue: report, edition, period and revision, the newest one.
        manifest: SHA-256 of the manifest that it was published with.
    """
    report, edition, period, revision = issue
    try:
        opened = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=_PATIENCE)
        with closing(opened) as connection:
            (known,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            rows = connection.execute(_RUNS, (report, edition, period)).fetchall()
            if known != REVISION or not rows or any(row[2] != "published" for row in rows):
                return False
            number, newest, _, published, deliver, sealed = rows[0]
            (under_way,) = connection.execute(_UNDER_WAY, (number,)).fetchone()
            (paused,) = connection.execute(_PAUSED, (report,)).fetchone()
    except (sqlite3.Error, TypeError, ValueError):
        return False
    if (newest, published) != (revision, manifest) or under_way or paused:
        return False
    return bool(sealed) or not deliver  # else readers may have been added, who are to be queued

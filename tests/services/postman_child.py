"""Delivers the mail of a project in a process of its own, which somebody may kill.

    python postman_child.py PROJECT SECONDS

The clock of its ledger is so many seconds ahead. It says ``ready`` when everything is read, and
delivers once a line comes in.
"""

from __future__ import annotations

import os
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from briefing.config import load_project
from briefing.ledger import Database, Ledger, open_database
from briefing.postman import Post, Postman, suppressed_of
from briefing.structures import MAIL, Resolvable, Secret


class LaterDatabase(Database):
    """A database whose clock can be put forward, so that nobody has to wait for minutes."""

    ahead = timedelta(0)

    def now(self, connection: sa.Connection) -> datetime:
        """The moment, as much later as the clock was put forward."""
        return super().now(connection) + self.ahead


def later_database(root: Path) -> LaterDatabase:
    """The database of a project's ledger."""
    opened = open_database(f"sqlite:///{root}/.briefing/ledger.sqlite", root)
    return LaterDatabase(opened.engine, opened.file)


def _resolve(reference: Resolvable) -> Secret:
    return reference.resolve(os.environ)  # noqa: TID251


def main() -> None:
    """Deliver until there is nothing to wait for."""
    project = load_project(Path(sys.argv[1]))
    database = later_database(project.root)
    database.ahead = timedelta(seconds=float(sys.argv[2]))
    suppressed = suppressed_of(project)
    post = Post(project, Ledger(database), _resolve, suppressed, threading.Event())
    postman = Postman(post, MAIL)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    postman.work()


if __name__ == "__main__":
    main()

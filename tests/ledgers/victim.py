"""Publishes an issue in a child for each folder read from its input, to be killed meanwhile.

The child says its process id and waits until somebody opens the pipe ``go`` in the folder; then
it opens the ledger, claims a run and publishes a file with one rename.
"""

import ctypes
import os
import sys
from datetime import date
from pathlib import Path

import alembic.command
import psycopg  # noqa: F401 -- all imports are done before anything is counted
import sqlalchemy.dialects.sqlite

from briefing.errors import LedgerError
from briefing.ledger import Ledger, claims, open_database, this_process
from briefing.structures import Planned

PR_SET_PTRACER, ANYBODY = 0x59616D61, ctypes.c_ulong(-1)
FAILED = 3


def work() -> int:
    ledger = Ledger(open_database("sqlite:///ledger.sqlite", Path.cwd()))
    run = ledger.claim(Planned("loans", "en", "2026-10", date(2026, 10, 31), "en"), this_process())
    Path("made").write_text(f"fence {run.fence}")
    ledger.publish(run, f"fence {run.fence}", lambda: Path("made").replace("issue"))
    return 0


def child(folder: str) -> int:
    os.chdir(folder)
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANYBODY, 0, 0, 0)
    os.close(os.open("go", os.O_RDONLY))
    try:
        return work()
    except (LedgerError, OSError):
        return FAILED


def say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    claims._COMMIT_PAUSE = 0.0
    assert alembic.command and sqlalchemy.dialects.sqlite
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            code = 1
            try:
                code = child(line.strip())
            finally:
                if code == 1:
                    sys.excepthook(*sys.exc_info())
                    sys.stderr.flush()
                os._exit(code)
        say(process)
        say(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))


if __name__ == "__main__":
    main()

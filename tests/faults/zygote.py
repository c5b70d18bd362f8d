"""Forks processes that run `briefing` without importing it first: they begin at once.

Reads a line of JSON for each: folder, words, environment, file for what is said. Answers with the
process id; the process waits until its fifo is opened, so that it can be watched from its first
step on. A line "wait" answers with the exit code of the process that was started last.
"""

from __future__ import annotations

import json
import os
import sys

import matplotlib.figure
import weasyprint

import briefing.archive
import briefing.charts.style
import briefing.cli.commands
import briefing.config
import briefing.ledger.whole
import briefing.pipeline
import briefing.runs
import briefing.serving

__all__ = ["briefing", "matplotlib", "weasyprint"]


def run(asked: dict[str, str]) -> None:
    """In the child: wait for the fifo, then be `briefing`."""
    os.setsid()
    os.chdir(asked["folder"])
    os.environ.update(json.loads(asked["environ"]))  # noqa: TID251
    said = os.open(asked["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in ((0, nothing), (1, said), (2, said)):
        os.dup2(file, number)
    sys.argv = ["briefing", *json.loads(asked["words"])]
    with open(asked["fifo"], "rb"):  # noqa: PTH123
        pass
    code = 70
    try:
        briefing.cli.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    """Serve until the input ends."""
    child = 0
    for line in sys.stdin:
        if line == "wait\n":
            _, status = os.waitpid(child, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201
            continue
        child = os.fork()
        if child == 0:
            run(json.loads(line))
        print(child, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

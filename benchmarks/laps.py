"""The other end of ``measuring.Warm``: answers each line that comes in with one piece of work."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

Work = Callable[[int], dict[str, Any]]


def serve(work: Work) -> None:
    """Do the work for each number that comes in, until no more come.

    Args:
        work: gets the lap's number; answers with ``size`` in bytes, ``seconds`` where it knows
            better than who asks, and whatever else is worth knowing.
    """
    answers = _answers()
    for line in sys.stdin:
        print(json.dumps(work(int(line))), file=answers, flush=True)


def serve_forgetting(work: Work) -> None:
    """The same, each time in a fork that has everything imported and remembers nothing.

    What is timed is the work, without the fork.
    """
    answers = _answers()
    for line in sys.stdin:
        inlet, outlet = os.pipe()
        child = os.fork()
        if child == 0:
            with os.fdopen(outlet, "w", encoding="utf-8") as told:
                started = time.perf_counter()
                said = work(int(line))
                told.write(json.dumps({"seconds": time.perf_counter() - started, **said}))
            os._exit(0)
        os.close(outlet)
        with os.fdopen(inlet, encoding="utf-8") as heard:
            said_by_child = heard.read()
        _, status = os.waitpid(child, 0)
        if status:
            raise SystemExit(f"the work failed: {os.waitstatus_to_exitcode(status)}")
        print(said_by_child, file=answers, flush=True)


def _answers() -> TextIO:
    """Where answers go; what libraries print is none. Says that all is ready."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    print("{}", file=answers, flush=True)
    return answers

"""A build that waits for changes: one row of ``data/funding.csv`` is changed in each lap.

    python -m benchmarks.ours.watching COMMAND...   in the project's folder; COMMAND has --watch

A lap lasts from the change until the build says that it is done.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from benchmarks.cases.single import change_one_row
from benchmarks.laps import serve
from benchmarks.measuring import BenchError

FUNDING = Path("data", "funding.csv")
_DONE = "Waiting for a change"


def main() -> None:
    """Let it build once, then once more in each lap."""
    with subprocess.Popen(
        sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:

        def wait() -> str:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if _DONE in line:
                    return said
            raise BenchError(f"it ended:\n{said}")

        def lap(number: int) -> dict[str, int]:
            change_one_row(FUNDING, number)
            said = wait()
            if "Rebuilt in place" not in said:
                raise BenchError(f"nothing was built:\n{said}")
            return {}

        try:
            wait()
            serve(lap)
        finally:
            process.send_signal(signal.SIGINT)


if __name__ == "__main__":
    main()

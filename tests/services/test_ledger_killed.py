"""A process is killed, or refused, at each system call that changes something: nothing is lost."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from briefing.ledger import Ledger, open_database, this_process
from briefing.structures import PENDING, PUBLISHED, RUNNING, Planned, Run

pytestmark = pytest.mark.services
VICTIM = Path(__file__).parents[1] / "ledgers" / "victim.py"
CHANGING = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "unlink", "rename", "mkdir")
KILLED, REFUSED, DONE = -signal.SIGKILL, 3, 0


class Zygote:
    """Begins victims without their imports, one after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, folder: Path, fault: str) -> tuple[int, str]:
        """How a victim ends to which something happens, and which calls it made."""
        process, said = self._process, folder.with_name("calls")
        assert process.stdin is not None
        assert process.stdout is not None
        os.mkfifo(folder / "go")
        process.stdin.write(f"{folder}\n")
        process.stdin.flush()
        number = process.stdout.readline().strip()
        words = [f"-etrace={','.join(CHANGING)}", *([f"-einject={fault}"] if fault else [])]
        with subprocess.Popen(
            ["strace", "-qqq", *words, "-o", str(said), "-p", number],
            stderr=subprocess.PIPE,
            text=True,
        ) as strace:
            while not traced(number):
                assert strace.poll() is None, strace.stderr
                time.sleep(0.002)
            os.close(os.open(folder / "go", os.O_WRONLY))
            code = int(process.stdout.readline())
        (folder / "go").unlink()
        return code, said.read_text()


def traced(number: str) -> bool:
    status = Path(f"/proc/{number}/status").read_text()
    return "TracerPid:\t0\n" not in status


@pytest.fixture
def zygote() -> Iterator[Zygote]:
    with subprocess.Popen(
        [sys.executable, str(VICTIM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield Zygote(process)
        _, said = process.communicate()
    assert said == ""


@pytest.fixture
def begin(tmp_path: Path, request: pytest.FixtureRequest):
    """A folder without a ledger, or with one in which another issue was published."""
    template = tmp_path / "template"
    template.mkdir()
    if request.param == "old":
        ledger = Ledger(open_database("sqlite:///ledger.sqlite", template))
        ledger.publish(ledger.claim(wanted("2026-09"), this_process()), "x", lambda: None)
    folder = tmp_path / "project"

    def anew() -> Path:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(template, folder)
        return folder

    return anew


def wanted(period: str = "2026-10") -> Planned:
    return Planned("loans", "en", period, date(2026, 10, 31), "en")


@pytest.mark.parametrize(
    ("begin", "fault", "step"),
    [  # every kill while it works on a ledger; some of the many others
        ("old", "signal=SIGKILL", 1),
        ("old", "error=ENOSPC", 8),
        ("old", "error=EIO", 9),
        ("new", "signal=SIGKILL", 14),
        ("new", "error=ENOSPC", 27),
        ("new", "error=EIO", 29),
    ],
    indirect=["begin"],
)
def test_nothing_is_lost_at_whichever_call(zygote, begin, fault, step, request, tell):
    code, calls = zygote.run(begin(), "")
    assert code == DONE
    counted = Counter(re.findall(r"^(\w+)\(", calls, re.MULTILINE))
    assert {"pwrite64", "fdatasync", "rename"} <= counted.keys()
    ends: Counter[str] = Counter()
    every = [(name, number + 1) for name in sorted(counted) for number in range(counted[name])]
    for name, number in every[::step]:
        folder = begin()
        code, _ = zygote.run(folder, f"{name}:{fault}:when={number}")
        assert code in ({KILLED} if "KILL" in fault else {REFUSED, DONE}), (name, number)
        ends[state_after(folder, code)] += 1
    tell(f"{request.node.name}: {sum(ends.values())} calls, {dict(ends)}")


def state_after(folder: Path, code: int) -> str:
    """What the next one finds; it finishes what is left to do."""
    ledger = Ledger(open_database("sqlite:///ledger.sqlite", folder))
    others = [run for run in ledger.latest() if run.period != "2026-10"]
    assert all((run.state, run.manifest) == (PUBLISHED, "x") for run in others)
    found = [run for run in ledger.latest() if run.period == "2026-10"]
    state = found[0].state if found else "none"
    assert state in {"none", RUNNING, PUBLISHED}
    assert (state == PUBLISHED) >= (code == DONE)
    if found:
        check(ledger, folder, found[0])
    if state == RUNNING and code == KILLED:
        assert [run.state for run in ledger.reclaim()] == [PENDING]
        assert ledger.claim_next(this_process(), ["loans"]).fence == 2
    return state


def check(ledger: Ledger, folder: Path, run: Run) -> None:
    issue = folder / "issue"
    if run.state == PUBLISHED:
        assert issue.read_text() == run.manifest == "fence 1"
    assert (run.fence, run.attempt) == (1, int(run.state == RUNNING))
    kinds = [event.kind for event in ledger.run(run.id)[1]]
    assert kinds == ["planned", "claimed", "published"][: 2 + (run.state == PUBLISHED)]

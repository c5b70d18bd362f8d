"""Executors: the same work here and in processes; what dies, grows or is stopped."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tests.faults.processes import Process, wait_for

from briefing.errors import BriefingError, ChildError, UsageError
from briefing.executors import Here, Pool
from briefing.executors.forking import PRELOADED


def doubled(number: int) -> int:
    return 2 * number


def picky(number: int) -> int:
    if number == 2:
        raise UsageError("Two is not wanted.", "Take three.")
    if number == 3:
        raise ZeroDivisionError("three")
    return number


def me(_: object) -> int:
    return os.getpid()


def dies(folder: Path, times: int) -> str:
    """End this process so often, then answer."""
    with (folder / "tries").open("a") as file:
        file.write(f"{os.getpid()}\n")
    if len((folder / "tries").read_text().splitlines()) <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return "lived"


def slow(folder: Path, number: int) -> int:
    (folder / f"{number}-{os.getpid()}").touch()
    time.sleep(3600 if number else 0)
    return number


def starts_another_and_dies(folder: Path, _: object) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    (folder / f"{other.pid}").touch()
    os.kill(os.getpid(), signal.SIGKILL)


def greedy(number: int) -> int:
    held = [bytearray(16_000_000) for _ in range(number)]
    return len(held)


_kept: list[bytearray] = []


def hoards(_: object) -> int:
    _kept.append(bytearray(b"x" * 8_000_000))
    return os.getpid()


def loaded(_: object) -> list[str]:
    import gc

    assert gc.get_freeze_count() > 100_000
    return sorted(name for name in PRELOADED if name not in sys.modules)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(2) as made:
        yield made


@hypothesis_settings(max_examples=25)
@given(st.lists(st.integers()))
def test_the_answers_are_those_of_the_builtin_map(pool: Pool, numbers: list[int]):
    assert pool.map(doubled, numbers) == Here().map(doubled, numbers) == [2 * n for n in numbers]


@pytest.mark.parametrize("local", [True, False])
def test_what_fails_stops_no_other_and_says_why(pool: Pool, local: bool):
    executor = Here() if local else pool
    found = {item.number: item for item in executor.as_completed(picky, [1, 2, 3, 4])}
    assert [found[number].answer for number in (0, 3)] == [1, 4]
    with pytest.raises(UsageError, match=r"Two is not wanted\. Take three\."):
        found[1].result()
    with pytest.raises(ChildError, match="unforeseen happened: ZeroDivisionError: three"):
        found[2].result()


def test_the_first_item_that_fails_is_what_map_raises(pool: Pool):
    with pytest.raises(UsageError):
        pool.map(picky, [1, 2, 3])


def test_items_are_drawn_only_as_there_is_room(pool: Pool):
    drawn = []

    def items() -> Iterator[int]:
        for number in range(10):
            drawn.append(number)
            yield number

    answers = pool.as_completed(doubled, items())
    next(answers)
    assert len(drawn) <= 4  # two that were answered at once, and two in their place
    answers.close()


def test_a_worker_keeps_what_was_loaded_before_it(pool: Pool):
    assert pool.map(loaded, [1]) == [[]]


def test_a_worker_that_dies_costs_a_second_try(tmp_path: Path, pool: Pool):
    assert pool.map(partial(dies, tmp_path), [1]) == ["lived"]
    first, second = (tmp_path / "tries").read_text().split()
    assert first != second
    assert {int(first), int(second)} <= set(pool.makers)


def test_what_ends_two_workers_has_failed_and_nothing_else_has(tmp_path: Path, pool: Pool):
    found = list(pool.as_completed(partial(dies, tmp_path), [2, 0, 0]))
    failed = [item for item in found if item.error]
    assert len(found) == 3
    for item in failed:
        with pytest.raises(ChildError, match=r"was killed.*It was tried twice"):
            item.result()
    assert len(failed) <= 1


def test_what_a_worker_has_started_ends_with_it(tmp_path: Path, pool: Pool):
    with pytest.raises(ChildError):
        pool.map(partial(starts_another_and_dies, tmp_path), [1])
    others = [Process.of(int(path.name)) for path in tmp_path.iterdir()]
    assert len(others) == 2
    wait_for("their end", lambda: not any(other.lives for other in others), 10)


def test_stopped_early_nobody_goes_on(tmp_path: Path):
    with Pool(2) as pool:
        answers = pool.as_completed(partial(slow, tmp_path), [0, 1, 2])
        assert next(answers).answer == 0
        begun = wait_for("two at work", lambda: len(list(tmp_path.glob("[12]-*"))) == 2)
        assert begun
        workers = [Process.of(int(path.name[2:])) for path in tmp_path.glob("[12]-*")]
        assert all(worker.lives for worker in workers)
        answers.close()
        assert not any(worker.lives for worker in workers)


def test_a_closed_pool_leaves_no_process():
    with Pool(2) as pool:
        workers = [Process.of(pid) for pid in pool.map(me, range(4))]
        assert all(worker.lives for worker in workers)
    assert not any(worker.lives for worker in workers)


def test_a_worker_is_replaced_after_so_many_pieces():
    with Pool(1, most=2) as pool:
        first, second, third = pool.map(me, [1, 2, 3])
    assert first == second != third


def test_a_worker_that_grows_is_replaced():
    with Pool(1, grown=20_000_000) as pool:
        makers = pool.map(hoards, range(8))
    assert makers[0] == makers[1]
    assert len(set(makers)) > 1


def test_a_piece_that_needs_too_much_memory_fails_alone():
    with Pool(1, memory=4 * 1024**3) as pool:
        found = {item.number: item for item in pool.as_completed(greedy, [1, 1000, 2])}
    assert (found[0].answer, found[2].answer) == (1, 2)
    with pytest.raises(BriefingError, match="more memory than it may use"):
        found[1].result()


SWEEPING = """
import os, subprocess, sys, tempfile
from datetime import timedelta
from pathlib import Path
from briefing.executors import Child

def start():
    child = Child(os.getpid, ())
    assert child.finished(timedelta(minutes=2))
    assert child.answer()

if __name__ == "__main__":
    start()
    if len(sys.argv) == 1:
        (own,) = Path(tempfile.gettempdir()).glob("briefing-workers-*")
        left = own.with_name("briefing-workers-left")
        left.mkdir()
        start()
        print(left.exists())  # only who starts a fork server clears up
        subprocess.run([sys.executable, __file__, "another"], check=True)
        print(left.exists(), own.exists())  # that of a process that lives is locked
"""


def test_what_a_killed_process_left_for_its_fork_server_is_removed(tmp_path: Path):
    program = tmp_path / "program.py"
    program.write_text(SWEEPING, encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="b") as folder:  # a socket's address has little room
        done = subprocess.run(
            [sys.executable, str(program)],
            env={**os.environ, "TMPDIR": folder},  # noqa: TID251
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "False", "True"]

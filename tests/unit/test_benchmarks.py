"""What the bench concludes from what it measures; what it measures needs a quiet machine."""

import csv
import os
import sys
from pathlib import Path

import pytest
from benchmarks import report
from benchmarks.__main__ import arguments
from benchmarks.cases.growth import Growth, fitted
from benchmarks.cases.single import change_one_row
from benchmarks.contenders import Cold, Measured, Ready, Row, take_turns
from benchmarks.measuring import BenchError, Lap, run
from benchmarks.projects import counts_project, lettered, payments_project
from benchmarks.spreads import Spread, exponent, paired
from benchmarks.targets import Target, verdict
from hypothesis import given
from hypothesis import strategies as st

from briefing.config import load_project

REPOSITORY = Path(__file__).parents[2]
MACHINE = {
    "cpu": "Abacus",
    "cores": 2,
    "gibibytes": 8,
    "load": 0.1,
    "system": "Linux 6",
    "python": "3.11",
    "chromium": "156",
    "libraries": {"weasyprint": "70.0"},
    "commit": "b2f9da6",
    "when": "2026-11-22T08:00:00+00:00",
    "differs": ["data/funding.csv"],
}
costs = st.floats(0.01, 100)


# -- growth -----------------------------------------------------------------------------------


@given(costs, costs, st.floats(0.5, 2.5))
def test_the_exponent_of_a_power_law_is_found_whatever_the_fixed_cost(fixed, factor, power):
    factor = max(factor, fixed)  # else the growth is lost beside the fixed cost
    sizes = (1, 10, 100)
    seconds = {size: fixed + factor * size**power for size in sizes}
    assert exponent(fixed, seconds) == pytest.approx(power, abs=0.01)


def test_each_round_has_its_own_exponent_beyond_the_usual_fixed_cost():
    costs = {0: [1.0, 1.0, 9.0], 10: [2.0, 2.0, 2.0], 100: [11.0, 101.0, 11.0]}
    assert fitted(costs) == pytest.approx([1.0, 2.0, 1.0])


def test_a_cost_that_hardly_grows_has_no_exponent():
    assert exponent(1.0, {1: 1.02, 10: 0.97, 100: 1.1}) == 0


def test_a_size_that_costs_less_than_nothing_does_not_break_the_fit():
    assert 0 < exponent(1.0, {1: 0.9, 10: 1.5, 100: 6.0}) < 2


# -- ratios and verdicts ----------------------------------------------------------------------


def test_ratios_are_taken_within_a_round():
    assert paired([1, 20, 3], [2, 40, 6]) == Spread(0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("spread", "said"),
    [
        (Spread(0.30, 0.2, 0.9), "reached"),
        (Spread(0.33, 0.33, 0.33), "reached"),
        (Spread(0.40, 0.33, 0.9), "within the spread"),
        (Spread(0.40, 0.34, 0.9), "missed"),
        (None, "not measured"),
    ],
)
def test_a_limit_from_above_is_missed_only_by_the_whole_spread(spread, said):
    assert verdict(Target("ours", "naive", 0.33), spread) == said


@pytest.mark.parametrize(
    ("spread", "said"),
    [
        (Spread(3.1, 2.0, 3.5), "reached"),
        (Spread(2.9, 2.0, 3.0), "within the spread"),
        (Spread(2.9, 2.0, 2.99), "missed"),
    ],
)
def test_a_limit_from_below_is_missed_only_by_the_whole_spread(spread, said):
    assert verdict(Target("ours", "naive", 3.0, "throughput"), spread) == said


def laps(*seconds: float, **words) -> list[Lap]:
    return [Lap(one, one, 100, **words) for one in seconds]


def test_throughput_is_the_time_of_the_other_over_ours():
    target = Target("ours", "naive", 3.0, "throughput")
    found = report.reached(target, {"ours": laps(1, 2), "naive": laps(4, 4)})
    assert found == Spread(3.0, 2.0, 4.0)


def test_what_was_given_up_reaches_nothing():
    target = Target("ours", "naive", 0.3)
    stopped = laps(1, stopped="stopped at 9,000 MB")
    assert report.reached(target, {"ours": stopped, "naive": laps(4)}) is None


def test_sizes_are_compared_by_size():
    target = Target("ours", "naive", 0.4, "size")
    found = report.reached(target, {"ours": laps(9, size=30), "naive": laps(1, size=100)})
    assert found == Spread(0.3, 0.3, 0.3)
    assert report.reached(target, {"ours": laps(9), "naive": laps(1, size=100)}) is None


# -- the report -------------------------------------------------------------------------------


class Named:
    def __init__(self, name: str) -> None:
        self.name = name


def measured() -> Measured:
    targets = [
        Target("ours", "naive", 0.33),
        Target("ours", "", 80, "megabytes"),
        Target("ours", "naive", 3, "throughput", aim=4),
    ]
    row = Row("a", "Cold", [Named("ours"), Named("naive"), Named("huge")], targets, ["A note."])
    huge = laps(9, stopped="stopped at 9,000 MB")
    return Measured(row, {"ours": laps(1, 2, 3), "naive": laps(10, 10, 10), "huge": huge})


def test_the_table_shows_medians_spreads_ratios_and_verdicts():
    growths = [Growth("pages", {0: [1.0], 4: [2.0], 16: [5.0]}, [1.0], [0.9])]
    text = report.markdown(MACHINE, [measured()], growths, {1: 200.0, 500: 220.0})
    assert "Abacus, 2 cores" in text
    assert "Not the content that naive renders: data/funding.csv." in text
    assert "| naive | 10.0 [10.0–10.0] | 10.0 [10.0–10.0] | 100 |  | 0.20 [0.10–0.30] |" in text
    assert "| huge | stopped at 9,000 MB |" in text
    assert "| ours: ≤ 0.33 × naive | 0.20 [0.10–0.30] | reached |" in text
    assert "| ours: megabytes ≤ 80 MB | 100 [100–100] | **missed** |" in text
    assert "| ours: throughput ≥ 3 × naive (aim: 4) | 5.00 [3.33–10.0] | reached |" in text
    grown = "1.00 [1.00–1.00] | 0.90 [0.90–0.90] | ≤ 1.1 | reached |"
    assert f"| pages | 0: 1.00, 4: 2.00, 16: 5.00 | {grown}" in text
    assert "200 after 1; 220 after 500" in text


def test_the_history_keeps_medians_and_the_file_keeps_every_lap():
    parts = ([measured()], [], {})
    kept = report.kept(MACHINE, *parts)["rows"]["a"]
    assert kept["seconds"] == {"ours": 2, "naive": 10}
    assert kept["targets"][0]["reached"] == [0.2, 0.1, 0.3]
    whole = report.as_json(MACHINE, *parts)["rows"]["a"]
    assert [lap["seconds"] for lap in whole["laps"]["ours"]] == [1, 2, 3]


# -- measuring real processes -----------------------------------------------------------------


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_memory_and_cpu_of_a_childs_child_count(tmp_path):
    burn = "import time\nheld = bytearray(60_000_000)\n"
    burn += "while time.process_time() < 0.6: pass\n"
    program = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])"
    lap = run(python(program), folder=tmp_path, environ=os.environ, log=tmp_path / "log")  # noqa: TID251
    assert lap.cpu >= 0.6
    assert lap.megabytes > 60


def test_what_a_process_leaves_behind_is_counted_and_ended(tmp_path):
    burn = "import pathlib, time\nwhile time.process_time() < 0.4: pass\n"
    burn += "pathlib.Path('burnt').touch()\ntime.sleep(60)"
    leave = "import pathlib, subprocess, sys, time\n"
    leave += f"subprocess.Popen([sys.executable, '-c', {burn!r}])\n"
    leave += "while not pathlib.Path('burnt').exists(): time.sleep(0.02)"
    program = f"""
import os, sys
from pathlib import Path
from benchmarks.measuring import adopt_orphans, children_of, run
adopt_orphans()  # of a process of its own, not of the tests
words = [sys.executable, "-c", {leave!r}]
lap = run(words, folder=Path(), environ={{}}, log=Path("log"))
assert lap.cpu >= 0.4, lap
assert not children_of(os.getpid())
"""
    environ = {"PYTHONPATH": str(REPOSITORY)}
    run(python(program), folder=tmp_path, environ=environ, log=tmp_path / "log")


def test_a_process_that_takes_too_much_is_given_up(tmp_path):
    program = "import time\nheld = bytearray(90_000_000)\ntime.sleep(60)"
    lap = run(python(program), folder=tmp_path, environ={}, log=tmp_path / "log", most=50)
    assert lap.stopped.startswith("stopped at")


def test_a_contender_that_fails_is_told_with_its_last_words(tmp_path):
    with pytest.raises(BenchError, match="no such bird"):
        run(
            python("raise SystemExit('no such bird')"),
            folder=tmp_path,
            environ={},
            log=tmp_path / "l",
        )


def served(work: str, how: str = "serve") -> list[str]:
    program = (
        f"def work(n):\n    print('a library says something', flush=True)\n    return {work}\n"
    )
    return python(f"{program}from benchmarks.laps import {how}\n{how}(work)")


def turns(tmp_path: Path, *contenders: Ready | Cold, rounds: int = 2) -> Measured:
    return take_turns(Row("x", "X", contenders), rounds, lambda _: None)


def ready(tmp_path: Path, name: str, words: list[str]) -> Ready:
    return Ready(name, words, tmp_path, {"PYTHONPATH": str(REPOSITORY)}, tmp_path / "log")


def test_a_warm_worker_does_its_work_again_for_each_lap(tmp_path):
    kept = ready(tmp_path, "kept", served("{'size': n, 'answer': [n // 9]}"))
    forked = ready(tmp_path, "forked", served("{'answer': [0]}", "serve_forgetting"))
    found = turns(tmp_path, kept, forked).laps
    assert [lap.size for lap in found["kept"]] == [1, 2]
    assert all(0 < lap.seconds < 5 for lap in found["forked"])


def test_contenders_that_find_something_else_stop_the_bench(tmp_path):
    one, two = (ready(tmp_path, str(n), served(f"{{'answer': [{n}]}}")) for n in (1, 2))
    with pytest.raises(BenchError, match="not all found the same"):
        turns(tmp_path, one, two)


def test_a_worker_that_dies_is_told_with_its_last_words(tmp_path):
    dying = ready(tmp_path, "dying", served("{'size': 1 / 0}"))
    with pytest.raises(BenchError, match="ZeroDivisionError"):
        turns(tmp_path, dying)


def test_the_first_of_a_round_is_another_in_the_next_and_a_warm_up_is_not_counted(tmp_path):
    order: list[tuple[str, int]] = []
    contenders = [
        Cold(
            name,
            lambda _: python(""),
            tmp_path,
            {},
            tmp_path / "log",
            before=lambda number, name=name: order.append((name, number)),
        )
        for name in "ab"
    ]
    found = turns(tmp_path, *contenders)
    assert order == [("a", 0), ("b", 0), ("b", 1), ("a", 1), ("a", 2), ("b", 2)]
    assert len(found.laps["a"]) == 2


# -- what it measures with --------------------------------------------------------------------


def test_each_round_changes_one_row_to_an_amount_of_its_own(tmp_path):
    file = tmp_path / "funding.csv"
    before = (REPOSITORY / "data" / "funding.csv").read_bytes()
    file.write_bytes(before)
    seen = set()
    for number in range(4):
        change_one_row(file, number)
        with file.open(encoding="utf-8", newline="") as text:
            now = list(csv.reader(text))
        then = list(csv.reader(before.decode().splitlines()))
        changed = [row for row, old in zip(now, then, strict=True) if row != old]
        assert len(changed) == 1
        seen.add(tuple(changed[0]))
    assert len(seen) == 4


def test_the_projects_that_the_bench_makes_have_no_problem(tmp_path):
    counts_project(tmp_path / "counts", charts=2, tables=30)
    assert len(load_project(tmp_path / "counts").reports["counts"].figures) == 33
    payments_project(tmp_path / "payments")
    rows = "payment,region,company,programme,quarter,paid_on,status,amount\n"
    rows += "1,KR-11,,p-01,2016-Q1,2016-01-02,paid,5000\n"
    (tmp_path / "payments" / "data" / "payments.csv").write_text(rows, encoding="utf-8")
    assert len(load_project(tmp_path / "payments").reports["payments"].tables) == 3


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_numbers_in_letters_are_apart(one, other):
    assert (lettered(one) == lettered(other)) == (one == other)
    assert lettered(one).isalpha()


def test_rows_that_do_not_exist_are_refused(capsys):
    assert arguments(["--only", "a,growth", "--quick"]).rounds == 1
    with pytest.raises(SystemExit):
        arguments(["--only", "z"])
    assert "there is no row z" in capsys.readouterr().err

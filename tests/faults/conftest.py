"""A newsroom for each test, a witness who counts, and the table of all faults at the end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.faults.newsroom import Newsroom
from tests.faults.processes import wait_for
from tests.faults.recorder import FaultTable, line_of
from tests.faults.witness import Account, Witness

Settle = Callable[..., Account]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fault-table", type=Path, help="write the table of faults to this file")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Collector(config), "faults")


class _Collector:
    """Adds up what the tests say of their faults, also those of other processes (xdist)."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._table = FaultTable()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            for name, value in report.user_properties:
                if name == "fault":
                    self._table.add(json.loads(str(value)))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self._table.sums:
            return
        terminalreporter.section("faults")
        terminalreporter.write_line(self._table.markdown())
        if file := self._config.getoption("--fault-table", None):
            file.write_text(self._table.markdown(), encoding="utf-8")


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    """An empty project; whatever a test starts in it is ended, and nothing may outlive its own."""
    room = Newsroom(tmp_path / "project")
    room.branches(1)
    yield room
    orphans = [process for desk in room.desks if not desk.lives for process in desk.gone]
    try:
        wait_for("the end of all orphans", lambda: not any(one.lives for one in orphans), 10)
    finally:
        room.end()


@pytest.fixture
def witness(newsroom: Newsroom) -> Iterator[Witness]:
    """Counts what is published."""
    seen = Witness(newsroom)
    yield seen
    seen.stop()


@pytest.fixture
def settle(witness: Witness, record_property: Callable[[str, object], None]) -> Settle:
    """Closes the account of a fault: it goes into the table, and nothing may be lost or doubled."""

    def close(
        fault: str,
        injections: int,
        expected: Iterable[str],
        by_hand: Counter[str] | None = None,
    ) -> Account:
        account = witness.account(expected, by_hand)
        record_property("fault", json.dumps(line_of(fault, injections, account)))
        assert not account.twice
        assert not account.lost
        return account

    return close

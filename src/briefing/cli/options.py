"""What the commands share: options, the project, its ledger, the day."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from briefing.errors import UsageError
from briefing.terminal import TerminalProgress

if TYPE_CHECKING:
    from briefing.ledger import Ledger
    from briefing.structures import Engine, Project, ReportDefinition, Settings

ProjectOption = Annotated[
    Path,
    typer.Option("--project", "-C", help="The project's folder: where config.yaml stands."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
WorkersOption = Annotated[
    int | None,
    typer.Option(min=1, help="How many issues are built at once; else one for each core."),
]
HELD = ExitStack()
"""What a command opened and has to let go of when it ends."""
EPILOG = (
    "Exit codes: 0 done, 1 problems in data or configuration, 2 usage, 3 held by the gate, "
    "4 build failed, 5 delivery incomplete, 75 busy."
)


def load(folder: Path, progress: TerminalProgress) -> Project:
    """Read the project.

    Raises:
        ProblemsError: what is wrong with it.
    """
    from briefing.cache import means_of
    from briefing.config import load_project

    def mapped(engine: Engine) -> Callable[..., Iterator[Any]]:
        from briefing.batches.spreading import spread  # few projects need it

        return spread(HELD, progress.notice)(engine)

    progress("read", "configuration, reports and data")
    means = replace(means_of(folder.resolve(), os.environ), mapped=mapped)
    return load_project(folder, means)


def load_quietly(folder: Path) -> Project:
    """Read the project without a word.

    Raises:
        ProblemsError: what is wrong with it.
    """
    with TerminalProgress(quiet=True) as progress:
        return load(folder, progress)


def load_config(folder: Path) -> Settings:
    """Read config.yaml alone, for commands that only look into the ledger.

    Raises:
        ProblemsError: what is wrong with it.
    """
    from briefing.config import load_settings

    return load_settings(folder)


def open_ledger(settings: Settings) -> Ledger:
    """The project's ledger.

    Raises:
        LedgerError: it does not answer, or is damaged.
        ProblemsError: its address names a secret that is not there.
    """
    from briefing import runs

    return runs.open_ledger(settings, settings.channels.state.resolve(os.environ).reveal())


def now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)


def today(project: Settings) -> date:
    """The day in the project's time zone."""
    return datetime.now(ZoneInfo(project.timezone)).date()


def report_named(project: Project, name: str) -> ReportDefinition:
    """The report of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in project.reports:
        known = ", ".join(project.reports)
        raise UsageError(f"There is no report {name!r}.", f"There are: {known}.")
    return project.reports[name]


def day_of(text: str) -> date | None:
    """A day as people write it; None where nothing is written.

    Raises:
        UsageError: it is no day.
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(f"{text!r} is no day.", "Write it as 2026-10-31.") from None


def formats_of(text: str) -> tuple[str, ...]:
    """The formats that a person names, divided by commas.

    Raises:
        UsageError: one of them does not exist.
    """
    from briefing.rendering import FORMATS

    wanted = tuple(part.strip() for part in text.split(",") if part.strip())
    if not wanted or set(wanted) - set(FORMATS):
        raise UsageError(f"{text!r} is no format.", f"Formats: {', '.join(FORMATS)}.")
    return wanted

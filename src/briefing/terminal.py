"""What the command line shows: progress, answers, and what went wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from briefing.errors import BriefingError, Problem
from briefing.structures import Edition, Fire, Issue, Reused, Schedule


class TerminalProgress:
    """Shows each stage: one moving line on a terminal, plain lines elsewhere, none for JSON."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._quiet = quiet
        self._status = self._console.status("") if self._console.is_terminal and not quiet else None

    def __enter__(self) -> TerminalProgress:
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def __call__(self, verb: str, what: str) -> None:
        """Say what is being done, and to what."""
        if self._status:
            self._status.update(f"[bold]{verb}[/bold] {what}")
        elif not self._quiet:
            print(f"{verb}: {what}", file=sys.stderr, flush=True)

    def notice(self, text: str) -> None:
        """Say what a person should know, though all goes on; it stays on the terminal."""
        self._console.print(f"Notice: {text}", markup=False, soft_wrap=True)


def raise_last(failed: list[tuple[Edition, BriefingError]], asked: int) -> None:
    """Report the last failure as the command's own, those before it as lines above."""
    for number, (edition, error) in enumerate(failed, 1):
        if asked > 1:
            print(f"Not built: {edition.report}/{edition.period}/{edition.name}", file=sys.stderr)
        if number == len(failed):
            raise error
        print(error, file=sys.stderr)


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows in columns; only the last column is broken where the terminal is narrow."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDEST
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, name in enumerate(head):
        table.add_column(name, no_wrap=number < len(head) - 1, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    with console.capture() as said:
        console.print(table)
    for line in said.get().splitlines():
        print(line.rstrip())


def local(moment: datetime | None, zone: str) -> str:
    """A moment as the clock on the wall shows it there; a dash where there is none."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if moment else "-"


def told_fire(fire: Fire) -> str:
    """When something is due, for which period, and what moved it."""
    at = fire.at.astimezone(ZoneInfo(fire.schedule.timezone))
    said = f"{at:%a %Y-%m-%d %H:%M} ({fire.schedule.timezone}) for {fire.period}"
    return "; ".join(
        [said, *filter(None, [fire.moved, fire.skipped and f"skipped: {fire.skipped}"])]
    )


def told_schedule(schedule: Schedule) -> str:
    """A schedule in a line, as its author wrote it."""
    if schedule.cron:
        return f"cron {schedule.cron} ({schedule.timezone})"
    on = f" on {schedule.on}" if schedule.on else ""
    return f"every {schedule.every}{on} at {schedule.at:%H:%M} ({schedule.timezone})"


_WIDEST = 1000
_STATES = {
    "new": "Built",
    "unchanged": "Unchanged, the same bytes as before",
    "rebuilt": "Rebuilt in place, nobody has received it yet",
    "sealed": "Sealed, readers have it; nothing was written",
    "copy": "Built as a copy, the archive is untouched",
}


def show_issue(issue: Issue, *, explain: bool = False) -> None:
    """Print what became of an issue, and the paths of its main files.

    Args:
        explain: also what of it was reused.
    """
    revision = f"/{issue.folder.name}" if issue.folder.name not in {"", "r1"} else ""
    print(f"{_STATES[issue.state]}: {issue.report}/{issue.period}/{issue.edition}{revision}")
    if issue.changed:
        print(f"Changed: {', '.join(issue.changed)}")
    main = [name for name in ("briefing.pdf", "index.html") if name in issue.files]
    for name in [*main, "manifest.json"]:
        print(issue.folder / name)
    if explain:
        for line in told_reuse(issue.reused):
            print(line)


def told_reuse(found: Sequence[Reused]) -> list[str]:
    """What of an issue was reused, and why the rest was not, in lines."""
    lines = [
        "Reused whole: nothing that it is made from has changed"
        if item.reused
        else f"Made anew: {item.why}"
        for item in found
        if not item.name
    ]
    for kind in dict.fromkeys(item.kind for item in found if item.name):
        parts = [item for item in found if item.kind == kind and item.name]
        reused = sum(item.reused for item in parts)
        lines.append(f"{reused} of {len(parts)} {kind}s reused")
        lines += [f"  {item.name}: anew, {item.why}" for item in parts if not item.reused]
    return lines


def issue_as_json(issue: Issue, *, explain: bool = False) -> dict[str, Any]:
    """An issue for machines."""
    reused = [
        {"kind": item.kind, "name": item.name, "reused": item.reused, "why": item.why}
        for item in issue.reused
    ]
    return {
        "report": issue.report,
        "period": issue.period,
        "edition": issue.edition,
        "state": issue.state,
        "changed": list(issue.changed),
        "folder": str(issue.folder),
        "files": dict(issue.files),
        **({"reused": reused} if explain else {}),
    }


def problem_as_json(problem: Problem) -> dict[str, Any]:
    """A problem for machines."""
    return {
        "file": problem.file,
        "line": problem.line,
        "where": problem.where,
        "what": problem.what,
        "remedy": problem.remedy,
    }


def print_json(body: Any) -> None:
    """Print an answer for machines."""
    print(json.dumps(body, ensure_ascii=False, indent=2))

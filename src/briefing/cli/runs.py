"""Commands about runs: runs, pause, resume, backfill, status."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, is_dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from briefing.cli.builds import make_here
from briefing.cli.options import (
    JsonOption,
    ProjectOption,
    WorkersOption,
    load_config,
    load_quietly,
    now,
    open_ledger,
    report_named,
    today,
)
from briefing.errors import ProblemsError, UsageError
from briefing.terminal import local, print_json, print_table

if TYPE_CHECKING:
    from briefing.status import Status
    from briefing.structures import (
        Delivery,
        Planned,
        Project,
        ReportDefinition,
        Run,
        RunEvent,
        Settings,
    )

ReportArgument = Annotated[str, typer.Argument(help="The report, by the name of its folder.")]


class Reprocess(StrEnum):
    """Which of the runs that exist already are made again."""

    NONE = "none"
    FAILED = "failed"
    ALL = "all"


def runs_(
    run: Annotated[
        int | None, typer.Argument(help="A run by its number; the latest if none.")
    ] = None,
    *,
    report: Annotated[str, typer.Option(help="Only runs of this report.")] = "",
    state: Annotated[str, typer.Option(help="Only runs in this state, such as failed.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    as_json: JsonOption = False,
    project: ProjectOption = Path(),
) -> None:
    """List the latest runs, or tell everything that happened to one."""
    from briefing.structures import STATES

    loaded = load_config(project)
    if state and state not in STATES:
        raise UsageError(f"There is no state {state!r}.", f"States: {', '.join(STATES)}.")
    ledger = open_ledger(loaded)
    if run is None:
        found = ledger.latest(report=report, states=[state] if state else (), limit=limit)
        _list_runs(found, loaded, as_json=as_json, chosen=bool(report or state))
        return
    story = ledger.run(run)
    if story is None:
        raise UsageError(f"There is no run {run}.", "briefing runs lists the latest.")
    _tell_run(*story, ledger.deliveries(story[0]), loaded, as_json=as_json)


def _list_runs(found: list[Run], project: Settings, *, as_json: bool, chosen: bool) -> None:
    if as_json:
        print_json({"runs": [_plain(item) for item in found]})
    elif not found:
        print("No run fits." if chosen else "No run yet.")
    else:
        zone = project.timezone
        print_table(
            ("run", "issue", "state", "due", "last touched", "reason"),
            [
                (
                    str(item.id),
                    item.issue,
                    item.state,
                    local(item.scheduled_for, zone),
                    local(item.finished_at or item.started_at, zone),
                    _told_reason(item, zone),
                )
                for item in found
            ],
        )


def _tell_run(
    run: Run,
    events: list[RunEvent],
    deliveries: list[Delivery],
    project: Settings,
    *,
    as_json: bool,
) -> None:
    if as_json:
        print_json(
            {
                "run": _plain(run),
                "events": [_plain(event) for event in events],
                "deliveries": [_plain(item) for item in deliveries],
            }
        )
        return
    zone = project.timezone
    reason = _told_reason(run, zone)
    print(f"Run {run.id}: {run.issue}, {run.state}{': ' if reason else ''}{reason}")
    if run.scheduled_for:
        print(f"  was due {local(run.scheduled_for, zone)} ({zone})")
    if run.manifest:
        print(f"  lies in {project.output / run.issue}")
    for event in events:
        at = event.at.astimezone(ZoneInfo(zone))
        print(f"  {at:%Y-%m-%d %H:%M:%S}  {event.kind}: {event.detail}".rstrip(": "))
    for item in deliveries:
        said = f": {item.reason}" if item.reason else ""
        print(f"  {item.channel} to {item.recipient or 'the channel'}: {item.state}{said}")


def _told_reason(run: Run, zone: str) -> str:
    """The first line of the reason, and when it comes again."""
    reason = run.reason.splitlines()[0] if run.reason else ""
    return (
        f"again at {local(run.next_attempt_at, zone)}: {reason}" if run.next_attempt_at else reason
    )


def pause(
    report: ReportArgument,
    reason: Annotated[str, typer.Option(help="Why, for whoever asks.")] = "",
    project: ProjectOption = Path(),
) -> None:
    """Stop running a report; what falls due meanwhile is recorded as skipped."""
    _known(project, report)
    done = open_ledger(load_config(project)).pause(report, reason)
    print(f"{report} is paused{'' if done else ' already'}.")


def _known(folder: Path, report: str) -> None:
    """Refuse a name that no report has; one of a project with problems is believed."""
    with suppress(ProblemsError):
        report_named(load_quietly(folder), report)


def resume(
    report: ReportArgument,
    catch_up: Annotated[
        bool, typer.Option("--catch-up", help="Make up for what fell due meanwhile.")
    ] = False,
    project: ProjectOption = Path(),
) -> None:
    """Run a paused report again."""
    _known(project, report)
    found = open_ledger(load_config(project)).resume(report, catch_up=catch_up)
    if found is None:
        print(f"{report} was not paused. Periods that were skipped: briefing backfill {report}.")
        return
    runs = f"{len(found)} missed run{'s' if len(found) != 1 else ''}"
    missed = f" {runs} will be made up for." if catch_up else ""
    print(f"{report} runs again.{missed}")


def backfill(
    report: ReportArgument,
    *,
    from_: Annotated[str, typer.Option("--from", help="The first period, such as 2026-01.")],
    to: Annotated[str, typer.Option("--to", help="The last period; else the last complete.")] = "",
    edition: Annotated[
        str, typer.Option(help="A value of the report's parameter; else all of them.")
    ] = "",
    language: Annotated[str, typer.Option(help="en, ko or all.")] = "all",
    reprocess: Annotated[
        Reprocess, typer.Option(help="Which runs that exist already are made again.")
    ] = Reprocess.NONE,
    deliver: Annotated[
        bool, typer.Option("--deliver", help="Send them to their readers too.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would run.")] = False,
    here: Annotated[
        bool, typer.Option("--here", help="Make them here and now, not by a scheduler.")
    ] = False,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
    project: ProjectOption = Path(),
) -> None:
    """Ask for the issues of past periods; a scheduler makes them when nothing else is due.

    With --here they are made at once, many at the same time.
    """
    from briefing.structures import CANCELLED, FAILED, HELD, PARKED, PUBLISHED, SKIPPED

    loaded = load_quietly(project)
    definition = report_named(loaded, report)
    wanted = [
        replace(item, deliver=deliver)
        for item in _past(loaded, definition, from_, to, edition, language)
    ]
    ledger = open_ledger(loaded)
    bad = (FAILED, PARKED, HELD, SKIPPED, CANCELLED)
    again = {"none": (SKIPPED, CANCELLED), "failed": bad, "all": (*bad, PUBLISHED)}[reprocess.value]
    if dry_run:
        known = {(run.period, run.edition): run.state for run in ledger.latest(report=report)}
        asked = [
            item for item in wanted if known.get((item.period, item.edition), again[0]) in again
        ]
        names = [f"{item.report}/{item.period}/{item.edition}/r1" for item in asked]
    else:
        asked_runs = ledger.ask(wanted, again=again)
        if here:
            make_here(loaded, ledger, asked_runs, workers, quiet=as_json)
            return
        names = [run.issue for run in asked_runs]
    if as_json:
        print_json({"asked": names, "dry_run": dry_run})
        return
    for name in names:
        print(name)
    verb = "would be" if dry_run else "will be"
    print(f"{len(names)} of {len(wanted)} issues {verb} made; briefing serve makes them.")


def _past(
    project: Project,
    definition: ReportDefinition,
    first: str,
    last: str,
    edition: str,
    language: str,
) -> Iterator[Planned]:
    from briefing import editions, planning
    from briefing.periods import Period

    day = today(project)
    period = Period.asked(first, day, definition.grain)
    end = Period.asked(last or "last", day, definition.grain)
    if period > end:
        raise UsageError(f"The period {period} lies after {end}.")
    while period <= end:
        for item in editions.editions_of(
            project,
            definition,
            day,
            period=str(period),
            language=language,
            parameter=edition or ("all" if definition.parameters else ""),
        ):
            yield planning.as_planned(item, ("pdf", "html"), "backfill")
        period = period.next()


def status(as_json: JsonOption = False, project: ProjectOption = Path()) -> None:
    """Say how things stand; exit 1 where somebody has to look."""
    from briefing import status as standing

    settings = load_config(project)
    loaded: Project | None = None
    problems: list[str] = []
    try:
        loaded = load_quietly(project)
    except ProblemsError as error:
        problems = [str(problem) for problem in error.problems]
    found = standing.status(loaded, open_ledger(settings), now(), settings.timezone)
    found = replace(found, needs=(*problems, *found.needs))
    if as_json:
        print_json({"well": found.is_well, **_plain(found)})
    else:
        for line in _told(found, settings):
            print(line)
    if not found.is_well:
        raise typer.Exit(1)


def _told(found: Status, project: Settings) -> Iterator[str]:
    zone = project.timezone
    yield "All is well." if found.is_well else "Somebody has to look:"
    yield from (f"  {need}" for need in found.needs)
    names = ", ".join(item.name for item in found.working) or "none at work"
    yield f"Schedulers: {names}"
    due = f"{local(found.next_due, zone)} ({zone})" if found.next_due else "nothing"
    yield f"Next due: {due}"
    counts = ", ".join(f"{count} {state}" for state, count in found.counts.items() if count)
    yield f"Runs: {counts or 'none yet'}"
    sent = ", ".join(f"{count} {state}" for state, count in found.deliveries.items() if count)
    yield f"Deliveries: {sent or 'none yet'}"
    yield from (f"At work: run {run.id}, {run.issue}, by {run.owner}" for run in found.running)
    for name, run in found.latest.items():
        yield f"Last published of {name}: {run.issue} at {local(run.published_at, zone)}"
    for item in found.paused:
        reason = f": {item.reason}" if item.reason else ""
        yield f"Paused since {local(item.since, zone)}: {item.report}{reason}"


def _plain(thing: Any) -> Any:
    """A noun as JSON takes it."""
    if is_dataclass(thing) and not isinstance(thing, type):
        return _plain(asdict(thing))
    if isinstance(thing, dict):
        return {str(key): _plain(value) for key, value in thing.items()}
    if isinstance(thing, list | tuple):
        return [_plain(value) for value in thing]
    return thing.isoformat() if isinstance(thing, datetime | date) else thing


COMMANDS: dict[str, Callable[..., None]] = {
    "runs": runs_,
    "pause": pause,
    "resume": resume,
    "backfill": backfill,
    "status": status,
}

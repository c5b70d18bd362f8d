"""Commands about time: serve, plan."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from briefing.cli.options import (
    JsonOption,
    ProjectOption,
    load_quietly,
    now,
    open_ledger,
    today,
)
from briefing.errors import BuildError, ChannelError
from briefing.terminal import local, print_json, print_table

if TYPE_CHECKING:
    from briefing.structures import (
        Edition,
        Fire,
        Project,
    )


def serve(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Run what is due now and exit, for cron.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="How many builds run at once.")] = 2,
    metrics: Annotated[
        Path | None, typer.Option(help="Keep this file up to date for Prometheus.")
    ] = None,
    json_log: Annotated[
        bool, typer.Option("--json-log", help="Log in JSON on a terminal too.")
    ] = False,
    project: ProjectOption = Path(),
) -> None:
    """Run the schedules until stopped: SIGTERM finishes, SIGHUP reads the configuration again."""
    from briefing.serving import serve_project

    states, sent = serve_project(
        project, os.environ, once=once, workers=workers, metrics=metrics, json_log=json_log
    )
    if bad := [state for state in states if state not in {"published", "retry_wait"}]:
        raise BuildError(
            f"{len(bad)} of {len(states)} runs did not end well: {', '.join(sorted(set(bad)))}.",
            "See briefing status.",
        )
    missing = {state: sent[state] for state in ("refused", "expired", "uncertain") if sent[state]}
    if missing:
        said = ", ".join(f"{count} {state}" for state, count in missing.items())
        raise ChannelError(f"Not everybody has what went out: {said}.", "See briefing status.")


def plan(
    days: Annotated[int, typer.Option(min=1, max=3660, help="How far to look ahead.")] = 60,
    as_json: JsonOption = False,
    project: ProjectOption = Path(),
) -> None:
    """Show what comes: each issue, when and why then, its editions, and what the gate says now."""
    from briefing import pipeline, planning

    loaded = load_quietly(project)
    moment = now()
    fires = planning.upcoming(loaded, moment, moment + timedelta(days=days))
    gates = {name: pipeline.gate_now(loaded, name, today(loaded)) for name in loaded.reports}
    off = _paused(loaded)
    entries: list[dict[str, Any]] = []
    seen: set[tuple[str, str, tuple[str, ...]]] = set()
    for fire in fires:
        editions = list(planning.editions_of_schedule(loaded, fire.schedule, fire))
        names = tuple(item.name for item in editions)
        issue = (fire.schedule.report, str(fire.period), names)
        notes = [fire.moved, fire.skipped and f"skipped: {fire.skipped}"]
        notes += ["the report is paused" if fire.schedule.report in off else ""]
        notes += ["the same issue as before, not made again" if issue in seen else ""]
        seen.add(issue)
        entries.append(
            {
                "due": fire.at.isoformat(),
                "local": local(fire.at, fire.schedule.timezone),
                "weekday": f"{_local(fire):%a}",
                "timezone": fire.schedule.timezone,
                "report": fire.schedule.report,
                "period": str(fire.period),
                "editions": list(names),
                "recipients": _recipients(loaded, editions),
                "gate": "" if fire.skipped else gates[fire.schedule.report],
                "note": "; ".join(filter(None, notes)),
            }
        )
    if as_json:
        print_json({"plan": entries})
        return
    if not entries:
        print(f"Nothing is due in the next {days} days.")
        return
    zones = {item["timezone"] for item in entries}
    print_table(
        ("due", "", "report", "period", "editions", "recipients", "gate now", "note"),
        [
            (
                item["local"] + (f" {item['timezone']}" if len(zones) > 1 else ""),
                item["weekday"],
                item["report"],
                item["period"],
                _few(item["editions"]),
                ", ".join(f"{count} by {way}" for way, count in item["recipients"].items()) or "-",
                item["gate"],
                item["note"],
            )
            for item in entries
        ],
    )


def _paused(project: Project) -> set[str]:
    return {pause.report for pause in open_ledger(project).paused()}


def _local(fire: Fire) -> datetime:
    return fire.at.astimezone(ZoneInfo(fire.schedule.timezone))


def _recipients(project: Project, editions: list[Edition]) -> dict[str, int]:
    """How many deliveries an issue will have, by channel."""
    counts: Counter[str] = Counter()
    rule = project.deliveries.rule(editions[0].report) if editions else None
    for edition in editions if rule else ():
        assert rule is not None
        parameter = next(iter(edition.parameters.values()), "")
        readers = rule.readers(edition.language, parameter)
        away = project.deliveries.suppressed
        counts.update(reader.channel for reader in readers if reader.key not in away)
        counts.update(rule.channels)
    return dict(counts)


def _few(names: Any) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]}, {names[1]} ... ({len(names)})"


COMMANDS: dict[str, Callable[..., None]] = {"serve": serve, "plan": plan}

"""Commands about reports: check, trace, list, charts, doctor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from briefing.cli.options import (
    JsonOption,
    ProjectOption,
    day_of,
    formats_of,
    load,
    load_quietly,
    now,
    report_named,
    today,
)
from briefing.errors import (
    BriefingError,
    Problem,
    ProblemsError,
)
from briefing.terminal import (
    TerminalProgress,
    print_json,
    problem_as_json,
    show_issue,
    told_fire,
    told_schedule,
)

if TYPE_CHECKING:
    from briefing.structures import Project

_SHOWN = 5


def check(
    every_edition: Annotated[
        bool, typer.Option("--every-edition", help="Rehearse each value of a report's parameter.")
    ] = False,
    on: Annotated[
        str, typer.Option(help="Rehearse what would be made on that day, such as 2026-11-02.")
    ] = "",
    as_json: JsonOption = False,
    project: ProjectOption = Path(),
) -> None:
    """Check configuration, data and every report without writing anything."""
    day = day_of(on)
    with TerminalProgress(quiet=as_json) as progress:
        problems: list[Problem] = []
        loaded: Project | None = None
        try:
            loaded = load(project, progress)
            from briefing import pipeline

            progress("rehearse", "tables, sentences and charts of every report")
            problems = pipeline.check(loaded, day or today(loaded), every_edition=every_edition)
        except ProblemsError as error:
            problems = list(error.problems)
    if as_json:
        print_json({"problems": [problem_as_json(item) for item in problems]})
        if problems:
            raise typer.Exit(ProblemsError.exit_code)
    elif problems:
        raise ProblemsError(problems)
    elif loaded is not None:
        rows = sum(len(frame) for frame in loaded.dataset.frames.values())
        print(
            f"No problem: {len(loaded.reports)} report"
            f"{'s' if len(loaded.reports) != 1 else ''}, "
            f"{len(loaded.dataset.frames)} tables, {rows} rows."
        )
        for line in _coming(loaded):
            print(line)


def _coming(project: Project) -> Iterator[str]:
    """The next times at which each schedule is due."""
    from briefing import calendars

    for schedule in project.schedules:
        yield f"{schedule.report} is due next:"
        grain = project.reports[schedule.report].grain
        for fire in calendars.next_fires(schedule, grain, now(), _SHOWN):
            yield f"  {told_fire(fire)}"


def trace(
    report: Annotated[str, typer.Argument(help="The report whose issue is followed.")],
    figure: Annotated[
        str, typer.Argument(help="A figure by name or label; all are listed if none.")
    ] = "",
    row: Annotated[str, typer.Argument(help="A row by number or words of a cell.")] = "",
    *,
    period: Annotated[str, typer.Option(help="The issue's period; else the last one.")] = "",
    edition: Annotated[str, typer.Option(help="The value of the report's parameter.")] = "",
    as_of: Annotated[str, typer.Option(help="A copy as of that day.")] = "",
    language: Annotated[str, typer.Option(help="en or ko; else the project's first.")] = "",
    output: Annotated[Path | None, typer.Option(help="Where the issue was built to.")] = None,
    as_json: JsonOption = False,
    project: ProjectOption = Path(),
) -> None:
    """Follow a number of a filed issue down to its records, documents and paragraphs."""
    from briefing import archive, editions, rereading, tracing

    loaded = load_quietly(project)
    definition = report_named(loaded, report)
    asked = editions.edition_of(
        loaded,
        definition,
        today(loaded),
        period=period,
        as_of=day_of(as_of),
        language=language,
        parameter=edition,
    )
    folder = archive.newest_folder(output or loaded.output, asked)
    figures = tracing.trace(folder)
    if not figure:
        if as_json:
            print_json({"figures": [{"name": f.name, "label": f.label} for f in figures]})
        for item in figures if not as_json else ():
            print(f"{item.label} ({item.name}): {item.title}")
        return
    chosen = tracing.chosen_figure(figures, figure)
    rows = rereading.reread(loaded, folder, tracing.chosen_rows(chosen, row))
    if as_json:
        print_json(tracing.plain(replace(chosen, rows=rows)))
        return
    for line in tracing.told(chosen, rows):
        print(line)


def list_(as_json: JsonOption = False, project: ProjectOption = Path()) -> None:
    """List reports with their last complete period, editions and schedule."""
    loaded = load_quietly(project)
    from briefing import editions
    from briefing.periods import Period

    day = today(loaded)
    entries: list[dict[str, Any]] = []
    for name, report in loaded.reports.items():
        values = [editions.parameter_values(loaded, p) for p in report.parameters.values()]
        entries.append(
            {
                "report": name,
                "grain": str(report.grain),
                "last_complete": str(Period.last_complete(day, report.grain)),
                "languages": list(loaded.languages),
                "editions": values[0] if values else [],
                "schedules": [
                    told_schedule(item) for item in loaded.schedules if item.report == name
                ],
                "default": name == loaded.default_report,
            }
        )
    if as_json:
        print_json({"reports": entries})
        return
    for entry in entries:
        star = " (default)" if entry["default"] else ""
        print(f"{entry['report']}{star}: by {entry['grain']}, last {entry['last_complete']}")
        for word in ("languages", "editions", "schedules"):
            if entry[word]:
                print(f"  {word}: {', '.join(entry[word])}")


def charts_(
    output: Annotated[Path, typer.Option(help="The folder to build into.")] = Path("gallery"),
    language: Annotated[str, typer.Option(help="en or ko; else both.")] = "",
    formats: Annotated[str, typer.Option("--format", help="pdf, html or both.")] = "pdf,html",
) -> None:
    """Build the gallery: every kind of chart once, from small sample tables."""
    from briefing import gallery

    with TerminalProgress(quiet=False) as progress:
        languages = (language,) if language else ()
        issues = gallery.build(output, languages, formats_of(formats), progress)
    for item in issues:
        show_issue(item)


def doctor(
    install: Annotated[
        bool, typer.Option("--install", help="Install missing system packages where allowed.")
    ] = False,
    as_json: JsonOption = False,
    project: ProjectOption = Path(),
) -> None:
    """Say what this machine has and lacks."""
    from briefing import doctor as examination

    if install:
        examination.install_missing(examination.examine(project))
    checks = examination.examine(project)
    if as_json:
        print_json({"checks": [vars(item) for item in checks]})
    else:
        for item in checks:
            mark = "ok     " if item.ok else "MISSING" if item.required else "absent "
            line = f"{mark}  {item.name}: {item.detail}"
            print(line if item.ok else f"{line} {item.remedy}")
    if any(item.required and not item.ok for item in checks):
        raise typer.Exit(BriefingError.exit_code)


COMMANDS: dict[str, Callable[..., None]] = {
    "check": check,
    "trace": trace,
    "list": list_,
    "charts": charts_,
    "doctor": doctor,
}

"""The one place where the stages meet, in their order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from briefing import archive, charts, composition, rendering, tables, validation
from briefing.errors import (
    BuildError,
    HeldError,
    NothingKnownError,
    Problem,
    ProblemsError,
    UsageError,
)
from briefing.extensions import ExtensionError, load
from briefing.fonts import font_files
from briefing.formatting import period_title
from briefing.periods import Period
from briefing.structures import (
    Chart,
    Composition,
    Dataset,
    Edition,
    GateResult,
    Issue,
    Progress,
    Project,
    ReportDefinition,
    SinceDeclaration,
    Table,
    TableDeclaration,
)
from briefing.templating import Sentences, TableView

_LIBRARIES = ("babel", "jinja2", "matplotlib", "pandas", "weasyprint")


@dataclass(frozen=True)
class Request:
    """What is asked for: which edition, in which files, where.

    Attributes:
        output: a folder other than the archive; None for the archive.
    """

    edition: Edition
    formats: tuple[str, ...] = rendering.FORMATS
    output: Path | None = None


def edition_of(
    project: Project,
    report: ReportDefinition,
    today: date,
    *,
    period: str = "",
    as_of: date | None = None,
    language: str = "",
    parameter: str = "",
) -> Edition:
    """The edition that a reader asks for, with the defaults filled in.

    Args:
        today: the day in the project's time zone.
        period: such as 2026-10; the last complete one where not given.
        as_of: the period's last day where not given.
        language: the project's first where not given.
        parameter: the value of the report's parameter.

    Raises:
        UsageError: the period, language or parameter does not exist for this report.
    """
    try:
        wanted = Period.parse(period) if period else Period.last_complete(today, report.grain)
    except ValueError as error:
        raise UsageError(f"{error}.") from None
    if report.grain == "on-demand" and period:
        wanted = Period.containing(wanted.end, report.grain)
    if wanted.grain != report.grain:
        raise UsageError(
            f"The report {report.name} is made by {report.grain}, {period} is a {wanted.grain}.",
            f"The last complete one is {Period.last_complete(today, report.grain)}.",
        )
    if not wanted.ended(today):
        raise UsageError(f"The period {wanted} has not ended yet; it ends on {wanted.end}.")
    language = language or project.languages[0]
    if language not in project.languages:
        raise UsageError(
            f"The project is not made in {language!r}.",
            f"Its languages: {', '.join(project.languages)}.",
        )
    if as_of and as_of > today:
        raise UsageError(f"The day {as_of} has not come yet; nobody knows what is known then.")
    parameters = _parameters(project, report, parameter)
    return Edition(report.name, wanted, as_of or wanted.end, language, parameters)


def _parameters(project: Project, report: ReportDefinition, value: str) -> dict[str, str]:
    if not report.parameters:
        if value:
            raise UsageError(f"The report {report.name} has no editions; {value!r} is not needed.")
        return {}
    ((name, place),) = report.parameters.items()
    values = parameter_values(project, place)
    if value not in values:
        shown = f"no edition {value!r}" if value else "one edition for each value"
        raise UsageError(
            f"The report {report.name} has {shown} of {name}.",
            f"Name one with --edition: {', '.join(values)}.",
        )
    if not re.fullmatch(r"\w[\w.-]*", value):
        raise UsageError(
            f"The edition {value!r} cannot name a folder.",
            "Values of a parameter hold letters, digits, dots, hyphens and underscores only.",
        )
    return {name: value}


def parameter_values(project: Project, place: str) -> list[str]:
    """The values that a report's parameter can take, from table.column of the dataset."""
    table, _, column = place.partition(".")
    frame = project.dataset.frames.get(table)
    if frame is None or column not in frame:
        raise UsageError(f"The parameter's values should stand in {place}, which does not exist.")
    return [str(item) for item in frame[column].dropna().unique()]


def build(project: Project, request: Request, progress: Progress) -> Issue:
    """Make one issue, from data to archive.

    Raises:
        ProblemsError: a table or sentence cannot be computed.
        BuildError: a chart, the pages or the archive failed.
    """
    report = project.reports[request.edition.report]
    composed = _composed(project, report, request.edition, progress)
    held = [result.said for result in composed.gate if result.outcome == "hold"]
    if held:
        raise HeldError(
            f"The issue is held: {'; '.join(held)}.",
            "Complete the data, or let the check in report.yaml print a caveat instead.",
        )
    progress("render", ", ".join(request.formats))
    document = rendering.render(composed, report.folder, request.formats)
    progress("file", str(request.edition.period))
    folder = archive.issue_folder(request.output or project.output, request.edition)
    inputs = _inputs(project, report)
    previous = archive.previous_issue(project.output, request.edition)
    if report.since and previous:
        name = str((previous[0] / archive.MANIFEST).relative_to(project.output))
        inputs[f"previous/{name}"] = archive.digest((previous[0] / archive.MANIFEST).read_bytes())
    manifest = archive.manifest_for(request.edition, document, inputs, _versions())
    copy = request.output is not None or request.edition.as_of != request.edition.period.end
    return archive.file_issue(folder, request.edition, document, manifest, copy=copy)


def _composed(
    project: Project, report: ReportDefinition, edition: Edition, progress: Progress
) -> Composition:
    dataset, computed, sentences = _aggregated(project, report, edition, progress)
    progress("chart", f"{len(report.figures)} figures")
    drawn = _charts(report, computed, sentences, edition.as_of)
    progress("compose", f"{len(report.sections)} sections")
    composed = composition.compose(
        report, edition, project.publisher, dataset, computed, drawn, sentences
    )
    return replace(
        composed,
        gate=_gate(report, dataset, edition),
        **_since(project, report, dataset, edition, computed),
    )


def _gate(report: ReportDefinition, dataset: Dataset, edition: Edition) -> tuple[GateResult, ...]:
    try:
        return validation.pass_gate(report.gate, dataset, edition.as_of, edition.language)
    except ValueError as error:
        name, what = error.args
        line = next(check.line for check in report.gate if check.name == name)
        remedy = "Correct the check; docs/reference/report.md describes each kind."
        raise ProblemsError([Problem(report.file, line, f"gate.{name}", what, remedy)]) from None


def _since(
    project: Project,
    report: ReportDefinition,
    dataset: Dataset,
    edition: Edition,
    computed: Mapping[str, Table],
) -> dict[str, Any]:
    """What happened since the previous issue, and what this one knows, for the next."""
    if report.since is None:
        return {}
    _check_since(report, report.since, dataset, computed)
    now = composition.known_records(dataset, report.since.tables, edition.language)
    found = archive.previous_issue(project.output, edition)
    before, previous = None, None
    if found is not None and (known := archive.known_records(found[0])) is not None:
        before = known
        previous = period_title(found[1], edition.language), found[2]
    since = composition.compared(report.since, dataset, now, before, previous, computed, edition)
    return {"since": since, "known": now}


def _check_since(
    report: ReportDefinition,
    declared: SinceDeclaration,
    dataset: Dataset,
    computed: Mapping[str, Table],
) -> None:
    problems = [
        f"the dataset has no table {name!r}"
        for name in declared.tables
        if name not in dataset.frames
    ]
    if declared.due:
        columns = computed[declared.due].columns
        problems += [
            f"table {declared.due} has no column {name!r}"
            for name in (declared.due_column, declared.due_label)
            if name not in columns
        ]
        if not problems and columns[declared.due_column].kind != "date":
            problems.append(f"column {declared.due_column!r} of {declared.due} holds no dates")
    if problems:
        where, remedy = "since_last_issue", "Correct the name."
        raise ProblemsError(
            Problem(report.file, declared.line, where, what, remedy) for what in problems
        )


def _aggregated(
    project: Project, report: ReportDefinition, edition: Edition, progress: Progress
) -> tuple[Dataset, dict[str, Table], Sentences]:
    progress("aggregate", f"{len(report.tables)} tables as known on {edition.as_of}")
    dataset = validation.known_on(project.dataset, edition.as_of)

    def code(declaration: TableDeclaration) -> Any:
        try:
            return load(declaration.use, (report.folder, project.root))
        except ExtensionError as error:
            where = f"tables.{declaration.name}.use"
            raise ProblemsError(
                [
                    Problem(
                        declaration.file,
                        declaration.line,
                        where,
                        error.message.rstrip("."),
                        error.hint,
                    )
                ]
            ) from error

    computed, problems = tables.aggregate_all(report.tables, dataset, edition, code)
    if problems:
        raise ProblemsError(problems)
    return dataset, computed, composition.sentences_for(edition, computed)


def _charts(
    report: ReportDefinition, computed: Mapping[str, Table], sentences: Sentences, as_of: date
) -> dict[str, Chart | None]:
    drawn: dict[str, Chart | None] = {}
    problems: list[Problem] = []
    for name, declaration in report.figures.items():
        try:
            table = computed[declaration.table]
            if table.frame.empty:
                drawn[name] = None
                continue
            kind = charts.KINDS.get(declaration.kind)
            options = kind.options if kind else {}
            texts = {
                key: declaration.options[key]
                for key, option in options.items()
                if option.means in {"text", "words"} and key in declaration.options
            }
            by_row = {key for key in texts if options[key].means == "words"}
            rows = TableView(table, sentences.language).rows
            drawn[name] = charts.draw(
                declaration,
                table,
                titles={key: sentences.say(text) for key, text in declaration.columns.items()},
                words={key: sentences.say(texts[key]) for key in texts if key not in by_row},
                row_words={
                    key: [sentences.say(texts[key], row=row) for row in rows] for key in by_row
                },
                language=sentences.language,
                as_of=as_of,
            )
        except NothingKnownError:
            drawn[name] = None  # composition leaves the figure out and says so
        except ProblemsError as error:
            problems += error.problems
        except BuildError as error:
            where = f"figures.{name}"
            problems.append(
                Problem(
                    declaration.file,
                    declaration.line,
                    where,
                    error.message.rstrip("."),
                    error.hint,
                )
            )
    if problems:
        raise ProblemsError(problems)
    return drawn


def check(project: Project, today: date) -> list[Problem]:
    """Rehearse every report: tables, guard, sentences and charts of the last complete period.

    Reports with a parameter are rehearsed with its first value.
    """
    problems: list[Problem] = []
    for report in project.reports.values():
        try:
            values = [parameter_values(project, place) for place in report.parameters.values()]
            first = values[0][0] if values and values[0] else ""
            for language in project.languages:
                edition = edition_of(project, report, today, language=language, parameter=first)
                problems += _composed(project, report, edition, lambda *_: None).omitted
        except ProblemsError as error:
            problems += error.problems
        except UsageError as error:
            problems.append(Problem(report.file, 1, "parameters", error.message, error.hint))
    return sorted(set(problems))


def _inputs(project: Project, report: ReportDefinition) -> dict[str, str]:
    """Everything the issue depends on, by hash: configuration, report, dataset, fonts."""
    own = f"{report.folder.relative_to(project.root)}/"
    others = [
        f"{item.folder.relative_to(project.root)}/"
        for item in project.reports.values()
        if item.name != report.name
    ]
    files = {
        name: path
        for name, path in project.inputs.items()
        if name.startswith(own) or not any(name.startswith(other) for other in others)
    }
    hashes = {name: archive.digest(path.read_bytes()) for name, path in files.items()}
    for path in font_files().values():
        hashes[f"fonts/{path.name}"] = archive.digest(path.read_bytes())
    return hashes


def _versions() -> dict[str, str]:
    return {"briefing": version("briefing"), **{name: version(name) for name in _LIBRARIES}}

"""The one place where the stages meet, in their order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from briefing import archive, charts, composition, rendering, tables, validation
from briefing.editions import edition_of, parameter_values
from briefing.errors import (
    BriefingError,
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
    FigureDeclaration,
    GateResult,
    Issue,
    Progress,
    Project,
    ReportDefinition,
    SinceDeclaration,
    Table,
    TableDeclaration,
)
from briefing.tables.added import problems_of_adding
from briefing.templating import Sentences, TableView

_SETTINGS = ("publisher", "timezone", "languages")
_LIBRARIES = ("babel", "jinja2", "matplotlib", "pandas", "weasyprint")


@dataclass(frozen=True)
class Request:
    """What is asked for: which edition, in which files, where.

    Attributes:
        output: a folder other than the archive; None for the archive.
        keeper: the process that moves the finished issue in; this one where not given.
    """

    edition: Edition
    formats: tuple[str, ...] = rendering.FORMATS
    output: Path | None = None
    keeper: int | None = None

    @property
    def is_copy(self) -> bool:
        """Whether it is made beside the archive: as of another day, or into another folder."""
        return self.output is not None or self.edition.as_of != self.edition.period.end


def build(project: Project, request: Request, progress: Progress) -> Issue:
    """Make one issue, from data to archive, whoever else may be doing the same.

    Raises:
        ProblemsError: a table or sentence cannot be computed.
        BuildError: a chart, the pages or the archive failed.
    """
    return archive.place(stage(project, request, progress))


def stage(project: Project, request: Request, progress: Progress) -> archive.Staged:
    """Make one issue and leave it beside its place in the archive.

    Raises:
        ProblemsError: a table or sentence cannot be computed.
        BuildError: a chart, the pages or the archive failed.
    """
    report = project.reports[request.edition.report]
    composed = _composed(project, report, request.edition, progress, for_mail=True)
    held = [result.said for result in composed.gate if result.outcome == "hold"]
    if held:
        raise HeldError(
            f"The issue is held: {'; '.join(held)}.",
            "Complete the data, or let the check in report.yaml print a caveat instead.",
        )
    progress("render", ", ".join(request.formats))
    from briefing.charts.style import DARK  # draws, so it is loaded only where charts are drawn

    document = rendering.render(composed, report.folder, request.formats, DARK)
    progress("file", str(request.edition.period))
    folder = archive.issue_folder(request.output or project.output, request.edition)
    inputs = _inputs(project, report)
    previous = archive.previous_issue(project.output, request.edition)
    if report.since and previous:
        name = str((previous[0] / archive.MANIFEST).relative_to(project.output))
        inputs[f"previous/{name}"] = archive.digest((previous[0] / archive.MANIFEST).read_bytes())
    manifest = archive.manifest_for(request.edition, document, inputs, _versions())
    return archive.stage(
        folder,
        request.edition,
        document,
        manifest,
        copy=request.is_copy,
        keeper=request.keeper,
    )


def _composed(
    project: Project,
    report: ReportDefinition,
    edition: Edition,
    progress: Progress,
    *,
    for_mail: bool = False,
) -> Composition:
    """Everything that the issue says; ``for_mail``, its mail's chart is drawn as pixels too."""
    dataset, computed, sentences = _aggregated(project, report, edition, progress)
    progress("chart", f"{len(report.figures)} figures")
    drawn = _charts(report, report.figures, computed, sentences, dataset, edition)
    progress("compose", f"{len(report.sections)} sections")
    composed = composition.compose(
        report,
        edition,
        project.publisher[edition.language],
        dataset,
        computed,
        drawn,
        sentences,
        _courses(report, computed, edition.language),
    )
    if for_mail:
        composed = rendering.illustrated(
            composed,
            lambda name: _charts(
                report, [name], computed, sentences, dataset, edition, for_mail=True
            )[name],
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
    return {"since": since, "known": now, "news": composition.news(since, edition.language)}


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
    known = validation.known_on(project.dataset, edition.as_of)
    dataset = validation.in_language(known, edition.language)

    def code(declaration: TableDeclaration) -> Any:
        try:
            return load(declaration.use, (report.folder, project.root))
        except ExtensionError as error:
            where = f"tables.{declaration.name}.use"
            raise ProblemsError([_problem(declaration, where, error)]) from error

    computed, problems = tables.aggregate_all(report.tables, dataset, edition, code)
    if problems:
        raise ProblemsError(problems)
    return dataset, computed, composition.sentences_for(edition, computed)


def _problem(
    declaration: TableDeclaration | FigureDeclaration, where: str, error: BriefingError
) -> Problem:
    """What went wrong with a declaration, as a problem at the place where it stands."""
    what = error.message.rstrip(".")
    return Problem(declaration.file, declaration.line, where, what, error.hint)


def _charts(
    report: ReportDefinition,
    names: Iterable[str],
    computed: Mapping[str, Table],
    sentences: Sentences,
    dataset: Dataset,
    edition: Edition,
    *,
    for_mail: bool = False,
) -> dict[str, Chart | None]:
    """The figures of those names that are charts; the others, and those without data, are None."""
    draw = charts.rastered if for_mail else partial(charts.draw, narrow=True)
    drawn: dict[str, Chart | None] = {}
    problems: list[Problem] = []
    for name in names:
        declaration = report.figures[name]
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
            if kind and kind.adds:
                across = {str(declaration.options[key]) for key in kind.adds}
                value = str(declaration.options["value"])
                problems += problems_of_adding(table, value, across, dataset, edition)
            by_row = {key for key in texts if options[key].means == "words"}
            rows = TableView(table, sentences.language).rows
            drawn[name] = draw(
                declaration,
                table,
                titles={key: sentences.say(text) for key, text in declaration.columns.items()},
                words={key: sentences.say(texts[key]) for key in texts if key not in by_row},
                row_words={
                    key: [sentences.say(texts[key], row=row) for row in rows] for key in by_row
                },
                language=sentences.language,
                as_of=edition.as_of,
            )
        except NothingKnownError:
            drawn[name] = None  # composition leaves the figure out and says so
        except ProblemsError as error:
            problems += error.problems
        except BuildError as error:
            problems.append(_problem(declaration, f"figures.{name}", error))
    if problems:
        raise ProblemsError(problems)
    return drawn


def _courses(
    report: ReportDefinition, computed: Mapping[str, Table], language: str
) -> dict[str, dict[str, list[Chart | None]]]:
    """The small lines in the cells of printed tables, by figure and column."""
    drawn: dict[str, dict[str, list[Chart | None]]] = {}
    for name, declaration in report.figures.items():
        frame = computed[declaration.table].frame
        for column, keys in declaration.options.get("sparkline", {}).items():
            where = f"figures.{name}.sparkline.{column}"
            if keys["key"] not in frame:
                what = f"table {declaration.table} has no column {keys['key']!r}"
                remedy = "Name a column that both tables have."
                raise ProblemsError(
                    [Problem(declaration.file, declaration.line, where, what, remedy)]
                )
            from briefing.charts.sparklines import sparklines

            try:
                values = computed[keys["values"]]
                found = sparklines(list(frame[keys["key"]]), values, keys, language)
            except BuildError as error:
                raise ProblemsError([_problem(declaration, where, error)]) from None
            drawn.setdefault(name, {})[column] = found
    return drawn


def check(project: Project, today: date, *, every_edition: bool = False) -> list[Problem]:
    """Rehearse every report: tables, guard, sentences and charts of the last complete period.

    Args:
        every_edition: rehearse a report with a parameter with each of its values, not only with
            the first.
    """
    problems: list[Problem] = []
    for report in project.reports.values():
        try:
            values = [parameter_values(project, known) for known in report.parameters.values()]
            chosen = values[0] if values else [""]
            for parameter in chosen if every_edition else chosen[:1]:
                for language in project.languages:
                    edition = edition_of(
                        project, report, today, language=language, parameter=parameter
                    )
                    problems += _composed(project, report, edition, lambda *_: None).omitted
        except ProblemsError as error:
            problems += error.problems
        except UsageError as error:
            problems.append(Problem(report.file, 1, "parameters", error.message, error.hint))
    return sorted(set(problems))


def gate_now(project: Project, name: str, today: date) -> str:
    """What the gate of a report says of the data as known today: send, caveat or hold."""
    report = project.reports[name]
    known = validation.known_on(project.dataset, today)
    dataset = validation.in_language(known, project.languages[0])
    edition = Edition(name, Period.containing(today, report.grain), today, project.languages[0], {})
    results = _gate(report, dataset, edition)
    held = [result.said for result in results if result.outcome == "hold"]
    if held:
        return f"hold: {'; '.join(held)}"
    caveats = sum(result.outcome == "caveat" for result in results)
    return f"send, {caveats} caveat{'s' if caveats != 1 else ''}" if caveats else "send"


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
    del hashes["config.yaml"]  # when an issue is due and where it goes does not make it another
    hashes[f"config.yaml: {', '.join(_SETTINGS)}"] = archive.digest(_settings(project))
    for path in font_files().values():
        hashes[f"fonts/{path.name}"] = archive.digest(path.read_bytes())
    return hashes


def _settings(project: Project) -> bytes:
    """What an issue depends on of config.yaml, as canonical JSON."""
    values = {name: getattr(project, name) for name in _SETTINGS}
    return json.dumps(values, ensure_ascii=False, sort_keys=True).encode()


def _versions() -> dict[str, str]:
    return {"briefing": version("briefing"), **{name: version(name) for name in _LIBRARIES}}

"""The one place where the stages meet, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

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
from briefing.formatting import period_title
from briefing.inputs import inputs_of, versions
from briefing.periods import Period
from briefing.structures import (
    ALWAYS,
    CHANGED,
    CORRECTION,
    Chart,
    Composition,
    Correction,
    Dataset,
    DeliveryRule,
    Document,
    Edition,
    FigureDeclaration,
    GateResult,
    Issue,
    Progress,
    Project,
    ReportDefinition,
    Superseded,
    Table,
    TableDeclaration,
    Verdict,
)
from briefing.tables.added import problems_of_adding
from briefing.templating import Sentences, TableView


@dataclass(frozen=True)
class Request:
    """What is asked for: which edition, in which files, where.

    Attributes:
        output: a folder other than the archive; None for the archive.
        keeper: the process that moves the finished issue in; this one where not given.
        revision: 1, or which one a correction is; the one before lies in the archive.
        reason: why there is a correction, for its readers.
    """

    edition: Edition
    formats: tuple[str, ...] = rendering.FORMATS
    output: Path | None = None
    keeper: int | None = None
    revision: int = 1
    reason: str = ""

    @property
    def is_copy(self) -> bool:
        """Whether it is made beside the archive: as of another day, or into another folder."""
        return self.output is not None or self.edition.as_of != self.edition.period.end


class _Aggregated(NamedTuple):
    """The dataset as it was known, the tables computed from it, and what speaks about them."""

    dataset: Dataset
    computed: dict[str, Table]
    sentences: Sentences


def _silently(verb: str, what: str) -> None:
    """Show no progress."""


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
        HeldError: the data gate holds it.
        UsageError: a correction corrects nothing, or has no reason.
        BuildError: a chart, the pages or the archive failed.
    """
    before = _superseded(project, request)
    report = project.reports[request.edition.report]
    found = _aggregated(project, report, request.edition, progress)
    composed = _composed(project, report, request.edition, found, progress, for_mail=True)
    held = [result.said for result in composed.gate if result.outcome == "hold"]
    if held:
        raise HeldError(
            f"The issue is held: {'; '.join(held)}.",
            "Complete the data, or let the check in report.yaml print a caveat instead.",
        )
    progress("render", ", ".join(request.formats))
    from briefing.charts.style import DARK  # draws, so it is loaded only where charts are drawn

    def render(composed: Composition) -> Document:
        return rendering.render(composed, report.folder, request.formats, DARK)

    inputs = inputs_of(project, report, found.computed)
    if before:
        composed = _corrected(project, request, before, composed, render)
        inputs[f"previous/{before.name}"] = before.manifest
    document = render(composed)
    progress("file", str(request.edition.period))
    where = request.output or project.output
    folder = archive.issue_folder(where, request.edition, request.revision)
    previous = archive.previous_issue(project.output, request.edition)
    if report.since and previous:
        name = str((previous[0] / archive.MANIFEST).relative_to(project.output))
        inputs[f"previous/{name}"] = archive.digest((previous[0] / archive.MANIFEST).read_bytes())
    manifest = archive.manifest_for(
        request.edition, document, inputs, versions(), _named(composed.correction, before)
    )
    staged = archive.stage(
        folder,
        request.edition,
        document,
        manifest,
        copy=request.is_copy,
        keeper=request.keeper,
    )
    rule = project.deliveries.rule(report.name)
    return replace(staged, verdict=_verdict(rule, found.sentences, composed) if rule else None)


def _verdict(rule: DeliveryRule, sentences: Sentences, composed: Composition) -> Verdict:
    """Whether the issue goes to its readers, as its own tables say."""
    if rule.when == ALWAYS:
        return Verdict(True, ALWAYS)
    if rule.when == CHANGED:
        since = composed.since
        holds = since is None or not since.previous or not since.quiet
    else:
        holds = sentences.holds(rule.when, line=rule.line)
    return Verdict(holds, f"{rule.when}: {'yes' if holds else 'no'}")


def _superseded(project: Project, request: Request) -> Superseded | None:
    """What is corrected; None for a first revision."""
    if request.revision == 1:
        return None
    if not request.reason.strip():
        raise UsageError("A correction needs a reason, which its readers see.", "Add --reason.")
    return archive.superseded(project.output, request.edition, request.revision)


def _corrected(
    project: Project,
    request: Request,
    before: Superseded,
    composed: Composition,
    render: Callable[[Composition], Document],
) -> Composition:
    """The composition with what it corrects; refused where nothing but that would be new."""
    now = rendering.data_files(composed)
    if all(before.files.get(name) == body for name, body in now.items()):
        filed = composition.filed_correction(before.files.get(CORRECTION))
        again = render(replace(composed, correction=filed)).files
        pages = [name for name in before.files if name in again and not name.startswith("mail/")]
        if all(again[name] == before.files[name] for name in pages):
            raise UsageError(
                f"There is nothing to correct: {before.revision} would come out the same.",
                "Change the data or the report first.",
            )
    correction = composition.correction_of(
        composed, project.dataset.schemas, before.files, now, request.revision, request.reason
    )
    return replace(composed, correction=correction)


def _named(correction: Correction | None, before: Superseded | None) -> dict[str, Any]:
    """What the manifest of a correction says about it."""
    if correction is None or before is None:
        return {}
    return {
        "revision": correction.revision,
        "reason": correction.reason,
        "supersedes": {"revision": before.revision, "manifest": before.manifest},
    }


def _composed(
    project: Project,
    report: ReportDefinition,
    edition: Edition,
    found: _Aggregated,
    progress: Progress,
    *,
    for_mail: bool = False,
) -> Composition:
    """Everything that the issue says; ``for_mail``, its mail's chart is drawn as pixels too."""
    dataset, computed, sentences = found
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
        charts.courses_of(report, computed, edition.language),
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
    composition.check_since(report, report.since, dataset, computed)
    now = composition.known_records(dataset, report.since.tables, edition.language)
    found = archive.previous_issue(project.output, edition)
    before, previous = None, None
    if found is not None and (known := archive.known_records(found[0])) is not None:
        before = known
        previous = period_title(found[1], edition.language), found[2]
    since = composition.compared(report.since, dataset, now, before, previous, computed, edition)
    return {"since": since, "known": now, "news": composition.news(since, edition.language)}


def _aggregated(
    project: Project, report: ReportDefinition, edition: Edition, progress: Progress
) -> _Aggregated:
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
    return _Aggregated(dataset, computed, composition.sentences_for(edition, computed))


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
    draw = partial(charts.draw, screens="mail" if for_mail else "both")
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
                    found = _aggregated(project, report, edition, _silently)
                    composed = _composed(project, report, edition, found, _silently)
                    if rule := project.deliveries.rule(report.name):
                        _verdict(rule, found.sentences, composed)
                    problems += composed.omitted
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

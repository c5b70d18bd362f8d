"""The one place where the stages meet, in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from briefing import archive, composition, figures, rendering, validation
from briefing.editions import edition_of, parameter_values
from briefing.errors import HeldError, Problem, ProblemsError, UsageError
from briefing.executors import beside
from briefing.formatting import period_title
from briefing.inputs import answers_of, inputs_of, reuse_of, versions
from briefing.periods import Period
from briefing.reuse import COLOURS, ISSUE, Reuse, meaning, nothing_reused
from briefing.structures import (
    ALWAYS,
    CHANGED,
    CORRECTION,
    KNOWN,
    Chart,
    Composition,
    Correction,
    Dataset,
    DeliveryRule,
    Document,
    Edition,
    GateResult,
    Issue,
    Progress,
    Project,
    ReportDefinition,
    Screens,
    Superseded,
    Verdict,
)
from briefing.templating import Sentences


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


@dataclass(frozen=True)
class _Made:
    """What an issue consists of before it is filed.

    Attributes:
        correction: what its manifest says about what it corrects.
        answers: by hash, what databases answered.
        verdict: whether it goes to its readers; None where nobody receives its report.
    """

    document: Document
    correction: Mapping[str, Any]
    answers: Mapping[str, str]
    verdict: Verdict | None


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
    figures.read_large(project, report, request.edition)
    own = inputs_of(project, report)
    inputs = {**own, **_issues_before(project, report, request.edition, before)}
    reuse = reuse_of(project, report, request.edition, own)
    made = _made_or_kept(project, request, before, inputs, reuse, progress)
    progress("file", str(request.edition.period))
    where = request.output or project.output
    folder = archive.issue_folder(where, request.edition, request.revision)
    read = {**inputs, **made.answers}
    manifest = archive.manifest_for(
        request.edition, made.document, read, versions(), made.correction
    )
    staged = archive.stage(
        folder,
        request.edition,
        made.document,
        manifest,
        copy=request.is_copy,
        keeper=request.keeper,
    )
    reuse.remember()
    return replace(staged, issue=replace(staged.issue, reused=reuse.told), verdict=made.verdict)


def _issues_before(
    project: Project, report: ReportDefinition, edition: Edition, before: Superseded | None
) -> dict[str, str]:
    """The issues that this one compares itself with, by the SHA-256 of their manifests."""
    found = {f"previous/{before.name}": before.manifest} if before else {}
    previous = archive.previous_issue(project.output, edition) if report.since else None
    if previous:
        manifest = previous[0] / archive.MANIFEST
        name = str(manifest.relative_to(project.output))
        found[f"previous/{name}"] = archive.digest(manifest.read_bytes())
    return found


def _known_before(project: Project, report: ReportDefinition, edition: Edition) -> str:
    """SHA-256 of what the previous issue knew; empty where there is none, or it kept nothing."""
    previous = archive.previous_issue(project.output, edition) if report.since else None
    known = previous[0] / KNOWN if previous else None
    return archive.digest(known.read_bytes()) if known and known.is_file() else ""


def _made_or_kept(
    project: Project,
    request: Request,
    before: Superseded | None,
    inputs: Mapping[str, str],
    reuse: Reuse,
    progress: Progress,
) -> _Made:
    """The files of the issue, from the cache where nothing that they are made from has changed."""
    report = project.reports[request.edition.report]
    rule = project.deliveries.rule(report.name)

    def parts() -> dict[str, str]:
        return {
            **inputs,
            **_issues_before(project, report, request.edition, before),
            "what the previous issue knew": _known_before(project, report, request.edition),
            "the edition": meaning(request.edition),
            "the formats": ", ".join(request.formats),
            "the correction": f"{request.revision} {request.reason}",
            "the rule for its readers": rule.when if rule else "",
        }

    if own := figures.unknowable(project, report):
        reuse.anew(ISSUE, "", f"{', '.join(own)} may read anything")
        return _made(project, request, before, reuse, progress)
    asked = parts()
    kept: _Made | None = reuse.take(ISSUE, "", asked)
    if kept is not None:
        return kept
    made = _made(project, request, before, reuse, progress)
    if parts() == asked:  # nobody has replaced the previous issue meanwhile
        reuse.keep(ISSUE, "", asked, made)
    return made


def _made(
    project: Project,
    request: Request,
    before: Superseded | None,
    reuse: Reuse,
    progress: Progress,
) -> _Made:
    """The files of the issue, made."""
    report = project.reports[request.edition.report]
    found = _aggregated(project, report, request.edition, progress, reuse)
    composed = _composed(project, report, request.edition, found, progress, reuse)
    held = [result.said for result in composed.gate if result.outcome == "hold"]
    if held:
        raise HeldError(
            f"The issue is held: {'; '.join(held)}.",
            "Complete the data, or let the check in report.yaml print a caveat instead.",
        )
    progress("render", ", ".join(request.formats))
    dark = reuse.make(COLOURS, "", {}, _dark_colours)

    @cache
    def draw(name: str, screens: Screens) -> Chart | None:
        return figures.charts_of(report, [name], found, reuse, screens)[name]

    def render(composed: Composition) -> Document:
        return rendering.render(composed, report.folder, request.formats, dark, beside, draw)

    if before:
        composed = _corrected(project, request, before, composed, render)
    rule = project.deliveries.rule(report.name)
    verdict = _verdict(rule, found.sentences, composed) if rule else None
    answers = answers_of(found.dataset, found.computed)
    return _Made(render(composed), _named(composed.correction, before), answers, verdict)


def _dark_colours() -> Mapping[str, str]:
    from briefing.charts.style import DARK  # draws, so it is loaded only where charts are drawn

    return DARK


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
    found: figures.Aggregated,
    progress: Progress,
    reuse: Reuse | None = None,
) -> Composition:
    """Everything that the issue says, its charts drawn for paper."""
    dataset, computed, sentences = found.dataset, found.computed, found.sentences
    reuse = reuse or nothing_reused(edition)
    progress("chart", f"{len(report.figures)} figures")
    drawn = figures.charts_of(report, report.figures, found, reuse)
    progress("compose", f"{len(report.sections)} sections")
    composed = composition.compose(
        report,
        edition,
        project.publisher[edition.language],
        dataset,
        computed,
        drawn,
        sentences,
        figures.courses_of(report, found, reuse),
    )
    return replace(
        composed,
        gate=_gate(report, dataset, edition),
        **_since(project, report, found, reuse),
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
    project: Project, report: ReportDefinition, found_now: figures.Aggregated, reuse: Reuse
) -> dict[str, Any]:
    """What happened since the previous issue, and what this one knows, for the next."""
    dataset, computed, edition = found_now.dataset, found_now.computed, found_now.edition
    if report.since is None:
        return {}
    composition.check_since(report, report.since, dataset, computed)
    now = figures.records_of(project, report.since.tables, found_now, reuse)
    found = archive.previous_issue(project.output, edition)
    before, previous = None, None
    if found is not None and (known := archive.known_records(found[0])) is not None:
        before = known
        previous = period_title(found[1], edition.language), found[2]
    since = composition.compared(report.since, dataset, now, before, previous, computed, edition)
    return {"since": since, "known": now, "news": composition.news(since, edition.language)}


def _aggregated(
    project: Project,
    report: ReportDefinition,
    edition: Edition,
    progress: Progress,
    reuse: Reuse | None = None,
) -> figures.Aggregated:
    progress("aggregate", f"{len(report.tables)} tables as known on {edition.as_of}")
    return figures.aggregated(project, report, edition, reuse or nothing_reused(edition))


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
                    again = nothing_reused(edition)
                    figures.charts_of(report, report.figures, found, again, "narrow")
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

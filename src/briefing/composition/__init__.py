"""Stage 5, compose: everything that one issue says, before any markup."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from briefing import formatting
from briefing.composition.printing import printed
from briefing.composition.provenance import Provenance
from briefing.errors import Problem, ProblemsError
from briefing.structures import (
    Chart,
    Composition,
    Dataset,
    Edition,
    Figure,
    FigureDeclaration,
    Finding,
    KeyFigure,
    KeyFigureDeclaration,
    ReportDefinition,
    Section,
    Table,
)
from briefing.templating import Sentences, TableView


def sentences_for(edition: Edition, tables: Mapping[str, Table]) -> Sentences:
    """What an author's strings may name: ``tables``, ``period``, ``as_of``, ``parameters``."""
    return Sentences(
        edition.language,
        {
            "tables": {name: TableView(table, edition.language) for name, table in tables.items()},
            "period": formatting.period_title(edition.period, edition.language),
            "as_of": edition.as_of,
            "parameters": dict(edition.parameters),
        },
    )


def compose(
    report: ReportDefinition,
    edition: Edition,
    publisher: str,
    dataset: Dataset,
    tables: Mapping[str, Table],
    charts: Mapping[str, Chart | None],
    sentences: Sentences,
) -> Composition:
    """Put the issue together: numbered figures, findings, notes, and sources from the records.

    Raises:
        ProblemsError: every sentence that cannot be computed.
    """
    problems: list[Problem] = []
    shown = [report.figures[name].table for s in report.sections for name in s.figures]
    shown += [item.table for item in report.key_figures]
    provenance = Provenance(dataset, (tables[name] for name in shown if name in tables))
    figures = _figures(report, tables, charts, sentences, provenance, problems)
    sections = _sections(report, figures, sentences, problems)
    key_figures = _key_figures(report, tables, sentences, provenance, problems)
    findings = _findings(report, figures, sentences, problems)
    title, subtitle = "", ""
    methods: tuple[str, ...] = ()
    try:
        title = sentences.say(report.title)
        subtitle = sentences.say(report.subtitle) if report.subtitle else ""
        methods = tuple(sentences.say(text) for text in report.methods)
    except ProblemsError as error:
        problems += error.problems
    if problems:
        raise ProblemsError(problems)
    return Composition(
        report=report.name,
        title=title,
        subtitle=subtitle,
        publisher=publisher,
        period=edition.period,
        period_title=formatting.period_title(edition.period, edition.language),
        as_of=edition.as_of,
        as_of_title=formatting.day(edition.as_of, edition.language),
        language=edition.language,
        edition=edition.name,
        key_figures=key_figures,
        findings=findings,
        sections=sections,
        methods=methods,
        sources=provenance.entries(),
    )


def _figures(
    report: ReportDefinition,
    tables: Mapping[str, Table],
    charts: Mapping[str, Chart | None],
    sentences: Sentences,
    provenance: Provenance,
    problems: list[Problem],
) -> dict[str, Figure]:
    """Figures numbered in the order in which sections show them, charts and tables apart."""
    figures: dict[str, Figure] = {}
    counts = {"Figure": 0, "Table": 0}
    for name in (name for section in report.sections for name in section.figures):
        declaration = report.figures[name]
        if declaration.table not in tables:
            continue  # the table's own problem is reported already
        kind = "Table" if charts.get(name) is None else "Figure"
        counts[kind] += 1
        label = f"{kind} {counts[kind]}"
        try:
            figures[name] = _figure(
                declaration, label, counts[kind], tables, charts, sentences, provenance
            )
        except ProblemsError as error:
            problems += error.problems
    return figures


def _figure(
    declaration: FigureDeclaration,
    label: str,
    number: int,
    tables: Mapping[str, Table],
    charts: Mapping[str, Chart | None],
    sentences: Sentences,
    provenance: Provenance,
) -> Figure:
    table = tables[declaration.table]
    chart = charts.get(declaration.name)
    titles = {name: sentences.say(text) for name, text in declaration.columns.items()}
    if chart is not None and declaration.alt is not None:
        chart = replace(chart, alt=sentences.say(declaration.alt))
    return Figure(
        name=declaration.name,
        label=label,
        number=number,
        title=sentences.say(declaration.title),
        notes=tuple(sentences.say(note) for note in declaration.notes),
        sources=provenance.used(table, label),
        table=table,
        chart=chart,
        printed=None if chart else printed(table, declaration, titles, sentences.language),
    )


def _sections(
    report: ReportDefinition,
    figures: Mapping[str, Figure],
    sentences: Sentences,
    problems: list[Problem],
) -> tuple[Section, ...]:
    sections = []
    for number, declaration in enumerate(report.sections, 1):
        try:
            title = sentences.say(declaration.title)
            paragraphs = tuple(sentences.say(text) for text in declaration.text)
        except ProblemsError as error:
            problems += error.problems
            continue
        own = tuple(figures[name] for name in declaration.figures if name in figures)
        words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        sections.append(Section(f"section-{number}-{words}".rstrip("-"), title, paragraphs, own))
    return tuple(sections)


def _key_figures(
    report: ReportDefinition,
    tables: Mapping[str, Table],
    sentences: Sentences,
    provenance: Provenance,
    problems: list[Problem],
) -> tuple[KeyFigure, ...]:
    result = []
    for declaration in report.key_figures:
        if declaration.table not in tables:
            continue
        table = tables[declaration.table]
        try:
            position = _only_row(report, declaration, table)
            rows = TableView(table, sentences.language).rows
            more = {} if position is None else {"row": rows[position]}
            value = sentences.say(declaration.value, **more)
            label = sentences.say(declaration.label, **more)
        except ProblemsError as error:
            problems += error.problems
            continue
        result.append(KeyFigure(value, label, provenance.used(table, "", position)))
    return tuple(result)


def _only_row(
    report: ReportDefinition, declaration: KeyFigureDeclaration, table: Table
) -> int | None:
    """The position of the single row that a key figure means; None where it means the table."""
    if not declaration.only:
        return None
    where = declaration.value.key.rpartition(".")[0]
    for column in declaration.only:
        if column not in table.columns:
            what = f"table {table.name} has no column {column!r}"
            remedy = f"It has {', '.join(table.columns)}."
            raise ProblemsError([Problem(report.file, declaration.line, where, what, remedy)])
    found = [
        index
        for index, row in enumerate(table.frame.to_dict("records"))
        if all(str(row[column]) == value for column, value in declaration.only.items())
    ]
    if len(found) != 1:
        what = f"{len(found)} rows of table {table.name} are meant, not a single one"
        raise ProblemsError(
            [Problem(report.file, declaration.line, where, what, "Narrow `only` down.")]
        )
    return found[0]


def _findings(
    report: ReportDefinition,
    figures: Mapping[str, Figure],
    sentences: Sentences,
    problems: list[Problem],
) -> tuple[Finding, ...]:
    findings = []
    for declaration in sorted(report.findings, key=lambda item: item.rank):
        try:
            text = sentences.say(declaration.text)
            why = sentences.say(declaration.why) if declaration.why else ""
        except ProblemsError as error:
            problems += error.problems
            continue
        figure = figures.get(declaration.figure)
        findings.append(Finding(declaration.name, text, why, figure.label if figure else ""))
    return tuple(findings)


__all__ = ["compose", "sentences_for"]

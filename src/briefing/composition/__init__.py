"""Stage 5, compose: everything that one issue says, before any markup.

What cannot be said because nothing was known by then is left out, and noted in ``omitted``; a
figure without data keeps its place and says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from briefing import formatting
from briefing.composition.printing import printed
from briefing.composition.provenance import Provenance
from briefing.composition.since import compared, known_records
from briefing.errors import NothingKnownError, Problem, ProblemsError
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
    Text,
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
    shown = [report.figures[name].table for s in report.sections for name in s.figures]
    shown += [item.table for item in report.key_figures]
    provenance = Provenance(dataset, (tables[name] for name in shown))
    composer = _Composer(report, edition, tables, charts, sentences, provenance)
    figures = composer.figures()
    title, subtitle = composer.say(report.title), ""
    if report.subtitle:
        subtitle = composer.say(report.subtitle)
    composition = Composition(
        report=report.name,
        title=title or report.name,
        subtitle=subtitle,
        publisher=publisher,
        period=edition.period,
        period_title=formatting.period_title(edition.period, edition.language),
        as_of=edition.as_of,
        as_of_title=formatting.day(edition.as_of, edition.language),
        language=edition.language,
        edition=edition.name,
        key_figures=composer.key_figures(),
        findings=composer.findings(figures),
        sections=composer.sections(figures),
        methods=composer.all_said(report.methods),
        sources=provenance.entries(),
        records=provenance.records,
        omitted=tuple(composer.omitted),
    )
    if composer.problems:
        raise ProblemsError(composer.problems)
    return composition


@dataclass
class _Composer:
    """Says what can be said, and collects what cannot and why."""

    report: ReportDefinition
    edition: Edition
    tables: Mapping[str, Table]
    charts: Mapping[str, Chart | None]
    sentences: Sentences
    provenance: Provenance
    problems: list[Problem] = field(default_factory=list)
    omitted: list[Problem] = field(default_factory=list)

    def say(self, text: Text, **more: object) -> str:
        """The sentence; empty where it is a problem or nothing was known."""
        try:
            return self.sentences.say(text, **more)
        except ProblemsError as error:
            self.problems += error.problems
        except NothingKnownError:
            self._omit(text.file, text.line, text.key)
        return ""

    def all_said(self, texts: tuple[Text, ...]) -> tuple[str, ...]:
        """The sentences that can be said."""
        return tuple(said for text in texts if (said := self.say(text)))

    def _omit(self, file: str, line: int, where: str) -> None:
        what = f"nothing is known on {self.edition.as_of}, so it is left out"
        remedy = "Check the table's `where`, or accept it for this day."
        self.omitted.append(Problem(file, line, where, what, remedy))

    def figures(self) -> dict[str, Figure]:
        """Figures numbered in the order in which sections show them, charts and tables apart."""
        figures: dict[str, Figure] = {}
        counts = {"Figure": 0, "Table": 0}
        for name in (name for section in self.report.sections for name in section.figures):
            declaration = self.report.figures[name]
            kind = "Table" if declaration.kind == "table" else "Figure"
            counts[kind] += 1
            label = f"{kind} {counts[kind]}"
            try:
                figures[name] = self._figure(declaration, label, counts[kind])
            except ProblemsError as error:
                self.problems += error.problems
            except NothingKnownError:
                self._omit(declaration.file, declaration.line, f"figures.{name}")
                figures[name] = self._empty(declaration, label, counts[kind])
        return figures

    def _figure(self, declaration: FigureDeclaration, label: str, number: int) -> Figure:
        table = self.tables[declaration.table]
        chart = self.charts.get(declaration.name)
        charted = declaration.kind != "table"
        if table.frame.empty or (charted and chart is None):
            raise NothingKnownError
        say = self.sentences.say
        titles = {name: say(text) for name, text in declaration.columns.items()}
        if chart is not None and declaration.alt is not None:
            chart = replace(chart, alt=say(declaration.alt))
        title = say(declaration.title)
        sources, rows = self.provenance.used(table, label)
        return Figure(
            name=declaration.name,
            label=label,
            number=number,
            title=title,
            notes=self.all_said(declaration.notes),
            caveats=self.provenance.caveats(rows),
            sources=sources,
            table=table,
            rows=rows,
            chart=chart,
            printed=None
            if charted
            else printed(table, declaration, titles, self.sentences.language),
        )

    def _empty(self, declaration: FigureDeclaration, label: str, number: int) -> Figure:
        when = formatting.day(self.edition.as_of, self.edition.language)
        title = f"Nothing was known for this {label.split(maxsplit=1)[0].lower()} on {when}"
        table = self.tables[declaration.table]
        rows = tuple(() for _ in table.records)
        return Figure(declaration.name, label, number, title, (), (), (), table, rows)

    def sections(self, figures: Mapping[str, Figure]) -> tuple[Section, ...]:
        """The chapters with their figures."""
        sections = []
        for number, declaration in enumerate(self.report.sections, 1):
            title = self.say(declaration.title)
            own = tuple(figures[name] for name in declaration.figures if name in figures)
            words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
            anchor = f"section-{number}-{words}".rstrip("-")
            sections.append(Section(anchor, title, self.all_said(declaration.text), own))
        return tuple(sections)

    def key_figures(self) -> tuple[KeyFigure, ...]:
        """The numbers of the cover that are known."""
        result = []
        for declaration in self.report.key_figures:
            table = self.tables[declaration.table]
            try:
                position = self._only_row(declaration, table)
            except ProblemsError as error:
                self.problems += error.problems
                continue
            except NothingKnownError:
                text = declaration.value
                self._omit(text.file, text.line, text.key)
                continue
            rows = TableView(table, self.sentences.language).rows
            more = {} if position is None else {"row": rows[position]}
            value = self.say(declaration.value, **more)
            label = self.say(declaration.label, **more) if value else ""
            if label:
                sources, records = self.provenance.used(table, "", position)
                behind = tuple(name for row in records for name in row)
                result.append(KeyFigure(value, label, sources, behind))
        return tuple(result)

    def _only_row(self, declaration: KeyFigureDeclaration, table: Table) -> int | None:
        """The position of the single row that a key figure means; None: the whole table."""
        if not declaration.only:
            return None
        file, where = self.report.file, declaration.value.key.rpartition(".")[0]
        for column in declaration.only:
            if column not in table.columns:
                what = f"table {table.name} has no column {column!r}"
                remedy = f"It has {', '.join(table.columns)}."
                raise ProblemsError([Problem(file, declaration.line, where, what, remedy)])
        found = [
            index
            for index, row in enumerate(table.frame.to_dict("records"))
            if all(str(row[column]) == value for column, value in declaration.only.items())
        ]
        if not found:
            raise NothingKnownError
        if len(found) > 1:
            what = f"{len(found)} rows of table {table.name} are meant, not a single one"
            remedy = "Narrow `only` down."
            raise ProblemsError([Problem(file, declaration.line, where, what, remedy)])
        return found[0]

    def findings(self, figures: Mapping[str, Figure]) -> tuple[Finding, ...]:
        """The findings that can be said, the most important first."""
        findings = []
        for declaration in sorted(self.report.findings, key=lambda item: item.rank):
            text = self.say(declaration.text)
            if text:
                why = self.say(declaration.why) if declaration.why else ""
                figure = figures.get(declaration.figure)
                label = figure.label if figure else ""
                findings.append(Finding(declaration.name, text, why, label))
        return tuple(findings)


__all__ = ["compared", "compose", "known_records", "sentences_for"]

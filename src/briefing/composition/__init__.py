"""Stage 5, compose: everything that one issue says, before any markup.

What cannot be said because nothing was known by then is left out, and noted in ``omitted``; a
figure without data keeps its place and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from briefing import formatting
from briefing.catalogues import catalogue
from briefing.composition.corrections import correction_of, filed_correction
from briefing.composition.printing import printed
from briefing.composition.provenance import Provenance
from briefing.composition.since import check_since, compared, known_records, news
from briefing.errors import NothingKnownError, Problem, ProblemsError
from briefing.frames import rows_in
from briefing.structures import (
    Chart,
    Composition,
    Dataset,
    Edition,
    Figure,
    FigureDeclaration,
    FigureLink,
    Finding,
    Item,
    KeyFigure,
    KeyFigureDeclaration,
    ListDeclaration,
    ReportDefinition,
    Section,
    Table,
    Text,
)
from briefing.templating import Sentences, TableView, tables_named

Pictures = Mapping[str, Sequence[Chart | None]]
"""By column of a printed table, the pictures in its cells."""


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
    pictures: Mapping[str, Pictures] | None = None,
) -> Composition:
    """Put the issue together: numbered figures, findings, notes, and sources from the records.

    Args:
        pictures: by printed figure and column, what stands in its cells in place of words.

    Raises:
        ProblemsError: every sentence that cannot be computed.
    """
    shown = [report.figures[name].table for s in report.sections for name in s.figures]
    shown += [name for item in report.key_figures for name in (item.table, *item.also)]
    shown += [section.items.table for section in report.sections if section.items]
    named = {
        name
        for text in _texts(report)
        for name in tables_named(text, edition.language)
        if name in tables
    }
    shown += sorted(named)
    provenance = Provenance(dataset, (tables[name] for name in shown), edition.language)
    composer = _Composer(report, edition, tables, charts, sentences, pictures or {}, provenance)
    figures = composer.figures()
    for name in sorted(named):
        provenance.used(tables[name], None)  # a number in a sentence has its source listed too
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
        standing=provenance.standing(),
        silences=tuple(filter(None, composer.silences)),
        compact=report.compact,
        record_sets=tuple(provenance.record_sets.values()),
    )
    if composer.problems:
        raise ProblemsError(composer.problems)
    return composition


def _texts(report: ReportDefinition) -> Iterator[Text]:
    """Every string of the report that a reader may see."""
    yield report.title
    yield from filter(None, [report.subtitle])
    yield from report.methods
    for figure in report.figures.values():
        yield from (figure.title, *figure.notes, *figure.columns.values())
        yield from (item for item in figure.options.values() if isinstance(item, Text))
    for finding in report.findings:
        yield from filter(None, (finding.text, finding.why))
    for key_figure in report.key_figures:
        yield from (key_figure.value, key_figure.label)
    for section in report.sections:
        yield from (section.title, *section.text)
        if section.items:
            yield section.items.item


@dataclass
class _Composer:
    """Says what can be said, and collects what cannot and why."""

    report: ReportDefinition
    edition: Edition
    tables: Mapping[str, Table]
    charts: Mapping[str, Chart | None]
    sentences: Sentences
    pictures: Mapping[str, Pictures]
    provenance: Provenance
    problems: list[Problem] = field(default_factory=list)
    omitted: list[Problem] = field(default_factory=list)
    silences: list[str] = field(default_factory=list)

    def say(self, text: Text, *, optional: bool = False, **more: Any) -> str:
        """The sentence; empty where it is a problem or nothing was known."""
        try:
            return self.sentences.say(text, **more)
        except ProblemsError as error:
            self.problems += error.problems
        except NothingKnownError:
            if not optional:
                self._omit(text.file, text.line, text.key)
        return ""

    def all_said(self, texts: tuple[Text, ...]) -> tuple[str, ...]:
        """The sentences that can be said; one that comes out empty was not meant to be."""
        return tuple(said for text in texts if (said := self.say(text, may_be_empty=True)))

    def _omit(self, file: str, line: int, where: str) -> None:
        what = f"nothing is known on {self.edition.as_of}, so it is left out"
        remedy = "Check the table's `where`, or accept it for this day."
        self.omitted.append(Problem(file, line, where, what, remedy))

    def figures(self) -> dict[str, Figure]:
        """Figures numbered in the order in which sections show them, charts and tables apart."""
        figures: dict[str, Figure] = {}
        counts = {"figure": 0, "table": 0}
        say = catalogue(self.edition.language).gettext
        for name in (name for section in self.report.sections for name in section.figures):
            declaration = self.report.figures[name]
            kind = "table" if declaration.kind == "table" else "figure"
            label = say("Table {number}") if kind == "table" else say("Figure {number}")
            number = counts[kind] + 1
            link = FigureLink(label.format(number=number), f"{kind}-{number}")
            try:
                figures[name] = self._figure(declaration, link)
            except ProblemsError as error:
                self.problems += error.problems
            except NothingKnownError:
                if declaration.optional:
                    continue
                self._omit(declaration.file, declaration.line, f"figures.{name}")
                figures[name] = self._empty(declaration, link)
            counts[kind] = number
        return figures

    def _figure(self, declaration: FigureDeclaration, link: FigureLink) -> Figure:
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
        sources, rows = self.provenance.used(table, link)
        return Figure(
            name=declaration.name,
            label=link.label,
            anchor=link.anchor,
            title=title,
            notes=self.all_said(declaration.notes),
            caveats=self.provenance.caveats(rows),
            sources=sources,
            table=table,
            rows=rows,
            chart=chart,
            printed=None
            if charted
            else printed(
                table,
                declaration,
                titles,
                self.sentences.language,
                self.pictures.get(declaration.name),
            ),
            portions=self.provenance.portions(table),
        )

    def _empty(self, declaration: FigureDeclaration, link: FigureLink) -> Figure:
        when = formatting.day(self.edition.as_of, self.edition.language)
        say = catalogue(self.edition.language).gettext
        title = say("Nothing was known for this on {day}").format(day=when)
        table = self.tables[declaration.table]
        rows = tuple(() for _ in table.records)
        return Figure(declaration.name, link.label, link.anchor, title, (), (), (), table, rows)

    def sections(self, figures: Mapping[str, Figure]) -> tuple[Section, ...]:
        """The chapters with their items and figures; an empty one says so elsewhere."""
        sections = []
        for number, declaration in enumerate(self.report.sections, 1):
            own = tuple(figures[name] for name in declaration.figures if name in figures)
            items = self._items(declaration.items) if declaration.items else ()
            if declaration.if_empty and not own and not items:
                self.silences.append(self.say(declaration.if_empty))
                continue
            title = self.say(declaration.title)
            words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
            anchor = f"section-{number}-{words}".rstrip("-")
            paragraphs = self.all_said(declaration.text)
            sections.append(Section(anchor, title, paragraphs, own, items))
        return tuple(sections)

    def _items(self, declaration: ListDeclaration) -> tuple[Item, ...]:
        table = self.tables[declaration.table]
        items = []
        for position, row in enumerate(TableView(table, self.sentences.language).rows):
            text = self.say(declaration.item, optional=True, may_be_empty=True, row=row)
            if text:
                sources, records = self.provenance.used(table, None, position)
                items.append(Item(text, sources, tuple(name for own in records for name in own)))
        return tuple(items)

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
                if not declaration.optional:
                    self._omit(text.file, text.line, text.key)
                continue
            rows = TableView(table, self.sentences.language).rows
            more = {} if position is None else {"row": rows[position]}
            optional = declaration.optional
            value = self.say(declaration.value, optional=optional, **more)
            label = self.say(declaration.label, optional=optional, **more) if value else ""
            if label:
                used = [self.provenance.used(table, None, position)]
                used += [self.provenance.used(self.tables[name], None) for name in declaration.also]
                sources = tuple(dict.fromkeys(one for found, _ in used for one in found))
                behind = tuple(name for _, records in used for row in records for name in row)
                portions = self.provenance.portion(table, position)
                for name in declaration.also:
                    portions += self.provenance.portion(self.tables[name])
                result.append(KeyFigure(value, label, sources, behind, portions))
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
        named = {f"parameters.{key}": value for key, value in self.edition.parameters.items()}
        wanted = {column: named.get(value, value) for column, value in declaration.only.items()}
        found = [
            index
            for index, row in enumerate(rows_in(table.frame))
            if all(str(row[column]) == value for column, value in wanted.items())
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
            optional = declaration.optional
            text = self.say(declaration.text, optional=optional, may_be_empty=optional)
            if text:
                why = self.say(declaration.why) if declaration.why else ""
                figure = figures.get(declaration.figure)
                link = figure.link if figure else None
                findings.append(Finding(declaration.name, text, why, link))
        return tuple(findings)


__all__ = [
    "check_since",
    "compared",
    "compose",
    "correction_of",
    "filed_correction",
    "known_records",
    "news",
    "sentences_for",
]

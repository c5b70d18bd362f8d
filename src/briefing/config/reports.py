"""One folder of ``report_templates/``: report.yaml checked against itself and made into objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from briefing.charts.kinds import KINDS, PRINTED, PRINTED_OPTIONS, SPARKLINE_KEYS
from briefing.config.models import (
    DeriveKeys,
    FigureKeys,
    MeasureKeys,
    ParameterKeys,
    ReportKeys,
    TableKeys,
    Words,
)
from briefing.config.reading import KeyPath, Positions, dotted, read_yaml
from briefing.config.translation import checked
from briefing.errors import Problem, ProblemsError
from briefing.periods import Grain
from briefing.structures import (
    Condition,
    Derivation,
    FigureDeclaration,
    FindingDeclaration,
    GateCheck,
    KeyFigureDeclaration,
    ListDeclaration,
    MeasureUse,
    ParameterValues,
    ReportDefinition,
    SectionDeclaration,
    SinceDeclaration,
    TableDeclaration,
    Text,
)
from briefing.tables import arithmetic, conditions
from briefing.templating import prose_problems


def read_report(
    folder: Path, root: Path, languages: tuple[str, ...]
) -> tuple[ReportDefinition | None, dict[str, Path], list[Problem]]:
    """Read a report's folder.

    Returns:
        The report (None where it cannot be used), the files that it consists of, the problems.
    """
    source = folder / "report.yaml"
    files = {
        str(path.relative_to(root)): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    for name, path in files.items():
        if not path.resolve().is_relative_to(root.resolve()):
            what, remedy = "the link leads outside the project", "Put the file itself there."
            return None, {}, [Problem(name, 0, "", what, remedy)]
    try:
        values, positions = read_yaml(source, root)
    except ProblemsError as error:
        return None, files, list(error.problems)
    keys, problems = checked(ReportKeys, values, positions)
    if keys is None:
        return None, files, problems
    builder = _Builder(keys, positions, languages)
    report = builder.report(folder)
    return report, files, builder.problems


class _Builder:
    """Builds the objects and collects what is wrong on the way."""

    def __init__(self, keys: ReportKeys, positions: Positions, languages: tuple[str, ...]) -> None:
        self._keys = keys
        self._positions = positions
        self._languages = languages
        self.problems: list[Problem] = []

    def _wrong(self, path: KeyPath, what: str, remedy: str) -> None:
        self.problems.append(self._positions.problem(path, what, remedy))

    def report(self, folder: Path) -> ReportDefinition:
        keys = self._keys
        report = ReportDefinition(
            name=folder.name,
            folder=folder,
            file=self._positions.file,
            title=self._text(keys.title, ("title",)),
            subtitle=self._text(keys.subtitle, ("subtitle",)) if keys.subtitle else None,
            grain=keys.period_grain,
            tables=tuple(self._table(name, table) for name, table in keys.tables.items()),
            figures={name: self._figure(name) for name in keys.figures},
            findings=tuple(self._finding(name) for name in keys.findings),
            key_figures=tuple(self._key_figure(i) for i in range(len(keys.key_figures))),
            sections=tuple(self._section(i) for i in range(len(keys.sections))),
            methods=tuple(
                self._text(words, ("methods", i)) for i, words in enumerate(keys.methods)
            ),
            gate=tuple(
                GateCheck(name=name, line=self._positions.line(("gate", name)), **dict(check))
                for name, check in keys.gate.items()
            ),
            since=self._since(),
            parameters={name: self._parameter(name) for name in keys.parameters},
            compact=keys.layout == "compact",
        )
        self._check_places()
        self._check_parameters(report)
        return report

    # -- strings ------------------------------------------------------------------------------

    def _text(self, words: Words, path: KeyPath) -> Text:
        by_language: dict[str, str] = {}
        if isinstance(words, str):
            by_language.update(dict.fromkeys(self._languages, words))
        else:
            by_language.update({str(language): text for language, text in words.items()})
        text = Text(by_language, self._positions.file, self._positions.line(path), dotted(path))
        for language in self._languages:
            if language not in by_language:
                self._wrong(path, f"there is no text in {language!r}", "Add it.")
        once = Text(
            {"": words} if isinstance(words, str) else by_language, text.file, text.line, text.key
        )
        for problem in prose_problems(once, self._keys.tables):
            self.problems.append(problem)
        return text

    def _texts(self, words: list[Words], path: KeyPath) -> tuple[Text, ...]:
        return tuple(self._text(item, (*path, index)) for index, item in enumerate(words))

    def _parsed(self, parse: Callable[[str], Any], text: str, path: KeyPath) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            self._wrong(path, str(error), "See docs/reference/report.md.")
            return None

    # -- tables -------------------------------------------------------------------------------

    def _table(self, name: str, keys: TableKeys) -> TableDeclaration:
        path: KeyPath = ("tables", name)
        where: Condition | None = None
        if keys.where:
            where = self._parsed(conditions.parse, keys.where, (*path, "where"))
        for dotted_name in (keys.pivot, keys.complete):
            if dotted_name and dotted_name not in keys.by:
                what = f"{dotted_name!r} is not in `by`"
                self._wrong(path, what, "Add it to `by`, or drop it here.")
        if keys.compare in {"previous period", "same period last year"} and not keys.grain:
            self._wrong((*path, "compare"), "a comparison in time needs `grain`", "Add `grain`.")
        return TableDeclaration(
            name=name,
            file=self._positions.file,
            line=self._positions.line(path),
            dataset=keys.dataset,
            use=keys.use,
            where=where,
            by=tuple(keys.by),
            measures=tuple(_measures(keys.measures)),
            grain=(keys.grain.column, Grain(keys.grain.to)) if keys.grain else None,
            derive=tuple(self._derivations(keys, path)),
            sort=tuple(keys.sort),
            top=keys.top,
            pivot=keys.pivot,
            complete=keys.complete,
            dropna=tuple(keys.dropna),
            compare=keys.compare,
            rank=tuple(keys.rank),
            share=keys.share,
            cumulative=tuple(keys.cumulative),
            across=tuple(keys.across),
        )

    def _derivations(self, keys: TableKeys, path: KeyPath) -> Iterator[Derivation]:
        for name, body in keys.derive.items():
            spelled = DeriveKeys(formula=body) if isinstance(body, str) else body
            self._parsed(arithmetic.parse, spelled.formula, (*path, "derive", name))
            yield Derivation(name, spelled.formula, spelled.unit)

    # -- figures and sentences ------------------------------------------------------------------

    def _figure(self, name: str) -> FigureDeclaration:
        keys = self._keys.figures[name]
        path: KeyPath = ("figures", name)
        self._known_table(keys.table, (*path, "table"))
        if keys.limit and keys.kind != PRINTED:
            self._wrong((*path, "limit"), "only printed tables have a limit", "Drop it.")
        options = self._options(keys.kind, keys.model_extra or {}, path)
        table = self._keys.tables.get(keys.table)
        titles = [keys.title] if isinstance(keys.title, str) else list(keys.title.values())
        if table and table.across and any(f"{keys.table}.across" not in title for title in titles):
            what = f"the table adds across {', '.join(table.across)}, but the title does not say so"
            remedy = f"Write {{{{ tables.{keys.table}.across }}}} into the title."
            self._wrong((*path, "title"), what, remedy)
        return FigureDeclaration(
            name=name,
            kind=keys.kind,
            table=keys.table,
            title=self._text(keys.title, (*path, "title")),
            options=options,
            file=self._positions.file,
            line=self._positions.line(path),
            notes=self._texts(keys.notes, (*path, "notes")),
            alt=self._text(keys.alt, (*path, "alt")) if keys.alt else None,
            columns={
                column: self._text(words, (*path, "columns", column))
                for column, words in keys.columns.items()
            },
            optional=keys.optional,
            limit=keys.limit,
        )

    def _options(self, kind: str, given: dict[str, Any], path: KeyPath) -> dict[str, Any]:
        if kind != PRINTED and kind not in KINDS:
            remedy = f"Kinds: {', '.join([*KINDS, PRINTED])}."
            self._wrong((*path, "kind"), f"there is no chart kind {kind!r}", remedy)
            return {}
        known = KINDS[kind].options if kind in KINDS else PRINTED_OPTIONS
        options: dict[str, Any] = {}
        for key, value in given.items():
            if key not in known:
                common = list(FigureKeys.model_fields)
                remedy = f"A figure of kind {kind} knows {', '.join([*common, *known])}."
                self._wrong((*path, key), "the key is not known", remedy)
            elif known[key].means in {"text", "words"}:
                options[key] = self._text(value, (*path, key))
            elif known[key].means == "pictures":
                options[key] = self._courses(value, (*path, key))
            elif not isinstance(value, str):
                self._wrong((*path, key), f"{value!r} is no name", "Write the name of a column.")
            else:
                options[key] = value
        for key, option in known.items():
            if option.required and key not in given:
                what = f"a figure of kind {kind} needs `{key}`: {option.about}"
                self._wrong((*path, key), what, "Add it.")
        return options

    def _courses(self, given: Any, path: KeyPath) -> dict[str, dict[str, str]]:
        """The small lines of a printed table: for each new column, what they are drawn from."""
        wanted = ", ".join(SPARKLINE_KEYS)
        if not isinstance(given, dict):
            self._wrong(path, "is no mapping", f"Give each column {wanted}.")
            return {}
        courses = {}
        for column, keys in given.items():
            if not isinstance(keys, dict) or set(keys) != set(SPARKLINE_KEYS):
                self._wrong((*path, column), "does not say what is drawn", f"Give it {wanted}.")
                continue
            self._known_table(str(keys["values"]), (*path, column, "values"))
            courses[str(column)] = {key: str(value) for key, value in keys.items()}
        return courses

    def _known_table(self, name: str, path: KeyPath) -> None:
        if name not in self._keys.tables:
            remedy = f"Tables here: {', '.join(self._keys.tables)}."
            self._wrong(path, f"there is no table {name!r}", remedy)

    def _known_figure(self, name: str, path: KeyPath) -> None:
        if name and name not in self._keys.figures:
            remedy = f"Figures here: {', '.join(self._keys.figures) or 'none'}."
            self._wrong(path, f"there is no figure {name!r}", remedy)

    def _finding(self, name: str) -> FindingDeclaration:
        keys = self._keys.findings[name]
        path: KeyPath = ("findings", name)
        self._known_figure(keys.figure, (*path, "figure"))
        why = self._text(keys.why, (*path, "why")) if keys.why else None
        text = self._text(keys.text, (*path, "text"))
        return FindingDeclaration(name, text, keys.rank, why, keys.figure, keys.optional)

    def _key_figure(self, index: int) -> KeyFigureDeclaration:
        keys = self._keys.key_figures[index]
        path: KeyPath = ("key_figures", index)
        self._known_table(keys.table, (*path, "table"))
        value = self._text(keys.value, (*path, "value"))
        label = self._text(keys.label, (*path, "label"))
        line = self._positions.line(path)
        for position, name in enumerate(keys.also):
            self._known_table(name, (*path, "also", position))
        return KeyFigureDeclaration(
            value, label, keys.table, keys.only, line, keys.optional, tuple(keys.also)
        )

    def _section(self, index: int) -> SectionDeclaration:
        keys = self._keys.sections[index]
        path: KeyPath = ("sections", index)
        for position, name in enumerate(keys.figures):
            self._known_figure(name, (*path, "figures", position))
        text = self._texts(keys.text, (*path, "text"))
        if keys.items:
            self._known_table(keys.items.table, (*path, "items", "table"))
        return SectionDeclaration(
            title=self._text(keys.title, (*path, "title")),
            text=text,
            figures=tuple(keys.figures),
            items=ListDeclaration(
                keys.items.table, self._text(keys.items.item, (*path, "items", "item"))
            )
            if keys.items
            else None,
            if_empty=self._text(keys.if_empty, (*path, "if_empty")) if keys.if_empty else None,
        )

    def _since(self) -> SinceDeclaration | None:
        keys = self._keys.since_last_issue
        if keys is None:
            return None
        if keys.due:
            self._known_table(keys.due, ("since_last_issue", "due"))
        return SinceDeclaration(
            tuple(keys.tables),
            self._positions.line(("since_last_issue",)),
            keys.due,
            keys.due_column,
            keys.due_label,
        )

    def _parameter(self, name: str) -> ParameterValues:
        body = self._keys.parameters[name]
        path: KeyPath = ("parameters", name)
        spelled = ParameterKeys(values=body) if isinstance(body, str) else body
        table, dot, column = spelled.values.partition(".")
        if not dot or "." in column:
            what = f"{spelled.values!r} does not say where its values stand"
            self._wrong(path, what, "Write it as table.column.")
        where: Condition | None = None
        if spelled.where:
            where = self._parsed(conditions.parse, spelled.where, (*path, "where"))
        return ParameterValues(table, column, where)

    def _check_places(self) -> None:
        """Every figure stands in exactly one section."""
        placed = [name for section in self._keys.sections for name in section.figures]
        for name in self._keys.figures:
            if placed.count(name) != 1:
                what = f"the figure stands in {placed.count(name)} sections"
                self._wrong(("figures", name), what, "List it in exactly one section.")

    def _check_parameters(self, report: ReportDefinition) -> None:
        scope = {*report.parameters, "period.start", "period.end", "as_of"}
        for table in report.tables:
            for name in conditions.parameters_of(table.where):
                if name not in scope:
                    path: KeyPath = ("tables", table.name, "where")
                    self._wrong(path, f"there is no parameter {name!r}", "Declare it first.")
        for index, figure in enumerate(report.key_figures):
            for column, value in figure.only.items():
                prefix, dot, name = value.partition(".")
                if prefix == "parameters" and dot and name not in report.parameters:
                    only: KeyPath = ("key_figures", index, "only", column)
                    self._wrong(only, f"there is no parameter {name!r}", "Declare it first.")


def _measures(keys: list[str] | dict[str, str | MeasureKeys]) -> Iterator[MeasureUse]:
    if isinstance(keys, list):
        yield from (MeasureUse(name, measure=name) for name in keys)
        return
    for name, body in keys.items():
        if isinstance(body, str):
            yield MeasureUse(name, measure=body)
        else:
            yield MeasureUse(name, body.measure, body.of, body.aggregation)


__all__ = ["read_report"]

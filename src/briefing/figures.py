"""A report's tables, records and charts: computed and drawn, or as the cache has kept them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from briefing import charts, composition, tables, validation
from briefing.charts.kinds import PRINTED
from briefing.errors import (
    BriefingError,
    BuildError,
    NothingKnownError,
    Problem,
    ProblemsError,
)
from briefing.extensions import ExtensionError, load
from briefing.reuse import FIGURE, RECORDS, TABLE, Reuse, content_of, meaning
from briefing.structures import (
    Chart,
    Combination,
    Comparison,
    Condition,
    Dataset,
    Edition,
    FigureDeclaration,
    KnownRecord,
    Parameter,
    Project,
    ReportDefinition,
    Screens,
    Table,
    TableDeclaration,
)
from briefing.tables.added import problems_of_adding
from briefing.templating import Sentences, TableView

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Aggregated:
    """The dataset as it was known, the tables computed from it, and what speaks about them.

    Attributes:
        contents: SHA-256 of the tables that were asked for one, by name.
    """

    edition: Edition
    dataset: Dataset
    computed: dict[str, Table]
    sentences: Sentences
    contents: dict[str, str] = field(default_factory=dict)

    def content(self, name: str) -> str:
        """SHA-256 over what a table shows."""
        if name not in self.contents:
            self.contents[name] = content_of(self.computed[name])
        return self.contents[name]


def aggregated(
    project: Project, report: ReportDefinition, edition: Edition, reuse: Reuse
) -> Aggregated:
    """The tables of a report, as known on the edition's as-of day.

    Raises:
        ProblemsError: a table cannot be computed.
    """
    known = validation.known_on(project.dataset, edition.as_of)
    dataset = validation.in_language(known, edition.language)

    def code(declaration: TableDeclaration) -> Any:
        try:
            return load(declaration.use, (report.folder, project.root))
        except ExtensionError as error:
            where = f"tables.{declaration.name}.use"
            raise ProblemsError([problem_at(declaration, where, error)]) from error

    parts = _parts_of_tables(project, report, edition, reuse)
    kept: dict[str, Table] = {}
    for declaration in report.tables:
        if declaration.name not in parts:
            reuse.anew(
                TABLE,
                declaration.name,
                f"{declaration.use or declaration.dataset} is asked every time",
            )
        elif (table := reuse.take(TABLE, declaration.name, parts[declaration.name])) is not None:
            kept[declaration.name] = replace(table, declaration=declaration)
    missing = tuple(item for item in report.tables if item.name not in kept)
    made, problems = tables.aggregate_all(missing, dataset, edition, code)
    if problems:
        raise ProblemsError(problems)
    for name in made.keys() & parts.keys():
        reuse.keep(TABLE, name, parts[name], made[name])
    computed = {item.name: {**kept, **made}[item.name] for item in report.tables}
    return Aggregated(edition, dataset, computed, composition.sentences_for(edition, computed))


def read_large(project: Project, report: ReportDefinition, edition: Edition) -> None:
    """Ask large tables now that nobody has read: they are hashed in the pass that answers.

    Raises:
        ProblemsError: a table cannot be read, or its records have problems.
    """
    large = project.dataset.large
    unread = {name for name, table in large.items() if table.hashed_in_passing}
    declared = [item for item in report.tables if not item.use and item.dataset in unread]
    if declared:
        known = validation.known_on(project.dataset, edition.as_of)
        tables.ask(declared, validation.in_language(known, edition.language), edition)


def _parts_of_tables(
    project: Project, report: ReportDefinition, edition: Edition, reuse: Reuse
) -> dict[str, dict[str, str]]:
    """By table, everything that it is computed from; none where nobody can tell."""
    return {
        declaration.name: {
            "its declaration": meaning(declaration),
            **_files_of(project, _tables_read(declaration, project.dataset), reuse),
            "the as-of day": edition.as_of.isoformat(),
            "the language": edition.language,
            **_parameters_of(declaration.where, edition),
        }
        for declaration in report.tables
        if not _is_unknowable(declaration, project)
    }


def unknowable(project: Project, report: ReportDefinition) -> list[str]:
    """What a report's tables come from that nobody can compare: own code, and databases."""
    found = [item.use or item.dataset for item in report.tables if _is_unknowable(item, project)]
    return list(dict.fromkeys(found))


def _is_unknowable(declaration: TableDeclaration, project: Project) -> bool:
    large = project.dataset.large.get(declaration.dataset)
    return bool(declaration.use) or (large is not None and not large.digests())


def _files_of(project: Project, tables_read: set[str], reuse: Reuse) -> dict[str, str]:
    """By name, SHA-256 of the files of the dataset's tables, and of what describes them."""
    names = {path: name for name, path in project.inputs.items()}
    files = project.dataset.files
    wanted = {table for table in files if table not in project.dataset.schemas} | tables_read
    read = sorted(names[files[table]] for table in wanted if table in files)
    return {name: reuse.files[name] if reuse.is_on else "" for name in read}


def _tables_read(declaration: TableDeclaration, dataset: Dataset) -> set[str]:
    """The dataset's tables that a declaration can reach: its own, and over foreign keys named."""
    schema = dataset.schemas.get(declaration.dataset)
    words = set(_WORD.findall(f"{declaration!r} {schema.measures if schema else ''}"))
    reached: set[str] = set()
    waiting = [declaration.dataset]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in dataset.schemas:
            continue
        reached.add(name)
        keys = dataset.schemas[name].foreign_keys
        waiting += [key.table for key in keys if words & set(_WORD.findall(" ".join(key.fields)))]
    return reached


def _parameters_of(condition: Condition | None, edition: Edition) -> dict[str, str]:
    """The values of the edition that a condition names."""
    named = set(_parameters_in(condition))
    found = {f"the {name}": edition.parameters.get(name, "") for name in sorted(named)}
    if any(name.startswith("period.") for name in named):
        found["the period"] = str(edition.period)
    return found


def _parameters_in(condition: Condition | None) -> Iterator[str]:
    if isinstance(condition, Combination):
        for part in condition.parts:
            yield from _parameters_in(part)
    elif isinstance(condition, Comparison):
        values = condition.value if isinstance(condition.value, list | tuple) else [condition.value]
        yield from (value.name for value in values if isinstance(value, Parameter))


def records_of(
    project: Project, names: Iterable[str], found: Aggregated, reuse: Reuse
) -> tuple[KnownRecord, ...]:
    """Every record of some of the dataset's tables as it is known on the as-of day."""
    records: list[KnownRecord] = []
    for name in names:
        schema = found.dataset.schemas[name]
        parts = {
            **_files_of(project, {name, *(key.table for key in schema.foreign_keys)}, reuse),
            "the as-of day": found.edition.as_of.isoformat(),
            "the language": found.edition.language,
        }
        read = partial(composition.known_records, found.dataset, [name], found.edition.language)
        records += reuse.make(RECORDS, name, parts, read)
    return tuple(records)


def problem_at(
    declaration: TableDeclaration | FigureDeclaration, where: str, error: BriefingError
) -> Problem:
    """What went wrong with a declaration, as a problem at the place where it stands."""
    what = error.message.rstrip(".")
    return Problem(declaration.file, declaration.line, where, what, error.hint)


def charts_of(
    report: ReportDefinition,
    names: Iterable[str],
    found: Aggregated,
    reuse: Reuse,
    screens: Screens = "wide",
) -> dict[str, Chart | None]:
    """The figures of those names that are charts; the others, and those without data, are None.

    Args:
        screens: what they are drawn for.

    Raises:
        ProblemsError: a figure cannot be drawn.
    """
    drawn: dict[str, Chart | None] = {}
    problems: list[Problem] = []
    for name in names:
        declaration = report.figures[name]
        drawn[name] = None  # composition leaves the figure out and says so
        try:
            if not found.computed[declaration.table].frame.empty:
                problems += _problems_of_adding(declaration, found)
                drawn[name] = _chart(declaration, found, reuse, screens)
        except NothingKnownError:
            pass
        except ProblemsError as error:
            problems += error.problems
        except BuildError as error:
            problems.append(problem_at(declaration, f"figures.{name}", error))
    if problems:
        raise ProblemsError(problems)
    return drawn


def _problems_of_adding(declaration: FigureDeclaration, found: Aggregated) -> list[Problem]:
    """Why a chart that adds what it draws must not add it."""
    kind = charts.KINDS.get(declaration.kind)
    if kind is None or not kind.adds:
        return []
    table = found.computed[declaration.table]
    across = {str(declaration.options[key]) for key in kind.adds}
    value = str(declaration.options["value"])
    return problems_of_adding(table, value, across, found.dataset, found.edition)


def _chart(
    declaration: FigureDeclaration, found: Aggregated, reuse: Reuse, screens: Screens
) -> Chart | None:
    """One figure, drawn or as it was drawn from the same table and words."""
    table, sentences = found.computed[declaration.table], found.sentences
    kind = charts.KINDS.get(declaration.kind)
    options = kind.options if kind else {}
    texts = {
        key: declaration.options[key]
        for key, option in options.items()
        if option.means in {"text", "words"} and key in declaration.options
    }
    by_row = {key for key in texts if options[key].means == "words"}
    rows = TableView(table, sentences.language).rows
    said: dict[str, Any] = {
        "titles": {key: sentences.say(text) for key, text in declaration.columns.items()},
        "words": {key: sentences.say(texts[key]) for key in texts if key not in by_row},
        "row_words": {key: [sentences.say(texts[key], row=row) for row in rows] for key in by_row},
    }
    draw = partial(
        charts.draw,
        declaration,
        table,
        **said,
        language=sentences.language,
        as_of=found.edition.as_of,
        screens=screens,
    )
    if not reuse.is_on or kind is None or declaration.kind == PRINTED:
        return draw()
    name = declaration.name if screens == "wide" else f"{declaration.name}, {screens}"
    if table.declaration.use:
        reuse.anew(FIGURE, name, f"{table.declaration.use} is run every time")
        return draw()
    parts = {
        "its declaration": meaning(declaration),
        f"table {table.name}": found.content(table.name),
        "its words": meaning(said),
        "the language": sentences.language,
        "the as-of day": found.edition.as_of.isoformat(),
        **_fonts(reuse.files),
    }
    return reuse.make(FIGURE, name, parts, draw)


def _fonts(files: Mapping[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in files.items() if name.startswith("fonts/")}


def courses_of(
    report: ReportDefinition, found: Aggregated, reuse: Reuse
) -> dict[str, dict[str, list[Chart | None]]]:
    """The small lines in the cells of printed tables, by figure and column.

    Raises:
        ProblemsError: a table lacks a column that is named, or a line cannot be drawn.
    """
    language = found.sentences.language
    draw = partial(charts.courses_of, report, found.computed, language)
    lined = {
        name: item.options["sparkline"]
        for name, item in report.figures.items()
        if item.options.get("sparkline")
    }
    named = {report.figures[name].table for name in lined}
    named |= {str(keys["values"]) for lines in lined.values() for keys in lines.values()}
    known = {name: found.computed[name] for name in named if name in found.computed}
    own = any(table.declaration.use for table in known.values())
    if not reuse.is_on or not lined or own or len(known) < len(named):
        return draw()
    parts = {
        "their declaration": meaning(lined),
        **{f"table {name}": found.content(name) for name in sorted(known)},
        "the language": language,
        **_fonts(reuse.files),
    }
    return reuse.make(FIGURE, "small lines", parts, draw)

"""Asks large tables for everything that the declarations of a report need, in one pass each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from briefing.errors import Problem
from briefing.structures import Condition, Dataset, TableDeclaration
from briefing.structures.reductions import Reduction
from briefing.tables.additivity import Guard
from briefing.tables.aggregation import rows_of, schema_of
from briefing.tables.behind import Answer
from briefing.tables.needs import own_columns, reduction_of, translations
from briefing.tables.work import TableError, Work

_Need = tuple[Reduction, Condition | None, frozenset[str], Mapping[str, str]]
"""What is asked, what is left of the condition, columns as in the source, and translated ones."""


def answered(
    declarations: Sequence[TableDeclaration],
    dataset: Dataset,
    scope: Mapping[str, Any],
    language: str,
) -> tuple[dict[str, Answer], list[Problem]]:
    """The answers to declarations about large tables, by the name of the declaration.

    Args:
        scope: values of parameters, ``period.start``, ``period.end`` and ``as_of``.

    Returns:
        The answers, without those to declarations that cannot be computed, and the problems.

    Raises:
        ProblemsError: a table cannot be read, or its records have problems.
    """
    needs: dict[str, dict[str, _Need]] = {}
    problems: list[Problem] = []
    for declaration in declarations:
        try:
            found = _needs(declaration, dataset, scope, language)
            needs.setdefault(declaration.dataset, {})[declaration.name] = found
        except TableError as error:
            problems += error.problems
    answers = {}
    for name, asked in needs.items():
        table = dataset.large[name]
        frames = table.reduced([need[0] for need in asked.values()])
        for (declared, need), frame in zip(asked.items(), frames, strict=True):
            answers[declared] = Answer(table, *need, frame)
    return answers, problems


def _needs(
    declaration: TableDeclaration, dataset: Dataset, scope: Mapping[str, Any], language: str
) -> _Need:
    """What a declaration asks for; every mistake in it is found before anything is read."""
    schema = schema_of(declaration, dataset)
    nothing = dataset.large[schema.name].specimen()
    guard = Guard(schema, declaration, nothing)
    work = Work(declaration, schema, dataset, language, guard)
    for link in schema.foreign_keys:
        if link.table in dataset.large:
            raise work.stop(
                f"{', '.join(link.fields)} refers to {link.table}, which is a large table",
                "Keep the tables that others refer to small.",
            )
    specimen = rows_of(work, nothing, declaration.where, scope)
    asked, rest = reduction_of(work, specimen, scope)
    return asked, rest, own_columns(work), translations(work)

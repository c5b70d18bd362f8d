"""Stage 3, aggregate: declared tables become frames, and what must not be added is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from briefing.errors import Problem
from briefing.structures import Dataset, Edition, Table, TableDeclaration
from briefing.tables.aggregation import aggregate
from briefing.tables.asking import answered
from briefing.tables.own import call_own
from briefing.tables.work import TableError


def aggregate_all(
    declarations: tuple[TableDeclaration, ...], dataset: Dataset, edition: Edition, code: Any = None
) -> tuple[dict[str, Table], list[Problem]]:
    """Compute every declared table.

    Args:
        dataset: as known on the edition's as-of day.
        code: finds the function behind a table's ``use:``.

    Returns:
        The tables by name, without those that have problems, and the problems.
    """
    scope = _scope(edition)
    tables: dict[str, Table] = {}
    declared = [item for item in declarations if not item.use and item.dataset in dataset.large]
    answers, problems = answered(declared, dataset, scope, edition.language)
    for declaration in declarations:
        try:
            if declaration.use:
                tables[declaration.name] = call_own(declaration, dataset, code(declaration))
            elif declaration.dataset not in dataset.large:
                tables[declaration.name] = aggregate(declaration, dataset, scope, edition.language)
            elif answer := answers.get(declaration.name):
                tables[declaration.name] = aggregate(
                    declaration, dataset, scope, edition.language, answer
                )
        except TableError as error:
            problems += error.problems
    return tables, problems


def ask(declarations: Sequence[TableDeclaration], dataset: Dataset, edition: Edition) -> None:
    """Have large tables answer some declarations; they remember what they answered.

    Args:
        dataset: as known on the edition's as-of day.

    Raises:
        ProblemsError: a table cannot be read, or its records have problems.
    """
    answered(declarations, dataset, _scope(edition), edition.language)


def _scope(edition: Edition) -> Mapping[str, Any]:
    """What names in a condition stand for."""
    return {
        **edition.parameters,
        "period.start": pd.Timestamp(edition.period.start),
        "period.end": pd.Timestamp(edition.period.end),
        "as_of": pd.Timestamp(edition.as_of),
    }


__all__ = ["aggregate_all", "ask"]

"""What one declared table works on, and how it says that it cannot be computed."""

from __future__ import annotations

from dataclasses import dataclass

from babel.support import NullTranslations

from briefing.catalogues import catalogue
from briefing.errors import BriefingError, Problem
from briefing.structures import Column, Dataset, TableDeclaration, TableSchema
from briefing.tables.additivity import Guard

LINES = "__lines"


class TableError(BriefingError):
    """A declared table cannot be computed."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(str(item) for item in problems))


def problem(declaration: TableDeclaration, what: str, remedy: str) -> Problem:
    """A problem at the place where the table is declared."""
    where = f"tables.{declaration.name}"
    return Problem(declaration.file, declaration.line, where, what, remedy)


@dataclass(frozen=True)
class Work:
    """What one declaration works on."""

    declaration: TableDeclaration
    schema: TableSchema
    dataset: Dataset
    language: str
    guard: Guard

    @property
    def columns(self) -> dict[str, Column]:
        """The columns of the table itself, before grouping."""
        return {
            field.name: Column(field.name, field.title, "quantity", field.unit, field.unit_column)
            for field in self.schema.fields
        }

    @property
    def words(self) -> NullTranslations:
        """The shipped labels in the reader's language."""
        return catalogue(self.language)

    @property
    def other(self) -> str:
        """What the groups beyond ``top`` are called together."""
        return self.words.gettext("other")

    def stop(self, what: str, remedy: str = "Mend the table's declaration.") -> TableError:
        """The error to raise, at the place where the table is declared."""
        return TableError([problem(self.declaration, what, remedy)])

"""A table in a database: what is asked is grouped and added there, and only the answer travels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from briefing.errors import Problem, ProblemsError
from briefing.formatting import CURRENCIES, minor_units
from briefing.periods import Grain
from briefing.structures import Combination, Comparison, Condition, Field, Secret, TableSchema
from briefing.structures.reductions import (
    FIRST,
    ROWS,
    LargeSource,
    Last,
    PartialKind,
    Reduction,
    last,
    partial,
)

_TYPES: dict[str, Any] = {
    "string": sa.String(),
    "integer": sa.BigInteger(),
    "number": sa.Float(),
    "boolean": sa.Boolean(),
    "date": sa.Date(),
    "year": sa.Integer(),
}
_FRAME_TYPES = {
    "string": "str",
    "integer": "Int64",
    "number": "Float64",
    "boolean": "boolean",
    "date": "datetime64[s]",
    "year": "Int64",
}
_TRUNCATED = {
    Grain.YEAR: "year",
    Grain.QUARTER: "quarter",
    Grain.MONTH: "month",
    Grain.WEEK: "week",
}
_CONNECT = 10  # seconds
_ROWS = 5_000_000  # of an answer: more is no report


class SqlTable:
    """A table or view of a database; answers are remembered while the process lives.

    The order of the groups is that of their values: a database keeps no order of its own.
    """

    def __init__(self, source: LargeSource, address: Callable[[], Secret]) -> None:
        """Nothing is connected yet.

        Args:
            address: gives the database's URL, with its secrets.
        """
        self.schema: TableSchema = source.schema
        self._address = address
        name, _, _ = source.table.rpartition(".")
        self._table = sa.table(
            source.table.rpartition(".")[2],
            *(
                sa.column(f.name, sa.types.NullType() if f.money else _TYPES[f.type])
                for f in source.schema.fields
            ),
            schema=name or None,
        )
        self._answers: dict[Reduction, pd.DataFrame] = {}

    def specimen(self) -> pd.DataFrame:
        """A frame of its columns, typed, without rows."""
        return pd.DataFrame(
            {f.name: pd.Series([], dtype=_frame_type(f)) for f in self.schema.fields}
        )

    def reduced(self, reductions: Sequence[Reduction]) -> list[pd.DataFrame]:
        """The answer to each reduction: one statement each, of one snapshot of the table.

        Raises:
            ProblemsError: the database does not answer, or the table is another than described.
        """
        new = [item for item in dict.fromkeys(reductions) if item not in self._answers]
        if new:
            statements = [self.statement(item) for item in new]
            lasts = [self.last_statement(item, one) for item in new for one in item.lasts]
            found = self._asked([*statements, *lasts])
            winners = iter(found[len(new) :])
            for asked, rows in zip(new, found[: len(new)], strict=True):
                own = [next(winners) for _ in asked.lasts]
                self._answers[asked] = self._frame(asked, rows, own)
        return [self._answers[item] for item in reductions]

    def digests(self) -> dict[Path, str]:
        """None: what a database answered is the input of an issue."""
        return {}

    hashed_in_passing = False

    def records(self, asked: Reduction, limit: int) -> pd.DataFrame:
        """The first records that the reduction is about, in the order of the primary key.

        Raises:
            ProblemsError: the database does not answer any more.
        """
        fields = self.schema.fields
        columns = [self._cell(f.name).label(f.name) for f in fields]
        statement = sa.select(*columns).select_from(self._table).limit(limit)
        if asked.where is not None:
            statement = statement.where(self._meets(asked.where))
        order = self.schema.primary_key or tuple(f.name for f in fields)
        statement = statement.order_by(*(self._table.c[name] for name in order))
        (rows,) = self._asked([statement])
        found = {f.name: self._typed(f, [row[at] for row in rows]) for at, f in enumerate(fields)}
        frame = pd.DataFrame(found)
        return frame.set_axis(pd.RangeIndex(1, len(rows) + 1, name="line"), axis=0)

    def statement(self, asked: Reduction) -> sa.Select[Any]:
        """The reduction as SQL.

        Raises:
            ProblemsError: it computes a column record by record.
        """
        if asked.derive:
            names = ", ".join(item.name for item in asked.derive)
            what = f"{names} would be computed record by record, outside the database"
            raise self._refused(what, "Compute it in a view, or from the groups.")
        grouped = [self._group(asked, name) for name in asked.groups]
        columns = [item.label(f"g{at}") for at, item in enumerate(grouped)]
        measured = [
            self._partial(name, kind).label(f"m{at}")
            for at, (name, kind) in enumerate(asked.measured)
        ]
        statement = sa.select(*columns, sa.func.count().label("n"), *measured)
        statement = statement.select_from(self._table)
        if asked.where is not None:
            statement = statement.where(self._meets(asked.where))
        if not grouped:
            return statement.having(sa.func.count() > 0)
        # by position: a server takes an expression with parameters for another one each time
        return statement.group_by(*(sa.literal_column(str(at + 1)) for at in range(len(grouped))))

    def last_statement(self, asked: Reduction, wanted: Last) -> sa.Select[Any]:
        """The last records of the reduction's groups as SQL: groups, value, what was compared.

        Raises:
            ProblemsError: nothing in the table says which record is the last.
        """
        if not wanted.keys or not self.schema.primary_key:
            what = f"nothing says which record is the last that has {wanted.column!r}"
            remedy = "Give the measure an `order`, and the table a primary key that decides ties."
            raise self._refused(what, remedy)
        groups = [self._group(asked, name) for name in asked.groups]
        cells = [self._cell(name) for name in (wanted.column, *wanted.keys)]
        order = [_CodePoints(cell).desc().nulls_last() for cell in cells[1:]]
        number = sa.func.row_number().over(partition_by=groups or None, order_by=order)
        named = [cell.label(f"c{at}") for at, cell in enumerate([*groups, *cells])]
        inner = sa.select(*named, number.label("n")).select_from(self._table)
        inner = inner.where(cells[0].is_not(None))
        if asked.where is not None:
            inner = inner.where(self._meets(asked.where))
        ranked = inner.subquery()
        return sa.select(*(ranked.c[label.name] for label in named)).where(ranked.c.n == 1)

    def _winners(self, asked: Reduction, wanted: Last, rows: list[Any]) -> pd.DataFrame:
        """The last records by group, named as in a reduced frame; the primary key decides ties."""
        named = {name: name for name in asked.groups}
        parts = {"value": wanted.column, **{f"key {n}": k for n, k in enumerate(wanted.keys)}}
        named |= {last(part, wanted.column, wanted.order): k for part, k in parts.items()}
        columns = {
            label: self._typed(self._field(name), [row[at] for row in rows])
            for at, (label, name) in enumerate(named.items())
        }
        columns[last("line", wanted.column, wanted.order)] = pd.Series(
            [1] * len(rows), dtype="Int64"
        )
        return pd.DataFrame(columns)

    def _group(self, asked: Reduction, name: str) -> sa.ColumnElement[Any]:
        column = self._cell(name)
        if asked.grain and asked.grain[0] == name and asked.grain[1] in _TRUNCATED:
            return _Truncated(sa.literal_column(f"'{_TRUNCATED[asked.grain[1]]}'"), column)
        return column

    def _cell(self, name: str) -> sa.ColumnElement[Any]:
        """A column; money in minor units, as everywhere."""
        if name not in self._table.c:
            raise self._refused(f"there is no column {name!r}", "Describe it.")
        column: sa.ColumnElement[Any] = self._table.c[name]
        field = self.schema.field_named(name)
        if field is None or not field.money:
            return column
        if not field.unit_column:
            return column * minor_units(field.unit)
        unit = self._table.c[field.unit_column]
        factors = {code: minor_units(code) for code in sorted(CURRENCIES)}
        minor = [(unit == code, factor) for code, factor in factors.items() if factor != 1]
        return column * sa.case(*minor, else_=1) if minor else column

    def _partial(self, name: str, kind: PartialKind) -> sa.ColumnElement[Any]:
        column = self._cell(name)
        if kind == "present":
            return sa.func.count(column)
        if kind == "sum":
            return sa.func.sum(column)
        return sa.func.min(column) if kind == "min" else sa.func.max(column)

    def _meets(self, condition: Condition) -> sa.ColumnElement[bool]:
        """A condition that is never unknown: a missing cell meets none but ``== None``."""
        if isinstance(condition, Combination):
            parts = [self._meets(part) for part in condition.parts]
            if condition.operator == "not":
                return sa.not_(parts[0])
            return sa.and_(*parts) if condition.operator == "and" else sa.or_(*parts)
        column = self._cell(condition.column)
        if condition.value is None:
            return column.is_(None) if condition.operator == "==" else column.is_not(None)
        return sa.and_(column.is_not(None), _compared(column, condition))

    def _asked(self, statements: Sequence[sa.Select[Any]]) -> list[list[Any]]:
        """The rows of each statement, all from one snapshot."""
        address = self._address()
        try:
            engine = sa.create_engine(address.reveal(), poolclass=sa.pool.NullPool)
            postgres = engine.dialect.name == "postgresql"
            level = {"isolation_level": "REPEATABLE READ"} if postgres else {}
            with engine.connect().execution_options(**level) as connection:
                found = [list(connection.execute(item).fetchmany(_ROWS)) for item in statements]
            engine.dispose()
        except (sa.exc.SQLAlchemyError, ImportError, OverflowError) as error:
            first = str(getattr(error, "orig", None) or error).strip().splitlines()
            said = address.hidden_in(first[0] if first else type(error).__name__)
            remedy = "Check the address, the table's name and the described columns."
            raise self._refused(f"the database says: {said}", remedy) from None
        return found

    def _frame(
        self, asked: Reduction, rows: list[Any], lasts: Sequence[list[Any]] = ()
    ) -> pd.DataFrame:
        """The reduced frame, in the order of its groups.

        Args:
            lasts: the last records of the groups, for each that was asked for.
        """
        count = len(asked.groups)
        columns: dict[str, Any] = {}
        for at, name in enumerate(asked.groups):
            field = self._field(name)
            columns[name] = self._typed(field, [row[at] for row in rows])
        columns[ROWS] = pd.Series([int(row[count]) for row in rows], dtype="int64")
        for at, (name, kind) in enumerate(asked.measured, count + 1):
            cells = [row[at] for row in rows]
            if kind == "present":
                columns[partial(name, kind)] = pd.Series(cells, dtype="Int64")
            else:
                columns[partial(name, kind)] = self._typed(self._field(name), cells)
            if name not in columns:
                columns[name] = pd.Series([None] * len(rows), dtype=_frame_type(self._field(name)))
        frame = pd.DataFrame(columns, index=pd.RangeIndex(len(rows)))
        for wanted, own in zip(asked.lasts, lasts, strict=True):
            found = self._winners(asked, wanted, own)
            if asked.groups:
                frame = frame.merge(found, how="left", on=list(asked.groups))
            else:
                frame = frame.join(found)
            if wanted.column not in frame:
                empty = _frame_type(self._field(wanted.column))
                frame[wanted.column] = pd.Series([None] * len(frame), dtype=empty)
        if asked.groups:
            frame = frame.sort_values(list(asked.groups), kind="stable", ignore_index=True)
        frame[FIRST] = range(len(frame))
        return frame

    def _field(self, name: str) -> Field:
        field = self.schema.field_named(name)
        assert field is not None  # the statement was made of the schema's columns
        return field

    def _typed(self, field: Field, cells: list[Any]) -> pd.Series[Any]:
        """Cells as validation would type them.

        Raises:
            ProblemsError: a cell is of another type than described.
        """
        kind = _frame_type(field)
        try:
            plain = [_plain(cell) for cell in cells]
            if kind == "Int64" and any(cell is not None and abs(cell) >= 2**63 for cell in plain):
                return pd.Series(plain, dtype=object)
            if kind == "datetime64[s]":
                return pd.to_datetime(pd.Series(plain, dtype=object)).astype("datetime64[s]")
            return pd.Series(plain, dtype=kind)
        except (TypeError, ValueError) as error:
            what = f"the column {field.name!r} is described as {field.type}: {error}"
            raise self._refused(what, "Correct the description, or the column.") from None

    def _refused(self, what: str, remedy: str) -> ProblemsError:
        return ProblemsError([Problem(self.schema.file, 0, "", what, remedy)])


class _Truncated(sa.sql.functions.GenericFunction[Any]):
    """The first day of a period: PostgreSQL computes it, another database groups by day."""

    type = sa.Date()
    inherit_cache = True
    name = "briefing_truncated"


class _CodePoints(sa.sql.functions.GenericFunction[Any]):
    """A column to sort by, text as in a file: PostgreSQL would sort it by the rules of a tongue."""

    inherit_cache = True
    name = "briefing_code_points"


@compiles(_CodePoints)
def _as_it_is(element: Any, compiler: Any, **more: Any) -> str:
    return str(compiler.process(next(iter(element.clauses)), **more))


@compiles(_CodePoints, "postgresql")
def _by_code_points(element: Any, compiler: Any, **more: Any) -> str:
    column = next(iter(element.clauses))
    shown = compiler.process(column, **more)
    return f'{shown} COLLATE "C"' if isinstance(column.type, sa.String) else str(shown)


@compiles(_Truncated)
def _by_day(element: Any, compiler: Any, **more: Any) -> str:
    return str(compiler.process(list(element.clauses)[1], **more))


@compiles(_Truncated, "postgresql")
def _by_period(element: Any, compiler: Any, **more: Any) -> str:
    grain, column = (compiler.process(part, **more) for part in element.clauses)
    return f"CAST(date_trunc({grain}, {column}) AS DATE)"


def _compared(column: sa.ColumnElement[Any], condition: Comparison) -> sa.ColumnElement[bool]:
    value = condition.value
    if isinstance(value, tuple):
        inside = column.in_([_literal(item, column) for item in value])
        return inside if condition.operator == "in" else sa.not_(inside)
    operators: dict[str, Any] = {
        "==": column.__eq__,
        "!=": column.__ne__,
        "<": column.__lt__,
        "<=": column.__le__,
        ">": column.__gt__,
        ">=": column.__ge__,
    }
    found: sa.ColumnElement[bool] = operators[condition.operator](_literal(value, column))
    return found


def _literal(value: Any, column: sa.ColumnElement[Any]) -> Any:
    """A literal as the database's driver wants it."""
    if isinstance(column.type, sa.Date):
        return pd.Timestamp(value).date()
    return value


def _plain(cell: Any) -> Any:
    """A cell as pandas takes it; whole decimals are whole numbers, a broken one is refused."""
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    return pd.Timestamp(cell) if isinstance(cell, date) else cell


def _frame_type(field: Field) -> str:
    return "Int64" if field.money else _FRAME_TYPES[field.type]

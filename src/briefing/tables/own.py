"""Tables made by the author's own function, named with ``use: module:function``."""

from __future__ import annotations

import pandas as pd

from briefing.abc import TableFunction
from briefing.structures import Column, Dataset, Table, TableDeclaration
from briefing.tables.work import TableError, problem


def call_own(declaration: TableDeclaration, dataset: Dataset, function: TableFunction) -> Table:
    """Call the function with copies of the typed frames.

    The frame it returns may carry ``attrs["units"]`` (column -> unit) and a column ``records``
    with the lines of ``dataset`` behind each row, so that its numbers can be traced.
    """
    copies = {name: frame.copy() for name, frame in dataset.frames.items()}
    try:
        frame = function(copies)
    except MemoryError:
        raise  # the limit that the build runs under, not a mistake in the function
    except (Exception, SystemExit) as error:  # the author's code may raise anything
        what = f"{declaration.use} failed: {type(error).__name__}: {error}"
        raise TableError([problem(declaration, what, "Mend the function.")]) from error
    if not isinstance(frame, pd.DataFrame):
        what = f"{declaration.use} returned {type(frame).__name__}, not a DataFrame"
        raise TableError([problem(declaration, what, "Return a pandas DataFrame.")])
    units = frame.attrs.get("units", {})
    records: tuple[tuple[int, ...], ...] = tuple(() for _ in range(len(frame)))
    if "records" in frame:
        records = tuple(tuple(int(line) for line in lines) for lines in frame["records"])
        frame = frame.drop(columns="records")
    columns = {}
    for name in map(str, frame.columns):
        numeric = pd.api.types.is_numeric_dtype(frame[name])
        dated = pd.api.types.is_datetime64_any_dtype(frame[name])
        kind = "quantity" if numeric else "date" if dated else "text"
        columns[name] = Column(name, name.replace("_", " "), kind, units.get(name, ""))
    frame = frame.reset_index(drop=True)
    return Table(declaration.name, frame, columns, declaration.dataset, records, declaration)

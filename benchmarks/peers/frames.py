"""The peers for large tables: pandas, DuckDB and Polars make the same three tables of payments.

One lap reads and aggregates in a fork that has the library imported and nothing read.

    python -m benchmarks.peers.frames pandas-csv FILE    and so on: CONTENDERS
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from benchmarks.laps import serve_forgetting

Answer = list[int]
"""Of each table its number of rows; then the sums of all amounts, counts and companies in them."""


def summed(*tables: Iterable[tuple[Any, ...]]) -> dict[str, Answer]:
    """What a contender found, so that all can be compared.

    Args:
        tables: the three tables; of each row only numbers are looked at.
    """
    found: Answer = []
    for table in tables:
        rows = [[int(cell) for cell in row if not isinstance(cell, str)] for row in table]
        found += [len(rows), *(sum(column) for column in zip(*rows, strict=True))]
    return {"answer": found}


def pandas_csv(file: str) -> dict[str, Answer]:
    """As people write it."""
    pd = import_module("pandas")
    frame = pd.read_csv(file)
    kept = frame[frame.status != "returned"].groupby(["region", "quarter"])
    one = kept.agg(amount=("amount", "sum"), records=("payment", "size"))
    two = frame[frame.status == "paid"].groupby("programme").agg(amount=("amount", "sum"))
    three = frame.groupby("region").agg(companies=("company", "nunique"))
    return summed(*(table.itertuples(index=False, name=None) for table in (one, two, three)))


QUERIES = (
    "SELECT sum(amount), count(*) FROM {rows} WHERE status <> 'returned' GROUP BY region, quarter",
    "SELECT sum(amount) FROM {rows} WHERE status = 'paid' GROUP BY programme",
    "SELECT count(DISTINCT company) FROM {rows} GROUP BY region",
)


def duckdb(file: str) -> dict[str, Answer]:
    """In SQL, straight from the file."""
    connection = import_module("duckdb").connect()
    return summed(*(connection.sql(query.format(rows=f"'{file}'")).fetchall() for query in QUERIES))


def polars(file: str) -> dict[str, Answer]:
    """Lazily, all three tables in one go."""
    pl = import_module("polars")
    rows = (pl.scan_parquet if file.endswith(".parquet") else pl.scan_csv)(file)
    status = pl.col("status")
    asked = [
        rows.filter(status != "returned")
        .group_by("region", "quarter")
        .agg(pl.col("amount").sum(), pl.len().alias("records"))
        .drop("region", "quarter"),
        rows.filter(status == "paid").group_by("programme").agg(pl.col("amount").sum()),
        rows.group_by("region").agg(pl.col("company").drop_nulls().n_unique()),
    ]
    return summed(*(table.rows() for table in pl.collect_all(asked)))


CONTENDERS: dict[str, tuple[str, Callable[[str], dict[str, Answer]]]] = {
    "pandas-csv": ("pandas", pandas_csv),
    "duckdb-csv": ("duckdb", duckdb),
    "duckdb-parquet": ("duckdb", duckdb),
    "polars-csv": ("polars", polars),
    "polars-parquet": ("polars", polars),
}


def main(name: str, file: str) -> None:
    """Import the library, then serve."""
    library, work = CONTENDERS[name]
    import_module(library)
    serve_forgetting(lambda _: work(file))


if __name__ == "__main__":
    main(*sys.argv[1:])

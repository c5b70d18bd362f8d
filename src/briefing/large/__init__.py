"""Tables too large to hold: where reading, checking and reducing meet, block by block.

A CSV is read once: each block is checked, answers what is asked, and is kept as typed Parquet, from
which later questions are answered. Nothing here knows what a table is for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from briefing.errors import Problem, ProblemsError
from briefing.large.parquet import ParquetTable
from briefing.large.streamed import CsvTable
from briefing.large.threads import Mapped, in_threads
from briefing.structures import Dataset, DatasetDescription, Engine, Means, Secret
from briefing.structures.reductions import LargeSource, LargeTable

KEPT = "tables"
"""The folder of the cache in which checked tables are kept."""
Resolve = Callable[[LargeSource], Secret]
"""Gives the address of a table's database, with its secrets."""


def with_large(
    dataset: Dataset,
    described: DatasetDescription,
    means: Means,
    resolve: Resolve,
    engine: Engine | None = None,
) -> Dataset:
    """The dataset with its large tables; none of them has been read yet.

    Args:
        engine: where their parts are done, if ``means`` know how; None for here.

    Raises:
        ProblemsError: one of them cannot be read with what is installed or given.
    """
    schemas = {**dataset.schemas, **{item.schema.name: item.schema for item in described.large}}
    problems = [
        Problem(
            schema.file,
            0,
            ", ".join(key.fields),
            f"refers to {key.table}, which is a large table",
            "Keep the tables that others refer to small.",
        )
        for schema in schemas.values()
        for key in schema.foreign_keys
        if key.table in {item.schema.name for item in described.large}
    ]
    if problems:
        raise ProblemsError(problems)
    mapped: Mapped = in_threads
    if described.large and means.mapped and engine and engine.kind == "dask":
        mapped = means.mapped(engine)
    large = {
        item.schema.name: _opened(item, dataset, means, resolve, mapped) for item in described.large
    }
    return replace(dataset, schemas=schemas, large=large)


def _opened(
    source: LargeSource, dataset: Dataset, means: Means, resolve: Resolve, mapped: Mapped
) -> LargeTable:
    if source.kind == "sql":
        from briefing.sources.sql import SqlTable

        return SqlTable(source, partial(resolve, source))
    kind = CsvTable if source.kind == "csv" else ParquetTable
    kept = means.cache / KEPT if means.cache else None
    return kind(source, dataset, kept, mapped)


__all__ = ["KEPT", "with_large"]

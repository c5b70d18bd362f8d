"""Tables too large to hold: where reading, checking and reducing meet, block by block.

A CSV is read once: each block is checked, answers what is asked, and is kept as typed Parquet, from
which later questions are answered. Nothing here knows what a table is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from briefing.errors import Problem, ProblemsError
from briefing.large.parquet import ParquetTable
from briefing.large.streamed import CsvTable
from briefing.large.threads import Mapped, in_threads
from briefing.structures import Dataset, DatasetDescription, Secret
from briefing.structures.reductions import LargeSource, LargeTable

KEPT = Path(".briefing") / "cache" / "tables"
"""Where checked tables are kept, in the project's folder."""


@dataclass(frozen=True)
class Means:
    """What large tables are read with.

    Attributes:
        kept: folder in which checked tables are kept as Parquet; None: they are not kept.
        mapped: calls a function for each of many parts; here, in threads, or elsewhere.
        environ: the environment, for the secrets in the address of a database.
    """

    kept: Path | None = None
    mapped: Mapped = in_threads
    environ: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Path, environ: Mapping[str, str]) -> Means:
        """What a door gives: tables are kept under the project unless ``BRIEFING_CACHE=off``."""
        off = environ.get("BRIEFING_CACHE") == "off"
        return cls(None if off else root / KEPT, environ=environ)


Resolve = Callable[[LargeSource], Secret]
"""Gives the address of a table's database, with its secrets."""


def with_large(
    dataset: Dataset, described: DatasetDescription, means: Means, resolve: Resolve
) -> Dataset:
    """The dataset with its large tables; none of them has been read yet.

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
    large = {item.schema.name: _opened(item, dataset, means, resolve) for item in described.large}
    return replace(dataset, schemas=schemas, large=large)


def _opened(source: LargeSource, dataset: Dataset, means: Means, resolve: Resolve) -> LargeTable:
    if source.kind == "sql":
        from briefing.sources.sql import SqlTable

        return SqlTable(source, partial(resolve, source))
    kind = CsvTable if source.kind == "csv" else ParquetTable
    return kind(source, dataset, means.kept, means.mapped)


__all__ = ["Means", "with_large"]

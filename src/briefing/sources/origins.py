"""Where the rows of a table are: in a small file, in one too large to hold, or in a database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from briefing.errors import Problem
from briefing.structures import TableSchema
from briefing.structures.reductions import LargeSource

LARGE = 64 * 2**20
"""Bytes from which a CSV is not held; ``large`` of the table says otherwise."""


def large_source(
    resource: Mapping[str, Any], schema: TableSchema, path: Path
) -> LargeSource | None:
    """Where a table is that nobody holds; None for a small one."""
    if "url" in resource:
        table = str(resource.get("table", schema.name))
        return LargeSource(schema, "sql", table=table, url=str(resource["url"]))
    if path.is_dir():
        return LargeSource(schema, "parquet", tuple(sorted(path.glob("*.parquet"))))
    if path.suffix == ".parquet":
        return LargeSource(schema, "parquet", (path,))
    try:
        size = path.stat().st_size
    except OSError:
        return None  # the reader of small files says what is wrong
    large = resource.get("large", size >= LARGE)
    return LargeSource(schema, "csv", (path,)) if large else None


def database_name(resource: Mapping[str, Any]) -> str:
    """What stands in the place of a file in messages about a table in a database."""
    return f"database table {resource.get('table', resource['name'])}"


def source_problems(resource: Mapping[str, Any], shown: str, place: str) -> list[Problem]:
    """What is wrong with where the description says that the rows are."""
    problems = []
    if not isinstance(resource.get("large", False), bool):
        what, remedy = "is neither true nor false", "Write true or false."
        problems.append(Problem(shown, 0, f"{place}.large", what, remedy))
    if "url" in resource and "path" in resource:
        what, remedy = "stands beside `path`", "Keep one of them."
        problems.append(Problem(shown, 0, f"{place}.url", what, remedy))
    if not isinstance(resource.get("url", ""), str):
        what, remedy = "is no text", 'Write "${DATABASE_URL}", or the like.'
        problems.append(Problem(shown, 0, f"{place}.url", what, remedy))
    if "table" in resource and "url" not in resource:
        what, remedy = "needs the `url` of its database", "Add it, or leave `table` out."
        problems.append(Problem(shown, 0, f"{place}.table", what, remedy))
    return problems

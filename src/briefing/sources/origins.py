"""Where the rows of a table are: in a small file, in one too large to hold, or in a database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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
    if "url" in resource and not _is_reference(resource["url"]):
        what = "must name the secret in it by reference, and this one names none"
        remedy = 'Write "${DATABASE_URL}", and the address into the environment.'
        problems.append(Problem(shown, 0, f"{place}.url", what, remedy))
    if "table" in resource and "url" not in resource:
        what, remedy = "needs the `url` of its database", "Add it, or leave `table` out."
        problems.append(Problem(shown, 0, f"{place}.table", what, remedy))
    return problems


def _is_reference(url: Any) -> bool:
    """Whether an address names its secrets by reference; an SQLite file has none."""
    if not isinstance(url, str):
        return False
    references = ("${", "file:", "keyring:")
    return any(word in url for word in references) or urlsplit(url).scheme.startswith("sqlite")

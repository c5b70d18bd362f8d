"""Stage 1, read: raw rows of text, each with its line, and what the data says of itself."""

from __future__ import annotations

from pathlib import Path

from briefing.errors import Problem
from briefing.sources.datapackage import read_description
from briefing.sources.files import read_csv
from briefing.structures import DatasetDescription, RawTable


def read(
    package: Path, root: Path
) -> tuple[DatasetDescription, list[RawTable], dict[str, Path], list[Problem]]:
    """Read a Data Package: what describes it, its tables as text, its files, and the problems.

    Large tables are not read; the description says where they are.

    Args:
        package: ``datapackage.json``.
        root: the project's folder; nothing outside it is read.
    """
    description, paths, problems = read_description(package, root)
    tables = []
    for schema in description.schemas:
        if schema.name not in paths:
            continue  # its description has problems
        table, found = read_csv(paths[schema.name], schema)
        problems += found
        if table is not None:
            tables.append(table)
    large = {
        f"{source.schema.name}:{number}": path
        for source in description.large
        for number, path in enumerate(source.files, 1)
    }
    return description, tables, {package.name: package, **paths, **large}, problems


__all__ = ["read"]

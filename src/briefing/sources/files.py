"""Rows of text from CSV files."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

from briefing.errors import Problem
from briefing.structures import RawTable, TableSchema


def read_csv(path: Path, schema: TableSchema) -> tuple[RawTable | None, list[Problem]]:
    """Read a UTF-8 CSV with one header row; a broken row is a problem and is left out.

    Returns:
        The rows as text with the line each starts on, or None where the file cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        remedy = "Add the file, or take the table out of the description."
        return None, [Problem(schema.file, 0, "", "the file does not exist", remedy)]
    except OSError as error:
        what = f"the file cannot be read: {error.strerror}"
        return None, [Problem(schema.file, 0, "", what, "Make it a readable file.")]
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        what = f"byte {error.object[error.start]:#04x} is not UTF-8"
        return None, [Problem(schema.file, line, "", what, "Save the file as UTF-8.")]
    return _parse(text, schema)


def _parse(text: str, schema: TableSchema) -> tuple[RawTable | None, list[Problem]]:
    header, rows, lines, problems = rows_of(text, schema)
    if header is None:
        remedy = "Give it a header row."
        return None, [Problem(schema.file, 1, "", "the file is empty", remedy)]
    problems += header_problems(header, schema)
    if problems and set(header) != {field.name for field in schema.fields}:
        return None, problems
    return RawTable(schema, tuple(header), rows, lines), problems


def rows_of(
    text: str, schema: TableSchema, header: list[str] | None = None, line: int = 1
) -> tuple[list[str] | None, list[list[str]], list[int], list[Problem]]:
    """The rows of a CSV with the line each starts on; a broken row is a problem and is left out.

    Args:
        header: the columns, where the text is a later part of a file; else its first row.
        line: of the first row.

    Returns:
        The header (None for an empty file), rows, lines and problems.
    """
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    problems: list[Problem] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    start, before = line, line - 1
    try:
        for row in reader:
            if header is None:
                header = row
            elif not row:
                pass  # a blank line
            elif len(row) == len(header):
                rows.append(row)
                lines.append(start)
            else:
                what = f"{len(row)} cells where the header has {len(header)}"
                remedy = "Quote cells that hold commas, or add the missing ones."
                problems.append(Problem(schema.file, start, "", what, remedy))
            start = before + reader.line_num + 1
    except csv.Error as error:
        what = f"the row cannot be read as CSV: {error}"
        problems.append(Problem(schema.file, start, "", what, "Check its quotes."))
    return header, rows, lines, problems


def header_problems(header: list[str], schema: TableSchema) -> list[Problem]:
    """Columns that are missing, not described, or there twice."""
    described = [field.name for field in schema.fields]
    problems = []
    for name in sorted({name for name in header if header.count(name) > 1}):
        remedy = "Rename or remove one of them."
        problems.append(Problem(schema.file, 1, name, "the column stands there twice", remedy))
    for name in described:
        if name not in header:
            remedy = "Add it, or take it out of the table's schema."
            problems.append(Problem(schema.file, 1, name, "the column is missing", remedy))
    for name in header:
        if name not in described:
            remedy = f"Describe it in the table's schema; known columns: {', '.join(described)}."
            problems.append(Problem(schema.file, 1, name, "the column is not described", remedy))
    return problems

"""Small projects of the bench's own: payments in many rows, and reports that grow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

CONFIG = """\
publisher: Bench
timezone: UTC
languages: [en]
dataset: data/datapackage.json
default_report: {report}
"""
PAYMENTS = """\
title: Payments
grain: year
tables:
  by_quarter:
    dataset: payments
    where: status != 'returned'
    by: [region, quarter]
    measures: [amount, records]
  by_programme:
    dataset: payments
    where: status == 'paid'
    by: [programme]
    measures: [amount]
    sort: [-amount]
  companies:
    dataset: payments
    by: [region]
    measures:
      companies: {of: company, aggregation: nunique}
figures:
  programmes:
    kind: bar
    table: by_programme
    label: programme
    value: amount
    title: Programmes by what was paid
sections:
  - {title: Payments, figures: [programmes]}
"""
WORDS = {"type": "string", "constraints": {"required": True}}
PAYMENTS_FIELDS: list[Mapping[str, Any]] = [
    {"name": "payment", "type": "integer", "constraints": {"required": True, "minimum": 1}},
    {"name": "region", **WORDS},
    {"name": "company", "type": "string"},
    {"name": "programme", **WORDS},
    {"name": "quarter", **WORDS},
    {"name": "paid_on", "type": "date", "constraints": {"required": True}},
    {
        "name": "status",
        "type": "string",
        "constraints": {"required": True, "enum": ["paid", "approved", "returned"]},
    },
    {"name": "amount", "type": "integer", "unit": "KRW", "constraints": {"minimum": 0}},
]
COUNTS_FIELDS: list[Mapping[str, Any]] = [
    {"name": "block", **WORDS},
    {"name": "item", **WORDS},
    {"name": "seen", "type": "integer", "unit": "items", "constraints": {"required": True}},
    {"name": "expected", "type": "integer", "unit": "items", "constraints": {"required": True}},
]


PAGE = 36
"""Rows of a table that fills a page with what stands around it."""


def payments_project(folder: Path) -> None:
    """A project with the three tables of row (f); ``data/payments.csv`` is put there by others."""
    amount = {"column": "amount", "aggregation": "sum", "additivity": "additive"}
    _write(folder, "payments", PAYMENTS, PAYMENTS_FIELDS, {"amount": amount})


def counts_project(folder: Path, *, charts: int = 0, tables: int = 0, more: str = "") -> None:
    """A project with a small report of so many bar charts and full-page tables besides.

    Args:
        more: further lines of config.yaml.
    """
    names = [f"chart_{lettered(number)}" for number in range(charts)]
    names += [f"listing_{lettered(number)}" for number in range(tables)]
    blocks = {name: 12 if name.startswith("chart") else PAGE for name in ["first", *names]}
    rng = np.random.default_rng(7)
    lines = ["block,item,seen,expected"]
    for name, count in blocks.items():
        for number in range(1, count + 1):
            seen, expected = rng.integers(10, 9000, 2)
            lines.append(f"{name},{name} item {number},{seen},{expected}")
    measures = {
        name: {"column": name, "aggregation": "sum", "additivity": "additive"}
        for name in ("seen", "expected")
    }
    _write(folder, "counts", _counts_report(["first", *names]), COUNTS_FIELDS, measures, more)
    (folder / "data" / "counts.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")


def lettered(number: int) -> str:
    """A number in letters, as a report must not have digits that were typed: a, b, ... z, ba."""
    before, last = divmod(number, 26)
    return f"{lettered(before) if before else ''}{chr(ord('a') + last)}"


def _counts_report(names: Sequence[str]) -> str:
    lines = ["title: Counts", "grain: day", "tables:"]
    for name in names:
        lines += [
            f"  {name}:",
            "    dataset: counts",
            f"    where: block == '{name}'",
            "    by: [item]",
            "    measures: [seen, expected]",
            "    sort: [-seen]",
        ]
    lines.append("figures:")
    for name in names:
        drawn = ["kind: bar", "label: item", "value: seen"]
        keys = drawn if name.startswith("chart") else ["kind: table"]
        keys += [f"table: {name}", f"title: What was seen of {name.replace('_', ' ')}"]
        lines += [f"  {name}_figure:", *(f"    {key}" for key in keys)]
    lines.append("sections:")
    lines += [
        f"  - {{title: About {name.replace('_', ' ')}, figures: [{name}_figure]}}" for name in names
    ]
    lines += ["since_last_issue:", "  tables: [counts]", ""]
    return "\n".join(lines)


def _write(
    folder: Path,
    name: str,
    report: str,
    fields: Sequence[Mapping[str, Any]],
    measures: Mapping[str, Any],
    more: str = "",
) -> None:
    """A project with one table and one report, both of that name."""
    for part in (folder / "data", folder / "report_templates" / name):
        part.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(CONFIG.format(report=name) + more, encoding="utf-8")
    (folder / "report_templates" / name / "report.yaml").write_text(report, encoding="utf-8")
    resource: dict[str, Any] = {"name": name, "path": f"{name}.csv", "measures": measures}
    resource["schema"] = {"fields": list(fields)}
    if name == "counts":
        resource["schema"]["primaryKey"] = ["item"]
    package = {"name": name, "title": name.capitalize(), "resources": [resource]}
    (folder / "data" / "datapackage.json").write_text(
        json.dumps(package, indent=1), encoding="utf-8"
    )

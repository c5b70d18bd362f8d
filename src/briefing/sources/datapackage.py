"""The description of a dataset: a Frictionless Data Package with Table Schemas.

Understood beside the standard: for the package ``units``; per table ``measures``,
``constantWithin``, ``titles`` and ``known`` (the column that says since when a record is known);
per field ``unit``, ``unitColumn``, ``qualifierColumn``, ``money``, ``titles`` and ``labels``. The
standard allows such properties, and its tools ignore them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

from briefing.errors import Problem, ProblemsError
from briefing.sources.fields import (
    field_problems,
    title_problems,
    unit_problems,
    unknown_keys,
)
from briefing.sources.origins import database_name, large_source, source_problems
from briefing.structures import (
    Additivity,
    Aggregation,
    DatasetDescription,
    Field,
    FieldType,
    ForeignKey,
    Measure,
    TableSchema,
    UnitWords,
)
from briefing.structures.reductions import LargeSource

_TABLE_KEYS = tuple(
    (
        "name path profile title description schema encoding format mediatype dialect hash bytes "
        "sources licenses scheme type homepage measures constantWithin known titles large url table"
    ).split()
)
_COLUMN_KEYS = ("unitColumn", "qualifierColumn")
_MEASURE_KEYS = {
    "column",
    "aggregation",
    "additivity",
    "never_across",
    "addable",
    "part_of",
    "order",
}


def read_description(
    package: Path, root: Path
) -> tuple[DatasetDescription, dict[str, Path], list[Problem]]:
    """Read the description.

    Returns:
        What it says, the path of each table's file, the problems.

    Raises:
        ProblemsError: the description cannot be read at all.
    """
    shown = _shown(package, root)
    descriptor, resources = _descriptor(package, shown)
    problems: list[Problem] = []
    schemas: list[TableSchema] = []
    paths: dict[str, Path] = {}
    large: list[LargeSource] = []
    for index, resource in enumerate(resources):
        place = f"resources.{index}"
        try:
            path = (package.parent / ("" if "url" in resource else resource["path"])).resolve()
            if not path.is_relative_to(root.resolve()):
                what = f"the path {resource['path']!r} leads outside the project"
                remedy = "Keep the data inside the project's folder."
                problems.append(Problem(shown, 0, f"{place}.path", what, remedy))
                continue
            file = database_name(resource) if "url" in resource else _shown(path, root)
            schema, found = _table_schema(resource, file, shown, place)
            found += source_problems(resource, shown, place)
        except (KeyError, TypeError, AttributeError) as error:
            what = f"the description lacks or breaks {error}"
            remedy = "A table needs name, path and schema.fields with a name each."
            problems.append(Problem(shown, 0, place, what, remedy))
            continue
        problems += found
        if schema.name in {item.name for item in schemas}:
            what, remedy = f"the table {schema.name!r} is described twice", "Rename one."
            problems.append(Problem(shown, 0, f"{place}.name", what, remedy))
            continue
        schemas.append(schema)
        if found:  # data cannot be judged by a description that is wrong itself
            continue
        if source := large_source(resource, schema, path):
            large.append(source)
        else:
            paths[schema.name] = path
    problems += _dangling_keys(schemas, shown)
    found = unit_problems(descriptor.get("units", {}), shown)
    title = str(descriptor.get("title", package.stem))
    units = {} if found else _units(descriptor)
    described = DatasetDescription(title, tuple(schemas), units, tuple(large))
    return described, paths, [*problems, *found]


def _descriptor(package: Path, shown: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The description as JSON, and the tables that it lists."""
    try:
        descriptor = json.loads(package.read_bytes().decode("utf-8"))
        resources = descriptor["resources"]
        if not isinstance(resources, list) or not resources:
            raise TypeError
    except FileNotFoundError:
        remedy = "Write one, or name another file under `dataset:` in config.yaml."
        raise ProblemsError([Problem(shown, 0, "", "there is no such file", remedy)]) from None
    except OSError as error:
        what, remedy = f"cannot be read: {error.strerror}", "Name a datapackage.json."
        raise ProblemsError([Problem(shown, 0, "", what, remedy)]) from None
    except UnicodeDecodeError:
        what, remedy = "the file is not UTF-8", "Save it as UTF-8."
        raise ProblemsError([Problem(shown, 0, "", what, remedy)]) from None
    except json.JSONDecodeError as error:
        what, remedy = f"is not JSON: {error.msg}", "Mend it at that line."
        raise ProblemsError([Problem(shown, error.lineno, "", what, remedy)]) from None
    except (KeyError, TypeError):
        what, remedy = "describes no tables", "List them under `resources`."
        raise ProblemsError([Problem(shown, 0, "resources", what, remedy)]) from None
    return descriptor, resources


def _shown(path: Path, root: Path) -> str:
    resolved = path.resolve()
    base = root.resolve()
    return str(resolved.relative_to(base) if resolved.is_relative_to(base) else path)


def _table_schema(
    resource: Mapping[str, Any], file: str, shown: str, place: str
) -> tuple[TableSchema, list[Problem]]:
    described = resource["schema"]
    fields = []
    problems = []
    problems += unknown_keys(resource, _TABLE_KEYS, shown, place)
    problems += title_problems(resource, shown, place)
    for item in described["fields"]:
        problems += field_problems(item, shown, f"{place}.{item['name']}")
        if item.get("type", "string") not in get_args(FieldType):
            what = f"the type {item['type']!r} is not known"
            remedy = f"Use {', '.join(get_args(FieldType))}."
            problems.append(Problem(shown, 0, f"{place}.{item['name']}", what, remedy))
            continue
        fields.append(_field(item))
    names = {item["name"] for item in described["fields"]}
    problems += _missing_columns(resource, described, names, shown, place)
    measures = {}
    for name, body in resource.get("measures", {}).items():
        found = _measure_problems(
            name, body, names, shown, place, keyed=bool(described.get("primaryKey"))
        )
        problems += found
        if not found:
            measures[name] = _measure(name, body)
    schema = TableSchema(
        name=resource["name"],
        file=file,
        title=resource.get("title", resource["name"]),
        fields=tuple(fields),
        primary_key=_names(described.get("primaryKey", ())),
        foreign_keys=tuple(
            _foreign_key(item, resource["name"]) for item in described.get("foreignKeys", ())
        ),
        measures=measures,
        constant_within=tuple(
            (item["field"], tuple(item["within"])) for item in resource.get("constantWithin", ())
        ),
        known=resource.get("known", ""),
        titles=resource.get("titles", {}),
    )
    return schema, problems


def _missing_columns(
    resource: Mapping[str, Any],
    described: Mapping[str, Any],
    names: set[str],
    shown: str,
    place: str,
) -> list[Problem]:
    """Columns that the description leans on but does not describe."""
    used = [("known", resource.get("known", ""))]
    used += [("primaryKey", name) for name in _names(described.get("primaryKey", ()))]
    for item in resource.get("constantWithin", ()):
        used += [("constantWithin", name) for name in (item["field"], *item["within"])]
    for item in described["fields"]:
        used += [(f"{item['name']}.{key}", item.get(key, "")) for key in _COLUMN_KEYS]
    return [
        Problem(
            shown,
            0,
            f"{place}.{where}",
            f"the column {name!r} is not described",
            f"Columns here: {', '.join(sorted(names))}.",
        )
        for where, name in used
        if name and name not in names
    ]


def _names(value: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _foreign_key(item: Mapping[str, Any], own_name: str) -> ForeignKey:
    target = item["reference"]
    return ForeignKey(
        _names(item["fields"]), target["resource"] or own_name, _names(target["fields"])
    )


def _field(item: Mapping[str, Any]) -> Field:
    limits = item.get("constraints", {})
    return Field(
        name=item["name"],
        type=item.get("type", "string"),
        title=item.get("title", item["name"].replace("_", " ")),
        required=limits.get("required", False),
        unique=limits.get("unique", False),
        enum=tuple(str(value) for value in limits.get("enum", ())),
        pattern=limits.get("pattern", ""),
        minimum=limits.get("minimum"),
        maximum=limits.get("maximum"),
        unit=item.get("unit", ""),
        unit_column=item.get("unitColumn", ""),
        qualifier_column=item.get("qualifierColumn", ""),
        money=item.get("money", False),
        titles=item.get("titles", {}),
        labels=item.get("labels", {}),
    )


def _units(descriptor: Mapping[str, Any]) -> dict[str, dict[str, UnitWords]]:
    """What each unit is called: ``one`` and ``per`` are like ``other`` where they are not given."""
    return {
        unit: {
            language: UnitWords(
                forms.get("one", forms["other"]), forms["other"], forms.get("per", forms["other"])
            )
            for language, forms in by_language.items()
        }
        for unit, by_language in descriptor.get("units", {}).items()
    }


def _measure(name: str, body: Mapping[str, Any]) -> Measure:
    return Measure(
        name=name,
        column=body.get("column", ""),
        aggregation=cast(Aggregation, body.get("aggregation", "sum")),
        additivity=cast(Additivity, body.get("additivity", "additive")),
        never_across=tuple(body.get("never_across", ())),
        addable={key: tuple(values) for key, values in body.get("addable", {}).items()},
        part_of=body.get("part_of", ""),
        order=body.get("order", ""),
    )


def _measure_problems(
    name: str,
    body: Mapping[str, Any],
    columns: set[str],
    shown: str,
    place: str,
    *,
    keyed: bool,
) -> list[Problem]:
    where = f"{place}.measures.{name}"
    used = {body.get("column", ""), body.get("part_of", ""), body.get("order", "")}
    used |= set(body.get("never_across", ())) | set(body.get("addable", {}))
    checks = [
        (
            "`part_of` needs a primaryKey that it can point to",
            bool(body.get("part_of")) and not keyed,
        ),
        (
            "the measure names no column",
            not body.get("column") and body.get("aggregation") != "count",
        ),
        *((f"the key {key!r} is not known", key not in _MEASURE_KEYS) for key in body),
        *((f"the column {key!r} is not described", key not in columns) for key in used - {""}),
        (
            f"the aggregation {body.get('aggregation')!r} is not known",
            body.get("aggregation", "sum") not in get_args(Aggregation),
        ),
        (
            f"the additivity {body.get('additivity')!r} is not known",
            body.get("additivity", "additive") not in get_args(Additivity),
        ),
    ]
    remedy = "See docs/reference/data.md for what a measure may say."
    return [Problem(shown, 0, where, what, remedy) for what, wrong in checks if wrong]


def _dangling_keys(schemas: list[TableSchema], shown: str) -> list[Problem]:
    columns = {schema.name: {field.name for field in schema.fields} for schema in schemas}
    problems = []
    for schema in schemas:
        for key in schema.foreign_keys:
            own = set(key.fields) <= columns[schema.name]
            if not own or not set(key.reference) <= columns.get(key.table, set()):
                what = f"the foreign key {', '.join(key.fields)} points to nothing described"
                remedy = "Name an existing table and column."
                problems.append(Problem(shown, 0, f"{schema.name}.foreignKeys", what, remedy))
    return problems

"""Writes docs/reference/, the tree of docs/tour.md and the tables of docs/data.md.

``python docs/make_reference.py`` writes, ``--check`` writes nothing and names the stale pages.
Each page begins with the hand-written ``docs/reference/intro/<page>.md``.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from importlib import import_module
from inspect import cleandoc, getdoc, getsource
from itertools import pairwise
from pathlib import Path
from pkgutil import walk_packages
from textwrap import dedent
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from reference_words import (
    FIELD_PROPERTIES,
    FILTERS,
    MEASURE_PROPERTIES,
    TABLE_PROPERTIES,
    UNIT_FORMS,
)

import briefing
from briefing import cli, formatting, templating
from briefing.charts.kinds import KINDS, PRINTED
from briefing.config.models import ConfigKeys, ReportKeys, Words
from briefing.errors import BriefingError, Problem
from briefing.sources.datapackage import _MEASURE_KEYS
from briefing.sources.fields import _UNIT_FORMS
from briefing.structures import Field, Measure, TableSchema
from briefing.validation.cells import DTYPES

DOCS = Path(__file__).resolve().parent
PACKAGE = Path(briefing.__file__).parent
_FISCAL = "`year-from-february` or ", " or `year-from-december`"
"""What stands in a list of grains for all that are between these two."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    escaped = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


def code(text: object) -> str:
    """The text as code."""
    return f"`{text}`"


def said(thing: object) -> str:
    """The first paragraph of a docstring, on one line, without reStructuredText."""
    return " ".join((getdoc(thing) or "").split("\n\n")[0].split()).replace("``", "`")


def same(what: str, described: Iterable[str], real: Iterable[str]) -> None:
    """Stop where descriptions and code name different things."""
    if odd := sorted(set(described) ^ set(real)):
        raise SystemExit(f"docs/make_reference.py: {what} and the code disagree: {', '.join(odd)}")


# ---- pages


def cli_page() -> Iterator[str]:
    """Commands and options, from the command line's own objects."""
    root: Any = typer.main.get_command(cli.app)
    yield "## briefing\n\n" + _options(root, "briefing")
    for name, command in root.commands.items():
        usage = ["briefing", name, "[OPTIONS]"]
        usage += [
            f"[{p.name.upper()}]" + ("..." if p.nargs == -1 else "")
            for p in command.params
            if _is_argument(p)
        ]
        yield f"## briefing {name}\n\n{said(command.callback)}\n\n```\n{' '.join(usage)}\n```"
        yield _options(command, f"briefing {name}")
    yield f"## Exit codes\n\n{_exit_codes()}"


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _options(command: Any, path: str) -> str:
    rows = []
    for item in command.get_params(typer.Context(command, info_name=path)):
        spelled = item.name.upper() if _is_argument(item) else ", ".join(item.opts)
        shown = code(item.default) if isinstance(item.default, str) and item.default else ""
        if isinstance(item.default, Path):
            shown = code(item.default)
        rows.append([code(spelled), getattr(item, "help", "") or "", shown])
    return table(["option or argument", "meaning", "default"], rows)


def _exit_codes() -> str:
    families = _error_tree()
    rows = []
    for number, meaning in re.findall(r"(\d+) ([^,.]+)", cli.EPILOG):
        names = [code(item.__name__) for item in families if item.exit_code == int(number)]
        ended = ", ".join(names) or ("" if number == "0" else "no command ends with it yet")
        rows.append([number, meaning, ended])
    rows.append(["130", "stopped from the keyboard", ""])
    rows.append(["143", "stopped by SIGTERM while it built", ""])
    return table(["code", "meaning", "errors"], rows)


def _error_tree(base: type[BriefingError] = BriefingError) -> list[type[BriefingError]]:
    for module in walk_packages([str(PACKAGE)], "briefing."):
        if not module.name.endswith(("__main__", ".migrations.env")):  # run, not imported
            import_module(module.name)
    below = [found for child in base.__subclasses__() for found in _error_tree(child)]
    return [base, *(item for item in below if item.__module__.startswith("briefing."))]


def errors_page() -> Iterator[str]:
    """The error tree with exit codes, and the parts of a problem."""
    rows = []
    for item in _error_tree():
        place = item.__module__.removeprefix("briefing.").replace(".", "/")
        family = code(item.__mro__[1].__name__)
        rows.append([code(item.__name__), family, str(item.exit_code), said(item), code(place)])
    yield "## The tree\n\n" + table(["error", "is a", "exit", "message", "module"], rows)
    attributes = re.findall(r"^ +(\w+): (.+)$", Problem.__doc__ or "", re.MULTILINE)
    same("Problem", (name for name, _ in attributes), (item.name for item in fields(Problem)))
    rows = [[code(name), text] for name, text in attributes]
    yield f"## A problem\n\n{said(Problem)}\n\n{table(['part', 'meaning'], rows)}"
    yield f"## Exit codes\n\n{_exit_codes()}"


def charts_page() -> Iterator[str]:
    """The kinds that `kind:` may name, with their options."""
    means = {"column": "column", "text": "sentence", "words": "sentence for each row"}
    for name, kind in KINDS.items():
        rows = [
            [code(key), means[item.means], "yes" if item.required else "", item.about]
            for key, item in kind.options.items()
        ]
        head = ["option", "takes", "needed", "meaning"]
        shown = f"![{kind.about}](../gallery/{name}.svg)"
        yield f"## `{name}`\n\n{kind.about}\n\n{shown}\n\n{table(head, rows)}"
    yield (
        f"## `{PRINTED}`\n\nThe figure is printed as a table. `columns` says which columns are "
        "printed, in which order, and what they are called."
    )


def config_page() -> Iterator[str]:
    """The keys of config.yaml."""
    yield from _model(ConfigKeys, "")


def report_page() -> Iterator[str]:
    """The keys of report.yaml, and what its sentences may use."""
    yield from _model(ReportKeys, "")
    same("the filters", FILTERS, formatting.filters("en"))
    for view, words in ((templating.TableView, "tables.NAME"), (templating.Quantity, "a number")):
        rows = [
            [code(name), said(member)]
            for name, member in vars(view).items()
            if not name.startswith("_") and (isinstance(member, property) or callable(member))
        ]
        yield f"## In a sentence: {words}\n\n{said(view)}\n\n{table(['part', 'meaning'], rows)}"
    rows = [[code(name), text] for name, text in FILTERS.items()]
    yield f"## In a sentence: filters\n\n{table(['filter', 'meaning'], rows)}"


def _model(model: type[BaseModel], path: str) -> Iterator[str]:
    rows, inner = [], []
    meanings = _meanings(model)
    for name, item in model.model_fields.items():
        default = "needed" if item.is_required() else _default(item.default)
        kind = ", ".join([_kind(item.annotation), *_limits(item.metadata)])
        meaning = " ".join(meanings.get(name, "").split()).replace("``", "`")
        rows.append([code(name), kind, default, meaning])
        for step, found in _models_in(item.annotation):
            inner.append((found, f"{path}.{name}{step}".lstrip(".")))
    heading = f"## {code(path)}" if path else "## Keys"
    yield f"{heading}\n\n{said(model)}\n\n{table(['key', 'takes', 'default', 'meaning'], rows)}"
    for found, place in inner:
        yield from _model(found, place)


def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """What the docstring under each key says. Pydantic would look them up on every start."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__[: model.__mro__.index(BaseModel)]):
        (defined,) = ast.parse(dedent(getsource(base))).body
        assert isinstance(defined, ast.ClassDef)
        for item, below in pairwise(defined.body):
            if isinstance(item, ast.AnnAssign) and isinstance(below, ast.Expr):
                assert isinstance(item.target, ast.Name)
                found[item.target.id] = cleandoc(ast.literal_eval(below.value))
    return found


def _limits(metadata: Iterable[Any]) -> Iterator[str]:
    limits = {"min_length": "at least {}", "max_length": "at most {}", "ge": "at least {}"}
    for found in metadata:
        for name, words in limits.items():
            if hasattr(found, name):
                yield words.format(getattr(found, name))


def _default(value: Any) -> str:
    return "" if value in ("", None, [], {}, PydanticUndefined) else code(value)


def _models_in(annotation: Any, step: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield step, annotation
        return
    inside = {list: "[]", dict: ".NAME"}.get(get_origin(annotation), "")
    for part in get_args(annotation):
        yield from _models_in(part, step + inside)


def _kind(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if set(get_args(Words)) <= set(parts):
        return "sentence"
    if origin is Annotated:
        return _kind(parts[0])
    if origin is Literal:
        return _without_middle(" or ".join(code(part) for part in parts if part), *_FISCAL)
    if origin in {Union, UnionType}:
        return " or ".join(_kind(part) for part in parts if part is not NoneType)
    if origin is list:
        return f"list: {_kind(parts[0])}"
    if origin is dict:
        return f"mapping: {_kind(parts[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys, see below"
    return {str: "text", int: "whole number"}.get(annotation, str(annotation))


def _without_middle(text: str, first: str, last: str) -> str:
    before, found, rest = text.partition(first)
    _, last_found, after = rest.rpartition(last)
    return f"{before}{found[:-4]} to {last_found[4:]}{after}" if last_found else text


def data_page() -> Iterator[str]:
    """What a description of a dataset may say."""
    rows = [[code(name), code(dtype)] for name, dtype in DTYPES.items()]
    yield "## Types\n\n" + table(["type", "in a frame"], [*rows, ["any, `money`", "`Int64`"]])
    head = ["property", "meaning"]
    for title, described, kind in (
        ("A column", FIELD_PROPERTIES, Field),
        ("A table", TABLE_PROPERTIES, TableSchema),
    ):
        same(title, described, (item.name for item in fields(kind)))
        yield f"## {title}\n\n{table(head, [[code(k), text] for k, text in described.values()])}"
    same("a measure", MEASURE_PROPERTIES, _MEASURE_KEYS)
    same("a measure", [*MEASURE_PROPERTIES, "name"], (item.name for item in fields(Measure)))
    rows = [[code(key), text] for key, text in MEASURE_PROPERTIES.items()]
    yield f"## A measure\n\n{said(Measure)}\n\n{table(head, rows)}"
    same("the forms of a unit", UNIT_FORMS, _UNIT_FORMS)
    rows = [[code(key), text] for key, text in UNIT_FORMS.items()]
    words = "`units` of the package: for each unit, for each language, the words beside a number."
    yield f"## A unit\n\n{words}\n\n{table(['form', 'meaning'], rows)}"


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "cli": cli_page,
    "config": config_page,
    "report": report_page,
    "charts": charts_page,
    "data": data_page,
    "errors": errors_page,
}


# ---- the tree


def tree(folder: Path = PACKAGE, indent: str = "  ") -> Iterator[str]:
    """Every module with the first line of its docstring; a folder has that of its own module."""
    for path in sorted(folder.iterdir(), key=lambda item: (item.is_file(), item.name)):
        inside = path / "__init__.py"
        if path.suffix == ".py" and (path.name != "__init__.py" or folder == PACKAGE):
            yield f"{indent + path.name:<22} {_caption(path)}"
        elif inside.is_file():
            yield f"{indent + path.name + '/':<22} {_caption(inside)}"
            yield from tree(path, indent + "  ")


def _caption(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n")[0]


def pages() -> Iterator[tuple[Path, str]]:
    """Each generated file with what should stand in it."""
    for name, sections in PAGES.items():
        intro = (DOCS / "reference" / "intro" / f"{name}.md").read_text("utf-8").strip()
        mark = f"<!-- Written by docs/make_reference.py; the text up to here: intro/{name}.md -->"
        body = "\n\n".join([intro, mark, *sections()])
        yield DOCS / "reference" / f"{name}.md", f"{body}\n"
    listing = "\n".join(["```", "src/briefing/", *tree(), "```"])
    yield between_marks(DOCS / "tour.md", "tree", listing)
    resources = json.loads((DOCS.parent / "data" / "datapackage.json").read_text())["resources"]
    rows = [[code(item["name"]), item["description"]] for item in resources]
    yield between_marks(DOCS / "data.md", "tables", table(["table", "what it holds"], rows))


def between_marks(path: Path, mark: str, listing: str) -> tuple[Path, str]:
    """The page with the listing between its two marks."""
    before, opening, rest = path.read_text("utf-8").partition(f"<!-- {mark} -->\n")
    _, closing, after = rest.partition(f"<!-- /{mark} -->")
    return path, f"{before}{opening}{listing}\n{closing}{after}"


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` name those that are stale."""
    stale = []
    for path, text in pages():
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        stale.append(str(path.relative_to(DOCS.parent)))
        if "--check" not in arguments:
            path.write_text(text, "utf-8")
    if "--check" in arguments and stale:
        sys.stderr.write(f"Stale: {', '.join(stale)}. Run: make docs\n")
        return 1
    sys.stdout.write(f"Wrote {', '.join(stale) or 'nothing, all pages are up to date'}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

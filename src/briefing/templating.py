"""The sandboxed templates: an author's computed sentences, and the layouts of the pages.

Sentences are plain text and are escaped by the layout that prints them; layouts are HTML and
escape what they print. Both run in Jinja's immutable sandbox, know no undefined name, and
cannot add numbers: adding is for declared tables, where the additivity guard stands.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import total_ordering
from typing import Any

from jinja2 import BaseLoader, StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from briefing import formatting
from briefing.catalogues import catalogue
from briefing.errors import NothingKnownError, Problem, ProblemsError
from briefing.structures import Table, Text, UnitWords

_NUMBER_WORDS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety "
    "dozen half twice hundreds? thousands? millions? billions? trillions?"
).split()
_KOREAN_NUMBER = (  # native numerals, told from other words by the counter that follows
    "(?:열|스물|서른|마흔|쉰|예순|일흔|여든|아흔)?(?:한|두|세|네|다섯|여섯|일곱|여덟|아홉)"
    "|열|스무|서른|마흔|쉰|예순|일흔|여든|아흔"
)
_COUNTER = "(?:개사|개소|개월|개국|개|곳|군데|명|건|가지|번째|번|차례|배)"
_PARTICLE = (
    "(?:은|는|가|을|를|의|에|에서|에는|도|만|와|과|로|으로|씩|뿐|까지|부터|이[가-힣]*|인|입니다)"
)
_TYPED_NUMBER = re.compile(
    rf"\d[\d.,]*|\b(?:{'|'.join(_NUMBER_WORDS)})\b"
    rf"|(?<![가-힣])(?:{_KOREAN_NUMBER})(?= ?{_COUNTER}{_PARTICLE}?(?![가-힣]))",
    re.IGNORECASE,
)
_PASSED_ON = (
    nodes.List,
    nodes.Tuple,
    nodes.Dict,
    nodes.Pair,
    nodes.Concat,
    nodes.Or,
    nodes.And,
    nodes.Neg,
)
"""Expressions that come out as one of their parts, or hold them."""
TEMPLATE_ERRORS = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""What an author's template can raise: its own errors, and those of the values it names."""
_FORBIDDEN_FILTERS = ("sum", "random")
_FUNCTIONS = ("literal", "words", "plural")
_KNOWN_NAMES = {"tables", "period", "as_of", "parameters", "row", *_FUNCTIONS}


@dataclass(frozen=True)
class Quantity:
    """A cell with its unit and hedge; prints as a reader should see it."""

    value: Any
    unit: str
    qualifier: object
    language: str
    units: Mapping[str, UnitWords] = field(default_factory=dict)

    def __str__(self) -> str:
        return formatting.qualified(self.plain, self.qualifier, self.language)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    @property
    def plain(self) -> str:
        """The value and unit without the hedge."""
        return formatting.quantity(self.value, self.unit, self.language, units=self.units)

    @property
    def bare(self) -> str:
        """The value alone, without unit or hedge."""
        return formatting.quantity(self.value, "", self.language)

    @property
    def missing(self) -> bool:
        """Whether nothing was reported."""
        return formatting.is_missing(self.value)


@total_ordering
class Code:
    """A word of a vocabulary: compares as it stands in the data, prints as a reader sees it."""

    def __init__(self, code: str, label: str) -> None:
        self.code, self._label = code, label

    def __str__(self) -> str:
        return self._label

    def __eq__(self, other: object) -> bool:
        return self.code == str(other.code if isinstance(other, Code) else other)

    def __lt__(self, other: object) -> bool:
        return self.code < str(other.code if isinstance(other, Code) else other)

    def __hash__(self) -> int:
        return hash(self.code)


class Rows(list[dict[str, Any]]):
    """Rows for sentences; asking an empty list for a row means that nothing was known."""

    def __getitem__(self, index: Any) -> Any:
        if not self:
            raise NothingKnownError
        return super().__getitem__(index)


def _first(rows: Iterable[Any]) -> Any:
    """Jinja's ``first``, but nothing to be first of means that nothing was known."""
    for row in rows:
        return row
    raise NothingKnownError


class TableView:
    """A table as sentences see it: rows that print themselves, and nothing to add them with."""

    def __init__(self, table: Table, language: str) -> None:
        self._table = table
        self._language = language
        self.rows = Rows(self._row(row) for row in table.frame.to_dict("records"))

    def _row(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        cells: dict[str, Any] = {}
        for name, value in row.items():
            column = self._table.columns.get(str(name))
            if column is not None and column.kind == "code" and not formatting.is_missing(value):
                cells[str(name)] = Code(str(value), column.label(value))
            elif column is None or column.kind in {"text", "code"}:
                cells[str(name)] = None if formatting.is_missing(value) else value
            elif column.kind == "date":
                cells[str(name)] = None if formatting.is_missing(value) else value.date()
            else:
                unit = str(row[column.unit_column]) if column.unit_column else column.unit
                hedge = row.get(column.qualifier_column) if column.qualifier_column else None
                cells[str(name)] = Quantity(value, unit, hedge, self._language, column.units)
        return cells

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __str__(self) -> str:
        raise TypeError(f"table {self._table.name} cannot be printed as a whole; name a cell")

    __repr__ = __str__

    @property
    def count(self) -> int:
        """How many rows the table has."""
        return len(self.rows)

    @property
    def count_in_words(self) -> str:
        """How many rows, as a sentence says it: small numbers in words."""
        return count_in_words(len(self.rows), self._language)

    def where(self, **cells: Any) -> Rows:
        """The rows whose columns have these values."""
        return Rows(row for row in self.rows if all(_same(row[k], v) for k, v in cells.items()))

    def one(self, **cells: Any) -> dict[str, Any]:
        """The single row with these values.

        Raises:
            NothingKnownError: no row has them.
            LookupError: several rows have them.
        """
        found = self.where(**cells)
        if not found:
            raise NothingKnownError
        if len(found) != 1:
            wanted = ", ".join(f"{k}={v!r}" for k, v in cells.items())
            raise LookupError(f"table {self._table.name} has {len(found)} rows with {wanted}")
        row: dict[str, Any] = found[0]
        return row

    @property
    def across(self) -> str:
        """Across what the table adds on purpose, for the figure's title to say."""
        return " and ".join(name.replace("_", " ") for name in self._table.declaration.across)

    @property
    def first(self) -> dict[str, Any]:
        """The first row.

        Raises:
            NothingKnownError: the table is empty.
        """
        row: dict[str, Any] = self.rows[0]
        return row


def _same(cell: Any, wanted: Any) -> bool:
    return bool((cell.value if isinstance(cell, Quantity) else cell) == wanted)


def count_in_words(count: int, language: str) -> str:
    """Numbers up to twelve in words, larger ones in digits, as running English text has them."""
    if language == "en" and 0 <= count <= 12:
        return ["no", *_NUMBER_WORDS[:12]][count]
    return formatting.number(count, language)


def literal(value: str, reason: str) -> str:
    """A number that stands in prose on purpose; the reason is for whoever reads the source."""
    if not reason.strip():
        raise ValueError("literal() needs a reason")
    return value


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, in which ``+`` joins texts and lists, but no sign adds numbers."""

    intercepted_binops = frozenset(["+", "-"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Refuse to add numbers: that is for declared tables, where the guard stands."""
        if isinstance(left, int | float) or isinstance(right, int | float):
            raise SecurityError("numbers are added in declared tables, not in sentences")
        return super().call_binop(context, operator, left, right)


def environment(language: str, loader: BaseLoader | None = None) -> ImmutableSandboxedEnvironment:
    """The sandbox for sentences (without loader) or for layouts (with)."""
    sandbox = _Sandbox if loader is None else ImmutableSandboxedEnvironment
    made = sandbox(
        loader=loader,
        autoescape=loader is not None,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"] if loader is not None else [],
    )
    if loader is not None:
        made.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(formatting.filters(language))
    for name in _FORBIDDEN_FILTERS:
        del made.filters[name]
    del made.globals["lipsum"]  # random, like the filter
    made.filters["first"] = _first
    made.filters["last"] = lambda rows: _first(reversed(list(rows)))
    made.globals.update(
        literal=literal,
        words=lambda count: count_in_words(int(count), language),
        plural=lambda count, one, many: one if int(count) == 1 else many,
    )
    return made


class Sentences:
    """Renders an author's strings in one language over the tables of one issue."""

    def __init__(self, language: str, context: Mapping[str, Any]) -> None:
        self.language = language
        self._environment = environment(language)
        self._context = dict(context)

    def say(self, text: Text, *, may_be_empty: bool = False, **more: Any) -> str:
        """The sentence, with white space folded.

        Raises:
            NothingKnownError: it asks for a row of a table that has none.
            ProblemsError: the string lacks this language, is no template, names something that
                is not there, or comes out empty.
        """
        source = text.by_language.get(self.language)
        if source is None:
            raise ProblemsError([_problem(text, f"has no text in {self.language!r}", "Add it.")])
        try:
            said = self._environment.from_string(source).render(self._context, **more)
        except NothingKnownError:
            raise NothingKnownError(f"{text.file}:{text.line}: {text.key}") from None
        except TEMPLATE_ERRORS as error:
            remedy = "Mend the expression; the names of tables and columns are in report.yaml."
            raise ProblemsError([_problem(text, _reason(error), remedy)]) from None
        folded = " ".join(said.split())
        if not folded and not may_be_empty:
            raise ProblemsError([_problem(text, "comes out empty", "Give it words.")])
        return folded


def _reason(error: Exception) -> str:
    detail = error.args[0] if isinstance(error, KeyError) and error.args else error
    return f"cannot be computed: {detail}"


def _problem(text: Text, what: str, remedy: str) -> Problem:
    return Problem(text.file, text.line, text.key, what, remedy)


def prose_problems(text: Text, tables: Collection[str]) -> list[Problem]:
    """What is wrong with an author's string before any table is computed.

    Templates that do not parse, names that will not be there, tables that are not declared, and
    numbers typed by hand in prose.
    """
    problems = []
    for language, source in text.by_language.items():
        try:
            tree = environment(language or "en").parse(source)
        except TemplateSyntaxError as error:
            remedy = "Mend the template."
            problems.append(_problem(text, f"is no valid template: {error.message}", remedy))
            continue
        for name in sorted(meta.find_undeclared_variables(tree) - _KNOWN_NAMES):
            remedy = f"Known are {', '.join(sorted(_KNOWN_NAMES))}."
            problems.append(_problem(text, f"the name {name!r} is not known", remedy))
        for name in sorted(_named_tables(tree) - set(tables)):
            remedy = f"Tables here: {', '.join(tables)}."
            problems.append(_problem(text, f"there is no table {name!r}", remedy))
        for typed in _typed_numbers(tree):
            problems.append(
                _problem(
                    text,
                    f"the number {typed!r} is typed by hand",
                    "Take it from a table, or write {{ literal(value, reason) }}.",
                )
            )
    return problems


def tables_named(text: Text, language: str) -> set[str]:
    """The tables that an author's string takes numbers from, in that language."""
    return _named_tables(environment(language).parse(text.by_language.get(language, "")))


def _named_tables(tree: nodes.Template) -> set[str]:
    """Every X of ``tables.X``."""
    return {
        node.attr
        for node in tree.find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.node.name == "tables"
    }


def _typed_numbers(tree: nodes.Template) -> Iterator[str]:
    """Numbers in the prose, and in constants that are printed, named or gone through."""
    for output in tree.find_all(nodes.Output):
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                yield from (match.group() for match in _TYPED_NUMBER.finditer(node.data))
            else:
                yield from _typed_constants(node)
    for assigned in tree.find_all(nodes.Assign):
        yield from _typed_constants(assigned.node)
    for loop in tree.find_all(nodes.For):
        yield from _typed_constants(loop.iter)


def _typed_constants(node: nodes.Node) -> Iterator[str]:
    """Constants with a number that an expression can come out as; not what it compares with."""
    if isinstance(node, nodes.Const):
        if _TYPED_NUMBER.search(str(node.value)):
            yield str(node.value)
        return
    for part in _outcomes(node):
        yield from _typed_constants(part)


def _outcomes(node: nodes.Node) -> Iterable[nodes.Node]:
    """The parts of an expression that it can come out as, or holds."""
    if isinstance(node, _PASSED_ON):
        return node.iter_child_nodes()
    if isinstance(node, nodes.CondExpr):
        return filter(None, (node.expr1, node.expr2))
    if isinstance(node, nodes.Filter):
        return filter(None, (node.node,))
    if isinstance(node, nodes.Call) and getattr(node.node, "name", "") == "words":
        return node.args
    return ()

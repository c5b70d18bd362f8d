"""The sandboxed templates: an author's computed sentences, and the layouts of the pages.

Sentences are plain text and are escaped by the layout that prints them; layouts are HTML and
escape what they print. Both run in Jinja's immutable sandbox, know no undefined name, and
cannot add numbers: adding is for declared tables, where the additivity guard stands.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from jinja2 import (
    BaseLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    meta,
    nodes,
)
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from briefing import formatting
from briefing.catalogues import catalogue
from briefing.errors import NothingKnownError, Problem, ProblemsError
from briefing.structures import Text
from briefing.templating.compiled import Compiled
from briefing.templating.views import (
    NUMBER_WORDS,
    Quantity,
    TableView,
    count_in_words,
    first_of,
)

__all__ = [
    "TEMPLATE_ERRORS",
    "Quantity",
    "Sentences",
    "TableView",
    "compile_condition",
    "count_in_words",
    "environment",
    "literal",
    "prose_problems",
    "tables_in_condition",
    "tables_named",
]

_KOREAN_NUMBER = (  # native numerals, told from other words by the counter that follows
    "(?:열|스물|서른|마흔|쉰|예순|일흔|여든|아흔)?(?:한|두|세|네|다섯|여섯|일곱|여덟|아홉)"
    "|열|스무|서른|마흔|쉰|예순|일흔|여든|아흔"
)
_COUNTER = "(?:개사|개소|개월|개국|개|곳|군데|명|건|가지|번째|번|차례|배)"
_PARTICLE = (
    "(?:은|는|가|을|를|의|에|에서|에는|도|만|와|과|로|으로|씩|뿐|까지|부터|이[가-힣]*|인|입니다)"
)
_TYPED_NUMBER = re.compile(
    rf"\d[\d.,]*|\b(?:{'|'.join(NUMBER_WORDS)})\b"
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
_COMPILED = Compiled()
_FORBIDDEN_FILTERS = ("sum", "random")
_FUNCTIONS = ("literal", "words", "plural")
_KNOWN_NAMES = {"tables", "period", "as_of", "parameters", "row", *_FUNCTIONS}
_CONDITION_NAMES = {"tables", "as_of", "parameters"}
"""What can make a condition come out differently from issue to issue, in every language alike."""


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
    """The sandbox for sentences (without loader; one for all of a language) or for layouts."""
    return _for_sentences(language) if loader is None else _made(language, loader)


@cache
def _for_sentences(language: str) -> ImmutableSandboxedEnvironment:
    return _made(language, None)


def _made(language: str, loader: BaseLoader | None) -> ImmutableSandboxedEnvironment:
    sandbox = _Sandbox if loader is None else ImmutableSandboxedEnvironment
    made = sandbox(
        loader=loader,
        autoescape=loader is not None,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"] if loader is not None else [],
        bytecode_cache=_COMPILED if loader is not None else None,
    )
    if loader is not None:
        made.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(formatting.filters(language))
    for name in _FORBIDDEN_FILTERS:
        del made.filters[name]
    del made.globals["lipsum"]  # random, like the filter
    made.filters["first"] = first_of
    made.filters["last"] = lambda rows: first_of(reversed(list(rows)))
    made.globals.update(
        literal=literal,
        words=lambda count: count_in_words(int(count), language),
        plural=lambda count, one, many: one if int(count) == 1 else many,
    )
    return made


@lru_cache(maxsize=4096)
def _compiled(language: str, source: str) -> Template:
    """A sentence, ready to be said; the editions of a report have theirs in common."""
    return environment(language).from_string(_parsed(language, source))


@lru_cache(maxsize=4096)
def _parsed(language: str, source: str) -> nodes.Template:
    """A sentence as a tree, for the check and for compiling it."""
    return environment(language).parse(source)


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
            plain = "{" not in source
            said = (
                source if plain else _compiled(self.language, source).render(self._context, **more)
            )
        except NothingKnownError:
            raise NothingKnownError(f"{text.file}:{text.line}: {text.key}") from None
        except TEMPLATE_ERRORS as error:
            remedy = "Mend the expression; the names of tables and columns are in report.yaml."
            raise ProblemsError([_problem(text, _reason(error), remedy)]) from None
        folded = " ".join(said.split())
        if not folded and not may_be_empty:
            raise ProblemsError([_problem(text, "comes out empty", "Give it words.")])
        return folded

    def holds(self, expression: str, *, file: str = "config.yaml", line: int = 0) -> bool:
        """Whether a condition over the issue's tables comes out true.

        A condition that asks for a row of a table that has none does not hold: nothing is known
        that it could be about.

        Args:
            expression: such as ``tables.due.count > 0``; checked by ``compile_condition``.
            file: where it stands, for messages.
            line: 1-based line there; 0 where nobody knows.

        Raises:
            ProblemsError: it is no expression, names something that is not there, or comes out as
                a number or a text, which is neither true nor false.
        """
        remedy = "Mend the condition; the names of tables and columns are in report.yaml."
        try:
            compiled = self._environment.compile_expression(expression, undefined_to_none=False)
            found = compiled(self._context)
            if isinstance(found, bool | list):
                return bool(found)
            what = f"comes out as {found!s:.80}, which is neither true nor false"
            remedy = "Compare it, as in `tables.NAME.count > 0`."
        except NothingKnownError:
            return False
        except TEMPLATE_ERRORS as error:
            what = _reason(error)
        raise ProblemsError([Problem(file, line, "when", what, remedy)]) from None


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
        if "{" not in source:  # plain words, as most strings are, need no parser
            problems += [_typed(text, match.group()) for match in _TYPED_NUMBER.finditer(source)]
            continue
        try:
            tree = _parsed(language or "en", source)
        except TemplateSyntaxError as error:
            remedy = "Mend the template."
            problems.append(_problem(text, f"is no valid template: {error.message}", remedy))
            continue
        everything = list(_nodes_of(tree))
        for name in sorted(_undeclared(tree, everything) - _KNOWN_NAMES):
            remedy = f"Known are {', '.join(sorted(_KNOWN_NAMES))}."
            problems.append(_problem(text, f"the name {name!r} is not known", remedy))
        for name in sorted(_named_tables(everything) - set(tables)):
            remedy = f"Tables here: {', '.join(tables)}."
            problems.append(_problem(text, f"there is no table {name!r}", remedy))
        problems += [_typed(text, typed) for typed in _typed_numbers(everything)]
    return problems


def _typed(text: Text, number: str) -> Problem:
    remedy = "Take it from a table, or write {{ literal(value, reason) }}."
    return _problem(text, f"the number {number!r} is typed by hand", remedy)


def tables_named(text: Text, language: str) -> set[str]:
    """The tables that an author's string takes numbers from, in that language."""
    return _named_tables(_nodes_of(_parsed(language, text.by_language.get(language, ""))))


def compile_condition(text: str) -> str | None:
    """What keeps a text from being a condition over the tables of an issue; None where it is one.

    Args:
        text: a Jinja expression without braces, such as ``tables.due.count > 0``.
    """
    try:
        environment("en").compile_expression(text)
    except TemplateSyntaxError as error:
        return f"is no valid expression: {error.message}"
    named = meta.find_undeclared_variables(_tree_of(text))
    if unknown := sorted(named - _CONDITION_NAMES - set(_FUNCTIONS)):
        return f"the name {unknown[0]!r} is not known"
    if not named & _CONDITION_NAMES:
        return "it looks at no table, so it comes out the same for every issue"
    return None


def tables_in_condition(text: str) -> set[str]:
    """The tables that a condition looks at; ``compile_condition`` has nothing against it."""
    return _named_tables(_nodes_of(_tree_of(text)))


def _tree_of(condition: str) -> nodes.Template:
    return environment("en").parse(f"{{{{ {condition} }}}}")


def _nodes_of(tree: nodes.Node) -> Iterator[nodes.Node]:
    """A tree's nodes, in the order in which they stand; Jinja's own walk takes one type a time."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        below: list[nodes.Node] = []
        for field in node.fields:
            value = getattr(node, field, None)
            if isinstance(value, list):
                below += [one for one in value if isinstance(one, nodes.Node)]
            elif isinstance(value, nodes.Node):
                below.append(value)
        waiting += reversed(below)


def _undeclared(tree: nodes.Template, everything: Iterable[nodes.Node]) -> set[str]:
    """Names that a template does not define itself.

    Jinja finds them by compiling it, which is spared where every name it reads is a known one.
    """
    read = {node.name for node in everything if isinstance(node, nodes.Name) and node.ctx == "load"}
    return meta.find_undeclared_variables(tree) if read - _KNOWN_NAMES else set()


def _named_tables(everything: Iterable[nodes.Node]) -> set[str]:
    """Every X of ``tables.X`` and ``tables["X"]``."""
    found = set()
    for node in everything:
        if isinstance(node, nodes.Getattr) and _is_tables(node.node):
            found.add(node.attr)
        elif isinstance(node, nodes.Getitem) and _is_tables(node.node):
            found |= {str(node.arg.value)} if isinstance(node.arg, nodes.Const) else set()
    return found


def _is_tables(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "tables"


def _typed_numbers(everything: Iterable[nodes.Node]) -> Iterator[str]:
    """Numbers in the prose, and in constants that are printed, named or gone through."""
    for node in everything:
        if isinstance(node, nodes.TemplateData):
            yield from (match.group() for match in _TYPED_NUMBER.finditer(node.data))
        elif isinstance(node, nodes.Output):
            for printed in node.nodes:
                if not isinstance(printed, nodes.TemplateData):
                    yield from _typed_constants(printed)
        elif isinstance(node, nodes.Assign):
            yield from _typed_constants(node.node)
        elif isinstance(node, nodes.For):
            yield from _typed_constants(node.iter)


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

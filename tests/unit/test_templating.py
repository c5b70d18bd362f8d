"""Computed sentences: what they may name, and numbers that nobody may type."""

import pandas as pd
import pytest
from jinja2 import nodes

from briefing.errors import NothingKnownError, ProblemsError
from briefing.structures import Column, Text
from briefing.templating import Sentences, TableView, environment, prose_problems


@pytest.fixture
def loans(table_of):
    frame = pd.DataFrame(
        {
            "branch": pd.Series(["Main", "Hill", None], dtype="str"),
            "lent": pd.Series([1500, 95, None], dtype="Int64"),
            "hours": pd.Series([2.5, None, 1.0], dtype="Float64"),
            "hedge": pd.Series(["about", None, None], dtype="str"),
            "day": pd.Series(["2026-10-31", None, None], dtype="datetime64[s]"),
        }
    )
    columns = {
        "lent": Column("lent", "lent", "quantity", "items", "", "hedge"),
        "hours": Column("hours", "hours", "quantity", "hours"),
        "day": Column("day", "day", "date"),
    }
    return table_of(frame, columns, "loans")


@pytest.fixture
def say(loans, text_of):
    sentences = Sentences("en", {"tables": {"loans": TableView(loans, "en")}})
    return lambda words, **more: sentences.say(text_of(words), **more)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "{{ tables.loans.first.branch }} lends {{ tables.loans.first.lent }}.",
            "Main lends about 1,500 items.",
        ),
        ("{{ tables.loans.first.lent.plain }}", "1,500 items"),
        ("{{ tables.loans.first.lent.bare }}", "1,500"),
        ("{{ tables.loans.rows[2].lent }}", "not reported"),
        ("{{ tables.loans.rows[2].branch is none }}", "True"),
        ("{{ tables.loans.first.day|day }}", "31 October 2026"),
        ("{{ tables.loans.count }} {{ tables.loans.count_in_words }}", "3 three"),
        ("{{ tables.loans.one(branch='Hill').lent }}", "95 items"),
        ("{{ tables.loans.where(lent=95)|length }}", "1"),
        ("{{ words(0) }} {{ words(12) }} {{ words(13) }}", "no twelve 13"),
        ("{{ plural(1, 'is', 'are') }} {{ plural(2, 'is', 'are') }}", "is are"),
        ("a\n   b", "a b"),
        ("{{ literal('ABB 50', 'a name') }}", "ABB 50"),
        ("{{ ['a', 'b']|listing }}", "a and b"),
    ],
)
def test_what_a_sentence_may_say(say, words, expected):
    assert say(words) == expected


def test_the_bare_number_is_not_rounded(say):
    assert say("{{ tables.loans.first.hours.bare }}") == "2.5"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("{{ tabels.loans }}", "tabels"),
        ("{{ tables.lones.first }}", "lones"),
        ("{{ tables.loans.first.lended }}", "lended"),
        ("{{ tables.loans.where(lended=1) }}", "lended"),
        ("{{ tables.loans.rows|sum(attribute='lent') }}", "sum"),
        ("{{ literal('18', ' ') }}", "needs a reason"),
        ("{{ ''.__class__.__mro__ }}", "__class__"),
        ("{{ tables.loans._table }}", "_table"),
        ("{{ tables.loans.rows.append }}{{ tables.loans.rows.append({}) }}", "append"),
        ("{{ self.__init__.__globals__ }}", ""),
        ("{% include 'config.yaml' %}", ""),
        ("{% import 'os' as os %}", ""),
        ("{{ 'x'|map('upper') ", ""),
        ("{{ '' }}", "empty"),
        ("{{ tables.loans.first.lent.value / 0 }}", ""),
        ("{{ range(99999999)|list }}", ""),
    ],
)
def test_what_a_sentence_may_not_is_a_problem_at_its_place(say, words, part):
    with pytest.raises(ProblemsError) as refused:
        say(words)
    (problem,) = refused.value.problems
    assert (problem.file, problem.line, problem.where) == ("report.yaml", 12, "figures.loans.title")
    assert part in problem.what
    assert problem.remedy


@pytest.mark.parametrize(
    "words", ["{{ loans.first.a }}", "{{ loans.one(a=1).a }}", "{{ (loans.where(a=1)|first).a }}"]
)
def test_a_sentence_about_a_row_that_is_not_there_is_left_out(table_of, text_of, words):
    empty = TableView(table_of(pd.DataFrame({"a": []}), name="loans"), "en")
    with pytest.raises((NothingKnownError, ProblemsError)):
        Sentences("en", {"loans": empty}).say(text_of(words))


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("{{ tabels.loans.count }}", "the name 'tabels' is not known"),
        ("{{ tables.lones.count }}", "there is no table 'lones'"),
    ],
)
def test_names_that_will_not_be_there_are_found_before_anything_is_computed(text_of, words, part):
    (problem,) = prose_problems(text_of(words), ["loans"])
    assert part in problem.what
    assert "loans" in problem.remedy or "tables" in problem.remedy


def test_numbers_of_a_table_cannot_be_added_in_a_sentence(say):
    """Adding is for declared tables, where the additivity guard stands."""
    with pytest.raises(ProblemsError):
        say("{{ tables.loans.rows[0].lent.value + tables.loans.rows[1].lent.value }}")


def test_a_language_that_is_lacking_is_a_problem():
    with pytest.raises(ProblemsError, match="no text in 'ko'"):
        Sentences("ko", {}).say(Text({"en": "Loans"}, "report.yaml", 3, "title"))


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        ("Some 18 branches", "18"),
        ("1,500 loans", "1,500"),
        ("Twelve branches", "Twelve"),
        ("half of them", "half"),
        ("twice as many, by thousands", "twice"),
        ("{{ '5' }} cities", "5"),
        ("{{ 7 }} cities", "7"),
        ("{% if as_of %}three{% endif %}", "three"),
    ],
)
def test_a_typed_number_is_found(text_of, words, typed):
    problems = prose_problems(text_of(words), ["loans"])
    assert typed in problems[0].what
    assert "literal(" in problems[0].remedy


@pytest.mark.parametrize(
    "words",
    [
        "No number here; someone attended, weight and tenor",
        "{{ tables.loans.rows[0].lent }}",
        "{{ literal('18', 'a name') }}",
        "{% set x = tables.loans.rows[1] %}{{ x.lent }}",
        "{{ tables.loans.one(region='KR-27').lent|number(1) }}",
    ],
)
def test_what_is_no_typed_number(text_of, words):
    assert prose_problems(text_of(words), ["loans"]) == []


def test_a_template_that_does_not_parse_is_a_problem(text_of):
    (problem,) = prose_problems(text_of("{{ tables.loans "), ["loans"])
    assert "no valid template" in problem.what


def test_layouts_escape_and_sentences_do_not():
    from jinja2 import DictLoader

    layout = environment("en", DictLoader({"a": "{{ x }}"}))
    assert layout.get_template("a").render(x="<b>&") == "&lt;b&gt;&amp;"
    assert environment("en").from_string("{{ x }}").render(x="<b>&") == "<b>&"
    assert isinstance(layout.parse("{{ x }}"), nodes.Template)

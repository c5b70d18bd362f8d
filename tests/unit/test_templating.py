"""Computed sentences: what they may name, and numbers that nobody may type."""

import pandas as pd
import pytest
from jinja2 import nodes

from briefing.errors import NothingKnownError, ProblemsError
from briefing.structures import Column, Text, UnitWords
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


STATUS = {
    "planned": {"en": "planned", "ko": "계획"},
    "under_way": {"en": "Under way", "ko": "추진 중"},
    "achieved": {"en": "achieved", "ko": "달성"},
}


@pytest.fixture
def say_of_status(table_of, text_of):
    """Says a sentence over aims, each with a word of a vocabulary."""
    rows = {
        "aim": pd.Series(["a", "b", "c", "d"], dtype="str"),
        "status": pd.Series(["under_way", "planned", "under_way", None], dtype="str"),
    }

    def make(words: str, language: str) -> str:
        labels = {code: said[language] for code, said in STATUS.items()}
        column = Column("status", "status", "code", labels=labels)
        view = TableView(table_of(pd.DataFrame(rows), {"status": column}, "aims"), language)
        return Sentences(language, {"tables": {"aims": view}}).say(text_of(words, language))

    return make


@pytest.mark.parametrize(
    ("words", "english", "korean"),
    [
        ("{{ tables.aims.first.status }}", "Under way", "추진 중"),
        ("{{ tables.aims.rows[3].status }}", "None", "None"),
        ("{{ tables.aims.first.status == 'under_way' }}", "True", "True"),
        ("{{ 'under_way' == tables.aims.first.status }}", "True", "True"),
        ("{{ tables.aims.first.status == 'Under way' }}", "False", "False"),
        ("{{ tables.aims.first.status != tables.aims.rows[1].status }}", "True", "True"),
        ("{{ tables.aims.first.status == tables.aims.rows[2].status }}", "True", "True"),
        ("{{ tables.aims.first.status in ['under_way'] }}", "True", "True"),
        ("{{ tables.aims.where(status='under_way')|length }}", "2", "2"),
        ("{{ tables.aims.one(status='planned').aim }}", "b", "b"),
        ("{{ tables.aims.rows|selectattr('status', 'eq', 'planned')|list|length }}", "1", "1"),
        (
            "{{ tables.aims.rows[:3]|map(attribute='status')|unique|list|listing }}",
            "Under way and planned",
            "추진 중, 계획",
        ),
        (
            "{% for status, own in tables.aims.rows[:3]|groupby('status') %}"
            "{{ status }}: {{ own|map(attribute='aim')|join(' ') }}; {% endfor %}",
            "planned: b; Under way: a c;",
            "계획: b; 추진 중: a c;",
        ),
        ("{{ tables.aims.rows[:3]|map(attribute='status')|sort|first }}", "planned", "계획"),
        ("{{ tables.aims.first.status|lower }}", "under way", "추진 중"),
        ("{{ tables.aims.first.status|lower_first }}", "under way", "추진 중"),
        ("{{ tables.aims.first.status|upper ~ '!' }}", "UNDER WAY!", "추진 중!"),
        ("{{ {'under_way': 'going', 'planned': 'x'}[tables.aims.first.status] }}",)
        + ("going",) * 2,
        ("{{ tables.aims.first.status|particle('이/가') }}", "Under way가", "추진 중이"),
    ],
)
def test_a_word_of_a_vocabulary_compares_as_a_code_and_prints_as_a_label(
    say_of_status, words, english, korean
):
    assert say_of_status(words, "en") == english
    assert say_of_status(words, "ko") == korean


def test_a_code_without_a_label_is_printed_with_spaces(table_of, text_of):
    frame = pd.DataFrame({"status": pd.Series(["under_way"], dtype="str")})
    view = TableView(table_of(frame, {"status": Column("status", "status", "code")}), "ko")
    words = text_of("{{ tables.first.status }}", "ko")
    assert Sentences("ko", {"tables": view}).say(words) == "under way"


def test_a_unit_is_called_as_the_dataset_says(table_of, text_of):
    frame = pd.DataFrame({"lent": pd.Series([1, 5], dtype="Int64")})
    words = {
        "en": {"items": UnitWords("item", "items", "item")},
        "ko": {"items": UnitWords("권", "권", "1권")},
    }
    said = {}
    for language, units in words.items():
        column = Column("lent", "lent", "quantity", "items", units=units)
        view = TableView(table_of(frame, {"lent": column}), language)
        text = text_of("{{ tables.rows[0].lent }}, {{ tables.rows[1].lent.plain }}", language)
        said[language] = Sentences(language, {"tables": view}).say(text)
    assert said == {"en": "1 item, 5 items", "ko": "1권, 5권"}


def test_a_text_that_may_be_empty_is_no_problem_then(say):
    assert say("{% if tables.loans.count == 99 %}x{% endif %}", may_be_empty=True) == ""


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
        ("{% set x = 3 %}{{ x }} branches", "3"),
        ("{% set x = '5' %}{{ x }} branches", "5"),
        ("{% set x, y = as_of, 'twelve' %}{{ y }}", "twelve"),
        ("{% set x %}about half{% endset %}{{ x }}", "half"),
        ("{% set x = -4 %}{{ x }}", "4"),
        ("{% set x = ['a', '7'] %}{{ x|first }}", "7"),
        ("{% set x = {'all': 6} %}{{ x.all }}", "6"),
        ("{% for x in [8] %}{{ x }} {% endfor %}", "8"),
        ("{{ 'three' if tables.loans.count else 'none' }} branches", "three"),
        ("{{ 'none' if tables.loans.count else 4 }} branches", "4"),
        ("{{ tables.loans.count or 9 }}", "9"),
        ("{{ 'all ' ~ 17 ~ ' regions' }}", "17"),
        ("{{ 5|number }} loans", "5"),
        ("{{ words(3) }} loans", "3"),
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
        "{% set x = tables.loans.rows[1] %}{{ x.lent if x.count > 3 else 'none' }}",
        "{% for x in tables.loans.rows[:3] %}{{ x.branch }} {% endfor %}",
        "{% set name = literal('ABB 50', 'a name') %}{{ name }}",
        "{{ words(tables.loans.count) }}",
    ],
)
def test_what_is_no_typed_number(text_of, words):
    assert prose_problems(text_of(words), ["loans"]) == []


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        ("분관 두 곳", "두"),
        ("세 개의 분관", "세"),
        ("모두 네 명입니다", "네"),
        ("세 곳이며", "세"),
        ("네 명이 근무", "네"),
        ("다섯 가지 유형", "다섯"),
        ("열 건", "열"),
        ("열두 개 시도", "열두"),
        ("스물한 곳에서", "스물한"),
        ("한 번", "한"),
        ("전년의 두 배", "두"),
        ("기업 여섯개사", "여섯"),
        ("세 번째 사업", "세"),
        ("분관(두 곳)", "두"),
        ("{% set x = '두 곳' %}{{ x }}", "두 곳"),
        ("17개 시도", "17"),
    ],
)
def test_a_typed_number_is_found_in_korean(text_of, words, typed):
    problems = prose_problems(text_of(words, "ko"), ["loans"])
    assert f"the number {typed!r} is typed by hand" in {problem.what for problem in problems}


@pytest.mark.parametrize(
    "words",
    [
        "필요한 곳",
        "제안한 건수",
        "수요가 대한민국 전역에 한정된다",
        "세계 여러 명소",
        "세종 개발",
        "열린 곳",
        "한편 네트워크와 다섯째 단계",
        "둘러볼 단지와 장소",
        "한 번역가의 말",
        "분관 {{ words(tables.loans.count) }}곳",
    ],
)
def test_what_is_no_typed_number_in_korean(text_of, words):
    assert prose_problems(text_of(words, "ko"), ["loans"]) == []


def test_a_template_that_does_not_parse_is_a_problem(text_of):
    (problem,) = prose_problems(text_of("{{ tables.loans "), ["loans"])
    assert "no valid template" in problem.what


def test_layouts_escape_and_sentences_do_not():
    from jinja2 import DictLoader

    layout = environment("en", DictLoader({"a": "{{ x }}"}))
    assert layout.get_template("a").render(x="<b>&") == "&lt;b&gt;&amp;"
    assert environment("en").from_string("{{ x }}").render(x="<b>&") == "<b>&"
    assert isinstance(layout.parse("{{ x }}"), nodes.Template)

"""Conditions of deliveries: what may be asked of an issue's tables, and what comes of it."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefing.errors import ProblemsError
from briefing.structures import Column
from briefing.templating import Sentences, TableView, compile_condition, tables_in_condition


@pytest.fixture
def holds(table_of):
    """What a condition comes out as over the loans of two branches and a table without rows."""
    frame = pd.DataFrame(
        {
            "branch": pd.Series(["main", "hill"], dtype="str"),
            "lent": pd.Series([1500, None], dtype="Int64"),
        }
    )
    columns = {"lent": Column("lent", "lent", "quantity", "items")}
    tables = {
        "loans": TableView(table_of(frame, columns, "loans"), "en"),
        "due": TableView(table_of(frame.iloc[:0], columns, "due"), "en"),
    }
    sentences = Sentences("en", {"tables": tables, "parameters": {"place": "main"}})
    return lambda condition: sentences.holds(condition, line=7)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("tables.loans.count > 1", True),
        ("tables.loans.count > 2", False),
        ("tables['loans'].first.lent.value > 1000", True),
        ("tables.loans.first.lent.value > 1000 and parameters.place == 'hill'", False),
        ("not tables.due.count", True),
        ("tables.loans.rows[1].lent.missing", True),
        ("tables.loans.where(branch='hill')", True),
        ("tables.loans.where(branch='dale')", False),
        ("tables.due.rows", False),
    ],
)
def test_a_condition_comes_out_true_or_false(holds, condition, expected):
    assert compile_condition(condition) is None
    assert holds(condition) is expected


@pytest.mark.parametrize(
    "condition",
    ["tables.due.first.lent.value < 5", "not (tables.due.first.lent.value < 5)",
     "tables.loans.one(branch='dale').lent.value > 0"],
)  # fmt: skip
def test_a_condition_about_a_row_that_is_not_there_does_not_hold(holds, condition):
    assert holds(condition) is False


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("tables.loans.first.lent", "comes out as 1,500 items, which is neither true nor false"),
        ("tables.loans.first.branch", "comes out as main"),
        ("tables.loans.count", "comes out as 2"),
        ("tables.loans.first.fees.value > 0", "cannot be computed"),
        ("tables.gone.count > 0", "cannot be computed"),
        ("tables.loans.count + 1 > 2", "numbers are added in declared tables"),
        ("tables.loans.rows.__class__.__mro__ == 1", "cannot be computed"),
    ],
)
def test_what_comes_out_otherwise_is_a_problem_with_its_line(holds, condition, said):
    with pytest.raises(ProblemsError) as caught:
        holds(condition)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.where) == ("config.yaml", 7, "when")
    assert said in problem.what


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no valid expression"),
        ("tables.loans.count >", "is no valid expression"),
        ("{{ tables.loans.count > 0 }}", "is no valid expression"),
        ("tables.a.count }} and {{ tables.b.count", "is no valid expression"),
        ("tables.loans|shuffle", "No filter named 'shuffle'"),
        ("sometimes", "the name 'sometimes' is not known"),
        ("row.lent > 0", "the name 'row' is not known"),
        ("period == 'October 2026'", "the name 'period' is not known"),
        ("true", "the same for every issue"),
        ("words(2) == 'two'", "the same for every issue"),
    ],
)
def test_a_text_that_is_no_condition_is_told_why(text, said):
    assert said in (compile_condition(text) or "")


def test_the_tables_of_a_condition_are_known():
    condition = "tables.a.count > 0 or (tables['b'].count and not tables.c.first.x.missing)"
    assert tables_in_condition(condition) == {"a", "b", "c"}
    assert tables_in_condition("parameters.place == 'main'") == set()


@given(st.text(max_size=20) | st.from_regex(r"[a-z.\[\]()'{}%# <>=-]{0,20}", fullmatch=True))
def test_no_text_is_taken_for_a_condition_that_cannot_be_looked_through(text):
    if compile_condition(text) is None:
        assert isinstance(tables_in_condition(text), set)

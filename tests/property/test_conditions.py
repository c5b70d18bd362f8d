"""A random condition means the same to pandas as it does row by row in plain Python."""

import operator
from datetime import date

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from briefing.structures import Combination, Comparison, Parameter
from briefing.tables.conditions import holds, parse

SIGNS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
DTYPES = {
    "word": "str",
    "count": "Int64",
    "size": "Float64",
    "day": "datetime64[s]",
    "yes": "boolean",
}
VALUES = {
    "word": st.sampled_from(["a", "b", "", "항구"]),
    "count": st.integers(-3, 3),
    "size": st.sampled_from([-1.5, 0.0, 0.5, 2.0]),
    "day": st.dates(date(2026, 10, 1), date(2026, 10, 5)),
    "yes": st.booleans(),
}
rows = st.lists(
    st.fixed_dictionaries({name: st.one_of(st.none(), values) for name, values in VALUES.items()}),
    max_size=8,
)


@st.composite
def comparisons(draw):
    column = draw(st.sampled_from(sorted(VALUES)))
    ordered = [*SIGNS] if column != "yes" else ["==", "!="]
    sign = draw(st.sampled_from([*ordered, "in", "not in"]))
    values = VALUES[column].map(lambda value: value.isoformat() if column == "day" else value)
    if sign in {"in", "not in"}:
        return Comparison(column, sign, tuple(draw(st.lists(values, max_size=3))))
    if sign in {"==", "!="} and draw(st.booleans()):
        return Comparison(column, sign, None)
    return Comparison(column, sign, draw(values))


conditions = st.recursive(
    comparisons(),
    lambda parts: st.one_of(
        st.builds(lambda part: Combination("not", (part,)), parts),
        st.builds(
            lambda word, some: Combination(word, tuple(some)),
            st.sampled_from(["and", "or"]),
            st.lists(parts, min_size=2, max_size=3),
        ),
    ),
    max_leaves=8,
)


def frame_of(some) -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series([row[name] for row in some], dtype=kind) for name, kind in DTYPES.items()}
    )


def plainly(condition, row) -> bool:
    if isinstance(condition, Combination):
        parts = [plainly(part, row) for part in condition.parts]
        return {"and": all, "or": any, "not": lambda p: not p[0]}[condition.operator](parts)
    cell, wanted = row[condition.column], condition.value
    if wanted is None:
        return (cell is None) == (condition.operator == "==")
    if cell is None:
        return False
    if condition.column == "day":
        cell = cell.isoformat()
    if condition.operator == "in":
        return cell in wanted
    if condition.operator == "not in":
        return cell not in wanted
    return bool(SIGNS[condition.operator](cell, wanted))


def written(condition) -> str:
    if isinstance(condition, Combination):
        parts = [f"({written(part)})" for part in condition.parts]
        if condition.operator == "not":
            return f"not {parts[0]}"
        return f" {condition.operator} ".join(parts)
    value = list(condition.value) if isinstance(condition.value, tuple) else condition.value
    return f"{condition.column} {condition.operator} {value!r}"


@given(conditions, rows)
def test_pandas_and_python_agree_row_by_row(condition, some):
    found = list(holds(condition, frame_of(some), {}))
    assert found == [plainly(condition, row) for row in some]


@given(conditions)
def test_what_is_written_reads_back(condition):
    assert parse(written(condition)) == condition


@given(conditions, rows)
def test_not_turns_every_row(condition, some):
    frame = frame_of(some)
    turned = holds(Combination("not", (condition,)), frame, {})
    assert list(turned) == [not row for row in holds(condition, frame, {})]


@given(VALUES["count"], rows)
def test_a_parameter_means_its_value(value, some):
    frame = frame_of(some)
    by_name = holds(Comparison("count", ">=", Parameter("limit")), frame, {"limit": value})
    assert list(by_name) == list(holds(Comparison("count", ">=", value), frame, {}))

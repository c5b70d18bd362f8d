"""What stays the same however little is known: columns, and sentences that cannot be said."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from briefing.errors import NothingKnownError
from briefing.structures import Column, Derivation, MeasureUse
from briefing.tables import arithmetic, conditions
from briefing.tables.aggregation import aggregate
from briefing.templating import Sentences, TableView

ROLES = {"name": "role", "type": "string", "constraints": {"enum": ["actual", "target", "plan"]}}
COUNTS = {
    "measures": {"level": {"column": "value", "aggregation": "last", "additivity": "non-additive"}},
    "schema": {
        "fields": [
            {"name": "id", "type": "string"},
            {"name": "what", "type": "string"},
            ROLES,
            {"name": "value", "type": "integer", "unit": "books"},
        ],
        "primaryKey": ["id"],
    },
}


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("role == 'actual'", {"actual"}),
        ("role != 'actual'", {"target", "plan"}),
        ("role in ['actual', 'plan'] and value > 3", {"actual", "plan"}),
        ("value > 3", {"actual", "target", "plan"}),
        ("role == 'actual' or value > 3", {"actual", "target", "plan"}),
        ("not role == 'actual'", {"target", "plan"}),
        ("not (role == 'actual' and value > 3)", {"actual", "target", "plan"}),
        ("role == parameters.role", {"actual", "target", "plan"}),
    ],
)
def test_which_values_a_condition_leaves_possible(text: str, allowed: set[str]) -> None:
    condition = conditions.parse(text)
    roles = ROLES["constraints"]["enum"]  # type: ignore[index]
    assert {role for role in roles if conditions.possible(condition, "role", role)} == allowed


@pytest.mark.parametrize("rows", ["", "a,loans,actual,7\n", "a,loans,actual,7\nb,loans,target,9\n"])
def test_a_pivot_has_the_columns_of_the_vocabulary_whatever_is_known(
    dataset_of: Callable[..., Any], declare: Callable[..., Any], rows: str
) -> None:
    dataset, problems = dataset_of({"counts": ("id,what,role,value\n" + rows, COUNTS)})
    assert problems == []
    declared = declare(
        dataset="counts",
        by=("what", "role"),
        measures=("level",),
        pivot="role",
        where=conditions.parse("role in ['actual', 'target']"),
        dropna=("target",),
        derive=(Derivation("attained", "actual / target", "ratio"),),
        compare="target",
    )
    table = aggregate(declared, dataset, {}, "en")
    assert {"actual", "target", "attained"} <= set(table.columns)
    assert "plan" not in table.columns
    assert len(table.frame) == rows.count("target")


def test_a_measure_of_a_linked_table_brings_its_unit_along(
    dataset_of: Callable[..., Any], declare: Callable[..., Any]
) -> None:
    amounts = {
        "schema": {
            "fields": [
                {"name": "id", "type": "string"},
                {"name": "value", "type": "integer", "money": True, "unitColumn": "currency"},
                {"name": "currency", "type": "string"},
                {"name": "same_as", "type": "string"},
            ],
            "primaryKey": ["id"],
            "foreignKeys": [
                {"fields": ["same_as"], "reference": {"resource": "", "fields": ["id"]}}
            ],
        }
    }
    text = "id,value,currency,same_as\nw,60000000,KRW,\nd,37000,USD,w\n"
    dataset, problems = dataset_of({"amounts": (text, amounts)})
    assert problems == []
    declared = declare(
        dataset="amounts",
        where=conditions.parse("currency == 'USD'"),
        by=("id",),
        measures=(
            MeasureUse("dollars", of="value"),
            MeasureUse("won", of="same_as.value", aggregation="last"),
        ),
        derive=(Derivation("rate", "won / dollars", "KRW/USD"),),
    )
    table = aggregate(declared, dataset, {}, "en")
    assert table.columns["won"].unit == "KRW"
    assert table.frame["rate"].iloc[0] == pytest.approx(60_000_000 / 37_000)


def test_money_is_computed_in_whole_units_and_kept_in_minor_units() -> None:
    frame = pd.DataFrame({"cost": [250], "people": [5]})  # 2.50 US dollars
    columns = {
        "cost": Column("cost", "cost", "quantity", "USD"),
        "people": Column("people", "people", "quantity", "person"),
    }
    each, column = arithmetic.derive(frame, columns, Derivation("each", "cost / people"))
    assert column.unit == "USD/person"
    assert each.iloc[0] == 50  # cents


@pytest.mark.parametrize(
    "words",
    [
        "{{ tables.result.first.lent }}",
        "{{ tables.result.rows[0].lent }}",
        "{{ tables.result.rows[-1].lent }}",
        "{{ (tables.result.where(branch='main')|first).lent }}",
        "{{ (tables.result.rows|last).lent }}",
        "{{ tables.result.one(branch='main').lent }}",
    ],
)
def test_asking_an_empty_table_for_a_row_is_not_an_error_but_nothing_known(
    table_of: Callable[..., Any], text_of: Callable[..., Any], words: str
) -> None:
    empty = table_of(pd.DataFrame({"branch": pd.Series(dtype="str"), "lent": []}))
    sentences = Sentences("en", {"tables": {"result": TableView(empty, "en")}})
    with pytest.raises(NothingKnownError, match=r"report.yaml:12"):
        sentences.say(text_of(words))


def test_counting_an_empty_table_is_fine(
    table_of: Callable[..., Any], text_of: Callable[..., Any]
) -> None:
    empty = table_of(pd.DataFrame({"branch": pd.Series(dtype="str")}))
    sentences = Sentences("en", {"tables": {"result": TableView(empty, "en")}})
    assert sentences.say(text_of("{{ tables.result.count_in_words }} branches")) == "no branches"

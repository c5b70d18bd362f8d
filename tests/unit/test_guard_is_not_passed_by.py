"""Ways round the additivity guard and lost hedges that somebody has tried."""

from collections.abc import Callable
from typing import Any

import pytest

from briefing.structures import Derivation, MeasureUse
from briefing.tables import aggregate_all

LOANS = {
    "measures": {
        "lent": {"column": "lent", "never_across": ["medium"]},
        "level": {"column": "lent", "additivity": "non-additive"},
        "cost": {"column": "cost"},
    },
    "schema": {
        "fields": [
            {"name": "id"},
            {"name": "branch"},
            {"name": "medium", "constraints": {"enum": ["book", "film"]}},
            {"name": "lent", "type": "integer", "unit": "items", "qualifierColumn": "hedge"},
            {"name": "hedge"},
            {"name": "cost", "type": "integer", "money": True, "unitColumn": "currency"},
            {"name": "currency"},
        ],
        "primaryKey": "id",
        "foreignKeys": [
            {"fields": "branch", "reference": {"resource": "branches", "fields": "branch"}}
        ],
    },
}
BRANCHES = {
    "schema": {
        "fields": [{"name": "branch"}, {"name": "staff", "type": "integer", "unit": "people"}],
        "primaryKey": "branch",
    }
}
ROWS = """\
id,branch,medium,lent,hedge,cost,currency
a,main,book,10,exact,1000,KRW
b,main,film,20,at_least,300,USD
"""


@pytest.fixture
def run(dataset_of: Callable[..., Any], declare: Callable[..., Any], edition: Any) -> Any:
    dataset, problems = dataset_of(
        {"loans": (ROWS, LOANS), "branches": ("branch,staff\nmain,7\n", BRANCHES)}
    )
    assert problems == []

    def make(**keys: Any) -> tuple[Any, list[Any]]:
        tables, found = aggregate_all((declare(dataset="loans", **keys),), dataset, edition)
        return tables.get("result"), found

    return make


@pytest.mark.parametrize(
    "keys",
    [
        {"measures": (MeasureUse("x", of="cost"),)},
        {"measures": ("cost",)},
        {"measures": ("cost",), "across": ("currency",)},
        {"measures": ("cost",), "by": ("currency",), "share": "cost"},
        {"measures": (MeasureUse("x", of="branch.staff"),)},
        {"measures": (MeasureUse("x", of="lent"),)},
        {
            "measures": (MeasureUse("x", of="b"),),
            "derive": (Derivation("a", "lent * 1"), Derivation("b", "a * 1")),
        },
        {
            "measures": ("lent",),
            "by": ("branch", "medium"),
            "pivot": "medium",
            "derive": (Derivation("total", "book + film"),),
        },
    ],
    ids="column measure across share linked two-measures derived-twice pivot".split(),
)
def test_it_is_refused(run: Any, keys: dict[str, Any]) -> None:
    table, problems = run(**keys)
    assert problems, f"it was added: {table.frame.to_dict('list')}"


def test_a_computed_value_keeps_the_doubt_of_what_it_is_computed_from(run: Any) -> None:
    table, problems = run(
        by=("id",), measures=("lent",), derive=(Derivation("twice", "lent * 2"),), sort=("id",)
    )
    assert problems == []
    hedges = table.frame[table.columns["twice"].qualifier_column]
    assert list(hedges) == ["exact", "about"]

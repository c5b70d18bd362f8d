"""What a thing is made from: told apart where it matters, the same where it does not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefing import reuse
from briefing.cache import Cache
from briefing.figures import _parameters_of, _tables_read
from briefing.ledger import Ledger, glance, open_database, this_process
from briefing.ledger.schema import REVISION
from briefing.reuse import FIGURE, TABLE, Reuse, content_of, meaning
from briefing.structures import Column, Edition, Planned, Table, TableDeclaration
from briefing.tables.conditions import parse

REGIONS = ("region,name\nKR-27,Daegu\n", ["region", "name"])
PROGRAMMES = ("programme,region\nrobot,KR-27\n", ["programme", "region"])
FUNDING = ("id,programme,amount\nf-1,robot,12\n", ["id", "programme", "amount"])

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(plain, plain)
def test_two_values_mean_the_same_only_if_they_are_the_same(one: object, other: object):
    assert (meaning(one) == meaning(other)) == (repr(one) == repr(other))


def test_where_a_declaration_stands_does_not_matter(declare: Callable[..., TableDeclaration]):
    declaration = declare(dataset="funding", by=("programme",), where=parse("amount > 3"))
    assert meaning(replace(declaration, line=99, file="other.yaml")) == meaning(declaration)
    assert meaning(replace(declaration, top=3)) != meaning(declaration)
    assert meaning(replace(declaration, where=parse("amount > 4"))) != meaning(declaration)


def table_of(declare: Callable[..., TableDeclaration], values: list[object]) -> Table:
    frame = pd.DataFrame({"value": pd.Series(values)})
    return Table("t", frame, {"value": Column("value", "Value")}, "funding", ((1,),), declare())


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([1, 2], [1, 2], True),
        ([1, 2], [2, 1], False),
        ([1, 2], [1.0, 2.0], False),
        ([0.1 + 0.2], [0.3], False),
        (["a", None], ["a", ""], False),
        ([pd.Timestamp("2026-10-01")], [pd.Timestamp("2026-10-02")], False),
    ],
)
def test_a_table_is_another_where_a_cell_is(declare, one, other, same):
    found = content_of(table_of(declare, one)) == content_of(table_of(declare, other))
    assert found is same


def described(columns: list[str], **more: object) -> dict[str, object]:
    fields = [{"name": name, "type": "string"} for name in columns]
    return {"title": "T", "schema": {"fields": fields, **more}}


def key(field: str, table: str) -> dict[str, object]:
    return {"fields": [field], "reference": {"resource": table, "fields": [field]}}


@pytest.mark.parametrize(
    ("keys", "read"),
    [
        ({"by": ("id",)}, {"funding"}),
        ({"by": ("programme",)}, {"funding", "programmes"}),
        ({"by": ("programme.region.name",)}, {"funding", "programmes", "regions"}),
        ({"where": parse("programme.region == 'KR-27'")}, {"funding", "programmes", "regions"}),
    ],
)
def test_a_declaration_reads_the_tables_that_it_can_reach(dataset_of, declare, keys, read):
    dataset, problems = dataset_of(
        {
            "regions": (REGIONS[0], described(REGIONS[1], primaryKey=["region"])),
            "programmes": (
                PROGRAMMES[0],
                described(
                    PROGRAMMES[1], primaryKey=["programme"], foreignKeys=[key("region", "regions")]
                ),
            ),
            "funding": (
                FUNDING[0],
                described(
                    FUNDING[1], primaryKey=["id"], foreignKeys=[key("programme", "programmes")]
                ),
            ),
        }
    )
    assert not [problem for problem in problems if "regions" in problem.what]
    assert _tables_read(declare(dataset="funding", **keys), dataset) == read


def test_only_the_parameters_that_a_condition_names_count(edition: Edition):
    edition = replace(edition, parameters={"region": "KR-27"})
    assert _parameters_of(parse("region == parameters.region"), edition) == {"the region": "KR-27"}
    assert _parameters_of(parse("amount > 3 and not region == 'KR-26'"), edition) == {}
    named = _parameters_of(parse("not (day > period.end or region == parameters.region)"), edition)
    assert named["the period"] == "2026-10"
    assert named["the region"] == "KR-27"


@pytest.fixture
def book(tmp_path: Path, edition: Edition) -> Callable[[], Reuse]:
    """The cache as the same issue sees it in one build after the other."""
    return lambda: Reuse(Cache(tmp_path / "cache"), edition, {})


def test_the_reason_is_the_part_that_changed(book: Callable[[], Reuse]):
    first = book()
    assert first.make(TABLE, "t", {"data/a.csv": "1", "the language": "en"}, lambda: 7) == 7
    first.remember()
    second = book()
    assert second.make(TABLE, "t", {"data/a.csv": "1", "the language": "en"}, lambda: 8) == 7
    assert second.take(TABLE, "t", {"data/a.csv": "2", "the language": "en"}) is None
    assert second.take(FIGURE, "f", {"data/a.csv": "2"}) is None
    assert [(item.reused, item.why) for item in second.told] == [
        (True, ""),
        (False, "data/a.csv changed"),
        (False, "it was not made before"),
    ]


def test_what_was_pruned_says_so(book: Callable[[], Reuse], tmp_path: Path):
    first = book()
    first.make(TABLE, "t", {"data/a.csv": "1"}, lambda: 7)
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    first.remember()
    for path in kept:
        path.unlink()
    second = book()
    assert second.take(TABLE, "t", {"data/a.csv": "1"}) is None
    assert second.told[0].why == "it is kept no more"


def test_another_program_reuses_nothing(book: Callable[[], Reuse], monkeypatch):
    first = book()
    first.make(TABLE, "t", {"data/a.csv": "1"}, lambda: 7)
    first.remember()
    monkeypatch.setattr(reuse, "PROGRAM", "another")
    second = book()
    assert second.take(TABLE, "t", {"data/a.csv": "1"}) is None
    assert second.told[0].why == "the program or a library changed"


def test_what_is_off_keeps_nothing(tmp_path: Path, edition: Edition):
    off = Reuse(Cache(tmp_path / "cache"), edition, {}, "it is off")
    assert off.make(TABLE, "t", {}, lambda: 7) == 7
    off.remember()
    assert not (tmp_path / "cache").exists()
    assert [(item.name, item.why) for item in off.told] == [("", "it is off")]


# -- a glance at the ledger -------------------------------------------------------------------

ISSUE = ("library-loans", "en", "2026-10", 1)
WANTED = Planned("library-loans", "en", "2026-10", date(2026, 10, 31), "en")


def test_the_glance_understands_the_newest_schema():
    assert glance.REVISION == REVISION


def test_an_issue_is_at_rest_only_when_it_is_published_and_nobody_is_at_it(tmp_path: Path):
    file = tmp_path / "ledger.sqlite"
    assert not glance.is_at_rest(file, ISSUE, "m" * 64)
    ledger = Ledger(open_database("sqlite:///ledger.sqlite", tmp_path))
    assert not glance.is_at_rest(file, ISSUE, "m" * 64)
    run = ledger.claim(WANTED, this_process())
    assert not glance.is_at_rest(file, ISSUE, "m" * 64)
    ledger.publish(run, "m" * 64, lambda: None)
    assert glance.is_at_rest(file, ISSUE, "m" * 64)
    assert not glance.is_at_rest(file, ISSUE, "n" * 64)
    assert not glance.is_at_rest(file, (*ISSUE[:3], 2), "m" * 64)
    ledger.claim(WANTED, this_process())
    assert not glance.is_at_rest(file, ISSUE, "m" * 64)


def test_a_damaged_ledger_is_a_doubt(tmp_path: Path):
    file = tmp_path / "ledger.sqlite"
    file.write_bytes(b"no database at all" * 1000)
    assert not glance.is_at_rest(file, ISSUE, "m" * 64)

"""What an issue says before any markup: numbers of figures, findings, cells, sources."""

from io import StringIO

import pandas as pd
import pytest

from briefing.composition import compose, sentences_for
from briefing.composition.printing import printed
from briefing.errors import ProblemsError
from briefing.periods import Grain
from briefing.structures import (
    Chart,
    Column,
    FigureDeclaration,
    FindingDeclaration,
    KeyFigureDeclaration,
    ReportDefinition,
    SectionDeclaration,
    Text,
)
from briefing.tables import aggregate_all

DOCUMENTS = """\
document_id,title,publisher,published,date_basis,note
annual,Annual report,City Library,2026-10,printed,Only in print
leaflet,Leaflet,Friends of the Library,2025,inferred,
unused,Not cited,Nobody,2024,printed,
"""
SOURCES = """\
source,title,publisher,published,caveat
office,Statistics,Statistical office,2026,
"""
LOANS = """\
id,branch,lent,document,paragraph,as_printed,caveat,source
1,main,1500,annual,11,"1,500 books",,
2,main,200,annual,6,200 more,Rounded,
3,hill,95,leaflet,2,ninety-five,,
4,dock,7,,,,,office
"""


def shown(item) -> list[str]:
    """The sources of a figure or key figure, as a reader sees them."""
    return [str(source) for source in item.sources]


def names(*columns: str) -> list[dict]:
    return [{"name": name} for name in columns]


def links(column: str, table: str, key: str) -> dict:
    return {"fields": column, "reference": {"resource": table, "fields": key}}


@pytest.fixture
def tables():
    return {
        "documents": (
            DOCUMENTS,
            {
                "schema": {
                    "fields": names(*DOCUMENTS.split("\n", maxsplit=1)[0].split(",")),
                    "primaryKey": "document_id",
                }
            },
        ),
        "sources": (
            SOURCES,
            {
                "schema": {
                    "fields": names(*SOURCES.split("\n", maxsplit=1)[0].split(",")),
                    "primaryKey": "source",
                }
            },
        ),
        "loans": (
            LOANS,
            {
                "schema": {
                    "fields": [
                        *names("id", "branch"),
                        {"name": "lent", "type": "integer", "unit": "books"},
                        *names("document"),
                        {"name": "paragraph", "type": "integer"},
                        *names("as_printed", "caveat", "source"),
                    ],
                    "primaryKey": "id",
                    "foreignKeys": [
                        links("document", "documents", "document_id"),
                        links("source", "sources", "source"),
                    ],
                },
                "measures": {"lent": {"column": "lent"}},
            },
        ),
    }


@pytest.fixture
def composed(tables, dataset_of, declare, edition, text_of, tmp_path):
    """Compose a report of these figures, findings and key figures over the loans."""

    def make(figures, findings=(), key_figures=(), sections=None, by=("branch",)):
        dataset, problems = dataset_of(tables)
        assert problems == []
        declared = (
            declare("loans", dataset="loans", by=by, measures=("lent",)),
            declare("few", dataset="loans", by=("id", "branch"), measures=("lent",)),
        )
        computed, problems = aggregate_all(declared, dataset, edition)
        assert problems == []
        named = {figure.name: figure for figure in figures}
        report = ReportDefinition(
            "library-loans",
            tmp_path,
            "report.yaml",
            text_of("Loans"),
            None,
            Grain.MONTH,
            declared,
            named,
            findings,
            key_figures,
            sections or (SectionDeclaration(text_of("All"), (), tuple(named)),),
            (),
        )
        drawn = {
            name: None if item.kind == "table" else Chart("<svg/>", 1, 1, "alt")
            for name, item in named.items()
        }
        sentences = sentences_for(edition, computed)
        return compose(report, edition, "City Library", dataset, computed, drawn, sentences)

    return make


@pytest.fixture
def figure(text_of):
    def make(name: str, kind: str = "bar", table: str = "loans", title: str = "Loans"):
        return FigureDeclaration(name, kind, table, text_of(title), {}, "report.yaml", 12)

    return make


def test_charts_and_tables_are_numbered_apart_in_the_order_of_the_sections(
    composed, figure, text_of
):
    figures = [figure("a", "table"), figure("b"), figure("c"), figure("d", "table")]
    sections = (
        SectionDeclaration(text_of("Loans: first & last"), (), ("c", "a")),
        SectionDeclaration(text_of("항구"), (), ("d", "b")),
    )
    issue = composed(figures, sections=sections)
    labels = {item.name: item.label for section in issue.sections for item in section.figures}
    assert labels == {"c": "Figure 1", "a": "Table 1", "d": "Table 2", "b": "Figure 2"}
    assert [item.anchor for item in issue.sections] == ["section-1-loans-first-last", "section-2"]


def test_findings_come_by_rank_with_the_label_of_their_figure(composed, figure, text_of):
    findings = (
        FindingDeclaration("late", text_of("Late."), 3),
        FindingDeclaration("first", text_of("{{ tables.loans.first.lent }}."), 1, figure="a"),
    )
    issue = composed([figure("a")], findings)
    assert [(item.name, item.text, item.figure) for item in issue.findings] == [
        ("first", "1,700 books.", "Figure 1"),
        ("late", "Late.", ""),
    ]


def test_sources_are_those_of_the_records_used_and_no_others(composed, figure):
    issue = composed([figure("a")])
    (only,) = issue.sections[0].figures
    assert shown(only) == ["D1 ¶6, ¶11", "D2 ¶2", "R1"]
    assert [(entry.key, entry.title, entry.figures) for entry in issue.sources] == [
        ("D1", "Annual report", ("Figure 1",)),
        ("D2", "Leaflet", ("Figure 1",)),
        ("R1", "Statistics", ("Figure 1",)),
    ]
    assert [(use.paragraph, use.as_printed) for use in issue.sources[0].uses] == [
        (6, "200 more"),
        (11, "1,500 books"),
    ]
    assert issue.sources[1].published == "2025 (date inferred)"
    assert issue.sources[0].published == "2026-10"
    assert issue.sources[0].caveat == "Only in print"


def test_a_key_figure_names_the_sources_of_its_single_row(composed, figure, text_of):
    value = text_of("{{ row.lent }}")
    only = KeyFigureDeclaration(value, text_of("lent"), "loans", {"branch": "hill"}, 9)
    whole = KeyFigureDeclaration(text_of("{{ tables.loans.count }}"), text_of("all"), "loans")
    issue = composed([figure("a")], key_figures=(only, whole))
    assert [(item.value, shown(item)) for item in issue.key_figures] == [
        ("95 books", ["D2 ¶2"]),
        ("3", ["D1 ¶6, ¶11", "D2 ¶2", "R1"]),
    ]


@pytest.mark.parametrize(
    ("only", "part"),
    [
        ({"branch": "main"}, "2 rows"),
        ({"colour": "red"}, "no column 'colour'"),
    ],
)
def test_a_key_figure_must_mean_one_row(composed, figure, text_of, only, part):
    declaration = KeyFigureDeclaration(text_of("x"), text_of("y"), "few", only, 9)
    with pytest.raises(ProblemsError, match=part) as refused:
        composed([figure("a")], key_figures=(declaration,))
    assert refused.value.problems[0].line == 9


def test_a_key_figure_whose_row_is_not_known_yet_is_left_out(composed, figure, text_of):
    missing = KeyFigureDeclaration(text_of("x"), text_of("y"), "few", {"branch": "nowhere"}, 9)
    assert composed([figure("a")], key_figures=(missing,)).key_figures == ()


def test_all_sentences_that_fail_are_reported_together(composed, figure):
    wrong = Text({"en": "{{ nothing }}"}, "report.yaml", 30, "findings.x.text")
    with pytest.raises(ProblemsError) as refused:
        composed([figure("a", title="{{ nowhere }}")], (FindingDeclaration("x", wrong, 1),))
    assert [item.line for item in refused.value.problems] == [12, 30]


def test_a_dataset_without_documents_is_named_by_its_file(composed, figure, tables):
    text, description = tables["loans"]
    del description["schema"]["foreignKeys"]
    tables["loans"] = (text, description | {"title": "Loans by branch"})
    issue = composed([figure("a")])
    assert shown(issue.sections[0].figures[0]) == ["T1 ¶2, ¶6, ¶11"]
    (entry,) = issue.sources
    assert (entry.title, entry.publisher, entry.figures) == (
        "Loans by branch",
        "loans.csv",
        ("Figure 1",),
    )


@pytest.mark.parametrize(
    ("change", "more"),
    [
        (lambda text: text.replace(",11,", ",IV,"), "string"),
        (lambda text: text.replace(",11,", ",,"), "integer"),
    ],
    ids=["roman-numeral", "empty"],
)
def test_paragraphs_may_be_anything_or_nothing(composed, figure, tables, change, more):
    text, description = tables["loans"]
    description["schema"]["fields"][4]["type"] = more
    tables["loans"] = (change(text), description)
    issue = composed([figure("a")])
    assert issue.sections[0].figures[0].sources


def test_records_without_the_words_as_printed_still_have_a_source(composed, figure, tables):
    text, description = tables["loans"]
    del description["schema"]["fields"][5]
    rows = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
    tables["loans"] = (rows.drop(columns="as_printed").to_csv(index=False), description)
    issue = composed([figure("a")])
    assert shown(issue.sections[0].figures[0]) == ["D1 ¶6, ¶11", "D2 ¶2", "R1"]


# -- printed tables ---------------------------------------------------------------------------


@pytest.fixture
def show(table_of, figure_of):
    def make(values: list, dtype: str, column: Column, language: str = "en", **more: list):
        frame = pd.DataFrame({"x": pd.Series(values, dtype=dtype), **more})
        table = table_of(frame, {"x": column})
        made = printed(table, figure_of("table"), {"x": "Head"}, language)
        return made.units[0], [row[0] for row in made.rows]

    return make


def test_amounts_of_like_size_share_a_unit_in_the_head(show):
    column = Column("x", "x", "quantity", "KRW")
    unit, cells = show([32_700_000_000, 9_000_000_000, None], "Int64", column)
    assert (unit, cells) == ("billion won", ["32.7", "9.0", "not reported"])


def test_amounts_of_unlike_size_keep_their_own(show):
    column = Column("x", "x", "quantity", "KRW")
    unit, cells = show([1_400_000_000_000, 20_000_000, 5], "Int64", column)
    assert (unit, cells) == ("", ["1.4 trillion won", "20 million won", "5 won"])


@pytest.mark.parametrize(
    ("values", "dtype", "column", "unit", "cells"),
    [
        ([0.306, None], "Float64", Column("x", "x", "quantity", "ratio"), "", ["31%", "–"]),
        ([5, 1000], "Int64", Column("x", "x", "quantity", "books"), "books", ["5", "1,000"]),
        (
            ["hq", "per_unit", None],
            "str",
            Column("x", "x", "code"),
            "",
            ["hq", "per\u00a0unit", "–"],
        ),
        (["a b", None], "str", Column("x", "x"), "", ["a b", "–"]),
        (
            ["2026-10-31", None],
            "datetime64[s]",
            Column("x", "x", "date"),
            "",
            ["31\u00a0October\u00a02026", "–"],
        ),
        ([500, 250], "Int64", Column("x", "x", "quantity", "USD"), "", ["US$5", "US$2.5"]),
        ([None, None], "Int64", Column("x", "x", "quantity", "books"), "", ["not reported"] * 2),
    ],
)
def test_cells_of_each_kind(show, values, dtype, column, unit, cells):
    assert show(values, dtype, column) == (unit, cells)


def test_units_and_hedges_that_differ_by_row_stand_in_the_cells(show):
    column = Column("x", "x", "quantity", "", "u", "h")
    _, cells = show([80, 5], "Int64", column, u=["people", "cities"], h=["about", "at_least"])
    assert cells == ["about 80 people", "at least 5 cities"]


def test_korean_tables_say_korean_money(show):
    column = Column("x", "x", "quantity", "KRW")
    assert show([32_700_000_000, None], "Int64", column, "ko") == ("", ["327억 원", "보고 없음"])


def test_a_column_that_is_not_there_is_a_problem(table_of, figure_of):
    table = table_of(pd.DataFrame({"a": [1]}))
    with pytest.raises(ProblemsError, match="no column 'colour'"):
        printed(table, figure_of("table"), {"colour": "Colour"}, "en")


def test_a_table_without_rows_has_a_head(table_of, figure_of):
    frame = pd.DataFrame({"a": pd.Series([], dtype="str")})
    made = printed(table_of(frame), figure_of("table"), {}, "en")
    assert (made.headers, made.rows) == (("a",), ())


def test_an_amount_of_one_size_is_rounded_to_a_decimal_and_exact_in_the_file(show):
    column = Column("x", "x", "quantity", "KRW")
    unit, cells = show([1_234_567_890, 2_000_000_000], "Int64", column)
    assert (unit, cells) == ("billion won", ["1.2", "2.0"])

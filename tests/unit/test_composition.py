"""What an issue says before any markup: numbers of figures, findings, cells, sources."""

from dataclasses import replace
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
    FigureLink,
    FindingDeclaration,
    KeyFigureDeclaration,
    ListDeclaration,
    ReportDefinition,
    SectionDeclaration,
    Text,
    UnitWords,
)
from briefing.tables import aggregate_all, conditions

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
FIRST = FigureLink("Figure 1", "figure-1")


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

    def make(
        figures,
        findings=(),
        key_figures=(),
        sections=None,
        by=("branch",),
        asked=edition,
        title=None,
    ):
        dataset, problems = dataset_of(tables)
        assert problems == []
        declared = (
            declare("loans", dataset="loans", by=by, measures=("lent",)),
            declare("few", dataset="loans", by=("id", "branch"), measures=("lent",)),
            declare(
                "none",
                dataset="loans",
                by=("branch",),
                measures=("lent",),
                where=conditions.parse("branch == 'nowhere'"),
            ),
        )
        computed, problems = aggregate_all(declared, dataset, asked)
        assert problems == []
        named = {figure.name: figure for figure in figures}
        report = ReportDefinition(
            "library-loans",
            tmp_path,
            "report.yaml",
            title or text_of("Loans"),
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
        sentences = sentences_for(asked, computed)
        return compose(report, asked, "City Library", dataset, computed, drawn, sentences)

    return make


@pytest.fixture
def figure(text_of):
    def make(name: str, kind: str = "bar", table: str = "loans", title: str = "Loans", **more):
        return FigureDeclaration(name, kind, table, text_of(title), {}, "report.yaml", 12, **more)

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
        ("first", "1,700 books.", FIRST),
        ("late", "Late.", None),
    ]


def test_sources_are_those_of_the_records_used_and_no_others(composed, figure):
    issue = composed([figure("a")])
    (only,) = issue.sections[0].figures
    assert shown(only) == ["D1 ¶6, ¶11", "D2 ¶2", "R1"]
    assert [(entry.key, entry.title, entry.figures) for entry in issue.sources] == [
        ("D1", "Annual report", (FIRST,)),
        ("D2", "Leaflet", (FIRST,)),
        ("R1", "Statistics", (FIRST,)),
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


# -- what is not known: said, or left out without a trace ----------------------------------------


def test_a_figure_without_data_keeps_its_place_and_says_so(composed, figure):
    issue = composed([figure("a"), figure("gone", table="none"), figure("c")])
    labels = {item.name: (item.label, item.title) for item in issue.sections[0].figures}
    assert labels == {
        "a": ("Figure 1", "Loans"),
        "gone": ("Figure 2", "Nothing was known for this on 31 October 2026"),
        "c": ("Figure 3", "Loans"),
    }
    assert [problem.where for problem in issue.omitted] == ["figures.gone"]


def test_an_optional_figure_without_data_leaves_no_trace_and_numbers_stay_whole(
    composed, figure, text_of
):
    figures = [
        figure("a"),
        figure("gone", table="none", optional=True),
        figure("b"),
        figure("gone_table", "table", table="none", optional=True),
        figure("c", "table"),
    ]
    findings = (FindingDeclaration("x", text_of("Known."), 1, figure="gone"),)
    issue = composed(figures, findings)
    labels = {item.name: (item.label, item.anchor) for item in issue.sections[0].figures}
    assert labels == {
        "a": ("Figure 1", "figure-1"),
        "b": ("Figure 2", "figure-2"),
        "c": ("Table 1", "table-1"),
    }
    assert issue.omitted == ()
    assert issue.findings[0].figure is None, "no link to what is not there"
    assert {link.label for entry in issue.sources for link in entry.figures} == {
        "Figure 1",
        "Figure 2",
        "Table 1",
    }


def test_an_optional_figure_with_data_is_shown(composed, figure):
    issue = composed([figure("a", optional=True)])
    assert [item.label for item in issue.sections[0].figures] == ["Figure 1"]


@pytest.mark.parametrize("optional", [False, True])
def test_a_finding_about_nothing_is_left_out_and_named_unless_optional(
    composed, figure, text_of, optional
):
    nothing = text_of("{{ tables.none.first.lent }} lent.")
    findings = (
        FindingDeclaration("nothing", nothing, 1, optional=optional),
        FindingDeclaration("known", text_of("Known."), 2, optional=optional),
    )
    issue = composed([figure("a")], findings)
    assert [item.name for item in issue.findings] == ["known"]
    assert len(issue.omitted) == (0 if optional else 1)


@pytest.mark.parametrize("optional", [False, True])
@pytest.mark.parametrize(
    ("value", "label", "only"),
    [
        ("{{ tables.none.first.lent }}", "lent", {}),
        ("{{ row.lent }}", "lent", {"branch": "nowhere"}),
        ("{{ tables.loans.count }}", "of {{ tables.none.first.branch }}", {}),
    ],
    ids=["value", "row", "label"],
)
def test_a_key_figure_of_nothing_is_left_out_and_named_unless_optional(
    composed, figure, text_of, optional, value, label, only
):
    words = (text_of(value), text_of(label))
    declaration = KeyFigureDeclaration(*words, "loans", only, 9, optional)
    issue = composed([figure("a")], key_figures=(declaration,))
    assert issue.key_figures == ()
    assert len(issue.omitted) == (0 if optional else 1)


def test_optional_hides_no_mistake(composed, figure, text_of):
    wrong = text_of("{{ tables.loans.first.lended }}")
    with pytest.raises(ProblemsError, match="lended"):
        composed([figure("a")], (FindingDeclaration("x", wrong, 1, optional=True),))
    with pytest.raises(ProblemsError, match="lended"):
        composed([figure("a", title="{{ tables.loans.first.lended }}", optional=True)])


def test_a_key_figure_may_mean_the_row_of_the_editions_parameter(
    composed, figure, text_of, edition
):
    value = text_of("{{ row.lent }}")
    own = KeyFigureDeclaration(value, text_of("x"), "loans", {"branch": "parameters.place"}, 9)
    for place, lent in (("hill", "95 books"), ("dock", "7 books")):
        asked = replace(edition, parameters={"place": place})
        (shown_figure,) = composed([figure("a")], key_figures=(own,), asked=asked).key_figures
        assert shown_figure.value == lent


# -- lists ------------------------------------------------------------------------------------

LENT = "{% if row.lent.value > 90 %}{{ row.branch }}: {{ row.lent }}{% endif %}"


def listed(text_of, item: str, table: str = "loans", **more) -> SectionDeclaration:
    items = ListDeclaration(table, text_of(item))
    return SectionDeclaration(text_of("List"), (), more.pop("figures", ()), items, **more)


def test_a_list_has_an_item_for_each_row_with_its_own_sources(composed, figure, text_of):
    sections = (listed(text_of, "{{ row.branch }}: {{ row.lent }}", figures=("a",)),)
    (section,) = composed([figure("a")], sections=sections).sections
    assert [(item.text, shown(item)) for item in section.items] == [
        ("main: 1,700 books", ["D1 ¶6, ¶11"]),
        ("hill: 95 books", ["D2 ¶2"]),
        ("dock: 7 books", ["R1"]),
    ]
    assert section.items[1].records == ("loans/3",)


def test_items_that_come_out_empty_are_left_out_and_cite_nothing(composed, figure, text_of):
    sections = (listed(text_of, LENT),)
    issue = composed([], sections=sections)
    assert [item.text for item in issue.sections[0].items] == [
        "main: 1,700 books",
        "hill: 95 books",
    ]
    assert [entry.title for entry in issue.sources] == ["Annual report", "Leaflet"]
    assert issue.omitted == ()


def test_what_only_a_list_names_is_in_the_sources_too(composed, text_of):
    issue = composed([], sections=(listed(text_of, "{{ row.branch }}"),))
    assert [entry.key for entry in issue.sources] == ["D1", "D2", "R1"]
    assert all(entry.figures == () for entry in issue.sources)


def test_a_chapter_with_nothing_says_so_in_another_place(composed, figure, text_of):
    said = text_of("No branch of that name.")
    sections = (
        SectionDeclaration(text_of("Loans"), (), ("a",), None, text_of("No loans.")),
        listed(text_of, "{{ row.branch }}", "none", if_empty=said),
        SectionDeclaration(text_of("Gone"), (text_of("A word."),), ("gone",), None, said),
        listed(text_of, "{{ '' }}", if_empty=text_of("No item.")),
    )
    figures = [figure("a"), figure("gone", table="none", optional=True)]
    issue = composed(figures, sections=sections)
    assert [section.title for section in issue.sections] == ["Loans"]
    assert issue.silences == (
        "No branch of that name.",
        "No branch of that name.",
        "No item.",
    )
    assert issue.omitted == ()


def test_a_chapter_without_those_words_stays(composed, text_of):
    sections = (SectionDeclaration(text_of("Words"), (text_of("A word."),), ()),)
    issue = composed([], sections=sections)
    assert [(item.title, item.paragraphs) for item in issue.sections] == [("Words", ("A word.",))]
    assert issue.silences == ()


def test_a_paragraph_that_comes_out_empty_is_left_out(composed, figure, text_of):
    text = (text_of("{% if tables.none.count %}Some.{% endif %}"), text_of("Others."))
    issue = composed([figure("a")], sections=(SectionDeclaration(text_of("All"), text, ("a",)),))
    assert issue.sections[0].paragraphs == ("Others.",)


# -- languages --------------------------------------------------------------------------------


def test_labels_are_said_in_the_readers_language_and_anchors_stay(composed, edition, text_of):
    both = Text({"en": "Loans", "ko": "대출"}, "report.yaml", 12, "figures.a.title")
    figures = [
        FigureDeclaration("a", "bar", "loans", both, {}, "report.yaml", 12),
        FigureDeclaration("b", "table", "loans", both, {}, "report.yaml", 12),
        FigureDeclaration("gone", "bar", "none", both, {}, "report.yaml", 12),
    ]
    sections = (SectionDeclaration(both, (), ("a", "b", "gone")),)
    issue = composed(figures, sections=sections, asked=replace(edition, language="ko"), title=both)
    assert [(item.label, item.anchor, item.title) for item in issue.sections[0].figures] == [
        ("그림 1", "figure-1", "대출"),
        ("표 1", "table-1", "대출"),
        ("그림 2", "figure-2", "2026년 10월 31일 현재 알려진 내용 없음"),
    ]
    assert issue.period_title == "2026년 10월"


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
        (FIRST,),
    )


def test_a_file_is_named_in_the_readers_language(composed, figure, tables, edition, text_of):
    text, description = tables["loans"]
    del description["schema"]["foreignKeys"]
    tables["loans"] = (text, description | {"title": "Loans", "titles": {"ko": "대출"}})
    both = Text({"en": "Loans", "ko": "대출"}, "report.yaml", 12, "figures.a.title")
    own = replace(figure("a"), title=both)
    sections = (SectionDeclaration(both, (), ("a",)),)
    issue = composed([own], sections=sections, asked=replace(edition, language="ko"), title=both)
    assert [entry.title for entry in issue.sources] == ["대출"]


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
        assert all(cell.picture is None for (cell,) in made.rows)
        return made.units[0], [" ".join(filter(None, (c.text, c.after))) for (c,) in made.rows]

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


@pytest.mark.parametrize(
    ("values", "head", "cells"),
    [
        ([32_700_000_000, None], "억 원", ["327", "보고 없음"]),
        ([32_750_000_000, 900_000_000], "억 원", ["327.5", "9.0"]),
        ([2_561_000_000_000_000, 4_000_000_000_000], "조 원", ["2,561", "4"]),
        ([60_000_000, 10_000], "만 원", ["6,000", "1"]),
        ([1_400_000_000_000, 20_000_000, 5], "", ["1조 4,000억 원", "2,000만 원", "5 원"]),
    ],
)
def test_korean_tables_count_money_as_koreans_do(show, values, head, cells):
    column = Column("x", "x", "quantity", "KRW")
    assert show(values, "Int64", column, "ko") == (head, cells)


@pytest.mark.parametrize(
    ("language", "unit", "head"),
    [
        ("en", "items", "loans"),
        ("ko", "items", "권"),
        ("en", "KRW/items", "million won per loan"),
        ("ko", "KRW/items", "1권당 만 원"),
    ],
)
def test_the_unit_in_the_head_is_called_as_the_dataset_says(show, language, unit, head):
    words = {"en": UnitWords("loan", "loans", "loan"), "ko": UnitWords("권", "권", "1권")}
    column = Column("x", "x", "quantity", unit, units={"items": words[language]})
    assert show([5_000_000, 2_000_000], "Int64", column, language)[0] == head


def test_a_hedge_that_follows_its_number_stands_apart(table_of, figure_of):
    frame = pd.DataFrame({"x": [80, 5], "h": ["at_least", "about"]})
    column = Column("x", "x", "quantity", "items", "", "h")
    made = printed(table_of(frame, {"x": column}), figure_of("table"), {"x": "Head"}, "ko")
    assert [(cell.text, cell.after) for (cell,) in made.rows] == [("80", "이상"), ("약 5", "")]
    assert made.trailing == (2,)


def test_codes_are_printed_by_their_labels(show):
    column = Column("x", "x", "code", labels={"under_way": "추진 중"})
    assert show(["under_way", None], "str", column, "ko") == ("", ["추진\u00a0중", "–"])


@pytest.mark.parametrize(("limit", "rows"), [(0, 4), (3, 3), (9, 4)])
def test_a_printed_table_shows_as_many_rows_as_its_limit_and_tells_of_all(
    table_of, figure_of, limit, rows
):
    frame = pd.DataFrame({"x": [1, 2, 3, 400_000]})
    table = table_of(frame, {"x": Column("x", "x", "quantity", "items")})
    made = printed(table, replace(figure_of("table"), limit=limit), {"x": "Head"}, "en")
    assert (len(made.rows), made.total) == (rows, 4)
    assert made.names == ("x",)


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

"""The layout as a page for screens and as a page for the PDF: what each carries, and how."""

from __future__ import annotations

import pickle
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pypdf
import pytest

from briefing.charts.style import DARK
from briefing.errors import RenderError
from briefing.periods import Period
from briefing.rendering import render
from briefing.rendering.files import figure_files
from briefing.rendering.html import TEMPLATE, Layout, sorting
from briefing.rendering.pdf import write_pdf
from briefing.structures import (
    Cell,
    Chart,
    Column,
    Composition,
    Figure,
    Finding,
    Item,
    KeyFigure,
    PrintedTable,
    Reference,
    Section,
    SourceEntry,
    Use,
)

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} 20" width="{0}pt" height="20pt">'
    '<defs><clipPath id="clip1"><rect x="0" y="0" width="9" height="9"/></clipPath></defs>'
    '<g font-family="NanumGothic" fill="#1a1a1a">'
    '<path d="M0 0L9 9" fill="#0b5394" clip-path="url(#clip1)"/>'
    '<text x="2" y="12" font-size="8">{1}</text></g></svg>\n'
)
ALT = 'Bars: Main "old" Library 1,500, Harbour not reported.'
PERIOD = Period.parse("2026-10")
KOREAN = "대구광역시디지털혁신지구의 신청 금액은 1조 4,000억 원(계획)이며 확정되지 않았습니다."


class Page(HTMLParser):
    """The tags of a page, each with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def found(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [
            attributes
            for name, attributes in self.tags
            if name == tag and wanted.items() <= attributes.items()
        ]


@pytest.fixture
def composed(table_of: Callable[..., Any]) -> Callable[..., Composition]:
    """A small issue: one chart, one table with a gap, a small picture and words after numbers."""
    frame = pd.DataFrame(
        {
            "branch": pd.Series(["Main", "항구", "Old town"], dtype="str"),
            "lent": pd.Series([1500, None, 20], dtype="Int64"),
            "day": pd.Series(["2026-10-31", "2025-01-01", None], dtype="datetime64[s]"),
            "paid": pd.Series([3, 4, 5], dtype="Int64"),
            "currency": pd.Series(["KRW", "USD", "KRW"], dtype="str"),
        }
    )
    columns = {
        "lent": Column("lent", "Lent", "quantity", "items"),
        "day": Column("day", "Day", "date"),
        "paid": Column("paid", "Paid", "quantity", unit_column="currency"),
    }
    table = table_of(frame, columns)
    small = Chart(SVG.format(60, "line"), 60, 11, "Went up.")
    rows = (
        (Cell("Main"), Cell("1,500", "or more"), Cell("31 October 2026"), Cell("₩3"), Cell("")),
        (Cell("항구"), Cell("not reported"), Cell("1 January 2025"), Cell("$4"), Cell("")),
        (Cell("Old town"), Cell("20"), Cell("–"), Cell("₩5"), Cell("", picture=small)),
    )
    printed = PrintedTable(
        names=("branch", "lent", "day", "paid", "branch"),
        headers=("Branch", "Lent", "Day", "Paid", "Course"),
        units=("", "items", "", "", ""),
        numeric=(False, True, False, True, False),
        rows=rows,
        total=40,
    )
    sources = (Reference("D1", (3,)),)
    chart = Chart(SVG.format(482, "Main"), 482, 20, ALT, SVG.format(320, "Main"))
    notes = (("Counted at the desk.",), (), sources, table, ((), (), ()))
    figures = (
        Figure("bars", "Figure 1", "figure-1", "Main lends most", *notes, chart=chart),
        Figure("listing", "Table 1", "table-1", "All branches", *notes, printed=printed),
    )

    def make(**changes: Any) -> Composition:
        sections = (
            Section("section-1", "Loans", ("All loans.",), figures),
            Section("section-2", "Plans", (), (), (Item("A new roof.", sources, ()),)),
        )
        issue = Composition(
            report="loans",
            title="Library loans",
            subtitle="",
            publisher="Library",
            period=PERIOD,
            period_title="October 2026",
            as_of=date(2026, 10, 31),
            as_of_title="31 October 2026",
            language="en",
            edition="en",
            key_figures=(KeyFigure("1,500", "loans", sources, ()),),
            findings=(Finding("most", "Main lends most.", "It is large.", figures[0].link),),
            sections=sections,
            methods=("Counted.",),
            sources=(
                SourceEntry("D1", "Minutes", "Board", "2026", "", (Use(3, "1,500", ()),), ()),
            ),
            records={},
            silences=("Nothing on fees.",),
        )
        return replace(issue, **changes)

    return make


def html(composition: Composition, folder: Path, **more: Any) -> str:
    return Layout(composition, folder, **more).page()


def for_pdf(composition: Composition, folder: Path) -> str:
    return Layout(composition, folder).page(for_pdf=True)


# -- the page for screens ---------------------------------------------------------------------


def test_both_drawings_of_a_chart_stand_in_the_page_as_one_picture(composed, tmp_path):
    page = Page(html(composed(), tmp_path))
    (picture,) = page.found("div", role="img")
    assert picture["aria-label"] == ALT
    kinds = [attributes["class"] for attributes in page.found("svg", **{"aria-hidden": "true"})]
    assert kinds == ["wide", "narrow", "small"]
    assert page.found("span", role="img")[0]["aria-label"] == "Went up."


def test_a_chart_without_narrow_drawing_can_be_scrolled(composed, tmp_path):
    issue = composed()
    section = issue.sections[0]
    alone = replace(section.figures[0], chart=replace(section.figures[0].chart, narrow=""))
    page = html(replace(issue, sections=(replace(section, figures=(alone,)),)), tmp_path)
    assert 'class="only"' in page
    assert '<div class="picture" tabindex="0" role="region" aria-label="Figure 1">' in page


def test_ids_of_drawings_are_their_own(composed, tmp_path):
    text = html(composed(), tmp_path)
    ids = [attributes["id"] for _, attributes in Page(text).tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)
    assert {"figure-1-clip1", "figure-1-narrow-clip1", "table-1-3-5-clip1"} <= set(ids)


def test_each_figure_hands_over_its_file(composed, tmp_path):
    issue = composed()
    links = Page(html(issue, tmp_path)).found("a", **{"class": "data"})
    files = {
        f"tables/{link['download']}": b64decode((link["href"] or "").partition(",")[2])
        for link in links
    }
    filed = {name: body for name, body in figure_files(issue).items() if name.endswith(".csv")}
    assert files == filed


def test_the_page_says_which_orders_make_sense(composed, tmp_path):
    found = sorting(composed().sections[0].figures[1])
    assert found.kinds == ("text", "number", "date", "", "text")
    assert [row[1:3] for row in found.values] == [
        ("1500", "2026-10-31"),
        ("", "2025-01-01"),
        ("20", ""),
    ]
    text = html(composed(), tmp_path)
    heads = Page(text).found("th", scope="col")
    assert [head.get("data-sort") for head in heads] == ["text", "number", "date", None, "text"]
    assert '<td class="numeric" data-value="1500">1,500<span class="after"' in text
    assert "<button" not in text, "without scripts nothing looks like a button"


def test_dark_screens_get_the_colours_of_the_charts(composed, tmp_path):
    text = html(composed(), tmp_path, dark=DARK)
    for light, dark in DARK.items():
        assert f'svg [fill="{light}"] {{ fill: {dark} }}' in text
        assert f'svg [stroke="{light}"] {{ stroke: {dark} }}' in text
    used = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', text))
    assert used <= set(DARK)
    assert ".picture svg, svg.small { background: #ffffff }" not in text
    assert ".picture svg, svg.small { background: #ffffff }" in html(composed(), tmp_path)


def test_the_page_is_the_same_every_time(composed, tmp_path):
    assert html(composed(), tmp_path) == html(composed(), tmp_path)


def test_headings_landmarks_and_scopes_are_in_order(composed, tmp_path):
    page = Page(html(composed(), tmp_path))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for landmark in ("header", "nav", "main"):
        assert len(page.found(landmark)) == 1
    assert len(page.found("th", scope="row")) == 3
    assert page.found("html") == [{"lang": "en"}]


def test_what_the_sources_do_not_say_and_what_is_not_shown_is_said(composed, tmp_path):
    text = html(composed(), tmp_path)
    assert "Nothing on fees." in text
    assert "Showing 3 of 40 rows" in text
    assert "A new roof." in text


def test_a_style_sheet_of_the_report_goes_before_the_shipped_one(composed, tmp_path):
    (tmp_path / "screen.css").write_text("body { color: teal }", encoding="utf-8")
    text = html(composed(), tmp_path)
    assert "body { color: teal }" in text
    assert "prefers-color-scheme" not in text


def test_a_slip_in_a_style_sheet_is_named(composed, tmp_path):
    (tmp_path / "paper.css").write_text("{{ nothing }}", encoding="utf-8")
    with pytest.raises(RenderError, match="nothing"):
        for_pdf(composed(), tmp_path)
    html(composed(), tmp_path)  # which does not use it


# -- the page for the PDF ---------------------------------------------------------------------


def test_the_pdf_has_neither_scripts_nor_links_to_data(composed, tmp_path):
    text = for_pdf(composed(), tmp_path)
    page = Page(text)
    assert not page.found("script")
    assert not page.found("a", **{"class": "data"})
    assert not page.found("a", **{"class": "skip"})
    assert "data-sort" not in text
    assert "prefers-color-scheme" not in text
    assert (
        text.count(
            "Attached to this PDF, the exact values: bars.csv (Figure 1), listing.csv (Table 1)."
        )
        == 1
    )


@pytest.mark.parametrize("methods", [("Counted.",), ()])
def test_what_is_attached_is_said_once(composed, tmp_path, methods):
    assert for_pdf(composed(methods=methods), tmp_path).count('class="carried"') == 1
    assert 'class="carried"' not in html(composed(methods=methods), tmp_path)


def test_small_pictures_are_pictures_of_the_pdf_too(composed, tmp_path):
    layout = Layout(composed(), tmp_path)
    assert set(layout.pictures()) == {"figure:bars", "figure:listing/3/5"}
    addresses = {attributes["src"] for attributes in Page(layout.page(for_pdf=True)).found("img")}
    assert addresses == set(layout.pictures())
    pdf, pages = write_pdf(layout.page(for_pdf=True), layout.pictures())
    assert pdf.startswith(b"%PDF")
    assert pages >= 2


def pdf_pages(composition: Composition, folder: Path) -> pypdf.PdfReader:
    layout = Layout(composition, folder)
    body, _ = write_pdf(layout.page(for_pdf=True), layout.pictures())
    return pypdf.PdfReader(BytesIO(body))


def test_what_is_printed_beside_needs_no_pandas_but_for_a_template_of_ones_own(composed, tmp_path):
    sent: list[bytes] = []

    def press(work: Callable[..., Any], words: tuple[Any, ...]) -> Callable[[], Any]:
        sent.append(pickle.dumps(words))
        return lambda: work(*pickle.loads(sent[-1]))

    issue = composed()
    document = render(issue, tmp_path, ("pdf", "html"), {}, press)
    assert b"pandas" not in sent[0]
    assert (
        document.files["briefing.pdf"]
        == render(issue, tmp_path, ("pdf",), {}).files["briefing.pdf"]
    )
    (tmp_path / TEMPLATE).write_text(
        '<html lang="en"><title>Own</title><style>{{ style }}</style><body>'
        "{% for figure in figures %}{{ figure.table.frame.shape[0] }} rows{% endfor %}",
        encoding="utf-8",
    )
    page = render(issue, tmp_path, ("pdf",), {}, press).files["briefing.pdf"]
    assert b"pandas" in sent[1]
    assert "rows" in pypdf.PdfReader(BytesIO(page)).pages[0].extract_text()


def test_a_compact_issue_flows_from_its_head_into_the_text(composed, tmp_path):
    full, compact = (pdf_pages(composed(compact=value), tmp_path) for value in (False, True))
    assert len(compact.pages) == 1 < len(full.pages)
    assert 'class="contents"' not in html(composed(compact=True), tmp_path)


def test_page_numbers_are_in_the_language_of_the_reader(composed, tmp_path):
    second = pdf_pages(composed(), tmp_path).pages[1]
    assert re.search(r"Page 2 of \d", second.extract_text())
    words = Layout(composed(language="ko"), tmp_path).page(for_pdf=True)
    assert re.search(r"@bottom-right \{ content: .*counter\(page\).*counter\(pages\)", words)


# -- Korean -----------------------------------------------------------------------------------


def korean(composed: Callable[..., Composition], words: str = KOREAN) -> Composition:
    issue: Composition = composed(
        language="ko", compact=True, title="대구광역시 지역 현황", findings=()
    )
    return replace(issue, sections=(Section("section-1", "재원 규모", (f"{words} " * 7,) * 3, ()),))


def test_lines_break_between_korean_words_not_inside(composed, tmp_path):
    reader = pdf_pages(korean(composed), tmp_path)
    lines = [line for page in reader.pages for line in page.extract_text().splitlines()]
    whole = set(KOREAN.split())
    ends = {line.split()[-1] for line in lines if set(line.split()) & whole}
    starts = {line.split()[0] for line in lines if set(line.split()) & whole}
    assert ends | starts <= whole
    assert len(ends) > 2, "the lines break in several places"


def test_what_holds_words_together_is_nowhere_in_text_title_or_outline(composed, tmp_path):
    reader = pdf_pages(korean(composed), tmp_path)
    assert "\ufeff" in for_pdf(korean(composed), tmp_path)
    assert "\ufeff" not in html(korean(composed), tmp_path)
    assert reader.metadata is not None
    titles = [item.title for item in reader.outline if not isinstance(item, list)]
    said = [*titles, reader.metadata.title, *(page.extract_text() for page in reader.pages)]
    assert not [words for words in said if words and "\ufeff" in words]
    assert "재원 규모" in titles


def test_a_korean_word_longer_than_its_line_still_breaks(composed, tmp_path):
    reader = pdf_pages(korean(composed, "가나다라마바사" * 40), tmp_path)
    text = "".join(page.extract_text() for page in reader.pages)
    assert "가나다라마바사" * 40 in re.sub(r"\s", "", text)


def test_entities_and_attributes_are_left_alone(composed, tmp_path):
    text = for_pdf(korean(composed, 'R&D사업 <b>"굵게"</b>'), tmp_path)
    assert "R&amp;D\ufeff사\ufeff업 &lt;b&gt;" in text
    assert '<html lang="ko">' in text
    assert "<title>대구광역시" in text


def test_the_head_of_a_table_stands_on_each_of_its_pages(composed, table_of, tmp_path):
    issue = composed()
    section = issue.sections[0]
    frame = pd.DataFrame({"branch": pd.Series([f"Branch {n}" for n in range(90)], dtype="str")})
    rows = tuple((Cell(f"Branch {number}"),) for number in range(90))
    printed = PrintedTable(("branch",), ("Branches of all",), ("",), (False,), rows, 90)
    long = replace(section.figures[1], table=table_of(frame), printed=printed)
    issue = replace(issue, sections=(replace(section, figures=(section.figures[0], long)),))
    texts = [page.extract_text() for page in pdf_pages(issue, tmp_path).pages]
    holding = [text for text in texts if re.search(r"Branch \d", text)]
    assert len(holding) >= 2
    assert all("Branches of all" in text for text in holding)

"""The words of the mail that brings an issue: what they say, and what mail programs can show."""

from __future__ import annotations

import json
import re
import struct
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from html import unescape
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from briefing import pipeline, rendering
from briefing.charts.style import ACCENT, ALARM, FAINT, SERIES, SHADES, SOFT, Canvas
from briefing.config import load_project
from briefing.editions import edition_of
from briefing.errors import RenderError
from briefing.periods import Period
from briefing.rendering.email import (
    COLUMNS,
    Attachment,
    columns,
    figure_of_mail,
    file_name,
    illustrated,
    mail_files,
    wrapped,
)
from briefing.structures import (
    Chart,
    Composition,
    Figure,
    Finding,
    GateResult,
    KeyFigure,
    PrintedTable,
    Reference,
    Screens,
    Section,
    Since,
    SourceEntry,
)

TEXT, HTML, SENDER, CHART = "mail/body.txt", "mail/body.html", "mail/mail.json", "mail/chart.png"
ROOT = Path(__file__).resolve().parents[2]
ALT = 'Bars: "Main" Library 1,500, Harbour not reported.'
WIDEST, HEAVIEST = 600, 100_000
"""What mail programs show without cutting: pixels of width, bytes of HTML."""
KNOWN_TO_MAIL_PROGRAMS = set(
    """
    background-color border border-collapse border-color border-left border-top color
    color-scheme display font-family font-size font-weight height line-height margin max-height
    max-width mso-hide overflow padding text-align width word-break -webkit-text-size-adjust
    """.split()
)
DARK_PAPER = "#14181d"
_DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text y="8">{}</text></svg>'


class Page(HTMLParser):
    """The tags of a page with their attributes, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.comments: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def found(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def said(self) -> str:
        return plain(" ".join(self.words))


def plain(text: str) -> str:
    """Words alone: as they are spoken, wherever lines break."""
    return " ".join(unescape(text).split())


# -- an issue ---------------------------------------------------------------------------------


@pytest.fixture
def composed(table_of: Callable[..., Any]) -> Callable[..., Composition]:
    """A small issue whose first finding shows a table, whose others show charts."""
    table = table_of(pd.DataFrame({"branch": pd.Series(["Main"], dtype="str")}))
    printed = PrintedTable(("branch",), ("Branch",), ("",), (False,), (), 1)
    sources = (Reference("D1", (3, 14)), Reference("R2"))

    def figure(number: int, kind: str, **more: Any) -> Figure:
        return Figure(
            f"{kind}{number}",
            f"{kind.capitalize()} {number}",
            f"{kind}-{number}",
            f"Title of {kind} {number}",
            more.pop("notes", ()),
            more.pop("caveats", ()),
            more.pop("sources", sources),
            table,
            ((),),
            **more,
        )

    def charted(number: int, **more: Any) -> Figure:
        drawing = _DRAWING.format(number)
        chart = Chart(drawing, 482, 20, f"{ALT} {number}", drawing, f"PNG {number}".encode())
        return figure(number, "figure", chart=chart, **more)

    many = tuple(Reference(f"D{key}", (1, 2, 3, 4)) for key in range(1, 4))
    figures = (
        figure(1, "table", printed=printed),
        charted(1, sources=many),
        charted(2, notes=("Renewals are not counted.",), caveats=("Counted twice.",)),
    )

    def make(**changes: Any) -> Composition:
        links = {one.anchor: one.link for one in figures}
        findings = tuple(
            Finding(f"f{number}", text, why, links.get(anchor))
            for number, (text, why, anchor) in enumerate(
                [
                    ("All 3 branches are open.", "", "table-1"),
                    ("Lending rose to about 1,500 books.", "Hours follow demand.", "figure-2"),
                    ("At least 310 readers came.", "", "figure-1"),
                    ("Fees stayed at 35,000 won.", "Fees are waived on 2 days.", ""),
                    ("A fifth point, for page 2.", "", "figure-1"),
                ]
            )
        )
        issue = Composition(
            report="loans",
            title="Library loans",
            subtitle="What each branch lends",
            publisher="City Library",
            period=Period.parse("2026-10"),
            period_title="October 2026",
            as_of=date(2026, 10, 31),
            as_of_title="31 October 2026",
            language="en",
            edition="en",
            key_figures=(KeyFigure("about 1,500", "books lent in 2026", sources, ()),),
            findings=findings,
            sections=(Section("section-1", "Loans", (), figures),),
            methods=(),
            sources=(SourceEntry("D1", "Minutes", "Board", "2026", "", (), ()),),
            records={},
            gate=(GateResult("fresh", "passed", "the newest record is of 30 October 2026"),),
            standing="12 records from 1 document (D); 4 carry a caveat.",
            since=Since(""),
        )
        return replace(issue, **changes)

    return make


def mailed(issue: Composition, **files: bytes) -> dict[str, bytes]:
    return mail_files(issue, files or {"briefing.pdf": b"x" * 241_462}, 12)


def bodies(issue: Composition, **files: bytes) -> tuple[str, Page]:
    made = mailed(issue, **files)
    return made[TEXT].decode(), Page(made[HTML].decode())


# -- issues as they are built -----------------------------------------------------------------


@pytest.fixture(scope="module")
def korean_issue(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The shipped report in Korean, as a page alone."""
    project = load_project(ROOT)
    edition = edition_of(
        project,
        project.reports[project.default_report],
        date(2026, 11, 1),
        period="2026-10",
        language="ko",
    )
    folder = tmp_path_factory.mktemp("korean")
    issue = pipeline.build(project, pipeline.Request(edition, ("html",), folder), lambda *_: None)
    return {name: (issue.folder / name).read_bytes() for name in issue.files}


@pytest.fixture(params=["shipped in English", "shipped in Korean", "small in Korean"])
def built(request: pytest.FixtureRequest) -> dict[str, bytes]:
    """The files of an issue, by path."""
    if request.param == "shipped in Korean":
        files: dict[str, bytes] = request.getfixturevalue("korean_issue")
        return files
    issue = request.getfixturevalue(
        "built_issue" if request.param == "shipped in English" else "small_issue"
    )
    return {name: issue.bytes(name) for name in issue.manifest["outputs"]}


def cover(files: dict[str, bytes]) -> list[str]:
    """What the cover of the page says: its key figures, findings, and why they matter."""
    (header,) = re.findall(r'(?s)<header class="cover">.*?</header>', files["index.html"].decode())
    said = re.findall(r'(?s)<(span|p) class="(value|label|finding|why)">(.*?)</\1>', header)
    words = [re.sub(r"(?s)<a .*?</a>|<[^>]+>", "", text) for _, _, text in said]
    return [plain(text) for text in words]


def test_both_bodies_say_what_the_cover_says(built):
    text, page = plain(built[TEXT].decode()), Page(built[HTML].decode()).said
    said = cover(built)
    assert len(said) >= 4
    assert [words for words in said if words not in text] == []
    assert [words for words in said if words not in page] == []


def test_every_number_of_the_cover_is_in_both_bodies(built):
    numbers = set(re.findall(r"\d[\d,.]*\d|\d", " ".join(cover(built))))
    assert numbers
    for body in (built[TEXT], built[HTML]):
        assert numbers <= set(re.findall(r"\d[\d,.]*\d|\d", plain(body.decode())))


def test_the_manifest_seals_the_mail(built_issue):
    assert {TEXT, HTML, SENDER, CHART} <= set(built_issue.manifest["outputs"])
    (attached,) = json.loads(built_issue.text(SENDER))["attachments"]
    assert attached == {
        "file": "briefing.pdf",
        "name": "Korea's regional innovation programmes 2026-10.pdf",
        "type": "application/pdf",
        "bytes": len(built_issue.bytes("briefing.pdf")),
    }
    assert attached["name"] in built_issue.text(TEXT)


def test_a_build_without_pdf_attaches_nothing_and_says_nothing_of_it(korean_issue):
    assert json.loads(korean_issue[SENDER])["attachments"] == []
    assert "PDF" not in korean_issue[TEXT].decode()
    assert "PDF" not in Page(korean_issue[HTML].decode()).said


def test_korean_mail_is_korean(built):
    sender = json.loads(built[SENDER])
    if sender["language"] == "ko":
        page = Page(built[HTML].decode())
        assert "기준" in built[TEXT].decode()
        assert "주요 내용" in page.said
        assert not re.search(r"As known|Key figures|Published", page.said)
        assert re.search("[가-힣]", sender["subject"])


# -- what is said -----------------------------------------------------------------------------


def test_the_text_reads_well_alone(composed):
    expected = """\
City Library

Library loans
What each branch lends
October 2026. As known on 31 October 2026.

This is the first issue; the next one will be compared with it.

Key figures

  about 1,500
    books lent in 2026 (D1 ¶3, ¶14; R2)

Main points

  1. All 3 branches are open.
     (Table 1; D1 ¶3, ¶14; R2)

  2. Lending rose to about 1,500 books.
     Hours follow demand.
     (Figure 2; D1 ¶3, ¶14; R2)

  3. At least 310 readers came.
     (Figure 1; D1; D2; D3)

  4. Fees stayed at 35,000 won.
     Fees are waived on 2 days.

Sources and checks

  12 records from 1 document (D); 4 carry a caveat.
  The check of the data for this issue was passed.
  D is a document, R a public reference, ¶ a paragraph of its text; all
  are listed at the end of the report.

The whole report is attached as a PDF, with every figure, table and
source:
  Library loans 2026-10.pdf
  (12 pages, 241 kB)

Published by City Library
"""
    assert mailed(composed())[TEXT].decode() == expected


def test_what_is_not_there_leaves_no_trace(composed):
    bare = composed(
        subtitle="", key_figures=(), findings=(), sources=(), gate=(), standing="", since=None
    )
    text, page = bodies(bare, index=b"")
    assert text == (
        "City Library\n\nLibrary loans\nOctober 2026. As known on 31 October 2026.\n\n"
        "Published by City Library\n"
    )
    assert page.found("h2") == page.found("img") == page.found("ul") == page.found("ol") == []


def test_a_compact_report_says_all_its_findings(composed):
    assert "A fifth point" not in mailed(composed())[TEXT].decode()
    text, page = bodies(composed(compact=True))
    assert "5. A fifth point, for page 2." in text
    assert "A fifth point, for page 2." in page.said


def test_a_caveat_of_the_gate_stands_before_the_numbers(composed):
    gate = (
        GateResult("fresh", "caveat", "the newest record is of 2 May 2026"),
        GateResult("money", "passed", "all is there"),
    )
    for words in (bodies(composed(gate=gate))[0], bodies(composed(gate=gate))[1].said):
        said = plain(words)
        assert "Please note: the newest record is of 2 May 2026." in said.replace(" :", ":")
        assert said.index("the newest record") < said.index("Key figures")
        assert "1 of 2 checks of the data for this issue were passed; what the others" in said
        assert "all is there" not in said


def test_what_is_new_is_said_shortly(composed):
    restated = tuple((f"Branch {n}", f"{n} books", f"{n + 10} books") for n in range(5))
    since = Since("September 2026", restated=(*restated[:2], ("Hill", "", "7 books")), due=("A",))
    news = "Since September 2026: 3 numbers restated and 1 target fell due."
    for words in (
        bodies(composed(since=since, news=news))[0],
        bodies(composed(since=since, news=news))[1].said,
    ):
        said = plain(words)
        assert news in said
        assert "Branch 1: 11 books, before 1 books" in said
        assert "Hill: 7 books, before no value" in said
        assert "Fell due: A" in said
        assert "first issue" not in said
    text = bodies(composed(since=replace(since, restated=restated), news=news))[0]
    assert text.count("before") == 3, "the others are counted in the news, and in the PDF"


def test_words_of_the_data_are_escaped_in_html_and_plain_in_text(composed):
    text, page = bodies(composed(title="Main & <Co> \"loans\" 'now'"))
    assert "Main & <Co> \"loans\" 'now'" in text
    assert "Main & <Co> \"loans\" 'now'" in page.said
    assert page.found("co") == []


def test_the_list_of_mails_shows_the_first_thing_said(composed):
    issue = composed()
    sender = json.loads(mailed(issue)[SENDER])
    assert sender["subject"] == "Library loans, October 2026"
    assert sender["preview"] == "All 3 branches are open."
    said = bodies(issue)[1].said
    assert said.index(sender["preview"]) < said.index("City Library"), "hidden, before all else"
    assert json.loads(mailed(composed(findings=()))[SENDER])["preview"] == (
        "about 1,500 books lent in 2026"
    )
    bare = composed(findings=(), key_figures=())
    assert json.loads(mailed(bare)[SENDER])["preview"] == "What each branch lends"


def test_the_sender_finds_everything_it_needs(composed):
    made = mailed(composed())
    sender = json.loads(made[SENDER])
    assert list(sender) == "language subject preview text html chart attachments".split()
    assert {sender["text"], sender["html"], sender["chart"]["file"]} <= set(made)
    assert sender["chart"]["alt"] == f"{ALT} 2"
    (picture,) = bodies(composed())[1].found("img")
    assert picture["src"] == f"cid:{sender['chart']['cid']}"
    assert picture["alt"] == sender["chart"]["alt"]


@pytest.mark.parametrize(
    ("size", "language", "shown"),
    [
        (12, "en", "1 kB"),
        (241_462, "en", "241 kB"),
        (999_499, "ko", "999 kB"),
        (1_000_000, "en", "1.0 MB"),
        (12_345_678, "ko", "12.3 MB"),
    ],
)
def test_sizes_are_for_readers(size, language, shown):
    assert Attachment("a", "a", "a", size).shown_size(language) == shown


# -- names of attachments ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Library loans", "Library loans 2026-Q3"),
        ("지역혁신 브리핑", "지역혁신 브리핑 2026-Q3"),
        ("Daegu: regional profile", "Daegu - regional profile 2026-Q3"),
        ('A/B\\C | "D" <e> f?*', "A-B-C - 'D' e f 2026-Q3"),
        ("..hidden. ", "hidden 2026-Q3"),
        ("right\u202eleft\u200b \x07bell", "rightleft bell 2026-Q3"),
        ("\u1100\u1161", "가 2026-Q3"),
        ("?", "2026-Q3"),
    ],
)
def test_the_name_of_the_file_is_readable_and_taken_everywhere(title, name):
    assert file_name(title, "2026-Q3") == name


@given(st.text(max_size=400))
def test_no_title_makes_a_name_that_a_system_refuses(title):
    name = file_name(title, "2026-W43") + ".pdf"
    assert len(name.encode()) <= 200
    assert not set(name) & set('<>:"/\\|?*\0\r\n')
    assert name[0] not in " .-"
    assert name.endswith("2026-W43.pdf")
    assert not [sign for sign in name if unicodedata.category(sign)[0] == "C"]


# -- plain text -------------------------------------------------------------------------------


def test_lines_fit_a_terminal_and_carry_no_signs_of_markup(built):
    lines = built[TEXT].decode().splitlines()
    assert len(lines) > 20
    assert max(map(columns, lines)) <= COLUMNS
    assert max(map(columns, lines)) > COLUMNS - 12, "lines are not broken too early"
    assert [line for line in lines if line != line.rstrip()] == []
    assert [line for line in lines if re.match(r"\s*([#*_>|=`~+-]|\[.*\]\()", line)] == []
    assert "\n\n\n" not in built[TEXT].decode()
    assert not re.search(r"[<>]|&\w+;|\u00a0|\t|\r", built[TEXT].decode())


def test_hangul_takes_two_columns():
    assert [columns(text) for text in ("abc", "가나", "ａ가", "e\u0301", "¶")] == [3, 4, 4, 1, 1]
    ten = " ".join(["가나다"] * 10)
    assert columns(ten) == 69
    assert wrapped(" ".join(["가나다"] * 20)).splitlines() == [ten, ten]


def test_further_lines_stand_under_the_first_word():
    words = "word " * 20
    first, second = wrapped(f"  1. {words}").splitlines()
    assert first.startswith("  1. word")
    assert second.startswith("     word")
    _, second = wrapped(f"1. {words}").splitlines()
    assert second.startswith("word"), "a number that begins a sentence is no list"


def test_a_mark_is_not_torn_apart(composed):
    sources = tuple(Reference("D1", (number,)) for number in range(2, 60))
    issue = composed(key_figures=(KeyFigure("1", "a", sources, ()),))
    assert not re.search(r"D1\n", mailed(issue)[TEXT].decode())


LINES = st.lists(
    st.text(st.sampled_from("ab가나 .1\u00a0"), max_size=200).map(str.strip), max_size=6
)


@given(LINES)
def test_wrapping_keeps_every_word_in_its_order(lines):
    text = "\n".join(lines)
    out = wrapped(text)
    assert all(columns(line) <= COLUMNS for line in out.splitlines())
    assert "".join(out.split()) == "".join(text.split())
    short = [word for word in re.split(r"[ \n]+", text) if word and columns(word) <= COLUMNS - 4]
    assert all(word.replace("\u00a0", " ") in out for word in short), "a word was torn apart"


# -- HTML for mail programs -------------------------------------------------------------------


def outside(page: Page, text: str) -> list[str]:
    """What a mail program would have to fetch, run or drop."""
    found = [
        f"{tag} {name}={value}"
        for tag, attributes in page.tags
        for name, value in attributes.items()
        if name in {"href", "srcset", "background", "action", "poster"}
        or name.startswith("on")
        or (name == "src" and value != "cid:chart")
    ]
    forbidden = {"script", "link", "iframe", "object", "embed", "form", "video", "audio", "svg"}
    found += [tag for tag, _ in page.tags if tag in forbidden]
    return found + re.findall(r"https?:|//\w|url\(|@import|@font-face|expression\(", text)


def declared(text: str) -> Iterator[str]:
    """The CSS properties that the page uses, wherever they stand."""
    page = Page(text)
    sheets = re.findall(r"(?s)<style>(.*?)</style>", text)
    blocks = [attributes["style"] for _, attributes in page.tags if "style" in attributes]
    blocks += [block for sheet in sheets for block in re.findall(r"\{([^{}]*)\}", sheet)]
    for block in blocks:
        for declaration in filter(str.strip, block.split(";")):
            yield declaration.partition(":")[0].strip()


def test_nothing_is_fetched_or_run(built):
    text = built[HTML].decode()
    assert outside(Page(text), text) == []


@pytest.mark.parametrize(
    "planted",
    [
        '<img src="https://example.org/a.png" alt="">',
        '<img src="data:image/png;base64,AA==" alt="">',
        '<a href="mailto:a@example.org">a</a>',
        '<p style="background-color: url(a.png)">a</p>',
        '<p onclick="a()">a</p>',
        "<script>a()</script>",
        '<link rel="stylesheet" href="a.css">',
        "<style>@import 'a.css';</style>",
    ],
)
def test_a_planted_reference_is_found(composed, planted):
    text = mailed(composed())[HTML].decode().replace("</body>", f"{planted}</body>")
    assert outside(Page(text), text)


def test_every_style_is_one_that_mail_programs_know(built):
    text = built[HTML].decode()
    found = set(declared(text))
    assert {"font-family", "color-scheme", "max-width"} <= found
    assert found - KNOWN_TO_MAIL_PROGRAMS == set()
    spoiled = text.replace("margin: 0;", "position: absolute;", 1)
    assert set(declared(spoiled)) - KNOWN_TO_MAIL_PROGRAMS == {"position"}


def test_the_page_is_one_narrow_column_and_light(built):
    text = built[HTML].decode()
    assert len(text.encode()) < HEAVIEST
    widths = re.findall(r'(?:max-width: |[^-]width: |width=")(\d+)(px|")', text)
    assert widths
    assert max(int(width) for width, _ in widths) <= WIDEST
    page = Page(text)
    tables = page.found("table")
    assert [table.get("role", "") for table in tables] == ["presentation", "presentation", ""]


def test_the_page_has_a_language_a_title_and_headings_in_order(built):
    page, sender = Page(built[HTML].decode()), json.loads(built[SENDER])
    assert [attributes["lang"] for attributes in page.found("html")] == [sender["language"]]
    assert page.found("table")[0]["lang"] == sender["language"], "where html and body are dropped"
    levels = [tag for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == "h1"
    assert set(levels[1:]) == {"h2"}
    (title,) = re.findall(r"<title>(.*?)</title>", built[HTML].decode())
    assert unescape(title) == sender["subject"]
    assert all(attributes["alt"] for attributes in page.found("img"))


def brightness(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, bright = sorted((brightness(one), brightness(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_words_can_be_read_on_light_and_on_dark(composed):
    gate = (GateResult("fresh", "caveat", "old"),)
    text = mailed(composed(gate=gate))[HTML].decode()
    light = {
        colour
        for style in re.findall(r'style="([^"]*)"', text)
        for colour in re.findall(r"(?<![-\w])color: (#\w+)", style)
    }
    (sheet,) = re.findall(r"(?s)prefers-color-scheme: dark\) \{(.*?)\n\}", text)
    dark = set(re.findall(r"[{ ]color: (#\w+)", sheet))
    assert len(light) >= 4
    assert len(dark) >= 4
    assert DARK_PAPER in sheet
    assert min(contrast(colour, "#ffffff") for colour in light) >= 4.5
    assert min(contrast(colour, DARK_PAPER) for colour in dark) >= 4.5
    assert contrast("#9aa4ae", "#ffffff") < 4.5, "the measure sees what is too pale"


COLOURED, RULED = {"ink", "muted", "accent", "alarm"}, {"rule", "caution"}


def test_whatever_has_a_colour_has_one_for_dark_screens_too(composed):
    issue = composed(gate=(GateResult("fresh", "caveat", "old"),))
    text = mailed(replace(issue, since=Since("May", due=("A",)), news="New."))[HTML].decode()
    (sheet,) = re.findall(r"(?s)prefers-color-scheme: dark\) \{(.*?)\n\}", text)
    assert set(re.findall(r"\.([a-z]+) \{", sheet)) == {*COLOURED, *RULED, "paper"}
    for tag, attributes in Page(text).tags:
        style, kinds = attributes.get("style", ""), set(attributes.get("class", "").split())
        if re.search(r"(?<![-\w])color:", style) and tag != "img":
            assert kinds & COLOURED, style
        if re.search(r"border-\w+: \d", style):
            assert kinds & RULED, style
    assert '<meta name="color-scheme" content="light dark">' in text


# -- the chart --------------------------------------------------------------------------------


def test_the_chart_is_that_of_the_first_finding_that_has_one(composed):
    issue = composed()
    figure = figure_of_mail(issue)
    assert figure is not None
    assert figure.label == "Figure 2", "the first finding shows a table"
    assert mailed(issue)[CHART] == b"PNG 2"
    said = bodies(issue)[1].said
    assert "Figure 2 Title of figure 2" in said
    assert "Note: Renewals are not counted." in said
    assert "The records behind it carry 1 caveat; see the report." in said


@pytest.mark.parametrize("number", [0, 3])
def test_without_a_charted_finding_on_the_cover_there_is_no_chart(composed, number):
    issue = composed()
    fifth = issue.findings[4]
    issue = composed(findings=(*[issue.findings[number]] * 4, fifth))
    made = mailed(issue)
    assert CHART not in made
    assert json.loads(made[SENDER])["chart"] is None
    assert Page(made[HTML].decode()).found("img") == []


def test_only_the_chosen_chart_is_drawn_as_pixels(composed):
    issue = composed()
    asked = []

    def draw(name: str, screens: Screens) -> Chart:
        asked.append((name, screens))
        return Chart(screens, 320, 20, "other words", png=b"new" if screens == "mail" else b"")

    def charts(formats: tuple[str, ...]) -> list[tuple[bytes, str, str]]:
        shown = illustrated(issue, formats, draw).sections[0].figures
        return [(one.chart.png, one.chart.narrow, one.chart.alt) for one in shown if one.chart]

    drawn = (b"new", "mail", f"{ALT} 2")
    narrow = _DRAWING.format(1)
    assert charts(("pdf",)) == [(b"PNG 1", narrow, f"{ALT} 1"), drawn]
    assert asked == [("figure2", "mail")]
    assert charts(("pdf", "html")) == [(b"", "narrow", f"{ALT} 1"), drawn]
    assert asked[1:] == [("figure1", "narrow"), ("figure2", "mail")]
    assert illustrated(composed(findings=()), ("pdf",), draw).sections == issue.sections
    assert len(asked) == 3


def test_a_chart_without_pixels_is_not_shown(composed):
    issue = illustrated(composed(), ("pdf",), lambda *_: Chart("", 320, 20, ""))
    assert Page(mailed(issue)[HTML].decode()).found("img") == []


def test_a_letter_without_glyph_in_the_mails_chart_fails_the_build(composed, tmp_path):
    issue = composed()
    figure = issue.sections[0].figures[2]
    assert figure.chart is not None
    spoiled = replace(figure, chart=replace(figure.chart, narrow=_DRAWING.format("up 🚀")))
    sections = (replace(issue.sections[0], figures=(*issue.sections[0].figures[:2], spoiled)),)
    assert CHART in rendering.render(issue, tmp_path, ("html",), {}).files
    with pytest.raises(RenderError, match=r"no glyph for '🚀'"):
        rendering.render(replace(issue, sections=sections), tmp_path, ("html",), {})


def chunks(png: bytes) -> list[tuple[str, bytes]]:
    """The parts of a PNG file (ISO/IEC 15948, 5.3)."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    found, place = [], 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        found.append((png[place + 4 : place + 8].decode(), png[place + 8 : place + 8 + length]))
        place += length + 12
    return found


def shades(png: bytes) -> dict[tuple[int, ...], int]:
    """How many pixels have which colour."""
    with Image.open(BytesIO(png)) as picture:
        colours: Any = picture.convert("RGB").getcolors(1 << 24)
        return {colour: count for count, colour in colours}


def test_no_drawing_touches_the_edge_of_its_picture():
    canvas = Canvas(60, 320)
    canvas.box(0, 0, 320, 60, fill=ACCENT)
    with Image.open(BytesIO(canvas.png())) as picture:
        rgb = picture.convert("RGB")
        edges = [(0, 0, rgb.width, 15), (0, 0, 15, rgb.height)]
        edges += [(0, rgb.height - 15, rgb.width, rgb.height), (rgb.width - 15, 0, *rgb.size)]
        assert [rgb.crop(edge).getextrema() for edge in edges] == [((255, 255),) * 3] * 4
        assert rgb.getpixel((rgb.width // 2, rgb.height // 2)) != (255, 255, 255)


def near(found: dict[tuple[int, ...], int], colour: str) -> int:
    """How many pixels have that colour, or one that no eye tells from it."""
    wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return sum(
        count
        for seen, count in found.items()
        if max(abs(a - b) for a, b in zip(seen, wanted, strict=True)) <= 2
    )


def test_the_chart_is_sharp_and_says_nothing_of_its_making(built):
    parts = chunks(built[CHART])
    assert {name for name, _ in parts} == {"IHDR", "PLTE", "IDAT", "IEND"}
    width, height = struct.unpack(">II", dict(parts)["IHDR"][:8])
    (picture,) = Page(built[HTML].decode()).found("img")
    assert width == 2 * int(picture["width"]) == 1120
    assert 100 < height < 2400
    assert len(built[CHART]) < 100_000
    assert zlib.decompress(b"".join(body for name, body in parts if name == "IDAT"))


def test_the_chart_stands_on_white_and_has_the_house_colours(built):
    found = shades(built[CHART])
    assert max(found, key=lambda colour: found[colour]) == (255, 255, 255)
    assert near(found, ACCENT) > 500, "the accent colour is drawn"
    assert sum(count for colour, count in found.items() if max(colour) < 90) > 500, "and words"


def test_the_same_drawing_gives_the_same_pixels():
    def drawn() -> bytes:
        canvas = Canvas(60, 320)
        canvas.text(10, 20, "대구 1조 4,000억 원", bold=True)
        canvas.box(10, 30, 200, 12, fill=ACCENT)
        canvas.mark(250, 36, colour=ACCENT)
        return canvas.png()

    one, two = drawn(), drawn()
    assert one == two
    size = (1120, 60 * 1088 // 320 + 2 * 16)
    assert struct.unpack(">II", one[16:24]) == size
    empty = Canvas(60, 320).png()
    assert shades(empty) == {(255, 255, 255): size[0] * size[1]}
    assert one != empty


def test_a_palette_keeps_every_colour_of_the_house():
    colours = {*SERIES, *SHADES, SOFT, ALARM, FAINT}
    canvas = Canvas(12 * len(colours) + 20, 320)
    for row, colour in enumerate(sorted(colours)):
        canvas.box(5, 12 * row, 100, 10, fill=colour)
        canvas.text(120, 12 * row + 5, "지역혁신 2,561.9", colour=colour)
    found = shades(canvas.png())
    assert {colour for colour in colours if near(found, colour) < 340 * 34 * 0.9} == set()


def test_drawing_pixels_leaves_the_vectors_as_they_were():
    canvas = Canvas(60, 320)
    canvas.text(10, 20, "Main Library", align="center")
    before = canvas.svg()
    canvas.png()
    assert canvas.svg() == before

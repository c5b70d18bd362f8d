"""Each gate refuses a planted page, really laid out, names the place, and lets good ones by."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from briefing.errors import RenderError
from briefing.rendering.gates import Violation, figures_without_words, refuse
from briefing.rendering.pdf import write_pdf
from briefing.structures import Chart, Figure, Reference

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 20" width="90pt" height="20pt"/>'
PICTURES = {"figure:a": SVG}
LINES = "<p>" + "Loans went up again in every branch of the library this month. " * 12 + "</p>"
PAGE = "@page { size: A4; margin: 25mm } body, figure { margin: 0 } "
LONG = "Wort" * 60


def made(body: str, style: str = "") -> tuple[bytes, int]:
    html = (
        '<!DOCTYPE html><html lang="en"><head><title>Loans</title>'
        f"<style>{PAGE}{style} html {{ font: 10pt NanumGothic }}</style>"
        f"</head><body>{body}</body></html>"
    )
    return write_pdf(html, PICTURES)


def complaint(body: str, style: str = "") -> str:
    with pytest.raises(RenderError) as refused:
        made(body, style)
    assert refused.value.hint
    return str(refused.value)


def figure(inside: str, caption: str = "Figure 3 The harbour leads") -> str:
    return f'<figure id="figure-3"><figcaption>{caption}</figcaption>{inside}</figure>'


def table(*rows: str, head: str = "<th>branch</th><th>lent</th>", style: str = "") -> str:
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<table style="{style}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


GOOD = (
    f"<h1>Loans</h1>{LINES}<h2>Branches</h2>{LINES}"
    + figure('<img src="figure:a" alt="Three bars">')
    + '<div style="break-before: page"></div><h2>All of them</h2>'
    + table("<th scope=row>harbour</th><td>310</td>", "<th scope=row>hill</th><td>95</td>")
    + LINES * 3
    + '<h2 style="break-before: page">Sources</h2>'
    + LINES
)


def test_good_pages_pass_every_gate():
    running = '@page { @top-left { content: "Loans" } @bottom-right { content: counter(page) } }'
    assert made(GOOD, running)[1] == 3


def test_footnotes_and_columns_and_pictures_of_full_width_pass():
    notes = ".note { float: footnote } .two { columns: 2 } img { width: 100% }"
    body = '<p>Loans<span class="note">Books only.</span></p><div class="two">' + LINES * 3
    assert made(f'{body}</div><img src="figure:a" alt="Bars">{LINES}', notes)[1] == 1


# -- places -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (f"<p>{LONG}</p>", ("“WortWort", "mm over the right edge of the text area")),
        ('<p style="margin-left: -20mm">Loans</p>', ("“Loans” reaches 20 mm over the left edge",)),
        ('<p style="margin-top: -9mm">Loans</p>', ("“Loans” reaches", "mm over the upper edge")),
        (
            '<p style="position: absolute; top: 250mm">Loans</p>',
            ("“Loans” reaches", "mm over the lower edge"),
        ),
        (
            figure('<img src="figure:a" alt="Bars" style="width: 200mm">'),
            ("the picture in “Figure 3 The harbour leads” reaches 40 mm over the right edge",),
        ),
        (
            '<img src="figure:a" alt="Bars" style="display: block; height: 300mm">',
            ("the picture reaches 53 mm over the lower edge",),
        ),
    ],
    ids="right left upper lower wide-picture high-picture".split(),
)
def test_what_sticks_out_of_the_text_area_is_named(body, words):
    said = complaint(f"{LINES if 'top: -9' not in body else ''}{body}")
    for part in ("Page ", *words):
        assert part in said


def test_one_thing_that_sticks_out_is_one_complaint():
    said = complaint(f'<p style="width: 200mm">{"Loans went up again. " * 30}</p>')
    assert said.count("over the right edge") == 1
    assert "things are wrong" not in said


@pytest.mark.parametrize(
    ("style", "words"),
    [
        ("@page { @top-left { content: '%s'; white-space: nowrap } }" % ("Loans " * 40), "edge"),
        ("@page { @top-left { content: '%s'; font-size: 30pt } }" % ("Loans " * 40), "edge"),
        (
            "@page { @top-left { content: '%s'; vertical-align: top } }" % ("Loans " * 400),
            "runs into the text",
        ),
    ],
    ids="over-the-side over-the-top into-the-text".split(),
)
def test_running_text_stays_in_its_margin(style, words):
    assert words in complaint(LINES, style)


# -- tables -----------------------------------------------------------------------------------


def test_a_table_wider_than_the_page_is_named_once():
    wide = table(f"<td>{LONG}</td><td>1</td>", *["<td>a</td><td>2</td>"] * 90)
    said = complaint(LINES + figure(wide))
    assert said.count("the table in “Figure 3 The harbour leads” is ") == 1
    assert "mm too wide for the page" in said


def test_a_cell_too_small_for_its_words_is_named():
    fixed = "table-layout: fixed; width: 60mm"
    row = "<td>Verwaltungsgemeinschaftsvorsitz</td><td>310</td>"
    said = complaint(LINES + figure(table(row, style=fixed)))
    assert "Page 1: the cell “Verwaltungsgemeinschaftsvorsitz” in “Figure 3 The" in said
    assert "mm too small for what stands in it" in said


def test_a_cell_too_low_for_its_picture_is_named():
    picture = '<img src="figure:a" alt="a" style="height: 9mm; margin-bottom: -7mm">'
    assert "mm too small" in complaint(LINES + table(f"<td>{picture}</td><td>1</td>"))


def test_a_row_cut_by_the_end_of_a_page_is_named():
    rows = [f"<td>branch {number}</td><td>{'lent ' * 200}</td>" for number in range(8)]
    said = complaint(figure(table(*rows)), "tr { break-inside: auto }")
    assert "Page 2: the row “branch " in said
    assert "in “Figure 3 The harbour leads” began on page 1" in said
    assert made(figure(table(*rows)), "tr { break-inside: avoid }")[1] > 1


# -- flow -------------------------------------------------------------------------------------

AT_THE_FOOT = "height: 215mm"
NEXT = f'<div style="break-before: page">{LINES}</div>'


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ("<h2>Branches</h2>", "heading <h2> “Branches”"),
        ("<h2>Branches</h2><h3>Harbour</h3>", "heading <h3> “Harbour”"),
        (figure(f"<div>{NEXT}</div>"), "heading <figcaption> “Figure 3 The harbour leads”"),
        ("<dl><dt>D1</dt></dl>", "heading <dt> “D1”"),
    ],
    ids="section subsection figure term".split(),
)
def test_a_heading_at_the_foot_of_a_page_is_named(last, words):
    said = complaint(f'<div style="{AT_THE_FOOT}">{LINES}</div>{last}{NEXT}')
    assert f"Page 1 ends with the {words}, and what it heads is not there" in said


def test_the_head_of_a_table_without_a_row_is_named():
    high = "<td style='height: 200mm'>harbour</td><td>310</td>"
    said = complaint(
        f'<div style="height: 215mm">{LINES}</div>{figure(table(high))}{NEXT}',
        "thead { display: table-row-group }",
    )
    assert "Page 1 ends with the head of a table “branch lent” in “Figure 3" in said


def test_a_heading_of_nothing_at_the_very_end_is_named():
    assert "ends with the heading <h2> “Sources”" in complaint(f"{LINES}<h2>Sources</h2>")


def test_a_caption_below_its_picture_and_a_title_alone_on_the_first_page_pass():
    below = '<figure><img src="figure:a" alt="Bars"><figcaption>Figure 1</figcaption></figure>'
    assert made(f"<h1>Loans</h1>{NEXT}")[1] == 2
    assert made(f"{LINES}{below}{NEXT}")[1] == 2


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (f'{LINES}<div style="break-before: page"></div>{NEXT}', "Page 2 of the PDF is empty"),
        (
            f'{LINES}<p style="break-before: page">Loans</p>{NEXT}',
            "Page 2 is nearly empty: only 2% of its height is used",
        ),
        (
            f'{LINES}<p style="break-before: page">Loans</p>',
            "Page 2, the last one, has only 1 line. ",
        ),
        (
            f'{LINES}<p style="break-before: page">Loans<br>Fees</p>',
            "Page 2, the last one, has only 2 lines. ",
        ),
        ("", "Page 1 of the PDF is empty"),
    ],
    ids="empty nearly last-line last-lines nothing".split(),
)
def test_an_empty_page_is_named(body, words):
    assert words in complaint(body)


@pytest.mark.parametrize(
    ("body", "pages"),
    [
        ("<p>Loans</p>", 1),
        (f"<p>Loans</p>{NEXT}", 2),
        (f'{LINES}<p style="break-before: page">Loans<br>Fees<br>Fines</p>', 2),
        (f'{LINES}<p style="break-before: page"><img src="figure:a" alt="Bars"></p>', 2),
    ],
    ids="one-page title-page three-lines picture".split(),
)
def test_pages_that_may_be_short_pass(body, pages):
    assert made(body)[1] == pages


# -- figures ----------------------------------------------------------------------------------


@pytest.fixture
def spoken(table_of):
    """A figure with everything that a reader needs."""
    held = table_of(pd.DataFrame({"lent": [1, 2]}), name="by_branch")
    return Figure(
        name="bars",
        label="Figure 3",
        anchor="figure-3",
        title="The harbour leads",
        notes=(),
        caveats=(),
        sources=(Reference("D1", (4,)),),
        table=held,
        rows=((), ()),
        chart=Chart("<svg/>", 10, 10, "Two bars"),
    )


def issue(figure, sources=("D1",)):
    return SimpleNamespace(sources=sources, sections=[SimpleNamespace(figures=(figure,))])


def test_a_figure_with_finding_words_and_source_passes(spoken):
    assert figures_without_words(issue(spoken)) == []


def test_a_figure_that_says_too_little_is_named_with_all_that_it_lacks(spoken):
    mute = replace(spoken, title=" ", chart=Chart("<svg/>", 10, 10, " "), sources=())
    found = figures_without_words(issue(mute))
    assert [item.what for item in found] == [
        "Figure 3 (bars) has no title",
        "Figure 3 (bars) has no words for those who cannot see it",
        "Figure 3 (bars) names no source",
    ]
    assert "figures.bars.title" in found[0].remedy
    assert "by_branch" in found[2].remedy


def test_where_nothing_was_known_the_title_is_enough(spoken, table_of):
    nothing = table_of(pd.DataFrame({"lent": []}), name="by_branch")
    bare = replace(spoken, table=nothing, chart=None, sources=())
    assert figures_without_words(issue(bare)) == []


def test_sources_are_asked_for_only_where_there_are_any(spoken):
    assert figures_without_words(issue(replace(spoken, sources=()), sources=())) == []


# -- one error --------------------------------------------------------------------------------


def test_everything_that_is_wrong_comes_in_one_error():
    said = complaint(
        f"<p>Loans went up 🚀 again</p>{LINES}"
        + table(f"<td>{LONG}</td><td>1</td>")
        + '<div style="break-before: page"></div>'
        + f'<p style="break-before: page; colour: red">Loans</p><h2>Sources</h2>{NEXT}'
    )
    assert said.startswith("6 things are wrong with the pages:\n")
    for part in ("U+1F680", "colour", "too wide", "Page 2 of the PDF is empty", "“Sources”"):
        assert part in said
    assert "Page 3 is nearly empty" in said


def test_what_was_found_before_the_pages_is_told_with_them():
    before = [Violation("Figure 3 (bars) has no title", "Write one.")]
    html = '<html lang="en"><head><title>Loans</title></head><body></body></html>'
    with pytest.raises(RenderError, match="2 things are wrong") as refused:
        write_pdf(html, {}, found=before)
    assert "Figure 3 (bars) has no title. Write one." in str(refused.value)


def test_the_same_complaint_is_made_once():
    with pytest.raises(RenderError) as refused:
        refuse([Violation("Page 2 is empty", "Mend it.")] * 3)
    assert str(refused.value) == "Page 2 is empty. Mend it."


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<html lang='en'><body><p>Loans</p></body></html>", "has no title"),
        ("<html lang='en'><title> </title><body><p>Loans</p></body></html>", "has no title"),
        ("<html><title>Loans</title><body><p>Loans</p></body></html>", "lang"),
        (
            "<html lang='en'><title>Loans</title><body><p>a<img src='figure:a' alt=''></p>",
            "alt description",
        ),
    ],
    ids="title blank-title language words-for-a-picture".split(),
)
def test_a_page_that_cannot_be_accessible_is_refused(html, words):
    html = html.replace("<body>", "<body style='font-family: NanumGothic'>")
    with pytest.raises(RenderError) as refused:
        write_pdf(f"<!DOCTYPE html>{html}", PICTURES)
    assert words in str(refused.value)

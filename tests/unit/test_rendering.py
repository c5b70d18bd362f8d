"""Pages that must not leave the house: missing pictures and glyphs, loads from outside, blanks."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from briefing import pipeline
from briefing.config import load_project
from briefing.errors import RenderError
from briefing.rendering.files import table_csv
from briefing.rendering.pdf import write_pdf
from briefing.structures import Column

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 20" width="90pt" height="20pt">'
    '<text x="2" y="12" font-size="8">{}</text></svg>'
)


def page(body: str, style: str = "") -> str:
    return (
        '<!DOCTYPE html><html lang="en"><head><title>Loans</title>'
        f"<style>{style} html {{ font-family: NanumGothic }}</style></head>"
        f"<body>{body}</body></html>"
    )


def test_a_page_becomes_a_pdf_and_says_how_many_pages():
    lines = "항구<br>언덕<br>중앙"
    pdf, pages = write_pdf(page(f'<h1>Loans</h1><p style="break-before: page">{lines}</p>'), {})
    assert pdf.startswith(b"%PDF-")
    assert pages == 2


def test_the_same_page_gives_the_same_bytes():
    body = page('<h1>Loans 대출</h1><img src="figure:a" alt="a">')
    pictures = {"figure:a": SVG.format("항구").encode()}
    assert write_pdf(body, pictures) == write_pdf(body, pictures)


def test_a_style_sheet_that_was_read_before_styles_as_one_that_is_read_anew():
    style = "@page { size: A5; @top-left { content: 'Loans' } } p { color: #123456 !important }"
    body = '<h1>Loans</h1><p style="color: red; margin: 1cm">Harbour</p>'
    first = write_pdf(page(body, style), {})
    assert write_pdf(page(body, style), {}) == first
    assert write_pdf(page(body, f"{style} /* url() is never remembered */"), {}) == first
    assert write_pdf(page(body, style.replace("A5", "A4")), {}) != first


@pytest.mark.parametrize(
    ("body", "style", "part"),
    [
        ('<p>x</p><img src="figure:none" alt="">', "", "figure:none"),
        ('<p>x</p><img src="https://example.org/a.png" alt="">', "", "example.org"),
        ('<p>x</p><img src="file:///etc/hostname" alt="">', "", "hostname"),
        ('<p>x</p><img src="../outside.png" alt="">', "", "outside.png"),
        ('<link rel="stylesheet" href="https://example.org/a.css"><p>x</p>', "", "example.org"),
        ("<p>x</p>", "@import url(https://example.org/b.css);", "example.org"),
        ("<p style='font-family: serif'>x</p>", "", "not the house font"),
        ("<p>x</p>", "p { background: url(https://example.org/c.png) }", "example.org"),
        (
            "<p style='font-family: F'>x</p>",
            "@font-face { font-family: F; src: url(https://example.org/f.ttf) }",
            "example.org",
        ),
        ("<p>x</p>", "p { colour: red }", "colour"),
        ('<p>see <a href="#nowhere">there</a></p>', "", "nowhere"),
    ],
    ids="picture remote file parent link import other-font background font style anchor".split(),
)
def test_whatever_is_missing_or_outside_fails_the_build(body, style, part):
    with pytest.raises(RenderError) as refused:
        write_pdf(page(body, style), {})
    assert part in refused.value.message
    assert refused.value.hint
    with pytest.raises(RenderError) as again:
        write_pdf(page(body, style), {})
    assert again.value.message == refused.value.message


@pytest.mark.parametrize("letter", ["🚀", "𠀀", "ไ"])
def test_a_letter_that_the_font_lacks_is_named_with_its_place(letter):
    with pytest.raises(RenderError) as refused:
        write_pdf(page(f"<p>Loans went up {letter} again</p>"), {})
    assert f"U+{ord(letter):04X}" in refused.value.message
    assert "went up" in refused.value.message


def test_a_letter_that_the_font_lacks_is_found_in_a_picture():
    with pytest.raises(RenderError, match="no glyph"):
        write_pdf(page('<img src="figure:a" alt="a">'), {"figure:a": SVG.format("🚀").encode()})


def test_a_letter_written_as_an_entity_is_found_too():
    with pytest.raises(RenderError, match="no glyph"):
        write_pdf(page("<p>up &#128640;</p>"), {})


def test_an_empty_page_is_named():
    body = '<p>a</p><div style="break-before: page"></div><p style="break-before: page">b</p>'
    with pytest.raises(RenderError, match="Page 2 of the PDF is empty"):
        write_pdf(page(body), {})


def test_a_page_that_holds_only_its_number_is_empty():
    style = "@page { @bottom-center { content: counter(page) } }"
    with pytest.raises(RenderError, match="is empty"):
        write_pdf(page('<p>a</p><div style="break-before: page"></div>', style), {})


# -- the layout -------------------------------------------------------------------------------


@pytest.fixture
def built(small_project):
    """Build the small report in this process, with files put beside report.yaml."""

    def make(overrides=None, formats=("pdf", "html")):
        folder = Path(small_project.report_file).parent
        for name, text in (overrides or {}).items():
            small_project.write(str(folder / name), text)
        project = load_project(small_project.root)
        asked = pipeline.edition_of(
            project, project.reports["library-loans"], date(2026, 11, 22), period="2026-10"
        )
        issue = pipeline.build(project, pipeline.Request(asked, formats), lambda *_: None)
        return {name: (issue.folder / name).read_bytes() for name in issue.files}

    return make


def test_an_issue_has_pages_pictures_and_tables(built):
    files = built()
    expected = {"briefing.pdf", "index.html", "figures/bars.svg", "tables/bars.csv"}
    assert expected | {"tables/listing.csv", "manifest.json"} <= set(files)


def test_one_format_alone(built):
    files = built(formats=("html",))
    assert "briefing.pdf" not in files
    assert "index.html" in files
    files = built(formats=("pdf",))
    assert "briefing.pdf" in files
    assert "index.html" not in files


def test_words_of_the_data_are_escaped(built, small_project):
    small_project.replace("data/branches.csv", "Main Library", "Main & <Co>")
    html = built(formats=("html",))["index.html"].decode()
    assert "Main &amp; &lt;Co&gt;" in html
    assert "<Co>" not in html


def test_the_exact_values_stand_in_the_csv(table_of):
    frame = pd.DataFrame(
        {
            "branch": pd.Series(["Main, old", "항구"], dtype="str"),
            "lent": pd.Series([1500, None], dtype="Int64"),
            "fees": pd.Series([1_234_567_890, 5], dtype="Int64"),
            "rate": pd.Series([0.1, 2 / 3], dtype="Float64"),
            "day": pd.Series(["2026-10-31", None], dtype="datetime64[s]"),
        }
    )
    table = table_of(frame, {"fees": Column("fees", "fees", "quantity", "KRW")})
    assert table_csv(table).splitlines() == [
        "branch,lent,fees [KRW],rate,day",
        '"Main, old",1500,1234567890,0.1,2026-10-31',
        "항구,,5,0.6666666666666666,",
    ]


@pytest.mark.parametrize("value", [1_234_567_890_123.5, 123_456_789_012_345.0])
def test_large_numbers_in_the_csv_are_not_cut_off(table_of, value):
    frame = pd.DataFrame({"x": pd.Series([value], dtype="Float64")})
    assert float(table_csv(table_of(frame)).splitlines()[1]) == value


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("template.html.j2", "<h1>{{ issue.titel }}</h1>", "titel"),
        ("template.html.j2", "{% for x in %}", "line 1"),
        ("template.html.j2", "<p>{{ ''.__class__.__mro__ }}</p>", "__class__"),
        ("template.html.j2", "<p>x</p><img src='https://example.org/a.png' alt=''>", "example.org"),
        ("template.html.j2", "{% include '/etc/hostname' %}", "hostname"),
        ("template.html.j2", "{% include '../outside.html' %}", "outside"),
        ("template.html.j2", "<p>{{ 1 / 0 }}</p>", ""),
        ("template.html.j2", "<p>{{ issue.title + 1 }}</p>", ""),
        ("style.css", "@import url(https://example.org/a.css);", "example.org"),
        ("style.css", "p { colour: red }", "colour"),
    ],
)
def test_an_override_that_does_not_work_out_fails_the_build(built, small_project, name, text, part):
    small_project.write("report_templates/outside.html", "<p>outside</p>")
    with pytest.raises(RenderError) as refused:
        built({name: text})
    assert part in refused.value.message
    assert not small_project.files(), "something half-made was filed"


def test_an_override_may_change_everything(built):
    html = built({"template.html.j2": "<p>{{ issue.title }} only</p>"}, ("html",))["index.html"]
    assert html == b"<p>Library loans only</p>"


@pytest.mark.parametrize("formats", [("pdf", "html"), ("html",)])
def test_a_letter_that_the_font_lacks_fails_every_format(built, small_project, formats):
    small_project.replace(small_project.report_file, "Counted at the desk", "Counted 🚀")
    with pytest.raises(RenderError, match="no glyph"):
        built(formats=formats)
    assert not small_project.files()

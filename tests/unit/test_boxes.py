"""What `rendering/boxes.py` takes from inside WeasyPrint is still there, and means the same."""

import pytest
from weasyprint import HTML

from briefing.rendering.boxes import annotated_links, pages_of, tagged_cells, walk, words_of
from briefing.rendering.standards import VARIANT

INCH = 96

PAGE = """<!DOCTYPE html><html lang="en"><head><title>Loans</title><style>
@page { size: 5in 8in; margin: 1in; @top-left { content: "running" } }
body { margin: 0 } p { margin: 0; font-size: 20px; line-height: 30px }
.note { float: footnote } .far { position: absolute; top: 2in; left: 1in }
img { display: block; width: 50px; height: 25px; margin: 10px; border: 1px solid }
</style></head><body>
<p>first <a href="#there" aria-label="the table">see <b>below</b></a><span class="note">small</span>
</p>
<img alt="a" src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E">
<p class="far">placed</p>
<table id="there"><thead><tr><th scope="col">branch</th></tr></thead>
<tbody><tr><td>main</td></tr></tbody></table>
</body></html>"""


@pytest.fixture(scope="module")
def document():
    """Laid out, and painted, which makes tags and annotations."""
    laid_out = HTML(string=PAGE).render(pdf_variant=VARIANT)
    laid_out.write_pdf(pdf_tags=True)
    return laid_out


@pytest.fixture
def boxes(document):
    (page,) = pages_of(document)
    return [box for box, _ in page.boxes]


def found(boxes, words):
    (box,) = [box for box in boxes if box.text.strip() == words]
    return box


def test_a_page_knows_its_size_and_the_area_that_its_margins_leave(document):
    (page,) = pages_of(document)
    assert (page.number, page.width, page.height) == (1, 5 * INCH, 8 * INCH)
    assert (page.left, page.top, page.right, page.bottom) == (INCH, INCH, 4 * INCH, 7 * INCH)


def test_every_kind_of_box_is_known(document, boxes):
    (page,) = pages_of(document)
    kinds = {box.kind for box in boxes} | {box.kind for box in page.margins}
    assert kinds == {
        *("", "text", "picture", "line", "table", "group", "row", "cell", "margin", "footnotes")
    }


def test_what_stands_in_the_margins_is_kept_apart(document, boxes):
    (page,) = pages_of(document)
    running = [box.text for margin in page.margins for box, _ in walk(margin) if box.is_content]
    assert running == ["running"]
    assert "running" not in [box.text for box in boxes]


def test_texts_lie_where_the_style_sheet_puts_them(boxes):
    first, placed = found(boxes, "first"), found(boxes, "placed")
    assert first.left == INCH
    assert 20 < first.right - INCH < 80
    assert placed.left == 2 * INCH  # from the edges of the text area
    assert 3 * INCH <= placed.top < placed.bottom <= 3 * INCH + 30


def test_a_line_has_the_height_of_the_line_and_a_text_that_of_its_letters(boxes):
    placed = found(boxes, "placed")
    (line,) = [box for box in boxes if box.kind == "line" and placed in box.children]
    assert (line.top, line.bottom) == (3 * INCH, 3 * INCH + 30)
    assert line.top < placed.top < placed.bottom < line.bottom


def test_a_picture_is_measured_with_its_border_and_without_its_margin(boxes):
    (picture,) = [box for box in boxes if box.kind == "picture"]
    assert (picture.left, picture.right) == (INCH + 10, INCH + 10 + 52)
    assert picture.bottom - picture.top == 27


def test_reading_order_and_the_boxes_around(document):
    (page,) = pages_of(document)
    read = [box.text.strip() for box, _ in page.boxes if box.is_content and box.text]
    assert read[:3] == ["first", "see", "below"]
    (trail,) = [trail for box, trail in page.boxes if box.text == "main"]
    kinds = [box.kind for box in trail if box.kind]
    assert kinds == ["table", "group", "row", "cell", "line"]
    assert [box.tag for box in trail if box.kind in {"group", "row"}] == ["tbody", "tr"]


def test_the_tag_of_a_cell_and_its_element_are_found(document):
    cells = {words_of(element): mark["S"] for mark, element in tagged_cells(document)}
    assert cells == {"branch": "/TH", "main": "/TD"}


def test_the_annotation_of_a_link_and_its_element_are_found(document):
    links = [(note["Subtype"], words_of(element)) for note, element in annotated_links(document)]
    assert set(links) == {("/Link", "the table"), ("/Link", "below")}


def test_the_words_of_an_element_keep_apart_what_a_reader_sees_apart(document):
    (page,) = pages_of(document)
    (table,) = [box.element for box, _ in page.boxes if box.kind == "table"]
    assert words_of(table) == "branch main"
    (first,) = [box.element for box, _ in page.boxes if box.text.strip() == "first"]
    assert words_of(first) == "first see belowsmall"

"""What the PDF of the shipped report carries for archives, machines and readers who cannot see."""

import ctypes
import json
import re
from xml.etree import ElementTree

import pypdf
import pypdfium2
import pytest
from pypdf.generic import IndirectObject

from briefing.rendering.pdf import write_pdf

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DC = "{http://purl.org/dc/elements/1.1/}"

SMALL = 20.0
"""Points: what is lower is a small line in a cell of a table."""


@pytest.fixture(scope="module")
def pdf(built_issue):
    return pypdf.PdfReader(built_issue.folder / "briefing.pdf")


@pytest.fixture(scope="module")
def catalog(pdf):
    return pdf.trailer["/Root"]


def elements(node, above=()):
    """The structure elements below one, in reading order, each with the kinds above it."""
    node = node.get_object()
    if isinstance(node, dict) and "/S" in node:
        yield node, above
        above = (*above, node["/S"])
    kids = node.get("/K", []) if isinstance(node, dict) else []
    for kid in kids if isinstance(kids, list) else [kids]:
        yield from elements(kid, above)


@pytest.fixture(scope="module")
def tree(catalog):
    return list(elements(catalog["/StructTreeRoot"]))


def of_kind(tree, kind):
    return [element for element, _ in tree if element["/S"] == kind]


# -- the document -----------------------------------------------------------------------------


def test_it_says_its_language_and_shows_its_title(pdf, catalog):
    assert catalog["/Lang"] == "en"
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"].value is True
    assert pdf.metadata.title.startswith("Korea's regional innovation programmes")
    assert "2026" in pdf.metadata.title


def test_it_is_tagged_and_has_bookmarks(pdf, catalog, tree):
    assert catalog["/MarkInfo"]["/Marked"].value is True
    assert len(pdf.outline) > 5
    assert [element["/S"] for element, _ in tree].count("/H1") == 1


def test_its_metadata_name_both_standards_and_say_what_the_info_says(pdf, catalog):
    packet = catalog["/Metadata"].get_data()
    text = packet.decode()
    root = ElementTree.fromstring(re.sub(r"<\?xpacket.*?\?>", "", text))
    assert len(root.findall(f"{RDF}RDF")) == 1
    assert 'pdfaid:part="3"' in text
    assert 'pdfaid:conformance="A"' in text
    assert "<pdfuaid:part>1</pdfuaid:part>" in text

    def said(term):
        return [item.text for item in root.findall(f".//{DC}{term}//{RDF}li")]

    assert said("title") == [pdf.metadata.title]
    assert said("creator") == [pdf.metadata.author]
    assert said("description") == [pdf.metadata.subject]
    assert f'pdf:Producer="{pdf.metadata.producer}"' in text


def test_no_clock_was_read(pdf):
    assert "/CreationDate" not in pdf.metadata
    assert "/ModDate" not in pdf.metadata
    days = {
        file.get_object()["/EF"]["/F"]["/Params"][key]
        for file in pdf.trailer["/Root"]["/AF"]
        for key in ("/CreationDate", "/ModDate")
    }
    assert days == {"D:20261031000000Z"}  # the day as of which the issue is


# -- the files inside -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def carried(catalog):
    """The files inside the PDF by name."""
    return {(item := file.get_object())["/UF"]: item for file in catalog["/AF"]}


def test_the_files_inside_are_those_of_the_issue(built_issue, carried):
    tables = {path.name: path for path in (built_issue.folder / "tables").iterdir()}
    assert set(carried) == {*tables, "provenance.json"}
    for name, path in {**tables, "provenance.json": built_issue.folder / "provenance.json"}.items():
        assert carried[name]["/EF"]["/F"].get_data() == path.read_bytes()


def test_each_file_inside_says_what_it_is(built_issue, carried):
    figures = {
        part["identifier"]: part
        for part in json.loads(built_issue.text("provenance.json"))["hasPart"]
    }
    for name, file in carried.items():
        body = file["/EF"]["/F"]
        if name == "provenance.json":
            assert (file["/AFRelationship"], body["/Subtype"]) == (
                "/Supplement",
                "/application/json",
            )
            assert "Where each number was read" in file["/Desc"]
        else:
            figure = figures[name.removesuffix(".csv")]
            assert (file["/AFRelationship"], body["/Subtype"]) == ("/Data", "/text/csv")
            assert file["/Desc"] == f"Values of {figure['alternateName']}: {figure['name']}"


def test_viewers_list_the_files_in_the_order_of_their_names(pdf, catalog, carried):
    names = catalog["/Names"]["/EmbeddedFiles"]["/Names"][::2]
    assert names == sorted(carried)
    assert list(pdf.attachments) == sorted(carried)


# -- the tags ---------------------------------------------------------------------------------


def test_each_header_cell_says_what_it_heads(tree):
    heads = [(element["/A"]["/Scope"], above) for element, above in tree if element["/S"] == "/TH"]
    assert len(heads) > 20
    for scope, above in heads:
        assert scope == ("/Column" if "/THead" in above else "/Row")


@pytest.mark.parametrize(
    ("cells", "scopes"),
    [
        ("<thead><tr><th>a<th>b<tbody><tr><th>c<td>d", ["/Column", "/Column", "/Row"]),
        (
            "<tr><th scope=col>a<th scope=colgroup>b<tr><th scope=row>c<td>d",
            [*["/Column"] * 2, "/Row"],
        ),
    ],
    ids="by-place as-said".split(),
)
def test_scopes_come_from_the_page_or_from_the_place(tmp_path, cells, scopes):
    made, _ = write_pdf(
        "<!DOCTYPE html><html lang=en><title>Loans</title><style>html { font-family: NanumGothic }"
        f"</style><body><table>{cells}</table>",
        {},
    )
    (tmp_path / "a.pdf").write_bytes(made)
    root = pypdf.PdfReader(tmp_path / "a.pdf").trailer["/Root"]
    heads = of_kind(list(elements(root["/StructTreeRoot"])), "/TH")
    assert [head["/A"]["/Scope"] for head in heads] == scopes


def test_each_picture_has_the_words_that_replace_it(built_issue, tree):
    said = [figure["/Alt"] for figure in of_kind(tree, "/Figure")]
    html = built_issue.text("index.html")
    in_html = re.findall(r'role="img" aria-label="([^"]+)"', html)
    small = len(re.findall(r'<svg class="small"', html))
    assert small > 0, "no small line in a cell, which has words of its own too"
    assert len(said) == len(list((built_issue.folder / "figures").glob("*.svg"))) + small
    assert len(in_html) == len(said)
    assert min(map(len, said)) > 40


def test_each_picture_lies_where_its_tag_says(built_issue, pdf, tree):
    numbers = {page.indirect_reference.idnum: page.page_number for page in pdf.pages}
    reader = pypdfium2.PdfDocument(built_issue.folder / "briefing.pdf")
    for figure in of_kind(tree, "/Figure"):
        left, bottom, right, top = map(float, figure["/A"]["/BBox"])
        page = reader[numbers[figure.raw_get("/Pg").idnum]]
        assert 0 < left < right < page.get_width()
        assert 0 < bottom < top < page.get_height()
        seen = page.get_textpage().get_text_bounded(left, bottom, right, top)
        if top - bottom < SMALL:
            assert not seen.strip(), "a small line in a cell has no letters"
            continue
        assert seen.strip(), "no letters of the chart are there"
        assert "Sources" not in seen, "what stands below the chart is there too"
    reader.close()


def test_links_are_described_by_their_words_and_stand_in_link_tags(pdf, tree):
    notes = [note.get_object() for page in pdf.pages for note in page.get("/Annots", [])]
    assert len(notes) > 100
    for note in notes:
        assert note["/Contents"]
        assert not note["/Contents"].startswith("source-")
    linked = [
        element["/S"]
        for element, _ in tree
        for kid in element["/K"]
        if isinstance(kid, IndirectObject) and kid.get_object().get("/Type") == "/OBJR"
    ]
    assert set(linked) == {"/Link"}
    assert len(linked) == len(notes)


def test_items_of_lists_hold_labels_and_bodies_only(tree):
    items = of_kind(tree, "/LI")
    assert items
    for item in items:
        assert {kid.get_object()["/S"] for kid in item["/K"]} <= {"/Lbl", "/LBody"}
        for kid in item["/K"]:
            assert kid.get_object()["/P"] == item


def marks(page):
    """Ids of marked content on a page, and how many pieces of running text."""
    content = pypdf.generic.ContentStream(page.get_contents(), page.pdf)
    asked = [operands for operands, operator in content.operations if operator == b"BDC"]
    ids = [properties["/MCID"] for _, properties in asked if "/MCID" in properties]
    running = [1 for _, properties in asked if properties.get("/Type") == "/Pagination"]
    return sorted(map(int, ids)), len(running)


def test_every_mark_on_a_page_is_in_the_tree_and_running_text_is_not(pdf, tree):
    tagged = {page.indirect_reference.idnum: [] for page in pdf.pages}
    for element, _ in tree:
        own = [int(kid) for kid in element["/K"] if isinstance(kid, int)]
        if own:
            tagged[element.raw_get("/Pg").idnum] += own
    for number, page in enumerate(pdf.pages, 1):
        ids, running = marks(page)
        assert ids == sorted(tagged[page.indirect_reference.idnum])
        assert (running > 0) == (number > 1)  # the cover has none


# -- reading order ----------------------------------------------------------------------------


def read_aloud(path, tree, pdf):
    """The text of the tags, in the order of the tree, each with the kind of its block."""
    raw = pypdfium2.raw
    numbers = {page.indirect_reference.idnum: page.page_number for page in pdf.pages}
    reader = pypdfium2.PdfDocument(path)
    texts = {}
    for number in range(len(reader)):
        page = reader[number]
        letters = page.get_textpage()
        for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
            size = raw.FPDFTextObj_GetText(item, letters, None, 0)
            buffer = ctypes.create_string_buffer(size)
            raw.FPDFTextObj_GetText(
                item, letters, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size
            )
            mark = number, raw.FPDFPageObj_GetMarkedContentID(item)
            texts[mark] = texts.get(mark, "") + buffer.raw.decode("utf-16-le").rstrip("\0")
    spoken = []
    for element, _ in tree:
        for kid in element["/K"]:
            if isinstance(kid, int):
                spoken.append(texts.get((numbers[element.raw_get("/Pg").idnum], int(kid)), ""))
    reader.close()
    return re.sub(r"\s+", "", "".join(spoken))


def titles(outline):
    for item in outline:
        if isinstance(item, list):
            yield from titles(item)
        else:
            yield item.title


def test_it_is_read_in_the_order_of_its_outline(built_issue, pdf, tree):
    heard = read_aloud(built_issue.folder / "briefing.pdf", tree, pdf)
    place = heard.index("Contents")
    for title in list(titles(pdf.outline))[1:]:
        words = re.sub(r"\s+", "", title)
        after = heard.find(words, place)
        assert after >= 0, f"{title!r} is not read after what stands before it"
        place = after


def test_running_text_is_not_read(built_issue, pdf, tree):
    heard = read_aloud(built_issue.folder / "briefing.pdf", tree, pdf)
    assert f"Page2of{len(pdf.pages)}" not in heard
    assert f"Page 2 of {len(pdf.pages)}" in pdf.pages[1].extract_text()

"""What WeasyPrint leaves to do for one file that is both PDF/A-3a and PDF/UA-1.

PDF/A-3 (ISO 19005-3) is the standard for archives, PDF/UA-1 (ISO 14289-1) the one for readers
who hear or feel a page. WeasyPrint writes one or the other; the finisher here adds what the
second one asks for, and what a validator cannot see but a screen reader meets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pydyf  # type: ignore[import-untyped]  # comes with WeasyPrint, whose finisher gets its objects

from briefing.rendering.boxes import annotated_links, tagged_cells, words_of

VARIANT = "pdf/a-3a"
"""What WeasyPrint is asked for; it also makes the tags."""

_POINTS = 0.75  # points in a CSS pixel
_PARTS_OF_ITEM = {"/Lbl", "/LBody"}

_UA = b"""<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<pdfuaid:part>1</pdfuaid:part>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 that the file follows</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
"""
"""PDF/A allows a property in the metadata that it does not know only with its schema beside it."""


def finish(document: Any, pdf: Any) -> None:
    """Complete a PDF that WeasyPrint has made as PDF/A-3a, just before it is written.

    Args:
        document: WeasyPrint's document, painted.
        pdf: pydyf's PDF, changed in place.
    """
    _identify_as_ua(pdf)
    _set_running_text_apart(pdf)
    _give_headers_a_scope(document, pdf)
    _say_where_links_lead(document, pdf)
    _gather_list_items(pdf)
    _place_figures(document, pdf)


def _at(pdf: Any, reference: bytes) -> Any:
    return pdf.objects[int(reference.split()[0])]


def _elements(pdf: Any, kind: str = "") -> Iterator[Any]:
    """Structure elements, of one kind where it is named."""
    for item in pdf.objects:
        if isinstance(item, dict) and item.get("Type") == "/StructElem" and kind in {"", item["S"]}:
            yield item


def _identify_as_ua(pdf: Any) -> None:
    """Name PDF/UA-1 in the metadata, inside the one block that readers look at."""
    metadata = _at(pdf, pdf.catalog["Metadata"])
    (packet,) = metadata.stream
    head, end, tail = packet.rpartition(b"</rdf:RDF>")
    metadata.stream = [head + _UA + end + tail]


def _set_running_text_apart(pdf: Any) -> None:
    """Mark headers, footers and page numbers as such, so that nobody hears them on every page.

    WeasyPrint tags them like text and leaves the tags out of the tree (ISO 14289-1, 7.8).
    """
    root = _at(pdf, pdf.catalog["StructTreeRoot"])
    numbers = _at(pdf, root["ParentTree"])["Nums"]
    known = _reachable(pdf, root)
    pages = [pdf.objects[number] for number in pdf.pages["Kids"][::3]]
    for page, parents in zip(pages, numbers[1::2], strict=False):  # after the pages come links
        apart = {place for place, parent in enumerate(parents) if parent not in known}
        content = _at(pdf, page["Contents"]).stream
        for place, operator in enumerate(content):
            if operator == b"BDC" and content[place - 1].get("MCID") in apart:
                content[place - 2] = "/Artifact"
                content[place - 1] = pydyf.Dictionary({"Type": "/Pagination"})
        parents[:] = ["null" if at in apart else one for at, one in enumerate(parents)]
    known |= {parent for parent in numbers[1::2] if isinstance(parent, bytes)}  # links
    for element in _elements(pdf):
        if element.reference not in known:
            element.clear()


def _reachable(pdf: Any, root: Any) -> set[bytes]:
    found: set[bytes] = set()
    waiting = list(root["K"])
    while waiting:
        reference = waiting.pop()
        if isinstance(reference, bytes) and reference not in found:
            found.add(reference)
            waiting.extend(_at(pdf, reference).get("K", ()))
    return found


def _give_headers_a_scope(document: Any, pdf: Any) -> None:
    """Say of each header cell whether it heads a column or a row."""
    for cell, element in tagged_cells(document):
        if cell.get("S") == "/TH":
            said = {"col": "Column", "row": "Row"}.get(element.get("scope", "")[:3])
            cell["A"]["Scope"] = f"/{said or _scope_by_place(pdf, cell)}"


def _scope_by_place(pdf: Any, cell: Any) -> str:
    """Headers in the head of a table head columns, others rows."""
    group = _at(pdf, _at(pdf, cell["P"])["P"])
    return "Column" if group["S"] == "/THead" else "Row"


def _say_where_links_lead(document: Any, pdf: Any) -> None:
    """Describe each link by its own words; WeasyPrint describes it by its address."""
    for annotation, element in annotated_links(document):
        if words := words_of(element):
            annotation["Contents"] = pydyf.String(words)
    for element in _elements(pdf):
        kids = [_at(pdf, kid) for kid in element["K"] if isinstance(kid, bytes)]
        marked = [_at(pdf, kid["Obj"]) for kid in kids if kid["Type"] == "/OBJR"]
        if any(one["Subtype"] == "/Link" for one in marked):
            element["S"] = "/Link"  # an element inside a link has a part of the link to itself


def _gather_list_items(pdf: Any) -> None:
    """Put what stands in a list item into one body; WeasyPrint leaves paragraphs beside it.

    An item may hold only a label and a body (ISO 32000-1, 14.8.4.3.3).
    """
    for item in tuple(_elements(pdf, "/LI")):
        kids = [(kid, _at(pdf, kid)) for kid in item["K"]]
        loose = [(kid, element) for kid, element in kids if element["S"] not in _PARTS_OF_ITEM]
        if not loose:
            continue
        body = pydyf.Dictionary(
            {
                "Type": "/StructElem",
                "S": "/LBody",
                "K": pydyf.Array(kid for kid, _ in loose),
                "Pg": item["Pg"],
                "P": item.reference,
            }
        )
        pdf.add_object(body)
        for _, element in loose:
            element["P"] = body.reference
        first = item["K"].index(loose[0][0])
        kept = [kid for kid, element in kids if element["S"] in _PARTS_OF_ITEM]
        item["K"] = pydyf.Array([*kept[:first], body.reference, *kept[first:]])


def _place_figures(document: Any, pdf: Any) -> None:
    """Say where figures lie in points from the bottom left; WeasyPrint says it in CSS pixels."""
    heights = {
        reference: page.height
        for reference, page in zip(pdf.page_references, document.pages, strict=True)
    }
    for figure in _elements(pdf, "/Figure"):
        left, top, right, bottom = figure["A"]["BBox"]
        height = heights[figure["Pg"]]
        figure["A"]["BBox"] = pydyf.Array(
            _POINTS * place for place in (left, height - bottom, right, height - top)
        )

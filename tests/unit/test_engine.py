"""What is tuned in WeasyPrint's engine changes no byte, and grows with the pages, not faster."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from multiprocessing import util
from pathlib import Path

import pydyf
import pytest
from weasyprint.text.line_break import Layout

from briefing.executors import Child
from briefing.fonts import font_files
from briefing.rendering import engine, pdf

WORDS = "Regional innovation programmes of Daegu, Daejeon, Gwangju and Ulsan, 대구 지역 혁신 사업. "


def page(sections: int) -> str:
    body = "".join(
        f'<section><h2 id="s{n}">Part {n}</h2><p>{WORDS * 12}</p>'
        f'<p style="text-align: justify; hyphens: auto">{WORDS * 6}'
        f'<a href="#s{(n * 7) % sections}">elsewhere</a></p></section>'
        for n in range(sections)
    )
    style = "@page { size: A5; margin: 15mm } section { break-after: page } h2 { margin: 0 }"
    style += "body { font-family: NanumGothic }"
    return f'<html lang="en"><title>Pages</title><style>{style}</style><body>{body}</body></html>'


def test_what_is_tuned_changes_no_byte(monkeypatch):
    tuned, pages = pdf.write_pdf(page(4), {})
    assert pages >= 4
    monkeypatch.setattr(pydyf.PDF, "page_references", property(engine._REFERENCES))
    monkeypatch.setattr(Layout, "reactivate", engine._SET_UP_AGAIN)
    monkeypatch.setattr(Layout, "deactivate", lambda self: delattr(self, "layout"))
    assert pdf.write_pdf(page(4), {})[0] == tuned


def _leave_fonts_behind(words: str) -> str:
    pdf.write_pdf(words, {})
    (folder,) = Path(tempfile.gettempdir()).glob("weasyprint-*")
    assert len(list(folder.iterdir())) == len(font_files())
    return str(folder)


def test_a_worker_leaves_no_copy_of_the_fonts_behind():
    child = Child(_leave_fonts_behind, (page(1),))
    assert child.finished(timedelta(seconds=60))
    folder = Path(child.answer())
    assert Path(util.get_temp_dir()) in folder.parents  # it goes with it if the child is killed
    assert not folder.parent.exists()


@pytest.mark.parametrize("sections", [8])
def test_the_pages_are_listed_once_for_each_of_them_not_for_each_tag(monkeypatch, sections):
    listed = []

    def counted(document):
        listed.append(len(document.pages["Kids"]))
        return original(document)

    original = engine._REFERENCES
    monkeypatch.setattr(engine, "_REFERENCES", counted)
    _, pages = pdf.write_pdf(page(sections), {})
    assert 0 < len(listed) <= pages

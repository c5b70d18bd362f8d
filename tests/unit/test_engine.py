"""What is tuned in WeasyPrint's engine changes no byte, and grows with the pages, not faster."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import timedelta
from multiprocessing import util
from pathlib import Path

import pydyf
import pytest

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


ROWS = "".join(
    f"<tr><td>Daegu <sup class=up>{n % 3}</sup></td><td class=wide>1,0{n}0</td></tr>"
    for n in range(60)
)
EVERYTHING = f"""<html lang="en"><head><title>Everything</title><style>
@page {{ size: A5; margin: 15mm; @bottom-right {{ content: counter(page) " of " counter(pages) }} }}
:root {{ --ink: #234567; --gap: 2mm; font-family: NanumGothic }}
body {{ color: var(--ink); text-indent: calc(2mm + 1px) }}
p {{ margin-block-start: 3mm; padding-inline-start: var(--gap); orphans: 2 }}
em {{ font-style: normal; text-decoration: underline dotted red; letter-spacing: 0.1em }}
.cut {{ width: 40mm; overflow: hidden; white-space: nowrap; text-overflow: ellipsis }}
.clamped {{ line-clamp: 2 "..." }}
.justified {{ text-align: justify; hyphens: auto; word-spacing: 1px }}
.round {{ border: 1pt solid; border-radius: 2mm; background: #eee; box-shadow: none }}
.left {{ float: left; width: 30% }} .placed {{ position: absolute; right: 0 }}
.grid {{ display: grid; grid-template-columns: 1fr 1fr; gap: var(--gap) }}
.flex {{ display: flex; border-inline-end: 2px dashed }}
table {{ border-collapse: collapse; width: 100% }} td, th {{ border: 1px solid; padding: 1mm }}
th {{ border-bottom: 5px solid }} td.wide {{ border-left: 4px double }}
.ring {{ border: 1pt solid; border-radius: 3mm }}
td:last-child {{ font-variant-numeric: tabular-nums; text-align: right }}
small {{ font-size: 0.2px }} .note {{ float: footnote }}
a::after {{ content: target-counter(attr(href), page) }}
li::marker {{ color: green }} .up {{ vertical-align: super; line-height: 2.5 }}
</style></head><body><h1 id="top">Everything</h1>
<p>{WORDS}<em>{WORDS}</em><span class="note">A note: {WORDS}</span></p>
<p class="cut">{WORDS}</p><p>{WORDS}</p><p class="cut">{WORDS}</p>
<p class="clamped">{WORDS * 4}</p><p class="clamped">{WORDS * 4}</p>
<p class="justified">{WORDS * 5}</p><p class="left round">{WORDS}</p><p>{WORDS * 2}</p>
<p class="placed">placed</p><p class="ring">Seoul</p>
<ul><li>one</li><li>one</li><li dir="rtl">two<br>three</li></ul>
<div class="grid"><p>Daegu</p><p>Daegu</p><p class="round">Daejeon</p></div>
<div class="flex"><p>{WORDS}</p><p>Ulsan</p></div><p><small>unseen</small> <b>Av To</b> fi ffl</p>
<table><thead><tr><th>Region</th><th>Funding</th></tr></thead><tbody>
{ROWS}
</tbody></table>
<p>See <a href="#top">the top</a>, <a href="#top">the top</a>.</p></body></html>"""

STOCK = """
import sys, zlib
from pathlib import Path
from types import SimpleNamespace
from briefing.rendering import engine
engine.tune = lambda: None
engine._noteless = lambda: engine.UA_STYLESHEET
engine.pydyf.zlib = SimpleNamespace(compressobj=lambda level: zlib.compressobj(engine._SQUEEZED))
from briefing.rendering import pdf
pdf.page_violations = lambda pages: []
for page in sys.argv[1:]:
    Path(page).with_suffix(".pdf").write_bytes(pdf.write_pdf(Path(page).read_text("utf-8"), {})[0])
"""


def test_what_is_tuned_changes_no_byte(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf, "page_violations", lambda pages: [])  # some sticks out on purpose
    pages = {"plain": page(4), "everything": EVERYTHING}
    for name, words in pages.items():
        (tmp_path / f"{name}.html").write_text(words, encoding="utf-8")
    files = [str(tmp_path / f"{name}.html") for name in pages]
    subprocess.run([sys.executable, "-c", STOCK, *files], check=True, timeout=60)
    for name, words in pages.items():
        tuned, count = pdf.write_pdf(words, {})
        assert count >= 4
        assert pdf.write_pdf(words, {})[0] == tuned
        assert (tmp_path / f"{name}.pdf").read_bytes() == tuned, name


def test_each_tuned_function_stands_in_its_place():
    """One that WeasyPrint renames or calls otherwise would be left as it is, and be slow."""
    for theirs, ours in engine.INSTEAD.items():
        home = sys.modules[theirs.__module__]
        assert getattr(home, theirs.__name__) is ours
        assert not [
            name
            for name, module in sys.modules.items()
            if name.startswith("weasyprint") and vars(module).get(theirs.__name__) is theirs
        ]


def test_nothing_is_written_twice(monkeypatch):
    """Neither for the identifier of the file nor for anything else."""
    made = []

    def counted(stream):
        made.append(id(stream))
        return streams(stream)

    streams = engine._DATA[pydyf.Stream]
    monkeypatch.setattr(pydyf.Stream, "data", property(engine._once(counted)))
    pdf.write_pdf(page(4), {})
    assert made
    assert len(made) == len(set(made))


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

"""The HTML edition in a real browser: nothing overflows, overlaps, is clipped or loaded."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or "chromium"
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --hide-scrollbars "
    "--disable-background-networking --disable-component-update --disable-sync --dump-dom"
).split()
PROBE = """
<script>
document.fonts.ready.then(() => {
  const seen = {overflow: document.documentElement.scrollWidth - window.innerWidth,
                font: document.fonts.check('bold 12px NanumGothic'),
                loaded: performance.getEntriesByType('resource').map(e => e.name)
                        .filter(n => !n.startsWith('data:')),
                clipped: [], overlapping: [], texts: 0};
  for (const svg of document.querySelectorAll('figure svg')) {
    const frame = svg.viewBox.baseVal;
    const figure = svg.closest('figure').id;
    const boxes = [...svg.querySelectorAll('text')].map(t => {
      const b = t.getBBox(), m = t.getCTM(), f = svg.getCTM();
      const r = t.getBoundingClientRect(), s = svg.getBoundingClientRect();
      const k = frame.width / s.width;
      return {words: t.textContent, x: (r.left - s.left) * k, y: (r.top - s.top) * k,
              right: (r.right - s.left) * k, bottom: (r.bottom - s.top) * k};
    });
    seen.texts += boxes.length;
    boxes.forEach((a, i) => {
      if (a.x < -0.6 || a.right > frame.width + 0.6 || a.y < -0.6 || a.bottom > frame.height + 2.5)
        seen.clipped.push(figure + ': ' + a.words);
      boxes.slice(i + 1).forEach(b => {
        const wide = Math.min(a.right, b.right) - Math.max(a.x, b.x);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.y, b.y);
        const line = Math.min(a.bottom - a.y, b.bottom - b.y);
        if (wide > 1 && high > 0.35 * line)
          seen.overlapping.push(figure + ': ' + a.words + ' / ' + b.words);
      });
    });
  }
  window.parent.postMessage(seen, '*');
});
</script>
"""

FRAME = """<!DOCTYPE html><body><iframe src="{page}" width="{width}" height="2000" frameborder="0">
</iframe><script>
window.onmessage = e => {{
  document.body.textContent = 'PROBE' + JSON.stringify(e.data) + 'PROBE';
}};
</script></body>"""

SPOILED = (
    '<text x="470" y="30" font-size="9">a long label at the edge</text>'
    '<text x="200" y="62" font-size="9">covered</text>'
    '<text x="205" y="63" font-size="9">over</text>'
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The national report's HTML with a probe that reports what the browser measured."""
    folder = tmp_path_factory.mktemp("browser")
    command = [sys.executable, "-m", "briefing", "build", "--period", "2026-10"]
    command += ["--format", "html", "--output", str(folder / "output")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    html = next((folder / "output").rglob("index.html")).read_text(encoding="utf-8")
    probed = folder / "probed.html"
    probed.write_text(html.replace("</body>", f"{PROBE}</body>"), encoding="utf-8")
    return probed


def measured(page: Path, width: int, folder: Path) -> dict[str, Any]:
    # a frame, because the browser's own window does not get as narrow as a telephone
    frame = folder / f"frame-{width}.html"
    frame.write_text(FRAME.format(page=page.as_uri(), width=width), encoding="utf-8")
    command = [BROWSER, *FLAGS, f"--user-data-dir={folder}/{width}"]
    command += ["--window-size=2000,2000", "--virtual-time-budget=10000", frame.as_uri()]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    found = re.search(r"PROBE(\{.*\})PROBE", done.stdout, re.DOTALL)
    assert found, done.stdout[-500:]
    result: dict[str, Any] = json.loads(unescape(found.group(1)))
    return result


@pytest.mark.services
@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_the_page_fits_its_window(page: Path, width: int, tmp_path: Path) -> None:
    seen = measured(page, width, tmp_path)
    assert seen["overflow"] <= 0
    assert seen["font"]
    assert seen["loaded"] == []


@pytest.mark.services
def test_no_label_of_a_chart_is_clipped_or_covered(page: Path, tmp_path: Path) -> None:
    seen = measured(page, 1280, tmp_path)
    assert seen["texts"] > 100
    assert seen["clipped"] == []
    assert seen["overlapping"] == []


@pytest.mark.services
def test_the_probe_sees_a_clipped_and_a_covered_label(page: Path, tmp_path: Path) -> None:
    html = page.read_text(encoding="utf-8")
    spoiled = html.replace("</g>\n</svg>", SPOILED + "</g>\n</svg>", 1)
    assert spoiled != html
    worse = tmp_path / "spoiled.html"
    worse.write_text(spoiled, encoding="utf-8")
    seen = measured(worse, 1280, tmp_path)
    assert len(seen["clipped"]) == 1
    assert len(seen["overlapping"]) == 1

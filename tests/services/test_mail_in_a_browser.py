"""The mail of every issue in a real browser: on a telephone and on a desk, light and dark."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from shutil import copy
from struct import unpack
from typing import Any

import pytest

from briefing.fonts import font_files

pytestmark = pytest.mark.services

JAR = Path(__file__).parent / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
Look = Callable[[list[dict[str, Any]]], list[Any]]
PHOTOGRAPHS = Path(__file__).resolve().parents[2] / ".briefing" / "photographs"
"""Where a person finds them, to look at what no check can judge."""
WIDTHS, SCHEMES = (390, 700), ("light", "dark")
GROUND = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 29)"}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
MAIL_NEEDS = re.compile(r"attribute on the “\w+” element is obsolete|“mso-hide”|text-size-adjust")
"""Outlook and telephones: what the HTML of pages has left behind, and names of their own."""

CHART_IS_SHOWN = """
for (const picture of document.images) {
  const wide = Math.min(560, innerWidth - 32);
  if (picture.naturalWidth !== 1120) throw new Error(`the chart is ${picture.naturalWidth} wide`);
  if (Math.abs(picture.width - wide) > 1) throw new Error(`it is shown ${picture.width} wide`);
}
"""
NOTHING_IS_SMALL = """
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  if (!node.data.trim() || !node.parentElement.getClientRects().length) continue;
  const size = parseFloat(getComputedStyle(node.parentElement).fontSize);
  if (size < 13) throw new Error(`${size} px: ${node.data}`);
}
"""
TOO_WIDE = "document.querySelector('h1').style.width = '800px';"
TOO_PALE = "document.querySelector('p').style.setProperty('color', '#9aa4ae', 'important');"
TOO_SMALL = "document.querySelector('h1').style.fontSize = '9px';"


@pytest.fixture(scope="session")
def mails(pages: list[Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The mail of each issue by its name, its chart beside it as a mail program has it."""
    found = {}
    for issue in pages:
        folder = tmp_path_factory.mktemp("mail")
        body = (issue.folder / "mail" / "body.html").read_text(encoding="utf-8")
        chart = issue.folder / "mail" / "chart.png"
        if chart.exists():
            copy(chart, folder)
        found[issue.name] = folder / "body.html"
        found[issue.name].write_text(body.replace("cid:chart", "chart.png"), encoding="utf-8")
    return found


@pytest.fixture
def hangul(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system font with Korean letters, as readers have one; the browser finds it here."""
    fonts = tmp_path / "share" / "fonts"
    fonts.mkdir(parents=True)
    for path in font_files().values():
        copy(path, fonts)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))


def views(mails: dict[str, Path], **job: Any) -> dict[tuple[str, int, str], dict[str, Any]]:
    """A job for each mail, width of the window and scheme of colours."""
    return {
        (name, width, scheme): {
            "page": path.as_uri(),
            "width": width,
            "height": 900,
            "scheme": scheme,
            **job,
        }
        for name, path in mails.items()
        for width in WIDTHS
        for scheme in SCHEMES
    }


@pytest.mark.usefixtures("hangul")
def test_no_mail_has_to_be_scrolled_sideways_and_dark_screens_get_dark_ones(
    mails: dict[str, Path], look: Look
) -> None:
    jobs = views(mails, do="measure", plant=CHART_IS_SHOWN)
    seen = dict(zip(jobs, look(list(jobs.values())), strict=True))
    assert len(seen) == 4 * len(mails)
    assert {case: one["overflow"] for case, one in seen.items() if one["overflow"] > 0} == {}
    for (name, _, scheme), one in seen.items():
        assert one["background"] == GROUND[scheme], name
        loaded = {Path(address).name for address in one["loaded"]}
        assert loaded <= {"chart.png"}, name


@pytest.mark.usefixtures("hangul")
def test_everything_can_be_read_in_both_schemes(
    mails: dict[str, Path], look: Look, tell: Callable[[str], None]
) -> None:
    jobs = views(mails, do="axe", tags=TAGS, plant=NOTHING_IS_SMALL)
    seen = dict(zip(jobs, look(list(jobs.values())), strict=True))
    passes = [one["passes"] for one in seen.values()]
    tell(f"mail: {len(seen)} views, {min(passes)} to {max(passes)} passes of axe-core each")
    assert min(passes) > 30
    assert {case: one["violations"] for case, one in seen.items() if one["violations"]} == {}
    assert {case: one["undecided"] for case, one in seen.items() if one["undecided"]} == {}


def test_the_probes_see_what_is_too_wide_too_pale_and_too_small(
    mails: dict[str, Path], look: Look
) -> None:
    page = mails["regional-innovation en"].as_uri()
    wide, pale = look(
        [
            {"do": "measure", "page": page, "width": 390, "plant": TOO_WIDE},
            {"do": "axe", "page": page, "width": 390, "tags": TAGS, "plant": TOO_PALE},
        ]
    )
    assert wide["overflow"] > 300
    assert {item.partition(":")[0] for item in pale["violations"]} == {"color-contrast"}
    for planted, part in (
        (TOO_SMALL + NOTHING_IS_SMALL, "9 px"),
        (CHART_IS_SHOWN.replace("1120", "1121"), "the chart is 1120 wide"),
    ):
        with pytest.raises(AssertionError, match=part):
            look([{"do": "measure", "page": page, "width": 390, "plant": planted}])


@pytest.mark.usefixtures("hangul")
def test_photographs_can_be_taken(
    mails: dict[str, Path],
    look: Look,
    tell: Callable[[str], None],
) -> None:
    PHOTOGRAPHS.mkdir(parents=True, exist_ok=True)
    jobs = views(mails, do="picture", full=True)
    for (name, width, scheme), job in jobs.items():
        job["to"] = str(PHOTOGRAPHS / f"{name.replace(' ', '-')}-{width}-{scheme}.png")
    look(list(jobs.values()))
    tell(f"mail: {len(jobs)} photographs in {PHOTOGRAPHS}")
    for (_, width, _), job in jobs.items():
        across, down = unpack(">II", Path(job["to"]).read_bytes()[16:24])
        assert across == width, "wider than the window"
        assert 600 < down < 4000


def wrong_in(*files: Path) -> list[str]:
    """What the Nu HTML checker says, but for what mail programs need."""
    command = ["java", "-jar", str(JAR), "--format", "json", "--stdout", "--exit-zero-always"]
    done = subprocess.run(
        [*command, *map(str, files)], capture_output=True, encoding="utf-8", check=True
    )
    messages = [item["message"] for item in json.loads(done.stdout)["messages"]]
    return [message for message in messages if not MAIL_NEEDS.search(message)]


def test_the_html_is_valid_but_for_what_mail_programs_need(mails: dict[str, Path]) -> None:
    assert wrong_in(*mails.values()) == []
    page = next(iter(mails.values()))
    spoiled = page.with_name("spoiled.html")
    body = page.read_text(encoding="utf-8")
    spoiled.write_text(body.replace("</ol>", "<p>a</p></ol>", 1), encoding="utf-8")
    assert wrong_in(spoiled)


def test_every_mail_has_its_chart_and_says_so(pages: list[Any]) -> None:
    with_chart = 0
    for issue in pages:
        folder = issue.folder / "mail"
        sender = json.loads((folder / "mail.json").read_text(encoding="utf-8"))
        with_chart += (folder / "chart.png").exists()
        assert (folder / "chart.png").exists() is (sender["chart"] is not None), issue.name
        (attached,) = sender["attachments"]
        assert attached["bytes"] == issue.pdf.stat().st_size
    assert with_chart >= len(pages) / 2

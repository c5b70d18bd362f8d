"""The HTML edition in a real browser: what fits, what can be read, reached, sorted and taken."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.services

Look = Callable[[list[dict[str, Any]]], list[Any]]
WIDTHS = (320, 390, 768, 1280, 1920)
NARROW = 390
"""As wide as a telephone; at this width charts are drawn for narrow screens."""
WIDE = 1280
DARK_GROUND = "rgb(20, 24, 29)"

SPOILED = """
const drawings = [...document.querySelectorAll('figure svg')];
const svg = drawings.find(drawing => drawing.getBoundingClientRect().width);
svg.querySelector('g').insertAdjacentHTML('beforeend', `
  <text x="${svg.viewBox.baseVal.width - 12}" y="30" font-size="9">a long label at the edge</text>
  <text x="200" y="62" font-size="9">covered</text><text x="205" y="63" font-size="9">over</text>
  <text x="20" y="30" font-size="9" style="fill: #808890">pale</text>`);
"""


@pytest.fixture(scope="session")
def national(pages: list[Any]) -> Path:
    """The page of the default report in English, the fullest one."""
    found: Path = next(
        issue.html
        for issue in pages
        if issue.report == "regional-innovation" and issue.language == "en"
    )
    return found


@pytest.fixture(scope="session")
def measured(pages: list[Any], look: Look) -> dict[tuple[str, int, str], Any]:
    """What the browser measured: by page, width of the window, and scheme of colours."""
    cases = [
        (issue, width, scheme)
        for issue in pages
        for width in WIDTHS
        for scheme in ("light", "dark")
        if scheme == "light" or width in (NARROW, WIDE)
    ]
    seen = look(
        [
            {"do": "measure", "page": issue.html.as_uri(), "width": width, "scheme": scheme}
            for issue, width, scheme in cases
        ]
    )
    return {
        (issue.name, width, scheme): answer
        for (issue, width, scheme), answer in zip(cases, seen, strict=True)
    }


def wrong(measured: dict[Any, Any], key: str) -> dict[Any, Any]:
    return {case: seen[key] for case, seen in measured.items() if seen[key]}


def test_no_page_has_to_be_scrolled_sideways(measured: dict[Any, Any]) -> None:
    assert {case: seen["overflow"] for case, seen in measured.items() if seen["overflow"] > 0} == {}


def test_no_page_loads_anything_and_each_carries_its_font(measured: dict[Any, Any]) -> None:
    assert wrong(measured, "loaded") == {}
    assert all(seen["font"] for seen in measured.values())


def test_lines_of_text_stay_readable_while_figures_may_be_wider(measured: dict[Any, Any]) -> None:
    for (name, width, _), seen in measured.items():
        assert seen["text"] <= 760, (name, width)
        assert seen["text"] <= seen["figure"] <= 1060, (name, width)


@pytest.mark.parametrize("key", ["clipped", "overlapping", "pale"])
def test_every_label_of_every_chart_can_be_read(measured: dict[Any, Any], key: str) -> None:
    assert sum(seen["texts"] for seen in measured.values()) > 1000
    assert wrong(measured, key) == {}


def test_charts_are_drawn_for_the_width_of_the_screen(measured: dict[Any, Any]) -> None:
    for (name, width, _), seen in measured.items():
        kinds = {drawing.split()[1] for drawing in seen["drawings"]} - {"small"}
        assert kinds <= {"narrow" if width <= NARROW else "wide"}, (name, width)


def test_dark_screens_get_dark_pages(measured: dict[Any, Any]) -> None:
    for (_, _, scheme), seen in measured.items():
        assert (seen["background"] == DARK_GROUND) is (scheme == "dark")


def test_the_probe_sees_clipped_covered_and_pale_labels(national: Path, look: Look) -> None:
    job = {"do": "measure", "page": national.as_uri(), "plant": SPOILED}
    for width in (NARROW, WIDE):
        (seen,) = look([{**job, "width": width}])
        assert [words.partition(": ")[2] for words in seen["clipped"]] == [
            "a long label at the edge"
        ]
        assert any("covered / over" in words for words in seen["overlapping"])
        assert any("pale" in words for words in seen["pale"])


def test_nothing_moves_by_itself_for_readers_who_asked_for_stillness(
    national: Path, look: Look
) -> None:
    job = {"do": "measure", "page": national.as_uri()}
    still, moving = look([{**job, "motion": "reduce"}, job])
    assert (still["smooth"], moving["smooth"]) == ("auto", "smooth")


# -- the keyboard -----------------------------------------------------------------------------


def test_the_tab_key_goes_through_the_page_in_order_and_shows_where_it_is(
    national: Path, look: Look
) -> None:
    (stops,) = look([{"do": "tab", "page": national.as_uri(), "stops": 120, "motion": "reduce"}])
    assert stops[0]["kind"] == "skip"
    assert [stop["words"] for stop in stops if not stop["inside"]] == []
    assert [stop["words"] for stop in stops if not stop["outline"]] == []
    places = [stop["place"] for stop in stops]
    assert places == sorted(set(places)), "a stop comes twice, or before what stands above it"
    assert {"a", "button", "summary"} <= {stop["tag"] for stop in stops}


def test_the_first_link_leads_past_everything_to_the_content(national: Path, look: Look) -> None:
    (seen,) = look([{"do": "skip", "page": national.as_uri()}])
    assert seen == {"tag": "main", "hash": "#content"}


@pytest.fixture(scope="session")
def columns(national: Path, look: Look) -> list[Any]:
    """Columns of a table with gaps: how each stands as printed and after each Enter on its head."""
    (found,) = look([{"do": "sort", "page": national.as_uri(), "table": "#table-2"}])
    return list(found)


def test_enter_on_a_head_sorts_up_then_down_then_as_printed(columns: list[Any]) -> None:
    kinds = {states[0]["kind"] for states in columns}
    assert {"number", "text", "date"} <= kinds
    for printed, up, down, again in columns:
        orders = [state["order"] for state in (printed, up, down, again)]
        assert orders == [None, "ascending", "descending", None]
        assert again["first"] == printed["first"]
        assert all(state["focused"] for state in (up, down, again))
        if up["kind"] != "text":
            value = float if up["kind"] == "number" else str
            values = [value(cell) for cell in up["cells"] if cell]
            assert values == sorted(values)
            assert [value(cell) for cell in down["cells"] if cell] == sorted(values, reverse=True)


def test_what_is_not_known_stays_at_the_end(columns: list[Any]) -> None:
    gaps = 0
    for _, up, down, _ in columns:
        for state in (up, down):
            known = [bool(cell) for cell in state["cells"]]
            assert known == sorted(known, reverse=True)
            gaps += known.count(False)
    assert gaps


# -- without and with scripts -----------------------------------------------------------------


def test_everything_can_be_read_without_scripts(national: Path, look: Look) -> None:
    job = {"do": "read", "page": national.as_uri()}
    with_scripts, without = look([job, {**job, "scripts": False}])
    assert without["words"].split() == with_scripts["words"].split()
    assert without["buttons"] == 0
    assert with_scripts["buttons"] > 10


def test_the_link_of_a_figure_can_be_copied(national: Path, look: Look) -> None:
    (seen,) = look([{"do": "read", "page": national.as_uri(), "copy": True}])
    assert seen["copied"] == f"{national.as_uri()}#figure-1"
    assert seen["said"] == "Link copied."


def test_each_figure_hands_over_the_same_bytes_as_the_issue(pages: list[Any], look: Look) -> None:
    answers = look([{"do": "downloads", "page": issue.html.as_uri()} for issue in pages])
    for issue, seen in zip(pages, answers, strict=True):
        filed = {path.name: path.read_bytes() for path in (issue.folder / "tables").iterdir()}
        assert {name: b64decode(body) for name, body in seen["files"]} == filed, issue.name
        name, taken = seen["taken"]
        assert b64decode(taken) == filed[name]


def test_the_browser_prints_pages_too(national: Path, look: Look, tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf")
    target = tmp_path / "printed.pdf"
    look([{"do": "print", "page": national.as_uri(), "to": str(target), "scheme": "dark"}])
    printed = pypdf.PdfReader(target)
    assert 8 <= len(printed.pages) <= 18
    words = " ".join(" ".join(page.extract_text() for page in printed.pages).split())
    assert "Main points" in words
    assert "Data (CSV)" not in words, "what only a screen can use is not printed"

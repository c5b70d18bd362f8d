"""A second PDF reader, poppler, finds the same words, fonts and number of pages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("poppler")
    command = [sys.executable, "-m", "briefing", "build", "--period", "2026-10"]
    command += ["--format", "pdf", "--output", str(output)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(output.rglob("briefing.pdf"))


def said(program: str, *arguments: str) -> str:
    command = [program, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.services
def test_poppler_reads_the_title_and_the_chart_labels(pdf: Path) -> None:
    text = said("pdftotext", "-layout", str(pdf), "-")
    assert "Korea's regional innovation programmes" in text
    assert "₩32.7bn, programme total" in text  # a label inside a chart is text, not outlines
    assert "Title:           Korea's regional innovation programmes" in said("pdfinfo", str(pdf))


@pytest.mark.services
def test_poppler_sees_the_house_font_alone_embedded_and_cut_down(pdf: Path) -> None:
    rows = said("pdffonts", str(pdf)).splitlines()[2:]
    assert len(rows) == 2
    for row in rows:
        assert "+NanumGothic" in row
        assert row.split()[-5:-2] == ["yes", "yes", "yes"]  # embedded, subset, with Unicode map

"""veraPDF calls every report in every language both PDF/A-3a and PDF/UA-1, and can say no."""

from __future__ import annotations

import subprocess
import warnings
from pathlib import Path
from typing import Any

import pytest
from weasyprint import HTML

ROOT = Path(__file__).resolve().parents[2]
VALIDATE = ROOT / "tests" / "services" / "verapdf" / "validate"

Verdicts = dict[tuple[str, str], list[str]]
"""By flavour and file: the rules that the file breaks."""


@pytest.fixture(scope="module")
def issues(built_issues: list[Any]) -> dict[Path, str]:
    """Every report in every language: its PDF, and what it is called."""
    return {issue.pdf: issue.name for issue in built_issues}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files that break a standard: one neither tagged nor archival, one that is only archival."""
    folder = tmp_path_factory.mktemp("planted")
    page = HTML(string="<html lang=en><title>Loans</title><ul><li><p>a</p><p>b</p></ul>")
    page.write_pdf(folder / "plain.pdf")
    with warnings.catch_warnings():  # WeasyPrint leaves its colour profile open
        warnings.simplefilter("ignore", ResourceWarning)
        page.write_pdf(folder / "archival.pdf", pdf_variant="pdf/a-3a")
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture(scope="module")
def verdicts(issues: dict[Path, str], planted: dict[str, Path]) -> Verdicts:
    """What veraPDF says of all files, asked once."""
    files = [str(path) for path in (*issues, *planted.values())]
    ran = subprocess.run([VALIDATE, *files], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found: Verdicts = {}
    for line in ran.stdout.splitlines():
        flavour, file, verdict, *rule = line.split("\t")
        if verdict != "rule":
            assert verdict in {"compliant", "failed"}
            found[flavour, file] = [] if verdict == "compliant" else ["failed"]
        else:
            found[flavour, file].append(" ".join(rule))
    assert set(found) == {(flavour, file) for flavour in ("3a", "ua1") for file in files}
    return found


@pytest.mark.services
def test_every_report_in_every_language_follows_both_standards(
    issues: dict[Path, str], verdicts: Verdicts
) -> None:
    assert issues
    broken = [
        f"{flavour} {issues[Path(file)]}: {rule}"
        for (flavour, file), rules in verdicts.items()
        if Path(file) in issues
        for rule in rules
    ]
    assert not broken, "\n".join(broken)


@pytest.mark.services
def test_a_file_that_follows_neither_is_refused_by_both(
    planted: dict[str, Path], verdicts: Verdicts
) -> None:
    for flavour in ("3a", "ua1"):
        assert len(verdicts[flavour, str(planted["plain"])]) > 3


@pytest.mark.services
def test_a_file_that_is_only_archival_is_not_called_accessible(
    planted: dict[str, Path], verdicts: Verdicts
) -> None:
    assert verdicts["3a", str(planted["archival"])] == []
    rules = " ".join(verdicts["ua1", str(planted["archival"])])
    assert "PDF/UA Identification" in rules or "pdfuaid" in rules
    assert "LI element" in rules

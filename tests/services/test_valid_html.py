"""The Nu HTML checker over every page, its style sheets and drawings included."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.services

JAR = Path(__file__).parent / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"


def said(*files: Path) -> list[dict[str, Any]]:
    """Every error, warning and remark of the checker."""
    command = ["java", "-jar", str(JAR), "--format", "json", "--stdout", "--exit-zero-always"]
    done = subprocess.run(
        [*command, *map(str, files)], capture_output=True, encoding="utf-8", check=True
    )
    messages: list[dict[str, Any]] = json.loads(done.stdout)["messages"]
    return messages


def test_every_page_is_valid(pages: list[Any], tell: Callable[[str], None]) -> None:
    found = said(*(issue.html for issue in pages))
    tell(f"Nu HTML checker: {len(pages)} pages, {len(found)} messages")
    assert [
        f"{item['url']}:{item.get('lastLine')}: {item['message']}: {item.get('extract')}"
        for item in found
    ] == []


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("</main>", "<dl><dd>alone</dd></dl></main>", "dl"),
        ("</style>", "p { colour: red }</style>", "colour"),
        ('role="img"', 'role="imgg"', "imgg"),
        ("</svg>", "<rect nosuch='1'/></svg>", "nosuch"),
    ],
    ids="html css role svg".split(),
)
def test_a_planted_defect_is_found(
    pages: list[Any], tmp_path: Path, old: str, new: str, part: str
) -> None:
    page = pages[0].html.read_text(encoding="utf-8")
    assert old in page
    spoiled = tmp_path / "spoiled.html"
    spoiled.write_text(page.replace(old, new, 1), encoding="utf-8")
    assert any(part in item["message"] for item in said(spoiled))

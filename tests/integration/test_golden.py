"""The shipped report against what was looked at once: tables, pictures, outline, text."""

import re
from html import unescape
from io import BytesIO
from pathlib import Path

import pypdf
import pytest

REPOSITORY = Path(__file__).parents[2]
TABLES = ("amounts_by_status", "all_targets", "grdp_by_region")
PICTURES = ("support_per_company", "progress")
LONGEST = 300


@pytest.mark.parametrize("name", TABLES)
def test_tables(golden, built_issue, name):
    golden.check(f"{name}.csv", built_issue.text(f"tables/{name}.csv"))


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(golden, built_issue, name):
    golden.check(f"{name}.svg", built_issue.text(f"figures/{name}.svg"))


def outline(items, reader, depth=0):
    for item in items:
        if isinstance(item, list):
            yield from outline(item, reader, depth + 1)
        else:
            page = reader.get_destination_page_number(item) + 1
            yield f"{'  ' * depth}{item.title} ... {page}"


def test_the_outline_of_the_pdf(golden, built_issue):
    reader = pypdf.PdfReader(BytesIO(built_issue.bytes("briefing.pdf")))
    lines = [f"{len(reader.pages)} pages", *outline(reader.outline, reader)]
    golden.check("outline.txt", "\n".join(lines) + "\n")


def test_the_words_of_the_page(golden, built_issue):
    text = re.sub(r"(?s)<(style|svg|head)\b.*?</\1>", "", built_issue.text("index.html"))
    text = re.sub(r"(?s)</(?:td|th)>\s*<(?:td|th)[^>]*>", " | ", text)
    blocks = r"</(?:p|li|h\d|tr|dt|dd|figcaption|section|header|caption|figure)>"
    lines = [
        " ".join(unescape(re.sub(r"<[^>]+>", "", block)).split())
        for block in re.split(blocks, text)
    ]
    golden.check("index.txt", "\n".join(filter(None, lines)) + "\n")


def test_goldens_are_short_enough_to_review(golden):
    names = {f"{name}.csv" for name in TABLES} | {f"{name}.svg" for name in PICTURES}
    names |= {"outline.txt", "index.txt", "mail_in_a_folder.eml"}
    assert {path.name for path in golden.folder.iterdir()} == names, "a golden that nobody compares"
    for path in golden.folder.iterdir():
        assert len(path.read_text(encoding="utf-8").splitlines()) < LONGEST, path.name


def test_the_sample_in_the_docs_says_what_a_build_says(built_issue):
    sample = pypdf.PdfReader(REPOSITORY / "docs" / "sample" / "briefing.pdf")
    built = pypdf.PdfReader(built_issue.folder / "briefing.pdf")
    words = [[page.extract_text() for page in pdf.pages] for pdf in (sample, built)]
    assert words[0] == words[1], "`make sample` builds it again"

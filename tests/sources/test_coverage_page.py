"""docs/data-coverage.md counts what the data holds."""

import csv
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "data-coverage.md").read_text(encoding="utf-8")
DATA = ROOT / "data"


def rows(table):
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


DOCUMENTS = [row["document_id"] for row in rows("documents")]


def counts(first):
    """The lines of the table whose head begins so: name, numbers."""
    head = f"| {first} | {' | '.join(DOCUMENTS)} | All |\n"
    lines = PAGE.split(head)[1].split("\n\n")[0].splitlines()[1:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {name: [int(number) for number in numbers] for name, *numbers in cells}


def test_the_page_counts_the_records_of_each_document():
    listed = counts("Table")
    total = listed.pop("all")
    for table, numbers in listed.items():
        cited = Counter(row["document"] for row in rows(table))
        assert numbers == [*(cited[name] for name in DOCUMENTS), sum(numbers[:-1])], table
    assert total == [sum(column) for column in zip(*listed.values(), strict=True)]
    assert total[-1] == sum(int(row["facts"]) for row in rows("paragraphs"))


def test_the_page_counts_the_paragraphs_of_each_kind():
    kinds = Counter((row["kind"], row["document"]) for row in rows("paragraphs"))
    assert counts("Paragraphs") == {
        kind: [*(kinds[kind, name] for name in DOCUMENTS), sum(kinds[kind, n] for n in DOCUMENTS)]
        for kind in ("content", "heading", "furniture")
    }


def test_the_page_names_every_paragraph_without_a_record():
    named = set()
    section = PAGE.split("## Paragraphs without a record\n")[1].split("\n## ")[0]
    for document, text in re.findall(r"^\| ([a-z-]+) \| ([\d, to]+) \|", section, re.MULTILINE):
        for part in text.split(", "):
            first, _, last = part.partition(" to ")
            numbers = range(int(first), int(last or first) + 1)
            named |= {(document, str(number)) for number in numbers}
    bare = {
        (row["document"], row["paragraph"]) for row in rows("paragraphs") if row["facts"] == "0"
    }
    assert named == bare


def test_the_page_counts_the_numbers_and_the_exceptions():
    numbers = sum(
        len(row["number_tokens"].split("; "))
        for row in rows("paragraphs")
        if row["kind"] != "furniture" and row["number_tokens"]
    )
    assert f"hold {numbers} digits and number words" in PAGE
    assert len(rows("coverage_exceptions")) == 10
    assert "ten exceptions" in PAGE


def test_the_page_counts_the_records_without_a_document():
    words = "{places} places, {organisations} organisations, {organisation_alias} other names"
    bare = {
        table: sum(not row["document"] for row in rows(table))
        for table in ("places", "organisations", "organisation_alias", "partnerships")
    }
    assert (words + " and {partnerships} partnerships").format(**bare) in PAGE

"""Checks the data package against the texts that it was read from.

    python tests/sources/coverage.py SOURCES_DIR [--data DIR] [--write]

The texts are not part of the repository; ``paragraphs.csv`` stands in for them, with the hash and
the numbers of every paragraph. A paragraph is a non-blank line, counted from 1. Numbers of
furniture (navigation, links to other articles, contact lines) need no record.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str]
Place = tuple[str, int]  # document, paragraph

BOOKKEEPING = ("paragraphs", "coverage_exceptions")
KINDS = ("content", "heading", "furniture")
WORDS = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
    hundred hundreds thousand thousands million millions billion billions trillion trillions
    half halves dozen dozens once twice thrice
    first second third fourth fifth sixth seventh eighth ninth tenth
""".split()
NUMBER = re.compile(
    rf"\d+(?:[.,:]\d+)*(?:st|nd|rd|th)?(?!\d)|(?<![A-Za-z])(?:{'|'.join(WORDS)})(?![A-Za-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Number:
    """A number of a paragraph: its text as printed, which one of that text, and where."""

    token: str
    occurrence: int
    start: int
    end: int


@dataclass(frozen=True)
class Record:
    """A row that cites a paragraph."""

    table: str
    key: str
    place: Place
    as_printed: str


@dataclass
class Package:
    """The tables of a data package that matter here.

    Attributes:
        folder: where datapackage.json stands.
        records: every row of a content table that cites a paragraph.
        tables: rows of the documents and of the two bookkeeping tables, by name of the table.
        headers: their columns.
    """

    folder: Path
    records: list[Record]
    tables: dict[str, list[Row]]
    headers: dict[str, list[str]]


def numbers(text: str) -> list[Number]:
    """The digits and number words of a text, in order."""
    seen: Counter[str] = Counter()
    found = []
    for match in NUMBER.finditer(text):
        seen[match.group()] += 1
        found.append(Number(match.group(), seen[match.group()], *match.span()))
    return found


def read_package(folder: Path) -> Package:
    """Read every table that has a document and a paragraph, and the documents."""
    described = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    package = Package(folder, [], {}, {})
    for resource in described["resources"]:
        name, schema = resource["name"], resource["schema"]
        columns = [field["name"] for field in schema["fields"]]
        with (folder / resource["path"]).open(encoding="utf-8", newline="") as stream:
            rows: list[Row] = list(csv.DictReader(stream))
        if name in BOOKKEEPING or name == "documents":
            package.tables[name], package.headers[name] = rows, columns
        elif {"document", "paragraph", "as_printed"} <= set(columns):
            for row in rows:
                if row["document"]:
                    place = (row["document"], int(row["paragraph"]))
                    key = row[schema["primaryKey"][0]]
                    package.records.append(Record(name, key, place, row["as_printed"]))
    return package


def paragraphs_of(content: bytes) -> list[str]:
    """The non-blank lines of a text, stripped."""
    return [line.strip() for line in content.decode("utf-8").split("\n") if line.strip()]


def read_texts(sources: Path, documents: Sequence[Row], findings: list[str]) -> dict[Place, str]:
    """The paragraphs of every document whose text, known by its hash, is in the folder."""
    texts = {}
    for path in sorted(sources.glob("*.txt")):
        content = path.read_bytes()
        texts[hashlib.sha256(content).hexdigest()] = (path.name, content)
    found: dict[Place, str] = {}
    for row in documents:
        _, content = texts.pop(row["sha256"], ("", b""))
        if not content:
            findings.append(f"{row['document_id']}: no text has the hash {row['sha256'][:12]}...")
        for number, paragraph in enumerate(paragraphs_of(content), 1):
            found[row["document_id"], number] = paragraph
    for digest, (name, _) in texts.items():
        findings.append(f"{name}: its hash {digest[:12]}... belongs to no document")
    return found


def spans(words: str, text: str) -> list[tuple[int, int]]:
    """Where the words stand in the text, not inside longer words or numbers."""
    pattern = rf"(?<!\w){re.escape(words)}(?!\w)"
    return [match.span() for match in re.finditer(pattern, text)] if words else []


def check_quotes(
    package: Package, texts: dict[Place, str], findings: list[str]
) -> dict[Place, list[tuple[int, int]]]:
    """Find what every record quotes; returns the stretches of each paragraph so covered."""
    read = {document for document, _ in texts}
    covered: dict[Place, list[tuple[int, int]]] = {}
    for record in package.records:
        document, paragraph = record.place
        if document not in read:
            continue  # its text is missing, which is reported already
        where = f"{record.table} {record.key}"
        if record.place not in texts:
            findings.append(f"{where}: {document} has no paragraph {paragraph}")
            continue
        stands = spans(record.as_printed, texts[record.place])
        if not stands:
            findings.append(
                f"{where}: {record.as_printed!r} does not stand in {document} {paragraph}"
            )
        covered.setdefault(record.place, []).extend(stands)
    return covered


def check_numbers(
    package: Package,
    texts: dict[Place, str],
    covered: dict[Place, list[tuple[int, int]]],
    findings: list[str],
) -> None:
    """Every number lies in the words of a record, or is an exception; no exception is idle."""
    kinds = {_place(row): row["kind"] for row in package.tables["paragraphs"]}
    excused = {
        (_place(row), row["token"], int(row["occurrence"]))
        for row in package.tables["coverage_exceptions"]
    }
    needed = set()
    for place, text in texts.items():
        if kinds.get(place) == "furniture":
            continue
        for number in numbers(text):
            stretches = covered.get(place, [])
            if any(start <= number.start and number.end <= end for start, end in stretches):
                continue
            key = (place, number.token, number.occurrence)
            needed.add(key)
            if key not in excused:
                context = text[max(0, number.start - 30) : number.end + 30]
                findings.append(
                    f"{_shown(place)}: {number.token!r} (number {number.occurrence} of its kind)"
                    f" is in no record, in: ...{context}..."
                )
    for place, token, occurrence in sorted(excused - needed):
        if place[0] in {document for document, _ in texts}:
            findings.append(
                f"coverage_exceptions: {_shown(place)}, {token!r} {occurrence}: not needed any more"
            )


def fresh_rows(package: Package, texts: dict[Place, str]) -> list[Row]:
    """The table of paragraphs as it should be; kinds are kept, a new paragraph is content."""
    known = {_place(row): row for row in package.tables["paragraphs"]}
    since = {row["document_id"]: row["reported_on"] for row in package.tables["documents"]}
    cited = Counter(record.place for record in package.records)
    return [
        {
            "document": place[0],
            "paragraph": str(place[1]),
            "kind": known[place]["kind"] if place in known else "content",
            "sha256": hashlib.sha256(text.encode("utf-8")).hexdigest(),
            "number_tokens": "; ".join(number.token for number in numbers(text)),
            "facts": str(cited[place]),
            "reported_on": since[place[0]],
        }
        for place, text in texts.items()
    ]


def check_paragraphs(package: Package, fresh: Sequence[Row], findings: list[str]) -> None:
    """The table of paragraphs agrees with the texts and with the records."""
    known = {_place(row): row for row in package.tables["paragraphs"]}
    for row in fresh:
        place = _place(row)
        if place not in known:
            findings.append(f"paragraphs: {_shown(place)} is missing")
            continue
        for column, value in row.items():
            if known[place][column] != value:
                findings.append(
                    f"paragraphs: {_shown(place)}: {column} is {known[place][column]!r},"
                    f" should be {value!r}"
                )
    places = {_place(row) for row in fresh}
    read = {document for document, _ in places}
    for place in known:
        if place not in places and place[0] in read:
            findings.append(f"paragraphs: {_shown(place)} is not in the text")


def check_kinds(package: Package, findings: list[str]) -> None:
    """Every paragraph has a kind that is known."""
    for row in package.tables["paragraphs"]:
        if row["kind"] not in KINDS:
            findings.append(f"paragraphs: {_shown(_place(row))}: kind {row['kind']!r} is not known")


def write_paragraphs(package: Package, rows: Sequence[Row]) -> None:
    """Write the table of paragraphs anew."""
    path = package.folder / "paragraphs.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, package.headers["paragraphs"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def summary(package: Package) -> Iterator[str]:
    """Records per document and table, one document a line."""
    counts = Counter((record.place[0], record.table) for record in package.records)
    for document in sorted({document for document, _ in counts}):
        parts = {table: count for (name, table), count in counts.items() if name == document}
        listed = ", ".join(f"{table} {count}" for table, count in sorted(parts.items()))
        yield f"{document}: {sum(parts.values())} records ({listed})"
    yield f"All together: {len(package.records)} records, every number covered or excused."


def main(arguments: Sequence[str] | None = None) -> int:
    """Check, and with --write renew paragraphs.csv; 1 if anything was found."""
    parser = argparse.ArgumentParser(description="Checks the data against the texts.")
    parser.add_argument("sources", type=Path, help="folder of the texts")
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the package")
    parser.add_argument(
        "--write", action="store_true", help="renew paragraphs.csv when all is well"
    )
    options = parser.parse_args(arguments)
    package = read_package(options.data)
    findings: list[str] = []
    texts = read_texts(options.sources, package.tables["documents"], findings)
    check_kinds(package, findings)
    covered = check_quotes(package, texts, findings)
    check_numbers(package, texts, covered, findings)
    fresh = fresh_rows(package, texts)
    if not options.write:
        check_paragraphs(package, fresh, findings)
    elif not findings:
        write_paragraphs(package, fresh)
    lines = [*findings, f"Findings: {len(findings)}"] if findings else list(summary(package))
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if findings else 0


def _place(row: Row) -> Place:
    return row["document"], int(row["paragraph"])


def _shown(place: Place) -> str:
    return f"{place[0]} {place[1]}"


if __name__ == "__main__":
    sys.exit(main())

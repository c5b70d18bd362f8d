"""The data covers its documents: paragraph by paragraph, without the texts themselves."""

import csv
import hashlib
import importlib.util
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "data"
SCRIPT = HERE / "coverage.py"

_spec = importlib.util.spec_from_file_location("source_coverage", SCRIPT)
coverage = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = coverage
_spec.loader.exec_module(coverage)

PACKAGE = coverage.read_package(DATA)
PARAGRAPHS = {(row["document"], int(row["paragraph"])): row for row in PACKAGE.tables["paragraphs"]}
DOCUMENTS = {row["document_id"]: row for row in PACKAGE.tables["documents"]}


def rows(table):
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def tokens(text):
    return [number.token for number in coverage.numbers(text)]


# ---- the package as it stands


def test_facts_of_a_paragraph_are_the_records_that_cite_it():
    cited = Counter(record.place for record in PACKAGE.records)
    assert {place: int(row["facts"]) for place, row in PARAGRAPHS.items()} == {
        place: cited[place] for place in PARAGRAPHS
    }
    assert sum(cited.values()) > 400


def test_every_number_is_in_the_words_of_a_record_or_an_exception():
    printed = {}
    for record in PACKAGE.records:
        printed.setdefault(record.place, set()).update(tokens(record.as_printed))
    excused = Counter(
        ((row["document"], int(row["paragraph"])), row["token"])
        for row in PACKAGE.tables["coverage_exceptions"]
    )
    missing = []
    for place, row in PARAGRAPHS.items():
        if row["kind"] == "furniture":
            continue
        for token, times in Counter(filter(None, row["number_tokens"].split("; "))).items():
            if times > excused[place, token] and token not in printed.get(place, ()):
                missing.append((*place, token))
    assert missing == []


def test_every_document_has_all_its_paragraphs_from_the_first():
    assert {document for document, _ in PARAGRAPHS} == set(DOCUMENTS)
    for document in DOCUMENTS:
        listed = [number for name, number in PARAGRAPHS if name == document]
        assert listed == list(range(1, len(listed) + 1))
        assert any(
            row["kind"] == "content" for place, row in PARAGRAPHS.items() if place[0] == document
        )


def test_no_paragraph_of_content_is_without_a_record():
    bare = [
        place
        for place, row in PARAGRAPHS.items()
        if row["kind"] == "content" and row["facts"] == "0"
    ]
    assert bare == []


def test_records_cite_paragraphs_that_exist_and_furniture_only_as_a_headline():
    headlines = {
        (row["document"], int(row["paragraph"]))
        for row in rows("funding")
        if row["amount_type"] == "headline_mention"
    }
    for record in PACKAGE.records:
        assert record.place in PARAGRAPHS, record
        if PARAGRAPHS[record.place]["kind"] == "furniture":
            assert record.place in headlines, record
            row = next(row for row in rows(record.table) if record.key in row.values())
            assert "link list" in row["caveat"], record


def test_nothing_is_known_before_its_document():
    tables = {record.table for record in PACKAGE.records} | set(coverage.BOOKKEEPING)
    for table in tables:
        for row in rows(table):
            if row["document"]:
                since = DOCUMENTS[row["document"]]["reported_on"]
                assert row["reported_on"] >= since, (table, row)
                assert table not in coverage.BOOKKEEPING or row["reported_on"] == since


SCALES = {"million": 10**6, "billion": 10**9, "trillion": 10**12, "k": 10**3}
WORDS = {"half": 50.0, **{word: float(n) for n, word in enumerate(coverage.WORDS[:20])}}


def values(words):
    """Every number that stands in the words, with its scale."""
    found = []
    for digits, word, scale in re.findall(
        r"(?:(\d[\d,.]*\d|\d)|\b([a-z]+)\b)[ ]?(million\b|billion\b|trillion\b|k\b)?", words.lower()
    ):
        plain = float(digits.replace(",", "")) if digits else WORDS.get(word)
        if plain is not None:
            found.append(round(plain * SCALES.get(scale, 1)))
    return found


@pytest.mark.parametrize("table", ["funding", "measures"])
def test_the_value_is_the_number_that_is_printed(table):
    for row in rows(table):
        assert int(float(row["value"])) in values(row["as_printed"]), row


QUALIFIERS = {
    "about": "about",
    "around": "about",
    "or so": "about",
    "at least": "at_least",
    "more than": "more_than",
    "up to": "up_to",
}


@pytest.mark.parametrize("table", ["funding", "measures"])
def test_a_qualifier_that_is_printed_is_kept(table):
    for row in rows(table):
        for words, qualifier in QUALIFIERS.items():
            if re.search(rf"\b{words}\b", row["as_printed"].lower()):
                assert row["qualifier"] == qualifier, row


# ---- the script, on a made-up text

TEXT = """A made-up town
The town gave three bakers 2.5 million crowns in 1999.

One of them, bakery 50, was the first to leave.
Log in 7 times
"""


def write(folder, name, header, *lines):
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows([header.split(), *lines])


class Small:
    """A package of one document and one table of facts, and its text."""

    def __init__(self, folder):
        self.texts, self.data = folder / "texts", folder / "data"
        self.texts.mkdir()
        self.data.mkdir()
        self.text = self.texts / "town.txt"
        self.text.write_bytes(TEXT.encode())
        self.facts = [
            ["sum", "town", "2", "three bakers 2.5 million crowns"],
            ["year", "town", "2", "in 1999"],
            ["left", "town", "3", "first to leave"],
            ["outside", "", "", "from elsewhere"],
        ]
        self.exceptions = [
            ["town", "3", "One", "1", "a word like an article", "2000-01-01"],
            ["town", "3", "50", "1", "part of a name", "2000-01-01"],
        ]
        self.digest = hashlib.sha256(TEXT.encode()).hexdigest()
        self.save()
        assert self.run("--write") == 0

    def save(self):
        columns = {
            "documents": ("document_id", "document_id sha256 reported_on"),
            "facts": ("fact", "fact document paragraph as_printed"),
            "paragraphs": (
                "document",
                "document paragraph kind sha256 number_tokens facts reported_on",
            ),
            "coverage_exceptions": (
                "document",
                "document paragraph token occurrence reason reported_on",
            ),
        }
        resources = [
            {
                "name": name,
                "path": f"{name}.csv",
                "schema": {
                    "primaryKey": [key],
                    "fields": [{"name": column} for column in header.split()],
                },
            }
            for name, (key, header) in columns.items()
        ]
        (self.data / "datapackage.json").write_text(json.dumps({"resources": resources}))
        write(self.data, "documents", columns["documents"][1], ["town", self.digest, "2000-01-01"])
        write(self.data, "facts", columns["facts"][1], *self.facts)
        write(self.data, "coverage_exceptions", columns["coverage_exceptions"][1], *self.exceptions)
        if not (self.data / "paragraphs.csv").exists():
            kinds = ["heading", "content", "content", "furniture"]
            lines = [["town", n, kind, "", "", 0, ""] for n, kind in enumerate(kinds, 1)]
            write(self.data, "paragraphs", columns["paragraphs"][1], *lines)

    def run(self, *options):
        return coverage.main([str(self.texts), "--data", str(self.data), *options])

    def paragraphs(self):
        return (self.data / "paragraphs.csv").read_text(encoding="utf-8")


@pytest.fixture
def small(tmp_path, capsys):
    made = Small(tmp_path)
    capsys.readouterr()
    return made


def test_a_package_without_faults_is_counted(small, capsys):
    assert small.run() == 0
    assert capsys.readouterr().out == (
        "town: 3 records (facts 3)\nAll together: 3 records, every number covered or excused.\n"
    )


def test_writing_fills_hashes_numbers_and_counts_and_keeps_the_kinds(small):
    table = list(csv.DictReader(small.paragraphs().splitlines()))
    assert [row["kind"] for row in table] == ["heading", "content", "content", "furniture"]
    assert [row["facts"] for row in table] == ["0", "2", "1", "0"]
    numbers = ["", "three; 2.5; million; 1999", "One; 50; first", "7"]
    assert [row["number_tokens"] for row in table] == numbers
    assert table[0]["sha256"] == hashlib.sha256(b"A made-up town").hexdigest()
    assert table[0]["reported_on"] == "2000-01-01"


def misquote(small):
    small.facts.append(["wrong", "town", "2", "two bakers"])


def cut_a_number(small):
    small.facts[1][3] = "in 199"


def wrong_paragraph(small):
    small.facts[2][2] = "9"


def uncover(small):
    small.facts[0][3] = "2.5 million crowns"


def change_the_document(small):
    small.text.write_bytes(TEXT.replace("three", "four").encode())


def idle_exception(small):
    small.exceptions.append(["town", "2", "three", "1", "a doubt", "2000-01-01"])


def more_facts(small):
    small.facts.append(["again", "town", "2", "The town"])


def wrong_hash_of_a_paragraph(small):
    path = small.data / "paragraphs.csv"
    path.write_text(re.sub(r"content,....", "content,0000", small.paragraphs(), count=1))


def unknown_kind(small):
    path = small.data / "paragraphs.csv"
    path.write_text(small.paragraphs().replace(",heading,", ",title,"))


def forgotten_paragraph(small):
    path = small.data / "paragraphs.csv"
    path.write_text(
        "".join(line for line in small.paragraphs().splitlines(True) if ",3," not in line)
    )


def paragraph_too_many(small):
    path = small.data / "paragraphs.csv"
    path.write_text(small.paragraphs() + "town,5,furniture,0,,0,2000-01-01\n")


FAULTS = [
    (misquote, ["facts wrong: 'two bakers' does not stand in town 2"]),
    (cut_a_number, ["facts year: 'in 199' does not stand in town 2", "'1999' (number 1 of its"]),
    (wrong_paragraph, ["facts left: town has no paragraph 9", "town 3: 'first' (number 1"]),
    (uncover, ["town 2: 'three' (number 1 of its kind) is in no record, in: ...The town gave"]),
    (change_the_document, ["town: no text has the hash", "town.txt: its hash"]),
    (idle_exception, ["coverage_exceptions: town 2, 'three' 1: not needed any more"]),
]
STALE = [
    (more_facts, ["paragraphs: town 2: facts is '2', should be '3'"]),
    (wrong_hash_of_a_paragraph, ["paragraphs: town 2: sha256 is '0000"]),
    (forgotten_paragraph, ["paragraphs: town 3 is missing"]),
    (paragraph_too_many, ["paragraphs: town 5 is not in the text"]),
]


@pytest.mark.parametrize(
    ("plant", "named"),
    [*FAULTS, *STALE, (unknown_kind, ["paragraphs: town 1: kind 'title' is not known"])],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_planted_fault_is_named(small, capsys, plant, named):
    plant(small)
    small.save()
    assert small.run() == 1
    said = capsys.readouterr().out
    for words in named:
        assert words in said
    assert re.search(r"^Findings: \d+$", said, re.MULTILINE)


def test_all_faults_are_named_in_one_run(small, capsys):
    for plant in (misquote, uncover, wrong_hash_of_a_paragraph, unknown_kind):
        plant(small)
    small.exceptions.append(["town", "2", "1999", "1", "a doubt", "2000-01-01"])
    small.save()
    assert small.run() == 1
    said = capsys.readouterr().out
    for words in ("'two bakers'", "'three'", "sha256 is '0000", "'title'", "'1999' 1: not needed"):
        assert words in said


@pytest.mark.parametrize("plant", [plant for plant, _ in FAULTS], ids=lambda plant: plant.__name__)
def test_nothing_is_written_over_a_fault(small, plant):
    before = small.paragraphs()
    plant(small)
    small.save()
    assert small.run("--write") == 1
    assert small.paragraphs() == before


@pytest.mark.parametrize("plant", [plant for plant, _ in STALE], ids=lambda plant: plant.__name__)
def test_writing_mends_what_follows_from_the_texts(small, plant):
    plant(small)
    small.save()
    assert small.run("--write") == 0
    assert small.run() == 0


def test_the_command_line_gives_the_answer_as_its_exit_code(small):
    def run():
        command = [sys.executable, SCRIPT, small.texts, "--data", small.data]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    uncover(small)
    small.save()
    done = run()
    assert (done.returncode, done.stderr) == (1, "")
    assert "'three'" in done.stdout


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2,000 of them, 1.4 trillion", ["2,000", "1.4", "trillion"]),
        ("the 18th, at 08:21.", ["18th", "08:21"]),
        ("KRW 60 million (USD 37k)", ["60", "million", "37"]),
        (
            "Fifteen and half a dozen, first to tenth",
            ["Fifteen", "half", "dozen", "first", "tenth"],
        ),
        ("none, someone, often, behalf, tension, attend", []),
        ("start-up 50+", ["50"]),
    ],
)
def test_numbers_are_digits_and_number_words(text, found):
    assert tokens(text) == found

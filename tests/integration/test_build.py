"""The shipped report and a small one, built by the command line and read back as a reader would."""

import re
from hashlib import sha256
from html.parser import HTMLParser
from io import BytesIO
from xml.etree import ElementTree

import pypdf
import pypdfium2
import pytest

from briefing.config import load_project

SENTENCE = 40  # a page with fewer letters has nothing to say


class Page(HTMLParser):
    """Collects what a browser would load, what stands in the page, and where links go."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def all(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.tags if attribute in attrs]


@pytest.fixture(scope="module")
def pdf(built_issue) -> pypdf.PdfReader:
    return pypdf.PdfReader(BytesIO(built_issue.bytes("briefing.pdf")))


@pytest.fixture(scope="module")
def html(built_issue) -> Page:
    return Page(built_issue.text("index.html"))


def outline(reader: pypdf.PdfReader) -> list[str]:
    """The titles of the outline, from top to bottom."""

    def walk(items):
        for item in items:
            if isinstance(item, list):
                yield from walk(item)
            else:
                yield item.title

    return list(walk(reader.outline))


def headings(text: str) -> list[str]:
    found = re.findall(r"<h2[^>]*>(.*?)</h2>", text, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", item).strip() for item in found]


def fonts(reader: pypdf.PdfReader) -> set[str]:
    """The names of all fonts in the file, each of which must be embedded."""
    names = set()
    for number in range(1, int(reader.trailer["/Size"])):
        body = reader.get_object(number)
        if isinstance(body, dict) and body.get("/Type") == "/FontDescriptor":
            names.add(str(body["/FontName"]))
            assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(body), "not embedded"
    return names


# -- the PDF ----------------------------------------------------------------------------------


def test_the_pdf_has_a_title_a_language_and_tags(pdf):
    assert "Korea" in pdf.metadata.title
    assert "October 2026" in pdf.metadata.title
    assert pdf.metadata.author == "Regional Innovation Briefing"
    assert pdf.trailer["/Root"]["/Lang"] == "en"


def test_the_outline_is_the_sections(pdf, built_issue):
    found = outline(pdf)
    wanted = headings(built_issue.text("index.html"))
    sections = [title for title in wanted if title in found]
    assert "Sources" in sections
    places = [found.index(title) for title in sections]
    assert places == sorted(places)
    report = load_project(built_issue.project.root).reports[built_issue.project.report]
    declared = {section.title.by_language["en"] for section in report.sections}
    assert declared
    assert declared <= set(found)


def test_it_has_eight_to_fourteen_pages_and_none_is_blank(pdf, built_issue):
    assert 8 <= len(pdf.pages) <= 14
    assert len(pdf.pages) == built_issue.manifest["pages"]
    for number, page in enumerate(pdf.pages, 1):
        assert len(page.extract_text().strip()) >= SENTENCE, f"page {number}"


def test_two_readers_find_the_same_words(pdf, built_issue):
    other = pypdfium2.PdfDocument(built_issue.bytes("briefing.pdf"))
    assert len(other) == len(pdf.pages)
    for page, again in zip(pdf.pages, other, strict=True):
        words = set(page.extract_text().split())
        found = set(again.get_textpage().get_text_range().split())
        assert len(words & found) >= 0.8 * len(words)


def test_every_figure_is_there_with_its_label(pdf, built_issue):
    text = "\n".join(page.extract_text() for page in pdf.pages)
    html = built_issue.text("index.html")
    labels = set(re.findall(r'class="number">((?:Figure|Table) \d+)<', html))
    assert len(labels) == len(
        {name.partition("/")[2] for name in built_issue.hashes if name.startswith("tables/")}
    )
    for label in labels:
        assert label in text


def test_only_the_house_font_is_embedded(pdf):
    names = fonts(pdf)
    assert names
    assert all("Nanum" in name for name in names), names


def test_every_page_draws_without_trouble(built_issue):
    for page in pypdfium2.PdfDocument(built_issue.bytes("briefing.pdf")):
        picture = page.render(scale=0.5).to_pil().convert("L")
        assert picture.getextrema()[0] < 128, "a white page"


def test_every_link_inside_leads_somewhere(pdf):
    names = set(pdf.named_destinations)
    for page in pdf.pages:
        for note in page.get("/Annots") or []:
            body = note.get_object()
            action = body.get("/A", {})
            target = body.get("/Dest") or action.get("/D")
            if isinstance(target, str):
                assert target in names


# -- the HTML ---------------------------------------------------------------------------------


def test_the_page_loads_nothing_and_runs_only_its_own_script(html, built_issue):
    tags = {tag for tag, _ in html.tags}
    assert not tags & {"iframe", "object", "embed", "link", "base", "form"}
    scripts = [attrs.get("type") for tag, attrs in html.tags if tag == "script"]
    assert sorted(scripts, key=str) == [None, "application/ld+json"], "data, and what ships"
    (own,) = re.findall(r"<script>(.*?)</script>", built_issue.text("index.html"), re.DOTALL)
    for word in ("fetch", "XMLHttpRequest", "WebSocket", "import", "eval", "innerHTML", "http"):
        assert word not in own, "the script stays in the page"
    loads = [*html.all("src"), *html.all("srcset"), *html.all("poster"), *html.all("data")]
    assert not [address for address in loads if not address.startswith("data:")]
    text = built_issue.text("index.html")
    assert "@import" not in text
    assert not re.findall(r"url\((?![\"']?(?:#|data:))", text)
    assert not [name for _, attrs in html.tags for name in attrs if name.startswith("on")]


def test_links_inside_the_page_lead_somewhere(html):
    ids = html.all("id")
    assert len(ids) == len(set(ids)), "an id stands there twice"
    for address in html.all("href"):
        if address.startswith("#"):
            assert address[1:] in ids


def test_every_picture_has_words(html):
    pictures = [(tag, attrs) for tag, attrs in html.tags if attrs.get("role") == "img"]
    charts = [attrs for tag, attrs in pictures if tag == "div"]
    assert charts
    assert len(charts) <= len([tag for tag, _ in html.tags if tag == "figure"])
    assert all(len(attrs["aria-label"] or "") > SENTENCE for attrs in charts)
    assert all(attrs["aria-label"] for _, attrs in pictures)
    drawings = [attrs for tag, attrs in html.tags if tag == "svg"]
    assert len(drawings) >= len(pictures)
    assert all(attrs.get("aria-hidden") == "true" for attrs in drawings), "the words replace it"


def test_page_and_pdf_say_the_same(pdf, built_issue):
    text = re.sub(r"\s+", "", "".join(page.extract_text() for page in pdf.pages))
    for title in headings(built_issue.text("index.html")):
        assert re.sub(r"\s+", "", title).replace("&#39;", "'") in text


# -- files and manifest -----------------------------------------------------------------------


def test_pictures_and_tables_lie_beside_the_page(built_issue):
    names = set(built_issue.hashes)
    figures = {name for name in names if name.startswith("figures/")}
    tables = {name for name in names if name.startswith("tables/")}
    assert len(figures) >= 5
    assert {
        name.replace("figures/", "tables/").replace(".svg", ".csv") for name in figures
    } <= tables
    for name in figures:
        assert ElementTree.fromstring(built_issue.text(name)).tag.endswith("svg")
    for name in tables:
        lines = built_issue.text(name).splitlines()
        assert len(lines) > 1, f"{name} has no rows"


def test_the_manifest_names_every_file_by_its_hash(built_issue):
    manifest = built_issue.manifest
    present = {
        str(path.relative_to(built_issue.folder)): sha256(path.read_bytes()).hexdigest()
        for path in built_issue.folder.rglob("*")
        if path.is_file()
    }
    assert present == built_issue.hashes
    del present["manifest.json"]
    assert present == manifest["outputs"]
    assert manifest["period"] == "2026-10"
    assert manifest["as_of"] == "2026-10-31"
    assert manifest["edition"] == "en"


def test_the_manifest_names_every_input_by_its_hash(built_issue):
    inputs = built_issue.manifest["inputs"]
    for name, digest in inputs.items():
        if not name.startswith(("fonts/", "config.yaml: ")):
            assert sha256((built_issue.project.root / name).read_bytes()).hexdigest() == digest
    data = {f"data/{path.name}" for path in (built_issue.project.root / "data").iterdir()}
    settings = "config.yaml: publisher, timezone, languages"
    assert data | {settings, built_issue.project.report_file} <= set(inputs)
    assert sum(name.startswith("fonts/") for name in inputs) == 2


def test_no_file_holds_a_time_of_day_or_a_place_on_this_machine(built_issue):
    for name in built_issue.hashes:
        body = built_issue.bytes(name)
        assert str(built_issue.project.root).encode() not in body, name
        dates = set(re.findall(rb"(?:Creation|Mod)Date ?\(([^)]*)\)", body))
        assert dates <= {b"D:20261031000000Z"}, f"{name}: the day of the issue, and no hour"
        if not name.endswith(".pdf"):
            assert not re.search(rb"\b\d\d:\d\d:\d\d\b", body), name


def test_the_answer_in_json(built_issue):
    answer = built_issue.answer
    assert {key: answer[key] for key in ("report", "period", "edition", "state", "changed")} == {
        "report": "regional-innovation",
        "period": "2026-10",
        "edition": "en",
        "state": "new",
        "changed": [],
    }
    assert answer["folder"].endswith("output/regional-innovation/2026-10/en/r1")


# -- Korean -----------------------------------------------------------------------------------


def test_hangul_comes_out_of_the_pdf_as_it_went_in(small_issue):
    reader = pypdf.PdfReader(BytesIO(small_issue.bytes("briefing.pdf")))
    text = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in reader.pages))
    for words in (
        "도서관 대출",
        "중앙도서관",
        "항구분관",
        "언덕분관",
        "창구에서 센 값이다",
        "모든 분관",
    ):
        assert words in text
    other = pypdfium2.PdfDocument(small_issue.bytes("briefing.pdf"))
    found = " ".join(page.get_textpage().get_text_range() for page in other)
    assert "중앙도서관" in found
    assert all("Nanum" in name for name in fonts(reader))
    assert reader.trailer["/Root"]["/Lang"] == "ko"


def test_hangul_stands_in_page_picture_and_table(small_issue):
    assert "중앙도서관" in small_issue.text("index.html")
    assert "중앙도서관" in small_issue.text("figures/bars.svg")
    assert "중앙도서관" in small_issue.text("tables/bars.csv")
    assert small_issue.answer["edition"] == "ko"


def test_what_the_author_wrote_in_korean_is_what_a_korean_issue_says(small_issue):
    text = re.sub(r"(?s)<style>.*?</style>|<[^>]+>", " ", small_issue.text("index.html"))
    for words in ("도서관 대출", "분관별 대출", "대출 권수", "창구에서 센 값이다", "2026년 10월"):
        assert words in text
    for words in ("Library loans", "What each branch lends", "Counted at the desk", "October"):
        assert words not in text


# -- what the command line does ---------------------------------------------------------------


def test_what_was_built_before_is_unchanged_and_a_change_is_named(briefing, small_project):
    args = ("build", "--period", "2026-10", "--format", "html")
    ran = briefing(*args, cwd=small_project.root)
    assert ran.code == 0, ran.err
    assert "Built: library-loans/2026-10/en" in ran.out
    before = small_project.files()
    ran = briefing(*args, cwd=small_project.root)
    assert "Unchanged, the same bytes as before" in ran.out
    assert small_project.files() == before
    small_project.replace("data/loans.csv", "2026-10-15,book,1500", "2026-10-15,book,1501")
    ran = briefing(*args, cwd=small_project.root)
    assert "Rebuilt in place" in ran.out
    assert "Changed: data/loans.csv" in ran.out
    assert "1,501 items" in small_project.read("output/library-loans/2026-10/en/r1/index.html")


def test_damage_is_noticed_and_mended(briefing, small_project):
    args = ("build", "--period", "2026-10", "--format", "html", "--json")
    briefing(*args, cwd=small_project.root)
    before = small_project.files()
    small_project.write("output/library-loans/2026-10/en/r1/index.html", "<p>lies</p>")
    ran = briefing(*args, cwd=small_project.root)
    assert ran.json["issues"][0]["state"] == "rebuilt"
    assert ran.json["issues"][0]["changed"] == ["files in the archive"]
    assert small_project.files() == before


def test_a_build_as_of_another_day_is_a_copy_beside_the_issue(briefing, small_project):
    args = ("build", "--period", "2026-10", "--format", "html", "--json")
    briefing(*args, cwd=small_project.root)
    small_project.replace("data/loans.csv", "items,41500,2026-10-31", "items,41500,2026-11-05")
    before = small_project.files()
    ran = briefing(*args, "--as-of", "2026-11-10", cwd=small_project.root)
    (issue,) = ran.json["issues"]
    assert issue["state"] == "copy"
    assert issue["folder"].endswith("library-loans/2026-10/en/as-of-2026-11-10")
    after = small_project.files()
    assert {name: after[name] for name in before} == before
    assert b"1,500 items" in after["library-loans/2026-10/en/as-of-2026-11-10/index.html"]
    briefing(*args, cwd=small_project.root)
    sealed = small_project.files()["library-loans/2026-10/en/r1/index.html"]
    assert b"1,500 items" not in sealed, "what was not known yet is not seen"


def test_another_output_leaves_the_archive_alone(briefing, small_project, tmp_path):
    ran = briefing(
        *("build", "--period", "2026-10", "--format", "html", "--json"),
        *("--output", tmp_path / "elsewhere"),
        cwd=small_project.root,
    )
    (issue,) = ran.json["issues"]
    assert issue["state"] == "copy"
    assert (tmp_path / "elsewhere/library-loans/2026-10/en/r1/index.html").is_file()
    assert not small_project.files()


def test_from_another_folder_the_project_is_named(briefing, small_project, tmp_path):
    ran = briefing(
        *("build", "-C", small_project.root, "--period", "2026-10", "--format", "html"),
        cwd=tmp_path,
    )
    assert ran.code == 0, ran.err
    assert "library-loans/2026-10/en/r1/index.html" in small_project.files()


def test_without_a_period_the_last_complete_one_is_built(briefing, small_project):
    listed = briefing("list", "--json", cwd=small_project.root)
    (entry,) = listed.json["reports"]
    assert entry["default"] is True
    assert entry["languages"] == ["en", "ko"]
    assert entry["schedules"] == ["cron 30 6 2 * mon-fri (Europe/Vienna)"]
    ran = briefing("build", "--format", "html", "--json", cwd=small_project.root)
    if ran.code == 0:  # that month may have no loans in the file
        assert ran.json["issues"][0]["period"] == entry["last_complete"]
    else:
        assert ran.code in {1, 4}
        assert "Traceback" not in ran.said


def test_a_report_for_each_branch(briefing, small_project):
    parameter = "grain: month\nparameters:\n  place: branches.branch"
    for old, new in (
        ("grain: month", parameter),
        (
            "where: medium == 'book' and",
            "where: branch == parameters.place and medium == 'book' and",
        ),
        ("    only: {branch: main}\n", ""),
        ("{{ row.lent }}", "{{ tables.by_branch.first.lent }}"),
        ("books lent, {{ row.branch_name }}", "books lent"),
        ("대출 권수, {{ row.branch_name }}", "대출 권수"),
    ):
        small_project.replace(small_project.report_file, old, new)
    args = ("build", "--period", "2026-10", "--format", "html", "--json")
    ran = briefing(*args, "--edition", "harbour", cwd=small_project.root)
    assert ran.code == 0, ran.err
    assert ran.json["issues"][0]["edition"] == "harbour-en"
    for more, editions in (
        ((), ["main-en", "harbour-en", "hill-en"]),
        (
            ("--edition", "all", "--language", "all"),
            ["main-en", "main-ko", "harbour-en", "harbour-ko", "hill-en", "hill-ko"],
        ),
    ):
        ran = briefing(*args, *more, cwd=small_project.root)
        assert ran.code == 0, ran.err
        assert [issue["edition"] for issue in ran.json["issues"]] == editions
    wrong = briefing(*args, "--edition", "dale", cwd=small_project.root)
    assert wrong.code == 2
    assert "'dale'" in wrong.err


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (("build", "no-such-report"), "library-loans"),
        (("build", "--period", "October"), "2026-10"),
        (("build", "--period", "2026-13"), "not in the calendar"),
        (("build", "--period", "2026-W43"), "made by month"),
        (("build", "--period", "2999-01"), "has not ended yet"),
        (("build", "--period", "2026-10", "--edition", "KR-27"), "no editions"),
        (("build", "--period", "2026-10", "--language", "de"), "en, ko"),
        (("build", "--period", "2026-10", "--format", "docx"), "pdf, html"),
        (("build", "--period", "2026-10", "--format", ""), "pdf, html"),
        (("build", "--period", "2026-10", "--as-of", "yesterday"), "2026-10-31"),
        (("build", "--period", "2026-10", "--as-of", "2026-02-30"), "2026-10-31"),
        (("build", "--nonsense"), "--nonsense"),
        (("bild",), "bild"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_does_not_exist_is_a_wrong_use_of_the_command(briefing, small_project, args, part):
    ran = briefing(*args, cwd=small_project.root)
    assert ran.code == 2, ran.said
    assert part in ran.err
    assert "Traceback" not in ran.said
    assert not small_project.files()


def test_what_cannot_be_rendered_ends_with_its_own_code(briefing, small_project):
    small_project.replace("data/branches.csv", "Main Library", "Main Library 🚀")
    ran = briefing("build", "--period", "2026-10", cwd=small_project.root)
    assert ran.code == 4
    assert "U+1F680" in ran.err
    assert "Warning" not in ran.err, "what a library mutters is no message for people"
    assert "Main Library" in ran.err
    assert not small_project.files()


def test_an_edition_that_fails_stops_no_other(briefing, small_project):
    text = small_project.read("data/branches.csv")
    korean = re.search(r"[가-힣]+", text).group()
    small_project.write("data/branches.csv", text.replace(korean, f"{korean}🚀", 1))
    ran = briefing(
        "build",
        "--period",
        "2026-10",
        "--language",
        "all",
        "--format",
        "html",
        cwd=small_project.root,
    )
    assert ran.code == 4
    assert "Not built: library-loans/2026-10/ko" in ran.err
    assert "U+1F680" in ran.err
    built = [name for name in small_project.files() if name.endswith("index.html")]
    assert len(built) == 1
    assert "/en/" in built[0]


def test_what_cannot_be_filed_ends_with_its_own_code(briefing, small_project):
    small_project.write("output", "a file in the way")
    ran = briefing("build", "--period", "2026-10", "--format", "html", cwd=small_project.root)
    assert ran.code == 4
    assert "could not be written" in ran.err
    assert small_project.read("output") == "a file in the way"


def test_a_function_of_the_authors_own(briefing, small_project):
    folder = "report_templates/library-loans"
    small_project.write(
        f"{folder}/own.py",
        "def longest(frames):\n"
        "    loans = frames['loans']\n"
        "    top = loans.nlargest(1, 'lent')\n"
        "    out = top[['branch', 'lent']].copy()\n"
        "    out.attrs['units'] = {'lent': 'books'}\n"
        "    out['records'] = [[int(line)] for line in top.index]\n"
        "    return out\n",
    )
    small_project.replace(
        small_project.report_file,
        "  by_month:",
        "  longest:\n    dataset: loans\n    use: own:longest\n  by_month:",
    )
    small_project.replace(
        small_project.report_file, "{{ row.lent }}", "{{ tables.longest.first.lent }}"
    )
    ran = briefing(
        "build", "--period", "2026-10", "--format", "html", "--json", cwd=small_project.root
    )
    assert ran.code == 0, ran.err
    assert f"{folder}/own.py" in small_project.read(
        "output/library-loans/2026-10/en/r1/manifest.json"
    )
    assert "1,500 books" in small_project.read("output/library-loans/2026-10/en/r1/index.html")


def test_help_and_version(briefing, tmp_path):
    assert briefing("--version", cwd=tmp_path).out.startswith("briefing ")
    for command in ("", "build", "check", "list", "doctor"):
        ran = briefing(*filter(None, [command]), "--help", cwd=tmp_path)
        assert ran.code == 0
        assert "Exit codes: 0 done" in " ".join(ran.out.split())

"""Corrections: revisions that say what they correct, beside issues that never change."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from briefing import archive, pipeline, tracing
from briefing.config import load_project
from briefing.editions import edition_of
from briefing.errors import ArchiveError, UsageError
from briefing.structures import Document, Edition, Issue

REASON = "The branch had counted twice."
Build = Callable[..., Issue]


def asked_for(project: Any, period: str = "2026-10", language: str = "en") -> Edition:
    loaded = load_project(project.root)
    report = loaded.reports[loaded.default_report]
    return edition_of(loaded, report, date(2026, 11, 22), period=period, language=language)


def built(project: Any, revision: int = 1, reason: str = REASON, **more: Any) -> Issue:
    """Build one revision of the small report, as pages for browsers only where nothing is said."""
    formats = more.pop("formats", ("html",))
    edition = asked_for(project, **more)
    request = pipeline.Request(
        edition, formats, revision=revision, reason=reason if revision > 1 else ""
    )
    return pipeline.build(load_project(project.root), request, lambda *_: None)


def changes(issue: Issue) -> list[dict[str, str]]:
    body = json.loads((issue.folder / "correction.json").read_text(encoding="utf-8"))
    return list(body["changes"])


def said(issue: Issue) -> list[str]:
    return [plain(change["said"]) for change in changes(issue)]


def plain(text: str) -> str:
    return " ".join(text.replace("\ufeff", "").split())


def manifest(issue: Issue) -> dict[str, Any]:
    return dict(json.loads((issue.folder / "manifest.json").read_text(encoding="utf-8")))


def recount(project: Any, before: int = 310, after: int = 330) -> None:
    project.replace(
        "data/loans.csv",
        f"l-3,harbour,2026-10-15,book,{before}",
        f"l-3,harbour,2026-10-15,book,{after}",
    )


@pytest.fixture
def library(small_project: Any) -> Any:
    """The small project, its October filed."""
    built(small_project)
    return small_project


def test_a_correction_lists_exactly_the_cells_that_changed_and_leaves_the_first_one_alone(
    small_project: Any,
) -> None:
    built(small_project, formats=("pdf", "html"))
    before = small_project.files()
    recount(small_project)
    issue = built(small_project, 2, formats=("pdf", "html"))
    assert issue.folder.name == "r2"
    found = [
        (item["figure"], item["row"], item["column"], plain(item["before"]), plain(item["after"]))
        for item in changes(issue)
    ]
    assert found == [
        ("Figure 1. Main Library leads", "Harbour Branch", "lent", "310 items", "330 items"),
        ("Table 1. All branches", "Harbour Branch", "Books", "310 items", "330 items"),
    ]
    after = small_project.files()
    assert {name: after[name] for name in before} == before
    page = plain(PdfReader(issue.folder / "briefing.pdf").pages[0].extract_text())
    assert page.index("Correction, revision 2") < page.index("Library loans")
    assert "It replaces revision 1 of the issue of October 2026." in page
    assert REASON in page
    assert "Harbour Branch, lent: 310 items → 330 items" in page
    assert "Harbour Branch, Books: 310 items → 330 items" in page
    assert "October 2026, revision 2" in page
    assert page.count("→") == len(found)


def test_the_manifest_says_what_is_superseded_and_a_first_revision_says_nothing(
    library: Any,
) -> None:
    folder = archive.issue_folder(library.root / "output", asked_for(library))
    digest = archive.digest((folder / "manifest.json").read_bytes())
    first = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert not {"revision", "reason", "supersedes"} & first.keys()
    assert "correction.json" not in first["outputs"]
    recount(library)
    body = manifest(built(library, 2, f"  {REASON}\n"))
    assert body["revision"] == 2
    assert body["reason"] == REASON
    assert body["supersedes"] == {"revision": "r1", "manifest": digest}
    assert body["inputs"]["previous/library-loans/2026-10/en/r1/manifest.json"] == digest


def test_the_same_inputs_give_the_same_correction(library: Any) -> None:
    recount(library)
    first = built(library, 2)
    assert built(library, 2).state == "unchanged"
    assert built(library, 2, "Another reason.").files != first.files
    again = built(library, 2)
    assert again.state == "rebuilt"
    assert again.files == first.files


def test_a_third_revision_is_compared_with_the_second(library: Any) -> None:
    recount(library)
    second = built(library, 2)
    recount(library, 330, 340)
    third = built(library, 3)
    assert said(third) == [
        "Harbour Branch, lent: 330 items → 340 items",
        "Harbour Branch, Books: 330 items → 340 items",
    ]
    assert manifest(third)["supersedes"] == {
        "revision": "r2",
        "manifest": second.files["manifest.json"],
    }


def test_a_correction_that_corrects_nothing_is_refused(library: Any) -> None:
    with pytest.raises(UsageError, match="nothing to correct: r1 would come out the same"):
        built(library, 2)
    recount(library)
    built(library, 2)
    with pytest.raises(UsageError, match="nothing to correct: r2 would come out the same"):
        built(library, 3, "Another reason.")
    assert not (library.root / "output/library-loans/2026-10/en/r3").exists()


def test_what_is_not_filed_cannot_be_corrected(small_project: Any) -> None:
    with pytest.raises(UsageError, match="no issue is filed in"):
        built(small_project, 2)


def test_a_correction_without_a_reason_is_refused(library: Any) -> None:
    recount(library)
    with pytest.raises(UsageError, match="needs a reason"):
        built(library, 2, " ")


def test_a_damaged_issue_is_not_compared_with(library: Any) -> None:
    recount(library)
    library.write("output/library-loans/2026-10/en/r1/tables/bars.csv", "lies\n")
    with pytest.raises(ArchiveError, match="is not what was filed"):
        built(library, 2)


def test_rows_that_came_and_went_are_named(library: Any) -> None:
    text = library.read("data/loans.csv").replace("l-4,hill,", "l-9,annex,")
    library.write("data/loans.csv", text)
    library.append("data/branches.csv", "annex,Annex,별관,2020-01-01,2020-01-02")
    library.replace("data/loans.csv", "book,95,", "book,96,")
    assert said(built(library, 2)) == [
        "Annex: added (lent 96 items)",
        "Hill Branch: taken out (lent 95 items)",
        "Annex: added (Books 96 items)",
        "Hill Branch: taken out (Books 95 items)",
    ]


def test_a_record_that_is_called_otherwise_is_the_same_row(library: Any) -> None:
    library.replace("data/branches.csv", "Hill Branch", "Hillside")
    found = said(built(library, 2))
    assert "Hillside, Branch: Hill Branch → Hillside" in found
    assert not [text for text in found if "added" in text or "95" in text]


def test_a_number_that_differs_only_beyond_its_rounding_is_told_in_full(
    small_project: Any,
) -> None:
    small_project.replace("data/loans.csv", ",41500,", ",1000000,")
    built(small_project)
    small_project.replace("data/loans.csv", ",1000000,", ",1000400,")
    assert "Main Library, Fees: 1,000,000 KRW → 1,000,400 KRW" in said(built(small_project, 2))


def test_a_number_of_the_cover_is_named_by_what_it_counts(library: Any) -> None:
    library.replace("data/loans.csv", "book,1500,", "book,1501,")
    first = changes(built(library, 2))[0]
    assert first["figure"] == "Key figures"
    assert plain(first["said"]) == "books lent, Main Library: 1,500 items → 1,501 items"


def test_a_sentence_is_told_where_no_number_changed(library: Any) -> None:
    library.replace(library.report_file, "} lent {", "} gave out {")
    assert said(built(library, 2)) == [
        "“Main Library lent 1,500 items.” → “Main Library gave out 1,500 items.”"
    ]


def test_a_note_that_changed_is_a_correction_without_numbers(library: Any) -> None:
    library.replace(library.report_file, "Renewals are not counted.", "Renewals do not count.")
    issue = built(library, 2)
    assert changes(issue) == []
    page = (issue.folder / "index.html").read_text(encoding="utf-8")
    assert "No number changed; words, notes, sources or a drawing did." in page


def test_a_record_that_no_figure_shows_is_named(small_project: Any) -> None:
    small_project.append(small_project.report_file, "since_last_issue:\n  tables: [loans]\n")
    built(small_project)
    small_project.replace("data/loans.csv", "film,220,", "film,221,")
    assert said(built(small_project, 2)) == [
        "Main Library (l-5): 220 discs; 60,000 won → 221 discs; 60,000 won"
    ]


def test_the_first_twelve_changes_are_listed_and_the_others_counted(small_project: Any) -> None:
    for number in range(7):
        small_project.append("data/branches.csv", f"b{number},Branch {number},,,2020-01-01")
        small_project.append(
            "data/loans.csv",
            f"l-2{number},b{number},2026-10-15,book,{10 + number},items,,2026-10-31",
        )
    built(small_project)
    text = small_project.read("data/loans.csv")
    for number in range(7):
        text = text.replace(f"book,{10 + number},", f"book,{30 + number},")
    small_project.write("data/loans.csv", text)
    issue = built(small_project, 2)
    assert len(changes(issue)) == 14
    page = (issue.folder / "index.html").read_text(encoding="utf-8")
    assert page.count("→") == 12
    assert "and 2 more changes; all are in the attached file correction.json" in page


def test_the_mail_says_first_that_it_corrects(library: Any) -> None:
    built(library, formats=("pdf",), language="ko")
    recount(library)
    issue = built(library, 2, formats=("pdf",), language="ko")
    mail = json.loads((issue.folder / "mail/mail.json").read_text(encoding="utf-8"))
    assert mail["subject"] == "정정: 도서관 대출, 2026년 10월"
    assert mail["preview"] == REASON
    assert [item["name"] for item in mail["attachments"]] == ["도서관 대출 2026-10 r2.pdf"]
    text = (issue.folder / "mail/body.txt").read_text(encoding="utf-8")
    assert text.startswith("정정 (제2판)\n2026년 10월 호의 제1판을 대체합니다.\n")
    assert "항구분관" in text[: text.index("City Library")]
    html = (issue.folder / "mail/body.html").read_text(encoding="utf-8")
    assert html.index(REASON) < html.index("310") < html.index("<h1")


def test_the_reason_is_text_and_nothing_else(library: Any) -> None:
    recount(library)
    issue = built(library, 2, "<b>Sums</b> & {{ 1 + 1 }}")
    for name in ("index.html", "mail/body.html"):
        page = (issue.folder / name).read_text(encoding="utf-8")
        assert "&lt;b&gt;Sums&lt;/b&gt; &amp; {{ 1 + 1 }}" in page


def test_the_next_issue_is_compared_with_the_newest_revision(small_project: Any) -> None:
    small_project.append(small_project.report_file, "since_last_issue:\n  tables: [loans]\n")
    built(small_project, period="2026-09")
    small_project.replace("data/loans.csv", "book,1200,", "book,1250,")
    built(small_project, 2, period="2026-09")
    inputs = manifest(built(small_project))["inputs"]
    previous = [name for name in inputs if name.startswith("previous/")]
    assert previous == ["previous/library-loans/2026-09/en/r2/manifest.json"]


def test_the_archive_knows_every_revision_and_a_trace_follows_the_newest(library: Any) -> None:
    output, edition = library.root / "output", asked_for(library)
    assert archive.latest_revision(output, asked_for(library, "2026-09")) == 0
    assert archive.newest_folder(output, asked_for(library, "2026-09")).name == "r1"
    assert archive.latest_revision(output, edition) == 1
    recount(library)
    built(library, 2)
    assert archive.latest_revision(output, edition) == 2
    assert [folder.name for folder, _, _ in archive.filed_issues(output)] == ["r1", "r2"]
    figure = tracing.chosen_figure(tracing.trace(archive.newest_folder(output, edition)), "bars")
    (row,) = tracing.chosen_rows(figure, "Harbour")
    assert row.cells["lent"] == 330


def test_what_a_killed_build_of_a_correction_left_is_swept_away(
    tmp_path: Path, edition: Edition
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    folder = archive.issue_folder(tmp_path, edition, 2)
    document = Document({"briefing.pdf": b"%PDF"}, 1)
    body = archive.manifest_for(edition, document, {}, {})
    archive.stage(folder, edition, document, body, copy=False, keeper=ended.pid)
    assert len(list(folder.parent.iterdir())) == 1
    archive.sweep(tmp_path)
    assert list(folder.parent.iterdir()) == []

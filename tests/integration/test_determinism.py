"""The same inputs give the same bytes: other hash seed, zone, locale, folder and order of files."""

import shutil

import pytest

ELSEWHERE = {
    "BRIEFING_CACHE": "off",  # what was made before would be the same bytes of course
    "PYTHONHASHSEED": "4711",
    "TZ": "America/Los_Angeles",
    "LC_ALL": "C",
    "LANG": "tr_TR.UTF-8",
    "SOURCE_DATE_EPOCH": "0",
    "HOME": "/nonexistent",
}
SEOUL = {"BRIEFING_CACHE": "off", "PYTHONHASHSEED": "1", "TZ": "Asia/Seoul", "LC_ALL": "C.UTF-8"}


def built(briefing, project, cwd, env, *args):
    ran = briefing(
        *("build", "-C", project.root, "--period", "2026-10", "--json", *args), cwd=cwd, env=env
    )
    assert ran.code == 0, ran.err
    (issue,) = ran.json["issues"]
    return issue["files"]


def test_the_shipped_report_is_the_same_bytes_elsewhere(
    briefing, built_issue, project_copy, tmp_path
):
    again, before = built(briefing, project_copy, tmp_path, ELSEWHERE), built_issue.hashes
    differing = [name for name in {**again, **before} if again.get(name) != before.get(name)]
    assert differing == []


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_small_report_is_the_same_bytes_elsewhere(briefing, small_project, tmp_path, language):
    deep, wanted = tmp_path / "deep/er", ("--language", language)
    deep.mkdir(parents=True)
    one = built(briefing, small_project, small_project.root, SEOUL, *wanted)
    two = built(briefing, small_project, deep, ELSEWHERE, *wanted, "--output", "two")
    assert one == two


def test_where_the_project_lies_does_not_matter(briefing, small_project, tmp_path):
    moved = tmp_path / "moved to 다른 곳"
    shutil.copytree(small_project.root, moved)
    args = ("build", "--period", "2026-10", "--format", "html", "--json")
    here = briefing(*args, cwd=small_project.root, env=SEOUL)
    there = briefing(*args, cwd=moved, env=ELSEWHERE)
    assert here.json["issues"][0]["files"] == there.json["issues"][0]["files"]

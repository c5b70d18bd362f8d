"""Code of the author's own: found beside the report, named, and reported when it is broken."""

from pathlib import Path

import pytest

from briefing.extensions import ExtensionError, load


@pytest.fixture
def folders(tmp_path: Path):
    made = (tmp_path / "report", tmp_path / "project")
    for folder in made:
        folder.mkdir()
    return made


def test_the_reports_own_module_comes_before_the_projects(folders):
    for folder in folders:
        (folder / "own.py").write_text(f"def made(frames):\n    return {folder.name!r}\n")
    assert load("own:made", folders)({}) == "report"
    (folders[0] / "own.py").unlink()
    assert load("own:made", folders)({}) == "project"


def test_two_reports_may_have_a_module_of_the_same_name(folders):
    for folder in folders:
        (folder / "own.py").write_text(f"def made(frames):\n    return {folder.name!r}\n")
    assert load("own:made", folders[:1])({}) != load("own:made", folders[1:])({})


def test_what_was_edited_is_loaded_anew(folders):
    own = folders[0] / "own.py"
    own.write_text("def made(frames):\n    return 1\n")
    assert load("own:made", folders)({}) == 1
    own.write_text("def made(frames):\n    return 2\n")
    assert load("own:made", folders)({}) == 2


def test_what_was_not_edited_is_loaded_once(folders):
    (folders[0] / "own.py").write_text("def made(frames):\n    return 1\n")
    assert load("own:made", folders) is load("own:made", folders)


def test_what_is_installed_is_found(folders):
    assert load("statistics:median", folders)([1, 2, 9]) == 2


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("own", "", "does not name a function"),
        ("own:", "", "does not name a function"),
        (":made", "", "does not name a function"),
        ("none:made", "", "cannot be imported"),
        ("own:made", "made = 5", "no function 'made'"),
        ("own:made", "", "no function 'made'"),
        ("own:made", "import nothing_like_this", "nothing_like_this"),
        ("own:made", "1 / 0", "ZeroDivisionError"),
        ("own:made", "def made(", "SyntaxError"),
        (".own:made", "", "cannot be imported"),
        ("own..x:made", "", "cannot be imported"),
    ],
)
def test_what_cannot_be_loaded_is_said(folders, name, text, part):
    (folders[0] / "own.py").write_text(text)
    with pytest.raises(ExtensionError) as refused:
        load(name, folders)
    assert part in refused.value.message
    assert refused.value.exit_code == 1


def test_a_module_outside_the_project_is_not_loaded(folders, tmp_path: Path):
    (tmp_path / "outside.py").write_text("def made(frames):\n    return 1\n")
    with pytest.raises(ExtensionError):
        load("../outside:made", folders)

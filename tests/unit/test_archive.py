"""An issue appears whole or not at all: the same again, others, broken ones, faults for real."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from briefing import archive
from briefing.errors import ArchiveError
from briefing.structures import Document

ROUNDS = 12
FILES = {f"tables/{number}.csv": b"x" * 2000 for number in range(120)}
WRITER = """
import sys
from datetime import date
from pathlib import Path
from briefing import archive
from briefing.periods import Period
from briefing.structures import Document, Edition
files = {f"tables/{n}.csv": b"x" * 2000 for n in range(120)}
edition = Edition("library-loans", Period.parse("2026-10"), date(2026, 10, 31), "en", {})
folder = archive.issue_folder(Path("output"), edition)
print("writing", flush=True)
turn = int(sys.argv[1])
while True:
    turn += 1
    document = Document({**files, "index.html": str(turn).encode() * 5000}, 1)
    manifest = archive.manifest_for(edition, document, {"data.csv": str(turn)}, {})
    archive.place(archive.stage(folder, edition, document, manifest, copy=False))
"""


@pytest.fixture
def document():
    return Document({"index.html": b"<p>Loans</p>", "tables/loans.csv": b"a,b\n"}, 1)


@pytest.fixture
def file(tmp_path: Path, edition):
    def make(document, inputs=None, versions=None, edition=edition, copy=False):
        folder = archive.issue_folder(tmp_path / "output", edition)
        manifest = archive.manifest_for(
            edition, document, inputs or {"data/loans.csv": "1"}, versions or {"briefing": "1"}
        )
        return archive.place(archive.stage(folder, edition, document, manifest, copy=copy))

    return make


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def whole(folder: Path) -> bool:
    """Whether the files are exactly those that the manifest names, byte by byte."""
    outputs = json.loads((folder / "manifest.json").read_text())["outputs"]
    present = everything(folder)
    del present["manifest.json"]
    return {name: sha256(body).hexdigest() for name, body in present.items()} == outputs


def test_where_an_issue_lies(edition):
    base = Path("output/library-loans/2026-10")
    assert archive.issue_folder(Path("output"), edition) == base / "en/r1"
    earlier = replace(edition, as_of=date(2026, 10, 15))
    assert archive.issue_folder(Path("output"), earlier) == base / "en/as-of-2026-10-15"
    place = replace(edition, parameters={"branch": "hill"})
    assert archive.issue_folder(Path("output"), place) == base / "hill-en/r1"


def test_a_new_issue_is_whole_and_readable(file, document):
    issue = file(document)
    assert issue.state == "new"
    assert whole(issue.folder)
    assert set(issue.files) == {"index.html", "tables/loans.csv", "manifest.json"}
    assert issue.folder.stat().st_mode & 0o777 == 0o755
    manifest = json.loads((issue.folder / "manifest.json").read_text())
    assert manifest["period"] == "2026-10"
    assert manifest["inputs"] == {"data/loans.csv": "1"}


def test_the_same_again_changes_nothing(file, document):
    folder = file(document).folder
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    issue = file(document)
    assert (issue.state, issue.changed) == ("unchanged", ())
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


@pytest.mark.parametrize(
    ("inputs", "versions", "files", "changed"),
    [
        ({"data/loans.csv": "2"}, None, None, ("data/loans.csv",)),
        ({"data/loans.csv": "1", "new.csv": "9"}, None, None, ("new.csv",)),
        ({"config.yaml": "1"}, None, None, ("config.yaml", "data/loans.csv")),
        (None, {"briefing": "2"}, None, ("briefing",)),
        (None, None, {"index.html": b"other"}, ("index.html", "tables/loans.csv")),
    ],
)
def test_a_draft_is_rebuilt_in_place_and_says_what_changed(
    file, document, inputs, versions, files, changed
):
    file(document)
    issue = file(replace(document, files=files or document.files), inputs, versions)
    assert (issue.state, issue.changed) == ("rebuilt", changed)
    assert whole(issue.folder)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "index.html").write_bytes(b"<p>Lones</p>"),
        lambda folder: (folder / "index.html").unlink(),
        lambda folder: (folder / "extra.txt").write_bytes(b"x"),
        lambda folder: (folder / "tables/loans.csv").write_bytes(b""),
        lambda folder: (folder / "manifest.json").write_bytes(b"{"),
        lambda folder: (folder / "manifest.json").write_bytes(b"[]"),
        lambda folder: (folder / "manifest.json").unlink(),
        lambda folder: (folder / "manifest.json").write_bytes(b"\xff\xfe"),
    ],
    ids="changed removed added emptied broken-json other-json no-manifest no-text".split(),
)
def test_damage_in_the_archive_is_noticed_and_mended(file, document, damage):
    folder = file(document).folder
    damage(folder)
    issue = file(document)
    assert issue.state in {"rebuilt", "new"}
    assert whole(folder)
    assert set(everything(folder)) == set(issue.files)
    assert file(document).state == "unchanged"


def test_a_copy_says_so(file, document, edition):
    copy = file(document, edition=replace(edition, as_of=date(2026, 10, 15)), copy=True)
    assert copy.state == "copy"
    assert copy.folder.name == "as-of-2026-10-15"
    assert file(document).folder.name == "r1"


def test_nothing_half_made_lies_beside_an_issue(file, document):
    issue = file(document)
    file(document, {"data/loans.csv": "2"})
    assert [path.name for path in issue.folder.parent.iterdir()] == ["r1"]


def test_the_manifest_is_the_same_whatever_the_order_of_what_it_names(edition, document):
    turned = replace(document, files=dict(reversed(document.files.items())))
    one = archive.manifest_for(edition, document, {"a": "1", "b": "2"}, {"x": "1", "y": "2"})
    two = archive.manifest_for(edition, turned, {"b": "2", "a": "1"}, {"y": "2", "x": "1"})
    assert one == two


def test_a_file_in_the_way_is_said_and_left_alone(tmp_path: Path, document, edition):
    (tmp_path / "output").write_text("mine")
    folder = archive.issue_folder(tmp_path / "output", edition)
    manifest = archive.manifest_for(edition, document, {}, {})
    with pytest.raises(ArchiveError, match="could not be written to") as refused:
        archive.place(archive.stage(folder, edition, document, manifest, copy=False))
    assert refused.value.hint
    assert (tmp_path / "output").read_text() == "mine"


def child(code: str, *args: str, cwd: Path, **more: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *args],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


ONCE = WRITER.replace("while True:", "for _ in range(1):").replace(
    'print("writing", flush=True)', "BEFORE"
)


def test_a_folder_that_may_only_be_read_is_said_and_stays_as_it_was(tmp_path: Path, file, document):
    """Run without root's rights, which no permission stops."""
    folder = file(document).folder
    before = everything(folder)
    folder.parent.chmod(0o555)
    leave = "import os; os.setuid(65534) if os.geteuid() == 0 else None"
    process = child(ONCE.replace("BEFORE", leave), "1", cwd=tmp_path)
    _, err = process.communicate(timeout=60)
    folder.parent.chmod(0o755)
    assert process.returncode != 0
    assert "ArchiveError: The issue could not be written to" in err
    assert "Permission denied" in err
    assert everything(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["r1"]


def test_a_disk_that_is_full_leaves_the_old_issue_and_nothing_else(tmp_path: Path, file, document):
    """A real limit of the kernel on the size of files stands for the full disk."""
    folder = file(document).folder
    before = everything(folder)

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    process = child(ONCE.replace("BEFORE", "pass"), "1", cwd=tmp_path, preexec_fn=small_files)
    _, err = process.communicate(timeout=60)
    assert "ArchiveError: The issue could not be written to" in err
    assert everything(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["r1"]


def test_a_writer_that_is_killed_leaves_the_old_issue_or_the_new_one_whole(tmp_path, edition):
    folder = archive.issue_folder(tmp_path / "output", edition)
    chance = random.Random(20261031)
    seen = set()
    for number in range(ROUNDS):
        process = child(WRITER, str(number * 1000), cwd=tmp_path)
        assert process.stdout.readline() == "writing\n"
        time.sleep(chance.uniform(0.05, 0.4))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        if folder.exists():
            assert whole(folder), f"half an issue after round {number}"
            assert len(everything(folder)) == len(FILES) + 2
            seen.add(json.loads((folder / "manifest.json").read_text())["inputs"]["data.csv"])
    assert seen, "no round came as far as an issue"


def test_after_a_killed_writer_the_next_build_goes_through(tmp_path, edition, document):
    process = child(WRITER, "0", cwd=tmp_path)
    process.stdout.readline()
    time.sleep(0.2)
    process.kill()
    process.communicate(timeout=60)
    folder = archive.issue_folder(tmp_path / "output", edition)
    manifest = archive.manifest_for(edition, document, {}, {})
    issue = archive.place(archive.stage(folder, edition, document, manifest, copy=False))
    assert whole(issue.folder)
    assert set(everything(folder)) == set(issue.files)


def test_two_writers_at_once_leave_one_whole_issue(tmp_path, edition):
    processes = [
        child(WRITER.replace("while True:", "for _ in range(8):"), str(n), cwd=tmp_path)
        for n in (0, 500)
    ]
    ended = [process.communicate(timeout=120) for process in processes]
    folder = archive.issue_folder(tmp_path / "output", edition)
    assert whole(folder)
    assert [process.returncode for process in processes] == [0, 0], ended

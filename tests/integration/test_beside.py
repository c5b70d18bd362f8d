"""A PDF printed beside the rest of its issue is the same PDF, whatever happens to who prints it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.conftest import ProjectFolder, run_briefing

PROGRAM = """
import os, signal
from briefing.errors import RenderError
from briefing.executors import PRINTING, beside, warm_up

{work}

if __name__ == "__main__":
    warm_up(PRINTING)
    print(beside(work, ("word",))(), os.getpid())
"""


STAYING = """
import os
from briefing.errors import RenderError
from briefing.executors import PRINTING, beside, staying, warm_up

def work(word):
    if word == "die" and os.getppid() != int(os.environ["PARENT"]):
        os._exit(3)
    if word == "fail":
        raise RenderError("wrong.", "Mend it.")
    return os.getpid()

def tried(word):
    try:
        return beside(work, (word,))()
    except RenderError as error:
        return str(error)

if __name__ == "__main__":
    warm_up(PRINTING)
    with staying():
        print(tried("a"), tried("b"))
        print(tried("fail"))
        print(tried("c"), tried("die"), tried("d"), os.getpid())
    print(tried("e"), tried("f"))
"""


def ran(work: str, tmp_path) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "program.py"
    path.write_text(work if "__main__" in work else PROGRAM.replace("{work}", work), "utf-8")
    return subprocess.run(
        [sys.executable, str(path)],
        env={**os.environ, "PARENT": str(os.getpid())},  # noqa: TID251
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_work_beside_is_done_in_a_process_of_its_own(tmp_path):
    done = ran('def work(word):\n    return f"{word} {os.getpid()}"\n', tmp_path)
    assert done.returncode == 0, done.stderr
    word, there, here = done.stdout.split()
    assert word == "word"
    assert here != there


def test_where_the_one_beside_is_killed_the_work_is_done_here(tmp_path):
    work = (
        "def work(word):\n"
        "    if os.getppid() != int(os.environ['PARENT']):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return word\n"
    )
    done = ran(work, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("word ")


def test_what_the_one_beside_complains_of_is_heard_here(tmp_path):
    work = "def work(word):\n    raise RenderError(f'{word} is wrong.', 'Mend it.')\n"
    done = ran(work, tmp_path)
    assert done.returncode != 0
    assert "word is wrong. Mend it." in done.stderr


def test_one_who_stays_does_the_next_work_too(tmp_path):
    done = ran(STAYING, tmp_path)
    assert done.returncode == 0, done.stderr
    stayed, failed, killed, gone = (line.split() for line in done.stdout.splitlines())
    assert stayed[0] == stayed[1]
    assert failed == ["wrong.", "Mend", "it."]
    assert killed[0] == stayed[0]
    assert killed[1] == killed[3]  # done here, as the one beside died of it
    assert killed[2] not in {stayed[0], killed[3]}
    assert len({*gone, killed[2], killed[3]}) == 4


@pytest.mark.parametrize("formats", ["pdf", "pdf,html"])
def test_a_pdf_printed_beside_has_the_same_bytes(small_project, briefing, formats):
    args = ("build", "--output", "there", "--format", formats)
    off = {"BRIEFING_CACHE": "off"}
    alone = briefing(*args, "--workers", "1", cwd=small_project.root, env=off)
    folder = small_project.root / "there"
    first = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for path in first:
        path.unlink()
    beside = briefing(*args, cwd=small_project.root, env=off)
    assert (alone.code, beside.code) == (0, 0), alone.err + beside.err
    assert {path: path.read_bytes() for path in first} == first
    assert any(path.suffix == ".pdf" for path in first)


@pytest.mark.parametrize(
    "more", [("--workers", "1"), (), ("--language", "all")], ids=["here", "beside", "pool"]
)
def test_nothing_is_left_in_the_folder_for_temporary_files(small_project: ProjectFolder, more):
    with TemporaryDirectory(prefix="b") as folder:
        words = ("build", "--period", "2026-10", *more)
        built = run_briefing(*words, cwd=small_project.root, env={"TMPDIR": folder})
        assert built.code == 0, built.said
        assert not list(Path(folder).iterdir())


def test_the_folder_for_temporary_files_may_have_a_long_name(small_project: ProjectFolder):
    folder = small_project.root / ("temporary" * 12)
    folder.mkdir()
    words = ("build", "--period", "2026-10", "--language", "all", "--format", "html")
    built = run_briefing(*words, cwd=small_project.root, env={"TMPDIR": str(folder)})
    assert built.code == 0, built.said
    assert not list(Path(folder).iterdir())

"""The bench's folders: the peers' venv, the frozen naive state, copies of the project."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from benchmarks.measuring import BenchError

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".briefing" / "bench"
NAIVE = "b2f9da6"
"""The commit that the naive peer renders: this project before it was made fast."""
LOCK = Path(__file__).with_name("requirements.lock")
CONTENT = ("config.yaml", "data", "report_templates")
_LEFT_OUT = ("BRIEFING_CACHE", "PYTHONDONTWRITEBYTECODE")
"""Without compiled modules, a contender would compile its own anew in each round."""
PERIOD, QUARTER = "2026-10", "2026-Q3"
"""Of the national briefing, and of the profiles of the regions."""


@dataclass(frozen=True)
class Workshop:
    """Where the bench works.

    Attributes:
        place: the folder for everything that it writes.
        chromium: the browser's path.
        edition: of the regions' profiles: all, or the one that shows whether the bench runs.
    """

    place: Path
    chromium: str
    edition: str = "all"

    @property
    def ours(self) -> str:
        """The project's Python."""
        return sys.executable

    @property
    def theirs(self) -> str:
        """The peers' Python, which knows the project's libraries too."""
        return str(self.place / "venv" / "bin" / "python")

    @property
    def naive(self) -> Path:
        """The frozen state."""
        return self.place / "naive"

    @property
    def log(self) -> Path:
        """What the contenders print."""
        return self.place / "contenders.log"

    def environ(self, source: Path = ROOT, *, cache: bool = False) -> dict[str, str]:
        """The environment of a contender.

        Args:
            source: the tree whose ``src`` is imported.
            cache: whether this project may reuse what it made before.
        """
        paths = f"{source / 'src'}{os.pathsep}{ROOT}"
        plain = {"PYTHONPATH": paths, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
        return {
            **{key: value for key, value in os.environ.items() if key not in _LEFT_OUT},
            **plain,
            "BENCH_CHROMIUM": self.chromium,
            "BENCH_PERIOD": PERIOD,
            "BENCH_QUARTER": QUARTER,
            "BENCH_EDITION": self.edition,
            **({} if cache else {"BRIEFING_CACHE": "off"}),
        }

    def fresh(self, name: str) -> Path:
        """An empty folder of that name."""
        folder = self.place / "work" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def copy_of_project(self, name: str) -> Path:
        """A copy of the shipped project with an archive, a ledger and a cache of its own."""
        folder = self.fresh(name)
        for part in CONTENT:
            here = ROOT / part
            if here.is_dir():
                shutil.copytree(here, folder / part)
            else:
                shutil.copy(here, folder / part)
        return folder


def workshop(place: Path = PLACE, *, quick: bool = False) -> Workshop:
    """The bench's folders; the browser is looked up, nothing else is made yet.

    Raises:
        BenchError: there is no browser.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise BenchError("There is no chromium on the path. Install it: apt-get install chromium")
    place.mkdir(parents=True, exist_ok=True)
    return Workshop(place, chromium, "KR-27" if quick else "all")


def install_peers(shop: Workshop) -> None:
    """Install the peers into a venv of the bench's own, from a lock file with hashes.

    The venv finds the libraries of the project's venv behind its own, through a .pth file.

    Raises:
        BenchError: they could not be installed.
    """
    venv, stamp = shop.place / "venv", shop.place / "venv" / "installed"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return
    print("== installing the peers (about 170 MB to fetch) ...", flush=True)
    shutil.rmtree(venv, ignore_errors=True)
    pip = (str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install")
    how = ("--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK))
    _must([sys.executable, "-m", "venv", str(venv)])
    _must([*pip, *how])
    own = next(path for path in sys.path if path.endswith("site-packages"))
    there = next((venv / "lib").glob("python*/site-packages"))
    (there / "project.pth").write_text(f"{own}\n", encoding="utf-8")
    stamp.write_text(wanted, encoding="ascii")  # last: half an installation is none


def extract_naive(shop: Workshop) -> None:
    """Lay the frozen state out beside the project.

    Raises:
        BenchError: the commit is not in this clone.
    """
    stamp = shop.naive / "extracted"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == NAIVE:
        return
    archived = subprocess.run(
        ["git", "archive", NAIVE, *CONTENT, "src"], cwd=ROOT, capture_output=True, check=False
    )
    if archived.returncode:
        raise BenchError(
            f"The commit {NAIVE}, against which the bench compares, is not in this clone: "
            f"{archived.stderr.decode().strip()}\n"
            "Fetch the whole history: git fetch --unshallow"
        )
    shutil.rmtree(shop.naive, ignore_errors=True)
    with tarfile.open(fileobj=BytesIO(archived.stdout)) as files:
        files.extractall(shop.naive, filter="data")
    stamp.write_text(NAIVE, encoding="ascii")


def content_differs() -> list[str]:
    """The files of data and reports that are not what they were in the frozen state."""
    said = subprocess.run(
        ["git", "diff", "--name-only", NAIVE, "--", *CONTENT],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.split()


def _must(command: Sequence[str]) -> None:
    ended = subprocess.run(list(command), capture_output=True, text=True, check=False)
    if ended.returncode:
        raise BenchError(
            f"{' '.join(command)}\nended with {ended.returncode}:\n{ended.stderr[-2000:]}"
        )

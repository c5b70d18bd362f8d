"""What this machine has and lacks.

Needs nothing but Python itself, so that ``python -m briefing.doctor [--install]`` works on a
machine where none of the locked libraries is installed yet.
"""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zoneinfo
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from briefing.errors import BriefingError

PYTHON_NEEDED = (3, 11)
LIBRARIES = tuple(
    "pandas jinja2 weasyprint matplotlib apscheduler pydantic typer pyyaml babel".split()
)
FONT_PACKAGE = "koreanize_matplotlib"
FONTS = ("NanumGothic.ttf", "NanumGothicBold.ttf")
TIME_ZONE = "Asia/Seoul"
LOCKED = "make briefing"  # the remedy for whatever the lock file brings
SLOW = "font subsetting would take 100 times as long without it"

Run = Callable[..., "subprocess.CompletedProcess[Any]"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked for.

    Attributes:
        name: what was looked for.
        ok: whether it is there and fit for use.
        detail: what was found, or what its absence means.
        remedy: what to do about it; empty where nothing needs doing.
        required: whether no issue can be built without it.
    """

    name: str
    ok: bool
    detail: str
    remedy: str
    required: bool


@dataclass(frozen=True)
class _SharedLibrary:
    """A library of the system that WeasyPrint loads: ``lib{stem}.so.{version}``."""

    name: str
    stem: str
    version: int
    package: str  # Debian's and Ubuntu's
    without: str = "no PDF can be made without it"


_SHARED = (
    _SharedLibrary("GObject", "gobject-2.0", 0, "libglib2.0-0"),
    _SharedLibrary("Pango", "pango-1.0", 0, "libpango-1.0-0"),
    _SharedLibrary("HarfBuzz", "harfbuzz", 0, "libharfbuzz0b"),
    _SharedLibrary("HarfBuzz-Subset", "harfbuzz-subset", 0, "libharfbuzz-subset0", SLOW),
    _SharedLibrary("Fontconfig", "fontconfig", 1, "libfontconfig1"),
    _SharedLibrary("PangoFT2", "pangoft2-1.0", 0, "libpangoft2-1.0-0"),
)
_PACKAGES = {library.name: library.package for library in _SHARED}


def _say(line: str) -> None:
    print(line, flush=True)


def examine(project: Path) -> list[Check]:
    """Look at everything that a build in ``project`` needs."""
    locked = _locked_versions(project)
    return [
        *examine_system(),
        *(_library(name, locked) for name in LIBRARIES),
        *(_font(file) for file in FONTS),
        _time_zones(),
        _output(project / "output"),
    ]


def examine_system() -> list[Check]:
    """Look at what no Python package brings: Python itself and the shared libraries."""
    return [_python(), *(_shared(library) for library in _SHARED)]


def missing_packages(checks: Iterable[Check]) -> list[str]:
    """Name the Debian or Ubuntu packages that would mend the checks that failed."""
    return [_PACKAGES[c.name] for c in checks if not c.ok and c.name in _PACKAGES]


def install_missing(
    checks: Iterable[Check], run: Run = subprocess.run, tell: Callable[[str], None] = _say
) -> list[str]:
    """Install the system packages that are missing, and return their names.

    Raises:
        BriefingError: they cannot be installed from here; one line that names them.
    """
    if not (packages := missing_packages(checks)):
        return []
    names = " ".join(packages)
    refusal = BriefingError(
        f"These system packages are missing and cannot be installed from here: {names}.",
        f"Run as root: apt-get install {names}",
    )
    if (prefix := _root_prefix(run)) is None:
        raise refusal
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    apt += ["-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=300"]
    tell("== fetching the list of system packages ...")
    # An old list often still serves, and one dead source of several is no reason to give up.
    if run([*apt, "update"], check=False).returncode != 0:
        tell("   not all of it could be fetched; going on with what there is")
    tell(f"== installing {len(packages)} system packages ...")
    apt += ["install", "-y", "--no-install-recommends", *packages]
    if run(apt, check=False).returncode != 0:
        raise refusal
    return packages


def _root_prefix(run: Run) -> list[str] | None:
    """Return what to put before a command so that root runs it, or None if nothing would do."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    asked = run(["sudo", "-n", "true"], check=False, capture_output=True)
    return ["sudo", "-n"] if asked.returncode == 0 else None


def _python() -> Check:
    needed = ".".join(map(str, PYTHON_NEEDED))
    found = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= PYTHON_NEEDED
    remedy = "" if ok else f"install Python {needed} or newer, then: make briefing PYTHON=..."
    return Check("Python", ok, f"{found} (needs {needed} or newer)", remedy, required=True)


def _shared(library: _SharedLibrary) -> Check:
    """Load it as WeasyPrint does; the exact file goes first, as a search may start a compiler."""
    exact = f"lib{library.stem}.so.{library.version}"
    found = exact if _loads(exact) else ctypes.util.find_library(library.stem)
    if found and _loads(found):
        return Check(library.name, True, found, "", required=True)
    remedy = f"apt-get install {library.package}"
    return Check(library.name, False, library.without, remedy, required=True)


def _loads(file: str) -> bool:
    try:
        ctypes.CDLL(file)
    except OSError:
        return False
    return True


def _time_zones() -> Check:
    try:
        zoneinfo.ZoneInfo(TIME_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        detail = f"{TIME_ZONE} is unknown; no period can be placed"
        return Check("time zones", False, detail, LOCKED, required=True)
    return Check("time zones", True, TIME_ZONE, "", required=True)


def _locked_versions(project: Path) -> dict[str, str]:
    lock = project / "requirements.lock"
    text = lock.read_text("utf-8") if lock.is_file() else ""
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", text, re.MULTILINE))


def _library(name: str, locked: dict[str, str]) -> Check:
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Check(name, False, "not installed", LOCKED, required=True)
    wanted = locked.get(name.replace(".", "-"), found)
    if found != wanted:
        return Check(name, False, f"{found} (the lock says {wanted})", LOCKED, required=False)
    return Check(name, True, found, "", required=True)


def _font(file: str) -> Check:
    spec = importlib.util.find_spec(FONT_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(folder) / "fonts" / file).is_file():
            return Check(f"font {file}", True, f"from {FONT_PACKAGE}", "", required=True)
    return Check(f"font {file}", False, "not found; Korean has no glyphs", LOCKED, required=True)


def _output(folder: Path) -> Check:
    place = folder if folder.exists() else folder.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        remedy = f"let the user who builds write in {place}"
        return Check("output folder", False, f"{folder}: {error.strerror}", remedy, required=True)
    return Check("output folder", True, f"{folder} can be written", "", required=True)


def _line(check: Check) -> str:
    state = "ok     " if check.ok else "LACKING" if check.required else "differs"
    remedy = f" -> {check.remedy}" if check.remedy else ""
    return f"{state} {check.name}: {check.detail}{remedy}"


def main(argv: Sequence[str] | None = None) -> int:
    """Examine this machine, say what it lacks, and with ``--install`` install that."""
    parser = argparse.ArgumentParser(prog="briefing.doctor", description=__doc__)
    parser.add_argument("--install", action="store_true", help="install missing system packages")
    parser.add_argument("--system", action="store_true", help="leave the Python packages out")
    parser.add_argument("--project", type=Path, default=Path(), help="the project's folder")
    chosen = parser.parse_args(argv)
    look = examine_system if chosen.system else partial(examine, chosen.project)
    try:
        if chosen.install:
            install_missing(look())
    except BriefingError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    checks = look()
    for check in checks:
        if not (check.ok and chosen.install):
            _say(_line(check))
    return BriefingError.exit_code if any(c.required and not c.ok for c in checks) else 0


if __name__ == "__main__":
    raise SystemExit(main())

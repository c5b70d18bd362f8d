"""The answer of an unchanged ``briefing build``, given before any command is loaded.

When issues have been built, it is remembered what exactly was asked, and every file that the
answer rests on: the project's, the readers', the program's, the issues in the archive. Asked the
same again on the same day, with all of them still the same and the ledger still saying so, the
answer is what a build would print. In any doubt there is none, and the build goes its usual way.

Only the standard library is used for the answer, and little of it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from briefing import stamps
from briefing.cache import Cache, cache_folder, key_of
from briefing.ledger.glance import is_at_rest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from briefing.structures import Issue, Project

_SQLITE = "sqlite:///"


def answer(words: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """What ``briefing build`` would print, where it would find everything unchanged; else None.

    Args:
        words: the command line without the program's name.
        environ: the environment; ``BRIEFING_CACHE=off`` switches this off.
    """
    if words[:1] != ["build"]:
        return None
    try:
        root = _root(words)
        cache = Cache(cache_folder(root, environ))
        body = cache.get(_key(words, root))
        known = json.loads(body) if body else None
        return str(known["said"]) if known and _still_holds(known) else None
    except (OSError, ValueError, KeyError, TypeError):  # whatever it is: build it, and see
        return None


def remember(words: Sequence[str], project: Project, issues: Sequence[Issue], said: str) -> None:
    """Remember what a build would print if it found everything unchanged.

    Nothing is remembered where own code decides, where a file was changed during the build, or
    where the ledger cannot be glanced at.

    Args:
        words: the command line without the program's name.
        issues: what was built.
        said: that answer.
    """
    if words[:1] != ["build"] or not project.cache or not issues or _is_own(project, issues):
        return
    ledger = _ledger_file(project)
    copies = [issue.folder.name.startswith("as-of-") for issue in issues]
    inside = [issue.folder.is_relative_to(project.output) for issue in issues]
    at_rest = [fits and not copy for fits, copy in zip(inside, copies, strict=True)]
    if ledger is None and any(at_rest):
        return
    folders = [str(project.reports[name].folder.parent) for name in project.reports][:1]
    mail = project.channels.mail
    named = [mail.ca_file, mail.archive and mail.archive.ca_file] if mail else []
    named += [*project.inputs.values(), *project.deliveries.files]
    paths = {str(path) for path in named if path}
    paths.update(path for folder in folders for path in stamps.files_in(folder))
    if not all(stamps.is_older(path, project.read_at) for path in paths):
        return
    program = {path: stamps.stamp_of(path) for path in stamps.program_files()}
    from briefing.program import PROGRAM

    if stamps.surroundings(program) != PROGRAM:
        return
    known = {
        "said": said,
        "zone": project.timezone,
        "day": _day(project.timezone),
        "installed": stamps.installed(),
        "program": program,
        "files": {path: stamps.stamp_of(path) for path in sorted(paths)},
        "folders": {folder: sorted(stamps.files_in(folder)) for folder in folders},
        "ledger": str(ledger) if ledger else "",
        "issues": [
            {
                "folder": str(issue.folder),
                "files": dict(issue.files),
                "row": [issue.report, issue.edition, issue.period, _revision(issue)],
                "at_rest": rests,
            }
            for issue, rests in zip(issues, at_rest, strict=True)
        ],
    }
    body = json.dumps(known, ensure_ascii=False).encode("utf-8", "surrogatepass")
    Cache(project.cache).put(_key(words, project.root), body)


def _is_own(project: Project, issues: Sequence[Issue]) -> bool:
    """Whether code of the project's own takes part, which may read anything."""
    tables = [table for issue in issues for table in project.reports[issue.report].tables]
    return any(table.use for table in tables) or any(
        channel.use for channel in project.deliveries.channels
    )


def _ledger_file(project: Project) -> Path | None:
    """Where the ledger lies; None where it is no file, or a secret says where."""
    url = project.channels.state.text
    if not url.startswith(_SQLITE) or set(url) & set("?$%"):
        return None
    return (project.root / url.removeprefix(_SQLITE)).resolve()


def _revision(issue: Issue) -> int:
    number = issue.folder.name.removeprefix("r")
    return int(number) if number.isdecimal() else 0


def _root(words: Sequence[str]) -> Path:
    """The project's folder that a command line names."""
    named = ""
    for number, word in enumerate(words):
        if word in {"-C", "--project"} and number + 1 < len(words):
            named = words[number + 1]
        elif word.startswith("--project="):
            named = word.partition("=")[2]
        elif word.startswith("-C") and len(word) > 2:
            named = word[2:]
    return Path(named).resolve()


def _key(words: Sequence[str], root: Path) -> str:
    here = str(Path().absolute())
    return key_of("answer", json.dumps(list(words)), here, str(root))


def _day(zone: str) -> str:
    return datetime.now(ZoneInfo(zone)).date().isoformat()


def _still_holds(known: dict[str, Any]) -> bool:
    """Whether all that the answer rests on is what it was."""
    return (
        known["day"] == _day(known["zone"])
        and known["installed"] == stamps.installed()
        and list(known["program"]) == stamps.program_files()
        and stamps.differing(known["program"]) is None
        and all(
            found == sorted(stamps.files_in(folder)) for folder, found in known["folders"].items()
        )
        and stamps.differing(known["files"]) is None
        and all(_is_filed(issue, known["ledger"]) for issue in known["issues"])
    )


def _is_filed(issue: dict[str, Any], ledger: str) -> bool:
    """Whether the archive holds exactly that issue, and the ledger says so too."""
    folder, files = issue["folder"], issue["files"]
    found = {os.path.relpath(path, folder) for path in stamps.files_in(folder)}
    if found != set(files):
        return False
    for name, digest in files.items():
        if hashlib.sha256((Path(folder) / name).read_bytes()).hexdigest() != digest:
            return False
    if not issue["at_rest"]:
        return True
    report, edition, period, revision = issue["row"]
    manifest = files["manifest.json"]
    return is_at_rest(Path(ledger), (report, edition, period, revision), manifest)

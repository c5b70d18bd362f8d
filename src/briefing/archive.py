"""Stage 7, file: an issue appears in the archive whole or not at all.

It is first staged: written and flushed beside its place; then placed, with one rename. Between
the two, whoever builds asks the ledger whether the issue is still theirs to publish.

``output/<report>/<period>/<edition>/r1`` holds the files and ``manifest.json``: what was made,
from which inputs, by which versions, each with its SHA-256, and no time of day. An issue that
nobody has received is a draft: built again from other inputs, it is replaced in place; built
again from the same, it comes out the same, and the archive says so. One that somebody has is never
replaced: a correction is filed beside it, as ``r2`` and on, and names what it supersedes.
"""

from __future__ import annotations

import ctypes
import errno
import glob
import hashlib
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from briefing.errors import ArchiveError, UsageError
from briefing.periods import Period
from briefing.structures import KNOWN, Document, Edition, Issue, KnownRecord, Superseded, Verdict

MANIFEST = "manifest.json"
_REVISIONS = "r[0-9]*"
_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)
_AT_FDCWD = -100


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def issue_folder(output: Path, edition: Edition, revision: int = 1) -> Path:
    """Where an edition is filed; a copy as of another day lies beside the issue."""
    if edition.as_of != edition.period.end:
        return _folder(output, edition) / f"as-of-{edition.as_of.isoformat()}"
    return _folder(output, edition) / f"r{revision}"


def _folder(output: Path, edition: Edition) -> Path:
    return output / edition.report / str(edition.period) / edition.name


def latest_revision(output: Path, edition: Edition) -> int:
    """The highest revision that is filed; 0 where there is none."""
    found = _folder(output, edition).glob(f"{_REVISIONS}/{MANIFEST}")
    return max((_number(path.parent) for path in found), default=0)


def newest_folder(output: Path, edition: Edition) -> Path:
    """Where the newest revision lies; a copy as of another day has only one."""
    return issue_folder(output, edition, latest_revision(output, edition) or 1)


def _number(folder: Path) -> int:
    """The revision that a folder is named after; 0 for any other folder."""
    number = folder.name.removeprefix("r")
    return int(number) if number.isdecimal() else 0


def superseded(output: Path, edition: Edition, revision: int) -> Superseded:
    """The revision before that one, exactly as it was filed.

    Raises:
        UsageError: it is not in the archive.
        ArchiveError: its files are not those that were filed.
    """
    folder = issue_folder(output, replace(edition, as_of=edition.period.end), revision - 1)
    filed = _read_manifest(folder)
    if not filed:
        raise UsageError(f"There is nothing to correct: no issue is filed in {folder}.")
    outputs, body = filed["outputs"], (folder / MANIFEST).read_bytes()
    if not _intact(folder, {**outputs, MANIFEST: digest(body)}):
        what = f"{folder} is not what was filed, so no correction can say what it replaces."
        raise ArchiveError(what, "Bring it back from a backup, and build again.")
    files = {name: (folder / name).read_bytes() for name in outputs}
    name = str((folder / MANIFEST).relative_to(output))
    return Superseded(folder.name, name, digest(body), files)


def previous_issue(output: Path, edition: Edition) -> tuple[Path, Period, date] | None:
    """The issue before: same report and edition, greatest earlier period, highest revision.

    Returns:
        Its folder, its period and its as-of day; None where there is none.
    """
    found: list[tuple[date, int, Path, Period]] = []
    for folder in (output / edition.report).glob(f"*/{glob.escape(edition.name)}/r*"):
        number = _number(folder)
        try:
            period = Period.parse(folder.parent.parent.name)
        except ValueError:
            continue
        if not number or period.grain != edition.period.grain:
            continue
        if period.end < edition.period.start and (folder / MANIFEST).is_file():
            found.append((period.end, number, folder, period))
    if not found:
        return None
    _, _, folder, period = max(found, key=lambda item: item[:2])
    manifest = _read_manifest(folder) or {}
    try:
        return folder, period, date.fromisoformat(str(manifest.get("as_of", period.end)))
    except ValueError:
        return folder, period, period.end


def known_records(folder: Path) -> tuple[KnownRecord, ...] | None:
    """The records as a filed issue knew them; None where it kept none."""
    try:
        body = json.loads((folder / KNOWN).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    try:
        return tuple(KnownRecord(id=key, **value) for key, value in body.items())
    except (AttributeError, TypeError):
        return None  # damaged: as if nothing had been kept


def manifest_for(
    edition: Edition,
    document: Document,
    inputs: Mapping[str, str],
    versions: Mapping[str, str],
    correction: Mapping[str, Any] | None = None,
) -> bytes:
    """What the issue is made of and from, in a form that never changes by itself.

    Args:
        correction: revision, reason and what it supersedes; None for a first revision.
    """
    body = {
        "report": edition.report,
        "period": str(edition.period),
        "edition": edition.name,
        **(correction or {}),
        "language": edition.language,
        "parameters": dict(edition.parameters),
        "as_of": edition.as_of.isoformat(),
        "pages": document.pages,
        "versions": dict(sorted(versions.items())),
        "inputs": dict(sorted(inputs.items())),
        "outputs": {path: digest(content) for path, content in sorted(document.files.items())},
    }
    return (json.dumps(body, ensure_ascii=False, indent=2) + "\n").encode()


@dataclass(frozen=True)
class Staged:
    """A finished issue beside its place in the archive, ready to be moved in with one rename.

    Attributes:
        making: the folder that holds it; None where exactly this issue lies there already.
        verdict: whether it goes to its readers; None where nobody receives its report.
    """

    issue: Issue
    making: Path | None
    verdict: Verdict | None = None

    @property
    def manifest(self) -> str:
        """SHA-256 of the manifest, which stands for the whole issue."""
        return self.issue.files[MANIFEST]


def stage(
    folder: Path,
    edition: Edition,
    document: Document,
    manifest: bytes,
    *,
    copy: bool,
    keeper: int | None = None,
) -> Staged:
    """Write the issue beside its place, unless exactly this one lies there already.

    Args:
        folder: from ``issue_folder``.
        copy: the build leaves the sealed archive alone (other as-of day or other output).
        keeper: the process that will move it in; it is swept away when that is gone. This
            process where not given.

    Raises:
        ArchiveError: the files cannot be written; what lay there before is untouched.
    """
    content = {**document.files, MANIFEST: manifest}
    files = {path: digest(body) for path, body in sorted(content.items())}
    before = _read_manifest(folder)
    state = "new"
    changed: tuple[str, ...] = ()
    if before is not None:
        if before == json.loads(manifest) and _intact(folder, files):
            state = "unchanged"
        else:
            state, changed = "rebuilt", _differences(before, json.loads(manifest))
    shown = "copy" if copy and state == "new" else state
    issue = Issue(edition.report, str(edition.period), edition.name, folder, files, shown, changed)
    if state == "unchanged":
        return Staged(issue, None)
    try:
        return Staged(issue, _write(folder, content, keeper or os.getpid()))
    except OSError as error:
        raise _not_written(folder, error) from error


def place(staged: Staged) -> Issue:
    """Move a staged issue to its place with one rename.

    Called again after it was moved, it does nothing.

    Raises:
        ArchiveError: it cannot be moved, or somebody has swept it away.
    """
    folder, making = staged.issue.folder, staged.making
    if making is None:
        return staged.issue
    try:
        if _has_manifest(making, staged.manifest):  # else it was moved in, or is gone
            _move_in(making, folder)
        elif not _has_manifest(folder, staged.manifest):
            raise FileNotFoundError(errno.ENOENT, "what was staged is gone")
    except OSError as error:
        raise _not_written(folder, error) from error
    return staged.issue


def discard(staged: Staged) -> None:
    """Throw away what is staged, or what was exchanged for it."""
    if staged.making is not None:
        shutil.rmtree(staged.making, ignore_errors=True)


def filed_issues(output: Path) -> Iterator[tuple[Path, dict[str, Any], str]]:
    """Every revision of every issue: its folder, its manifest, the SHA-256 of that."""
    for path in sorted(output.glob(f"*/*/*/{_REVISIONS}/{MANIFEST}")):
        if _number(path.parent) and (found := _read_manifest(path.parent)):
            yield path.parent, found, digest(path.read_bytes())


def sweep(output: Path) -> None:
    """Remove what killed builds left behind; what a living one makes is left alone."""
    for left in output.glob(f"*/*/*/.{_REVISIONS}-*-*"):
        _sweep(left.parent / left.name[1:].partition("-")[0])


def sweep_after(output: Path, issue: str, maker: int) -> None:
    """Remove what a child of this process that was given up has left beside its issue.

    Args:
        issue: report/period/edition/revision.
        maker: the process id that it had.
    """
    folder = output / issue
    beginning = f".{folder.name}-{_machine()}-{os.getpid()}-{maker}-"
    with suppress(OSError):
        for left in folder.parent.glob(f"{beginning}*"):
            shutil.rmtree(left, ignore_errors=True)


def _not_written(folder: Path, error: OSError) -> ArchiveError:
    return ArchiveError(
        f"The issue could not be written to {folder}: {error.strerror or error}.",
        "Make room or give write permission there, and build again.",
    )


def _has_manifest(folder: Path, expected: str) -> bool:
    try:
        return digest((folder / MANIFEST).read_bytes()) == expected
    except OSError:
        return False


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    try:
        read = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        return {}  # something else or something broken lies there: it is replaced
    return read if isinstance(read, dict) else {}


def _intact(folder: Path, files: Mapping[str, str]) -> bool:
    present = {
        str(path.relative_to(folder)): digest(path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }
    return present == dict(files)


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Inputs, versions and other entries that are not the same any more."""
    changed = []
    for part in ("inputs", "versions"):
        old, new = before.get(part, {}), after.get(part, {})
        changed += sorted(
            name for name in old.keys() | new.keys() if old.get(name) != new.get(name)
        )
    if not changed:
        old, new = before.get("outputs", {}), after.get("outputs", {})
        changed += sorted(
            name for name in old.keys() | new.keys() if old.get(name) != new.get(name)
        )
    return tuple(changed) or ("files in the archive",)


def _write(folder: Path, content: Mapping[str, bytes], keeper: int) -> Path:
    """Write into a neighbour folder and flush it to disk.

    Its name says on which machine, for which process and by which one it is made, for ``sweep``.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    prefix = f".{folder.name}-{_machine()}-{keeper}-{os.getpid()}-"
    making = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
    try:
        for name, body in content.items():
            path = making / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
        for path in [making, *(item for item in making.rglob("*") if item.is_dir())]:
            _flush_folder(path)
        making.chmod(0o755)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return making


def _move_in(making: Path, folder: Path) -> None:
    try:
        if folder.exists():
            _swap(making, folder)
        else:
            making.rename(folder)
        _flush_folder(folder.parent)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _machine() -> str:
    """A short name of this machine that fits into a file name."""
    return digest(socket.gethostname().encode())[:8]


def _sweep(folder: Path) -> None:
    """Remove what a killed build of this machine left beside the issue."""
    beginning = f".{folder.name}-{_machine()}-"
    for left in folder.parent.glob(f"{glob.escape(beginning)}*-*"):
        owner = left.name.removeprefix(beginning).partition("-")[0]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(left, ignore_errors=True)


def _swap(new: Path, old: Path) -> None:
    """Exchange two folders in one step where the kernel can; else move the old one away first."""
    libc = ctypes.CDLL(None, use_errno=True)
    exchange = getattr(libc, "renameat2", None)
    if exchange is not None:
        names = os.fsencode(new), os.fsencode(old)
        if exchange(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _EXCHANGE) == 0:
            return
    away = new.with_name(f"{new.name}-old")
    old.rename(away)
    try:
        new.rename(old)
    except OSError:
        away.rename(old)
        raise
    shutil.rmtree(away, ignore_errors=True)


def _flush_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

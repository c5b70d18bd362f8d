"""Reports as they were read before: a folder whose files are the same is not read again."""

from __future__ import annotations

from pathlib import Path

from briefing.cache import Cache, key_of
from briefing.config.reports import read_report
from briefing.errors import Problem
from briefing.program import PROGRAM
from briefing.stamps import files_in, is_older, stamp_of
from briefing.structures import ReportDefinition


def kept_report(
    folder: Path, root: Path, languages: tuple[str, ...], cache: Cache, moment: int
) -> tuple[ReportDefinition | None, dict[str, Path], list[Problem]]:
    """What ``read_report`` gives, from the cache where it was read before and had no problem.

    Args:
        cache: where reports are kept.
        moment: when reading the project began, in nanoseconds by the clock of the file system; a
            report whose files may have been changed since is not kept.
    """
    paths = sorted(files_in(str(folder)))
    if not moment or any(not Path(path).resolve().is_relative_to(root) for path in paths):
        return read_report(folder, root, languages)
    hashes = {path: stamp_of(path)[4] for path in paths}
    key = key_of("report", PROGRAM, str(folder), str(root), ", ".join(languages), hashes)
    kept = cache.get_object(key)
    if isinstance(kept, tuple):
        report, files = kept
        return report, files, []
    report, files, problems = read_report(folder, root, languages)
    if report and not problems and all(is_older(path, moment) for path in paths):
        cache.put_object(key, (report, files))
    return report, files, problems

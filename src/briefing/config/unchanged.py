"""A project as it was read before: where only data has changed, only data is read again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from briefing import sources, validation
from briefing.cache import Cache, key_of
from briefing.errors import ProblemsError
from briefing.program import PROGRAM
from briefing.stamps import files_in, is_older, stamp_of
from briefing.structures import Dataset, Means, Project

_NO_DATA = Dataset("", {}, {}, {})


def kept_project(root: Path, cache: Cache, means: Means) -> Project | None:
    """The project with its data read anew; None where anything but data has changed.

    That is config.yaml, a file of a report, a list of readers, what describes the dataset, or a
    table of it that holds the values of a report's parameter. Data with problems are left to
    whoever reads all of it, and tells all that is wrong at once.

    Args:
        root: the project's folder, resolved.
        means: what large tables are read with.
    """
    try:
        named = json.loads(cache.get(_key_of_names(root)) or b"{}")
        kept = cache.get_object(_key(root, named["folders"], named["files"]))
    except (KeyError, ValueError):
        return None
    if not isinstance(kept, Project):
        return None
    try:
        described, tables, files, found = sources.read(Path(named["package"]), root)
        dataset, more = validation.validate(described, tables, files, cache)
        if described.large and not (found or more):
            from briefing.config.databases import with_databases

            package = Path(named["package"])
            dataset = with_databases(dataset, described, package, root, means, kept.engine)
    except ProblemsError:
        return None
    if found or more:
        return None
    inputs = {str(path.relative_to(root)): path for path in files.values()}
    return replace(kept, dataset=dataset, inputs={**kept.inputs, **inputs})


def keep_project(project: Project, cache: Cache) -> None:
    """Keep a project without its data, unless one of its files may have changed meanwhile."""
    if cache.folder is None:
        return
    data = project.dataset.files
    package = next(path for name, path in data.items() if name not in project.dataset.schemas)
    mail = project.channels.mail
    parameters = [known for item in project.reports.values() for known in item.parameters.values()]
    paths: list[Path | None] = [
        project.root / "config.yaml",
        package,
        *project.deliveries.files,
        *(data[known.table] for known in parameters if known.table in data),
        *((mail.ca_file, mail.archive and mail.archive.ca_file) if mail else ()),
    ]
    files = sorted({str(path) for path in paths if path})
    folders = sorted({str(report.folder.parent) for report in project.reports.values()})
    of_reports = [path for folder in folders for path in files_in(folder)]
    if not all(is_older(path, project.read_at) for path in [*files, *of_reports]):
        return
    inputs = {name: path for name, path in project.inputs.items() if path not in data.values()}
    kept = replace(project, dataset=_NO_DATA, inputs=inputs, means=Means(), read_at=0)
    named = {"folders": folders, "files": files, "package": str(package)}
    cache.put(_key_of_names(project.root), json.dumps(named).encode())
    cache.put_object(_key(project.root, folders, files), kept)


def _key_of_names(root: Path) -> str:
    return key_of("names of a project's files", PROGRAM, str(root))


def _key(root: Path, folders: Iterable[str], files: Iterable[str]) -> str:
    """Of everything but data that a project is read from."""
    paths = [*files, *sorted(path for folder in folders for path in files_in(folder))]
    return key_of("project", PROGRAM, str(root), {path: stamp_of(path)[4] for path in paths})

"""What an issue is made from, by hash: what its manifest names, so that it can be made again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from briefing import archive
from briefing.cache import Cache
from briefing.fonts import font_files
from briefing.program import is_settled
from briefing.reuse import Reuse
from briefing.stamps import is_older
from briefing.structures import Dataset, Edition, Project, ReportDefinition, Table

_SETTINGS = ("publisher", "timezone", "languages")
_LIBRARIES = ("babel", "jinja2", "matplotlib", "pandas", "weasyprint")


def inputs_of(project: Project, report: ReportDefinition) -> dict[str, str]:
    """Everything the issue depends on, by hash: configuration, report, dataset, fonts.

    What a database holds is not among it: ``answers_of`` is.
    """
    known: dict[Path, str] = {}
    for table in project.dataset.large.values():
        known |= table.digests()
    files = _files(project, report)
    hashes = {
        name: known.get(path) or archive.digest(path.read_bytes()) for name, path in files.items()
    }
    del hashes["config.yaml"]  # when an issue is due and where it goes does not make it another
    hashes[f"config.yaml: {', '.join(_SETTINGS)}"] = archive.digest(_settings(project))
    for path in font_files().values():
        hashes[f"fonts/{path.name}"] = archive.digest(path.read_bytes())
    return hashes


def reuse_of(
    project: Project, report: ReportDefinition, edition: Edition, inputs: Mapping[str, str]
) -> Reuse:
    """The cache, if project and program are still what they were when the project was read.

    Args:
        inputs: from ``inputs_of``.
    """
    paths = _files(project, report).values()
    off = ""
    if project.cache is None:
        off = "the cache is switched off"
    elif not project.read_at:
        off = "the cache cannot be written to"
    elif not all(is_older(str(path), project.read_at) for path in paths):
        off = "a file was changed while it was read"
    elif not is_settled(project.read_at):
        off = "the program was changed a moment ago"
    return Reuse(Cache(project.cache), edition, inputs, off)


def _files(project: Project, report: ReportDefinition) -> dict[str, Path]:
    """The project's files without those of other reports."""
    own = f"{report.folder.relative_to(project.root)}/"
    others = [
        f"{item.folder.relative_to(project.root)}/"
        for item in project.reports.values()
        if item.name != report.name
    ]
    return {
        name: path
        for name, path in project.inputs.items()
        if name.startswith(own) or not any(name.startswith(other) for other in others)
    }


def answers_of(dataset: Dataset, computed: Mapping[str, Table]) -> dict[str, str]:
    """By hash, what databases answered to an issue's tables."""
    found: dict[str, list[str]] = {}
    for table in computed.values():
        large = dataset.large.get(table.dataset)
        if large is not None and table.selection and not large.digests():
            body = table.selection.reduced.to_csv(index=False)
            found.setdefault(large.schema.file, []).append(body)
    return {name: archive.digest("\n".join(sorted(b)).encode()) for name, b in found.items()}


def _settings(project: Project) -> bytes:
    """What an issue depends on of config.yaml, as canonical JSON."""
    values = {name: getattr(project, name) for name in _SETTINGS}
    return json.dumps(values, ensure_ascii=False, sort_keys=True).encode()


def versions() -> dict[str, str]:
    """The programs that decide how an issue comes out, by name."""
    return {"briefing": version("briefing"), **{name: version(name) for name in _LIBRARIES}}

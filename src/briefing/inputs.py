"""What an issue is made from, by hash: what its manifest names, so that it can be made again."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

from briefing import archive
from briefing.fonts import font_files
from briefing.stamps import is_older
from briefing.structures import Project, ReportDefinition

_SETTINGS = ("publisher", "timezone", "languages")
_LIBRARIES = ("babel", "jinja2", "matplotlib", "pandas", "weasyprint")


def inputs_of(project: Project, report: ReportDefinition) -> dict[str, str]:
    """Everything the issue depends on, by hash: configuration, report, dataset, fonts."""
    files = _files(project, report)
    hashes = {name: archive.digest(path.read_bytes()) for name, path in files.items()}
    del hashes["config.yaml"]  # when an issue is due and where it goes does not make it another
    hashes[f"config.yaml: {', '.join(_SETTINGS)}"] = archive.digest(_settings(project))
    for path in font_files().values():
        hashes[f"fonts/{path.name}"] = archive.digest(path.read_bytes())
    return hashes


def unchanged_since(project: Project, report: ReportDefinition) -> bool:
    """Whether the files of an issue have surely not changed since the project was read."""
    files = _files(project, report).values()
    return all(is_older(str(path), project.read_at) for path in files)


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


def _settings(project: Project) -> bytes:
    """What an issue depends on of config.yaml, as canonical JSON."""
    values = {name: getattr(project, name) for name in _SETTINGS}
    return json.dumps(values, ensure_ascii=False, sort_keys=True).encode()


def versions() -> dict[str, str]:
    """The programs that decide how an issue comes out, by name."""
    return {"briefing": version("briefing"), **{name: version(name) for name in _LIBRARIES}}

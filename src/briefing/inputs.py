"""What an issue is made from, by hash: what its manifest names, so that it can be made again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from briefing import archive
from briefing.fonts import font_files
from briefing.structures import Project, ReportDefinition, Table

_SETTINGS = ("publisher", "timezone", "languages")
_LIBRARIES = ("babel", "jinja2", "matplotlib", "pandas", "weasyprint")


def inputs_of(
    project: Project, report: ReportDefinition, computed: Mapping[str, Table] | None = None
) -> dict[str, str]:
    """Everything the issue depends on, by hash: configuration, report, dataset, fonts.

    Args:
        computed: the issue's tables; of a database, what it answered is the input.
    """
    own = f"{report.folder.relative_to(project.root)}/"
    others = [
        f"{item.folder.relative_to(project.root)}/"
        for item in project.reports.values()
        if item.name != report.name
    ]
    files = {
        name: path
        for name, path in project.inputs.items()
        if name.startswith(own) or not any(name.startswith(other) for other in others)
    }
    known: dict[Path, str] = {}
    for table in project.dataset.large.values():
        known |= table.digests()
    hashes = {name: known.get(path) or _digest(path) for name, path in files.items()}
    hashes |= _answers(project, computed or {})
    del hashes["config.yaml"]  # when an issue is due and where it goes does not make it another
    hashes[f"config.yaml: {', '.join(_SETTINGS)}"] = archive.digest(_settings(project))
    for path in font_files().values():
        hashes[f"fonts/{path.name}"] = archive.digest(path.read_bytes())
    return hashes


def _digest(path: Path) -> str:
    return archive.digest(path.read_bytes())


def _answers(project: Project, computed: Mapping[str, Table]) -> dict[str, str]:
    """By hash, what databases answered to the issue's tables."""
    found: dict[str, list[str]] = {}
    for table in computed.values():
        large = project.dataset.large.get(table.dataset)
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

"""config.yaml and report.yaml, read once, checked whole, built into objects.

Nobody below the doors sees a configuration dict: pydantic stands at this door, frozen
dataclasses live inside.
"""

from __future__ import annotations

from pathlib import Path

from briefing import sources, validation
from briefing.config.channels import build_channels
from briefing.config.databases import with_databases
from briefing.config.deliveries import Surroundings, build_deliveries, unfit_editions
from briefing.config.models import ConfigKeys, Language
from briefing.config.reading import KeyPath, Positions, read_yaml
from briefing.config.reports import read_report
from briefing.config.schedules import read_schedules, unknown_editions
from briefing.config.translation import checked, without
from briefing.errors import Problem, ProblemsError
from briefing.large import Means
from briefing.structures import Project, ReportDefinition, Settings

CONFIG = "config.yaml"
_STAND_INS = {  # for required keys that are missing or wrong, so that the rest can be checked
    "publisher": "-",
    "timezone": "UTC",
    "languages": ["en"],
    "dataset": "data/datapackage.json",
    "default_report": "no-report-is-named",
}


def load_project(root: Path, means: Means | None = None) -> Project:
    """Read the whole project, its dataset included; large tables are read when they are asked.

    Args:
        means: what large tables are read with; the addresses of databases are resolved here.

    Raises:
        ProblemsError: everything that is wrong in any file, with file and line.
    """
    root = root.resolve()
    keys, positions, problems = _config(root)
    unread = frozenset(problem.where.partition(".")[0] for problem in problems)
    inside = {
        name: _inside(root, getattr(keys, name), name, positions, problems)
        for name in ("dataset", "reports", "output")
    }
    reports: dict[str, ReportDefinition] = {}
    inputs = {CONFIG: root / CONFIG}
    folders = _report_folders(inside["reports"])
    for folder in folders:
        report, files, found = read_report(folder, root, tuple(keys.languages))
        problems += found
        inputs |= files
        if report is not None:
            reports[report.name] = report
    problems += [
        positions.problem(("publisher",), f"there is no text in {language!r}", "Add it.")
        for language in keys.languages
        if language not in _publisher(keys)
    ]
    problems += _named_reports(keys, positions, {folder.name for folder in folders})
    grains = {name: report.grain for name, report in reports.items()}
    schedules, found = read_schedules(
        keys.schedules, grains, keys.languages, keys.timezone, positions
    )
    channels, unfit = build_channels(keys, positions, root)
    around = Surroundings(
        root=root,
        output=inside["output"],
        templates=inside["reports"],
        data=inside["dataset"].parent,
        languages=keys.languages,
        mail=channels.mail is not None,
        reports=reports,
        unread=unread,
    )
    read = build_deliveries(keys, positions, around)
    problems += found + unfit + read.problems
    if not (root / keys.dataset).resolve().is_relative_to(root):
        raise ProblemsError(problems)  # of which this is one; nothing outside is read
    try:
        described, tables, files, found = sources.read(inside["dataset"], root)
    except ProblemsError as error:
        raise ProblemsError([*problems, *error.problems]) from None
    problems += found
    dataset, found = validation.validate(described, tables, files)
    problems += found
    if problems:
        raise ProblemsError(problems)
    dataset = with_databases(dataset, described, inside["dataset"], root, means or Means())
    inputs |= {str(path.relative_to(root)): path for path in files.values()}
    project = Project(
        root=root,
        publisher=_publisher(keys),
        timezone=keys.timezone,
        languages=tuple(keys.languages),
        default_report=keys.default_report,
        output=inside["output"],
        reports=reports,
        schedules=schedules,
        dataset=dataset,
        inputs=inputs,
        channels=channels,
        deliveries=read.deliveries,
    )
    if problems := [*unknown_editions(project, positions), *unfit_editions(project, read)]:
        raise ProblemsError(problems)
    return project


def load_settings(root: Path) -> Settings:
    """Read config.yaml alone: enough to look into the ledger while data or reports are mended.

    Raises:
        ProblemsError: what is wrong in config.yaml.
    """
    root = root.resolve()
    keys, positions, problems = _config(root)
    output = _inside(root, keys.output, "output", positions, problems)
    channels, found = build_channels(keys, positions, root)
    if problems := problems + found:
        raise ProblemsError(problems)
    return Settings(
        root=root,
        publisher=_publisher(keys),
        timezone=keys.timezone,
        languages=tuple(keys.languages),
        output=output,
        channels=channels,
    )


def _publisher(keys: ConfigKeys) -> dict[str, str]:
    if isinstance(keys.publisher, str):
        return dict.fromkeys(keys.languages, keys.publisher)
    return {str(language): name for language, name in keys.publisher.items()}


def _config(root: Path) -> tuple[ConfigKeys, Positions, list[Problem]]:
    """The configuration; where it has problems, what is left of it, so that checking goes on."""
    values, positions = read_yaml(root / CONFIG, root)
    keys, problems = checked(ConfigKeys, values, positions)
    if keys is None:
        keys, _ = checked(ConfigKeys, {**_STAND_INS, **without(values, problems)}, positions)
    if keys is None:
        raise ProblemsError(problems)
    return keys, positions, problems


def _inside(
    root: Path, value: str, name: str, positions: Positions, problems: list[Problem]
) -> Path:
    path = (root / value).resolve()
    if not path.is_relative_to(root):
        what = f"the path {value!r} leads outside the project"
        problems.append(positions.problem((name,), what, "Keep it inside the project's folder."))
        return root
    return path


def _report_folders(reports: Path) -> list[Path]:
    if not reports.is_dir():
        return []
    return sorted(item for item in reports.iterdir() if (item / "report.yaml").is_file())


def _named_reports(keys: ConfigKeys, positions: Positions, known: set[str]) -> list[Problem]:
    remedy = f"Reports here: {', '.join(sorted(known)) or 'none'}."
    named: list[tuple[KeyPath, str]] = [
        (("schedules", i, "report"), item.report) for i, item in enumerate(keys.schedules)
    ]
    named += [(("deliveries", i, "report"), item.report) for i, item in enumerate(keys.deliveries)]
    if keys.default_report != _STAND_INS["default_report"]:
        named.append((("default_report",), keys.default_report))
    return [
        positions.problem(path, f"there is no report {name!r}", remedy)
        for path, name in named
        if name not in known
    ]


__all__ = ["Language", "load_project", "load_settings"]

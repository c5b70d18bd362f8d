"""The whole project from its files: config.yaml, every report, the dataset; checked together."""

from __future__ import annotations

import json
from pathlib import Path

from briefing import sources, validation
from briefing.cache import Cache
from briefing.config.channels import build_channels
from briefing.config.databases import with_databases
from briefing.config.deliveries import Surroundings, build_deliveries, unfit_editions
from briefing.config.engine import build_engine
from briefing.config.kept import kept_report
from briefing.config.models import ConfigKeys
from briefing.config.reading import KeyPath, Positions, read_yaml
from briefing.config.schedules import read_schedules, unknown_editions
from briefing.config.translation import checked, without
from briefing.errors import Problem, ProblemsError
from briefing.structures import Means, Project, ReportDefinition, Settings

CONFIG = "config.yaml"
_SHARED = {"publisher", "timezone", "languages", "dataset", "reports", "default_report"}
_STAND_INS = {  # for required keys that are missing or wrong, so that the rest can be checked
    "publisher": "-",
    "timezone": "UTC",
    "languages": ["en"],
    "dataset": "data/datapackage.json",
    "default_report": "no-report-is-named",
}


def read_project(root: Path, store: Cache, means: Means, read_at: int) -> Project:
    """Read the whole project, its dataset included.

    Args:
        root: the project's folder, resolved.
        store: where what was made before is kept, to be used again.
        means: what large tables are read with.
        read_at: when reading began, in nanoseconds by the clock of the file system; 0 where it
            cannot be asked.

    Raises:
        ProblemsError: everything that is wrong in any file, with file and line.
    """
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
        report, files, found = kept_report(folder, root, tuple(keys.languages), store, read_at)
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
    engine, wrong = build_engine(keys, positions, root)
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
    problems += found + unfit + wrong + read.problems
    if not (root / keys.dataset).resolve().is_relative_to(root):
        raise ProblemsError(problems)  # of which this is one; nothing outside is read
    try:
        described, tables, files, found = sources.read(inside["dataset"], root)
    except ProblemsError as error:
        raise ProblemsError([*problems, *error.problems]) from None
    problems += found
    dataset, found = validation.validate(described, tables, files, store)
    problems += found
    if problems:
        raise ProblemsError(problems)
    dataset = with_databases(dataset, described, inside["dataset"], root, means, engine)
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
        engine=engine,
    )
    if problems := [*unknown_editions(project, positions), *unfit_editions(project, read)]:
        raise ProblemsError(problems)
    return project


def read_settings(root: Path) -> Settings:
    """Read config.yaml alone.

    Args:
        root: the project's folder, resolved.

    Raises:
        ProblemsError: what is wrong in config.yaml.
    """
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


def read_shared(root: Path) -> bytes:
    """What config.yaml says about how issues are made, as JSON.

    Args:
        root: the project's folder, resolved.

    Raises:
        ProblemsError: what is wrong in config.yaml.
    """
    keys, _, problems = _config(root)
    if problems:
        raise ProblemsError(problems)
    return json.dumps(keys.model_dump(include=_SHARED), ensure_ascii=False, indent=1).encode()


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


__all__ = ["read_project", "read_settings"]

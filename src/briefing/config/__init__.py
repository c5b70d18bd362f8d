"""config.yaml and report.yaml, read once, checked whole, built into objects.

Nobody below the doors sees a configuration dict: pydantic stands at this door, frozen
dataclasses live inside. Importing this package loads no pydantic: a configuration that was read
before, and has not changed, needs none.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from briefing.cache import Cache
from briefing.config.unchanged import keep_project, kept_project
from briefing.program import is_settled
from briefing.structures import Means, Project, Settings


def load_project(root: Path, means: Means | None = None) -> Project:
    """Read the whole project, its dataset included.

    Args:
        means: where what was made before is kept, and the secrets of databases; else neither.

    Raises:
        ProblemsError: everything that is wrong in any file, with file and line.
    """
    root = root.resolve()
    means = means or Means()
    store = Cache(means.cache)
    read_at = store.moment()
    if not read_at or not is_settled(read_at):
        store = Cache(None)
    project = kept_project(root, store, means)
    is_kept = project is not None
    if project is None:
        from briefing.config.project import read_project

        project = read_project(root, store, means, read_at)
    project = replace(project, means=means, read_at=read_at)
    if not is_kept:
        keep_project(project, store)
    return project


def load_settings(root: Path) -> Settings:
    """Read config.yaml alone: enough to look into the ledger while data or reports are mended.

    Raises:
        ProblemsError: what is wrong in config.yaml.
    """
    from briefing.config.project import read_settings

    return read_settings(root.resolve())


def shared_config(root: Path) -> bytes:
    """What config.yaml says about how issues are made, and nothing of readers, ways and secrets.

    Raises:
        ProblemsError: what is wrong in config.yaml.
    """
    from briefing.config.project import read_shared

    return read_shared(root.resolve())


__all__ = ["load_project", "load_settings", "shared_config"]

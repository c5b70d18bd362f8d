"""The gallery: every kind of chart once, built as a report like any other."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from briefing import pipeline
from briefing.config import load_project
from briefing.editions import edition_of
from briefing.errors import UsageError
from briefing.structures import Issue, Progress

PROJECT = Path(__file__).parent
"""The project that ships with the package: its configuration, report and tables."""
PERIOD = "2026-10"
_LOOKED_AT = date(2026, 11, 1)


def build(
    folder: Path, languages: tuple[str, ...], formats: tuple[str, ...], progress: Progress
) -> list[Issue]:
    """Build the gallery into a folder, an issue for each language.

    The gallery is always that of one period, so that it comes out the same on any day.

    Args:
        languages: of those that the package speaks; all where empty.

    Raises:
        UsageError: there is no gallery in a language.
        ProblemsError: a chart cannot be drawn.
        BuildError: the pages failed.
    """
    project = load_project(PROJECT)
    unknown = set(languages) - set(project.languages)
    if unknown:
        raise UsageError(
            f"There is no gallery in {', '.join(sorted(unknown))!r}.",
            f"Its languages: {', '.join(project.languages)}.",
        )
    report = project.reports[project.default_report]
    editions = [
        edition_of(project, report, _LOOKED_AT, period=PERIOD, language=language)
        for language in languages or project.languages
    ]
    requests = [pipeline.Request(edition, formats, folder.resolve()) for edition in editions]
    return [pipeline.build(project, request, progress) for request in requests]

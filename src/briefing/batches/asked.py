"""Has the large tables of a batch answer before its workers begin: they take the answers along."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from briefing import pipeline, validation
from briefing.errors import BriefingError
from briefing.large.files import FileTable
from briefing.structures import Project
from briefing.tables import aggregate_all


def ask_once(project: Project, requests: Iterable[pipeline.Request]) -> None:
    """Ask the large tables in files what the issues will ask, once for each period and language.

    Otherwise each worker would read the tables anew, in threads of its own. What goes wrong is met
    again by whoever makes the issue.
    """
    large = {name for name, table in project.dataset.large.items() if isinstance(table, FileTable)}
    known: set[object] = set()
    for request in requests:
        edition = request.edition
        tables = project.reports[edition.report].tables
        declared = tuple(item for item in tables if not item.use and item.dataset in large)
        asked = (edition.report, edition.period, edition.as_of, edition.language)
        if not declared or asked in known:
            continue
        known.add(asked)
        dataset = validation.known_on(project.dataset, edition.as_of)
        dataset = validation.in_language(dataset, edition.language)
        with suppress(BriefingError):
            aggregate_all(declared, dataset, edition)

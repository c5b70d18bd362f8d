"""Has issues made by an executor, and leaves each one beside its place in the archive."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from functools import partial
from typing import Protocol

from briefing import archive, pipeline
from briefing.abc import Executor
from briefing.structures import Answered, Project

StagedIssues = Generator[Answered[pipeline.Request, archive.Staged], None, None]
"""What became of each request, as it is done; closed early, it stops those at work."""


class Maker(Protocol):
    """Makes issues."""

    @property
    def makers(self) -> tuple[int, ...]:
        """Process ids of those on this machine who made any, or died of it."""

    def staged(self, requests: Iterable[pipeline.Request]) -> StagedIssues:
        """Make each issue and leave it beside its place.

        Args:
            requests: drawn one by one, as room for them becomes free.
        """


class Near:
    """Makes issues on this machine: workers write them beside their places themselves.

    The project goes to each worker once, as it was read here, so that all issues of a batch are
    made from the same records.
    """

    def __init__(self, project: Project, executor: Executor) -> None:
        self._work = partial(_staged, project)
        self._executor = executor

    @property
    def makers(self) -> tuple[int, ...]:
        """Process ids of the executor's workers."""
        return self._executor.makers

    def staged(self, requests: Iterable[pipeline.Request]) -> StagedIssues:
        """Make each issue and leave it beside its place."""
        yield from self._executor.as_completed(self._work, requests)


def _staged(project: Project, request: pipeline.Request) -> archive.Staged:
    return pipeline.stage(project, request, lambda *_: None)

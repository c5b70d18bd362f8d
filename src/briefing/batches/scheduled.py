"""What the child of a scheduler does where a cluster builds: it asks the cluster, and stages here.

Deadline, limit of memory and the end by force are those of every child of a scheduler.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

from briefing import archive, pipeline, runs
from briefing.batches.far import Far, open_cluster
from briefing.batches.making import Maker, Near
from briefing.batches.spreading import spread
from briefing.errors import EngineError, UsageError
from briefing.executors import Here
from briefing.large.threads import Mapped, in_threads
from briefing.structures import Engine, Means, Project, Run


def stage_in_child(
    root: Path, run: Run, keeper: int, means: Means | None = None
) -> tuple[archive.Staged, Sequence[str]]:
    """Read the project anew, have the issue made where its engine says, leave it beside its place.

    Returns:
        What is staged, and why it was not the cluster that made it.
    """
    notices: list[str] = []
    with ExitStack() as held:
        spreads = spread(held, notices.append)

        def mapped(engine: Engine) -> Mapped:
            # a cluster of this machine's own would be begun anew for each issue
            return spreads(engine) if engine.scheduler else in_threads

        project = runs.project_in_child(root, replace(means or Means(), mapped=mapped))
        request = runs.request_of(project, run, keeper)
        if project.engine.kind == "dask" and project.engine.scheduler:
            return _by_the_cluster(project, request, notices), notices
        return pipeline.stage(project, request, lambda *_: None), ()


def _by_the_cluster(
    project: Project, request: pipeline.Request, notices: list[str]
) -> archive.Staged:
    near = Near(project, Here())
    maker: Maker = near
    with ExitStack() as held:
        try:
            cluster = held.enter_context(open_cluster(project.engine, 1))
            maker = Far(project, cluster, lambda: near, notices.append)
        except (EngineError, UsageError) as error:
            notices.append(f"{error} It was built on this machine.")
        with closing(maker.staged([request])) as answers:
            return next(answers).result()

"""Has issues made by a Dask cluster; what comes back is staged here, as if it were made here.

A worker gets the project as a bundle, without readers, channels and schedules, and for each issue
those files of the archive that it is compared with. It hands back the issue's files and keeps
none. Where the cluster is lost, the rest is made on this machine.
"""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from briefing import archive, pipeline
from briefing.batches.making import Maker, StagedIssues
from briefing.config import load_project, shared_config
from briefing.config.project import CONFIG
from briefing.errors import BriefingError, EngineError, UsageError
from briefing.executors.bundle import Bundle, bundle_of, refuse_larger
from briefing.executors.versions import check_versions, native_versions
from briefing.fonts import font_files
from briefing.inputs import versions
from briefing.large.files import FileTable
from briefing.structures import (
    KNOWN,
    Answered,
    Deliveries,
    DeliveryRule,
    Document,
    Engine,
    Project,
    Verdict,
)

if TYPE_CHECKING:
    from briefing.executors.cluster import Cluster

_one_at_a_time = threading.Lock()
"""A worker may have several threads; matplotlib and Pango are not made for that."""


@dataclass(frozen=True)
class Commission:
    """What a worker of a cluster needs to make an issue.

    Attributes:
        bundle: the name of the project's bundle.
        versions: what has to run there.
        rule: where the report's issues go, without the readers; None for nowhere.
        filed: files of earlier issues, by path in the archive.
    """

    bundle: str
    versions: Mapping[str, str]
    request: pipeline.Request
    rule: DeliveryRule | None
    filed: Mapping[str, bytes]


@dataclass(frozen=True)
class Made:
    """An issue as it comes back."""

    document: Document
    manifest: bytes
    verdict: Verdict | None


class Remote(Protocol):
    """An executor far away, which has to be given the project first."""

    def send(self, bundle: Bundle) -> None:
        """Give a bundle to every worker, also to those that come later."""

    def as_completed(
        self, work: Callable[[Commission], Made], items: Iterable[Commission]
    ) -> Iterator[Answered[Commission, Made]]:
        """Do the work on each item; as ``Executor``."""


class Far:
    """Makes issues on a cluster.

    Args:
        otherwise: called where the cluster is lost; makes the rest.
        notice: told why.
    """

    def __init__(
        self,
        project: Project,
        cluster: Remote,
        otherwise: Callable[[], Maker],
        notice: Callable[[str], None],
    ) -> None:
        self._project = project
        self._cluster = cluster
        self._otherwise = otherwise
        self._notice = notice
        self._nearby: Maker | None = None
        self._versions = all_versions()

    @property
    def makers(self) -> tuple[int, ...]:
        """Process ids of those on this machine who made the rest."""
        return self._nearby.makers if self._nearby else ()

    def staged(self, requests: Iterable[pipeline.Request]) -> StagedIssues:
        """Have each issue made, and leave it beside its place."""
        waiting = enumerate(requests)
        out: dict[int, pipeline.Request] = {}
        why = ""
        try:
            bundle = project_bundle(self._project)
            self._cluster.send(bundle)
            for answered in self._cluster.as_completed(
                make, self._commissions(bundle.name, waiting, out)
            ):
                if isinstance(answered.error, EngineError):
                    why = why or str(answered.error)  # made here, with the rest
                else:
                    request = out.pop(answered.number)
                    yield self._staged(answered.number, request, answered)
        except EngineError as error:
            why = str(error)
        yield from self._rest(why, chain(sorted(out.items()), waiting))

    def _commissions(
        self,
        bundle: str,
        waiting: Iterator[tuple[int, pipeline.Request]],
        out: dict[int, pipeline.Request],
    ) -> Iterator[Commission]:
        for number, request in waiting:
            out[number] = request
            rule = self._project.deliveries.rule(request.edition.report)
            yield Commission(
                bundle,
                self._versions,
                replace(request, output=None, keeper=None),
                replace(rule, recipients=()) if rule else None,
                dict(_filed(self._project.output, request)),
            )

    def _staged(
        self, number: int, request: pipeline.Request, answered: Answered[Commission, Made]
    ) -> Answered[pipeline.Request, archive.Staged]:
        try:
            made = answered.result()
            folder = archive.issue_folder(
                request.output or self._project.output, request.edition, request.revision
            )
            staged = archive.stage(
                folder,
                request.edition,
                made.document,
                made.manifest,
                copy=request.is_copy,
                keeper=request.keeper,
            )
        except BriefingError as error:
            return Answered(number, request, error=error)
        return Answered(number, request, replace(staged, verdict=made.verdict))

    def _rest(self, why: str, left: Iterator[tuple[int, pipeline.Request]]) -> StagedIssues:
        """Make on this machine what the cluster has not made."""
        numbers: list[int] = []

        def requests() -> Iterator[pipeline.Request]:
            for number, request in left:
                numbers.append(number)
                yield request

        if not why:
            return
        self._notice(f"{why} The rest is built on this machine.")
        self._nearby = self._nearby or self._otherwise()
        for answered in self._nearby.staged(requests()):
            yield replace(answered, number=numbers[answered.number])


def open_cluster(
    engine: Engine, workers: int, probe: Callable[[], Mapping[str, str]] | None = None
) -> Cluster:
    """The cluster of an engine.

    Args:
        workers: how many it has, where it is one of this machine's own.
        probe: what has to come out the same on every worker; else what issues depend on.

    Raises:
        UsageError: Dask is not installed here.
        EngineError: the cluster does not answer, has no workers, or its workers do not fit.
    """
    try:
        from briefing.executors.cluster import Cluster
    except ModuleNotFoundError as error:
        what = f"The engine dask needs the package {error.name}, which is not installed."
        raise UsageError(what, "Run pip install 'briefing[dask]'.") from None
    return Cluster(engine, workers, probe or all_versions)


@cache
def all_versions() -> Mapping[str, str]:
    """What decides how an issue comes out: the programs of its manifest, those below, the fonts."""
    fonts = archive.digest(b"".join(path.read_bytes() for path in font_files().values()))
    return {**native_versions(), "fonts": fonts[:12], **versions()}


def check_sendable(project: Project) -> None:
    """Refuse a project of which issues can only be made on this machine.

    Raises:
        EngineError: its files are too large, or it has a table in a database, whose address holds
            a secret that no worker gets.
    """
    for table in project.dataset.large.values():
        if not isinstance(table, FileTable):
            what = f"The table {table.schema.name} is in a database, which workers cannot ask."
            raise EngineError(what, "Build it with `engine: local`.")
    paths = [path for path in project.inputs.values() if path.is_file()]
    refuse_larger(sum(path.stat().st_size for path in paths))


def project_bundle(project: Project) -> Bundle:
    """The files that issues are made from: no readers, no channels, no secrets.

    Raises:
        EngineError: issues of it can only be made on this machine.
    """
    check_sendable(project)
    files = {name: path.read_bytes() for name, path in project.inputs.items() if name != CONFIG}
    files |= {path.name: path.read_bytes() for path in sorted(project.root.glob("*.py"))}
    return bundle_of({**files, CONFIG: shared_config(project.root)})


def _filed(output: Path, request: pipeline.Request) -> Iterator[tuple[str, bytes]]:
    """What an issue is compared with: the issue before it, and what it corrects."""
    files: list[Path] = []
    if previous := archive.previous_issue(output, request.edition):
        files += [previous[0] / archive.MANIFEST, previous[0] / KNOWN]
    if request.revision > 1:
        edition = replace(request.edition, as_of=request.edition.period.end)
        before = archive.issue_folder(output, edition, request.revision - 1)
        files += sorted(before.rglob("*"))
    for path in files:
        if path.is_file():
            yield str(path.relative_to(output)), path.read_bytes()


def make(commission: Commission) -> Made:
    """What a worker of a cluster does: make one issue, and hand back its files.

    Raises:
        EngineError: this worker does not fit.
        BriefingError: the issue cannot be made.
    """
    from briefing.executors.cluster import bundle_folder

    return made_in(bundle_folder(commission.bundle), commission)


def made_in(bundle: Path, commission: Commission) -> Made:
    """Make an issue from an unpacked bundle.

    Raises:
        EngineError: this process runs something else than the coordinator.
        BriefingError: the issue cannot be made.
    """
    check_versions(commission.versions, all_versions(), platform.node())
    with _one_at_a_time, TemporaryDirectory(prefix="briefing-issue-") as folder:
        output = Path(folder)
        for name, body in commission.filed.items():
            path = output / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        rules = (commission.rule,) if commission.rule else ()
        project = replace(
            _project_in(bundle),
            output=output,
            deliveries=Deliveries(rules=rules),
        )
        staged = pipeline.stage(project, commission.request, lambda *_: None)
        return _made(staged)


@lru_cache(maxsize=1)
def _project_in(folder: Path) -> Project:
    """The project of a bundle, read once; what is in a bundle never changes."""
    return load_project(folder)


def _made(staged: archive.Staged) -> Made:
    making = staged.making
    assert making is not None  # nothing of this issue was filed there before
    files = {
        str(path.relative_to(making)): path.read_bytes()
        for path in sorted(making.rglob("*"))
        if path.is_file()
    }
    manifest = files.pop(archive.MANIFEST)
    return Made(Document(files, pages=0), manifest, staged.verdict)

"""Carries out runs: claims one, keeps its lease while it is built, publishes with its fence."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from briefing import archive, pipeline
from briefing.claiming import claimed, concluding, kept_lease
from briefing.editions import edition_of
from briefing.errors import (
    ArchiveError,
    BriefingError,
    BusyError,
    ChildError,
    HeldError,
    LedgerError,
    Problem,
    ProblemsError,
    StaleRunError,
    UnreadableError,
    UsageError,
)
from briefing.executors import Child
from briefing.interrupts import whole
from briefing.periods import Period
from briefing.postings import postings_of, sent_book
from briefing.structures import (
    PUBLISHED,
    Failure,
    Issue,
    Means,
    Planned,
    Progress,
    Project,
    Run,
    Schedule,
    Settings,
)

if TYPE_CHECKING:
    from briefing.ledger import Ledger

LOST = "lost"
HANDED_BACK = "handed back"
_TRANSIENT = (ArchiveError, ChildError, LedgerError, OSError)
"""What may pass by itself; problems in data, configuration and layout do not."""


def open_ledger(settings: Settings, state_url: str) -> Ledger:
    """The project's ledger; one that is new takes over what lies in the archive.

    Raises:
        LedgerError: it does not answer, or is damaged.
    """
    from briefing.ledger import Ledger, open_database  # SQLAlchemy; a copy needs no ledger

    ledger = Ledger(open_database(state_url, settings.root))
    if ledger.is_new():
        book, _ = sent_book(settings.root, ledger)
        received = {issue for issue, _ in book.read().values()}
        ledger.adopt(_filed(settings.output), received)
    return ledger


def _filed(output: Path) -> Iterator[tuple[Planned, str]]:
    for _, manifest, digest in archive.filed_issues(output):
        with suppress(KeyError, ValueError, TypeError, AttributeError):  # a folder of another kind
            period = Period.parse(str(manifest["period"]))
            values = list(dict(manifest["parameters"]).values())
            planned = Planned(
                report=str(manifest["report"]),
                edition=str(manifest["edition"]),
                period=str(manifest["period"]),
                period_end=period.end,
                language=str(manifest["language"]),
                parameter=str(values[0]) if values else "",
                trigger="manual",
                revision=int(manifest.get("revision", 1)),
                correction=str(manifest.get("reason", "")),
            )
            yield planned, digest


def build(
    project: Project,
    ledger: Ledger,
    request: pipeline.Request,
    progress: Progress,
    waited: Callable[[BusyError], bool],
    *,
    deliver: bool = False,
    reason: str = "",
) -> Issue:
    """Make one issue here and now, in the row that a scheduler would take too.

    Of an issue that readers have, nothing is written: it is compared with what would be built.

    Args:
        waited: called where somebody else builds it; true to ask again.
        deliver: whether it goes to its readers, also where no schedule asks for that.
        reason: what is wrong with the issue that readers have: a correction of it is made.

    Raises:
        BusyError: somebody else builds it, and ``waited`` said no.
        UsageError: there is nothing to correct.
        BriefingError: it cannot be built; the ledger knows why.
    """
    with ExitStack() as concluded:
        while True:
            try:
                with whole():
                    request, run = claimed(ledger, request, deliver=deliver, reason=reason)
                    if run is not None:
                        concluded.enter_context(concluding(ledger, run))
                break
            except BusyError as error:
                if not waited(error):
                    raise
        if run is None:
            return compared(pipeline.stage(project, request, progress))
        with kept_lease(ledger, run):
            staged = pipeline.stage(project, request, progress)
        return published(project, ledger, run, staged)


def compared(staged: archive.Staged) -> Issue:
    """What would be different in an issue that readers have; nothing is written there."""
    archive.discard(staged)
    issue = staged.issue
    return issue if issue.state == "unchanged" else replace(issue, state="sealed")


def published(project: Project, ledger: Ledger, run: Run, staged: archive.Staged) -> Issue:
    """Move a staged issue into the archive with its fence, and fill the outbox with it.

    Raises:
        StaleRunError: it is somebody else's by now.
        ArchiveError: it cannot be moved in.
    """
    try:
        postings, why = postings_of(project, ledger, run, staged.verdict)
        ledger.publish(run, staged.manifest, lambda: archive.place(staged), postings, why)
    except BaseException:
        archive.discard(staged)  # if it was moved in, it is there no more
        raise
    return staged.issue


# ---- in a child, under a scheduler


Work = Callable[[Path, Run, int, Means], tuple[archive.Staged, Sequence[str]]]
"""What a child does: gets the project's folder, the row, the process that keeps what it leaves,
and what a project is read with; gives back what it has staged, and what a person should
know of how."""


def project_in_child(root: Path, means: Means | None = None) -> Project:
    """The project as it is now.

    Raises:
        UnreadableError: it has problems by now.
    """
    from briefing.config import load_project

    try:
        return load_project(root, means)
    except ProblemsError as error:
        raise UnreadableError(error.problems) from None


def request_of(project: Project, run: Run, keeper: int | None = None) -> pipeline.Request:
    """What a row of the ledger asks for.

    Raises:
        UsageError: there is no such report or edition any more.
    """
    if run.report not in project.reports:
        raise UsageError(f"There is no report {run.report!r} any more.")
    period = Period.parse(run.period)
    edition = edition_of(
        project,
        project.reports[run.report],
        period.end + timedelta(days=1),
        period=run.period,
        language=run.language,
        parameter=run.parameter,
    )
    return pipeline.Request(
        edition, run.formats, keeper=keeper, revision=run.revision, reason=run.correction
    )


def signature_of(project: Project) -> tuple[tuple[str, int, int], ...]:
    """What tells whether a file of the project was changed."""
    found = []
    readers = {str(path): path for path in project.deliveries.files}
    for name, path in {**project.inputs, **readers}.items():
        try:
            status = path.stat()
        except OSError:
            found.append((name, 0, 0))
        else:
            found.append((name, status.st_mtime_ns, status.st_size))
    return tuple(found)


def check_in_child(root: Path, now: datetime) -> list[Problem]:
    """What is wrong with the project, as ``briefing check`` finds it."""
    from briefing.config import load_project

    project = load_project(root)
    return pipeline.check(project, now.astimezone(ZoneInfo(project.timezone)).date())


@dataclass(frozen=True)
class Limits:
    """What one attempt may take, and how often it is tried again."""

    timeout: timedelta
    memory: int | None
    waits: tuple[timedelta, ...]

    @classmethod
    def of(cls, schedule: Schedule | None) -> Limits:
        """Those of a report's schedule; the usual ones where it has none."""
        usual = schedule or Schedule(report="", line=0, every=None)
        return cls(usual.timeout, usual.memory, usual.retry)


class Stopping:
    """Says to those at work when they have to stop.

    Attributes:
        asked: nothing new is begun.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._last = float("inf")

    def ask(self, grace: timedelta) -> None:
        """Let those at work go on for so long; asked again, the shorter one counts."""
        self._last = min(self._last, time.monotonic() + grace.total_seconds())
        self.asked.set()

    def is_over(self) -> bool:
        """Whether whoever still works has to give up."""
        return time.monotonic() >= self._last


def carry_out(
    project: Project,
    ledger: Ledger,
    run: Run,
    limits: Limits,
    stopping: Stopping,
    work: Work,
) -> tuple[str, str]:
    """Make the issue of a claimed run in a child, and write down what became of it.

    Never raises for what goes wrong with the build.

    Args:
        work: what the child does.

    Returns:
        The state that the run has now, or ``LOST`` or ``HANDED_BACK``; and what went wrong.

    Raises:
        LedgerError: the ledger does not answer; the run's lease ends by itself.
    """
    child: Child | None = None
    try:
        words = (project.root, run, os.getpid(), project.means)
        child = Child(work, words, memory=limits.memory)
        interrupted = _watched(ledger, run, child, limits.timeout, stopping)
        if interrupted:
            if interrupted == HANDED_BACK:
                ledger.hand_back(run, "the scheduler was stopped")
            return interrupted, ""
        staged, notices = child.answer()
        for notice in notices:
            ledger.note(run.id, "notice", notice)
        published(project, ledger, run, staged)
    except StaleRunError:
        return LOST, ""
    except UnreadableError as error:
        ledger.hand_back(run, "the project has problems")
        return HANDED_BACK, str(error)
    except (BriefingError, OSError) as error:
        waits = limits.waits if isinstance(error, _TRANSIENT) else None
        held = isinstance(error, HeldError)
        state = ledger.fail(run, str(error), waits=waits, held=held, alarm=alarm_of)
        return state or LOST, str(error)
    finally:
        if child is not None:
            child.stop()
            archive.sweep_after(project.output, run.issue, child.pid)
    return PUBLISHED, ""


def alarm_of(run: Run, state: str, why: str) -> Failure:
    """What the owner hears of a run that needs a person."""
    digest = hashlib.sha256(f"{run.report}\n{state}\n{why}".encode()).hexdigest()[:32]
    body = (
        f"The issue {run.issue} was not made; its run {run.id} is {state}.\n\n{why}\n\n"
        f"What happened to it: briefing runs {run.id}\n"
        f"When the cause is mended: {_again(run)}\n\n"
        "Others that failed in the same way are not told one by one: see briefing status. "
        f"All of this period again: briefing backfill {run.report} --from {run.period} "
        f"--to {run.period} --reprocess failed\n"
    )
    return Failure(digest, run.report, f"{run.report} {run.period} is {state}", body)


def alarm_of_problems(error: ProblemsError) -> Failure:
    """What the owner hears where the project itself cannot be read."""
    digest = hashlib.sha256(f"unreadable\n{error}".encode()).hexdigest()[:32]
    return Failure(digest, "", "nothing is built until this is mended", f"{error}\n")


def _again(run: Run) -> str:
    edition = f" --edition {run.parameter}" if run.parameter else ""
    return f"briefing build {run.report} --period {run.period}{edition} --language {run.language}"


def _watched(ledger: Ledger, run: Run, child: Child, timeout: timedelta, stopping: Stopping) -> str:
    """Keep the lease until the child has finished; else say why it was given up.

    Raises:
        ChildError: it took too long.
    """
    beat = ledger.lease / 3
    began = renewed = time.monotonic()
    while not child.finished(min(beat, timedelta(seconds=0.5))):
        if stopping.is_over():
            child.stop()
            return HANDED_BACK
        if time.monotonic() - began > timeout.total_seconds():
            child.stop()
            raise ChildError(
                f"It took longer than {_in_words(timeout)} and was stopped.",
                "Raise `timeout` in its schedule if it needs more.",
            )
        if time.monotonic() - renewed > beat.total_seconds():
            renewed = time.monotonic()
            with suppress(LedgerError):  # the fence decides in the end, not the lease
                if not ledger.renew(run):
                    child.stop()
                    return LOST
    return ""


def _in_words(span: timedelta) -> str:
    seconds = span.total_seconds()
    return f"{seconds / 60:g} minutes" if seconds >= 60 else f"{seconds:g} seconds"

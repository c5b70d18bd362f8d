"""The door that opens by itself: wakes up, runs what is due, never misses and never repeats.

APScheduler is the alarm clock and no more: its one job wakes the loop every half minute and at
the next due instant. What is due comes from the calendar and the ledger, so that an alarm that
is missed, late or doubled does no harm.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue

from apscheduler.schedulers.background import BackgroundScheduler

from briefing import archive, planning, runs, systemd
from briefing.batches.scheduled import stage_in_child
from briefing.errors import BriefingError, LedgerError, ProblemsError
from briefing.executors import Child, warm_up
from briefing.ledger import Ledger, back_up, this_process
from briefing.log import get_logger
from briefing.postman import Post, PostRoom, suppressed_of
from briefing.structures import PUBLISHED, Project, Resolvable, Run, Secret
from briefing.telling import Telling

TICK = timedelta(seconds=30)
"""The longest time between two looks at what is due."""
DEAD = timedelta(seconds=90)
"""A loop that has not looked for so long is dead, and the process ends for another to begin."""
GRACE = timedelta(seconds=60)
"""How long builds may go on after the process was asked to stop."""
TELLING = 20.0
"""Seconds that telling may take at the end; what was not told is told by the next one."""
_WAKE, _STOP, _RELOAD = "wake", "stop", "reload"


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Office:
    """What a scheduler works with.

    Attributes:
        root: the project's folder.
        load: reads the project anew.
        open_ledger: opens its ledger, also one that has vanished.
        resolve: fetches a secret just before it is used.
        clock: what time it is; a faster one in a rehearsal.
        workers: how many builds run at once.
        told: called after a round with project, ledger and moment, to tell whoever has to hear.
        trouble: called with what cannot be written into the ledger.
        said: called with the states that systemd knows.
        grace: how long builds may go on after the process was asked to stop.
        tick: the longest time between two looks at what is due.
    """

    root: Path
    load: Callable[[], Project]
    open_ledger: Callable[[Project], Ledger]
    resolve: Callable[[Resolvable], Secret]
    clock: Callable[[], datetime] = utc_now
    workers: int = 2
    told: Callable[[Project, Ledger, datetime], None] = lambda *_: None
    trouble: Callable[[Project, BriefingError, datetime], None] = lambda *_: None
    said: Callable[[str], None] = lambda _: None
    grace: timedelta = GRACE
    tick: timedelta = TICK


class Scheduler:
    """Runs what is due until it is asked to stop."""

    def __init__(self, office: Office, project: Project, ledger: Ledger) -> None:
        self._office = office
        self._project = project
        self._ledger = ledger
        self._me = this_process()
        self._log = get_logger()
        self._inbox: SimpleQueue[str] = SimpleQueue()
        self._stopping = runs.Stopping()
        self._working: set[threading.Thread] = set()
        self._outcomes: list[str] = []
        self._round_at = time.monotonic()
        self._told_at = -TICK.total_seconds()
        self._telling = Telling()
        self._post = PostRoom(self._postman(), self._wake)
        self._seen = runs.signature_of(project)
        self._readable = True
        self._reloaded: SimpleQueue[Project] = SimpleQueue()

    # -- the two ways to run ------------------------------------------------------------------

    def serve(self) -> None:
        """Work until SIGTERM or SIGINT; SIGHUP reads the configuration again."""
        self._hear_signals()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        alarm = self._alarm_clock()
        self._begin()
        self._office.said(systemd.READY)
        try:
            while not self._stopping.asked.is_set():
                self._round()
                self._set_alarm(alarm)
                self._office.said(systemd.WATCHDOG)
                self._listen()
            self._office.said(systemd.STOPPING)
            self._finish()
        finally:
            alarm.shutdown(wait=False)

    def once(self) -> tuple[list[str], Counter[str]]:
        """Run what is due now.

        Returns:
            The state that each run ended in, and how many deliveries ended in each state.
        """
        self._hear_signals()
        self._begin()
        self._round()
        while (self._working or self._post.is_busy) and not self._stopping.asked.is_set():
            self._listen()
            self._round()
        self._finish()
        return self._outcomes, self._post.outcomes

    def _hear_signals(self) -> None:
        words = {signal.SIGTERM: _STOP, signal.SIGINT: _STOP, signal.SIGHUP: _RELOAD}
        for number, word in words.items():
            # Only a SimpleQueue may be written to from a signal handler: its put is reentrant.
            signal.signal(number, lambda *_, word=word: self._inbox.put(word))

    def _begin(self) -> None:
        archive.sweep(self._project.output)
        warm_up()
        self._guarded(lambda: self._ledger.enter(self._me))
        self._guarded(lambda: self._ledger.end_alarms(""))  # what kept it from starting is over
        self._log.info("started", process=self._me.name, schedules=len(self._project.schedules))

    def _finish(self) -> None:
        """Let those at work finish within the grace, then make them hand their runs back."""
        while self._working or (self._post.is_busy and not self._stopping.is_over()):
            self._round_at = time.monotonic()
            self._listen()
            self._guarded(lambda: self._ledger.tick(self._me))
        self._wait_for_telling()
        self._guarded(lambda: self._ledger.leave(self._me))
        self._tell()  # how things stand now, and what failed last
        self._wait_for_telling()
        self._log.info("stopped", process=self._me.name)

    def _wait_for_telling(self) -> None:
        last = time.monotonic() + TELLING
        while self._telling.is_busy and (now := time.monotonic()) < last:
            self._round_at = now  # a loop that waits for a mail server is not dead
            self._telling.wait(min(last - now, 1.0))

    # -- the alarm clock ----------------------------------------------------------------------

    def _alarm_clock(self) -> BackgroundScheduler:
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        alarm = BackgroundScheduler(timezone=UTC)
        alarm.add_job(
            self._wake,
            "interval",
            seconds=self._office.tick.total_seconds(),
            id="tick",
            coalesce=True,
            misfire_grace_time=None,
            max_instances=1,
        )
        alarm.start()
        return alarm

    def _set_alarm(self, alarm: BackgroundScheduler) -> None:
        """Wake up at the next due instant too: a report at eight comes at eight."""
        due = planning.next_due(self._project, self._office.clock())
        if due is not None:
            ahead = max(due - self._office.clock(), timedelta(0))
            alarm.add_job(
                self._wake,
                "date",
                run_date=utc_now() + ahead,
                id="due",
                replace_existing=True,
                misfire_grace_time=None,
            )

    def _wake(self) -> None:
        self._inbox.put(_WAKE)

    def _listen(self) -> None:
        """Wait for an alarm, a signal or a finished build, never longer than a tick.

        The alarm clock follows the wall clock: where that was set back, this wait still ends.
        """
        longest = 0.5 if self._stopping.asked.is_set() else self._office.tick.total_seconds()
        words = set()
        with suppress(Empty):
            words.add(self._inbox.get(timeout=longest))
            while True:
                words.add(self._inbox.get_nowait())
        if _STOP in words:
            again = self._stopping.asked.is_set()
            self._log.info("stopping", at_work=len(self._working), now=again)
            self._stopping.ask(timedelta(0) if again else self._office.grace)
        if _RELOAD in words:
            self._office.said(systemd.reloading())
            threading.Thread(target=self._reload, name="reload", daemon=True).start()

    def _watch(self) -> None:
        """End the process where the loop is dead: a supervisor then starts another."""
        seen, silent = self._round_at, 0
        while silent < DEAD.total_seconds():
            time.sleep(1)
            # Counted by its own seconds: a process that was stopped altogether is not dead.
            silent = silent + 1 if seen == self._round_at else 0
            seen = self._round_at
        self._log.critical("the scheduler's loop is dead", silent_for=silent)
        os._exit(BriefingError.exit_code)

    # -- a round ------------------------------------------------------------------------------

    def _round(self) -> None:
        """Look once at what is due, and see to it; never raises."""
        self._round_at = time.monotonic()
        self._guarded(self._look)
        if time.monotonic() - self._told_at >= min(self._office.tick.total_seconds(), 5.0):
            self._told_at = time.monotonic()
            self._tell()
            self._guarded(self._keep_a_copy)
        self._round_at = time.monotonic()

    def _look(self) -> None:
        while not self._reloaded.empty():
            self._project = self._reloaded.get()
            self._seen = runs.signature_of(self._project)
            self._log.info("reloaded", schedules=len(self._project.schedules))
        for run in self._ledger.reclaim(runs.alarm_of):
            self._log.warning("reclaimed", **_named(run), state=run.state, reason=run.reason)
        now = self._office.clock()
        self._read_again_if_changed()
        for run in planning.plan_due(self._project, self._ledger, now):
            self._log.info("planned", **_named(run), state=run.state, reason=run.reason)
        self._ledger.tick(self._me)
        while (
            self._readable
            and len(self._working) < self._office.workers
            and not self._stopping.asked.is_set()
        ):
            if not self._start_next():
                break
        self._post.look(self._postman())

    def _postman(self) -> Post:
        return Post(
            project=self._project,
            ledger=self._ledger,
            resolve=self._office.resolve,
            suppressed=suppressed_of(self._project),
            asked=self._stopping.asked,
        )

    def _tell(self) -> None:
        """Tell whoever has to hear how things stand."""
        self._telling.begin(
            lambda: self._office.told(self._project, self._ledger, self._office.clock())
        )

    def _start_next(self) -> bool:
        overlapping = {s.report for s in self._project.schedules if s.overlap == "allow"}
        run = self._ledger.claim_next(self._me, list(self._project.reports), overlapping)
        if run is None:
            return False
        thread = threading.Thread(target=self._carry_out, args=(run,), name=f"run {run.id}")
        self._working.add(thread)
        thread.start()
        return True

    def _carry_out(self, run: Run) -> None:
        """In a thread of its own: one run from claim to outcome."""
        log = self._log.bind(**_named(run))
        state = "unknown"
        try:
            log.info("building", attempt=run.attempt)
            limits = runs.Limits.of(planning.schedule_of(self._project, run))
            state, why = runs.carry_out(
                self._project, self._ledger, run, limits, self._stopping, stage_in_child
            )
            log.log(logging.INFO if state == PUBLISHED else logging.ERROR, state, reason=why)
            if state == runs.HANDED_BACK and why:
                self._seen = ()  # the project was broken meanwhile: look at it again
            if state == PUBLISHED:
                self._ledger.end_alarms(run.report, run.period)
        except BriefingError as error:
            log.error("not recorded", reason=str(error))
        except Exception:
            log.exception("unforeseen")
        finally:
            self._outcomes.append(state)
            # not by its number: a run whose lease was lost may be claimed here once more
            self._working.discard(threading.current_thread())
            self._wake()

    def _guarded(self, work: Callable[[], object]) -> None:
        """Nothing that goes wrong in a round may end the rounds."""
        try:
            work()
        except LedgerError as error:
            self._log.error("the ledger does not answer", reason=str(error))
            self._trouble(error)
            self._open_ledger_again()
        except BriefingError as error:
            self._log.error("this round failed", reason=str(error))
            self._trouble(error)
        except Exception:
            self._log.exception("unforeseen")

    def _trouble(self, error: BriefingError) -> None:
        """Tell of what cannot be written into the ledger."""
        self._telling.aside(
            lambda: self._office.trouble(self._project, error, self._office.clock())
        )

    def _open_ledger_again(self) -> None:
        """A ledger that has vanished is begun anew from the archive; others are left alone."""
        file = self._ledger.database.file
        if file is None or file.exists():
            return
        try:
            self._ledger = self._office.open_ledger(self._project)
            self._log.warning("the ledger had vanished; a new one took over the archive")
        except BriefingError as error:
            self._log.error("the ledger cannot be opened", reason=str(error))

    def _keep_a_copy(self) -> None:
        if back_up(self._ledger.database, utc_now().date()):
            self._log.info("kept a copy of the ledger")

    # -- the project --------------------------------------------------------------------------

    def _read_again_if_changed(self) -> None:
        """Data and reports are read anew; schedules and channels only when asked to."""
        seen = runs.signature_of(self._project)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            fresh = self._office.load()
        except ProblemsError as error:
            self._readable = False
            self._log.warning(
                "the project has problems; nothing is built until they are mended",
                problems=[str(problem) for problem in error.problems[:5]],
            )
            self._ledger.raise_alarm(runs.alarm_of_problems(error))
            return
        if not self._readable:
            self._readable = True
            self._log.info("the project can be read again")
            self._ledger.end_alarms("")
        kept = self._project
        if {item.report for item in kept.schedules} <= fresh.reports.keys():
            self._project = replace(fresh, schedules=kept.schedules, channels=kept.channels)

    def _reload(self) -> None:
        """Check the project in a child; take it over only if it is clean."""
        try:
            child = Child(runs.check_in_child, (self._office.root, self._office.clock()))
            while not child.finished(timedelta(seconds=1)):
                pass
            problems = child.answer()
            if problems:
                raise ProblemsError(problems)
            self._reloaded.put(self._office.load())
        except BriefingError as error:
            self._log.error("not reloaded, going on as before", reason=str(error))
            self._trouble(error)
        self._office.said(systemd.READY)
        self._wake()


def _named(run: Run) -> dict[str, object]:
    return {"run": run.id, "report": run.report, "edition": run.edition, "period": run.period}

"""What a scheduler needs around it: the log, the ledger, and everybody who wants to hear."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from briefing import log, planning, runs, systemd
from briefing import status as standing
from briefing.cache import means_of
from briefing.channels import tell_owner
from briefing.config import load_project, load_settings
from briefing.config.secrets import Redactor
from briefing.errors import BriefingError, ProblemsError, UsageError
from briefing.ledger import Ledger
from briefing.scheduler import TICK, Office, Scheduler
from briefing.structures import Alarm, Project, Resolvable, Secret, Settings

_WAITS = (5, 15, 60)
"""Minutes to wait after an alarm could not be told; the last one again and again: a server that
is asked too often with a wrong password locks the account."""
_OVER = 600.0
"""Seconds without a trouble after which it is over: the same one would be a new one."""


def serve_project(
    folder: Path,
    environ: Mapping[str, str],
    *,
    once: bool,
    workers: int,
    metrics: Path | None,
    json_log: bool,
) -> tuple[list[str], Counter[str]]:
    """Run the schedules of a project until stopped, or once.

    Args:
        environ: the environment: secrets, and systemd's socket.
        metrics: a file for Prometheus' textfile collector; None for none.

    Returns:
        The state that each run ended in, and how many deliveries ended in each state.

    Raises:
        ProblemsError: the project has problems.
        LedgerError: the ledger does not answer, or is damaged.
    """
    if metrics is not None and not metrics.absolute().parent.is_dir():
        raise UsageError(f"There is no folder {metrics.absolute().parent} for the metrics.")
    redactor = Redactor()
    log.configure(json_log or not sys.stderr.isatty(), redactor)
    listeners = Listeners(environ, redactor, metrics)
    means = means_of(folder.resolve(), environ)
    try:
        project = load_project(folder, means)
    except ProblemsError as error:
        listeners.cannot_start(load_settings(folder), error)
        raise
    office = Office(
        root=project.root,
        load=lambda: load_project(folder, means),
        open_ledger=listeners.open_ledger,
        resolve=listeners.resolve,
        workers=workers,
        told=listeners.tell,
        trouble=listeners.trouble,
        said=listeners.say,
        tick=timedelta(
            seconds=min(systemd.watchdog_interval(environ) or 1e9, TICK.total_seconds())
        ),
    )
    scheduler = Scheduler(office, project, listeners.open_ledger(project))
    if once:
        return scheduler.once()
    scheduler.serve()
    return [], Counter()


class Listeners:
    """Whoever hears how things stand: the owner, a monitor, Prometheus, systemd."""

    def __init__(
        self, environ: Mapping[str, str], redactor: Redactor, metrics: Path | None
    ) -> None:
        self._environ = environ
        self._redactor = redactor
        self._metrics = metrics
        self._log = log.get_logger()
        self._troubles: dict[str, float] = {}
        self._tries = 0
        self._quiet_until = 0.0
        self._pinged = datetime.min.replace(tzinfo=UTC)

    def cannot_start(self, settings: Settings, error: ProblemsError) -> None:
        """Tell the owner, once, that nothing runs because the project has problems."""
        ledger = self.open_ledger(settings)
        ledger.raise_alarm(runs.alarm_of_problems(error))
        self._tell_alarms(settings, ledger)

    def open_ledger(self, project: Settings) -> Ledger:
        """The project's ledger, its password fetched."""
        url = self._redactor.learn(project.channels.state.resolve(self._environ))
        return runs.open_ledger(project, url.reveal())

    def say(self, state: str) -> None:
        """Tell systemd."""
        systemd.notify(state, self._environ)

    def tell(self, project: Project, ledger: Ledger, now: datetime) -> None:
        """After a round: alarms to the owner, numbers to Prometheus, a ping to the monitor."""
        self._tell_alarms(project, ledger)
        found = standing.status(project, ledger, now, project.timezone)
        if self._metrics is not None:
            standing.write_metrics(self._metrics, found, tuple(project.reports))
        due = planning.next_due(project, now)
        words = "All is well." if found.is_well else f"{len(found.needs)} things need a look."
        self.say(systemd.status(f"{words} Next due: {due or 'nothing'}"))
        if found.is_well and project.channels.ping and now - self._pinged > timedelta(minutes=1):
            self._pinged = now
            self._ping(project)

    def _tell_alarms(self, settings: Settings, ledger: Ledger) -> None:
        """Tell what nobody was told yet; where that fails, wait longer each time."""
        now = time.monotonic()
        if now < self._quiet_until:
            return
        alarms = ledger.untold()
        lost = 0
        for alarm in alarms:
            if self._told(settings, alarm):
                ledger.told(alarm)
            else:
                ledger.not_told(alarm)
                lost += 1
        if alarms:
            self._tries = self._tries + 1 if lost else 0
            wait = _WAITS[min(self._tries, len(_WAITS)) - 1] if lost else 0
            self._quiet_until = now + 60 * wait

    def trouble(self, project: Project, error: BriefingError, now: datetime) -> None:
        """What cannot be written into the ledger, the owner hears at once, and once."""
        seen, last = time.monotonic(), self._troubles.get(str(error))
        self._troubles[str(error)] = seen
        if last is not None and seen - last < _OVER:
            return
        digest = sha256(str(error).encode()).hexdigest()[:32]
        subject = "the scheduler is in trouble"
        self._told(project, Alarm(digest, "", subject, f"{error}\n", now, now, None, 1))

    def _told(self, project: Settings, alarm: Alarm) -> bool:
        """Whether the owner was told, or there is nobody to tell."""
        said = replace(alarm, body=self._redactor(alarm.body))
        name = project.publisher[project.languages[0]]
        told = tell_owner(project.channels, said, project=name, resolve=self.resolve)
        for reason in told.failures:
            self._log.error("the owner could not be told", reason=reason, about=alarm.subject)
        if told.reached:
            self._log.info("told the owner", about=alarm.subject, by=list(told.reached))
        return bool(told.reached) or not told.failures

    def resolve(self, reference: Resolvable) -> Secret:
        """Fetch a secret, which no log shows from then on."""
        return self._redactor.learn(reference.resolve(self._environ))

    def _ping(self, project: Project) -> None:
        from briefing.channels.notify import ping

        assert project.channels.ping is not None
        try:
            ping(self.resolve(project.channels.ping))
        except BriefingError as error:
            self._log.warning("the monitor was not reached", reason=str(error))

"""Runs the shipped scheduler with a clock, a lease and a tick of the rehearsal's own.

    python rehearsal.py PROJECT --start 2026-01-01T00:00:00+00:00 --epoch 1774000000 --speed 3600

Everything that is not named on the command line is what `briefing serve` runs with. The clock
says ``start`` at the moment ``epoch`` and runs ``speed`` times as fast from there, so that
schedulers that are started one after the other have the same one; the seconds that stand in the
project's file ``clock.txt`` are added, so that it can be made to jump.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler

from briefing import log, scheduler
from briefing.config import load_project
from briefing.config.secrets import Redactor
from briefing.ledger.claims import Claims
from briefing.serving import Listeners

JUMP = "clock.txt"


Clock = Callable[[], datetime]


def clock_of(folder: Path, start: datetime | None, epoch: float, speed: float) -> Clock:
    """What time it is in the rehearsal."""

    def clock() -> datetime:
        now = datetime.now(UTC)  # noqa: TID251
        if start is not None:
            now = start + (now - datetime.fromtimestamp(epoch, UTC)) * speed
        try:
            jump = float((folder / JUMP).read_text(encoding="ascii"))
        except (OSError, ValueError):
            jump = 0.0
        return now + timedelta(seconds=jump)

    return clock


def main() -> None:
    """Serve until stopped."""
    asked = _arguments()
    Claims.lease = timedelta(seconds=asked.lease)
    scheduler.DEAD = timedelta(seconds=asked.dead)
    redactor = Redactor()
    log.configure(json=True, redact=redactor)
    project = load_project(asked.project)
    listeners = Listeners(os.environ, redactor, None)  # noqa: TID251

    def clock() -> datetime:
        if asked.hang and (asked.project / "hang.txt").exists():
            time.sleep(3600)
        moment = now()
        return moment if last is None else min(moment, last)

    now = clock_of(asked.project, asked.start, asked.epoch, asked.speed)
    last = asked.start + timedelta(days=asked.until) if asked.until else None
    if asked.alarm_dies:
        BackgroundScheduler._process_jobs = _die  # type: ignore[method-assign]
    office = scheduler.Office(
        root=project.root,
        load=lambda: load_project(asked.project),
        open_ledger=listeners.open_ledger,
        resolve=listeners.resolve,
        clock=clock,
        workers=asked.workers,
        told=listeners.tell,
        trouble=listeners.trouble,
        said=listeners.say,
        grace=timedelta(seconds=asked.grace),
        tick=timedelta(seconds=asked.tick),
    )
    scheduler.Scheduler(office, project, listeners.open_ledger(project)).serve()


def _die(_: object) -> float:
    """What the alarm clock does in place of its work: its thread ends."""
    log.get_logger().info("the alarm clock is dead")
    raise SystemExit


def _arguments() -> argparse.Namespace:
    words = argparse.ArgumentParser()
    words.add_argument("project", type=Path)
    words.add_argument("--start", type=datetime.fromisoformat, default=None)
    words.add_argument("--epoch", type=float, default=0.0)
    words.add_argument("--speed", type=float, default=1.0)
    words.add_argument("--until", type=int, default=0, help="stop the clock after so many days")
    words.add_argument("--lease", type=float, default=60.0)
    words.add_argument("--tick", type=float, default=30.0)
    words.add_argument("--dead", type=float, default=90.0)
    words.add_argument("--grace", type=float, default=60.0)
    words.add_argument("--workers", type=int, default=2)
    words.add_argument("--hang", action="store_true", help="hang once there is hang.txt")
    words.add_argument("--alarm-dies", action="store_true", help="lose APScheduler's thread")
    return words.parse_args()


if __name__ == "__main__":
    main()

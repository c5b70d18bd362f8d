"""Looks after the outbox: a thread for each channel that has something to deliver."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

from briefing.config.audiences import read_suppressed
from briefing.errors import BriefingError
from briefing.log import get_logger
from briefing.postings import recovered, sent_book
from briefing.postman.rounds import Post, Postman, remember, tell_failures
from briefing.structures import UNCERTAIN, Project

_LOOK_UP = 60.0
"""Seconds from one look at what may have arrived to the next."""


class PostRoom:
    """Sends postmen out, one for each channel at a time.

    Args:
        post: what they work with.
        done: called when one of them comes back.

    Attributes:
        outcomes: how many deliveries ended in each state.
    """

    def __init__(self, post: Post, done: Callable[[], None] = lambda: None) -> None:
        self._post = post
        self._done = done
        self._out: dict[str, threading.Thread] = {}
        self._looked_up: dict[str, float] = {}
        self.outcomes: Counter[str] = Counter()
        self._log = get_logger()

    @property
    def is_busy(self) -> bool:
        """Whether anybody is out."""
        return any(thread.is_alive() for thread in self._out.values())

    def look(self, post: Post) -> None:
        """Fill and clear the outbox, and send out whoever has something to deliver.

        Args:
            post: what to work with from now on: the project may have been read anew.

        Raises:
            LedgerError: the ledger does not answer.
        """
        self._post = post
        tidy(post)
        for channel in post.channels:
            out = self._out.get(channel)
            if (out is None or not out.is_alive()) and self._is_wanted(channel):
                self._send_out(channel)

    def _is_wanted(self, channel: str) -> bool:
        """Whether something may go out, or can be looked up; the latter now and then only."""
        ledger, now = self._post.ledger, time.monotonic()
        wait = ledger.wait(channel)
        if wait is not None and wait.total_seconds() <= 0:
            return True
        if now - self._looked_up.get(channel, -_LOOK_UP) < _LOOK_UP:
            return False
        self._looked_up[channel] = now
        return bool(ledger.uncertain(channel, older_than=self._post.settled))

    def _send_out(self, channel: str) -> None:
        thread = threading.Thread(
            target=self._work, args=(self._post, channel), name=f"post {channel}", daemon=True
        )
        self._out[channel] = thread
        thread.start()

    def _work(self, post: Post, channel: str) -> None:
        try:
            self.outcomes.update(Postman(post, channel).work())
        except BriefingError as error:
            self._log.error("deliveries stopped", channel=channel, reason=str(error))
        except Exception:
            self._log.exception("unforeseen")
        finally:
            self._done()


def tidy(post: Post) -> None:
    """Fill the outbox for what an archive brought, free what was interrupted, give up the old.

    Raises:
        LedgerError: the ledger does not answer.
    """
    ledger, log = post.ledger, get_logger()
    for run in ledger.unqueued():
        if run.report in post.project.reports:
            postings, why = recovered(post.project, ledger, run)
            log.warning("queued", run=run.id, issue=run.issue, reason=why)
            ledger.queue(run, postings, why)
    for number in ledger.expire_deliveries():
        found = ledger.run(number)
        if found is not None:
            tell_failures(ledger, found[0])
    channels = post.project.deliveries.channels
    repeatable = [item.name for item in channels if item.kind == "folder"]
    for delivery in ledger.reclaim_deliveries(repeatable):
        log.warning("reclaimed", delivery=delivery.id, issue=delivery.issue)
        if delivery.channel not in repeatable:  # it may have arrived
            book, _ = sent_book(post.project.root, ledger)
            remember(book, delivery, UNCERTAIN)


def suppressed_of(project: Project) -> Callable[[], frozenset[str]]:
    """Reads who receives nothing any more, each time that file was changed."""
    file = project.deliveries.suppress_file
    seen: tuple[int, int] | None = None
    known = project.deliveries.suppressed

    def suppressed() -> frozenset[str]:
        nonlocal seen, known
        if file is None:
            return known
        try:
            status = file.stat()
        except OSError:
            return known
        if seen != (status.st_mtime_ns, status.st_size):
            seen = status.st_mtime_ns, status.st_size
            known = read_suppressed(file)
        return known

    return suppressed

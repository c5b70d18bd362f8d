"""Takes deliveries from the outbox to their channels, and writes down what became of each.

One recipient never holds up another, and one channel never another: each channel is served by a
thread of its own. What may have arrived is looked up before anything is sent again.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from briefing.abc import Channel
from briefing.channels import Resolve, open_channel, open_mail
from briefing.channels.archive_mailbox import SETTLED, find
from briefing.channels.letters import letter_of, manifest_of, notice_of
from briefing.errors import BriefingError, ChannelError, LedgerError
from briefing.ledger import Ledger, SentBook, this_process
from briefing.log import get_logger
from briefing.postings import sent_book
from briefing.structures import (
    DEFERRED,
    EXPIRED,
    MAIL,
    QUEUED,
    REFUSED,
    SENDING,
    SENT,
    SUPPRESSED,
    UNCERTAIN,
    Delivery,
    Failure,
    Mailbox,
    Outcome,
    Parcel,
    Project,
    Receipt,
    Run,
)

BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60))
"""Pauses before further tries; the last one again and again until the delivery expires."""
_PATIENCE = 5.0
"""Seconds to wait for a next delivery before the connection is given up."""
_TRIES = 4
_STATES = {
    "sent": SENT,
    "deferred": DEFERRED,
    "refused": REFUSED,
    "too_large": REFUSED,
    "uncertain": UNCERTAIN,
    "channel_failed": QUEUED,
}


@dataclass(frozen=True)
class Post:
    """What a postman works with.

    Attributes:
        resolve: fetches a secret.
        suppressed: keys of addresses that receive nothing, read anew each time it is called.
        asked: set where nothing new is begun.
        settled: how long after it was sent a message may take to show up in the archive mailbox.
    """

    project: Project
    ledger: Ledger
    resolve: Resolve
    suppressed: Callable[[], frozenset[str]]
    asked: threading.Event
    settled: timedelta = SETTLED

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that there are."""
        mail = (MAIL,) if self.project.channels.mail else ()
        return (*mail, *(item.name for item in self.project.deliveries.channels))

    def pace(self, channel: str) -> timedelta:
        """The time from one delivery to the next."""
        mail = self.project.channels.mail
        return mail.rate.pause if mail and channel == MAIL else timedelta(0)


class Postman:
    """Serves one channel."""

    def __init__(self, post: Post, channel: str) -> None:
        self._post = post
        self._channel = channel
        self._ledger = post.ledger
        self._me = this_process()
        self._log = get_logger().bind(channel=channel)
        self._book, _ = sent_book(post.project.root, post.ledger)
        self._works = False
        self._outcomes: dict[int, Counter[str]] = {}
        self._read: tuple[tuple[str, str, bool], Parcel] | None = None

    def work(self, *, run: int | None = None) -> Counter[str]:
        """Deliver what may go out, until there is nothing to wait for.

        Args:
            run: only deliveries of this run.

        Returns:
            How many deliveries ended in each state.

        Raises:
            LedgerError: the ledger does not answer.
        """
        self._look_up_uncertain()
        while self._waits(run):
            try:
                opened = self._opened()
            except BriefingError as error:
                self._stop(str(error))
                break
            with closing(opened) as way:
                if not self._deliver(way, run):
                    break
        self._tell()
        return sum(self._outcomes.values(), Counter())

    def _opened(self) -> Channel:
        post = self._post
        mail, root = post.project.channels.mail, post.project.root
        settings = {item.name: item for item in post.project.deliveries.channels}
        if self._channel != MAIL:
            return open_channel(settings[self._channel], mail, post.resolve, (root,))
        if mail is None:
            raise ChannelError("No mail server is named.", "Add `mail` to config.yaml.")
        return open_mail(mail, post.resolve, link=mail.link)

    def _waits(self, run: int | None) -> bool:
        wait = self._ledger.wait(self._channel, run=run)
        return wait is not None and wait.total_seconds() <= 0 and not self._post.asked.is_set()

    def _deliver(self, way: Channel, run: int | None) -> bool:
        """Deliver over an open channel; False where nothing more can be done on it now."""
        paces = {self._channel: self._post.pace(self._channel)}
        while not self._post.asked.is_set():
            delivery = self._ledger.claim_delivery(self._me, paces, run=run)
            if delivery is None:
                wait = self._ledger.wait(self._channel, run=run)
                if wait is None or wait.total_seconds() > _PATIENCE:
                    return False
                self._post.asked.wait(max(wait.total_seconds(), 0.001))
            elif not self._carry(way, delivery):
                return False
        return False

    # -- one delivery -------------------------------------------------------------------------

    def _carry(self, way: Channel, delivery: Delivery) -> bool:
        """Hand over one delivery; False where the channel itself is at fault."""
        try:
            if delivery.recipient and delivery.recipient.casefold() in self._post.suppressed():
                self._settle(delivery, SUPPRESSED, reason="asked for no more")
                return True
            parcel = self._parcel(delivery)
        except LedgerError:
            raise
        except BriefingError as error:
            self._settle(delivery, DEFERRED, reason=str(error), wait=self._pause(delivery))
            self._alarm(delivery.report, f"{delivery.issue} cannot be sent", str(error))
            return True
        going = []

        def still_wanted() -> bool:
            """Asked just before it cannot be undone: from now on the recipient may have it."""
            if not self._ledger.still_ours(delivery):
                return False
            if not way.repeatable:
                going.append(delivery)
                remember(self._book, delivery, UNCERTAIN)
            return True

        try:
            receipt = way.deliver(parcel, still_wanted)
        except LedgerError:
            raise
        except BriefingError as error:
            outcome: Outcome = "uncertain" if going else "channel_failed"
            receipt = Receipt(outcome, "connection", text=error.message, remedy=error.hint)
        if going or receipt.outcome in {"sent", "uncertain"}:  # and what became of it
            remember(self._book, delivery, _STATES[receipt.outcome])
        return self._received(delivery, receipt)

    def _parcel(self, delivery: Delivery) -> Parcel:
        """The parcel; the letter of one issue is read and checked once for many readers."""
        key = delivery.issue, delivery.manifest, delivery.notice
        if self._read is None or self._read[0] != key:
            self._read = key, parcel_of(self._post.project, delivery)
        return addressed(self._read[1], delivery)

    def _received(self, delivery: Delivery, receipt: Receipt) -> bool:
        what = receipt.text.rstrip()
        ended = what if what.endswith((".", "!", "?")) or not what else f"{what}."
        said = " ".join(filter(None, [ended, receipt.remedy]))
        if receipt.about_everybody:
            self._ledger.hand_back_delivery(delivery)
            if receipt.outcome == "channel_failed":
                self._stop(said)
            else:
                self._pause_channel(receipt, said)
            return False
        if receipt.outcome == "deferred":
            wait = max(self._pause(delivery), receipt.retry_after or timedelta(0))
            if receipt.retry_after == timedelta(0):  # dropped on purpose
                wait = timedelta(0)
            self._settle(delivery, DEFERRED, reason=said, code=receipt.code, wait=wait)
            return True
        state = _STATES[receipt.outcome]
        self._settle(delivery, state, reason=said if state != SENT else "", code=receipt.code)
        if state == SENT and not self._works:
            self._ledger.start_channel(self._channel)
            self._works = True
        return True

    def _settle(self, delivery: Delivery, state: str, **details: Any) -> None:
        """Write it down, with patience: what went out must not be forgotten."""
        for attempt in range(1, _TRIES + 1):
            try:
                ended = self._ledger.settle(delivery, state, **details)
                if not ended and state == SENT:  # taken for lost meanwhile; now it is known
                    self._ledger.resolve(delivery, SENT, "it had arrived")
                break
            except LedgerError:
                if attempt == _TRIES:
                    raise
                time.sleep(attempt)
        ended = ended or state
        self._outcomes.setdefault(delivery.run_id, Counter())[ended] += 1
        log = self._log.bind(run=delivery.run_id, delivery=delivery.id, issue=delivery.issue)
        log.info(ended, reason=details.get("reason", ""), code=details.get("code", 0))

    def _pause(self, delivery: Delivery) -> timedelta:
        return BACK_OFF[min(delivery.attempt, len(BACK_OFF)) - 1]

    # -- the channel --------------------------------------------------------------------------

    def _stop(self, why: str) -> None:
        """The channel is wrong itself: no recipient is tried in vain, and the owner hears of it."""
        self._ledger.stop_channel(self._channel, why, BACK_OFF[1])
        self._log.error("the channel is stopped", reason=why)
        self._alarm("", f"nothing goes out over {self._channel}", why)

    def _pause_channel(self, receipt: Receipt, why: str) -> None:
        pause = max(BACK_OFF[0], receipt.retry_after or timedelta(0))
        self._ledger.stop_channel(self._channel, why, pause)
        self._log.warning("the channel waits", reason=why, minutes=pause.total_seconds() / 60)

    # -- what may have arrived ----------------------------------------------------------------

    def _look_up_uncertain(self) -> None:
        """Settle what may have arrived: by what is remembered, by the archive, by the policy."""
        open_ = self._ledger.uncertain(self._channel, older_than=self._post.settled)
        if not open_:
            return
        known = self._book.read()
        for delivery in tuple(open_):
            key = self._book.key_of(delivery.recipient, delivery.message_id)
            if known.get(key, ("", ""))[1] == SENT:
                self._ledger.resolve(delivery, SENT, "it had arrived")
                open_.remove(delivery)
        mail = self._post.project.channels.mail
        if self._channel != MAIL or mail is None or not open_:
            return
        if mail.archive is not None:
            self._ask_archive(open_)
            return
        for delivery in open_ if mail.on_uncertain == "resend_once" else ():
            if delivery.doubts <= 1 and self._ledger.resolve(
                delivery, QUEUED, "it may arrive twice: nobody can know whether it had arrived"
            ):
                self._ledger.note(delivery.run_id, "possible duplicate", f"delivery {delivery.id}")

    def _ask_archive(self, open_: list[Delivery]) -> None:
        mail = self._post.project.channels.mail
        assert mail is not None
        assert mail.archive is not None
        password = mail.archive.password
        try:
            secret = self._post.resolve(password) if password else None
            found = find(mail.archive, {item.message_id for item in open_}, secret)
        except BriefingError as error:
            self._log.error("the archive mailbox does not answer", reason=str(error))
            self._alarm("", f"{len(open_)} messages may have arrived or not", str(error))
            return
        for delivery in open_:
            if delivery.message_id in found:
                self._ledger.resolve(delivery, SENT, "it lies in the archive mailbox")
                remember(self._book, delivery, SENT)
            else:
                self._ledger.resolve(delivery, QUEUED, "it does not lie in the archive mailbox")

    # -- what people hear ---------------------------------------------------------------------

    def _tell(self) -> None:
        """What became of each issue, into its story; the owner hears who did not get it."""
        for number, outcomes in self._outcomes.items():
            said = ", ".join(f"{count} {state}" for state, count in sorted(outcomes.items()))
            self._ledger.note(number, "delivered", f"{self._channel}: {said}")
            found = self._ledger.run(number)
            if found is not None:
                tell_failures(self._ledger, found[0])

    def _alarm(self, report: str, subject: str, why: str) -> None:
        digest = hashlib.sha256(f"{report}\n{subject}\n{why}".encode()).hexdigest()[:32]
        self._ledger.raise_alarm(Failure(digest, report, subject, f"{why}\n"))


def remember(book: SentBook, delivery: Delivery, state: str) -> None:
    """Write down beside the ledger what went out, or may have.

    Where that cannot be written, the ledger alone knows.
    """
    assert delivery.sending_at is not None
    try:
        book.add(
            delivery.issue, delivery.recipient, delivery.message_id, state, delivery.sending_at
        )
    except LedgerError as error:
        get_logger().error("not remembered beside the ledger", reason=str(error))


def tell_failures(ledger: Ledger, run: Run) -> None:
    """Tell the owner who does not have an issue, once everybody else has it."""
    if set(ledger.delivery_counts(run)) & {QUEUED, SENDING}:
        return
    failed = ledger.deliveries(run, (REFUSED, EXPIRED))
    if not failed:
        return
    lines = [
        f"{item.recipient or item.channel}: {item.state}. {item.reason}".rstrip() for item in failed
    ]
    digest = hashlib.sha256("\n".join([run.issue, *lines]).encode()).hexdigest()[:32]
    readers = f"{len(failed)} recipient{'s do' if len(failed) != 1 else ' does'}"
    body = "\n".join(
        [
            f"The issue {run.issue} did not reach:",
            "",
            *lines,
            "",
            "Once the cause is mended, this sends it to them and to nobody else:",
            f"briefing send {run.report} --period {run.period} --resend failed",
            "",
        ]
    )
    failure = Failure(digest, run.report, f"{readers} not have {run.report} {run.period}", body)
    ledger.raise_alarm(failure)


def parcel_of(project: Project, delivery: Delivery) -> Parcel:
    """The sealed issue of a delivery, checked against its manifest, for its recipient.

    Raises:
        ChannelError: it is not in the archive as it was published.
    """
    folder = project.output / delivery.issue
    letter = letter_of(folder, delivery.manifest)
    if delivery.notice:
        letter = notice_of(letter)
    parcel = Parcel(
        issue=delivery.issue,
        folder=folder,
        letter=letter,
        to=None,
        date=delivery.due,
        message_id=delivery.message_id,
        files=manifest_of(folder, delivery.manifest)["outputs"],
    )
    return addressed(parcel, delivery)


def addressed(parcel: Parcel, delivery: Delivery) -> Parcel:
    """The same issue for the recipient of a delivery."""
    return replace(
        parcel,
        to=Mailbox(delivery.name, delivery.recipient) if delivery.recipient else None,
        date=delivery.due,
        message_id=delivery.message_id,
        in_reply_to=delivery.in_reply_to,
    )

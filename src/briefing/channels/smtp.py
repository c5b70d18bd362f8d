"""The dialogue with a mail server: one connection, many messages, a receipt for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Self

from briefing.channels.email import (
    DOT_PATIENCE,
    Dialogue,
    answer,
    explained,
    opened,
    sentence,
    shown,
)
from briefing.channels.replies import REMEDIES, SOON, judged
from briefing.errors import ChannelError
from briefing.structures.channels import MailServer, Outcome, Receipt, Step
from briefing.structures.secrets import Secret

_ENDED = 421  # the server ends the connection with this answer
_GO_ON = 354  # the server waits for a message


def _always() -> bool:
    return True


class Connection:
    """A connection to a mail server, opened when first needed, used again and again.

    One message at a time, and one thread at a time.

    Args:
        server: where, and how it is trusted.
        password: resolved; None where the server asks for none.
        patience: seconds that the server may take to answer the dot that ends a message.
    """

    def __init__(
        self, server: MailServer, password: Secret | None = None, *, patience: float = DOT_PATIENCE
    ) -> None:
        self._server = server
        self._password = password
        self._patience = patience
        self._dialogue: Dialogue | None = None
        self._step: Step = "connection"
        self._proven = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def most_bytes(self) -> int | None:
        """The largest message that the server takes; None before ``open`` or if it does not say."""
        return self._dialogue.most_bytes if self._dialogue else None

    def open(self) -> Receipt | None:
        """Connect and log in, if that is not done yet.

        Returns:
            None if the server is ready; else why it is not, ``deferred`` or ``channel_failed``.
        """
        return None if self._dialogue else self._guarded(self._enter)

    def close(self) -> None:
        """Take leave of the server; what it has taken, it has."""
        if self._dialogue:
            self._dialogue.leave()
            self._dialogue = None

    def deliver(
        self,
        sender: str,
        recipients: Sequence[str],
        message: bytes,
        *,
        before_dot: Callable[[], bool] = _always,
    ) -> Receipt:
        """Hand over one message, to all of its recipients or to none.

        A server that had enough of this connection gets a new one; nothing else is tried twice.

        Args:
            sender: who hears of it if it cannot be delivered in the end.
            recipients: the reader, and after it the address of the archive where there is one.
            message: with its headers, in lines that end with CR LF.
            before_dot: asked when all is sent but the dot without which nothing is delivered. If
                it says no, or raises, the connection is dropped.

        Raises:
            ValueError: an address or the message cannot be sent as it is.
        """
        _check(sender, recipients, message)
        again = self._answers()
        receipt = self._attempt(sender, recipients, message, before_dot)
        worn = receipt.step == "sender" and receipt.code in {0, _ENDED}
        if again and worn and receipt.outcome == "deferred":
            return self._attempt(sender, recipients, message, before_dot)
        return receipt

    # -- the steps ----------------------------------------------------------------------------

    def _enter(self) -> Receipt | None:
        self._step = "connection"
        self._dialogue = opened(self._server)
        self._dialogue.patience = self._patience
        if self._password is not None:
            self._step = "login"
            self._dialogue.enter(self._server.username, self._password)
        return None

    def _answers(self) -> bool:
        """Whether the connection of the last message is still there, and free for another."""
        if self._dialogue is None:
            return False
        try:
            code, _ = self._dialogue.rset()
        except OSError:
            code = 0
        except BaseException:
            self._drop()
            raise
        if not 200 <= code < 300:
            self._drop()
        return self._dialogue is not None

    def _attempt(
        self,
        sender: str,
        recipients: Sequence[str],
        message: bytes,
        before_dot: Callable[[], bool],
    ) -> Receipt:
        def offer() -> Receipt | None:
            return self._offer(self._ready, sender, recipients, message)

        if ended := self.open() or self._guarded(offer):
            return ended
        try:
            wanted = before_dot()
        except BaseException:
            self._drop()
            raise
        if not wanted:
            self._drop()
            text = "The connection was dropped before the end of the message, as was asked."
            return Receipt("deferred", "message", text=text, retry_after=timedelta(0))
        return self._guarded(self._finish) or self._lost("uncertain")

    def _offer(
        self, dialogue: Dialogue, sender: str, recipients: Sequence[str], message: bytes
    ) -> Receipt | None:
        """Everything but the dot; None if only that is missing."""
        self._step = "sender"
        most = dialogue.most_bytes
        if most is not None and len(message) > most:
            text = f"The server takes at most {most} bytes; the message has {len(message)}."
            return Receipt("too_large", "sender", text=text, remedy=REMEDIES["too_large"])
        sized = [f"size={len(message)}"] if dialogue.has_extn("size") else []
        code, said = dialogue.mail(sender, sized)
        if not 200 <= code < 300:
            return self._answered(code, said)
        for number, address in enumerate(recipients):
            self._step = "recipient"
            code, said = dialogue.rcpt(address)
            if not 200 <= code < 300:
                receipt = self._answered(code, said)
                return _archive_refused(receipt, address) if number else receipt
        self._step = "message"
        code, said = dialogue.docmd("data")
        if code != _GO_ON:
            return self._answered(code, said)
        dialogue.body(message)
        return None

    def _finish(self) -> Receipt:
        heard = self._ready.overheard()
        if heard is not None:
            # it ended the connection, or said why it will: a dot might still slip through
            self._drop()
            code = int(heard[:3]) if heard[:3].isdigit() else 0
            return self._answered(code, heard[4:]) if code else self._lost("deferred")
        self._step = "dot"
        receipt = self._answered(*self._ready.dot())
        self._proven = self._proven or receipt.outcome == "sent"
        return receipt

    # -- how they end -------------------------------------------------------------------------

    @property
    def _ready(self) -> Dialogue:
        if self._dialogue is None:
            raise ConnectionResetError("the connection was dropped")
        return self._dialogue

    def _guarded(self, steps: Callable[[], Receipt | None]) -> Receipt | None:
        """The steps; where they fail, no connection is left that somebody might go on with."""
        try:
            return steps()
        except ChannelError as error:
            self._drop()
            return Receipt("channel_failed", self._step, text=error.message, remedy=error.hint)
        except (OSError, UnicodeError) as error:  # those of smtplib are OSErrors too
            uncertain = self._dialogue is not None and self._dialogue.handed_over
            self._drop()
            return self._failed(error, uncertain)
        except BaseException:
            self._drop()
            raise

    def _failed(self, error: Exception, uncertain: bool) -> Receipt:
        said = explained(error, self._server)
        code = getattr(error, "smtp_code", 0) if self._step in {"connection", "login"} else 0
        text = sentence(self._server, said.what, self._password)
        if uncertain:
            return Receipt("uncertain", "dot", text=text, remedy=REMEDIES["uncertain"])
        if said.lasting and self._step in {"connection", "login"}:
            return Receipt("channel_failed", self._step, code, text, said.remedy)
        return Receipt("deferred", self._step, code, text, said.remedy, SOON)

    def _lost(self, outcome: Outcome) -> Receipt:
        text = sentence(self._server, "ended the connection", self._password)
        pause = SOON if outcome == "deferred" else None
        return Receipt(outcome, self._step, text=text, remedy=REMEDIES[outcome], retry_after=pause)

    def _answered(self, code: int, said: bytes) -> Receipt:
        """The receipt for an answer; whoever said 421, or nothing sensible, is not asked again."""
        taken = self._step == "dot" and 200 <= code < 300
        if code == _ENDED or not (taken or 400 <= code < 600):
            self._drop()
        text = shown(self._server, answer(code, said), self._password)
        return judged(self._step, code, text, proven=self._proven)

    def _drop(self) -> None:
        """Hang up without a word: whatever was begun is not to be ended by accident."""
        if self._dialogue is not None:
            self._dialogue.close()
            self._dialogue = None


def _check(sender: str, recipients: Sequence[str], message: bytes) -> None:
    for address in (sender, *recipients):
        if not address.isascii() or not address.isprintable() or "@" not in address:
            raise ValueError(f"{address!r} cannot be sent as an address")
    breaks = message.count(b"\r\n")
    if not recipients or message.count(b"\r") != breaks or message.count(b"\n") != breaks:
        raise ValueError("the message is for nobody, or holds a CR or LF on its own")


def _archive_refused(receipt: Receipt, address: str) -> Receipt:
    """Without its copy, nobody could find out later whether the message arrived."""
    text = f"The archive {address} was refused: {receipt.text}"
    if receipt.outcome == "refused":
        remedy = "Check mail.archive.address in config.yaml."
        return replace(receipt, outcome="channel_failed", text=text, remedy=remedy)
    return replace(receipt, text=text)

"""Carries issues to readers by mail, in the fullest form that the server takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from briefing.abc import Channel
from briefing.channels.letters import linked, shortened
from briefing.channels.message import issue_message
from briefing.channels.smtp import Connection
from briefing.errors import ChannelError
from briefing.structures.channels import Letter, MailServer, Receipt
from briefing.structures.deliveries import Parcel
from briefing.structures.secrets import Secret


class MailChannel(Channel):
    """Hands each issue to the mail server as one message for one reader.

    Where the server does not take so large a message, the appendix (every attachment but the
    first) is left out, then every attachment; the mail says first what is missing and how to get
    it.

    Args:
        server: where, from whom, and the archive that gets a copy.
        password: resolved; None where the server asks for none.
        link: where readers find issues: a URL to which an issue's path is added; may be empty.
    """

    def __init__(
        self, server: MailServer, password: Secret | None = None, *, link: str = ""
    ) -> None:
        self._server = server
        self._link = link
        self._connection = Connection(server, password)

    def deliver(self, parcel: Parcel, still_wanted: Callable[[], bool]) -> Receipt:
        """Send the issue to its reader; a copy goes to the archive in the same breath.

        What cannot be made into a message, such as a name with a line break, is ``refused``: it
        stops no other.
        """
        (_, whole), *smaller = self._forms(parcel)
        receipt, cut = self._sent(parcel, whole, still_wanted)
        for form, letter in smaller:
            if receipt.outcome != "too_large":
                break
            receipt, _ = self._sent(parcel, letter, still_wanted)
            if receipt.outcome == "sent":
                receipt = replace(receipt, text=f"{receipt.text}; {form}, {cut}")
        return receipt

    def close(self) -> None:
        """Take leave of the server."""
        self._connection.close()

    def _forms(self, parcel: Parcel) -> Iterator[tuple[str, Letter]]:
        """The letter in each of its forms, from the largest, with what a form lacks."""
        letter, link = parcel.letter, linked(self._link, parcel.issue)
        yield "", letter
        if len(letter.attachments) > 1:
            yield "without the appendix", shortened(letter, 1, link)
        if letter.attachments:
            yield "without the attachments", shortened(letter, 0, link)

    def _sent(
        self, parcel: Parcel, letter: Letter, still_wanted: Callable[[], bool]
    ) -> tuple[Receipt, str]:
        """The receipt, and why the message is too large if that is what it says.

        A message larger than the server's SIZE is not sent at all.
        """
        if parcel.to is None:
            text = f"The issue {parcel.issue} cannot be mailed to nobody."
            remedy = "In config.yaml, name an audience under `to`; `channels` is for other ways."
            return Receipt("refused", "message", text=text, remedy=remedy), ""
        try:
            message = bytes(
                issue_message(
                    letter,
                    parcel.to,
                    self._server,
                    date=parcel.date,
                    message_id=parcel.message_id,
                    in_reply_to=parcel.in_reply_to,
                )
            )
        except ChannelError as error:
            return Receipt("refused", "message", text=error.message, remedy=error.hint), ""
        archive = self._server.archive
        recipients = (parcel.to.address, *([archive.address] if archive else []))
        receipt = self._connection.deliver(
            self._server.sender.address, recipients, message, before_dot=still_wanted
        )
        return receipt, self._limit(len(message))

    def _limit(self, size: int) -> str:
        most = self._connection.most_bytes
        if most is not None and size > most:
            return f"the server takes at most {most} bytes"
        return f"the server found {size} bytes too many"

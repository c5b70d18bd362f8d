"""What a user's own code may be: the shapes that ``use:`` expects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from briefing.structures.channels import Receipt
from briefing.structures.deliveries import Parcel

if TYPE_CHECKING:
    import pandas as pd

TableFunction = Callable[[Mapping[str, "pd.DataFrame"]], "pd.DataFrame"]
"""``use: module:function`` of a table: gets the typed frames, returns the result's frame.

The frame may carry ``attrs["units"]`` (column to unit) and a column ``records`` with the lines
of the declared dataset table behind each row.
"""


class Channel(ABC):
    """``use: module:class`` of a channel: a way to readers. Made with its ``options`` as words.

    A channel is opened by its first delivery, used for many by one thread, and closed. It raises
    BriefingError for what it can say to a person; anything else counts as its fault, too.
    """

    repeatable: ClassVar[bool] = False
    """Whether the same parcel handed over twice leaves what once leaves: a file that is written
    again is, a message that is sent again is not. What is not is never repeated where it may have
    arrived."""

    @abstractmethod
    def deliver(self, parcel: Parcel, still_wanted: Callable[[], bool]) -> Receipt:
        """Hand over one issue to one recipient.

        Args:
            parcel: what, and to whom; the same parcel at every try.
            still_wanted: asked just before it cannot be undone; False: leave it, and answer
                ``deferred``.

        Returns:
            What became of it. ``uncertain`` where it may have arrived.
        """

    def close(self) -> None:  # noqa: B027 -- most have nothing to let go of
        """Let go of what was opened; called once, also after a failure."""

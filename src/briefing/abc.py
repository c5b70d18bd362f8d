"""What a user's own code may be: the shapes that ``use:`` expects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from briefing.structures.channels import Receipt
from briefing.structures.deliveries import Parcel
from briefing.structures.execution import Answered

if TYPE_CHECKING:
    import pandas as pd

Item = TypeVar("Item")
Answer = TypeVar("Answer")

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


class Executor(ABC):
    """Where work is done: in this process, in others of this machine, or on a cluster.

    Work is a function of a module with one argument; it, its items and its answers are picklable
    wherever they leave the process. Local and remote executors differ in nothing else.
    """

    room: int = 1
    """How many items are worked on at once."""

    @abstractmethod
    def as_completed(
        self, work: Callable[[Item], Answer], items: Iterable[Item]
    ) -> Iterator[Answered[Item, Answer]]:
        """Do the work on each item; what fails stops no other.

        Args:
            items: drawn one by one, as room for them becomes free.

        Returns:
            What became of each, as it is done.

        Raises:
            EngineError: the executor itself is lost; what was not handed back is not done.
        """

    def map(self, work: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
        """The answers, in the order of the items.

        Raises:
            BriefingError: that of the first item that failed.
        """
        done = sorted(self.as_completed(work, items), key=lambda answered: answered.number)
        return [answered.result() for answered in done]

    @property
    def makers(self) -> tuple[int, ...]:
        """Process ids of all workers of this machine so far, to clear up after those killed."""
        return ()

    def close(self) -> None:  # noqa: B027 -- not every executor holds anything
        """End all workers, whatever they are at."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

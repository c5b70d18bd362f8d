"""One after the other, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from briefing.abc import Answer, Executor, Item
from briefing.errors import BriefingError, ChildError, unforeseen
from briefing.structures.execution import Answered


class Here(Executor):
    """This process."""

    def as_completed(
        self, work: Callable[[Item], Answer], items: Iterable[Item]
    ) -> Iterator[Answered[Item, Answer]]:
        """Do the work on each item, in order."""
        for number, item in enumerate(items):
            try:
                answer = work(item)
            except BriefingError as error:
                yield Answered(number, item, error=error)
            except MemoryError:
                raise  # the limit of this process: the rest would fare no better
            except Exception as error:
                yield Answered(number, item, error=ChildError(unforeseen(error)))
            else:
                yield Answered(number, item, answer)

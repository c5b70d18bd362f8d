"""Tells whoever has to hear, in threads: a slow mail server must not stop the rounds."""

from __future__ import annotations

import threading
from collections.abc import Callable

from briefing.errors import BriefingError
from briefing.log import get_logger


class Telling:
    """One round of telling at a time, and whatever cannot wait for it."""

    def __init__(self) -> None:
        self._thread = threading.Thread()
        self._log = get_logger()

    @property
    def is_busy(self) -> bool:
        """Whether a round of telling goes on."""
        return self._thread.is_alive()

    def begin(self, tell: Callable[[], None]) -> None:
        """Tell, unless that is being done already."""
        if not self.is_busy:
            self._thread = self.aside(tell)

    def aside(self, tell: Callable[[], None]) -> threading.Thread:
        """Tell beside everything else."""
        thread = threading.Thread(target=self._guarded, args=(tell,), name="telling", daemon=True)
        thread.start()
        return thread

    def wait(self, seconds: float) -> None:
        """Wait until it has been told, no longer than that."""
        if self.is_busy:
            self._thread.join(seconds)

    def _guarded(self, tell: Callable[[], None]) -> None:
        try:
            tell()
        except BriefingError as error:
            self._log.error("could not be told", reason=str(error))
        except Exception:
            self._log.exception("unforeseen")

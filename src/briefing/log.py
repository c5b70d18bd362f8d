"""The log of a long-running program: a JSON object per line, or lines for a person at a terminal.

What other libraries say through Python's own logging takes the same way from warnings on. Until
``configure`` is called nothing is written, so that a command says only what it means to say.
"""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable, MutableMapping
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol, TextIO, cast

if TYPE_CHECKING:
    from structlog.typing import Processor

Redact = Callable[[str], str]
"""Takes the secrets out of a text."""
_NAME = "briefing"
_FIRST = ("time", "level", "event", "run", "report", "edition", "period")
_LAST = ("exception",)
_Event = MutableMapping[str, Any]


class Logger(Protocol):
    """Writes events: what happened in a few fixed words, and the particulars as fields."""

    def bind(self, **fields: Any) -> Logger:
        """A logger that adds these fields to each of its events."""

    def debug(self, event: str, **fields: Any) -> None:
        """Something that only a developer wants to know."""

    def info(self, event: str, **fields: Any) -> None:
        """Something that happened as it should."""

    def warning(self, event: str, **fields: Any) -> None:
        """Something that went wrong and mends itself."""

    def error(self, event: str, **fields: Any) -> None:
        """Something that a person has to look at."""

    def critical(self, event: str, **fields: Any) -> None:
        """Something that ends the program."""

    def log(self, level: int, event: str, **fields: Any) -> None:
        """An event at one of the levels of Python's own logging."""

    def exception(self, event: str, **fields: Any) -> None:
        """The same, with the traceback of the exception that is being handled."""


def get_logger(**fields: Any) -> Logger:
    """A logger with these fields in each of its events, such as ``run`` or ``report``."""
    import structlog

    if not structlog.is_configured():
        _connect()
    return cast("Logger", structlog.get_logger(_NAME, **fields))


def configure(json: bool, redact: Redact, stream: TextIO | None = None) -> None:
    """Begin to write; called again, it replaces what was set before.

    Args:
        json: a JSON object for each event; else lines for a person.
        redact: takes the secrets out of every text that is written.
        stream: where to; standard error where none is given.
    """
    import structlog

    _connect()
    lines = _Lines(stream or sys.stderr)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_stamped(), structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # a renderer would do it later, and show the values of variables
                structlog.processors.format_exc_info,
                _Plain(redact, one_line=not json),
                _ordered,
                _rendered(json, lines.stream),
            ],
        )
    )
    root = logging.getLogger()
    for before in [item for item in root.handlers if isinstance(item, _Lines)]:
        root.removeHandler(before)
    root.addHandler(lines)
    logging.getLogger(_NAME).setLevel(logging.INFO)
    logging.captureWarnings(True)


class _Lines(logging.StreamHandler[TextIO]):
    """The place where ``configure`` writes, told from what others set up."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- logging's own name
        """A line that cannot be written, on a full disk, stops nobody and says nothing."""


def _connect() -> None:
    """Let events go through Python's logging, where each of them meets those of libraries."""
    import structlog

    logging.getLogger(_NAME).addHandler(logging.NullHandler())
    structlog.configure(
        processors=[*_stamped(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def _stamped() -> list[Processor]:
    import structlog

    return [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]


def _rendered(json: bool, stream: TextIO) -> Processor:
    import structlog

    if json:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(),
        timestamp_key="time",
        sort_keys=False,
    )


def _ordered(_: Any, __: str, event: _Event) -> _Event:
    """What every event has first, a traceback last."""
    first = {key: event[key] for key in _FIRST if key in event}
    last = {key: event[key] for key in _LAST if key in event}
    rest = {key: value for key, value in event.items() if key not in first and key not in last}
    return {**first, **rest, **last}


class _Plain:
    """Makes every value a plain one without secrets.

    Args:
        redact: takes the secrets out of a text.
        one_line: whether control characters are shown as escapes, since a terminal obeys them.
    """

    def __init__(self, redact: Redact, one_line: bool) -> None:
        self._redact = redact
        self._one_line = one_line

    def __call__(self, _: Any, __: str, event: _Event) -> _Event:
        plain = {str(key): self._value(value) for key, value in event.items()}
        return _escaped(plain) if self._one_line else plain

    def _value(self, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, dict):
            return {self._redact(str(key)): self._value(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(item) for item in value]
        if isinstance(value, date):
            return value.isoformat()
        text = value if isinstance(value, str) else str(value)
        hidden = self._redact(text)
        as_it_is = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
        return value if as_it_is and hidden == text else hidden


def _escaped(value: Any) -> Any:
    """The value with control characters as escapes; only a traceback keeps its lines."""
    if isinstance(value, dict):
        kept = {key: str(value[key]).split("\n") for key in _LAST if key in value}
        whole = {key: _escaped(item) for key, item in value.items()}
        return {**whole, **{key: "\n".join(map(_escaped, lines)) for key, lines in kept.items()}}
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in value)

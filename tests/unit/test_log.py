"""The log: one object a line, everything on the same way, no secret in any form of it."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefing import log
from briefing.config.secrets import Redactor
from briefing.structures.secrets import Secret

SECRET = "pass word/7"


@pytest.fixture(scope="module", autouse=True)
def as_before() -> Iterator[None]:
    """Other tests find Python's logging as it was."""
    root = logging.getLogger()
    handlers = list(root.handlers)
    yield
    root.handlers[:] = handlers
    logging.captureWarnings(False)


@pytest.fixture(scope="module")
def redact() -> Redactor:
    made = Redactor()
    made.learn(Secret(SECRET))
    return made


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def written(redact):
    """What a piece of work writes, in JSON or for a person."""

    def writing(work, *, as_json: bool = True, terminal: bool = False) -> str:
        stream = Terminal() if terminal else io.StringIO()
        log.configure(as_json, redact, stream)
        work()
        return stream.getvalue()

    return writing


@pytest.fixture(scope="module")
def objects(written):
    def writing(work) -> list[dict]:
        return [json.loads(line) for line in written(work).splitlines()]

    return writing


@pytest.fixture(scope="module")
def only(objects):
    def writing(work) -> dict:
        (event,) = objects(work)
        return event

    return writing


def failing() -> None:
    password = SECRET
    raise RuntimeError(f"no login with {password}\n\x1b[2J")


# -- the shape of an event --------------------------------------------------------------------


def test_an_event_is_an_object_on_a_line_with_the_usual_fields_first(only):
    logger = log.get_logger(run=17, report="regional")
    event = only(lambda: logger.bind(period="2026-10").info("published", seconds=1.5, edition="ko"))
    assert datetime.fromisoformat(event.pop("time")).tzinfo == UTC
    assert list(event.items()) == [
        ("level", "info"),
        ("event", "published"),
        ("run", 17),
        ("report", "regional"),
        ("edition", "ko"),
        ("period", "2026-10"),
        ("seconds", 1.5),
    ]


@pytest.mark.parametrize("level", ["info", "warning", "error", "critical"])
def test_a_level_is_named(only, level):
    assert only(lambda: getattr(log.get_logger(), level)("x"))["level"] == level
    number = getattr(logging, level.upper())
    assert only(lambda: log.get_logger().log(number, "x"))["level"] == level


def test_what_only_a_developer_wants_is_not_written(written):
    assert written(lambda: log.get_logger().debug("tick")) == ""


def test_a_text_with_line_breaks_stays_on_its_line(written):
    text = written(lambda: log.get_logger().error("a\nb", why="c\r\nd\u2028e 한글"))
    assert text.count("\n") == 1
    assert text.endswith("}\n")
    assert "한글" in text
    assert json.loads(text)["why"] == "c\r\nd\u2028e 한글"


def test_values_of_any_type_are_written(only):
    class Colour(Enum):
        RED = "red"

    values = {
        "day": date(2026, 11, 1),
        "moment": datetime(2026, 11, 1, 8, tzinfo=UTC),
        "path": Path("/x"),
        "nan": float("nan"),
        "none": None,
        "yes": True,
        "many": {"a": [1, (2, Path("/y"))]},
        "colour": Colour.RED,
    }
    event = only(lambda: log.get_logger().info("x", **values))
    assert {key: event[key] for key in values} == {
        "day": "2026-11-01",
        "moment": "2026-11-01T08:00:00+00:00",
        "path": "/x",
        "nan": "nan",
        "none": None,
        "yes": True,
        "many": {"a": [1, [2, "/y"]]},
        "colour": "Colour.RED",
    }


def test_an_exception_is_written_with_its_traceback(only):
    def work() -> None:
        try:
            failing()
        except RuntimeError:
            log.get_logger(run=3).exception("unforeseen")

    event = only(work)
    assert (event["level"], event["run"]) == ("error", 3)
    assert "RuntimeError: no login with ***" in event["exception"]
    assert list(event)[-1] == "exception"


# -- other libraries --------------------------------------------------------------------------


def test_warnings_of_libraries_take_the_same_way(objects):
    def work() -> None:
        logging.getLogger("apscheduler.scheduler").warning("missed by %s", SECRET)
        logging.getLogger("apscheduler.scheduler").info("every half minute")
        logging.getLogger("sqlalchemy.pool").error("lost")

    missed, lost = objects(work)
    assert (missed["logger"], missed["level"]) == ("apscheduler.scheduler", "warning")
    assert missed["event"] == "missed by ***"
    assert (lost["logger"], lost["event"]) == ("sqlalchemy.pool", "lost")


def test_an_exception_of_a_library_keeps_its_traceback(only):
    def work() -> None:
        try:
            failing()
        except RuntimeError:
            logging.getLogger("apscheduler").error("failed", exc_info=True)

    assert "RuntimeError: no login with ***" in only(work)["exception"]


def test_configured_again_an_event_is_still_written_once(written, redact):
    first = io.StringIO()
    log.configure(True, redact, first)
    second = written(lambda: log.get_logger().info("x"))
    assert first.getvalue() == ""
    assert second.count("\n") == 1


# -- for a person -----------------------------------------------------------------------------


def test_a_person_reads_lines(written):
    text = written(lambda: log.get_logger(run=7).info("published", period="2026-10"), as_json=False)
    assert "[info" in text
    assert "published" in text
    assert "run=7" in text
    assert "period=2026-10" in text
    assert "\x1b" not in text


def test_only_a_terminal_sees_colours(written):
    text = written(lambda: log.get_logger().info("x"), as_json=False, terminal=True)
    assert "\x1b[" in text


def test_no_event_can_take_over_a_terminal(written):
    def work() -> None:
        log.get_logger().error("a\nb\x1b[2J", why="\x9b\u202e")
        try:
            failing()
        except RuntimeError:
            log.get_logger().exception("unforeseen")

    text = written(work, as_json=False)
    assert not set(text) & set("\x1b\x9b\u202e")
    assert r"a\nb\x1b[2J" in text
    assert 'raise RuntimeError(f"no login with {password}' in text


# -- secrets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("as_json", [True, False])
@given(
    where=st.sampled_from(["event", "field", "nested", "key", "error", "library", "secret"]),
    before=st.text(max_size=5),
)
def test_no_secret_is_written_wherever_it_stands(written, as_json, where, before):
    said = f"{before}{SECRET}"
    logger = log.get_logger()
    work = {
        "event": lambda: logger.info(said),
        "field": lambda: logger.info("x", why=said),
        "nested": lambda: logger.info("x", why={"a": [{"b": said}]}),
        "key": lambda: logger.info("x", why={said: 1}),
        "error": lambda: logger.info("x", why=ValueError(said)),
        "library": lambda: logging.getLogger("sqlalchemy").warning("%s", said),
        "secret": lambda: logger.info("x", why=Secret(SECRET)),
    }[where]
    text = written(work, as_json=as_json)
    assert SECRET not in text
    assert "***" in text


def test_a_secret_that_is_a_number_is_hidden_too(redact, only):
    redact.learn(Secret("48151623"))
    assert only(lambda: log.get_logger().info("x", pin=48151623, run=4))["pin"] == "***"


def test_no_variable_of_a_failing_function_is_shown(written):
    def work() -> None:
        try:
            failing()
        except RuntimeError:
            log.get_logger().exception("unforeseen")

    assert "***" in written(work, as_json=False, terminal=True)
    assert SECRET not in written(work, as_json=False, terminal=True)


# -- a process of its own ---------------------------------------------------------------------


def ran(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )


def test_before_it_is_configured_nothing_is_written():
    said = ran("from briefing.log import get_logger; get_logger(a=1).error('x', b=2)")
    assert (said.stdout, said.stderr) == ("", "")


def test_the_log_goes_to_standard_error_alone():
    said = ran(
        "from briefing import log\n"
        "logger = log.get_logger()\n"
        "log.configure(True, str)\n"
        "logger.info('published')\n"
    )
    assert said.stdout == ""
    assert json.loads(said.stderr)["event"] == "published"


def test_warnings_of_python_take_the_same_way():
    said = ran(
        "import warnings\n"
        "from briefing import log\n"
        "log.configure(True, lambda text: text.replace('sesame', '***'))\n"
        "warnings.warn('old sesame')\n"
    )
    event = json.loads(said.stderr)
    assert (event["logger"], event["level"]) == ("py.warnings", "warning")
    assert "old ***" in event["event"]


def test_the_library_is_loaded_only_when_something_is_logged():
    ran("import sys, briefing.log; sys.exit('structlog' in sys.modules)")

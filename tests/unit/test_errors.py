"""The tree of errors: exit codes, messages, and how a problem reads."""

import pytest

from briefing import errors
from briefing.errors import BriefingError, Problem, ProblemsError


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("BriefingError", 4),
        ("ProblemsError", 1),
        ("UsageError", 2),
        ("BuildError", 4),
        ("ChartError", 4),
        ("RenderError", 4),
        ("ArchiveError", 4),
        ("ChildError", 4),
        ("LedgerError", 4),
        ("StaleRunError", 4),
        ("HeldError", 3),
        ("ChannelError", 5),
        ("BusyError", 75),
    ],
)
def test_every_error_has_its_exit_code(name, code):
    kind = getattr(errors, name)
    assert issubclass(kind, BriefingError)
    assert kind.exit_code == code
    assert name in (errors.__doc__ or "")


def test_the_docstring_is_the_message_where_none_is_given():
    assert str(errors.RenderError()) == "The pages could not be made, or they failed a gate."
    assert str(errors.RenderError("No ink.", "Fill it up.")) == "No ink. Fill it up."


def test_a_problem_says_where_what_and_what_to_do():
    problem = Problem("data/loans.csv", 4, "lent", "'x' is not a whole number", "Write digits.")
    assert str(problem) == "data/loans.csv:4: lent: 'x' is not a whole number. Write digits."
    whole = Problem("data/loans.csv", 0, "", "the file does not exist", "Add it.")
    assert str(whole) == "data/loans.csv: the file does not exist. Add it."


def test_problems_come_once_each_in_the_order_of_their_places():
    late = Problem("b.csv", 2, "", "late", "")
    early = Problem("a.csv", 9, "", "early", "")
    error = ProblemsError([late, early, late])
    assert error.problems == (early, late)
    assert error.message == "2 problems found."

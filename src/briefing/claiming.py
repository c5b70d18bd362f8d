"""Takes the row of an issue that a person asks for, keeps its lease, writes down how it ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from briefing import pipeline
from briefing.errors import (
    BriefingError,
    HeldError,
    LedgerError,
    SealedError,
    StaleRunError,
    UsageError,
    unforeseen,
)
from briefing.planning import as_planned
from briefing.structures import Run

if TYPE_CHECKING:
    from briefing.ledger import Ledger


def claimed(
    ledger: Ledger, request: pipeline.Request, *, deliver: bool, reason: str
) -> tuple[pipeline.Request, Run | None]:
    """Take the row of an issue that a person asks for.

    Returns:
        What is to be made, its revision filled in, and the row; None where readers have that
        issue, so that it can only be compared.

    Raises:
        BusyError: somebody else builds it.
        UsageError: there is nothing to correct.
    """
    from briefing.ledger import this_process

    newest = ledger.newest(
        request.edition.report, request.edition.name, str(request.edition.period)
    )
    request, deliver = _revised(request, newest, reason, deliver=deliver)
    planned = as_planned(request.edition, request.formats, "manual", deliver=deliver)
    planned = replace(planned, revision=request.revision, correction=request.reason)
    try:
        return request, ledger.claim(planned, this_process())
    except SealedError:
        return replace(request, formats=newest.formats if newest else request.formats), None


@contextmanager
def concluding(ledger: Ledger, run: Run) -> Iterator[None]:
    """Write into the ledger what goes wrong with a claimed run; the error goes on its way."""
    try:
        yield
    except StaleRunError:
        raise
    except LedgerError as error:  # it may be in the archive, so it has to be made once more
        with suppress(LedgerError):
            ledger.hand_back(run, str(error))
        raise
    except BriefingError as error:
        ledger.fail(run, str(error), waits=None, held=isinstance(error, HeldError))
        raise
    except Exception as error:
        ledger.fail(run, unforeseen(error), waits=None)
        raise
    except BaseException:
        ledger.hand_back(run, "stopped by hand", cancelled=True)
        raise


def _revised(
    request: pipeline.Request, newest: Run | None, reason: str, *, deliver: bool
) -> tuple[pipeline.Request, bool]:
    """Which revision is meant: the newest, or with a reason the one that corrects it.

    A correction goes to readers if what it corrects did.
    """
    if not reason:
        if newest is None:
            return request, deliver
        asked = replace(request, revision=newest.revision, reason=newest.correction)
        return asked, deliver
    if newest is None or (newest.revision == 1 and not newest.manifest):
        raise UsageError("There is nothing to correct: this issue was never published.")
    if newest.sealed:
        number = newest.revision + 1
    elif newest.revision > 1:
        number = newest.revision  # a correction that nobody has received yet is made anew
    else:
        raise UsageError(
            "Nobody has received this issue, so there is nothing to correct.",
            "Build it without --revise: it is replaced in place.",
        )
    return replace(request, revision=number, reason=reason), deliver or newest.deliver


@contextmanager
def kept_lease(ledger: Ledger, run: Run) -> Iterator[None]:
    """Renew the lease of a run while something else is done."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(ledger.lease.total_seconds() / 3):
            with suppress(LedgerError):  # the fence decides in the end, not the lease
                if not ledger.renew(run):
                    return

    keeper = threading.Thread(target=renew, name=f"lease of run {run.id}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()

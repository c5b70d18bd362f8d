"""The command build: makes issues, and where it is asked to, sends them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from briefing.cli.options import (
    JsonOption,
    ProjectOption,
    WorkersOption,
    day_of,
    formats_of,
    load,
    open_ledger,
    report_named,
    today,
)
from briefing.errors import (
    BriefingError,
    BusyError,
    ChannelError,
    SealedError,
    UsageError,
)
from briefing.terminal import (
    TerminalProgress,
    issue_as_json,
    print_json,
    raise_last,
    show_issue,
)

if TYPE_CHECKING:
    from briefing.cli.deliveries import Counts
    from briefing.ledger import Ledger
    from briefing.pipeline import Request
    from briefing.structures import Edition, Issue, Project, Run

_ASK_AGAIN = 1.0  # seconds


def build(
    report: Annotated[
        list[str] | None, typer.Argument(help="Reports to build; the default one if none.")
    ] = None,
    *,
    period: Annotated[
        str,
        typer.Option(help="Such as 2026-10, 2026-Q3, last-1; else the last complete one."),
    ] = "",
    edition: Annotated[
        str, typer.Option(help="The value of the report's parameter, such as KR-27, or all.")
    ] = "",
    as_of: Annotated[
        str, typer.Option(help="Only records known on that day; else the period's last day.")
    ] = "",
    language: Annotated[str, typer.Option(help="en, ko or all; else the project's first.")] = "",
    formats: Annotated[str, typer.Option("--format", help="pdf, html or both.")] = "pdf,html",
    output: Annotated[
        Path | None, typer.Option(help="Another folder than the archive; leaves the archive alone.")
    ] = None,
    revise: Annotated[
        bool, typer.Option("--revise", help="Correct an issue that readers have, as r2, r3 ...")
    ] = False,
    reason: Annotated[
        str, typer.Option(help="With --revise: what was wrong; readers see it.")
    ] = "",
    deliver: Annotated[
        bool, typer.Option("--deliver", help="Send it to its readers, now.")
    ] = False,
    workers: WorkersOption = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait where somebody else is building the same issue.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what was reused, what was made anew and why.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Build again whenever a file changes, until Ctrl-C.")
    ] = False,
    as_json: JsonOption = False,
    project: ProjectOption = Path(),
) -> None:
    """Build issues and print the paths of their files."""
    if revise != bool(reason.strip()):
        raise UsageError("--revise and --reason belong together.", "Readers see the reason.")
    if watch and (revise or deliver or as_json):
        raise UsageError(
            "--watch neither corrects nor sends, and answers people.",
            "Drop --watch, or --revise, --deliver and --json.",
        )
    if workers != 1:
        _warm_up(several="all" in {edition, language}, prints="pdf" in formats)

    def once(learn: Callable[[Project], None]) -> None:
        with TerminalProgress(quiet=as_json) as progress:
            loaded = load(project, progress)
            learn(loaded)
            from briefing import editions, pipeline

            wanted = formats_of(formats)
            day = day_of(as_of)
            day_now = today(loaded)
            asked = [
                item
                for name in report or [loaded.default_report]
                for item in editions.editions_of(
                    loaded,
                    report_named(loaded, name),
                    day_now,
                    period=period,
                    as_of=day,
                    language=language,
                    parameter=edition,
                )
            ]
            requests = [pipeline.Request(item, wanted, output) for item in asked]
            if (revise or deliver) and any(item.is_copy for item in requests):
                raise UsageError("A copy is neither corrected nor sent.", "Drop --as-of, --output.")
            issues, failed = _built(
                loaded,
                requests,
                progress,
                workers,
                wait=wait or watch,
                deliver=deliver,
                reason=reason.strip(),
            )
        counts, incomplete = _sent(loaded, asked, issues) if deliver and not failed else ({}, None)
        sent = {"deliveries": counts} if deliver else {}
        _print_built(issues, failed, sent, as_json=as_json, explain=explain)
        raise_last(failed, len(requests))
        if changed := [item for item in issues if item.state == "sealed"]:
            raise SealedError(
                f"Readers have {len(changed)} of these issues already; nothing was written.",
                'To correct them: --revise --reason "what was wrong".',
            )
        _tell_readers(loaded, requests, counts, incomplete, deliver=deliver, quiet=as_json)
        if not (deliver or revise or watch):
            _remember(loaded, issues, as_json=as_json, explain=explain)

    if watch:
        from briefing.cli.watching import build_on_change

        build_on_change(project, output, once)
    else:
        once(lambda _: None)


def _warm_up(*, several: bool, prints: bool) -> None:
    """Have the libraries loaded elsewhere, while the project is read here."""
    from briefing.executors import PRINTING, cores, warm_up

    if several:
        warm_up()
    elif prints and cores() > 1:
        with suppress(OSError):  # then it is printed here
            warm_up(PRINTING)


def _remember(project: Project, issues: list[Issue], *, as_json: bool, explain: bool) -> None:
    """Remember what this would answer if it were asked once more, and nothing had changed."""
    from briefing.cli import remembered
    from briefing.reuse import ISSUE
    from briefing.structures import Reused

    whole = (Reused(ISSUE, "", True),)
    again = [replace(item, state="unchanged", changed=(), reused=whole) for item in issues]
    with redirect_stdout(StringIO()) as said:
        _print_built(again, [], {}, as_json=as_json, explain=explain)
    remembered.remember(sys.argv[1:], project, issues, said.getvalue())


def _sent(
    project: Project, editions: list[Edition], issues: list[Issue]
) -> tuple[Counts, ChannelError | None]:
    """Send what was built, unless readers have another version of it."""
    if any(item.state == "sealed" for item in issues):
        return {}, None
    from briefing.cli.deliveries import deliver_now

    return deliver_now(project, editions)


def _print_built(
    issues: list[Issue],
    failed: list[tuple[Edition, BriefingError]],
    sent: dict[str, Any],
    *,
    as_json: bool,
    explain: bool,
) -> None:
    if not as_json:
        for item in issues:
            show_issue(item, explain=explain)
        return
    unbuilt = [
        {"issue": f"{item.report}/{item.period}/{item.name}", "error": str(error)}
        for item, error in failed
    ]
    built = [issue_as_json(item, explain=explain) for item in issues]
    print_json({"issues": built, "failed": unbuilt, **sent})
    for _, error in failed:
        print(error, file=sys.stderr)
    if failed:
        raise typer.Exit(failed[-1][1].exit_code)


def _tell_readers(
    project: Project,
    requests: list[Request],
    counts: Counts,
    incomplete: ChannelError | None,
    *,
    deliver: bool,
    quiet: bool,
) -> None:
    """Who has what was built, or who sends it."""
    if deliver:
        from briefing.cli.deliveries import finish

        finish(counts, incomplete, quiet=quiet)
    elif not quiet:
        _say_what_waits(project, [item.edition for item in requests if not item.is_copy])


def _say_what_waits(project: Project, editions: list[Edition]) -> None:
    """Where readers wait for what was built, say who sends it."""
    ledger = open_ledger(project) if editions else None
    for item in editions if ledger else ():
        assert ledger is not None
        run = ledger.newest(item.report, item.name, str(item.period))
        waiting = ledger.delivery_counts(run).get("queued", 0) if run else 0
        if run and waiting:
            noun = "delivery waits" if waiting == 1 else "deliveries wait"
            print(f"{waiting} {noun}: briefing serve sends {run.issue}, or briefing send now.")


def _built(
    project: Project,
    requests: list[Request],
    progress: TerminalProgress,
    workers: int | None,
    *,
    wait: bool,
    deliver: bool,
    reason: str,
) -> tuple[list[Issue], list[tuple[Edition, BriefingError]]]:
    """The issues that could be built, and why the others could not: one stops no other.

    Copies leave the ledger alone; an issue is made in the row that a scheduler would take.
    """
    from briefing import batches

    said = ""

    def waited(error: BusyError) -> bool:
        nonlocal said
        holder = error.message.partition(";")[0]
        if wait and holder != said:
            progress("wait", holder)
            said = holder
        if wait:
            time.sleep(_ASK_AGAIN)
        return wait

    ledger = None if all(item.is_copy for item in requests) else open_ledger(project)
    batch = batches.Batch(project, ledger, requests, waited, deliver, reason, progress.notice)
    return batches.build_batch(batch, workers, progress)


def make_here(
    project: Project, ledger: Ledger, asked: list[Run], workers: int | None, *, quiet: bool
) -> None:
    """Make what was asked for in the ledger, here and now; what a scheduler makes is waited for."""
    from briefing import batches, runs

    def waited(_: BusyError) -> bool:
        time.sleep(_ASK_AGAIN)
        return True

    requests = [runs.request_of(project, run) for run in asked]
    with TerminalProgress(quiet=quiet) as progress:
        batch = batches.Batch(project, ledger, requests, waited, notice=progress.notice)
        issues, failed = batches.build_batch(batch, workers, progress)
    if quiet:
        _print_built(issues, failed, {}, as_json=True, explain=False)
        return
    for issue in issues:
        show_issue(issue)
    raise_last(failed, len(requests))


COMMANDS: dict[str, Callable[..., None]] = {"build": build}

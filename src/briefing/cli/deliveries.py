"""Commands about readers: preview, send, approve, hold."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from briefing.cli.options import (
    JsonOption,
    ProjectOption,
    load,
    load_config,
    load_quietly,
    now,
    open_ledger,
    report_named,
    today,
)
from briefing.errors import ChannelError, UsageError
from briefing.terminal import TerminalProgress, print_json, print_table

if TYPE_CHECKING:
    from briefing.ledger import Ledger
    from briefing.postman import Post
    from briefing.structures import Edition, Posting, Project, Resolvable, Run, Secret

ReportArgument = Annotated[str, typer.Argument(help="The report, by the name of its folder.")]
PeriodOption = Annotated[str, typer.Option(help="Such as 2026-10; else the last complete one.")]
EditionOption = Annotated[str, typer.Option(help="A value of the report's parameter, or all.")]
LanguageOption = Annotated[str, typer.Option(help="en, ko or all.")]
IssueArgument = Annotated[
    str, typer.Argument(help="report/period/edition, as briefing runs shows it.")
]


class Resend(StrEnum):
    """Which deliveries go out once more."""

    FAILED = "failed"
    UNCERTAIN = "uncertain"


def preview(
    report: ReportArgument,
    *,
    address: Annotated[str, typer.Option("--for", help="Whose; else the first reader's.")] = "",
    period: PeriodOption = "",
    edition: EditionOption = "",
    language: LanguageOption = "",
    output: Annotated[Path, typer.Option(help="The folder to write into.")] = Path("preview"),
    as_json: JsonOption = False,
    project: ProjectOption = Path(),
) -> None:
    """Write the mail of an issue as .eml, text, HTML and picture; nothing is sent."""
    from briefing import pipeline, previews

    with TerminalProgress(quiet=as_json) as progress:
        loaded = load(project, progress)
        rule = loaded.deliveries.rule(report)
        spoken = language or ("all" if address else "")
        asked = _editions(loaded, report, period, edition, spoken)
        written: list[Path] = []
        for item, to in previews.readers_of(rule, asked, address):
            found = previews.filed(loaded, item)
            if found is None:  # not built yet: a copy of it is
                request = pipeline.Request(item, output=output / "issues")
                issue = pipeline.build(loaded, request, progress)
                found = issue.folder, str(issue.folder.relative_to(output / "issues"))
            parcel = previews.trial_parcel(loaded, *found, to, now(), test=False)
            folder = output / item.report / str(item.period) / item.name
            written += previews.write_preview(loaded, parcel, folder)
    if as_json:
        print_json({"files": [str(path) for path in written]})
    else:
        for path in written:
            print(path)


def send(
    report: ReportArgument,
    *,
    period: PeriodOption = "",
    edition: EditionOption = "",
    language: LanguageOption = "",
    to: Annotated[str, typer.Option(help="With --test: the only address it goes to.")] = "",
    test: Annotated[
        bool, typer.Option("--test", help="Mark it [TEST] and leave the ledger alone.")
    ] = False,
    resend: Annotated[
        Resend | None, typer.Option(help="Try again what failed, or may not have arrived.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say who would get it.")] = False,
    as_json: JsonOption = False,
    project: ProjectOption = Path(),
) -> None:
    """Send issues to their readers now; who has one already does not get it again."""
    if bool(to) != test:
        raise UsageError("--to and --test belong together.", "Readers stand in config.yaml.")
    if test and (dry_run or resend or as_json):
        raise UsageError("--test goes with --to alone.", "briefing preview shows what it sends.")
    loaded = load_quietly(project)
    asked = _editions(loaded, report, period, edition, language or "all")
    if test:
        _try(loaded, asked, to, every=bool(language))
        return
    ledger = open_ledger(loaded)
    runs = list(_found(ledger, asked, every=bool(language)))
    if dry_run:
        _show_readers(loaded, ledger, runs, as_json=as_json)
        return
    for run in runs:
        if resend is not None:
            states = {"failed": ("refused", "expired"), "uncertain": ("uncertain",)}[resend.value]
            ledger.send_again(run, states)
        else:  # who has it already keeps that; readers who came later get it too
            postings, _ = _wanted(loaded, ledger, run)
            ledger.queue(run, postings, "sent by hand")
    counts, error = _deliver(loaded, ledger, runs)
    if as_json:
        print_json({"issues": [{"issue": name, **found} for name, found in counts.items()]})
    finish(counts, error, quiet=as_json)


def _wanted(project: Project, ledger: Ledger, run: Run) -> tuple[tuple[Posting, ...], str]:
    """Who would get an issue if a person sent it now."""
    from briefing.postings import postings_of, recovered

    if ledger.is_taken_over(run) and not run.queued:
        return recovered(project, ledger, run)
    return postings_of(project, ledger, run, None)


Counts = dict[str, dict[str, int]]
"""How many deliveries are in each state, by issue."""


def deliver_now(project: Project, editions: list[Edition]) -> tuple[Counts, ChannelError | None]:
    """Deliver what is queued of the newest revisions of these editions.

    Returns:
        How each stands, and the error where not everybody has it.
    """
    ledger = open_ledger(project)
    return _deliver(project, ledger, [_published(ledger, item) for item in editions])


def _deliver(
    project: Project, ledger: Ledger, runs: list[Run]
) -> tuple[Counts, ChannelError | None]:
    """Deliver what is queued of these issues; a person who asks does not wait for a channel."""
    from briefing.postman import Postman, tidy

    post = _post(project, ledger)
    tidy(post)
    for channel in post.channels:
        ledger.start_channel(channel)
    for run in runs:
        for channel in post.channels:
            Postman(post, channel).work(run=run.id)
    counts = {run.issue: ledger.delivery_counts(run) for run in runs}
    missing = Counter[str]()
    for found in counts.values():
        missing.update({state: count for state, count in found.items() if state not in _DONE})
    if not missing:
        return counts, None
    stopped = "".join(f" {name}: {why}" for name, why in ledger.stopped_channels().items())
    return counts, ChannelError(
        f"Not everybody has it: {_told(missing)}.{stopped}",
        "See briefing runs. What is queued or deferred goes out with briefing serve, or this "
        "command again; what was refused, with --resend failed.",
    )


def finish(counts: Counts, error: ChannelError | None, *, quiet: bool) -> None:
    """Say how each issue stands, and end as incomplete where not everybody has it."""
    if quiet and error:
        print(error, file=sys.stderr)
        raise typer.Exit(error.exit_code)
    for name, found in counts.items() if not quiet else ():
        print(f"{name}: {_told(found)}")
    if error:
        raise error


_DONE = ("sent", "suppressed", "awaiting", "stopped")


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {state}" for state, number in sorted(counts.items())) or "nobody"


def _post(project: Project, ledger: Ledger) -> Post:
    from briefing.postman import Post, suppressed_of

    return Post(project, ledger, _resolve, suppressed_of(project), threading.Event())


def _resolve(reference: Resolvable) -> Secret:
    return reference.resolve(os.environ)


def _try(project: Project, editions: list[Edition], address: str, *, every: bool) -> None:
    """Send to one address, marked as a try."""
    from briefing import previews
    from briefing.channels import open_mail
    from briefing.config.mail import mailbox

    server = project.channels.mail
    if server is None:
        raise UsageError("No mail server is named.", "Add `mail` with its `host` to config.yaml.")
    try:
        to = mailbox(address)
    except ValueError as error:
        raise UsageError(f"{error}.") from None
    found = [(item, previews.filed(project, item)) for item in editions]
    ready = [(item, place) for item, place in found if place is not None]
    missing = [item for item, place in found if place is None]
    if missing and (every or not ready):
        raise UsageError(f"{_name(missing[0])} is not built yet.", "Run briefing build first.")
    for item in missing:
        print(f"Left out: {_name(item)} is not built yet.", file=sys.stderr)
    way = open_mail(replace(server, archive=None), _resolve, link=server.link)
    try:
        for _, place in ready:
            parcel = previews.trial_parcel(project, *place, to, now(), test=True)
            receipt = way.deliver(parcel, lambda: True)
            if receipt.outcome != "sent":
                raise ChannelError(f"{receipt.outcome}: {receipt.text}", receipt.remedy)
            print(f"Sent as a try to {to.address}: {place[1]}")
    finally:
        way.close()


def _show_readers(project: Project, ledger: Ledger, runs: list[Run], *, as_json: bool) -> None:
    """Who has an issue, and who would get it."""
    rows: list[tuple[str, str, str, str, str]] = []
    for run in runs:
        found = ledger.deliveries(run)
        known = {(item.channel, item.recipient) for item in found}
        rows += [(run.issue, d.channel, d.recipient, d.state, d.reason) for d in found]
        postings, why = _wanted(project, ledger, run)
        new = [p for p in postings if (p.channel, p.recipient) not in known]
        rows += [(run.issue, p.channel, p.recipient, _would(p), p.reason) for p in new]
        rows += [(run.issue, "-", "", "nobody", why)] if not found and not new else []
    if as_json:
        names = ("issue", "channel", "recipient", "state", "reason")
        print_json({"deliveries": [dict(zip(names, row, strict=True)) for row in rows]})
        return
    print_table(("issue", "channel", "recipient", "state", "reason"), rows)


def _would(posting: Posting) -> str:
    return "would be sent" if posting.state == "queued" else posting.state


def _found(ledger: Ledger, editions: list[Edition], *, every: bool) -> Iterator[Run]:
    """The published issues; where not every one is meant, at least one has to be there."""
    missing: list[UsageError] = []
    for item in editions:
        try:
            yield _published(ledger, item)
        except UsageError as error:
            if every:
                raise
            missing.append(error)
            print(f"Left out: {error.message}", file=sys.stderr)
    if len(missing) == len(editions):
        raise missing[0]


def _published(ledger: Ledger, edition: Edition) -> Run:
    run = ledger.newest(edition.report, edition.name, str(edition.period))
    if run is None or not run.manifest:
        raise UsageError(f"{_name(edition)} is not built yet.", "Run briefing build first.")
    if run.state != "published":
        raise UsageError(f"{run.issue} is {run.state} just now.", "See briefing runs.")
    return run


def _name(edition: Edition) -> str:
    return f"{edition.report}/{edition.period}/{edition.name}"


def _editions(
    project: Project, report: str, period: str, edition: str, language: str
) -> list[Edition]:
    from briefing import editions

    return editions.editions_of(
        project,
        report_named(project, report),
        today(project),
        period=period,
        language=language,
        parameter=edition,
    )


def approve(
    issue: IssueArgument,
    reason: Annotated[str, typer.Option(help="Why, for whoever asks.")] = "",
    project: ProjectOption = Path(),
) -> None:
    """Let issues go out that wait for it; each is sealed from then on."""
    _decide(project, issue, "approved", reason or "approved by hand")


def hold(
    issue: IssueArgument,
    reason: Annotated[str, typer.Option(help="Why, for whoever asks.")] = "",
    project: ProjectOption = Path(),
) -> None:
    """Hold issues back: what has not gone out stays until they are approved."""
    _decide(project, issue, "held", reason or "held by hand")


def _decide(folder: Path, issue: str, decision: str, reason: str) -> None:
    settings = load_config(folder)
    ledger = open_ledger(settings)
    for run in _meant(ledger, issue):
        changed = ledger.decide(run, decision, reason)
        out = ledger.delivery_counts(run).get("sent", 0)
        had = f"; {out} went out before" if decision == "held" and out else ""
        noun = "delivery" if changed == 1 else "deliveries"
        print(f"{run.issue} is {decision}: {changed} {noun}{had}.")


def _meant(ledger: Ledger, issue: str) -> Iterator[Run]:
    """The published issues of that name: report/period/edition/r1, or the newest of each."""
    parts = issue.strip("/").split("/")
    if not 2 <= len(parts) <= 4:
        raise UsageError(f"{issue!r} names no issue.", "Write report/period/edition.")
    newest: dict[str, Run] = {}
    for run in ledger.latest(report=parts[0], states=["published"]):
        fits = run.period == parts[1] and (len(parts) < 3 or run.edition == parts[2])
        if fits and (len(parts) < 4 or f"r{run.revision}" == parts[3]):
            before = newest.get(run.edition)
            if before is None or before.revision < run.revision:
                newest[run.edition] = run
    if not newest:
        raise UsageError(f"No issue {issue} is published.", "briefing runs lists what is.")
    yield from newest.values()


COMMANDS: dict[str, Callable[..., None]] = {
    "preview": preview,
    "send": send,
    "approve": approve,
    "hold": hold,
}

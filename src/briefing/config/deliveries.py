"""The key ``deliveries``: which report goes to whom, when, and what keeps that from working."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, model_validator

from briefing import editions
from briefing.config.audiences import (
    Audience,
    AudienceKeys,
    Expected,
    ReaderKeys,
    folded,
    inside,
    read_audiences,
    read_suppressed,
)
from briefing.config.carriers import DELIVERED, ChannelKeys, build_carriers
from briefing.config.reading import KeyPath, Positions
from briefing.errors import Problem, ProblemsError, UsageError
from briefing.structures import (
    ALL_EDITIONS,
    ALWAYS,
    CHANGED,
    MAIL,
    ChannelSettings,
    Deliveries,
    DeliveryRule,
    Otherwise,
    Project,
    Recipient,
    Release,
    ReportDefinition,
)
from briefing.templating import compile_condition, tables_in_condition


class DeliveryKeys(BaseModel):
    """Where the issues of a report go; docs/howto/readers.md has examples."""

    model_config = ConfigDict(extra="forbid", strict=True)

    report: str
    """Which report, by the name of its folder."""
    to: list[str] = []
    """Names of audiences; each reader gets their language and editions."""
    channels: list[str] = []
    """Channels that take every issue themselves, such as a folder."""
    when: str = ALWAYS
    """`always`, `changed` (something is new since the last issue), or an expression over the
    tables of the issue, such as `tables.due.count > 0`."""
    otherwise: Otherwise = "skip"
    """What readers get where that does not hold: nothing, or a line that there is nothing new."""
    release: Release = "auto"
    """auto: an issue goes out when it is made. approve: after somebody has approved it."""

    @model_validator(mode="after")
    def _fitting(self) -> DeliveryKeys:
        if not self.to and not self.channels:
            raise ValueError("give `to`, `channels` or both")
        if self.otherwise != "skip" and self.when == ALWAYS:
            raise ValueError("`otherwise` says what happens where `when` does not hold; add `when`")
        return self


class HasDeliveries(Protocol):
    """The keys of config.yaml that are read here."""

    @property
    def audiences(self) -> dict[str, AudienceKeys]:
        """Lists of readers."""

    @property
    def channels(self) -> dict[str, ChannelKeys]:
        """Ways to them other than mail."""

    @property
    def deliveries(self) -> list[DeliveryKeys]:
        """What goes where."""

    @property
    def readers(self) -> ReaderKeys | None:
        """What holds for all of them."""


@dataclass(frozen=True)
class Surroundings:
    """What the keys about deliveries are checked against.

    Attributes:
        root: the project's folder.
        output: the archive's folder.
        templates: the folder of the reports.
        data: the folder of the dataset.
        languages: the project's; the first is that of readers who name none.
        mail: whether mail can be sent.
        reports: those that can be read.
        unread: keys of config.yaml that have problems already and were left out.
    """

    root: Path
    output: Path
    templates: Path
    data: Path
    languages: Sequence[str]
    mail: bool
    reports: Mapping[str, ReportDefinition]
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ReadDeliveries:
    """What the keys say.

    Attributes:
        audiences: the lists as written, for ``unfit_editions``.
        to: for each delivery its audiences.
    """

    deliveries: Deliveries
    audiences: tuple[Audience, ...]
    to: tuple[tuple[str, tuple[str, ...]], ...]
    problems: list[Problem]


def build_deliveries(
    keys: HasDeliveries, positions: Positions, around: Surroundings
) -> ReadDeliveries:
    """The nouns of the keys, and everything that is wrong with them."""
    # a dataset that lies in the project's folder itself has no folder of its own to keep out of
    data = {} if around.data == around.root else {"the data": around.data}
    taken = {"the reports": around.templates, "the ledger": around.root / ".briefing", **data}
    readers = keys.readers or ReaderKeys()
    channels, problems = build_carriers(keys.channels, positions, around.root, around.output, taken)
    problems += _clash(channels, positions, around)
    expected = Expected(
        around.languages,
        () if "channels" in around.unread else (MAIL, *keys.channels),
        frozenset(domain.casefold() for domain in readers.allowed_domains),
    )
    audiences, found = read_audiences(keys.audiences, expected, positions, around.root)
    suppressed, suppress_file, unreadable = _suppressed(readers, positions, around.root)
    files = [audience.file for audience in audiences if audience.file]
    files += [suppress_file] if suppress_file else []
    problems += [*found, *unreadable, *_public(keys, audiences, suppress_file, positions, around)]
    known = {audience.name: audience for audience in audiences}
    building = _Building(positions, around, known, {item.name: item for item in channels}, problems)
    rules = tuple(building.rule(index, item) for index, item in enumerate(keys.deliveries))
    building.check_once(keys.deliveries)
    return ReadDeliveries(
        Deliveries(rules, channels, suppressed, suppress_file, tuple(dict.fromkeys(files))),
        audiences,
        tuple((item.report, tuple(item.to)) for item in keys.deliveries),
        problems,
    )


def unfit_editions(project: Project, read: ReadDeliveries) -> list[Problem]:
    """The editions that a reader names and none of the reports that they are sent has."""
    reports: dict[str, list[ReportDefinition]] = defaultdict(list)
    for report, audiences in read.to:
        for name in audiences:
            reports[name].append(project.reports[report])
    found = []
    for audience in read.audiences:
        try:
            known = _values(project, reports[audience.name])
        except UsageError:
            continue  # the report's own problem, which says more when it is rehearsed
        if reports[audience.name]:
            found += list(_unknown(audience, known))
    return found


def _values(project: Project, reports: Sequence[ReportDefinition]) -> list[str]:
    found: dict[str, None] = {}
    for report in reports:
        for parameter in report.parameters.values():
            found |= dict.fromkeys(editions.parameter_values(project, parameter))
    return list(found)


def _unknown(audience: Audience, known: Sequence[str]) -> Iterator[Problem]:
    remedy = (
        f"They have {', '.join(known)}."
        if known
        else "They have no parameter; leave the editions out."
    )
    for reader in audience.rows:
        for name in reader.editions:
            if name != ALL_EDITIONS and name not in known:
                what = f"no report that goes to {audience.name} has the edition {name!r}"
                yield _about(reader, "editions", what, remedy)


def _about(reader: Recipient, where: str, what: str, remedy: str) -> Problem:
    file, _, line = reader.place.rpartition(":")
    return Problem(file, int(line), where, what, remedy)


def _suppressed(
    readers: ReaderKeys, positions: Positions, root: Path
) -> tuple[frozenset[str], Path | None, list[Problem]]:
    if not readers.suppressed:
        return frozenset(), None, []
    try:
        place = inside(readers.suppressed, ("readers", "suppressed"), positions, root)
    except ProblemsError as error:
        return frozenset(), None, list(error.problems)
    try:
        return read_suppressed(place, readers.suppressed), place, []
    except ProblemsError as error:
        return frozenset(), place, list(error.problems)


def _public(
    keys: HasDeliveries,
    audiences: Sequence[Audience],
    suppress_file: Path | None,
    positions: Positions,
    around: Surroundings,
) -> Iterator[Problem]:
    """Lists of readers among what is passed on, or named in the manifests of issues."""
    named: list[tuple[KeyPath, Path | None]] = [
        (("audiences", audience.name, "file"), audience.file) for audience in audiences
    ]
    for path, file in [*named, (("readers", "suppressed"), suppress_file)]:
        for what, folder in (("issues", around.output), ("reports", around.templates)):
            if file and file.is_relative_to(folder):
                remedy = "Keep addresses apart, such as in a folder `readers`."
                said = f"the file lies in the folder of the {what}, which others get to see"
                yield positions.problem(path, said, remedy)


def _clash(
    channels: Sequence[ChannelSettings], positions: Positions, around: Surroundings
) -> Iterator[Problem]:
    """A report whose own issues would lie where a channel delivers."""
    for channel in channels:
        if channel.kind != "folder" or "://" in channel.path or DELIVERED not in around.reports:
            continue
        if (around.root / channel.path).resolve().is_relative_to(around.output / DELIVERED):
            what = f"the issues of the report {DELIVERED} lie there"
            yield positions.problem(
                ("channels", channel.name, "folder"), what, "Choose a folder outside the archive."
            )


@dataclass
class _Building:
    """Makes rules and collects what is wrong on the way."""

    positions: Positions
    around: Surroundings
    audiences: Mapping[str, Audience]
    channels: Mapping[str, ChannelSettings]
    problems: list[Problem]

    def wrong(self, path: KeyPath, what: str, remedy: str) -> None:
        self.problems.append(self.positions.problem(path, what, remedy))

    def rule(self, index: int, keys: DeliveryKeys) -> DeliveryRule:
        path: KeyPath = ("deliveries", index)
        if "audiences" not in self.around.unread:
            for name in keys.to:
                if name not in self.audiences:
                    remedy = f"Audiences here: {', '.join(self.audiences) or 'none'}."
                    self.wrong((*path, "to"), f"there is no audience {name!r}", remedy)
        if "channels" not in self.around.unread:
            for name in keys.channels:
                if name not in self.channels:
                    remedy = f"Channels here: {', '.join(self.channels) or 'none'}."
                    if name == MAIL:
                        remedy = "Mail goes to readers: name audiences by `to`."
                    self.wrong((*path, "channels"), f"there is no channel {name!r}", remedy)
        rows = [
            row for name in keys.to if name in self.audiences for row in self.audiences[name].rows
        ]
        recipients = folded(rows)
        self.check_mail(path, recipients)
        if report := self.around.reports.get(keys.report):
            self.check_editions(report, recipients)
            self.check_condition((*path, "when"), keys.when, report)
        return DeliveryRule(
            report=keys.report,
            line=self.positions.line(path),
            recipients=recipients,
            channels=tuple(dict.fromkeys(keys.channels)),
            when=keys.when,
            otherwise=keys.otherwise,
            release=keys.release,
        )

    def check_mail(self, path: KeyPath, recipients: Sequence[Recipient]) -> None:
        """Readers who are written to need a server, or at least a sender for what is filed."""
        folders = {name for name, item in self.channels.items() if item.kind == "folder"}
        written = [item for item in recipients if item.channel in {MAIL, *folders}]
        if written and not self.around.mail and "mail" not in self.around.unread:
            count = "a reader gets" if len(written) == 1 else f"{len(written)} readers get"
            what = f"{count} mail, and there is no mail server (see {written[0].place})"
            remedy = "Add `mail` with its `host` and `sender`, or give the readers a channel."
            self.wrong((*path, "to"), what, remedy)

    def check_editions(self, report: ReportDefinition, recipients: Sequence[Recipient]) -> None:
        """Nobody is a reader of a report of which they would get no edition."""
        for name in report.parameters:
            for reader in recipients:
                if not reader.editions:
                    what = f"{report.name} has an edition for each {name}, and none is named"
                    remedy = "Name those that the reader gets, or `all`."
                    self.problems.append(_about(reader, "editions", what, remedy))

    def check_condition(self, path: KeyPath, when: str, report: ReportDefinition) -> None:
        if when == ALWAYS:
            return
        if when == CHANGED:
            if report.since is None:
                what = f"{report.name} is not compared with the issue before"
                self.wrong(path, what, f"Add `since_last_issue` to {report.file}.")
            return
        if wrong := compile_condition(when):
            remedy = "Write `always`, `changed`, or a condition such as `tables.NAME.count > 0`."
            self.wrong(path, wrong, remedy)
            return
        known = [table.name for table in report.tables]
        for name in sorted(tables_in_condition(when) - set(known)):
            remedy = f"Tables of {report.name}: {', '.join(known)}."
            self.wrong(path, f"there is no table {name!r}", remedy)

    def check_once(self, deliveries: Sequence[DeliveryKeys]) -> None:
        """One rule for each report: two would be a way to send an issue twice."""
        first: dict[str, int] = {}
        for index, keys in enumerate(deliveries):
            path: KeyPath = ("deliveries", index, "report")
            if keys.report in first:
                line = self.positions.line(("deliveries", first[keys.report]))
                what = f"{keys.report} has a delivery already, in line {line}"
                self.wrong(path, what, "Put them together.")
            first.setdefault(keys.report, index)

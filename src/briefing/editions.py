"""Which editions a report has, and the one that a reader means, with the defaults filled in."""

from __future__ import annotations

import re
from datetime import date

from briefing.errors import UsageError
from briefing.periods import Period
from briefing.structures import Edition, ParameterValues, Project, ReportDefinition
from briefing.tables import conditions

ALL = "all"
"""Asks for every edition, or every language."""


def edition_of(
    project: Project,
    report: ReportDefinition,
    today: date,
    *,
    period: str = "",
    as_of: date | None = None,
    language: str = "",
    parameter: str = "",
) -> Edition:
    """The edition that a reader asks for, with the defaults filled in.

    Args:
        today: the day in the project's time zone.
        period: such as 2026-10, or in words such as ``last-1``; the last complete one where not
            given.
        as_of: the period's last day where not given.
        language: the project's first where not given.
        parameter: the value of the report's parameter.

    Raises:
        UsageError: the period, language or parameter does not exist for this report.
    """
    complete = Period.last_complete(today, report.grain)
    hint = f"The last complete one is {complete}; in words it is `last`, the one before `last-1`."
    try:
        wanted = Period.asked(period or "last", today, report.grain)
    except ValueError as error:
        raise UsageError(f"{error}.", hint) from None
    if report.grain == "on-demand" and period:
        wanted = Period.containing(wanted.end, report.grain)
    if wanted.grain != report.grain:
        raise UsageError(
            f"The report {report.name} is made by {report.grain}, {period} is a {wanted.grain}.",
            hint,
        )
    if not wanted.ended(today):
        raise UsageError(f"The period {wanted} has not ended yet; it ends on {wanted.end}.")
    language = language or project.languages[0]
    if language not in project.languages:
        raise UsageError(
            f"The project is not made in {language!r}.",
            f"Its languages: {', '.join(project.languages)}.",
        )
    if as_of and as_of > today:
        raise UsageError(f"The day {as_of} has not come yet; nobody knows what is known then.")
    parameters = _parameters(project, report, parameter)
    return Edition(report.name, wanted, as_of or wanted.end, language, parameters)


def editions_of(
    project: Project,
    report: ReportDefinition,
    today: date,
    *,
    period: str = "",
    as_of: date | None = None,
    language: str = "",
    parameter: str = "",
) -> list[Edition]:
    """The editions that a reader asks for: "all" stands for every one, in every language.

    A report with a parameter gives all its editions where none is named; one that is made on
    demand wants it named.

    Raises:
        UsageError: as ``edition_of``.
    """
    parameters = [parameter]
    if report.parameters and (parameter == ALL or (not parameter and report.grain != "on-demand")):
        (known,) = report.parameters.values()
        parameters = parameter_values(project, known)
    languages = project.languages if language == ALL else [language]
    return [
        edition_of(
            project, report, today, period=period, as_of=as_of, language=spoken, parameter=value
        )
        for value in parameters
        for spoken in languages
    ]


def _parameters(project: Project, report: ReportDefinition, value: str) -> dict[str, str]:
    if not report.parameters:
        if value:
            raise UsageError(f"The report {report.name} has no editions; {value!r} is not needed.")
        return {}
    ((name, known),) = report.parameters.items()
    values = parameter_values(project, known)
    if value not in values:
        shown = f"no edition {value!r}" if value else "one edition for each value"
        raise UsageError(
            f"The report {report.name} has {shown} of {name}.",
            f"Name one with --edition: {', '.join(values)}.",
        )
    if not re.fullmatch(r"\w[\w.-]*", value):
        raise UsageError(
            f"The edition {value!r} cannot name a folder.",
            "Values of a parameter hold letters, digits, dots, hyphens and underscores only.",
        )
    return {name: value}


def parameter_values(project: Project, known: ParameterValues) -> list[str]:
    """The values that a report's parameter can take, in the dataset's order.

    Raises:
        UsageError: the column that should hold them does not exist, or its condition fails.
    """
    frame = project.dataset.frames.get(known.table)
    if frame is None or known.column not in frame:
        place = f"{known.table}.{known.column}"
        raise UsageError(f"The parameter's values should stand in {place}, which does not exist.")
    try:
        rows = frame[conditions.holds(known.where, frame, {})] if known.where else frame
    except (ValueError, KeyError) as error:
        raise UsageError(f"The parameter's condition does not fit: {error}.") from None
    return [str(item) for item in rows[known.column].dropna().unique()]

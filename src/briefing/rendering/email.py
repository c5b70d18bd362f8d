"""The words of the mail that brings an issue: plain text, HTML for mail programs, one chart.

What is sent is what was built, so they are files of the issue: ``mail/body.txt``,
``mail/body.html``, ``mail/chart.png`` where the cover has a chart to show, and ``mail/mail.json``
with what the sender needs. No recipient and no time of day is in them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from jinja2 import Template

from briefing.catalogues import catalogue
from briefing.formatting import number
from briefing.rendering.files import every_figure
from briefing.rendering.html import SHIPPED
from briefing.structures import Chart, Composition, Figure, Finding, Reference, Screens
from briefing.templating import environment

PDF = "briefing.pdf"
FOLDER = "mail"
MAIL_TEMPLATES = ("mail.txt.j2", "mail.html.j2")
CID = "chart"
"""What the HTML calls the chart that travels beside it (RFC 2392)."""
COLUMNS = 72
"""Width of the plain text; a Hangul syllable takes two columns."""

_ON_THE_COVER = 4
"""How many findings the cover of a report has that is not compact; as in the layout."""
_MOST_MARKS = 8
"""A finding whose figure rests on more paragraphs names the documents alone."""
_MOST_CHANGES = 3
_LONGEST_NAME = 150
"""Bytes of a file name before its ending; file systems take 255."""
_IN_A_FILE_NAME = str.maketrans(
    {":": " -", "/": "-", "\\": "-", "|": "-", '"': "'", "<": "", ">": "", "?": "", "*": ""}
)
_BEFORE_THE_WORDS = re.compile(r" *(?:(?<= )\d{1,2}\. )?")
_GLUE = "\u00a0"


@dataclass(frozen=True)
class Attachment:
    """A file of the issue that travels with the mail.

    Attributes:
        file: its path in the issue.
        name: what a reader sees, and what it is called when saved.
        kind: its media type.
        size: in bytes.
    """

    file: str
    name: str
    kind: str
    size: int

    def shown_size(self, language: str) -> str:
        """Its size for a reader, such as "241 kB" or "1.2 MB"."""
        if self.size < 1_000_000:
            return f"{number(max(1, round(self.size / 1000)), language)} kB"
        return f"{number(self.size / 1_000_000, language, 1)} MB"


@dataclass(frozen=True)
class Point:
    """A main point: the finding, and where its figure and sources are, as plain text."""

    finding: Finding
    marks: str


def mail_files(
    composition: Composition, files: Mapping[str, bytes], pages: int
) -> dict[str, bytes]:
    """The files under ``mail/``.

    Args:
        composition: without pixels (``illustrated``) the mail has no chart.
        files: the issue's files by path; the PDF, where there is one, is attached.
        pages: how many the PDF has.
    """
    figure = figure_of_mail(composition)
    if figure and figure.chart and not figure.chart.png:
        figure = None
    attachments = _attachments(composition, files)
    told = {
        "issue": composition,
        "subject": subject(composition),
        "preview": preview(composition),
        "changes": _changes(composition),
        "points": _points(composition),
        "standing": _standing(composition),
        "attached": attachments[0] if attachments else None,
        "pages": pages,
        "figure": figure,
        "marks": marks,
        "cid": CID,
    }
    text, html = _templates(composition.language)
    made = {
        f"{FOLDER}/body.txt": wrapped(text.render(told)).encode(),
        f"{FOLDER}/body.html": html.render(told).encode(),
        f"{FOLDER}/mail.json": _for_the_sender(composition, figure, attachments),
    }
    if figure and figure.chart:
        made[f"{FOLDER}/{CID}.png"] = figure.chart.png
    return made


@cache
def _templates(language: str) -> tuple[Template, Template]:
    """The shipped layouts, of text and of HTML; one process often builds many editions."""
    sandbox = environment(language, SHIPPED)
    text, html = (sandbox.get_template(name) for name in MAIL_TEMPLATES)
    return text, html


def _for_the_sender(
    composition: Composition, figure: Figure | None, attachments: Sequence[Attachment]
) -> bytes:
    """What the sender needs to make a message of these files, as JSON."""
    chart = None
    if figure and figure.chart:
        chart = {"file": f"{FOLDER}/{CID}.png", "cid": CID, "alt": figure.chart.alt}
    body = {
        "language": composition.language,
        "subject": subject(composition),
        "preview": preview(composition),
        "text": f"{FOLDER}/body.txt",
        "html": f"{FOLDER}/body.html",
        "chart": chart,
        "attachments": [
            {"file": item.file, "name": item.name, "type": item.kind, "bytes": item.size}
            for item in attachments
        ],
    }
    return (json.dumps(body, ensure_ascii=False, indent=2) + "\n").encode()


# -- what is said -----------------------------------------------------------------------------


def subject(composition: Composition) -> str:
    """The mail's subject: the report and the period, and first of all whether it corrects one."""
    plain = f"{composition.title}, {composition.period_title}"
    if composition.correction is None:
        return plain
    return str(catalogue(composition.language).gettext("Correction: {title}")).format(title=plain)


def preview(composition: Composition) -> str:
    """What a list of mails shows beside the subject: the first thing that the issue says."""
    if composition.correction:
        return composition.correction.reason
    if composition.findings:
        return composition.findings[0].text
    first = [f"{item.value} {item.label}" for item in composition.key_figures]
    return (first or [composition.subtitle or composition.as_of_title])[0]


def _on_the_cover(composition: Composition) -> tuple[Finding, ...]:
    return composition.findings[: None if composition.compact else _ON_THE_COVER]


def _points(composition: Composition) -> list[Point]:
    figures = {figure.anchor: figure for figure in every_figure(composition)}
    points = []
    for finding in _on_the_cover(composition):
        figure = figures.get(finding.figure.anchor) if finding.figure else None
        said = [figure.label, marks(_short(figure.sources))] if figure else []
        points.append(Point(finding, "; ".join(filter(None, said))))
    return points


def _short(sources: Sequence[Reference]) -> list[Reference]:
    if sum(len(source.paragraphs) for source in sources) <= _MOST_MARKS:
        return list(sources)
    return [Reference(source.key) for source in sources]


def marks(sources: Sequence[Reference]) -> str:
    """Where something was read, as plain text that does not break inside: "D1 ¶14; R4"."""
    return "; ".join(str(source).replace(" ", _GLUE, 1) for source in sources)


def _changes(composition: Composition) -> list[str]:
    """Numbers restated and targets fallen due since the last issue; the news count all else."""
    if composition.since is None:
        return []
    say = catalogue(composition.language).gettext
    none = say("no value")
    return [
        *(
            say("{name}: {now}, before {before}").format(
                name=name, now=now or none, before=before or none
            )
            for name, before, now in composition.since.restated[:_MOST_CHANGES]
        ),
        *(f"{say('Fell due')}: {item}" for item in composition.since.due[:_MOST_CHANGES]),
    ]


def _standing(composition: Composition) -> list[str]:
    """How much stands behind the issue, what the checks of its data said, how to read marks."""
    words = catalogue(composition.language)
    gate, said = composition.gate, [composition.standing]
    passed = sum(result.outcome == "passed" for result in gate)
    if gate and passed == len(gate):
        all_passed = words.ngettext(
            "The check of the data for this issue was passed.",
            "All {count} checks of the data for this issue were passed.",
            passed,
        )
        said.append(all_passed.format(count=passed))
    elif gate:
        some_passed = words.gettext(
            "{passed} of {count} checks of the data for this issue were passed; what the others "
            "found is said at the top."
        )
        said.append(some_passed.format(passed=passed, count=len(gate)))
    if any(source.key[0] in "DR" for source in composition.sources):
        said.append(
            words.gettext(
                "D is a document, R a public reference, ¶ a paragraph of its text; all are listed "
                "at the end of the report."
            )
        )
    return list(filter(None, said))


# -- the chart --------------------------------------------------------------------------------


def figure_of_mail(composition: Composition) -> Figure | None:
    """The figure that the mail shows: of the cover's findings, the first that has a chart."""
    charted = {figure.anchor: figure for figure in every_figure(composition) if figure.chart}
    anchors = [finding.figure.anchor for finding in _on_the_cover(composition) if finding.figure]
    return next((charted[anchor] for anchor in anchors if anchor in charted), None)


def illustrated(
    composition: Composition, formats: Sequence[str], draw: Callable[[str, Screens], Chart | None]
) -> Composition:
    """The same issue with its charts also for narrow screens and its mail; paper has no use for it.

    Args:
        formats: without "html", only the mail's chart is drawn again.
        draw: draws the figure of that name for these screens.
    """
    mailed = figure_of_mail(composition)

    def shown(figure: Figure) -> Figure:
        if figure.chart is None or not (figure is mailed or "html" in formats):
            return figure
        drawn = draw(figure.name, "mail" if figure is mailed else "narrow")
        assert drawn is not None, "it was drawn for paper"
        return replace(figure, chart=replace(figure.chart, narrow=drawn.svg, png=drawn.png))

    sections = tuple(
        replace(section, figures=tuple(map(shown, section.figures)))
        for section in composition.sections
    )
    return replace(composition, sections=sections)


# -- attachments ------------------------------------------------------------------------------


def _attachments(composition: Composition, files: Mapping[str, bytes]) -> list[Attachment]:
    if PDF not in files:
        return []
    what = str(composition.period)
    if composition.correction:
        what += f" r{composition.correction.revision}"
    name = f"{file_name(composition.title, what)}.pdf"
    return [Attachment(PDF, name, "application/pdf", len(files[PDF]))]


def file_name(title: str, period: str) -> str:
    """A name for a file that every system takes: "Daegu - regional profile 2026-Q3".

    Signs that a system refuses are written otherwise or left out, invisible ones among them; a
    title that is too long is cut after a whole letter.
    """
    plain = unicodedata.normalize("NFC", title).translate(_IN_A_FILE_NAME)
    visible = "".join(sign for sign in plain if unicodedata.category(sign)[0] != "C")
    room = _LONGEST_NAME - len(period.encode()) - 1
    cut = visible.encode()[:room].decode(errors="ignore")
    return f"{' '.join(cut.split()).strip(' .-')} {period}".strip()


# -- plain text -------------------------------------------------------------------------------


def wrapped(text: str) -> str:
    """Each line in as many as it needs, further ones under its first word, after its number."""
    lines = [part for line in text.splitlines() for part in _folded(line.rstrip())]
    folded = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
    return folded.replace(_GLUE, " ") + "\n"


def _folded(line: str) -> list[str]:
    found = _BEFORE_THE_WORDS.match(line)
    lead = found.group() if found else ""
    room, lines = COLUMNS - len(lead), [""]
    for word in _pieces(line[len(lead) :].split(" "), room):
        joined = f"{lines[-1]} {word}".lstrip()
        if columns(joined) <= room:
            lines[-1] = joined
        else:
            lines.append(word)
    return [(lead if place == 0 else " " * len(lead)) + words for place, words in enumerate(lines)]


def _pieces(words: Sequence[str], room: int) -> list[str]:
    """The words, one that is wider than a line in pieces."""
    pieces = []
    for word in words:
        piece = ""
        for letter in word:
            if columns(piece + letter) > room:
                pieces.append(piece)
                piece = ""
            piece += letter
        pieces.append(piece)
    return pieces


def columns(text: str) -> int:
    """How many columns of a fixed width the text takes (Unicode Annex 11)."""
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in text
    )

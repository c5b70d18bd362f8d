"""What a whole is made of: stacked bars, and one strip of shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from briefing.charts import Request
from briefing.charts.labels import Entry, Key, Names
from briefing.charts.scales import fitted_end, linear
from briefing.charts.style import (
    INK,
    MUTED,
    PAPER,
    RULE,
    SERIES,
    SMALL,
    Canvas,
    text_width,
    wrapped,
)
from briefing.errors import ChartError, NothingKnownError
from briefing.formatting import listing, percent, qualified

_ROW, _BAR, _LINE = 17.0, 12.0, 9.5
_STRIP = 22.0
_PAD = 5.0
_ROUNDING = 1e-9  # of the whole


@dataclass(frozen=True)
class _Stack:
    """One stacked bar: its parts in the order of the series, and what is said of it."""

    name: str
    parts: tuple[tuple[int, float, str], ...]
    missing: tuple[str, ...]
    total: float
    said: str


def stacked_bar(request: Request) -> tuple[Canvas, str]:
    """Draw the parts of each label end to end, numbers inside where they fit, else below."""
    series = list(dict.fromkeys(request.words(row, "series") for row in request.rows))
    if len(series) > len(SERIES):
        raise ChartError(
            f"A stacked bar tells {len(SERIES)} parts apart at most, and here are {len(series)}.",
            "Fold the small ones with `top`, or draw a heatmap.",
        )
    stacks = [_stack(request, name, series) for name in _once(request, "label")]
    widths = [text_width(stack.said, SMALL, bold=True) + 6 for stack in stacks]
    names = Names.fitted([stack.name for stack in stacks], request.width, widths)
    totals = [stack.total for stack in stacks]
    shares = [linear(totals, 0, 1).position(total) for total in totals]
    scale = linear(totals, names.left, fitted_end(shares, widths, names.left, request.width))
    key = Key(
        [Entry(name, SERIES[index]) for index, name in enumerate(series)], request.width, names.left
    )
    below = [_below(request, stack, series, names.left, scale) for stack in stacks]
    heights = [
        names.height(index, _ROW) + len(lines) * _LINE + (4 if lines else 0)
        for index, lines in enumerate(below)
    ]
    top = key.height + 6
    canvas = Canvas(top + sum(heights) + 4, request.width)
    key.draw(canvas, 2)
    for index, (stack, lines, height) in enumerate(zip(stacks, below, heights, strict=True)):
        y = names.draw(canvas, index, top, _ROW)
        end = names.left
        for number, value, words in stack.parts:
            start, end = end, end + scale.position(value) - names.left
            _segment(canvas, (start, end), y, SERIES[number], words)
        canvas.text(end + 4, y, stack.said, size=SMALL, bold=True)
        for number, line in enumerate(lines):
            where = y + _ROW / 2 + (number + 0.4) * _LINE
            canvas.text(names.left, where, line, size=SMALL, colour=MUTED)
        canvas.line((names.left, names.left), (y - _ROW / 2, y + _ROW / 2), colour=RULE)
        top += height
    return canvas, _stacked_alt(request, stacks, series)


def _once(request: Request, option: str) -> list[str]:
    return list(dict.fromkeys(request.words(row, option) for row in request.rows))


def _stack(request: Request, name: str, series: list[str]) -> _Stack:
    own: dict[str, dict[str, Any]] = {}
    for row in request.rows:
        if request.words(row, "label") == name:
            if request.words(row, "series") in own:
                raise ChartError(
                    f"{name} has two rows for {request.words(row, 'series')}.",
                    "Group the table by label and series alone.",
                )
            own[request.words(row, "series")] = row
    known = {key: own[key] for key in series if key in own}
    for row in known.values():
        _refuse_below_zero(request, row, name)
    parts = tuple(
        (series.index(key), value, request.words(row, "value", short=True))
        for key, row in known.items()
        if (value := request.number(row, "value")) is not None
    )
    total = sum(value for _, value, _ in parts)
    told = {series[number] for number, _, _ in parts}
    missing = tuple(key for key in series if key not in told)
    hedges = sorted({request.hedge(row, "value") for row in known.values()} - {""})
    hedge = "about" if len(hedges) > 1 else "".join(hedges)
    if missing:
        hedge = "at_least"
    if not parts:
        said = request.words(next(iter(own.values())), "value", short=True)
    else:
        said = qualified(request.amount(_whole(total), "value"), hedge or None, request.language)
    return _Stack(name, parts, missing, total, said)


def _whole(value: float) -> float:
    return int(value) if value.is_integer() else value


def _refuse_below_zero(request: Request, row: dict[str, Any], name: str) -> None:
    if (request.number(row, "value") or 0) < 0:
        raise ChartError(
            f"{name} has a part below zero, {request.words(row, 'value')}; it is no share.",
            "Draw a grouped_bar.",
        )


def _fits(words: str, width: float) -> bool:
    return text_width(words, SMALL, bold=True) + _PAD <= width


def _segment(canvas: Canvas, ends: tuple[float, float], y: float, colour: str, words: str) -> None:
    start, end = ends
    canvas.box(start, y - _BAR / 2, end - start, _BAR, fill=colour, edge=PAPER, edge_width=0.8)
    if _fits(words, end - start):
        canvas.text(
            (start + end) / 2, y, words, size=SMALL, colour=PAPER, bold=True, align="center"
        )


def _below(
    request: Request, stack: _Stack, series: list[str], left: float, scale: Any
) -> list[str]:
    """What does not fit into the bar, and what is not reported."""
    small = [
        f"{series[number]} {words}"
        for number, value, words in stack.parts
        if not _fits(words, scale.position(value) - left)
    ]
    if stack.parts and stack.missing:
        gaps = listing(list(stack.missing), request.language)
        small.append(request.say.gettext("{names} not reported").format(names=gaps))
    return wrapped(", ".join(small), request.width - left, SMALL)


def _stacked_alt(request: Request, stacks: list[_Stack], series: list[str]) -> str:
    said = []
    gap = request.say.gettext("{names} not reported")
    for stack in stacks:
        parts = [f"{series[number]} {words}" for number, _, words in stack.parts]
        parts += [gap.format(names=name) for name in stack.missing]
        said.append(f"{stack.name} {stack.said} ({listing(parts, request.language)})")
    return request.say.gettext("Stacked bar chart, {title}. {values}.").format(
        title=request.title("value"), values="; ".join(said)
    )


@dataclass(frozen=True)
class _Part:
    """A share of the whole: where it begins and ends, how it is filled, what is said of it."""

    name: str
    share: float
    said: str
    fill: str | None


def parts(request: Request) -> tuple[Canvas, str]:
    """Draw a strip of the whole, a number in each part, and below a line for each part."""
    shares, unknown = _shares(request)
    names = [f"{part.name} {part.said}".strip() for part in shares]
    lines = [wrapped(part.name, request.width - 110, SMALL) for part in shares]
    heights = [max(1, len(line)) * _LINE + 3.5 for line in lines]
    gaps = [13.0 * bool(unknown)]
    top = _STRIP + 10
    canvas = Canvas(top + sum(heights) + sum(gaps), request.width)
    x = 0.5
    for part in shares:
        wide = part.share * (canvas.width - 1)
        edge = PAPER if part.fill else MUTED
        dashes = () if part.fill else (3, 2)
        canvas.box(
            x, 2, wide, _STRIP, fill=part.fill or PAPER, edge=edge, edge_width=0.9, dashes=dashes
        )
        _in_strip(canvas, part, x, wide, request.language)
        x += wide
    y = top
    right = max(text_width(part.said, SMALL) for part in shares)
    column = max(text_width(line, SMALL) for group in lines for line in group) + 20
    for part, group, height in zip(shares, lines, heights, strict=True):
        middle = y + height / 2
        _swatch(canvas, part, middle)
        for number, line in enumerate(group):
            offset = (number - (len(group) - 1) / 2) * _LINE
            canvas.text(17, middle + offset, line, size=SMALL)
        share = percent(part.share, request.language, 1)
        canvas.text(column + 36, middle, share, size=SMALL, bold=True, align="right")
        place = min(column + 46 + right, canvas.width)
        canvas.text(place, middle, part.said, size=SMALL, colour=MUTED, align="right")
        y += height
    if unknown:
        words = request.say.gettext("{names} not reported").format(
            names=listing(unknown, request.language)
        )
        canvas.text(17, y + 6, words, size=SMALL, colour=MUTED)
        names.append(words)
    told = [
        f"{name} ({percent(part.share, request.language, 1)})"
        for name, part in zip(names, shares, strict=False)
    ]
    alt = request.say.gettext("Parts of a whole, {title}: {values}.").format(
        title=request.title("value"),
        values=listing([*told, *names[len(shares) :]], request.language),
    )
    return canvas, alt


def _in_strip(canvas: Canvas, part: _Part, x: float, wide: float, language: str) -> None:
    share = percent(part.share, language)
    for words in (f"{part.name} {share}", share):
        if text_width(words, SMALL, bold=True) + 6 <= wide:
            colour = PAPER if part.fill else INK
            middle = 2 + _STRIP / 2
            canvas.text(
                x + wide / 2, middle, words, size=SMALL, colour=colour, bold=True, align="center"
            )
            return


def _swatch(canvas: Canvas, part: _Part, y: float) -> None:
    edge = None if part.fill else MUTED
    canvas.box(
        1, y - 5, 11, 10, fill=part.fill or PAPER, edge=edge, dashes=() if part.fill else (3, 2)
    )


def _shares(request: Request) -> tuple[list[_Part], list[str]]:
    """The parts with their shares, the rest last, and the names of parts without a value."""
    values = [request.number(row, "value") for row in request.rows]
    known = sum(value for value in values if value is not None)
    wholes = {request.number(row, "whole") for row in request.rows} - {None}
    if len(wholes) > 1:
        raise ChartError("The rows name different wholes.", "Draw one figure for each whole.")
    if any(value is not None and value < 0 for value in values):
        raise ChartError("A part is below zero; it is no share.", "Draw a bar chart.")
    whole = wholes.pop() if wholes else known
    if not whole:
        raise NothingKnownError
    unknown = [
        request.words(row, "label")
        for row, value in zip(request.rows, values, strict=True)
        if value is None
    ]
    if unknown and "whole" not in request.options:
        raise ChartError(
            f"Nothing is reported of {unknown[0]}, so the parts together are not the whole.",
            "Name the column that holds the whole as `whole`, or draw a bar chart.",
        )
    if known - whole > _ROUNDING * whole:
        raise ChartError(
            f"The parts make {request.amount(_whole(known), 'value')}, more than the whole, "
            f"{request.amount(_whole(whole), 'value')}.",
            "Leave out what lies inside another part, or name the right whole.",
        )
    found: list[_Part] = []
    for row, value in zip(request.rows, values, strict=True):
        if value is not None:
            colour = SERIES[len(found) % len(SERIES)]
            said = request.words(row, "value", short=True)
            name = request.words(row, "label")
            found.append(_Part(name, value / whole, said, colour))
    rest = whole - known
    if rest > _ROUNDING * whole:
        words = request.say.gettext("not broken down")
        said = request.amount(_whole(rest), "value")
        found.append(_Part(words, rest / whole, said, None))
    return found, unknown

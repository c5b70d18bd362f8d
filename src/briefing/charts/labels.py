"""The words of a chart and where they fit: names of rows, keys, and the grid of a scale."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from briefing.charts import Request
from briefing.charts.drawing import Align
from briefing.charts.scales import Scale, thinned
from briefing.charts.style import (
    BODY,
    MUTED,
    SMALL,
    Canvas,
    text_width,
    wrapped,
)

_GAP = 10.0
_MOST = 0.42  # of the width, for a column of names
_LEAST = 0.28  # of the width, for what is drawn
_MOST_LINES = 3


def broken(text: str, width: float, size: float = BODY, *, bold: bool = False) -> list[str]:
    """The text in lines no wider than ``width`` points; too long a word is broken off."""
    lines: list[str] = []
    for line in wrapped(text, width, size, bold=bold):
        rest = line
        while rest and text_width(rest, size, bold=bold) > width:
            end = len(rest) - 1
            while end > 1 and text_width(rest[:end], size, bold=bold) > width:
                end -= 1
            if end < 1:
                break
            lines.append(rest[:end])
            rest = rest[end:]
        lines.append(rest)
    return lines


@dataclass(frozen=True)
class Names:
    """The names of rows: in a column at the left, or above each row where that is too tight.

    Attributes:
        lines: each name in lines.
        left: where the drawing may begin, in points.
        above: whether each name stands above its row.
        size: of the type, in points.
    """

    lines: tuple[tuple[str, ...], ...]
    left: float
    above: bool
    size: float = BODY

    @classmethod
    def fitted(
        cls,
        names: Sequence[str],
        width: float,
        words: Iterable[float] = (),
        *,
        size: float = BODY,
        bold: bool = False,
        most: float = _MOST,
        least: float = _LEAST,
    ) -> Names:
        """The names laid out for a picture of that width.

        Args:
            words: widths of what stands beside the marks, in points.
            most: share of the width that a column of names may take.
            least: share of the width that is kept for the marks.
        """
        column = [tuple(wrapped(name, width * most, size, bold=bold)) for name in names]
        widest = max((text_width(x, size, bold=bold) for n in column for x in n), default=0.0)
        left = widest + _GAP
        beside = width - left - max(words, default=0.0) >= width * least
        if beside and max(map(len, column), default=0) <= _MOST_LINES and widest <= width * most:
            return cls(tuple(column), left, False, size)
        above = (tuple(broken(name, width - 8, size, bold=bold)) for name in names)
        return cls(tuple(above), 4.0, True, size)

    @property
    def step(self) -> float:
        """From line to line, in points."""
        return self.size + 2.5

    def height(self, index: int, mark: float) -> float:
        """The height of a row whose mark takes ``mark`` points."""
        words = len(self.lines[index]) * self.step
        return words + mark + 3 if self.above else max(mark, words + 3)

    def draw(
        self, canvas: Canvas, index: int, top: float, mark: float, *, bold: bool = False
    ) -> float:
        """Write a name into its row; the answer is the middle height of its mark."""
        lines = self.lines[index]
        height = self.height(index, mark)
        if self.above:
            first, x = top + 1 + self.step / 2, self.left
        else:
            first, x = top + height / 2 - (len(lines) - 1) * self.step / 2, self.left - 6
        for number, line in enumerate(lines):
            y = first + number * self.step
            align: Align = "left" if self.above else "right"
            canvas.text(x, y, line, size=self.size, bold=bold, align=align, halo=self.above)
        return top + height - 1 - mark / 2 if self.above else top + height / 2


@dataclass(frozen=True)
class Entry:
    """What a sign means: a swatch in ``fill`` or ``edge``, or a mark."""

    words: str
    fill: str | None = None
    edge: str | None = None
    marker: str = ""
    hollow: bool = False
    dashes: tuple[float, ...] = ()


class Key:
    """Entries one after another, in as many rows as the width needs."""

    row = 13.0

    def __init__(self, entries: Sequence[Entry], width: float, left: float = 4.0) -> None:
        self._signs: list[tuple[float, int, Entry]] = []
        self._words: list[tuple[float, int, str]] = []
        x, line = left, 0
        for entry in entries:
            for number, words in enumerate(wrapped(entry.words, width - left - 16, SMALL)):
                needed = 13 + text_width(words, SMALL)
                if x + needed > width and x > left:
                    x, line = left, line + 1
                if not number:
                    self._signs.append((x, line, entry))
                self._words.append((x + 12, line, words))
                x += needed + 13
        self.height = (line + 1) * self.row if entries else 0.0

    def draw(self, canvas: Canvas, top: float) -> None:
        """Draw the key from that height downwards."""
        for x, line, entry in self._signs:
            self._sign(canvas, x, top + (line + 0.5) * self.row, entry)
        for x, line, words in self._words:
            canvas.text(x, top + (line + 0.5) * self.row, words, size=SMALL, colour=MUTED)

    @staticmethod
    def _sign(canvas: Canvas, x: float, y: float, entry: Entry) -> None:
        if entry.marker:
            colour = entry.fill or entry.edge or MUTED
            canvas.mark(x + 4, y, colour=colour, marker=entry.marker, hollow=entry.hollow, size=6)
        else:
            canvas.box(x, y - 4, 8, 8, fill=entry.fill, edge=entry.edge, dashes=entry.dashes)


def grid(
    canvas: Canvas,
    scale: Scale,
    name: Callable[[float], str],
    words: float,
    span: tuple[float, float],
) -> None:
    """Upright lines at the ticks, and their names at the height ``words`` where they fit."""
    for tick in scale.ticks:
        x = scale.position(tick)
        canvas.line((x, x), span, width=0.4)
    for x, text in named_ticks(scale, name, canvas.width):
        canvas.text(x, words, text, size=SMALL, colour=MUTED, align="center")


def named_ticks(
    scale: Scale, name: Callable[[float], str], width: float
) -> list[tuple[float, str]]:
    """The ticks whose names fit side by side, moved inwards at the edges."""
    entries: list[tuple[float, str]] = []
    for tick in scale.ticks:
        text = name(tick)
        if entries and entries[-1][1] == text:
            continue  # rounded to the same words
        half = text_width(text, SMALL) / 2
        entries.append((min(max(scale.position(tick), half), width - half), text))
    kept = thinned([(x, text_width(text, SMALL)) for x, text in entries])
    return [entries[index] for index in kept]


def begins(request: Request, scale: Scale, option: str) -> str:
    """Words that say where a scale begins; empty where it holds zero."""
    if scale.ticks[0] <= 0 <= scale.ticks[-1]:
        return ""
    start = request.amount(tick_value(scale.ticks[0]), option)
    return request.say.gettext("The scale begins at {amount}.").format(amount=start)


def tick_value(tick: float) -> float:
    """A tick as a whole number where it is one."""
    return int(tick) if float(tick).is_integer() else tick

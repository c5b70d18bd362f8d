"""A map of equal tiles: every region the same size, its number in it, shaded by it."""

from __future__ import annotations

from briefing.charts import Request
from briefing.charts.style import FAINT, INK, MUTED, SHADES, SMALL, Canvas
from briefing.errors import NothingKnownError
from briefing.formatting import listing, number

_TILE, _WIDE, _GAP = 38.0, 62.0, 3.0


def tiles(request: Request) -> tuple[Canvas, str]:
    """Draw a tile for each row; a region without a number is an empty tile that says so."""
    rows = [row for row in request.rows if request.cell(row, "row") is not None]
    if not rows:
        raise NothingKnownError
    values = [request.cell(row, "value") for row in rows]
    top_row = min(int(request.cell(row, "row")) for row in rows)
    left_column = min(int(request.cell(row, "column")) for row in rows)
    across = max(int(request.cell(row, "column")) for row in rows) - left_column + 1
    down = max(int(request.cell(row, "row")) for row in rows) - top_row + 1
    canvas = Canvas(down * (_TILE + _GAP))
    left = (canvas.width - across * (_WIDE + _GAP) - 110) / 2
    largest = max((float(value) for value in values if value is not None), default=0.0)
    for row, value in zip(rows, values, strict=True):
        x = left + (int(request.cell(row, "column")) - left_column) * (_WIDE + _GAP)
        y = (int(request.cell(row, "row")) - top_row) * (_TILE + _GAP)
        shade = _shade(value, largest)
        ink = "#ffffff" if shade in SHADES[3:] else INK
        canvas.box(x, y, _WIDE, _TILE, fill=shade or "#ffffff", edge=None if shade else MUTED)
        canvas.text(x + 5, y + 9, request.words(row, "label"), colour=ink, bold=bool(value))
        shown = "no data" if value is None else number(value, request.language)
        size = SMALL if value is None else 13
        canvas.text(x + 5, y + 26, shown, size=size, colour=ink, bold=bool(value))
    _key(canvas, request, left + across * (_WIDE + _GAP) + 14, largest)
    return canvas, _alt(request, rows)


def _shade(value: object, largest: float) -> str | None:
    if value is None:
        return None
    if not float(str(value)):
        return FAINT
    step = float(str(value)) / largest * len(SHADES)
    return SHADES[min(int(step - 1e-9), len(SHADES) - 1)]


def _key(canvas: Canvas, request: Request, x: float, largest: float) -> None:
    canvas.text(x, 8, request.title("value"), size=SMALL, colour=MUTED)
    steps = [largest * (index + 1) / len(SHADES) for index in range(len(SHADES))]
    bounds = [0, *(int(step + 1e-9) for step in steps)]
    entries = [(FAINT, "none")]
    for index, shade in enumerate(SHADES):
        low, high = bounds[index] + 1, bounds[index + 1]
        if high >= low:
            text = number(high, request.language)
            entries.append((shade, text if low == high else f"{low} to {text}"))
    for index, (shade, words) in enumerate(entries):
        canvas.box(x, 18 + index * 14, 11, 11, fill=shade)
        canvas.text(x + 17, 23.5 + index * 14, words, size=SMALL)


def _alt(request: Request, rows: list[dict[str, object]]) -> str:
    by_value: dict[str, list[str]] = {}
    ordered = sorted(rows, key=lambda row: -float(request.cell(row, "value") or 0))
    for row in ordered:
        value = request.cell(row, "value")
        shown = "no data" if value is None else number(value, request.language)
        by_value.setdefault(shown, []).append(request.words(row, "label"))
    parts = [f"{shown}: {listing(names, request.language)}" for shown, names in by_value.items()]
    return f"Tile map of regions, {request.title('value')}. {'; '.join(parts)}."

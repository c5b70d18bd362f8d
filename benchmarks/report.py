"""What was measured, as a table for people and as JSON for machines."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.cases.growth import Growth
from benchmarks.cases.growth import target as growth_target
from benchmarks.contenders import Measured
from benchmarks.machine import line
from benchmarks.measuring import Lap
from benchmarks.spreads import Spread, paired
from benchmarks.targets import Target, Verdict, verdict

HEAD = (
    "| | s | CPU s | peak MB | PDF kB | first / this | the same in CPU |\n"
    "|---|---|---|---|---|---|---|"
)


def reached(target: Target, laps: Mapping[str, Sequence[Lap]]) -> Spread | None:
    """What the limit applies to, in every round; None where one of the two did not finish."""
    pair = [laps[name] for name in (target.ours, target.peer) if name]
    if any(not done or any(lap.stopped for lap in done) for done in pair):
        return None
    values = [[_value(target, lap) for lap in done] for done in pair]
    if any(not value for found in values for value in found):
        return None
    if len(values) == 1:
        return Spread.of(values[0])
    return paired(values[1], values[0]) if target.of == "throughput" else paired(*values)


def _value(target: Target, lap: Lap) -> float:
    if target.of == "megabytes":
        return lap.megabytes
    return lap.size if target.of == "size" else lap.seconds


def judged(measured: Measured) -> list[tuple[Target, Spread | None, Verdict]]:
    """Each target of a row with what was reached and the verdict."""
    found = [(target, reached(target, measured.laps)) for target in measured.row.targets]
    return [(target, spread, verdict(target, spread)) for target, spread in found]


# -- for people -------------------------------------------------------------------------------


def markdown(
    machine: dict[str, Any],
    rows: Sequence[Measured],
    growths: Sequence[Growth],
    resident: Mapping[int, float],
) -> str:
    """The whole report."""
    parts = ["# Benchmark\n", f"{line(machine)}\n"]
    if differs := machine["differs"]:
        parts.append(f"Not the content that naive renders: {', '.join(differs)}.\n")
    parts += [_row(measured) for measured in rows]
    if growths:
        parts.append(_growths(growths))
    if resident:
        words = "; ".join(f"{value:.0f} after {number}" for number, value in resident.items())
        parts.append(f"## Memory of one worker\n\nResident MB over its renders: {words}.\n")
    return "\n".join(parts)


def _row(measured: Measured) -> str:
    row = measured.row
    rounds = max(len(laps) for laps in measured.laps.values())
    lines = [f"## ({row.key}) {row.title}\n", *(f"- {note}" for note in row.notes)]
    lines += [f"- {rounds} alternating rounds: median [smallest–largest].", "", HEAD]
    first = row.contenders[0].name
    for item in row.contenders:
        lines.append(_contender(item.name, measured.laps, first))
    if row.targets:
        lines += ["", "| target | reached | verdict |", "|---|---|---|"]
    for target, spread, said in judged(measured):
        lines.append(f"| {target} | {_spread(spread)} | {_emphasised(said)} |")
    return "\n".join([*lines, ""])


def _contender(name: str, laps: Mapping[str, Sequence[Lap]], first: str) -> str:
    done = laps[name]
    if not done or done[0].stopped:
        return f"| {name} | {done[0].stopped if done else 'not measured'} | | | | | |"
    sizes = [lap.size / 1000 for lap in done if lap.size]
    ours = laps[first]
    alike = name != first and len(ours) == len(done) and not ours[0].stopped
    ratio = paired([a.seconds for a in ours], [b.seconds for b in done]) if alike else None
    timed = alike and all(lap.cpu for lap in done)
    in_cpu = paired([a.cpu for a in ours], [b.cpu for b in done]) if timed else None
    cells = [
        name,
        _spread(Spread.of([lap.seconds for lap in done])),
        _spread(Spread.of([lap.cpu for lap in done])),
        f"{max(lap.megabytes for lap in done):,.0f}",
        f"{statistics.median(sizes):,.0f}" if sizes else "",
        _spread(ratio) if ratio else "",
        _spread(in_cpu) if in_cpu else "",
    ]
    return f"| {' | '.join(cells)} |"


def _growths(growths: Sequence[Growth]) -> str:
    lines = [
        "## Growth\n",
        "Seconds by size, and the exponent of what exceeds the first size's, fitted in each round.",
        "",
        "| | seconds | exponent | the same in CPU | target | verdict |",
        "|---|---|---|---|---|---|",
    ]
    for found in growths:
        aim, spread = growth_target(found.what), Spread.of(found.exponents)
        seconds = ", ".join(
            f"{size:,}: {statistics.median(times):.2f}" for size, times in found.seconds.items()
        )
        said, in_cpu = _emphasised(verdict(aim, spread)), _spread(Spread.of(found.in_cpu))
        limit = f"≤ {aim.limit:g}"
        cells = [found.what, seconds, _spread(spread), in_cpu, limit, said]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return "–"
    return f"{_number(spread.median)} [{_number(spread.low)}–{_number(spread.high)}]"


def _number(value: float) -> str:
    """Three digits that mean something."""
    decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{decimals}f}"


def _emphasised(said: Verdict) -> str:
    return f"**{said}**" if said == "missed" else said


# -- for machines -----------------------------------------------------------------------------


def as_json(
    machine: dict[str, Any],
    rows: Sequence[Measured],
    growths: Sequence[Growth],
    resident: Mapping[int, float],
) -> dict[str, Any]:
    """Everything that was measured, lap by lap."""
    return {
        "machine": machine,
        "rows": {
            measured.row.key: {
                "title": measured.row.title,
                "laps": {name: [vars(lap) for lap in laps] for name, laps in measured.laps.items()},
                "targets": _targets(measured),
            }
            for measured in rows
        },
        "growth": {found.what: vars(found) for found in growths},
        "resident": dict(resident),
    }


def kept(
    machine: dict[str, Any],
    rows: Sequence[Measured],
    growths: Sequence[Growth],
    resident: Mapping[int, float],
) -> dict[str, Any]:
    """What the history keeps of it: the machine, medians and ratios."""
    return {
        "machine": machine,
        "rows": {
            measured.row.key: {
                "rounds": max(len(laps) for laps in measured.laps.values()),
                "seconds": {
                    name: round(statistics.median(lap.seconds for lap in laps), 3)
                    for name, laps in measured.laps.items()
                    if laps and not laps[0].stopped
                },
                "targets": _targets(measured),
            }
            for measured in rows
        },
        "growth": {found.what: _rounded(Spread.of(found.exponents)) for found in growths},
        "resident": {number: round(value) for number, value in resident.items()},
    }


def _targets(measured: Measured) -> list[dict[str, Any]]:
    return [
        {"target": str(target), "reached": _rounded(spread), "verdict": said}
        for target, spread, said in judged(measured)
    ]


def _rounded(spread: Spread | None) -> list[float] | None:
    """Median, smallest, largest."""
    if spread is None:
        return None
    return [round(value, 3) for value in (spread.median, spread.low, spread.high)]

"""How the cost grows with pages, figures, rows, recipients and filed issues; and with renders."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.cases.large import payments
from benchmarks.contenders import Contender, Ready, Row, take_turns
from benchmarks.projects import payments_project
from benchmarks.spreads import exponent
from benchmarks.targets import Target
from benchmarks.workshop import Workshop

STEEPEST = 1.1
CASES: Mapping[str, tuple[int, ...]] = {
    "pages": (4, 16, 64),  # tables of about a page each
    "figures": (4, 16, 64),
    "rows": (2_000, 20_000, 200_000),
    "recipients": (5, 50, 500),
    "archive": (5, 50, 500),
}
NOTHING = {"rows": 1}
"""The size whose cost is the fixed one: nothing of it, or as little as there may be."""


@dataclass(frozen=True)
class Growth:
    """A cost at each size, in every round.

    Attributes:
        seconds: by size; the smallest is the fixed cost.
        exponents: of the seconds in each round.
        in_cpu: of the CPU seconds in each round, which a busy machine hardly disturbs.
    """

    what: str
    seconds: Mapping[int, list[float]]
    exponents: list[float]
    in_cpu: list[float]


def growth(
    shop: Workshop, what: str, rounds: int, say: Callable[[str], None], *, quick: bool = False
) -> Growth:
    """Measure one of ``CASES``, if ``quick`` without its largest size; sizes take turns."""
    sizes = (NOTHING.get(what, 0), *(CASES[what][:-1] if quick else CASES[what]))
    contenders: list[Contender] = []
    for size in sizes:
        folder = shop.fresh(f"growth-{what}-{size}")
        if what == "rows":
            payments_project(folder)
            text, _ = payments(shop, max(sizes))
            with text.open(encoding="utf-8") as lines:
                kept = "".join(itertools.islice(lines, size + 1))
            (folder / "data" / "payments.csv").write_text(kept, encoding="utf-8")
        words = [shop.ours, "-m", "benchmarks.ours.growing", what, str(size)]
        contenders.append(Ready(str(size), words, folder, shop.environ(), shop.log))
    done = take_turns(Row(f"growth in {what}", "", contenders), rounds, say, warm_up=not quick)
    counted = {
        name: int(laps[0].said["pages"]) if what == "pages" else int(name)
        for name, laps in done.laps.items()
    }
    least = counted[str(sizes[0])] if what == "pages" else 0  # pages that are there anyhow
    seconds, cpu = (
        {
            counted[name] - least: [vars(lap)[kind] for lap in laps]
            for name, laps in done.laps.items()
        }
        for kind in ("seconds", "cpu")
    )
    return Growth(what, seconds, fitted(seconds), fitted(cpu))


def fitted(costs: Mapping[int, Sequence[float]]) -> list[float]:
    """The exponent of each round; the fixed cost is the median of all, for it is small and noisy.

    Args:
        costs: of every round by size, first that of the size whose cost is the fixed one.
    """
    (_, fixed), *grown = costs.items()
    least = median(fixed)
    return [
        exponent(least, {size: rounds[at] for size, rounds in grown}) for at in range(len(fixed))
    ]


def target(what: str) -> Target:
    """What every growth has to keep to."""
    return Target(what, "", STEEPEST, "exponent")


def resident(shop: Workshop, renders: int, say: Callable[[str], None]) -> dict[int, float]:
    """Resident MB of one worker after its renders, the profiles in turn, cache off.

    Returns:
        By the number of renders: after the first, after every fiftieth, after the last.
    """
    project = shop.copy_of_project("renders")
    words = [shop.ours, "-m", "benchmarks.ours.warm", "many"]
    worker = Ready("renders", words, project, shop.environ(), shop.log)
    found = {}
    try:
        for number in range(1, renders + 1):
            lap = worker.lap(number)
            if number in {1, renders} or number % 50 == 0:
                found[number] = float(lap.said["resident"])
                say(f"memory {number}/{renders}: {found[number]:.0f} MB")
    finally:
        worker.close()
    return found


__all__ = ["CASES", "Growth", "growth", "resident", "target"]

"""Runs the bench: ``make bench``, or ``make bench ARGS="--only a,c --rounds 3"``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.cases import growth, large, profiles, single
from benchmarks.contenders import Measured, Row, take_turns
from benchmarks.machine import machine
from benchmarks.measuring import BenchError, adopt_orphans
from benchmarks.workshop import Workshop, extract_naive, install_peers, workshop

HISTORY = Path(__file__).with_name("history.jsonl")
ROWS = 10_000_000
RENDERS = 500
OTHERS = ("growth", "memory")


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("--only", default="", help="rows, such as a,b,f,growth,memory; else all")
    parser.add_argument("--rounds", type=int, default=9, help="how often each takes its turn")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of the large table")
    parser.add_argument("--renders", type=int, default=RENDERS, help="renders of the row memory")
    parser.add_argument("--quick", action="store_true", help="one round, little data: does it run?")
    parser.add_argument("--keep", action="store_true", help=f"add a line to {HISTORY.name}")
    asked = parser.parse_args(words)
    if asked.quick:
        asked.rounds, asked.rows, asked.renders = 1, min(asked.rows, 100_000), 3
    unknown = set(filter(None, asked.only.split(","))) - {*_rows(), *OTHERS}
    if unknown:
        parser.error(f"there is no row {', '.join(sorted(unknown))}")
    return asked


def _rows() -> dict[str, Callable[[Workshop, int], Row]]:
    return {
        "a": lambda shop, _: single.cold(shop),
        "b": lambda shop, _: single.warm(shop),
        "c": lambda shop, _: single.unchanged(shop),
        "d": lambda shop, _: single.changed(shop),
        "e": lambda shop, _: profiles.profiles(shop),
        "f": large.large,
    }


def say(words: str) -> None:
    """Show progress."""
    print(f"   {time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


def measured(asked: argparse.Namespace, shop: Workshop, write: Callable[..., None]) -> None:
    """Measure what is asked for, and write after each part what there is.

    Raises:
        BenchError: a contender failed.
    """
    rows: list[Measured] = []
    growths: list[growth.Growth] = []
    resident: dict[int, float] = {}
    wanted = asked.only.split(",") if asked.only else [*_rows(), *OTHERS]
    for key, make in _rows().items():
        if key in wanted:
            rows.append(
                take_turns(make(shop, asked.rows), asked.rounds, say, warm_up=not asked.quick)
            )
            write(rows, growths, resident)
    # five rounds of a growth already are many measurements, the largest of them long
    for what in growth.CASES if "growth" in wanted else ():
        growths.append(growth.growth(shop, what, min(asked.rounds, 5), say, quick=asked.quick))
        write(rows, growths, resident)
    if "memory" in wanted:
        resident |= growth.resident(shop, asked.renders, say)
        write(rows, growths, resident)


def main() -> None:
    """Set up, measure, write the report."""
    asked = arguments()
    adopt_orphans()
    shop = workshop(quick=asked.quick)
    install_peers(shop)
    extract_naive(shop)
    shop.log.write_bytes(b"")
    found = machine(shop)
    name = f"bench-{found['when'].replace(':', '')}"
    last: dict[str, Any] = {}

    def write(*parts: Any) -> None:
        words = report.markdown(found, *parts)
        text = json.dumps(report.as_json(found, *parts), ensure_ascii=False, indent=1)
        (shop.place / f"{name}.md").write_text(words, encoding="utf-8")
        (shop.place / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
        last.update(report.kept(found, *parts))

    try:
        measured(asked, shop, write)
    except BenchError as error:
        print(f"The bench stopped: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    if asked.keep:
        with HISTORY.open("a", encoding="utf-8") as history:
            history.write(f"{json.dumps(last, ensure_ascii=False)}\n")
    print((shop.place / f"{name}.md").read_text(encoding="utf-8"))
    print(f"Also as {shop.place / name}.json")


if __name__ == "__main__":
    main()

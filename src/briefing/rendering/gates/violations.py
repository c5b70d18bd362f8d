"""What a gate has found, and the one error that names all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from briefing.errors import RenderError
from briefing.rendering.boxes import Trail, words_of

MILLIMETRES = 25.4 / 96
"""Millimetres in a CSS pixel."""

TOLERANCE = 2.0
"""CSS pixels (half a millimetre) by which a thing may stick out: less is rounding."""


@dataclass(frozen=True)
class Violation:
    """Something that a gate does not let through.

    Attributes:
        what: where it is and what is wrong, without the final full stop.
        remedy: a sentence: what to do about it.
    """

    what: str
    remedy: str


def refuse(violations: Sequence[Violation]) -> None:
    """End the build where a gate has found anything.

    Raises:
        RenderError: names every violation, each with its remedy.
    """
    found = list(dict.fromkeys(violations))
    if len(found) == 1:
        raise RenderError(f"{found[0].what}.", found[0].remedy)
    if found:
        lines = "\n".join(f"  {item.what}. {item.remedy}" for item in found)
        raise RenderError(
            f"{len(found)} things are wrong with the pages:\n{lines}",
            "\nNo issue was filed; mend them all and build again.",
        )


def quoted(words: str, limit: int = 48) -> str:
    """Words on one line in quotation marks, the end of long ones left out."""
    line = " ".join(words.split())
    return f"“{line}”" if len(line) <= limit else f"“{line[:limit].rstrip()}…”"


def figure_around(trail: Trail) -> str:
    """The figure that a box lies in, as " in “Figure 2 …”"; empty where in none."""
    for box in reversed(trail):
        if box.tag == "figure" and box.element is not None:
            caption = box.element.find(".//figcaption")
            words = "" if caption is None else words_of(caption)
            return f" in {quoted(words)}" if words else f" in the figure #{box.element.get('id')}"
    return ""

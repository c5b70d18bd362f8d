"""Figures: each has a finding, words that replace its picture, and its sources."""

from __future__ import annotations

from briefing.rendering.files import every_figure
from briefing.rendering.gates.violations import Violation
from briefing.structures import Composition


def figures_without_words(composition: Composition) -> list[Violation]:
    """Figures that lack what a reader needs who checks, or who cannot see.

    A figure for which nothing was known needs its title only. Sources are asked for where the
    issue rests on documents or references at all.
    """
    found = []
    for figure in every_figure(composition):
        if not figure.title.strip():
            found.append(
                Violation(
                    f"{figure.label} ({figure.name}) has no title",
                    f"Write figures.{figure.name}.title in report.yaml: the finding it shows.",
                )
            )
        if figure.chart is None and figure.printed is None:
            continue
        if figure.chart is not None and not figure.chart.alt.strip():
            found.append(
                Violation(
                    f"{figure.label} ({figure.name}) has no words for those who cannot see it",
                    "Let its chart kind describe what it draws (alt).",
                )
            )
        if composition.sources and not figure.sources:
            found.append(
                Violation(
                    f"{figure.label} ({figure.name}) names no source",
                    f"Let table {figure.table.name} rest on records that name a document or"
                    " reference.",
                )
            )
    return found

"""Stage 2, validate: text becomes typed frames, or problems that say where and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import pandas as pd

from briefing.errors import Problem
from briefing.structures import Dataset, RawTable
from briefing.validation.cells import typed_frame
from briefing.validation.gate import pass_gate
from briefing.validation.keys import relation_problems, row_problems


def validate(
    title: str, tables: Iterable[RawTable], files: Mapping[str, Path]
) -> tuple[Dataset, list[Problem]]:
    """Type every cell and check every rule of the schemas; all problems, not just the first.

    A broken cell becomes missing in the frame, so that the checks after it still run.
    """
    frames: dict[str, pd.DataFrame] = {}
    schemas = {}
    problems: list[Problem] = []
    for raw in tables:
        frame, found = typed_frame(raw)
        problems += found
        frames[raw.schema.name] = frame
        schemas[raw.schema.name] = raw.schema
        problems += row_problems(raw.schema, frame, {(p.line, p.where) for p in found})
    problems += relation_problems(schemas, frames)
    return Dataset(title, schemas, frames, files), problems


def known_on(dataset: Dataset, day: date) -> Dataset:
    """The dataset as it was known at the end of a day: later records are not seen."""
    frames = {}
    for name, frame in dataset.frames.items():
        known = dataset.schemas[name].known
        frames[name] = frame[frame[known] <= pd.Timestamp(day)] if known else frame
    return Dataset(dataset.title, dataset.schemas, frames, dataset.files)


__all__ = ["known_on", "pass_gate", "validate"]

"""Stage 2, validate: text becomes typed frames, or problems that say where and what to do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd

from briefing.cache import Cache, key_of
from briefing.errors import Problem
from briefing.program import PROGRAM
from briefing.structures import Dataset, DatasetDescription, RawTable
from briefing.validation.cells import typed_frame
from briefing.validation.gate import pass_gate
from briefing.validation.keys import relation_problems, row_problems
from briefing.validation.seen import InLanguage, KnownOn, translated

_MOST_KEPT = 200_000
"""Rows of a table that is kept: more of them are not quickly told from others."""


def validate(
    description: DatasetDescription,
    tables: Iterable[RawTable],
    files: Mapping[str, Path],
    cache: Cache | None = None,
) -> tuple[Dataset, list[Problem]]:
    """Type every cell and check every rule of the schemas; all problems, not just the first.

    A broken cell becomes missing in the frame, so that the checks after it still run.

    Args:
        cache: where typed tables without problems are kept, to be used again.
    """
    frames: dict[str, pd.DataFrame] = {}
    schemas = {}
    problems: list[Problem] = []
    for raw in tables:
        frame, found = _kept(raw, cache) if cache else _typed(raw)
        problems += found
        frames[raw.schema.name] = frame
        schemas[raw.schema.name] = raw.schema
    problems += relation_problems(schemas, frames)
    return Dataset(description.title, schemas, frames, files, description.units), problems


def _kept(raw: RawTable, cache: Cache) -> tuple[pd.DataFrame, list[Problem]]:
    """The same from the cache, where the same text was typed before and had no problem."""
    if len(raw.rows) > _MOST_KEPT:
        return _typed(raw)
    key = key_of("typed table", PROGRAM, hashlib.sha256(repr(raw).encode()).hexdigest())
    kept = cache.get_object(key)
    if isinstance(kept, pd.DataFrame):
        return kept, []
    frame, found = _typed(raw)
    if not found:
        cache.put_object(key, frame)
    return frame, found


def _typed(raw: RawTable) -> tuple[pd.DataFrame, list[Problem]]:
    """A table's typed cells, and what is wrong with them and with its rows."""
    frame, found = typed_frame(raw)
    return frame, [*found, *row_problems(raw.schema, frame, {(p.line, p.where) for p in found})]


def known_on(dataset: Dataset, day: date) -> Dataset:
    """The dataset as it was known at the end of a day: later records are not seen."""
    frames = {}
    for name, frame in dataset.frames.items():
        known = dataset.schemas[name].known
        frames[name] = frame[frame[known] <= pd.Timestamp(day)] if known else frame
    large = {name: KnownOn(table, day) for name, table in dataset.large.items()}
    return replace(dataset, frames=frames, large=large)


def in_language(dataset: Dataset, language: str) -> Dataset:
    """The dataset in a reader's language.

    A column ``name`` takes the cells of ``name_en`` or ``name_ko``, by the language, and keeps
    its own where those are empty; where there is no column ``name``, it is added.
    """
    frames = {name: translated(frame, language) for name, frame in dataset.frames.items()}
    large = {name: InLanguage(table, language) for name, table in dataset.large.items()}
    return replace(dataset, frames=frames, large=large)


__all__ = ["in_language", "known_on", "pass_gate", "validate"]

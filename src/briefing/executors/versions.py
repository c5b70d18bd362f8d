"""Refuses workers that would make other bytes."""

from __future__ import annotations

from collections.abc import Mapping

from briefing.errors import EngineError


def check_versions(here: Mapping[str, str], there: Mapping[str, str], place: str) -> None:
    """Refuse a worker that runs something else than this process: its bytes might differ.

    Raises:
        EngineError: what differs, and where.
    """
    different = [
        f"{name} {there.get(name, 'not at all')} (here {version})"
        for name, version in here.items()
        if there.get(name) != version
    ]
    if different:
        raise EngineError(
            f"The worker {place} runs {', '.join(different)}.",
            "Install the same lock file on every machine.",
        )

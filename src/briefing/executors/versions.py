"""Refuses workers that would make other bytes: what runs there has to be what runs here."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Mapping

from briefing.errors import EngineError

_NATIVE = {
    "pango": ("libpango-1.0.so.0", "pango_version_string"),
    "harfbuzz": ("libharfbuzz.so.0", "hb_version_string"),
    "harfbuzz-subset": ("libharfbuzz-subset.so.0", "hb_version_string"),
}
"""Libraries of the system that decide how a page comes out, and what tells their version."""


def native_versions() -> dict[str, str]:
    """Python and the libraries of the system that no package pins; "missing" for one not there."""
    found = {"python": platform.python_version()}
    for name, (file, function) in _NATIVE.items():
        try:
            told = getattr(ctypes.CDLL(file), function)
        except (OSError, AttributeError):
            found[name] = "missing"
        else:
            told.restype = ctypes.c_char_p
            found[name] = told().decode()
    return found


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

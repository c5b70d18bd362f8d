"""WeasyPrint, loaded fast: the way to ``rendering/pdf.py`` for everybody else."""

from __future__ import annotations

import ctypes.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


def printer() -> ModuleType:
    """The module that prints, loaded where it is asked for and nowhere else."""
    with _known_by_name():
        from briefing.rendering import pdf

    return pdf


@contextmanager
def _known_by_name() -> Iterator[None]:
    """Let the linker find WeasyPrint's libraries.

    WeasyPrint tries some twenty names for seven of them. Where the linker does not know one, Python
    asks ``ldconfig`` and compilers for it, each a program to start: a quarter of a second before
    the names come that Linux knows.
    """
    ask = ctypes.util.find_library
    if sys.platform == "linux" and "weasyprint" not in sys.modules:
        ctypes.util.find_library = lambda name: None
    try:
        yield
    finally:
        ctypes.util.find_library = ask

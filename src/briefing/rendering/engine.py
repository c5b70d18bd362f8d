"""Two places where WeasyPrint does the same work again and again, made to do it once.

What it writes stays the same, byte for byte: ``tests/unit/test_engine.py`` compares, and says so
when something that is leaned on here is gone.
"""

from __future__ import annotations

from typing import Any

import pydyf  # type: ignore[import-untyped]  # comes with WeasyPrint, whose PDF it writes
from weasyprint.text.line_break import Layout

_REFERENCES = pydyf.PDF.page_references.fget
_SET_UP_AGAIN = Layout.reactivate


def tune() -> None:
    """Make WeasyPrint remember; called again, it does nothing more."""
    pydyf.PDF.page_references = property(_page_references)
    Layout.deactivate = _keep
    Layout.reactivate = _reactivate


def _page_references(pdf: Any) -> Any:
    """The references of all pages, listed once: pydyf lists them anew for each tag and anchor.

    With that, a document of twice the pages takes four times as long.
    """
    pages = len(pdf.pages["Kids"])
    known = pdf.__dict__.get("_listed")
    if known is None or known[0] != pages:
        known = pdf._listed = (pages, _REFERENCES(pdf))
    return known[1]


def _keep(_layout: Any) -> None:
    """Keep a line as Pango has set it, a few kilobytes, until its page is drawn."""


def _reactivate(layout: Any, style: Any) -> None:
    """Set a line anew only where it is drawn otherwise than it was measured: justified."""
    if layout.justification_spacing:
        _SET_UP_AGAIN(layout, style)

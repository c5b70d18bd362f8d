"""What a user's own code may be: the shapes that ``use:`` expects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

TableFunction = Callable[[Mapping[str, "pd.DataFrame"]], "pd.DataFrame"]
"""``use: module:function`` of a table: gets the typed frames, returns the result's frame.

The frame may carry ``attrs["units"]`` (column to unit) and a column ``records`` with the lines
of the declared dataset table behind each row.
"""

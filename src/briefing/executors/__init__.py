"""Where work is done: in this process, in warm processes of this machine, or on a Dask cluster."""

from __future__ import annotations

import os

from briefing.executors.beside import beside, staying
from briefing.executors.children import Child
from briefing.executors.forking import PRINTING, warm_up
from briefing.executors.here import Here
from briefing.executors.pool import Pool


def cores() -> int:
    """How many cores this process may use. Source: sched_getaffinity(2)."""
    return len(os.sched_getaffinity(0))


__all__ = ["PRINTING", "Child", "Here", "Pool", "beside", "cores", "staying", "warm_up"]

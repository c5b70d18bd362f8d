"""On what the bench ran: without it, no number means anything."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.workshop import ROOT, Workshop, content_differs

LIBRARIES = (
    "weasyprint matplotlib pandas numpy pyarrow typst playwright papermill nbconvert duckdb polars"
).split()


def machine(shop: Workshop) -> dict[str, Any]:
    """Processor, cores, memory, versions, the commit and the moment.

    Also which files of data and reports are not what they are for the naive peer.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _said(["git", "describe", "--always", "--dirty"]),
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "gibibytes": round(memory, 1),
        "load": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "chromium": _said([shop.chromium, "--version"]).removeprefix("Chromium ").split(" ")[0],
        "libraries": _libraries(shop),
        "differs": content_differs(),
    }


def line(found: dict[str, Any]) -> str:
    """The same in one line for people."""
    libraries = ", ".join(f"{name} {version}" for name, version in found["libraries"].items())
    return (
        f"{found['cpu']}, {found['cores']} cores, {found['gibibytes']} GiB, load "
        f"{found['load']} at the start; {found['system']}, Python {found['python']}, "
        f"Chromium {found['chromium']}, {libraries}; commit {found['commit']}, {found['when']}."
    )


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [text.partition(":")[2].strip() for text in lines if text.startswith("model name")]
    return names[0] if names else platform.machine()


def _libraries(shop: Workshop) -> dict[str, str]:
    """The versions that the peers' Python sees; the project's libraries are among them."""
    program = (
        "import json, sys; from importlib import metadata\n"
        "def version(name):\n"
        "    try: return metadata.version(name)\n"
        "    except metadata.PackageNotFoundError: return None\n"
        "print(json.dumps({name: version(name) for name in sys.argv[1:]}))"
    )
    said = _said([shop.theirs, "-c", program, *LIBRARIES])
    found: dict[str, str | None] = json.loads(said or "{}")
    return {name: version for name, version in found.items() if version}


def _said(command: list[str]) -> str:
    try:
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return ended.stdout.strip()

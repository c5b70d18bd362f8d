"""The peer Typst: the same charts and the same text, set by ``issue.typ``.

Typst remembers what it has set, so that the same document again costs it a sixth. An office sets
different documents; so each lap is set by a fork that remembers nothing.

    python -m benchmarks.peers.typst_pages FOLDER FONTS   FOLDER is what naive dumps
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import typst

from benchmarks.laps import serve_forgetting


def main(folder: str, fonts: str) -> None:
    """Set the document for each line that comes in."""
    source, file = Path(folder, "issue.typ"), Path(folder, "typst.pdf")
    shutil.copy(Path(__file__).with_name("issue.typ"), source)

    def work(number: int) -> dict[str, Any]:
        inputs = {"round": str(number)}
        typst.compile(str(source), str(file), font_paths=[fonts], sys_inputs=inputs)
        return {"size": file.stat().st_size}

    serve_forgetting(work)


if __name__ == "__main__":
    main(*sys.argv[1:])

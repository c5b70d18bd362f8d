"""The peer papermill: a notebook with the same figures, tables and text, printed by nbconvert.

Its first cell reads, validates, aggregates and draws with the frozen stages, its others show one
figure or table each, between texts that stand there as Markdown. Figures are pixels, as Jupyter
makes them where nobody asks for something else. It has no page numbers, no contents, no tags.

    python -m benchmarks.peers.notebook make FOLDER      writes notebook.ipynb from what naive dumps
    python -m benchmarks.peers.notebook run FOLDER FILE  executes and prints it, whole process
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

BEGINNING = """%matplotlib inline
import pandas as pd
from benchmarks.peers.naive import drawn_and_printed
pd.set_option("display.max_rows", None, "display.max_colwidth", None)
charts, tables = drawn_and_printed()"""


def cells_of(issue: dict[str, Any]) -> list[tuple[str, str]]:
    """The notebook's cells, each "code" or "markdown" with its text."""
    head = [f"# {issue['title']}", issue["subtitle"], issue["publisher"], issue["period"]]
    said = [f"**{value}** {label}" for value, label in issue["key_figures"]]
    said += [f"1. {text} {why}" for text, why in issue["findings"]]
    cells = [("code", BEGINNING), ("markdown", "\n\n".join([*head, *said]))]
    for section in issue["sections"]:
        words = [f"## {section['title']}", *section["paragraphs"]]
        words += [f"- {text} ({where})" for text, where in section["items"]]
        cells.append(("markdown", "\n\n".join(words)))
        for figure in section["figures"]:
            place = "charts" if figure["chart"] else "tables"
            cells.append(("markdown", f"**{figure['label']}** {figure['title']}"))
            cells.append(("code", f"{place}[{figure['name']!r}]"))
            cells.append(("markdown", "\n\n".join([*figure["notes"], figure["sources"]])))
    cells.append(("markdown", "\n\n".join(["## Methods", *issue["methods"]])))
    for entry in issue["sources"]:
        uses = [f"- {' '.join(use)}" for use in entry["uses"]]
        lines = [f"**{entry['key']}** {', '.join(filter(None, entry['words']))}", "\n".join(uses)]
        cells.append(("markdown", "\n\n".join(lines)))
    return cells


def make(folder: str) -> None:
    """Write the notebook."""
    from nbformat import v4

    issue = json.loads(Path(folder, "issue.json").read_text(encoding="utf-8"))
    made = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell}
    notebook = v4.new_notebook(cells=[made[kind](text) for kind, text in cells_of(issue)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "python3"}
    Path(folder, "notebook.ipynb").write_text(v4.writes(notebook), encoding="utf-8")


def run(folder: str, file: str) -> None:
    """Execute the notebook, and print it to PDF by a headless browser."""
    import papermill
    from nbconvert.exporters import WebPDFExporter
    from playwright.async_api import BrowserType

    made = Path(folder, "notebook.ipynb")
    done = Path(f"{file}.ipynb")
    papermill.execute_notebook(made, done, kernel_name="python3", progress_bar=False)

    launch = BrowserType.launch  # nbconvert knows no way to name a browser that is there already
    path = os.environ["BENCH_CHROMIUM"]
    BrowserType.launch = lambda self, **words: launch(self, executable_path=path, **words)
    exporter = WebPDFExporter(disable_sandbox=True, exclude_input=True, exclude_output_prompt=True)
    exporter.mathjax_url = exporter.require_js_url = ""  # nothing is fetched from anywhere
    pdf, _ = exporter.from_filename(str(done))
    Path(file).write_bytes(pdf)


COMMANDS: dict[str, Callable[..., None]] = {"make": make, "run": run}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])

"""What tests of a project lean on: goldens that a viewer opens and a reader reviews."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

_SHOWN = 60


@dataclass(frozen=True)
class Golden:
    """Compares texts with files that were looked at once and found good.

    Attributes:
        folder: where the goldens lie.
        update: whether they are rewritten instead of compared.
    """

    folder: Path
    update: bool = False

    def check(self, name: str, text: str) -> None:
        """Compare the text with the golden of that name, or rewrite it.

        Raises:
            AssertionError: there is no such golden, or it differs; the message shows where.
        """
        path = self.folder / name
        if self.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            return
        if not path.is_file():
            raise AssertionError(f"There is no golden {name}. `make golden` writes it; look at it.")
        before = path.read_bytes().decode()
        if text != before:
            raise AssertionError(
                f"{name} differs from its golden. Where that is meant, `make golden` rewrites it "
                f"and `git diff` is the review.\n{_difference(before, text, name)}"
            )


def _difference(before: str, after: str, name: str) -> str:
    lines = list(
        unified_diff(before.splitlines(), after.splitlines(), name, "now", n=1, lineterm="")
    )
    more = [f"... and {len(lines) - _SHOWN} more lines"] if len(lines) > _SHOWN else []
    return "\n".join([*lines[:_SHOWN], *more])

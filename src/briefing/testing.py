"""What tests of a project lean on: goldens that a viewer opens, and a channel that keeps all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from briefing.abc import Channel
from briefing.structures.channels import Receipt
from briefing.structures.deliveries import Parcel

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


class MemoryChannel(Channel):
    """Keeps what it is given, and answers as it was told beforehand.

    Args:
        receipts: one for each delivery, in their order; further ones are ``sent``.

    Attributes:
        parcels: what was handed over, in order; also what the answer then refused.
        unwanted: what was no longer wanted when it asked; it has no receipt of the script.
        closed: whether it was let go of.
    """

    def __init__(self, *receipts: Receipt) -> None:
        self._receipts = list(receipts)
        self.parcels: list[Parcel] = []
        self.unwanted: list[Parcel] = []
        self.closed = False

    def deliver(self, parcel: Parcel, still_wanted: Callable[[], bool]) -> Receipt:
        """Keep the parcel, unless it is not wanted any more."""
        if not still_wanted():
            self.unwanted.append(parcel)
            return Receipt("deferred", "message", text="It was left, as was asked.")
        self.parcels.append(parcel)
        return self._receipts.pop(0) if self._receipts else Receipt("sent", "dot", text="kept")

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


def _difference(before: str, after: str, name: str) -> str:
    lines = list(
        unified_diff(before.splitlines(), after.splitlines(), name, "now", n=1, lineterm="")
    )
    more = [f"... and {len(lines) - _SHOWN} more lines"] if len(lines) > _SHOWN else []
    return "\n".join([*lines[:_SHOWN], *more])

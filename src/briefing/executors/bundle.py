"""A project in one piece: the files that an issue is made from, named by what is in them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from briefing.errors import EngineError

LARGEST = 256 * 1024**2
"""Bytes of files that a bundle may hold: each worker of a cluster gets all of them."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Bundle:
    """A zip file whose name says what is in it: same files, same name, same bytes."""

    name: str
    content: bytes


def refuse_larger(size: int) -> None:
    """Refuse files of so many bytes together.

    Raises:
        EngineError: they are too large.
    """
    if size > LARGEST:
        raise EngineError(
            f"The project's files are {size / 10**6:,.0f} MB, too much to send to each worker "
            f"(at most {LARGEST / 10**6:,.0f} MB).",
            "Build it with `engine: local`.",
        )


def bundle_of(files: Mapping[str, bytes]) -> Bundle:
    """The files by their path in the project, as one bundle.

    Raises:
        EngineError: they are too large.
    """
    refuse_larger(sum(map(len, files.values())))
    digest = sha256()
    content = BytesIO()
    with ZipFile(content, "w") as packed:
        for path, body in sorted(files.items()):
            digest.update(f"{path}\n{sha256(body).hexdigest()}\n".encode())
            packed.writestr(ZipInfo(path, _EPOCH), body, ZIP_DEFLATED)
    return Bundle(f"briefing-{digest.hexdigest()[:32]}", content.getvalue())


def unpacked(bundle: Bundle, folder: Path) -> Path:
    """The bundle unpacked into a folder of its own name, whole or not at all.

    Args:
        folder: where that folder is made, or is already.
    """
    place = folder / bundle.name
    if place.is_dir():
        return place
    folder.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=folder))
    try:
        with ZipFile(BytesIO(bundle.content)) as packed:
            packed.extractall(making)  # which keeps inside the folder whatever a path says
        making.rename(place)
    except OSError:
        if not place.is_dir():  # else another worker was first
            raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return place


def forget_old(folder: Path, kept: int) -> None:
    """Remove all bundles that are unpacked in a folder but so many, those used last."""
    found = sorted(folder.glob("briefing-*"), key=lambda place: -place.stat().st_mtime)
    for place in found[kept:]:
        shutil.rmtree(place, ignore_errors=True)

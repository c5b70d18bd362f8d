"""The same build again and again, under other circumstances: every byte stays the same."""

import subprocess
import sys
from hashlib import sha256
from itertools import product
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
HASH_SEEDS = ("0", "1", "4711")
TIME_ZONES = ("UTC", "Asia/Seoul", "America/St_Johns")
LOCALES = ("C.UTF-8", "C")


def built(output: Path, circumstances: tuple[str, ...]) -> dict[str, str]:
    """Build the default report into ``output``; the hash of every file, by its path."""
    build = (sys.executable, "-m", "briefing", "build", "--output", output)
    subprocess.run(
        ["env", "BRIEFING_CACHE=off", *circumstances, *build],
        cwd=PROJECT,
        check=True,
        timeout=600,
    )
    files = sorted(path for path in output.rglob("*") if path.is_file())
    return {str(path.relative_to(output)): sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.soak
def test_the_same_bytes_whatever_the_circumstances(tmp_path: Path):
    first = built(tmp_path / "first", ())
    assert any(path.endswith(".pdf") for path in first)
    for index, (seed, zone, locale) in enumerate(product(HASH_SEEDS, TIME_ZONES, LOCALES)):
        circumstances = (f"PYTHONHASHSEED={seed}", f"TZ={zone}", f"LC_ALL={locale}")
        again = built(tmp_path / str(index), circumstances)
        assert again == first, f"differs under {' '.join(circumstances)}"

"""Makes many rows of payments, the same for the same seed, skewed as such records are.

Few regions, programmes and companies have most of the payments, amounts spread over four powers
of ten, the number grows from year to year, some cells are empty. Written in chunks, so that the
memory does not grow with the rows. Ten million rows are 0.6 GB as CSV.

    python -m benchmarks.rows --rows 10_000_000 --seed 7 --csv FILE [--parquet FILE]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv, parquet

CHUNK = 500_000
REGIONS = (
    "KR-41 KR-11 KR-26 KR-48 KR-28 KR-47 KR-27 KR-44 KR-46 KR-45 KR-43 KR-42 KR-30 KR-29 KR-31 "
    "KR-49 KR-50"
).split()
"""From the one with the most people to the one with the fewest."""
COMPANIES, PROGRAMMES = 200_000, 40
STATES = ("paid", "approved", "returned")
FIRST, LAST = np.datetime64("2016-01-01"), np.datetime64("2025-12-31")
SCHEMA = pa.schema(
    [
        ("payment", pa.int64()),
        ("region", pa.string()),
        ("company", pa.string()),
        ("programme", pa.string()),
        ("quarter", pa.string()),
        ("paid_on", pa.date32()),
        ("status", pa.string()),
        ("amount", pa.int64()),
    ]
)
Numbers = NDArray[np.int64]


def _zipf(count: int, power: float) -> NDArray[np.float64]:
    """How likely each of so many is, cumulated: the n-th as 1 / n ** power."""
    weights = 1 / np.arange(1, count + 1) ** power
    cumulated: NDArray[np.float64] = np.cumsum(weights / weights.sum())
    return cumulated


def _drawn(chances: NDArray[np.float64], rng: np.random.Generator, rows: int) -> Numbers:
    found = np.searchsorted(chances, rng.random(rows))
    return np.minimum(found, len(chances) - 1)


def chunks(rows: int, seed: int) -> Iterator[pa.Table]:
    """The rows, in the order of their dates, so many at a time."""
    rng = np.random.default_rng(seed)
    regions, companies = _zipf(len(REGIONS), 0.8), _zipf(COMPANIES, 1.05)
    programmes = _zipf(PROGRAMMES, 0.9)
    homes = _drawn(regions, rng, COMPANIES)
    names = pa.array([f"c-{number:06}" for number in range(1, COMPANIES + 1)])
    days = int((LAST - FIRST).astype(int))
    for start in range(0, rows, CHUNK):
        count = min(CHUNK, rows - start)
        company = _drawn(companies, rng, count)
        away = rng.random(count) < 0.1
        region = np.where(away, _drawn(regions, rng, count), homes[company])
        # the n-th payment's day: payments grow evenly from none a day
        share = np.sqrt((np.arange(start, start + count) + rng.random(count)) / rows)
        paid_on = FIRST + (share * days).astype("timedelta64[D]")
        amount = np.round(rng.lognormal(16.2, 1.5, count), -3).astype(np.int64)
        yield pa.table(
            [
                pa.array(np.arange(start + 1, start + count + 1)),
                pa.array(REGIONS).take(pa.array(region)),
                names.take(pa.array(company, mask=rng.random(count) < 0.005)),
                pa.array([f"p-{n:02}" for n in range(1, PROGRAMMES + 1)]).take(
                    pa.array(_drawn(programmes, rng, count))
                ),
                _quarters(paid_on),
                pa.array(paid_on.astype("datetime64[D]")),
                pa.array(STATES).take(pa.array(_drawn(np.array([0.8, 0.95, 1.0]), rng, count))),
                pa.array(amount, mask=rng.random(count) < 0.02),
            ],
            schema=SCHEMA,
        )


def _quarters(days: NDArray[np.datetime64]) -> pa.Array:
    """The quarter of each day, such as 2025-Q3."""
    months = days.astype("datetime64[M]").astype(np.int64)  # since 1970
    number = months // 3
    known, places = np.unique(number, return_inverse=True)
    words = pa.array([f"{1970 + one // 4}-Q{one % 4 + 1}" for one in known.tolist()])
    return words.take(pa.array(places))


def write(rows: int, seed: int, csv_file: Path, parquet_file: Path | None) -> None:
    """Write the rows; a file is there whole or not at all."""
    plain = csv.WriteOptions(quoting_style="none")
    making = [path.with_name(f"{path.name}.part") for path in (csv_file, parquet_file) if path]
    with ExitStack() as open_files:
        text = open_files.enter_context(csv.CSVWriter(making[0], SCHEMA, write_options=plain))
        columns = None
        if parquet_file:
            columns = open_files.enter_context(parquet.ParquetWriter(making[1], SCHEMA))
        for chunk in chunks(rows, seed):
            text.write_table(chunk)
            if columns:
                columns.write_table(chunk, row_group_size=CHUNK)
    for made, path in zip(making, (csv_file, parquet_file), strict=False):
        if path:
            made.rename(path)


def main() -> None:
    """Read the arguments and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--csv", type=Path, required=True)
    parser.add_argument("--parquet", type=Path)
    asked = parser.parse_args()
    write(asked.rows, asked.seed, asked.csv, asked.parquet)


if __name__ == "__main__":
    main()

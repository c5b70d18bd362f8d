"""The databases that the dataset's description names: their addresses hold no secret themselves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from briefing.config.secrets import Reference, check_url
from briefing.errors import Problem, ProblemsError
from briefing.large import with_large
from briefing.structures import Dataset, DatasetDescription, Engine, Means, Secret
from briefing.structures.reductions import LargeSource

_EXAMPLE = "${DATABASE_URL}"


def with_databases(
    dataset: Dataset,
    described: DatasetDescription,
    package: Path,
    root: Path,
    means: Means,
    engine: Engine | None = None,
) -> Dataset:
    """The dataset with its large tables, those in databases among them; nothing is connected.

    Args:
        package: the description's file.
        engine: where parts of them are done; None for here.

    Raises:
        ProblemsError: an address holds a secret, or a table cannot be read at all.
    """
    shown = str(package.relative_to(root))
    problems = []
    for source in described.large:
        try:
            if source.kind == "sql":
                check_url(source.url, _EXAMPLE)
        except ValueError as error:
            where = f"{source.schema.name}.url"
            remedy = "Name the address by reference, and keep it in the environment."
            problems.append(Problem(shown, 0, where, str(error), remedy))
    if problems:
        raise ProblemsError(problems)

    resolve = partial(_address, shown, root, means.environ)
    return with_large(dataset, described, means, resolve, engine)


def _address(shown: str, root: Path, environ: Mapping[str, str], source: LargeSource) -> Secret:
    """The address of a table's database, with its secrets."""
    return Reference(source.url, shown, 0, f"{source.schema.name}.url", root).resolve(environ)

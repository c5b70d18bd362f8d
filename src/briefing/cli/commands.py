"""Every command of the front door."""

from __future__ import annotations

from typing import Annotated

import typer

from briefing import __version__
from briefing.cli import builds, deliveries, reports, runs, schedules
from briefing.cli.options import EPILOG

app = typer.Typer(
    name="briefing",
    help="Tables in, sourced and reproducible briefings out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _version(value: bool) -> None:
    if value:
        print(f"briefing {__version__}")
        raise typer.Exit


@app.callback(epilog=EPILOG)
def _root(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Tables in, sourced and reproducible briefings out."""


for _room in (builds, reports, schedules, runs, deliveries):
    for _name, _command in _room.COMMANDS.items():
        app.command(_name, epilog=EPILOG)(_command)


__all__ = ["EPILOG", "app"]

"""The front door: every command, and how each ends."""

from __future__ import annotations

import gc
import sys
from io import TextIOWrapper
from typing import Annotated, NoReturn

import typer

from briefing import __version__
from briefing.cli import builds, deliveries, reports, runs, schedules
from briefing.cli.options import EPILOG
from briefing.errors import BriefingError, unforeseen
from briefing.terminal import print_json

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


def main() -> NoReturn:
    """Run the command line; an error for people goes to standard error, never a traceback."""
    # Pages are trees of many thousand objects that live until the end; looking through all of
    # them again and again takes a tenth of a build and frees nothing.
    gc.set_threshold(100_000, 50, 100)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that knows no ¶ shows its number
            stream.reconfigure(errors="backslashreplace")
    try:
        app(standalone_mode=True)
    except BriefingError as error:
        print(error, file=sys.stderr)
        if "--json" in sys.argv:
            print_json({"error": {"message": str(error), "exit_code": error.exit_code}})
        sys.exit(error.exit_code)
    except Exception as error:
        print(f"{unforeseen(error)} This is a fault of briefing's own.", file=sys.stderr)
        sys.exit(BriefingError.exit_code)
    except KeyboardInterrupt:
        print("Stopped; nothing half-made is left behind.", file=sys.stderr)
        sys.exit(130)
    sys.exit(0)


__all__ = ["EPILOG", "app", "main"]

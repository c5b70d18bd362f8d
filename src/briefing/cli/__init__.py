"""The front door: every command, and how each ends.

Importing this package loads no command: one whose answer is remembered needs none.
"""

import atexit
import gc
import os
import sys
from io import TextIOWrapper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from briefing.cli.commands import EPILOG, app


_STOPPED = 130


def __getattr__(name: str) -> object:
    """The commands, loaded when they are asked for."""
    if name in {"EPILOG", "app"}:
        from briefing.cli import commands

        return getattr(commands, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def main() -> "NoReturn":
    """Run the command line; an error for people goes to standard error, never a traceback."""
    # Pages are trees of many thousand objects that live until the end; looking through all of
    # them again and again takes a tenth of a build and frees nothing.
    gc.set_threshold(100_000, 50, 100)
    atexit.register(gc.freeze)  # nor does a last look, which takes another half second
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that knows no ¶ shows its number
            stream.reconfigure(errors="backslashreplace")
    from briefing.cli import remembered

    said = remembered.answer(sys.argv[1:], os.environ)
    if said is not None:
        sys.stdout.write(said)
        sys.exit(0)
    from briefing.errors import BriefingError, unforeseen

    try:
        from briefing.cli.commands import app
        from briefing.cli.options import HELD

        with HELD:
            app(standalone_mode=True)
    except BriefingError as error:
        print(error, file=sys.stderr)
        if "--json" in sys.argv:
            from briefing.terminal import print_json

            print_json({"error": {"message": str(error), "exit_code": error.exit_code}})
        sys.exit(error.exit_code)
    except Exception as error:
        print(f"{unforeseen(error)} This is a fault of briefing's own.", file=sys.stderr)
        sys.exit(BriefingError.exit_code)
    except (KeyboardInterrupt, SystemExit) as end:
        if isinstance(end, SystemExit) and end.code != _STOPPED:
            raise
        print("Stopped; nothing half-made is left behind.", file=sys.stderr)
        sys.exit(_STOPPED)  # Typer makes that of Ctrl-C too, without a word
    sys.exit(0)


__all__ = ["EPILOG", "app", "main"]

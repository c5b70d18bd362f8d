"""The program as this process runs it, told from other versions of it by a hash.

Taken when the process begins, as its children fork from it: a long-lived one goes on with what it
has loaded, whatever is installed over that meanwhile.
"""

from __future__ import annotations

from functools import cache

from briefing.stamps import is_older, program_files, stamp_of, surroundings

PROGRAM = surroundings({path: stamp_of(path) for path in program_files()})
"""SHA-256 over briefing itself, the libraries, the interpreter and the system's libraries."""
_STARTING = 10 * 10**9  # nanoseconds in which a process has surely loaded itself


@cache
def is_settled(moment: int) -> bool:
    """Whether the program had not been changed for some time, so that ``PROGRAM`` is all of it.

    Args:
        moment: in nanoseconds by the clock of the file system.
    """
    return all(is_older(path, moment - _STARTING) for path in program_files())

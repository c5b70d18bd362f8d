"""Finds the function named by ``use:``: in the report's folder, the project, or installed."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from briefing.errors import BriefingError


class ExtensionError(BriefingError):
    """The code named by ``use:`` cannot be loaded."""

    exit_code = 1


def load(name: str, folders: tuple[Path, ...]) -> Callable[..., Any]:
    """The function that ``module:function`` names.

    A file ``module.py`` in one of the folders comes first, under a name of its own, so that two
    reports may each have a module of the same name; one that was edited is loaded anew.

    Raises:
        ExtensionError: there is no such module or function, or importing it failed.
    """
    module_name, _, function_name = name.partition(":")
    if not module_name or not function_name:
        raise ExtensionError(f"{name!r} does not name a function.", "Write it as module:function.")
    if not all(part.isidentifier() for part in module_name.split(".")):
        raise ExtensionError(
            f"The module {module_name!r} cannot be imported: that is no module's name.",
            "Write the name of a file beside report.yaml, without .py.",
        )
    try:
        module = _from_folders(module_name, folders) or import_module(module_name)
    except ImportError as error:
        looked = ", ".join(folder.name or str(folder) for folder in folders)
        raise ExtensionError(
            f"The module {module_name!r} cannot be imported: {error}.",
            f"Put {module_name}.py into one of: {looked}; or install it.",
        ) from error
    function = getattr(module, function_name, None)
    if not callable(function):
        raise ExtensionError(f"The module {module_name!r} has no function {function_name!r}.")
    return function  # type: ignore[no-any-return]


def _from_folders(module_name: str, folders: tuple[Path, ...]) -> Any:
    for folder in folders:
        path = folder / f"{module_name}.py"
        if not path.is_file():
            continue
        try:
            whole = hashlib.sha256(os.fsencode(path.resolve()) + b"\0" + path.read_bytes())
        except OSError as error:
            raise ImportError(str(error)) from error
        unique = f"briefing_own_{whole.hexdigest()[:16]}_{module_name}"
        if unique in sys.modules:
            return sys.modules[unique]
        spec = spec_from_file_location(unique, path)
        if spec is None or spec.loader is None:
            continue
        module = module_from_spec(spec)
        sys.modules[unique] = module
        try:
            spec.loader.exec_module(module)
        except Exception as error:  # the author's code may raise anything
            del sys.modules[unique]
            raise ImportError(f"{type(error).__name__}: {error}") from error
        return module
    return None

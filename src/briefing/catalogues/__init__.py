"""The shipped labels in each language: gettext catalogues, read from their source.

The English words in the code are the keys. ``make words`` collects them into the catalogues; a
test says which are missing, stale or empty.
"""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

SOURCE_LANGUAGE = "en"
FOLDER = Path(__file__).parent


@cache
def catalogue(language: str) -> NullTranslations:
    """The labels in a language, with ``gettext``, ``ngettext``, ``pgettext`` and ``npgettext``.

    The catalogue is read as it is written by translators, so that no compiled file can be
    older than its source.

    Raises:
        FileNotFoundError: there is no catalogue for the language.
    """
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    with (FOLDER / f"{language}.po").open("rb") as source:
        read = read_po(source, locale=language, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return Translations(compiled)

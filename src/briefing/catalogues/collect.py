"""Collects the shipped labels from code and layouts into the catalogues: ``make words``."""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from briefing.catalogues import FOLDER

_METHODS = [("**.py", "python"), ("**.j2", "jinja2")]
_OPTIONS = {"**.j2": {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}}
_KEYWORDS = {**DEFAULT_KEYWORDS, "say": None}
_HEADER = (
    'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n'
    '"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
)


def collected() -> Catalog:
    """Every label in the package's code and layouts."""
    catalog = Catalog()
    for _, _, message, _, context in extract_from_dir(  # file, line, label, comments, context
        FOLDER.parent, method_map=_METHODS, options_map=_OPTIONS, keywords=_KEYWORDS
    ):
        catalog.add(message, context=context)
    return catalog


def renewed(path: Path) -> tuple[str, list[str]]:
    """The text of a catalogue with today's labels, and the labels that want translating."""
    language = path.stem
    with path.open("rb") as source:
        catalog = read_po(source, locale=language)
    catalog.update(collected(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    out = BytesIO()
    write_po(out, catalog, width=100, no_location=True, omit_header=True, sort_output=True)
    wanted = [str(message.id) for message in catalog if message.id and not _translated(message)]
    return _HEADER.format(language=language) + out.getvalue().decode(), wanted


def _translated(message: object) -> bool:
    said = getattr(message, "string", "")
    return all(said) if isinstance(said, tuple) else bool(said)


def main() -> int:
    """Renew the catalogues; the exit code tells whether all is translated."""
    missing = 0
    for path in sorted(FOLDER.glob("*.po")):
        text, wanted = renewed(path)
        path.write_text(text, encoding="utf-8")
        missing += len(wanted)
        for label in wanted:
            sys.stdout.write(f"{path.name}: not translated: {label}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

"""What a correction corrects: the revision before as it was filed, compared cell by cell.

What the revision before had printed is read from its own files and never computed anew; the new
one is read from the same files, as they will be filed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from html.parser import HTMLParser
from itertools import zip_longest
from typing import Any

from briefing.catalogues import catalogue
from briefing.composition.filed import (
    FiledFigure,
    FiledRow,
    figures_of,
    key_figures_of,
    known_of,
    matched,
)
from briefing.formatting import not_reported
from briefing.structures import Change, Column, Composition, Correction, Figure, TableSchema

Files = Mapping[str, bytes]
_PAGE, _MAIL = "index.html", "mail/body.html"
_ON_THE_COVER = 4
"""How many findings the mail has of a report that is not compact; as in the layout."""
_LABELS = 3
"""At most so many words name a row."""
_SHORT = 24
"""Letters of a number with its unit that is kept on one line."""
_NUMBERS = 3
"""So many numbers of a row that was added or left out are told."""


def correction_of(
    composition: Composition,
    schemas: Mapping[str, TableSchema],
    before: Files,
    now: Files,
    revision: int,
    reason: str,
) -> Correction:
    """Everything that is different from the revision before, in the order of the pages.

    Where no number of a figure changed, the records are compared, and the findings.

    Args:
        schemas: of the dataset, by table; keys of records are no words for a reader.
        before: the files of the revision before by path, as filed.
        now: the data files of this one: ``tables/*.csv``, ``provenance.json``, ``known.json``.
        reason: as a person gave it; white space at its ends and line breaks are left out.
    """
    compared = _Compared(composition, schemas)
    changes = [*compared.key_figures(before, now), *compared.figures(before, now)]
    if not changes:
        changes = [*compared.records(before, now), *compared.findings(before)]
    return Correction(revision, " ".join(reason.split()), f"r{revision - 1}", tuple(changes))


def filed_correction(body: bytes | None) -> Correction | None:
    """The correction that a filed issue is; None where it is a first revision."""
    if body is None:
        return None
    read = json.loads(body)
    changes = tuple(Change(**change) for change in read.pop("changes"))
    return Correction(**read, changes=changes)


class _Compared:
    """Two revisions of an issue, compared in the language of their reader."""

    def __init__(self, composition: Composition, schemas: Mapping[str, TableSchema]) -> None:
        self._composition = composition
        self._schemas = schemas
        self._language = composition.language
        self._say = catalogue(composition.language).gettext

    # -- figures ------------------------------------------------------------------------------

    def figures(self, before: Files, now: Files) -> Iterator[Change]:
        """The changes of every figure, those that are no more at the end."""
        old, new = figures_of(before), figures_of(now)
        shown = {
            figure.name: figure for part in self._composition.sections for figure in part.figures
        }
        for name, figure in shown.items():
            if name in old:
                yield from self._figure(figure, old[name], new[name])
            else:
                yield self._whole(f"{figure.label}. {figure.title}", figure.anchor, added=True)
        for name, filed in old.items():
            if name not in shown:
                yield self._whole(f"{filed.label}. {filed.title}", "", added=False)

    def _whole(self, figure: str, anchor: str, *, added: bool) -> Change:
        say = self._say
        said = say("This figure is new.") if added else say("This figure was taken out.")
        return Change(
            figure, anchor, "", "", "" if added else figure, figure if added else "", said
        )

    def _figure(self, figure: Figure, old: FiledFigure, new: FiledFigure) -> Iterator[Change]:
        columns = {
            name: column
            for name, column in figure.table.columns.items()
            if name in old.units and name in new.units
        }
        words = self._naming(figure, columns)
        keys = [name for name, column in columns.items() if column.kind != "quantity"]
        for was, row in matched(old.rows, new.rows, keys):
            if was is None and row is not None:
                yield self._row(figure, columns, row, self._label(words, row, new.rows), added=True)
            elif row is None and was is not None:
                yield self._row(
                    figure, columns, was, self._label(words, was, old.rows), added=False
                )
            elif was is not None and row is not None:
                label = self._label(words, row, new.rows)
                yield from self._cells(figure, columns, (old, was), (new, row), label)

    def _cells(
        self,
        figure: Figure,
        columns: Mapping[str, Column],
        old: tuple[FiledFigure, FiledRow],
        new: tuple[FiledFigure, FiledRow],
        label: str,
    ) -> Iterator[Change]:
        named = {column.name for column in self._naming(figure, columns)}
        for name, column in columns.items():
            was, cell = old[0].cell(old[1], column), new[0].cell(new[1], column)
            if was == cell or (name in self._keys(figure) and name not in named):
                continue
            before, after = was.told(column, self._language), cell.told(column, self._language)
            for decimals in range(7):
                if before != after:
                    break
                before = was.exact(column, self._language, decimals)
                after = cell.exact(column, self._language, decimals)
            if before != after:  # else nobody could see it: a rest of floating point
                title = self._title(figure, column)
                shown = self._shown_title(figure, column, columns.values())
                yield self._change(figure, label, (title, shown), before, after)

    def _row(
        self,
        figure: Figure,
        columns: Mapping[str, Column],
        row: FiledRow,
        label: str,
        *,
        added: bool,
    ) -> Change:
        filed = FiledFigure("", "", {name: columns[name].unit for name in columns}, (row,))
        numbers = []
        for name, column in columns.items():
            if column.kind == "quantity" and row.cells[name]:
                title = self._shown_title(figure, column, columns.values())
                number = filed.cell(row, column).told(column, self._language)
                numbers.append(f"{title} {number}".strip())
        told = ", ".join(numbers[:_NUMBERS])
        say = self._say
        said = say("{row}: added") if added else say("{row}: taken out")
        said = said.format(row=label) + (f" ({told})" if told else "")
        before, after = ("", told or label) if added else (told or label, "")
        heading = f"{figure.label}. {figure.title}"
        return Change(heading, figure.anchor, label, "", before, after, said)

    def _change(
        self, figure: Figure, row: str, titles: tuple[str, str], before: str, after: str
    ) -> Change:
        heading = f"{figure.label}. {figure.title}"
        column, shown = titles
        where = ", ".join(filter(None, (row, shown)))
        say = self._say
        said = say("{where}: {before} → {after}").format(
            where=where or column,
            before=_whole(before or self._none),
            after=_whole(after or self._none),
        )
        return Change(heading, figure.anchor, row, column, before, after, said)

    @property
    def _none(self) -> str:
        return not_reported(self._language)

    def _title(self, figure: Figure, column: Column) -> str:
        if figure.printed and column.name in figure.printed.names:
            return figure.printed.headers[figure.printed.names.index(column.name)]
        return column.title

    def _shown_title(self, figure: Figure, column: Column, columns: Iterable[Column]) -> str:
        """The title of a column; none where a chart has a single number, which needs none."""
        counted = [other for other in columns if other.kind == "quantity"]
        return "" if figure.chart and counted == [column] else self._title(figure, column)

    def _naming(self, figure: Figure, columns: Mapping[str, Column]) -> list[Column]:
        """The columns whose words name a row: what is printed, and else no keys of records."""
        words = [column for column in columns.values() if column.kind != "quantity"]
        keys = self._keys(figure)
        plain = [column for column in words if column.name not in keys]
        if figure.printed:
            names = figure.printed.names
            printed = [column for column in words if column.name in names]
            plain = sorted(printed, key=lambda column: names.index(column.name)) or plain
        return plain or words

    def _keys(self, figure: Figure) -> set[str]:
        """The columns that hold keys of records, which are no words for a reader."""
        schema = self._schemas.get(figure.table.dataset)
        if schema is None:
            return set()
        linked = {name for key in schema.foreign_keys for name in key.fields}
        return linked | set(schema.primary_key)

    def _label(self, words: Sequence[Column], row: FiledRow, rows: Sequence[FiledRow]) -> str:
        """The first words of a row, as many as tell it from the others."""
        named: list[str] = []
        alike = list(rows)
        for column in words:
            if len(named) == _LABELS or (named and len(alike) <= 1):
                break
            rest = [other for other in alike if other.cells[column.name] == row.cells[column.name]]
            told = row.words(column, self._language)
            if told and (not named or len(rest) < len(alike)):
                named.append(told)
                alike = rest
        return ", ".join(named)

    # -- the cover, the records, the sentences ------------------------------------------------

    def key_figures(self, filed: Files, files: Files) -> Iterator[Change]:
        """The numbers of the cover, by what they count."""
        say = self._say
        heading = say("Key figures")
        old, new = key_figures_of(filed), key_figures_of(files)
        form = say("{where}: {before} → {after}")
        for label, value in new.items():
            if (was := old.get(label, value)) != value:
                said = form.format(where=label, before=_whole(was), after=_whole(value))
                yield Change(heading, "", label, "", was, value, said)
        lost = [label for label in old if label not in new]
        come = [label for label in new if label not in old]
        for was, now in zip_longest(lost, come, fillvalue=""):
            if was and now and old[was] == new[now]:  # its words changed, maybe a number in them
                said = form.format(where=new[now], before=f"“{was}”", after=f"“{now}”")
                yield Change(heading, "", new[now], "", was, now, said)
                continue
            if was:
                told = f"{old[was]} {was}"
                yield Change(
                    heading, "", was, "", told, "", say("{row}: taken out").format(row=told)
                )
            if now:
                told = f"{new[now]} {now}"
                yield Change(heading, "", now, "", "", told, say("{row}: added").format(row=told))

    def records(self, before: Files, now: Files) -> Iterator[Change]:
        """Records whose measured value changed, though no figure shows it."""
        say = self._say
        old, new = known_of(before), known_of(now)
        for key, (name, value) in new.items():
            was = old.get(key, (name, value))[1]
            if was != value:
                row = f"{name} ({key.partition('/')[2]})"
                said = say("{where}: {before} → {after}").format(
                    where=row,
                    before=_whole(was or self._none),
                    after=_whole(value or self._none),
                )
                yield Change(say("Records that no figure shows"), "", row, "", was, value, said)

    def findings(self, before: Files) -> Iterator[Change]:
        """Sentences that are not what they were, where the filed page can be read."""
        new = [" ".join(finding.text.split()) for finding in self._composition.findings]
        if not (old := _sentences(before.get(_PAGE, b""))):
            old = _sentences(before.get(_MAIL, b""))
            new = new if self._composition.compact else new[:_ON_THE_COVER]
        if not old:
            return
        say = self._say
        heading = say("Main points")
        for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if kind == "equal":
                continue
            for was, now in zip_longest(old[a:b], new[c:d], fillvalue=""):
                quoted = {"before": f"“{was}”", "after": f"“{now}”"}
                form = say("{before} → {after}")
                if not was or not now:
                    quoted["row"] = quoted["before"] if was else quoted["after"]
                    form = say("{row}: taken out") if was else say("{row}: added")
                yield Change(heading, "", "", "", was, now, form.format(**quoted))


def _whole(told: str) -> str:
    """A number and its unit, kept on one line."""
    return told.replace(" ", "\u00a0") if len(told) <= _SHORT else told


def _sentences(page: bytes) -> list[str]:
    """The findings of a filed page or mail."""
    reader = _Findings()
    reader.feed(page.decode(errors="replace"))
    return [" ".join(text.split()) for text in reader.found]


class _Findings(HTMLParser):
    """Finds what the layout marks as a finding: a paragraph of a page, a point of a mail."""

    def __init__(self) -> None:
        """Start with nothing found."""
        super().__init__()
        self.found: list[str] = []
        self._within = ""
        self._in_list = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        """A finding begins, or what follows its words."""
        classes = str(dict(attrs).get("class") or "").split()
        if tag == "ol":
            self._in_list = True
        if (tag == "p" and "finding" in classes) or (
            tag == "strong" and self._in_list and not self._within
        ):
            self._within = tag
            self.found.append("")
        elif tag == "a":
            self._within = ""

    def handle_endtag(self, tag: str) -> None:
        """A finding, or their list, ends."""
        if tag in (self._within, "ol"):
            self._within = ""
        if tag == "ol":
            self._in_list = False

    def handle_data(self, data: str) -> None:
        """Words, those of a finding among them."""
        if self._within:
            self.found[-1] += data

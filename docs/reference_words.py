"""The words of docs/reference/ for what the code names but does not describe.

Keys are those of the code; ``make_reference.py`` stops where one lacks words, or words lack one.
Where two words stand, the first is the property as the description spells it.
"""

from __future__ import annotations

from typing import get_args

from briefing.structures import Additivity, Aggregation

TABLE_PROPERTIES = {
    "name": ("name", "The table's name, as `dataset:` of a report and foreign keys use it."),
    "file": ("path", "The CSV file, from the folder of the description; inside the project."),
    "title": ("title", "What the table is called in the source appendix; else its name."),
    "fields": ("schema.fields", "The columns, each described as below; all of them, any order."),
    "primary_key": ("schema.primaryKey", "Column or columns that name a record; no two alike."),
    "foreign_keys": (
        "schema.foreignKeys",
        "`fields` here must stand in `reference.fields` of `reference.resource` (empty: this "
        "table). A key of a single column can be followed with a dot: `region.name`.",
    ),
    "measures": ("measures", "What may be aggregated, by name; described below."),
    "constant_within": (
        "constantWithin",
        "List of `{field, within}`: records alike in the columns `within` agree in `field`.",
    ),
    "known": ("known", "The date column that says since when a record is known (as-of)."),
    "titles": ("titles", "The title in other languages than the description's own, by language."),
}
FIELD_PROPERTIES = {
    "name": ("name", "The column, as it stands in the header row."),
    "type": ("type", "One of the types above; `string` where not given."),
    "title": ("title", "What a reader calls it; else the name with spaces."),
    "titles": ("titles", "The title in other languages, by language: `{ko: 상태}`."),
    "labels": (
        "labels",
        "What a reader sees for each word, by language: `{planned: {en: planned, ko: 계획}}`. "
        "With `enum`, for every word of it.",
    ),
    "required": ("constraints.required", "No cell may be empty."),
    "unique": ("constraints.unique", "No value may stand twice."),
    "enum": ("constraints.enum", "The vocabulary: nothing else may stand there."),
    "pattern": ("constraints.pattern", "A regular expression that the whole cell must match."),
    "minimum": ("constraints.minimum", "No smaller number."),
    "maximum": ("constraints.maximum", "No larger number."),
    "unit": ("unit", "The unit of the whole column: a currency code, `percent`, or a noun."),
    "unit_column": ("unitColumn", "The column that holds each record's own unit or currency."),
    "qualifier_column": ("qualifierColumn", "The column that holds the hedge of each number."),
    "money": ("money", "`true`: amounts in whole units, kept exactly, as minor units."),
}
UNIT_FORMS = {
    "one": "Beside the number one: company. Like `other` where not given.",
    "other": "Beside other numbers: companies. Needed.",
    "per": 'After "per": company; in Korean before 당: 기업. Like `other` where not given.',
}
MEASURE_PROPERTIES = {
    "column": "The column that is aggregated.",
    "aggregation": f"One of {', '.join(f'`{name}`' for name in get_args(Aggregation))}.",
    "additivity": f"One of {', '.join(f'`{name}`' for name in get_args(Additivity))}.",
    "never_across": "Columns in which all records that are added together must agree.",
    "addable": "Column to list of values: only records with these values are ever added.",
    "part_of": "The column that names the record in which this one is contained.",
    "order": "The column that decides which record is the `last`.",
}
FILTERS = {
    "number": "digits with separators; `number(1)` keeps one decimal",
    "money": "minor units as money; `money('USD')` for another currency than won",
    "percent": "a ratio as a percentage",
    "quantity": "a value with the unit given",
    "day": "a date; `day('month')` and `day('year')` say less",
    "deadline": 'a last day, after "by": the last of a year is "the end of 2026"',
    "years": 'the first and last of a span: `row.from|years(row.to)` is "2024 to 2026"',
    "particle": "Korean: the word with the particle that fits its last sound, "
    "`particle('이/가')`, the form after a consonant first",
    "lower_first": "words that begin small in the middle of a sentence; ABB stays ABB",
    "code": "a word of a vocabulary with spaces for underscores",
    "listing": "a list as a sentence has it: a, b and c",
}

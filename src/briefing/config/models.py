"""What may stand in config.yaml and report.yaml: every key, its type and its meaning."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from briefing.config.audiences import AudienceKeys, ReaderKeys, SetName
from briefing.config.carriers import ChannelKeys
from briefing.config.channels import STATE_URL, MailKeys, OwnerKeys, PingUrl, StateUrl
from briefing.config.deliveries import DeliveryKeys
from briefing.config.engine import DaskKeys
from briefing.config.schedules import GrainName, ScheduleKeys, zone_name
from briefing.periods import Grain
from briefing.structures import Aggregation
from briefing.structures.execution import EngineKind

Language = Literal["en", "ko"]
Words = str | dict[Language, str]
"""An author's string: one text for all languages, or one for each."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
ReportName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ConfigKeys(_Strict):
    """config.yaml."""

    publisher: Words
    """Whose name stands on the cover."""
    timezone: str
    """IANA name of the zone in which periods begin and end."""
    languages: list[Language] = Field(min_length=1)
    """Languages in which reports are made; the first is the default."""
    dataset: str
    """The Data Package, from the project's folder."""
    reports: str = "report_templates"
    """The folder of report folders."""
    output: str = "output"
    """Where issues are filed."""
    default_report: ReportName
    """What `briefing build` builds when no report is named."""
    schedules: list[ScheduleKeys] = []
    """When reports are due."""
    state_url: StateUrl = STATE_URL
    """The ledger's database: an SQLite file from the project's folder, or PostgreSQL."""
    owner: OwnerKeys | None = None
    """Who is told when something fails."""
    ping: PingUrl = ""
    """A URL that is asked for while all is well; the monitor behind it raises the alarm else."""
    mail: MailKeys | None = None
    """The server that takes mail for delivery."""
    audiences: dict[SetName, AudienceKeys] = {}
    """Lists of readers, each with a name."""
    readers: ReaderKeys | None = None
    """What holds for all readers."""
    channels: dict[SetName, ChannelKeys] = {}
    """Ways to readers other than mail, each with a name."""
    deliveries: list[DeliveryKeys] = []
    """Where the issues of each report go."""
    engine: EngineKind = "local"
    """Who builds where several issues are asked for: processes of this machine, or Dask."""
    workers: int | None = Field(default=None, ge=1)
    """How many processes of this machine build at once; one for each core where not given."""
    memory: str = ""
    """How much memory each of them may use, such as `2 GB`; its share of the machine's else."""
    dask: DaskKeys | None = None
    """The cluster, for the engine `dask`; needs `pip install 'briefing[dask]'`."""

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, value: str) -> str:
        return zone_name(value)


class MeasureKeys(_Strict):
    """A measure of a table, spelled out."""

    measure: str = ""
    """A measure that the dataset describes."""
    of: str = ""
    """Or a column to aggregate; dotted names follow foreign keys."""
    aggregation: Aggregation | None = None
    """How; the measure's own aggregation where not given."""

    @model_validator(mode="after")
    def _one(self) -> MeasureKeys:
        if bool(self.measure) == bool(self.of):
            raise ValueError("give either `measure` or `of`")
        return self


class GrainKeys(_Strict):
    """Rows by calendar period."""

    column: str
    """A column of dates, or of years."""
    to: GrainName
    """How long a period is."""


class DeriveKeys(_Strict):
    """A computed column, spelled out."""

    formula: str
    """Arithmetic over columns: + - * / and numbers."""
    unit: str = ""
    """The unit that must come out."""


class TableKeys(_Strict):
    """One entry of ``tables``."""

    dataset: str = ""
    """The table of the dataset that is aggregated."""
    use: str = ""
    """Or the author's own function, as module:function."""
    where: str = ""
    """Which records: column operator literal, joined by and, or, not."""
    by: list[str] = []
    """Group by these columns; dotted names follow foreign keys."""
    measures: list[str] | dict[Name, str | MeasureKeys] = []
    """What is aggregated."""
    grain: GrainKeys | None = None
    """Group also by calendar period."""
    derive: dict[Name, str | DeriveKeys] = {}
    """Columns computed from others."""
    sort: list[str] = []
    """Columns to sort by; a minus in front turns the order."""
    top: int = Field(default=0, ge=0)
    """Keep so many groups; the rest is folded into "other"."""
    pivot: str = ""
    """A column of ``by`` whose values become columns."""
    complete: str = ""
    """A foreign key of ``by``: keys without records appear too."""
    dropna: list[str] = []
    """Leave out rows of the result in which one of these columns is empty."""
    compare: Literal["", "previous period", "same period last year", "target"] = ""
    """Compare with the period before, a year before, or the target."""
    rank: list[str] = []
    """Measures to show the place of too: the largest is first, equal ones share a place."""
    share: str = ""
    """A measure to show as share of the whole too."""
    cumulative: list[str] = []
    """Measures to show as running totals too."""
    across: list[str] = []
    """Columns across which this table adds on purpose; the figure's title must say so."""

    @model_validator(mode="after")
    def _whole(self) -> TableKeys:
        if not self.dataset and not self.use:
            raise ValueError("give `dataset`, or `use` with a function of your own")
        if self.dataset and not self.use and not self.by and not self.measures:
            raise ValueError("give `by`, `measures` or both")
        return self


class FigureKeys(BaseModel):
    """One entry of ``figures``; keys beside these belong to the chart kind."""

    model_config = ConfigDict(extra="allow", strict=True)

    kind: str
    """What is drawn; docs/reference/charts.md names all, and ``table`` prints the table."""
    table: str
    """The table shown."""
    title: Words
    """The finding, as a computed sentence."""
    notes: list[Words] = []
    """What a reader must know beside the figure."""
    alt: Words | None = None
    """Replaces the computed description of a chart."""
    columns: dict[str, Words] = {}
    """Columns as a reader calls them; for a printed table also which and in what order."""

    optional: bool = False
    """Whether it is left out without a word where nothing is known; else it says so."""
    limit: int = Field(default=0, ge=0)
    """For a printed table, how many rows are shown; the rest is in the attached CSV, and said."""

    __pydantic_extra__: dict[str, Any]


class KeyFigureKeys(_Strict):
    """A number on the cover."""

    value: Words
    """The number, from a table."""
    label: Words
    """What it counts."""
    table: str
    """The table it comes from, for its sources."""
    also: list[str] = []
    """Further tables that the strings take numbers from, for their sources."""
    only: dict[str, str] = {}
    """Columns and values of the single row meant; the strings may use it as ``row``."""
    optional: bool = False
    """Whether it is left out without a word where nothing is known."""


class FindingKeys(_Strict):
    """A computed sentence."""

    text: Words
    """What was found."""
    rank: int = Field(ge=1)
    """Its importance; the three smallest stand on the cover."""
    why: Words | None = None
    """Why it matters."""
    figure: str = ""
    """The figure that shows it."""
    optional: bool = False
    """Whether it is left out without a word where nothing is known."""


class ListKeys(_Strict):
    """A list in a chapter, an item for each row of a table."""

    table: str
    """The table."""
    item: Words
    """What is said of a row, at hand as ``row``; where it comes out empty, there is no item."""


class SectionKeys(_Strict):
    """A chapter."""

    title: Words
    """Its heading."""
    text: list[Words] = []
    """Paragraphs before the figures; one that comes out empty is left out."""
    items: ListKeys | None = None
    """Items before the figures."""
    if_empty: Words | None = None
    """Said under "What the sources do not say" in place of the chapter, where it has nothing."""
    figures: list[str] = []
    """Figures, in order."""


class GateKeys(_Strict):
    """A check of the data gate; which keys it needs depends on its kind."""

    kind: Literal["max_age", "rows", "all_present", "reconciles", "parts_fit"]
    """max_age: the newest record is at most so many days old. rows: their number lies in a band.
    all_present: each key of a referenced table has a record. reconciles: parts add up to the
    printed whole. parts_fit: no parts exceed their whole."""
    table: str
    """The table of the dataset that is looked at."""
    otherwise: Literal["caveat", "hold"]
    """What happens if it fails: the issue goes out with a printed caveat, or is held."""
    column: str = ""
    """For max_age the column of dates, for all_present the foreign key."""
    measure: str = ""
    """For reconciles and parts_fit the measure, whose ``part_of`` says what lies inside what."""
    days: int = Field(default=0, ge=0)
    """For max_age the days allowed."""
    at_least: int = Field(default=0, ge=0)
    """For rows the smallest number."""
    at_most: int | None = None
    """For rows the largest number."""
    tolerance: float = Field(default=0.0, ge=0, le=1)
    """For reconciles and parts_fit the share of the whole that may differ."""
    only: dict[str, str] = {}
    """Columns and values that narrow the records down."""
    among: dict[str, str] = {}
    """For all_present, columns and values of the referenced table that are not expected."""

    @model_validator(mode="after")
    def _complete(self) -> GateKeys:
        needs = {"max_age": "column", "all_present": "column"}
        needed = needs.get(self.kind, "measure")
        if self.kind != "rows" and not getattr(self, needed):
            raise ValueError(f"a check of kind {self.kind} needs `{needed}`")
        if self.at_most is not None and self.at_most < self.at_least:
            raise ValueError("`at_most` is below `at_least`, so the check could never pass")
        return self


class SinceKeys(_Strict):
    """What "Since the last issue" compares."""

    tables: list[str] = Field(min_length=1)
    """Tables of the dataset whose records are compared with those of the previous issue."""
    due: str = ""
    """A table of this report whose rows may fall due."""
    due_column: str = ""
    """Its column of dates."""
    due_label: str = ""
    """Its column that names a row."""

    @model_validator(mode="after")
    def _together(self) -> SinceKeys:
        if len({bool(self.due), bool(self.due_column), bool(self.due_label)}) > 1:
            raise ValueError("give `due`, `due_column` and `due_label` together, or none")
        return self


class ParameterKeys(_Strict):
    """A parameter, spelled out."""

    values: str
    """Where its values stand, as table.column."""
    where: str = ""
    """Which of them: column operator literal, joined by and, or, not."""


class ReportKeys(_Strict):
    """report.yaml."""

    title: Words
    """The report's title."""
    subtitle: Words | None = None
    """What it is about, in a line."""
    grain: Literal[GrainName, "on-demand"]
    """How long its period is; an on-demand report has the day on which it is asked for."""
    parameters: dict[Name, str | ParameterKeys] = Field(default={}, max_length=1)
    """A parameter and where its values stand, as table.column; an edition for each value."""
    tables: dict[Name, TableKeys] = Field(min_length=1)
    """Aggregations."""
    figures: dict[Name, FigureKeys] = {}
    """Charts and printed tables."""
    key_figures: list[KeyFigureKeys] = Field(default=[], max_length=6)
    """Numbers on the cover."""
    findings: dict[Name, FindingKeys] = {}
    """Computed sentences."""
    sections: list[SectionKeys] = Field(min_length=1)
    """Chapters, in order."""
    methods: list[Words] = []
    """How the numbers were made, at the end."""
    gate: dict[Name, GateKeys] = {}
    """Checks that the data must pass before an issue goes out."""
    layout: Literal["full", "compact"] = "full"
    """full: a cover with contents, and a page for each thing that needs one. compact: as few pages
    as the words take."""
    since_last_issue: SinceKeys | None = None
    """Compare with the previous issue, in a section of its own."""

    @property
    def period_grain(self) -> Grain:
        """The grain as the calendar knows it."""
        return Grain(self.grain)

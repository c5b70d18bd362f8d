"""What is doubtful in the documents is said in the data, where a report can show it."""

import csv
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "data"


def rows(table):
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def row(table, key):
    return next(row for row in rows(table) if key in list(row.values())[:1])


def test_a_dollar_figure_points_to_its_won_and_is_no_rate():
    conversions = [row for row in rows("funding") if row["conversion_of"]]
    assert len(conversions) == 3
    for each in conversions:
        won = row("funding", each["conversion_of"])
        assert (each["currency"], won["currency"]) == ("USD", "KRW")
        assert each["representation"] == "as_printed_conversion"
        assert "not an exchange rate" in each["caveat"]
        assert "average rate" in each["caveat"]


@pytest.mark.parametrize("year", ["2023", "2024"])
def test_rates_are_there_to_compare_the_dollar_figures_with(year):
    rates = {row["period"]: float(row["rate"]) for row in rows("fx") if row["currency"] == "USD"}
    months = [rates[f"{year}-{month:02}"] for month in range(1, 13)]
    assert min(months) < rates[year] < max(months)


def test_the_dollar_figures_indeed_do_not_fit_the_rates():
    rates = {row["period"]: float(row["rate"]) for row in rows("fx") if row["grain"] == "year"}
    for each in rows("funding"):
        if each["conversion_of"]:
            printed = int(row("funding", each["conversion_of"])["value"]) / int(each["value"])
            assert all(abs(printed / rates[year] - 1) > 0.1 for year in ("2023", "2024"))


def test_no_date_is_inferred_without_a_word_on_it():
    for table, column in (("events", "caveat"), ("documents", "note")):
        for each in rows(table):
            assert each["date_basis"] == "printed" or each[column], each


def test_a_vague_date_spans_the_time_that_it_may_lie_in():
    for each in rows("events"):
        assert each["date_from"] <= each["date"], each
        if each["date_precision"] == "day":
            assert each["date_from"] == each["date"], each
        else:
            assert each["date_from"] < each["date"], each


@pytest.mark.parametrize(
    ("alias", "organisation", "other"),
    [
        ("Moray", "morai", "moray"),
        (
            "Daegu Mechanical Parts Research Institute",
            "daegu-mechatronics-materials-institute",
            "daegu-mechanical-parts-research-institute",
        ),
    ],
)
def test_names_that_may_be_one_are_linked_and_not_merged(alias, organisation, other):
    link = row("organisation_alias", alias)
    assert (link["organisation"], link["certainty"]) == (organisation, "probable")
    for name in (organisation, other):
        assert "kept apart" in row("organisations", name)["caveat"]


def test_every_alias_beside_an_organisation_of_that_name_is_probable_only():
    names = {each["name_en"] for each in rows("organisations")}
    for each in rows("organisation_alias"):
        if each["alias"] in names:
            assert each["certainty"] == "probable", each


def test_an_application_is_no_commitment():
    asked = [row for row in rows("funding") if row["amount_type"] == "application_value"]
    assert [row["funding_id"] for row in asked] == ["fund-digital-complex-application"]
    assert asked[0]["status"] == "planned"
    assert "no commitment" in asked[0]["caveat"]


def test_a_ministry_named_before_its_time_is_marked():
    founders = [row for row in rows("partnerships") if row["role"] == "founder"]
    assert founders
    since = {row["organisation"]: row["valid_from"] for row in rows("organisations")}
    early = [
        each for each in founders if since[each["organisation"]] > since[each["counterpart"]] > ""
    ]
    assert [each["organisation"] for each in early] == ["mss"]
    assert "2017" in early[0]["caveat"]
    assert "2017" in row("events", "evt-daegu-technopark-established")["caveat"]


def test_ministries_carry_the_name_of_the_day():
    known = {row["organisation"]: row for row in rows("organisations")}
    assert known["msit"]["successor_of"] == "msip"
    assert known["msip"]["valid_to"] < known["msit"]["valid_from"]
    for each in rows("partnerships"):
        if each["document"] == "regional-partnerships":
            assert {each["organisation"], each["counterpart"]}.isdisjoint({"msit", "mss"})


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ("meas-designated-clusters-2015", "Only four places are named"),
        ("meas-fki-companies-2014", "names four groups"),
        ("meas-regional-governments-2014", "thirteen"),
        ("meas-startup-city-governments-signing", "an earlier paragraph"),
        ("meas-korean-cities-top-100", "ranking meant is not named"),
    ],
)
def test_contradictions_and_gaps_stand_beside_the_number(measure, words):
    assert words in row("measures", measure)["caveat"]


def test_projects_that_look_alike_are_two():
    for name in ("abb-50", "abb-50-plus"):
        assert row("programmes", name)["caveat"].startswith("Looks like ABB 50")

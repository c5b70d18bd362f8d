"""Frames as plain values."""

import pandas as pd

from briefing.frames import plain, rows_in

FRAME = pd.DataFrame(
    {
        "name": pd.Series(["항구", None, ""], dtype="str"),
        "loans": pd.Series([2**62 + 1, None, 0], dtype="Int64"),
        "share": pd.Series([0.1, None, -3.5], dtype="Float64"),
        "open": pd.Series([True, None, False], dtype="boolean"),
        "since": pd.Series(["2026-10-21", None, "1999-12-31"], dtype="datetime64[s]"),
        "places": pd.Series([["a"], None, []], dtype=object),
    }
)


def test_rows_are_those_of_pandas():
    known = FRAME.to_dict("records")
    found = rows_in(FRAME)
    assert [list(row) for row in found] == [list(row) for row in known]
    for row, same in zip(found, known, strict=True):
        for name, value in row.items():
            assert type(value) is type(same[name])
            assert value is same[name] or repr(value) == repr(same[name])
    assert rows_in(FRAME[[]]) == [{}, {}, {}]
    assert rows_in(FRAME.head(0)) == []


def test_what_is_missing_is_none_among_plain_values():
    assert plain(FRAME["name"]) == ["항구", None, ""]
    assert plain(FRAME["loans"]) == [2**62 + 1, None, 0]
    assert plain(FRAME["since"]) == [pd.Timestamp("2026-10-21"), None, pd.Timestamp("1999-12-31")]


def test_text_is_held_as_pythons_own_whatever_is_installed():
    assert pd.Series(["항구"], dtype="str").dtype.storage == "python"

"""YAML as plain values with lines: what is read, and what is refused."""

from pathlib import Path

import pytest

from briefing.config.reading import read_yaml
from briefing.errors import ProblemsError


@pytest.fixture
def read(tmp_path: Path):
    def make(text: str | bytes):
        path = tmp_path / "config.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_yaml(path, tmp_path)

    return make


def test_values_and_the_line_of_each_key(read):
    values, positions = read("a: 1\nb:\n  - x\n  - c: true\n    d: null\n\ne: |\n  text\n")
    assert values == {"a": 1, "b": ["x", {"c": True, "d": None}], "e": "text\n"}
    assert positions.line(("a",)) == 1
    assert positions.line(("b", 1, "d")) == 5
    assert positions.line(("e",)) == 7
    assert positions.line(("b", 1, "d", "deeper")) == 5
    assert positions.line(("nothing",)) == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("yes", "yes"),
        ("true", True),
        ("0", 0),
        ("-12", -12),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".inf", float("inf")),
        ("~", None),
        ("'1'", "1"),
        ("2026-10-31", "2026-10-31"),
        ("0 8 1 * *", "0 8 1 * *"),
        ("항구", "항구"),
    ],
)
def test_scalars_of_yaml_1_2(read, text, value):
    assert read(f"a: {text}\n")[0] == {"a": value}


@pytest.mark.parametrize("text", ["012", "08", "+012", "1_000", ".NaN", ".Inf", "-.INF"])
def test_odd_numbers_are_read_or_refused(read, text):
    try:
        (value,) = read(f"a: {text}\n")[0].values()
    except ProblemsError:
        return
    assert isinstance(value, int | float | str)


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("a: &x 1\nb: *x\n", 2, "alias *x is refused"),
        ("a: &x 1\n", 1, "anchor &x is refused"),
        ("a: !!python/object:os.system x\n", 1, "refused"),
        ("a: !own x\n", 1, "tag !own is refused"),
        ("a: 1\nb: 2\na: 3\n", 3, "stands already in line 1"),
        ("a:\n  b: 1\n  b: 2\n", 3, "stands already in line 2"),
        ("a: [1\n", 2, "is no YAML"),
        ("a: 1\n b: 2\n", 2, "is no YAML"),
        ("a:\n\t- 1\n", 2, "is no YAML"),
        ("a: 'x\n", 2, "is no YAML"),
        ("- a\n- b\n", 1, "holds no keys"),
        ("just words\n", 1, "holds no keys"),
        ("", 1, "holds no keys"),
        ("# nothing\n", 1, "holds no keys"),
        ("a: 1\n---\nb: 2\n", 2, "is no YAML"),
        ("a: \x07\n", 1, "is no YAML"),
        (b"a: \xc7\xd7\n", 0, "not UTF-8"),
        ("? [a, b]\n: 1\n", 1, ""),
        ("<<: {a: 1}\nb: &x {c: 1}\n", 2, "refused"),
    ],
)
def test_what_is_refused_is_said_with_its_line(read, text, line, part):
    with pytest.raises(ProblemsError) as refused:
        read(text)
    found = [item for item in refused.value.problems if part in item.what]
    assert [item.line for item in found][:1] == [line], refused.value.problems
    assert found[0].file == "config.yaml"
    assert found[0].remedy


def test_every_alias_and_anchor_is_named(read):
    with pytest.raises(ProblemsError) as refused:
        read("a: &x 1\nb: *x\nc: *x\n")
    assert [item.line for item in refused.value.problems] == [1, 2, 3]


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(ProblemsError, match="there is no such file"):
        read_yaml(tmp_path / "config.yaml", tmp_path)

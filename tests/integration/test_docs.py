"""The documentation cannot lie by leaving out: every name a reader can meet stands in it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from briefing import errors, sources, validation
from briefing.charts.kinds import KINDS, PRINTED
from briefing.cli import app
from briefing.config import models
from briefing.formatting import filters
from briefing.structures import Aggregation, FieldType
from briefing.templating import environment

REPOSITORY = Path(__file__).parents[2]
SOURCE = REPOSITORY / "src" / "briefing"
REFERENCE = REPOSITORY / "docs" / "reference"


def reference(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def code_words(text: str) -> set[str]:
    """The words that stand between backquotes or in blocks of code."""
    blocks = re.findall(r"(?s)```.*?```|`[^`\n]+`", text)
    return set(re.findall(r"[A-Za-z_][\w.-]*", " ".join(blocks)))


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every command with its options and arguments."""
    group = typer.main.get_command(app)
    yield "", [option for item in group.params for option in item.opts if option.startswith("--")]
    for name, command in group.commands.items():
        yield name, [opt for item in command.params for opt in item.opts if opt.startswith("--")]


def test_every_command_and_option():
    text = reference("cli.md")
    words = set(re.findall(r"--[a-z][a-z-]*", text))
    for command, options in commands():
        assert f"briefing {command}".strip() in text
        assert set(options) - words == set(), command


def test_every_exit_code():
    kinds = [kind for kind in vars(errors).values() if hasattr(kind, "exit_code")]
    for place in ("cli.md", "errors.md"):
        text = reference(place)
        for code in {0, 1, 2, 4} | {kind.exit_code for kind in kinds}:
            assert re.search(rf"(?m)^\W*`?{code}`?\b", text), f"{place}: exit code {code}"


def error_classes() -> list[str]:
    """Every error class of the source that is meant for people."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and re.fullmatch("[A-Z].*(Error|Problem)", node.name):
                found.append(node.name)
    return found


def test_every_error():
    assert set(error_classes()) - code_words(reference("errors.md")) == set()


def keys_of(model: type[BaseModel], seen: set[type]) -> Iterator[str]:
    """Every key of a model and of the models inside it."""
    if model in seen:
        return
    seen.add(model)
    for name, field in model.model_fields.items():
        yield name
        for inner in models_in(field.annotation):
            yield from keys_of(inner, seen)


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from models_in(part)


@pytest.mark.parametrize(
    ("model", "place"), [(models.ConfigKeys, "config.md"), (models.ReportKeys, "report.md")]
)
def test_every_key_of_the_configuration(model, place):
    keys = set(keys_of(model, set()))
    assert len(keys) > 5
    assert keys - code_words(reference(place)) == set()


def test_every_chart_kind_and_option():
    options = {option for kind in KINDS.values() for option in kind.options}
    assert {*KINDS, PRINTED, *options} - code_words(reference("charts.md")) == set()


def test_every_filter_and_function_of_a_sentence():
    words = code_words(reference("report.md"))
    made = environment("en")
    own = {*filters("en"), "literal", "words", "plural"}
    assert own <= {*made.filters, *made.globals}
    assert own - words == set()


def test_every_type_aggregation_and_extra_property_of_the_data():
    words = code_words(reference("data.md"))
    properties = set("measures constantWithin known unit unitColumn qualifierColumn money".split())
    measure = set("column aggregation additivity never_across addable part_of order".split())
    additivity = {"additive", "semi-additive", "non-additive"}
    wanted = {*FieldType.__args__, *Aggregation.__args__, *properties, *measure, *additivity}
    assert wanted - words == set()


def modules() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if path.name != "__main__.py")


def caption(path: Path) -> str:
    """The first line of the module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]


def test_the_tour_names_every_module_with_its_caption():
    """The caption is the first line of the module's docstring."""
    text = " ".join((REPOSITORY / "docs" / "tour.md").read_text(encoding="utf-8").split())
    missing = []
    for path in modules():
        place = path.parent if path.name == "__init__.py" else path
        if caption(path) not in text or (place != SOURCE and place.name not in text):
            missing.append(str(path.relative_to(SOURCE)))
    assert missing == []


def test_the_docs_name_no_key_that_is_not_there():
    """A first word of a table's row between backquotes is a key, an option or a value."""
    known = {*keys_of(models.ConfigKeys, set())}
    rows = re.findall(r"(?m)^\| `([a-z_]+)`", reference("config.md"))
    assert set(rows) <= known, set(rows) - known


def console_lines(path: str) -> str:
    return (REPOSITORY / path).read_text(encoding="utf-8")


def test_the_readme_shows_what_check_and_build_print(project_copy, briefing):
    readme = console_lines("README.md")
    checked = briefing("check", cwd=project_copy.root)
    assert checked.out.splitlines()[0] in readme
    built = briefing("build", "--period", "2026-10", "--format", "html", cwd=project_copy.root)
    for line in built.err.strip().splitlines():
        if not line.startswith("render"):
            assert line in readme
    again = briefing("build", "--period", "2026-10", "--format", "html", cwd=project_copy.root)
    assert again.out.splitlines()[0] in readme


def test_the_description_in_two_languages_is_understood_as_written(tmp_path):
    text = console_lines("docs/howto/two-languages.md")
    (body,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    (tmp_path / "datapackage.json").write_text(body, encoding="utf-8")
    (tmp_path / "events.csv").write_text("status,visitors\nheld,5\n", encoding="utf-8")
    described, tables, _, problems = sources.read(tmp_path / "datapackage.json", tmp_path)
    dataset, found = validation.validate(described, tables, {})
    assert problems + found == []
    assert dataset.units_in("ko")["people"].per == "1인"
    assert dataset.schemas["events"].fields[0].labels_in("ko")["held"] == "개최"


def test_a_report_with_editions_works_as_written(small_project, quick_briefing):
    """The blocks of the how-to, put together, are a report."""
    text = console_lines("docs/howto/editions.md")
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    head, spelled_out, tables, figure, rest = blocks
    head = head.replace("parameters:\n  place: branches.branch\n", spelled_out)
    events = (
        "  events:\n    dataset: branches\n    where: branch == parameters.place and name == 'x'\n"
        "    by: [name]\n"
    )
    tables = tables.replace("tables:\n", f"tables:\n{events}")
    sections = "sections:\n  - title: {en: All, ko: 전체}\n    figures: [all_branches]\n"
    rest = rest.replace("sections:\n", sections).replace(", {{ row.date|day }}", "")
    small_project.write(small_project.report_file, "".join((head, tables, figure, rest)))
    checked = quick_briefing("check", "--every-edition", cwd=small_project.root)
    assert checked.code == 0, checked.err
    args = ("--edition", "all", "--language", "all", "--format", "html", "--period", "2026-10")
    built = quick_briefing("build", *args, cwd=small_project.root)
    assert built.code == 0, built.err
    names = {path.parent.name for path in small_project.root.glob("output/*/2026-10/*/r1")}
    assert names == {"main-en", "main-ko", "harbour-en", "harbour-ko"}


def test_the_tutorial_works_as_written(tmp_path, briefing):
    text = console_lines("docs/tutorial.md")
    blocks = re.findall(r"```\w+ file=(\S+)\n(.*?)```", text, re.DOTALL)
    assert len(blocks) >= 4
    for name, body in blocks:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
    check, build = ("check", "--on", "2026-01-05"), ("build", "--period", "2025")
    assert all(" ".join(("briefing", *words)) in text for words in (check, build))
    checked = briefing(*check, cwd=tmp_path)
    assert checked.code == 0, checked.err
    assert checked.out.strip() in text
    built = briefing(*build, cwd=tmp_path)
    assert built.code == 0, built.err
    assert next(tmp_path.glob("output/**/briefing.pdf")).read_bytes().startswith(b"%PDF")

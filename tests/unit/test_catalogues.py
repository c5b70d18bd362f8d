"""The shipped labels: each is translated, with the same placeholders, and none is left over."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from briefing.catalogues import FOLDER, catalogue, collect

KOREAN = FOLDER / "ko.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w*\}")


def collected() -> dict[tuple[str, str], Message]:
    """The labels of code and layouts, by context and English words."""
    return by_key(collect.collected())


def translated() -> dict[tuple[str, str], Message]:
    with KOREAN.open("rb") as source:
        return by_key(read_po(source, locale="ko", abort_invalid=True))


def by_key(catalog) -> dict[tuple[str, str], Message]:
    return {
        (message.context or "", forms(message.id)[0]): message for message in catalog if message.id
    }


def forms(words: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def test_labels_are_found_in_code_and_in_layouts():
    found = {words for _, words in collected()}
    assert {"not reported", "Figure {number}"} <= found, "of the code"
    assert {"Sources", "Contents"} <= found, "of the layout"


def test_every_label_is_translated():
    own = translated()
    missing = [
        key for key in collected() if key not in own or not all(forms(own[key].string or ""))
    ]
    assert missing == [], "`make words` collects them into the catalogue"


def test_no_translation_is_left_over_or_guessed():
    with KOREAN.open("rb") as source:
        catalog = read_po(source, locale="ko")
    assert [message.id for message in catalog if message.id and message.fuzzy] == []
    assert list(catalog.obsolete) == []
    assert set(translated()) - set(collected()) == set()


def named(text: str) -> set[str]:
    """What the placeholders name; a day may be named whole or by its number alone."""
    return {name.replace("_day}", "}") for name in PLACEHOLDER.findall(text)}


def test_a_translation_has_the_placeholders_of_its_label():
    differing = {
        key: message.string
        for key, message in translated().items()
        for said in forms(message.string)
        if said and named(said) != named(forms(message.id)[-1])
    }
    assert differing == {}


def test_translations_are_korean_words():
    """A label is said in Hangul, or in signs alone; never left in English."""
    for (_, words), message in translated().items():
        for said in filter(None, forms(message.string)):
            if re.search("[A-Za-z]{2}", PLACEHOLDER.sub("", said)):
                assert re.search("[가-힣]", said), f"{words!r} is {said!r}"


def test_the_catalogue_is_as_collecting_writes_it():
    text, _ = collect.renewed(KOREAN)
    assert KOREAN.read_text(encoding="utf-8") == text, "`make words` writes it again"


def test_english_labels_are_the_keys_and_korean_ones_are_said():
    assert catalogue("en").gettext("not reported") == "not reported"
    assert catalogue("ko").gettext("not reported") == "보고 없음"
    assert catalogue("en").ngettext("Note", "Notes", 1) == "Note"
    assert catalogue("en").ngettext("Note", "Notes", 2) == "Notes"
    assert {catalogue("ko").ngettext("Note", "Notes", count) for count in (1, 2)} == {"주"}
    assert catalogue("ko").gettext("no such label") == "no such label"


def test_a_language_without_a_catalogue_is_said():
    with pytest.raises(FileNotFoundError, match=r"de\.po"):
        catalogue("de")


def test_collecting_names_what_wants_translating_and_keeps_what_is_there(tmp_path: Path):
    path = tmp_path / "ko.po"
    path.write_text(
        'msgid ""\nmsgstr "Language: ko\\n"\n\nmsgid "not reported"\nmsgstr "보고 없음"\n\n'
        'msgid "gone from the code"\nmsgstr "없어진 말"\n',
        encoding="utf-8",
    )
    text, wanted = collect.renewed(path)
    assert 'msgid "not reported"\nmsgstr "보고 없음"\n' in text
    assert "gone from the code" not in text
    assert "not reported" not in wanted
    assert "Sources" in wanted
    assert 'msgid "Sources"\nmsgstr ""\n' in text

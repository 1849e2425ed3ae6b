# SPDX-License-Identifier: EUPL-1.2
"""The catalogue of texts: whole in both languages, in step with the code and with the page."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from resolvers.text_checks import Kind
from schema.texts import CODES, LABELS, LANGUAGES, Text, every, field_name, label, page, text

ROOT = Path(__file__).parents[2]
FLOORS = ("hub", "schema", "resolvers", "sql")
LATER = {"PERIOD_NOT_CLOSED"}
"""Codes whose words are here before the code that gives them."""


def placeholders(sentence: str) -> set[str]:
    """The names between braces; a format or an attribute in them would be part of the name."""
    return {
        name + (f":{form}" if form else "") + (f"!{conversion}" if conversion else "")
        for _, name, form, conversion in Formatter().parse(sentence)
        if name is not None
    }


# -- codes


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_gives_a_whole_sentence_in_both_languages(code, language):
    params = {name: f"«{name}»" for name in CODES[code].params}
    said = text(code, language, **params)
    for sentence in (said.message, said.hint or "."):
        assert sentence.strip() == sentence
        assert sentence[-1] in ".?"
        assert "{" not in sentence
        assert "}" not in sentence


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_uses_exactly_the_values_that_it_declares(code):
    entry = CODES[code]
    for language in LANGUAGES:
        said = f"{entry.messages[language]} {entry.hints.get(language, '')}"
        assert placeholders(said) == entry.params
    assert entry.named.keys() <= entry.params


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_cure_is_given_in_both_languages_or_in_none(code):
    assert set(CODES[code].hints) in (set(), set(LANGUAGES))


def test_an_unknown_code_is_a_fault_of_the_hub():
    with pytest.raises(KeyError):
        text("NO_SUCH_CODE", "nl")


def test_a_missing_value_is_named():
    with pytest.raises(TypeError, match="TEXT_TOO_LONG needs limit"):
        text("TEXT_TOO_LONG", "nl", got=3)


def test_a_value_may_be_called_code_and_is_not_read_as_a_template():
    said = text("UNKNOWN_WIJK", "en", code="{path}")
    assert said.message == "The wijk '{path}' does not exist in this municipality."


def test_a_long_value_is_cut_short():
    said = text("UNKNOWN_WIJK", "en", code="x" * 100_000)
    assert len(said.message) < 400


def test_several_values_are_listed():
    said = text("AREAS_MISSING", "en", year=2025, missing=["WK063701", "WK063702"])
    assert said.message.endswith("already has: WK063701, WK063702.")


def test_a_value_that_is_a_code_is_said_in_words():
    assert text("PERSONAL_DATA", "nl", kind="NUMBER_PLATE") == Text(
        "In deze tekst staat een kenteken. De hub bewaart zulke gegevens niet.",
        "Haal het weg en sla opnieuw op. Schrijf wat er gebeurt en waar, niet wie het is.",
    )


def test_a_value_that_nobody_named_is_said_as_it_is():
    assert "night-shift" in text("PERSONAL_DATA", "en", kind="night-shift").message


def test_every_kind_of_personal_data_has_words():
    for kind in Kind.__args__:
        assert label(f"personal_data.{kind}", "nl") != label(f"personal_data.{kind}", "en")


def test_the_sections_that_name_values_exist():
    sections = {key.partition(".")[0] for key in LABELS}
    assert {section for entry in CODES.values() for section in entry.named.values()} <= sections


# -- labels


@pytest.mark.parametrize("key", sorted(LABELS))
def test_every_label_says_the_same_with_the_same_values_in_both_languages(key):
    needed = placeholders(LABELS[key]["nl"])
    assert placeholders(LABELS[key]["en"]) == needed
    for language in LANGUAGES:
        assert label(key, language, **dict.fromkeys(needed, "x")).strip()


def test_a_label_fills_in_its_values():
    said = label("feed.CREATED", "nl", kind="melding", category="geluid", place="Oosterheem")
    assert said == "Nieuwe melding: geluid in Oosterheem"
    assert label("shown.BELOW", "nl", minimum=5) == "<5"


def test_several_values_that_are_codes_are_each_said_in_words():
    said = text("SENSITIVE_FIELDS", "nl", fields=["point", "seenAt"])
    assert "punt op de kaart, tijdstip" in said.message


def test_a_field_that_has_no_name_of_its_own_is_called_what_its_column_is():
    assert field_name("seenAt", "nl", "SIGNAL") == "tijdstip"
    assert field_name("measure", "nl", "ENFORCEMENT_ACTION") == "maatregel"
    assert field_name("made-up", "nl", "SIGNAL") == "made-up"


def test_a_rhythm_is_said_in_words_where_there_are_words():
    assert every(7, "nl") == "elke week"
    assert every(10, "en") == "every 10 days"


def test_an_unknown_label_and_a_missing_value_are_faults():
    with pytest.raises(KeyError):
        label("category.NO_SUCH", "nl")
    with pytest.raises(KeyError):
        label("shown.BELOW", "nl")


# -- in step with the code and the page


def name_of(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def refusals() -> list[tuple[str, ast.Call]]:
    """Every `Refusal("CODE", …)` and `….refusal("CODE", …)` in the source, with its place."""
    found = []
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and name_of(node.func) in ("Refusal", "refusal")
                    and node.args
                    and isinstance(node.args[0], ast.Constant)
                ):
                    found.append((f"{path.relative_to(ROOT)}:{node.lineno}", node))
    return found


def test_every_refusal_in_the_source_has_a_text_and_the_values_for_it():
    faults = []
    for place, call in refusals():
        code = call.args[0].value
        given = {keyword.arg for keyword in call.keywords}
        if code not in CODES:
            faults.append(f"{place}: {code} is not in schema/texts.toml")
        elif name_of(call.func) == "refusal" or None in given:
            continue  # its other values are not written at this place
        elif missing := CODES[code].params - given:
            faults.append(f"{place}: {code} needs {', '.join(sorted(missing))}")
    assert faults == []


def given() -> set[str]:
    """Every code that stands as a text of its own in the code, or in quotes in a statement."""
    found: set[str] = set()
    for floor in FLOORS:
        for path in (ROOT / floor).rglob("*.py"):
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            found.update(str(node.value) for node in nodes if isinstance(node, ast.Constant))
        for path in (ROOT / floor).rglob("*.sql"):
            found.update(re.findall(r"'([A-Z_]+)'", path.read_text(encoding="utf-8")))
    return found


def test_every_code_of_the_catalogue_is_given_somewhere():
    assert CODES.keys() - given() <= LATER


def test_the_page_of_error_codes_is_printed_from_the_catalogue():
    committed = (ROOT / "docs" / "error-codes.md").read_text(encoding="utf-8")
    assert committed == page(), "run: python -m schema.texts > docs/error-codes.md"

# SPDX-License-Identifier: EUPL-1.2
"""The glossary: each term once, in order, with a name and one sentence."""

from pathlib import Path

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"


def rows() -> list[list[str]]:
    lines = GLOSSARY.read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_terms_stand_once_and_in_the_order_of_the_alphabet():
    terms = [row[0].casefold() for row in rows()]
    assert terms == sorted(set(terms))


def test_each_term_has_a_name_and_one_whole_sentence():
    for term, name, meaning in rows():
        assert name == "–" or name.startswith("`"), term
        assert meaning.endswith("."), term
        assert ". " not in meaning, term

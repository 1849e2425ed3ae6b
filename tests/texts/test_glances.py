# SPDX-License-Identifier: EUPL-1.2
"""A glance at a text spares most scans and hides nothing: without glances the same is found."""

import re

import hypothesis
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from resolvers import text_checks
from resolvers.text_checks import find

EVERYTHING = re.compile("")

PIECES = [
    "123456782", "1234.56.782", "bsn: 10000008", "BSN 1 2 3 4 5 6 7 8 2", "sofinummer 010000008",
    "06-12345678", "+31 (0)6 1234 5678", "0031 70 123 4567", "+49 30 1234567890",
    "00 49 30 12 34 56 78", "(070) 3 1 2 3 4 5 6", "NL91ABNA0417164300", "nl91 abna 0417 1643 00",
    "no9386011117947", "AB-12-34", "12-34-AB", "12-AB-34", "12-abc-3", "9-ZZZ-99", "AB-123-C",
    "FH99BB", "1-mrt-26", "KN12BC", "001-GG-2", "jan@x.nl", "@", "2711 AB", "2026-000123", "groep ",
    "\u00ad", "\u2011", "\u00a0", "\uff10\uff16", "\u0661", "\u2460", "\u212a", "\uff20", "\u00e9",
    "a\u0130-12-34", "\u0131a-12-34", "12-34-\u0131A",
]  # fmt: skip
TEXTS = st.lists(
    st.sampled_from(PIECES) | st.text("0123456789 .-/()+aBk@\u00ad", max_size=3), max_size=8
).map("".join)


def found_by_every_scan(text: str) -> list[text_checks.Finding]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_checks, "_NUMBER", EVERYTHING)
        patch.setattr(text_checks, "_NUMBER_OF", dict.fromkeys(text_checks._GLANCES, EVERYTHING))
        return find(text)


@settings(max_examples=1000)
@given(TEXTS)
@example("".join(PIECES))
def test_what_a_glance_passes_over_holds_nothing(text: str) -> None:
    assert find(text) == found_by_every_scan(text)


FAULTS: dict[text_checks.Kind, tuple[str, str]] = {
    "IBAN": ("(?<=[^\\W\\d_]", "(?<=[A-Z]"),
    "PHONE": ("[+0]", "[0]"),
    "BSN": ("{7,8}", "{8}"),
    "NUMBER_PLATE": ("-?[^\\W\\d_]|", "[^\\W\\d_]|"),
}


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("first", [True, False], ids=["of all", "of one kind"])
def test_a_glance_that_passes_over_too_much_is_found(kind: text_checks.Kind, first: bool) -> None:
    searching = settings(
        max_examples=5000, derandomize=True, database=None, phases=[Phase.generate]
    )

    def differs(text: str) -> bool:
        return find(text) != found_by_every_scan(text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(text_checks._GLANCES, kind, text_checks._GLANCES[kind].replace(*FAULTS[kind]))
        if first:
            patch.setattr(text_checks, "_NUMBER", text_checks._glance(*text_checks._GLANCES))
        else:
            patch.setitem(text_checks._NUMBER_OF, kind, text_checks._glance(kind))
        hypothesis.find(TEXTS, differs, settings=searching)

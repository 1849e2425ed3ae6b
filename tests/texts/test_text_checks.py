# SPDX-License-Identifier: EUPL-1.2
"""Free text at entry: what is recognised, where, what keeps a text out, and what is left alone."""

import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from stdnum import iban
from stdnum.nl import bsn

from resolvers.text_checks import Finding, clean, find, refused
from sql.errors import Refusal


def seen(text: str) -> list[tuple[str, str]]:
    """What `find` recognised: the kind, and the signs it stands on."""
    return [(finding.kind, text[finding.start : finding.end]) for finding in find(text)]


def kinds(text: str) -> set[str]:
    return {finding.kind for finding in find(text)}


# -- worlds of text

SENTENCES = [
    "groep jongeren bij het bankje in Oosterheem rond half tien, veel lawaai en zwerfvuil",
    "speeltuin; café 't Plein, géén politie gezien - wél handhaving (twee keer) of (2x)",
    "maandag 23-11-2026 om 21:30 uur, flat 12, 3 hoog, 2711 AB, 06-11-2026, WK063711, € 25",
]
WORDS = [word for sentence in SENTENCES for word in sentence.split()]
PROSE = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


def last_digit(first_eight: str) -> int:
    """The ninth digit by the elfproef; 10 where there is none."""
    return sum((9 - place) * int(digit) for place, digit in enumerate(first_eight)) % 11


EIGHT = st.text("0123456789", min_size=8, max_size=8).filter(lambda digits: digits != "00000000")
BSNS = EIGHT.filter(lambda digits: last_digit(digits) < 10).map(
    lambda digits: f"{digits}{last_digit(digits)}"
)
GROUPS = st.sampled_from([(9,), (3, 3, 3), (4, 2, 3), (2, 2, 2, 3), (3, 2, 2, 2)])


def grouped(digits: str, sizes: tuple[int, ...], separator: str) -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(digits[at : at + size])
        at += size
    return separator.join(parts)


# -- BSN


@given(PROSE, BSNS, GROUPS, st.sampled_from(" .-\u00a0\u2011"), PROSE)
@example("", "123456782", (9,), " ", "")
@example("op 23-11-2026 nummer 12", "123456782", (3, 3, 3), " ", "2711 AB")
@example("", "010000008", (9,), " ", "3")
def test_every_bsn_in_a_dutch_text_is_found_at_its_place(before, digits, sizes, separator, after):
    number = grouped(digits, sizes, separator)
    text = f"{before} {number} {after}"
    start = len(before) + 1
    assert Finding("BSN", start, start + len(number)) in find(text)


@given(PROSE, st.text("0123456789", min_size=9, max_size=9), GROUPS, PROSE)
def test_nine_digits_that_fail_the_elfproef_are_no_bsn(before, digits, sizes, after):
    assume(not bsn.is_valid(digits))
    number = grouped(digits, sizes, ".")
    assert "BSN" not in kinds(f"{before} {number} {after}")


@given(BSNS, st.text("0123456789", min_size=1, max_size=9), st.booleans())
def test_a_bsn_inside_a_longer_number_is_another_number(digits, more, in_front):
    assert "BSN" not in kinds(f"nr {more}{digits}." if in_front else f"nr {digits}{more}.")


@pytest.mark.parametrize(
    "text",
    [
        "bsn123456782",
        "BSN:123456782,",
        "Jan,12,123456782,Zoetermeer",
        "BSN 1 2 3 4 5 6 7 8 2",
        "burgerservicenummer is 1234 56782",
        "123\u200b456\u00ad782",
        "１２３４５６７８２",
        "123456782@voorbeeld.nl",
    ],
)
def test_a_bsn_is_found_however_it_is_typed(text):
    assert "BSN" in kinds(text)


def test_eight_digits_are_a_bsn_only_when_they_are_called_so():
    assert seen("zijn BSN is 12345672") == [("BSN", "12345672")]
    assert seen("sofinummer: 1234.56.72") == [("BSN", "1234.56.72")]
    assert seen("dossier 12345672") == []
    assert seen("Sofia woont op 12345672") == []


@pytest.mark.parametrize(
    "text",
    ["52.123456782", "op 23-11-2026 8 uur", "zaak 2026-12345", "12.123.456.782 euro", "000000000"],
)
def test_other_numbers_of_nine_digits_are_left_alone(text):
    assert seen(text) == []


def test_a_group_that_fails_does_not_hide_the_bsn_that_begins_inside_it():
    assert seen("nummers 111 123 456 782 en 5") == [("BSN", "123 456 782")]


# -- phone


@pytest.mark.parametrize(
    "number",
    [
        "0612345678",
        "06-12345678",
        "06 - 12345678",
        "06 12 34 56 78",
        "06-12 34 56 78",
        "06.12.34.56.78",
        "+31612345678",
        "+31 6 12345678",
        "+31 (0)6 12 34 56 78",
        "0031 6 12345678",
        "079-3468000",
        "079 346 80 00",
        "+31 79 346 8000",
        "0172-465465",
        "0880123456",
        "+32 471 23 45 67",
        "0049 30 901820",
    ],
)
def test_phone_numbers_are_found_as_people_write_them(number):
    assert seen(f"bel {number}.") == [("PHONE", number)]


@given(PROSE, st.sampled_from("123458"), st.text("0123456789", min_size=7, max_size=7), PROSE)
def test_every_mobile_number_in_a_dutch_text_is_found(before, first, rest, after):
    number = f"06-{first}{rest}"
    start = len(before) + 1
    assert Finding("PHONE", start, start + len(number)) in find(f"{before} {number} {after}")


@pytest.mark.parametrize(
    "text",
    [
        "op 06-11-2026 10:30",
        "van 06-11-2026 10 tot 12 uur",
        "2026-06-12 2026-06-13",
        "op 06-11 13-11 20-11 en 27-11",
        "bel 0800-1234567, 0900 8844, 14 079 of 112",
        "het is +5 graden, om 22:00 12-11-2026 10:30",
        "0123456789012",
    ],
)
def test_dates_and_service_numbers_are_no_phone_numbers(text):
    assert seen(text) == []


def test_the_digits_of_a_phone_number_are_no_bsn():
    assert bsn.is_valid("612345671")
    assert seen("bel +31 612345671") == [("PHONE", "+31 612345671")]


# -- number plate

LETTERS = st.sampled_from("BDFGHJKLMNPRSTVWXYZ")
SIDECODES = [
    "XX-99-99",
    "99-99-XX",
    "99-XX-99",
    "XX-99-XX",
    "XX-XX-99",
    "99-XX-XX",
    "99-XXX-9",
    "9-XXX-99",
    "XX-999-X",
    "X-999-XX",
    "XXX-99-X",
    "X-99-XXX",
    "9-XX-999",
    "999-XX-9",
]


@given(st.data(), st.sampled_from(SIDECODES), PROSE, st.booleans())
def test_plates_of_all_fourteen_sidecodes_are_found_with_their_dashes(data, shape, before, small):
    plate = "".join(
        data.draw(LETTERS)
        if sign == "X"
        else str(data.draw(st.integers(0, 9)))
        if sign == "9"
        else sign
        for sign in shape
    )
    assume("MRT" not in plate)
    plate = plate.lower() if small else plate
    start = len(before) + 1
    found = find(f"{before} {plate}, gezien")
    assert Finding("NUMBER_PLATE", start, start + len(plate)) in found


@pytest.mark.parametrize("plate", ["12JKL3", "1xtr23", "GH123K", "12JKLM", "JKLM12", "GHR45T"])
def test_plates_without_dashes_are_found_where_they_look_like_nothing_else(plate):
    assert seen(f"auto {plate} stond er") == [("NUMBER_PLATE", plate)]


@pytest.mark.parametrize(
    "text",
    [
        "GM0637",
        "WK063711 en BU06371101",
        "2711AB",
        "2711 AB",
        "1-mrt-26 en 5-nov-26",
        "25km30",
        "100km2",
        "23-11-2026",
        "A12 bij afrit 7",
        "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    ],
)
def test_codes_dates_and_postcodes_are_no_plates(text):
    assert seen(text) == []


# -- IBAN


@given(st.text("0123456789", min_size=10, max_size=10), PROSE, PROSE, st.booleans(), st.booleans())
def test_every_dutch_iban_in_a_dutch_text_is_found(account, before, after, spaced, small):
    number = f"NL{iban.calc_check_digits(f'NL00ABNA{account}')}ABNA{account}"
    number = iban.format(number) if spaced else number
    number = number.lower() if small else number
    start = len(before) + 1
    assert find_only_iban(f"{before} {number} {after}") == [(start, start + len(number))]


def find_only_iban(text: str) -> list[tuple[int, int]]:
    return [(finding.start, finding.end) for finding in find(text) if finding.kind == "IBAN"]


@pytest.mark.parametrize(
    "number",
    [
        "DE89 3704 0044 0532 0130 00",
        "BE68539007547034",
        "GB29NWBK60161331926819",
        "FR14 2004 1010 0505 0001 3M02 606",
        "NO9386011117947",
        "MT84MALT011000012345MTLCAST001S",
    ],
)
def test_ibans_of_other_countries_are_found_and_nothing_inside_them(number):
    assert seen(f"stort op {number} aub") == [("IBAN", number)]


def test_what_fails_mod_97_or_has_no_country_is_no_iban():
    assert "IBAN" not in kinds("NL92ABNA0417164300")
    assert "IBAN" not in kinds("QQ91ABNA0417164300")


# -- e-mail


@pytest.mark.parametrize(
    "address", ["jan@voorbeeld.nl", "j.de-vries+wijk@mail.voorbeeld.co.uk", "zoë@café.example"]
)
def test_email_addresses_are_found(address):
    assert seen(f"mail naar <{address}>.") == [("EMAIL", address)]


@pytest.mark.parametrize("text", ["om 10 @ plein", "@buurtwerk", "jan@", "kom @huis.nl", "a@b"])
def test_an_at_sign_alone_is_no_address(text):
    assert seen(text) == []


# -- any text


@given(st.text(st.characters(exclude_characters="@", exclude_categories=("Nd", "Cs", "No"))))
def test_text_without_digits_and_at_signs_yields_nothing(text):
    assert find(text) == []


@given(st.text(st.characters(exclude_categories=("Cs",)) | st.sampled_from("0123456789 .-@+")))
def test_findings_lie_inside_the_text_in_order(text):
    findings = find(text)
    assert all(0 <= finding.start < finding.end <= len(text) for finding in findings)
    assert findings == sorted(findings, key=lambda finding: finding.start)


HOSTILE = [
    "1", "1 ", "12-", "a", "a@", "a.b@c.d.", "@a.b", "NL11 ", "NL91ABNA", "06 12 ", "+31 ", "00 ",
    "(0)", "bsn ", "bsn", "XX-99-", "123 456 782 ", "é1-", "\u200b", "1\u200b",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_megabyte_made_to_be_slow_is_read_to_its_end(piece):
    """A pattern that looks back and forth would take hours here, and the run would be cut off."""
    size = 1_000_000
    text = (piece * (size // len(piece) + 1))[:size] + " jan@voorbeeld.nl"
    assert Finding("EMAIL", size + 1, len(text)) in find(text)


# -- what keeps a text out


def test_a_bsn_is_always_refused_and_the_rest_only_for_police_and_enforcement():
    text = "123456782, bel 06-12345678 of jan@voorbeeld.nl, 12-JKL-3, NL91ABNA0417164300"
    findings = find(text)
    assert [finding.kind for finding in refused(findings, strict=False)] == ["BSN"]
    assert refused(findings, strict=True) == findings
    assert {finding.kind for finding in findings} == {
        "BSN",
        "PHONE",
        "EMAIL",
        "NUMBER_PLATE",
        "IBAN",
    }


def test_a_text_without_findings_is_never_refused():
    assert refused(find("groep jongeren bij het bankje"), strict=True) == []


# -- clean


def test_text_comes_out_trimmed_composed_and_with_plain_newlines():
    assert clean("  cafe\u0301\r\nbij\tde brug\r ", 100) == "café\nbij\tde brug"


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800", "\udfff"])
def test_signs_that_cannot_be_read_are_refused(sign):
    with pytest.raises(Refusal) as refusal:
        clean(f"tekst{sign}hier", 100)
    assert refusal.value.code == "TEXT_UNREADABLE"


def test_text_of_exactly_the_limit_is_accepted_and_one_more_is_not():
    assert clean(" " + "é" * 10 + " ", 10) == "é" * 10
    with pytest.raises(Refusal) as refusal:
        clean("é" * 11, 10)
    assert refusal.value.code == "TEXT_TOO_LONG"
    assert refusal.value.params == {"got": 11, "limit": 10}


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"))))
def test_cleaning_twice_changes_nothing_more(text):
    once = clean(text, 10_000)
    assert clean(once, 10_000) == once
    assert unicodedata.is_normalized("NFC", once)

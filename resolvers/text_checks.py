# SPDX-License-Identifier: EUPL-1.2
"""What free text may hold when it enters the hub.

`clean` gives text that can be stored, shown and compared. `find` says where in it somebody can be
recognised directly: BSN, e-mail address, phone number, number plate, IBAN. `refused` says which of
those keep the text out; the others are warnings to the writer.

The promise: every scan takes time in proportion to the length of the text, because no pattern
repeats without a bound. Offsets are those of the text that was given.

What counts, and what does not:

- **BSN**: nine digits that pass the elfproef, in one piece or in the usual groups (3-3-3, 4-2-3,
  2-2-2-3, 3-2-2-2) with one and the same separator: space, dot or dash. Other groupings are left
  alone: a date with an hour and a case number ("2026-12345") also have nine digits. Eight digits,
  the old form without its leading zero, are as common as dates, so they count, like any grouping,
  only after the word BSN, sofinummer or burgerservicenummer. Digits that another digit or a
  decimal point continues are another number; so are the digits of a phone number or an IBAN. An
  RSIN (of a legal person) is built the same way and cannot be told apart: it is found too.
- **PHONE**: the Dutch numbering plan (Nummerplan telefoon- en ISDN-diensten): nine digits after
  0, +31 or 0031 that begin with 1-5 or 7 (places), 61-65 or 68 (mobile), 84, 85, 87 or 88. Other
  countries only as + or 00 with 10 to 15 digits. Service numbers (0800, 0900, 14 079, 112) belong
  to no person.
- **NUMBER_PLATE**: the fourteen sidecodes of the RDW with their dashes; without dashes 4 and 7-11,
  and in capitals also 5, 6 and 12-14. The first three are not recognised without dashes: they
  look like GM0637, like a postcode, like "25km30".
- **IBAN**: country, length and structure of the register, and the check digits (mod 97).
- **EMAIL**: an address with a domain that has a dot.
- **NAME**: only where a function or a desk belongs (`find_names`, `find_own_address`), and only as
  a warning: initials or a title before a surname; in an address also a first name before one.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from operator import itemgetter
from string import ascii_uppercase
from typing import Literal

from stdnum import iban, numdb
from stdnum.nl import bsn

from sql.errors import Refusal

Kind = Literal["BSN", "EMAIL", "PHONE", "NUMBER_PLATE", "IBAN", "NAME"]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where text names somebody: `text[start:end]` is what was recognised as `kind`."""

    kind: Kind
    start: int
    end: int


def clean(text: str, limit: int) -> str:
    """The text as it is stored: Unicode NFC, trimmed, line ends as newlines.

    `limit` is the longest text that is accepted, in characters (code points) of the result.
    Raises Refusal TEXT_UNREADABLE for NUL, lone surrogates and control characters other than
    newline and tab, and TEXT_TOO_LONG (got, limit).
    """
    plain = text.isascii() and text.isprintable()
    cleaned = (text if plain else _unified(text)).strip()
    if len(cleaned) > limit:
        raise Refusal("TEXT_TOO_LONG", got=len(cleaned), limit=limit)
    return cleaned


def _unified(text: str) -> str:
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    if _UNREADABLE.search(unified):
        raise Refusal("TEXT_UNREADABLE")
    return unicodedata.normalize("NFC", unified)


def find(text: str) -> list[Finding]:
    """Everything in the text that names somebody directly, in order of place."""
    folded = _fold(text)
    if "@" not in folded and not _NUMBER.search(folded):  # most texts end here
        return []
    found = _found(folded)
    places = _places(text) if found else ()
    return [Finding(kind, places[start], places[end - 1] + 1) for start, end, kind in found]


def refused(findings: Iterable[Finding], strict: bool) -> list[Finding]:
    """The findings that keep a text out; the rest are warnings.

    A BSN always does. With `strict` (the owner is police or enforcement) everything does.
    """
    return [finding for finding in findings if strict or finding.kind == "BSN"]


def find_names(text: str) -> list[Finding]:
    """Where a text that should name a desk or a function has the form of a person's name: initials
    or a title before a surname. A first name alone is not told from another word.
    """
    return [Finding("NAME", *match.span()) for match in _NAMES.finditer(text)]


def find_own_address(address: str) -> list[Finding]:
    """Where an e-mail address has the form of a person's own: initials or a first name, and a
    surname (j.jansen@, jan.de.vries@). Two words of which one is of a desk (info.noord@) have not.
    """
    match = _OWN_ADDRESS.match(address)
    if match is None or (len(match[1]) > 1 and _OF_A_DESK.search(match[0])):
        return []
    return [Finding("NAME", *match.span())]


# Control characters (Cc) but tab and newline; surrogates, which in a str are always lone.
_UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

# Signs that stand for a space, a dash or a dot where people type or paste numbers.
_LOOKALIKES = {
    **dict.fromkeys("\u00a0\u2007\u2008\u2009\u200a\u202f\u3000", " "),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-"),
    **dict.fromkeys("\u00b7\u2022\u2024\u22c5\uff0e", "."),
}
_INVISIBLE = frozenset({"Cf", "Mn", "Me"})


def _fold(text: str) -> str:
    """The text with look-alikes made plain and invisible signs left out.

    So a soft hyphen, a no-break space or full-width digits do not hide a number.
    """
    return text if text.isascii() else text.translate(_FOLDED)


def _places(text: str) -> Sequence[int]:
    """Where each sign of the folded text was."""
    if text.isascii():
        return range(len(text))
    return [place for place, sign in enumerate(text) if not _is_invisible(sign)]


def _is_invisible(sign: str) -> bool:
    return unicodedata.category(sign) in _INVISIBLE


def _plain(sign: str) -> str:
    if sign in _LOOKALIKES:
        return _LOOKALIKES[sign]
    digit = unicodedata.decimal(sign, None)
    if digit is not None:
        return str(digit)
    compatible = unicodedata.normalize("NFKC", sign)
    return compatible if len(compatible) == 1 else sign


class _Folded(dict[int, str]):
    """What each sign becomes, by its code; of the signs of Dutch texts it was worked out before."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        return "" if _is_invisible(sign) else _plain(sign)


_FOLDED = _Folded()
_FOLDED.update({code: _FOLDED[code] for code in range(0x180)})

# What all findings of a kind have in them, seen from the first sign of one of their numbers: quick
# to look for, so that a text without it is not scanned.
_LETTER = r"[^\W\d_]"  # of any alphabet: without regard to case i is also ı and İ
_GLANCES: dict[Kind, str] = {
    "IBAN": f"(?<={_LETTER}{_LETTER}.)[0-9]",
    "PHONE": "(?<=[+0])(?:[ ./()-]{0,3}[0-9]){9}",
    "BSN": "(?<=[0-9])(?:[ .-]?[0-9]){7,8}(?![0-9])",
    "NUMBER_PLATE": f"[0-9]{{1,2}}-?{_LETTER}"
    f"|(?:(?<={_LETTER}.)|(?<={_LETTER}-.))[0-9]{{1,2}}(?![0-9])",
}


def _glance(*kinds: Kind) -> re.Pattern[str]:
    what = "|".join(_GLANCES[kind] for kind in kinds)
    return re.compile(rf"[+0-9](?<![0-9].)(?:{what})", re.DOTALL)


_NUMBER = _glance(*_GLANCES)
_NUMBER_OF = {kind: _glance(kind) for kind in _GLANCES}


def _found(text: str) -> list[tuple[int, int, Kind]]:
    """What was recognised in a folded text, in order of place."""
    ibans = _seen("IBAN", _ibans, text)
    phones = _not_within(ibans, _seen("PHONE", _phones, text))
    # nine digits and one apart ("010000008 3") are no way to write a phone number
    of_others = [*ibans, *((start + 1, end) for start, end in phones)]
    spans: dict[Kind, Iterable[Span]] = {
        "IBAN": ibans,
        "PHONE": phones,
        "BSN": _not_within(of_others, _seen("BSN", _bsns, text)),
        "NUMBER_PLATE": _not_within(ibans, _seen("NUMBER_PLATE", _plates, text)),
        "EMAIL": _emails(text),
    }
    return sorted((start, end, kind) for kind, each in spans.items() for start, end in each)


def _seen(kind: Kind, scan: Callable[[str], Iterable[Span]], text: str) -> list[Span]:
    """What a scan finds, where a glance says that it may find anything."""
    return list(scan(text)) if _NUMBER_OF[kind].search(text) else []


def _not_within(others: Iterable[Span], spans: Iterable[Span]) -> list[Span]:
    """The spans that lie within none of the others; of those, one that begins later ends later."""
    wider = sorted(others)
    kept: list[Span] = []
    for start, end in spans:
        before = bisect_right(wider, start, key=itemgetter(0))
        if before == 0 or wider[before - 1][1] < end:
            kept.append((start, end))
    return kept


# -- BSN

# A look-ahead, so that a group that fails the elfproef does not hide the one that starts inside it.
_BSN_WRITTEN = re.compile(
    r"""(?<![0-9]) (?<![0-9]\.) (?= (
        [0-9]{9}
      | [0-9]{3} (?P<a>[ .-]) [0-9]{3} (?P=a) [0-9]{3}
      | [0-9]{4} (?P<b>[ .-]) [0-9]{2} (?P=b) [0-9]{3}
      | [0-9]{2} (?P<c>[ .-]) [0-9]{2} (?P=c) [0-9]{2} (?P=c) [0-9]{3}
      | [0-9]{3} (?P<d>[ .-]) [0-9]{2} (?P=d) [0-9]{2} (?P=d) [0-9]{2}
    ) (?! [0-9] | \.[0-9] ) )""",
    re.VERBOSE,
)
_BSN_NAMED = re.compile(
    r"(?:bsn|sofi(?!a)|burgerservice)[^0-9]{0,20}([0-9](?:[ .-]?[0-9]){7,8})(?![0-9]|\.[0-9])",
    re.IGNORECASE,
)


def _bsns(text: str) -> set[Span]:
    return {
        match.span(1)
        for pattern in (_BSN_WRITTEN, _BSN_NAMED)
        for match in pattern.finditer(text)
        if bsn.is_valid(match[1])
    }


# -- phone


def _digits(first: str, more: int) -> str:
    """A digit of the class `first` and `more` others, all apart by the same sign or by none."""
    return (
        "(?:" + "|".join(f"{first}(?:{sign}?[0-9]){{{more}}}" for sign in (" ", "-", r"\.")) + ")"
    )


_GAP = r"[ ./()-]{0,3}"
_DUTCH = (
    f"(?:6{_GAP}{_digits('[1-58]', 7)}"
    f"|(?:[1-57][0-9]|8[4578]){_GAP}{_digits('[0-9]', 6)}"
    f"|[1-57][0-9]{{2}}{_GAP}{_digits('[0-9]', 5)})(?![0-9])"
)
# "06-11-2026 10:30" has the ten digits of a mobile number, and so has the 06 in "2026-06-12 2026".
_NOT_IN_A_DATE = r"(?<![0-9][./-])(?![0-9]{2}[ ./-][0-9]{2}[ ./-](?:19|20)[0-9]{2}(?![0-9]))"
_PHONE = re.compile(
    rf"(?<![0-9])(?:{_NOT_IN_A_DATE}0{_DUTCH}"
    rf"|(?:\+|00)31{_GAP}(?:0{_GAP})?{_DUTCH}"
    r"|(?:\+|00)(?!31)[1-9](?:[ .()-]{0,2}[0-9]){9,14}(?![0-9]))"
)


def _phones(text: str) -> Iterator[Span]:
    return (match.span() for match in _PHONE.finditer(text))


# -- number plate

# X is any letter; C one of the series since 1978, which leave out vowels, C and Q; F a first one,
# where trailers have an O.
_SIGNS = {
    "X": "[A-Z]",
    "C": "[BDFGHJKLMNPRSTVWXYZ]",
    "F": "[BDFGHJKLMNOPRSTVWXYZ]",
    "9": "[0-9]",
    "-": "-",
}
_SIDECODES = {
    1: "XX-99-99",
    2: "99-99-XX",
    3: "99-XX-99",
    4: "FC-99-CC",
    5: "FC-CC-99",
    6: "99-CC-CC",
    7: "99-CCC-9",
    8: "9-CCC-99",
    9: "FC-999-C",
    10: "F-999-CC",
    11: "CCC-99-C",
    12: "F-99-CCC",
    13: "9-CC-999",
    14: "999-CC-9",
}


def _plate(shapes: Iterable[str], flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """A pattern for the shapes, standing alone; "1-mrt-26" is a date."""
    written = "|".join("".join(_SIGNS[sign] for sign in shape) for shape in shapes)
    return re.compile(
        rf"(?<![^\W_])(?<![0-9]-)(?![0-9]{{1,2}}-MRT)(?:{written})(?![^\W_]|-[0-9])", flags
    )


def _undashed(*sidecodes: int) -> list[str]:
    return [_SIDECODES[sidecode].replace("-", "") for sidecode in sidecodes]


# Those in capitals only look like a name with a year ("WMTB25") or a measure ("100km2").
_PLATES = (
    _plate(_SIDECODES.values(), re.IGNORECASE),
    _plate(_undashed(4, 7, 8, 9, 10, 11), re.IGNORECASE),
    _plate(_undashed(5, 6, 12, 13, 14)),
)


def _plates(text: str) -> set[Span]:
    return {match.span() for pattern in _PLATES for match in pattern.finditer(text)}


# -- IBAN

_IBAN_BEGINS = re.compile(r"(?<![A-Za-z0-9])(?=([A-Za-z]{2})[0-9]{2}[ .-]?[A-Za-z0-9])")


@cache
def _iban_patterns() -> dict[str, re.Pattern[str]]:
    """For each country in the register of IBANs, a pattern for as many signs as its IBAN has."""
    register = numdb.get("iban")
    patterns = {}
    for first, second in product(ascii_uppercase, repeat=2):
        structure = register.info(first + second)[0][1].get("bban", "")
        if structure:
            more = sum(int(size) for size in re.findall(r"[0-9]+", structure)) + 3
            patterns[first + second] = re.compile(
                rf"[A-Za-z0-9](?:[ .-]?[A-Za-z0-9]){{{more}}}(?![A-Za-z0-9])"
            )
    return patterns


def _ibans(text: str) -> Iterator[Span]:
    patterns = _iban_patterns()
    for begin in _IBAN_BEGINS.finditer(text):
        pattern = patterns.get(begin[1].upper())
        match = pattern.match(text, begin.start()) if pattern else None
        if match and iban.is_valid(match[0], check_country=False):
            yield match.span()


# -- e-mail

_AT_A_DOMAIN = re.compile(r"@(?:\w[\w-]{0,62}\.){1,8}[^\W\d_]{2,63}")
_LOCAL_SIGNS = frozenset(".!#$%&'*+/=?^_`{|}~-")


def _emails(text: str) -> Iterator[Span]:
    for domain in _AT_A_DOMAIN.finditer(text):
        start = domain.start()
        while start > 0 and (text[start - 1].isalnum() or text[start - 1] in _LOCAL_SIGNS):
            start -= 1
        if start < domain.start():
            yield start, domain.end()


def required_text(text: str, limit: int) -> str:
    """A text that must be there, as it is stored.

    Refuses an empty one (MISSING_FIELD), one that `clean` refuses, and one with a BSN
    (PERSONAL_DATA).
    """
    cleaned = clean(text, limit)
    if not cleaned:
        raise Refusal("MISSING_FIELD")
    if kept_out := refused(find(cleaned), strict=False):
        raise Refusal("PERSONAL_DATA", kind=kept_out[0].kind)
    return cleaned


# -- names

_SURNAME = r"(?:(?:van|von|de|den|der|het|ten|ter|te|el|al|'t)[ ]){0,3}[^\W\d_a-z][^\W\d_]{1,40}"
_NAMES = re.compile(
    r"(?<!\w)(?:(?:[A-Z]\.[ ]?){1,6}"
    r"|(?:[Dd]e[ ]heer|[Dd]hr\.?|[Mm]w\.?|[Mm]evr\.?|[Mm]evrouw|[Mm]eneer"
    r"|[Dd]rs\.|[Mm]r\.|[Ii]r\.)[ ]"
    rf"(?:[A-Z]\.[ ]?){{0,6}}){_SURNAME}"
)

_OWN_ADDRESS = re.compile(r"([^\W\d_]{1,30})(?:[._][^\W\d_]{1,30}){0,4}[._][^\W\d_]{2,40}(?=@)")
# What addresses of desks, teams and places have in them, and names of people seldom.
_OF_A_DESK = re.compile(
    "info|loket|balie|desk|team|wijk|buurt|contact|post|mail|meld|signaal|secretar|admin|recept|"
    "service|zorg|jeugd|jongeren|welzijn|wonen|woning|beheer|privacy|klant|bureau|kantoor|centr|"
    "gemeente|politie|handhav|school|bewoner|help|hulp|support|office|algemeen|noord|oost|zuid|west",
    re.IGNORECASE,
)

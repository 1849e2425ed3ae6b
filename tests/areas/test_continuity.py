# SPDX-License-Identifier: EUPL-1.2
"""Which wijk an area of a new year continues, and what it took from the old ones."""

from __future__ import annotations

import csv
import subprocess
import sys
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.areas.continuity import Known, Proposal, propose
from resolvers.areas.overlap import overlaps
from resolvers.areas.reading import Area, read
from tests.areas.files import CROSSWALK, YEARS, ZOETERMEER, cells, polygon

SIDE = 4
GRID = [(column, row) for column in range(SIDE) for row in range(SIDE)]
labels = st.lists(st.integers(0, 5), min_size=len(GRID), max_size=len(GRID))


def area(number: int, name: str, boundary: Any = None, flag: int | None = None) -> Area:
    return Area(ZOETERMEER, f"WK0637{number:02}", name, boundary, flag)


def known(number: int, name: str, boundary: Any = None) -> Known:
    return Known(UUID(int=number), f"WK0637{number:02}", name, boundary)


def proposals(
    new: list[Area], old: list[Known], flags_count: bool = False, **decided: UUID | None
) -> dict[str, Proposal]:
    found = propose(new, old, decided=decided, flags_count=flags_count)
    return {proposal.area.name: proposal for proposal in found}


def partition(of: list[int]) -> dict[int, Any]:
    """The grid's cells by label: a division of the square."""
    return {
        label: cells(place for place, own in zip(GRID, of, strict=True) if own == label)
        for label in sorted(set(of))
    }


@pytest.fixture(scope="module")
def zoetermeer() -> list[Proposal]:
    before = [
        Known(UUID(int=number), a.code, a.name, a.boundary)
        for number, a in enumerate(read(YEARS[2024], 2024).areas)
    ]
    return propose(read(YEARS[2025], 2025).areas, before, decided={}, flags_count=True)


def test_in_zoetermeer_six_wijken_go_on_and_nine_are_new(zoetermeer: list[Proposal]) -> None:
    before = [a.name for a in read(YEARS[2024], 2024).areas]
    continuing = {p.area.name: before[p.continues.int] for p in zoetermeer if p.continues}
    assert continuing == {
        "Meerzicht": "Meerzicht",
        "Seghwaert": "Seghwaert",
        "Noordhove": "Noordhove",
        "Rokkeveen": "Rokkeveen",
        "Oosterheem": "Oosterheem",
        "buitengebied": "Buitengebied",
    }
    assert {p.alike for p in zoetermeer if p.continues} == {"NAME_AND_OVERLAP"}
    assert {p.alike for p in zoetermeer if not p.continues} == {"NEITHER"}


def test_shares_agree_with_the_published_crosswalk(zoetermeer: list[Proposal]) -> None:
    codes = [a.code for a in read(YEARS[2024], 2024).areas]
    computed = {(p.area.code, codes[t.wijk.int]): t.share for p in zoetermeer for t in p.taken}
    with CROSSWALK.open(encoding="utf-8") as file:
        published = {
            (row["code_2025"], row["code_2024"]): float(row["share_of_2025"])
            for row in csv.DictReader(file)
        }
    for pair in computed.keys() | published.keys():
        assert computed.get(pair, 0) == pytest.approx(published.get(pair, 0), abs=0.03), pair


def test_a_name_is_the_same_whatever_its_capitals_accents_and_hyphens() -> None:
    found = proposals([area(1, "A12-ZÔNE", polygon(0, 0))], [known(9, "A12 zone", polygon(0, 0))])
    assert found["A12-ZÔNE"].continues == UUID(int=9)


def test_the_same_name_elsewhere_is_only_a_proposal_by_name() -> None:
    found = proposals([area(1, "Noord", polygon(0, 0))], [known(1, "Noord", polygon(3, 3))])
    assert (found["Noord"].alike, found["Noord"].continues) == ("NAME", UUID(int=1))


def test_the_same_place_under_another_name_is_only_a_proposal_by_overlap() -> None:
    found = proposals([area(1, "Nieuw", polygon(0, 0))], [known(1, "Oud", polygon(0, 0))])
    assert (found["Nieuw"].alike, found["Nieuw"].continues) == ("OVERLAP", UUID(int=1))


def test_three_quarters_of_a_wijk_under_another_name_is_a_new_wijk() -> None:
    found = proposals(
        [area(1, "Nieuw", polygon(0, 0, width=3))], [known(1, "Oud", polygon(0, 0, width=4))]
    )
    assert (found["Nieuw"].alike, found["Nieuw"].continues) == ("NEITHER", None)


def test_a_wijk_without_a_boundary_is_pointed_at_by_its_name_alone() -> None:
    proposal = proposals([area(1, "Noord")], [known(1, "Noord", polygon(0, 0))])["Noord"]
    assert (proposal.alike, proposal.overlap, proposal.taken) == ("NAME", None, ())


def test_of_two_that_claim_one_wijk_name_and_overlap_together_win() -> None:
    found = proposals(
        [area(1, "Noord", polygon(3, 3)), area(2, "Noord", polygon(0, 0))],
        [known(1, "Noord", polygon(0, 0))],
    )
    assert found["Noord"].area.code == "WK063702"
    assert found["Noord"].alike == "NAME_AND_OVERLAP"


def test_what_was_decided_stands_and_its_wijk_is_no_longer_free() -> None:
    found = proposals(
        [area(1, "Noord", polygon(0, 0)), area(2, "Zuid", polygon(3, 3))],
        [known(7, "Noord", polygon(0, 0))],
        WK063702=UUID(int=7),
    )
    assert (found["Zuid"].continues, found["Noord"].continues) == (UUID(int=7), None)


@pytest.mark.parametrize(
    ("number", "width", "comparability"),
    [(1, 1, "UNCHANGED"), (2, 1, "CODE_CHANGED"), (1, 2, "BOUNDARY_CHANGED")],
)
def test_two_years_compare_by_boundary_first_and_code_second(
    number: int, width: int, comparability: str
) -> None:
    found = proposals(
        [area(number, "Noord", polygon(0, 0, width=width))], [known(1, "Noord", polygon(0, 0))]
    )
    assert [taken.comparability for taken in found["Noord"].taken] == [comparability]


@pytest.mark.parametrize(
    ("corner", "comparability"),
    [([4.41004, 52.01004], "UNCHANGED"), ([4.4102, 52.0102], "BOUNDARY_CHANGED")],
)
def test_a_boundary_that_moved_by_less_than_a_hundredth_of_the_area_is_the_same(
    corner: list[float], comparability: str
) -> None:
    moved = polygon(0, 0)
    moved["coordinates"][0][2] = corner
    found = proposals([area(1, "Noord", moved)], [known(1, "Noord", polygon(0, 0))])
    assert found["Noord"].taken[0].comparability == comparability


@pytest.mark.parametrize(
    ("flag", "word"), [(1, "UNCHANGED"), (2, "CODE_CHANGED"), (3, "BOUNDARY_CHANGED")]
)
def test_the_word_of_cbs_counts_only_against_the_year_before(flag: int, word: str) -> None:
    new, old = [area(1, "Noord", None, flag)], [known(1, "Noord")]
    assert proposals(new, old, flags_count=True)["Noord"].flagged == word
    assert proposals(new, old, flags_count=False)["Noord"].flagged is None


def test_a_boundary_that_crosses_itself_is_measured_all_the_same() -> None:
    bow_tie: Any = {
        "type": "Polygon",
        "coordinates": [[[4.4, 52.0], [4.41, 52.01], [4.41, 52.0], [4.4, 52.01], [4.4, 52.0]]],
    }
    [overlap] = overlaps({"new": bow_tie}, {"old": polygon(0, 0)}).values()
    assert (overlap.of_new, overlap.of_old) == pytest.approx((1.0, 0.5), abs=0.001)


def test_a_boundary_without_an_inside_overlaps_with_nothing() -> None:
    flat: Any = {
        "type": "Polygon",
        "coordinates": [[[4.4, 52.0], [4.41, 52.0], [4.4, 52.0], [4.4, 52.0]]],
    }
    assert overlaps({"new": flat}, {"old": polygon(0, 0)}) == {}


@given(old=labels, new=labels)
def test_shares_of_a_new_area_add_up_to_one_where_the_old_division_covers_it(
    old: list[int], new: list[int]
) -> None:
    found = overlaps(partition(new), partition(old))
    for label in set(new):
        shares = [common.of_new for (own, _), common in found.items() if own == label]
        assert sum(shares) == pytest.approx(1)


@given(old=labels, new=labels, gone=st.integers(0, 5))
def test_shares_of_a_new_area_never_add_up_to_more_than_one(
    old: list[int], new: list[int], gone: int
) -> None:
    left = {label: boundary for label, boundary in partition(old).items() if label != gone}
    found = overlaps(partition(new), left)
    for label in set(new):
        inside = [
            o for place, o in zip(GRID, zip(old, new, strict=True), strict=True) if o[1] == label
        ]
        covered = sum(1 for o, _ in inside if o != gone) / len(inside)
        shares = [common.of_new for (own, _), common in found.items() if own == label]
        assert sum(shares) == pytest.approx(covered)


@given(old=labels, new=labels, names=st.permutations(range(6)), random=st.randoms())
def test_the_order_of_areas_in_a_file_does_not_matter(
    old: list[int], new: list[int], names: list[int], random: Any
) -> None:
    areas = [area(n, f"wijk {names[n]}", boundary) for n, boundary in partition(new).items()]
    earlier = [known(n, f"wijk {n}", boundary) for n, boundary in partition(old).items()]
    expected = propose(areas, earlier, decided={}, flags_count=False)
    random.shuffle(areas)
    random.shuffle(earlier)
    assert propose(areas, earlier, decided={}, flags_count=False) == expected


@given(old=labels, new=labels, names=st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_no_wijk_is_continued_by_two_areas(
    old: list[int], new: list[int], names: list[int]
) -> None:
    areas = [area(n, f"wijk {names[n]}", boundary) for n, boundary in partition(new).items()]
    earlier = [known(n, f"wijk {names[-n]}", boundary) for n, boundary in partition(old).items()]
    claimed = [p.continues for p in propose(areas, earlier, decided={}, flags_count=False)]
    taken = [wijk for wijk in claimed if wijk]
    assert len(taken) == len(set(taken))


@given(division=labels, codes=st.permutations(range(6)))
def test_identity_is_kept_when_nothing_but_the_codes_changes(
    division: list[int], codes: list[int]
) -> None:
    parts = partition(division)
    earlier = [known(n, f"wijk {n}", boundary) for n, boundary in parts.items()]
    areas = [area(codes[n], f"wijk {n}", boundary) for n, boundary in parts.items()]
    found = proposals(areas, earlier)
    for n in parts:
        proposal = found[f"wijk {n}"]
        assert (proposal.continues, proposal.alike) == (UUID(int=n), "NAME_AND_OVERLAP")
        word = "UNCHANGED" if codes[n] == n else "CODE_CHANGED"
        assert [t.comparability for t in proposal.taken] == [word]


def test_shapely_is_not_loaded_by_importing_the_module() -> None:
    check = (
        "import sys, resolvers.areas; sys.exit('shapely' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0

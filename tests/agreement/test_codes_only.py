# SPDX-License-Identifier: EUPL-1.2
"""The call that makes a table a guarded contribution keeps codes alone where it must."""

from __future__ import annotations

import asyncpg
import pytest

from tests.conftest import World

pytestmark = pytest.mark.anyio

CATEGORY = "category text not null check (category in ('NOISE', 'OTHER'))"
ON_DAY = "on_day date not null"


async def make(world: World, columns: str, fields: str, codes_only: bool) -> dict[str, str]:
    """Makes a kind with these columns and fields; gives the rules of its restrictive policies."""
    async with world.migration() as owner:
        await owner.execute(f"create table hub.visits ({columns})")
        await owner.execute(
            "insert into hub.contribution_fields"
            " (kind, field, columns, shown_from, listed, is_text)"
            f" values {fields}"
        )
        await owner.execute(
            f"select hub.make_contribution('VISIT', 'visits', 'on_day', {codes_only})"
        )
        rows = await owner.fetch(
            "select polname, pg_get_expr(polwithcheck, polrelid) as rule from pg_policy"
            " where polrelid = 'hub.visits'::regclass and not polpermissive"
        )
    return {row["polname"]: row["rule"] for row in rows}


FIELDS = "('VISIT', 'category', '{category}', 'WIJK', false, false)"


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("summary text", "summary"),
        ("summary text check (length(summary) <= 80)", "summary"),
        ("lon double precision", "lon"),
        ("seen_at timestamptz", "seen_at"),
        ("seen_at time", "seen_at"),
        ("more jsonb", "more"),
    ],
)
async def test_a_kind_of_codes_alone_has_no_column_that_can_hold_more(
    world: World, column: str, name: str
) -> None:
    with pytest.raises(asyncpg.RaiseError, match=f"VISIT keeps codes only: {name} can hold more"):
        await make(world, f"{CATEGORY}, {ON_DAY}, {column}", FIELDS, codes_only=True)


async def test_a_kind_of_codes_alone_may_hold_days_numbers_and_codes(world: World) -> None:
    columns = f"{CATEGORY}, {ON_DAY}, times int, urgent boolean"
    assert await make(world, columns, FIELDS, codes_only=True) == {}


async def test_every_text_point_and_moment_of_another_kind_is_kept_from_police_and_enforcement(
    world: World,
) -> None:
    columns = (
        f"{CATEGORY}, {ON_DAY}, remark text, note text, lon double precision, lat double precision,"
        " begins timestamptz, ends timestamptz"
    )
    fields = (
        f"{FIELDS}, ('VISIT', 'remark', '{{remark}}', 'WIJK', true, true),"
        " ('VISIT', 'note', '{note}', 'OWN', false, true),"
        " ('VISIT', 'point', '{lon,lat}', 'EXACT', true, false),"
        " ('VISIT', 'times', '{begins,ends}', 'EXACT', true, false)"
    )
    rules = await make(world, columns, fields, codes_only=False)
    assert set(rules) == {"codes_only_new", "codes_only_change"}
    for rule in rules.values():
        for column in ("remark", "note", "lon", "lat"):
            assert f"({column} IS NULL)" in rule
        assert rule.count("'12:00:00'::time without time zone)") >= 2
        assert "begins AT TIME ZONE" in rule
        assert "ends AT TIME ZONE" in rule

# SPDX-License-Identifier: EUPL-1.2
"""The matrix of access, as partners ask it and as `hub access` prints it; and what `me` can."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.admin.commands import answer, done, hub
from tests.agreement.committed import ROOT
from tests.conftest import World
from tests.contract.agreeing import decide, organisation, propose, rule

pytestmark = pytest.mark.anyio

OPERATION = (ROOT / "tests" / "contract" / "operations" / "8a_matrix.graphql").read_text("utf-8")
MATRIX = """query($on: Date, $provider: ID, $receiver: ID, $kind: Kind) {
  accessMatrix(on: $on, provider: $provider, receiver: $receiver, kind: $kind) {
    provider { name } receiver { name } kind category precision fields wijken { name }
    agreement { title } from until keepDays includesPast version } }"""
CAN = """{ me { can { action on category precision fields wijken { name } provider { name }
  agreement { title } until because } } }"""
HERE = ("access", "--gemeente", "GM0637")
GIVER, TAKER = "corporatie-a", "buurtwerk"


async def agree(world: World, rules: list[dict[str, Any]], **more: Any) -> Any:
    made = await propose(world, GIVER, rules, **more)
    await decide(world, TAKER, "accept", made)
    return made


async def matrix(world: World, token: str, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await world.partner(token).ask(MATRIX, asked))["accessMatrix"]
    return found


async def test_the_matrix_says_what_is_really_shown_and_until_when(world: World) -> None:
    await agree(world, [await rule(world, GIVER, TAKER, fields=["summary", "seenAt"])])
    for token in (GIVER, TAKER):
        [cell] = (await world.partner(token).ask(OPERATION, {"op": None}))["accessMatrix"]
        assert cell == {
            "provider": {"name": "Corporatie A (verzonnen)"},
            "receiver": {"name": "Buurtwerk"},
            "kind": "SIGNAL",
            "category": None,
            "precision": "BUURT",
            "fields": ["buurt", "category", "closedOn", "seenOn", "status", "summary"],
            "agreement": {"title": "Proefconvenant"},
            "until": "2027-10-31",
        }
    assert await matrix(world, "handhaving") == []


async def test_it_is_as_of_a_day(world: World) -> None:
    made = await agree(world, [await rule(world, GIVER, TAKER)])
    later = [await rule(world, GIVER, TAKER, precision="WIJK")]
    term = {"from": "2026-12-01", "until": "2026-12-31"}
    await agree(world, later, idempotencyKey="voorstel-later", **term)
    await world.set_now(datetime(2026, 11, 25, 12, tzinfo=UTC))
    await decide(world, GIVER, "revoke", made)
    seen = {
        day: [cell["precision"] for cell in await matrix(world, TAKER, on=day)]
        for day in ("2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25", "2026-12-31")
    }
    assert seen == {
        "2026-11-22": [],
        "2026-11-23": ["BUURT"],
        "2026-11-24": ["BUURT"],
        "2026-11-25": [],
        "2026-12-31": ["WIJK"],
    }


async def test_it_can_be_narrowed(world: World) -> None:
    rules = [
        await rule(world, GIVER, TAKER),
        await rule(world, TAKER, GIVER, precision="WIJK", kind="ACTIVITY"),
        await rule(world, GIVER, TAKER, kind="COUNT", precision="COUNT"),
    ]
    await agree(world, rules)
    giver = await organisation(world, GIVER)
    assert len(await matrix(world, TAKER)) == 3
    assert [cell["kind"] for cell in await matrix(world, TAKER, provider=giver)] == [
        "COUNT",
        "SIGNAL",
    ]
    [one] = await matrix(world, TAKER, receiver=giver)
    assert one["kind"] == "ACTIVITY" and one["fields"] == [
        "category", "closedOn", "startsOn", "wijken",
    ]  # fmt: skip
    [counts] = await matrix(world, TAKER, kind="COUNT")
    assert (counts["precision"], counts["fields"]) == ("COUNT", [])


async def test_the_administrator_sees_every_row_and_what_changed_between_days(
    world: World,
) -> None:
    await agree(world, [await rule(world, GIVER, TAKER, fields=["summary"])])
    other = [await rule(world, "corporatie-b", "handhaving", category="LITTER")]
    made = await propose(world, "corporatie-b", other, idempotencyKey="voorstel-b-01")
    await decide(world, "handhaving", "accept", made)
    rows = await answer(world, *HERE)
    assert [(row["provider"], row["receiver"], row["category"]) for row in rows] == [
        ("corporatie-a", "buurtwerk", None),
        ("corporatie-b", "handhaving", "LITTER"),
    ]
    assert [row["receiver"] for row in await answer(world, *HERE, "--receiver", TAKER)] == [TAKER]
    table = (await done(world, *HERE)).splitlines()
    assert table[0].split() == [
        "provider", "receiver", "kind", "category", "precision", "fields", "wijken", "title",
        "until",
    ]  # fmt: skip
    assert len(table) == 3 and "Oosterheem" in table[1]
    sheet = list(csv.DictReader(io.StringIO(await done(world, *HERE, "--csv"))))
    assert [row["category"] for row in sheet] == ["*", "LITTER"]
    await world.set_now(datetime(2026, 11, 25, 12, tzinfo=UTC))
    await decide(world, "handhaving", "revoke", made)
    changed = await answer(world, *HERE, "--diff", "2026-11-22", "2026-11-25")
    assert [(row["change"], row["provider"]) for row in changed] == [("+", "corporatie-a")]
    changed = await answer(world, *HERE, "--diff", "2026-11-24", "2026-11-25")
    assert [(row["change"], row["provider"]) for row in changed] == [("-", "corporatie-b")]
    assert await answer(world, *HERE, "--on", "2026-11-01") == []


async def test_the_command_refuses_what_it_does_not_know(world: World) -> None:
    assert (await hub(world, *HERE, "--provider", "niemand")).exit_code == 1
    both = await hub(world, *HERE, "--on", "2026-11-01", "--diff", "2026-11-01", "2026-11-02")
    assert both.exit_code == 2


async def test_what_one_can_do_is_told_line_by_line_and_no_two_are_alike(world: World) -> None:
    rules = [
        await rule(world, GIVER, TAKER, wijken=["WK063711"]),
        await rule(world, GIVER, TAKER, wijken=["WK063708"]),
        await rule(world, GIVER, TAKER, category="NOISE", precision="EXACT", fields=["summary"]),
    ]
    await agree(world, rules)
    can = (await world.partner(TAKER).ask(CAN))["me"]["can"]
    shared = [line for line in can if line["agreement"] is not None]
    assert [
        (line["category"], line["precision"], sorted(w["name"] for w in line["wijken"]))
        for line in shared
    ] == [(None, "BUURT", ["Oosterheem", "Seghwaert"]), ("NOISE", "EXACT", ["Oosterheem"])]
    assert shared[0]["until"] == "2027-10-31"
    assert shared[0]["because"] == (
        "Van Corporatie A (verzonnen) ziet u, per buurt: melding, elke categorie, in Oosterheem, "
        "Seghwaert. Dat staat in het convenant 'Proefconvenant', dat geldt tot en met 2027-10-31."
    )
    assert "summary" in shared[1]["fields"]
    without = [
        tuple(str(line[name]) for name in ("action", "on", "precision", "because")) for line in can
    ]
    assert len(without) == len(set(without))
    assert {line["action"] for line in can} == {"READ", "WRITE"}


async def test_a_token_that_may_only_read_is_not_told_that_it_can_write(world: World) -> None:
    async with world.connect("owner") as owner:
        await owner.execute("update hub.tokens set scopes = '{read}' where name = 'buurtwerk'")
    can = (await world.partner(TAKER).ask(CAN))["me"]["can"]
    assert {line["action"] for line in can} == {"READ"}

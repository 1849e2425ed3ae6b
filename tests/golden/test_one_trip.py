# SPDX-License-Identifier: EUPL-1.2
"""What a small read asks of the database: one statement with its lines in the ledger, or nothing
at all; and reference rows that were kept are let go of when they change.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from hub.app import create_app
from hub.settings import Settings
from resolvers.tokens import digest_of_token, new_token
from schema.ids import encode
from sql.at_once import at_once
from sql.reference import LOOKED_AT_SECONDS, REFERENCE
from sql.session import Database
from tests.conftest import World
from tests.golden.recording import Recorder
from tests.golden.town import OOSTERHEEM, SEGHWAERT
from tests.isolation.pair import rewrite
from tests.ledger import WRITE, ledger
from tests.partner import Partner

pytestmark = pytest.mark.anyio

LISTED = """{ wijk(code: "%s") { name signals(first: %d) { pageInfo { hasNextPage }
  nodes { id summary owner { name } place { label buurt { name } } } } } }"""
LINES = """select owner, agreement, version, kind, records, fields, operation, ids
  from hub.read_ledger where xid > $1 order by owner, agreement, fields"""


async def ledger_of(world: World, query: str, partner: str) -> tuple[Any, list[tuple[Any, ...]]]:
    """The answer to a query, and what the ledger got by it."""
    async with world.connect("superuser") as superuser:
        await superuser.execute(WRITE)
        before = await superuser.fetchval("select pg_current_xact_id()")
        answer = await world.partner(partner).ask(query)
        lines = await ledger(superuser, LINES, before)
    return answer, [(*line[:-1], sorted(line["ids"])) for line in lines]


@pytest.mark.parametrize("partner", ["buurtwerk", "wijkregisseur"])
async def test_a_page_of_a_wijk_is_one_trip_that_tells_the_ledger_what_it_shows(
    golden: World, recorder: Recorder, partner: str
) -> None:
    await golden.partner(partner).ask("{ me { organisation { id } } }")
    recorder.forget()
    answer, at_once = await ledger_of(golden, LISTED % (OOSTERHEEM, 2), partner)
    assert recorder.sent() == {"signals_newest (at once)": 1}
    page = answer["wijk"]["signals"]
    assert len(page["nodes"]) == 2
    assert page["pageInfo"]["hasNextPage"], "the ledger could have the one more that was fetched"
    beside = "{ me { organisation { name } } wijk"
    query = (LISTED % (OOSTERHEEM, 2)).replace("{ wijk", beside, 1)
    ordinary, in_transaction = await ledger_of(golden, query, partner)
    assert recorder.sent()["log_reads"] == 1
    assert [node["id"] for node in ordinary["wijk"]["signals"]["nodes"]] == [
        node["id"] for node in page["nodes"]
    ]
    assert at_once == in_transaction != []


async def test_a_record_by_its_id_is_one_trip(golden: World, recorder: Recorder) -> None:
    found = await golden.partner("buurtwerk").ask(LISTED % (SEGHWAERT, 1))
    record = found["wijk"]["signals"]["nodes"][0]["id"]
    recorder.forget()
    await golden.partner("buurtwerk").ask(f'{{ node(id: "{record}") {{ id }} }}')
    assert recorder.sent() == {"signals_by_id (at once)": 1}


async def test_a_code_of_another_year_beside_it_is_told(golden: World) -> None:
    query = f"""{{ now: wijk(code: "{OOSTERHEEM}") {{ signals(first: 2) {{ nodes {{ id }} }} }}
      then: wijk(code: "WK063700") {{ name }} }}"""
    answer = await golden.partner("buurtwerk").answer(query)
    assert len(answer["data"]["now"]["signals"]["nodes"]) == 2
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "CODE_OF_ANOTHER_YEAR"
    assert error["path"] == ["then"]


async def test_a_trip_that_fails_is_told_as_it_failed(world: World) -> None:
    async with world.connect("superuser") as superuser:
        too_slow = "raise sqlstate '57014'; perform set_config"
        await rewrite(superuser, ("at_once_signals_newest",), "perform set_config", too_slow)
    answer = await world.partner("buurtwerk").answer(LISTED % (OOSTERHEEM, 2))
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["TIMEOUT"]


async def test_reference_rows_alone_are_no_trip(golden: World, recorder: Recorder) -> None:
    await golden.partner("buurtwerk").ask("{ wijken { code } }")
    recorder.forget()
    found = await golden.partner("corporatie-a").ask("{ wijken { code name } }")
    assert len(found["wijken"]) == 15
    assert recorder.sent() == {}


def test_every_statement_that_pages_or_looks_up_has_its_function() -> None:
    assert {"signals_newest", "counts_oldest", "activities_by_id"} <= at_once().keys()
    assert not at_once().keys() & REFERENCE.keys()


@dataclass
class Kept:
    """A hub over a world, with a clock to move by hand."""

    world: World
    hub: Partner
    now: float = 0.0

    async def names(self) -> set[str]:
        """What the partners are called."""
        rows = await self.hub.ask("{ organisations { name } }")
        return {row["name"] for row in rows["organisations"]}

    async def execute(self, command: str) -> None:
        """Something that an administrator does."""
        async with self.world.connect("superuser") as superuser:
            await superuser.execute(command)


@pytest.fixture
async def kept(world: World) -> AsyncIterator[Kept]:
    """A hub that has kept its reference rows."""
    made: Kept
    database = await Database.open(world.dsn("app"), size=2, clock=lambda: made.now)
    try:
        made = Kept(world, Partner(create_app(Settings(), database), world.cluster.tokens["raad"]))
        await made.names()
        yield made
    finally:
        await database.close()


CHANGES = {
    "an organisation": (
        "update hub.organisations set name = 'Nieuwe naam' where slug = 'buurtwerk'",
        "{ organisations { name } }",
    ),
    "a wijk": (
        f"update hub.wijk_versions set name = 'Nieuwe naam' where code = '{OOSTERHEEM}'",
        f'{{ wijk(code: "{OOSTERHEEM}") {{ name }} }}',
    ),
    "a buurt": (
        "update hub.buurten set name = 'Nieuwe naam ' || id",
        f'{{ wijk(code: "{OOSTERHEEM}") {{ buurten {{ name }} }} }}',
    ),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_of_reference_rows_is_seen_within_a_second(kept: Kept, change: str) -> None:
    command, query = CHANGES[change]
    assert "Nieuwe naam" not in str(await kept.hub.ask(query))
    await kept.execute(command)
    kept.now += LOOKED_AT_SECONDS
    assert "Nieuwe naam" in str(await kept.hub.ask(query))


async def test_a_new_partner_is_there_at_once(kept: Kept) -> None:
    await kept.execute(
        "insert into hub.organisations (gemeente, id, slug, name, kind)"
        " values ('GM0637', gen_random_uuid(), 'nieuw', 'Net begonnen', 'WELFARE')"
    )
    assert "Net begonnen" in await kept.names()


async def test_what_is_undone_is_not_kept(kept: Kept) -> None:
    async with kept.world.connect("superuser") as superuser:
        change = superuser.transaction()
        await change.start()
        await superuser.execute("update hub.organisations set name = 'Even zo' where slug = 'raad'")
        kept.now += LOOKED_AT_SECONDS
        assert "Even zo" not in await kept.names()
        await change.rollback()
    kept.now += LOOKED_AT_SECONDS
    assert "Even zo" not in await kept.names()


async def test_what_is_kept_of_one_gemeente_is_not_shown_to_another(world: World) -> None:
    async with world.connect("superuser") as superuser:
        other = await superuser.fetchval(
            "insert into hub.organisations (gemeente, id, slug, name, kind)"
            " values ('GM0344', gen_random_uuid(), 'elders', 'Van elders', 'MUNICIPALITY')"
            " returning id"
        )
        token = new_token()
        await superuser.execute(
            "insert into hub.tokens (gemeente, organisation, name, digest, scopes, expires_at)"
            " values ('GM0344', $1, 'elders', $2, '{read}', hub.now() + interval '1 day')",
            other,
            digest_of_token(token),
        )
    asked = {"id": encode("Organisation", other)}
    query = "query($id: ID!) { node(id: $id) { id } }"
    assert (await Partner(world.app, token).ask(query, asked))["node"] == asked
    assert (await world.partner("raad").ask(query, asked))["node"] is None
    assert (await Partner(world.app, token).ask(query, asked))["node"] == asked

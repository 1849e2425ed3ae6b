# SPDX-License-Identifier: EUPL-1.2
"""What nobody could see while it was there, because it came and went at once or by another way than
the one that is looked at, is told to nobody; of what is gone no more is told than could be seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from schema.ids import decode_as
from tests.conftest import World
from tests.contract.agreeing import agree, decide, propose, rule
from tests.contract.test_agreement_versions import A, B, day, report
from tests.contract.test_feed_of_departed import CHANGE, EVERYTHING, WITHDRAW, told
from tests.contract.test_locks import SIGNAL, meanwhile
from tests.kinds.test_activities import (
    OOSTERHEEM,
    SEGHWAERT,
    created,
    deliver,
    feed,
    row,
    share,
)

pytestmark = pytest.mark.anyio

SIGNAL_ROW = {
    "externalId": "M-1",
    "wijk": OOSTERHEEM,
    "category": "NOISE",
    "seenAt": "2026-11-22T10:00:00+01:00",
    "status": "NEW",
}
PUSHED = "first: pushSignals(input: $first) { errors { code } }"
ACCEPTED = "then: acceptAgreement(input: $then) { errors { code } }"


def delivery(key: str, **changes: Any) -> dict[str, Any]:
    """A delivery of the same row, with something else in it."""
    about = {"dataset": "geheim", "idempotencyKey": f"levering-{key}"}
    return {"delivery": about, "rows": [SIGNAL_ROW | changes]}


async def asked(world: World, document: str, **given: Any) -> None:
    """A does several things in one request."""
    done = await world.partner(A).ask(document, given)
    assert done == {"first": {"errors": []}, "then": {"errors": []}}


AT_ONCE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "never shared": (
        "MarkDatasetInput",
        "markDataset",
        {"dataset": "geheim", "neverShare": True},
    ),
    "of another category": (
        "PushSignalsInput",
        "pushSignals",
        delivery("twee", category="SAFETY"),
    ),
}


@pytest.mark.parametrize("departure", AT_ONCE)
async def test_what_comes_and_goes_in_one_request_was_seen_by_nobody(
    world: World, departure: str
) -> None:
    await agree(world, [await rule(world, A, B, category="NOISE", **EVERYTHING)], A, B)
    type_, field, then = AT_ONCE[departure]
    document = f"""mutation($first: PushSignalsInput!, $then: {type_}!) {{
      {PUSHED} then: {field}(input: $then) {{ errors {{ code }} }} }}"""
    await asked(world, document, first=delivery("een"), then=then)
    assert await told(world, B) == []


FIRST: dict[str, tuple[str, str, dict[str, Any]]] = {
    "withdrawn": ("WithdrawInput", "withdraw", {"version": 1, "reason": "vergissing"}),
    "of another category": (
        "UpdateSignalInput",
        "updateSignal",
        {"version": 1, "category": "SAFETY"},
    ),
    "never shared": ("MarkDatasetInput", "markDataset", {"dataset": "hub", "neverShare": True}),
}


@pytest.mark.parametrize("departure", FIRST)
async def test_what_goes_in_the_request_that_accepts_was_seen_by_nobody(
    world: World, departure: str
) -> None:
    id_ = await report(world, A)
    agreement = await propose(world, B, [await rule(world, A, B, category="NOISE", **EVERYTHING)])
    type_, field, first = FIRST[departure]
    document = f"""mutation($first: {type_}!, $then: AgreementDecisionInput!) {{
      first: {field}(input: $first) {{ errors {{ code }} }} {ACCEPTED} }}"""
    if departure != "never shared":
        first = {"id": id_, **first}
    await asked(world, document, first=first, then={"id": agreement[0], "version": agreement[1]})
    assert await told(world, B) == []


@asynccontextmanager
async def taken_away(world: World) -> AsyncIterator[str]:
    """The id of what is reported while an older request of A's goes on, which takes it away at the
    end of the block.
    """
    await report(world, A, "eerste-melding")
    async with meanwhile(world, A) as by_hand:
        await by_hand.execute(SIGNAL)
        id_ = await report(world, A)
        yield id_
        await by_hand.execute("delete from hub.signals where id = $1", decode_as("Signal", id_))


async def test_what_an_older_request_takes_away_is_not_told_to_who_comes_later(
    world: World,
) -> None:
    async with taken_away(world) as id_:
        pass
    await agree(world, [await rule(world, A, B, **EVERYTHING)], A, B)
    assert id_ not in [of for _, of in await told(world, B)]


async def test_what_an_older_request_takes_away_is_not_told_as_new_afterwards(
    world: World,
) -> None:
    """The older request comes first in the order of the feed."""
    await agree(world, [await rule(world, A, B, **EVERYTHING)], A, B)
    async with taken_away(world) as id_:
        assert id_ not in [of for _, of in await told(world, B)]  # the feed waits for the older one
    assert [change for change, of in await told(world, B) if of == id_] == ["WITHDRAWN"]


async def test_a_wijk_that_was_left_before_it_was_agreed_about_shows_nothing_in_another(
    world: World,
) -> None:
    owner, reader = world.partner("buurtwerk"), world.partner("corporatie-a")
    await created(owner, row(wijken=[OOSTERHEEM, SEGHWAERT]))
    await deliver(owner, row(wijken=[OOSTERHEEM, SEGHWAERT], attendance=5))
    await deliver(owner, row(wijken=[OOSTERHEEM], attendance=5))
    await share(world, [OOSTERHEEM], "WIJK", includesPast=True)
    more = {"title": "Seghwaert", "includesPast": True, "fields": ["attendance"]}
    await share(world, [SEGHWAERT], "EXACT", **more)
    assert (await feed(reader, SEGHWAERT))[0] == []
    assert (await feed(reader, OOSTERHEEM))[0] == []  # what is reduced comes with the batch
    await day(world, 11, 24)
    # when it was made, and that it is in fewer wijken; not that the number of visitors was told
    assert sorted((await feed(reader, OOSTERHEEM))[0]) == ["CREATED", "UPDATED"]


async def test_a_field_that_changed_is_not_told_of_what_is_gone(world: World) -> None:
    """Who begins to be shown the field would learn of it, and never had it."""
    first = await agree(world, [await rule(world, A, B, precision="WIJK", includesPast=True)], A, B)
    id_ = await report(world, A)
    given = {"id": id_, "version": 1, "summary": "Geluid in het portiek"}
    assert (await world.partner(A).ask(CHANGE, {"in": given}))["updateSignal"]["errors"] == []
    gone = {"id": id_, "version": 2, "reason": "vergissing"}
    assert (await world.partner(A).ask(WITHDRAW, {"in": gone}))["withdraw"]["errors"] == []
    await day(world, 11, 24)
    before = [("CREATED", id_), ("WITHDRAWN", id_)]
    assert sorted(await told(world, B)) == before
    await decide(world, A, "revoke", first)
    rules = [await rule(world, A, B, fields=["summary"], precision="WIJK", includesPast=True)]
    await agree(world, rules, A, B, idempotencyKey="tweede-convenant")
    assert sorted(await told(world, B)) == before


async def moved(world: World, id_: str, *categories: str, version: int) -> None:
    """It is of these categories, one after another, in one request."""
    changes = {
        f"c{n}": {"id": id_, "version": version + n, "category": category}
        for n, category in enumerate(categories)
    }
    given = ", ".join(f"${name}: UpdateSignalInput!" for name in changes)
    calls = " ".join(f"{n}: updateSignal(input: ${n}) {{ errors {{ code }} }}" for n in changes)
    done = await world.partner(A).ask(f"mutation({given}) {{ {calls} }}", changes)
    assert done == {name: {"errors": []} for name in changes}


async def test_what_was_told_of_one_stay_does_not_follow_from_another_in_one_request(
    world: World,
) -> None:
    await agree(world, [await rule(world, A, B, category="NOISE", **EVERYTHING)], A, B)
    id_ = await report(world, A)
    await moved(world, id_, "SAFETY", version=1)
    before = await told(world, B)
    assert before == [("CREATED", id_), ("WITHDRAWN", id_)]
    await moved(world, id_, "NOISE", "SAFETY", version=2)
    assert await told(world, B) == before


@pytest.mark.parametrize("precision", ["EXACT", "WIJK"])
@pytest.mark.parametrize("returns", [True, False])
async def test_what_was_told_of_one_stay_does_not_follow_from_another_between_agreements(
    world: World, returns: bool, precision: str
) -> None:
    rules = [await rule(world, A, B, category="NOISE", precision=precision, includesPast=True)]
    first = await agree(world, rules, A, B)
    id_ = await report(world, A)
    await moved(world, id_, "SAFETY", version=1)
    await decide(world, A, "revoke", first)
    if returns:
        await moved(world, id_, "NOISE", version=2)
        await moved(world, id_, "SAFETY", version=3)
    await agree(world, rules, A, B, idempotencyKey="tweede-convenant")
    await day(world, 11, 24)
    assert sorted(await told(world, B)) == [("CREATED", id_), ("WITHDRAWN", id_)]


async def test_who_does_not_look_at_its_own_items_tells_what_nobody_saw(world: World) -> None:
    """The fault that the first test looks for."""
    async with world.connect("owner") as owner:
        await owner.execute("drop policy recorder_reads_its_own on hub.feed_items")
    await agree(world, [await rule(world, A, B, category="NOISE", **EVERYTHING)], A, B)
    type_, field, then = AT_ONCE["never shared"]
    document = f"""mutation($first: PushSignalsInput!, $then: {type_}!) {{
      {PUSHED} then: {field}(input: $then) {{ errors {{ code }} }} }}"""
    await asked(world, document, first=delivery("een"), then=then)
    assert [change for change, _ in await told(world, B)] == ["CREATED", "WITHDRAWN"]

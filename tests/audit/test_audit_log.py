# SPDX-License-Identifier: EUPL-1.2
"""What is changed in agreements, log-ins, partners and rights is in the audit log of whom it
concerns, whichever way it was changed.
"""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from tests.admin.commands import done
from tests.audit.looking import officer, share
from tests.conftest import World
from tests.contract.agreeing import decide

pytestmark = pytest.mark.anyio

AUDIT = """query($since: DateTime!, $until: DateTime, $first: Int! = 100, $after: String) {
  auditLog(since: $since, until: $until, first: $first, after: $after) {
    nodes { at by { name } login action subject aboutLogin text details trace }
    pageInfo { endCursor hasNextPage } } }"""
SINCE = "2026-11-01T00:00:00Z"


async def entries(who: Any, *actions: str, **asked: Any) -> list[dict[str, Any]]:
    """The entries about some actions, or all."""
    page = (await who.ask(AUDIT, {"since": SINCE, **asked}))["auditLog"]
    return [one for one in page["nodes"] if not actions or one["action"] in actions]


async def test_each_step_of_an_agreement_is_told_to_every_party_and_to_nobody_else(
    world: World,
) -> None:
    made = await share(world)
    await decide(world, "corporatie-a", "revoke", made)
    steps = ["AGREEMENT_REVOKED", "AGREEMENT_ACCEPTED", "AGREEMENT_ACCEPTED", "AGREEMENT_PROPOSED"]
    theirs = await entries(await officer(world, "corporatie-a"), *steps)
    ours = await entries(world.partner("fg-buurtwerk"), *steps)
    assert sorted(one["action"] for one in theirs) == sorted(steps)
    assert sorted(one["action"] for one in ours) == sorted(steps)
    assert await entries(world.partner("fg-gemeente"), *steps) == []
    by = {(one["action"], one["by"]["name"][:11], one["login"]) for one in ours}
    assert by == {
        ("AGREEMENT_PROPOSED", "Corporatie ", None),
        ("AGREEMENT_ACCEPTED", "Corporatie ", None),
        ("AGREEMENT_ACCEPTED", "Buurtwerk", "buurtwerk"),
        ("AGREEMENT_REVOKED", "Corporatie ", None),
    }
    assert {one["trace"] for one in ours if one["login"] is None} == {None}
    assert len({one["subject"] for one in ours}) == 1
    assert ours[0]["subject"].startswith("urn:wijkhub:agreement:")


async def test_log_ins_are_told_when_they_are_made_changed_and_revoked_without_what_opens(
    world: World,
) -> None:
    options = ("--gemeente", "GM0637", "--name", "koppeling")
    made = await done(world, "token", "create", "buurtwerk", *options)
    rotated = await done(world, "token", "rotate", "buurtwerk", *options, "--overlap", "3")
    await done(world, "token", "revoke", "buurtwerk", *options)
    fg = world.partner("fg-buurtwerk")
    found = [one for one in await entries(fg) if one["aboutLogin"] == "koppeling"]
    assert sorted(one["action"] for one in found) == [
        "TOKEN_CHANGED",
        "TOKEN_CREATED",
        "TOKEN_CREATED",
        "TOKEN_REVOKED",
        "TOKEN_REVOKED",
    ]
    assert {(one["by"], one["login"]) for one in found} == {(None, "hub_owner")}
    changed = next(one for one in found if one["action"] == "TOKEN_CHANGED")
    assert changed["details"].keys() == {"expires_at"}
    created = next(one for one in found if one["action"] == "TOKEN_CREATED")
    assert created["details"]["scopes"] == ["read", "write"]
    async with world.connect("superuser") as root:
        everything = str(await root.fetch("select * from hub.audit_log"))
        digests = await root.fetch("select encode(digest, 'hex') as d from hub.tokens")
    assert made.strip() not in everything
    assert rotated.strip() not in everything
    assert not [row for row in digests if row["d"] in everything]


async def test_partners_where_they_work_and_what_they_promise_are_told_when_they_change(
    world: World,
) -> None:
    add = ("partner", "add", "buurtwerk", "--gemeente", "GM0637", "--kind", "WELFARE")
    more = ("--wijk", "WK063711", "--from", "2026-11-01", "--dataset", "straatcontacten:3")
    await done(world, *add, "--name", "Buurtwerk Plus", *more)
    world.wait_a_second()
    fg = world.partner("fg-buurtwerk")
    (partner,) = await entries(fg, "PARTNER_CHANGED")
    assert partner["details"] == {"name": ["Buurtwerk", "Buurtwerk Plus"]}
    area = (await entries(fg, "AREA_CHANGED"))[0]
    assert len(area["details"]["wijken"]) in (1, 12)
    (dataset,) = [
        one
        for one in await entries(fg, "DATASET_CHANGED")
        if one["subject"].endswith(":straatcontacten")
    ]
    assert dataset["details"]["rhythm_days"] == [7, 3]
    # the same again changes nothing, and is no change
    before = len(await entries(fg))
    await done(world, *add, "--name", "Buurtwerk Plus", *more)
    world.wait_a_second()
    assert len(await entries(fg)) == before


async def test_a_term_that_changes_is_told_to_every_organisation_of_the_gemeente(
    world: World,
) -> None:
    set_ = ("retention", "set", "SIGNAL:EXACT", "--gemeente", "GM0637")
    await done(world, *set_, "90")
    await done(world, *set_, "90")
    await done(world, *set_, "120")
    for token in ("fg-buurtwerk", "fg-gemeente"):
        told = await entries(world.partner(token), "RETENTION_CHANGED")
        assert sorted(one["details"]["days"] for one in told) == [[90, 120], [270, 90]]
        assert {one["subject"] for one in told} == {"urn:wijkhub:retention:SIGNAL:EXACT"}
        assert {one["by"] for one in told} == {None}


async def test_every_entry_says_in_words_what_was_done(world: World) -> None:
    made = await share(world)
    await decide(world, "corporatie-a", "revoke", made)
    options = ("--gemeente", "GM0637", "--name", "koppeling")
    await done(world, "token", "create", "buurtwerk", *options, "--role", "COUNCIL")
    await done(world, "token", "rotate", "buurtwerk", *options, "--overlap", "3")
    await done(world, "token", "revoke", "buurtwerk", *options)
    await done(world, "account", "erase", "buurtwerk", *options)
    add = ("partner", "add", "buurtwerk", "--gemeente", "GM0637", "--kind", "WELFARE")
    more = ("--every-wijk", "--from", "2026-11-01", "--dataset", "straatcontacten:3")
    await done(world, *add, "--name", "Buurtwerk Plus", *more)
    world.wait_a_second()
    await done(world, "retention", "set", "SIGNAL:EXACT", "90", "--gemeente", "GM0637")
    await done(world, "retention", "set", "LEDGER", "900", "--gemeente", "GM0637")
    fg = world.partner("fg-buurtwerk")
    found = await entries(fg)
    assert all(one["text"] != one["action"] and "{" not in one["text"] for one in found)
    told = {one["text"] for one in found}
    agreement = "het convenant 'Proefconvenant' (versie 1)"
    assert told >= {
        f"Corporatie A (verzonnen) heeft {agreement} voorgesteld.",
        f"Buurtwerk Plus heeft {agreement} aangenomen.",
        f"Corporatie A (verzonnen) heeft {agreement} opgezegd.",
        "De gegevens van uw organisatie zijn gewijzigd: naam: was Buurtwerk, nu Buurtwerk Plus.",
        "Een bewaartermijn van de gemeente is gewijzigd (meldingen, wat precies is): eerst 270 "
        "dagen, nu 90.",
        "Een bewaartermijn van de gemeente is gewijzigd (leeslogboek, alles): eerst 1826 dagen, "
        "nu 900.",
    }
    assert any("dagen tussen leveringen: was 7, nu 3" in text for text in told)
    assert any(text.endswith("Rollen: COUNCIL. Geldig tot 2027-11-23.") for text in told)
    english = await fg.ask(AUDIT, {"since": SINCE}, **{"Accept-Language": "en"})
    texts = {one["text"] for one in english["auditLog"]["nodes"]}
    assert "Buurtwerk Plus accepted the agreement 'Proefconvenant' (version 1)." in texts


async def test_an_end_is_told_in_words(world: World) -> None:
    remove = ("partner", "remove", "corporatie-b", "--gemeente", "GM0637", "--reason", "gestopt")
    await done(world, *remove, "--erase")
    async with world.connect("superuser") as connection:
        # who was erased gets no token any more: here it does, to read what it was told
        await connection.execute("update hub.organisations set left_on = null")
    found = await entries(await officer(world, "corporatie-b"))
    assert {"PARTNER_CLOSED", "ERASURE_BEGUN", "ERASURE_PROVED", "TOKEN_REVOKED"} <= {
        one["action"] for one in found
    }
    assert all(one["text"] != one["action"] for one in found)


async def test_a_name_that_was_erased_and_no_roles_are_told_in_words(world: World) -> None:
    account = ("buurtwerk", "--gemeente", "GM0637", "--name", "j-jansen")
    await done(world, "token", "create", *account, "--person")
    await done(world, "account", "erase", *account)
    fg = world.partner("fg-buurtwerk")
    for language, changed, made in (
        ("nl", " is gewijzigd: alleen de naam.", "Rollen: geen."),
        ("en", " was changed: the name alone.", "Roles: none."),
    ):
        answer = await fg.ask(AUDIT, {"since": SINCE}, **{"Accept-Language": language})
        told = [(one["action"], one["text"]) for one in answer["auditLog"]["nodes"]]
        assert any(each == "TOKEN_CHANGED" and text.endswith(changed) for each, text in told)
        assert any(each == "TOKEN_CREATED" and made in text for each, text in told)


async def test_whoever_changes_a_table_by_hand_does_not_pass_the_log(world: World) -> None:
    async with world.connect("owner") as owner:
        await owner.execute(
            "update hub.tokens set roles = '{ADMINISTRATOR}' where name = 'buurtwerk'"
        )
    (entry,) = await entries(world.partner("fg-buurtwerk"), "TOKEN_CHANGED")
    assert entry["details"] == {"roles": [[], ["ADMINISTRATOR"]]}


async def test_the_log_is_for_the_officer_and_the_administrator_of_the_organisation_itself(
    world: World,
) -> None:
    await share(world)
    for token in ("buurtwerk", "wijkregisseur", "raad"):
        answer = await world.partner(token).answer(AUDIT, {"since": SINCE})
        assert answer["data"] == {"auditLog": None}
        assert answer["errors"][0]["extensions"]["code"] == "ROLE_REQUIRED"
    administrator = await officer(world, "buurtwerk", "ADMINISTRATOR", name="baas")
    assert await entries(administrator, "AGREEMENT_ACCEPTED")
    assert await entries(world.partner("beheer"), "AGREEMENT_ACCEPTED") == []
    async with world.connect("superuser") as root:
        ids = dict(await root.fetch("select slug, id from hub.organisations"))
    count = "select count(*) from hub.audit_log"
    async with world.connect("app") as app, app.transaction():
        await app.execute(
            "select set_config('hub.gemeente', 'GM0637', true),"
            " set_config('hub.organisation', $1, true)",
            str(ids["buurtwerk"]),
        )
        assert await app.fetchval(count) == 0
        await app.execute("select set_config('hub.roles', 'WIJKREGISSEUR', true)")
        assert await app.fetchval(count) == 0
        await app.execute("select set_config('hub.roles', 'PRIVACY_OFFICER', true)")
        assert await app.fetchval(count) > 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.fetch("select xid from hub.audit_log")


async def test_the_log_comes_in_pages_newest_first_and_of_a_time(world: World) -> None:
    await share(world)
    fg = world.partner("fg-buurtwerk")
    every = await entries(fg)
    found: list[dict[str, Any]] = []
    after, more = None, True
    while more:
        asked = {"since": SINCE, "first": 3, "after": after}
        page = (await fg.ask(AUDIT, asked))["auditLog"]
        found += page["nodes"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert found == every
    assert await entries(fg, until=SINCE) == []
    assert await entries(fg, since="2027-01-01T00:00:00Z") == []

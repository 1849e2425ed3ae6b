# SPDX-License-Identifier: EUPL-1.2
"""`hub partner` and `hub token`: who comes, who goes, and by which credential."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import click
import pytest

from hub.app import create_app
from hub.cli import main
from hub.settings import Settings
from tests.admin.commands import answer, done, hub
from tests.conftest import NOW, World
from tests.golden.town import OOSTERHEEM, PROPOSE, organisation
from tests.partner import Partner

pytestmark = pytest.mark.anyio

HERE = ("--gemeente", "GM0637")
WHO = "{ me { organisation { name } } }"
SIGNALS = """query($wijk: String!) { wijk(code: $wijk) { signals(first: 50) { nodes {
  owner { name } agreement { state } } } } }"""
AGREEMENTS = "{ agreements(first: 20) { nodes { id state parties { name } } } }"


async def speaks(world: World, token: str) -> bool:
    """Whether a hub that never saw this token knows whose it is: one that did forgets it soon."""
    fresh = create_app(Settings(), world.database)
    return (await Partner(fresh, token).post(WHO)).status_code == 200


async def known_tokens(world: World, slug: str) -> list[tuple[str, str]]:
    rows = await answer(world, "token", "list", slug, *HERE)
    return [(row["name"], row["state"]) for row in rows]


# -- tokens


async def test_tokens_are_listed_without_what_opens_anything(world: World) -> None:
    made = await done(
        world, "token", "create", "handhaving", *HERE, "--name", "team-1", "--read-only"
    )
    rows = await answer(world, "token", "list", *HERE)
    [row] = [row for row in rows if row["name"] == "team-1"]
    assert row.pop("created_at") < row.pop("expires_at")
    assert row == {
        "slug": "handhaving",
        "name": "team-1",
        "holder": "machine",
        "scopes": ["read"],
        "roles": [],
        "state": "active",
    }
    listed = (await hub(world, "token", "list", *HERE)).output
    assert "team-1" in listed
    assert made.strip() not in listed + str(rows)


async def test_who_makes_a_second_token_of_a_name_is_told_that_the_first_works_too(
    world: World,
) -> None:
    make = ("token", "create", "buurtwerk", *HERE, "--name", "app")
    first, second = await hub(world, *make), await hub(world, *make)
    assert first.stderr == ""
    assert "2 tokens of this name" in second.stderr
    assert "rotate" in second.stderr
    for made in (first, second):
        assert await speaks(world, made.stdout.strip())


async def test_a_rotated_token_works_beside_the_old_until_the_overlap_is_over(world: World) -> None:
    make = ("token", "create", "buurtwerk", *HERE, "--name", "app", "--role", "WIJKREGISSEUR")
    old = (await done(world, *make, "--person")).strip()
    new = (await done(world, "token", "rotate", "buurtwerk", *HERE, "--name", "app")).strip()
    assert await speaks(world, old)
    assert await speaks(world, new)
    rows = await answer(world, "token", "list", "buurtwerk", *HERE)
    first, second = (row for row in rows if row["name"] == "app")
    same = ("holder", "scopes", "roles")
    assert [first[name] for name in same] == [second[name] for name in same]
    async with world.connect("superuser") as connection:
        await connection.execute("update hub.clock set frozen_at = frozen_at + interval '7 days'")
    assert ("app", "expired") in await known_tokens(world, "buurtwerk")
    assert await speaks(world, new)


async def test_of_a_name_two_tokens_work_at_most(world: World) -> None:
    rotate = ("token", "rotate", "buurtwerk", *HERE, "--name", "app")
    await done(world, "token", "create", "buurtwerk", *HERE, "--name", "app")
    for _ in range(3):
        await done(world, *rotate)
    states = [state for name, state in await known_tokens(world, "buurtwerk") if name == "app"]
    assert sorted(states) == ["active", "active", "revoked", "revoked"]
    await done(world, *rotate, "--overlap", "0")
    states = [state for name, state in await known_tokens(world, "buurtwerk") if name == "app"]
    assert states.count("active") == 1


@pytest.mark.parametrize("command", ["rotate", "revoke"])
async def test_a_name_of_which_no_token_works_is_not_rotated_or_revoked(
    world: World, command: str
) -> None:
    before = await known_tokens(world, "buurtwerk")
    result = await hub(world, "token", command, "buurtwerk", *HERE, "--name", "geen")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "geen geldig token met de naam 'geen'" in result.stderr
    assert await known_tokens(world, "buurtwerk") == before


async def test_a_rotated_token_is_valid_for_days_of_its_own(world: World) -> None:
    name = ("buurtwerk", *HERE, "--name", "kort")
    await done(world, "token", "create", *name, "--days", "90")
    await done(world, "token", "rotate", *name)
    await done(world, "token", "rotate", *name, "--days", "30")
    rows = await answer(world, "token", "list", "buurtwerk", *HERE)
    terms = [
        datetime.fromisoformat(row["expires_at"]) - datetime.fromisoformat(row["created_at"])
        for row in rows
        if (row["name"], row["state"]) == ("kort", "active")
    ]
    assert sorted(term.days for term in terms) == [7, 30]
    assert "365" in (await hub(None, "token", "rotate", "--help")).output


@pytest.mark.parametrize(
    ("name", "says"), [("", "geen naam"), ("  ", "geen naam"), ("x" * 101, "101 tekens")]
)
async def test_a_token_has_a_name_of_a_line(world: World, name: str, says: str) -> None:
    before = await known_tokens(world, "buurtwerk")
    result = await hub(world, "token", "create", "buurtwerk", *HERE, "--name", name)
    assert (result.exit_code, result.stdout) == (1, "")
    assert says in result.stderr
    assert await known_tokens(world, "buurtwerk") == before


async def test_who_lists_tokens_where_there_are_none_is_told_so(world: World) -> None:
    add = ("partner", "add", "nieuw", *HERE, "--name", "Nieuw", "--kind", "WELFARE")
    await done(world, *add, "--every-wijk")
    result = await hub(world, "token", "list", "nieuw", *HERE)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "There are none.\n")


# -- partners that go


async def owners_seen(world: World, name: str) -> set[str]:
    nodes = (await world.partner(name).ask(SIGNALS, {"wijk": OOSTERHEEM}))["wijk"]["signals"]
    return {node["owner"]["name"] for node in nodes["nodes"] if node["agreement"]}


async def states(world: World, name: str) -> list[str]:
    agreements = (await world.partner(name).ask(AGREEMENTS))["agreements"]["nodes"]
    return sorted(agreement["state"] for agreement in agreements)


async def test_a_partner_that_goes_takes_its_part_in_agreements_with_it(town: World) -> None:
    remove = ("partner", "remove", "corporatie-a", *HERE, "--reason", "gefuseerd")
    before = await owners_seen(town, "buurtwerk")
    planned = await answer(town, *remove, "--dry-run")
    assert await speaks(town, town.cluster.tokens["corporatie-a"])
    assert await owners_seen(town, "buurtwerk") == before

    ended = await answer(town, *remove)
    assert ended == planned | {"dry_run": False}
    assert ended["wijken"] > 0
    assert ended["tokens"]
    assert {agreement["decision"] for agreement in ended["agreements"]} == {"REVOKE"}
    assert not await speaks(town, town.cluster.tokens["corporatie-a"])
    gone = before - await owners_seen(town, "buurtwerk")
    assert len(gone) == 1
    assert await states(town, "buurtwerk") == ["IN_FORCE", "IN_FORCE", "REVOKED"]
    assert await states(town, "wijkregisseur") == ["IN_FORCE", "IN_FORCE", "REVOKED"]
    async with town.connect("superuser") as connection:
        slices = "(select id from hub.organisations where slug = 'corporatie-a')"
        left = f"select count(*) from hub.grants where {slices} in (owner, receiver)"
        assert await connection.fetchval(left) == 0
        records = f"select count(*) from hub.signals where owner = {slices}"
        assert await connection.fetchval(records) == 13
        decision = "select actor, reason from hub.agreement_decisions where decision = 'REVOKE'"
        assert {tuple(row) for row in await connection.fetch(decision)} == {
            ("hub_owner", "gefuseerd")
        }


async def test_what_would_end_is_told_by_its_title_and_no_id(town: World) -> None:
    remove = ("partner", "remove", "corporatie-a", *HERE, "--reason", "gefuseerd", "--dry-run")
    planned = (await answer(town, *remove))["agreements"]
    told = await done(town, *remove)
    assert planned
    for one in planned:
        assert f"agreement '{one['title']}' (version {one['version']}): REVOKE" in told
        assert one["agreement"] not in told


LEFT = "{ organisations { name leftOn } }"


async def test_who_left_stays_known_and_is_marked_until_it_takes_part_again(town: World) -> None:
    async def left() -> dict[str, Any]:
        town.wait_a_second()
        found = (await town.partner("buurtwerk").ask(LEFT))["organisations"]
        return {one["name"]: one["leftOn"] for one in found if one["leftOn"]}

    names = (await town.partner("buurtwerk").ask(LEFT))["organisations"]
    assert await left() == {}
    remove = ("partner", "remove", "corporatie-a", *HERE, "--reason", "gefuseerd")
    await done(town, *remove, "--dry-run")
    assert await left() == {}
    await done(town, *remove)
    async with town.connect("superuser") as connection:
        today = str(await connection.fetchval("select hub.today()"))
    assert await left() == {"Corporatie A (verzonnen)": today}
    assert len((await town.partner("buurtwerk").ask(LEFT))["organisations"]) == len(names)
    rows = {row["slug"]: row["left_on"] for row in await answer(town, "partner", "list", *HERE)}
    assert (rows["corporatie-a"], rows["buurtwerk"]) == (today, None)
    listed = await done(town, "partner", "list", *HERE)
    assert f"(left on {today})" in listed
    assert "(1 wijk)" in listed and "(1 wijken)" not in listed
    add = ("partner", "add", "corporatie-a", *HERE, "--name", "Corporatie A", "--kind", "HOUSING")
    await done(town, *add, "--every-wijk")
    assert await left() == {}


async def test_a_name_that_the_hub_does_not_know_is_answered_with_what_an_administrator_can_do(
    world: World,
) -> None:
    add = ("partner", "add", "nieuw", *HERE, "--name", "Nieuw", "--kind", "WELFARE")
    for command, words in (
        (("partner", "remove", "niemand", *HERE, "--reason", "x"), "hub partner list"),
        (("token", "list", "niemand", *HERE), "hub partner list"),
        ((*add, "--wijk", "WK999999"), "hub import areas"),
        ((*add, "--every-wijk", "--ledger-delay", "3"), "--ledger-delay"),
    ):
        result = await hub(world, *command)
        assert (result.exit_code, words in result.stderr) == (1, True), result.stderr
        assert "'organisations'" not in result.stderr and "schema" not in result.stderr


async def test_what_it_had_not_accepted_it_rejects(town: World) -> None:
    provider = await organisation(town.partner("buurtwerk"))
    receiver = await organisation(town.partner("corporatie-a"))
    rule = {"provider": provider, "receiver": receiver, "kind": "SIGNAL"}
    rule |= {"wijken": [OOSTERHEEM], "precision": "WIJK"}
    proposal = {"idempotencyKey": "nog-een-voorstel", "title": "Meer", "purpose": "eerder zien"}
    proposal |= {"legalBasis": "AVG", "contact": "loket", "from": "2026-11-23"}
    proposal |= {"until": "2027-10-31", "rules": [rule]}
    made = await town.partner("buurtwerk").ask(PROPOSE, {"in": proposal})
    assert made["proposeAgreement"]["errors"] == []
    remove = ("partner", "remove", "corporatie-a", *HERE, "--reason", "gefuseerd")
    ended = (await answer(town, *remove))["agreements"]
    assert sorted(agreement["decision"] for agreement in ended) == ["REJECT", "REVOKE", "REVOKE"]
    assert "REJECTED" in await states(town, "buurtwerk")


async def test_to_remove_a_partner_again_changes_nothing(town: World) -> None:
    remove = ("partner", "remove", "corporatie-a", *HERE, "--reason", "gefuseerd")
    await done(town, *remove)
    again = await answer(town, *remove)
    assert (again["wijken"], again["tokens"], again["agreements"]) == (0, [], [])
    rows = await answer(town, "partner", "list", *HERE)
    assert "corporatie-a" in {row["slug"] for row in rows}


async def test_only_the_owner_can_make_an_organisation_leave_its_agreements(world: World) -> None:
    async with world.connect("superuser") as connection:
        may = await connection.fetch(
            "select r from unnest(array['hub_app', 'hub_door', 'hub_owner', 'public']) r where"
            " has_function_privilege(r, 'hub.leave_agreements(text, uuid, text)', 'EXECUTE')"
        )
    assert [row[0] for row in may] == ["hub_owner"]


# -- partners that come


async def test_a_dataset_may_be_of_any_kind_of_the_registry(world: World) -> None:
    add = ("partner", "add", "corporatie-a", *HERE, "--name", "A", "--kind", "HOUSING")
    kinds = ("--dataset", "renovaties:30:HOUSING_PROJECT", "--dataset", "overlast:7")
    await done(world, *add, "--every-wijk", *kinds)
    async with world.connect("owner") as owner:
        rows = await owner.fetch(
            "select dataset, kind, rhythm_days from hub.datasets"
            " where dataset in ('renovaties', 'overlast') order by dataset"
        )
    found = [tuple(row) for row in rows]
    assert found == [("overlast", "SIGNAL", 7), ("renovaties", "HOUSING_PROJECT", 30)]


ADD = ("partner", "add", *HERE, "--kind", "WELFARE", "--every-wijk")


async def works(world: World, slug: str) -> list[tuple[Any, ...]]:
    """Since when a partner works somewhere, and until when."""
    async with world.connect("owner") as owner:
        rows = await owner.fetch(
            "select distinct w.works_from, w.works_until from hub.organisation_wijken w"
            " join hub.organisations o on (o.gemeente, o.id) = (w.gemeente, w.organisation)"
            " where o.slug = $1",
            slug,
        )
    return [tuple(row) for row in rows]


async def test_without_a_first_day_a_partner_works_from_the_hubs_own_day(world: World) -> None:
    await done(world, *ADD, "nieuw", "--name", "Nieuw", "--until", "2026-11-23")
    assert await works(world, "nieuw") == [(NOW.date(), date(2026, 11, 23))]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"slug": "Foo Bar"}, "'Foo Bar' kan niet de korte naam"),
        ({"slug": ""}, "korte naam"),
        ({"--name": ""}, "geen naam"),
        ({"--name": " "}, "geen naam"),
        ({"--name": "x" * 121}, "121 tekens"),
        ({"--dataset": "Mijn Lijst:7"}, "'Mijn Lijst' kan niet de korte naam"),
        ({"--until": "2026-11-22"}, "laatste dag"),
        ({"--from": "2027-01-02", "--until": "2027-01-01"}, "laatste dag"),
        ({"--name": "buurt WERK"}, "al een partner met deze naam"),
    ],
)
async def test_a_partner_that_cannot_be_is_refused_and_nothing_is_stored(
    world: World, wrong: dict[str, str], says: str
) -> None:
    before = await answer(world, "partner", "list", *HERE)
    given = {"--name": "Nieuw", **wrong}
    slug = given.pop("slug", "nieuw")
    result = await hub(world, *ADD, slug, *(word for pair in given.items() for word in pair))
    assert (result.exit_code, result.stdout) == (1, "")
    assert says in result.stderr
    assert await answer(world, "partner", "list", *HERE) == before


async def test_a_name_is_free_for_its_own_partner_and_when_who_had_it_left(world: World) -> None:
    await done(world, *ADD, "buurtwerk", "--name", "Buurtwerk")
    remove = ("partner", "remove", "buurtwerk", *HERE, "--reason", "gefuseerd")
    await done(world, *remove)
    await done(world, *ADD, "foo", "--name", "Buurtwerk")
    assert "al een partner" in (await hub(world, *ADD, "buurtwerk", "--name", "Buurtwerk")).stderr


async def test_who_works_in_one_wijk_is_told_of_one(world: World) -> None:
    remove = ("partner", "remove", "school-a", *HERE, "--reason", "gefuseerd", "--dry-run")
    assert "work in 1 wijk\n" in await done(world, *remove)


@pytest.mark.parametrize("wrong", ["x", "x:", "x:0", "x:367", "x:7:NOTHING", "x:7:SIGNAL:1"])
async def test_a_dataset_that_is_written_otherwise_is_refused_with_the_form(
    world: World, wrong: str
) -> None:
    add = ("partner", "add", "corporatie-a", *HERE, "--name", "A", "--kind", "HOUSING")
    result = await hub(world, *add, "--every-wijk", "--dataset", wrong)
    assert result.exit_code == 2
    assert "write NAME:DAYS" in result.stderr
    assert "HOUSING_PROJECT" in result.stderr


# -- help


def commands(group: click.Group) -> list[tuple[str, click.Command]]:
    found = list(group.commands.items())
    for command in group.commands.values():
        found += commands(command) if isinstance(command, click.Group) else []
    return found


@pytest.mark.parametrize(("name", "command"), commands(main))
async def test_the_short_help_of_a_command_is_a_whole_sentence_in_a_line(
    name: str, command: click.Command
) -> None:
    short = command.get_short_help_str(200)
    assert short.endswith("."), short
    assert len(short) <= 66
    assert command.get_short_help_str(70) == short, "it is cut off"


@pytest.mark.parametrize("group", ["partner", "retention", "token"])
async def test_the_help_of_a_group_gives_examples(group: str) -> None:
    told = (await hub(None, group, "--help")).output
    assert "Examples:\n" in told
    assert told.count(f"\n    hub {group} ") == 3


async def test_the_help_lists_every_command_once() -> None:
    listed = (await hub(None, "--help")).output
    assert all(listed.count(f"\n  {name} ") == 1 for name in main.commands)
    assert "Other commands" not in listed


@pytest.mark.parametrize("command", ["access", "partner list", "publish", "token list"])
async def test_a_gemeente_that_the_hub_does_not_know_is_refused(world: World, command: str) -> None:
    result = await hub(world, *command.split(), "--gemeente", "GM9999")
    assert (result.exit_code, "GM9999" in result.stderr) == (1, True)


async def test_what_names_no_period_is_not_taken_for_one_in_which_nothing_is_due(
    world: World,
) -> None:
    result = await hub(world, "publish", "--period", "2026-47")
    assert (result.exit_code, "2026-W47" in result.stderr) == (1, True)

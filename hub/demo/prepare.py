# SPDX-License-Identifier: EUPL-1.2
"""Around the demo's world: is there one, make it, who can be played, what to try first.

A world is made once and kept: later starts leave it as it is. One that was not finished says so,
and is made anew in an empty database.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from hub.demo.deliveries import last_closed_week
from hub.demo.scene import OOSTERHEEM, ROLES, renew_tokens, set_scene
from hub.demo.seen import HERE, moment
from hub.demo.world import make_world
from hub.files import whole_file
from hub.settings import SettingsError
from sql.ids import IdSource
from sql.session import Database

SEED = "zoetermeer"
TOKENS_FILE = "tokens.json"

# A table or schema that is not there: the database was never migrated.
_NOT_MIGRATED = ("3F000", "42P01")


async def needs_new_world(owner_dsn: str) -> bool:
    """Whether the database holds an unfinished world; an empty one does not, migrated or not."""
    owner = await Database.open(owner_dsn, size=1)
    try:
        state = await owner.call("demo_state")
    except Exception as error:
        if getattr(error, "sqlstate", None) in _NOT_MIGRATED:
            return False
        raise
    finally:
        await owner.close()
    return bool(state) and not state[0]["complete"]


async def prepare(
    app: Starlette,
    database: Database,
    owner: Database,
    data: Path,
    *,
    today: date | None,
    report: Callable[[str], None],
    seed: str = SEED,
) -> tuple[dict[str, str], date]:
    """The tokens of the demo by name, and the hub's day; makes the world when there is none yet.

    `app` serves `database` (the role that serves); `owner` is the same database for its owner,
    migrated. With `today` a new world ends on that day, and the hub's day goes on from there; a
    world that is there keeps its own day. The tokens are in `data`/tokens.json as well, for its
    owner alone. Raises `SettingsError` for a database that is in real use.
    """
    if await _is_there(owner, data):
        tokens = await _known_tokens(owner, data)
        day = await _day(owner)
        if today is not None and today != day:
            report(
                f"Let op: --today {today} telt niet. Deze wereld bestond al; het is er {day}. "
                "Met --reset begint een nieuwe wereld."
            )
        return tokens, day
    tokens = await _make(app, database, owner, today or datetime.now(HERE).date(), seed, report)
    write_tokens(data, tokens)
    await _administer(owner, "demo_complete")
    return tokens, await _day(owner)


async def _is_there(owner: Database, data: Path) -> bool:
    """Whether the world is there; half a world and a hub that is no demo are refused."""
    state = await owner.call("demo_state")
    if state and not state[0]["complete"]:
        raise SettingsError(f"{data} holds a demo that was not finished: begin anew with --reset.")
    if state:
        return True
    if await owner.call("gemeenten_all"):
        raise SettingsError(f"{data} holds a hub that is no demo: give another folder with --data.")
    return False


async def _make(
    app: Starlette,
    database: Database,
    owner: Database,
    today: date,
    seed: str,
    report: Callable[[str], None],
) -> dict[str, str]:
    report(f"De demowereld wordt gemaakt: een verzonnen half jaar tot en met {today}")
    await _administer(owner, "demo_begin", seed)
    await _administer(owner, "clock_set", moment(today, time(12)), None)
    tokens = await set_scene(owner, IdSource(), today)
    await make_world(app, database, owner, tokens, today=today, seed=seed, report=report)
    await _administer(owner, "clock_set", None, shift_to(today, datetime.now(HERE)))
    return tokens


def shift_to(today: date, now: datetime) -> timedelta:
    """How far the hub's clock is from the real one (`now`), for this time of day on `today`."""
    here = now.astimezone(HERE)
    if here.date() == today:
        return timedelta()
    return moment(today, here.time()).astimezone(UTC) - now.astimezone(UTC)


async def _administer(owner: Database, statement: str, *args: object) -> None:
    async with owner.administration() as session:
        await session.fetch(statement, *args)


async def _day(owner: Database) -> date:
    [row] = await owner.call("hub_today")
    day: date = row["today"]
    return day


async def _known_tokens(owner: Database, data: Path) -> dict[str, str]:
    """The tokens of the folder; new ones in place of the old when the file is gone or not whole."""
    try:
        found = json.loads((data / TOKENS_FILE).read_bytes())
    except (OSError, ValueError):
        found = None
    if isinstance(found, dict) and found.keys() == {role.token for role in ROLES}:
        return found
    tokens = await renew_tokens(owner, IdSource())
    write_tokens(data, tokens)
    return tokens


def write_tokens(folder: Path, tokens: Mapping[str, str]) -> None:
    """Writes tokens.json, whole or not at all; nobody but its owner can read it."""
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / TOKENS_FILE) as file:
        json.dump(tokens, file, indent=2)
        file.write("\n")


WIJK_STATE = """query WijkStand($wijk: String!) { wijk(code: $wijk) { name code year
 signals(first: 5) { total nodes {
 owner { name } category seenOn summary place { label precision } status hidden } }
 activities(first: 3) { total nodes { title startsAt facility } }
 sources { organisation { name } dataset lastDelivery late silent } } }"""
OVERVIEW = """query Overzicht($week: Period!) { wijken { name overview(week: $week) {
 headlines { label now { value shown suppression } previous { shown } changePercent }
 silentSources { organisation { name } dataset contact } } } }"""
PUSH = """mutation Aanlevering($rows: [SignalRow!]!, $sleutel: String!) {
 pushSignals(input: { delivery:
 { dataset: "woonoverlast-meldingen", idempotencyKey: $sleutel }, rows: $rows }) {
 id replayed summary { outcome rows }
 rows(outcome: [REJECTED]) { nodes { line errors { path code message hint } } }
 errors { code message } } }"""


def closing_words(address: str, tokens: Mapping[str, str], today: date) -> str:
    """What the demo says when it is ready; its three commands can be pasted as they are."""
    width = max(map(len, tokens))
    table = "\n".join(f"  {name:<{width}}  {token}" for name, token in tokens.items())
    return f"""
De hub is klaar: {address}
De dag van de hub is {today}. Alles is verzonnen, behalve de wijken en hun grenzen.

Tokens, om iedere partner te spelen:
{table}

Drie opdrachten om te proberen (kopiëren en plakken):

# 1. Wat Buurtwerk ziet in Oosterheem: eigen meldingen heel, die van anderen zoals afgesproken
{_command(address, tokens["buurtwerk"], WIJK_STATE, {"wijk": OOSTERHEEM})}

# 2. Het overzicht van de wijkregisseur: alle wijken in de laatste afgesloten week
{_command(address, tokens["wijkregisseur"], OVERVIEW, {"week": last_closed_week(today)})}

# 3. Een corporatie levert een melding aan; nog eens plakken doet niets dubbel
{_command(address, tokens["corporatie-a"], PUSH, _one_row(today))}

Zelf vragen schrijven, in een browser: {address}/graphiql

Stoppen: Ctrl-C. De wereld blijft bewaard; met --reset begint een nieuwe.
"""


def _one_row(today: date) -> dict[str, Any]:
    row = {
        "externalId": "PROEF-1",
        "wijk": OOSTERHEEM,
        "buurt": "Noord",
        "category": "NOISE",
        "seenAt": moment(today, time(0, 5)).isoformat(),
        "status": "NEW",
        "summary": "Harde muziek in de flats bij het park.",
    }
    return {"sleutel": f"demo-opdracht-3-{today}", "rows": [row]}


def _command(address: str, token: str, query: str, variables: Mapping[str, Any]) -> str:
    """A line for bash, each argument quoted."""
    body = json.dumps(
        {"query": " ".join(query.split()), "variables": variables}, ensure_ascii=False
    )
    arguments = ["curl", "-sS", f"{address}/graphql", "-H", f"Authorization: Bearer {token}"]
    return shlex.join([*arguments, "-H", "Content-Type: application/json", "-d", body])

# SPDX-License-Identifier: EUPL-1.2
"""Bad input of every sort: a stable code, a cure, in the caller's language, nothing half stored.

Every case is sent twice, in Dutch and in English. Before and after, the rows of every table of the
hub are counted by a superuser.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.texts import CODES, text
from tests.agreement.committed import ROOT
from tests.conftest import NOW, Cluster, World, a_world
from tests.contract.writing import PUSH, REPORT, UPDATE, WITHDRAW, push, row
from tests.partner import Partner

pytestmark = pytest.mark.anyio

ME = "{ me { login } }"
WIJK = "query($code: String, $year: Int) { wijk(code: $code, year: $year) { name } }"
SIGNALS = """query($first: Int! = 20, $after: String, $filter: SignalFilter) {
  wijk(code: "WK063711") {
    signals(first: $first, after: $after, filter: $filter) { nodes { id } } } }"""
FEED = """query($first: Int! = 20, $after: String) { wijk(code: "WK063711") {
  feed(first: $first, after: $after) { pageInfo { endCursor } } } }"""
BSN = "111222333"  # passes the elfproef; belongs to nobody
GIVES_AWAY = re.compile(
    r'Traceback|asyncpg|File "|(?i:\bselect |\binsert |constraint)|hub\.\w|\bsys\.'
)


# ── How a case is sent and judged ────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Case:
    """Something wrong, how it is sent, and the code that it must get."""

    name: str
    code: str
    query: str = ME
    variables: dict[str, Any] = field(default_factory=dict)
    body: bytes | None = None
    token: str = "buurtwerk"
    method: str = "POST"
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    operation: str | None = None

    def content(self) -> bytes:
        if self.body is not None:
            return self.body
        asked = {"query": self.query, "variables": self.variables}
        if self.operation is not None:
            asked["operationName"] = self.operation
        return json.dumps(asked).encode()


async def send(world: World, case: Case, language: str) -> httpx.Response:
    token = world.cluster.tokens.get(case.token, case.token)
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        **({"Accept-Language": "en"} if language == "en" else {}),
        **case.headers,
    }
    transport = httpx.ASGITransport(app=world.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        return await client.request(
            case.method, "/graphql", content=case.content(), headers=headers
        )


def complaints(body: Any) -> Iterator[dict[str, Any]]:
    """Every error in an answer: of the request, of a payload, of a row."""
    for error in body.get("errors", ()):
        yield {"message": error["message"], **error["extensions"]}
    waiting = [body.get("data")]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if {"path", "code", "message", "hint"} <= part.keys():
                yield part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def check_told(answer: httpx.Response, case: Case, language: str) -> None:
    """A code of the catalogue, a message and a cure in the language, and nothing of the inside."""
    if case.status is not None:
        assert answer.status_code == case.status
    assert answer.headers["Content-Language"] == language
    told = list(complaints(answer.json()))
    assert case.code in {error["code"] for error in told}, answer.text
    for error in told:
        assert error["message"]
        assert error["code"] in CODES
        known = CODES[error["code"]]
        if not known.params:
            assert error["hint"] == text(error["code"], language).hint  # type: ignore[arg-type]
        assert error["hint"]
    assert not GIVES_AWAY.search(answer.text)


async def rows_of_all_tables(world: World) -> dict[str, int]:
    async with world.connect("superuser") as root:
        tables = await root.fetch(
            "select relname from pg_class"
            " where relnamespace = 'hub'::regnamespace and relkind in ('r', 'p')"
        )
        return {
            name: await root.fetchval(f'select count(*) from hub."{name}"') for (name,) in tables
        }


# A receipt says what became of a delivery that was refused: it, and its rows, are meant to be kept.
RECEIPTS = ("receipts", "receipt_rows")


def without_receipts(counted: dict[str, int]) -> dict[str, int]:
    return {name: rows for name, rows in counted.items() if name not in RECEIPTS}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def town(cluster: Cluster, anyio_backend: str) -> AsyncIterator[World]:
    """A world that no test of this file changes."""
    async with a_world(cluster) as made:
        await push(made.partner("corporatie-a"), [row("geheim-1", summary="Kanarie in de lift")])
        await push(made.partner("buurtwerk"), [row("eigen-1")])
        yield made


async def check(world: World, case: Case) -> None:
    before = await rows_of_all_tables(world)
    for language in ("nl", "en"):
        answer = await send(world, case, language)
        check_told(answer, case, language)
        assert "Kanarie" not in answer.text
    assert without_receipts(await rows_of_all_tables(world)) == without_receipts(before)


# ── Requests ─────────────────────────────────────────────────────────────────────────────────────


def bomb(levels: int) -> str:
    parts = [f"fragment F{n} on Me {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels)]
    return "\n".join([*parts, f"fragment F{levels} on Me {{ login }}", "{ me { ...F0 } }"])


def body(**content: Any) -> bytes:
    return json.dumps(content).encode()


REQUESTS = [
    Case("no token at all", "UNAUTHENTICATED", headers={"Authorization": ""}, status=401),
    Case("a token of another form", "UNAUTHENTICATED", token="hub_verzonnen", status=401),
    Case("another scheme", "UNAUTHENTICATED", headers={"Authorization": "Basic YTpi"}, status=401),
    Case(
        "a read-only token that mutates",
        "FORBIDDEN",
        query=REPORT,
        variables={
            "in": {
                "idempotencyKey": "sleutel-1",
                "wijk": "WK063711",
                "category": "NOISE",
                "seenAt": "2026-11-20T10:00:00Z",
            }
        },
        token="raad",
        status=403,
    ),
    Case("an unknown field", "GRAPHQL_VALIDATION_FAILED", query="{ me { burgerservicenummer } }"),
    Case("an unknown argument", "GRAPHQL_VALIDATION_FAILED", query="{ me(naam: 1) { login } }"),
    Case("no GraphQL", "GRAPHQL_PARSE_FAILED", query="{ me {"),
    Case("an empty document", "GRAPHQL_PARSE_FAILED", query=""),
    Case("malformed JSON", "BAD_JSON", body=b'{"query": "{ me', status=400),
    Case("a NaN", "BAD_JSON", body=b'{"query": "{ me { login } }", "variables": {"a": NaN}}'),
    Case("no UTF-8", "BAD_JSON", body=b'{"query": "{ me { login } } #\xff"}'),
    Case("a lone surrogate", "BAD_JSON", body=b'{"query": "{ me { login } } # \\ud800"}'),
    Case("nothing", "BAD_JSON", body=b""),
    Case("no object", "BAD_REQUEST", body=b'"query"', status=400),
    Case("no query", "BAD_REQUEST", body=body(variables={})),
    Case("variables that are a list", "BAD_REQUEST", body=body(query=ME, variables=[])),
    Case("a batch", "BATCH_NOT_SUPPORTED", body=json.dumps([{"query": ME}]).encode(), status=400),
    Case("a NUL in the document", "TEXT_UNREADABLE", query='{ wijk(code: "\\u0000") { name } }'),
    Case("a NUL in the query itself", "TEXT_UNREADABLE", query=ME + " # \x00"),
    Case("a NUL in a variable", "TEXT_UNREADABLE", query=WIJK, variables={"code": "WK\x00"}),
    Case("GET", "METHOD_NOT_ALLOWED", method="GET", body=b"", status=405),
    Case("a form", "UNSUPPORTED_MEDIA_TYPE", headers={"Content-Type": "text/plain"}, status=415),
    Case("compressed", "UNSUPPORTED_MEDIA_TYPE", headers={"Content-Encoding": "gzip"}),
    Case("a large body", "BODY_TOO_LARGE", query=ME + " " * 1_000_001, token="raad", status=413),
    Case("a larger body", "BODY_TOO_LARGE", body=b" " * 8_000_001, status=413),
    Case("a large query of a writer", "BODY_TOO_LARGE", query=ME + " " * 1_000_001, status=413),
    Case("many tokens", "TOO_MANY_TOKENS", query="{" + " me{login}" * 2_000 + "}"),
    Case(
        "many aliases",
        "TOO_MANY_ALIASES",
        query="{ me {" + "".join(f" a{n}: login" for n in range(31)) + " } }",
    ),
    Case(
        "many fields at the root",
        "TOO_MANY_ROOT_FIELDS",
        query="{" + "".join(f" a{n}: me {{ login }}" for n in range(21)) + "}",
    ),
    Case(
        "many directives",
        "TOO_MANY_DIRECTIVES",
        query="{ me { login " + "@skip(if: false) " * 51 + "} }",
    ),
    Case(
        "a number of very many digits",
        "GRAPHQL_VALIDATION_FAILED",
        query="{ wijken { signals(first: " + "9" * 6_000 + ") { total } } }",
    ),
    Case("a bomb of fragments", "TOO_MANY_FIELDS", query=bomb(60)),
    Case(
        "fragments in a circle",
        "GRAPHQL_VALIDATION_FAILED",
        query="{ me { ...A } } fragment A on Me { ...B } fragment B on Me { ...A }",
    ),
    Case(
        "a costly question",
        "QUERY_TOO_COSTLY",
        query="{ wijken { signals(first: 100) { nodes { history { nodes { at } } } } } }",
    ),
    Case("an operation that is not there", "UNKNOWN_OPERATION", operation="Weg"),
    Case(
        "two operations and no name",
        "UNKNOWN_OPERATION",
        query="query A { me { login } } query B { me { login } }",
    ),
    Case("a variable of another type", "BAD_VARIABLE", query=WIJK, variables={"code": 12}),
    Case("a missing variable", "BAD_VARIABLE", query="query($id: ID!) { node(id: $id) { id } }"),
    Case(
        "a number beyond 32 bits",
        "BAD_VARIABLE",
        query=WIJK,
        variables={"code": "WK063711", "year": 2**40},
    ),
]


def named(cases: list[Case]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


@named(REQUESTS)
async def test_a_request_that_cannot_be_served_is_told_what_helps(town: World, case: Case) -> None:
    await check(town, case)


async def test_a_question_that_goes_too_deep_is_told_so(town: World) -> None:
    deep = '{ wijk(code: "WK063711") { ' + "predecessors { " * 13 + "name" + " }" * 13 + " } }"
    case = Case("deep", "QUERY_TOO_DEEP", query=deep)
    await check(town, case)


# ── Values of arguments ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("wrong", ["2026-02-30", "gisteren"])
async def test_a_date_that_is_none_is_told_by_its_place(town: World, wrong: str) -> None:
    asked = [
        (operation("8a_matrix"), {"op": wrong}, ["op"]),
        (
            operation("3a_that_not_who"),
            reported(seenAt=wrong),
            ["in", "seenAt"],
        ),
    ]
    for query, variables, place in asked:
        body = await town.partner("wijkagent").answer(query, variables)
        [error] = body["errors"]
        assert error["extensions"]["code"] == "BAD_DATE"
        assert error["extensions"]["argument"] == place


def operation(name: str) -> str:
    return (ROOT / f"tests/contract/operations/{name}.graphql").read_text("utf-8")


def global_id(typename: str, uuid: str = "6d1f0a52-0000-4000-8000-000000000001") -> str:
    return base64.urlsafe_b64encode(f"{typename}:{uuid}".encode()).rstrip(b"=").decode()


OVERVIEW = """query($w: Period!) {
  wijk(code: "WK063711") { overview(week: $w) { week } } }"""
NODE = "query($id: ID!) { node(id: $id) { id } }"
BON = "query($id: ID!) { pushReceipt(id: $id) { id } }"

ARGUMENTS = [
    Case("an unknown wijk", "UNKNOWN_WIJK", WIJK, {"code": "WK999999"}),
    *(
        Case(f"the name {name!r} for a code", "NOT_A_WIJK_CODE", WIJK, {"code": name})
        for name in ("Oosterheem", "", "wk063711", "WK06371", "BU06371101", "GM0637")
    ),
    Case("a code of another year", "CODE_OF_ANOTHER_YEAR", WIJK, {"code": "WK063700"}),
    Case(
        "a year without the code",
        "CODE_NOT_OF_YEAR",
        'query($y: Int) { wijk(code: "WK063711", year: $y) { name } }',
        {"y": 1999},
    ),
    *(
        Case(f"first: {first} of {name}", "BAD_ARGUMENT", query, {"first": first})
        for name, query in (("signals", SIGNALS), ("feed", FEED))
        for first in (-1, 0, 101)
    ),
    *(
        Case(f"cursor {cursor[:12]!r} of {name}", "BAD_CURSOR", query, {"after": cursor})
        for name, query in (("signals", SIGNALS), ("feed", FEED))
        for cursor in ("kapot", "é", base64.b64encode(b"2026-11-20|x").decode(), "A" * 10_000)
    ),
    *(
        Case(f"the id {given[:12]!r}", "BAD_ID", query, {"id": given})
        for given in ("kapot", "é", "U2lnbmFs", global_id("Signal", "geen-uuid"))
        for query in (NODE, BON)
    ),
    Case("an id of another type", "BAD_ID", BON, {"id": global_id("Signal")}),
    Case("an impossible period", "BAD_PERIOD", OVERVIEW, {"w": "2026-W54"}),
    Case("a quarter for a week", "WEEK_EXPECTED", OVERVIEW, {"w": "2026-Q3"}),
    Case(
        "an impossible date",
        "BAD_DATE",
        "query($d: Date) { agreements(activeOn: $d) { nodes { id } } }",
        {"d": "2026-02-30"},
    ),
]


@named(ARGUMENTS)
async def test_an_argument_that_cannot_be_is_told_what_helps(town: World, case: Case) -> None:
    await check(town, case)


async def test_a_cursor_of_another_list_is_refused(town: World) -> None:
    feed = 'query { wijk(code: "WK063711") { feed(first: 1) { pageInfo { endCursor } } } }'
    cursor = (await town.partner("buurtwerk").ask(feed))["wijk"]["feed"]["pageInfo"]["endCursor"]
    assert cursor
    await check(town, Case("foreign", "BAD_CURSOR", SIGNALS, {"after": cursor}))


@pytest.mark.parametrize("typename", ["Signal", "Wijk", "Organisation", "Agreement", "PushReceipt"])
async def test_an_id_of_nothing_is_nothing(town: World, typename: str) -> None:
    answer = await town.partner("buurtwerk").answer(NODE, {"id": global_id(typename)})
    assert answer["data"] == {"node": None}


# ── Rows and records ─────────────────────────────────────────────────────────────────────────────


def pushed(*rows: Any, **delivery: Any) -> dict[str, Any]:
    given = {"dataset": "meldingen", "idempotencyKey": "sleutel-1", **delivery}
    return {"rows": list(rows), "delivery": given}


BAD_ROWS = {
    "an impossible date": (row(seenAt="2026-02-30T10:00:00+01:00"), "BAD_DATE"),
    "a naive time": (row(seenAt="2026-11-20T10:00:00"), "DATE_WITHOUT_OFFSET"),
    "tomorrow": (row(seenAt="2026-12-20T10:00:00Z"), "DATE_IN_FUTURE"),
    "the middle ages": (row(seenAt="1516-12-20T10:00:00Z"), "DATE_TOO_OLD"),
    "a year beyond time": (row(seenAt="9999-12-31T23:59:59-23:00"), "BAD_DATE"),
    "an unknown wijk": (row(wijk="WK999999"), "UNKNOWN_WIJK"),
    "a code of another year": (row(wijk="WK063700"), "CODE_OF_ANOTHER_YEAR"),
    "a wijk where it does not work": (row(wijk="WK063715"), "NOT_YOUR_WIJK"),
    "an unknown buurt": (row(buurt="Atlantis"), "UNKNOWN_BUURT"),
    "an unknown category": (row(category="OORLOG"), "UNKNOWN_VALUE"),
    "a missing field": ({"externalId": "a-1"}, "MISSING_FIELD"),
    "an unknown field": (row(bsn="1"), "UNKNOWN_FIELD"),
    "a number for a text": (row(summary=12), "BAD_VALUE"),
    "no row": ("rij", "BAD_VALUE"),
    "half a point": (row(lon=4.5), "POINT_INCOMPLETE"),
    "a point in the sea": (row(lon=3.0, lat=53.0), "POINT_OUTSIDE_WIJK"),
    "a NUL": (row(summary="a\x00b"), "TEXT_UNREADABLE"),
    "a NUL in a name": ({**row(), "a\x00": 1}, "UNKNOWN_FIELD"),
    "a control character": (row(summary="a\x07b"), "TEXT_UNREADABLE"),
    "a long text": (row(summary="a" * 2001), "TEXT_TOO_LONG"),
    "an empty id": (row(externalId=" "), "MISSING_FIELD"),
    **{
        f"a BSN in {name}": (row(**{name: f"bsn {BSN}"}), "PERSONAL_DATA")
        for name in ("externalId", "sourceVersion", "subcategory", "summary", "internalNote")
    },
}


@pytest.mark.parametrize("name", BAD_ROWS)
async def test_a_bad_row_is_named_and_nothing_is_stored(town: World, name: str) -> None:
    bad, code = BAD_ROWS[name]
    case = Case(name, code, PUSH, pushed(row("goed-1"), bad), status=200)
    await check(town, case)
    answer = (await send(town, case, "nl")).json()["data"]["pushSignals"]
    assert [error["code"] for error in answer["errors"]] == ["TOO_MANY_REJECTED"]
    [line] = answer["rows"]["nodes"]
    assert line["line"] == 2
    assert BSN not in json.dumps(answer)


DELIVERIES = {
    "too many rows": (pushed(*(row(f"r-{n}") for n in range(5_001))), "TOO_MANY_ROWS"),
    "a short key": (pushed(row(), idempotencyKey="kort"), "BAD_IDEMPOTENCY_KEY"),
    "a long key": (pushed(row(), idempotencyKey="k" * 201), "BAD_IDEMPOTENCY_KEY"),
    "a NUL in the key": (pushed(row(), idempotencyKey="sleutel-\x00"), "TEXT_UNREADABLE"),
    "a name that is none": (pushed(row(), dataset="Mijn Data"), "BAD_DATASET"),
    "the hub's own dataset": (pushed(row(), dataset="hub"), "BAD_DATASET"),
    "part 2 of 1": (pushed(row(), mode="SNAPSHOT", part=2), "BAD_PART"),
    "no parts": (pushed(row(), mode="SNAPSHOT", part=0, parts=0), "BAD_PART"),
    "less than nothing": (pushed(row(), maxRejected=-1), "BAD_DELIVERY"),
    "mayClose of no list": (pushed(row(), mayClose=1), "BAD_DELIVERY"),
    "an unknown mode": (pushed(row(), mode="ALLES"), "BAD_VARIABLE"),
    "an external id twice": (pushed(row(), row()), "DOUBLE_ROW"),
}


@pytest.mark.parametrize("name", DELIVERIES)
async def test_a_bad_delivery_is_refused_whole(town: World, name: str) -> None:
    variables, code = DELIVERIES[name]
    await check(town, Case(name, code, PUSH, variables))


def reported(**changes: Any) -> dict[str, Any]:
    given = {
        "idempotencyKey": "sleutel-1",
        "wijk": "WK063711",
        "category": "NOISE",
        "seenAt": "2026-11-20T10:00:00Z",
    }
    return {"in": {**given, **changes}}


REPORTS = {
    "an impossible date": (reported(seenAt="2026-02-30T10:00:00Z"), "BAD_DATE"),
    "a naive time": (reported(seenAt="2026-11-20T10:00:00"), "DATE_WITHOUT_OFFSET"),
    "an unknown wijk": (reported(wijk="WK999999"), "UNKNOWN_WIJK"),
    "a wijk of another type": (reported(wijk=global_id("Signal")), "UNKNOWN_WIJK"),
    "a code of another year": (reported(wijk="WK063700"), "CODE_OF_ANOTHER_YEAR"),
    "a BSN in the summary": (reported(summary=BSN), "PERSONAL_DATA"),
    "a BSN in the note": (reported(internalNote=BSN), "PERSONAL_DATA"),
    "a share with nobody": (
        reported(shareAt=[{"organisation": global_id("Organisation"), "precision": "WIJK"}]),
        "UNKNOWN_ORGANISATION",
    ),
    "a share with a broken id": (
        reported(shareAt=[{"organisation": "kapot", "precision": "WIJK"}]),
        "BAD_ID",
    ),
    "an unknown field": (reported(naam="x"), "BAD_VARIABLE"),
}


@pytest.mark.parametrize("name", REPORTS)
async def test_a_bad_report_stores_nothing(town: World, name: str) -> None:
    variables, code = REPORTS[name]
    await check(town, Case(name, code, REPORT, variables))


async def test_a_bsn_is_refused_in_every_text_of_a_change_a_withdrawal_and_an_agreement(
    town: World,
) -> None:
    own = 'query { wijk(code: "WK063711") { signals { nodes { id } } } }'
    [node] = (await town.partner("buurtwerk").ask(own))["wijk"]["signals"]["nodes"]
    for name in ("summary", "internalNote"):
        changed = {"in": {"id": node["id"], "version": 1, name: f"bsn {BSN}"}}
        await check(town, Case(name, "PERSONAL_DATA", UPDATE, changed))
    gone = {"in": {"id": node["id"], "version": 1, "reason": f"bsn {BSN}"}}
    await check(town, Case("reason", "PERSONAL_DATA", WITHDRAW, gone))


PROPOSE = """mutation($in: AgreementInput!) { proposeAgreement(input: $in) {
  agreement { id } errors { path code message hint } } }"""


@pytest.mark.parametrize("name", ["title", "purpose", "legalBasis", "contact", "dpia"])
async def test_a_bsn_is_refused_in_the_texts_of_an_agreement(town: World, name: str) -> None:
    organisations = (await town.partner("buurtwerk").ask("{ organisations { id name } }"))[
        "organisations"
    ]
    ids = {organisation["name"]: organisation["id"] for organisation in organisations}
    rule = {
        "provider": ids["Buurtwerk"],
        "receiver": ids["Gemeente Zoetermeer"],
        "wijken": ["WK063711"],
        "kind": "SIGNAL",
        "precision": "WIJK",
    }
    proposed = {
        "idempotencyKey": "voorstel-1",
        "title": "Proef",
        "purpose": "samen kijken",
        "legalBasis": "verzonnen",
        "from": "2026-11-01",
        "until": "2027-10-31",
        "contact": "loket",
        "rules": [rule],
        name: f"zie {BSN}",
    }
    await check(town, Case(name, "PERSONAL_DATA", PROPOSE, {"in": proposed}))


# ── Tokens that are no longer good ───────────────────────────────────────────────────────────────


async def refused_in_time(partner: Partner) -> None:
    async with asyncio.timeout(30):
        while (answer := await partner.post(ME)).status_code == 200:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert answer.status_code == 401
    [error] = answer.json()["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED" and error["extensions"]["hint"]


async def test_a_token_that_expired_is_seen_within_a_second(world: World) -> None:
    assert (await world.partner("buurtwerk").post(ME)).status_code == 200
    await world.set_now(NOW + timedelta(days=366))
    await refused_in_time(world.partner("buurtwerk"))


async def test_a_token_that_is_revoked_is_seen_within_a_second(world: World) -> None:
    assert (await world.partner("buurtwerk").post(ME)).status_code == 200
    async with world.owner() as owner, owner.administration() as session:
        revoke = "select id from hub.organisations where slug = 'buurtwerk'"
        async with world.connect("superuser") as root:
            organisation = await root.fetchval(revoke)
        assert await session.fetch("partner_revoke_tokens", "GM0637", organisation, "buurtwerk")
    await refused_in_time(world.partner("buurtwerk"))
    assert (await world.partner("corporatie-a").post(ME)).status_code == 200


# ── What stands beside something wrong ───────────────────────────────────────────────────────────


async def test_two_organisations_may_use_the_same_external_id(world: World) -> None:
    first = await push(world.partner("buurtwerk"), [row("nummer-1", summary="van ons")])
    second = await push(world.partner("corporatie-a"), [row("nummer-1", summary="van hen")])
    [ours], [theirs] = first["rows"]["nodes"], second["rows"]["nodes"]
    assert (ours["outcome"], theirs["outcome"]) == ("CREATED", "CREATED")
    assert ours["recordId"] != theirs["recordId"]
    own = 'query { wijk(code: "WK063711") { signals { nodes { summary } } } }'
    for token, summary in (("buurtwerk", "van ons"), ("corporatie-a", "van hen")):
        nodes = (await world.partner(token).ask(own))["wijk"]["signals"]["nodes"]
        assert [node["summary"] for node in nodes] == [summary]


async def test_of_several_mutations_the_good_ones_stay_when_one_is_refused(world: World) -> None:
    query = """mutation($a: ReportSignalInput!, $b: ReportSignalInput!, $c: ReportSignalInput!) {
      a: reportSignal(input: $a) { signal { summary } errors { path code message hint } }
      b: reportSignal(input: $b) { signal { summary } errors { path code message hint } }
      c: reportSignal(input: $c) { signal { summary } errors { path code message hint } } }"""
    variables = {
        "a": reported(idempotencyKey="sleutel-a", summary="eerste")["in"],
        "b": reported(idempotencyKey="sleutel-b", wijk="WK999999")["in"],
        "c": reported(idempotencyKey="sleutel-c", summary="derde")["in"],
    }
    data = await world.partner("buurtwerk").ask(query, variables)
    assert [data[name]["signal"] for name in "abc"] == [
        {"summary": "eerste"},
        None,
        {"summary": "derde"},
    ]
    assert [error["code"] for error in data["b"]["errors"]] == ["UNKNOWN_WIJK"]
    counted = await rows_of_all_tables(world)
    assert (counted["signals"], counted["idempotency_keys"], counted["history"]) == (2, 2, 2)


# ── Rows of any sort ─────────────────────────────────────────────────────────────────────────────

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.just("\x00"),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text("ab\x00", max_size=3), st.none(), max_size=2),
)
FIELDS = (
    *("sourceVersion", "wijk", "buurt", "lon", "lat", "category", "subcategory"),
    *("seenAt", "status", "summary", "internalNote"),
)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Any], int]:
    """Rows, good ones and ones with something odd in them, and how many may be rejected."""
    rows: list[Any] = []
    for number in range(draw(st.integers(1, 8))):
        given: Any = row(f"r-{number}")
        kind = draw(st.sampled_from(["good", "good", "odd", "lacks", "extra", "none"]))
        if kind == "odd":
            given[draw(st.sampled_from(FIELDS))] = draw(ODD)
        elif kind == "lacks":
            del given[draw(st.sampled_from(sorted(given)))]
        elif kind == "extra":
            given[draw(st.text("xyz\x00", min_size=1, max_size=4))] = draw(ODD)
        elif kind == "none":
            given = draw(ODD)
        rows.append(given)
    return rows, draw(st.integers(0, 4))


def judge(receipt: dict[str, Any], rows: list[Any], allowed: int) -> int:
    """Checks a receipt against what was sent; how many records it must have made."""
    lines = {line["line"]: line for line in receipt["rows"]["nodes"]}
    rejected = [line for line in lines.values() if line["outcome"] == "REJECTED"]
    for line in rejected:
        assert line["errors"] and rows[line["line"] - 1] != row(f"r-{line['line'] - 1}")
        assert all(error["code"] in CODES and error["hint"] for error in line["errors"])
    if len(rejected) > allowed:
        assert [error["code"] for error in receipt["errors"]] == ["TOO_MANY_REJECTED"]
        assert len(lines) == len(rejected)
        return 0
    assert receipt["errors"] == []
    assert sorted(lines) == list(range(1, len(rows) + 1))
    assert {line["outcome"] for line in lines.values()} <= {"CREATED", "REJECTED"}
    return len(rows) - len(rejected)


def test_of_any_rows_the_good_ones_are_stored_and_each_bad_one_is_named(cluster: Cluster) -> None:
    with asyncio.Runner() as runner:

        @asynccontextmanager
        async def one_world() -> AsyncIterator[World]:
            async with a_world(cluster) as made:
                yield made

        holder = one_world()
        world = runner.run(holder.__aenter__())
        numbers: Iterator[int] = iter(range(1_000_000))

        async def deliver(rows: list[Any], allowed: int) -> None:
            number = next(numbers)
            before = await rows_of_all_tables(world)
            receipt = await push(
                world.partner("buurtwerk"),
                rows,
                dataset=f"willekeurig-{number}",
                idempotencyKey=f"willekeurig-{number}",
                maxRejected=allowed,
            )
            made = judge(receipt, rows, allowed)
            after = await rows_of_all_tables(world)
            for name in ("signals", "history", "feed_items"):
                assert after[name] - before[name] == made
            if receipt["errors"]:
                assert without_receipts(after) == without_receipts(before)

        @settings(
            max_examples=60,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(deliveries())
        def holds(delivery: tuple[list[Any], int]) -> None:
            runner.run(deliver(*delivery))

        try:
            checked: Callable[[], None] = holds
            checked()
        finally:
            runner.run(holder.__aexit__(None, None, None))

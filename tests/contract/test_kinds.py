# SPDX-License-Identifier: EUPL-1.2
"""What holds for every kind of contribution in the registry, without knowing any of them.

Rows and queries are made from the schema, so a new kind is tested as soon as it is registered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)

from resolvers.kinds import EXTERNAL_ID, SOURCE_VERSION, Kind
from schema.build import build
from schema.contributions import CONTRIBUTIONS
from schema.parts import ContributionKind
from schema.texts import Language, label, learn
from sql.migrate import migrations
from sql.statements import statements
from tests.conftest import World
from tests.contract.writing import OOSTERHEEM, SEGHWAERT, WITHDRAW, new_key
from tests.partner import Partner

pytestmark = pytest.mark.anyio

OF_ITS_OWN = ("newest", "oldest", "by_id", "insert", "update", "edit")
OF_EVERY_KIND = (
    *("total", "lock", "touch", "close", "open", "delete", "owned", "sharing", "older"),
    "example",
)
"""Statements that a kind says itself, and those that it may."""
SAMPLES: dict[str, Any] = {
    "Boolean": True,
    "Date": "2026-11-20",
    "DateTime": "2026-11-20T21:15:00Z",
    "Int": 3,
    "String": "Iets om te onthouden",
}
MEASURES = {"een": "jeugdoverlast", "twee": "woonoverlast"}


def of_its_own(kind: str, external_id: str) -> dict[str, Any]:
    """What fields take where a sample of their type is not enough: codes that the gemeente knows,
    and of which each row has another.
    """
    if kind != "COUNT":
        return {}
    measure = MEASURES.get(external_id, "veiligheid")
    return {"measure": measure, "period": "2026-W48", "group": None}


AS_NUMBERS_ALONE = {"COUNT"}
"""The kinds that no agreement can show as records."""
NODE = "query($id: ID!) { node(id: $id) { id } }"
FEED = """query($wijk: String!) { wijk(code: $wijk) { feed {
  nodes { kind change recordId record { id } } } } }"""
HISTORY = """query($id: ID!) { node(id: $id) { ... on Contribution {
  version history { nodes { change } } } } }"""
PROPOSE = """mutation($in: AgreementInput!) { proposeAgreement(input: $in) {
  agreement { id version } errors { code } } }"""
ACCEPT = """mutation($in: AgreementDecisionInput!) { acceptAgreement(input: $in) {
  agreement { state } errors { code } } }"""


def the_schema() -> GraphQLSchema:
    schema: GraphQLSchema = build()._schema
    return schema


@dataclass(frozen=True)
class Subject:
    """A kind, with the names by which the schema speaks of it."""

    contribution: ContributionKind

    @property
    def kind(self) -> Kind:
        """How its records are written."""
        return self.contribution.kind

    @property
    def type(self) -> GraphQLObjectType:
        """The type of its records."""
        found = the_schema().type_map[self.contribution.typename]
        assert isinstance(found, GraphQLObjectType)
        return found

    @cached_property
    def push(self) -> tuple[str, GraphQLInputObjectType]:
        """The mutation that takes its rows, and the input of a row."""
        mutation = the_schema().mutation_type
        assert mutation is not None
        for name, field in mutation.fields.items():
            given = get_named_type(field.args["input"].type)
            rows = given.fields.get("rows") if isinstance(given, GraphQLInputObjectType) else None
            row = get_named_type(rows.type) if rows else None
            if (
                isinstance(row, GraphQLInputObjectType)
                and row.name == self.contribution.row_type.__name__
            ):
                return name, row
        raise LookupError(f"no mutation takes rows of {self.kind.name}")

    @cached_property
    def of_wijk(self) -> str:
        """The field of a wijk that lists its records."""
        wijk = the_schema().type_map["Wijk"]
        assert isinstance(wijk, GraphQLObjectType)
        for name, field in wijk.fields.items():
            connection = get_named_type(field.type)
            nodes = getattr(connection, "fields", {}).get("nodes")
            if nodes is not None and get_named_type(nodes.type) is self.type:
                return name
        raise LookupError(f"no field of Wijk lists {self.kind.name}")

    @cached_property
    def own_fields(self) -> dict[str, GraphQLField]:
        """The fields of its records that are values and stand in a delivered row."""
        _, row = self.push
        return {
            name: field
            for name, field in self.type.fields.items()
            if name in row.fields and is_leaf_type(get_named_type(field.type))
        }

    def row(self, external_id: str = "een", wijk: str = OOSTERHEEM) -> dict[str, Any]:
        """A row with a value in every field but point and buurt."""
        _, row = self.push
        given: dict[str, Any] = {}
        for name, field in row.fields.items():
            type_ = get_named_type(field.type)
            if isinstance(type_, GraphQLEnumType):
                given[name] = next(iter(type_.values))
            elif type_.name in SAMPLES:
                given[name] = SAMPLES[type_.name]
        del given["buurt"]
        place = {"wijken": [wijk]} if self.kind.several else {"wijk": wijk}
        given |= {"externalId": external_id, "sourceVersion": "1"} | place
        return given | of_its_own(self.kind.name, external_id)

    async def deliver(
        self, partner: Partner, rows: list[dict[str, Any]], **delivery: Any
    ) -> dict[str, Any]:
        """The receipt of a delivery."""
        mutation, row = self.push
        query = f"""mutation($delivery: Delivery!, $rows: [{row.name}!]!) {{
          {mutation}(input: {{ delivery: $delivery, rows: $rows }}) {{
            id replayed summary {{ outcome rows }} errors {{ code }}
            rows {{ nodes {{ outcome recordId errors {{ code }} }} }} }} }}"""
        given = {"dataset": "contract", "idempotencyKey": new_key(), **delivery}
        receipt: dict[str, Any] = (await partner.ask(query, {"delivery": given, "rows": rows}))[
            mutation
        ]
        return receipt

    async def create(self, partner: Partner, external_id: str = "een") -> str:
        """The id of a new record."""
        receipt = await self.deliver(partner, [self.row(external_id)])
        (made,) = receipt["rows"]["nodes"]
        assert made["outcome"] == "CREATED", receipt
        record: str = made["recordId"]
        return record

    async def listed(
        self, partner: Partner, fields: str = "id", wijk: str = OOSTERHEEM
    ) -> list[dict[str, Any]]:
        """The records of a wijk as a partner sees them, all of them counted."""
        query = f"query($wijk: String!) {{ wijk(code: $wijk) {{ {self.of_wijk} {{ total nodes {{ {fields} }} }} }} }}"  # noqa: E501 - one line of GraphQL
        page = (await partner.ask(query, {"wijk": wijk}))["wijk"][self.of_wijk]
        assert page["total"] == len(page["nodes"])
        nodes: list[dict[str, Any]] = page["nodes"]
        return nodes


KINDS = [each.kind for each in CONTRIBUTIONS]
SUBJECTS = [Subject(each) for each in CONTRIBUTIONS]


@pytest.fixture(params=SUBJECTS, ids=lambda subject: subject.kind.name)
def subject(request: pytest.FixtureRequest) -> Subject:
    """Each kind of the registry in turn."""
    found: Subject = request.param
    return found


async def organisation(partner: Partner) -> str:
    """The id of a partner's organisation."""
    found: str = (await partner.ask("{ me { organisation { id } } }"))["me"]["organisation"]["id"]
    return found


async def share(subject: Subject, provider: Partner, receiver: Partner, precision: str) -> None:
    """An agreement in force by which the receiver sees this kind in the wijk."""
    rule = {
        "provider": await organisation(provider),
        "receiver": await organisation(receiver),
        "wijken": [OOSTERHEEM],
        "kind": subject.kind.name,
        "precision": precision,
    }
    proposal = {
        "idempotencyKey": new_key(),
        "title": "Proef",
        "purpose": "proef",
        "legalBasis": "art. 6 AVG",
        "from": "2026-11-01",
        "until": "2026-12-31",
        "contact": "loket",
        "rules": [rule],
    }
    made = (await provider.ask(PROPOSE, {"in": proposal}))["proposeAgreement"]
    if subject.kind.name in AS_NUMBERS_ALONE and precision != "COUNT":
        assert made == {"agreement": None, "errors": [{"code": "COUNTS_ONLY"}]}
        pytest.skip("nobody can agree to show these as records")
    assert made["errors"] == []
    agreed = (await receiver.ask(ACCEPT, {"in": made["agreement"]}))["acceptAgreement"]
    assert agreed == {"agreement": {"state": "IN_FORCE"}, "errors": []}


# -- the places where a kind is made known


def test_the_kinds_of_the_api_are_those_of_the_registry() -> None:
    kinds = the_schema().type_map["Kind"]
    assert isinstance(kinds, GraphQLEnumType)
    assert list(kinds.values) == [kind.name for kind in KINDS]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_kind_has_words(subject: Subject, language: Language) -> None:
    assert label(f"kind.{subject.kind.name}", language) != subject.kind.name


def test_a_word_of_a_kind_that_has_words_already_is_refused(subject: Subject) -> None:
    with pytest.raises(ValueError, match=f"kind.{subject.kind.name}"):
        learn(subject.contribution.words)


async def test_the_database_knows_the_kinds_of_the_registry(world: World) -> None:
    async with world.connect("app") as app:
        rows = await app.fetch("select kind, table_name, several from hub.contribution_kinds")
    assert {tuple(row) for row in rows} == {(kind.name, kind.table, kind.several) for kind in KINDS}


def test_each_kind_has_one_call_in_the_migrations() -> None:
    text = "\n".join(migration.text for migration in migrations())
    made = re.findall(r"^select hub\.make_contribution\('(\w+)', '(\w+)'", text, re.MULTILINE)
    assert sorted(made) == sorted((kind.name, kind.table) for kind in KINDS)


def test_each_kind_has_its_own_statements_and_those_of_every_kind(subject: Subject) -> None:
    table = subject.kind.table
    found = {name: each for name, each in statements().items() if name.startswith(f"{table}_")}
    own = (*OF_ITS_OWN, "checks") if subject.kind.checked_in_database else OF_ITS_OWN
    assert set(found) == {f"{table}_{name}" for name in (*own, *OF_EVERY_KIND)}
    for name in own:
        assert found[f"{table}_{name}"].file == f"{table}.sql"
    for name in OF_EVERY_KIND:
        assert found[f"{table}_{name}"].file in ("every_kind.sql", f"{table}.sql")


def test_no_statement_file_is_left_of_a_kind_that_is_gone() -> None:
    folder = files("sql").joinpath("contributions")
    tables = {kind.table for kind in KINDS}
    assert {file.name.removesuffix(".sql") for file in folder.iterdir()} == tables


def test_a_row_has_the_columns_that_its_kind_writes(subject: Subject) -> None:
    _, row = subject.push
    columns = (EXTERNAL_ID, SOURCE_VERSION, *subject.kind.columns)
    place = {"wijken" if subject.kind.several else "wijk", "buurt"}
    assert set(row.fields) == {column.field for column in columns} | place


def test_a_change_has_the_columns_that_can_be_edited(subject: Subject) -> None:
    change = the_schema().type_map[f"Update{subject.contribution.typename}Input"]
    assert isinstance(change, GraphQLInputObjectType)
    fields = {column.name: column.field for column in subject.kind.columns}
    editable = {fields[name] for name in subject.kind.editable}
    assert set(change.fields) == editable | {"id", "version"}


async def test_the_rules_of_sharing_speak_of_every_field_of_a_row(
    subject: Subject, world: World
) -> None:
    async with world.connect("owner") as owner:
        known = await owner.fetch(
            "select unnest(columns) as name, is_text from hub.contribution_fields where kind = $1",
            subject.kind.name,
        )
    assert {column.name for column in subject.kind.columns} <= {each["name"] for each in known}
    free = {column.name for column in subject.kind.columns if column.free_text}
    assert {each["name"] for each in known if each["is_text"]} <= free


async def test_no_free_text_of_it_is_stored_of_police_and_enforcement(
    subject: Subject, world: World
) -> None:
    """The check of a row and the policies of the table say the same of each column."""
    async with world.connect("owner") as owner:
        rules = await owner.fetch(
            "select pg_get_expr(polwithcheck, polrelid) as rule from pg_policy"
            " where polrelid = ('hub.' || $1)::regclass and polname like 'codes_only_%'",
            subject.kind.table,
        )
    free = {column.name for column in subject.kind.columns if column.free_text}
    point = set(subject.kind.point or ())
    for row in rules:
        assert set(re.findall(r"\((\w+) IS NULL\)", row["rule"])) == free | point
    assert len(rules) == 2 or not free


async def test_what_is_the_owners_alone_is_out_of_reach_of_the_door(
    subject: Subject, world: World
) -> None:
    async with world.connect("owner") as owner:
        readable = await owner.fetch(
            "select c as name,"
            " has_column_privilege('hub_door', ('hub.' || $2)::regclass, c, 'select') as readable"
            " from hub.contribution_fields f cross join unnest(f.columns) c"
            " where f.kind = $1 and f.shown_from = 'OWN'",
            subject.kind.name,
            subject.kind.table,
        )
    assert readable
    assert [each["name"] for each in readable if each["readable"]] == []


# -- what a partner meets


async def test_a_delivered_record_is_read_back_whole_by_its_owner(
    subject: Subject, world: World
) -> None:
    buurtwerk = world.partner("buurtwerk")
    record = await subject.create(buurtwerk)
    given = subject.row()
    fields = " ".join(subject.own_fields)
    (seen,) = await subject.listed(buurtwerk, f"id version sourceId hidden {fields}")
    assert seen == {
        "id": record,
        "version": 1,
        "sourceId": "contract/een",
        "hidden": [],
        **{name: given[name] for name in subject.own_fields},
    }
    assert (await buurtwerk.ask(NODE, {"id": record}))["node"] == {"id": record}


async def test_what_is_not_shared_does_not_exist_for_another(
    subject: Subject, world: World
) -> None:
    record = await subject.create(world.partner("buurtwerk"))
    for other in ("handhaving", "corporatie-a", "wijkregisseur"):
        partner = world.partner(other)
        assert await subject.listed(partner) == []
        assert (await partner.ask(NODE, {"id": record}))["node"] is None
        feed = (await partner.ask(FEED, {"wijk": OOSTERHEEM}))["wijk"]["feed"]
        assert feed["nodes"] == []


async def test_what_is_shared_per_wijk_keeps_the_owners_fields_from_the_receiver(
    subject: Subject, world: World
) -> None:
    buurtwerk, handhaving = world.partner("buurtwerk"), world.partner("handhaving")
    await share(subject, buurtwerk, handhaving, "WIJK")
    record = await subject.create(buurtwerk)
    (seen,) = await subject.listed(
        handhaving, "id precision version sourceId hidden place { lon buurt { id } }"
    )
    assert seen.pop("hidden")
    assert seen == {
        "id": record,
        "precision": "WIJK",
        "version": None,
        "sourceId": None,
        "place": {"lon": None, "buurt": None},
    }
    texts = [column.field for column in subject.kind.columns if column.free_text]
    (words,) = await subject.listed(handhaving, " ".join(["id", *texts]))
    assert words == {"id": record, **dict.fromkeys(texts)}


async def test_ones_own_records_are_in_ones_own_slice_and_nowhere_else(
    subject: Subject, world: World
) -> None:
    buurtwerk, handhaving = world.partner("buurtwerk"), world.partner("handhaving")
    await share(subject, buurtwerk, handhaving, "EXACT")
    record = await subject.create(buurtwerk)
    fields = " ".join(["id version sourceId place { label lon }", *subject.own_fields])
    query = f"{{ mySlice {{ {subject.of_wijk} {{ total nodes {{ {fields} }} }} }} }}"
    mine = (await buurtwerk.ask(query))["mySlice"][subject.of_wijk]
    assert mine == {"total": 1, "nodes": await subject.listed(buurtwerk, fields)}
    assert mine["nodes"][0]["id"] == record
    theirs = (await handhaving.ask(query))["mySlice"][subject.of_wijk]
    assert theirs == {"total": 0, "nodes": []}


@pytest.mark.parametrize("precision", ["WIJK", "BUURT", "EXACT"])
async def test_an_owner_sees_its_records_as_the_receiver_gets_them(
    subject: Subject, world: World, precision: str
) -> None:
    buurtwerk, handhaving = world.partner("buurtwerk"), world.partner("handhaving")
    await share(subject, buurtwerk, handhaving, precision)
    await subject.create(buurtwerk)
    fields = " ".join(
        [
            "id owner { name } wijk { code } place { label precision lon lat buurt { name } }",
            "precision hidden agreement { title } recordedOn closedOn invented sourceId version",
            "history { nodes { change } }",
            *subject.own_fields,
        ]
    )
    query = f"""query($id: ID!) {{ mySlice {{ asSeenBy(organisation: $id) {{
      {subject.of_wijk} {{ total nodes {{ {fields} }} }} }} }} }}"""
    asked = {"id": await organisation(handhaving)}
    view = (await buurtwerk.ask(query, asked))["mySlice"]["asSeenBy"][subject.of_wijk]
    assert view == {"total": 1, "nodes": await subject.listed(handhaving, fields)}


async def test_what_may_only_be_counted_is_not_seen(subject: Subject, world: World) -> None:
    buurtwerk, handhaving = world.partner("buurtwerk"), world.partner("handhaving")
    await share(subject, buurtwerk, handhaving, "COUNT")
    record = await subject.create(buurtwerk)
    assert await subject.listed(handhaving) == []
    assert (await handhaving.ask(NODE, {"id": record}))["node"] is None


async def test_the_same_delivery_again_changes_nothing(subject: Subject, world: World) -> None:
    buurtwerk = world.partner("buurtwerk")
    key = new_key()
    first = await subject.deliver(buurtwerk, [subject.row()], idempotencyKey=key)
    again = await subject.deliver(buurtwerk, [subject.row()], idempotencyKey=key)
    assert again == {**first, "replayed": True}
    anew = await subject.deliver(buurtwerk, [subject.row()])
    assert anew["summary"] == [{"outcome": "UNCHANGED", "rows": 1}]
    assert len(await subject.listed(buurtwerk)) == 1


async def test_a_full_list_closes_what_it_leaves_out(subject: Subject, world: World) -> None:
    buurtwerk = world.partner("buurtwerk")
    await subject.create(buurtwerk, "een")
    second = subject.row("twee", SEGHWAERT)
    await subject.deliver(buurtwerk, [second])
    receipt = await subject.deliver(buurtwerk, [second], mode="SNAPSHOT")
    assert receipt["summary"] == [
        {"outcome": "UNCHANGED", "rows": 1},
        {"outcome": "CLOSED", "rows": 1},
    ]
    for wijk, closed in ((OOSTERHEEM, "2026-11-23"), (SEGHWAERT, None)):
        (seen,) = await subject.listed(buurtwerk, "closedOn", wijk)
        assert seen == {"closedOn": closed}


async def test_history_and_feed_tell_the_owner_what_happened(
    subject: Subject, world: World
) -> None:
    buurtwerk = world.partner("buurtwerk")
    record = await subject.create(buurtwerk)
    seen = (await buurtwerk.ask(HISTORY, {"id": record}))["node"]
    assert seen == {"version": 1, "history": {"nodes": [{"change": "CREATED"}]}}
    feed = (await buurtwerk.ask(FEED, {"wijk": OOSTERHEEM}))["wijk"]["feed"]["nodes"]
    item = {"kind": subject.kind.name, "change": "CREATED", "recordId": record}
    assert feed == [{**item, "record": {"id": record}}]


async def test_a_withdrawn_record_is_gone_and_the_feed_says_so(
    subject: Subject, world: World
) -> None:
    buurtwerk = world.partner("buurtwerk")
    record = await subject.create(buurtwerk)
    given = {"id": record, "version": 1, "reason": "Dubbel"}
    done = await buurtwerk.ask(WITHDRAW, {"in": given})
    assert done["withdraw"] == {"id": record, "errors": []}
    assert await subject.listed(buurtwerk) == []
    assert (await buurtwerk.ask(NODE, {"id": record}))["node"] is None
    feed = (await buurtwerk.ask(FEED, {"wijk": OOSTERHEEM}))["wijk"]["feed"]["nodes"]
    assert feed[-1] == {
        "kind": subject.kind.name,
        "change": "WITHDRAWN",
        "recordId": record,
        "record": None,
    }


async def test_nobody_withdraws_the_record_of_another(subject: Subject, world: World) -> None:
    buurtwerk, handhaving = world.partner("buurtwerk"), world.partner("handhaving")
    record = await subject.create(buurtwerk)
    given = {"id": record, "version": 1, "reason": "Weg ermee"}
    done = (await handhaving.ask(WITHDRAW, {"in": given}))["withdraw"]
    assert (done["id"], [error["code"] for error in done["errors"]]) == (None, ["NOT_FOUND"])
    assert len(await subject.listed(buurtwerk)) == 1

# SPDX-License-Identifier: EUPL-1.2
"""A file as a delivery: the receipt of every delivery, a mapping that is remembered, and the rules
that hold for every row, whoever delivers it.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from schema.build import build
from schema.contributions import CONTRIBUTIONS
from schema.parts import ContributionKind
from schema.sheets import sheet_fields
from schema.texts import text
from tests.conftest import World
from tests.sheets.files import (
    GOOD,
    UPLOAD,
    codes,
    csv_file,
    excel_file,
    form,
    outcomes,
    post_form,
    rejected,
    upload,
)

pytestmark = pytest.mark.anyio

OPERATION = Path(__file__).parents[1] / "contract/operations/2c_sheet.graphql"
OWN_HEADER = ("Zaak", "Wijk", "Soort", "Datum melding", "Stand", "Collega")
OWN_MAPPING = {
    "Zaak": "externalId", "Wijk": "wijk", "Soort": "category", "datum  MELDING": "seenAt",
    "Stand": "status", "Collega": None,
}  # fmt: skip


async def records(world: World) -> int:
    """How many signals there are."""
    async with world.connect("superuser") as root:
        found: int = await root.fetchval("select count(*) from hub.signals")
        return found


async def mappings(world: World) -> list[Any]:
    """Every mapping that is kept: owner, dataset, kind."""
    async with world.connect("superuser") as root:
        return await root.fetch(
            "select o.slug, m.dataset, m.kind from hub.sheet_mappings m"
            " join hub.organisations o on o.id = m.owner order by 1, 2, 3"
        )


# -- the receipt


async def test_the_contract_operation_answers_with_the_receipt(world: World) -> None:
    given = {
        "file": None, "dataset": "blad", "kind": "SIGNAL", "idempotencyKey": "contract-2c-1",
    }  # fmt: skip
    bad = ("A-2", "WK063711", "lawaai", *GOOD[3:])
    parts = form(OPERATION.read_text(), {"in": given}, csv_file([GOOD, bad]))
    answer = await post_form(world.partner("buurtwerk"), parts)
    assert answer.status_code == 200
    receipt = answer.json()["data"]["uploadSheet"]
    assert receipt["dryRun"] is True
    assert outcomes(receipt) == {"CREATED": 1, "REJECTED": 1}
    (row,) = receipt["rows"]["nodes"]
    assert row["line"] == 3
    assert "geluid" in row["errors"][0]["hint"]
    assert receipt["errors"] == []


async def test_what_is_wrong_with_a_value_is_told_by_its_cell_too(world: World) -> None:
    rows = [
        GOOD,
        ("A-2", *GOOD[1:5], "BSN 123456782"),
        ("A-3", "Nergens", *GOOD[2:]),
        ("A-4", *GOOD[1:3], "22-11-2027", *GOOD[4:]),
        ("A-5", *GOOD[1:5], "Bel 06-12345678"),
    ]
    for file in (csv_file(rows), excel_file(rows)):
        receipt = await upload(world.partner("buurtwerk"), file)
        told = {
            row["externalId"]: [(error["code"], error["message"]) for error in row["errors"]]
            for row in receipt["rows"]["nodes"]
        }
        assert told == {
            "A-1": [],
            "A-2": [("PERSONAL_DATA", f"Cel F3: {message('PERSONAL_DATA', kind='BSN')}")],
            "A-3": [("UNKNOWN_WIJK", f"Cel B4: {message('UNKNOWN_WIJK', code='Nergens')}")],
            "A-4": [("DATE_IN_FUTURE", f"Cel D5: {message('DATE_IN_FUTURE')}")],
            "A-5": [
                (
                    "PERSONAL_DATA_WARNING",
                    f"Cel F6: {message('PERSONAL_DATA_WARNING', kind='PHONE')}",
                )
            ],
        }


def message(code: str, /, **params: str) -> str:
    return text(code, "nl", **params).message


async def test_unless_told_otherwise_an_upload_only_says_what_would_happen(world: World) -> None:
    receipt = await upload(world.partner("buurtwerk"), csv_file([GOOD]))
    assert (receipt["dryRun"], outcomes(receipt)) == (True, {"CREATED": 1})
    assert await records(world) == 0


async def test_the_same_rows_under_the_same_key_happen_once_in_whatever_file(world: World) -> None:
    partner, key = world.partner("buurtwerk"), {"idempotencyKey": "once-and-only-once"}
    first = await upload(partner, csv_file([GOOD]), dryRun=False, **key)
    again = await upload(partner, excel_file([GOOD]), dryRun=False, **key)
    assert (first["replayed"], again["replayed"], again["id"]) == (False, True, first["id"])
    other = await upload(partner, csv_file([("A-2", *GOOD[1:])]), dryRun=False, **key)
    assert codes(other) == ["IDEMPOTENCY_KEY_REUSED"]
    assert await records(world) == 1


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"dataset": "Met Spaties"}, "BAD_DATASET", ["input", "dataset"]),
        ({"dataset": "hub"}, "BAD_DATASET", ["input", "dataset"]),
        ({"idempotencyKey": "kort"}, "BAD_IDEMPOTENCY_KEY", ["input", "idempotencyKey"]),
        ({"mapping": ["a"]}, "BAD_MAPPING", ["input", "mapping"]),
        ({"mapping": {"Kleur": "status"}}, "BAD_MAPPING", ["input", "mapping"]),
        ({"mapping": {"Status": "kleur"}}, "BAD_MAPPING", ["input", "mapping"]),
        ({"mapping": {"Status": 3}}, "BAD_MAPPING", ["input", "mapping"]),
        ({"mapping": {"Status": []}}, "BAD_MAPPING", ["input", "mapping"]),
        ({"mapping": {"Status": {"a": 1}}}, "BAD_MAPPING", ["input", "mapping"]),
    ],
)
async def test_what_is_wrong_with_the_upload_as_a_whole_is_told_by_its_place(
    world: World, given: dict[str, Any], code: str, path: list[str]
) -> None:
    receipt = await upload(world.partner("buurtwerk"), csv_file([GOOD]), **given)
    (error,) = receipt["errors"]
    assert (error["code"], error["path"], receipt["id"]) == (code, path, None)
    assert await mappings(world) == []


async def test_a_dataset_of_another_kind_takes_no_sheet_of_this_one(world: World) -> None:
    partner = world.partner("buurtwerk")
    await upload(partner, csv_file([GOOD]), dryRun=False)
    header = ("Nummer", "Wijkcode", "Categorie", "Datum")
    file = csv_file([("B-1", "WK063711", "zorg", "22-11-2026")], header=header)
    receipt = await upload(partner, file, kind="POLICE_NOTICE", dryRun=False)
    assert codes(receipt) == ["DATASET_OF_OTHER_KIND"]
    assert "melding" in receipt["errors"][0]["message"]


async def test_a_token_that_may_only_read_uploads_nothing(world: World) -> None:
    parts = form(UPLOAD, {"in": {"file": None}}, csv_file([GOOD]))
    answer = await post_form(world.partner("raad"), parts)
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_file_does_not_come_in_as_json(world: World) -> None:
    given = {
        "file": "Zm9v", "dataset": "blad", "kind": "SIGNAL", "idempotencyKey": "as-json-1",
    }  # fmt: skip
    answer = await world.partner("buurtwerk").answer(UPLOAD, {"in": given})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UPLOAD_EXPECTED"]


# -- the mapping


async def test_a_mapping_is_remembered_of_the_same_owner_dataset_and_kind(world: World) -> None:
    partner, file = world.partner("buurtwerk"), csv_file([GOOD], header=OWN_HEADER)
    assert codes(await upload(partner, file)) == ["SHEET_COLUMNS_MISSING"]

    given = await upload(partner, file, mapping=OWN_MAPPING)
    assert (codes(given), outcomes(given)) == ([], {"CREATED": 1})
    again = await upload(partner, file)
    assert (codes(again), outcomes(again)) == (["MAPPING_REMEMBERED"], {"CREATED": 1})

    assert codes(await upload(partner, file, dataset="ander")) == ["SHEET_COLUMNS_MISSING"]
    other = world.partner("corporatie-a")
    assert codes(await upload(other, file)) == ["SHEET_COLUMNS_MISSING"]
    assert [tuple(row) for row in await mappings(world)] == [("buurtwerk", "blad", "SIGNAL")]


async def test_a_new_mapping_replaces_the_one_before_and_an_empty_one_forgets_it(
    world: World,
) -> None:
    partner, file = world.partner("buurtwerk"), csv_file([GOOD], header=OWN_HEADER)
    await upload(partner, file, mapping=OWN_MAPPING)
    changed = await upload(partner, csv_file([GOOD]), mapping={"Samenvatting": None})
    assert (codes(changed), outcomes(changed)) == ([], {"CREATED": 1})
    assert codes(await upload(partner, csv_file([GOOD]))) == ["MAPPING_REMEMBERED"]
    await upload(partner, csv_file([GOOD]), mapping={})
    assert codes(await upload(partner, csv_file([GOOD]))) == []


async def test_a_mapping_goes_before_the_names_that_the_hub_knows(world: World) -> None:
    header = ("Nummer", "Wijkcode", "Categorie", "Gezien op", "Ingevoerd", "Status")
    row = (*GOOD[:3], "1-1-2026", GOOD[3], "nieuw")
    receipt = await upload(
        world.partner("buurtwerk"), csv_file([row], header=header),
        mapping={"Ingevoerd": "seenAt", "Gezien op": None},
    )  # fmt: skip
    assert (codes(receipt), outcomes(receipt)) == ([], {"CREATED": 1})


async def test_the_name_of_a_column_with_personal_data_is_not_kept(world: World) -> None:
    header = ("Nummer", "Wijkcode", "Categorie", "Gezien op", "Status", "bel 06-12345678")
    file = csv_file([GOOD], header=header)
    receipt = await upload(world.partner("buurtwerk"), file, mapping={"bel 06-12345678": "summary"})
    assert codes(receipt) == ["PERSONAL_DATA"]
    assert await mappings(world) == []


# -- police and enforcement

STRICT = ("Nummer", "Wijkcode", "Categorie", "Gezien op", "Status")


@pytest.mark.parametrize("who", ["wijkagent", "handhaving"])
async def test_of_police_and_enforcement_no_text_no_point_and_no_mapping_is_kept(
    world: World, who: str
) -> None:
    partner = world.partner(who)
    header = (*STRICT, "Samenvatting", "lon", "lat")
    texts = csv_file([(*GOOD, "", ""), (*GOOD[:5], "", "4,53", "52,06")], header=header)
    receipt = await upload(partner, texts)
    assert rejected(receipt)[2] == [("summary", "FREE_TEXT_NOT_ALLOWED")]
    assert ("lon", "POINT_NOT_ALLOWED") in rejected(receipt)[3]

    names = ("Nummer", "Wijkcode", "Categorie", "Gezien op", "Hoe ver")
    file = csv_file([GOOD[:5]], header=names)
    said = await upload(partner, file, mapping={"Hoe ver": "status"}, dryRun=False)
    assert outcomes(said) == {"CREATED": 1}
    assert await mappings(world) == []
    assert codes(await upload(partner, file)) == ["SHEET_COLUMNS_MISSING"]
    async with world.connect("superuser") as root:
        stored = await root.fetchrow("select seen_at::text, summary, lon from hub.signals")
        receipts = str(await root.fetch("select * from hub.receipts"))
    assert "11:00:00+00" in stored["seen_at"]  # noon of that day
    assert (stored["summary"], stored["lon"]) == (None, None)
    assert "Hoe ver" not in receipts


async def test_personal_data_in_a_cell_is_refused_as_in_a_push(world: World) -> None:
    row = (*GOOD[:5], "van 111222333, zie het dossier")
    receipt = await upload(world.partner("buurtwerk"), csv_file([row]))
    assert rejected(receipt) == {2: [("summary", "PERSONAL_DATA")]}
    assert "111222333" not in str(receipt)


# -- templates

SENDERS = {"ENFORCEMENT_ACTION": "handhaving", "POLICE_NOTICE": "wijkagent"}


async def fetch(world: World, path: str) -> httpx.Response:
    """What somebody without a token gets."""
    transport = httpx.ASGITransport(app=world.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        return await client.get(path)


async def template(world: World, kind: str, format_: str) -> Any:
    """A template as somebody without a token gets it."""
    return await fetch(world, f"/sheets/template/{kind.lower()}.{format_}")


def examples(workbook: bytes) -> dict[str, str]:
    """The example of each column, from the sheet that explains them."""
    guide = load_workbook(io.BytesIO(workbook))["Uitleg"]
    header, *rows = guide.iter_rows(values_only=True)
    assert header == ("Kolom", "Verplicht", "Wat", "Keuze", "Voorbeeld")
    assert all(about for _, _, about, _, _ in rows)
    return {column: example for column, _, _, _, example in rows}


@pytest.mark.parametrize("contribution", CONTRIBUTIONS, ids=lambda each: each.kind.name)
async def test_a_template_that_is_filled_in_with_its_own_examples_is_taken(
    world: World, contribution: ContributionKind
) -> None:
    kind = contribution.kind.name
    excel = (await template(world, kind, "xlsx")).content
    told = examples(excel)
    partner = world.partner(SENDERS.get(kind, "buurtwerk"))

    book = load_workbook(io.BytesIO(excel))
    columns = [cell.value for cell in book.worksheets[0][1]]
    book.worksheets[0].append([told[column] for column in columns])
    filled = io.BytesIO()
    book.save(filled)
    receipt = await upload(partner, filled.getvalue(), kind=kind, dryRun=False)
    assert (codes(receipt), outcomes(receipt)) == ([], {"CREATED": 1}), receipt

    text = (await template(world, kind, "csv")).content
    row = ";".join(told[column] for column in columns)
    again = await upload(partner, text + row.encode(), kind=kind, dryRun=False)
    assert (codes(again), outcomes(again)) == ([], {"UNCHANGED": 1})


@pytest.mark.parametrize("contribution", CONTRIBUTIONS, ids=lambda each: each.kind.name)
async def test_a_template_needs_no_token_and_is_a_download(
    world: World, contribution: ContributionKind
) -> None:
    name = contribution.kind.name.lower()
    for format_ in ("csv", "xlsx"):
        answer = await template(world, name, format_)
        assert answer.status_code == 200
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}.{format_}"'
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["nothing.csv", "signal.ods", "signal.csv.exe", "..%2f.csv"])
async def test_there_is_no_template_of_anything_else(world: World, name: str) -> None:
    assert (await fetch(world, f"/sheets/template/{name}")).status_code == 404


def test_every_column_of_a_template_has_a_name_in_dutch() -> None:
    for contribution in CONTRIBUTIONS:
        for field in sheet_fields(build()._schema, contribution):
            assert field.title != field.name, (
                f"{contribution.kind.name}.{field.name}: give it a label"
                f' "field.{contribution.kind.name}.{field.name}" among the words of the kind'
            )


def test_the_names_of_columns_of_one_kind_differ() -> None:
    for contribution in CONTRIBUTIONS:
        fields = sheet_fields(build()._schema, contribution)
        names = [name for field in fields for name in field.names]
        assert len(names) == len(set(names)), contribution.kind.name
        for field in fields:
            words = {word for _, word in field.values}
            assert len(words) == len(field.values), f"{field.name}: two values have one word"

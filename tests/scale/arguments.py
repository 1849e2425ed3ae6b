# SPDX-License-Identifier: EUPL-1.2
"""With what each named statement of the serving role is run to see its plan: the values of a
partner of the world, as the API gives them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from schema.contributions import CONTRIBUTIONS
from tests.scale.fill import Connection
from tests.scale.world import NOW, Gemeente

Arguments = tuple[Any, ...]

ELSEWHERE = {
    "agreement_add_rule": "a line of values that is inserted",
    "agreement_decide": "compiles an agreement, which all of its slices are read for",
    "partners_so_named": "for an administrator, who adds a partner: the partners of a gemeente",
    "partner_onboard": "for an administrator, who adds a partner: lines of values",
    "offboard": "for an administrator, once per partner, and over all that it has",
    "processing_activity_register": "for a privacy officer: a line of values that is inserted",
    "processing_activity_assign": "for a privacy officer: a line of values that is inserted",
    "fold_reads": "every second, for all gemeenten: what was read since, and nothing else",
    "daily_numbers_due": "once a day, and over the agreements of all gemeenten",
}
"""Statements of the serving role that are not looked at, and why. Those of the catalogue
(`catalog_…`) ask PostgreSQL's own tables.
"""

UNKNOWN = UUID(int=1)
TODAY = NOW.date()
LONG_AGO = NOW - timedelta(days=300)
NONE_OF_FILTER = (None,) * 8
"""Owner, categories, statuses, buurt, two days, closed, words: a page that asks for nothing."""


@dataclass(frozen=True, slots=True)
class Own:
    """What a partner has of a kind: its dataset, and some of its records."""

    dataset: str
    ids: list[UUID]
    external_ids: list[str]
    after: tuple[date, UUID]


@dataclass(frozen=True, slots=True)
class Known:
    """What a partner can name."""

    gemeente: Gemeente
    asker: UUID
    others: list[UUID]
    own: dict[str, Own]
    receipts: list[UUID]
    agreement: UUID
    agreed_at: datetime

    @property
    def wijken(self) -> list[UUID]:
        """Every wijk of the gemeente."""
        return [wijk.id for wijk in self.gemeente.wijken]

    @property
    def buurten(self) -> list[UUID]:
        """Every buurt."""
        return [id_ for wijk in self.gemeente.wijken for id_, _ in wijk.buurten]


async def known_to(root: Connection, gemeente: Gemeente, partner: str) -> Known:
    """What a partner of a filled gemeente can name."""
    asker, code = gemeente.organisation(partner), gemeente.code
    own = {}
    for table, day in await root.fetch("select table_name, day_column from hub.contribution_kinds"):
        rows = await root.fetch(
            f"select id, dataset, external_id, {day} as day from hub.{table}"
            f" where gemeente = $1 and owner = $2 order by {day} desc, id desc limit 40",
            code, asker,
        )  # fmt: skip
        dataset = rows[0]["dataset"] if rows else f"nieuw-{table.replace('_', '-')}"
        ids = [row["id"] for row in rows] or [UNKNOWN]
        last = (rows[-1]["day"], rows[-1]["id"]) if rows else (TODAY, UNKNOWN)
        names = [row["external_id"] for row in rows] or ["onbekend"]
        own[table] = Own(dataset, ids, names, last)
    others = await root.fetch(
        "select id from hub.organisations where gemeente = $1 and id <> $2 order by slug",
        code,
        asker,
    )
    receipts = await root.fetch(
        "select id from hub.receipts where gemeente = $1 and owner = $2 order by at desc limit 3",
        code, asker,
    )  # fmt: skip
    agreement = await root.fetchrow(
        "select id, proposed_at from hub.agreements where gemeente = $1", code
    )
    assert agreement is not None
    return Known(
        gemeente, asker, [row["id"] for row in others], own, [row["id"] for row in receipts],
        agreement["id"], agreement["proposed_at"],
    )  # fmt: skip


def arguments_of(known: Known) -> dict[str, list[Arguments]]:
    """By statement, with what it is run: once or several times."""
    found: dict[str, list[Arguments]] = {}
    for each in CONTRIBUTIONS:
        found |= _of_kind(known, each.kind.table)
    for some in (_of_agreements, _of_wijken, _of_ledger, _of_explanation, _of_writing, _of_others):
        found |= some(known)
    return found


def _of_kind(known: Known, table: str) -> dict[str, list[Arguments]]:
    own, wijken = known.own[table], known.wijken
    first, ids = own.ids[0], own.ids
    kind = next(each.kind for each in CONTRIBUTIONS if each.kind.table == table)
    page = (None, None, 5)
    return {
        f"{table}_newest": [
            (wijken, *NONE_OF_FILTER, *page),
            (wijken[:1], *NONE_OF_FILTER, *own.after, 100),
            (wijken[:1], known.others[0], *NONE_OF_FILTER[1:], None, None, 100),
            (wijken[:1], known.asker, *NONE_OF_FILTER[1:], *own.after, 100),
            (wijken[:1], None, ["NOISE", "GREEN"], *NONE_OF_FILTER[2:], None, None, 100),
        ],
        f"{table}_oldest": [
            (wijken, *NONE_OF_FILTER, *page),
            (wijken[:1], *NONE_OF_FILTER, *own.after, 100),
        ],
        f"{table}_total": [
            (wijken[:1], *NONE_OF_FILTER),
            (wijken[:1], *NONE_OF_FILTER[:-1], "plein"),
        ],
        f"{table}_by_id": [(ids,)],
        f"{table}_example": [([],)],
        f"own_{table}": [([known.asker], *NONE_OF_FILTER, *own.after, 50)],
        f"own_{table}_total": [([known.asker], *NONE_OF_FILTER)],
        f"seen_{table}": [(known.others[:1], *own.after, 50)],
        f"seen_{table}_total": [(known.others[:1],)],
        f"{table}_lock": [(own.dataset, own.external_ids)],
        f"{table}_touch": [(ids, [None] * len(ids), [False] * len(ids))],
        f"{table}_close": [("nergens", "sleutel-1")],
        f"{table}_open": [("nergens",)],
        f"{table}_edit": [(first, 1, [], *[None] * len(kind.editable))],
        f"{table}_delete": [(first, 1)],
        f"{table}_owned": [(first,)],
        f"{table}_sharing": [(first,)],
        f"{table}_older": [(wijken, None, known.others[0], TODAY, 365)],
    }


def _of_agreements(known: Known) -> dict[str, list[Arguments]]:
    one, key = known.agreement, f"{known.agreement}/1"
    rules = [{
        "provider": str(known.asker), "receiver": str(known.others[0]),
        "wijken": [str(wijk) for wijk in known.wijken], "kind": "SIGNAL", "category": None,
        "precision": "BUURT", "includes_past": True,
    }]  # fmt: skip
    by_key = (
        "agreement_versions_by_key newer_version_of_agreements rules_of_agreements"
        " parties_of_agreements controllers_of_agreements decisions_of_agreements"
        " accepted_by_of_agreements waiting_for_of_agreements"
    )
    return {name: [([key],)] for name in by_key.split()} | {
        "agreements_by_id": [([one],)],
        "versions_of_agreements": [([one],)],
        "agreements_of_asker": [(None, None, None, 50)],
        "agreements_with_receivers": [(known.others,)],
        "agreements_total": [(None,)],
        "agreements_published": [()],
        "wijken_of_rules": [([f"{key}/{number}" for number in range(1, 6)],)],
        "agreements_open": [()],
        "rules_forgetting_past": [(rules, TODAY, one)],
        "rules_shown_already": [(rules, None)],
        "rules_reaching_back": [(rules, TODAY)],
        "agreements_not_in_force": [([one], [1])],
        "listable_fields": [("SIGNAL",)],
        "agreement_propose": [(
            UNKNOWN, *["x"] * 4, None, None, None, None, None, False, TODAY, TODAY,
            [known.asker, known.others[0]], [], [], [],
        )],
        "try_agreement": [(
            {"valid_from": str(TODAY), "valid_until": str(TODAY), "parties": []}, [], one
        )],
    }  # fmt: skip


def _of_wijken(known: Known) -> dict[str, list[Arguments]]:
    gemeente, wijken = known.gemeente, known.wijken
    week, before = "2026-W47", "2026-W46"
    by_id = (
        "wijken_by_id codes_of_wijken predecessors_of_wijken buurten_of_wijken partners_of_wijken"
        " write_buurten write_boxes asker_works_in"
    )
    return {name: [(wijken,)] for name in by_id.split()} | {
        "wijken_of_code": [([gemeente.wijken[0].code],)],
        "wijk_nowadays": [(wijken[0],)],
        "wijken_of_gemeente": [([gemeente.code],)],
        "reference_version": [()],
        "reference_keys": [()],
        "gemeenten_by_code": [([gemeente.code],)],
        "buurten_by_id": [(known.buurten,)],
        "wijken_of_asker": [()],
        "write_wijken": [()],
        "write_other_years": [([gemeente.wijken[0].code],)],
        "figures_of_wijken": [(wijken, None, 1)],
        "figures_of_buurten": [(known.buurten, None, 1)],
        "figures_of_gemeenten": [([gemeente.code], None, 1)],
        "headlines_of_wijken": [(wijken, week, before)],
        "sources_of_wijken": [([f"{wijk}/" for wijk in wijken],)],
        "holidays_of_weeks": [(["2026-11-16"],)],
        "measures_by_code": [(["zorg"],)],
        "measures_known": [()],
        "trend_of_wijken": [(wijken, "zorg", [before, week], False)],
        "feed_of_wijken": [(wijken[:1], None, None, None, 100)],
        "feed_positions": [([f"{UNKNOWN}/{UNKNOWN}"],)],
        "history_of_records": [(known.own["signals"].ids, None, 10)],
    }


def _of_ledger(known: Known) -> dict[str, list[Arguments]]:
    since = (LONG_AGO, None)
    return {
        "log_reads": [(
            ["SIGNAL"], [known.others[0]], [known.agreement], ["point"], [1], [1], [UNKNOWN], "x",
        )],
        "readers_of_asker": [(LONG_AGO.date(), None, None, 50)],
        "ledger_lines": [(mine, *since, *[None] * 6, 50) for mine in (True, False)],
        "breach_reads": [(mine, *since, None, None, None, 50) for mine in (True, False)],
        "breach_records": [(mine, *since, None, None, None, 50) for mine in (True, False)],
        "audit_entries": [(*since, None, None, 50)],
        "login_known": [("iemand",)],
        "processing_activities": [(True,)],
        "processing_activity_newest": [("code",)],
        "hub_today": [()],
        "hub_state": [()],
    }  # fmt: skip


def _of_explanation(known: Known) -> dict[str, list[Arguments]]:
    wijken = known.wijken
    return {
        "access_matrix": [(known.gemeente.code, TODAY, None, None, None, 1000)],
        "rights_of_asker": [(["read", "write"],)],
        "explain_rules": [(known.others[0], known.asker, "SIGNAL", TODAY, wijken, ["NOISE"])],
        "fields_of_kind": [("SIGNAL",)],
        "count_is_open": [("verzuim", "2026-W48")],
        "rules_replaced": [(known.agreement,)],
        "organisations_at_work": [(known.others, TODAY, TODAY)],
        "fields_of_rules": [([],)],
        "organisations_by_id": [(known.others,)],
        "organisations_of_gemeente": [()],
        "contacts_of_organisations": [(known.others, wijken[0])],
        "template_parties": [(wijken,)],
        "administers_partners": [()],
        "datasets_of_asker": [(None,)],
        "dataset_is_marked": [("nergens",)],
        "shown_as": [("SIGNAL", known.own["signals"].ids[0])],
    }


def _of_writing(known: Known) -> dict[str, list[Arguments]]:
    receipts, one = known.receipts, known.receipts[0]
    by_receipt = "receipt_said undo_asked undo_done dry_run_asked dry_run_take"
    return {name: [(one,)] for name in by_receipt.split()} | {
        "may_take_long": [()],
        "write_frame": [(None, None, None), ("sleutel-1", 1, "nergens")],
        "write_turn": [("sleutel-1", "nergens")],
        "write_dataset": [("nergens", "SIGNAL")],
        "write_noons": [([NOW],)],
        "write_withdrawn": [("nergens", ["1", "2"])],
        "write_other_list": [("sleutel-1", "nergens", 2)],
        "write_list_state": [("nergens", "sleutel-1")],
        "receipts_by_id": [(receipts,)],
        "receipts_newest": [(None, None, 50), (known.agreed_at, one, 50)],
        "rows_of_receipts": [(receipts, None, False, 0, 50)],
        "row_totals_of_receipts": [(receipts, ["CREATED"])],
        "caps_agreed": [(known.others, "SIGNAL", known.wijken, "NOISE")],
        "dataset_kind": [("nergens",)],
        "dataset_mark": [("nergens", True)],
        "dataset_share_past": [("nergens",)],
        "write_tombstone": [("SIGNAL", UNKNOWN, "nergens", "1", "ingetrokken")],
        "write_list_part": [("nergens", "sleutel-1", 1, 2, True, ["1"])],
        "caps_keep": [(UNKNOWN, known.others[:1], ["WIJK"], [False])],
        "dry_run_keep": [(one, "SIGNAL", {}, [])],
        "sheet_mapping_keep": [("nergens", "SIGNAL", {})],
        "sheet_mapping": [("nergens", "SIGNAL")],
        "publication_of_counts": [(known.wijken, "verzuim", "2026-W48", "nergens")],
    }


def _of_others(known: Known) -> dict[str, list[Arguments]]:
    return {
        "principal_of_token": [(bytes(32),)],
        "health": [()],
        "daily_today": [()],
        "daily_gemeenten": [()],
        "daily_announce": [(known.gemeente.code,)],
        "daily_cut_feed": [(known.gemeente.code,)],
        "daily_forget_keys": [(known.gemeente.code,)],
        "daily_forget_dry_runs": [(known.gemeente.code,)],
        "seal_logs": [(known.gemeente.code,)],
        "fold_rollups": [(known.gemeente.code, 100)],
    }

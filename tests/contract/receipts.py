# SPDX-License-Identifier: EUPL-1.2
"""What the tests of carrying out dry runs and of undoing pushes share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.conftest import World
from tests.contract.writing import new_key
from tests.partner import Partner

_RECEIPT = """{
  id dataset dryRun replayed summary { outcome rows }
  rows(first: 100) {
    total nodes { line externalId outcome recordId version errors { path code } }
  }
  errors { path code message hint } }"""
COMMIT = f"mutation($in: CommitDryRunInput!) {{ commitDryRun(input: $in) {_RECEIPT} }}"
UNDO = f"mutation($in: UndoPushInput!) {{ undoPush(input: $in) {_RECEIPT} }}"
THE_OPERATION = (Path(__file__).parent / "operations/2d_commit.graphql").read_text("utf-8")

# Every record of an organisation as it stands, but for what each writing moves on.
CONTENT = """
select to_jsonb(s) - array['id', 'version', 'changed_at', 'source_version', 'delivered_digest']
  as content
from hub.{table} s order by s.dataset, s.external_id"""


async def commit(partner: Partner, receipt: str, key: str | None = None) -> dict[str, Any]:
    """The receipt of a dry run that is carried out."""
    given = {"receipt": receipt, "idempotencyKey": key or new_key()}
    done: dict[str, Any] = (await partner.ask(COMMIT, {"in": given}))["commitDryRun"]
    return done


async def undo(
    partner: Partner, receipt: str, key: str | None = None, reason: str = "Verkeerde lijst"
) -> dict[str, Any]:
    """The receipt of a push that is undone."""
    given = {"receipt": receipt, "reason": reason, "idempotencyKey": key or new_key()}
    done: dict[str, Any] = (await partner.ask(UNDO, {"in": given}))["undoPush"]
    return done


async def content(world: World, table: str = "signals") -> list[Any]:
    """What the records of a table hold, by dataset and external id."""
    async with world.connect("superuser") as connection:
        rows = await connection.fetch(CONTENT.format(table=table))
    return [json.loads(r["content"]) for r in rows]

# SPDX-License-Identifier: EUPL-1.2
"""The register of processing activities of the asker's organisation (AVG art. 30)."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from resolvers.agreements import AGREEMENT, checked
from resolvers.context import Context
from resolvers.partners import SHORT_NAME
from resolvers.writes.idempotency import Request, check_key, digest_of
from sql.errors import Refusal

_DURATION = re.compile(r"P(?=\d)(\d{1,4}Y)?(\d{1,4}M)?(\d{1,4}W)?(\d{1,5}D)?")
_LONGEST_LIST = 50


@dataclass(frozen=True, slots=True)
class ActivityDraft:
    """A version of an activity, as it is registered."""

    code: str
    name: str
    purpose: str
    legal_basis: str
    categories: tuple[str, ...]
    retention: str | None
    recipients: tuple[str, ...]
    measures: tuple[str, ...]
    valid_from: date | None


async def activities(context: Context, every_version: bool) -> list[Any]:
    """The register of the asker's organisation, by code: the newest versions, or all."""
    return await context.session.fetch("processing_activities", every_version)


async def register(context: Context, draft: ActivityDraft, version: int, key: str) -> str:
    """Adds the version after `version` (0: the first) of an activity, once per key; its code.

    Refuses (ROLE_REQUIRED) who is neither privacy officer nor administrator, a version that is not
    the newest (CONFLICT), and what cannot be stored (BAD_VALUE, and those of texts).
    """
    context.require_role("PRIVACY_OFFICER", "ADMINISTRATOR")
    check_key(key, "input", "idempotencyKey")
    draft = _checked(draft)
    request = Request("registerProcessingActivity", key, digest_of(asdict(draft), version))
    if await request.earlier_result(context.session) is not None:
        return draft.code
    if await context.session.fetchval("processing_activity_newest", draft.code) != version:
        raise Refusal("CONFLICT", path=("input", "version"))
    today = await context.session.fetchval("hub_today")
    id_ = context.ids.new_id(today)
    await context.session.fetch(
        "processing_activity_register",
        id_,
        draft.code,
        version + 1,
        draft.valid_from or today,
        draft.name,
        draft.purpose,
        draft.legal_basis,
        list(draft.categories),
        draft.retention,
        list(draft.recipients),
        list(draft.measures),
    )
    await request.remember(context.session, id_)
    return draft.code


async def assign(context: Context, agreement: UUID, code: str) -> str:
    """Says under which activity the asker's organisation does what an agreement is about; its code.

    Refuses (ROLE_REQUIRED) who is neither privacy officer nor administrator, and an agreement or an
    activity that the organisation does not have (NOT_FOUND).
    """
    context.require_role("PRIVACY_OFFICER", "ADMINISTRATOR")
    if await context.loaders.load(AGREEMENT, agreement) is None:
        raise Refusal("NOT_FOUND", path=("input", "agreement"))
    if not SHORT_NAME.fullmatch(code) or not await context.session.fetchval(
        "processing_activity_newest", code
    ):
        raise Refusal("NOT_FOUND", path=("input", "code"))
    await context.session.fetch("processing_activity_assign", agreement, code)
    return code


def _checked(draft: ActivityDraft) -> ActivityDraft:
    """The draft with its texts as they are stored."""
    if not SHORT_NAME.fullmatch(draft.code):
        raise Refusal("BAD_VALUE", path=("input", "code"))
    if draft.retention is not None and not _DURATION.fullmatch(draft.retention):
        raise Refusal("BAD_VALUE", path=("input", "retention"))
    texts: dict[str, Any] = {
        name: checked(getattr(draft, name), limit, "input", field)
        for name, field, limit in (
            ("name", "name", 200),
            ("purpose", "purpose", 2000),
            ("legal_basis", "legalBasis", 2000),
        )
    }
    for name in ("categories", "recipients", "measures"):
        items: tuple[str, ...] = getattr(draft, name)
        if len(items) > _LONGEST_LIST:
            raise Refusal("BAD_ARGUMENT", path=("input", name), name=name, why="TOO_MANY")
        texts[name] = tuple(checked(item, 200, "input", name) for item in items)
    return replace(draft, **texts)

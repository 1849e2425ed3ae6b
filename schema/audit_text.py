# SPDX-License-Identifier: EUPL-1.2
"""What an entry of the audit log says, in words: what was done, to what, and what it changed. The
codes stand next to it for programs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from resolvers.agreements import VERSION
from resolvers.context import Context, Language
from schema.organisation import ORGANISATION
from schema.texts import LABELS, kinds_name, label

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")


async def audit_text(context: Context, entry: Mapping[str, Any]) -> str:
    """The sentence in the caller's language; for an action without words of its own, its code."""
    key = f"audit.{entry['action']}"
    if key not in LABELS:
        return str(entry["action"])
    values = await _values(context, entry)
    return label(key, context.language, **values)


async def _values(context: Context, entry: Mapping[str, Any]) -> dict[str, object]:
    """What the words of its action can name; each action uses some of it."""
    language, details = context.language, entry["details"]
    kind, *rest = str(entry["subject"]).removeprefix("urn:wijkhub:").split(":")
    values: dict[str, object] = {name: _told(value, language) for name, value in details.items()}
    values |= {"login": entry["login"], "subject": entry["subject"]}
    if entry["action"].endswith("_CHANGED"):
        values["changes"] = _changes(details, language)
    if "wijken" in details and isinstance(details["wijken"], list):
        values["number"] = len(details["wijken"])
    match kind, rest:
        case "agreement", [id_, version]:
            row = await context.loaders.load(VERSION, f"{id_}/{version}")
            values |= {"title": row["title"] if row else id_, "version": version}
        case "organisation", [id_, *dataset]:
            values |= {"partner": await _name(context, id_), "dataset": dataset[-1:]}
        case "activity", [code, *version]:
            values |= {"code": code, "version": version}
        case "retention", [of_kind, state]:
            was, became = details["days"]
            known = f"kind.{of_kind}" in LABELS
            of = kinds_name(of_kind, language) if known else label(f"retained.{of_kind}", language)
            state = label(f"retained.{state}", language)
            values |= {"kind": of, "state": state, "was": was, "became": became}
        case "numbers", [period]:
            values |= {"period": period, "number": len(details["measures"])}
    if "organisation" in details:
        values["organisation"] = await _name(context, details["organisation"])
    return values


async def _name(context: Context, organisation: str) -> str:
    row = await context.loaders.load(ORGANISATION, UUID(organisation))
    return row["name"] if row else organisation


def _changes(details: Mapping[str, Any], language: Language) -> str:
    """Each column that changed: what it was and what it is. Of a log-in that was renamed the log
    keeps neither name.
    """
    told = []
    for name, both in details.items():
        if isinstance(both, list) and len(both) == 2:
            what = f"audit_field.{name}"
            was, became = (_told(value, language) for value in both)
            name = label(what, language) if what in LABELS else name
            told.append(label("audit_said.CHANGE", language, what=name, was=was, became=became))
    return "; ".join(told) or label("audit_said.NAME_ALONE", language)


def _told(value: Any, language: Language) -> str:
    if value is None:
        return label("audit_said.NOTHING", language)
    if value == []:
        return label("audit_said.NONE", language)
    if isinstance(value, bool):
        return label(f"sheet_guide.{'yes' if value else 'no'}", language)
    if value == "infinity":
        return label("audit_said.NO_END", language)
    if isinstance(value, str) and _MOMENT.match(value):
        return value[:10]
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

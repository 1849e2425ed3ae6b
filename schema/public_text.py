# SPDX-License-Identifier: EUPL-1.2
"""What an agreement says, in plain words for people who are no party to it: who shows whom what, of
which wijken, how exactly, why, on which legal basis, until when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from resolvers.context import Context, Language
from resolvers.wijken import WIJK
from schema.organisation import ORGANISATION
from schema.texts import field_name, kinds_name, label


async def public_text(
    context: Context, agreement: Mapping[str, Any], rules: Iterable[Mapping[str, Any]]
) -> str:
    """The text in the caller's language: a line for each rule, then why, by which law, what the
    police weighed if they show something, and how long.
    """
    language = context.language
    lines = [await _rule(context, rule) for rule in rules]
    lines.append(f"{label('public.PURPOSE', language)} {agreement['purpose']}")
    lines.append(f"{label('public.LEGAL_BASIS', language)} {agreement['legal_basis']}")
    lines += [
        f"{label(f'public.{name.upper()}', language)} {agreement[name]}"
        for name in ("interest", "partnership", "conditions")
        if agreement[name]
    ]
    first, last = (_day(agreement[name], language) for name in ("valid_from", "valid_until"))
    lines.append(label("public.TERM", language, first=first, last=last))
    return "\n".join(lines)


async def _rule(context: Context, rule: Mapping[str, Any]) -> str:
    language = context.language
    wijken = await _names(context, WIJK, rule["wijken"])
    category = rule["category"]
    counted = rule["precision"] == "COUNT"
    sentences = [
        label(
            "public.COUNTED" if counted else "public.RULE",
            language,
            provider=(await _names(context, ORGANISATION, [rule["provider"]]))[0],
            receiver=(await _names(context, ORGANISATION, [rule["receiver"]]))[0],
        ),
        label(
            "public.ABOUT",
            language,
            kind=kinds_name(rule["kind"], language),
            category=label(f"category.{category}" if category else "public.EVERYTHING", language),
        ),
        f"{label('public.WIJKEN', language)} {', '.join(sorted(wijken))}.",
        label(f"public.{_place_of(rule)}", language),
    ]
    if rule["fields"] and not counted:
        fields = [field_name(name, language, rule["kind"]) for name in rule["fields"]]
        sentences.append(label("public.FIELDS", language, fields=fields))
    if not counted:
        sentences.append(label("public.KEPT", language, days=rule["keep_days"]))
    if rule["includes_past"]:
        sentences.append(label("public.PAST", language))
    return " ".join(sentences)


def _place_of(rule: Mapping[str, Any]) -> str:
    """How exactly a receiver sees the place: EXACT without a point tells no more than the buurt."""
    exact = rule["precision"] == "EXACT"
    return "BUURT" if exact and "point" not in rule["fields"] else rule["precision"]


async def _names(context: Context, batch: Any, ids: Iterable[UUID | str]) -> list[str]:
    rows = await context.loaders.load_many(batch, [UUID(str(id_)) for id_ in ids])
    return [row["name"] for row in rows]


def _day(day: date, language: Language) -> str:
    return f"{day.day} {label(f'month.{day.month}', language)} {day.year}"

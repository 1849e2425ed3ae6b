# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501 -- queries and predicates stand as they are
"""Every way in which the guard could be a little weaker: one change of the schema each.

Policies, FORCE, keys and grants are taken from the catalogue, so a new one gets its mutants by itself. The predicates of
functions are written down here, as text that must stand in the function: who changes a function changes its mutants.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.isolation.play import Connection


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change, and the part of the battery in which it should show."""

    name: str
    statement: str
    shows: str = "catalogue"


GEMEENTE = "(gemeente = ( SELECT hub.gemeente() AS gemeente))"
ASKERS = (
    "(owner = ( SELECT hub.asker() AS asker))",
    "(organisation = ( SELECT hub.asker() AS asker))",
    "(proposed_by = ( SELECT hub.asker() AS asker))",
    "(a.proposed_by = ( SELECT hub.asker() AS asker))",
    "(( SELECT hub.asker() AS asker) = ANY (parties))",
    "(audience = ( SELECT hub.asker() AS asker))",
    "hub.works_in(wijk)",
    "(agreement_rules.provider = ANY (a.parties))",
    "(agreement_rules.receiver = ANY (a.parties))",
    "(a.id = agreement_rules.agreement)",
    "(a.id = agreement_decisions.agreement)",
    "(a.id = replaced_versions.agreement)",
    "(a.version = replaced_versions.version)",
    "(d.agreement = agreement_rules.agreement)",
    "( SELECT hub.may_audit() AS may_audit)",
    "(told_on <= ( SELECT hub.today() AS today))",
    "hub.has_activity(code)",
    "hub.is_party_to(agreement)",
)
LOGS = ("audit_log", "read_ledger", "processing_activities", "agreement_activities")


async def policies(connection: Connection) -> Iterator[Mutant]:
    """Each policy gone; each of its conditions gone, one at a time, and all at once."""
    rows = await connection.fetch("""
        select c.relname as table, p.polname as policy, pg_get_expr(p.polqual, p.polrelid) as using,
          pg_get_expr(p.polwithcheck, p.polrelid) as check
        from pg_policy p join pg_class c on c.oid = p.polrelid where c.relnamespace = 'hub'::regnamespace order by 1, 2""")
    return (
        mutant
        for row in rows
        for mutant in _of_policy(row["table"], row["policy"], row["using"], row["check"])
    )


def _of_policy(table: str, policy: str, using: str | None, check: str | None) -> Iterator[Mutant]:
    name = f"{policy} on {table}"
    shows = (
        "owner"
        if policy == "administration"
        else "writing"
        if policy.startswith(("codes_only", "every_wijk", "open_period"))
        else "catalogue"
    )
    yield Mutant(f"no policy {name}", f"drop policy {policy} on hub.{table}", shows)
    for clause, condition in (("using", using), ("with check", check)):
        if condition is None or condition == "true":
            continue
        yield Mutant(
            f"{clause} (true): {name}",
            f"alter policy {policy} on hub.{table} {clause} (true)",
            shows,
        )
        for part in (GEMEENTE, *ASKERS):
            if part in condition and condition != part:
                rest = condition.replace(part, "true")
                known = part == GEMEENTE or "asker()" in part
                statement = f"alter policy {policy} on hub.{table} {clause} ({rest})"
                yield Mutant(
                    f"{clause} without {part}: {name}",
                    statement,
                    "catalogue" if known else "logs" if table in LOGS else "writing",
                )


async def tables(connection: Connection) -> Iterator[Mutant]:
    """Row-level security off or not forced, keys without their owner, and more than is granted."""
    guarded = await connection.fetch(
        "select relname from pg_class where relnamespace = 'hub'::regnamespace and relkind = 'r' and relrowsecurity order by 1"
    )
    made = []
    for (table,) in guarded:
        made.append(
            Mutant(
                f"row-level security off: {table}",
                f"alter table hub.{table} disable row level security",
            )
        )
        made.append(
            Mutant(f"not forced: {table}", f"alter table hub.{table} no force row level security")
        )
        for privilege in ("truncate", "references", "trigger"):
            made.append(
                Mutant(f"{privilege} on {table}", f"grant {privilege} on hub.{table} to hub_app")
            )
    return iter(made)


async def keys(connection: Connection) -> Iterator[Mutant]:
    """Each unique key of a guarded table without its gemeente, without its owner, and without both."""
    rows = await connection.fetch("""
        select c.relname as table, i.indexrelid::regclass::text as index,
          array_agg(a.attname::text order by k.n) as columns
        from pg_index i join pg_class c on c.oid = i.indrelid
        cross join lateral unnest(i.indkey::int2[]) with ordinality k(attnum, n)
        join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
        where i.indisunique and c.relrowsecurity and c.relnamespace = 'hub'::regnamespace group by 1, 2 order by 1, 2""")
    made = []
    for row in rows:
        owners = {"owner", "organisation", "audience"} & set(row["columns"])
        for less in ({"gemeente"}, owners, {"gemeente"} | owners):
            rest = [column for column in row["columns"] if column not in less]
            if owners and rest and row["table"] != "organisations":
                statement = f"create unique index on hub.{row['table']} ({', '.join(rest)})"
                made.append(
                    Mutant(
                        f"key of {row['table']} without {', '.join(sorted(less))}: {rest}",
                        statement,
                    )
                )
    return iter(made)


async def grants(connection: Connection) -> Iterator[Mutant]:
    """A privilege more on each column, for each role, where it matters; a privilege less on each table."""
    made = []
    columns = await connection.fetch("""
        select c.relname as table, a.attname as column, c.relrowsecurity as guarded,
          has_column_privilege('hub_app', c.oid, a.attnum, 'SELECT') as app_reads,
          has_column_privilege('hub_app', c.oid, a.attnum, 'INSERT') as app_inserts,
          has_column_privilege('hub_app', c.oid, a.attnum, 'UPDATE') as app_updates,
          has_column_privilege('hub_door', c.oid, a.attnum, 'SELECT') as door_reads,
          has_any_column_privilege('hub_app', c.oid, 'INSERT') as app_writes,
          exists (select from hub.contribution_kinds k where k.table_name = c.relname) as contribution
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = 'hub'::regnamespace and c.relkind = 'r' order by 1, a.attnum""")
    for row in columns:
        table, column = row["table"], row["column"]
        if row["contribution"] and not row["door_reads"]:
            made.append(
                Mutant(
                    f"hub_door reads {table}.{column}",
                    f'grant select ("{column}") on hub.{table} to hub_door',
                )
            )
        if row["guarded"] and column in (
            "gemeente",
            "owner",
            "organisation",
            "proposed_by",
            "recorded_on",
            "invented",
        ):
            made += [
                Mutant(
                    f"hub_app may {verb} {table}.{column}",
                    f'grant {verb} ("{column}") on hub.{table} to hub_app',
                )
                for verb in ("insert", "update")
                if row["app_writes"] and not row[f"app_{verb}s"]
            ]
    for table in ("feed_items", "grants", "slices", "tokens", "noted_reads", "read_ledger"):
        made.append(Mutant(f"hub_app reads {table}", f"grant select on hub.{table} to hub_app"))
    appended = (
        "history",
        "read_ledger",
        "feed_items",
        "editions",
        "audit_log",
        "seals",
    )
    for table in appended:
        made.append(Mutant(f"hub_app writes {table}", f"grant insert on hub.{table} to hub_app"))
        made.append(
            Mutant(f"hub_recorder changes {table}", f"grant update on hub.{table} to hub_recorder")
        )
    made.append(Mutant("hub_app notes", "grant insert on hub.noted_reads to hub_app"))
    for role in ("hub_door", "hub_recorder", "hub_owner"):
        made.append(Mutant(f"hub_app is a member of {role}", f"grant {role} to hub_app"))
    for attribute in ("bypassrls", "superuser", "createrole", "inherit"):
        made.append(Mutant(f"hub_app {attribute}", f"alter role hub_app {attribute}"))
    made.append(Mutant("hub_app may create", "grant create on schema hub to hub_app"))
    made.append(Mutant("hub_door logs in", "alter role hub_door login"))
    return iter(made)


async def functions(connection: Connection) -> Iterator[Mutant]:
    """Each definer function without its path, open to everybody, or acting for the owner; each closed one open to hub_app."""
    rows = await connection.fetch("""
        select p.oid::regprocedure::text as signature, p.prosecdef as definer,
          has_function_privilege('hub_app', p.oid, 'EXECUTE') as open, p.prorettype = 'trigger'::regtype as is_trigger
        from pg_proc p where p.pronamespace = 'hub'::regnamespace order by 1""")
    made = []
    for row in rows:
        signature = row["signature"]
        if row["definer"]:
            made.append(
                Mutant(
                    f"no search path: {signature}", f"alter function {signature} reset search_path"
                )
            )
            made.append(
                Mutant(
                    f"path without pg_temp: {signature}",
                    f"alter function {signature} set search_path = pg_catalog",
                )
            )
            made.append(
                Mutant(
                    f"for the owner: {signature}", f"alter function {signature} owner to hub_owner"
                )
            )
            made.append(
                Mutant(
                    f"as its caller: {signature}", f"alter function {signature} security invoker"
                )
            )
        made.append(
            Mutant(
                f"for everybody: {signature}", f"grant execute on function {signature} to public"
            )
        )
        if not row["open"]:
            made.append(
                Mutant(
                    f"open to hub_app: {signature}",
                    f"grant execute on function {signature} to hub_app",
                )
            )
    return iter(made)


# The doors of every kind are generated by one template; it is mutated in those of signals, which has every form of field and
# which the battery asks everything. Of the doors of the other kinds the catalogue is checked: who owns them, their path, who may
# execute them, which columns they may read.
# Function, what stands in it (a regular expression when it begins with ~), what stands there instead. In a pair that says the
# same twice, both go at once.
_SHARED = ("shared_signals_newest", "shared_signals_oldest", "shared_signals_by_id")
_PAGED = _SHARED[:2]
# The same for the template of kinds of which one record can be about several wijken.
_SEVERAL = ("shared_activities_newest", "shared_activities_oldest", "shared_activities_by_id")
_SEVERAL_PAGED = _SEVERAL[:2]
_OWN_SEVERAL = ("activities_newest", "activities_oldest")

PREDICATES: list[tuple[tuple[str, ...], str, str]] = [
    (_SHARED, "g.gemeente = here and", ""),
    (_SHARED, "g.receiver = me and", ""),
    (_SHARED, "and g.rank > 0", ""),
    (_SHARED, "and today between g.valid_from and g.valid_until", ""),
    (_SHARED, "and today between g.valid_from and g.valid_until", "and today >= g.valid_from"),
    (_SHARED, "and today between g.valid_from and g.valid_until", "and today <= g.valid_until"),
    (_SHARED, "s.slice = g.slice\n", "true\n"),
    (
        _SHARED,
        "s.recorded_on between g.covers_from and g.valid_until and",
        "s.recorded_on <= g.valid_until and",
    ),
    (_SHARED, "and s.recorded_on > today - g.keep_days", ""),
    (_SHARED, "s.recorded_on > today - g.keep_days", "s.recorded_on >= today - g.keep_days"),
    (_SHARED, "~and \\(not v\\.rivalled or not exists \\(.*?b\\.rule\\)\\)\\)", ""),
    (_SHARED, "b.receiver = me and", ""),
    (_SHARED, " and b.slice = g.slice", ""),
    (_SHARED, "and today between b.valid_from and b.valid_until", ""),
    (_SHARED, "s.recorded_on between b.covers_from and b.valid_until and", ""),
    (_SHARED, "and s.recorded_on > today - b.keep_days", ""),
    (
        _SHARED,
        "(b.rank, g.agreed_at, g.agreement, g.rule) > (g.rank, b.agreed_at, b.agreement, b.rule)",
        "b.rank > g.rank",
    ),
    (
        _SHARED,
        "(b.rank, g.agreed_at, g.agreement, g.rule) > (g.rank, b.agreed_at,",
        "(g.rank, g.agreed_at, g.agreement, g.rule) > (b.rank, b.agreed_at,",
    ),
    (
        _SHARED,
        "g.agreed_at, g.agreement, g.rule) > (g.rank, b.agreed_at, b.agreement, b.rule)",
        "b.agreed_at, b.agreement, b.rule) > (g.rank, g.agreed_at, g.agreement, g.rule)",
    ),
    (
        _SHARED,
        "(b.rank, g.agreed_at, g.agreement, g.rule) > (g.rank, b.agreed_at, b.agreement, b.rule)",
        "(b.rank, g.agreement, g.rule) > (g.rank, b.agreement, b.rule)",
    ),
    (_SHARED, "g.precision, g.agreement, g.hidden", "'EXACT'::text, g.agreement, g.hidden"),
    (_SHARED, "g.precision, g.agreement, g.hidden", "g.precision, null::uuid, g.hidden"),
    (_SHARED, "g.precision, g.agreement, g.hidden", "g.precision, g.agreement, '{}'::text[]"),
    (
        _SHARED,
        "case when g.rank >= 1 and 'summary' = any (g.fields) then s.summary end as summary",
        "s.summary as summary",
    ),
    (
        _SHARED,
        "case when g.rank >= 1 and 'subcategory' = any (g.fields) then s.subcategory end",
        "s.subcategory",
    ),
    (
        _SHARED,
        "case when g.rank >= 3 and 'seenAt' = any (g.fields) then s.seen_at end",
        "s.seen_at",
    ),
    (_SHARED, "g.rank >= 3 and 'seenAt' = any (g.fields)", "g.rank >= 3"),
    (_SHARED, "case when g.rank >= 3 and 'point' = any (g.fields) then s.lon end", "s.lon"),
    (_SHARED, "case when g.rank >= 3 and 'point' = any (g.fields) then s.lat end", "s.lat"),
    (_SHARED, "g.rank >= 3 and 'point' = any (g.fields) then s.lon", "g.rank >= 3 then s.lon"),
    (
        _SHARED,
        "g.rank >= 3 and 'point' = any (g.fields) then s.lat",
        "g.rank >= 2 and 'point' = any (g.fields) then s.lat",
    ),
    (_SHARED, "case when g.rank >= 2 then s.buurt end", "s.buurt"),
    (_SHARED, "null::text as internal_note", "s.internal_note"),
    (_SHARED, "null::text as external_id", "s.external_id"),
    (_SHARED, "null::integer as version", "s.version"),
    (("shared_signals_by_id",), "and s.id = any (ids)", ""),
    (_PAGED, "and (categories is null or s.category = any (categories))", ""),
    (_PAGED, "and (statuses is null or s.status = any (statuses))", ""),
    (_PAGED, "~and \\(s.seen_on, s.id\\) >= [^\n]*", ""),
    (_PAGED, "~and \\(s.seen_on, s.id\\) <= [^\n]*", ""),
    (_PAGED, "and (is_closed is null or (s.closed_on is not null) = is_closed)", ""),
    (
        _PAGED,
        "~\\(s\\.seen_on, s\\.id\\) [<>] \\(\\(select coalesce[^\n]*",
        "true",
    ),
    (_PAGED, "(g.rank >= 2 and s.buurt = in_buurt)", "s.buurt = in_buurt"),
    (_PAGED, "and (in_buurt is null or (g.rank >= 2 and s.buurt = in_buurt))", ""),
    (
        _PAGED,
        "in lower(case when g.rank >= 1 and 'summary' = any (g.fields) then s.summary end)",
        "in lower(s.summary)",
    ),
    (_PAGED, "~and \\(words is null or [^\n]*", ""),
    (_PAGED, "and (of_owner is null or g.owner = of_owner)", ""),
    (_PAGED, "l.category = any (categories)", "l.category <> all (categories)"),
    (
        ("shared_signals_newest",),
        "order by s.seen_on desc, s.id desc",
        "order by s.seen_at desc, s.id desc",
    ),
    (("shared_signals_newest",), "order by s.seen_on desc, s.id desc", "order by s.seen_on, s.id"),
    (("best_grant",), "and x.receiver = (select hub.asker())", ""),
    (("best_grant",), "x.gemeente = (select hub.gemeente()) and", ""),
    (("best_grant",), "and x.slice = u.slice", ""),
    (("best_grant",), "and x.rank > 0", ""),
    (("best_grant",), "and (select hub.today()) between x.valid_from and x.valid_until", ""),
    (
        ("best_grant",),
        "and best_grant.recorded_on between x.covers_from and x.valid_until",
        "and best_grant.recorded_on <= x.valid_until",
    ),
    (("best_grant",), "and best_grant.recorded_on > (select hub.today()) - x.keep_days", ""),
    (("best_grant",), "recorded_on > (select hub.today())", "recorded_on >= (select hub.today())"),
    (("best_grant",), "order by g.rank desc,", "order by"),
    (("best_grant",), "order by g.rank desc,", "order by g.rank,"),
    (("best_grant",), "g.agreed_at, g.agreement, g.rule limit 1", "g.agreement, g.rule limit 1"),
    (("best_grant",), "g.agreement, g.rule limit 1", "g.agreement, g.rule"),
    (("best_grant",), "where b.here", ""),
    (
        ("best_grant",),
        "in_wijk is null or g.wijk = in_wijk",
        "in_wijk is null or g.wijk <> in_wijk",
    ),
    (
        _SEVERAL_PAGED,
        "hub.best_grant(s.slices, s.recorded_on, in_wijk)",
        "hub.best_grant(s.slices, s.recorded_on, null)",
    ),
    (_SEVERAL, "hub.best_grant(s.slices,", "hub.best_grant(array[s.slice],"),
    (_SEVERAL, "g.precision, g.agreement, g.hidden", "'EXACT'::text, g.agreement, g.hidden"),
    (_SEVERAL, "g.precision, g.agreement, g.hidden", "g.precision, null::uuid, g.hidden"),
    (_SEVERAL, "g.precision, g.agreement, g.hidden", "g.precision, g.agreement, '{}'::text[]"),
    (_SEVERAL, "case when g.rank >= 1 and 'title' = any (g.fields) then s.title end", "s.title"),
    (
        _SEVERAL,
        "case when g.rank >= 1 and 'audience' = any (g.fields) then s.audience end",
        "s.audience",
    ),
    (
        _SEVERAL,
        "case when g.rank >= 1 and 'facility' = any (g.fields) then s.facility end",
        "s.facility",
    ),
    (_SEVERAL, "g.rank >= 3 and 'startsAt' = any (g.fields)", "g.rank >= 3"),
    (_SEVERAL, "g.rank >= 3 and 'startsAt' = any (g.fields)", "'startsAt' = any (g.fields)"),
    (_SEVERAL, "g.rank >= 3 and 'endsAt' = any (g.fields)", "g.rank >= 3"),
    (_SEVERAL, "g.rank >= 3 and 'attendance' = any (g.fields)", "g.rank >= 3"),
    (_SEVERAL, "g.rank >= 3 and 'attendance' = any (g.fields)", "'attendance' = any (g.fields)"),
    (_SEVERAL, "case when g.rank >= 2 then s.buurt end", "s.buurt"),
    (_SEVERAL, "null::text as external_id", "s.external_id"),
    (_SEVERAL, "null::integer as version", "s.version"),
    (("shared_activities_by_id",), "and s.id = any (ids)", ""),
    (_SEVERAL_PAGED, "(of_owner is null or r.owner = of_owner)", "true"),
    (_SEVERAL_PAGED, "(categories is null or r.category = any (categories))", "true"),
    (_SEVERAL_PAGED, "and (statuses is null)", ""),
    (_SEVERAL_PAGED, "and (in_buurt is null or r.buurt = in_buurt)", ""),
    (_SEVERAL_PAGED, "and (from_day is null or r.day >= from_day)", ""),
    (_SEVERAL_PAGED, "and (until_day is null or r.day <= until_day)", ""),
    (_SEVERAL_PAGED, "and (is_closed is null or (r.closed_on is not null) = is_closed)", ""),
    (_SEVERAL_PAGED, "~and \\(words is null or [^\n]*", ""),
    (
        _SEVERAL_PAGED,
        "~and \\(after_day is null or \\(r\\.day, r\\.id\\) [<>] \\(after_day, after_id\\)\\)",
        "",
    ),
    (("shared_activities_newest",), "order by r.day desc, r.id desc", "order by r.day, r.id"),
    (_OWN_SEVERAL, "in_wijk = any (s.wijken)", "true"),
    (_OWN_SEVERAL, "in_wijk = any (s.wijken)", "in_wijk = s.wijk"),
    (("works_in_each",), "bool_and", "bool_or"),
    (
        ("record_several_insert",),
        "perform hub.compile_grants((select gemeente from new_rows limit 1), fresh, null);",
        "",
    ),
    (("record_several_update",), "where p.slice <> all (d.slices)", ""),
    (("record_several_update",), "p.wijk <> all (d.wijken) as for_owner", "true as for_owner"),
    (("record_several_update",), "p.wijk <> all (d.wijken) as for_owner", "false as for_owner"),
    (("record_several_update",), "d.old_slices as slices", "d.slices"),
    (
        ("record_several_update",),
        "case when p.slice <> all (d.old_slices) then d.keys || 'slice'::text else d.keys end",
        "d.keys",
    ),
    (
        ("record_several_update",),
        "case when p.slice <> all (d.old_slices) then d.keys || 'slice'::text else d.keys end",
        "d.keys || 'slice'::text",
    ),
    (("shown_as",), "g.slice = any (own.slices)", "g.slice = own.slices[1]"),
    (
        ("feed_granted",),
        "and (f.change <> 'UPDATED' or f.changed && b.shows or 'slice' = any (f.changed))",
        "",
    ),
    (
        ("feed_granted",),
        "and (f.change <> 'UPDATED' or f.changed && b.shows or 'slice' = any (f.changed))",
        "and (f.change <> 'UPDATED' or f.changed && b.shows)",
    ),
    (("feed_granted",), "from unnest(f.slices) s(slice)", "from unnest(array[f.slice]) s(slice)"),
    (("feed_granted",), "f.recorded_on, in_wijk) b", "f.recorded_on, null) b"),
    (("feed_granted",), "and (b.rank = 3) = whole", ""),
    (("feed_granted",), "where (g.rank = 3) = whole and", "where"),
    (("feed_granted",), "where (g.rank = 3) = whole and", "where whole and"),
    (("feed_granted",), "and g.receiver = (select hub.asker())", ""),
    (("feed_granted",), "g.gemeente = (select hub.gemeente()) and", ""),
    (("feed_granted",), "and g.wijk = in_wijk", ""),
    (("feed_granted",), "and g.rank > 0", ""),
    (
        ("feed_granted",),
        "and (select hub.today()) between g.valid_from and g.valid_until",
        "",
    ),
    (("feed_granted",), "and f.recorded_on between g.covers_from and g.valid_until", ""),
    (("feed_granted",), "and f.recorded_on > (select hub.today()) - g.keep_days", ""),
    (
        ("feed_granted",),
        "and (f.change <> 'UPDATED' or f.changed && g.shows or 'slice' = any (f.changed))",
        "",
    ),
    (
        ("feed_granted",),
        "or f.changed && g.shows or 'slice' = any (f.changed)",
        "or f.changed && g.shows",
    ),
    (("feed_granted",), "~and \\(not v\\.rivalled or .*?b\\.rule\\)\\)\\)", ""),
    (("feed_granted",), "not v.rivalled or", "true or"),
    (("feed_granted",), "and f.slice = g.slice\n", "\n"),
    (("feed_granted",), "where b.slice = g.slice and f.recorded_on", "where f.recorded_on"),
    (("feed_granted",), "f.recorded_on between b.covers_from and b.valid_until\n", "true\n"),
    (("feed_granted",), "and f.recorded_on > (select hub.today()) - b.keep_days", ""),
    (("feed_granted",), "(b.rank, g.agreed_at,", "(g.rank, g.agreed_at,"),
    (("feed_granted",), "~and \\(f\\.xid, f\\.seq\\) > \\(after_xid, after_seq\\)", ""),
    (("feed_granted",), "and f.xid < until_xid", ""),
    (
        ("feed_granted",),
        "and (f.xid >= whole_from or f.reduced_id > after_reduced)",
        "and f.xid >= whole_from",
    ),
    (("feed_granted",), "and (f.xid >= whole_from or f.reduced_id > after_reduced)", ""),
    (("feed_granted",), "limit n) r\n  where", "limit n - 1) r\n  where"),
    (
        ("feed_granted",),
        "~and not exists \\(\n +select from \\(select l\\.\\* .*?all \\(f.changed\\)\\)",
        "",
    ),
    (
        ("feed_granted",),
        "~where not exists \\(\n +select from \\(select l\\.\\* .*?is not true\\)",
        "",
    ),
    (("feed_granted",), "and l.record = f.record", ""),
    (("feed_granted",), "and l.slice = f.slice", ""),
    (("feed_granted",), "and l.slice = s.slice", ""),
    (("feed_granted",), "and l.change = 'WITHDRAWN'", ""),
    (("feed_granted",), "and l.seq >= f.seq", ""),
    (("feed_granted",), "l.seq >= f.seq", "l.seq > f.seq"),
    (("feed_granted",), "order by l.seq limit 1", ""),
    (("feed_granted",), "order by l.seq limit 1", "order by l.seq desc limit 1"),
    (("feed_granted",), "(select hub.asker()) = any (l.seen_by) is not true", "l.seen_by = '{}'"),
    (("feed_granted",), "(select hub.asker()) = any (l.seen_by) is not true", "true"),
    (("feed_granted",), "(select hub.asker()) = any (l.seen_by) is not true or", ""),
    (("feed_granted",), "or f.change = 'UPDATED' and 'slice' <> all (f.changed)", ""),
    (
        ("feed_granted",),
        "f.change = 'UPDATED' and 'slice' <> all (f.changed)",
        "f.change = 'UPDATED'",
    ),
    (("who_sees",), "and g.slice = in_slice", ""),
    (("who_sees",), "and g.rank > 0", ""),
    (("note_who_saw",), "hub.brought_by_itself(new)", "false"),
    (("brought_by_itself",), "e.change = 'CREATED' or", ""),
    (("brought_by_itself",), "or 'slice' = any (e.changed)", ""),
    (("brought_by_itself",), "and x.record = f.record", ""),
    (("brought_by_itself",), "e.slice = f.slice and", ""),
    (("brought_by_itself",), "and e.xid = f.xid", ""),
    (("brought_by_itself",), "order by e.seq limit 1", "order by e.seq desc limit 1"),
    (
        ("on_decision",),
        "set constraints hub.who_saw_last immediate;\n  set constraints hub.who_saw_last deferred;",
        "",
    ),
    (("who_sees",), "and (select hub.today()) between g.valid_from and g.valid_until", ""),
    (("who_sees",), "and of_day between g.covers_from and g.valid_until", ""),
    (("who_sees",), "and of_day > (select hub.today()) - g.keep_days", ""),
    (
        ("feed_of_wijk",),
        "where f.gemeente = here and f.owner = me and",
        "where f.owner = me and",
    ),
    (("feed_of_wijk",), "and f.owner = me and f.wijk", "and f.wijk"),
    (("feed_of_wijk",), "and f.receiver = me and", "and f.receiver is not null and"),
    (("feed_of_wijk",), "and f.wijk = in_wijk and f.for_owner", "and f.for_owner"),
    (("feed_of_wijk",), "and f.wijk = in_wijk and f.for_owner", "and f.wijk = in_wijk"),
    (("feed_of_wijk",), "f.gemeente = here and f.receiver = me", "f.receiver = me"),
    (("feed_of_wijk",), "and f.receiver = me and f.wijk = in_wijk", "and f.receiver = me"),
    (("announce_agreements",), "and r.precision <> 'COUNT'", ""),
    (
        ("announce_agreements",),
        "where r.state = 'IN_FORCE'",
        "where r.state in ('IN_FORCE', 'PROPOSED')",
    ),
    (
        ("feed_of_wijk",),
        "settled constant xid8 := pg_snapshot_xmin(pg_current_snapshot())",
        "settled constant xid8 := '9000000000'",
    ),
    (
        ("feed_of_wijk",),
        "b.gemeente = here and (r.item).xid >= b.from_xid and (r.item).xid < b.until_xid",
        "b.gemeente = here and (r.item).xid < b.until_xid",
    ),
    (
        ("feed_of_wijk",),
        "join hub.feed_batches b on b.gemeente = here and (r.item)",
        "join hub.feed_batches b on (r.item)",
    ),
    (("feed_of_wijk",), "order by 1 limit n) a", "order by 1 limit 1) a"),
    (("feed_of_wijk",), "(r.item).reduced_id, r.item, r.under", "(r.item).id, r.item, r.under"),
    (
        ("feed_of_wijk",),
        "order by b.number, (r.item).reduced_id)",
        "order by b.number, (r.item).id)",
    ),
    (("feed_of_wijk",), "i.id = after_exact", "i.reduced_id = after_exact"),
    (("feed_of_wijk",), "i.reduced_id = after_reduced", "i.id = after_reduced"),
    (("feed_of_wijk",), "kinds, false, batch_from", "kinds, true, batch_from"),
    (("feed_of_wijk",), "kinds, true, exact_xid", "kinds, false, exact_xid"),
    (
        ("shown_as",),
        "s.gemeente = hub.gemeente() and s.owner = $1 and",
        "s.gemeente = hub.gemeente() and",
    ),
    (("shown_as",), "s.gemeente = hub.gemeente() and s.owner = $1 and", "s.owner = $1 and"),
    (("shown_as",), "and hub.today() between g.valid_from and g.valid_until", ""),
    (("shown_as",), "and own.recorded_on between g.covers_from and g.valid_until", ""),
    (("shown_as",), "and own.recorded_on > hub.today() - g.keep_days", ""),
    (("shown_as",), "if each.rank = 0 then", "if false then"),
    (("shown_as",), "perform set_config('hub.organisation', me::text, true);", ""),
    (("shown_as",), "perform set_config('hub.organisation', each.organisation::text, true);", ""),
    (("seen_signals",), "if me is null then", "if false then"),
    (
        ("seen_signals",),
        "hub.shared_signals_newest(w.id, me,",
        "hub.shared_signals_newest(w.id, null,",
    ),
    (("seen_signals",), "perform set_config('hub.organisation', receiver::text, true);", ""),
    (("seen_signals",), "perform set_config('hub.organisation', me::text, true);", ""),
    (("seen_signals",), "s.id desc, hub.rank_of", "s.id, hub.rank_of"),
    (("own_signals",), "hub.signals_newest(w.id, hub.asker(),", "hub.signals_newest(w.id, null,"),
    (("own_signals",), "and (of_owner is null or s.owner = of_owner)", ""),
    (("is_about",), "and r.kind = s.kind", ""),
    (("is_about",), "and r.provider = s.owner", ""),
    (("is_about",), "and s.wijk = any (r.wijken)", ""),
    (("is_about",), "and (r.category is null or r.category = s.category)", ""),
    (
        ("grant_of",),
        "least(hub.rank_of(r.precision), coalesce(hub.rank_of(c.precision), 3::smallint))",
        "hub.rank_of(r.precision)",
    ),
    (("grant_of",), "when coalesce(c.with_text, true) then r.fields", "when true then r.fields"),
    (
        ("grant_of",),
        "case when r.includes_past then '-infinity' else a.valid_from end",
        "'-infinity'",
    ),
    (("grant_of",), "where s.profile = hub.as_agreed() or c.receiver is not null", ""),
    (("compile_grants",), "and d.decision in ('REJECT', 'REVOKE'))", "and d.decision = 'REJECT')"),
    (("compile_grants",), "and d.decision in ('REJECT', 'REVOKE'))", "and d.decision = 'REVOKE')"),
    (("compile_grants",), "~and cardinality\\(a\\.parties\\) = \\(.*?'ACCEPT'\\);", ";"),
    (
        ("compile_grants",),
        "and (g.slice = any (of_slices) or g.agreement = of_agreement)",
        "and g.slice = any (of_slices)",
    ),
    (("grant_of",), "and c.profile = s.profile and", "and"),
    (("grant_of",), "and c.receiver = r.receiver", ""),
    (("compile_grants",), "s.gemeente = in_gemeente", "true"),
    (("compile_grants",), "least(a.valid_until, p.from_day - 1)", "a.valid_until"),
    (("versions_to_replace",), "b.version > a.version", "b.version <> a.version"),
    (("versions_to_replace",), "n.from_day <= a.valid_until", "true"),
    (("versions_to_replace",), "and hub.begins_on(a.gemeente, a.id, a.version) is not null", ""),
    (("begins_on",), "d.accepted = cardinality(a.parties) and", ""),
    (("begins_on",), "least(a.valid_until, d.revoked_on)", "a.valid_until"),
    (("begins_on",), "greatest(a.valid_from, d.accepted_on)", "a.valid_from"),
    (("number_version",), "hub.asker() = any (standing.parties) is not true", "false"),
    (("number_version",), "standing.day > hub.today()", "false"),
    (
        ("number_version",),
        "hub.agreement_state(new.gemeente, new.id, newest) = 'PROPOSED'",
        "false",
    ),
    (("number_version",), "and b.day is not null", ""),
    (
        ("agreement_state_on",),
        "when p.from_day <= least(on_day, a.valid_until) then 'REPLACED'",
        "",
    ),
    (("agreement_state_on",), "least(on_day, a.valid_until)", "a.valid_until"),
    (
        ("agreement_state_on",),
        "(on_day >= hub.today() or (d.at at time zone 'Europe/Amsterdam')::date <= on_day)",
        "true",
    ),
    (
        ("rules_on",),
        "hub.agreement_state_on(a.gemeente, a.id, a.version, on_day) = 'IN_FORCE'",
        "true",
    ),
    (
        ("rules_on",),
        "and hub.agreement_state_on(a.gemeente, a.id, a.version, on_day)",
        "and hub.agreement_state(a.gemeente, a.id, a.version)",
    ),
    (("published_agreements",), "and a.publish", ""),
    (("published_agreements",), "and in_gemeente = hub.gemeente()", ""),
    (
        ("published_agreements",),
        "and hub.agreement_state(a.gemeente, a.id, a.version) = 'IN_FORCE'",
        "",
    ),
    (("announce_agreements",), "and n.version > r.version", ""),
    (("announce_agreements",), "~and hub\\.goes_on\\(in_gemeente.*?r\\.wijk\\)\\)", ")"),
    (("announce_agreements",), "'REVOKED', 'REPLACED'", "'REVOKED'"),
    (("goes_on",), "and r.precision <> 'COUNT'", ""),
    (("goes_on",), "and n.kind = r.kind", ""),
    (("goes_on",), "and (n.category is null or n.category = r.category)", ""),
    (("goes_on",), "and hub.rank_of(n.precision) >= hub.rank_of(r.precision)", ""),
    (("goes_on",), "and n.fields @> r.fields", ""),
    (("goes_on",), "and n.keep_days >= r.keep_days", ""),
    (
        ("goes_on",),
        "and (n.includes_past or (not r.includes_past and b.valid_from <= a.valid_from))",
        "",
    ),
    (
        ("check_decision",),
        "hub.agreement_state(new.gemeente, new.agreement, new.version) = 'REPLACED' or",
        "",
    ),
    (("check_decision",), "d.decision in ('REJECT', 'REVOKE') or", ""),
    (
        ("check_decision",),
        "d.decision in ('REJECT', 'REVOKE') or (d.organisation = new.organisation and d.decision = new.decision)\n        or (new.decision = 'REJECT' and d.organisation = new.organisation)",
        "d.decision in ('REJECT', 'REVOKE')",
    ),
    (("on_decision",), "perform hub.compile_grants(new.gemeente, null, new.agreement);", ""),
    (("accepted_by_all",), "and d.decision = 'ACCEPT'", ""),
    (
        ("record_insert",),
        "perform hub.compile_grants((select gemeente from new_rows limit 1), fresh, null);",
        "",
    ),
    (("works_in",), "and hub.today() between o.works_from and o.works_until", ""),
    (("takes_counts",), "between hub.period_from(of_period) and", "<="),
    (
        ("takes_counts",),
        "hub.today() between hub.period_from(of_period) and hub.period_until(of_period) + m.open_days",
        "hub.today() >= hub.period_from(of_period)",
    ),
    (("works_in",), "o.organisation = hub.asker() and", ""),
    (("principal_of",), "t.digest = token_digest and", ""),
    (("principal_of",), "and t.revoked_at is null", ""),
    (("principal_of",), "and t.expires_at > hub.now()", ""),
    (("source_states",), "where r.receiver = hub.asker()", ""),
    (("source_states",), "and w.wijk = any (in_wijken)", ""),
    (("source_states",), "w.gemeente = hub.gemeente() and", ""),
    (
        ("source_states",),
        "~and \\(d\\.owner = hub\\.asker\\(\\) or .*?any \\(d\\.categories\\)\\)\\)\\)",
        "",
    ),
    (
        ("source_states",),
        "and (r.category is null or d.categories is null or r.category = any (d.categories))",
        "",
    ),
    (("lines_of",), "and p.receiver = t.reader", ""),
    (("lines_of",), "and p.provider = t.owner", ""),
    (("lines_of",), "a.gemeente = t.gemeente and", ""),
    (("lines_of",), "and a.version = t.version", ""),
    (("lines_of",), "o.gemeente = t.gemeente and", ""),
    (("version_that_shows",), "r.gemeente = in_gemeente and", ""),
    (("version_that_shows",), "and r.receiver = of_receiver", ""),
    (("version_that_shows",), "and r.provider = of_provider", ""),
    (("version_that_shows",), "and g.version = r.version", ""),
    (("version_that_shows",), "and g.receiver = r.receiver", ""),
    (("version_that_shows",), "and hub.today() between g.valid_from and g.valid_until", ""),
]


PREDICATES += [
    (("forget_dry_runs",), "d.gemeente = of_gemeente and", ""),
    (("forget_keys",), "k.gemeente = of_gemeente and", ""),
    (("forget_keys",), "p.gemeente = of_gemeente and", ""),
    (("forget_keys",), "and not hub.retry_may_come(k.on_day)", ""),
    (("forget_keys",), "and not hub.retry_may_come(p.on_day)", ""),
    (("retry_may_come",), "hub.today() - 7", "hub.today() - 6"),
    (("retry_may_come",), "hub.today() - 7", "hub.today() - 8"),
    (("may_audit",), "hub.has_role('PRIVACY_OFFICER') or hub.has_role('ADMINISTRATOR')", "true"),
    (("may_audit",), " or hub.has_role('ADMINISTRATOR')", ""),
    (("may_audit",), "hub.has_role('PRIVACY_OFFICER') or", ""),
    (("has_activity",), "and p.code = of_code", ""),
    (("is_party_to",), "and a.id = of_agreement", ""),
    (("audit_of_login",), "hub.asker() is null or hub.asker() = of_organisation", "true"),
    (("audit_of_login",), "hub.asker() is null or ", ""),
    (
        ("audit_of_login",),
        "case when hub.asker() = of_organisation then hub.trace() end",
        "hub.trace()",
    ),
    (("log_reads",), "and m.organisation = reads", ""),
    (("log_reads",), "and m.agreement = l.agreement", ""),
    (("log_reads",), "m.gemeente = here and", ""),
    (("log_reads",), "and v.organisation = m.organisation", ""),
    (("log_reads",), "and v.code = m.code", ""),
    (("log_reads",), "v.gemeente = m.gemeente and", ""),
    (("log_reads",), "and v.valid_from <= hub.today()", ""),
    (("log_reads",), "order by v.version desc", "order by v.version"),
    (("ledger_lines",), "hub.has_role('PRIVACY_OFFICER') and", ""),
    (("lines_by_asker", "lines_about_asker"), "l.gemeente = hub.gemeente() and", ""),
    (("lines_by_asker", "lines_about_asker"), "r.gemeente = hub.gemeente() and", ""),
    (("lines_by_asker",), "and l.reader = hub.asker()", ""),
    (("lines_by_asker",), "and r.reader = hub.asker()", ""),
    (("lines_about_asker",), "and l.owner = hub.asker()\n", "\n"),
    (("lines_about_asker",), "~ l\n +where l\\.owner = hub\\.asker\\(\\)", " l"),
    (("readers_of_asker",), "l.told_on <= hub.today() and", ""),
    (("readers_of_asker",), "l.on_day >= since and", ""),
    (("readers_of_asker",), "and (until is null or l.on_day <= until)", ""),
    (("fold_reads",), "where x.gemeente = in_gemeente", ""),
    (("knows_login",), "hub.has_role('PRIVACY_OFFICER') and", ""),
    (("knows_login",), "and r.reader = hub.asker()", ""),
    (("knows_login",), "r.gemeente = hub.gemeente() and", ""),
    (("ledger_lines",), "l.reader, null, l.agreement", "l.reader, l.actor, l.agreement"),
    (("ledger_lines",), "l.activity_version, null\n", "l.activity_version, l.trace\n"),
    (("ledger_lines",), "not by_asker and", ""),
    (("ledger_lines",), "where by_asker and", "where"),
    (("ledger_lines",), "and (other is null or l.owner = other)", ""),
    (("ledger_lines",), "and (other is null or l.reader = other)", ""),
    (("ledger_lines",), "and (of_login is null or l.actor = of_login)", ""),
    (("ledger_lines",), "and of_login is null", ""),
    (("ledger_lines",), "and l.at >= since", ""),
    (("ledger_lines",), "and (until is null or l.at < until)", ""),
    (("ledger_lines",), "and (of_agreement is null or l.agreement = of_agreement)", ""),
    (("ledger_lines",), "and (of_kind is null or l.kind = of_kind)", ""),
    (("ledger_lines",), "and (after_at is null or (l.at, l.id) < (after_at, after_id))", ""),
    (("seal_logs",), "e.gemeente = in_gemeente and", ""),
    (("seal_logs",), "e.xid < pg_snapshot_xmin(pg_current_snapshot())", "true"),
    (("seal_logs",), "~and \\(last\\.number is null or \\(e\\.xid.*?\\)\\)\\)", ""),
    (("erase_actor_from_logs",), "l.gemeente = in_gemeente and l.reader", "l.reader"),
    (("erase_actor_from_logs",), "l.reader = of_organisation and", ""),
    (("erase_actor_from_logs",), "and l.actor = in_actor", ""),
    (("erase_owner_from_ledger",), "l.gemeente = in_gemeente and", ""),
    (("erase_owner_from_ledger",), "and l.owner = of_organisation", ""),
    (("erase_ledger_before",), "l.gemeente = in_gemeente and", ""),
    (("erase_ledger_before",), "and l.on_day < before", ""),
    (("forget_dry_runs",), "and not hub.dry_run_is_kept(d.on_day)", ""),
    (("dry_run_is_kept",), "hub.today() - 7", "hub.today() - 6"),
    (("dry_run_is_kept",), "hub.today() - 7", "hub.today() - 8"),
]


# What stands in the walk through a wijk alone. It shows the same as reading by the grants, whoever asks; so it is mutated in a door that
# always walks. There every predicate is mutated again that stands in the walk as well.
WALK = re.compile(r"if \(\s+select slices = .*?\)\n\s+then(?P<walk>.*?)return;", re.DOTALL)
WALKED: list[tuple[str, str]] = [
    ("s.wijk = in_wijk and s.owner", "s.owner"),
    ("and (of_owner is null or s.owner = of_owner)", ""),
    ("and b.slice = s.slice and b.rank > 0", "and b.rank > 0"),
    ("and b.slice = s.slice and b.rank > 0", "and b.slice = s.slice"),
    ("order by b.rank desc, b.agreed_at, b.agreement, b.rule limit 1", "limit 1"),
    ("order by b.rank desc,", "order by"),
    ("b.rank desc, b.agreed_at, b.agreement,", "b.rank desc, b.agreement,"),
    ("b.agreement, b.rule limit 1", "b.agreement, b.rule"),
]


def always_walking(body: str) -> str:
    """A door that pages, which walks through the wijk whatever the asker may see of it."""
    return WALK.sub(r"if true then\g<walk>return;", body)


def walk_of(body: str) -> str:
    """What of a door that pages is the walk."""
    found = WALK.search(body)
    assert found is not None, "there is no walk through a wijk"
    return found["walk"]


PREDICATES += [
    (("keep_never_shared",), "is_marked or (", "("),
    (
        ("keep_never_shared",),
        "or (new.profile = hub.never_shared() and old.dataset is not distinct from new.dataset)",
        "",
    ),
    (("keep_never_shared",), "and old.dataset is not distinct from new.dataset", ""),
    (("keep_never_shared",), "coalesce(new.asked_profile, old.profile,", "coalesce("),
    (("keep_never_shared",), "coalesce(new.asked_profile, old", "coalesce(old"),
    (("keep_never_shared",), "coalesce(new.asked_profile, hub.as_agreed())", "hub.as_agreed()"),
    (("keep_never_shared",), "or new.asked_profile is not null then", "then"),
    (("keep_never_shared",), "and d.never_share)", ")"),
    (
        ("keep_never_shared",),
        "(d.gemeente, d.owner, d.dataset)",
        "(d.gemeente, d.owner, new.dataset)",
    ),
    (("record_sharing",), "where o.profile <> n.profile", ""),
    (("record_sharing",), "where hub.recorded(m.was) = hub.recorded(m.became)", ""),
    (("record_sharing",), "(1, 'WITHDRAWN', '{}'::text[], m.was), ", ""),
    (("record_sharing",), "'{slice}', m.became", "'{}', m.became"),
    (("record_sharing",), ", (2, 'UPDATED', '{slice}', m.became)", ""),
    (("record_sharing",), "s.changed, false", "s.changed, true"),
    (("record_sharing",), "p.slice, a.slices,", "p.slice, null,"),
    (("on_never_share",), "gemeente = $1 and", ""),
    (("on_never_share",), "owner = $2 and", ""),
    (("on_never_share",), "and dataset = $3", ""),
    (("share_what_was_kept",), "gemeente = hub.gemeente() and", ""),
    (("share_what_was_kept",), "owner = hub.asker() and", ""),
    (("share_what_was_kept",), "and dataset = $1", ""),
    (("source_states",), "not d.never_share and", ""),
    (("administers_partners",), "hub.has_role('ADMINISTRATOR') and", ""),
    (("administers_partners",), "and o.kind = 'MUNICIPALITY'", ""),
    (("administers_partners",), "o.gemeente = hub.gemeente() and", ""),
    (("administers_partners",), "o.id = hub.asker() and", ""),
    (("onboard_partner",), "if hub.administers_partners() is not true then", "if false then"),
]


# Of what is added up instead of counted.
_TOTALS = ("shared_totals",)
PREDICATES += [
    (_TOTALS, "g.gemeente = (select hub.gemeente()) and", ""),
    (_TOTALS, "g.receiver = (select hub.asker()) and", ""),
    (_TOTALS, "g.wijk = any (in_wijken)", "true"),
    (_TOTALS, "and g.kind = k.kind", ""),
    (_TOTALS, "and g.rank > 0", ""),
    (_TOTALS, "between g.valid_from and g.valid_until", ">= g.valid_from"),
    (_TOTALS, "between g.valid_from and g.valid_until", "<= g.valid_until"),
    (_TOTALS, "(of_owner is null or g.owner = of_owner)", "true"),
    (_TOTALS, "greatest(g.covers_from, (select hub.today()) - g.keep_days + 1)", "g.covers_from"),
    (
        _TOTALS,
        "greatest(g.covers_from, (select hub.today()) - g.keep_days + 1)",
        "(select hub.today()) - g.keep_days + 1",
    ),
    (_TOTALS, "- g.keep_days + 1", "- g.keep_days"),
    (_TOTALS, "- coalesce(range_agg(x.days) over better, '{}')", ""),
    (_TOTALS, "order by g.rank desc,", "order by g.rank,"),
    (_TOTALS, "order by g.rank desc, g.agreed_at,", "order by g.rank desc,"),
    (_TOTALS, "partition by g.slice", "partition by g.wijk"),
    (_TOTALS, "where k.table_name = of_table and not k.several", "where k.table_name = of_table"),
    (_TOTALS, "k.table_name = of_table and", ""),
    (_TOTALS, "(categories is null or r.category = any (categories))", "true"),
    (_TOTALS, "(categories is null or c.category = any (categories))", "true"),
    (
        _TOTALS,
        "case when is_closed is true then 0 else hub.by_then",
        "case when false then 0 else hub.by_then",
    ),
    (_TOTALS, "case when is_closed is false then 0\n", "case when false then 0\n"),
    (_TOTALS, "case when is_closed is true then 0 else c.open end", "c.open"),
    (_TOTALS, "c.day <@ s.days and", ""),
    (_TOTALS, "- hub.by_then(r.days, r.open, lower(d.days) - 1)", ""),
    (
        _TOTALS,
        "- hub.by_then(r.days, r.open, lower(d.days) - 1)",
        "- hub.by_then(r.days, r.open, lower(d.days))",
    ),
    (
        _TOTALS,
        "r.wijk, r.slice) = (s.gemeente, s.owner, s.kind, s.wijk, s.slice)",
        "r.wijk) = (s.gemeente, s.owner, s.kind, s.wijk)",
    ),
    (
        _TOTALS,
        "c.wijk, c.slice) = (s.gemeente, s.owner, s.kind, s.wijk, s.slice)",
        "c.wijk) = (s.gemeente, s.owner, s.kind, s.wijk)",
    ),
    (_TOTALS, "having sum(n.records) > 0", ""),
    (
        ("own_totals",),
        "n.kind = (select k.kind from hub.contribution_kinds k where k.table_name = of_table)",
        "true",
    ),
    (("own_totals",), "(in_wijken is null or n.wijk = any (in_wijken))", "true"),
    (("own_totals",), "(categories is null or n.category = any (categories))", "true"),
    (("own_totals",), "case when is_closed is true then 0 else n.open end", "n.open"),
    (("own_totals",), "case when is_closed is false then 0 else n.closed end", "n.closed"),
]


SHOWS = {
    "shared_totals": "totals",
    "own_totals": "totals",
    "shared_signals_newest": "newest",
    "shared_signals_oldest": "oldest",
    "shared_signals_by_id": "ids",
    "feed_of_wijk": "feed",
    "shown_as": "shown",
    "seen_signals": "slice",
    "own_signals": "slice",
    "shared_activities_newest": "newest",
    "shared_activities_oldest": "oldest",
    "shared_activities_by_id": "ids",
    "activities_newest": "newest",
    "activities_oldest": "oldest",
    "best_grant": "newest",
    "principal_of": "nobody",
    "source_states": "tables",
    **dict.fromkeys(
        (
            *("may_audit", "has_activity", "is_party_to", "audit_of_login", "log_reads"),
            *("lines_by_asker", "lines_about_asker", "readers_of_asker", "fold_reads", "lines_of"),
            *(
                "knows_login",
                "ledger_lines",
                "seal_logs",
                "erase_actor_from_logs",
                "erase_owner_from_ledger",
            ),
            "erase_ledger_before",
        ),
        "logs",
    ),
}


async def _body(connection: Connection, name: str) -> str:
    """The definition of a function."""
    body: str = await connection.fetchval(
        "select pg_get_functiondef(p.oid) from pg_proc p where p.pronamespace = 'hub'::regnamespace and p.proname = $1",
        name,
    )
    return body


def stands_in(body: str, old: str) -> bool:
    """Whether a text, or a pattern, stands in a body."""
    return bool(re.search(old[1:], body, re.DOTALL)) if old.startswith("~") else old in body


def _without(name: str, body: str, old: str, new: str, how: str = "") -> Mutant:
    mutated = (
        re.sub(old[1:], new, body, flags=re.DOTALL)
        if old.startswith("~")
        else body.replace(old, new)
    )
    return Mutant(
        f"{how}{name}: {' '.join(old.split())} -> {new or 'nothing'}",
        mutated,
        SHOWS.get(name, "writing"),
    )


async def predicates(connection: Connection) -> Iterator[Mutant]:
    """Each predicate of the doors, the feed and the compilation without its effect."""
    made = []
    for names, old, new in PREDICATES:
        for name in names:
            body = await _body(connection, name)
            assert stands_in(body, old), f"{old!r} does not stand in hub.{name}"
            made.append(_without(name, body, old, new))
            if name in _PAGED and stands_in(walk_of(body), old):
                made.append(_without(name, always_walking(body), old, new, "walking: "))
    for name in _PAGED:
        walking = always_walking(await _body(connection, name))
        made += [_without(name, walking, old, new, "walking: ") for old, new in WALKED]
    return iter(made)


NEVER_SHARE = [
    Mutant(
        "caps for what is never shared",
        "alter table hub.share_caps drop constraint share_caps_never_shared",
        "writing",
    ),
    Mutant("a mark moves nothing", "drop trigger marked on hub.datasets", "writing"),
]


async def never_share(connection: Connection) -> Iterator[Mutant]:
    """What else keeps a dataset that is never shared."""
    return iter(NEVER_SHARE)


async def all_of(connection: Connection) -> list[Mutant]:
    """Every mutant."""
    kinds = (policies, tables, keys, grants, functions, predicates, never_share)
    return [mutant for kind in kinds for mutant in await kind(connection)]

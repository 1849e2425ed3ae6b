# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: E501, S608 -- queries stand as they are, and are made of nothing but one another
"""What must hold in the catalogue of any database of the hub, as questions that return what is wrong.

Each check is one query that only reads pg_catalog and hub.contribution_*, for any role that may connect: a test asks them
after the migrations, and `hub doctor` asks them of a database that serves. An answer is a list of findings, each a short
name of the thing that is not as it should be; no finding is no row. What may be so stands in sql/known.py, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from sql.known import ALLOWED, may_execute

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

Findings: TypeAlias = dict[str, list[str]]
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

_ROLES = "('hub_owner', 'hub_app', 'hub_door', 'hub_recorder', 'hub_retention')"

_WITHOUT_LOGIN = "('hub_door'::regrole, 'hub_recorder'::regrole, 'hub_retention'::regrole)"

# Tables whose rows are somebody's: a column says whose.
_GUARDED = """
  select c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity,
    array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and a.attname in
      ('owner', 'organisation', 'receiver', 'provider', 'parties', 'audience', 'reader', 'proposed_by')
      and a.atttypid in ('uuid'::regtype, 'uuid[]'::regtype)) as holders
  from pg_class c where c.relnamespace = 'hub'::regnamespace and c.relkind in ('r', 'p')
    and (exists (select from pg_attribute a where a.attrelid = c.oid and a.attname in
      ('owner', 'organisation', 'receiver', 'provider', 'parties', 'audience', 'reader', 'proposed_by', 'agreement'))
      or c.relname = 'organisations')
"""

_FUNCTIONS = """
  select p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as signature, p.*
  from pg_proc p where p.pronamespace = 'hub'::regnamespace
"""

# What makes a policy that of a backup: it shows the owner rows, while the owner says that it makes one.
_BACKUP = """(p.polcmd = 'r' and p.polpermissive and p.polroles = array['hub_owner'::regrole::oid]
  and pg_get_expr(p.polqual, p.polrelid) = '(current_setting(''hub.backup''::text, true) = ''on''::text)')"""

CHECKS: dict[str, str] = {
    # -- roles ----------------------------------------------------------------------------------------------------
    "a role is missing": f"""
        select r from unnest(array{_ROLES.replace("(", "[").replace(")", "]")}) r
        where not exists (select from pg_roles where rolname = r)""",
    "a role is exempt from row-level security": f"""
        select rolname from pg_roles where rolname in {_ROLES} and (rolsuper or rolbypassrls or rolreplication)""",
    "a role can do more than it needs": """
        select rolname from pg_roles where
          (rolname = 'hub_app' and (rolcreaterole or rolcreatedb or rolinherit or not rolcanlogin))
          or (rolname in ('hub_door', 'hub_recorder', 'hub_retention') and (rolcanlogin or rolcreaterole or rolcreatedb or rolinherit))""",
    # From PostgreSQL 16 on, who creates a role is its member with ADMIN but without INHERIT or SET: that gives the owner, who
    # created the roles without login, the power to lend them to itself in a migration and nothing before. 15 has no such rows.
    "somebody is a member of a role of the hub": f"""
        select m.member::regrole || ' in ' || m.roleid::regrole from pg_auth_members m
        where m.roleid in (select oid from pg_roles where rolname in {_ROLES})
          and (coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true)
            or coalesce((to_jsonb(m) ->> 'set_option')::boolean, true))
          and not exists (select from pg_roles o where o.oid = m.member and o.rolsuper)""",
    "the serving role is a member of something": """
        select m.roleid::regrole::text from pg_auth_members m where m.member = 'hub_app'::regrole""",
    "the serving role owns something": """
        select 'table ' || oid::regclass from pg_class where relowner = 'hub_app'::regrole and relpersistence <> 't'
        union all select 'function ' || oid::regprocedure from pg_proc where proowner = 'hub_app'::regrole
        union all select 'schema ' || nspname from pg_namespace where nspowner = 'hub_app'::regrole and nspname !~ '^pg_'
        union all select 'database ' || datname from pg_database where datdba = 'hub_app'::regrole""",
    "a role without login owns something else than functions": f"""
        select c.oid::regclass::text from pg_class c where c.relowner in {_WITHOUT_LOGIN}
        union all
        select n.nspname from pg_namespace n where n.nspowner in {_WITHOUT_LOGIN}""",
    "a role may create in the schema": """
        select r || ' in ' || n.nspname from unnest(array['hub_app', 'hub_door', 'hub_recorder', 'hub_retention', 'public']) r
        cross join pg_namespace n
        where n.nspname in ('hub', 'public')
          and case when r = 'public'
            then exists (select from aclexplode(n.nspacl) x where x.grantee = 0 and x.privilege_type = 'CREATE')
            else has_schema_privilege(r, n.oid, 'CREATE') end""",
    # -- what may be done with tables -----------------------------------------------------------------------------
    "a role may truncate, reference or hang triggers": """
        select r || ' may ' || p || ' ' || c.relname from unnest(array['hub_app', 'hub_door', 'hub_recorder', 'hub_retention']) r
        cross join unnest(array['TRUNCATE', 'REFERENCES', 'TRIGGER']) p
        join pg_class c on c.relnamespace = 'hub'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
        where has_table_privilege(r, c.oid, p) or (p = 'REFERENCES' and has_any_column_privilege(r, c.oid, p))""",
    "everybody may do something with a table": """
        select c.relname || ': ' || x.privilege_type from pg_class c cross join aclexplode(c.relacl) x
        where c.relnamespace = 'hub'::regnamespace and x.grantee = 0""",
    "the serving role may use a sequence": """
        select c.relname from pg_class c where c.relnamespace = 'hub'::regnamespace and c.relkind = 'S'
          and (has_sequence_privilege('hub_app', c.oid, 'USAGE') or has_sequence_privilege('hub_app', c.oid, 'SELECT'))""",
    "the serving role reads a number of a sequence": """
        select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
        left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        where c.relnamespace = 'hub'::regnamespace and a.attnum > 0 and has_column_privilege('hub_app', c.oid, a.attnum, 'SELECT')
          and (a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) ~ 'nextval')""",
    "the door may write": """
        select c.relname from pg_class c where c.relnamespace = 'hub'::regnamespace and c.relkind in ('r', 'p', 'v')
          and (has_any_column_privilege('hub_door', c.oid, 'INSERT') or has_any_column_privilege('hub_door', c.oid, 'UPDATE')
            or has_table_privilege('hub_door', c.oid, 'DELETE'))""",
    # it moves records of a dataset that is marked: to another profile, and no more
    "the recorder may change what was written": """
        select distinct case when w.whole then c.relname::text else c.relname || '.' || a.attname end
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        cross join lateral (
          select has_table_privilege('hub_recorder', c.oid, 'DELETE') or has_table_privilege('hub_recorder', c.oid, 'UPDATE') as whole) w
        where c.relnamespace = 'hub'::regnamespace and c.relkind in ('r', 'p', 'v')
          and (w.whole or has_column_privilege('hub_recorder', c.oid, a.attnum, 'UPDATE')
            and not (a.attname = 'profile' and exists (select from hub.contribution_kinds k where k.table_name = c.relname)))""",
    # It takes away: of a record it may change what a term makes less exact, and what it adds says that something is gone.
    "retention may add": """
        select c.relname from pg_class c where c.relnamespace = 'hub'::regnamespace and c.relkind in ('r', 'p', 'v')
          and has_any_column_privilege('hub_retention', c.oid, 'INSERT')""",
    "retention may change what is no content": """
        select c.relname || '.' || a.attname from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        left join hub.contribution_kinds k on k.table_name = c.relname
        where c.relnamespace = 'hub'::regnamespace and c.relkind in ('r', 'p', 'v')
          and has_column_privilege('hub_retention', c.oid, a.attnum, 'UPDATE')
          and not (k.kind is not null and (a.attname = 'version' or exists (
            select from hub.contribution_fields f where f.kind = k.kind and a.attname = any (f.columns)
              and f.field <> 'sourceId'
              and (f.is_text or (f.shown_from = 'EXACT' and f.listed)
                or (a.atttypid = 'text'::regtype and not f.is_code and not exists (
                  select from pg_constraint l where l.conrelid = c.oid and l.contype = 'c' and l.conkey = array[a.attnum]
                    and pg_get_constraintdef(l.oid) ~ '= ANY \\(ARRAY\\['))))))""",
    "the serving role may name what the transaction says": f"""
        select g.relname || '.' || a.attname from ({_GUARDED}) g join pg_attribute a on a.attrelid = g.oid
        where a.attname in ('gemeente', 'owner', 'organisation', 'proposed_by', 'recorded_on', 'invented', 'at', 'on_day', 'actor')
          and (has_column_privilege('hub_app', g.oid, a.attnum, 'INSERT') or has_column_privilege('hub_app', g.oid, a.attnum, 'UPDATE'))""",
    "the serving role may move a record to another id": """
        select k.table_name from hub.contribution_kinds k
        where has_column_privilege('hub_app', 'hub.' || quote_ident(k.table_name), 'id', 'UPDATE')""",
    # -- row-level security ---------------------------------------------------------------------------------------
    "row-level security is off": f"select g.relname from ({_GUARDED}) g where not g.relrowsecurity",
    "row-level security is not forced": f"select g.relname from ({_GUARDED}) g where not g.relforcerowsecurity",
    "a table has no policies and the serving role reads it": """
        select c.relname from pg_class c where c.relnamespace = 'hub'::regnamespace and c.relkind in ('r', 'p')
          and not c.relrowsecurity and has_any_column_privilege('hub_app', c.oid, 'SELECT')""",
    "a table has no policies and the serving role writes it": """
        select c.relname from pg_class c where c.relnamespace = 'hub'::regnamespace and c.relkind in ('r', 'p')
          and not c.relrowsecurity and (has_any_column_privilege('hub_app', c.oid, 'INSERT')
            or has_any_column_privilege('hub_app', c.oid, 'UPDATE') or has_table_privilege('hub_app', c.oid, 'DELETE'))""",
    "a role may use a command for which it has no policy": f"""
        select r || ' ' || command || ' ' || g.relname from ({_GUARDED}) g
        cross join unnest(array['hub_app', 'hub_door', 'hub_recorder', 'hub_retention']) r
        cross join (values ('SELECT', 'r'), ('INSERT', 'a'), ('UPDATE', 'w'), ('DELETE', 'd')) v(command, letter)
        where (has_table_privilege(r, g.oid, command)
            or (command <> 'DELETE' and has_any_column_privilege(r, g.oid, command)))
          and not exists (select from pg_policy p where p.polrelid = g.oid and p.polcmd in ('*', letter::"char")
            and p.polpermissive and r::regrole = any (p.polroles))""",
    "a policy is for everybody": """
        select p.polname || ' on ' || p.polrelid::regclass from pg_policy p join pg_class c on c.oid = p.polrelid
        where c.relnamespace = 'hub'::regnamespace and 0 = any (p.polroles)""",
    "a policy of the serving role does not ask who asks": """
        select c.relname || ': ' || p.polname from pg_policy p join pg_class c on c.oid = p.polrelid
        where c.relnamespace = 'hub'::regnamespace and 'hub_app'::regrole = any (p.polroles) and p.polpermissive
          and (coalesce(pg_get_expr(p.polqual, p.polrelid), 'hub.asker()') !~ 'asker\\(\\)'
            or coalesce(pg_get_expr(p.polwithcheck, p.polrelid), 'hub.asker()') !~ 'asker\\(\\)')""",
    "a policy of the serving role does not ask in which gemeente": """
        select c.relname || ': ' || p.polname from pg_policy p join pg_class c on c.oid = p.polrelid
        where c.relnamespace = 'hub'::regnamespace and 'hub_app'::regrole = any (p.polroles) and p.polpermissive
          and (coalesce(pg_get_expr(p.polqual, p.polrelid), 'hub.gemeente()') !~ 'gemeente\\(\\)'
            or coalesce(pg_get_expr(p.polwithcheck, p.polrelid), 'hub.gemeente()') !~ 'gemeente\\(\\)')""",
    "a policy can lapse by OR": """
        select c.relname || ': ' || p.polname from pg_policy p join pg_class c on c.oid = p.polrelid
        where c.relnamespace = 'hub'::regnamespace and 'hub_app'::regrole = any (p.polroles) and p.polpermissive
          and concat(pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) ~* '\\mor\\M'""",
    "an operator that chooses rows in a policy is not leakproof": """
        select distinct c.relname || ': ' || f.oid::regprocedure from pg_policy p join pg_class c on c.oid = p.polrelid
        cross join lateral regexp_matches(p.polqual::text, ':opfuncid (\\d+)', 'g') m
        join pg_proc f on f.oid = m[1]::oid
        where c.relnamespace = 'hub'::regnamespace and not f.proleakproof""",
    # Under FORCE the owner reads nothing, so a dump would lack what has no such policy; and nothing else may show it records.
    "a guarded table is not in a backup": f"""
        select c.relname from pg_class c where c.relnamespace = 'hub'::regnamespace and c.relkind in ('r', 'p') and c.relrowsecurity
          and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'backup' and {_BACKUP})""",
    "the owner reads what it does not administer": f"""
        select c.relname || ': ' || p.polname from pg_policy p join pg_class c on c.oid = p.polrelid
        where c.relnamespace = 'hub'::regnamespace and 'hub_owner'::regrole = any (p.polroles)
          and p.polname <> 'administration' and not {_BACKUP}""",
    # -- keys -----------------------------------------------------------------------------------------------------
    "a key does not carry gemeente and owner": f"""
        select distinct g.relname || '(' || columns || ')' from ({_GUARDED}) g
        join pg_index i on i.indrelid = g.oid and i.indisunique
        cross join lateral (
          select string_agg(a.attname, ', ' order by k.n) as columns, array_agg(a.attname::text) as names
          from unnest(i.indkey::int2[]) with ordinality k(attnum, n)
          join pg_attribute a on a.attrelid = g.oid and a.attnum = k.attnum) k
        where not ('gemeente' = any (names) and names && array['owner', 'organisation', 'audience'])""",
    "a foreign key to guarded rows does not carry gemeente and owner": f"""
        select g.relname || '(' || columns || ') to ' || t.relname from ({_GUARDED}) g
        join pg_constraint f on f.conrelid = g.oid and f.contype = 'f'
        join ({_GUARDED}) t on t.oid = f.confrelid
        cross join lateral (
          select string_agg(a.attname, ', ' order by k.n) as columns, array_agg(a.attname::text) as names
          from unnest(f.conkey) with ordinality k(attnum, n)
          join pg_attribute a on a.attrelid = g.oid and a.attnum = k.attnum) k
        where not ('gemeente' = any (names) and names && array['owner', 'organisation', 'audience'])""",
    "a foreign key does not carry gemeente": f"""
        select g.relname || ' to ' || f.confrelid::regclass from ({_GUARDED}) g
        join pg_constraint f on f.conrelid = g.oid and f.contype = 'f'
        where not exists (select from pg_attribute a where a.attrelid = g.oid and a.attnum = any (f.conkey) and a.attname = 'gemeente')""",
    "a foreign key takes rows away with it": f"""
        select g.relname || ' to ' || f.confrelid::regclass from ({_GUARDED}) g
        join pg_constraint f on f.conrelid = g.oid and f.contype = 'f' and f.confdeltype not in ('r', 'a')""",
    "records are not tied to where their owner works": """
        select k.table_name from hub.contribution_kinds k
        where not exists (select from pg_constraint f where f.contype = 'f' and f.confrelid = 'hub.organisation_wijken'::regclass
          and f.conrelid = ('hub.' || quote_ident(k.table_name))::regclass
          and array(select a.attname::text from unnest(f.conkey) with ordinality u(c, n)
            join pg_attribute a on a.attrelid = f.conrelid and a.attnum = u.c order by n) = array['gemeente', 'owner', 'wijk'])""",
    # -- ways around policies -------------------------------------------------------------------------------------
    "a view reads with its owner's eyes": """
        select c.relname from pg_class c where c.relnamespace in ('hub'::regnamespace, 'public'::regnamespace) and c.relkind = 'v'
          and not coalesce((select option_value::boolean from pg_options_to_table(c.reloptions)
            where option_name = 'security_invoker'), false)""",
    "a materialised view, partition or foreign table is within reach": """
        select c.relname from pg_class c where c.relnamespace in ('hub'::regnamespace, 'public'::regnamespace)
          and (c.relkind in ('m', 'f') or c.relispartition) and has_any_column_privilege('hub_app', c.oid, 'SELECT')""",
    "the serving role can do something in another schema": """
        select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname !~ '^pg_' and n.nspname not in ('hub', 'information_schema') and c.relkind in ('r', 'p', 'v', 'm', 'f')
          and has_schema_privilege('hub_app', n.oid, 'USAGE') and has_any_column_privilege('hub_app', c.oid, 'SELECT')""",
    "a rule rewrites statements": """
        select w.ev_class::regclass || ': ' || w.rulename from pg_rewrite w join pg_class c on c.oid = w.ev_class
        where c.relnamespace = 'hub'::regnamespace and w.rulename <> '_RETURN'""",
    # -- functions ------------------------------------------------------------------------------------------------
    "everybody may execute a function": f"""
        select f.signature from ({_FUNCTIONS}) f
        where f.proacl is null or exists (select from aclexplode(f.proacl) x where x.grantee = 0)""",
    "a definer function does not pin its search path": f"""
        select f.signature from ({_FUNCTIONS}) f where f.prosecdef
          and not exists (select from unnest(f.proconfig) c where c ~ '^search_path=.*pg_temp$' and c !~ '"?\\$user')""",
    "a definer function acts for another role": f"""
        select f.signature from ({_FUNCTIONS}) f where f.prosecdef and f.proowner not in {_WITHOUT_LOGIN}""",
    "a function of a role without login runs as its caller": f"""
        select f.signature from ({_FUNCTIONS}) f
        where not f.prosecdef and f.proowner in {_WITHOUT_LOGIN}""",
    "a function claims to be leakproof": f"select f.signature from ({_FUNCTIONS}) f where f.proleakproof",
    "something is notified": f"select f.signature from ({_FUNCTIONS}) f where f.prosrc ~* '\\mnotify\\M|pg_notify'",
    # -- columns that never leave their owner ---------------------------------------------------------------------
    "the door reads what is the owner's alone": """
        select k.table_name || '.' || a.attname from hub.contribution_kinds k
        join pg_attribute a on a.attrelid = ('hub.' || quote_ident(k.table_name))::regclass and a.attnum > 0 and not a.attisdropped
        where has_column_privilege('hub_door', a.attrelid, a.attnum, 'SELECT')
          and a.attname not in ('gemeente', 'owner', 'id', 'slice', 'slices', 'wijk', 'recorded_on', 'invented', k.day_column)
          and not exists (select from hub.contribution_fields f where f.kind = k.kind and f.shown_from <> 'OWN'
            and a.attname = any (f.columns))""",
    "the recorder reads records": """
        select k.table_name || '.' || a.attname from hub.contribution_kinds k
        join pg_attribute a on a.attrelid = ('hub.' || quote_ident(k.table_name))::regclass and a.attnum > 0 and not a.attisdropped
        where has_column_privilege('hub_recorder', a.attrelid, a.attnum, 'SELECT')
          and a.attname not in ('gemeente', 'owner', 'dataset', 'profile', 'asked_profile')""",
    "another role than the door reads tokens": """
        select r from unnest(array['hub_app', 'hub_recorder']) r where has_any_column_privilege(r, 'hub.tokens', 'SELECT')
        union all
        select 'hub_retention: digest' where has_column_privilege('hub_retention', 'hub.tokens', 'digest', 'SELECT')""",
    "what was done to records is not remembered": """
        select k.table_name || ': ' || t from hub.contribution_kinds k
        cross join unnest(array['recorded_insert', 'recorded_slices', 'recorded_update', 'recorded_delete', 'recorded_sharing']) t
        where not exists (select from pg_trigger g where g.tgrelid = ('hub.' || quote_ident(k.table_name))::regclass
          and g.tgname = t and g.tgenabled = 'O')""",
    "records of a dataset that is never shared can be shared": """
        select k.table_name || ': ' || t from hub.contribution_kinds k
        cross join unnest(array['sharing_in_turn', 'sharing']) t
        where not exists (select from pg_trigger g where g.tgrelid = ('hub.' || quote_ident(k.table_name))::regclass
          and g.tgname = t and g.tgenabled = 'O')""",
    "what is counted does not follow the records": """
        select k.table_name || ': ' || t from hub.contribution_kinds k
        cross join unnest(array['rolled_up_insert', 'rolled_up_update', 'rolled_up_delete']) t
        where not exists (select from pg_trigger g where g.tgrelid = ('hub.' || quote_ident(k.table_name))::regclass
          and g.tgname = t and g.tgenabled = 'O')""",
    "what was changed is not audited": """
        select t || ': ' || g from (values
          ('agreements', 'audited'), ('agreement_decisions', 'audited'), ('replaced_versions', 'audited'), ('tokens', 'audited'), ('tokens', 'audited_change'),
          ('organisations', 'audited'), ('organisations', 'audited_change'), ('datasets', 'audited'), ('datasets', 'audited_change'),
          ('organisation_wijken', 'audited'), ('organisation_wijken', 'audited_change'), ('organisation_wijken', 'audited_end'),
          ('editions', 'audited'), ('processing_activities', 'audited'), ('agreement_activities', 'audited')) v(t, g)
        where not exists (select from pg_trigger x where x.tgrelid = ('hub.' || t)::regclass and x.tgname = g and x.tgenabled = 'O')""",
}

# Every function that the serving role may execute; the caller knows why.
EXECUTABLE = f"""
    select f.proname || '/' || f.pronargs from ({_FUNCTIONS}) f where has_function_privilege('hub_app', f.oid, 'EXECUTE') order by 1"""

_TABLES = "select k.table_name from hub.contribution_kinds k"


_NAMES = tuple(CHECKS)
# One question instead of many: an answer in one moment, and soon.
_ALL = (
    " union ".join(
        f"select {n}, x::text from ({query}) q(x)" for n, query in enumerate(CHECKS.values())
    )
    + " order by 1, 2"
)


async def findings(
    connection: Connection, allowed: Mapping[str, Mapping[str, str]] | None = None
) -> Findings:
    """What is wrong, by check; `allowed` names per check what may be so, with the reason."""
    wrong: Findings = {}
    for number, found in await connection.fetch(_ALL):
        check = _NAMES[number]
        if found not in (allowed or {}).get(check, {}):
            wrong.setdefault(check, []).append(found)
    return wrong


async def executable(connection: Connection) -> list[str]:
    """The functions of the hub that the serving role may execute, with how many arguments they take."""
    return [row[0] for row in await connection.fetch(EXECUTABLE)]


async def faults(connection: Connection) -> list[str]:
    """What is wrong beyond what sql/known.py gives a reason for, a line for each check."""
    found = await findings(connection, ALLOWED)
    listed = may_execute(row[0] for row in await connection.fetch(_TABLES))
    unlisted = [name for name in await executable(connection) if name not in listed]
    lines = [f"{check}: {', '.join(names)}" for check, names in found.items()]
    return lines + [f"the serving role may execute {name}" for name in unlisted]

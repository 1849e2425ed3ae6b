-- SPDX-License-Identifier: EUPL-1.2
-- What the catalogue of a database says about the schema `hub`, as pairs of an object and a line about it, in a fixed order. What only
-- one version of PostgreSQL tells is left out. sql/catalog.py runs them with nothing but pg_catalog in the search path.

-- catalog_roles --
-- The hub's roles, with what they may do and the settings that they log in with.
select 'role ' || r.rolname as object, concat_ws(' ',
    case when r.rolcanlogin then 'login' else 'nologin' end,
    case when r.rolinherit then 'inherit' else 'noinherit' end,
    case when r.rolcreaterole then 'createrole' end,
    case when r.rolcreatedb then 'createdb' end,
    case when r.rolsuper then 'SUPERUSER' end,
    case when r.rolbypassrls then 'BYPASSRLS' end,
    case when r.rolreplication then 'REPLICATION' end) as line
from pg_roles r where r.rolname ~ '^hub_'
union all
select 'role ' || r.rolname, 'set ' || setting
from pg_db_role_setting s
join pg_roles r on r.oid = s.setrole
cross join unnest(s.setconfig) setting
where r.rolname ~ '^hub_'
union all
select 'role ' || m.member::regrole, 'member of ' || m.roleid::regrole
from pg_auth_members m
where (m.member::regrole::text ~ '^hub_' or m.roleid::regrole::text ~ '^hub_')
  and (coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true) or coalesce((to_jsonb(m) ->> 'set_option')::boolean, true))
order by 1, 2

-- catalog_schema --
-- Who may use the schema, and what later objects of the owner are given to others.
select 'schema hub' as object, 'owner ' || n.nspowner::regrole as line from pg_namespace n where n.nspname = 'hub'
union all
select 'schema hub', format('grant %s to %s',
    string_agg(lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end, ', ' order by a.privilege_type),
    case when a.grantee = 0 then 'public' else a.grantee::regrole::text end)
from pg_namespace n cross join aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
where n.nspname = 'hub' and a.grantee <> n.nspowner
group by a.grantee
union all
select 'schema hub', format('by default %s of %s%s: %s',
    case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' else 'schemas' end,
    d.defaclrole::regrole, ' in ' || nullif(d.defaclnamespace, 0)::regnamespace,
    coalesce((
      select string_agg(format('%s to %s', lower(a.privilege_type), case when a.grantee = 0 then 'public' else a.grantee::regrole::text end),
        ', ' order by a.grantee::regrole::text collate "C", a.privilege_type)
      from aclexplode(d.defaclacl) a where a.grantee <> d.defaclrole), 'nothing to others'))
from pg_default_acl d
order by 2 desc

-- catalog_relations --
-- Tables and what else has rows, with owner, options and whether policies guard them.
select format('%s %s', k.word, c.oid::regclass) as object, concat_ws(', ',
    'owner ' || c.relowner::regrole,
    case when c.relkind in ('r', 'p') then
      'row security ' || case when c.relforcerowsecurity then 'forced' when c.relrowsecurity then 'enabled' else 'off' end end,
    case when c.relpersistence = 'u' then 'unlogged' end,
    array_to_string(c.reloptions, ', ')) as line
from pg_class c
join (values ('r'::"char", 'table'), ('p', 'partitioned table'), ('v', 'view'), ('m', 'materialised view'), ('f', 'foreign table'),
  ('S', 'sequence')) k (kind, word) on k.kind = c.relkind
where c.relnamespace = 'hub'::regnamespace
order by c.relkind desc, c.relname

-- catalog_columns --
-- The columns of tables, in their order: type, whether they may be null, default or how they are made.
select format('table %s', c.oid::regclass) as object, concat_ws(' ',
    a.attname, format_type(a.atttypid, a.atttypmod),
    case when a.attnotnull then 'not null' end,
    case when a.attcollation <> t.typcollation then 'collate ' || a.attcollation::regcollation end,
    case when a.attidentity = 'a' then 'identity always' when a.attidentity = 'd' then 'identity by default' end,
    case when a.attgenerated = '' then 'default' else 'generated' end || ' ' || pg_get_expr(d.adbin, d.adrelid)) as line
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
where c.relnamespace = 'hub'::regnamespace and c.relkind in ('r', 'p')
order by c.relname, a.attnum

-- catalog_constraints --
-- Keys, references and checks of tables. That a column is not null stands with the column.
select format('table %s', c.conrelid::regclass) as object, format('%s: %s', c.conname, pg_get_constraintdef(c.oid)) as line
from pg_constraint c
where c.connamespace = 'hub'::regnamespace and c.conrelid <> 0 and c.contype in ('p', 'u', 'f', 'c', 'x')
order by c.conrelid::regclass::text collate "C", strpos('pufcx', c.contype::text), c.conname

-- catalog_indexes --
-- Indexes that are not part of a key.
select format('table %s', i.indrelid::regclass) as object, pg_get_indexdef(i.indexrelid) as line
from pg_index i
join pg_class c on c.oid = i.indexrelid
where c.relnamespace = 'hub'::regnamespace and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
order by i.indrelid::regclass::text collate "C", c.relname

-- catalog_policies --
-- Policies of tables: which command of which roles they concern, which rows these see and which they may leave behind.
select format('table %s', p.polrelid::regclass) as object, concat_ws(' ',
    format('policy %s for %s', p.polname,
      case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end),
    'to ' || (
      select string_agg(case when role = 0 then 'public' else role::regrole::text end, ', ' order by role::regrole::text collate "C")
      from unnest(p.polroles) role),
    case when not p.polpermissive then 'restrictive' end,
    'using (' || pg_get_expr(p.polqual, p.polrelid) || ')',
    'check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')') as line
from pg_policy p
join pg_class c on c.oid = p.polrelid
where c.relnamespace = 'hub'::regnamespace
order by c.relname, p.polname

-- catalog_triggers --
-- Triggers of tables, those that are not part of a constraint.
select format('table %s', t.tgrelid::regclass) as object,
  pg_get_triggerdef(t.oid) || case t.tgenabled when 'O' then '' else ' (' || t.tgenabled::text || ')' end as line
from pg_trigger t
join pg_class c on c.oid = t.tgrelid
where c.relnamespace = 'hub'::regnamespace and not t.tgisinternal
order by c.relname, t.tgname

-- catalog_grants --
-- What others than the owner may do with tables and sequences as a whole, and with single columns.
select format('%s %s', case c.relkind when 'S' then 'sequence' when 'v' then 'view' else 'table' end, c.oid::regclass) as object,
  format('grant %s%s to %s', g.privileges, g.columns, g.grantee) as line
from pg_class c
cross join lateral (
  select case when a.grantee = 0 then 'public' else a.grantee::regrole::text end as grantee, '' as columns,
    string_agg(lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end, ', ' order by a.privilege_type) as privileges
  from aclexplode(c.relacl) a where a.grantee <> c.relowner
  group by a.grantee
  union all
  select case when a.grantee = 0 then 'public' else a.grantee::regrole::text end,
    format(' (%s)', string_agg(t.attname, ', ' order by t.attnum)),
    lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end
  from pg_attribute t cross join aclexplode(t.attacl) a
  where t.attrelid = c.oid and t.attnum > 0 and not t.attisdropped and a.grantee <> c.relowner
  group by a.grantee, a.privilege_type, a.is_grantable
) g
where c.relnamespace = 'hub'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
order by c.relname, g.grantee, g.privileges, g.columns

-- catalog_functions --
-- Functions: signature, what they return, how they run and as whom, a digest of the body (which stands in a migration), who may call.
select format('function %s(%s)', p.oid::regproc, pg_get_function_arguments(p.oid)) as object, line
from pg_proc p
cross join lateral (values
  (1, 'returns ' || pg_get_function_result(p.oid)),
  (2, concat_ws(', ', 'owner ' || p.proowner::regrole, (select l.lanname::text from pg_language l where l.oid = p.prolang),
    case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
    case p.proparallel when 's' then 'parallel safe' when 'r' then 'parallel restricted' end,
    case when p.proisstrict then 'strict' end,
    case when p.proleakproof then 'leakproof' end,
    case when p.prosecdef then 'security definer' else 'security invoker' end,
    'set ' || array_to_string(p.proconfig, ', ')) ),
  (3, 'body ' || left(encode(sha256(convert_to(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), 'UTF8')), 'hex'), 16)),
  (4, 'execute: ' || coalesce((
    select string_agg(
      case when a.grantee = 0 then 'PUBLIC' else a.grantee::regrole::text end || case when a.is_grantable then ' with grant option' else '' end,
      ', ' order by a.grantee::regrole::text collate "C")
    from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee <> p.proowner), 'the owner alone'))) v (place, line)
where p.pronamespace = 'hub'::regnamespace
order by p.proname, pg_get_function_identity_arguments(p.oid) collate "C", v.place

-- catalog_types --
-- Types that are not those of tables.
select format('type %s', t.oid::regtype) as object, concat_ws(', ',
    case t.typtype when 'd' then 'domain over ' || format_type(t.typbasetype, t.typtypmod) when 'e' then 'enum' when 'r' then 'range' else 'composite' end,
    (select string_agg(pg_get_constraintdef(c.oid), ', ' order by c.conname) from pg_constraint c where c.contypid = t.oid and c.contype = 'c'),
    (select string_agg(e.enumlabel, ' ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)) as line
from pg_type t
where t.typnamespace = 'hub'::regnamespace and t.typelem = 0 and t.typtype in ('d', 'e', 'r', 'c')
  and not exists (select from pg_class c where c.oid = t.typrelid and c.relkind <> 'c')
order by t.typname

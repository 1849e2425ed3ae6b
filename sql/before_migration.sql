-- SPDX-License-Identifier: EUPL-1.2
-- Run by hub_owner at the start of each migration's transaction: the roles without login exist, and the owner may
-- give them functions. Their memberships end with the same transaction (after_migration.sql): membership inherits policies.
do $$
begin
  if not exists (select from pg_roles where rolname = 'hub_door') then
    create role hub_door nologin noinherit;
  end if;
  if not exists (select from pg_roles where rolname = 'hub_recorder') then
    create role hub_recorder nologin noinherit;
  end if;
  if not exists (select from pg_roles where rolname = 'hub_retention') then
    create role hub_retention nologin noinherit;
  end if;
end $$;
create schema if not exists hub;
revoke all on schema hub from public;
grant hub_door, hub_recorder, hub_retention to hub_owner;
grant usage, create on schema hub to hub_door, hub_recorder, hub_retention;
alter default privileges for role hub_owner in schema hub revoke execute on functions from public;
alter default privileges for role hub_owner revoke execute on functions from public;
-- A step on data that a policy would cut short fails instead of updating nothing. Bodies of functions over guarded tables are
-- then not read at their creation either: the tests call each of them.
set local row_security = off;
set local check_function_bodies = off;

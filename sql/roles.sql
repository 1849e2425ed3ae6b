-- SPDX-License-Identifier: EUPL-1.2
--
-- The two roles that log in, for PostgreSQL 15 and newer. Run once per cluster by an administrator;
-- running it again is harmless and puts the attributes back as they should be.
--
--   psql -X -v ON_ERROR_STOP=1 -d postgres -f roles.sql
--
-- The administrator is a superuser, or (at a supplier that gives none) a role with CREATEROLE and
-- CREATEDB. Afterwards, in the same psql:
--
--   \password hub_owner          (a password set so is sent and logged only as a hash)
--   \password hub_app
--   grant hub_owner to current_user;               (only when not a superuser)
--   create database hub owner hub_owner template template0 encoding 'UTF8';
--   revoke all on database hub from public;
--   grant connect on database hub to hub_app;
--   \connect hub
--   revoke all on schema public from public;
--
-- The hub then gets DATABASE_URL (role hub_app) and HUB_OWNER_URL (role hub_owner). The embedded
-- database does all of this by itself, and has no passwords.

-- hub_owner owns the database and everything in it, and migrates. CREATEROLE is for the roles
-- without login that the migrations make. It never serves a request. (On PostgreSQL 15 its
-- NOINHERIT also keeps it out of the schema public; everything of ours is in the schema hub.)
-- hub_app serves. It owns nothing and gets nothing but what migrations grant to it; NOINHERIT,
-- so that a role granted to it works only after an explicit SET ROLE.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'hub_owner') then
        create role hub_owner;
    end if;
    if not exists (select from pg_catalog.pg_roles where rolname = 'hub_app') then
        create role hub_app;
    end if;
end
$$;

alter role hub_owner login createrole noinherit;
alter role hub_app login nocreaterole nocreatedb noinherit;

-- A statement, a wait for a lock or a forgotten transaction may not hold up others.
alter role hub_app set statement_timeout = '5s';
alter role hub_app set lock_timeout = '2s';
alter role hub_app set idle_in_transaction_session_timeout = '15s';

-- Row-level security does not hold for a superuser or with BYPASSRLS. Existing roles of these names
-- are refused rather than changed: only a superuser may take these attributes away, and somebody
-- gave them for a reason that has to be looked at.
do $$
declare
    unsafe text;
begin
    select string_agg(rolname, ', ' order by rolname) into unsafe
    from pg_catalog.pg_roles
    where rolname in ('hub_owner', 'hub_app') and (rolsuper or rolbypassrls or rolreplication);
    if unsafe is not null then
        raise exception 'roles are exempt from row-level security or may replicate: %', unsafe
            using hint = 'alter role ... nosuperuser nobypassrls noreplication, then run this again';
    end if;
end
$$;

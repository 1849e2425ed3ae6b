-- SPDX-License-Identifier: EUPL-1.2
-- Who waits for whom. The number of an advisory lock can be made by nobody but the database, so that a text of a caller's own choosing
-- meets no lock but its own. A decision on an agreement waits for what is about the same agreement or its providers, and a delivery
-- holds nothing that a decision waits for until it is committed.

-- Numbers of locks -----------------------------------------------------------------------------------------------------
-- All advisory locks share 64 bits, and a hash that is known can be turned around: who chooses a part of the text could choose the number.
create table hub.lock_secret (
  only_row boolean primary key default true check (only_row),
  secret bytea not null
);
insert into hub.lock_secret (secret) values (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
grant select on hub.lock_secret to hub_recorder;

create function hub.lock_number(what text) returns bigint
  language sql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $$
  select ('x' || encode(substr(sha256(s.secret || convert_to(what, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint from hub.lock_secret s
$$;
alter function hub.lock_number(text) owner to hub_recorder;
set local role hub_recorder;
grant execute on function hub.lock_number(text) to hub_app, hub_retention;
reset role;

-- Every function that takes a lock is as it was but for that number.
do $$
declare
  each record;
begin
  for each in
    select p.oid, p.proowner::regrole as owner from pg_proc p
    where p.pronamespace = 'hub'::regnamespace and p.prosrc like '%hashtextextended(%'
  loop
    execute format('set local role %s', each.owner);
    execute replace(regexp_replace(pg_get_functiondef(each.oid), 'hashtextextended\(([^,]+), 0\)', 'hub.lock_number(\1)', 'g'),
      'IMMUTABLE', 'STABLE');
    reset role;
  end loop;
end $$;

-- Agreements and slices ------------------------------------------------------------------------------------------------
-- A new slice and a decision must see each other: who commits a slice shares the lock of its owner, who decides on an agreement by which
-- others get grants of that owner's slices holds it alone.
create function hub.slices_lock(in_gemeente text, of_owner uuid) returns bigint language sql stable parallel safe as $$
  select hub.lock_number('hub.slices/' || in_gemeente || '/' || of_owner)
$$;
grant execute on function hub.slices_lock(text, uuid) to hub_recorder;

create function hub.accepted_by_all(in_gemeente text, of_agreement uuid, of_version int) returns boolean
  language sql stable parallel safe as $$
  select cardinality(a.parties) = (
    select count(*) from hub.agreement_decisions d
    where (d.gemeente, d.agreement, d.version) = (a.gemeente, a.id, a.version) and d.decision = 'ACCEPT')
  from hub.agreements a where (a.gemeente, a.id, a.version) = (in_gemeente, of_agreement, of_version)
$$;
grant execute on function hub.accepted_by_all(text, uuid, int) to hub_recorder;

-- As migration 41 has it; decisions on one version take turns, for nobody waits here who is not a party to it.
create or replace function hub.check_decision() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform hub.check_sees_commits();
  perform pg_advisory_xact_lock(hub.lock_number(concat_ws('/', 'hub.decisions', new.gemeente, new.agreement, new.version)));
  if hub.agreement_state(new.gemeente, new.agreement, new.version) = 'REPLACED' or exists (
    select from hub.agreement_decisions d
    where (d.gemeente, d.agreement, d.version) = (new.gemeente, new.agreement, new.version)
      and (d.decision in ('REJECT', 'REVOKE') or (d.organisation = new.organisation and d.decision = new.decision)
        or (new.decision = 'REJECT' and d.organisation = new.organisation)))
  then
    raise exception using errcode = 'HB001', message = 'already decided';
  elsif hub.agreement_state(new.gemeente, new.agreement, new.version) = 'LAPSED' then
    raise exception using errcode = 'HB014', message = 'the proposal lapsed';
  end if;
  return new;
end $$;

set local role hub_recorder; -- whose functions they are

-- As migration 4 has it. A version that not every party accepted gives no grants, so that a proposal, which anyone can make about anyone,
-- makes nobody wait. Else first the agreement, then the providers of what is compiled, in one order.
create or replace function hub.on_decision() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  each uuid;
begin
  if not hub.accepted_by_all(new.gemeente, new.agreement, new.version) then
    return null;
  end if;
  perform pg_advisory_xact_lock(hub.lock_number(concat_ws('/', 'hub.grants', new.gemeente, new.agreement)));
  for each in
    select distinct r.provider from hub.agreement_rules r
    where (r.gemeente, r.agreement) = (new.gemeente, new.agreement) and hub.accepted_by_all(r.gemeente, r.agreement, r.version)
    order by r.provider
  loop
    perform pg_advisory_xact_lock(hub.slices_lock(new.gemeente, each));
  end loop;
  perform hub.compile_grants(new.gemeente, null, new.agreement);
  return null;
end $$;

-- As migration 10 has it; of what was not accepted there is nothing to tell.
create or replace function hub.on_decided() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if hub.accepted_by_all(new.gemeente, new.agreement, new.version) then
    perform hub.announce_agreements(new.gemeente, new.agreement);
  end if;
  return null;
end $$;

-- As migration 30 has it; proposals of one agreement take turns, and decisions on it wait for none of them.
create or replace function hub.number_version() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  newest int;
  standing record;
begin
  perform hub.check_sees_commits();
  perform pg_advisory_xact_lock(hub.lock_number(concat_ws('/', 'hub.versions', new.gemeente, new.id)));
  select max(a.version) into newest from hub.agreements a where (a.gemeente, a.id) = (new.gemeente, new.id);
  if newest is not null then
    select a.parties, b.day into standing
    from hub.agreements a
    cross join lateral (select hub.begins_on(a.gemeente, a.id, a.version) as day) b
    where (a.gemeente, a.id) = (new.gemeente, new.id) and b.day is not null
    order by a.version desc limit 1;
    if hub.asker() = any (standing.parties) is not true then
      raise exception using errcode = 'HB011', message = 'nothing to replace';
    elsif standing.day > hub.today() then
      raise exception using errcode = 'HB012', message = 'a version has yet to begin';
    elsif hub.agreement_state(new.gemeente, new.id, newest) = 'PROPOSED' then
      raise exception using errcode = 'HB013', message = 'another proposal is open';
    end if;
  end if;
  new.version := coalesce(newest, 0) + 1;
  return new;
end $$;

-- As migrations 6 and 25 have them. What a new slice is granted is looked at again when it is committed, and waits for decisions then.
create or replace function hub.record_insert() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  fresh uuid[];
begin
  if exists (select from new_rows n left join hub.slices s on (s.gemeente, s.owner, s.id) = (n.gemeente, n.owner, n.slice)
      where s.id is null) then
    perform hub.check_sees_commits();
    with made as (
      insert into hub.slices (gemeente, owner, id, wijk, kind, category, profile)
      select distinct n.gemeente, n.owner, n.slice, n.wijk, tg_argv[0], n.category, n.profile from new_rows n
      order by n.slice
      on conflict do nothing returning id)
    select array_agg(id) into fresh from made;
    perform hub.compile_grants((select gemeente from new_rows limit 1), fresh, null);
  end if;
  if tg_op = 'INSERT' then
    insert into hub.history (gemeente, owner, kind, record, version, change, after)
    select n.gemeente, n.owner, tg_argv[0], n.id, n.version, 'CREATED', hub.recorded(to_jsonb(n)) from new_rows n order by n.id;
    insert into hub.feed_items (gemeente, owner, wijk, slice, kind, category, change, record, recorded_on)
    select n.gemeente, n.owner, n.wijk, n.slice, tg_argv[0], n.category, 'CREATED', n.id, n.recorded_on from new_rows n order by n.id;
  end if;
  return null;
end $$;

create or replace function hub.record_several_insert() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  fresh uuid[];
begin
  if exists (
      select from new_rows n cross join unnest(n.slices) p(slice)
      left join hub.slices s on (s.gemeente, s.owner, s.id) = (n.gemeente, n.owner, p.slice)
      where s.id is null) then
    perform hub.check_sees_commits();
    with made as (
      insert into hub.slices (gemeente, owner, id, wijk, kind, category, profile)
      select distinct n.gemeente, n.owner, p.slice, p.wijk, tg_argv[0], n.category, n.profile
      from new_rows n cross join unnest(n.wijken, n.slices) p(wijk, slice)
      order by p.slice
      on conflict do nothing returning id)
    select array_agg(id) into fresh from made;
    perform hub.compile_grants((select gemeente from new_rows limit 1), fresh, null);
  end if;
  if tg_op = 'INSERT' then
    insert into hub.history (gemeente, owner, kind, record, version, change, after)
    select n.gemeente, n.owner, tg_argv[0], n.id, n.version, 'CREATED', hub.recorded(to_jsonb(n)) from new_rows n order by n.id;
    insert into hub.feed_items (gemeente, owner, wijk, slice, slices, kind, category, change, record, recorded_on)
    select n.gemeente, n.owner, p.wijk, p.slice, n.slices, tg_argv[0], n.category, 'CREATED', n.id, n.recorded_on
    from new_rows n cross join unnest(n.wijken, n.slices) p(wijk, slice) order by n.id, p.wijk;
  end if;
  return null;
end $$;
reset role;

-- Until its commit a transaction is told of its own slices what was agreed when it made them. Were the lock taken then, a delivery of many
-- rows would hold up every decision about its sender.
create function hub.on_new_slice() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock_shared(hub.slices_lock(new.gemeente, new.owner));
  perform hub.compile_grants(new.gemeente, array[new.id], null);
  return null;
end $$;
create constraint trigger granted after insert on hub.slices deferrable initially deferred
  for each row execute function hub.on_new_slice();
alter function hub.on_new_slice() owner to hub_recorder;

drop function hub.agreements_lock(text);

-- SPDX-License-Identifier: EUPL-1.2
-- A read pays for one row, and the ledger's lines are made of it afterwards.
--
-- What is noted is all that only the moment of the read knows: who read what of whom, under which version and activity. What follows from
-- that at any later moment (purpose, fields, the day on which the owner is told) is worked out when the lines are written: the version of
-- an agreement never changes, nor which fields a kind has. Whoever asks for the ledger is told of both, in one moment, and a line has its
-- id from the start; so nobody can tell which lines were written already.

create table hub.noted_reads (
  gemeente text not null,
  id uuid not null default hub.new_id(),
  reader uuid not null,
  actor text not null,
  at timestamptz not null,
  operation text not null,
  trace text,
  -- one place per line
  kinds text[] not null,
  owners uuid[] not null,
  agreements uuid[] not null,
  versions int[], -- null: the first of each
  hidden text[] not null,
  counts int[] not null,
  shown int[] not null, -- how many of `ids`, in their order, are of this line
  activities text[], -- null: none, as in each place
  activity_versions int[],
  ids uuid[] not null
)
-- it is emptied every second, and read from end to end: what is gone is to be cleared away soon
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
-- ids cannot be compressed; trying takes longer than the rest of what is noted
alter table hub.noted_reads alter column ids set storage external;
alter table hub.read_ledger alter column ids set storage external;
-- the day in the key serves what is asked by day, and a line is put into one index less
alter table hub.read_ledger drop constraint read_ledger_pkey, add primary key (gemeente, owner, on_day, id);
drop index hub.read_ledger_day;
alter table hub.noted_reads enable row level security;
alter table hub.noted_reads force row level security;
create policy recorder on hub.noted_reads to hub_recorder using (true) with check (true);
create policy door on hub.noted_reads for select to hub_door using (true);
grant select, insert, delete on hub.noted_reads to hub_recorder;
grant select on hub.noted_reads to hub_door;

-- Notes who read what, one line per place in the arrays: whose records, under which agreement, what it hides, how many, and how many of
-- `ids`, in their order, are those that were shown. Who reads is taken from the transaction. Tells per place under which version of the
-- agreement and which processing activity the line falls: null for the first version of each, and for no activity.
drop function hub.log_reads(text[], uuid[], uuid[], text[], int[], int[], uuid[], text);
create function hub.log_reads(kinds text[], owners uuid[], agreements uuid[], hidden text[], counts int[], shown int[], ids uuid[],
    in_operation text, out versions int[], out activities text[], out activity_versions int[])
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  here constant text := hub.gemeente();
  reads constant uuid := hub.asker();
  has_versions boolean;
  has_register boolean;
begin
  -- most agreements have one version, and most organisations no register: that is asked before anything is looked up line by line
  select exists (select from hub.agreements a where a.gemeente = here and a.id = any (agreements) and a.version > 1),
    exists (select from hub.agreement_activities m where m.gemeente = here and m.organisation = reads and m.agreement = any (agreements))
  into has_versions, has_register;
  if has_versions then
    select array_agg(hub.version_that_shows(here, l.agreement, l.owner, reads) order by l.n) into versions
    from unnest(agreements, owners) with ordinality l(agreement, owner, n);
  end if;
  if has_register then
    select array_agg(p.code order by l.n), array_agg(p.version order by l.n) into activities, activity_versions
    from unnest(agreements) with ordinality l(agreement, n)
    left join lateral (
      select v.code, v.version from hub.agreement_activities m
      join hub.processing_activities v on v.gemeente = m.gemeente and v.organisation = m.organisation and v.code = m.code
        and v.valid_from <= hub.today()
      where m.gemeente = here and m.organisation = reads and m.agreement = l.agreement
      order by v.version desc limit 1) p on true;
  end if;
  insert into hub.noted_reads (gemeente, reader, actor, at, operation, trace, kinds, owners, agreements, versions, hidden, counts, shown,
    activities, activity_versions, ids)
  values (here, reads, hub.actor(), hub.now(), in_operation, hub.trace(), kinds, owners, agreements, versions, hidden, counts, shown,
    activities, activity_versions, ids);
end $$;
grant execute on function hub.log_reads(text[], uuid[], uuid[], text[], int[], int[], uuid[], text) to hub_app;
alter function hub.log_reads(text[], uuid[], uuid[], text[], int[], int[], uuid[], text) owner to hub_recorder;

-- The version by which a receiver is shown records of a provider now, before one that was only proposed; null: none is between them.
create function hub.version_that_shows(in_gemeente text, of_agreement uuid, of_provider uuid, of_receiver uuid) returns int
  language sql stable as $$
  select r.version from hub.agreement_rules r
  where r.gemeente = in_gemeente and r.agreement = of_agreement and r.receiver = of_receiver and r.provider = of_provider
  order by exists (
    select from hub.grants g
    where g.gemeente = r.gemeente and g.agreement = r.agreement and g.version = r.version and g.receiver = r.receiver
      and hub.today() between g.valid_from and g.valid_until) desc, r.version desc limit 1
$$;
grant execute on function hub.version_that_shows(text, uuid, uuid, uuid) to hub_recorder;

-- The ledger's lines of reads. No line is made of what no agreement can be about.
create function hub.lines_of(reads hub.noted_reads[]) returns setof hub.read_ledger language sql stable as $$
  with lines as materialized (
    select r.gemeente, r.id, r.reader, r.actor, r.at, (r.at at time zone 'Europe/Amsterdam')::date as on_day, r.operation, r.trace, l.n, l.kind,
      l.owner, l.agreement, coalesce(l.version, 1) as version, l.hidden, l.records, r.ids[l.until - l.shown + 1 : l.until] as ids, l.activity,
      l.activity_version
    from unnest(reads) r
    cross join lateral (
      select u.*, sum(u.shown) over (order by u.n)::int as until
      from unnest(r.kinds, r.owners, r.agreements, r.versions, r.hidden, r.counts, r.shown, r.activities, r.activity_versions)
        with ordinality u(kind, owner, agreement, version, hidden, records, shown, activity, activity_version, n)) l),
  shapes as materialized (
    select s.kind, s.hidden, array(
      select c.field from hub.contribution_fields c
      where c.kind = s.kind and c.shown_from <> 'OWN' and c.field <> all (string_to_array(s.hidden, ',')) order by c.field) as fields
    from (select distinct l.kind, l.hidden from lines l) s),
  -- each looked up by its key: the planner, who does not know how few there are, would rather read the tables
  terms as materialized (
    select t.*, a.purpose, coalesce(o.ledger_delay_days, 0) as delay
    from (select distinct l.gemeente, l.reader, l.owner, l.agreement, l.version from lines l) t
    cross join lateral (
      select a.purpose from hub.agreements a
      where a.gemeente = t.gemeente and a.id = t.agreement and a.version = t.version and exists (
        select from hub.agreement_rules p
        where p.gemeente = a.gemeente and p.agreement = a.id and p.version = a.version and p.receiver = t.reader and p.provider = t.owner)
      offset 0) a
    left join lateral (
      select o.ledger_delay_days from hub.organisations o where o.gemeente = t.gemeente and o.id = t.reader offset 0) o on true)
  select l.gemeente, l.owner, md5(l.id || '/' || l.n)::uuid, l.reader, l.actor, l.at, l.on_day, l.agreement, l.version, t.purpose, l.kind,
    l.records, s.fields, l.operation, null::xid8, l.ids, l.trace, l.activity, l.activity_version, l.on_day + t.delay
  from lines l
  join shapes s on s.kind = l.kind and s.hidden = l.hidden
  join terms t on t.gemeente = l.gemeente and t.reader = l.reader and t.owner = l.owner and t.agreement = l.agreement
    and t.version = l.version
$$;
grant execute on function hub.lines_of(hub.noted_reads[]) to hub_recorder, hub_door;

-- Writes the lines of at most `n` reads of a gemeente, and tells whether there may be more. Without effect while another does, or seals
-- or erases: what is erased is first looked up, and must not be somewhere else by then.
create function hub.fold_reads(in_gemeente text, n int) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  more boolean;
begin
  perform hub.check_sees_commits();
  if not pg_try_advisory_xact_lock(hub.seals_lock(in_gemeente)) then
    return false;
  end if;
  -- a statement of its own: it sees what the one before committed
  with taken as (
    delete from hub.noted_reads r
    where r.ctid = any (array(select x.ctid from hub.noted_reads x where x.gemeente = in_gemeente limit n))
    returning r
  ), written as (
    insert into hub.read_ledger (gemeente, owner, id, reader, actor, at, on_day, agreement, version, purpose, kind, records, fields,
      operation, ids, trace, activity, activity_version, told_on)
    select l.gemeente, l.owner, l.id, l.reader, l.actor, l.at, l.on_day, l.agreement, l.version, l.purpose, l.kind, l.records, l.fields,
      l.operation, l.ids, l.trace, l.activity, l.activity_version, l.told_on
    from hub.lines_of(array(select t.r from taken t)) l
  )
  select count(*) = n into more from taken;
  return more;
end $$;
grant execute on function hub.fold_reads(text, int) to hub_app, hub_retention;
alter function hub.fold_reads(text, int) owner to hub_recorder;

-- Reading ------------------------------------------------------------------------------------------------------------
-- The lines that are about the asker's records or that its own people left, written or not.
create function hub.lines_about_asker() returns setof hub.read_ledger language sql stable as $$
  select l.* from hub.read_ledger l where l.gemeente = hub.gemeente() and l.owner = hub.asker()
  union all
  select l.* from hub.lines_of(array(
    select r from hub.noted_reads r where r.gemeente = hub.gemeente() and hub.asker() = any (r.owners))) l
  where l.owner = hub.asker()
$$;
create function hub.lines_by_asker() returns setof hub.read_ledger language sql stable as $$
  select l.* from hub.read_ledger l where l.gemeente = hub.gemeente() and l.reader = hub.asker()
  union all
  select l.* from hub.lines_of(array(
    select r from hub.noted_reads r where r.gemeente = hub.gemeente() and r.reader = hub.asker())) l
$$;
grant execute on function hub.lines_about_asker(), hub.lines_by_asker() to hub_door;

-- What the asker is told of who read its records since a day. Times, persons, operations and ids are for its privacy officer.
create function hub.readers_of_asker(since date, until date)
  returns table (on_day date, reader uuid, agreement uuid, version int, purpose text, kind text, fields text[], records int, activity text,
    activity_version int)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select l.on_day, l.reader, l.agreement, l.version, l.purpose, l.kind, l.fields, l.records, l.activity, l.activity_version
  from hub.lines_about_asker() l
  where l.told_on <= hub.today() and l.on_day >= since and (until is null or l.on_day <= until)
$$;
grant execute on function hub.readers_of_asker(date, date) to hub_app;
alter function hub.readers_of_asker(date, date) owner to hub_door;
drop policy own on hub.read_ledger;
revoke select on hub.read_ledger from hub_app;
revoke select (gemeente, owner, id, reader, on_day, agreement, version, purpose, kind, records, fields, activity, activity_version)
  on hub.read_ledger from hub_app;

set local role hub_door;
-- As migration 37 has it.
create or replace function hub.ledger_lines(by_asker boolean, since timestamptz, until timestamptz, other uuid, of_agreement uuid, of_kind text,
    of_login text, after_at timestamptz, after_id uuid, n int)
  returns table (id uuid, at timestamptz, owner uuid, reader uuid, actor text, agreement uuid, version int, purpose text, kind text,
    records int, ids uuid[], fields text[], operation text, activity text, activity_version int, trace text)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select l.* from (
    (select l.id, l.at, l.owner, l.reader, l.actor, l.agreement, l.version, l.purpose, l.kind, l.records, l.ids, l.fields, l.operation,
      l.activity, l.activity_version, l.trace
    from hub.lines_by_asker() l
    where by_asker and (other is null or l.owner = other)
      and (of_login is null or l.actor = of_login))
    union all
    (select l.id, l.at, l.owner, l.reader, null, l.agreement, l.version, l.purpose, l.kind, l.records, l.ids, l.fields, l.operation,
      l.activity, l.activity_version, null
    from hub.lines_about_asker() l
    where not by_asker and (other is null or l.reader = other)
      -- the day is in the index
      and l.on_day >= case when isfinite(since) then (since at time zone 'Europe/Amsterdam')::date else '-infinity' end
      and of_login is null)) l
  where hub.has_role('PRIVACY_OFFICER') and l.at >= since and (until is null or l.at < until)
    and (of_agreement is null or l.agreement = of_agreement) and (of_kind is null or l.kind = of_kind)
    and (after_at is null or (l.at, l.id) < (after_at, after_id))
  order by l.at desc, l.id desc limit n
$$;

-- As migration 41 has it.
create or replace function hub.knows_login(of_login text) returns boolean
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select hub.has_role('PRIVACY_OFFICER') and (
    exists (select from hub.tokens t where t.gemeente = hub.gemeente() and t.organisation = hub.asker() and t.name = of_login)
    or exists (select from hub.read_ledger l where l.gemeente = hub.gemeente() and l.reader = hub.asker() and l.actor = of_login)
    or exists (select from hub.noted_reads r where r.gemeente = hub.gemeente() and r.reader = hub.asker() and r.actor = of_login))
$$;
reset role;

-- Erasing --------------------------------------------------------------------------------------------------------------
-- Writes all lines that are to be written, when nobody else does, seals or erases; who erases after this finds them.
create function hub.fold_every_read(in_gemeente text) returns void language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock(hub.seals_lock(in_gemeente));
  while hub.fold_reads(in_gemeente, 10000) loop
    null;
  end loop;
end $$;
grant execute on function hub.fold_every_read(text) to hub_retention;
insert into hub.account_columns (table_name, column_name, holder, in_log) values ('noted_reads', 'actor', 'reader', true);

set local role hub_retention;
-- As migration 37 has them, of what is noted too.
create or replace function hub.erase_actor_from_logs(in_gemeente text, of_organisation uuid, in_actor text, pseudonym text) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  lines uuid[];
  erasure uuid;
begin
  perform hub.fold_every_read(in_gemeente);
  lines := array(
    select e.id from hub.audit_log e
    where e.gemeente = in_gemeente and e.organisation = of_organisation
      and (e.login = in_actor or (e.actor = in_actor and e.by_organisation = of_organisation))
    union all
    select l.id from hub.read_ledger l where l.gemeente = in_gemeente and l.reader = of_organisation and l.actor = in_actor);
  if lines = '{}' then
    return 0;
  end if;
  erasure := hub.audit_of_login(in_gemeente, of_organisation, 'LOG_NAMES_ERASED', 'urn:wijkhub:organisation:' || of_organisation, pseudonym,
    jsonb_build_object('entries', cardinality(lines), 'sealed', (
      select count(*) from hub.sealed_entries s where s.gemeente = in_gemeente and s.entry = any (lines))));
  update hub.sealed_entries s
  set person_digest = coalesce(s.person_digest, hub.salted(s.person_salt, p.persons)), person_salt = null, erasures = s.erasures || erasure
  from (
    select e.id, hub.persons(e) as persons from hub.audit_log e where e.gemeente = in_gemeente and e.id = any (lines)
    union all
    select l.id, hub.persons(l) from hub.read_ledger l where l.gemeente = in_gemeente and l.id = any (lines)) p
  where s.gemeente = in_gemeente and s.entry = p.id;
  update hub.read_ledger l set actor = pseudonym where l.gemeente = in_gemeente and l.id = any (lines);
  update hub.audit_log e set actor = case e.actor when in_actor then pseudonym else e.actor end,
    login = case e.login when in_actor then pseudonym else e.login end
  where e.gemeente = in_gemeente and e.id = any (lines);
  return cardinality(lines);
end $$;

create or replace function hub.erase_owner_from_ledger(in_gemeente text, of_organisation uuid) returns int
  language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select hub.fold_every_read(in_gemeente);
  select hub.erase_lines(in_gemeente, of_organisation,
    array(select l.id from hub.read_ledger l where l.gemeente = in_gemeente and l.owner = of_organisation))
$$;

create or replace function hub.erase_ledger_before(in_gemeente text, before date) returns int
  language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select hub.fold_every_read(in_gemeente);
  select coalesce(sum(hub.erase_lines(in_gemeente, x.owner, x.lines)), 0)::int
  from (
    select l.owner, array_agg(l.id) as lines from hub.read_ledger l where l.gemeente = in_gemeente and l.on_day < before group by l.owner) x
$$;

-- As migration 39 has it: what is counted are lines.
create or replace function hub.begin_erasure(in_gemeente text, of_organisation uuid, because text, by_organisation uuid) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  found jsonb;
begin
  perform hub.fold_every_read(in_gemeente);
  found := hub.rows_put_in(in_gemeente, of_organisation);
  if exists (
    select from hub.deletion_proofs p where (p.gemeente, p.organisation) = (in_gemeente, of_organisation) and p.finished_at is null) then
    return true;
  end if;
  if not exists (select from jsonb_each_text(found) e where e.value <> '0') and exists (
    select from hub.deletion_proofs p where (p.gemeente, p.organisation) = (in_gemeente, of_organisation)) then
    return false;
  end if;
  insert into hub.deletion_proofs (gemeente, organisation, asked_by, reason, before)
  values (in_gemeente, of_organisation, by_organisation, because, found)
  on conflict do nothing;
  perform hub.audit(in_gemeente, of_organisation, 'ERASURE_BEGUN', 'urn:wijkhub:organisation:' || of_organisation, found);
  return true;
end $$;
reset role;

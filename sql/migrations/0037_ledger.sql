-- SPDX-License-Identifier: EUPL-1.2
-- The register of processing activities, what the read ledger keeps and for whom, and the seals over ledger and audit log.

-- The register (AVG art. 30): what an organisation does with data, for what, on which ground. A version is never changed; the newest that
-- has begun holds.
create table hub.processing_activities (
  gemeente text not null default hub.gemeente(),
  organisation uuid not null default hub.asker(),
  id uuid not null,
  code text not null check (code ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  version int not null check (version >= 1),
  valid_from date not null,
  name text not null check (length(name) between 1 and 200),
  purpose text not null check (length(purpose) between 1 and 2000),
  legal_basis text not null check (length(legal_basis) between 1 and 2000),
  categories text[] not null default '{}',
  retention text check (retention ~ '^P(?=\d)(\d{1,4}Y)?(\d{1,4}M)?(\d{1,4}W)?(\d{1,5}D)?$'),
  recipients text[] not null default '{}',
  measures text[] not null default '{}',
  registered_at timestamptz not null default hub.now(),
  primary key (gemeente, organisation, code, version),
  unique (gemeente, organisation, id),
  foreign key (gemeente, organisation) references hub.organisations on delete restrict
);
-- Under which of its activities an organisation does what an agreement is about.
create table hub.agreement_activities (
  gemeente text not null default hub.gemeente(),
  organisation uuid not null default hub.asker(),
  agreement uuid not null,
  code text not null,
  primary key (gemeente, organisation, agreement),
  foreign key (gemeente, organisation) references hub.organisations on delete restrict
);

create function hub.has_activity(of_code text) returns boolean language sql stable parallel safe as $$
  select exists (
    select from hub.processing_activities p
    where p.gemeente = hub.gemeente() and p.organisation = hub.asker() and p.code = of_code)
$$;
create function hub.is_party_to(of_agreement uuid) returns boolean language sql stable parallel safe as $$
  select exists (
    select from hub.agreements a where a.gemeente = hub.gemeente() and a.id = of_agreement and hub.asker() = any (a.parties))
$$;
grant execute on function hub.has_activity(text), hub.is_party_to(uuid) to hub_app;

do $$
declare
  t text;
begin
  foreach t in array array['processing_activities', 'agreement_activities'] loop
    execute format('alter table hub.%I enable row level security', t);
    execute format('alter table hub.%I force row level security', t);
    execute format('create policy own on hub.%I for select to hub_app
      using (gemeente = (select hub.gemeente()) and organisation = (select hub.asker()))', t);
    execute format('create policy recorder on hub.%I for select to hub_recorder using (true)', t);
    execute format('grant select on hub.%I to hub_app, hub_recorder', t);
  end loop;
end $$;
create policy own_new on hub.processing_activities for insert to hub_app
  with check (gemeente = (select hub.gemeente()) and organisation = (select hub.asker()) and (select hub.may_audit()));
grant insert (id, code, version, valid_from, name, purpose, legal_basis, categories, retention, recipients, measures)
  on hub.processing_activities to hub_app;
create policy own_new on hub.agreement_activities for insert to hub_app
  with check (gemeente = (select hub.gemeente()) and organisation = (select hub.asker()) and (select hub.may_audit())
    and hub.has_activity(code) and hub.is_party_to(agreement));
create policy own_change on hub.agreement_activities for update to hub_app
  using (gemeente = (select hub.gemeente()) and organisation = (select hub.asker()) and (select hub.may_audit()))
  with check (gemeente = (select hub.gemeente()) and organisation = (select hub.asker()) and hub.has_activity(code));
grant insert (agreement, code), update (code) on hub.agreement_activities to hub_app;

create function hub.audit_activity() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  it jsonb := to_jsonb(new);
begin
  perform hub.audit(new.gemeente, new.organisation,
    case tg_table_name when 'processing_activities' then 'ACTIVITY_REGISTERED' else 'ACTIVITY_ASSIGNED' end,
    'urn:wijkhub:activity:' || new.code || coalesce(':' || (it ->> 'version'), ''),
    case when it ? 'agreement' then jsonb_build_object('agreement', it ->> 'agreement') end);
  return null;
end $$;
alter function hub.audit_activity() owner to hub_recorder;
set local role hub_recorder;
grant execute on function hub.audit_activity() to hub_owner;
reset role;
create trigger audited after insert on hub.processing_activities for each row execute function hub.audit_activity();
create trigger audited after insert or update on hub.agreement_activities for each row execute function hub.audit_activity();

-- The ledger ---------------------------------------------------------------------------------------------------------
-- `ids`: which records were shown; of what was only counted the number alone is kept. `told_on`: from which day the owner is told.
-- adding columns rewrites the table and filling one in changes it, which the owner may do only while FORCE is lifted
alter table hub.read_ledger no force row level security;
alter table hub.read_ledger
  add column xid xid8 not null default pg_current_xact_id(),
  add column ids uuid[] not null default '{}',
  add column trace text,
  add column activity text,
  add column activity_version int,
  add column told_on date;
update hub.read_ledger set told_on = on_day;
alter table hub.read_ledger alter column told_on set not null;
alter table hub.read_ledger force row level security;
create index read_ledger_reader on hub.read_ledger (gemeente, reader, at desc, id desc);
create index read_ledger_xid on hub.read_ledger (gemeente, xid, id);
grant select (activity, activity_version) on hub.read_ledger to hub_app;
create policy recorder_reads on hub.read_ledger for select to hub_recorder using (true);
grant select on hub.read_ledger to hub_recorder;

-- How many days after a read of police or enforcement the owner of what was read is told. Whose reads it is about, asks for it.
alter table hub.organisations no force row level security;
alter table hub.organisations
  add column ledger_delay_days int not null default 0 check (ledger_delay_days between 0 and 366),
  add constraint organisations_delay check (ledger_delay_days = 0 or kind in ('POLICE', 'ENFORCEMENT'));
-- the delay of another is nobody's to know
revoke select on hub.organisations from hub_app;
grant select (gemeente, id, slug, name, kind, invented) on hub.organisations to hub_app;
alter table hub.organisations force row level security;
alter policy own on hub.read_ledger
  using (gemeente = (select hub.gemeente()) and owner = (select hub.asker()) and told_on <= (select hub.today()));

-- Writes who read what, one line per place in the arrays: whose records, under which agreement, what it hides, how many, and how many of
-- `ids`, in their order, are those that were shown. Who reads is taken from the transaction, purpose and version from the agreement,
-- the fields from what the rule left to see. Tells under which agreement and processing activity each line falls.
drop function hub.log_reads(jsonb, text);
create function hub.log_reads(kinds text[], owners uuid[], agreements uuid[], hidden text[], counts int[], shown int[], ids uuid[],
    in_operation text)
  returns table (agreement uuid, version int, activity text, activity_version int, records int)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  -- in plpgsql, for a plan that is kept: planning it anew would take longer than carrying it out
  return query with lines as (
    select u.*, sum(u.shown) over (order by u.n)::int as until
    from unnest(kinds, owners, agreements, hidden, counts, shown) with ordinality u(kind, owner, agreement, hidden, records, shown, n))
  insert into hub.read_ledger (gemeente, owner, reader, actor, at, on_day, told_on, agreement, version, purpose, kind, records, fields,
    operation, ids, trace, activity, activity_version)
  select hub.gemeente(), l.owner, hub.asker(), hub.actor(), hub.now(), hub.today(), hub.today() + d.days, a.id, a.version, a.purpose,
    l.kind, l.records,
    array(select f.field from hub.contribution_fields f
      where f.kind = l.kind and f.shown_from <> 'OWN' and f.field <> all (string_to_array(l.hidden, ',')) order by f.field),
    in_operation, ids[l.until - l.shown + 1 : l.until], hub.trace(), p.code, p.version
  from lines l
  join lateral (
    select x.id, x.version, x.purpose from hub.agreements x where x.gemeente = hub.gemeente() and x.id = l.agreement
      and exists (
        select from hub.agreement_rules r
        where r.gemeente = x.gemeente and r.agreement = x.id and r.version = x.version and r.receiver = hub.asker()
          and r.provider = l.owner)
    -- the version that shows records now, before one that was only proposed
    order by exists (
      select from hub.grants g
      where g.gemeente = x.gemeente and g.agreement = x.id and g.version = x.version and g.receiver = hub.asker()
        and hub.today() between g.valid_from and g.valid_until) desc, x.version desc limit 1) a on true
  cross join lateral (
    select coalesce(max(o.ledger_delay_days), 0) as days from hub.organisations o where o.gemeente = hub.gemeente() and o.id = hub.asker()) d
  left join lateral (
    select v.code, v.version from hub.agreement_activities m
    join hub.processing_activities v on v.gemeente = m.gemeente and v.organisation = m.organisation and v.code = m.code
      and v.valid_from <= hub.today()
    where m.gemeente = hub.gemeente() and m.organisation = hub.asker() and m.agreement = l.agreement
    order by v.version desc limit 1) p on true
  returning agreement, version, activity, activity_version, records;
end $$;
grant execute on function hub.log_reads(text[], uuid[], uuid[], text[], int[], int[], uuid[], text) to hub_app;
alter function hub.log_reads(text[], uuid[], uuid[], text[], int[], int[], uuid[], text) owner to hub_recorder;

-- The ledger with its times, for the privacy officer of the asker: what others read of the asker's records, or what the asker's own
-- people read of others'. A person of another organisation is never named, nor its request. Newest first; `n` null: all.
create policy door on hub.read_ledger for select to hub_door using (true);
grant select on hub.read_ledger to hub_door;
create function hub.ledger_lines(by_asker boolean, since timestamptz, until timestamptz, other uuid, of_agreement uuid, of_kind text,
    of_login text, after_at timestamptz, after_id uuid, n int)
  returns table (id uuid, at timestamptz, owner uuid, reader uuid, actor text, agreement uuid, version int, purpose text, kind text,
    records int, ids uuid[], fields text[], operation text, activity text, activity_version int, trace text)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select l.* from (
    (select l.id, l.at, l.owner, l.reader, l.actor, l.agreement, l.version, l.purpose, l.kind, l.records, l.ids, l.fields, l.operation,
      l.activity, l.activity_version, l.trace
    from hub.read_ledger l
    where by_asker and l.gemeente = hub.gemeente() and l.reader = hub.asker() and (other is null or l.owner = other)
      and (of_login is null or l.actor = of_login))
    union all
    (select l.id, l.at, l.owner, l.reader, null, l.agreement, l.version, l.purpose, l.kind, l.records, l.ids, l.fields, l.operation,
      l.activity, l.activity_version, null
    from hub.read_ledger l
    where not by_asker and l.gemeente = hub.gemeente() and l.owner = hub.asker() and (other is null or l.reader = other)
      -- the day is in the index
      and l.on_day >= case when isfinite(since) then (since at time zone 'Europe/Amsterdam')::date else '-infinity' end
      and of_login is null)) l
  where hub.has_role('PRIVACY_OFFICER') and l.at >= since and (until is null or l.at < until)
    and (of_agreement is null or l.agreement = of_agreement) and (of_kind is null or l.kind = of_kind)
    and (after_at is null or (l.at, l.id) < (after_at, after_id))
  order by l.at desc, l.id desc limit n
$$;
grant execute on function hub.ledger_lines(boolean, timestamptz, timestamptz, uuid, uuid, text, text, timestamptz, uuid, int) to hub_app;
alter function hub.ledger_lines(boolean, timestamptz, timestamptz, uuid, uuid, text, text, timestamptz, uuid, int) owner to hub_door;

-- Seals --------------------------------------------------------------------------------------------------------------
-- Evidence of tampering. Entries of both logs are appended freely, and sealed in the order of their transactions, only below the oldest
-- transaction that still runs: what commits late is sealed later, and nothing is skipped. A seal's root is over the root before it and
-- the digests of its entries. A digest is over salt, content and the digest of the names of persons, which has a salt of its own: who
-- is erased takes that salt along, and the rest can still be proved.
create table hub.seals (
  gemeente text not null references hub.gemeenten on delete restrict,
  number int not null check (number >= 1),
  entries int not null check (entries > 0),
  -- its last entry: the next seal goes on from there
  until_xid xid8 not null,
  until_log text not null,
  until_entry uuid not null,
  root bytea not null check (length(root) = 32),
  at timestamptz not null default hub.now(),
  primary key (gemeente, number)
);
create table hub.sealed_entries (
  gemeente text not null,
  seal int not null,
  place int not null,
  log text not null, -- AUDIT or LEDGER
  entry uuid not null,
  digest bytea not null check (length(digest) = 32),
  salt uuid, -- null: the entry was erased
  person_salt uuid, -- null: the names in it were erased, and their digest stands here instead
  person_digest bytea,
  erasures uuid[] not null default '{}', -- the entries of the audit log that say so
  primary key (gemeente, log, entry),
  unique (gemeente, seal, place),
  foreign key (gemeente, seal) references hub.seals on delete restrict
);
grant select, insert on hub.seals to hub_recorder;
grant insert, select (place, digest) on hub.sealed_entries to hub_recorder;

create function hub.said(e hub.audit_log) returns text language sql immutable set timezone = 'UTC' as $$
  select jsonb_build_array('AUDIT', e.gemeente, e.organisation, e.id, e.at, e.by_organisation, e.action, e.subject,
    e.details, e.trace)::text
$$;
create function hub.said(l hub.read_ledger) returns text language sql immutable set timezone = 'UTC' as $$
  select jsonb_build_array('LEDGER', l.gemeente, l.owner, l.id, l.reader, l.at, l.on_day, l.told_on, l.agreement, l.version, l.purpose,
    l.kind, l.records, l.ids, l.fields, l.operation, l.activity, l.activity_version, l.trace)::text
$$;
create function hub.persons(e hub.audit_log) returns text language sql immutable parallel safe as $$
  select jsonb_build_array(e.actor, e.login)::text
$$;
create function hub.persons(l hub.read_ledger) returns text language sql immutable parallel safe as $$
  select jsonb_build_array(l.actor)::text
$$;
create function hub.salted(salt uuid, said text) returns bytea language sql immutable parallel safe as $$
  select sha256(uuid_send(salt) || convert_to(said, 'UTF8'))
$$;
create function hub.root_of(root_before bytea, digests bytea) returns bytea language sql immutable parallel safe as $$
  select sha256(coalesce(root_before, '') || digests)
$$;
create function hub.seals_lock(in_gemeente text) returns bigint language sql immutable parallel safe as $$
  select hashtextextended('hub.seals/' || in_gemeente, 0)
$$;
grant execute on function hub.said(hub.audit_log), hub.said(hub.read_ledger), hub.persons(hub.audit_log), hub.persons(hub.read_ledger),
  hub.salted(uuid, text), hub.root_of(bytea, bytea), hub.seals_lock(text) to hub_recorder, hub_retention;

-- Seals what was committed and not sealed yet, 10,000 entries at most, and tells how many that were; 0: there is nothing new.
create function hub.seal_logs(in_gemeente text) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  most constant int := 10000;
  last hub.seals;
  made int;
begin
  perform hub.check_sees_commits();
  perform pg_advisory_xact_lock(hub.seals_lock(in_gemeente));
  select s.* into last from hub.seals s where s.gemeente = in_gemeente order by s.number desc limit 1;
  with fresh as (
    (select 'AUDIT' as log, e.xid, e.id, hub.said(e) as said, hub.persons(e) as persons from hub.audit_log e
    where e.gemeente = in_gemeente and e.xid < pg_snapshot_xmin(pg_current_snapshot())
      and (last.number is null or (e.xid >= last.until_xid and (e.xid, 'AUDIT', e.id) > (last.until_xid, last.until_log, last.until_entry)))
    order by e.xid, e.id limit most)
    union all
    (select 'LEDGER', l.xid, l.id, hub.said(l), hub.persons(l) from hub.read_ledger l
    where l.gemeente = in_gemeente and l.xid < pg_snapshot_xmin(pg_current_snapshot())
      and (last.number is null or (l.xid >= last.until_xid and (l.xid, 'LEDGER', l.id) > (last.until_xid, last.until_log, last.until_entry)))
    order by l.xid, l.id limit most)),
  salted as materialized (
    select f.*, hub.new_id() as salt, hub.new_id() as person_salt, row_number() over (order by f.xid, f.log, f.id) as place
    from fresh f order by f.xid, f.log, f.id limit most),
  sealed as (
    insert into hub.sealed_entries (gemeente, seal, place, log, entry, digest, salt, person_salt)
    select in_gemeente, coalesce(last.number, 0) + 1, s.place, s.log, s.id,
      sha256(hub.salted(s.salt, s.said) || hub.salted(s.person_salt, s.persons)), s.salt, s.person_salt
    from salted s
    returning place, digest)
  insert into hub.seals (gemeente, number, entries, until_xid, until_log, until_entry, root)
  select in_gemeente, coalesce(last.number, 0) + 1, n.entries, e.xid, e.log, e.id, hub.root_of(last.root, n.digests)
  from (select count(*) as entries, string_agg(s.digest, '' order by s.place) as digests from sealed s) n
  join salted e on e.place = n.entries
  returning entries into made;
  return coalesce(made, 0);
end $$;
grant execute on function hub.seal_logs(text) to hub_app;
alter function hub.seal_logs(text) owner to hub_recorder;

-- Erasure ------------------------------------------------------------------------------------------------------------
-- By hub_retention, which may change of the logs no more than the names, and takes lines of the ledger away. Each erasure is an entry of
-- the audit log, with how many sealed entries it is about: what is gone without one is missing.
create policy erase on hub.read_ledger to hub_retention using (true) with check (true);
create policy erase on hub.audit_log to hub_retention using (true) with check (true);
grant select, delete, update (actor) on hub.read_ledger to hub_retention;
grant select, update (actor, login) on hub.audit_log to hub_retention;
grant select, update (salt, person_salt, person_digest, erasures) on hub.sealed_entries to hub_retention;
grant execute on function hub.has_role(text), hub.now(), hub.today(), hub.asker(), hub.gemeente(), hub.actor(), hub.trace(), hub.new_id()
  to hub_retention;

-- Puts a pseudonym in the place of a log-in of an organisation, in both logs, and tells in how many entries.
create function hub.erase_actor_from_logs(in_gemeente text, of_organisation uuid, in_actor text, pseudonym text) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  lines uuid[];
  erasure uuid;
begin
  perform pg_advisory_xact_lock(hub.seals_lock(in_gemeente));
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
alter function hub.erase_actor_from_logs(text, uuid, text, text) owner to hub_retention;

-- Takes lines of the ledger away, and tells how many: those about the records of an organisation, or those of before a day.
create function hub.erase_lines(in_gemeente text, of_organisation uuid, lines uuid[]) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  erasure uuid;
begin
  if lines = '{}' then
    return 0;
  end if;
  perform pg_advisory_xact_lock(hub.seals_lock(in_gemeente));
  erasure := hub.audit_of_login(in_gemeente, of_organisation, 'LEDGER_ERASED', 'urn:wijkhub:organisation:' || of_organisation, null,
    jsonb_build_object('entries', cardinality(lines), 'sealed', (
      select count(*) from hub.sealed_entries s where s.gemeente = in_gemeente and s.entry = any (lines))));
  update hub.sealed_entries s set salt = null, person_salt = null, person_digest = null, erasures = s.erasures || erasure
  where s.gemeente = in_gemeente and s.entry = any (lines);
  delete from hub.read_ledger l where l.gemeente = in_gemeente and l.id = any (lines);
  return cardinality(lines);
end $$;
alter function hub.erase_lines(text, uuid, uuid[]) owner to hub_retention;

create function hub.erase_owner_from_ledger(in_gemeente text, of_organisation uuid) returns int
  language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select hub.erase_lines(in_gemeente, of_organisation,
    array(select l.id from hub.read_ledger l where l.gemeente = in_gemeente and l.owner = of_organisation))
$$;
alter function hub.erase_owner_from_ledger(text, uuid) owner to hub_retention;

create function hub.erase_ledger_before(in_gemeente text, before date) returns int
  language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(sum(hub.erase_lines(in_gemeente, x.owner, x.lines)), 0)::int
  from (
    select l.owner, array_agg(l.id) as lines from hub.read_ledger l where l.gemeente = in_gemeente and l.on_day < before group by l.owner) x
$$;
alter function hub.erase_ledger_before(text, date) owner to hub_retention;
set local role hub_retention;
grant execute on function hub.erase_actor_from_logs(text, uuid, text, text), hub.erase_owner_from_ledger(text, uuid),
  hub.erase_ledger_before(text, date) to hub_owner;
reset role;

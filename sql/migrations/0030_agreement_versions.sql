-- SPDX-License-Identifier: EUPL-1.2
-- Versions of an agreement. A party proposes a next version; the one in force stays until every party of the next one has accepted it
-- and its first day has come. From then on the old one is REPLACED: its grants end the day before, or at once when that day was there
-- already. A version that is rejected, or revoked before it began, leaves the old one as it was.
--
-- Each version has parties of its own, who alone read it. What a party of the version in force learns of a newer one to which it is no
-- party: that one is open (it cannot propose another), and from which day its own is replaced.

-- Which versions are replaced, and from which day: follows from the decisions, and is compiled anew with the grants.
create table hub.replaced_versions (
  gemeente text not null,
  agreement uuid not null,
  version int not null,
  from_day date not null,
  primary key (gemeente, agreement, version),
  foreign key (gemeente, agreement, version) references hub.agreements on delete restrict
);
alter table hub.replaced_versions enable row level security;
alter table hub.replaced_versions force row level security;
create policy of_parties on hub.replaced_versions for select to hub_app
  using (gemeente = (select hub.gemeente()) and exists (
    select from hub.agreements a
    where a.gemeente = replaced_versions.gemeente and a.id = replaced_versions.agreement and a.version = replaced_versions.version));
create policy door on hub.replaced_versions for select to hub_door using (true);
create policy recorder on hub.replaced_versions to hub_recorder using (true) with check (true);
grant select on hub.replaced_versions to hub_app, hub_door;
grant select, insert, delete on hub.replaced_versions to hub_recorder;

-- The state of a version as of a day, at its end: for a past day by the decisions made until then, for today and later by all of them
-- and the term. Null for a proposal that was not made yet. What came first stays: an ended version is not replaced later.
create function hub.agreement_state_on(in_gemeente text, of_agreement uuid, of_version int, on_day date)
  returns text language sql stable parallel safe as $$
  select case
      when bool_or(d.decision = 'REVOKE') then 'REVOKED'
      when bool_or(d.decision = 'REJECT') then 'REJECTED'
      when p.from_day <= least(on_day, a.valid_until) then 'REPLACED'
      when on_day > a.valid_until then 'ENDED'
      when count(*) filter (where d.decision = 'ACCEPT') = cardinality(a.parties) and on_day >= a.valid_from then 'IN_FORCE'
      when count(*) filter (where d.decision = 'ACCEPT') = cardinality(a.parties) then 'ACCEPTED'
      else 'PROPOSED' end
  from hub.agreements a
  left join hub.agreement_decisions d on (d.gemeente, d.agreement, d.version) = (a.gemeente, a.id, a.version)
    and (on_day >= hub.today() or (d.at at time zone 'Europe/Amsterdam')::date <= on_day)
  left join hub.replaced_versions p on (p.gemeente, p.agreement, p.version) = (a.gemeente, a.id, a.version)
  where (a.gemeente, a.id, a.version) = (in_gemeente, of_agreement, of_version)
    and (on_day >= hub.today() or (a.proposed_at at time zone 'Europe/Amsterdam')::date <= on_day)
  group by a.gemeente, a.id, a.version, p.from_day
$$;
create or replace function hub.agreement_state(in_gemeente text, of_agreement uuid, of_version int)
  returns text language sql stable parallel safe as $$
  select hub.agreement_state_on(in_gemeente, of_agreement, of_version, hub.today())
$$;

-- The rules in force on a day, one row per wijk: all of them for the doors, its own agreements' for an asker. `valid_until` is the last
-- day on which the rule applies, `covers_from` the first day of recording of what it shows.
create function hub.rules_on(in_gemeente text, on_day date)
  returns table (receiver uuid, provider uuid, wijk uuid, kind text, category text, agreement uuid, version int, rule int,
    "precision" text, fields text[], covers_from date, valid_from date, valid_until date, keep_days int, min_cell int,
    includes_past boolean)
  language sql stable parallel safe as $$
  select r.receiver, r.provider, w.id, r.kind, r.category, r.agreement, r.version, r.number, r.precision, r.fields,
    case when r.includes_past then '-infinity' else a.valid_from end, a.valid_from, least(a.valid_until, p.from_day - 1), r.keep_days,
    r.min_cell, r.includes_past
  from hub.agreements a
  join hub.agreement_rules r on (r.gemeente, r.agreement, r.version) = (a.gemeente, a.id, a.version)
  left join hub.replaced_versions p on (p.gemeente, p.agreement, p.version) = (a.gemeente, a.id, a.version)
  cross join lateral unnest(r.wijken) w (id)
  where a.gemeente = in_gemeente and on_day between a.valid_from and a.valid_until
    and hub.agreement_state_on(a.gemeente, a.id, a.version, on_day) = 'IN_FORCE'
$$;
create or replace function hub.rules_in_force(in_gemeente text)
  returns table (receiver uuid, provider uuid, wijk uuid, kind text, category text, agreement uuid, version int, rule int,
    covers_from date, keep_days int, min_cell int)
  language sql stable parallel safe as $$
  select r.receiver, r.provider, r.wijk, r.kind, r.category, r.agreement, r.version, r.rule, r.covers_from, r.keep_days, r.min_cell
  from hub.rules_on(in_gemeente, hub.today()) r
$$;
grant execute on function hub.agreement_state_on(text, uuid, int, date), hub.rules_on(text, date) to hub_app, hub_door, hub_recorder;

-- The first day on which a version is in force: when every party has accepted it and its term has begun. Null if that never was and
-- will not be.
create function hub.begins_on(in_gemeente text, of_agreement uuid, of_version int) returns date language sql stable parallel safe as $$
  select case when d.accepted = cardinality(a.parties) and b.first_day <= least(a.valid_until, d.revoked_on) then b.first_day end
  from hub.agreements a
  cross join lateral (
    select count(*) filter (where x.decision = 'ACCEPT') as accepted,
      max((x.at at time zone 'Europe/Amsterdam')::date) filter (where x.decision = 'ACCEPT') as accepted_on,
      min((x.at at time zone 'Europe/Amsterdam')::date) filter (where x.decision = 'REVOKE') as revoked_on
    from hub.agreement_decisions x where (x.gemeente, x.agreement, x.version) = (a.gemeente, a.id, a.version)) d
  cross join lateral (select greatest(a.valid_from, d.accepted_on) as first_day) b
  where (a.gemeente, a.id, a.version) = (in_gemeente, of_agreement, of_version)
$$;
grant execute on function hub.begins_on(text, uuid, int) to hub_app, hub_door, hub_recorder;

-- A next version of an agreement has its id and the number that follows. It is proposed by a party of the version that stands: the
-- newest that began or will begin. Not while that one has yet to begin, nor while another proposal is open: what the parties decide
-- on is one text at a time.
create function hub.number_version() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  newest int;
  standing record;
begin
  perform hub.check_sees_commits();
  perform pg_advisory_xact_lock(hub.agreements_lock(new.gemeente));
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
create trigger numbered before insert on hub.agreements for each row execute function hub.number_version();
alter function hub.number_version() owner to hub_recorder;

-- A party decides once, as before; what is replaced is over, and cannot be revoked.
create or replace function hub.check_decision() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform hub.check_sees_commits();
  perform pg_advisory_xact_lock(hub.agreements_lock(new.gemeente));
  if hub.agreement_state(new.gemeente, new.agreement, new.version) = 'REPLACED' or exists (
    select from hub.agreement_decisions d
    where (d.gemeente, d.agreement, d.version) = (new.gemeente, new.agreement, new.version)
      and (d.decision in ('REJECT', 'REVOKE') or (d.organisation = new.organisation and d.decision = new.decision)
        or (new.decision = 'REJECT' and d.organisation = new.organisation)))
  then
    raise exception using errcode = 'HB001', message = 'already decided';
  end if;
  return new;
end $$;

-- As migration 8 has it; a version that was replaced could show records until that day.
create or replace function hub.rules_ever_in_force(in_gemeente text)
  returns table (receiver uuid, provider uuid, wijk uuid, kind text, category text, covers_from date, covers_until date)
  language sql stable parallel safe as $$
  select r.receiver, r.provider, w.id, r.kind, r.category,
    case when r.includes_past then '-infinity' else a.valid_from end, least(a.valid_until, d.revoked_on, p.from_day)
  from hub.agreements a
  join hub.agreement_rules r on (r.gemeente, r.agreement, r.version) = (a.gemeente, a.id, a.version)
  left join hub.replaced_versions p on (p.gemeente, p.agreement, p.version) = (a.gemeente, a.id, a.version)
  cross join lateral unnest(r.wijken) w (id)
  cross join lateral (
    select min((x.at at time zone 'Europe/Amsterdam')::date) filter (where x.decision = 'REVOKE') as revoked_on,
      count(*) filter (where x.decision = 'ACCEPT') as accepted
    from hub.agreement_decisions x where (x.gemeente, x.agreement, x.version) = (a.gemeente, a.id, a.version)) d
  where a.gemeente = in_gemeente and r.precision <> 'COUNT' and d.accepted = cardinality(a.parties)
$$;

-- Whether what one version shows a receiver of a provider's records in a wijk is shown by a later one as well: each rule has one that
-- shows no less. Being counted is not being shown.
create function hub.goes_on(in_gemeente text, of_agreement uuid, old int, new int, to_receiver uuid, of_provider uuid, in_wijk uuid)
  returns boolean language sql stable parallel safe as $$
  select not exists (
    select from hub.agreement_rules r
    join hub.agreements a on (a.gemeente, a.id, a.version) = (r.gemeente, r.agreement, r.version)
    where (r.gemeente, r.agreement, r.version, r.receiver, r.provider) = (in_gemeente, of_agreement, old, to_receiver, of_provider)
      and in_wijk = any (r.wijken) and r.precision <> 'COUNT'
      and not exists (
        select from hub.agreement_rules n
        join hub.agreements b on (b.gemeente, b.id, b.version) = (n.gemeente, n.agreement, n.version)
        where (n.gemeente, n.agreement, n.version, n.receiver, n.provider) = (in_gemeente, of_agreement, new, to_receiver, of_provider)
          and in_wijk = any (n.wijken) and n.kind = r.kind and (n.category is null or n.category = r.category)
          and hub.rank_of(n.precision) >= hub.rank_of(r.precision) and n.fields @> r.fields and n.keep_days >= r.keep_days
          and (n.includes_past or (not r.includes_past and b.valid_from <= a.valid_from))))
$$;
grant execute on function hub.goes_on(text, uuid, int, int, uuid, uuid, uuid) to hub_recorder;

-- The versions of an agreement that a later one replaces, and from which day.
create function hub.versions_to_replace(in_gemeente text, of_agreement uuid) returns table (version int, from_day date)
  language sql stable parallel safe as $$
  select a.version, n.from_day
  from hub.agreements a
  cross join lateral (
    select min(hub.begins_on(b.gemeente, b.id, b.version)) as from_day
    from hub.agreements b where (b.gemeente, b.id) = (a.gemeente, a.id) and b.version > a.version) n
  -- of what was over by then, or never began, nobody is told when it would have been replaced
  where (a.gemeente, a.id) = (in_gemeente, of_agreement) and n.from_day <= a.valid_until
    and hub.begins_on(a.gemeente, a.id, a.version) is not null
    and not exists (
      select from hub.agreement_decisions d
      where (d.gemeente, d.agreement, d.version) = (a.gemeente, a.id, a.version) and d.decision = 'REVOKE')
$$;
grant execute on function hub.versions_to_replace(text, uuid) to hub_recorder;

-- What a rule makes of a slice ---------------------------------------------------------------------------------------
-- In one place for what is compiled, what is explained and what is tried out.

-- The fields of a kind that are shown at a precision, where a rule lists some.
create function hub.fields_shown(of_kind text, at_rank smallint, listing text[]) returns setof hub.contribution_fields
  language sql stable parallel safe as $$
  select f.* from hub.contribution_fields f
  where f.kind = of_kind and f.shown_from <> 'OWN' and at_rank >= hub.rank_of(f.shown_from)
    and (not f.listed or f.field = any (listing))
$$;
create function hub.field_names_shown(of_kind text, "precision" text, listing text[]) returns text[]
  language sql stable parallel safe as $$
  select array(select f.field from hub.fields_shown(of_kind, hub.rank_of("precision"), listing) f order by f.field)
$$;
grant execute on function hub.fields_shown(text, smallint, text[]), hub.field_names_shown(text, text, text[])
  to hub_app, hub_door, hub_recorder;

-- Whether a rule is about a slice.
create function hub.is_about(r hub.agreement_rules, s hub.slices) returns boolean language sql immutable parallel safe as $$
  select r.gemeente = s.gemeente and r.provider = s.owner and r.kind = s.kind and s.wijk = any (r.wijken)
    and (r.category is null or r.category = s.category)
$$;

-- The grant that a rule gives of a slice that it is about, until a day, under the writer's caps: none where these leave the receiver out.
create function hub.grant_of(s hub.slices, r hub.agreement_rules, a hub.agreements, ends_on date, agreed_at timestamptz)
  returns setof hub.grants language sql stable as $$
  select s.gemeente, r.receiver, s.wijk, s.kind, s.owner, s.id, r.agreement, r.version, r.number, hub.precision_of(e.rank), e.rank,
    e.fields, v.hidden, v.shows, case when r.includes_past then '-infinity' else a.valid_from end, a.valid_from, ends_on,
    r.keep_days, r.min_cell, agreed_at
  from (select true) one
  left join hub.share_caps c on c.gemeente = s.gemeente and c.owner = s.owner and c.profile = s.profile and c.receiver = r.receiver
  cross join lateral (
    select least(hub.rank_of(r.precision), coalesce(hub.rank_of(c.precision), 3::smallint)) as rank,
      case when coalesce(c.with_text, true) then r.fields
        else array(select unnest(r.fields) except
          select f.field from hub.contribution_fields f where f.kind = s.kind and f.is_text) end as fields) e
  cross join lateral (
    select coalesce(array_agg(x.field order by x.field) filter (where w.field is null), '{}') as hidden,
      array(select unnest(y.columns) from hub.fields_shown(s.kind, e.rank, e.fields) y) as shows
    from hub.contribution_fields x
    left join hub.fields_shown(s.kind, e.rank, e.fields) w on w.field = x.field
    where x.kind = s.kind and x.shown_from <> 'OWN') v
  where s.profile = hub.as_agreed() or c.receiver is not null
$$;
grant execute on function hub.is_about(hub.agreement_rules, hub.slices),
  hub.grant_of(hub.slices, hub.agreement_rules, hub.agreements, date, timestamptz) to hub_recorder;

-- who owns them replaces them
set local role hub_recorder;

-- Compiles the grants of some slices, or of one agreement and with them which of its versions are replaced: removes what stood, writes
-- what is agreed by every party now. As migration 4 has it, but a version's grants end on the day before it is replaced.
create or replace function hub.compile_grants(in_gemeente text, of_slices uuid[], of_agreement uuid) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if of_agreement is not null then
    -- what stays is not written anew: it is told once
    delete from hub.replaced_versions p
    where (p.gemeente, p.agreement) = (in_gemeente, of_agreement)
      and (p.version, p.from_day) not in (select v.version, v.from_day from hub.versions_to_replace(in_gemeente, of_agreement) v);
    insert into hub.replaced_versions (gemeente, agreement, version, from_day)
    select in_gemeente, of_agreement, v.version, v.from_day from hub.versions_to_replace(in_gemeente, of_agreement) v
    on conflict do nothing;
  end if;

  delete from hub.grants g
  where g.gemeente = in_gemeente and (g.slice = any (of_slices) or g.agreement = of_agreement);

  insert into hub.grants
  select g.* from hub.slices s
  join hub.agreement_rules r on hub.is_about(r, s)
  join hub.agreements a on (a.gemeente, a.id, a.version) = (r.gemeente, r.agreement, r.version)
  left join hub.replaced_versions p on (p.gemeente, p.agreement, p.version) = (a.gemeente, a.id, a.version)
  cross join lateral hub.grant_of(s, r, a, least(a.valid_until, p.from_day - 1), (
    select max(d.at) from hub.agreement_decisions d
    where (d.gemeente, d.agreement, d.version) = (a.gemeente, a.id, a.version) and d.decision = 'ACCEPT')) g
  where s.gemeente = in_gemeente
    and (s.id = any (of_slices) or (of_slices is null and r.agreement = of_agreement))
    and not exists (
      select from hub.agreement_decisions d
      where (d.gemeente, d.agreement, d.version) = (a.gemeente, a.id, a.version) and d.decision in ('REJECT', 'REVOKE'))
    and cardinality(a.parties) = (
      select count(*) from hub.agreement_decisions d
      where (d.gemeente, d.agreement, d.version) = (a.gemeente, a.id, a.version) and d.decision = 'ACCEPT');
end $$;

-- As migration 5 has it; the version is the one in force.
create or replace function hub.log_reads(lines jsonb, in_operation text) returns void
  language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  insert into hub.read_ledger (gemeente, owner, reader, actor, at, on_day, agreement, version, purpose, kind, records, fields, operation)
  select hub.gemeente(), (l ->> 'owner')::uuid, hub.asker(), hub.actor(), hub.now(), hub.today(), a.id, a.version, a.purpose,
    l ->> 'kind', (l ->> 'records')::int,
    array(select f.field from hub.contribution_fields f
      where f.kind = l ->> 'kind' and f.shown_from <> 'OWN' and not l -> 'hidden' ? f.field order by f.field),
    in_operation
  from jsonb_array_elements(lines) l
  join lateral (
    select * from hub.agreements x where x.gemeente = hub.gemeente() and x.id = (l ->> 'agreement')::uuid
      and exists (
        select from hub.agreement_rules r where (r.gemeente, r.agreement, r.version) = (x.gemeente, x.id, x.version)
          and r.receiver = hub.asker() and r.provider = (l ->> 'owner')::uuid)
    order by hub.agreement_state(x.gemeente, x.id, x.version) = 'IN_FORCE' desc, x.version desc limit 1) a on true
$$;

-- As migration 10 has it. Each version that begins is told; that one ended is told where no later version, in force by then, goes on
-- showing what it showed.
create or replace function hub.announce_agreements(in_gemeente text, of_agreement uuid) returns int
  language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with rules as (
    select distinct r.provider, r.receiver, w.wijk, a.id, a.version, hub.agreement_state(a.gemeente, a.id, a.version) as state
    from hub.agreements a
    join hub.agreement_rules r on (r.gemeente, r.agreement, r.version) = (a.gemeente, a.id, a.version)
    cross join lateral unnest(r.wijken) w(wijk)
    where a.gemeente = in_gemeente and (of_agreement is null or a.id = of_agreement) and r.precision <> 'COUNT'),
  begun as (
    select f.receiver, f.owner, f.wijk, f.agreement, f.version from hub.feed_items f
    where f.gemeente = in_gemeente and f.change = 'AGREEMENT_STARTED' and (of_agreement is null or f.agreement = of_agreement)),
  changes as (
    select r.*, 'AGREEMENT_STARTED' as change from rules r where r.state = 'IN_FORCE'
    union all
    select r.*, 'AGREEMENT_ENDED' from rules r
    where r.state in ('ENDED', 'REVOKED', 'REPLACED')
      and (r.receiver, r.provider, r.wijk, r.id, r.version) in (select * from begun)
      and not exists (
        select from rules n
        where (n.receiver, n.provider, n.wijk, n.id) = (r.receiver, r.provider, r.wijk, r.id) and n.version > r.version
          and (n.state = 'IN_FORCE' or (n.receiver, n.provider, n.wijk, n.id, n.version) in (select * from begun))
          and hub.goes_on(in_gemeente, r.id, r.version, n.version, r.receiver, r.provider, r.wijk))),
  told as (
    insert into hub.feed_items (gemeente, owner, wijk, change, for_owner, receiver, agreement, version)
    select in_gemeente, c.provider, c.wijk, c.change, false, c.receiver, c.id, c.version from changes c
    order by c.id, c.receiver, c.provider, c.wijk, c.change, c.version
    on conflict do nothing returning 1)
  select count(*)::int from told
$$;
reset role;

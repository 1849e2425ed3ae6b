-- SPDX-License-Identifier: EUPL-1.2
-- A dataset can be marked "never share": no rule reaches its records. Its owner sees everything of it; nobody else learns that it is
-- there: no record, no item of the feed, no number, no source.
--
-- How. What sharing is decided for is a slice, and a record's share profile is a part of its slice. A record of a marked dataset has
-- one fixed profile for which nobody can have a cap, and what has a profile of its own is shared by its caps alone: so its slices get
-- no grants, whatever is agreed, and everything that shares or counts records starts at the grants.
--
-- Marking moves the records that are there: whoever saw one is told that it is gone. Taking the mark off is for what comes after; what
-- is there stays its owner's until that says of it, expressly, that it is shared as it was meant to be. What its writer asked for (a
-- profile of caps) is kept for that day: a mark makes no cap wider.

create function hub.never_shared() returns uuid language sql immutable parallel safe as $$
  select 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
$$;
grant execute on function hub.never_shared() to hub_app, hub_recorder;
alter table hub.share_caps no force row level security;
alter table hub.share_caps add constraint share_caps_never_shared check (profile <> hub.never_shared());
alter table hub.share_caps force row level security;

alter table hub.datasets add column never_share boolean not null default false;
create policy own_change on hub.datasets for update to hub_app
  using (gemeente = (select hub.gemeente()) and owner = (select hub.asker()))
  with check (gemeente = (select hub.gemeente()) and owner = (select hub.asker()));
grant insert (never_share), update (never_share) on hub.datasets to hub_app;
create policy recorder on hub.datasets for select to hub_recorder using (true);
grant select (gemeente, owner, dataset, never_share) on hub.datasets to hub_recorder;

-- Whoever adds records shares this lock, whoever marks a dataset holds it alone: no record slips in between.
create function hub.sharing_lock(in_gemeente text, of_owner uuid) returns bigint language sql immutable parallel safe as $$
  select hashtextextended('hub.sharing/' || in_gemeente || '/' || of_owner, 0)
$$;
grant execute on function hub.sharing_lock(text, uuid) to hub_app, hub_recorder;
create function hub.take_turns_at_sharing() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform hub.check_sees_commits();
  perform pg_advisory_xact_lock_shared(hub.sharing_lock(hub.gemeente(), hub.asker()));
  return null;
end $$;

-- The profile of a record that comes, or goes to another dataset, follows from the dataset's mark; one that stays where it is keeps
-- what it has.
create function hub.keep_never_shared() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  is_marked boolean := exists (
    select from hub.datasets d where (d.gemeente, d.owner, d.dataset) = (new.gemeente, new.owner, new.dataset) and d.never_share);
begin
  if is_marked or (new.profile = hub.never_shared() and old.dataset is not distinct from new.dataset) then
    new.asked_profile := case when new.profile = hub.never_shared() then coalesce(new.asked_profile, old.profile, hub.as_agreed())
      else new.profile end;
    new.profile := hub.never_shared();
  elsif new.profile = hub.never_shared() or new.asked_profile is not null then
    new.profile := case when new.profile = hub.never_shared() then coalesce(new.asked_profile, hub.as_agreed()) else new.profile end;
    new.asked_profile := null;
  end if;
  return new;
end $$;

create or replace function hub.recorded(row_ jsonb) returns jsonb language sql immutable parallel safe as $$
  select row_ - array['gemeente', 'owner', 'slice', 'slices', 'profile', 'asked_profile', 'delivered_digest', 'source_version', 'changed_at',
    'version', 'id']
$$;

-- With whom a record is shared changed, and nothing else of it: no version and no history. For receivers of its old slices it is gone,
-- for those of its new ones it is there. Its owner is told nothing.
create function hub.record_sharing() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
begin
  insert into hub.feed_items (gemeente, owner, wijk, slice, slices, kind, category, change, record, recorded_on, changed, for_owner)
  select s.r ->> 'gemeente', (s.r ->> 'owner')::uuid, p.wijk, p.slice, a.slices, tg_argv[0], s.r ->> 'category', s.change,
    (s.r ->> 'id')::uuid, (s.r ->> 'recorded_on')::date, s.changed, false
  from (
    select to_jsonb(o) as was, to_jsonb(n) as became
    from old_rows o join new_rows n on (n.gemeente, n.owner, n.id) = (o.gemeente, o.owner, o.id)
    where o.profile <> n.profile offset 0) m
  cross join lateral (
    values (1, 'WITHDRAWN', '{}'::text[], m.was), (2, 'UPDATED', '{slice}', m.became)) s(step, change, changed, r)
  cross join lateral (
    select case when s.r ? 'slices' then array(select jsonb_array_elements_text(s.r -> 'slices')::uuid) end as slices,
      case when s.r ? 'slices' then array(select jsonb_array_elements_text(s.r -> 'wijken')::uuid) end as wijken) a
  cross join lateral unnest(coalesce(a.wijken, array[(s.r ->> 'wijk')::uuid]), coalesce(a.slices, array[(s.r ->> 'slice')::uuid])) p(wijk, slice)
  where hub.recorded(m.was) = hub.recorded(m.became)
  order by s.step, (s.r ->> 'id')::uuid, p.wijk;
  return null;
end $$;
alter function hub.record_sharing() owner to hub_recorder;
set local role hub_recorder;
grant execute on function hub.record_sharing() to hub_owner;
-- Their plan is made once per connection, for as many rows as the first statement had; after one of a single row, old and new rows
-- would be joined each with each, and an update of thousands would take a minute.
alter function hub.record_update() set enable_nestloop = off;
alter function hub.record_several_update() set enable_nestloop = off;
reset role;

-- What of this each kind has. The recorder moves records to another profile, and sees no more of them than which dataset they are of.
create function hub.make_never_share(of_kind text, of_table name, day_column name) returns void language plpgsql as $body$
begin
  execute format('alter table hub.%I add column asked_profile uuid', of_table);
  execute format('alter table hub.%I add check ((profile = hub.never_shared()) = (asked_profile is not null))', of_table);
  execute format('grant select (gemeente, owner, dataset, profile, asked_profile), update (profile) on hub.%I to hub_recorder', of_table);
  execute format('create policy sharing on hub.%I to hub_recorder using (true) with check (true)', of_table);
  execute format('create trigger sharing_in_turn before insert or update of dataset, profile on hub.%I
    for each statement execute function hub.take_turns_at_sharing()', of_table);
  execute format('create trigger sharing before insert or update of dataset, profile on hub.%I
    for each row execute function hub.keep_never_shared()', of_table);
  execute format('create trigger recorded_sharing after update on hub.%I referencing old table as old_rows new table as new_rows
    for each statement execute function hub.record_sharing(%L)', of_table, of_kind);
end $body$;
select hub.every_kind_gets('make_never_share');

-- what the tables compute and check when a row of theirs changes
grant execute on function hub.slices_of(text, uuid, uuid[], text, text, uuid), hub.all_different(uuid[]) to hub_recorder;

-- The recorder changes with whom a count is shared, never what is counted.
drop trigger in_turn on hub.counts;
create trigger in_turn before insert or update on hub.counts for each statement
  when (current_user <> 'hub_recorder') execute function hub.on_counts_written();
drop trigger unmixed_update on hub.counts;
create trigger unmixed_update after update on hub.counts referencing new table as new_rows for each statement
  when (current_user <> 'hub_recorder') execute function hub.check_unmixed();

create function hub.on_never_share() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  each name;
begin
  perform hub.check_sees_commits();
  perform pg_advisory_xact_lock(hub.sharing_lock(new.gemeente, new.owner));
  for each in select k.table_name from hub.contribution_kinds k order by k.table_name loop
    execute format('update hub.%I set profile = hub.never_shared()
      where gemeente = $1 and owner = $2 and dataset = $3 and profile <> hub.never_shared()', each) using new.gemeente, new.owner, new.dataset;
  end loop;
  return null;
end $$;
alter function hub.on_never_share() owner to hub_recorder;
set local role hub_recorder;
grant execute on function hub.on_never_share() to hub_owner;
reset role;
create trigger marked after update of never_share on hub.datasets for each row
  when (new.never_share and not old.never_share) execute function hub.on_never_share();

-- Shares the asker's records that lie in one of its datasets, which is not marked any more, as they were meant to be shared.
create function hub.share_what_was_kept(of_dataset text) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  each name;
begin
  perform hub.check_sees_commits();
  perform pg_advisory_xact_lock(hub.sharing_lock(hub.gemeente(), hub.asker()));
  for each in select k.table_name from hub.contribution_kinds k order by k.table_name loop
    execute format('update hub.%I set profile = asked_profile
      where gemeente = hub.gemeente() and owner = hub.asker() and dataset = $1 and profile = hub.never_shared()', each) using of_dataset;
  end loop;
end $$;
grant execute on function hub.share_what_was_kept(text) to hub_app;
alter function hub.share_what_was_kept(text) owner to hub_recorder;

-- Sources, as in migration 21; of a marked dataset nobody is a party but its owner.
set local role hub_door; -- whose function it is
create or replace function hub.source_states(in_wijken uuid[], week_until date)
  returns table (wijk uuid, owner uuid, dataset text, kind text, rhythm_days int, contact text, last_delivery date, late boolean,
    silent boolean)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with rules as materialized (
    select r.provider, r.wijk, r.kind, r.category from hub.rules_in_force(hub.gemeente()) r where r.receiver = hub.asker()
  ),
  holidays as materialized (
    select k.kind, range_agg(daterange(h.from_day, h.until_day, '[]')) as days
    from hub.holidays h cross join lateral unnest(h.for_kinds) k (kind)
    where h.gemeente = hub.gemeente() group by k.kind
  )
  select w.wijk, d.owner, d.dataset, d.kind, d.rhythm_days, coalesce(d.contact, w.contact), x.last_day,
    coalesce(hub.days_between(p.holidays, coalesce(x.last_day, p.since), hub.today()) > d.rhythm_days, false),
    -- a week that is not over may still get its delivery
    coalesce(week_until < hub.today() and hub.days_between(p.holidays, week_until - 7, week_until - 2) > 0
      and hub.days_between(p.holidays, p.since - 1, week_until) >= p.days
      and coalesce(hub.days_between(p.holidays, x.by_week - 1, week_until) > p.days, true), false)
  from hub.organisation_wijken w
  join hub.organisations o on (o.gemeente, o.id) = (w.gemeente, w.organisation)
  join hub.datasets d on (d.gemeente, d.owner) = (w.gemeente, w.organisation)
  left join holidays h on h.kind = o.kind
  cross join lateral (
    select min(v.on_day) as first_day, max(v.on_day) as last_day, max(v.on_day) filter (where v.on_day <= week_until) as by_week
    from hub.deliveries v
    where (v.gemeente, v.wijk, v.owner, v.dataset) = (d.gemeente, w.wijk, d.owner, d.dataset)) x
  cross join lateral (
    select coalesce(h.days, '{}') as holidays, least(greatest(d.declared_on, w.works_from), x.first_day) as since,
      -- null without a rhythm, and with it the answer
      case when d.rhythm_days is not null then greatest(d.rhythm_days, 7) end as days) p
  where w.gemeente = hub.gemeente() and w.wijk = any (in_wijken) and hub.today() between w.works_from and w.works_until
    and (d.owner = hub.asker() or (not d.never_share and exists (
      select from rules r
      where (r.provider, r.wijk, r.kind) = (d.owner, w.wijk, d.kind)
        and (r.category is null or d.categories is null or r.category = any (d.categories)))))
$$;
reset role;

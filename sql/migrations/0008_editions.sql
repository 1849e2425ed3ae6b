-- SPDX-License-Identifier: EUPL-1.2
-- Published numbers: measures, and per closed week one edition of each for each audience. Besides a record that a door shows,
-- this is the only way in which something of others' records leaves the hub, and it is decided once, here, by the database.
--
-- A cell counts the signals of one measure, wijk and week that agreements in force on the day of publication share with the
-- audience, as records or as COUNT. The audience's own signals are no part of it. A cell is shown only if
--   1. at least three organisations could contribute: `scope`, those with a rule in force that covers the whole week; and
--   2. it is 0, or minCell or more remain after taking off every record that the audience can see as a record and, on top of
--      that, the rest of any one organisation, whichever it is.
-- Otherwise it is WITHHELD, for one reason only.
--
-- What the decision itself tells:
--   * (1) and minCell follow from agreements that the audience is a party to, never from records. So minCell is the largest
--     of all rules in scope, not of those that happened to have a record: else a cell that is shown would say who was absent.
--   * WITHHELD with three in scope says "not 0" where the audience sees no record itself, so 1, 2, 3, 4 and (of one dominant
--     organisation) any more remain possible. Where it sees records, 0 unseen ones look the same as a few.
--   * What the audience may come to see counts as seen: a rule that starts later, or ended, or kept records for fewer days.
--   * Measures share no category, wijken no ground, weeks no day: there is no total next to its parts, so nothing follows
--     from subtraction, and cells need no complement. Quarters, buurten and later editions bring totals, and with them the
--     solver's check; until then there are none.
--   * A published week is never looked at again for that audience: a second look would be the difference of two looks.

create table hub.measures (
  gemeente text not null references hub.gemeenten on delete restrict,
  code text not null check (code ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  label text not null check (length(label) between 1 and 120),
  categories text[] not null check (cardinality(categories) >= 1),
  position int not null,
  primary key (gemeente, code)
);
grant select on hub.measures to hub_app, hub_door, hub_recorder;

-- The gemeente's row is held, so that two changes at the same time cannot overlap unseen.
create function hub.check_measure() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform from hub.gemeenten g where g.code = new.gemeente for update;
  if exists (
    select from hub.measures m
    where m.gemeente = new.gemeente and m.code <> new.code and m.categories && new.categories)
  then
    raise exception using errcode = 'exclusion_violation', constraint = 'measures_disjoint', table = 'measures', schema = 'hub',
      message = format('measure %s shares a category with another measure', new.code);
  end if;
  return null;
end $$;
create trigger disjoint after insert or update on hub.measures for each row execute function hub.check_measure();

create table hub.editions (
  gemeente text not null,
  audience uuid not null,
  period text not null check (period ~ '^[0-9]{4}-W[0-9]{2}$'),
  measure text not null,
  edition int not null default 1 check (edition >= 1),
  from_day date not null,
  until_day date not null,
  published_at timestamptz not null default hub.now(),
  published_on date not null default hub.today(),
  primary key (gemeente, audience, period, measure, edition),
  foreign key (gemeente, audience) references hub.organisations on delete restrict,
  foreign key (gemeente, measure) references hub.measures on delete restrict,
  check (from_day < until_day and until_day < published_on)
);

create table hub.edition_cells (
  gemeente text not null,
  audience uuid not null,
  period text not null,
  wijk uuid not null,
  measure text not null,
  edition int not null,
  value int check (value >= 0),
  suppression text not null check (suppression in ('NONE', 'WITHHELD')),
  scope uuid[] not null check (cardinality(scope) >= 1),
  primary key (gemeente, audience, period, wijk, measure, edition),
  foreign key (gemeente, audience, period, measure, edition) references hub.editions on delete restrict,
  foreign key (gemeente, wijk) references hub.wijken on delete restrict,
  check ((value is not null) = (suppression = 'NONE'))
);

-- An audience reads its own numbers. They are added by hub_recorder and changed by nobody.
do $$
declare
  t text;
begin
  foreach t in array array['editions', 'edition_cells'] loop
    execute format('alter table hub.%I enable row level security', t);
    execute format('alter table hub.%I force row level security', t);
    execute format('create policy of_audience on hub.%I for select to hub_app
      using (gemeente = (select hub.gemeente()) and audience = (select hub.asker()))', t);
    execute format('create policy recorder on hub.%I for select to hub_recorder using (true)', t);
    execute format('create policy recorder_writes on hub.%I for insert to hub_recorder with check (true)', t);
    execute format('grant select on hub.%I to hub_app', t);
    execute format('grant select, insert on hub.%I to hub_recorder', t);
  end loop;
end $$;

-- The rules in force today, one row per wijk: all of them for the doors, its own agreements' for an asker.
create function hub.rules_in_force(in_gemeente text)
  returns table (receiver uuid, provider uuid, wijk uuid, kind text, category text, agreement uuid, version int, rule int,
    covers_from date, keep_days int, min_cell int)
  language sql stable parallel safe as $$
  select r.receiver, r.provider, w.id, r.kind, r.category, r.agreement, r.version, r.number,
    case when r.includes_past then '-infinity' else a.valid_from end, r.keep_days, r.min_cell
  from hub.agreements a
  join hub.agreement_rules r on (r.gemeente, r.agreement, r.version) = (a.gemeente, a.id, a.version)
  cross join lateral unnest(r.wijken) w (id)
  where a.gemeente = in_gemeente and hub.today() between a.valid_from and a.valid_until
    and hub.agreement_state(a.gemeente, a.id, a.version) = 'IN_FORCE'
$$;

-- Which organisations could contribute to which number in the whole of a week, and by which rule. A rule that began within the
-- week, or that no longer keeps its first day, gives nothing to it: a part of a week would pass for the whole.
create function hub.contributors(in_gemeente text, week_from date)
  returns table (audience uuid, measure text, wijk uuid, provider uuid, agreement uuid, version int, rule int, min_cell int)
  language sql stable parallel safe as $$
  select r.receiver, m.code, r.wijk, r.provider, r.agreement, r.version, r.rule, r.min_cell
  from hub.rules_in_force(in_gemeente) r
  join hub.measures m on m.gemeente = in_gemeente and (r.category is null or r.category = any (m.categories))
  join hub.organisation_wijken w on (w.gemeente, w.organisation, w.wijk) = (in_gemeente, r.provider, r.wijk)
    and w.works_from <= week_from + 6 and w.works_until >= week_from
  where r.kind = 'SIGNAL' and r.covers_from <= week_from and week_from > hub.today() - r.keep_days
$$;
grant execute on function hub.rules_in_force(text), hub.contributors(text, date) to hub_app, hub_door;

-- The rules under which a receiver could ever see records, until the day on which they were revoked: what was seen once may be
-- remembered.
create function hub.rules_ever_in_force(in_gemeente text)
  returns table (receiver uuid, provider uuid, wijk uuid, kind text, category text, covers_from date, covers_until date)
  language sql stable parallel safe as $$
  select r.receiver, r.provider, w.id, r.kind, r.category,
    case when r.includes_past then '-infinity' else a.valid_from end, least(a.valid_until, d.revoked_on)
  from hub.agreements a
  join hub.agreement_rules r on (r.gemeente, r.agreement, r.version) = (a.gemeente, a.id, a.version)
  cross join lateral unnest(r.wijken) w (id)
  cross join lateral (
    select min((x.at at time zone 'Europe/Amsterdam')::date) filter (where x.decision = 'REVOKE') as revoked_on,
      count(*) filter (where x.decision = 'ACCEPT') as accepted
    from hub.agreement_decisions x where (x.gemeente, x.agreement, x.version) = (a.gemeente, a.id, a.version)) d
  where a.gemeente = in_gemeente and r.precision <> 'COUNT' and d.accepted = cardinality(a.parties)
$$;
grant execute on function hub.rules_ever_in_force(text) to hub_door;

-- The numbers of a week, decided, for every audience but some: what is withheld does not leave this function. Asked anew it
-- would follow the records from day to day, so it is hub_recorder's alone, who asks it once.
create function hub.cube_of_week(in_gemeente text, week_from date, but_for uuid[])
  returns table (audience uuid, measure text, wijk uuid, value int, suppression text, scope uuid[])
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with contributors as materialized (
    select * from hub.contributors(in_gemeente, week_from) c where c.audience <> all (but_for)
  ), shown as materialized (
    select * from hub.rules_ever_in_force(in_gemeente) r where r.kind = 'SIGNAL'
  ), cells as (
    select c.audience, c.measure, c.wijk, max(c.min_cell) as min_cell, array_agg(distinct c.provider order by c.provider) as scope
    from contributors c
    group by c.audience, c.measure, c.wijk
  ), counted as materialized ( -- each step once: without statistics it would be done anew per cell
    -- each record once, under however many rules it is shared
    select distinct c.audience, c.measure, c.wijk, s.owner, s.id,
      -- as a record, now or before, here or where it was before it moved
      exists (
        select from shown v
        where v.receiver = c.audience and v.provider = s.owner and s.recorded_on between v.covers_from and v.covers_until
          and (l.profile = hub.as_agreed() or exists (
            select from hub.share_caps h
            where (h.gemeente, h.owner, h.profile, h.receiver) = (s.gemeente, s.owner, l.profile, c.audience)
              and h.precision <> 'COUNT'))
          and exists (
            select from (
              select s.wijk, s.category
              union all
              select f.wijk, f.category from hub.feed_items f where f.gemeente = s.gemeente and f.record = s.id) p
            where p.wijk = v.wijk and (v.category is null or v.category = p.category))) as seen
    from contributors c
    join hub.measures m on m.gemeente = in_gemeente and m.code = c.measure
    join hub.grants g on g.gemeente = in_gemeente and g.receiver = c.audience and g.wijk = c.wijk and g.kind = 'SIGNAL'
      and g.owner = c.provider and (g.agreement, g.version, g.rule) = (c.agreement, c.version, c.rule)
    join hub.signals s on s.gemeente = g.gemeente and s.slice = g.slice
      and s.seen_on between week_from and week_from + 6 and s.category = any (m.categories)
      and s.recorded_on between g.covers_from and g.valid_until and s.recorded_on > hub.today() - g.keep_days
    join hub.slices l on (l.gemeente, l.owner, l.id) = (s.gemeente, s.owner, s.slice)
  ), parts as materialized (
    select c.audience, c.measure, c.wijk, c.owner, count(*) as records, count(*) filter (where not c.seen) as unseen
    from counted c
    group by c.audience, c.measure, c.wijk, c.owner
  ), sums as (
    select c.audience, c.measure, c.wijk, c.scope, c.min_cell, coalesce(sum(p.records), 0)::int as total,
      coalesce(sum(p.unseen) - max(p.unseen), 0)::int as remains
    from cells c
    left join parts p on (p.audience, p.measure, p.wijk) = (c.audience, c.measure, c.wijk)
    group by c.audience, c.measure, c.wijk, c.scope, c.min_cell
  )
  select s.audience, s.measure, s.wijk, case when d.safe then s.total end, case when d.safe then 'NONE' else 'WITHHELD' end, s.scope
  from sums s
  cross join lateral (select cardinality(s.scope) >= 3 and (s.total = 0 or s.remains >= s.min_cell) as safe) d
$$;
grant execute on function hub.cube_of_week(text, date, uuid[]) to hub_recorder;
alter function hub.cube_of_week(text, date, uuid[]) owner to hub_door;

-- Publishes the week that begins on `week_from` for every audience that has no number of it yet, and returns how many cells
-- that were. Only a closed week; whatever is published stays as it is. Anyone may call it: it decides once what the database
-- itself determines.
create function hub.publish_week(in_gemeente text, week_from date) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  week text := to_char(week_from, 'IYYY"-W"IW');
  made int;
begin
  if extract(isodow from week_from) <> 1 or week_from + 6 >= hub.today() then
    raise exception using errcode = 'invalid_parameter_value', message = format('%s is not the Monday of a closed week', week_from);
  end if;
  -- the second of two workers waits here, and then finds everything published
  perform pg_advisory_xact_lock(hashtextextended('hub.editions/' || in_gemeente, 0));
  with fresh as materialized (
    select c.* from hub.cube_of_week(in_gemeente, week_from, array(
      select distinct e.audience from hub.editions e where e.gemeente = in_gemeente and e.period = week)) c
  ), edition as (
    insert into hub.editions (gemeente, audience, period, measure, edition, from_day, until_day)
    select distinct in_gemeente, f.audience, week, f.measure, 1, week_from, week_from + 6 from fresh f
  ), cells as (
    insert into hub.edition_cells (gemeente, audience, period, wijk, measure, edition, value, suppression, scope)
    select in_gemeente, f.audience, week, f.wijk, f.measure, 1, f.value, f.suppression, f.scope from fresh f
    returning 1
  )
  select count(*) into made from cells;
  return made;
end $$;
grant execute on function hub.publish_week(text, date) to hub_app;
alter function hub.publish_week(text, date) owner to hub_recorder;

-- The Monday from which weeks are still published. It follows from the day alone: the first record's week would tell when that was.
create function hub.first_due_week() returns date language sql stable parallel safe as $$
  select (date_trunc('week', hub.today()::timestamp) - interval '26 weeks')::date
$$;
grant execute on function hub.first_due_week() to hub_app;

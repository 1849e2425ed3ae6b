-- SPDX-License-Identifier: EUPL-1.2
-- The calendar: days that do not count for some kinds of organisation, and what that means for late and silent.

-- Public reference data, kept by the owner (`hub import holidays`). Both days are inclusive.
create table hub.holidays (
  gemeente text not null references hub.gemeenten on delete restrict,
  for_kinds text[] not null default '{SCHOOL}' check (cardinality(for_kinds) > 0 and for_kinds <@ array
    ['MUNICIPALITY', 'WELFARE', 'HOUSING', 'ENFORCEMENT', 'POLICE', 'SCHOOL', 'CARE', 'RESIDENTS', 'RESEARCH']),
  name text not null check (length(name) between 1 and 120),
  from_day date not null,
  until_day date not null,
  source text not null check (length(source) between 1 and 300),
  primary key (gemeente, for_kinds, name, from_day),
  -- a year that was mistyped would excuse a source for ever
  check (until_day between from_day and from_day + 99)
);
grant select on hub.holidays to hub_app, hub_door;

-- How many days after `after`, until `until` inclusive, are not in holidays.
create function hub.days_between(holidays datemultirange, after date, until date) returns int
  language sql immutable parallel safe as $$
  select until - after - coalesce((
    select sum(upper(h) - lower(h)) from unnest(holidays * datemultirange(daterange(after, greatest(after, until), '(]'))) h), 0)::int
$$;
grant execute on function hub.days_between(datemultirange, date, date) to hub_door;

-- Of which categories the records of a dataset are. Null is not known: then of every category of its kind.
alter table hub.datasets add column categories text[] check (cardinality(categories) > 0);

-- Sources, as in migration 9, with two differences.
--
-- Who sees one: its owner, and who receives its kind of record in that wijk under a rule in force, COUNT included: a rule for the
-- whole kind, or for a category that the dataset has.
--
-- Days in holidays of the owner's kind of organisation do not count. A day that counts is any other day, weekends included.
--   late:   more days that count than the rhythm came after the last delivery (or after the promise), until today inclusive.
--   silent: the week is over; of its Monday to Friday at least one day counts; and there was no delivery in the window. The window
--           ends with the week and holds as many days that count as the rhythm, seven at least; holidays before its first such
--           day belong to it. A promise that is younger than those days was not broken.
-- Without holidays this is what migration 9 says.
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
    and (d.owner = hub.asker() or exists (
      select from rules r
      where (r.provider, r.wijk, r.kind) = (d.owner, w.wijk, d.kind)
        and (r.category is null or d.categories is null or r.category = any (d.categories))))
$$;
reset role;

-- SPDX-License-Identifier: EUPL-1.2
-- Who delivered is half of the time of an overview, and most of that went to asking what day it is, for each dataset and wijk, several times.

-- How many of the days after `after`, until `until` inclusive, lie in holidays.
create function hub.holidays_between(holidays datemultirange, after date, until date) returns int
  language sql immutable parallel safe as $$
  select coalesce(sum(upper(h) - lower(h)), 0)::int
  from unnest(holidays * datemultirange(daterange(after, greatest(after, until), '(]'))) h
$$;
revoke execute on function hub.holidays_between(datemultirange, date, date) from public;
grant execute on function hub.holidays_between(datemultirange, date, date) to hub_door;

-- As migration 21 has it. Without a subselect the planner puts it in the place of its call, and most kinds of organisation have no holidays.
create or replace function hub.days_between(holidays datemultirange, after date, until date) returns int
  language sql immutable parallel safe as $$
  select until - after - case when isempty(holidays) then 0 else hub.holidays_between(holidays, after, until) end
$$;

set local role hub_door; -- whose function it is
-- As migration 43 has it, with the day asked once.
create or replace function hub.source_states(in_wijken uuid[], week_until date)
  returns table (wijk uuid, owner uuid, dataset text, kind text, rhythm_days int, contact text, last_delivery date, late boolean,
    silent boolean)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with today as materialized (select hub.today() as day),
  rules as materialized (
    select r.provider, r.wijk, r.kind, r.category from hub.rules_in_force(hub.gemeente()) r where r.receiver = hub.asker()
  ),
  holidays as materialized (
    select k.kind, range_agg(daterange(h.from_day, h.until_day, '[]')) as days
    from hub.holidays h cross join lateral unnest(h.for_kinds) k (kind)
    where h.gemeente = hub.gemeente() group by k.kind
  )
  select w.wijk, d.owner, d.dataset, d.kind, d.rhythm_days, coalesce(d.contact, w.contact), x.last_day,
    coalesce(hub.days_between(p.holidays, coalesce(x.last_day, p.since), t.day) > d.rhythm_days, false),
    -- a week that is not over may still get its delivery
    coalesce(week_until < t.day and hub.days_between(p.holidays, week_until - 7, week_until - 2) > 0
      and hub.days_between(p.holidays, p.since - 1, week_until) >= p.days
      and coalesce(hub.days_between(p.holidays, x.by_week - 1, week_until) > p.days, true), false)
  from today t
  join hub.organisation_wijken w on t.day between w.works_from and w.works_until
  join hub.organisations o on (o.gemeente, o.id) = (w.gemeente, w.organisation)
  join hub.datasets d on (d.gemeente, d.owner) = (w.gemeente, w.organisation)
  left join holidays h on h.kind = o.kind
  cross join lateral (
    select
      (select min(v.on_day) from hub.deliveries v
        where (v.gemeente, v.wijk, v.owner, v.dataset) = (d.gemeente, w.wijk, d.owner, d.dataset)) as first_day,
      (select max(v.on_day) from hub.deliveries v
        where (v.gemeente, v.wijk, v.owner, v.dataset) = (d.gemeente, w.wijk, d.owner, d.dataset)) as last_day,
      (select max(v.on_day) from hub.deliveries v
        where (v.gemeente, v.wijk, v.owner, v.dataset) = (d.gemeente, w.wijk, d.owner, d.dataset) and v.on_day <= week_until) as by_week
    offset 0) x
  cross join lateral (
    select coalesce(h.days, '{}') as holidays, least(greatest(d.declared_on, w.works_from), x.first_day) as since,
      -- null without a rhythm, and with it the answer
      case when d.rhythm_days is not null then greatest(d.rhythm_days, 7) end as days) p
  where w.gemeente = hub.gemeente() and w.wijk = any (in_wijken)
    and (d.owner = hub.asker() or (not d.never_share and exists (
      select from rules r
      where (r.provider, r.wijk, r.kind) = (d.owner, w.wijk, d.kind)
        and (r.category is null or d.categories is null or r.category = any (d.categories)))))
$$;
reset role;

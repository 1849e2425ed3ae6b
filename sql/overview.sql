-- SPDX-License-Identifier: EUPL-1.2
-- The overview of wijken: published numbers of a week beside the week before, and who delivered.

-- headlines_of_wijken --
-- Each weekly measure of wijken in a week ($2) and in the week before ($3): the newest published number, or why there is none:
-- NOT_SHARED, or PROVISIONAL where one will be published for the asker under the rules of today.
with awaited as materialized (
  select a.measure, a.wijk, p.period
  from unnest(array[$2::text, $3::text]) p (period)
  cross join lateral hub.awaited_numbers(p.period) a
)
select w.id as key, m.code as measure, m.label,
  n.value as now_value, coalesce(n.scope, '{}') as now_scope, n.edition as now_edition,
  case when n.suppression is not null then n.suppression
    when (m.code, w.id, $2) in (select a.measure, a.wijk, a.period from awaited a) then 'PROVISIONAL'
    else 'NOT_SHARED' end as now_suppression,
  p.value as previous_value, coalesce(p.scope, '{}') as previous_scope, p.edition as previous_edition,
  case when p.suppression is not null then p.suppression
    when (m.code, w.id, $3) in (select a.measure, a.wijk, a.period from awaited a) then 'PROVISIONAL'
    else 'NOT_SHARED' end as previous_suppression
from hub.wijken w
join hub.measures m on m.gemeente = w.gemeente and m.period = 'WEEK'
left join lateral (
  select c.* from hub.edition_cells c
  where (c.gemeente, c.audience, c.period, c.wijk, c.measure) = (w.gemeente, hub.asker(), $2, w.id, m.code)
  order by c.edition desc limit 1) n on true
left join lateral (
  select c.* from hub.edition_cells c
  where (c.gemeente, c.audience, c.period, c.wijk, c.measure) = (w.gemeente, hub.asker(), $3, w.id, m.code)
  order by c.edition desc limit 1) p on true
where w.gemeente = hub.gemeente() and w.id = any ($1::uuid[])
order by m.position, m.code

-- sources_of_wijken --
-- The datasets of wijken to which the asker is a party, with their state in a week: a key is a wijk and the week's last day
-- (wijk/2026-11-22), or the wijk alone (wijk/) for the last closed week. Who asks for one week in both ways has its states worked out once.
with asked as materialized (
  select k.key, split_part(k.key, '/', 1)::uuid as wijk,
    coalesce(nullif(split_part(k.key, '/', 2), '')::date, date_trunc('week', hub.today()::timestamp)::date - 1) as until
  from unnest($1::text[]) k(key)
)
select a.key, s.owner, s.dataset, s.kind, s.rhythm_days, s.contact, s.last_delivery, s.late, s.silent,
  coalesce(d.never_share, false) as never_share
from (select a.until, array_agg(distinct a.wijk) as wijken from asked a group by a.until) u
cross join lateral hub.source_states(u.wijken, u.until) s
join asked a on (a.wijk, a.until) = (s.wijk, u.until)
join hub.organisations o on o.gemeente = hub.gemeente() and o.id = s.owner
left join hub.datasets d on (d.gemeente, d.owner, d.dataset) = (o.gemeente, s.owner, s.dataset)
order by o.name, s.owner, s.dataset

-- holidays_of_weeks --
-- The holidays of weeks that are over, by their Mondays: those with a day from Monday to Friday in it, each name once.
select k.monday as key, h.name
from unnest($1::text[]) k (monday)
join hub.holidays h on h.gemeente = hub.gemeente() and h.from_day <= k.monday::date + 4 and h.until_day >= k.monday::date
where k.monday::date + 6 < hub.today()
group by k.monday, h.name order by min(h.from_day), h.name

-- measures_by_code --
-- Measures of the gemeente by their code: how each is counted, what its definition is now, and the hub's day.
select m.code as key, m.code as measure, m.period, m.breakdown, m.definition_version, hub.today() as today
from hub.measures m where m.gemeente = hub.gemeente() and m.code = any ($1::text[])

-- measures_known --
-- The codes of the gemeente's measures, in its order.
select string_agg(m.code, ', ' order by m.position, m.code) from hub.measures m where m.gemeente = hub.gemeente()

-- trend_of_wijken --
-- A measure ($2) in wijken over periods ($3, in their order): of each wijk, or of each of its buurten and of what has none ($4). The
-- newest published number of each, or why there is none; the definition that it was counted by; and whether the boundary of the
-- wijk changed in the division of the period's year.
with awaited as materialized (
  select a.wijk, p.period from unnest($3::text[]) p (period) cross join lateral hub.awaited_numbers(p.period) a where a.measure = $2
)
select w.id as key, b.id as buurt, b.name as buurt_name, p.period, t.value, coalesce(c.scope, '{}') as scope, t.edition,
  c.definition_version,
  case when t.suppression is not null then t.suppression
    when c.edition is null and (w.id, p.period) in (select a.wijk, a.period from awaited a) then 'PROVISIONAL'
    else 'NOT_SHARED' end as suppression,
  (select v.comparability = 'BOUNDARY_CHANGED' from hub.wijk_versions v
    where (v.gemeente, v.wijk, v.year) = (w.gemeente, w.id, left(p.period, 4)::int)) is true
    as redrawn
from hub.wijken w
cross join lateral (
  select null::uuid as id, null::text as name
  union all
  select x.id, x.name from hub.buurten x where $4::boolean and (x.gemeente, x.wijk) = (w.gemeente, w.id)) b
cross join unnest($3) with ordinality p (period, place)
left join lateral (
  select c.*, e.definition_version, e.breakdown from hub.edition_cells c
  join hub.editions e on (e.gemeente, e.audience, e.period, e.measure, e.edition) =
    (c.gemeente, c.audience, c.period, c.measure, c.edition)
  where (c.gemeente, c.audience, c.period, c.wijk, c.measure) = (w.gemeente, hub.asker(), p.period, w.id, $2)
  order by c.edition desc limit 1) c on true
left join lateral (
  select c.value, c.suppression, c.edition where c.edition is not null and not $4
  union all
  (select x.value, x.suppression, x.edition from hub.edition_parts x
  where $4 and c.breakdown = 'BUURT' and x."group" is null and x.buurt is not distinct from b.id
    and (x.gemeente, x.audience, x.period, x.wijk, x.measure) = (c.gemeente, c.audience, c.period, c.wijk, c.measure)
  order by x.edition desc limit 1)) t on true
where w.gemeente = hub.gemeente() and w.id = any ($1::uuid[])
order by w.id, b.name nulls last, p.place

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
-- The datasets of wijken to which the asker is a party, with their state in the week that ends on $2, or in the last closed week.
select s.wijk as key, s.owner, s.dataset, s.kind, s.rhythm_days, s.contact, s.last_delivery, s.late, s.silent
from hub.source_states($1::uuid[], coalesce($2::date, date_trunc('week', hub.today()::timestamp)::date - 1)) s
join hub.organisations o on o.gemeente = hub.gemeente() and o.id = s.owner
order by o.name, s.owner, s.dataset

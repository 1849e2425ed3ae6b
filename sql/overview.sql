-- SPDX-License-Identifier: EUPL-1.2
-- The overview of wijken: published numbers of a week beside the week before, and who delivered.

-- headlines_of_wijken --
-- Each measure of wijken in a week ($2, from Monday $3) and in the week before ($4, $5): the newest published number, or why
-- there is none: NOT_SHARED, or PROVISIONAL where one will be published for the asker under the rules of today.
with expected as (
  select c.measure, c.wijk, w.period
  from (values ($2::text, $3::date), ($4::text, $5::date)) w (period, monday)
  cross join lateral hub.contributors(hub.gemeente(), w.monday) c
  where c.audience = hub.asker() and w.monday >= hub.first_due_week()
    and not exists (select from hub.editions e where e.audience = c.audience and e.period = w.period)
)
select w.id as key, m.code as measure, m.label,
  n.value as now_value, coalesce(n.scope, '{}') as now_scope, n.edition as now_edition,
  case when n.suppression is not null then n.suppression
    when (m.code, w.id, $2) in (select e.measure, e.wijk, e.period from expected e) then 'PROVISIONAL'
    else 'NOT_SHARED' end as now_suppression,
  p.value as previous_value, coalesce(p.scope, '{}') as previous_scope, p.edition as previous_edition,
  case when p.suppression is not null then p.suppression
    when (m.code, w.id, $4) in (select e.measure, e.wijk, e.period from expected e) then 'PROVISIONAL'
    else 'NOT_SHARED' end as previous_suppression
from hub.wijken w
join hub.measures m on m.gemeente = w.gemeente
left join lateral (
  select c.* from hub.edition_cells c
  where (c.gemeente, c.audience, c.period, c.wijk, c.measure) = (w.gemeente, hub.asker(), $2, w.id, m.code)
  order by c.edition desc limit 1) n on true
left join lateral (
  select c.* from hub.edition_cells c
  where (c.gemeente, c.audience, c.period, c.wijk, c.measure) = (w.gemeente, hub.asker(), $4, w.id, m.code)
  order by c.edition desc limit 1) p on true
where w.gemeente = hub.gemeente() and w.id = any ($1::uuid[])
order by m.position, m.code

-- sources_of_wijken --
-- The datasets of wijken to which the asker is a party, with their state in the week that ends on $2, or in the last closed week.
select s.wijk as key, s.owner, s.dataset, s.kind, s.rhythm_days, s.contact, s.last_delivery, s.late, s.silent
from hub.source_states($1::uuid[], coalesce($2::date, date_trunc('week', hub.today()::timestamp)::date - 1)) s
join hub.organisations o on o.gemeente = hub.gemeente() and o.id = s.owner
order by o.name, s.owner, s.dataset

-- holidays_of_weeks --
-- The holidays of weeks that are over, by their Mondays: those with a day from Monday to Friday in it, each name once.
select k.monday as key, h.name
from unnest($1::text[]) k (monday)
join hub.holidays h on h.gemeente = hub.gemeente() and h.from_day <= k.monday::date + 4 and h.until_day >= k.monday::date
where k.monday::date + 6 < hub.today()
group by k.monday, h.name order by min(h.from_day), h.name

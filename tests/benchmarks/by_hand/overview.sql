-- SPDX-License-Identifier: EUPL-1.2
-- All wijken of the gemeente in a week ($1, until $3) beside the week before ($2); $4: words by code.
with w as materialized (
  select v.wijk as id, v.code, v.name from hub.wijk_versions v
  where v.gemeente = hub.gemeente() and v.year = hub.current_year(v.gemeente)
), o as materialized (
  select id, name from hub.organisations where gemeente = hub.gemeente()
), expected as materialized (
  select a.measure, a.wijk, p.period
  from unnest(array[$1::text, $2::text]) p (period)
  cross join lateral hub.awaited_numbers(p.period) a
), cells as materialized (
  select distinct on (c.period, c.wijk, c.measure) c.period, c.wijk, c.measure, c.value, c.suppression
  from hub.edition_cells c
  where c.gemeente = hub.gemeente() and c.audience = hub.asker() and c.period in ($1, $2)
  order by c.period, c.wijk, c.measure, c.edition desc
), numbers as (
  select w.id as wijk, m.position, m.code as measure, m.label, n.value, p.value as previous,
    coalesce(n.suppression, case when (m.code, w.id, $1) in (select measure, wijk, period from expected)
      then 'PROVISIONAL' else 'NOT_SHARED' end) as suppression,
    coalesce(p.suppression, case when (m.code, w.id, $2) in (select measure, wijk, period from expected)
      then 'PROVISIONAL' else 'NOT_SHARED' end) as previous_suppression
  from w
  cross join hub.measures m
  left join cells n on n.period = $1 and n.wijk = w.id and n.measure = m.code
  left join cells p on p.period = $2 and p.wijk = w.id and p.measure = m.code
  where m.gemeente = hub.gemeente() and m.period = 'WEEK'
), headlines as (
  select wijk, json_agg(json_build_object('measure', measure, 'label', label,
    'now', json_build_object('value', value, 'shown', coalesce(value::text, $4::jsonb ->> suppression), 'suppression', suppression),
    'previous', json_build_object('shown', coalesce(previous::text, $4::jsonb ->> previous_suppression)),
    'changePercent', case when previous <> 0 then round((100.0 * (value - previous) / previous)::double precision) end)
    order by position, measure) as list
  from numbers group by wijk
), s as materialized (
  select s.* from w
  cross join lateral hub.signals_newest(w.id, null, null, null, null, null, null, null, null, null, null, 5) s
), totals as (
  select w.id as wijk, coalesce(sum(t.records), 0) as total
  from w
  left join (
    select o.wijk, o.records from hub.own_totals('signals', array(select id from w), null, null) o
    union all
    select s.wijk, s.records from hub.shared_totals('signals', array(select id from w), null, null, null) s) t on t.wijk = w.id
  group by w.id
), read as materialized (
  select owner, agreement, array_to_string(hidden, ',') as hidden, id from s where agreement is not null
), ledger as materialized (
  select l.* from (
    select array_agg('SIGNAL'::text) as kinds, array_agg(x.owner order by x.owner, x.agreement, x.hidden) as owners,
      array_agg(x.agreement order by x.owner, x.agreement, x.hidden) as agreements,
      array_agg(x.hidden order by x.owner, x.agreement, x.hidden) as hidden,
      array_agg(x.n order by x.owner, x.agreement, x.hidden) as counts
    from (select owner, agreement, hidden, count(*)::int as n from read group by owner, agreement, hidden) x
    having count(*) > 0) a
  cross join lateral hub.log_reads(a.kinds, a.owners, a.agreements, a.hidden, a.counts, a.counts,
    (select array_agg(r.id order by r.owner, r.agreement, r.hidden) from read r), 'Overzicht') l
), nodes as (
  select s.wijk, json_agg(json_build_object(
    'id', translate(encode(('Signal:' || s.id)::bytea, 'base64'), E'+/\n=', '-_'), 'owner', json_build_object('name', o.name),
    'category', s.category, 'seenOn', s.seen_on, 'place', json_build_object('label', concat_ws(', ', b.name, w.name)),
    'status', s.status) order by s.day desc, s.id desc) as list
  from s join w on w.id = s.wijk join o on o.id = s.owner
  left join hub.buurten b on b.gemeente = hub.gemeente() and b.id = s.buurt
  group by s.wijk
), closed as (
  select date_trunc('week', hub.today()::timestamp)::date - 1 as until
), states as materialized (
  select q.until, x.*, o.name
  from (select $3::date as until union select until from closed) q
  cross join lateral hub.source_states(array(select id from w), q.until) x
  join o on o.id = x.owner
), silent as (
  select wijk, json_agg(json_build_object('organisation', json_build_object('name', name), 'dataset', dataset,
    'lastDelivery', last_delivery, 'expectedEvery', $4::jsonb ->> rhythm_days::text, 'contact', contact)
    order by name, owner, dataset) as list
  from states where until = $3 and silent group by wijk
), sources as (
  select wijk, json_agg(json_build_object('organisation', json_build_object('name', name), 'dataset', dataset, 'late', late,
    'silent', silent) order by name, owner, dataset) as list
  from states where until = (select until from closed) group by wijk
)
select json_build_object('wijken', json_agg(json_build_object(
  'id', translate(encode(('Wijk:' || w.id)::bytea, 'base64'), E'+/\n=', '-_'), 'code', w.code, 'name', w.name,
  'overview', json_build_object('headlines', h.list, 'openActions', 0, 'overdueSteps', '[]'::json,
    'silentSources', coalesce(q.list, '[]')),
  'signals', json_build_object('total', t.total, 'nodes', coalesce(n.list, '[]')),
  'actions', json_build_object('nodes', '[]'::json),
  'sources', coalesce(r.list, '[]')) order by w.code))::text
from w
join headlines h on h.wijk = w.id
join totals t on t.wijk = w.id
left join nodes n on n.wijk = w.id
left join silent q on q.wijk = w.id
left join sources r on r.wijk = w.id
where (select count(*) from ledger) >= 0

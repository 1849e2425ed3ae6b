-- SPDX-License-Identifier: EUPL-1.2
-- One wijk ($1, one code) and its 5 newest signals.
with w as (
  select v.wijk as id, v.code, v.name from hub.wijk_versions v
  where v.gemeente = hub.gemeente() and v.code = any ($1::text[]) and v.year = hub.current_year(v.gemeente)
), s as materialized (
  select s.*, w.name as wijk_name from w
  cross join lateral hub.signals_newest(w.id, null, null, null, null, null, null, null, null, null, null, 5) s
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
    (select array_agg(r.id order by r.owner, r.agreement, r.hidden) from read r), 'Klein') l
)
select json_build_object('wijk', json_build_object(
  'id', translate(encode(('Wijk:' || w.id)::bytea, 'base64'), E'+/\n=', '-_'), 'code', w.code, 'name', w.name,
  'signals', json_build_object('nodes', coalesce((
    select json_agg(json_build_object(
      'id', translate(encode(('Signal:' || s.id)::bytea, 'base64'), E'+/\n=', '-_'),
      'owner', json_build_object('name', o.name), 'category', s.category, 'seenOn', s.seen_on, 'summary', s.summary,
      'place', json_build_object('label', concat_ws(', ', b.name, s.wijk_name),
        'precision', case when s.lon is not null then 'EXACT' when s.buurt is not null then 'BUURT' else 'WIJK' end),
      'precision', s.precision, 'status', s.status, 'version', s.version) order by s.day desc, s.id desc)
    from s
    join hub.organisations o on o.gemeente = hub.gemeente() and o.id = s.owner
    left join hub.buurten b on b.gemeente = hub.gemeente() and b.id = s.buurt), '[]'))))::text
from w where (select count(*) from ledger) >= 0

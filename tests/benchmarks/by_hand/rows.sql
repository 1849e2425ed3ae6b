-- SPDX-License-Identifier: EUPL-1.2
-- The 100 newest signals of each of five wijken ($1, codes, in this order), with wijk, buurt and organisation.
with w as (
  select v.wijk as id, v.name, c.place from unnest($1::text[]) with ordinality c (code, place)
  join hub.wijk_versions v on v.gemeente = hub.gemeente() and v.code = c.code and v.year = hub.current_year(v.gemeente)
), s as materialized (
  select s.*, w.name as wijk_name, w.place from w
  cross join lateral hub.signals_newest(w.id, null, null, null, null, null, null, null, null, null, null, 100) s
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
    (select array_agg(r.id order by r.owner, r.agreement, r.hidden) from read r), 'Rijen') l
), nodes as (
  select s.place, json_agg(json_build_object(
      'id', translate(encode(('Signal:' || s.id)::bytea, 'base64'), E'+/\n=', '-_'),
      'category', s.category, 'subcategory', s.subcategory, 'seenOn', s.seen_on, 'status', s.status, 'summary', s.summary,
      'precision', s.precision, 'version', s.version, 'wijk', json_build_object('name', s.wijk_name),
      'place', json_build_object('buurt', case when b.id is not null then json_build_object('name', b.name) end),
      'owner', json_build_object('name', o.name)) order by s.day desc, s.id desc) as list
  from s
  join hub.organisations o on o.gemeente = hub.gemeente() and o.id = s.owner
  left join hub.buurten b on b.gemeente = hub.gemeente() and b.id = s.buurt
  group by s.place
)
select json_object_agg('w' || w.place - 1, json_build_object('signals', json_build_object('nodes', coalesce(n.list, '[]'))))::text
from w left join nodes n using (place) where (select count(*) from ledger) >= 0

-- SPDX-License-Identifier: EUPL-1.2
-- The 100 newest signals of each of five wijken ($1, codes, in this order), with wijk, buurt and organisation.
with w as (
  select v.wijk as id, v.name, c.place from unnest($1::text[]) with ordinality c (code, place)
  join hub.wijk_versions v on v.gemeente = hub.gemeente() and v.code = c.code and v.year = hub.current_year(v.gemeente)
), s as materialized (
  select s.*, w.name as wijk_name, w.place from w
  cross join lateral hub.signals_newest(w.id, null, null, null, null, null, null, null, null, null, null, 100) s
), ledger as materialized (
  select hub.log_reads(jsonb_agg(l), 'Rijen') from (
    select jsonb_build_object('kind', 'SIGNAL', 'owner', owner, 'agreement', agreement, 'hidden', hidden, 'records', count(*)) as l
    from s where agreement is not null group by owner, agreement, hidden) x
  having count(*) > 0
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

-- SPDX-License-Identifier: EUPL-1.2
-- signals_newest --
-- A page of the signals of wijken that the asker may see, own and shared, newest day first.
select k.wijk as key, s.*, 'Signal' as typename
from unnest($1::uuid[]) k(wijk)
cross join lateral hub.signals_newest(k.wijk, $2::uuid, $3::text[], $4::text[], $5::uuid, $6::date, $7::date, $8::boolean, $9::text,
  $10::date, $11::uuid, $12::int) s

-- signals_oldest --
-- A page of the signals of wijken that the asker may see, own and shared, oldest day first.
select k.wijk as key, s.*, 'Signal' as typename
from unnest($1::uuid[]) k(wijk)
cross join lateral hub.signals_oldest(k.wijk, $2::uuid, $3::text[], $4::text[], $5::uuid, $6::date, $7::date, $8::boolean, $9::text,
  $10::date, $11::uuid, $12::int) s

-- signals_total --
-- How many signals of wijken the asker can page through under the same filter.
select k.wijk as key, count(s.id)::int as total
from unnest($1::uuid[]) k(wijk)
left join lateral hub.signals_newest(k.wijk, $2::uuid, $3::text[], $4::text[], $5::uuid, $6::date, $7::date, $8::boolean, $9::text,
  null, null, null) s on true
group by k.wijk

-- signals_by_id --
-- Signals by their id, as far as the asker may see them.
select s.id as key, s.*, 'Signal' as typename from hub.signals_by_id($1::uuid[]) s

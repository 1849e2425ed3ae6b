-- SPDX-License-Identifier: EUPL-1.2
-- Statements that are the same for every kind of contribution: made once for each {table} that has a file in contributions/.

-- own_{table} --
-- A page of the asker's own {table} over all wijken, newest day first.
select k.owner as key, s.*
from unnest($1::uuid[]) k(owner)
join lateral hub.own_{table}($2::uuid, $3::text[], $4::text[], $5::uuid, $6::date, $7::date, $8::boolean, $9::text, $10::date,
  $11::uuid, $12::int) s on s.owner = k.owner

-- own_{table}_total --
-- How many own {table} the asker can page through under the same filter.
select k.owner as key, count(s.id)::int as records
from unnest($1::uuid[]) k(owner)
left join lateral hub.own_{table}($2::uuid, $3::text[], $4::text[], $5::uuid, $6::date, $7::date, $8::boolean, $9::text, null, null,
  null) s on s.owner = k.owner
group by k.owner

-- seen_{table} --
-- A page of the asker's own {table} over all wijken as receivers see them, newest day first.
select k.receiver as key, s.*
from unnest($1::uuid[]) k(receiver)
cross join lateral hub.seen_{table}(k.receiver, $2::date, $3::uuid, $4::int) s

-- seen_{table}_total --
-- How many of the asker's own {table} receivers see.
select k.receiver as key, (select count(*)::int from hub.seen_{table}(k.receiver, null, null, null)) as records
from unnest($1::uuid[]) k(receiver)

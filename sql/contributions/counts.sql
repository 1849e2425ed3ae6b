-- SPDX-License-Identifier: EUPL-1.2
-- counts_newest --
-- A page of the counts of wijken that the asker may see, newest period first. $4: only of these measures.
select k.wijk as key, s.*, null::double precision as lon, null::double precision as lat, 'CountRecord' as typename
from unnest($1::uuid[]) k(wijk)
cross join lateral (
  select * from hub.counts_newest(k.wijk, $2::uuid, $3::text[], null, $5::uuid, $6::date, $7::date, $8::boolean, $9::text,
    $10::date, $11::uuid, null) c
  where $4::text[] is null or c.measure = any ($4)
  order by c.day desc, c.id desc limit $12::int) s

-- counts_oldest --
-- A page of the counts of wijken that the asker may see, oldest period first. $4: only of these measures.
select k.wijk as key, s.*, null::double precision as lon, null::double precision as lat, 'CountRecord' as typename
from unnest($1::uuid[]) k(wijk)
cross join lateral (
  select * from hub.counts_oldest(k.wijk, $2::uuid, $3::text[], null, $5::uuid, $6::date, $7::date, $8::boolean, $9::text,
    $10::date, $11::uuid, null) c
  where $4::text[] is null or c.measure = any ($4)
  order by c.day, c.id limit $12::int) s

-- counts_total --
-- How many counts of wijken the asker can page through under the same filter, by whose they are and under which agreement.
select k.wijk as key, s.owner, s.agreement, s.hidden, count(s.id)::int as records
from unnest($1::uuid[]) k(wijk)
left join lateral hub.counts_newest(k.wijk, $2::uuid, $3::text[], null, $5::uuid, $6::date, $7::date, $8::boolean, $9::text,
  null, null, null) s on $4::text[] is null or s.measure = any ($4)
group by k.wijk, s.owner, s.agreement, s.hidden

-- counts_by_id --
-- Counts by their id, as far as the asker may see them.
select s.id as key, s.*, null::double precision as lon, null::double precision as lat, 'CountRecord' as typename
from hub.counts_by_id($1::uuid[]) s

-- counts_checks --
-- What the measures of the gemeente, and the asker's other counts, say against counts that would be written: by place in the lists,
-- the field, a code and its values. Left out of those others: the record $2, and what the dataset $1 has under these external ids.
with given as materialized (
  select r.place, r.wijk, r.buurt, r.measure, r.period, r."group", m.code, m.groups, m.period as unit, m.open_days
  from unnest($3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::int[]) with ordinality
    r(external_id, wijk, buurt, measure, period, "group", count, place)
  left join hub.measures m on m.gemeente = hub.gemeente() and m.code = r.measure
), others as materialized (
  select g.place, g.wijk, g.buurt, g.measure, g.period, g."group" from given g
  union all
  select null, s.wijk, s.buurt, s.measure, s.period, s."group"
  from hub.counts_beside($4, $6, $7) s
  where s.id is distinct from $2::uuid
    and not (s.dataset = $1::text and s.external_id is not null and s.external_id = any ($3))
)
select g.place::int, f.field, f.code, f.params
from given g
left join lateral (
  -- a cell is said once, and never as a whole beside its parts: each would count double
  select bool_or(o.buurt is not distinct from g.buurt and o."group" is not distinct from g."group") as again,
    bool_or((o.buurt is null) <> (g.buurt is null) or (o."group" is null) <> (g."group" is null)) as mixed
  from others o
  where o.place is distinct from g.place and (o.wijk, o.measure, o.period) = (g.wijk, g.measure, g.period)) o on true
cross join lateral (
  values
    (g.code is null, 'measure', 'UNKNOWN_MEASURE', jsonb_build_object('known', (
      select coalesce(string_agg(m.code, ', ' order by m.position, m.code), '-')
      from hub.measures m where m.gemeente = hub.gemeente()))),
    (hub.period_unit(g.period) <> g.unit, 'period', 'WRONG_PERIOD', jsonb_build_object('unit', g.unit)),
    (hub.period_from(g.period) > hub.today(), 'period', 'PERIOD_NOT_BEGUN',
      jsonb_build_object('from', hub.period_from(g.period))),
    (hub.period_until(g.period) + g.open_days < hub.today(), 'period', 'PERIOD_CLOSED',
      jsonb_build_object('until', hub.period_until(g.period) + g.open_days)),
    (g."group" is not null and g."group" <> all (g.groups), 'group', 'UNKNOWN_GROUP',
      jsonb_build_object('known', coalesce(nullif(array_to_string(g.groups, ', '), ''), '-'))),
    (o.again, 'wijk', 'DOUBLE_CELL', '{}'),
    (o.mixed, 'wijk', 'MIXED_CELLS', '{}')) f(wrong, field, code, params)
where f.wrong
order by 1, 2, 3

-- counts_insert --
-- New counts in a dataset ($1) under one share profile ($2, null as agreed).
insert into hub.counts (id, dataset, profile, external_id, source_version, delivered_digest, wijk, buurt, measure, period, "group",
  count)
select r.id, $1, coalesce($2::uuid, hub.as_agreed()), r.external_id, r.source_version, r.digest, r.wijk, r.buurt, r.measure,
  r.period, r."group", r.count
from unnest($3::uuid[], $4::text[], $5::text[], $6::bytea[], $7::uuid[], $8::uuid[], $9::text[], $10::text[], $11::text[],
  $12::int[])
  r(id, external_id, source_version, digest, wijk, buurt, measure, period, "group", count)

-- counts_update --
-- Counts ($1) as they were delivered anew: every column of the source, open again.
update hub.counts s set source_version = r.source_version, delivered_digest = r.digest, wijk = r.wijk, buurt = r.buurt,
  measure = r.measure, period = r.period, "group" = r."group", count = r.count,
  closed_on = null, changed_at = hub.now(), version = s.version + 1
from unnest($1::uuid[], $2::text[], $3::bytea[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::int[])
  r(id, source_version, digest, wijk, buurt, measure, period, "group", count)
where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = r.id

-- counts_close --
-- Closes the counts of open periods of a dataset ($1) that a full list under a key ($2) did not name, where the asker works today:
-- in order of external id. Counts of closed periods stay as they are.
with gone as (
  update hub.counts s set closed_on = hub.today(), changed_at = hub.now(), version = s.version + 1
  where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.dataset = $1 and s.closed_on is null
    and s.external_id is not null and hub.works_in(s.wijk) and hub.takes_counts(s.measure, s.period)
    and s.external_id not in (
      select unnest(p.external_ids) from hub.list_parts p
      where p.gemeente = hub.gemeente() and p.owner = hub.asker() and p.dataset = $1 and p.key = $2)
  returning s.id, s.external_id, s.version
)
select id, external_id, version from gone order by external_id

-- counts_open --
-- How many counts of open periods of a dataset ($1) came from its source and can still be closed.
select count(*) from hub.counts s
where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.dataset = $1 and s.closed_on is null and s.external_id is not null
  and hub.takes_counts(s.measure, s.period)

-- counts_edit --
-- Changes one's own count ($1) that has this version ($2). $3 names the columns that change; their values follow.
update hub.counts s set count = case when 'count' = any ($3::text[]) then $4::int else s.count end,
  changed_at = hub.now(), version = s.version + 1
where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = $1 and s.version = $2
returning s.id

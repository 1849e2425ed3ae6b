-- SPDX-License-Identifier: EUPL-1.2
-- enforcement_actions_newest --
-- A page of the enforcement actions of wijken that the asker may see, own and shared, newest day first.
select k.wijk as key, s.*, null::double precision as lon, null::double precision as lat, 'EnforcementAction' as typename
from unnest($1::uuid[]) k(wijk)
cross join lateral hub.enforcement_actions_newest(k.wijk, $2::uuid, $3::text[], $4::text[], $5::uuid, $6::date, $7::date, $8::boolean,
  $9::text, $10::date, $11::uuid, $12::int) s

-- enforcement_actions_oldest --
-- A page of the enforcement actions of wijken that the asker may see, own and shared, oldest day first.
select k.wijk as key, s.*, null::double precision as lon, null::double precision as lat, 'EnforcementAction' as typename
from unnest($1::uuid[]) k(wijk)
cross join lateral hub.enforcement_actions_oldest(k.wijk, $2::uuid, $3::text[], $4::text[], $5::uuid, $6::date, $7::date, $8::boolean,
  $9::text, $10::date, $11::uuid, $12::int) s

-- enforcement_actions_by_id --
-- Enforcement actions by their id, as far as the asker may see them.
select s.id as key, s.*, null::double precision as lon, null::double precision as lat, 'EnforcementAction' as typename
from hub.enforcement_actions_by_id($1::uuid[]) s

-- enforcement_actions_insert --
-- New enforcement actions in a dataset ($1) under one share profile ($2, null as agreed).
insert into hub.enforcement_actions (id, dataset, profile, external_id, source_version, delivered_digest, wijk, buurt, category,
  measure, happened_on, day_part)
select r.id, $1, coalesce($2::uuid, hub.as_agreed()), r.external_id, r.source_version, r.digest, r.wijk, r.buurt, r.category,
  r.measure, r.happened_on, r.day_part
from unnest($3::uuid[], $4::text[], $5::text[], $6::bytea[], $7::uuid[], $8::uuid[], $9::text[], $10::text[], $11::date[],
  $12::text[])
  r(id, external_id, source_version, digest, wijk, buurt, category, measure, happened_on, day_part)

-- enforcement_actions_update --
-- Enforcement actions ($1) as they were delivered anew: every column of the source, open again.
update hub.enforcement_actions s set source_version = r.source_version, delivered_digest = r.digest, wijk = r.wijk, buurt = r.buurt,
  category = r.category, measure = r.measure, happened_on = r.happened_on, day_part = r.day_part,
  closed_on = null, changed_at = hub.now(), version = s.version + 1
from unnest($1::uuid[], $2::text[], $3::bytea[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::date[], $9::text[])
  r(id, source_version, digest, wijk, buurt, category, measure, happened_on, day_part)
where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = r.id

-- enforcement_actions_edit --
-- Changes one's own enforcement action ($1) that has this version ($2). $3 names the columns that change; their values follow.
update hub.enforcement_actions s set
  category = case when 'category' = any ($3::text[]) then $4 else s.category end,
  measure = case when 'measure' = any ($3) then $5 else s.measure end,
  happened_on = case when 'happened_on' = any ($3) then $6::date else s.happened_on end,
  day_part = case when 'day_part' = any ($3) then $7 else s.day_part end,
  changed_at = hub.now(), version = s.version + 1
where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = $1 and s.version = $2
returning s.id

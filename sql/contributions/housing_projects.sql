-- SPDX-License-Identifier: EUPL-1.2
-- housing_projects_newest --
-- A page of the housing projects of wijken that the asker may see, own and shared, newest day first.
select k.wijk as key, s.*, null::double precision as lon, null::double precision as lat, 'HousingProject' as typename
from unnest($1::uuid[]) k(wijk)
cross join lateral hub.housing_projects_newest(k.wijk, $2::uuid, $3::text[], $4::text[], $5::uuid, $6::date, $7::date, $8::boolean,
  $9::text, $10::date, $11::uuid, $12::int) s

-- housing_projects_oldest --
-- A page of the housing projects of wijken that the asker may see, own and shared, oldest day first.
select k.wijk as key, s.*, null::double precision as lon, null::double precision as lat, 'HousingProject' as typename
from unnest($1::uuid[]) k(wijk)
cross join lateral hub.housing_projects_oldest(k.wijk, $2::uuid, $3::text[], $4::text[], $5::uuid, $6::date, $7::date, $8::boolean,
  $9::text, $10::date, $11::uuid, $12::int) s

-- housing_projects_by_id --
-- Housing projects by their id, as far as the asker may see them.
select s.id as key, s.*, null::double precision as lon, null::double precision as lat, 'HousingProject' as typename
from hub.housing_projects_by_id($1::uuid[]) s

-- housing_projects_insert --
-- New housing projects in a dataset ($1) under one share profile ($2, null as agreed).
insert into hub.housing_projects (id, dataset, profile, external_id, source_version, delivered_digest, wijk, buurt, category, title,
  work, homes, starts_on, ends_on, status)
select r.id, $1, coalesce($2::uuid, hub.as_agreed()), r.external_id, r.source_version, r.digest, r.wijk, r.buurt, r.category,
  r.title, r.work, r.homes, r.starts_on, r.ends_on, r.status
from unnest($3::uuid[], $4::text[], $5::text[], $6::bytea[], $7::uuid[], $8::uuid[], $9::text[], $10::text[], $11::text[],
  $12::int[], $13::date[], $14::date[], $15::text[])
  r(id, external_id, source_version, digest, wijk, buurt, category, title, work, homes, starts_on, ends_on, status)

-- housing_projects_update --
-- Housing projects ($1) as they were delivered anew: every column of the source, open again.
update hub.housing_projects s set source_version = r.source_version, delivered_digest = r.digest, wijk = r.wijk, buurt = r.buurt,
  category = r.category, title = r.title, work = r.work, homes = r.homes, starts_on = r.starts_on, ends_on = r.ends_on,
  status = r.status, closed_on = null, changed_at = hub.now(), version = s.version + 1
from unnest($1::uuid[], $2::text[], $3::bytea[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::int[],
  $10::date[], $11::date[], $12::text[])
  r(id, source_version, digest, wijk, buurt, category, title, work, homes, starts_on, ends_on, status)
where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = r.id

-- housing_projects_edit --
-- Changes one's own housing project ($1) that has this version ($2). $3 names the columns that change; their values follow.
update hub.housing_projects s set
  category = case when 'category' = any ($3::text[]) then $4 else s.category end,
  title = case when 'title' = any ($3) then $5 else s.title end,
  work = case when 'work' = any ($3) then $6 else s.work end,
  homes = case when 'homes' = any ($3) then $7::int else s.homes end,
  starts_on = case when 'starts_on' = any ($3) then $8::date else s.starts_on end,
  ends_on = case when 'ends_on' = any ($3) then $9::date else s.ends_on end,
  status = case when 'status' = any ($3) then $10 else s.status end,
  changed_at = hub.now(), version = s.version + 1
where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = $1 and s.version = $2
returning s.id

-- SPDX-License-Identifier: EUPL-1.2
-- police_notices_newest --
-- A page of the police notices of wijken that the asker may see, own and shared, newest day first.
select k.wijk as key, s.*, null::double precision as lon, null::double precision as lat, 'PoliceNotice' as typename
from unnest($1::uuid[]) k(wijk)
cross join lateral hub.police_notices_newest(k.wijk, $2::uuid, $3::text[], $4::text[], $5::uuid, $6::date, $7::date, $8::boolean,
  $9::text, $10::date, $11::uuid, $12::int) s

-- police_notices_oldest --
-- A page of the police notices of wijken that the asker may see, own and shared, oldest day first.
select k.wijk as key, s.*, null::double precision as lon, null::double precision as lat, 'PoliceNotice' as typename
from unnest($1::uuid[]) k(wijk)
cross join lateral hub.police_notices_oldest(k.wijk, $2::uuid, $3::text[], $4::text[], $5::uuid, $6::date, $7::date, $8::boolean,
  $9::text, $10::date, $11::uuid, $12::int) s

-- police_notices_by_id --
-- Police notices by their id, as far as the asker may see them.
select s.id as key, s.*, null::double precision as lon, null::double precision as lat, 'PoliceNotice' as typename
from hub.police_notices_by_id($1::uuid[]) s

-- police_notices_insert --
-- New police notices in a dataset ($1) under one share profile ($2, null as agreed).
insert into hub.police_notices (id, dataset, profile, external_id, source_version, delivered_digest, wijk, buurt, category,
  noticed_on, day_part, until, advice)
select r.id, $1, coalesce($2::uuid, hub.as_agreed()), r.external_id, r.source_version, r.digest, r.wijk, r.buurt, r.category,
  r.noticed_on, r.day_part, r.until, r.advice
from unnest($3::uuid[], $4::text[], $5::text[], $6::bytea[], $7::uuid[], $8::uuid[], $9::text[], $10::date[], $11::text[],
  $12::date[], $13::text[])
  r(id, external_id, source_version, digest, wijk, buurt, category, noticed_on, day_part, until, advice)

-- police_notices_update --
-- Police notices ($1) as they were delivered anew: every column of the source, open again.
update hub.police_notices s set source_version = r.source_version, delivered_digest = r.digest, wijk = r.wijk, buurt = r.buurt,
  category = r.category, noticed_on = r.noticed_on, day_part = r.day_part, until = r.until, advice = r.advice,
  closed_on = null, changed_at = hub.now(), version = s.version + 1
from unnest($1::uuid[], $2::text[], $3::bytea[], $4::uuid[], $5::uuid[], $6::text[], $7::date[], $8::text[], $9::date[],
  $10::text[])
  r(id, source_version, digest, wijk, buurt, category, noticed_on, day_part, until, advice)
where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = r.id

-- police_notices_edit --
-- Changes one's own police notice ($1) that has this version ($2). $3 names the columns that change; their values follow.
update hub.police_notices s set
  category = case when 'category' = any ($3::text[]) then $4 else s.category end,
  noticed_on = case when 'noticed_on' = any ($3) then $5::date else s.noticed_on end,
  day_part = case when 'day_part' = any ($3) then $6 else s.day_part end,
  until = case when 'until' = any ($3) then $7::date else s.until end,
  advice = case when 'advice' = any ($3) then $8 else s.advice end,
  changed_at = hub.now(), version = s.version + 1
where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = $1 and s.version = $2
returning s.id

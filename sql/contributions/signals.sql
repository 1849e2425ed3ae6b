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

-- signals_by_id --
-- Signals by their id, as far as the asker may see them.
select s.id as key, s.*, 'Signal' as typename from hub.signals_by_id($1::uuid[]) s

-- signals_insert --
-- New signals in a dataset ($1) under one share profile ($2, null as agreed).
insert into hub.signals (id, dataset, profile, external_id, source_version, delivered_digest, wijk, buurt, category, subcategory,
  seen_at, lon, lat, status, summary, internal_note)
select r.id, $1, coalesce($2::uuid, hub.as_agreed()), r.external_id, r.source_version, r.digest, r.wijk, r.buurt, r.category,
  r.subcategory, r.seen_at, r.lon, r.lat, r.status, r.summary, r.internal_note
from unnest($3::uuid[], $4::text[], $5::text[], $6::bytea[], $7::uuid[], $8::uuid[], $9::text[], $10::text[], $11::timestamptz[],
  $12::double precision[], $13::double precision[], $14::text[], $15::text[], $16::text[])
  r(id, external_id, source_version, digest, wijk, buurt, category, subcategory, seen_at, lon, lat, status, summary, internal_note)

-- signals_update --
-- Signals ($1) as they were delivered anew: every column of the source, open again.
update hub.signals s set source_version = r.source_version, delivered_digest = r.digest, wijk = r.wijk, buurt = r.buurt,
  category = r.category, subcategory = r.subcategory, seen_at = r.seen_at, lon = r.lon, lat = r.lat, status = r.status,
  summary = r.summary, internal_note = r.internal_note, closed_on = null, changed_at = hub.now(), version = s.version + 1
from unnest($1::uuid[], $2::text[], $3::bytea[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::timestamptz[],
  $9::double precision[], $10::double precision[], $11::text[], $12::text[], $13::text[])
  r(id, source_version, digest, wijk, buurt, category, subcategory, seen_at, lon, lat, status, summary, internal_note)
where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = r.id

-- signals_edit --
-- Changes one's own signal ($1) that has this version ($2). $3 names the columns that change; their values follow.
update hub.signals s set
  category = case when 'category' = any ($3::text[]) then $4 else s.category end,
  seen_at = case when 'seen_at' = any ($3) then $5::timestamptz else s.seen_at end,
  status = case when 'status' = any ($3) then $6 else s.status end,
  summary = case when 'summary' = any ($3) then $7 else s.summary end,
  internal_note = case when 'internal_note' = any ($3) then $8 else s.internal_note end,
  changed_at = hub.now(), version = s.version + 1
where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = $1 and s.version = $2
returning s.id

-- signals_example --
-- Signals as a receiver would see them ($1: rows of its door as JSON), as rows again.
select s.*, x.day, x."precision", x.agreement, x.hidden
from unnest($1::jsonb[]) with ordinality e(given, place)
cross join lateral jsonb_populate_record(null::hub.signals, e.given) s
cross join lateral jsonb_to_record(e.given) x(day date, "precision" text, agreement uuid, hidden text[])
order by e.place

-- SPDX-License-Identifier: EUPL-1.2
-- activities_newest --
-- A page of the activities of wijken that the asker may see, own and shared, newest day first.
select k.wijk as key, s.*, null::double precision as lon, null::double precision as lat, 'Activity' as typename
from unnest($1::uuid[]) k(wijk)
cross join lateral hub.activities_newest(k.wijk, $2::uuid, $3::text[], $4::text[], $5::uuid, $6::date, $7::date, $8::boolean,
  $9::text, $10::date, $11::uuid, $12::int) s

-- activities_oldest --
-- A page of the activities of wijken that the asker may see, own and shared, oldest day first.
select k.wijk as key, s.*, null::double precision as lon, null::double precision as lat, 'Activity' as typename
from unnest($1::uuid[]) k(wijk)
cross join lateral hub.activities_oldest(k.wijk, $2::uuid, $3::text[], $4::text[], $5::uuid, $6::date, $7::date, $8::boolean,
  $9::text, $10::date, $11::uuid, $12::int) s

-- activities_total --
-- How many activities of wijken the asker can page through under the same filter, by whose they are and under which agreement: one
-- by one, for one that is met in two wijken is one.
select k.wijk as key, s.id, s.owner, s.agreement, s.hidden, count(s.id)::int as records
from unnest($1::uuid[]) k(wijk)
left join lateral hub.activities_newest(k.wijk, $2::uuid, $3::text[], $4::text[], $5::uuid, $6::date, $7::date, $8::boolean,
  $9::text, null, null, null) s on true
group by k.wijk, s.id, s.owner, s.agreement, s.hidden

-- activities_by_id --
-- Activities by their id, as far as the asker may see them.
select s.id as key, s.*, null::double precision as lon, null::double precision as lat, 'Activity' as typename
from hub.activities_by_id($1::uuid[]) s

-- activities_insert --
-- New activities in a dataset ($1) under one share profile ($2, null as agreed). Lists of wijken come as texts: they differ in length.
insert into hub.activities (id, dataset, profile, external_id, source_version, delivered_digest, wijk, wijken, buurt, category, title,
  audience, starts_at, ends_at, facility, attendance)
select r.id, $1, coalesce($2::uuid, hub.as_agreed()), r.external_id, r.source_version, r.digest, w.ids[1], w.ids, r.buurt, r.category,
  r.title, r.audience, r.starts_at, r.ends_at, r.facility, r.attendance
from unnest($3::uuid[], $4::text[], $5::text[], $6::bytea[], $7::text[], $8::uuid[], $9::text[], $10::text[], $11::text[],
  $12::timestamptz[], $13::timestamptz[], $14::text[], $15::int[])
  r(id, external_id, source_version, digest, wijken, buurt, category, title, audience, starts_at, ends_at, facility, attendance)
cross join lateral (select r.wijken::uuid[] as ids) w

-- activities_update --
-- Activities ($1) as they were delivered anew: every column of the source, open again.
update hub.activities s set source_version = r.source_version, delivered_digest = r.digest, wijk = (r.wijken::uuid[])[1],
  wijken = r.wijken::uuid[], buurt = r.buurt, category = r.category, title = r.title, audience = r.audience,
  starts_at = r.starts_at, ends_at = r.ends_at, facility = r.facility, attendance = r.attendance,
  closed_on = null, changed_at = hub.now(), version = s.version + 1
from unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::timestamptz[],
  $10::timestamptz[], $11::text[], $12::int[])
  r(id, source_version, digest, wijken, buurt, category, title, audience, starts_at, ends_at, facility, attendance)
where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = r.id

-- activities_close --
-- Closes the open activities of a dataset ($1) that a full list under a key ($2) did not name, in whose wijken the asker works today:
-- in order of external id.
with gone as (
  update hub.activities s set closed_on = hub.today(), changed_at = hub.now(), version = s.version + 1
  where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.dataset = $1 and s.closed_on is null
    and s.external_id is not null and hub.works_in_each(s.wijken)
    and s.external_id not in (
      select unnest(p.external_ids) from hub.list_parts p
      where p.gemeente = hub.gemeente() and p.owner = hub.asker() and p.dataset = $1 and p.key = $2)
  returning s.id, s.external_id, s.version
)
select id, external_id, version from gone order by external_id

-- activities_edit --
-- Changes one's own activity ($1) that has this version ($2). $3 names the columns that change; their values follow.
update hub.activities s set
  category = case when 'category' = any ($3::text[]) then $4 else s.category end,
  title = case when 'title' = any ($3) then $5 else s.title end,
  audience = case when 'audience' = any ($3) then $6 else s.audience end,
  starts_at = case when 'starts_at' = any ($3) then $7::timestamptz else s.starts_at end,
  ends_at = case when 'ends_at' = any ($3) then $8::timestamptz else s.ends_at end,
  facility = case when 'facility' = any ($3) then $9 else s.facility end,
  attendance = case when 'attendance' = any ($3) then $10::int else s.attendance end,
  changed_at = hub.now(), version = s.version + 1
where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = $1 and s.version = $2
returning s.id

-- activities_sharing --
-- What decides who sees the asker's own activity ($1): where it is, what it is about, since when the hub has it, and whether it is of a
-- dataset that is never shared (whose records have this profile).
select s.wijken, s.category, s.recorded_on, s.profile = hub.never_shared() as never_shared
from hub.activities s where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = $1

-- activities_older --
-- Whether some of the asker's own activities in wijken ($1), of a category ($2, null: any), which a receiver ($3) may see by their caps, are in
-- the hub since before a day ($4) and are shown for so many days ($5) that it would see them.
select exists (
  select from hub.activities s
  where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.wijken && $1::uuid[] and ($2::text is null or s.category = $2)
    and s.recorded_on < $4::date and s.recorded_on > hub.today() - $5::int and (s.profile = hub.as_agreed() or exists (
      select from hub.share_caps c
      where c.gemeente = s.gemeente and c.owner = s.owner and c.profile = s.profile and c.receiver = $3::uuid)))

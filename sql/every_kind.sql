-- SPDX-License-Identifier: EUPL-1.2
-- Statements that are the same for every kind of contribution: made once for each {table} that has a file in contributions/. One
-- that a kind's own file has under the same name stands in the place of the one here.

-- own_{table} --
-- A page of the asker's own {table} over all wijken, newest day first.
select k.owner as key, s.*
from unnest($1::uuid[]) k(owner)
join lateral hub.own_{table}($2::uuid, $3::text[], $4::text[], $5::uuid, $6::date, $7::date, $8::boolean, $9::text, $10::date,
  $11::uuid, $12::int) s on s.owner = k.owner
order by s.day desc, s.id desc

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

-- {table}_lock --
-- The records of a dataset ($1) with these external ids ($2), held in one order until the transaction ends.
select s.id, s.external_id, s.version, s.source_version, s.delivered_digest, s.closed_on is not null as closed
from hub.{table} s
where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.dataset = $1 and s.external_id = any ($2::text[])
order by s.external_id
for update

-- {table}_touch --
-- Records ($1) that were delivered as before: what the source calls this version ($2), and open again where closed ($3). Edits
-- made in the hub stay.
update hub.{table} s set source_version = r.source_version,
  closed_on = case when r.reopened then null else s.closed_on end,
  changed_at = case when r.reopened then hub.now() else s.changed_at end,
  version = case when r.reopened then s.version + 1 else s.version end
from unnest($1::uuid[], $2::text[], $3::boolean[]) r(id, source_version, reopened)
where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = r.id

-- {table}_close --
-- Closes the open records of a dataset ($1) that a full list under a key ($2) did not name, where the asker works today: in order
-- of external id.
with gone as (
  update hub.{table} s set closed_on = hub.today(), changed_at = hub.now(), version = s.version + 1
  where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.dataset = $1 and s.closed_on is null
    and s.external_id is not null and hub.works_in(s.wijk)
    and s.external_id not in (
      select unnest(p.external_ids) from hub.list_parts p
      where p.gemeente = hub.gemeente() and p.owner = hub.asker() and p.dataset = $1 and p.key = $2)
  returning s.id, s.external_id, s.version
)
select id, external_id, version from gone order by external_id

-- {table}_open --
-- How many open records of a dataset ($1) came from its source.
select count(*) from hub.{table} s
where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.dataset = $1 and s.closed_on is null and s.external_id is not null

-- {table}_delete --
-- Takes away one's own record ($1) that has this version ($2).
delete from hub.{table} s
where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = $1 and s.version = $2
returning s.dataset, s.external_id

-- {table}_owned --
-- Whether this record ($1) is the asker's own.
select exists (select from hub.{table} s where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = $1)

-- {table}_sharing --
-- What decides who sees the asker's own record ($1): where it is, what it is about, since when the hub has it, and whether it is of a
-- dataset that is never shared (whose records have this profile).
select array[s.wijk] as wijken, s.category, s.recorded_on, s.profile = hub.never_shared() as never_shared
from hub.{table} s where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = $1

-- {table}_older --
-- Whether some of the asker's own {table} in wijken ($1), of a category ($2, null: any), which a receiver ($3) may see by their caps, are in
-- the hub since before a day ($4) and are shown for so many days ($5) that it would see them.
select exists (
  select from hub.{table} s
  where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.wijk = any ($1::uuid[]) and ($2::text is null or s.category = $2)
    and s.recorded_on < $4::date and s.recorded_on > hub.today() - $5::int and (s.profile = hub.as_agreed() or exists (
      select from hub.share_caps c
      where c.gemeente = s.gemeente and c.owner = s.owner and c.profile = s.profile and c.receiver = $3::uuid)))

-- {table}_example --
-- Records as a receiver would see them ($1: rows of its door as JSON), as rows again.
select s.*, x.day, x."precision", x.agreement, x.hidden, null::double precision as lon, null::double precision as lat
from unnest($1::jsonb[]) with ordinality e(given, place)
cross join lateral jsonb_populate_record(null::hub.{table}, e.given) s
cross join lateral jsonb_to_record(e.given) x(day date, "precision" text, agreement uuid, hidden text[])
order by e.place

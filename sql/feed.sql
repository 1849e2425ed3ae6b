-- SPDX-License-Identifier: EUPL-1.2
-- feed_of_wijken --
-- What happened in wijken after two positions, as far as the asker may see it, in the order of the feed.
select k.wijk as key, f.stream, f.id, f.on_day, f.kind, f.change, f.owner, f.category, f.record, f.agreement, f.under, f.hidden
from unnest($1::uuid[]) k(wijk)
cross join lateral hub.feed_of_wijk(k.wijk, $2::text[], $3::uuid, $4::uuid, $5::int) f

-- feed_positions --
-- Whether the two items of positions (exact/reduced, either may lack) exist in the feed, and which epoch it is in.
select k.place as key, hub.feed_knows(
    nullif(split_part(k.place, '/', 1), '')::uuid, nullif(split_part(k.place, '/', 2), '')::uuid) as known,
  (select max(e.number) from hub.epochs e) as epoch
from unnest($1::text[]) k(place)

-- history_of_records --
-- The history of own records, newest first, in pages by version.
select k.record as key, h.kind, h.version, h.at, h.actor, h.change, h.before, h.after
from unnest($1::uuid[]) k(record)
cross join lateral (
  select * from hub.history x
  where x.gemeente = hub.gemeente() and x.owner = hub.asker() and x.record = k.record
    and ($2::int is null or x.version < $2)
  order by x.version desc limit $3::int) h

-- SPDX-License-Identifier: EUPL-1.2
-- Run by the owner: whether the numbers of records that the database keeps are those that there are, and making them anew.

-- rollups_owners --
-- The organisations of a gemeente, whose records are counted.
select o.id as owner, o.slug from hub.organisations o where o.gemeente = $1::text order by o.slug

-- rollups_wrong --
-- Where what is kept of an organisation is not what there is: both, per kind, wijk, category and day of recording.
select kind, wijk, slice, category, day, open, closed, open_kept, closed_kept from hub.wrong_rollups($1::text, $2::uuid)
order by kind, wijk, category, day, slice

-- rollups_rebuild --
-- Makes what is kept of an organisation anew from its records.
select hub.rebuild_rollups($1::text, $2::uuid) is not null as done

-- rollups_wrong_anywhere --
-- How many of what is kept of the organisations of each gemeente is not what there is; no row where all is right.
select o.gemeente as code, count(*)::int as wrong
from hub.organisations o cross join lateral hub.wrong_rollups(o.gemeente, o.id) w
group by o.gemeente order by o.gemeente

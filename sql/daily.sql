-- SPDX-License-Identifier: EUPL-1.2
-- What the hub does once a day, for every gemeente. None of it needs an asker: the database decides what is due.

-- daily_today --
-- The hub's day.
select hub.today() as today

-- daily_gemeenten --
-- The gemeenten that the hub serves.
select g.code from hub.gemeenten g order by g.code

-- daily_publish --
-- Publishes the numbers of the closed weeks that have none yet, and tells how many.
select hub.publish_due($1::text) as cells

-- daily_cut_feed --
-- Cuts the feed batch of today, and tells whether it was still to be cut.
select hub.cut_feed_batch($1::text) as cut

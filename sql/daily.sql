-- SPDX-License-Identifier: EUPL-1.2
-- What the hub does once a day, and every minute (seal_logs), for every gemeente. None of it needs an asker: the database decides what is due.

-- daily_today --
-- The hub's day.
select hub.today() as today

-- daily_gemeenten --
-- The gemeenten that the hub serves.
select g.code from hub.gemeenten g order by g.code

-- daily_periods --
-- The closed weeks and quarters that are still published, oldest first.
select period from hub.due_periods()

-- daily_publish --
-- Publishes the numbers of a closed period that are due and not yet published, and tells how many.
select hub.publish($1::text, $2::text) as cells

-- daily_announce --
-- Tells receivers of agreements that began or ended by their term, and tells how many items that were.
select hub.announce_agreements($1::text, null) as told

-- daily_cut_feed --
-- Cuts the feed batch of today, and tells whether it was still to be cut.
select hub.cut_feed_batch($1::text) as cut

-- daily_forget_keys --
-- Takes away idempotency keys and parts of lists that no retry comes for, and tells how many.
select hub.forget_keys($1::text) as forgotten

-- daily_forget_dry_runs --
-- Takes away the dry runs that were not carried out in time, and tells how many.
select hub.forget_dry_runs($1::text) as forgotten

-- seal_logs --
-- Seals what was committed to the audit log and the read ledger of a gemeente, and tells how many entries that were.
select hub.seal_logs($1::text) as sealed

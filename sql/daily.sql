-- SPDX-License-Identifier: EUPL-1.2
-- What the hub does once a day, every minute (seal_logs, fold_rollups) and every second (fold_reads), for every gemeente. None of it needs
-- an asker: the database decides what is due.

-- daily_today --
-- The hub's day.
select hub.today() as today

-- daily_gemeenten --
-- The gemeenten that the hub serves.
select g.code from hub.gemeenten g order by g.code

-- daily_numbers_due --
-- Of how many periods numbers are due, of all gemeenten.
select hub.count_periods_due() as periods

-- daily_announce --
-- Tells receivers of agreements that began or ended by their term, and parties of those that end soon; tells how many items each were.
select hub.announce_agreements($1::text, null) as told, hub.warn_of_ends($1::text) as warned

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

-- fold_rollups --
-- Folds what was counted since, of some slices ($2) of a gemeente, and tells whether there may be more.
select hub.fold_rollups($1::text, $2::int) as more

-- fold_reads --
-- Writes the ledger's lines of at most so many reads ($1) of each gemeente, and tells whether there may be more.
select bool_or(hub.fold_reads(g.code, $1::int)) as more from hub.gemeenten g

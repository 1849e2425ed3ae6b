-- SPDX-License-Identifier: EUPL-1.2
-- log_reads --
-- Writes who read which records of others in this transaction, one line per owner, agreement and set of fields.
select hub.log_reads($1::jsonb, $2::text)

-- hub_today --
-- The hub's day and time, the one clock for terms, lateness and periods.
select hub.today() as today, hub.now() as now

-- hub_state --
-- The hub's day, and whether its world is invented.
select hub.today() as today, hub.is_demo() as demo

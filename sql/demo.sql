-- SPDX-License-Identifier: EUPL-1.2
-- Run by the owner while the demo's world is made.
-- demo_statistics --
-- Tells the planner what is in the tables, which autovacuum would do a minute later: half a year passes in seconds.
analyze

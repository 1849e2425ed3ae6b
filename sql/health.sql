-- SPDX-License-Identifier: EUPL-1.2
-- health --
-- When the server started, and the oldest write transaction that others, which are over, wait behind in the feed, if any does.
select pg_postmaster_start_time() as started,
  case when pg_snapshot_xmin(s) < pg_snapshot_xmax(s) then pg_snapshot_xmin(s)::text end as oldest
from pg_current_snapshot() s

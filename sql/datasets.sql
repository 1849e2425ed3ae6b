-- SPDX-License-Identifier: EUPL-1.2
-- The asker's own datasets, and the mark by which one is never shared.

-- datasets_of_asker --
-- The datasets of the asker, or one of them by its name ($1), by name.
select d.dataset as name, d.kind, d.never_share, d.rhythm_days
from hub.datasets d
where d.gemeente = hub.gemeente() and d.owner = hub.asker() and ($1::text is null or d.dataset = $1)
order by d.dataset

-- dataset_mark --
-- Marks one of the asker's own datasets ($1) as never shared, or takes the mark off.
update hub.datasets set never_share = $2::boolean where gemeente = hub.gemeente() and owner = hub.asker() and dataset = $1::text
returning dataset

-- dataset_share_past --
-- Shares the records of one of the asker's own datasets that were kept while it was marked.
select hub.share_what_was_kept($1::text)

-- dataset_is_marked --
-- Whether one of the asker's own datasets is never shared.
select exists (
  select from hub.datasets d where d.gemeente = hub.gemeente() and d.owner = hub.asker() and d.dataset = $1::text and d.never_share)

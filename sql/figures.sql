-- SPDX-License-Identifier: EUPL-1.2
-- figures_of_wijken --
-- Published figures of wijken: the measures asked for, or all; of one year, or the newest that each measure has.
select f.wijk as key, f.measure, f.label, f.unit, f.year, f.measured_on, f.value, f.null_reason, f.status, f.comparability,
  f.source, f.note, f.invented
from hub.figures_by_newness f
where f.wijk = any ($1::uuid[])
  and ($2::text[] is null or f.measure = any ($2)) and coalesce(f.year = $3::int, f.newness = 1)
order by f.measure, f.year, f.source

-- figures_of_buurten --
-- Published figures of buurten: the measures asked for, or all; of one year, or the newest that each measure has.
select f.buurt as key, f.measure, f.label, f.unit, f.year, f.measured_on, f.value, f.null_reason, f.status, f.comparability,
  f.source, f.note, f.invented
from hub.figures_by_newness f
where f.wijk is null and f.buurt = any ($1::uuid[])
  and ($2::text[] is null or f.measure = any ($2)) and coalesce(f.year = $3::int, f.newness = 1)
order by f.measure, f.year, f.source

-- figures_of_gemeenten --
-- Published figures of gemeenten themselves, by their CBS code: the measures asked for, or all; of one year, or the newest that each measure has.
select f.gemeente as key, f.measure, f.label, f.unit, f.year, f.measured_on, f.value, f.null_reason, f.status, f.comparability,
  f.source, f.note, f.invented
from hub.figures_by_newness f
where f.wijk is null and f.buurt is null and f.gemeente = any ($1::text[])
  and ($2::text[] is null or f.measure = any ($2)) and coalesce(f.year = $3::int, f.newness = 1)
order by f.measure, f.year, f.source

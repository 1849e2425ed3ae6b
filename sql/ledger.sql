-- SPDX-License-Identifier: EUPL-1.2
-- log_reads --
-- Writes who read which records of others in this transaction, one line per owner, agreement and set of fields.
select hub.log_reads($1::jsonb, $2::text)

-- readers_of_asker --
-- Who read records of the asker since a day ($1), newest day first: one line for all that an organisation read on a day of one
-- kind, under one agreement, with the same fields. The order within a day tells nothing.
select e.on_day, e.entry, e.reader, e.agreement, e.version, e.purpose, e.kind, e.fields, e.records
from (
  select l.on_day, l.reader, l.agreement, l.version, l.purpose, l.kind, l.fields,
    least(sum(l.records), 2147483647)::int as records,
    md5(row(l.reader, l.agreement, l.version, l.purpose, l.kind, l.fields)::text)::uuid as entry
  from hub.read_ledger l
  where l.gemeente = hub.gemeente() and l.owner = hub.asker() and l.on_day >= $1::date and ($2::date is null or l.on_day <= $2)
  group by l.on_day, l.reader, l.agreement, l.version, l.purpose, l.kind, l.fields) e
where $2 is null or (e.on_day, e.entry) < ($2, $3::uuid)
order by e.on_day desc, e.entry desc limit $4::int

-- hub_today --
-- The hub's day and time, the one clock for terms, lateness and periods.
select hub.today() as today, hub.now() as now

-- hub_state --
-- The hub's day, and whether its world is invented.
select hub.today() as today, hub.is_demo() as demo

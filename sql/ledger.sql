-- SPDX-License-Identifier: EUPL-1.2
-- log_reads --
-- Notes who read which records of others in this transaction, for a line per owner, agreement and set of fields, and tells under which
-- version of the agreement (null: the first of each) and which processing activity (null: none) each line falls.
select l.versions, l.activities, l.activity_versions
from hub.log_reads($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::int[], $7::uuid[], $8::text) l

-- readers_of_asker --
-- Who read records of the asker since a day ($1), newest day first: one line for all that an organisation read on a day of one
-- kind, under one agreement, with the same fields. The order within a day tells nothing.
select e.on_day, e.entry, e.reader, e.agreement, e.version, e.purpose, e.kind, e.fields, e.records, e.activity, e.activity_version
from (
  select l.on_day, l.reader, l.agreement, l.version, l.purpose, l.kind, l.fields, l.activity, l.activity_version,
    least(sum(l.records), 2147483647)::int as records,
    md5(row(l.reader, l.agreement, l.version, l.purpose, l.kind, l.fields, l.activity, l.activity_version)::text)::uuid as entry
  from hub.readers_of_asker($1::date, $2::date) l
  group by l.on_day, l.reader, l.agreement, l.version, l.purpose, l.kind, l.fields, l.activity, l.activity_version) e
where $2 is null or (e.on_day, e.entry) < ($2, $3::uuid)
order by e.on_day desc, e.entry desc limit $4::int

-- ledger_lines --
-- The ledger with its times, newest first, for the asker's privacy officer: what its own people read of others' ($1), or what others read
-- of its records; since, until, the other organisation, agreement, kind, log-in, and from where a page goes on.
select l.id, l.at, l.owner, l.reader, l.actor, l.agreement, l.version, l.purpose, l.kind, l.records, cardinality(l.ids) as shown, l.fields,
  l.operation, l.activity, l.activity_version, l.trace
from hub.ledger_lines($1::boolean, $2::timestamptz, $3::timestamptz, $4::uuid, $5::uuid, $6::text, $7::text, $8::timestamptz, $9::uuid,
  $10::int) l
order by l.at desc, l.id desc

-- login_known --
-- Whether the asker's organisation has or had a log-in of this name, for its privacy officer.
select hub.knows_login($1::text) as known

-- breach_reads --
-- What was read ($1 by the asker's own people of others', else by others of the asker's), since, until, by or of one organisation, by one
-- log-in: one line per organisation, log-in, agreement, kind, operation and set of fields. The order tells nothing.
with lines as materialized (
  select l.*, md5(row(l.owner, l.reader, l.actor, l.agreement, l.version, l.kind, l.operation, l.fields, l.activity,
    l.activity_version)::text)::uuid as entry
  from hub.ledger_lines($1::boolean, $2::timestamptz, $3::timestamptz, $4::uuid, null, null, $5::text, null, null, null) l)
select e.*, coalesce(d.records, 0) as distinct_records
from (
  select l.entry, l.owner, l.reader, l.actor, l.agreement, l.version, l.purpose, l.kind, l.operation, l.fields, l.activity,
    l.activity_version, min(l.at) as first_at, max(l.at) as last_at, count(*)::int as reads,
    nullif(least(sum(l.records - cardinality(l.ids)), 2147483647), 0)::int as counted
  from lines l
  where $6::uuid is null or l.entry > $6
  group by l.entry, l.owner, l.reader, l.actor, l.agreement, l.version, l.purpose, l.kind, l.operation, l.fields, l.activity,
    l.activity_version
  order by l.entry limit $7::int) e
left join (
  select l.entry, count(distinct i.id)::int as records from lines l cross join lateral unnest(l.ids) i(id) group by l.entry) d using (entry)
order by e.entry

-- breach_records --
-- The records that were shown, with the same choice as above: one line per organisation and record, what of it could be seen, and, of
-- one's own, when it was withdrawn. The order tells nothing.
select r.*, t.withdrawn_on
from (
  select md5(row(case when $1::boolean then l.owner else l.reader end, i.id)::text)::uuid as entry, l.owner, l.reader, l.kind, i.id,
    min(l.at) as first_at, max(l.at) as last_at, count(distinct l.id)::int as reads,
    array(select distinct unnest(string_to_array(string_agg(array_to_string(l.fields, ','), ','), ',')) order by 1) as fields
  from hub.ledger_lines($1::boolean, $2::timestamptz, $3::timestamptz, $4::uuid, null, null, $5::text, null, null, null) l
  cross join lateral unnest(l.ids) i(id)
  group by l.owner, l.reader, l.kind, i.id) r
left join hub.tombstones t on t.gemeente = hub.gemeente() and t.owner = r.owner and t.id = r.id
where $6::uuid is null or r.entry > $6
order by r.entry limit $7::int

-- audit_entries --
-- What was changed in agreements, log-ins, partners and rights of the asker's organisation, newest first: since, until, and from where a
-- page goes on.
select e.id, e.at, e.by_organisation, e.actor, e.action, e.subject, e.login, e.details, e.trace
from hub.audit_log e
where e.gemeente = hub.gemeente() and e.organisation = hub.asker() and e.at >= $1::timestamptz and ($2::timestamptz is null or e.at < $2)
  and ($3::timestamptz is null or (e.at, e.id) < ($3, $4::uuid))
order by e.at desc, e.id desc limit $5::int

-- processing_activities --
-- The asker's register: the newest version of each activity, or all of them ($1), by code.
select p.id, p.code, p.version, p.valid_from, p.name, p.purpose, p.legal_basis, p.categories, p.retention, p.recipients, p.measures,
  p.registered_at, array(
    select m.agreement from hub.agreement_activities m
    where m.gemeente = p.gemeente and m.organisation = p.organisation and m.code = p.code order by m.agreement) as agreements
from hub.processing_activities p
where p.gemeente = hub.gemeente() and p.organisation = hub.asker() and ($1::boolean or not exists (
  select from hub.processing_activities n
  where n.gemeente = p.gemeente and n.organisation = p.organisation and n.code = p.code and n.version > p.version))
order by p.code, p.version desc

-- processing_activity_newest --
-- The newest version of one of the asker's activities by its code; 0: there is none.
select coalesce(max(p.version), 0) from hub.processing_activities p
where p.gemeente = hub.gemeente() and p.organisation = hub.asker() and p.code = $1::text

-- processing_activity_register --
-- Adds a version of an activity to the asker's register.
insert into hub.processing_activities (id, code, version, valid_from, name, purpose, legal_basis, categories, retention, recipients, measures)
values ($1::uuid, $2::text, $3::int, $4::date, $5::text, $6::text, $7::text, $8::text[], $9::text, $10::text[], $11::text[])
returning id

-- processing_activity_assign --
-- Says that what the asker does under an agreement falls under one of its activities.
insert into hub.agreement_activities (agreement, code) values ($1::uuid, $2::text)
on conflict (gemeente, organisation, agreement) do update set code = excluded.code
returning code

-- hub_today --
-- The hub's day and time, the one clock for terms, lateness and periods.
select hub.today() as today, hub.now() as now

-- hub_state --
-- The hub's day, and whether its world is invented.
select hub.today() as today, hub.is_demo() as demo

-- SPDX-License-Identifier: EUPL-1.2
-- Evidence of tampering. Runs as hub_owner while hub.backup is on, for it looks at every entry.
-- seal_head --
-- The newest seal of a gemeente: what to keep elsewhere.
select s.number, encode(s.root, 'hex') as root from hub.seals s where s.gemeente = $1::text order by s.number desc limit 1

-- seal_root --
-- The root of one seal of a gemeente.
select encode(s.root, 'hex') as root from hub.seals s where s.gemeente = $1::text and s.number = $2::int

-- seals_count --
-- How many seals a gemeente has, over how many entries, and how many entries wait for one.
select (select count(*) from hub.seals s where s.gemeente = $1::text)::int as seals,
  (select count(*) from hub.sealed_entries e where e.gemeente = $1)::int as entries,
  ((select count(*) from hub.audit_log e where e.gemeente = $1) + (select count(*) from hub.read_ledger l where l.gemeente = $1)
    + (select coalesce(sum(cardinality(r.owners)), 0) from hub.noted_reads r where r.gemeente = $1)
    - (select count(*) from hub.sealed_entries e where e.gemeente = $1 and e.salt is not null))::int as waiting

-- seals_broken --
-- What is wrong with the seals of a gemeente, by the first seal that it is about: nothing when every entry is as it was sealed.
with entries as (
  select 'AUDIT' as log, e.id, e.xid, hub.said(e) as said, hub.persons(e) as persons from hub.audit_log e where e.gemeente = $1::text
  union all
  select 'LEDGER', l.id, l.xid, hub.said(l), hub.persons(l) from hub.read_ledger l where l.gemeente = $1),
chain as (
  select s.number, s.entries, s.until_xid, s.until_log, s.until_entry, s.root, lag(s.root) over (order by s.number) as root_before,
    row_number() over (order by s.number) as place
  from hub.seals s where s.gemeente = $1),
sums as (
  select e.seal, count(*)::int as entries, string_agg(e.digest, '' order by e.place) as digests
  from hub.sealed_entries e where e.gemeente = $1 group by e.seal),
erasures as (
  select x.erasure, count(*) as sealed from hub.sealed_entries e cross join lateral unnest(e.erasures) x(erasure)
  where e.gemeente = $1 group by x.erasure)
select f.seal, f.fault, f.log, f.entry from (
  select 1 as seal, 'SEAL_MISSING' as fault, null as log, null::uuid as entry from chain c where c.place = 1 and c.number > 1
  union all
  select c.number + 1, 'SEAL_MISSING', null, null from chain c
  where not exists (select from chain n where n.number = c.number + 1) and exists (select from chain n where n.number > c.number)
  union all
  select u.seal, 'SEAL_MISSING', null, null from sums u where not exists (select from chain c where c.number = u.seal)
  union all
  select c.number, 'SEAL_CHANGED', null, null from chain c left join sums u on u.seal = c.number
  where u.entries is distinct from c.entries or c.root is distinct from hub.root_of(c.root_before, u.digests)
  union all
  select s.seal, 'ENTRY_CHANGED', s.log, s.entry
  from hub.sealed_entries s join entries e on e.log = s.log and e.id = s.entry
  where s.gemeente = $1 and s.digest is distinct from
    sha256(hub.salted(s.salt, e.said) || coalesce(hub.salted(s.person_salt, e.persons), s.person_digest))
  union all
  select s.seal, 'ENTRY_MISSING', s.log, s.entry from hub.sealed_entries s
  where s.gemeente = $1 and s.salt is not null and not exists (select from entries e where e.log = s.log and e.id = s.entry)
  union all
  -- erased, they say, but no erasure in the audit log is about as many
  select s.seal, 'ENTRY_MISSING', s.log, s.entry from hub.sealed_entries s
  where s.gemeente = $1 and s.person_salt is null and (s.erasures = '{}' or exists (
    select from unnest(s.erasures) x(erasure) where not exists (
      select from hub.audit_log a join erasures n on n.erasure = a.id
      where a.gemeente = $1 and a.id = x.erasure and a.action in ('LOG_NAMES_ERASED', 'LEDGER_ERASED')
        and (a.details ->> 'sealed')::bigint = n.sealed)))
  union all
  -- a seal that has not as many entries as one may have (10,000, see hub.seal_logs) has all entries of its last transaction
  select c.number, 'ENTRY_INSERTED', e.log, e.id
  from entries e
  join lateral (
    select c.number from chain c
    where (e.xid, e.log, e.id) <= (c.until_xid, c.until_log, c.until_entry) or (e.xid <= c.until_xid and c.entries < 10000)
    order by c.number limit 1) c on true
  where not exists (select from hub.sealed_entries s where s.gemeente = $1 and s.log = e.log and s.entry = e.id)) f
order by f.seal, f.fault, f.log, f.entry limit 100

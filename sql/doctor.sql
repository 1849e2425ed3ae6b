-- SPDX-License-Identifier: EUPL-1.2
-- What `hub doctor` asks of a database that serves. None of it reads the content of a record. The first three are for either role; the
-- others run as hub_owner while hub.backup is on, for under FORCE it would count no row of others.
-- doctor_server --
-- The server's version, and whether what was committed survives a crash and damage is noticed.
select current_setting('server_version_num')::int / 10000 as major, current_setting('server_version') as version,
  current_setting('data_checksums') = 'on' as checksums, current_setting('fsync') = 'on' as fsync,
  current_setting('full_page_writes') = 'on' as full_page_writes,
  current_setting('synchronous_commit') not in ('off', 'local') as synchronous_commit

-- doctor_clock --
-- Whether the hub's clock is another than the real one, and whether the world is invented.
select hub.is_demo() as demo, exists (
  select from hub.clock c where c.frozen_at is not null or c.shift <> interval '0') as shifted

-- doctor_transactions --
-- Transactions that have been open for so many seconds or more, of those that the role may know about and that are
-- no backup; the feed waits for each that writes.
select a.pid::text as session, coalesce(a.usename, '?') as role, coalesce(a.state, '?') as state,
  extract(epoch from clock_timestamp() - a.xact_start)::int as seconds
from pg_stat_activity a
where a.pid <> pg_backend_pid() and a.application_name not in ('pg_dump', 'hub backup')
  and a.xact_start <= clock_timestamp() - $1::int * interval '1 second'
union all
select p.gid, p.owner, 'prepared', extract(epoch from clock_timestamp() - p.prepared)::int
from pg_prepared_xacts p where p.prepared <= clock_timestamp() - $1::int * interval '1 second'
order by 4 desc

-- doctor_weeks --
-- Gemeenten with closed weeks and quarters of which numbers are due, and how many of them.
select d.gemeente as code, count(*)::int as periods from hub.periods_due() d group by d.gemeente order by d.gemeente

-- doctor_batches --
-- Gemeenten of which today's batch of the feed was not cut yet.
select g.code from hub.gemeenten g
where not exists (select from hub.feed_batches b where b.gemeente = g.code and b.cut_on >= hub.today()) order by g.code

-- doctor_feed --
-- How many items of earlier days the feed still holds back, and how many have a number that this cluster has not given out yet.
select count(*) filter (where f.on_day < hub.today())::int as waiting,
  count(*) filter (where f.xid >= pg_snapshot_xmax(pg_current_snapshot()))::int as ahead
from hub.feed_items f where f.xid >= pg_snapshot_xmin(pg_current_snapshot())

-- doctor_tokens --
-- Names of tokens of which the last one has ended, or ends within a number of days.
select o.gemeente, o.slug, t.name, max(t.expires_at) as expires_at, max(t.expires_at) <= hub.now() as expired
from hub.tokens t join hub.organisations o on (o.gemeente, o.id) = (t.gemeente, t.organisation)
where t.revoked_at is null
group by o.gemeente, o.slug, t.name
having max(t.expires_at) < hub.now() + $1::int * interval '1 day'
order by o.gemeente, o.slug, t.name

-- doctor_workless --
-- Partners that have a token and no wijk where they work, now or later.
select o.gemeente, o.slug from hub.organisations o
where exists (
    select from hub.tokens t
    where (t.gemeente, t.organisation) = (o.gemeente, o.id) and t.revoked_at is null and t.expires_at > hub.now())
  and not exists (
    select from hub.organisation_wijken w
    where (w.gemeente, w.organisation) = (o.gemeente, o.id) and w.works_until >= hub.today())
order by o.gemeente, o.slug

-- doctor_agreements --
-- How many agreements in force end within 60, 30 and 7 days with nothing after it for one of their parties, by gemeente.
select a.gemeente, count(*)::int as within_60, count(*) filter (where d.days <= 30)::int as within_30,
  count(*) filter (where d.days <= 7)::int as within_7
from hub.agreements a
cross join lateral (select hub.last_day(a.gemeente, a.id, a.version) - hub.today() as days) d
where d.days <= 60 and hub.agreement_state(a.gemeente, a.id, a.version) = 'IN_FORCE'
  and exists (select from unnest(a.parties) p (party) where not hub.has_next(a.gemeente, a.id, a.version, p.party))
group by a.gemeente order by a.gemeente

-- SPDX-License-Identifier: EUPL-1.2
-- The ledger's lines with what they have in common worked out once: each call of hub.now() is a statement of its own.
set local role hub_recorder;
create or replace function hub.log_reads(kinds text[], owners uuid[], agreements uuid[], hidden text[], counts int[], shown int[], ids uuid[],
    in_operation text)
  returns table (agreement uuid, version int, activity text, activity_version int, records int)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  here constant text := hub.gemeente();
  reads constant uuid := hub.asker();
  moment constant timestamptz := hub.now();
  today constant date := hub.today();
  told constant date := today + coalesce(
    (select o.ledger_delay_days from hub.organisations o where o.gemeente = here and o.id = reads), 0);
begin
  -- in plpgsql, for a plan that is kept: planning it anew would take longer than carrying it out
  return query with lines as (
    select u.*, sum(u.shown) over (order by u.n)::int as until
    from unnest(kinds, owners, agreements, hidden, counts, shown) with ordinality u(kind, owner, agreement, hidden, records, shown, n))
  insert into hub.read_ledger (gemeente, owner, reader, actor, at, on_day, told_on, agreement, version, purpose, kind, records, fields,
    operation, ids, trace, activity, activity_version)
  select here, l.owner, reads, hub.actor(), moment, today, told, a.id, a.version, a.purpose, l.kind, l.records,
    array(select f.field from hub.contribution_fields f
      where f.kind = l.kind and f.shown_from <> 'OWN' and f.field <> all (string_to_array(l.hidden, ',')) order by f.field),
    in_operation, ids[l.until - l.shown + 1 : l.until], hub.trace(), p.code, p.version
  from lines l
  join lateral (
    select x.id, x.version, x.purpose from hub.agreements x where x.gemeente = here and x.id = l.agreement
      and exists (
        select from hub.agreement_rules r
        where r.gemeente = x.gemeente and r.agreement = x.id and r.version = x.version and r.receiver = reads and r.provider = l.owner)
    -- the version that shows records now, before one that was only proposed
    order by exists (
      select from hub.grants g
      where g.gemeente = x.gemeente and g.agreement = x.id and g.version = x.version and g.receiver = reads
        and today between g.valid_from and g.valid_until) desc, x.version desc limit 1) a on true
  left join lateral (
    select v.code, v.version from hub.agreement_activities m
    join hub.processing_activities v on v.gemeente = m.gemeente and v.organisation = m.organisation and v.code = m.code
      and v.valid_from <= today
    where m.gemeente = here and m.organisation = reads and m.agreement = l.agreement
    order by v.version desc limit 1) p on true
  returning agreement, version, activity, activity_version, records;
end $$;
reset role;

-- SPDX-License-Identifier: EUPL-1.2
-- Of what is gone the feed tells who could see it, and as much as could be seen: also when one transaction brings and takes a record, takes
-- it and begins to share, or takes what a later one brought; in each wijk of a record in several, and of each stay of a record that comes back.

-- Who could see a record in a slice, by the day on which it was recorded; and whether the transaction that takes it away brought it there
-- itself, so that nobody did.
drop function hub.who_sees(hub.feed_items);
create function hub.who_sees(in_gemeente text, in_slice uuid, of_day date) returns uuid[] language sql stable as $$
  select array(
    select distinct g.receiver from hub.grants g
    where g.gemeente = in_gemeente and g.slice = in_slice and g.rank > 0
      and (select hub.today()) between g.valid_from and g.valid_until
      and of_day between g.covers_from and g.valid_until and of_day > (select hub.today()) - g.keep_days
    order by g.receiver)
$$;
create function hub.brought_by_itself(f hub.feed_items) returns boolean language sql stable as $$
  select coalesce((
    select e.change = 'CREATED' or 'slice' = any (e.changed)
    -- offset 0: by the record, of which there are few, whatever else the transaction did in that slice
    from (select * from hub.feed_items x where x.gemeente = f.gemeente and x.record = f.record offset 0) e
    where e.slice = f.slice and e.xid = f.xid order by e.seq limit 1), false)
$$;
grant execute on function hub.who_sees(text, uuid, date), hub.brought_by_itself(hub.feed_items) to hub_recorder;
create policy recorder_reads_its_own on hub.feed_items for select to hub_recorder using (xid = pg_current_xact_id_if_assigned());

set local role hub_recorder;
create or replace function hub.note_who_saw() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform hub.check_sees_commits();
  new.seen_by := hub.who_sees(new.gemeente, new.slice, new.recorded_on);
  if new.seen_by <> '{}' and hub.brought_by_itself(new) then
    new.seen_by := '{}';
  end if;
  return new;
end $$;

-- At the commit all that the transaction took away of an owner is looked at together: one by one it took as long as taking it away.
create or replace function hub.note_who_saw_last() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
declare
  looked_at text := nullif(current_setting('hub.departures', true), '');  -- owner/seq
begin
  if split_part(looked_at, '/', 1) = new.owner::text and split_part(looked_at, '/', 2)::bigint >= new.seq then
    return null;
  end if;
  perform pg_advisory_xact_lock_shared(hub.slices_lock(new.gemeente, new.owner));
  with gone as materialized (
    select f.seq, f.slice, f.recorded_on from hub.feed_items f
    where f.gemeente = new.gemeente and f.owner = new.owner and f.xid = new.xid and f.change = 'WITHDRAWN'),
  seers as materialized (
    select d.slice, d.recorded_on, hub.who_sees(new.gemeente, d.slice, d.recorded_on) as sees
    from (select distinct g.slice, g.recorded_on from gone g) d),
  more as (
    update hub.feed_items f set seen_by = f.seen_by || s.sees from seers s
    where f.gemeente = new.gemeente and f.owner = new.owner and f.xid = new.xid and f.change = 'WITHDRAWN'
      and (s.slice, s.recorded_on) = (f.slice, f.recorded_on)
      -- nearly always nobody comes in between: only then what the transaction itself did is looked at
      and case when s.sees <@ f.seen_by then false else not hub.brought_by_itself(f) end)
  select set_config('hub.departures', concat_ws('/', new.owner, max(g.seq)), true) into looked_at from gone g;
  return null;
end $$;
reset role;
create index feed_items_gone on hub.feed_items (gemeente, owner, xid) where change = 'WITHDRAWN';

-- Who begins to see by a decision did not see what the same transaction took away before: that is looked at first, now that the locks are held
-- and the grants are those of before.
select hub.reword('hub.on_decision()', array[
  ['  perform hub.compile_grants(new.gemeente, null, new.agreement);',
   '  set constraints hub.who_saw_last immediate;
  set constraints hub.who_saw_last deferred;
  perform hub.compile_grants(new.gemeente, null, new.agreement);']]);

-- A record can be in a slice more than once: what the feed tells of one stay there follows from the item by which that stay ended, whatever
-- became of it later. What happened to one record is in the order of its numbers: an older transaction can take away what a newer one
-- brought, and in the order of the feed the newer one comes after it, as if it were there again. Of a record in several wijken each of its
-- slices is looked at by itself. That a field was changed is not told of what is gone: who was shown less of it then would learn it by what is
-- agreed now.
select hub.reword('hub.feed_granted(uuid, text[], boolean, xid8, bigint, xid8, xid8, uuid, int)', array[
  [('g.shows or ''slice'' = any (f.changed))' || before), format('g.shows or ''slice'' = any (f.changed))
      and not exists (
        select from (%s) l
        where (select hub.asker()) = any (l.seen_by) is not true or l.xid < f.xid or f.change = ''UPDATED'' and ''slice'' <> all (f.changed))',
    format(end_of_stay, 'f'))],
  [('b.shows or ''slice'' = any (f.changed))' || before), format('b.shows or ''slice'' = any (f.changed))
      and not exists (
        select from (%s) l where l.xid < f.xid or f.change = ''UPDATED'' and ''slice'' <> all (f.changed))', format(end_of_stay, 'f'))],
  ['hub.best_grant(f.slices, f.recorded_on, in_wijk) b', format('hub.best_grant(array(
      select s.slice from unnest(f.slices) s(slice)
      where not exists (
        select from (%s) l where (select hub.asker()) = any (l.seen_by) is not true)), f.recorded_on, in_wijk) b', format(end_of_stay, 's'))]])
from (select '
      and not exists (
        select from hub.feed_items l
        where l.gemeente = f.gemeente and l.record = f.record and l.slice = f.slice and l.change = ''WITHDRAWN''
          and (l.xid, l.seq) >= (f.xid, f.seq) and (select hub.asker()) = any (l.seen_by) is not true)' as before,
  'select l.* from hub.feed_items l
          where l.gemeente = f.gemeente and l.record = f.record and l.slice = %s.slice and l.change = ''WITHDRAWN'' and l.seq >= f.seq
          order by l.seq limit 1' as end_of_stay) t;

-- Of one owner at a time: a commit that takes records away waits for whoever decides about their owner's, and two owners' decisions have
-- nothing to do with one another.
select hub.reword('hub.retain(text, text, text, int)', array[
  ['  due := format(''select %s %s %s limit $3'', (select string_agg(''s.'' || c, '', '') from unnest(scope.keys) c),
    hub.past_term(of_kind, of_state), case when of_kind = ''FEED'' then ''order by s.record, s.seq'' end);',
   '  due := format(''select %s %s %s limit $3'', (select string_agg(''s.'' || c, '', '') from unnest(scope.keys) c),
    hub.past_term(of_kind, of_state), case
      when of_kind = ''FEED'' then ''order by s.record, s.seq''
      when scope.of_records then format(''and s.owner = (select s.owner %s limit 1 for update of s skip locked)'', hub.past_term(of_kind, of_state)) end);']]);

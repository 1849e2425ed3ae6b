-- SPDX-License-Identifier: EUPL-1.2
-- Of a record that is gone the feed tells whoever could see it then, and nobody else. Whoever was granted a slice later was told of all
-- that had ever been in it: that a record was reported and withdrawn, moved, or marked "never share" before anything was agreed.

-- On an item by which a record leaves a slice: who could see it there at that moment.
alter table hub.feed_items add column seen_by uuid[];
select hub.let_retention('feed_items', '{seq}', '{seen_by}', false);

create function hub.who_sees(f hub.feed_items) returns uuid[] language sql stable as $$
  select array(
    select distinct g.receiver from hub.grants g
    where g.gemeente = f.gemeente and g.slice = f.slice and g.rank > 0
      and (select hub.today()) between g.valid_from and g.valid_until
      and f.recorded_on between g.covers_from and g.valid_until and f.recorded_on > (select hub.today()) - g.keep_days
    order by g.receiver)
$$;
grant execute on function hub.who_sees(hub.feed_items) to hub_recorder;

create function hub.note_who_saw() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform hub.check_sees_commits();
  new.seen_by := hub.who_sees(new);
  return new;
end $$;

-- As with a new slice it is looked at again at the commit, which waits for decisions then: nobody begins to see a record meanwhile and is
-- never told that it is gone.
create function hub.note_who_saw_last() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock_shared(hub.slices_lock(new.gemeente, new.owner));
  update hub.feed_items f set seen_by = new.seen_by || hub.who_sees(new)
  where (f.gemeente, f.owner, f.id) = (new.gemeente, new.owner, new.id) and not hub.who_sees(new) <@ new.seen_by;
  return null;
end $$;
create policy recorder_looks_again on hub.feed_items to hub_recorder using (change = 'WITHDRAWN');
grant update (seen_by) on hub.feed_items to hub_recorder;
alter function hub.note_who_saw() owner to hub_recorder;
alter function hub.note_who_saw_last() owner to hub_recorder;
set local role hub_recorder;
grant execute on function hub.note_who_saw(), hub.note_who_saw_last() to hub_owner;
reset role;
create trigger who_saw before insert on hub.feed_items
  for each row when (new.change = 'WITHDRAWN') execute function hub.note_who_saw();
create constraint trigger who_saw_last after insert on hub.feed_items deferrable initially deferred
  for each row when (new.change = 'WITHDRAWN') execute function hub.note_who_saw_last();

-- Of earlier items that much is known: with whom something had been agreed about the owner and the wijk.
alter table hub.feed_items no force row level security;
update hub.feed_items f set seen_by = array(
  select distinct a.receiver from hub.feed_items a
  where a.gemeente = f.gemeente and a.owner = f.owner and a.wijk = f.wijk and a.change = 'AGREEMENT_STARTED' and a.xid < f.xid
  order by a.receiver)
where f.change = 'WITHDRAWN';
alter table hub.feed_items force row level security;
alter table hub.feed_items add constraint feed_items_seen_by check ((change = 'WITHDRAWN') = (seen_by is not null));
create index feed_items_left on hub.feed_items (gemeente, record, slice) where change = 'WITHDRAWN';

-- No item whose record has left its slice since, or leaves it by the item, while the asker could not see it.
select hub.reword('hub.feed_granted(uuid, text[], boolean, xid8, bigint, xid8, xid8, uuid, int)', array[
  ['f.changed && g.shows or ''slice'' = any (f.changed))', 'f.changed && g.shows or ''slice'' = any (f.changed))' || not_unseen],
  ['f.changed && b.shows or ''slice'' = any (f.changed))', 'f.changed && b.shows or ''slice'' = any (f.changed))' || not_unseen]])
from (select '
      and not exists (
        select from hub.feed_items l
        where l.gemeente = f.gemeente and l.record = f.record and l.slice = f.slice and l.change = ''WITHDRAWN''
          and (l.xid, l.seq) >= (f.xid, f.seq) and (select hub.asker()) = any (l.seen_by) is not true)' as not_unseen) t;

-- What ends of an item ends with it. The items of a record go in their order: while it is not done, none is without what came after it.
select hub.reword('hub.retain(text, text, text, int)', array[
  ['recorded_on = null, changed = ''''{}'''', for_owner', 'recorded_on = null, changed = ''''{}'''', seen_by = null, for_owner'],
  ['select %s %s limit $3''', 'select %s %s %s limit $3'''],
  ['hub.past_term(of_kind, of_state));', 'hub.past_term(of_kind, of_state), case when of_kind = ''FEED'' then ''order by s.record, s.seq'' end);']]);
select hub.reword('hub.erase_some(text, uuid, int)', array[
  ['changed = ''''{}'''', for_owner', 'changed = ''''{}'''', seen_by = null, for_owner']]);

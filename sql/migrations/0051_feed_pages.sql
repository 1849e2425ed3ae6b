-- SPDX-License-Identifier: EUPL-1.2
-- A page of the feed costs what is on it, not how long the feed of its wijk is: each slice is read in the order of its index and no
-- further than the page can need. Before, all that the asker may see of a wijk's feed was sorted for every page of it.

-- Items of others for the asker, of whole records or of reduced ones: of each slice the first `n` after a place, in the order of
-- transactions; null: all until `until_xid`. Of the transactions before `whole_from`, those alone that come after an id in the order
-- of a batch.
create function hub.feed_granted(in_wijk uuid, kinds text[], whole boolean, after_xid xid8, after_seq bigint, until_xid xid8,
    whole_from xid8, after_reduced uuid, n int)
  returns table (item hub.feed_items, under uuid, hidden text[])
  language sql stable as $$
  with visible as (
    select g.*, exists (select from hub.contribution_kinds k where k.kind = g.kind and k.several) as several from hub.grants g
    where g.gemeente = (select hub.gemeente()) and g.receiver = (select hub.asker()) and g.wijk = in_wijk and g.rank > 0
      and (select hub.today()) between g.valid_from and g.valid_until
      and (kinds is null or g.kind = any (kinds)))
  select r.* from visible g
  cross join lateral (
    -- most slices are shared by one rule: whether any other could be better is asked once per grant, not per item
    select exists (
      select from visible b
      where b.slice = g.slice and (b.rank, g.agreed_at, g.agreement, g.rule) > (g.rank, b.agreed_at, b.agreement, b.rule)) as rivalled
    offset 0) v
  cross join lateral (
    select f, g.agreement, g.hidden from hub.feed_items f
    where f.gemeente = g.gemeente and f.slice = g.slice
      and (f.xid, f.seq) > (after_xid, after_seq) and f.xid < until_xid and (f.xid >= whole_from or f.reduced_id > after_reduced)
      and f.recorded_on between g.covers_from and g.valid_until and f.recorded_on > (select hub.today()) - g.keep_days
      and (f.change <> 'UPDATED' or f.changed && g.shows or 'slice' = any (f.changed))
      and (not v.rivalled or not exists (
        select from visible b
        where b.slice = g.slice and f.recorded_on between b.covers_from and b.valid_until
          and f.recorded_on > (select hub.today()) - b.keep_days
          and (b.rank, g.agreed_at, g.agreement, g.rule) > (g.rank, b.agreed_at, b.agreement, b.rule)))
    order by f.xid, f.seq limit n) r
  where (g.rank = 3) = whole and not g.several
  union all
  select r.* from (select distinct g.gemeente, g.slice from visible g where g.several) g
  cross join lateral (
    select f, b.agreement, b.hidden from hub.feed_items f
    cross join lateral hub.best_grant(f.slices, f.recorded_on, in_wijk) b
    where f.gemeente = g.gemeente and f.slice = g.slice
      and (f.xid, f.seq) > (after_xid, after_seq) and f.xid < until_xid and (f.xid >= whole_from or f.reduced_id > after_reduced)
      and (b.rank = 3) = whole
      and (f.change <> 'UPDATED' or f.changed && b.shows or 'slice' = any (f.changed))
    order by f.xid, f.seq limit n) r
$$;
grant execute on function hub.feed_granted(uuid, text[], boolean, xid8, bigint, xid8, xid8, uuid, int) to hub_door;

-- As migration 25 has it, page by page. Of the reduced stream, whose order within a batch tells nothing, it is first looked up in which
-- batch the page ends: as many items in the order of transactions do not reach further.
drop function hub.feed_of_wijk(uuid, text[], uuid, uuid, int);
create function hub.feed_of_wijk(in_wijk uuid, kinds text[], after_exact uuid, after_reduced uuid, n int)
  returns table (stream text, id uuid, on_day date, kind text, change text, owner uuid, wijk uuid, category text, record uuid,
    agreement uuid, under uuid, hidden text[])
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
  set enable_bitmapscan = off set enable_sort = off as $$
#variable_conflict use_column
declare
  here constant text := hub.gemeente();
  me constant uuid := hub.asker();
  -- below it every transaction has ended
  settled constant xid8 := pg_snapshot_xmin(pg_current_snapshot());
  exact_xid xid8 := '0';
  exact_seq bigint := -1;
  batch_from xid8 := '0';
  batch_until xid8 := '0';
  last_until xid8;
begin
  if after_exact is not null then
    select i.xid, i.seq into exact_xid, exact_seq from hub.feed_items i where i.gemeente = here and i.id = after_exact;
  end if;
  if after_reduced is not null then
    select c.from_xid, c.until_xid into batch_from, batch_until from hub.feed_items i
    join hub.feed_batches c on c.gemeente = i.gemeente and i.xid >= c.from_xid and i.xid < c.until_xid
    where i.gemeente = here and i.reduced_id = after_reduced;
  end if;
  select b.until_xid into last_until
  from (
    select (r.item).xid from hub.feed_granted(in_wijk, kinds, false, batch_from, -1, settled, batch_until, after_reduced, n) r
    order by 1 limit n) a
  join hub.feed_batches b on b.gemeente = here and a.xid >= b.from_xid and a.xid < b.until_xid
  order by b.number desc limit 1;
  return query
  with exact as (
    (select f, null::uuid as under, '{}'::text[] as hidden from hub.feed_items f
    where f.gemeente = here and f.owner = me and f.wijk = in_wijk and f.for_owner
      and (f.xid, f.seq) > (exact_xid, exact_seq) and f.xid < settled and (kinds is null or f.kind is null or f.kind = any (kinds))
    order by f.xid, f.seq limit n)
    union all
    (select f, null, '{}' from hub.feed_items f
    where f.gemeente = here and f.receiver = me and f.wijk = in_wijk
      and (f.xid, f.seq) > (exact_xid, exact_seq) and f.xid < settled and (kinds is null or f.kind is null or f.kind = any (kinds))
    order by f.xid, f.seq limit n)
    union all
    select r.item, r.under, r.hidden
    from hub.feed_granted(in_wijk, kinds, true, exact_xid, exact_seq, settled, '0', null, n) r),
  exact_page as (
    select 'EXACT' as stream, max((e.f).on_day) over places as merge_day, row_number() over places as place, (e.f).id, e.f, e.under,
      e.hidden
    from exact e
    window places as (order by (e.f).xid, (e.f).seq)
    order by (e.f).xid, (e.f).seq limit n),
  reduced_page as (
    select 'REDUCED' as stream, b.cut_on as merge_day, row_number() over places as place, (r.item).reduced_id, r.item, r.under, r.hidden
    from hub.feed_granted(in_wijk, kinds, false, batch_from, -1, last_until, batch_until, after_reduced, null) r
    join hub.feed_batches b on b.gemeente = here and (r.item).xid >= b.from_xid and (r.item).xid < b.until_xid
    window places as (order by b.number, (r.item).reduced_id)
    order by b.number, (r.item).reduced_id limit n)
  select p.stream, p.id, (p.f).on_day, (p.f).kind, (p.f).change, (p.f).owner, (p.f).wijk, (p.f).category, (p.f).record,
    (p.f).agreement, p.under, p.hidden
  from (select * from exact_page union all select * from reduced_page) p
  order by p.merge_day, p.stream, p.place limit n;
end $$;
grant execute on function hub.feed_of_wijk(uuid, text[], uuid, uuid, int) to hub_app;
alter function hub.feed_of_wijk(uuid, text[], uuid, uuid, int) owner to hub_door;

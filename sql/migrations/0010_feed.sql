-- SPDX-License-Identifier: EUPL-1.2
-- The door to the feed of a wijk, and the two questions that are answered by looking through someone's eyes.

-- Cursors are good for ever within an epoch; a restored backup begins a new one.
create table hub.epochs (
  number int primary key,
  began_at timestamptz not null default hub.now()
);
insert into hub.epochs (number) values (1);
grant select on hub.epochs to hub_app;

-- What happened in a wijk, as far as the asker may see it. Two streams, each with its own order: what the asker sees exactly
-- (its own, and EXACT grants) as it was committed; what it sees reduced by batch, and within a batch by random id. They are
-- merged by day. The two positions are given as items that the asker was handed before and looked up here: the order of
-- transactions never leaves the database. An item that tells of a change is shown only to those who see what changed, or to whom
-- the record came from another slice. Each item says under which agreement it is seen, and what that hides, for the read ledger.
create function hub.feed_of_wijk(in_wijk uuid, kinds text[], after_exact uuid, after_reduced uuid, n int)
  returns table (stream text, id uuid, on_day date, kind text, change text, owner uuid, wijk uuid, category text, record uuid,
    agreement uuid, under uuid, hidden text[])
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with visible as (
    select g.slice, g.rank, g.shows, g.hidden, g.covers_from, g.valid_until, g.keep_days, g.agreed_at, g.agreement, g.rule
    from hub.grants g
    where g.gemeente = hub.gemeente() and g.receiver = hub.asker() and g.wijk = in_wijk and g.rank > 0
      and hub.today() between g.valid_from and g.valid_until),
  granted as (
    select f.*, v.rank, v.agreement as under, v.hidden from visible v
    join hub.feed_items f on f.gemeente = hub.gemeente() and f.slice = v.slice
    where f.recorded_on between v.covers_from and v.valid_until and f.recorded_on > hub.today() - v.keep_days
      and (f.change <> 'UPDATED' or f.changed && v.shows or 'slice' = any (f.changed))
      and not exists (
        select from visible b
        where b.slice = v.slice and f.recorded_on between b.covers_from and b.valid_until
          and f.recorded_on > hub.today() - b.keep_days
          and (b.rank, v.agreed_at, v.agreement, v.rule) > (v.rank, b.agreed_at, b.agreement, b.rule))),
  exact as (
    select f.xid, f.seq, f.id, f.on_day, f.kind, f.change, f.owner, f.wijk, f.category, f.record, f.agreement,
      null::uuid as under, '{}'::text[] as hidden
    from hub.feed_items f
    where f.gemeente = hub.gemeente() and f.owner = hub.asker() and f.wijk = in_wijk and f.for_owner
    union all
    select f.xid, f.seq, f.id, f.on_day, f.kind, f.change, f.owner, f.wijk, f.category, f.record, f.agreement, f.under, f.hidden
    from granted f where f.rank = 3
    union all
    select f.xid, f.seq, f.id, f.on_day, f.kind, f.change, f.owner, f.wijk, f.category, f.record, f.agreement, null, '{}'
    from hub.feed_items f
    where f.gemeente = hub.gemeente() and f.receiver = hub.asker() and f.wijk = in_wijk),
  exact_page as (
    select 'EXACT' as stream, max(e.on_day) over (order by e.xid, e.seq) as merge_day,
      row_number() over (order by e.xid, e.seq) as place, e.id, e.on_day, e.kind, e.change, e.owner, e.wijk, e.category, e.record, e.agreement, e.under, e.hidden
    from exact e
    where e.xid < pg_snapshot_xmin(pg_current_snapshot()) and (kinds is null or e.kind is null or e.kind = any (kinds))
      and (after_exact is null or (e.xid, e.seq) >
        (select i.xid, i.seq from hub.feed_items i where i.gemeente = hub.gemeente() and i.id = after_exact))
    order by e.xid, e.seq limit n),
  reduced_page as (
    select 'REDUCED' as stream, b.cut_on as merge_day, row_number() over (order by b.number, f.reduced_id) as place,
      f.reduced_id, f.on_day, f.kind, f.change, f.owner, f.wijk, f.category, f.record, f.agreement, f.under, f.hidden
    from granted f
    join hub.feed_batches b on b.gemeente = hub.gemeente() and f.xid >= b.from_xid and f.xid < b.until_xid
    where f.rank < 3 and (kinds is null or f.kind = any (kinds))
      and (after_reduced is null or (b.number, f.reduced_id) > (
        select c.number, i.reduced_id from hub.feed_items i
        join hub.feed_batches c on c.gemeente = i.gemeente and i.xid >= c.from_xid and i.xid < c.until_xid
        where i.gemeente = hub.gemeente() and i.reduced_id = after_reduced))
    order by b.number, f.reduced_id limit n)
  select p.stream, p.id, p.on_day, p.kind, p.change, p.owner, p.wijk, p.category, p.record, p.agreement, p.under, p.hidden
  from (select * from exact_page union all select * from reduced_page) p
  order by p.merge_day, p.stream, p.place limit n
$$;
grant execute on function hub.feed_of_wijk(uuid, text[], uuid, uuid, int) to hub_app;
alter function hub.feed_of_wijk(uuid, text[], uuid, uuid, int) owner to hub_door;

-- Tells receivers that an agreement has begun or ended to show them an owner's records: once each, at the decision or on the
-- day that its term does it. After the end a receiver deletes what it has under the agreement.
create function hub.announce_agreements(in_gemeente text, of_agreement uuid) returns int
  language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with rules as (
    select distinct r.provider, r.receiver, w.wijk, a.id, a.version, hub.agreement_state(a.gemeente, a.id, a.version) as state
    from hub.agreements a
    join hub.agreement_rules r on (r.gemeente, r.agreement, r.version) = (a.gemeente, a.id, a.version)
    cross join lateral unnest(r.wijken) w(wijk)
    where a.gemeente = in_gemeente and (of_agreement is null or a.id = of_agreement) and r.precision <> 'COUNT'),
  changes as (
    select r.*, 'AGREEMENT_STARTED' as change from rules r where r.state = 'IN_FORCE'
    union all
    select r.*, 'AGREEMENT_ENDED' from rules r
    where r.state in ('ENDED', 'REVOKED') and exists (
      select from hub.feed_items f
      where (f.gemeente, f.receiver, f.owner, f.wijk, f.agreement, f.version, f.change) =
        (in_gemeente, r.receiver, r.provider, r.wijk, r.id, r.version, 'AGREEMENT_STARTED'))),
  told as (
    insert into hub.feed_items (gemeente, owner, wijk, change, for_owner, receiver, agreement, version)
    select in_gemeente, c.provider, c.wijk, c.change, false, c.receiver, c.id, c.version from changes c
    order by c.id, c.receiver, c.provider, c.wijk
    on conflict do nothing returning 1)
  select count(*)::int from told
$$;
grant execute on function hub.announce_agreements(text, uuid) to hub_app;
alter function hub.announce_agreements(text, uuid) owner to hub_recorder;
create policy recorder_reads on hub.feed_items for select to hub_recorder using (receiver is not null);
grant select on hub.feed_items to hub_recorder;

create function hub.on_decided() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform hub.announce_agreements(new.gemeente, new.agreement);
  return null;
end $$;
create trigger told after insert on hub.agreement_decisions for each row execute function hub.on_decided();
alter function hub.on_decided() owner to hub_recorder;

-- Whether a cursor's items exist: unknown ones are an error for the caller, not an empty page.
create function hub.feed_knows(exact uuid, reduced uuid) returns boolean
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select (exact is null or exists (select from hub.feed_items f where f.gemeente = hub.gemeente() and f.id = exact))
    and (reduced is null or exists (select from hub.feed_items f where f.gemeente = hub.gemeente() and f.reduced_id = reduced))
$$;
grant execute on function hub.feed_knows(uuid, uuid) to hub_app;
alter function hub.feed_knows(uuid, uuid) owner to hub_door;

-- What each receiver sees of one of the asker's own records: found by executing the receiver's door as the receiver, within
-- this transaction. A receiver to whom the record only counts is listed with COUNT.
create function hub.shown_as(of_kind text, of_record uuid)
  returns table (receiver uuid, "precision" text, fields text[], agreement uuid, wijk uuid, buurt uuid)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  me uuid := hub.asker();
  door text := format('shared_%s_by_id', (select k.table_name from hub.contribution_kinds k where k.kind = of_kind));
  own record;
  each record;
begin
  execute format('select s.slice, s.recorded_on, s.wijk from hub.%I s where s.gemeente = hub.gemeente() and s.owner = $1 and s.id = $2',
    (select k.table_name from hub.contribution_kinds k where k.kind = of_kind)) into own using me, of_record;
  for each in
    select g.receiver as organisation, max(g.rank) as rank,
      (array_agg(g.agreement order by g.rank desc, g.agreed_at, g.agreement, g.rule))[1] as agreement
    from hub.grants g
    where g.gemeente = hub.gemeente() and g.owner = me and g.slice = own.slice
      and hub.today() between g.valid_from and g.valid_until
      and own.recorded_on between g.covers_from and g.valid_until and own.recorded_on > hub.today() - g.keep_days
    group by g.receiver
  loop
    if each.rank = 0 then
      return query select each.organisation, 'COUNT'::text, '{}'::text[], each.agreement, own.wijk, null::uuid;
    else
      perform set_config('hub.organisation', each.organisation::text, true);
      return query execute format(
        'select $2::uuid, r.precision, array(select f.field from hub.contribution_fields f where f.kind = $3 and f.shown_from <> ''OWN''
           and f.field <> all (r.hidden) order by f.field), r.agreement, r.wijk, r.buurt from hub.%I(array[$1]) r', door)
        using of_record, each.organisation, of_kind;
      perform set_config('hub.organisation', me::text, true);
    end if;
  end loop;
end $$;
grant execute on function hub.shown_as(text, uuid) to hub_app;
alter function hub.shown_as(text, uuid) owner to hub_door;

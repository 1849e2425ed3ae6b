-- SPDX-License-Identifier: EUPL-1.2
-- Kinds of which one record can be about several wijken. It stands once: in `wijken`, its home (`wijk`) first, and so it has a slice
-- per wijk. An agreement about any of these shows it, in the list and the feed of the wijken that are agreed on; how, is said by the
-- best agreement of all of them, whole, wherever it is met.

alter table hub.contribution_kinds add column several boolean not null default false;

create function hub.all_different(ids uuid[]) returns boolean language sql immutable parallel safe as $$
  select cardinality(ids) = count(distinct u.id) from unnest(ids) u(id)
$$;

-- In the order of the wijken.
create function hub.slices_of(gemeente text, owner uuid, wijken uuid[], kind text, category text, profile uuid)
  returns uuid[] language sql immutable parallel safe as $$
  select array_agg(hub.slice_of(gemeente, owner, u.wijk, kind, category, profile) order by u.place)
  from unnest(wijken) with ordinality u(wijk, place)
$$;

create function hub.works_in_each(in_wijken uuid[]) returns boolean language sql stable parallel safe as $$
  select bool_and(hub.works_in(u.wijk)) from unnest(in_wijken) u(wijk)
$$;
grant execute on function hub.all_different(uuid[]), hub.slices_of(text, uuid, uuid[], text, text, uuid), hub.works_in_each(uuid[])
  to hub_app;

-- The grant of the asker by which it sees a record with these slices: the best of all of them, if one is about this wijk (null: any).
-- For doors alone, who ask as themselves.
create function hub.best_grant(of_slices uuid[], recorded_on date, in_wijk uuid)
  returns table (rank smallint, "precision" text, agreement uuid, fields text[], hidden text[], shows text[])
  language sql stable as $$
  select b.rank, b.precision, b.agreement, b.fields, b.hidden, b.shows
  from (
    select g.*, bool_or(in_wijk is null or g.wijk = in_wijk) over () as here
    from hub.grants g
    where g.gemeente = (select hub.gemeente()) and g.receiver = (select hub.asker()) and g.slice = any (of_slices) and g.rank > 0
      and (select hub.today()) between g.valid_from and g.valid_until
      and best_grant.recorded_on between g.covers_from and g.valid_until
      and best_grant.recorded_on > (select hub.today()) - g.keep_days
    order by g.rank desc, g.agreed_at, g.agreement, g.rule limit 1) b
  where b.here
$$;
grant execute on function hub.best_grant(uuid[], date, uuid) to hub_door;

-- One door of such a kind, with the names and columns of every kind's. What is asked for is asked of the rows as they are shown.
create function hub.make_several_door(of_kind text, of_table name, driver text, day_column name) returns void
  language plpgsql as $body$
declare
  shared name := 'shared_' || of_table || '_' || driver;
  whole name := of_table || '_' || driver;
  paged boolean := driver <> 'by_id';
  down boolean := driver <> 'oldest';
  has_status boolean;
  result text; reduced text; own text; words text; signature text; arguments text; wanted text := ''; page text := '';
begin
  select string_agg(format('%I %s', d.column_name, d.type), ', ' order by d.place),
    string_agg(format('%s as %I', d.reduced, d.column_name), ', ' order by d.place),
    string_agg(format('s.%I', d.column_name), ', ' order by d.place),
    coalesce(string_agg(format('position(lower(words) in lower(r.%I)) > 0', d.column_name), ' or ' order by d.place)
      filter (where d.is_text), 'false'),
    bool_or(d.column_name = 'status')
  into result, reduced, own, words, has_status
  from hub.door_columns(of_kind, ('hub.' || of_table)::regclass) d;
  result := 'id uuid, owner uuid, wijk uuid, day date, recorded_on date, invented boolean, "precision" text, agreement uuid, hidden text[], ' || result;
  signature := 'ids uuid[]';
  arguments := 'ids';
  if paged then
    signature := 'in_wijk uuid, of_owner uuid, categories text[], statuses text[], in_buurt uuid, from_day date, until_day date,'
      ' is_closed boolean, words text, after_day date, after_id uuid, n int';
    arguments := 'in_wijk, of_owner, categories, statuses, in_buurt, from_day, until_day, is_closed, words, after_day, after_id, n';
    wanted := format('where (of_owner is null or r.owner = of_owner) and (categories is null or r.category = any (categories))
        and (statuses is null%s) and (in_buurt is null or r.buurt = in_buurt)
        and (from_day is null or r.day >= from_day) and (until_day is null or r.day <= until_day)
        and (is_closed is null or (r.closed_on is not null) = is_closed) and (words is null or %s)
        and (after_day is null or (r.day, r.id) %s (after_day, after_id))',
      case when has_status then ' or r.status = any (statuses)' else '' end, words,
      case when down then '<' else '>' end);
    page := format('order by r.day %1$s, r.id %1$s limit n', case when down then 'desc' else 'asc' end);
  end if;

  -- Driven by the grants: they name the slices, and an index finds what lies in one of them.
  execute format($f$
    create function hub.%1$I(%2$s) returns table (%3$s)
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
      select r.* from (
        select s.id, s.owner, s.wijk, s.%4$I as day, s.recorded_on, s.invented, g.precision, g.agreement, g.hidden, %5$s
        from hub.%6$I s
        cross join lateral hub.best_grant(s.slices, s.recorded_on, %7$s) g
        where s.gemeente = (select hub.gemeente()) and %8$s) r
      %9$s %10$s
    $$ $f$,
    shared, signature, result, day_column, reduced, of_table, case when paged then 'in_wijk' else 'null' end,
    case when paged then format('s.slices && array(
          select x.slice from hub.grants x
          where x.gemeente = (select hub.gemeente()) and x.receiver = (select hub.asker()) and x.wijk = in_wijk and x.kind = %L)', of_kind)
      else 's.id = any (ids)' end,
    wanted, page);
  execute format('grant execute on function hub.%I to hub_app', shared);
  execute format('alter function hub.%I owner to hub_door', shared);

  -- Own records come from the table itself, under its policy; nothing is hidden from the owner.
  execute format($f$
    create function hub.%1$I(%2$s) returns table (%3$s) language sql stable as $$
      select r.* from (
        (select r.* from (
          select s.id, s.owner, s.wijk, s.%4$I as day, s.recorded_on, s.invented, 'EXACT'::text as precision, null::uuid as agreement,
            '{}'::text[] as hidden, %5$s
          from hub.%6$I s
          where s.gemeente = (select hub.gemeente()) and s.owner = (select hub.asker()) and %7$s) r
        %8$s %9$s)
        union all
        (select * from hub.%10$I(%11$s))) r
      %9$s
    $$ $f$,
    whole, signature, result, day_column, own, of_table, case when paged then 'in_wijk = any (s.wijken)' else 's.id = any (ids)' end,
    wanted, page, shared, arguments);
  execute format('grant execute on function hub.%I to hub_app', whole);
end $body$;

-- History, slices and feed, as migration 6 writes them, with a slice and an item of the feed per wijk. An item keeps all slices that
-- the record has: who may read it is decided from them as it is for the record.
alter table hub.feed_items add column slices uuid[];

create or replace function hub.recorded(row_ jsonb) returns jsonb language sql immutable parallel safe as $$
  select row_ - array['gemeente', 'owner', 'slice', 'slices', 'profile', 'delivered_digest', 'source_version', 'changed_at', 'version', 'id']
$$;

create function hub.record_several_insert() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  fresh uuid[];
begin
  if exists (
      select from new_rows n cross join unnest(n.slices) p(slice)
      left join hub.slices s on (s.gemeente, s.owner, s.id) = (n.gemeente, n.owner, p.slice)
      where s.id is null) then
    perform hub.check_sees_commits();
    perform pg_advisory_xact_lock_shared(hub.agreements_lock((select gemeente from new_rows limit 1)));
    with made as (
      insert into hub.slices (gemeente, owner, id, wijk, kind, category, profile)
      select distinct n.gemeente, n.owner, p.slice, p.wijk, tg_argv[0], n.category, n.profile
      from new_rows n cross join unnest(n.wijken, n.slices) p(wijk, slice)
      order by p.slice
      on conflict do nothing returning id)
    select array_agg(id) into fresh from made;
    perform hub.compile_grants((select gemeente from new_rows limit 1), fresh, null);
  end if;
  if tg_op = 'INSERT' then
    insert into hub.history (gemeente, owner, kind, record, version, change, after)
    select n.gemeente, n.owner, tg_argv[0], n.id, n.version, 'CREATED', hub.recorded(to_jsonb(n)) from new_rows n order by n.id;
    insert into hub.feed_items (gemeente, owner, wijk, slice, slices, kind, category, change, record, recorded_on)
    select n.gemeente, n.owner, p.wijk, p.slice, n.slices, tg_argv[0], n.category, 'CREATED', n.id, n.recorded_on
    from new_rows n cross join unnest(n.wijken, n.slices) p(wijk, slice) order by n.id, p.wijk;
  end if;
  return null;
end $$;
alter function hub.record_several_insert() owner to hub_recorder;

create function hub.record_several_update() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  with difference as (
    select o.slices as old_slices, o.wijken as old_wijken, o.category as old_category, n.gemeente, n.owner, n.id, n.wijken, n.slices,
      n.category, n.version, n.recorded_on, d.keys, d.before, d.after,
      case when o.closed_on is null and n.closed_on is not null then 'CLOSED'
        when o.closed_on is not null and n.closed_on is null then 'REOPENED' else 'UPDATED' end as change
    from old_rows o join new_rows n on (n.gemeente, n.owner, n.id) = (o.gemeente, o.owner, o.id)
    cross join lateral (
      select hub.recorded(to_jsonb(o)) as was, hub.recorded(to_jsonb(n)) as became offset 0) j
    cross join lateral (
      select array_agg(e.key order by e.key) as keys, jsonb_object_agg(e.key, e.value) as after,
        jsonb_object_agg(e.key, j.was -> e.key) as before
      from jsonb_each(j.became) e where e.value is distinct from j.was -> e.key) d
    where d.keys is not null),
  remembered as (
    insert into hub.history (gemeente, owner, kind, record, version, change, before, after)
    select gemeente, owner, tg_argv[0], id, version, change, before, after from difference order by id)
  -- where a slice is left the record is gone, for its owner too when it is the wijk that is left; where one is new it is there again
  insert into hub.feed_items (gemeente, owner, wijk, slice, slices, kind, category, change, record, recorded_on, changed, for_owner)
  select f.gemeente, f.owner, f.wijk, f.slice, f.slices, tg_argv[0], f.category, f.change, f.id, f.recorded_on, f.keys, f.for_owner
  from (
    select d.gemeente, d.owner, p.wijk, p.slice, d.old_slices as slices, d.old_category as category, 'WITHDRAWN' as change, d.id,
      d.recorded_on, '{}'::text[] as keys, p.wijk <> all (d.wijken) as for_owner, 1 as step
    from difference d cross join unnest(d.old_wijken, d.old_slices) p(wijk, slice) where p.slice <> all (d.slices)
    union all
    select d.gemeente, d.owner, p.wijk, p.slice, d.slices, d.category, d.change, d.id, d.recorded_on,
      case when p.slice <> all (d.old_slices) then d.keys || 'slice'::text else d.keys end, true, 2
    from difference d cross join unnest(d.wijken, d.slices) p(wijk, slice)) f
  order by f.step, f.id, f.wijk;
  return null;
end $$;
alter function hub.record_several_update() owner to hub_recorder;

create function hub.record_several_delete() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into hub.history (gemeente, owner, kind, record, version, change, before)
  select o.gemeente, o.owner, tg_argv[0], o.id, o.version + 1, 'WITHDRAWN', hub.recorded(to_jsonb(o)) from old_rows o order by o.id;
  insert into hub.feed_items (gemeente, owner, wijk, slice, slices, kind, category, change, record, recorded_on)
  select o.gemeente, o.owner, p.wijk, p.slice, o.slices, tg_argv[0], o.category, 'WITHDRAWN', o.id, o.recorded_on
  from old_rows o cross join unnest(o.wijken, o.slices) p(wijk, slice) order by o.id, p.wijk;
  return null;
end $$;
alter function hub.record_several_delete() owner to hub_recorder;

set local role hub_recorder;
grant execute on function hub.record_several_insert(), hub.record_several_update(), hub.record_several_delete() to hub_owner;
reset role;

-- who owns them replaces them
set local role hub_door;

-- The feed of a wijk, as migration 10 has it; of a record in several wijken an item is seen as the record itself is.
create or replace function hub.feed_of_wijk(in_wijk uuid, kinds text[], after_exact uuid, after_reduced uuid, n int)
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
    join hub.feed_items f on f.gemeente = hub.gemeente() and f.slice = v.slice and f.slices is null
    where f.recorded_on between v.covers_from and v.valid_until and f.recorded_on > hub.today() - v.keep_days
      and (f.change <> 'UPDATED' or f.changed && v.shows or 'slice' = any (f.changed))
      and not exists (
        select from visible b
        where b.slice = v.slice and f.recorded_on between b.covers_from and b.valid_until
          and f.recorded_on > hub.today() - b.keep_days
          and (b.rank, v.agreed_at, v.agreement, v.rule) > (v.rank, b.agreed_at, b.agreement, b.rule))
    union all
    select f.*, g.rank, g.agreement, g.hidden from (select distinct v.slice from visible v) v
    join hub.feed_items f on f.gemeente = hub.gemeente() and f.slice = v.slice and f.slices is not null
    cross join lateral hub.best_grant(f.slices, f.recorded_on, in_wijk) g
    where f.change <> 'UPDATED' or f.changed && g.shows or 'slice' = any (f.changed)),
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

-- What each receiver sees of an own record, as migration 10 has it, by any of its slices.
create or replace function hub.shown_as(of_kind text, of_record uuid)
  returns table (receiver uuid, "precision" text, fields text[], agreement uuid, wijk uuid, buurt uuid)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  me uuid := hub.asker();
  known hub.contribution_kinds := (select k from hub.contribution_kinds k where k.kind = of_kind);
  door name := 'shared_' || known.table_name || '_by_id';
  own record;
  each record;
begin
  execute format(
    'select %s as slices, s.recorded_on, s.wijk from hub.%I s where s.gemeente = hub.gemeente() and s.owner = $1 and s.id = $2',
    case when known.several then 's.slices' else 'array[s.slice]' end, known.table_name) into own using me, of_record;
  for each in
    select g.receiver as organisation, max(g.rank) as rank,
      (array_agg(g.agreement order by g.rank desc, g.agreed_at, g.agreement, g.rule))[1] as agreement
    from hub.grants g
    where g.gemeente = hub.gemeente() and g.owner = me and g.slice = any (own.slices)
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
reset role;

-- Makes `of_table` a guarded contribution. With `several` one record can be about several wijken.
create function hub.make_several(of_kind text, of_table name, day_column name) returns void language plpgsql as $body$
declare
  each text;
begin
  execute format('alter table hub.%1$I add column slices uuid[] not null
    generated always as (hub.slices_of(gemeente, owner, wijken, %2$L, category, profile)) stored', of_table, of_kind);
  execute format('alter table hub.%I add check ((wijken[1] = wijk) is true and cardinality(wijken) <= 50 and hub.all_different(wijken))', of_table);
  execute format('create index on hub.%I using gin (slices)', of_table);
  execute format('create index on hub.%I (gemeente, owner, %I desc, id desc)', of_table, day_column);
  execute format('grant select (slices) on hub.%I to hub_door', of_table);
  execute format('create policy every_wijk_new on hub.%I as restrictive for insert to hub_app
    with check (hub.works_in_each(wijken))', of_table);
  execute format('create policy every_wijk_change on hub.%I as restrictive for update to hub_app
    with check (hub.works_in_each(wijken))', of_table);

  foreach each in array array['insert', 'slices', 'update', 'delete'] loop
    execute format('drop trigger recorded_%s on hub.%I', each, of_table);
  end loop;
  execute format('create trigger recorded_insert after insert on hub.%I referencing new table as new_rows
    for each statement execute function hub.record_several_insert(%L)', of_table, of_kind);
  execute format('create trigger recorded_slices after update on hub.%I referencing new table as new_rows
    for each statement execute function hub.record_several_insert(%L)', of_table, of_kind);
  execute format('create trigger recorded_update after update on hub.%I referencing old table as old_rows new table as new_rows
    for each statement execute function hub.record_several_update(%L)', of_table, of_kind);
  execute format('create trigger recorded_delete after delete on hub.%I referencing old table as old_rows
    for each statement execute function hub.record_several_delete(%L)', of_table, of_kind);

  update hub.contribution_kinds set several = true where kind = of_kind;
  foreach each in array array['newest', 'oldest', 'by_id'] loop
    execute format('drop function hub.%I, hub.%I', of_table || '_' || each, 'shared_' || of_table || '_' || each);
    perform hub.make_several_door(of_kind, of_table, each, day_column);
  end loop;
end $body$;

drop function hub.make_contribution(text, name, name, boolean);
create function hub.make_contribution(of_kind text, of_table name, day_column name, codes_only boolean default false,
    several boolean default false)
  returns void language plpgsql as $$
begin
  if codes_only then
    perform hub.check_codes_only(of_kind, ('hub.' || quote_ident(of_table))::regclass);
  end if;
  if several then
    execute format('alter table hub.%I add column wijken uuid[] not null', of_table);
  end if;
  perform hub.guard_contribution(of_kind, of_table, day_column);
  perform hub.keep_codes_only(of_kind, of_table);
  if several then
    perform hub.make_several(of_kind, of_table, day_column);
  end if;
  perform hub.make_part(p.maker, of_kind) from (select maker from hub.contribution_parts order by position) p;
end $$;

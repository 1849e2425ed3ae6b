-- SPDX-License-Identifier: EUPL-1.2
-- What every kind of contribution has in common. A kind is a table with its own columns, rows in contribution_fields, and one
-- call of hub.make_contribution(), which adds the rest: keys, policies, column grants, indexes, triggers, doors.

create table hub.contribution_kinds (
  kind text primary key,
  table_name name not null unique,
  day_column name not null
);
grant select on hub.contribution_kinds to hub_app, hub_door, hub_recorder;

-- Writes history and feed for a statement's rows, and makes their slices known. One function for every kind: its trigger names
-- the kind, and the rows are read as jsonb.
create function hub.recorded(row_ jsonb) returns jsonb language sql immutable parallel safe as $$
  select row_ - array['gemeente', 'owner', 'slice', 'profile', 'delivered_digest', 'source_version', 'changed_at', 'version', 'id']
$$;

grant execute on function hub.recorded(jsonb) to hub_recorder;

create function hub.record_insert() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  fresh uuid[];
begin
  if exists (select from new_rows n left join hub.slices s on (s.gemeente, s.owner, s.id) = (n.gemeente, n.owner, n.slice)
      where s.id is null) then
    perform hub.check_sees_commits();
    perform pg_advisory_xact_lock_shared(hub.agreements_lock((select gemeente from new_rows limit 1)));
    with made as (
      insert into hub.slices (gemeente, owner, id, wijk, kind, category, profile)
      select distinct n.gemeente, n.owner, n.slice, n.wijk, tg_argv[0], n.category, n.profile from new_rows n
      order by n.slice
      on conflict do nothing returning id)
    select array_agg(id) into fresh from made;
    perform hub.compile_grants((select gemeente from new_rows limit 1), fresh, null);
  end if;
  if tg_op = 'INSERT' then
    insert into hub.history (gemeente, owner, kind, record, version, change, after)
    select n.gemeente, n.owner, tg_argv[0], n.id, n.version, 'CREATED', hub.recorded(to_jsonb(n)) from new_rows n order by n.id;
    insert into hub.feed_items (gemeente, owner, wijk, slice, kind, category, change, record, recorded_on)
    select n.gemeente, n.owner, n.wijk, n.slice, tg_argv[0], n.category, 'CREATED', n.id, n.recorded_on from new_rows n order by n.id;
  end if;
  return null;
end $$;
alter function hub.record_insert() owner to hub_recorder;

create function hub.record_update() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  with difference as (
    select o.slice as old_slice, o.wijk as old_wijk, o.category as old_category, n.gemeente, n.owner, n.id, n.wijk, n.slice,
      n.category, n.version, n.recorded_on, d.keys, d.before, d.after,
      case when o.closed_on is null and n.closed_on is not null then 'CLOSED'
        when o.closed_on is not null and n.closed_on is null then 'REOPENED' else 'UPDATED' end as change
    from old_rows o join new_rows n on (n.gemeente, n.owner, n.id) = (o.gemeente, o.owner, o.id)
    -- offset 0: each row is made jsonb once, not once per key
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
  -- for receivers of the old slice the record is gone, before it is there again for those of the new one; its owner knows better
  insert into hub.feed_items (gemeente, owner, wijk, slice, kind, category, change, record, recorded_on, changed, for_owner)
  select f.gemeente, f.owner, f.wijk, f.slice, tg_argv[0], f.category, f.change, f.id, f.recorded_on, f.keys, f.step = 2
  from (
    select d.gemeente, d.owner, d.old_wijk as wijk, d.old_slice as slice, d.old_category as category, 'WITHDRAWN' as change, d.id,
      d.recorded_on, '{}'::text[] as keys, 1 as step
    from difference d where d.old_slice <> d.slice
    union all
    select d.gemeente, d.owner, d.wijk, d.slice, d.category, d.change, d.id, d.recorded_on,
      case when d.old_slice <> d.slice then d.keys || 'slice'::text else d.keys end, 2 from difference d) f
  order by f.step, f.id;
  return null;
end $$;
alter function hub.record_update() owner to hub_recorder;

create function hub.record_delete() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into hub.history (gemeente, owner, kind, record, version, change, before)
  select o.gemeente, o.owner, tg_argv[0], o.id, o.version + 1, 'WITHDRAWN', hub.recorded(to_jsonb(o)) from old_rows o order by o.id;
  insert into hub.feed_items (gemeente, owner, wijk, slice, kind, category, change, record, recorded_on)
  select o.gemeente, o.owner, o.wijk, o.slice, tg_argv[0], o.category, 'WITHDRAWN', o.id, o.recorded_on from old_rows o order by o.id;
  return null;
end $$;
alter function hub.record_delete() owner to hub_recorder;

-- the owner of a table needs this to hang a trigger on it
set local role hub_recorder;
grant execute on function hub.record_insert(), hub.record_update(), hub.record_delete() to hub_owner;
reset role;

-- The columns of a kind's doors: their expression on the base row `s` under a grant `g`, and their type.
create function hub.door_columns(of_kind text, of_table regclass)
  returns table (place bigint, field text, column_name name, type text, shown_from text, listed boolean, is_text boolean, reduced text)
  language sql stable as $$
  select row_number() over (order by a.attnum), f.field, a.attname, format_type(a.atttypid, a.atttypmod), f.shown_from, f.listed, f.is_text,
    case
      when f.shown_from = 'OWN' then format('null::%s', format_type(a.atttypid, a.atttypmod))
      when f.shown_from = 'WIJK' and not f.listed then format('s.%I', a.attname)
      else format('case when g.rank >= %s%s then s.%I end', hub.rank_of(f.shown_from),
        case when f.listed then format(' and %L = any (g.fields)', f.field) else '' end, a.attname) end
  from hub.contribution_fields f
  cross join lateral unnest(f.columns) c
  join pg_attribute a on a.attrelid = of_table and a.attname = c
  where f.kind = of_kind
$$;

-- One door: records of others for the asker, or all that the asker may see (own whole, others' reduced), as one function.
--   driver: how records are found: 'newest' and 'oldest' page through one wijk; 'by_id' looks up given ids.
create function hub.make_door(of_kind text, of_table name, driver text, day_column name) returns void
  language plpgsql as $body$
declare
  columns text; own_columns text; result text; predicate text; own_predicate text; order_by text; page text; words text; own_words text;
  signature text; arguments text; shared name := 'shared_' || of_table || '_' || driver; whole name := of_table || '_' || driver;
  has_status boolean := exists (select from pg_attribute where attrelid = ('hub.' || of_table)::regclass and attname = 'status');
begin
  select string_agg(format('%s as %I', d.reduced, d.column_name), ', ' order by d.place),
    string_agg(format('s.%I', d.column_name), ', ' order by d.place),
    string_agg(format('%I %s', d.column_name, d.type), ', ' order by d.place),
    coalesce(string_agg(format('position(lower(words) in lower(%s)) > 0', d.reduced), ' or ' order by d.place)
      filter (where d.is_text and d.shown_from <> 'OWN'), 'false'),
    coalesce(string_agg(format('position(lower(words) in lower(s.%I)) > 0', d.column_name), ' or ' order by d.place)
      filter (where d.is_text), 'false')
  into columns, own_columns, result, words, own_words
  from hub.door_columns(of_kind, ('hub.' || of_table)::regclass) d;

  result := 'id uuid, owner uuid, wijk uuid, day date, recorded_on date, invented boolean, "precision" text, agreement uuid, hidden text[], ' || result;
  if driver = 'by_id' then
    signature := 'ids uuid[]';
    arguments := 'ids';
    predicate := 's.id = any (ids)';
    own_predicate := predicate;
    order_by := '';
    page := '';
  else
    signature := 'in_wijk uuid, of_owner uuid, categories text[], statuses text[], in_buurt uuid, from_day date, until_day date,'
      ' is_closed boolean, words text, after_day date, after_id uuid, n int';
    arguments := 'in_wijk, of_owner, categories, statuses, in_buurt, from_day, until_day, is_closed, words, after_day, after_id, n';
    order_by := format('order by %%1$s %1$s, %%2$s %1$s', case driver when 'oldest' then 'asc' else 'desc' end);
    page := 'limit n';
    own_predicate := format('s.wijk = in_wijk
      and (categories is null or s.category = any (categories)) %s
      and (from_day is null or s.%2$I >= from_day) and (until_day is null or s.%2$I <= until_day)
      and (is_closed is null or (s.closed_on is not null) = is_closed)
      and (after_day is null or (s.%2$I, s.id) %3$s (after_day, after_id))',
      case when has_status then 'and (statuses is null or s.status = any (statuses))' else 'and statuses is null' end,
      day_column, case driver when 'oldest' then '>' else '<' end);
    predicate := own_predicate || format('
      and (in_buurt is null or (g.rank >= %s and s.buurt = in_buurt)) and (words is null or %s)', hub.rank_of('BUURT'), words);
    own_predicate := own_predicate || format('
      and (in_buurt is null or s.buurt = in_buurt) and (words is null or %s)', own_words);
  end if;

  -- Driven by the grants: each slice's own index gives its newest; the better of two agreements shows a record, whole.
  execute format($f$
    create function hub.%1$I(%2$s) returns table (%3$s)
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
      select r.* from hub.grants g
      cross join lateral (
        -- most slices are shared by one rule: whether any other could be better is asked once per grant, not per record
        select exists (
          select from hub.grants b
          where b.gemeente = g.gemeente and b.receiver = g.receiver and b.slice = g.slice
            and (b.rank, g.agreed_at, g.agreement, g.rule) > (g.rank, b.agreed_at, b.agreement, b.rule)) as rivalled offset 0) v
      cross join lateral (
        select s.id, s.owner, s.wijk, s.%4$I as day, s.recorded_on, s.invented, g.precision, g.agreement, g.hidden, %5$s
        from hub.%6$I s
        where s.gemeente = g.gemeente and s.slice = g.slice
          and s.recorded_on between g.covers_from and g.valid_until and s.recorded_on > (select hub.today()) - g.keep_days
          and %7$s
          and (not v.rivalled or not exists (
            select from hub.grants b
            where b.gemeente = g.gemeente and b.receiver = g.receiver and b.slice = g.slice
              and (select hub.today()) between b.valid_from and b.valid_until
              and s.recorded_on between b.covers_from and b.valid_until and s.recorded_on > (select hub.today()) - b.keep_days
              and (b.rank, g.agreed_at, g.agreement, g.rule) > (g.rank, b.agreed_at, b.agreement, b.rule)))
        %8$s %9$s) r
      where g.gemeente = (select hub.gemeente()) and g.receiver = (select hub.asker()) and g.kind = %10$L and g.rank > 0
        and (select hub.today()) between g.valid_from and g.valid_until %11$s
      %12$s %9$s
    $$ $f$,
    shared, signature, result, day_column, columns, of_table, predicate, format(order_by, 's.' || quote_ident(day_column), 's.id'), page,
    of_kind, case driver when 'by_id' then '' else 'and g.wijk = in_wijk and (of_owner is null or g.owner = of_owner)' end,
    format(order_by, 'r.day', 'r.id'));
  execute format('grant execute on function hub.%I to hub_app', shared);
  execute format('alter function hub.%I owner to hub_door', shared);

  -- Own records come from the table itself, under its policy; nothing is hidden from the owner.
  execute format($f$
    create function hub.%1$I(%2$s) returns table (%3$s) language sql stable as $$
      select u.* from (
        (select s.id, s.owner, s.wijk, s.%4$I as day, s.recorded_on, s.invented, 'EXACT'::text as precision, null::uuid as agreement,
          '{}'::text[] as hidden, %5$s
        from hub.%6$I s
        where s.gemeente = (select hub.gemeente()) and s.owner = (select hub.asker()) %13$s and %7$s
        %8$s %9$s)
        union all
        (select * from hub.%10$I(%11$s))) u
      %12$s %9$s
    $$ $f$,
    whole, signature, result, day_column, own_columns, of_table, own_predicate, format(order_by, 's.' || quote_ident(day_column), 's.id'), page,
    shared, arguments, format(order_by, 'u.day', 'u.id'),
    case driver when 'by_id' then '' else 'and (of_owner is null or s.owner = of_owner)' end);
  execute format('grant execute on function hub.%I to hub_app', whole);
end $body$;

-- Makes `of_table` a guarded contribution of kind `of_kind`, ordered by `day_column`. The table has its own columns, `category`
-- among them; contribution_fields has a row for each field that a partner may see.
create function hub.make_contribution(of_kind text, of_table name, day_column name) returns void
  language plpgsql as $body$
declare
  t regclass := ('hub.' || of_table)::regclass;
  shown text;
  own text;
begin
  -- adding a foreign key looks through the table that it points to, which the owner may do only while FORCE is lifted
  alter table hub.datasets no force row level security;
  alter table hub.organisation_wijken no force row level security;
  execute format($f$
    alter table hub.%1$I
      add column gemeente text not null default hub.gemeente() references hub.gemeenten on delete restrict,
      add column owner uuid not null default hub.asker(),
      add column id uuid not null,
      add column dataset text not null,
      add column external_id text check (length(external_id) between 1 and 200),
      add column source_version text check (length(source_version) between 1 and 200),
      add column delivered_digest bytea,
      add column wijk uuid not null,
      add column buurt uuid,
      add column profile uuid not null default hub.as_agreed(),
      add column slice uuid not null generated always as (hub.slice_of(gemeente, owner, wijk, %2$L, category, profile)) stored,
      add column recorded_on date not null default hub.today(),
      add column closed_on date,
      add column changed_at timestamptz not null default hub.now(),
      add column version int not null default 1,
      add column invented boolean not null default hub.is_demo(),
      add primary key (gemeente, owner, id),
      add unique (gemeente, owner, dataset, external_id),
      add foreign key (gemeente, owner, dataset) references hub.datasets on delete restrict,
      add foreign key (gemeente, owner, wijk) references hub.organisation_wijken (gemeente, organisation, wijk) on delete restrict,
      add foreign key (gemeente, wijk, buurt) references hub.buurten (gemeente, wijk, id) on delete restrict
    $f$, of_table, of_kind);
  alter table hub.datasets force row level security;
  alter table hub.organisation_wijken force row level security;
  execute format('create index on hub.%I (gemeente, owner, wijk, %I desc, id desc)', of_table, day_column);
  execute format('create index on hub.%I (gemeente, owner, changed_at desc, id desc)', of_table);
  execute format('create index on hub.%I (gemeente, slice, %I desc, id desc)', of_table, day_column);
  execute format('create index on hub.%I (gemeente, id)', of_table);

  execute format('alter table hub.%I enable row level security', of_table);
  execute format('alter table hub.%I force row level security', of_table);
  execute format('create policy own on hub.%I for select to hub_app
    using (gemeente = (select hub.gemeente()) and owner = (select hub.asker()))', of_table);
  -- One may write only in a wijk where one works today; taking away stays possible.
  execute format('create policy own_new on hub.%I for insert to hub_app
    with check (gemeente = (select hub.gemeente()) and owner = (select hub.asker()) and hub.works_in(wijk))', of_table);
  execute format('create policy own_change on hub.%I for update to hub_app
    using (gemeente = (select hub.gemeente()) and owner = (select hub.asker()))
    with check (gemeente = (select hub.gemeente()) and owner = (select hub.asker()) and hub.works_in(wijk))', of_table);
  execute format('create policy own_gone on hub.%I for delete to hub_app
    using (gemeente = (select hub.gemeente()) and owner = (select hub.asker()))', of_table);
  execute format('create policy door on hub.%I for select to hub_door using (true)', of_table);

  select string_agg(quote_ident(c), ', ') into shown
  from hub.contribution_fields f cross join lateral unnest(f.columns) c where f.kind = of_kind and f.shown_from <> 'OWN';
  execute format('grant select (gemeente, owner, id, slice, wijk, %I, recorded_on, invented, %s) on hub.%I to hub_door',
    day_column, shown, of_table);
  select string_agg(quote_ident(attname), ', ') into own
  from pg_attribute where attrelid = t and attnum > 0 and not attisdropped and attgenerated = ''
    and attname not in ('gemeente', 'owner', 'recorded_on', 'invented', 'id');
  execute format('grant select, delete on hub.%I to hub_app', of_table);
  execute format('grant insert (id, %s), update (%s) on hub.%I to hub_app', own, own, of_table);

  execute format('create trigger recorded_insert after insert on hub.%I referencing new table as new_rows
    for each statement execute function hub.record_insert(%L)', of_table, of_kind);
  execute format('create trigger recorded_slices after update on hub.%I referencing new table as new_rows
    for each statement execute function hub.record_insert(%L)', of_table, of_kind);
  execute format('create trigger recorded_update after update on hub.%I referencing old table as old_rows new table as new_rows
    for each statement execute function hub.record_update(%L)', of_table, of_kind);
  execute format('create trigger recorded_delete after delete on hub.%I referencing old table as old_rows
    for each statement execute function hub.record_delete(%L)', of_table, of_kind);

  insert into hub.contribution_kinds (kind, table_name, day_column) values (of_kind, of_table, day_column);
  perform hub.make_door(of_kind, of_table, 'newest', day_column);
  perform hub.make_door(of_kind, of_table, 'oldest', day_column);
  perform hub.make_door(of_kind, of_table, 'by_id', day_column);
end $body$;

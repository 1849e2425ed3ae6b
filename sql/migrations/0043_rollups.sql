-- SPDX-License-Identifier: EUPL-1.2
-- Rollups: how many records there are, kept by the database as records change, so that a total is added up and not counted.
--
-- What is kept. Whether a receiver sees a record of one wijk follows from its slice and from the day on which the hub got it: a grant
-- is for a slice, and covers days. So per slice and day two numbers: records that are open, and closed ones. Whatever is agreed,
-- capped, marked or renewed afterwards changes grants, and no rollup.
--
-- How it is kept exact. Each statement that writes records adds its differences to rollup_changes, in its own transaction: rows are
-- added and never changed, so no writer waits for another, of the same owner neither. Now and then they are folded into rollups, one
-- row per slice, by who gets the turn. A reader adds up both, in one moment.
--
-- The numbers of a row of rollups are running totals: how many records the hub had got by the end of each of its days. So what lies in
-- any span of days is one number less another, and costs the same for a year as for a week.

create table hub.rollups (
  gemeente text not null,
  owner uuid not null,
  kind text not null,
  wijk uuid not null,
  slice uuid not null,
  category text not null,
  days date[] not null, -- ascending, each once
  open int[] not null, -- by the end of that day, and so are the closed
  closed int[] not null,
  primary key (gemeente, owner, kind, wijk, slice),
  check (cardinality(days) > 0 and cardinality(days) = cardinality(open) and cardinality(days) = cardinality(closed))
);

create table hub.rollup_changes (
  gemeente text not null,
  owner uuid not null,
  kind text not null,
  wijk uuid not null,
  slice uuid not null,
  category text not null,
  day date not null,
  open int not null, -- how many more; less than none: how many fewer
  closed int not null
);
create index rollup_changes_slice on hub.rollup_changes (gemeente, owner, kind, wijk, slice);

do $$
declare
  t text;
begin
  foreach t in array array['rollups', 'rollup_changes'] loop
    execute format('alter table hub.%I enable row level security', t);
    execute format('alter table hub.%I force row level security', t);
    execute format('create policy own on hub.%I for select to hub_app
      using (gemeente = (select hub.gemeente()) and owner = (select hub.asker()))', t);
    execute format('create policy door on hub.%I for select to hub_door using (true)', t);
    execute format('create policy recorder on hub.%I to hub_recorder using (true) with check (true)', t);
    execute format('grant select on hub.%I to hub_app, hub_door', t);
  end loop;
end $$;
grant select, insert, update, delete on hub.rollups to hub_recorder;
grant select, insert, delete on hub.rollup_changes to hub_recorder;

-- Keeping ------------------------------------------------------------------------------------------------------------
-- What a statement changed, per slice and day. What cancels out is not written.
create function hub.roll_up() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into hub.rollup_changes (gemeente, owner, kind, wijk, slice, category, day, open, closed)
    select n.gemeente, n.owner, tg_argv[0], n.wijk, n.slice, n.category, n.recorded_on,
      count(*) filter (where n.closed_on is null), count(n.closed_on)
    from new_rows n group by n.gemeente, n.owner, n.wijk, n.slice, n.category, n.recorded_on;
  elsif tg_op = 'DELETE' then
    insert into hub.rollup_changes (gemeente, owner, kind, wijk, slice, category, day, open, closed)
    select o.gemeente, o.owner, tg_argv[0], o.wijk, o.slice, o.category, o.recorded_on,
      - count(*) filter (where o.closed_on is null), - count(o.closed_on)
    from old_rows o group by o.gemeente, o.owner, o.wijk, o.slice, o.category, o.recorded_on;
  else
    insert into hub.rollup_changes (gemeente, owner, kind, wijk, slice, category, day, open, closed)
    select c.gemeente, c.owner, tg_argv[0], c.wijk, c.slice, c.category, c.recorded_on,
      coalesce(sum(c.records) filter (where c.closed_on is null), 0), coalesce(sum(c.records) filter (where c.closed_on is not null), 0)
    from (
      select n.gemeente, n.owner, n.wijk, n.slice, n.category, n.recorded_on, n.closed_on, 1 as records from new_rows n
      union all
      select o.gemeente, o.owner, o.wijk, o.slice, o.category, o.recorded_on, o.closed_on, -1 from old_rows o) c
    group by c.gemeente, c.owner, c.wijk, c.slice, c.category, c.recorded_on
    having sum(c.records) <> 0 or sum(c.records) filter (where c.closed_on is null) <> 0;
  end if;
  return null;
end $$;
alter function hub.roll_up() owner to hub_recorder;
set local role hub_recorder;
grant execute on function hub.roll_up() to hub_owner;
reset role;

create function hub.make_rollups(of_kind text, of_table name, day_column name) returns void language plpgsql as $$
declare
  each record;
begin
  for each in
    select * from (values ('insert', 'new table as new_rows'), ('delete', 'old table as old_rows'),
      ('update', 'old table as old_rows new table as new_rows')) v (event, tables)
  loop
    execute format('create trigger rolled_up_%1$s after %1$s on hub.%2$I referencing %3$s
      for each statement execute function hub.roll_up(%4$L)', each.event, of_table, each.tables, of_kind);
  end loop;
end $$;

-- The numbers of a row of rollups, day by day.
create function hub.day_by_day(days date[], open int[], closed int[]) returns table (day date, open int, closed int)
  language sql immutable parallel safe as $$
  select u.day, u.open - lag(u.open, 1, 0) over w, u.closed - lag(u.closed, 1, 0) over w
  from unnest(days, open, closed) with ordinality u (day, open, closed, place)
  window w as (order by u.place)
$$;
grant execute on function hub.day_by_day(date[], int[], int[]) to hub_door, hub_recorder;

create function hub.rollups_lock(in_gemeente text) returns bigint language sql immutable parallel safe as $$
  select hashtextextended('hub.rollups/' || in_gemeente, 0)
$$;
grant execute on function hub.rollups_lock(text) to hub_recorder;

-- Folds the changes of at most `n` slices of a gemeente into their rows, and tells whether there may be more. Without effect while
-- another does.
create function hub.fold_rollups(in_gemeente text, n int) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  more boolean;
begin
  perform hub.check_sees_commits();
  if not pg_try_advisory_xact_lock(hub.rollups_lock(in_gemeente)) then
    return false;
  end if;
  -- a statement of its own: it sees what the one before committed
  with slices as materialized (
    select c.owner, c.kind, c.wijk, c.slice from hub.rollup_changes c where c.gemeente = in_gemeente
    group by c.owner, c.kind, c.wijk, c.slice limit n
  ), taken as (
    delete from hub.rollup_changes c using slices s
    where c.gemeente = in_gemeente and (c.owner, c.kind, c.wijk, c.slice) = (s.owner, s.kind, s.wijk, s.slice)
    returning c.owner, c.kind, c.wijk, c.slice, c.category, c.day, c.open, c.closed
  ), days as (
    select d.owner, d.kind, d.wijk, d.slice, d.category, d.day, sum(d.open) as open, sum(d.closed) as closed
    from (
      select * from taken
      union all
      select r.owner, r.kind, r.wijk, r.slice, r.category, e.day, e.open, e.closed
      from slices s
      join hub.rollups r on (r.gemeente, r.owner, r.kind, r.wijk, r.slice) = (in_gemeente, s.owner, s.kind, s.wijk, s.slice)
      cross join lateral hub.day_by_day(r.days, r.open, r.closed) e) d
    group by d.owner, d.kind, d.wijk, d.slice, d.category, d.day
    having sum(d.open) <> 0 or sum(d.closed) <> 0
  ), emptied as (
    delete from hub.rollups r using slices s
    where (r.gemeente, r.owner, r.kind, r.wijk, r.slice) = (in_gemeente, s.owner, s.kind, s.wijk, s.slice)
      and s.slice not in (select d.slice from days d)
  ), folded as (
    insert into hub.rollups (gemeente, owner, kind, wijk, slice, category, days, open, closed)
    select in_gemeente, t.owner, t.kind, t.wijk, t.slice, t.category, array_agg(t.day order by t.day),
      array_agg(t.open order by t.day), array_agg(t.closed order by t.day)
    from (
      select d.owner, d.kind, d.wijk, d.slice, d.category, d.day, (sum(d.open) over w)::int as open, (sum(d.closed) over w)::int as closed
      from days d window w as (partition by d.slice order by d.day)) t
    group by t.owner, t.kind, t.wijk, t.slice, t.category
    on conflict (gemeente, owner, kind, wijk, slice) do update
    set days = excluded.days, open = excluded.open, closed = excluded.closed
  )
  select count(*) = n into more from slices;
  return more;
end $$;
grant execute on function hub.fold_rollups(text, int) to hub_app;
alter function hub.fold_rollups(text, int) owner to hub_recorder;

-- Reading ------------------------------------------------------------------------------------------------------------
-- How many records there were by the end of a day.
create function hub.by_then(days date[], numbers int[], day date) returns int language sql immutable parallel safe as $$
  select coalesce(numbers[width_bucket(day, days)], 0)
$$;
grant execute on function hub.by_then(date[], int[], date) to hub_door;

-- How many records of a kind the asker can page through in some wijken, of others: what counting them through the kind's door gives,
-- for who asks for no more than an owner, categories, open or closed. Of a kind with records in several wijken it tells nothing: which
-- agreement shows such a record follows from all its wijken.
--   days  what a grant shows, but for the days on which a better one shows the same (as the door chooses: highest precision, of equals
--         what was agreed first)
create function hub.shared_totals(of_table name, in_wijken uuid[], of_owner uuid, categories text[], is_closed boolean)
  returns table (wijk uuid, owner uuid, agreement uuid, hidden text[], records int)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with shown as materialized (
    select g.gemeente, g.owner, g.kind, g.wijk, g.slice, g.agreement, g.hidden,
      datemultirange(x.days) - coalesce(range_agg(x.days) over better, '{}') as days
    from hub.contribution_kinds k
    join hub.grants g on g.gemeente = (select hub.gemeente()) and g.receiver = (select hub.asker()) and g.wijk = any (in_wijken)
      and g.kind = k.kind and g.rank > 0 and (select hub.today()) between g.valid_from and g.valid_until
      and (of_owner is null or g.owner = of_owner)
    cross join lateral (
      select daterange(greatest(g.covers_from, (select hub.today()) - g.keep_days + 1), g.valid_until, '[]') as days) x
    where k.table_name = of_table and not k.several
    window better as (partition by g.slice order by g.rank desc, g.agreed_at, g.agreement, g.rule
      groups between unbounded preceding and 1 preceding)
  )
  select s.wijk, s.owner, s.agreement, s.hidden, sum(n.records)::int
  from shown s
  cross join lateral (
    select case when is_closed is true then 0 else hub.by_then(r.days, r.open, upper(d.days) - 1) - hub.by_then(r.days, r.open, lower(d.days) - 1) end
      + case when is_closed is false then 0
        else hub.by_then(r.days, r.closed, upper(d.days) - 1) - hub.by_then(r.days, r.closed, lower(d.days) - 1) end as records
    from hub.rollups r
    cross join lateral unnest(s.days) d (days)
    where (r.gemeente, r.owner, r.kind, r.wijk, r.slice) = (s.gemeente, s.owner, s.kind, s.wijk, s.slice)
      and (categories is null or r.category = any (categories))
    union all
    select case when is_closed is true then 0 else c.open end + case when is_closed is false then 0 else c.closed end
    from hub.rollup_changes c
    where (c.gemeente, c.owner, c.kind, c.wijk, c.slice) = (s.gemeente, s.owner, s.kind, s.wijk, s.slice)
      and c.day <@ s.days and (categories is null or c.category = any (categories))) n
  group by s.wijk, s.owner, s.agreement, s.hidden
  having sum(n.records) > 0
$$;
grant execute on function hub.shared_totals(name, uuid[], uuid, text[], boolean) to hub_app;
alter function hub.shared_totals(name, uuid[], uuid, text[], boolean) owner to hub_door;

-- How many records of a kind the asker has itself, by the wijk that comes first in them; in some wijken or (null) in all.
create function hub.own_totals(of_table name, in_wijken uuid[], categories text[], is_closed boolean)
  returns table (wijk uuid, owner uuid, records int) language sql stable as $$
  select n.wijk, n.owner, sum(x.records)::int
  from (
    select r.gemeente, r.owner, r.kind, r.wijk, r.category, r.open[cardinality(r.open)] as open, r.closed[cardinality(r.closed)] as closed
    from hub.rollups r
    union all
    select c.gemeente, c.owner, c.kind, c.wijk, c.category, c.open, c.closed from hub.rollup_changes c) n
  cross join lateral (
    select case when is_closed is true then 0 else n.open end + case when is_closed is false then 0 else n.closed end as records) x
  where n.gemeente = (select hub.gemeente()) and n.owner = (select hub.asker())
    and n.kind = (select k.kind from hub.contribution_kinds k where k.table_name = of_table)
    and (in_wijken is null or n.wijk = any (in_wijken)) and (categories is null or n.category = any (categories))
  group by n.wijk, n.owner
  having sum(x.records) > 0
$$;
grant execute on function hub.own_totals(name, uuid[], text[], boolean) to hub_app;

-- Verifying ----------------------------------------------------------------------------------------------------------
-- The records of an organisation, counted.
create function hub.counted_records(in_gemeente text, of_owner uuid)
  returns table (kind text, wijk uuid, slice uuid, category text, day date, open int, closed int)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  each record;
begin
  for each in select k.kind, k.table_name from hub.contribution_kinds k order by k.kind loop
    return query execute format('select %L::text, s.wijk, s.slice, s.category, s.recorded_on,
        count(*) filter (where s.closed_on is null)::int, count(s.closed_on)::int
      from hub.%I s where s.gemeente = $1 and s.owner = $2 group by s.wijk, s.slice, s.category, s.recorded_on', each.kind, each.table_name)
      using in_gemeente, of_owner;
  end loop;
end $$;
grant execute on function hub.counted_records(text, uuid) to hub_recorder;
alter function hub.counted_records(text, uuid) owner to hub_door;

-- Where what is kept of an organisation is not what there is: per kind, wijk, category and day, both. No row: all of it is right.
create function hub.wrong_rollups(in_gemeente text, of_owner uuid)
  returns table (kind text, wijk uuid, slice uuid, category text, day date, open int, closed int, open_kept int, closed_kept int)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with kept as (
    select k.kind, k.wijk, k.slice, k.category, k.day, sum(k.open)::int as open, sum(k.closed)::int as closed
    from (
      select r.kind, r.wijk, r.slice, r.category, d.day, d.open, d.closed
      from hub.rollups r cross join lateral hub.day_by_day(r.days, r.open, r.closed) d
      where r.gemeente = in_gemeente and r.owner = of_owner
      union all
      select c.kind, c.wijk, c.slice, c.category, c.day, c.open, c.closed
      from hub.rollup_changes c where c.gemeente = in_gemeente and c.owner = of_owner) k
    group by k.kind, k.wijk, k.slice, k.category, k.day
  )
  select coalesce(n.kind, k.kind), coalesce(n.wijk, k.wijk), coalesce(n.slice, k.slice), coalesce(n.category, k.category),
    coalesce(n.day, k.day), coalesce(n.open, 0), coalesce(n.closed, 0), coalesce(k.open, 0), coalesce(k.closed, 0)
  from hub.counted_records(in_gemeente, of_owner) n
  full join kept k on (k.kind, k.wijk, k.slice, k.category, k.day) = (n.kind, n.wijk, n.slice, n.category, n.day)
  where (coalesce(n.open, 0), coalesce(n.closed, 0)) <> (coalesce(k.open, 0), coalesce(k.closed, 0))
$$;
alter function hub.wrong_rollups(text, uuid) owner to hub_door;

-- Makes what is kept of an organisation anew from its records. Nobody waits for it but who would fold: what others write meanwhile is
-- neither in what is counted nor in what is taken away.
create function hub.rebuild_rollups(in_gemeente text, of_owner uuid) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform hub.check_sees_commits();
  perform pg_advisory_xact_lock(hub.rollups_lock(in_gemeente));
  delete from hub.rollups r where r.gemeente = in_gemeente and r.owner = of_owner;
  with before as (
    delete from hub.rollup_changes c where c.gemeente = in_gemeente and c.owner = of_owner)
  insert into hub.rollup_changes (gemeente, owner, kind, wijk, slice, category, day, open, closed)
  select in_gemeente, of_owner, n.* from hub.counted_records(in_gemeente, of_owner) n;
  while hub.fold_rollups(in_gemeente, 1000) loop
  end loop;
end $$;
alter function hub.rebuild_rollups(text, uuid) owner to hub_recorder;

-- a grant to the functions' first owner would have gone with their ownership
set local role hub_door;
grant execute on function hub.wrong_rollups(text, uuid) to hub_owner;
set local role hub_recorder;
grant execute on function hub.rebuild_rollups(text, uuid) to hub_owner;
reset role;

-- Erasure ------------------------------------------------------------------------------------------------------------
insert into hub.erasable (place, table_name, holder) values (33, 'rollups', 'owner'), (34, 'rollup_changes', 'owner');
select hub.let_retention('rollups', '{gemeente,owner}', '{}', false);
select hub.let_retention('rollup_changes', '{gemeente,owner}', '{}', false);

-- What is kept of an organisation goes, when its records are gone; tells how many rows.
create function hub.erase_rollups(in_gemeente text, of_owner uuid) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  gone int;
begin
  perform hub.check_sees_commits();
  perform pg_advisory_xact_lock(hub.rollups_lock(in_gemeente));
  with folded as (
    delete from hub.rollups r where r.gemeente = in_gemeente and r.owner = of_owner returning 1
  ), unfolded as (
    delete from hub.rollup_changes c where c.gemeente = in_gemeente and c.owner = of_owner returning 1
  )
  select (select count(*) from folded) + (select count(*) from unfolded) into gone;
  return gone;
end $$;
alter function hub.erase_rollups(text, uuid) owner to hub_recorder;
set local role hub_recorder;
grant execute on function hub.erase_rollups(text, uuid) to hub_retention;
set local role hub_retention; -- whose function it is
-- Takes away what an organisation that leaves put in, as migration 39 has it; its rollups at once, for a part of them would be wrong.
create or replace function hub.erase_some(in_gemeente text, of_organisation uuid, n int) returns table (table_name name, rows int)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  each record;
begin
  if not exists (
    select from hub.deletion_proofs p
    where (p.gemeente, p.organisation) = (in_gemeente, of_organisation) and p.finished_at is null) then
    raise exception using errcode = 'invalid_parameter_value', message = 'no erasure of this organisation has begun';
  end if;
  for each in
    select e.*, (
      select string_agg(format('s.%I', a.attname), ', ') from pg_index i
      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey::int2[])
      where i.indrelid = ('hub.' || quote_ident(e.table_name))::regclass and i.indisprimary) as keys
    from hub.erasable e order by e.place
  loop
    if each.table_name = 'tokens' then -- its accounts stand in what others keep: by a word that leads to nobody
      perform a.rows from (
        select distinct t.name from hub.tokens t where t.gemeente = in_gemeente and t.organisation = of_organisation) n
      cross join lateral hub.erase_account(in_gemeente, of_organisation, n.name) a;
    end if;
    if each.table_name = 'read_ledger' then
      rows := hub.erase_owner_from_ledger(in_gemeente, of_organisation);
    elsif each.table_name in ('rollups', 'rollup_changes') then
      rows := hub.erase_rollups(in_gemeente, of_organisation);
    else
      execute format('%1$s where (%2$s) in (select %2$s from hub.%3$I s where s.gemeente = $1 and s.%4$I = $2 and %5$s limit $3)',
        case when each.table_name = 'feed_items' and each.holder = 'owner'
          then 'update hub.feed_items s set change = ''GONE'', slice = null, slices = null, kind = null, category = null, record = null,
            recorded_on = null, changed = ''{}'', for_owner = false'
          else format('delete from hub.%I s', each.table_name) end,
        each.keys, each.table_name, each.holder, each.which) using in_gemeente, of_organisation, n;
      get diagnostics rows = row_count;
    end if;
    if rows > 0 then
      table_name := each.table_name;
      return next;
      return;
    end if;
  end loop;
end $$;
reset role;

-- The rest of the overview -------------------------------------------------------------------------------------------
-- Nothing else in it looks at records. What grew with the years: of each dataset and wijk every day of delivery was read, where its
-- first and last tell enough (each of the three is the end of an index); and each wijk and provider was compared with every number
-- that the asker has, where it is the measure that has one or not.
set local role hub_door; -- whose function it is
create or replace function hub.source_states(in_wijken uuid[], week_until date)
  returns table (wijk uuid, owner uuid, dataset text, kind text, rhythm_days int, contact text, last_delivery date, late boolean,
    silent boolean)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with rules as materialized (
    select r.provider, r.wijk, r.kind, r.category from hub.rules_in_force(hub.gemeente()) r where r.receiver = hub.asker()
  ),
  holidays as materialized (
    select k.kind, range_agg(daterange(h.from_day, h.until_day, '[]')) as days
    from hub.holidays h cross join lateral unnest(h.for_kinds) k (kind)
    where h.gemeente = hub.gemeente() group by k.kind
  )
  select w.wijk, d.owner, d.dataset, d.kind, d.rhythm_days, coalesce(d.contact, w.contact), x.last_day,
    coalesce(hub.days_between(p.holidays, coalesce(x.last_day, p.since), hub.today()) > d.rhythm_days, false),
    -- a week that is not over may still get its delivery
    coalesce(week_until < hub.today() and hub.days_between(p.holidays, week_until - 7, week_until - 2) > 0
      and hub.days_between(p.holidays, p.since - 1, week_until) >= p.days
      and coalesce(hub.days_between(p.holidays, x.by_week - 1, week_until) > p.days, true), false)
  from hub.organisation_wijken w
  join hub.organisations o on (o.gemeente, o.id) = (w.gemeente, w.organisation)
  join hub.datasets d on (d.gemeente, d.owner) = (w.gemeente, w.organisation)
  left join holidays h on h.kind = o.kind
  cross join lateral (
    select
      (select min(v.on_day) from hub.deliveries v
        where (v.gemeente, v.wijk, v.owner, v.dataset) = (d.gemeente, w.wijk, d.owner, d.dataset)) as first_day,
      (select max(v.on_day) from hub.deliveries v
        where (v.gemeente, v.wijk, v.owner, v.dataset) = (d.gemeente, w.wijk, d.owner, d.dataset)) as last_day,
      (select max(v.on_day) from hub.deliveries v
        where (v.gemeente, v.wijk, v.owner, v.dataset) = (d.gemeente, w.wijk, d.owner, d.dataset) and v.on_day <= week_until) as by_week
    offset 0) x
  cross join lateral (
    select coalesce(h.days, '{}') as holidays, least(greatest(d.declared_on, w.works_from), x.first_day) as since,
      -- null without a rhythm, and with it the answer
      case when d.rhythm_days is not null then greatest(d.rhythm_days, 7) end as days) p
  where w.gemeente = hub.gemeente() and w.wijk = any (in_wijken) and hub.today() between w.works_from and w.works_until
    and (d.owner = hub.asker() or (not d.never_share and exists (
      select from rules r
      where (r.provider, r.wijk, r.kind) = (d.owner, w.wijk, d.kind)
        and (r.category is null or d.categories is null or r.category = any (d.categories)))))
$$;
reset role;

create or replace function hub.awaited_numbers(in_period text) returns table (measure text, wijk uuid) language sql stable parallel safe as $$
  with awaited as materialized (
    select m.code
    from hub.days_of(in_period) d
    join hub.measures m on m.gemeente = hub.gemeente()
    where d.until_day >= hub.first_due_week() and not exists (
      select from hub.editions e
      where e.gemeente = hub.gemeente() and e.audience = hub.asker() and (e.categories && m.categories or e.measure = m.code)
        and e.from_day <= d.until_day and e.until_day >= d.from_day)
  )
  select distinct c.measure, c.wijk
  from hub.contributors(hub.gemeente(), in_period) c
  where c.audience = hub.asker() and c.measure in (select a.code from awaited a)
$$;

select hub.every_kind_gets('make_rollups');
-- the roles that count are not exempt from policies, and see every row by them
set local row_security = on;
select hub.rebuild_rollups(o.gemeente, o.id) from hub.organisations o;
set local row_security = off;

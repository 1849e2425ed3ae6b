-- SPDX-License-Identifier: EUPL-1.2
-- A door that pages walks an index in the order of the page. With some ten thousand records in a wijk the planner read all of them by
-- another index instead (PostgreSQL 18 skips through one that begins with the owner) and sorted them: thirty times the time of one's own page.

-- One door, as migration 44 has it: records of others for the asker, or all that the asker may see (own whole, others' reduced).
--   driver: how records are found: 'newest' and 'oldest' page through one wijk; 'by_id' looks up given ids.
create or replace function hub.make_door(of_kind text, of_table name, driver text, day_column name) returns void
  language plpgsql as $body$
declare
  shared name := 'shared_' || of_table || '_' || driver;
  whole name := of_table || '_' || driver;
  day text := 's.' || quote_ident(day_column);
  down boolean := driver <> 'oldest';
  head text := format('s.id, s.owner, s.wijk, %s as day, s.recorded_on, s.invented', day);
  reduced text; own text; result text; words text; own_words text; has_status boolean;
  signature text := 'ids uuid[]'; arguments text := 'ids'; wanted text := 's.id = any (ids)'; own_wanted text := wanted;
  of_grants text := ''; whole_wijk text := ''; page text := ''; pages text := '';
begin
  select string_agg(format('%s as %I', d.reduced, d.column_name), ', ' order by d.place),
    string_agg(format('s.%I', d.column_name), ', ' order by d.place),
    string_agg(format('%I %s', d.column_name, d.type), ', ' order by d.place),
    coalesce(string_agg(format('position(lower(words) in lower(%s)) > 0', d.reduced), ' or ' order by d.place)
      filter (where d.is_text and d.shown_from <> 'OWN'), 'false'),
    coalesce(string_agg(format('position(lower(words) in lower(s.%I)) > 0', d.column_name), ' or ' order by d.place)
      filter (where d.is_text), 'false'),
    bool_or(d.column_name = 'status')
  into reduced, own, result, words, own_words, has_status
  from hub.door_columns(of_kind, ('hub.' || of_table)::regclass) d;
  result := 'id uuid, owner uuid, wijk uuid, day date, recorded_on date, invented boolean, "precision" text, agreement uuid, hidden text[], ' || result;

  if driver <> 'by_id' then
    signature := 'in_wijk uuid, of_owner uuid, categories text[], statuses text[], in_buurt uuid, since_day date, to_day date,'
      ' is_closed boolean, words text, after_day date, after_id uuid, n int';
    arguments := 'in_wijk, of_owner, categories, statuses, in_buurt, since_day, to_day, is_closed, words, after_day, after_id, n';
    page := format('order by %1$s %2$s, s.id %2$s limit n', day, case when down then 'desc' else 'asc' end);
    pages := replace(replace(page, day, 'u.day'), 's.id', 'u.id');
    -- An end that nobody asked for lies beyond every day. As a subselect: under a policy the planner takes a coalesce for something
    -- that could tell of rows, and filters by it what it could find by the index. As rows: it thinks that few lie between two days, of
    -- whatever wijk, and then any index would do.
    wanted := format($$(%1$s, s.id) %2$s ((select coalesce(after_day, '%3$sinfinity')), (select coalesce(after_id, '%4$s')))
          and (%1$s, s.id) >= ((select coalesce(since_day, '-infinity')), '00000000-0000-0000-0000-000000000000')
          and (%1$s, s.id) <= ((select coalesce(to_day, 'infinity')), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
          and (categories is null or s.category = any (categories)) and (statuses is null%5$s)
          and (is_closed is null or (s.closed_on is not null) = is_closed)$$,
      day, case when down then '<' else '>' end, case when down then '' else '-' end,
      case when down then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else '00000000-0000-0000-0000-000000000000' end,
      case when has_status then ' or s.status = any (statuses)' else '' end);
    own_wanted := format('s.wijk = in_wijk and (of_owner is null or s.owner = of_owner) and %s
          and (in_buurt is null or s.buurt = in_buurt) and (words is null or %s)', wanted, own_words);
    wanted := wanted || format('
          and (in_buurt is null or (g.rank >= %s and s.buurt = in_buurt)) and (words is null or %s)', hub.rank_of('BUURT'), words);
    -- of a category, only the grants of its slices are read
    of_grants := 'and g.wijk = in_wijk and (of_owner is null or g.owner = of_owner)
          and (categories is null or exists (
            select from hub.slices l
            where l.gemeente = g.gemeente and l.owner = g.owner and l.id = g.slice and l.category = any (categories)))';
    whole_wijk := format($$
        if (
          select slices = count(*) filter (where l.owner <> me) and slices > count(*) filter (where l.owner = me)
          from hub.slices l where l.gemeente = here and l.wijk = in_wijk and l.kind = %1$L)
        then
          return query
            select %2$s, g.precision, g.agreement, g.hidden, %3$s
            from hub.%4$I s
            cross join lateral (
              select b.* from hub.grants b
              where b.gemeente = here and b.receiver = me and b.slice = s.slice and b.rank > 0
                and today between b.valid_from and b.valid_until
                and s.recorded_on between b.covers_from and b.valid_until and s.recorded_on > today - b.keep_days
              order by b.rank desc, b.agreed_at, b.agreement, b.rule limit 1) g
            where s.gemeente = here and s.wijk = in_wijk and s.owner <> me and (of_owner is null or s.owner = of_owner) and %5$s
            %6$s;
          return;
        end if;$$, of_kind, head, reduced, of_table, wanted, page);
  end if;

  -- Every way is in the order of an index, and stops at the end of the page. The planner, who expects next to nothing of so many
  -- conditions, would rather read all and sort it: what it may not sort it finds in order.
  execute format($f$
    create function hub.%1$I(%2$s) returns table (%3$s)
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
      set enable_bitmapscan = off set enable_sort = off as $$
      declare
        here text := hub.gemeente();
        me uuid := hub.asker();
        today date := hub.today();
        %4$s
      begin
        %5$s
        return query
          select r.* from hub.grants g
          cross join lateral (
            -- most slices are shared by one rule: whether any other could be better is asked once per grant, not per record
            select exists (
              select from hub.grants b
              where b.gemeente = here and b.receiver = me and b.slice = g.slice
                and (b.rank, g.agreed_at, g.agreement, g.rule) > (g.rank, b.agreed_at, b.agreement, b.rule)) as rivalled offset 0) v
          cross join lateral (
            select %6$s, g.precision, g.agreement, g.hidden, %7$s
            from hub.%8$I s
            where s.gemeente = here and s.slice = g.slice
              and s.recorded_on between g.covers_from and g.valid_until and s.recorded_on > today - g.keep_days
              and %9$s
              and (not v.rivalled or not exists (
                select from hub.grants b
                where b.gemeente = here and b.receiver = me and b.slice = g.slice
                  and today between b.valid_from and b.valid_until
                  and s.recorded_on between b.covers_from and b.valid_until and s.recorded_on > today - b.keep_days
                  and (b.rank, g.agreed_at, g.agreement, g.rule) > (g.rank, b.agreed_at, b.agreement, b.rule)))
            %10$s) r
          where g.gemeente = here and g.receiver = me and g.kind = %11$L and g.rank > 0
            and today between g.valid_from and g.valid_until %12$s
          %13$s;
      end $$ $f$,
    shared, signature, result,
    case when driver <> 'by_id' then format($$-- of how many slices of the wijk the asker has a grant, where that decides how it is read
        slices bigint := case when of_owner is null and categories is null then (
          select count(*) from (
            select distinct x.slice from hub.grants x
            where x.gemeente = here and x.receiver = me and x.wijk = in_wijk and x.kind = %L and x.rank > 0
              and today between x.valid_from and x.valid_until) d) end;$$, of_kind) else '' end,
    whole_wijk, head, reduced, of_table, wanted, page, of_kind, of_grants, replace(pages, 'u.', 'r.'));
  execute format('grant execute on function hub.%I to hub_app', shared);
  execute format('alter function hub.%I owner to hub_door', shared);

  -- Own records come from the table itself, under its policy; nothing is hidden from the owner.
  execute format($f$
    create function hub.%1$I(%2$s) returns table (%3$s) language sql stable as $$
      select u.* from (
        (select %4$s, 'EXACT'::text as precision, null::uuid as agreement, '{}'::text[] as hidden, %5$s
        from hub.%6$I s
        where s.gemeente = (select hub.gemeente()) and s.owner = (select hub.asker()) and %7$s
        %8$s)
        union all
        (select * from hub.%9$I(%10$s))) u
      %11$s
    $$ $f$,
    whole, signature, result, head, own, of_table, own_wanted, page, shared, arguments, pages);
  execute format('grant execute on function hub.%I to hub_app', whole);
end $body$;

do $$
declare
  each record;
begin
  for each in
    select k.kind, k.table_name, k.day_column, d.driver, k.table_name || '_' || d.driver as door
    from hub.contribution_kinds k cross join unnest(array['newest', 'oldest', 'by_id']) d (driver)
    where not k.several order by k.kind, d.driver
  loop
    execute format('drop function hub.%I, hub.%I', each.door, 'shared_' || each.door);
    perform hub.make_door(each.kind, each.table_name, each.driver, each.day_column);
  end loop;
end $$;

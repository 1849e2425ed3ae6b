-- SPDX-License-Identifier: EUPL-1.2
-- A door that pages walks an index in the order of the page. With some ten thousand records in a wijk the planner read all of them by
-- another index instead (PostgreSQL 18 skips through one that begins with the owner) and sorted them: thirty times the time of one's own page.

-- A migration that changes some words of a function says them: each is what it says now, and then. Refuses a function that does not say it.
create function hub.reword(of regprocedure, changes text[]) returns void language plpgsql as $reword$
declare
  said text := pg_get_functiondef(of);
  each text[];
begin
  foreach each slice 1 in array changes loop
    if position(each[1] in said) = 0 then
      raise exception '% does not say %', of, each[1];
    end if;
    said := replace(said, each[1], each[2]);
  end loop;
  execute format('set local role %s', (select proowner::regrole from pg_proc where oid = of));
  execute said;
  reset role;
end $reword$;

-- As migration 44 has it, but for what may be sorted; how many slices there are grants of is counted without sorting them.
select hub.reword('hub.make_door(text, name, text, name)', array[
  ['would rather read all and sort it.', 'would rather read all and sort it: what it may not sort it finds in order.'],
  ['set enable_bitmapscan = off as $$', 'set enable_bitmapscan = off set enable_sort = off as $$'],
  ['select count(distinct x.slice) from hub.grants x
          where x.gemeente = here and x.receiver = me and x.wijk = in_wijk and x.kind = %L and x.rank > 0
            and today between x.valid_from and x.valid_until) end;$$', 'select count(*) from (
            select distinct x.slice from hub.grants x
            where x.gemeente = here and x.receiver = me and x.wijk = in_wijk and x.kind = %L and x.rank > 0
              and today between x.valid_from and x.valid_until) d) end;$$']]);

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

-- SPDX-License-Identifier: EUPL-1.2
-- Of police and enforcement the hub keeps codes alone, in every kind of contribution: what migration 7 wrote by hand for signals
-- follows from contribution_fields now. A kind that is theirs alone has no column that could hold more.

-- The table of a kind that keeps codes alone has days, whole numbers, yes or no, and texts from a list: no point, text or minute.
create function hub.check_codes_only(of_kind text, of_table regclass) returns void language plpgsql as $$
declare
  more text;
begin
  select string_agg(a.attname, ', ' order by a.attnum) into more from pg_attribute a
  where a.attrelid = of_table and a.attnum > 0 and not a.attisdropped
    and a.atttypid <> all (array['date', 'smallint', 'integer', 'boolean']::regtype[])
    and not exists (
      select from pg_constraint c where c.conrelid = of_table and c.contype = 'c' and c.conkey = array[a.attnum]
        and a.atttypid = 'text'::regtype and pg_get_constraintdef(c.oid) ~ '= ANY \(ARRAY\[');
  if more is not null then
    raise exception '% keeps codes only: % can hold more', of_kind, more;
  end if;
end $$;

-- What police and enforcement store in a table that others use too: no point, no text, noon for every moment.
create function hub.keep_codes_only(of_kind text, of_table name) returns void language plpgsql as $body$
declare
  kept text;
begin
  select string_agg(
    case when a.atttypid = 'timestamptz'::regtype
      then format($$coalesce((%I at time zone 'Europe/Amsterdam')::time, time '12:00') = time '12:00'$$, a.attname)
      else format('%I is null', a.attname) end, ' and ' order by a.attnum) into kept
  from hub.contribution_fields f
  cross join lateral unnest(f.columns) c
  join pg_attribute a on a.attrelid = ('hub.' || quote_ident(of_table))::regclass and a.attname = c
  where f.kind = of_kind and (f.is_text or f.field = 'point' or a.atttypid = 'timestamptz'::regtype);
  if kept is not null then
    execute format('create policy codes_only_new on hub.%I as restrictive for insert to hub_app
      with check (not (select hub.keeps_codes_only()) or (%s))', of_table, kept);
    execute format('create policy codes_only_change on hub.%I as restrictive for update to hub_app
      with check (not (select hub.keeps_codes_only()) or (%s))', of_table, kept);
  end if;
end $body$;

drop policy codes_only_new on hub.signals;
drop policy codes_only_change on hub.signals;
select hub.keep_codes_only('SIGNAL', 'signals');

-- Makes `of_table` a guarded contribution, as migration 6 does, of which the hub keeps codes alone where it must. With `codes_only`
-- it is a kind that is theirs alone.
alter function hub.make_contribution(text, name, name) rename to guard_contribution;
create function hub.make_contribution(of_kind text, of_table name, day_column name, codes_only boolean default false)
  returns void language plpgsql as $$
begin
  if codes_only then
    perform hub.check_codes_only(of_kind, ('hub.' || quote_ident(of_table))::regclass);
  end if;
  perform hub.guard_contribution(of_kind, of_table, day_column);
  perform hub.keep_codes_only(of_kind, of_table);
end $$;

-- SPDX-License-Identifier: EUPL-1.2
-- Of police and enforcement the hub keeps codes alone: a text from a list, and no other. Migration 12 went by what a kind calls a
-- text (is_text), which says whether it is searched and capped; a short text such as a signal's subcategory is not, and is free all
-- the same. Now the column itself says it: a text without a list of what it may be is free.

-- Whether a column can hold only texts from a list.
-- A text can be a code of a list that is not written in its table: the gemeente's measures. Its field says so.
alter table hub.contribution_fields add column is_code boolean not null default false;

create function hub.is_from_list(of_table regclass, of_column smallint) returns boolean language sql stable as $$
  select exists (
    select from pg_constraint c where c.conrelid = of_table and c.contype = 'c' and c.conkey = array[of_column]
      and pg_get_constraintdef(c.oid) ~ '= ANY \(ARRAY\[')
$$;

create or replace function hub.check_codes_only(of_kind text, of_table regclass) returns void language plpgsql as $$
declare
  more text;
begin
  select string_agg(a.attname, ', ' order by a.attnum) into more from pg_attribute a
  where a.attrelid = of_table and a.attnum > 0 and not a.attisdropped
    and a.atttypid <> all (array['date', 'smallint', 'integer', 'boolean']::regtype[])
    and not (a.atttypid = 'text'::regtype and hub.is_from_list(of_table, a.attnum));
  if more is not null then
    raise exception '% keeps codes only: % can hold more', of_kind, more;
  end if;
end $$;

-- What police and enforcement store in a table that others use too: no point, no text but from a list, noon for every moment. What
-- a source calls its record (sourceId) is checked where it comes in: it has no blanks.
create or replace function hub.keep_codes_only(of_kind text, of_table name) returns void language plpgsql as $body$
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
  where f.kind = of_kind and f.field <> 'sourceId'
    and (f.is_text or f.field = 'point' or a.atttypid = 'timestamptz'::regtype
      or (a.atttypid = 'text'::regtype and not f.is_code and not hub.is_from_list(a.attrelid, a.attnum)));
  if kept is not null then
    execute format('drop policy if exists codes_only_new on hub.%I', of_table);
    execute format('drop policy if exists codes_only_change on hub.%I', of_table);
    execute format('create policy codes_only_new on hub.%I as restrictive for insert to hub_app
      with check (not (select hub.keeps_codes_only()) or (%s))', of_table, kept);
    execute format('create policy codes_only_change on hub.%I as restrictive for update to hub_app
      with check (not (select hub.keeps_codes_only()) or (%s))', of_table, kept);
  end if;
end $body$;

select hub.keep_codes_only(kind, table_name) from hub.contribution_kinds;

-- What was kept of such texts until now is let go of, in the history too. Nobody is told: no receiver's copy is better for it.
alter table hub.signals no force row level security;
alter table hub.signals disable trigger user;
alter table hub.history no force row level security;
alter table hub.organisations no force row level security;
update hub.signals s set subcategory = null
from hub.organisations o
where (o.gemeente, o.id) = (s.gemeente, s.owner) and o.kind in ('POLICE', 'ENFORCEMENT') and s.subcategory is not null;
update hub.history h set before = h.before - 'subcategory', after = h.after - 'subcategory'
from hub.organisations o
where (o.gemeente, o.id) = (h.gemeente, h.owner) and o.kind in ('POLICE', 'ENFORCEMENT') and h.kind = 'SIGNAL';
alter table hub.organisations force row level security;
alter table hub.history force row level security;
alter table hub.signals enable trigger user;
alter table hub.signals force row level security;

-- SPDX-License-Identifier: EUPL-1.2
-- The import of the calendar, run by the owner (`hub import holidays`). What is already so stays untouched, and the statement
-- returns how many rows it changed: importing a file again shows as 0.

-- holidays_keep --
-- Keeps the holidays of a gemeente ($1) for kinds of organisation ($2) in place: names, first and last days, sources ($3 to $6).
-- Those that the hub had between the first and the last of these days, and that are not among them, go.
with given as (
  select * from unnest($3::text[], $4::date[], $5::date[], $6::text[]) as g (name, from_day, until_day, source)
), gone as (
  delete from hub.holidays h
  where h.gemeente = $1 and h.for_kinds = $2::text[]
    and h.until_day >= (select min(g.from_day) from given g) and h.from_day <= (select max(g.until_day) from given g)
    and (h.name, h.from_day) not in (select g.name, g.from_day from given g)
  returning 1
), kept as (
  insert into hub.holidays as h (gemeente, for_kinds, name, from_day, until_day, source)
  select $1, $2, g.name, g.from_day, g.until_day, g.source from given g
  on conflict (gemeente, for_kinds, name, from_day) do update set until_day = excluded.until_day, source = excluded.source
  where (h.until_day, h.source) is distinct from (excluded.until_day, excluded.source)
  returning 1
)
select (select count(*) from gone) + (select count(*) from kept) as changed;

-- SPDX-License-Identifier: EUPL-1.2
-- Who delivered is half of the time of an overview, and most of that went to asking what day it is, for each dataset and wijk, several times.

-- How many of the days after `after`, until `until` inclusive, lie in holidays.
create function hub.holidays_between(holidays datemultirange, after date, until date) returns int
  language sql immutable parallel safe as $$
  select coalesce(sum(upper(h) - lower(h)), 0)::int
  from unnest(holidays * datemultirange(daterange(after, greatest(after, until), '(]'))) h
$$;
revoke execute on function hub.holidays_between(datemultirange, date, date) from public;
grant execute on function hub.holidays_between(datemultirange, date, date) to hub_door;

-- As migration 21 has it. Without a subselect the planner puts it in the place of its call, and most kinds of organisation have no holidays.
create or replace function hub.days_between(holidays datemultirange, after date, until date) returns int
  language sql immutable parallel safe as $$
  select until - after - case when isempty(holidays) then 0 else hub.holidays_between(holidays, after, until) end
$$;

-- As migration 43 has it, with the day asked once.
select hub.reword('hub.source_states(uuid[], date)', array[
  [' and hub.today() between w.works_from and w.works_until', ''],
  ['hub.today()', 't.day'],
  ['from hub.organisation_wijken w', 'from today t
  join hub.organisation_wijken w on t.day between w.works_from and w.works_until'],
  ['with rules as materialized (', 'with today as materialized (select hub.today() as day),
  rules as materialized (']]);

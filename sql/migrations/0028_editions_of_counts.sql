-- SPDX-License-Identifier: EUPL-1.2
-- Published numbers of counts and signals together, of weeks and of quarters, and broken down by buurt or group. The rule for a
-- cell is that of migration 8; what is new is what may be in it, when it is due, and its parts.
--
-- What is in a cell. An organisation contributes to a measure, wijk and period by its signals, under rules about SIGNAL, and by its
-- counts, under rules about COUNT without a category (or with the only one that the measure has: a part of a measure's categories
-- shares no count of all of them). Where it gave counts that are shared with the audience, they stand in the place of its signals.
-- Its part is one organisation's part, whatever it is made of. Which records stand behind a count is not known. So as many are taken
-- off it, before the rule asks what remains, as its organisation has records, of whatever kind, that the audience could ever see and
-- that were of that wijk and of a category of the measure on some day since the period began: those that were withdrawn, moved or
-- changed since as well. That can be too many, which only withholds.
--
-- Once. A number is published on the day after counts of its period are no longer taken, for each audience and measure that has
-- none. It is never looked at again, nor is a part of it: an audience gets no number of days and categories of which it has one
-- already, under whatever measure or kind of period. So moving a category to another measure, or a measure from weeks to quarters,
-- gives no second look and no total beside its parts.
--
-- Parts. The numbers of all buurten (or groups) of a wijk, what has none among them, are shown if the wijk's number is shown and
-- each of them is safe by the same rule; else all of them are withheld. All or none: were some shown, the total less those would
-- be what the others add up to. A solver could show more, and comes with a later version. What the decision tells: of a wijk whose
-- parts are withheld and whose number is not, that one part, whichever, is not 0 and does not stand without some organisation.
--
-- Worst cases that were looked at:
--   * The audience's own part is in no number. A provider that is a party elsewhere knows its own part: any one is taken off.
--   * Seen once, moved, revoked: as in migrations 8 and following, for the signals behind a count as well.
--   * Counts given for one week and records for the next: each week is decided by what was there on its day, once.
--   * A count that was corrected or withdrawn: only before its number is published, for every audience of every day. Signals can
--     come in late or be withdrawn: two audiences that put their numbers of two days side by side can see that. Numbers are made
--     safe for each audience, not for two together.
--   * Who gives a count can say what it wants: it can make a number larger, never make another's part visible.

alter table hub.editions no force row level security;
alter table hub.editions
  add column definition_version int not null default 1,
  add column categories text[],
  add column breakdown text,
  drop constraint editions_period_check,
  add constraint editions_period check (hub.is_period(period));
update hub.editions e set categories = m.categories from hub.measures m where (m.gemeente, m.code) = (e.gemeente, e.measure);
alter table hub.editions alter column categories set not null;
alter table hub.editions force row level security;

-- A number of a wijk by buurt, or by group; null is what has none.
create table hub.edition_parts (
  gemeente text not null,
  audience uuid not null,
  period text not null,
  wijk uuid not null,
  measure text not null,
  edition int not null,
  buurt uuid,
  "group" text,
  value int check (value >= 0),
  suppression text not null check (suppression in ('NONE', 'WITHHELD')),
  unique nulls not distinct (gemeente, audience, period, wijk, measure, edition, buurt, "group"),
  foreign key (gemeente, audience, period, wijk, measure, edition) references hub.edition_cells on delete restrict,
  foreign key (gemeente, wijk, buurt) references hub.buurten (gemeente, wijk, id) on delete restrict,
  check (buurt is null or "group" is null),
  check ((value is not null) = (suppression = 'NONE'))
);
alter table hub.edition_parts enable row level security;
alter table hub.edition_parts force row level security;
create policy of_audience on hub.edition_parts for select to hub_app
  using (gemeente = (select hub.gemeente()) and audience = (select hub.asker()));
create policy recorder on hub.edition_parts for select to hub_recorder using (true);
create policy recorder_writes on hub.edition_parts for insert to hub_recorder with check (true);
grant select on hub.edition_parts to hub_app;
grant select, insert on hub.edition_parts to hub_recorder;

drop function hub.publish_week(text, date);
drop function hub.cube_of_week(text, date, uuid[]);
drop function hub.contributors(text, date);

-- The days of a period, how many days ago it began, and its unit: computed once for a statement, not once per row.
create function hub.days_of(in_period text) returns table (from_day date, until_day date, ago int, unit text)
  language sql stable parallel safe as $$
  select hub.period_from(in_period), hub.period_until(in_period), hub.today() - hub.period_from(in_period), hub.period_unit(in_period)
  offset 0
$$;
grant execute on function hub.days_of(text) to hub_app, hub_door, hub_recorder;

-- Which organisations could contribute to which number in the whole of a period, by which kind and rule. A rule that began within
-- the period, or that no longer keeps its first day, gives nothing to it: a part of a period would pass for the whole.
create function hub.contributors(in_gemeente text, in_period text)
  returns table (audience uuid, measure text, wijk uuid, provider uuid, kind text, agreement uuid, version int, rule int,
    min_cell int)
  language sql stable parallel safe as $$
  select r.receiver, m.code, r.wijk, r.provider, r.kind, r.agreement, r.version, r.rule, r.min_cell
  from hub.days_of(in_period) d
  cross join hub.rules_in_force(in_gemeente) r
  join hub.measures m on m.gemeente = in_gemeente and m.period = d.unit and (
    r.category is null or array[r.category] = m.categories or (r.kind = 'SIGNAL' and r.category = any (m.categories)))
  join hub.organisation_wijken w on (w.gemeente, w.organisation, w.wijk) = (in_gemeente, r.provider, r.wijk)
    and w.works_from <= d.until_day and w.works_until >= d.from_day
  where r.kind in ('SIGNAL', 'COUNT') and r.covers_from <= d.from_day and r.keep_days > d.ago
$$;
grant execute on function hub.contributors(text, text) to hub_app, hub_door;

-- The numbers of a period that are due, decided, but for some audiences and measures ('audience/measure'): what is withheld does
-- not leave this function. Asked anew it would follow the records from day to day, so it is hub_recorder's alone, who asks it once.
create function hub.cube_of(in_gemeente text, in_period text, but_for text[])
  returns table (audience uuid, measure text, wijk uuid, is_part boolean, buurt uuid, "group" text, value int, suppression text,
    scope uuid[])
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with contributors as materialized (
    select c.*, m.categories, m.breakdown, m.groups, d.from_day, d.until_day, d.today
    from (select x.*, hub.today() as today from hub.days_of(in_period) x offset 0) d
    cross join hub.contributors(in_gemeente, in_period) c
    join hub.measures m on m.gemeente = in_gemeente and m.code = c.measure and d.until_day + m.open_days < d.today
    where c.audience || '/' || c.measure <> all (but_for)
  ), shown as materialized (
    select * from hub.rules_ever_in_force(in_gemeente)
  ), cells as (
    select c.audience, c.measure, c.wijk, c.breakdown, c.groups, max(c.min_cell) as min_cell,
      array_agg(distinct c.provider order by c.provider) as scope
    from contributors c
    group by c.audience, c.measure, c.wijk, c.breakdown, c.groups
  ), granted as materialized ( -- each step once: without statistics it would be done anew per cell
    select c.*, g.slice, g.covers_from, g.valid_until, g.keep_days
    from contributors c
    join hub.grants g on g.gemeente = in_gemeente and g.receiver = c.audience and g.wijk = c.wijk and g.kind = c.kind
      and g.owner = c.provider and (g.agreement, g.version, g.rule) = (c.agreement, c.version, c.rule)
  ), given as materialized ( -- each count once, under however many rules it is shared
    select distinct g.audience, g.measure, g.wijk, k.owner, k.id, k.count,
      case g.breakdown when 'BUURT' then k.buurt::text when 'GROUP' then case when k."group" = any (g.groups) then k."group" end end as part
    from granted g
    join hub.counts k on k.gemeente = in_gemeente and k.slice = g.slice and k.measure = g.measure and k.period = in_period
      and k.closed_on is null and k.recorded_on between g.covers_from and g.valid_until and k.recorded_on > g.today - g.keep_days
    where g.kind = 'COUNT'
  ), givers as materialized (
    select distinct g.audience, g.measure, g.wijk, g.owner from given g
  ), signals as materialized ( -- of who gave counts, those stand in their place
    select distinct g.audience, g.measure, g.wijk, s.owner, s.id, s.category, s.recorded_on, s.slice,
      case g.breakdown when 'BUURT' then s.buurt::text end as part
    from granted g
    join hub.signals s on s.gemeente = in_gemeente and s.slice = g.slice
      and s.seen_on between g.from_day and g.until_day and s.category = any (g.categories)
      and s.recorded_on between g.covers_from and g.valid_until and s.recorded_on > g.today - g.keep_days
    where g.kind = 'SIGNAL' and (g.audience, g.measure, g.wijk, g.provider) not in (select * from givers)
  ), judged as materialized (
    select s.*,
      -- as a record, now or before, here or where it was before it moved
      exists (
        select from shown v
        where v.kind = 'SIGNAL' and v.receiver = s.audience and v.provider = s.owner and s.recorded_on between v.covers_from and v.covers_until
          and (l.profile = hub.as_agreed() or exists (
            select from hub.share_caps h
            where (h.gemeente, h.owner, h.profile, h.receiver) = (in_gemeente, s.owner, l.profile, s.audience)
              and h.precision <> 'COUNT'))
          and exists (
            select from (
              select s.wijk, s.category
              union all
              select f.wijk, f.category from hub.feed_items f where f.gemeente = in_gemeente and f.record = s.id) p
            where p.wijk = v.wijk and (v.category is null or v.category = p.category))) as seen
    from signals s
    join hub.slices l on (l.gemeente, l.owner, l.id) = (in_gemeente, s.owner, s.slice)
  ), pieces as (
    select j.audience, j.measure, j.wijk, j.owner, j.part, 1 as n, (not j.seen)::int as unseen from judged j
    union all
    select g.audience, g.measure, g.wijk, g.owner, g.part, g.count, g.count from given g
  ), touched as materialized (
    -- of who gave counts: the records, of any kind, that something happened to since the period began while they were of the wijk
    -- and measure; those that are gone too. Before that a record can be of the period only if it says what is planned.
    select distinct v.audience, v.measure, v.wijk, v.owner, f.record
    from givers v
    cross join hub.days_of(in_period) d
    join hub.measures m on m.gemeente = in_gemeente and m.code = v.measure
    join hub.feed_items f on f.gemeente = in_gemeente and f.owner = v.owner and f.wijk = v.wijk and f.category = any (m.categories)
      and f.on_day >= d.from_day - case when f.kind in ('SIGNAL', 'ENFORCEMENT_ACTION', 'POLICE_NOTICE') then 1 else 366 end
    where f.kind <> 'COUNT'
  ), showings as materialized ( -- by which rules anyone could ever see them, wherever they were
    select distinct t.owner, t.record, v.receiver, l.profile
    from (select distinct x.owner, x.record from touched x) t
    join hub.feed_items f on f.gemeente = in_gemeente and f.owner = t.owner and f.record = t.record
    join hub.slices l on (l.gemeente, l.owner, l.id) = (in_gemeente, f.owner, f.slice)
    join shown v on (v.provider, v.kind, v.wijk) = (f.owner, f.kind, f.wijk) and (v.category is null or v.category = f.category)
      and f.recorded_on between v.covers_from and v.covers_until
  ), behind as ( -- of who gave counts: how much of it the audience could see as records
    select t.audience, t.measure, t.wijk, t.owner, count(*) as seen
    from touched t
    where exists (
      select from showings w
      where (w.owner, w.record, w.receiver) = (t.owner, t.record, t.audience)
        and (w.profile = hub.as_agreed() or exists (
          select from hub.share_caps h
          where (h.gemeente, h.owner, h.profile, h.receiver) = (in_gemeente, t.owner, w.profile, t.audience)
            and h.precision <> 'COUNT')))
    group by t.audience, t.measure, t.wijk, t.owner
  ), parts as materialized (
    select p.audience, p.measure, p.wijk, grouping(p.part) = 0 as is_part, p.part, sum(p.n) as records,
      greatest(sum(p.unseen) - coalesce(max(b.seen), 0), 0) as unseen
    from pieces p
    left join behind b on (b.audience, b.measure, b.wijk, b.owner) = (p.audience, p.measure, p.wijk, p.owner)
    group by grouping sets ((p.audience, p.measure, p.wijk, p.owner), (p.audience, p.measure, p.wijk, p.owner, p.part))
  ), places as ( -- the wijk, and each of the parts by which the measure is told
    select c.*, false as is_part, null as part from cells c
    union all
    select c.*, true, b.part
    from cells c
    cross join lateral (
      select null as part
      union all
      select b.id::text from hub.buurten b where c.breakdown = 'BUURT' and (b.gemeente, b.wijk) = (in_gemeente, c.wijk)
      union all
      select unnest(c.groups)) b
    where c.breakdown is not null
  ), sums as (
    select c.audience, c.measure, c.wijk, c.breakdown, c.is_part, c.part, c.scope, c.min_cell, coalesce(sum(p.records), 0)::int as total,
      coalesce(sum(p.unseen) - max(p.unseen), 0)::int as remains
    from places c
    left join parts p on (p.audience, p.measure, p.wijk, p.is_part) = (c.audience, c.measure, c.wijk, c.is_part)
      and p.part is not distinct from c.part
    group by c.audience, c.measure, c.wijk, c.breakdown, c.is_part, c.part, c.scope, c.min_cell
  ), decided as (
    select s.*, d.safe and (not s.is_part or bool_and(d.safe) over (partition by s.audience, s.measure, s.wijk)) as safe
    from sums s
    cross join lateral (select cardinality(s.scope) >= 3 and (s.total = 0 or s.remains >= s.min_cell) as safe) d
  )
  select s.audience, s.measure, s.wijk, s.is_part, case s.breakdown when 'BUURT' then s.part::uuid end,
    case s.breakdown when 'GROUP' then s.part end, case when s.safe then s.total end,
    case when s.safe then 'NONE' else 'WITHHELD' end, s.scope
  from decided s
$$;
grant execute on function hub.cube_of(text, text, text[]) to hub_recorder;
alter function hub.cube_of(text, text, text[]) owner to hub_door;

-- Publishes a period for every audience and measure that is due and has no number yet of its days and categories, and returns how
-- many cells that were. Only a closed period; whatever is published stays as it is. Anyone may call it: it decides once what the
-- database itself determines.
create function hub.publish(in_gemeente text, in_period text) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  made int;
begin
  if hub.is_period(in_period) is not true or hub.period_until(in_period) >= hub.today() then
    raise exception using errcode = 'invalid_parameter_value', message = format('%s is not a closed period', in_period);
  end if;
  -- the second of two workers waits here, and then finds everything published
  perform pg_advisory_xact_lock(hashtextextended('hub.editions/' || in_gemeente, 0));
  with fresh as materialized (
    select c.* from hub.cube_of(in_gemeente, in_period, array(
      select distinct e.audience || '/' || m.code
      from hub.days_of(in_period) d
      join hub.editions e on e.gemeente = in_gemeente and e.from_day <= d.until_day and e.until_day >= d.from_day
      join hub.measures m on m.gemeente = e.gemeente and (m.categories && e.categories or m.code = e.measure))) c
  ), edition as (
    insert into hub.editions (gemeente, audience, period, measure, edition, from_day, until_day, definition_version, categories, breakdown)
    select distinct in_gemeente, f.audience, in_period, f.measure, 1, hub.period_from(in_period), hub.period_until(in_period),
      m.definition_version, m.categories, m.breakdown
    from fresh f join hub.measures m on (m.gemeente, m.code) = (in_gemeente, f.measure)
  ), cells as (
    insert into hub.edition_cells (gemeente, audience, period, wijk, measure, edition, value, suppression, scope)
    select in_gemeente, f.audience, in_period, f.wijk, f.measure, 1, f.value, f.suppression, f.scope from fresh f where not f.is_part
    returning 1
  ), parts as (
    insert into hub.edition_parts (gemeente, audience, period, wijk, measure, edition, buurt, "group", value, suppression)
    select in_gemeente, f.audience, in_period, f.wijk, f.measure, 1, f.buurt, f."group", f.value, f.suppression from fresh f where f.is_part
  )
  select count(*) into made from cells;
  return made;
end $$;
grant execute on function hub.publish(text, text) to hub_app;
alter function hub.publish(text, text) owner to hub_recorder;

-- The closed weeks and quarters that are still published, oldest end first.
create function hub.due_periods() returns table (period text) language sql stable parallel safe as $$
  select p.period
  from generate_series(0, 38) w (week)
  cross join lateral (select hub.first_due_week() - 91 + 7 * w.week as monday) d
  cross join lateral (
    select to_char(d.monday, 'IYYY"-W"IW')
    union all
    select to_char(d.monday, 'IYYY"-Q"') || extract(week from d.monday)::int / 13 + 1
    where extract(week from d.monday) in (1, 14, 27, 40)) p (period)
  where hub.period_until(p.period) between hub.first_due_week() and hub.today() - 1
  order by hub.period_until(p.period), p.period
$$;

-- The numbers of a period that will be published for the asker under the rules of today, and are not yet.
create function hub.awaited_numbers(in_period text) returns table (measure text, wijk uuid) language sql stable parallel safe as $$
  select distinct c.measure, c.wijk
  from hub.days_of(in_period) d
  cross join hub.contributors(hub.gemeente(), in_period) c
  join hub.measures m on m.gemeente = hub.gemeente() and m.code = c.measure
  where c.audience = hub.asker() and d.until_day >= hub.first_due_week() and not exists (
    select from hub.editions e
    where e.gemeente = hub.gemeente() and e.audience = c.audience and (e.categories && m.categories or e.measure = m.code)
      and e.from_day <= d.until_day and e.until_day >= d.from_day)
$$;
grant execute on function hub.due_periods(), hub.awaited_numbers(text) to hub_app;

-- SPDX-License-Identifier: EUPL-1.2
-- Numbers that are checked together, and later editions of them. The rule for a cell stays that of migrations 8 and 28; what is new:
--
-- Who publishes. The database decides what may be shown, as before (primary). A solver, which runs beside it as hub_owner, decides
-- what has to be withheld as well, so that nothing follows by subtraction (complements). It gets what would be shown, never what would
-- not, and hands back the keys of cells to withhold: it can take away, not add. hub_app publishes nothing and reads no cell that may
-- be withheld after all.
--
-- Parts. Some parts of a wijk can be shown when others are withheld. What is withheld together follows from the total and the parts
-- that are shown, so it is itself a number, and must be safe by the rule for any number. Checked here, when a period is published.
--
-- Later editions. A number is looked at once more, from 28 until 55 days after it was published, and never again: each look at what
-- came in late would be a difference with the look before. The second edition has those cells alone that changed, of organisations
-- that are the same, where nobody's part became smaller, and where what came in late is safe by itself, as if it were a number.
-- A number that was withheld can be shown then. What was shown stays as it was: it is edition 1, and can be read.
-- What the second look tells: a cell without a second edition was not changed, or not safely. A changed scope (an agreement that began,
-- ended or was revoked) makes a difference of agreements: no second edition.
--
-- Quarters of a weekly measure. The sum of what its thirteen weeks were published with, when none of them is looked at any more. From
-- it and the weeks that are shown follows what the others add up to; so it is shown only if that is nothing, or two weeks or more that
-- are safe when taken together. Parts of quarters and totals of the gemeente are not published: with them a cell stands in two sums,
-- and the weeks, which were published long ago, can not be withheld any more.
--
-- Sensitive measures. 0 to 4 alike: they are withheld. Others are rounded to 5. An area of which fewer than 50 inhabitants are known
-- has no number.

alter table hub.measures add column sensitive boolean not null default false;

-- Whether numbers are rounded is a part of what they are: a rounded number and an exact one of the same thing are no two editions.
create or replace function hub.raise_definition() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.definition_version := old.definition_version
    + ((new.categories, new.period, new.groups, new.sensitive)
      is distinct from (old.categories, old.period, old.groups, old.sensitive))::int;
  return new;
end $$;

-- Expressly: numbers under this rule may be of this one organisation alone.
alter table hub.agreement_rules no force row level security;
alter table hub.agreement_rules add column alone boolean not null default false,
  add constraint agreement_rules_alone_as_numbers check (not alone or precision = 'COUNT');
alter table hub.agreement_rules force row level security;
grant insert (alone) on hub.agreement_rules to hub_app;

-- `kept`: what stood behind its cells is kept, so that a later edition can be compared with it.
alter table hub.editions no force row level security;
alter table hub.editions add column kept boolean not null default false;
alter table hub.editions force row level security;

alter table hub.edition_cells no force row level security;
alter table hub.edition_cells
  add column min_cell int,
  add column alone boolean not null default false,
  drop constraint edition_cells_suppression_check,
  drop constraint edition_cells_check,
  add constraint edition_cells_suppression check (suppression in ('NONE', 'ROUNDED', 'WITHHELD')),
  add constraint edition_cells_value check ((value is null) = (suppression = 'WITHHELD')),
  add constraint edition_cells_rounded check (suppression <> 'ROUNDED' or value % 5 = 0);
alter table hub.edition_cells force row level security;

alter table hub.edition_parts no force row level security;
alter table hub.edition_parts
  drop constraint edition_parts_suppression_check,
  drop constraint edition_parts_check1,
  add constraint edition_parts_suppression check (suppression in ('NONE', 'ROUNDED', 'WITHHELD')),
  add constraint edition_parts_value check ((value is null) = (suppression = 'WITHHELD')),
  add constraint edition_parts_rounded check (suppression <> 'ROUNDED' or value % 5 = 0);
alter table hub.edition_parts force row level security;

-- What stood behind a cell when it was decided, of each organisation: nobody's to read. Compared with what stands there at the second
-- look, and added up for quarters.
create table hub.edition_contributions (
  gemeente text not null,
  audience uuid not null,
  period text not null,
  wijk uuid not null,
  measure text not null,
  edition int not null,
  is_part boolean not null,
  buurt uuid,
  "group" text,
  provider uuid not null,
  records int not null check (records >= 0),
  unseen int not null check (unseen between 0 and records),
  unique nulls not distinct (gemeente, audience, period, wijk, measure, edition, is_part, buurt, "group", provider),
  foreign key (gemeente, audience, period, wijk, measure, edition) references hub.edition_cells on delete restrict,
  foreign key (gemeente, provider) references hub.organisations on delete restrict
);
alter table hub.edition_contributions enable row level security;
alter table hub.edition_contributions force row level security;
create policy recorder on hub.edition_contributions for select to hub_recorder using (true);
create policy recorder_writes on hub.edition_contributions for insert to hub_recorder with check (true);
grant select, insert on hub.edition_contributions to hub_recorder;
grant select on hub.figures, hub.buurten to hub_recorder;
grant execute on function hub.rules_in_force(text), hub.due_periods(), hub.first_due_week() to hub_recorder;

drop function hub.publish(text, text);
drop function hub.cube_of(text, text, text[]);
drop function hub.contributors(text, text);

-- Which organisations could contribute to which number in the whole of a period, by which kind and rule. A rule that began within
-- the period, or that no longer keeps its first day, gives nothing to it: a part of a period would pass for the whole.
create function hub.contributors(in_gemeente text, in_period text)
  returns table (audience uuid, measure text, wijk uuid, provider uuid, kind text, agreement uuid, version int, rule int,
    min_cell int, alone boolean)
  language sql stable parallel safe as $$
  select r.receiver, m.code, r.wijk, r.provider, r.kind, r.agreement, r.version, r.rule, r.min_cell,
    (r.agreement, r.version, r.rule) in (
      select a.agreement, a.version, a.number from hub.agreement_rules a where a.gemeente = in_gemeente and a.alone)
  from hub.days_of(in_period) d
  cross join hub.rules_in_force(in_gemeente) r
  join hub.measures m on m.gemeente = in_gemeente and m.period = d.unit and (
    r.category is null or array[r.category] = m.categories or (r.kind = 'SIGNAL' and r.category = any (m.categories)))
  join hub.organisation_wijken w on (w.gemeente, w.organisation, w.wijk) = (in_gemeente, r.provider, r.wijk)
    and w.works_from <= d.until_day and w.works_until >= d.from_day
  where r.kind in ('SIGNAL', 'COUNT') and r.covers_from <= d.from_day and r.keep_days > d.ago
$$;
grant execute on function hub.contributors(text, text) to hub_app, hub_door, hub_recorder;

-- The numbers of a period that are asked for ('audience/measure'), each with whether it may be shown and what stands behind it. That
-- does not leave the database: it is hub_recorder's alone, who keeps it. Asked anew it would follow the records from day to day.
create function hub.cube_of(in_gemeente text, in_period text, of_numbers text[])
  returns table (audience uuid, measure text, wijk uuid, is_part boolean, buurt uuid, "group" text, total int, safe boolean,
    min_cell int, alone boolean, scope uuid[], providers uuid[], records int[], unseen int[], could_be_unseen int)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  set enable_nestloop = off as $$ -- as in hub.decided
  with contributors as materialized (
    select c.*, m.categories, m.breakdown, m.groups, d.from_day, d.until_day, d.today
    from (select x.*, hub.today() as today from hub.days_of(in_period) x offset 0) d
    cross join hub.contributors(in_gemeente, in_period) c
    join hub.measures m on m.gemeente = in_gemeente and m.code = c.measure and d.until_day + m.open_days < d.today
    where c.audience || '/' || c.measure = any (of_numbers)
  ), shown as materialized (
    select * from hub.rules_ever_in_force(in_gemeente)
  ), cells as (
    select c.audience, c.measure, c.wijk, c.breakdown, c.groups, max(c.min_cell) as min_cell,
      bool_and(c.alone) as alone, array_agg(distinct c.provider order by c.provider) as scope
    from contributors c
    group by c.audience, c.measure, c.wijk, c.breakdown, c.groups
  ), grants as materialized ( -- each step once: without statistics it would be done anew per cell
    select * from hub.grants g where g.gemeente = in_gemeente and g.kind in ('SIGNAL', 'COUNT')
  ), granted as materialized (
    select c.*, g.slice, g.covers_from, g.valid_until, g.keep_days
    from contributors c
    join grants g on g.receiver = c.audience and g.wijk = c.wijk and g.kind = c.kind
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
              select f.wijk, f.category from hub.feed_items f where f.gemeente = in_gemeente and f.owner = s.owner and f.record = s.id) p
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
    select p.audience, p.measure, p.wijk, p.owner, grouping(p.part) = 0 as is_part, p.part, sum(p.n)::int as records,
      sum(p.unseen)::int as could_be_unseen, greatest(sum(p.unseen) - coalesce(max(b.seen), 0), 0)::int as unseen
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
    select c.audience, c.measure, c.wijk, c.breakdown, c.is_part, c.part, c.scope, c.min_cell, c.alone,
      coalesce(sum(p.records), 0)::int as total, coalesce(sum(p.could_be_unseen), 0)::int as could_be_unseen,
      -- without any one organisation, unless each of them agreed to be seen alone
      case when c.alone then coalesce(sum(p.unseen), 0) else coalesce(sum(p.unseen) - max(p.unseen), 0) end::int as remains,
      array_agg(p.owner order by p.owner) filter (where p.owner is not null) as providers,
      array_agg(p.records order by p.owner) filter (where p.owner is not null) as records,
      array_agg(p.unseen order by p.owner) filter (where p.owner is not null) as unseen
    from places c
    left join parts p on (p.audience, p.measure, p.wijk, p.is_part) = (c.audience, c.measure, c.wijk, c.is_part)
      and p.part is not distinct from c.part
    group by c.audience, c.measure, c.wijk, c.breakdown, c.is_part, c.part, c.scope, c.min_cell, c.alone
  )
  select s.audience, s.measure, s.wijk, s.is_part, case s.breakdown when 'BUURT' then s.part::uuid end,
    case s.breakdown when 'GROUP' then s.part end, s.total,
    (s.alone or cardinality(s.scope) >= 3) and (s.total = 0 or s.remains >= s.min_cell),
    s.min_cell, s.alone, s.scope, coalesce(s.providers, '{}'), coalesce(s.records, '{}'), coalesce(s.unseen, '{}'), s.could_be_unseen
  from sums s
$$;
grant execute on function hub.cube_of(text, text, text[]) to hub_recorder;
alter function hub.cube_of(text, text, text[]) owner to hub_door;

-- Which edition of a number is to be decided now, if any: the first on the day after counts are no longer taken, the second 28 to 55
-- days after that. An audience gets no first number of days and categories of which it has one already, under whatever measure or kind
-- of period.
create function hub.next_edition(in_gemeente text, of_audience uuid, in_period text, of_measure text) returns int
  language sql stable parallel safe as $$
  select coalesce(e.edition + 1, 1)
  from hub.days_of(in_period) d
  join hub.measures m on (m.gemeente, m.code) = (in_gemeente, of_measure) and d.until_day + m.open_days < hub.today()
  left join hub.editions e on (e.gemeente, e.audience, e.period, e.measure, e.edition) = (in_gemeente, of_audience, in_period, m.code, 1)
  where case when e.edition is null then not exists (
      select from hub.editions x
      where x.gemeente = in_gemeente and x.audience = of_audience and (m.categories && x.categories or x.measure = m.code)
        and x.from_day <= d.until_day and x.until_day >= d.from_day)
    else e.kept and hub.today() between e.published_on + 28 and e.published_on + 55
      and (e.definition_version, e.breakdown) is not distinct from (m.definition_version, m.breakdown)
      and not exists (
        select from hub.editions x
        where (x.gemeente, x.audience, x.period, x.measure, x.edition) = (in_gemeente, of_audience, in_period, m.code, 2)) end
$$;
grant execute on function hub.next_edition(text, uuid, text, text) to hub_recorder;

-- The numbers of a period that are to be decided. It follows from agreements and days alone.
create function hub.numbers_to_decide(in_gemeente text, in_period text) returns table (audience uuid, measure text, edition int)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with c as materialized (
    select distinct x.audience, x.measure from hub.contributors(in_gemeente, in_period) x
  )
  select c.audience, c.measure, n.edition
  from c
  cross join lateral (select hub.next_edition(in_gemeente, c.audience, in_period, c.measure) as edition) n
  where n.edition is not null
$$;

-- The sums of weekly measures over a quarter that are to be decided: all thirteen weeks have numbers of the same definition, none is
-- looked at any more, and there is no sum yet.
create function hub.sums_to_decide(in_gemeente text, in_period text) returns table (audience uuid, measure text)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select e.audience, e.measure
  from hub.days_of(in_period) d
  join hub.editions e on e.gemeente = in_gemeente and e.edition = 1 and hub.period_unit(e.period) = 'WEEK'
    and e.from_day >= d.from_day and e.until_day <= d.until_day
  join hub.measures m on (m.gemeente, m.code, m.definition_version, m.categories) =
    (in_gemeente, e.measure, e.definition_version, e.categories)
  where d.unit = 'QUARTER' and d.until_day < hub.today() and e.kept and not exists (
    select from hub.editions x
    where (x.gemeente, x.audience, x.period, x.measure) = (in_gemeente, e.audience, in_period, e.measure))
  group by e.audience, e.measure
  having count(*) = 13 and bool_and(hub.today() > e.published_on + 55 or exists (
    select from hub.editions x
    where (x.gemeente, x.audience, x.period, x.measure, x.edition) = (in_gemeente, e.audience, e.period, e.measure, 2)))
$$;
alter function hub.numbers_to_decide(text, text) owner to hub_recorder;
alter function hub.sums_to_decide(text, text) owner to hub_recorder;

-- As a number of a sensitive measure is shown: to the nearest five.
create function hub.rounded(value int) returns int language sql immutable strict parallel safe as $$
  select (value + 2) / 5 * 5
$$;
-- Whether fewer than 50 inhabitants are known of an area, by the newest figure that there is.
create function hub.is_sparse(in_gemeente text, of_wijk uuid, of_buurt uuid) returns boolean language sql stable parallel safe as $$
  select coalesce((
    select f.value < 50 from hub.figures f
    where f.gemeente = in_gemeente and f.measure = 'a_inw' and f.value is not null
      and case when of_buurt is null then f.wijk = of_wijk else f.buurt = of_buurt end
    order by f.year desc, f.source limit 1), false)
$$;
grant execute on function hub.rounded(int), hub.is_sparse(text, uuid, uuid) to hub_recorder;

-- How much of what stands behind a number came in since what stood behind the one before, at least, without what the audience could
-- see: whether anybody's part is another, whether somebody's became smaller, and what remains of the rest without any one
-- organisation (all of it where each agreed to be seen alone).
create function hub.grown(alone boolean, now_of uuid[], now_records int[], now_unseen int[], was_of uuid[], was_records int[],
    was_unseen int[], out changed boolean, out shrank boolean, out remains int)
  language sql immutable parallel safe as $$
  select coalesce(bool_or(x.more <> 0), false), coalesce(bool_or(x.more < 0), false),
    case when alone then coalesce(sum(x.late), 0) else coalesce(sum(x.late) - max(x.late), 0) end::int
  from (
    select coalesce(n.records, 0) - coalesce(o.records, 0) as more,
      greatest(least(coalesce(n.records, 0) - coalesce(o.records, 0), coalesce(n.unseen, 0) - coalesce(o.unseen, 0)), 0) as late
    from unnest(now_of, now_records, now_unseen) n (provider, records, unseen)
    full join unnest(was_of, was_records, was_unseen) o (provider, records, unseen) on o.provider = n.provider) x
$$;
grant execute on function hub.grown(boolean, uuid[], int[], int[], uuid[], int[], int[]) to hub_recorder;

-- What stood behind a cell or part in an edition, as arrays side by side.
create function hub.stood_behind(in_gemeente text, of_audience uuid, in_period text, in_wijk uuid, of_measure text, in_edition int,
    as_part boolean, of_buurt uuid, of_group text, out providers uuid[], out records int[], out unseen int[])
  language sql stable parallel safe as $$
  select array_agg(k.provider order by k.provider), array_agg(k.records order by k.provider), array_agg(k.unseen order by k.provider)
  from hub.edition_contributions k
  where (k.gemeente, k.audience, k.period, k.wijk, k.measure, k.edition, k.is_part) =
      (in_gemeente, of_audience, in_period, in_wijk, of_measure, in_edition, as_part)
    and k.buurt is not distinct from of_buurt and k."group" is not distinct from of_group
$$;
grant execute on function hub.stood_behind(text, uuid, text, uuid, text, int, boolean, uuid, text) to hub_recorder;

-- Every number of a period that is to be decided now, decided by the rules for one number (primary): whether it is safe, and what
-- stands behind it. hub_recorder's alone.
--   key     audience/measure/wijk/part, which names it to the solver
--   before  what edition 1 shows of it, if this is edition 2
--   hidden  how much of the value the audience does not know as records, at least; `could_be_hidden` at most; of a quarter, how much
--           of it is in the weeks that are withheld
create function hub.decided(in_gemeente text, in_period text)
  returns table (key text, audience uuid, measure text, wijk uuid, edition int, is_part boolean, buurt uuid, "group" text,
    sensitive boolean, safe boolean, value int, before int, before_hidden int, min_cell int, alone boolean, scope uuid[],
    providers uuid[], records int[], unseen int[], hidden int, could_be_hidden int, withheld_weeks int, place text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  -- the planner cannot know how many cells there are, and would compare each with each
  set enable_nestloop = off as $$
  with asked as materialized (
    select * from hub.numbers_to_decide(in_gemeente, in_period)
  ), cube as materialized (
    select c.*, a.edition, m.sensitive,
      v.value, (select coalesce(sum(u), 0)::int from unnest(c.unseen) u) + v.value - c.total as hidden,
      c.could_be_unseen + v.value - c.total as could_be_hidden,
      c.safe and (not m.sensitive or (c.total >= 5 and not hub.is_sparse(in_gemeente, c.wijk, c.buurt))) as fit,
      o.value as before, o.scope as scope_before
    from hub.cube_of(in_gemeente, in_period, array(select x.audience || '/' || x.measure from asked x)) c
    join asked a on (a.audience, a.measure) = (c.audience, c.measure)
    join hub.measures m on (m.gemeente, m.code) = (in_gemeente, c.measure)
    cross join lateral (select case when m.sensitive then hub.rounded(c.total) else c.total end as value) v
    left join lateral (
      select e.value, e.scope from hub.edition_cells e
      where not c.is_part and (e.gemeente, e.audience, e.period, e.wijk, e.measure, e.edition) =
        (in_gemeente, c.audience, in_period, c.wijk, c.measure, 1)
      union all
      select e.value, null from hub.edition_parts e
      where c.is_part and (e.gemeente, e.audience, e.period, e.wijk, e.measure, e.edition) =
          (in_gemeente, c.audience, in_period, c.wijk, c.measure, 1)
        and e.buurt is not distinct from c.buurt and e."group" is not distinct from c."group") o on a.edition = 2
  ), compared as (
    select c.*, g.changed, g.shrank, g.changed and not g.shrank and g.remains >= c.min_cell as grew_safely,
      -- as much was hidden of what the first showed as stood behind it unseen; what rounding did to it is not told
      (select c.before - coalesce(sum(r - u), 0)::int from unnest(w.records, w.unseen) x (r, u)) as before_hidden
    from cube c
    left join lateral hub.stood_behind(in_gemeente, c.audience, in_period, c.wijk, c.measure, 1, c.is_part, c.buurt, c."group") w
      on c.edition = 2
    cross join lateral hub.grown(c.alone, c.providers, c.records, c.unseen, w.providers, w.records, w.unseen) g
  ), wholes as (
    -- of a second edition: of the same organisations, of none less, shown now, and not before or safely more
    select c.*, c.edition = 1 or (c.fit and c.scope = c.scope_before and not c.shrank and (c.before is null or c.grew_safely)) as counts
    from compared c where not c.is_part
  ), places as (
    -- the parts of a second edition beside those of the first: the same are shown, and each is as it was or safely more
    select p.*, w.edition = 1 or (bool_and(not p.shrank) over beside and (w.before is null or (
        bool_or(p.before is not null) over beside and bool_and(not p.changed or p.grew_safely) over beside
        and bool_and(p.before is null or p.fit) over beside))) as counts,
      w.fit and p.fit and (w.edition = 1 or w.before is null or p.before is not null) as shown
    from compared p
    join wholes w on (w.audience, w.measure, w.wijk) = (p.audience, p.measure, p.wijk) and w.counts
    where p.is_part
    window beside as (partition by p.audience, p.measure, p.wijk)
  ), weeks as (
    -- the newest numbers of the weeks of a quarter
    select distinct on (c.audience, c.measure, c.wijk, c.period) c.*
    from hub.sums_to_decide(in_gemeente, in_period) q
    cross join hub.days_of(in_period) d
    join hub.editions e on (e.gemeente, e.audience, e.measure) = (in_gemeente, q.audience, q.measure)
      and e.from_day >= d.from_day and e.until_day <= d.until_day and e.kept
    join hub.edition_cells c on (c.gemeente, c.audience, c.period, c.measure, c.edition) =
      (e.gemeente, e.audience, e.period, e.measure, e.edition)
    order by c.audience, c.measure, c.wijk, c.period, c.edition desc
  ), by_provider as (
    select w.audience, w.measure, w.wijk, k.provider, sum(k.records)::int as records,
      coalesce(sum(k.records - k.unseen) filter (where w.value is null), 0)::int as seen,
      coalesce(sum(k.unseen) filter (where w.value is null), 0)::int as unseen
    from weeks w
    join hub.edition_contributions k on (k.gemeente, k.audience, k.period, k.wijk, k.measure, k.edition) =
      (w.gemeente, w.audience, w.period, w.wijk, w.measure, w.edition) and not k.is_part
    group by w.audience, w.measure, w.wijk, k.provider
  ), quarters as (
    select w.audience, w.measure, w.wijk, m.sensitive, max(w.min_cell) as min_cell, bool_and(w.alone) as alone,
      array(select distinct unnest(s.scope) from weeks s
        where (s.audience, s.measure, s.wijk) = (w.audience, w.measure, w.wijk) order by 1) as scope,
      count(*) filter (where w.value is null)::int as withheld_weeks, coalesce(sum(w.value), 0)::int as shown_weeks,
      count(*) = 13 and bool_and(w.alone or cardinality(w.scope) >= 3) as whole
    from weeks w join hub.measures m on (m.gemeente, m.code) = (w.gemeente, w.measure)
    group by w.audience, w.measure, w.wijk, m.sensitive
  ), sums as (
    select q.*, v.value, v.value - q.shown_weeks - b.seen as hidden,
      q.whole and (q.withheld_weeks = 0 or (q.withheld_weeks >= 2 and b.remains >= q.min_cell))
        and (not q.sensitive or (b.total >= 5 and not hub.is_sparse(in_gemeente, q.wijk, null))) as safe
    from quarters q
    cross join lateral (
      select coalesce(sum(x.records), 0)::int as total, coalesce(sum(x.seen), 0)::int as seen,
        case when q.alone then coalesce(sum(x.unseen), 0) else coalesce(sum(x.unseen) - max(x.unseen), 0) end as remains
      from by_provider x where (x.audience, x.measure, x.wijk) = (q.audience, q.measure, q.wijk)) b
    cross join lateral (select case when q.sensitive then hub.rounded(b.total) else b.total end as value) v
  )
  select d.audience || '/' || d.measure || '/' || d.wijk || '/' || d.place, d.*
  from (
    select w.audience, w.measure, w.wijk, w.edition, false, null::uuid, null::text, w.sensitive, w.fit, w.value, w.before,
      w.before_hidden, w.min_cell, w.alone, w.scope, w.providers, w.records, w.unseen, w.hidden, w.could_be_hidden, 0, ''
    from wholes w where w.counts
    union all
    select p.audience, p.measure, p.wijk, p.edition, true, p.buurt, p."group", p.sensitive, p.shown, p.value, p.before,
      p.before_hidden, p.min_cell, p.alone, p.scope, p.providers, p.records, p.unseen, p.hidden, p.could_be_hidden, 0,
      coalesce(p.buurt::text, p."group", '-')
    from places p where p.counts
    union all
    select s.audience, s.measure, s.wijk, 1, false, null, null, s.sensitive, s.safe, s.value, null, null, s.min_cell, s.alone, s.scope,
      '{}'::uuid[], '{}'::int[], '{}'::int[], s.hidden, s.hidden, s.withheld_weeks, ''
    from sums s
  ) d (audience, measure, wijk, edition, is_part, buurt, "group", sensitive, safe, value, before, before_hidden, min_cell, alone, scope,
    providers, records, unseen, hidden, could_be_hidden, withheld_weeks, place)
$$;
alter function hub.decided(text, text) owner to hub_recorder;

-- What the solver is given of a period: every number that is to be decided, with its value only where it may be shown. In the order in
-- which complements are taken: by name of the buurt, or as the gemeente lists its groups, and what has none last. `digest` says what
-- it was made of.
create function hub.numbers_for_solver(in_gemeente text, in_period text)
  returns table (key text, number text, is_part boolean, edition int, sensitive boolean, safe boolean, value int, before int,
    before_hidden int, min_cell int, hidden int, could_be_hidden int, withheld_weeks int, digest text)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with fresh as materialized (
    select * from hub.decided(in_gemeente, in_period)
  )
  select d.key, d.audience || '/' || d.measure || '/' || d.wijk, d.is_part, d.edition, d.sensitive, d.safe,
    case when d.safe then d.value end, d.before, d.before_hidden, d.min_cell, case when d.safe then d.hidden end, case when d.safe then d.could_be_hidden end,
    d.withheld_weeks,
    (select md5(string_agg(f.key || '=' || f.edition || coalesce(case when f.safe then f.value end::text, '-'), ',' order by f.key))
      from fresh f)
  from fresh d
  left join hub.buurten b on (b.gemeente, b.id) = (in_gemeente, d.buurt)
  left join hub.measures m on (m.gemeente, m.code) = (in_gemeente, d.measure)
  order by d.audience, d.measure, d.wijk, d.is_part, b.name nulls last, b.id, array_position(m.groups, d."group") nulls last
$$;
alter function hub.numbers_for_solver(text, text) owner to hub_recorder;

-- Publishes a period, but for the numbers whose keys are to be withheld as well, and says how many there are of each sort. What may be
-- shown is decided here, again; it must be what the solver was given (`digest`), and what is withheld of a wijk's parts must be safe
-- together. Only a closed period; what is published stays as it is. The administrator's alone.
create function hub.publish(in_gemeente text, in_period text, withhold text[], in_digest text,
    out cells int, out parts int, out shown int, out withheld int, out complements int, out later int)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
declare
  made_of text;
begin
  if hub.is_period(in_period) is not true or hub.period_until(in_period) >= hub.today() then
    raise exception using errcode = 'invalid_parameter_value', message = format('%s is not a closed period', in_period);
  end if;
  -- the second of two publishers waits here, and then finds everything published
  perform pg_advisory_xact_lock(hashtextextended('hub.editions/' || in_gemeente, 0));
  with asked as materialized (
    select n.audience, n.measure, n.edition, true as kept from hub.numbers_to_decide(in_gemeente, in_period) n
    union all
    select s.audience, s.measure, 1, false from hub.sums_to_decide(in_gemeente, in_period) s
  ), fresh as materialized (
    select d.*, d.safe and d.key <> all (withhold) as to_show from hub.decided(in_gemeente, in_period) d
  ), wijken as ( -- a second edition shows a wijk, and what it showed of its parts, or it has nothing of it
    select f.audience, f.measure, f.wijk, bool_or(f.to_show) filter (where not f.is_part) as visible
    from fresh f
    group by f.audience, f.measure, f.wijk, f.edition
    having f.edition = 1 or bool_and(f.to_show or (f.is_part and f.before is null))
  ), numbers as materialized ( -- of a wijk that is withheld no part is shown
    select f.audience, f.measure, f.wijk, f.edition, f.is_part, f.buurt, f."group", f.min_cell, f.alone, f.scope, f.providers, f.records,
      f.unseen, f.safe, case when v.visible then f.value end as value,
      case when not v.visible then 'WITHHELD' when f.sensitive then 'ROUNDED' else 'NONE' end as suppression
    from fresh f
    join wijken w on (w.audience, w.measure, w.wijk) = (f.audience, f.measure, f.wijk)
    cross join lateral (select f.to_show and w.visible as visible) v
  ), edition as (
    insert into hub.editions (gemeente, audience, period, measure, edition, from_day, until_day, definition_version, categories,
      breakdown, kept)
    select in_gemeente, a.audience, in_period, a.measure, a.edition, hub.period_from(in_period), hub.period_until(in_period),
      m.definition_version, m.categories, case when a.kept then m.breakdown end, a.kept
    from asked a join hub.measures m on (m.gemeente, m.code) = (in_gemeente, a.measure)
  ), of_wijken as (
    insert into hub.edition_cells (gemeente, audience, period, wijk, measure, edition, value, suppression, scope, min_cell, alone)
    select in_gemeente, n.audience, in_period, n.wijk, n.measure, n.edition, n.value, n.suppression, n.scope, n.min_cell, n.alone
    from numbers n where not n.is_part
  ), of_parts as (
    insert into hub.edition_parts (gemeente, audience, period, wijk, measure, edition, buurt, "group", value, suppression)
    select in_gemeente, n.audience, in_period, n.wijk, n.measure, n.edition, n.buurt, n."group", n.value, n.suppression
    from numbers n where n.is_part
  ), of_providers as (
    insert into hub.edition_contributions (gemeente, audience, period, wijk, measure, edition, is_part, buurt, "group", provider,
      records, unseen)
    select in_gemeente, n.audience, in_period, n.wijk, n.measure, n.edition, n.is_part, n.buurt, n."group", k.provider, k.records, k.unseen
    from numbers n cross join lateral unnest(n.providers, n.records, n.unseen) k (provider, records, unseen)
  )
  select count(*) filter (where not n.is_part), count(*) filter (where n.is_part), count(n.value), count(*) filter (where n.value is null),
    count(*) filter (where n.value is null and n.safe), count(*) filter (where n.edition > 1),
    (select md5(string_agg(f.key || '=' || f.edition || coalesce(case when f.safe then f.value end::text, '-'), ',' order by f.key))
      from fresh f)
  into cells, parts, shown, withheld, complements, later, made_of from numbers n;
  if made_of is distinct from in_digest then
    raise exception using errcode = 'serialization_failure', message = 'the numbers are not those that were checked';
  end if;
  if exists (select from hub.unsafe_rests(in_gemeente, in_period)) then
    raise exception using errcode = 'check_violation', constraint = 'editions_rest', message = 'what is withheld is not safe together';
  end if;
end $$;
alter function hub.publish(text, text, text[], text) owner to hub_recorder;

-- The wijken of a period of which some parts are shown, and what is withheld of the others is not safe when taken together: it
-- follows from the number of the wijk.
create function hub.unsafe_rests(in_gemeente text, in_period text) returns table (audience uuid, measure text, wijk uuid, edition int)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select c.audience, c.measure, c.wijk, c.edition
  from hub.edition_cells c
  cross join lateral (
    select case when c.alone then coalesce(sum(x.unseen), 0) else coalesce(sum(x.unseen) - max(x.unseen), 0) end as remains
    from (
      select k.provider, sum(k.unseen) as unseen
      from hub.edition_parts p
      join hub.edition_contributions k on (k.gemeente, k.audience, k.period, k.wijk, k.measure, k.edition, k.is_part) =
          (p.gemeente, p.audience, p.period, p.wijk, p.measure, p.edition, true)
        and k.buurt is not distinct from p.buurt and k."group" is not distinct from p."group"
      where (p.gemeente, p.audience, p.period, p.wijk, p.measure, p.edition) =
        (c.gemeente, c.audience, c.period, c.wijk, c.measure, c.edition) and p.value is null
      group by k.provider) x) r
  where c.gemeente = in_gemeente and c.period = in_period and r.remains < c.min_cell
    and (select count(*) filter (where p.value is null) > 0 and count(p.value) > 0 from hub.edition_parts p
      where (p.gemeente, p.audience, p.period, p.wijk, p.measure, p.edition) =
        (c.gemeente, c.audience, c.period, c.wijk, c.measure, c.edition))
$$;
alter function hub.unsafe_rests(text, text) owner to hub_recorder;

-- The periods that have numbers to decide, of all gemeenten: it follows from agreements and days alone. Rules that are alike are looked
-- at once, not once per provider, wijk and period.
create function hub.periods_due() returns table (gemeente text, period text)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with periods as materialized (
    select p.period, d.* from hub.due_periods() p cross join hub.days_of(p.period) d
  ), rules as materialized (
    select distinct g.code as gemeente, r.receiver, r.kind, r.category, r.covers_from, r.keep_days, w.works_from, w.works_until
    from hub.gemeenten g
    cross join lateral hub.rules_in_force(g.code) r
    join hub.organisation_wijken w on (w.gemeente, w.organisation, w.wijk) = (g.code, r.provider, r.wijk)
    where r.kind in ('SIGNAL', 'COUNT')
  ), numbers as materialized (
    select distinct r.gemeente, p.period, r.receiver, m.code
    from rules r
    join hub.measures m on m.gemeente = r.gemeente and (
      r.category is null or array[r.category] = m.categories or (r.kind = 'SIGNAL' and r.category = any (m.categories)))
    join periods p on p.unit = m.period and r.covers_from <= p.from_day and r.keep_days > p.ago
      and r.works_from <= p.until_day and r.works_until >= p.from_day
  )
  select distinct n.gemeente, n.period from numbers n
  where hub.next_edition(n.gemeente, n.receiver, n.period, n.code) is not null
  union
  select g.code, p.period from periods p cross join hub.gemeenten g
  where p.unit = 'QUARTER' and exists (select from hub.sums_to_decide(g.code, p.period))
$$;
alter function hub.periods_due() owner to hub_recorder;
create function hub.count_periods_due() returns int language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select count(*)::int from hub.periods_due()
$$;
grant execute on function hub.count_periods_due() to hub_app;
alter function hub.count_periods_due() owner to hub_recorder;

-- a grant to the functions' first owner would have gone with their ownership
set local role hub_recorder;
grant execute on function hub.numbers_for_solver(text, text), hub.publish(text, text, text[], text), hub.periods_due() to hub_owner;
reset role;

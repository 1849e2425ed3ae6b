-- SPDX-License-Identifier: EUPL-1.2
-- Two audiences that put side by side what each was shown, and what each gave itself, know no more than one of them does when the other
-- tells its own part. The rule for one number (hub.decided) says that this gives nothing away. What is new:
--
-- Numbers of two audiences of the same days, categories and wijk are both shown only if, but for what the two gave themselves,
--   they have no organisation in common, or
--   the same organisations share the same with both (kinds and categories), and each gave both as much, in each part, or
--   both are 0, or
--   one of them is of one organisation alone, which agreed to it, of a measure without parts, and its audience gives the other nothing:
--   that is as if this organisation told it.
-- Elsewhere one of the two is withheld, with its parts. Why not the difference, when it is a safe number? With it, parts, later editions
-- and sums of two audiences make one system, that neither the database nor a reader oversees.
--
-- Which one. What is published stays. Of what is decided together: the number of most organisations first, then the one that keeps
-- fewest others out, then by name of the audience. Sizes of numbers play no part. That there is a difference can follow from what is
-- withheld; not how large it is, nor whose.
--
-- Parts. Those that are shown to one audience are shown to all that have organisations in common with it, or none of them. An audience
-- that gets its number after others have theirs gets no parts.
--
-- Later editions. An edition may differ from what another audience has, if its own audience has an edition that does not, or the other
-- has one that does not differ from it: then all that is new is the difference of one audience's two editions, which is safe.
--
-- Sums over a quarter. From a sum follows what the withheld weeks of it add up to. So these have to be alike too, none of them may be
-- shown to another audience, nor be any more.
--
-- Sensitive measures. Two roundings of one number to five say more than one, unless what the two audiences gave themselves is as far
-- from a five: `rest`.
--
-- Not prevented: three audiences together; what one hands on of the records that it is shown.

-- What a number of a wijk is made of, of each organisation: nobody's to read. By organisation what it shares ("by") and its records by
-- part ("in", "" is the wijk); of a sum the weeks that are withheld, each as it is made up itself. Numbers of before this migration do not
-- say what was shared, so they are the same as one another only.
create table hub.edition_origins (
  gemeente text not null,
  audience uuid not null,
  period text not null,
  wijk uuid not null,
  measure text not null,
  edition int not null,
  of_each jsonb not null,
  primary key (gemeente, audience, period, wijk, measure, edition),
  foreign key (gemeente, audience, period, wijk, measure, edition) references hub.edition_cells on delete restrict
);
alter table hub.editions no force row level security;
alter table hub.edition_cells no force row level security;
alter table hub.edition_contributions no force row level security;
insert into hub.edition_origins
select c.gemeente, c.audience, c.period, c.wijk, c.measure, c.edition,
  coalesce((
    select jsonb_object_agg(p.provider, case
      when is_sum then (
        select coalesce(jsonb_object_agg(w.period, '{}'::jsonb), '{}') from hub.editions e
        join hub.edition_cells w on (w.gemeente, w.audience, w.period, w.measure, w.edition, w.wijk) =
          (e.gemeente, e.audience, e.period, e.measure, e.edition, c.wijk)
        where (e.gemeente, e.audience, e.measure) = (c.gemeente, c.audience, c.measure) and e.period <> c.period
          and e.from_day >= hub.period_from(c.period) and e.until_day <= hub.period_until(c.period) and w.value is null)
      else jsonb_build_object('in', (
        select coalesce(jsonb_object_agg(coalesce(k.buurt::text, k."group", case when k.is_part then '-' else '' end), k.records), '{}')
        from hub.edition_contributions k
        where (k.gemeente, k.audience, k.period, k.wijk, k.measure, k.edition, k.provider) =
          (c.gemeente, c.audience, c.period, c.wijk, c.measure, c.edition, p.provider) and k.records > 0)) end)
    from unnest(c.scope) p (provider)), '{}')
from hub.edition_cells c
join hub.measures m on (m.gemeente, m.code) = (c.gemeente, c.measure)
cross join lateral (select hub.period_unit(c.period) = 'QUARTER' and m.period = 'WEEK' as is_sum) s;
alter table hub.editions force row level security;
alter table hub.edition_cells force row level security;
alter table hub.edition_contributions force row level security;

alter table hub.edition_origins enable row level security;
alter table hub.edition_origins force row level security;
create policy recorder on hub.edition_origins for select to hub_recorder using (true);
create policy recorder_writes on hub.edition_origins for insert to hub_recorder with check (true);
grant select, insert on hub.edition_origins to hub_recorder;

-- Every number of a period that is to be decided now (hub.decided), beside those of other audiences: `safe` no more if it can not stand
-- beside what is published. hub_recorder's alone.
--   of_each  what a number of a wijk is made of (hub.edition_origins)
--   apart    the numbers that are decided now of which it can not stand beside any
--   beside   those that it can stand beside, and has organisations in common with
--   digest   says what all of it was made of
create function hub.decided_together(in_gemeente text, in_period text)
  returns table (key text, audience uuid, measure text, wijk uuid, edition int, is_part boolean, buurt uuid, "group" text,
    sensitive boolean, safe boolean, value int, before int, before_hidden int, min_cell int, alone boolean, scope uuid[],
    providers uuid[], records int[], unseen int[], hidden int, could_be_hidden int, withheld_weeks int, place text, of_each jsonb,
    apart text[], beside text[], digest text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  set enable_nestloop = off as $$ -- as in hub.decided
  with decided as materialized (
    select * from hub.decided(in_gemeente, in_period)
  ), wholes as materialized (
    select d.*, m.definition_version, m.categories, m.period <> p.unit as is_sum, case when m.period = p.unit then m.breakdown end as breakdown
    from hub.days_of(in_period) p
    cross join decided d
    join hub.measures m on (m.gemeente, m.code) = (in_gemeente, d.measure)
    where not d.is_part
  ), shared as (
    select c.audience, c.measure, c.wijk, c.provider, array_agg(distinct x.what order by x.what) as by
    from hub.contributors(in_gemeente, in_period) c
    join hub.agreement_rules r on (r.gemeente, r.agreement, r.version, r.number) = (in_gemeente, c.agreement, c.version, c.rule)
    join hub.measures m on (m.gemeente, m.code) = (in_gemeente, c.measure)
    cross join lateral (
      select c.kind as what where c.kind = 'COUNT'
      union all
      select 'SIGNAL/' || s from unnest(m.categories) s where c.kind = 'SIGNAL' and (r.category is null or r.category = s)) x
    group by c.audience, c.measure, c.wijk, c.provider
  ), given as (
    select d.audience, d.measure, d.wijk, k.provider, jsonb_object_agg(d.place, k.records) as "in",
      jsonb_object_agg(d.place, k.records % 5) filter (where d.sensitive and k.records % 5 > 0) as rest
    from decided d cross join lateral unnest(d.providers, d.records) k (provider, records)
    where k.records > 0
    group by d.audience, d.measure, d.wijk, k.provider
  ), weeks as ( -- as they stand in a sum
    select distinct on (w.audience, w.measure, w.wijk, e.period) w.audience, w.measure, w.wijk, w.sensitive, e.period, c.value, o.of_each
    from wholes w
    cross join hub.days_of(in_period) d
    join hub.editions e on (e.gemeente, e.audience, e.measure) = (in_gemeente, w.audience, w.measure)
      and e.from_day >= d.from_day and e.until_day <= d.until_day and e.kept
    join hub.edition_cells c on (c.gemeente, c.audience, c.period, c.wijk, c.measure, c.edition) =
      (e.gemeente, e.audience, e.period, w.wijk, e.measure, e.edition)
    join hub.edition_origins o on (o.gemeente, o.audience, o.period, o.wijk, o.measure, o.edition) =
      (c.gemeente, c.audience, c.period, c.wijk, c.measure, c.edition)
    where w.is_sum
    order by w.audience, w.measure, w.wijk, e.period, e.edition desc
  ), summed as (
    select w.audience, w.measure, w.wijk, p.key as provider,
      coalesce(jsonb_object_agg(w.period, p.value) filter (where w.value is null), '{}') as withheld,
      case when w.sensitive then jsonb_strip_nulls(jsonb_build_object(
        'shown', jsonb_object_agg(w.period, p.value) filter (where w.value is not null),
        'rest', sum((p.value -> 'in' ->> '')::int) % 5)) else '{}' end as rounded
    from weeks w cross join lateral jsonb_each(w.of_each) p
    group by w.audience, w.measure, w.wijk, w.sensitive, p.key
  ), origins as materialized (
    select s.audience, s.measure, s.wijk, jsonb_object_agg(s.provider, jsonb_strip_nulls(
      jsonb_build_object('by', s.by, 'in', g."in", 'rest', g.rest))) as of_each
    from shared s left join given g on (g.audience, g.measure, g.wijk, g.provider) = (s.audience, s.measure, s.wijk, s.provider)
    group by s.audience, s.measure, s.wijk
    union all
    select s.audience, s.measure, s.wijk, jsonb_object_agg(s.provider, s.withheld || s.rounded)
    from summed s where s.withheld || s.rounded <> '{}'
    group by s.audience, s.measure, s.wijk
  ), numbers as ( -- what may be shown, and what is shown
    select w.key, w.audience, w.measure, w.wijk, in_period as period, w.edition, w.is_sum, w.definition_version, w.categories,
      concat_ws('/', w.measure, in_period, w.definition_version, w.breakdown) as definition, w.value = 0 as nothing,
      w.alone and cardinality(w.scope) = 1 and w.breakdown is null and not w.is_sum as told, coalesce(o.of_each, '{}') as of_each
    from wholes w left join origins o on (o.audience, o.measure, o.wijk) = (w.audience, w.measure, w.wijk)
    where w.safe
    union all
    select null, c.audience, c.measure, c.wijk, c.period, c.edition, not e.kept and hub.period_unit(e.period) = 'QUARTER',
      e.definition_version, e.categories,
      concat_ws('/', c.measure, c.period, e.definition_version, e.breakdown), c.value = 0,
      c.alone and cardinality(c.scope) = 1 and e.breakdown is null and e.kept, o.of_each
    from hub.days_of(in_period) d
    join hub.editions e on e.gemeente = in_gemeente and e.from_day <= d.until_day and e.until_day >= d.from_day
    join hub.edition_cells c on (c.gemeente, c.audience, c.period, c.measure, c.edition) =
      (e.gemeente, e.audience, e.period, e.measure, e.edition) and c.value is not null
    join hub.edition_origins o on (o.gemeente, o.audience, o.period, o.wijk, o.measure, o.edition) =
      (c.gemeente, c.audience, c.period, c.wijk, c.measure, c.edition)
  ), compared as materialized (
    select n.*, array(select jsonb_object_keys(n.of_each)) as of_whom from numbers n
  ), pairs as materialized (
    select x.wijk, x.key, x.audience, x.measure, x.period, x.edition, y.key as other_key, y.audience as other_audience,
      y.measure as other_measure, y.period as other_period, y.edition as other_edition, i.in_common,
      not i.in_common or (x.nothing and y.nothing)
        or (x.told and not y.is_sum and not y.of_each ? x.audience::text) or (y.told and not x.is_sum and not x.of_each ? y.audience::text)
        or case
          when x.definition = y.definition then
            o.of_x = o.of_y and coalesce(x.of_each -> y.audience::text -> 'rest', '{}') = coalesce(y.of_each -> x.audience::text -> 'rest', '{}')
          when x.is_sum <> y.is_sum and (x.measure, x.definition_version) = (y.measure, y.definition_version) then not exists (
            -- a week and a sum in which it is withheld
            select from jsonb_each(case when x.is_sum then o.of_x else o.of_y end) s
            where s.value ? case when x.is_sum then y.period else x.period end)
          else false end as fit
    from compared x
    join compared y on y.wijk = x.wijk and y.audience <> x.audience and y.categories && x.categories
    cross join lateral (
      select x.of_each - array[x.audience::text, y.audience::text] as of_x, y.of_each - array[x.audience::text, y.audience::text] as of_y) o
    cross join lateral (
      select array_remove(array_remove(x.of_whom, x.audience::text), y.audience::text) && y.of_whom as in_common) i
  ), conflicts as materialized (
    select p.* from pairs p
    where p.key is not null and not p.fit and not exists ( -- nor another edition of one of the two that is shown
      select from pairs q
      where q.fit and (q.wijk, q.audience, q.measure, q.period, q.other_audience, q.other_measure, q.other_period) =
          (p.wijk, p.audience, p.measure, p.period, p.other_audience, p.other_measure, p.other_period)
        and ((q.key is null and q.other_edition = p.other_edition) or (q.other_key is null and q.edition = p.edition)))
  ), late as (
    select distinct p.key from conflicts p where p.other_key is null
  ), beside_published as (
    select distinct p.key from pairs p where p.key is not null and p.other_key is null and p.in_common
  ), apart as (
    select p.key, array_agg(p.other_key order by p.other_key) as others
    from conflicts p
    where p.other_key is not null and p.key not in (select l.key from late l) and p.other_key not in (select l.key from late l)
    group by p.key
  ), beside as (
    select p.key, array_agg(p.other_key order by p.other_key) as others
    from pairs p
    where p.key is not null and p.other_key is not null and p.in_common and (p.key, p.other_key) not in (
      select c.key, c.other_key from conflicts c where c.other_key is not null)
    group by p.key
  ), together as materialized (
    select d.key, d.audience, d.measure, d.wijk, d.edition, d.is_part, d.buurt, d."group", d.sensitive,
      d.safe and w.key not in (select l.key from late l)
        and not (d.is_part and w.before is null and w.key in (select b.key from beside_published b)) as safe,
      d.value, d.before, d.before_hidden, d.min_cell, d.alone, d.scope, d.providers, d.records, d.unseen, d.hidden, d.could_be_hidden,
      d.withheld_weeks, d.place, case when not d.is_part then coalesce(o.of_each, '{}') end as of_each,
      case when not d.is_part then coalesce(a.others, '{}') end as apart, case when not d.is_part then coalesce(b.others, '{}') end as beside
    from decided d
    join wholes w on (w.audience, w.measure, w.wijk) = (d.audience, d.measure, d.wijk)
    left join origins o on (o.audience, o.measure, o.wijk) = (d.audience, d.measure, d.wijk)
    left join apart a on a.key = w.key
    left join beside b on b.key = w.key
  )
  select t.*, (
    select md5(string_agg(concat_ws('=', f.key, f.edition, coalesce(case when f.safe then f.value end::text, '-'), f.apart), ',' order by f.key))
    from together f)
  from together t
$$;
alter function hub.decided_together(text, text) owner to hub_recorder;

-- What the solver is given of a period: every number that is to be decided, with its value only where it may be shown. Of a measure and
-- wijk (`cell`) in the order in which audiences are shown theirs, and within each in the order in which complements are taken: by name of
-- the buurt, or as the gemeente lists its groups, and what has none last. `digest` says what it was made of.
drop function hub.numbers_for_solver(text, text);
create function hub.numbers_for_solver(in_gemeente text, in_period text)
  returns table (key text, cell text, number text, is_part boolean, edition int, sensitive boolean, safe boolean, value int, before int,
    before_hidden int, min_cell int, hidden int, could_be_hidden int, withheld_weeks int, apart text[], beside text[], digest text)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select d.key, d.measure || '/' || d.wijk, d.audience || '/' || d.measure || '/' || d.wijk, d.is_part, d.edition, d.sensitive, d.safe,
    case when d.safe then d.value end, d.before, d.before_hidden, d.min_cell, case when d.safe then d.hidden end,
    case when d.safe then d.could_be_hidden end, d.withheld_weeks, d.apart, d.beside, d.digest
  from hub.decided_together(in_gemeente, in_period) d
  join hub.organisations o on (o.gemeente, o.id) = (in_gemeente, d.audience)
  left join hub.buurten b on (b.gemeente, b.id) = (in_gemeente, d.buurt)
  left join hub.measures m on (m.gemeente, m.code) = (in_gemeente, d.measure)
  order by d.measure, d.wijk, cardinality(d.scope) desc, max(cardinality(d.apart)) over (partition by d.audience, d.measure, d.wijk),
    o.name, d.audience, d.is_part, b.name nulls last, b.id, array_position(m.groups, d."group") nulls last
$$;
alter function hub.numbers_for_solver(text, text) owner to hub_recorder;

-- Publishes a period, but for the numbers whose keys are to be withheld as well, and says how many there are of each sort. What may be
-- shown is decided here, again; it must be what the solver was given (`digest`); what is withheld of a wijk's parts must be safe together,
-- and what is shown to two audiences must be so too. Only a closed period; what is published stays as it is. The administrator's alone.
drop function hub.publish(text, text, text[], text);
create function hub.publish(in_gemeente text, in_period text, withhold text[], in_digest text,
    out cells int, out parts int, out shown int, out withheld int, out complements int, out later int)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_nestloop = off as $$
declare
  made_of text;
  tell_more boolean;
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
    select d.*, d.safe and d.key <> all (withhold) as to_show from hub.decided_together(in_gemeente, in_period) d
  ), wijken as ( -- a second edition shows a wijk, and what it showed of its parts, or it has nothing of it
    select f.audience, f.measure, f.wijk, bool_or(f.to_show) filter (where not f.is_part) as visible
    from fresh f
    group by f.audience, f.measure, f.wijk, f.edition
    having f.edition = 1 or bool_and(f.to_show or (f.is_part and f.before is null))
  ), numbers as materialized ( -- of a wijk that is withheld no part is shown
    select f.key, f.audience, f.measure, f.wijk, f.edition, f.is_part, f.buurt, f."group", f.min_cell, f.alone, f.scope, f.providers,
      f.records, f.unseen, f.safe, f.of_each, f.apart, f.beside, f.place, case when v.visible then f.value end as value,
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
  ), origins as (
    insert into hub.edition_origins (gemeente, audience, period, wijk, measure, edition, of_each)
    select in_gemeente, n.audience, in_period, n.wijk, n.measure, n.edition, n.of_each
    from numbers n where not n.is_part
  ), seen as materialized ( -- what is shown of a wijk, and of which of its parts
    select w.key, w.apart, w.beside, array_agg(p.place order by p.place) filter (where p.value is not null) as of_parts
    from numbers w
    left join numbers p on (p.audience, p.measure, p.wijk, p.is_part) = (w.audience, w.measure, w.wijk, true)
    where not w.is_part and w.value is not null
    group by w.key, w.apart, w.beside
  )
  select count(*) filter (where not n.is_part), count(*) filter (where n.is_part), count(n.value), count(*) filter (where n.value is null),
    count(*) filter (where n.value is null and n.safe), count(*) filter (where n.edition > 1),
    (select max(f.digest) from fresh f),
    exists (
      select from seen x join seen y on y.key = any (x.apart) or (y.key = any (x.beside) and y.of_parts <> x.of_parts))
  into cells, parts, shown, withheld, complements, later, made_of, tell_more from numbers n;
  if made_of is distinct from in_digest then
    raise exception using errcode = 'serialization_failure', message = 'the numbers are not those that were checked';
  end if;
  if exists (select from hub.unsafe_rests(in_gemeente, in_period)) then
    raise exception using errcode = 'check_violation', constraint = 'editions_rest', message = 'what is withheld is not safe together';
  end if;
  if tell_more then
    raise exception using errcode = 'check_violation', constraint = 'editions_pairs', message = 'two audiences together would be told more';
  end if;
end $$;
alter function hub.publish(text, text, text[], text) owner to hub_recorder;

-- a grant to the functions' first owner would have gone with their ownership
set local role hub_recorder;
grant execute on function hub.numbers_for_solver(text, text), hub.publish(text, text, text[], text) to hub_owner;
reset role;

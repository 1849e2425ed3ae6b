-- SPDX-License-Identifier: EUPL-1.2
-- Answers to "why": who may see what as of a day, and what a proposal would change, from the rules that are compiled into grants and
-- by the doors themselves.

-- What each receiver sees of an own record, as migration 25 has it. Others can have a record with the same id, and who writes one can
-- choose it: of what a door gives the asker's own is told alone.
set local role hub_door;
create or replace function hub.shown_as(of_kind text, of_record uuid)
  returns table (receiver uuid, "precision" text, fields text[], agreement uuid, wijk uuid, buurt uuid)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  me uuid := hub.asker();
  known hub.contribution_kinds := (select k from hub.contribution_kinds k where k.kind = of_kind);
  door name := 'shared_' || known.table_name || '_by_id';
  own record;
  each record;
begin
  execute format(
    'select %s as slices, s.recorded_on, s.wijk from hub.%I s where s.gemeente = hub.gemeente() and s.owner = $1 and s.id = $2',
    case when known.several then 's.slices' else 'array[s.slice]' end, known.table_name) into own using me, of_record;
  for each in
    select g.receiver as organisation, max(g.rank) as rank,
      (array_agg(g.agreement order by g.rank desc, g.agreed_at, g.agreement, g.rule))[1] as agreement
    from hub.grants g
    where g.gemeente = hub.gemeente() and g.owner = me and g.slice = any (own.slices)
      and hub.today() between g.valid_from and g.valid_until
      and own.recorded_on between g.covers_from and g.valid_until and own.recorded_on > hub.today() - g.keep_days
    group by g.receiver
  loop
    if each.rank = 0 then
      return query select each.organisation, 'COUNT'::text, '{}'::text[], each.agreement, own.wijk, null::uuid;
    else
      perform set_config('hub.organisation', each.organisation::text, true);
      return query execute format(
        'select $2::uuid, r.precision, array(select f.field from hub.contribution_fields f where f.kind = $3 and f.shown_from <> ''OWN''
           and f.field <> all (r.hidden) order by f.field), r.agreement, r.wijk, r.buurt from hub.%I(array[$1]) r where r.owner = $4', door)
        using of_record, each.organisation, of_kind, me;
      perform set_config('hub.organisation', me::text, true);
    end if;
  end loop;
end $$;
reset role;

-- What a proposal would change ---------------------------------------------------------------------------------------

-- Whoever tries out a proposal looks at the asker's own records through the door of each receiver.
create function hub.let_try_out(of_kind text, of_table name, day_column name) returns void language plpgsql as $$
begin
  set local role hub_door; -- who owns it grants it
  execute format('grant execute on function hub.%I to hub_recorder', 'seen_' || of_table);
  reset role;
end $$;
select hub.every_kind_gets('let_try_out');

-- The asker's own records of a kind as a receiver sees them, in lists side by side.
create function hub.look(receiver uuid, of_kind text, out ids uuid[], out categories text[], out recorded_on date[],
    out precisions text[], out hidden text[])
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  execute format(
    'select array_agg(s.id), array_agg(s.category), array_agg(s.recorded_on), array_agg(s.precision), array_agg(s.hidden::text)
     from hub.%I($1, null, null, null) s', (select 'seen_' || k.table_name from hub.contribution_kinds k where k.kind = of_kind))
  into ids, categories, recorded_on, precisions, hidden using receiver;
end $$;

-- What is otherwise now: records of which the same changed, with the newest of them as the receiver sees it. `began`: what the hub
-- had before that day is older.
create function hub.look_again(receiver uuid, of_kind text, ids uuid[], categories text[], recorded_on date[], precisions text[],
    hidden text[], began date)
  returns table (category text, was text, was_hidden text[], became text, became_hidden text[], records int, older int, example jsonb)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  return query execute format($f$
    select coalesce(s.category, w.category), w.precision, w.hidden::text[], s.precision, s.hidden, count(*)::int,
      (count(*) filter (where coalesce(s.recorded_on, w.recorded_on) < $7))::int,
      case when s.precision is not null then to_jsonb((array_agg(s order by s.day desc, s.id desc))[1]) end
    from hub.%I($1, null, null, null) s
    full join unnest($2, $3, $4, $5, $6) w(id, category, recorded_on, "precision", hidden) on w.id = s.id
    where (w.precision, w.hidden) is distinct from (s.precision, s.hidden::text)
    group by coalesce(s.category, w.category), w.precision, w.hidden, s.precision, s.hidden $f$,
    (select 'seen_' || k.table_name from hub.contribution_kinds k where k.kind = of_kind))
  using receiver, ids, categories, recorded_on, precisions, hidden, began;
end $$;
grant execute on function hub.look(uuid, text), hub.look_again(uuid, text, uuid[], text[], date[], text[], text[], date)
  to hub_recorder;

-- What a proposal would change in what receivers see of the asker's own records: how many of each kind, category and precision, which
-- fields, how many of them from before its term, and the newest of them as that receiver would see it. Found by trying: for each
-- receiver the grants are written as they would be compiled, its doors are executed, and that is undone before this returns. A rule
-- of another provider is not looked at. A term that is still to come counts as begun today.
--   terms, rules: as rows of agreements and agreement_rules; replaced: the agreement in whose place it would come, or null.
create function hub.try_agreement(terms jsonb, rules jsonb, replaced uuid)
  returns table (change text, receiver uuid, kind text, category text, "precision" text, fields text[], records int, older int,
    example jsonb)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  me uuid := hub.asker();
  here text := hub.gemeente();
  tried hub.agreements := jsonb_populate_record(null::hub.agreements, terms);
  each record;
  before record;
  told jsonb;
  found jsonb := '[]';
begin
  for each in
    select r.receiver, r.kind from jsonb_populate_recordset(null::hub.agreement_rules, rules) r
    where r.provider = me and r.precision <> 'COUNT'
    union
    select r.receiver, r.kind from hub.agreement_rules r
    where r.gemeente = here and r.agreement = replaced and r.provider = me and r.precision <> 'COUNT'
  loop
    select * into before from hub.look(each.receiver, each.kind);
    begin
      delete from hub.grants g
      where g.gemeente = here and g.owner = me and g.receiver = each.receiver and g.agreement = replaced;
      insert into hub.grants (gemeente, receiver, wijk, kind, owner, slice, agreement, version, rule, precision, rank, fields, hidden,
        shows, covers_from, valid_from, valid_until, keep_days, min_cell, agreed_at)
      select g.gemeente, g.receiver, g.wijk, g.kind, g.owner, g.slice, hub.as_agreed(), 1, r.place, g.precision, g.rank, g.fields,
        g.hidden, g.shows, g.covers_from, least(g.valid_from, hub.today()), g.valid_until, g.keep_days, g.min_cell, g.agreed_at
      from hub.slices s
      join (
        select jsonb_populate_record(null::hub.agreement_rules, j.given || jsonb_build_object('gemeente', here)) as rule, j.place
        from jsonb_array_elements(rules) with ordinality j(given, place)) r on hub.is_about(r.rule, s)
      cross join lateral hub.grant_of(s, r.rule, tried, tried.valid_until, hub.now()) g
      where s.gemeente = here and s.owner = me and s.kind = each.kind and g.receiver = each.receiver;

      with changed as (
        select a.*, f.gained, f.lost
        from hub.look_again(each.receiver, each.kind, before.ids, before.categories, before.recorded_on, before.precisions,
          before.hidden, tried.valid_from) a
        cross join lateral (
          select coalesce(array_agg(x.field order by x.field) filter (where x.shown and not x.was), '{}') as gained,
            coalesce(array_agg(x.field order by x.field) filter (where x.was and not x.shown), '{}') as lost
          from (
            select f.field, a.was is not null and f.field <> all (a.was_hidden) as was,
              a.became is not null and f.field <> all (a.became_hidden) as shown
            from hub.contribution_fields f where f.kind = each.kind and f.shown_from <> 'OWN') x) f)
      select jsonb_agg(to_jsonb(l)) into told
      from (
        select 'MORE' as change, each.receiver, each.kind, c.category, c.became as "precision", c.gained as fields, c.records, c.older,
          c.example
        from changed c where cardinality(c.gained) > 0 or hub.rank_of(c.became) > coalesce(hub.rank_of(c.was), 0)
        union all
        select 'LESS', each.receiver, each.kind, c.category, c.was, c.lost, c.records, c.older, null
        from changed c where cardinality(c.lost) > 0 or hub.rank_of(c.was) > coalesce(hub.rank_of(c.became), 0)) l;
      raise exception using errcode = 'HB002', message = 'tried out';
    exception when sqlstate 'HB002' then
      found := found || coalesce(told, '[]');
    end;
  end loop;

  return query
    select l.* from jsonb_to_recordset(found)
      l(change text, receiver uuid, kind text, category text, "precision" text, fields text[], records int, older int, example jsonb)
    order by l.change, l.receiver, l.kind, l.category, hub.rank_of(l.precision) desc, l.fields, l.records desc;
end $$;
grant execute on function hub.try_agreement(jsonb, jsonb, uuid) to hub_app;
alter function hub.try_agreement(jsonb, jsonb, uuid) owner to hub_recorder;

-- SPDX-License-Identifier: EUPL-1.2
-- Answers to "why": who may see what as of a day, and what a proposal would change, from the rules that are compiled into grants and
-- by the doors themselves.

-- What a rule makes of a slice ---------------------------------------------------------------------------------------
-- In one place for what is compiled, what is explained and what is tried out.

-- The fields of a kind that are shown at a precision, where a rule lists some.
create function hub.fields_shown(of_kind text, at_rank smallint, listing text[]) returns setof hub.contribution_fields
  language sql stable parallel safe as $$
  select f.* from hub.contribution_fields f
  where f.kind = of_kind and f.shown_from <> 'OWN' and at_rank >= hub.rank_of(f.shown_from)
    and (not f.listed or f.field = any (listing))
$$;
create function hub.field_names_shown(of_kind text, "precision" text, listing text[]) returns text[]
  language sql stable parallel safe as $$
  select array(select f.field from hub.fields_shown(of_kind, hub.rank_of("precision"), listing) f order by f.field)
$$;
grant execute on function hub.fields_shown(text, smallint, text[]), hub.field_names_shown(text, text, text[])
  to hub_app, hub_door, hub_recorder;

-- Whether a rule is about a slice.
create function hub.is_about(r hub.agreement_rules, s hub.slices) returns boolean language sql immutable parallel safe as $$
  select r.gemeente = s.gemeente and r.provider = s.owner and r.kind = s.kind and s.wijk = any (r.wijken)
    and (r.category is null or r.category = s.category)
$$;

-- The grant that a rule gives of a slice that it is about, until a day, under the writer's caps: none where these leave the receiver out.
create function hub.grant_of(s hub.slices, r hub.agreement_rules, a hub.agreements, ends_on date, agreed_at timestamptz)
  returns setof hub.grants language sql stable as $$
  select s.gemeente, r.receiver, s.wijk, s.kind, s.owner, s.id, r.agreement, r.version, r.number, hub.precision_of(e.rank), e.rank,
    e.fields, v.hidden, v.shows, case when r.includes_past then '-infinity' else a.valid_from end, a.valid_from, ends_on,
    r.keep_days, r.min_cell, agreed_at
  from (select true) one
  left join hub.share_caps c on c.gemeente = s.gemeente and c.owner = s.owner and c.profile = s.profile and c.receiver = r.receiver
  cross join lateral (
    select least(hub.rank_of(r.precision), coalesce(hub.rank_of(c.precision), 3::smallint)) as rank,
      case when coalesce(c.with_text, true) then r.fields
        else array(select unnest(r.fields) except
          select f.field from hub.contribution_fields f where f.kind = s.kind and f.is_text) end as fields) e
  cross join lateral (
    select coalesce(array_agg(x.field order by x.field) filter (where w.field is null), '{}') as hidden,
      array(select unnest(y.columns) from hub.fields_shown(s.kind, e.rank, e.fields) y) as shows
    from hub.contribution_fields x
    left join hub.fields_shown(s.kind, e.rank, e.fields) w on w.field = x.field
    where x.kind = s.kind and x.shown_from <> 'OWN') v
  where s.profile = hub.as_agreed() or c.receiver is not null
$$;
grant execute on function hub.is_about(hub.agreement_rules, hub.slices),
  hub.grant_of(hub.slices, hub.agreement_rules, hub.agreements, date, timestamptz) to hub_recorder;

-- who owns it replaces it
set local role hub_recorder;
-- As migration 30 has it, by the functions above.
create or replace function hub.compile_grants(in_gemeente text, of_slices uuid[], of_agreement uuid) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if of_agreement is not null then
    delete from hub.replaced_versions p where (p.gemeente, p.agreement) = (in_gemeente, of_agreement);
    insert into hub.replaced_versions (gemeente, agreement, version, from_day)
    select a.gemeente, a.id, a.version, n.from_day
    from hub.agreements a
    cross join lateral (
      select min(hub.begins_on(b.gemeente, b.id, b.version)) as from_day
      from hub.agreements b where (b.gemeente, b.id) = (a.gemeente, a.id) and b.version > a.version) n
    -- of what was over by then, or never began, nobody is told when it would have been replaced
    where (a.gemeente, a.id) = (in_gemeente, of_agreement) and n.from_day <= a.valid_until
      and hub.begins_on(a.gemeente, a.id, a.version) is not null
      and not exists (
        select from hub.agreement_decisions d
        where (d.gemeente, d.agreement, d.version) = (a.gemeente, a.id, a.version) and d.decision = 'REVOKE');
  end if;

  delete from hub.grants g
  where g.gemeente = in_gemeente and (g.slice = any (of_slices) or g.agreement = of_agreement);

  insert into hub.grants
  select g.* from hub.slices s
  join hub.agreement_rules r on hub.is_about(r, s)
  join hub.agreements a on (a.gemeente, a.id, a.version) = (r.gemeente, r.agreement, r.version)
  left join hub.replaced_versions p on (p.gemeente, p.agreement, p.version) = (a.gemeente, a.id, a.version)
  cross join lateral hub.grant_of(s, r, a, least(a.valid_until, p.from_day - 1), (
    select max(d.at) from hub.agreement_decisions d
    where (d.gemeente, d.agreement, d.version) = (a.gemeente, a.id, a.version) and d.decision = 'ACCEPT')) g
  where s.gemeente = in_gemeente
    and (s.id = any (of_slices) or (of_slices is null and r.agreement = of_agreement))
    and not exists (
      select from hub.agreement_decisions d
      where (d.gemeente, d.agreement, d.version) = (a.gemeente, a.id, a.version) and d.decision in ('REJECT', 'REVOKE'))
    and cardinality(a.parties) = (
      select count(*) from hub.agreement_decisions d
      where (d.gemeente, d.agreement, d.version) = (a.gemeente, a.id, a.version) and d.decision = 'ACCEPT');
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

-- The asker's own records as receivers see them: pairs of a receiver and a kind.
create function hub.looks(receivers uuid[], kinds text[])
  returns table (receiver uuid, kind text, id uuid, category text, day date, recorded_on date, "precision" text, hidden text[],
    shown jsonb)
  language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  each record;
begin
  for each in
    select p.receiver, k.kind, k.table_name
    from unnest(receivers, kinds) p(receiver, kind) join hub.contribution_kinds k on k.kind = p.kind
  loop
    return query execute format(
      'select $1, $2, s.id, s.category, s.day, s.recorded_on, s.precision, s.hidden, to_jsonb(s) from hub.%I($1, null, null, null) s',
      'seen_' || each.table_name) using each.receiver, each.kind;
  end loop;
end $$;
grant execute on function hub.looks(uuid[], text[]) to hub_recorder;

-- What a proposal would change in what receivers see of the asker's own records: how many of each kind, category and precision, which
-- fields, how many of them from before its term, and the newest of them as that receiver would see it. Found by trying: the grants
-- are written as they would be compiled, the receivers' doors are executed, and all is undone before this returns. A rule of another
-- provider is not looked at. A term that is still to come counts as begun today.
--   terms, rules: as rows of agreements and agreement_rules; replaced: the agreement in whose place it would come, or null.
create function hub.try_agreement(terms jsonb, rules jsonb, replaced uuid)
  returns table (change text, receiver uuid, kind text, category text, "precision" text, fields text[], records int, older int,
    example jsonb)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  me uuid := hub.asker();
  here text := hub.gemeente();
  tried hub.agreements := jsonb_populate_record(null::hub.agreements, terms);
  receivers uuid[];
  kinds text[];
  before jsonb;
  found jsonb;
begin
  select array_agg(p.receiver), array_agg(p.kind) into receivers, kinds
  from (
    select r.receiver, r.kind from jsonb_populate_recordset(null::hub.agreement_rules, rules) r
    where r.provider = me and r.precision <> 'COUNT'
    union
    select r.receiver, r.kind from hub.agreement_rules r
    where r.gemeente = here and r.agreement = replaced and r.provider = me and r.precision <> 'COUNT') p;
  select coalesce(jsonb_agg(to_jsonb(l) - 'shown'), '[]') into before from hub.looks(receivers, kinds) l;

  begin
    delete from hub.grants g where g.gemeente = here and g.owner = me and g.agreement = replaced;
    insert into hub.grants (gemeente, receiver, wijk, kind, owner, slice, agreement, version, rule, precision, rank, fields, hidden,
      shows, covers_from, valid_from, valid_until, keep_days, min_cell, agreed_at)
    select g.gemeente, g.receiver, g.wijk, g.kind, g.owner, g.slice, hub.as_agreed(), 1, r.place, g.precision, g.rank, g.fields, g.hidden,
      g.shows, g.covers_from, least(g.valid_from, hub.today()), g.valid_until, g.keep_days, g.min_cell, g.agreed_at
    from hub.slices s
    join (
      select r.rule, r.place
      from jsonb_array_elements(rules) with ordinality j(given, place)
      cross join lateral (
        select jsonb_populate_record(null::hub.agreement_rules, j.given || jsonb_build_object('gemeente', here)) as rule, j.place) r) r
      on hub.is_about(r.rule, s)
    cross join lateral hub.grant_of(s, r.rule, tried, tried.valid_until, hub.now()) g
    where s.gemeente = here and s.owner = me;

    with was as (
      select * from jsonb_to_recordset(before)
        w(receiver uuid, kind text, id uuid, category text, day date, recorded_on date, "precision" text, hidden text[])
    ), became as (
      select * from hub.looks(receivers, kinds)
    ), pairs as (
      select coalesce(b.receiver, w.receiver) as receiver, coalesce(b.kind, w.kind) as kind, coalesce(b.category, w.category) as category,
        w.precision as was, w.hidden as was_hidden, b.precision as became, b.hidden as became_hidden,
        coalesce(b.recorded_on, w.recorded_on) as recorded_on, coalesce(b.day, w.day) as day, coalesce(b.id, w.id) as id, b.shown
      from became b full join was w on (w.receiver, w.kind, w.id) = (b.receiver, b.kind, b.id)
      where (w.precision, w.hidden) is distinct from (b.precision, b.hidden)
    ), alike as (
      select p.receiver, p.kind, p.category, p.was, p.was_hidden, p.became, p.became_hidden, count(*)::int as records,
        (count(*) filter (where p.recorded_on < tried.valid_from))::int as older,
        (array_agg(p.shown order by p.day desc, p.id desc))[1] as example
      from pairs p
      group by p.receiver, p.kind, p.category, p.was, p.was_hidden, p.became, p.became_hidden
    ), told as (
      select a.*, f.gained, f.lost from alike a
      cross join lateral (
        select coalesce(array_agg(x.field order by x.field) filter (where x.shown and not x.was), '{}') as gained,
          coalesce(array_agg(x.field order by x.field) filter (where x.was and not x.shown), '{}') as lost
        from (
          select f.field, a.was is not null and f.field <> all (a.was_hidden) as was,
            a.became is not null and f.field <> all (a.became_hidden) as shown
          from hub.contribution_fields f where f.kind = a.kind and f.shown_from <> 'OWN') x) f
    )
    select coalesce(jsonb_agg(to_jsonb(l)), '[]') into found
    from (
      select 'MORE' as change, t.receiver, t.kind, t.category, t.became as "precision", t.gained as fields, t.records, t.older, t.example
      from told t where cardinality(t.gained) > 0 or hub.rank_of(t.became) > coalesce(hub.rank_of(t.was), 0)
      union all
      select 'LESS', t.receiver, t.kind, t.category, t.was, t.lost, t.records, t.older, null
      from told t where cardinality(t.lost) > 0 or hub.rank_of(t.was) > coalesce(hub.rank_of(t.became), 0)) l;
    raise exception using errcode = 'HB002', message = 'tried out';
  exception when sqlstate 'HB002' then
    null;
  end;

  return query
    select l.* from jsonb_to_recordset(found)
      l(change text, receiver uuid, kind text, category text, "precision" text, fields text[], records int, older int, example jsonb)
    order by l.change, l.receiver, l.kind, l.category, hub.rank_of(l.precision) desc, l.fields, l.records desc;
end $$;
grant execute on function hub.try_agreement(jsonb, jsonb, uuid) to hub_app;
alter function hub.try_agreement(jsonb, jsonb, uuid) owner to hub_recorder;

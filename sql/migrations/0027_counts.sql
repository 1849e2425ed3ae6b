-- SPDX-License-Identifier: EUPL-1.2
-- Counts: a number of a measure over a week or a quarter, that a partner gives instead of records. It is a kind of contribution
-- like the others, but it never leaves as a record: whoever may have it has it as a part of published numbers alone.
--
-- A count is taken while its period is open: from its first day until `open_days` after its last. It can be corrected until then,
-- and not any more; the numbers that it is a part of are published on the next day. So what was published never changes, and no
-- count is changed when others' numbers are known.

-- A period as it is written: an ISO week (2026-W47), or a quarter of 13 such weeks (2026-Q4).
create function hub.period_from(period text) returns date language sql immutable strict parallel safe as $$
  select make_date(left(period, 4)::int, 1, 4) - (extract(isodow from make_date(left(period, 4)::int, 1, 4))::int - 1)
    + case when substr(period, 6, 1) = 'W' then 7 * (substr(period, 7)::int - 1) else 91 * (substr(period, 7)::int - 1) end
$$;
create function hub.period_until(period text) returns date language sql immutable strict parallel safe as $$
  select hub.period_from(period) + case when substr(period, 6, 1) = 'W' then 6 else 90 end
$$;
create function hub.period_unit(period text) returns text language sql immutable strict parallel safe as $$
  select case when substr(period, 6, 1) = 'W' then 'WEEK' else 'QUARTER' end
$$;
-- week 53 exists in some years only: in the others its days are those of the next year's first week
create function hub.is_period(period text) returns boolean language sql immutable strict parallel safe as $$
  select case when period ~ '^[12][0-9]{3}-(W[0-9]{2}|Q[1-4])$'
    then extract(isoyear from hub.period_from(period))::int = left(period, 4)::int else false end
$$;
grant execute on function hub.period_from(text), hub.period_until(text), hub.period_unit(text), hub.is_period(text)
  to hub_app, hub_door, hub_recorder;

-- What a measure counts by. The groups are the only ones that a count can name: no word of a partner's own is kept.
alter table hub.measures
  add column period text not null default 'WEEK' check (period in ('WEEK', 'QUARTER')),
  add column open_days int not null default 0 check (open_days between 0 and 28),
  add column breakdown text check (breakdown in ('BUURT', 'GROUP')),
  add column groups text[] not null default '{}',
  add column definition_version int not null default 1 check (definition_version >= 1),
  add constraint measures_groups check ((breakdown is not distinct from 'GROUP') = (cardinality(groups) > 0)),
  add constraint measures_group_codes
    check (array_position(groups, null) is null and array_to_string(groups, ' ') ~ '^([a-z0-9][a-z0-9-]{0,30}( |$))*$');

-- What counts, or over which time: numbers before and after such a change are numbers of something else.
create function hub.raise_definition() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.definition_version := old.definition_version
    + ((new.categories, new.period, new.groups) is distinct from (old.categories, old.period, old.groups))::int;
  return new;
end $$;
create trigger redefined before update on hub.measures for each row execute function hub.raise_definition();

create table hub.counts (
  category text not null check (category in ('YOUTH_NUISANCE', 'NOISE', 'LITTER', 'VANDALISM', 'PAVING', 'GREEN', 'LIGHTING',
    'TRAFFIC', 'SAFETY', 'HOUSING', 'ABSENTEEISM', 'SOCIAL_CONTACT', 'CARE', 'OTHER')),
  measure text not null,
  period text not null check (hub.is_period(period)),
  from_day date not null generated always as (hub.period_from(period)) stored,
  until_day date not null generated always as (hub.period_until(period)) stored,
  "group" text,
  count int not null check (count between 0 and 100000)
);

-- No rule can show a count as a record (below); were one to, it would show this much.
insert into hub.contribution_fields (kind, field, columns, shown_from, listed, is_text, is_code) values
  ('COUNT', 'category', '{category}', 'WIJK', false, false, false),
  ('COUNT', 'closedOn', '{closed_on}', 'WIJK', false, false, false),
  ('COUNT', 'measure', '{measure}', 'EXACT', false, false, true),
  ('COUNT', 'period', '{period,from_day,until_day}', 'EXACT', false, false, true),
  ('COUNT', 'buurt', '{buurt}', 'EXACT', false, false, false),
  ('COUNT', 'group', '{group}', 'EXACT', false, false, true),
  ('COUNT', 'count', '{count}', 'EXACT', false, false, false),
  ('COUNT', 'sourceId', '{dataset,external_id}', 'OWN', false, false, false),
  ('COUNT', 'version', '{version}', 'OWN', false, false, false);

select hub.make_contribution('COUNT', 'counts', 'until_day');

alter table hub.counts no force row level security;
alter table hub.counts add foreign key (gemeente, measure) references hub.measures on delete restrict;
alter table hub.counts force row level security;

-- As what it is shared follows from the measure, not from who writes; and a count is of a measure as the gemeente has it.
create function hub.complete_count() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  m hub.measures;
begin
  select * into m from hub.measures x where (x.gemeente, x.code) = (new.gemeente, new.measure);
  if hub.period_unit(new.period) <> m.period or (new."group" is not null and new."group" <> all (m.groups)) then
    raise exception using errcode = 'check_violation', message = 'this measure has no such period or group';
  end if;
  new.category := m.categories[1];
  return new;
end $$;
create trigger completed before insert or update of category, measure, period, "group" on hub.counts
  for each row execute function hub.complete_count();

-- Whether a count of this period is taken today.
create function hub.takes_counts(of_measure text, of_period text) returns boolean language sql stable parallel safe as $$
  select exists (
    select from hub.measures m
    where m.gemeente = hub.gemeente() and m.code = of_measure
      and hub.today() between hub.period_from(of_period) and hub.period_until(of_period) + m.open_days)
$$;
grant execute on function hub.takes_counts(text, text) to hub_app;
create policy open_period_new on hub.counts as restrictive for insert to hub_app with check (hub.takes_counts(measure, period));
create policy open_period_change on hub.counts as restrictive for update to hub_app
  using (hub.takes_counts(measure, period)) with check (hub.takes_counts(measure, period));
create policy open_period_gone on hub.counts as restrictive for delete to hub_app using (hub.takes_counts(measure, period));

-- A cell is said once: an organisation has one open count of it, in whichever dataset. Checked when a statement ends, so that one
-- delivery can exchange two cells.
alter table hub.counts
  add column cell text generated always as (case when closed_on is null then
    wijk::text || '/' || measure || '/' || period || '/' || coalesce(buurt::text, '-') || '/' || coalesce("group", '-') end) stored,
  add constraint counts_one_per_cell unique (gemeente, owner, cell) deferrable initially immediate;

-- An organisation's writers of counts take turns, so that each sees what the one before it wrote.
create function hub.take_turns_at_counts() returns void language sql volatile as $$
  select pg_advisory_xact_lock(hashtextextended('hub.counts/' || hub.gemeente() || '/' || hub.asker(), 0))
$$;
create function hub.on_counts_written() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform hub.take_turns_at_counts();
  return null;
end $$;
create trigger in_turn before insert or update on hub.counts for each statement execute function hub.on_counts_written();

-- The asker's open counts of these wijken, measures and periods, when it is its turn to write more: no other of its writers adds to
-- them in this transaction. A statement of its own, for one that waited would not see what it waited for.
create function hub.counts_beside(wijken uuid[], measures text[], periods text[]) returns setof hub.counts
  language plpgsql volatile as $$
begin
  perform hub.take_turns_at_counts();
  return query select * from hub.counts s
    where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.closed_on is null
      and s.wijk = any (wijken) and s.measure = any (measures) and s.period = any (periods);
end $$;
grant execute on function hub.take_turns_at_counts(), hub.counts_beside(uuid[], text[], text[]) to hub_app;

-- Nor is a whole said beside its parts, or a buurt beside a group: each would count double.
create function hub.check_unmixed() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if exists (
    select from new_rows n
    join hub.counts s on (s.gemeente, s.owner, s.wijk, s.measure, s.period) = (n.gemeente, n.owner, n.wijk, n.measure, n.period)
    where n.closed_on is null and s.closed_on is null
      and ((s.buurt is null) <> (n.buurt is null) or (s."group" is null) <> (n."group" is null))) then
    raise exception using errcode = 'exclusion_violation', constraint = 'counts_unmixed', message = 'a whole is not counted beside its parts';
  end if;
  return null;
end $$;
create trigger unmixed_insert after insert on hub.counts referencing new table as new_rows
  for each statement execute function hub.check_unmixed();
create trigger unmixed_update after update on hub.counts referencing new table as new_rows
  for each statement execute function hub.check_unmixed();

-- Counts never leave as records.
alter table hub.agreement_rules no force row level security;
alter table hub.agreement_rules add constraint agreement_rules_counts_as_numbers check (kind <> 'COUNT' or precision = 'COUNT');
alter table hub.agreement_rules force row level security;

-- SPDX-License-Identifier: EUPL-1.2
-- How long what was recorded is kept: a term for each kind and state, set by the controller, and a role of its own that takes away
-- what is past it. hub_retention owns the functions that delete; hub_owner starts them and reads no record by it.
--
-- What goes leaves as a withdrawal does: the record's own triggers tell the feed, so a receiver learns it as it learns that a record
-- was withdrawn, and nothing else changes for it. No number is computed from records that are gone: a record that a number to come
-- may count stays until that number is published, whatever its term says (hub.may_still_count).

-- Terms --------------------------------------------------------------------------------------------------------------
-- What a gemeente keeps until it says otherwise; '*' is any other kind of record. `shortest` is what it can shorten a term to.
create table hub.retention_defaults (
  kind text not null,
  state text not null,
  days int not null,
  shortest int not null default 1,
  primary key (kind, state)
);
insert into hub.retention_defaults (kind, state, days, shortest) values
  -- as Amsterdam's Signalen: cancelled after a year, handled after five
  ('*', 'OPEN', 1826, 1), ('*', 'CLOSED', 1826, 1), ('*', 'CANCELLED', 365, 1), ('*', 'EXACT', 270, 1),
  ('POLICE_NOTICE', 'OPEN', 90, 1), ('POLICE_NOTICE', 'CLOSED', 90, 1), ('POLICE_NOTICE', 'EXACT', 30, 1),
  ('HOUSING_PROJECT', 'EXACT', 1826, 1), ('ACTIVITY', 'EXACT', 730, 1),
  ('RECEIPT', 'ALL', 365, 8), ('HISTORY', 'TEXT', 365, 8), ('HISTORY', 'ALL', 1826, 8),
  ('TOMBSTONE', 'TEXT', 365, 1), ('TOMBSTONE', 'ALL', 1826, 30),
  -- a number to come looks at what happened to a record until two years back (hub.cube_of)
  ('FEED', 'ALL', 1096, 731),
  ('LEDGER', 'ALL', 1826, 365), ('DELIVERY', 'ALL', 1826, 365);

create table hub.retention_rules (
  gemeente text not null references hub.gemeenten on delete restrict,
  kind text not null,
  state text not null,
  days int not null check (days between 1 and 36525),
  set_on date not null default hub.today(),
  primary key (gemeente, kind, state)
);

-- The columns that go when a record becomes less exact: its texts, and what only EXACT shows where a rule lists it.
create function hub.exact_columns(of_kind text) returns table (column_name name, is_moment boolean, is_required boolean)
  language sql stable as $$
  select a.attname, a.atttypid = 'timestamptz'::regtype, a.attnotnull
  from hub.contribution_kinds k
  join hub.contribution_fields f on f.kind = k.kind
  cross join lateral unnest(f.columns) c
  join pg_attribute a on a.attrelid = ('hub.' || quote_ident(k.table_name))::regclass and a.attname = c
  where k.kind = of_kind and f.field <> 'sourceId' and a.attgenerated = ''
    and (not a.attnotnull or a.atttypid in ('timestamptz'::regtype, 'text'::regtype))
    and (f.is_text or (f.shown_from = 'EXACT' and f.listed)
      or (a.atttypid = 'text'::regtype and not f.is_code and not hub.is_from_list(a.attrelid, a.attnum)))
  order by a.attnum
$$;

-- Every term of a gemeente, in the order in which they are looked at, and whether it set that one itself. A receipt goes before the
-- history that its undo needs, and a record before it is made less exact.
create function hub.retention_terms(in_gemeente text)
  returns table (place int, kind text, state text, days int, shortest int, is_own boolean)
  language sql stable as $$
  with known as (
    select 1 as place, k.kind, s.state, '*' as other from hub.contribution_kinds k cross join unnest(array['OPEN', 'CLOSED']) s(state)
    union all
    select 1, k.kind, 'CANCELLED', '*' from hub.contribution_kinds k
    where exists (
      select from hub.contribution_fields f where f.kind = k.kind and f.field = 'status')
    union all
    select 2, k.kind, 'EXACT', '*' from hub.contribution_kinds k where exists (select from hub.exact_columns(k.kind))
    union all
    select v.* from (values (3, 'RECEIPT', 'ALL', ''), (4, 'HISTORY', 'TEXT', ''), (5, 'HISTORY', 'ALL', ''),
      (6, 'TOMBSTONE', 'TEXT', ''), (7, 'TOMBSTONE', 'ALL', ''), (8, 'FEED', 'ALL', ''), (9, 'LEDGER', 'ALL', ''),
      (10, 'DELIVERY', 'ALL', '')) v)
  select n.place, n.kind, n.state, coalesce(r.days, d.days, o.days), coalesce(d.shortest, o.shortest), r.days is not null
  from known n
  left join hub.retention_rules r on (r.gemeente, r.kind, r.state) = (in_gemeente, n.kind, n.state)
  left join hub.retention_defaults d on (d.kind, d.state) = (n.kind, n.state)
  left join hub.retention_defaults o on (o.kind, o.state) = (n.other, n.state)
$$;

-- A term is of something that there is, and no shorter than what depends on it allows.
create function hub.check_retention() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  allowed int := (select t.shortest from hub.retention_terms(new.gemeente) t where (t.kind, t.state) = (new.kind, new.state));
begin
  if allowed is null then
    raise exception using errcode = 'HB038', message = 'no such term';
  elsif new.days < allowed or exists (
    select from hub.retention_terms(new.gemeente) shorter, hub.retention_terms(new.gemeente) longer
    where (shorter.kind, shorter.state, longer.kind) = ('RECEIPT', 'ALL', 'HISTORY') and shorter.days > longer.days) then
    raise exception using errcode = 'HB040', message = 'the term is too short';
  end if;
  return null;
end $$;
create trigger checked after insert or update on hub.retention_rules for each row execute function hub.check_retention();

-- What is past its term -----------------------------------------------------------------------------------------------
-- The first day from which a record may be counted in a number that is still to be published.
create function hub.first_countable_day() returns date language sql stable parallel safe as $$
  select hub.first_due_week() - 91
$$;

-- What one term is about: the table, the columns that name a row in it, from which day the term runs, and which rows it is for. The
-- words 'vervallen' (expired) and GONE say that something was taken away.
create function hub.retention_scope(of_kind text, of_state text)
  returns table (table_name name, keys text[], since text, which text) language sql stable as $$
  select k.table_name, array['owner', 'id'],
    case when of_state in ('OPEN', 'EXACT') then format('greatest(s.recorded_on, s.%I)', k.day_column)
      else 'coalesce(s.closed_on, (s.changed_at at time zone ''Europe/Amsterdam'')::date)' end,
    case when of_state = 'EXACT' then (
        select '(' || string_agg(case
          when not c.is_required then format('s.%I is not null', c.column_name)
          when c.is_moment then format('(s.%I at time zone ''Europe/Amsterdam'')::time <> time ''12:00''', c.column_name)
          else format('s.%I <> ''vervallen''', c.column_name) end, ' or ') || ')' from hub.exact_columns(of_kind) c)
      else format('%s = %L', case when x.has_status
          then 'case when s.status = ''CANCELLED'' then ''CANCELLED'' when s.status = ''DONE'' or s.closed_on is not null then ''CLOSED'' else ''OPEN'' end'
          else 'case when s.closed_on is not null then ''CLOSED'' else ''OPEN'' end' end, of_state)
        || case when of_kind in ('SIGNAL', 'COUNT') then format(' and s.%I < (select hub.first_countable_day())', k.day_column) else '' end end
  from hub.contribution_kinds k
  cross join lateral (
    select exists (select from hub.contribution_fields f where f.kind = k.kind and f.field = 'status') as has_status) x
  where k.kind = of_kind
  union all
  select v.table_name, v.keys, v.since, v.which
  from (values
    ('RECEIPT', 'ALL', 'receipts', array['owner', 'id'], '(s.at at time zone ''Europe/Amsterdam'')::date',
      'not exists (select from hub.receipts u where (u.gemeente, u.owner, u.undoes) = (s.gemeente, s.owner, s.id))'
      ' and not exists (select from hub.dry_runs d where (d.gemeente, d.owner, d.receipt) = (s.gemeente, s.owner, s.id))'),
    ('HISTORY', 'TEXT', 'history', array['owner', 'record', 'version'], '(s.at at time zone ''Europe/Amsterdam'')::date',
      'num_nonnulls(s.before, s.after) > 0'),
    ('HISTORY', 'ALL', 'history', array['owner', 'record', 'version'], '(s.at at time zone ''Europe/Amsterdam'')::date', 'true'),
    ('TOMBSTONE', 'TEXT', 'tombstones', array['owner', 'id'], 's.withdrawn_on', 's.reason <> ''vervallen'''),
    ('TOMBSTONE', 'ALL', 'tombstones', array['owner', 'id'], 's.withdrawn_on', 'true'),
    -- all that happened to a record, or none of it: who could ever see a record is asked of its items
    ('FEED', 'ALL', 'feed_items', array['owner', 'id'], 's.on_day',
      's.record is not null and not exists (select from hub.feed_items y where y.gemeente = s.gemeente and y.owner = s.owner'
      ' and y.record = s.record and y.on_day > (select hub.today()) - $2)'),
    ('LEDGER', 'ALL', 'read_ledger', array['owner', 'id'], 's.on_day', 'true'),
    ('DELIVERY', 'ALL', 'deliveries', array['owner', 'dataset', 'wijk', 'on_day'], 's.on_day', 'true'))
    v (kind, state, table_name, keys, since, which)
  where (v.kind, v.state) = (of_kind, of_state)
$$;

-- The rows of $1 (a gemeente) that are past a term of $2 days, as a query over the table `s`.
create function hub.past_term(of_kind text, of_state text) returns text language sql stable as $$
  select format('from hub.%I s where s.gemeente = $1 and %s <= (select hub.today()) - $2 and %s', x.table_name, x.since, x.which)
  from hub.retention_scope(of_kind, of_state) x
$$;

-- What hub_retention may do -------------------------------------------------------------------------------------------
create function hub.let_retention(of_table name, reads text[], changes text[], deletes boolean) returns void language plpgsql as $$
begin
  if not exists (
    select from pg_policy p where p.polrelid = ('hub.' || quote_ident(of_table))::regclass and 'hub_retention'::regrole = any (p.polroles)) then
    execute format('create policy retention on hub.%I to hub_retention using (true) with check (true)', of_table);
  end if;
  execute format('grant select (%s) on hub.%I to hub_retention', (select string_agg(quote_ident(c), ', ') from unnest(reads) c), of_table);
  if cardinality(changes) > 0 then
    execute format('grant update (%s) on hub.%I to hub_retention', (select string_agg(quote_ident(c), ', ') from unnest(changes) c), of_table);
  end if;
  if deletes then
    execute format('grant delete on hub.%I to hub_retention', of_table);
  end if;
end $$;

-- Of each kind of record it reads what a term goes by and changes what goes when a record becomes less exact.
create function hub.make_retention(of_kind text, of_table name, day_column name) returns void language plpgsql as $$
declare
  exact text[] := array(select c.column_name from hub.exact_columns(of_kind) c);
begin
  perform hub.let_retention(of_table,
    array['gemeente', 'owner', 'id', 'dataset', 'external_id', 'recorded_on', 'closed_on', 'changed_at', 'version', day_column::text] || exact
      || array(select a.attname::text from pg_attribute a where a.attrelid = ('hub.' || quote_ident(of_table))::regclass and a.attname = 'status'),
    array['version'] || exact, true);
end $$;
select hub.every_kind_gets('make_retention');

select hub.let_retention('receipts', '{gemeente,owner,id,at,undoes}', '{}', true);
select hub.let_retention('receipt_rows', '{gemeente,owner,record,external_id,errors}', '{external_id,errors}', false);
select hub.let_retention('dry_runs', '{gemeente,owner,receipt}', '{}', false);
select hub.let_retention('history', '{gemeente,owner,record,version,at,before,after}', '{before,after}', true);
select hub.let_retention('tombstones', '{gemeente,owner,id,withdrawn_on,reason}', '{reason}', true);
grant insert (gemeente, owner, kind, id, dataset, external_id, reason) on hub.tombstones to hub_retention;
select hub.let_retention('feed_items', '{gemeente,owner,id,record,on_day}',
  '{change,slice,slices,kind,category,record,recorded_on,changed,for_owner}', false);
select hub.let_retention('read_ledger', '{gemeente,owner,id,on_day}', '{}', true);
select hub.let_retention('deliveries', '{gemeente,owner,dataset,wijk,on_day}', '{}', true);
grant select on hub.clock, hub.contribution_kinds, hub.contribution_fields, hub.retention_defaults, hub.retention_rules to hub_retention;
-- a constraint of every kind asks for it
grant execute on function hub.never_shared() to hub_retention;
grant execute on function hub.now(), hub.today(), hub.asker(), hub.gemeente(), hub.actor(), hub.new_id(), hub.has_role(text),
  hub.slice_of(text, uuid, uuid, text, text, uuid), hub.slices_of(text, uuid, uuid[], text, text, uuid), hub.all_different(uuid[]),
  hub.as_agreed(), hub.is_from_list(regclass, smallint), hub.first_due_week(), hub.first_countable_day(), hub.exact_columns(text),
  hub.retention_terms(text), hub.retention_scope(text, text), hub.past_term(text, text) to hub_retention;
-- what became of a record is looked up by the record
create index receipt_rows_record on hub.receipt_rows (gemeente, owner, record) where record is not null;

-- An item of the feed that is past its term keeps its place in the order, so that a cursor at it stays good, and nothing else.
do $$
declare
  was text := (
    select pg_get_expr(c.conbin, c.conrelid) from pg_constraint c
    where c.conrelid = 'hub.feed_items'::regclass and c.conname = 'feed_items_check');
begin
  alter table hub.feed_items drop constraint feed_items_check;
  execute format('alter table hub.feed_items add constraint feed_items_check check (case when change = ''GONE''
    then num_nonnulls(slice, slices, kind, category, record, recorded_on, receiver, agreement) = 0 and not for_owner else %s end)', was);
end $$;

-- Taking away ---------------------------------------------------------------------------------------------------------
-- What is past its term: per kind and state how many and from which day. `late`: only what was past it that many days ago.
create function hub.retention_due(in_gemeente text, late int)
  returns table (kind text, state text, days int, due bigint, oldest date)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  term record;
begin
  for term in select * from hub.retention_terms(in_gemeente) t order by t.place, t.kind, t.state desc loop
    kind := term.kind;
    state := term.state;
    days := term.days;
    execute format('select count(*), min(%s) %s', (select x.since from hub.retention_scope(kind, state) x), hub.past_term(kind, state))
      into due, oldest using in_gemeente, days + late;
    return next;
  end loop;
end $$;
alter function hub.retention_due(text, int) owner to hub_retention;

-- What is left of records elsewhere once they are gone: that something was done, not what. With `columns` only those are let go of.
create function hub.erase_content(in_gemeente text, owners uuid[], records uuid[], columns text[]) returns void
  language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  update hub.history h set before = case when columns is not null then h.before - columns end,
    after = case when columns is not null then h.after - columns end
  from unnest(owners, records) u (owner, record)
  where h.gemeente = in_gemeente and (h.owner, h.record) = (u.owner, u.record) and num_nonnulls(h.before, h.after) > 0;
  update hub.receipt_rows w set external_id = case when columns is not null then w.external_id end, errors = '[]'
  from unnest(owners, records) u (owner, record)
  where w.gemeente = in_gemeente and (w.owner, w.record) = (u.owner, u.record);
$$;

-- Takes away what one term has ended for, at most `n` rows of it (of the ledger all), and returns how many those were. A record leaves a tombstone with
-- what its source calls it, so that a later delivery does not bring it back.
create function hub.retain(in_gemeente text, of_kind text, of_state text, n int) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  scope record;
  days int := (select t.days from hub.retention_terms(in_gemeente) t where (t.kind, t.state) = (of_kind, of_state));
  due text;
  owners uuid[];
  records uuid[];
  done int;
begin
  select x.*, k.kind is not null as of_records, array_to_string(x.keys, ', ') as names into strict scope
  from hub.retention_scope(of_kind, of_state) x left join hub.contribution_kinds k on k.kind = of_kind;
  due := format('select %s %s limit $3', (select string_agg('s.' || c, ', ') from unnest(scope.keys) c),
    hub.past_term(of_kind, of_state));
  if scope.of_records then
    -- held first, so that what its owner changes meanwhile is looked at as it became
    due := due || ' for update of s skip locked';
    execute format(
      case when of_state = 'EXACT' then
        'with due as materialized (%1$s), done as (update hub.%2$I s set version = s.version + 1, %3$s from due d
          where s.gemeente = $1 and (s.owner, s.id) = (d.owner, d.id) returning s.owner, s.id)
        select array_agg(g.owner order by g.owner, g.id), array_agg(g.id order by g.owner, g.id) from done g'
      else
        'with due as materialized (%1$s), gone as (delete from hub.%2$I s using due d
          where s.gemeente = $1 and (s.owner, s.id) = (d.owner, d.id) returning s.owner, s.id, s.dataset, s.external_id),
        stones as (insert into hub.tombstones (gemeente, owner, kind, id, dataset, external_id, reason)
          select $1, g.owner, %4$L, g.id, g.dataset, g.external_id, ''vervallen'' from gone g on conflict do nothing)
        select array_agg(g.owner order by g.owner, g.id), array_agg(g.id order by g.owner, g.id) from gone g' end,
      due, scope.table_name, (
        select string_agg(case
          when not c.is_required then format('%I = null', c.column_name)
          when c.is_moment then format('%1$I = ((s.%1$I at time zone ''Europe/Amsterdam'')::date + time ''12:00'') at time zone ''Europe/Amsterdam''',
            c.column_name)
          else format('%I = ''vervallen''', c.column_name) end, ', ') from hub.exact_columns(of_kind) c), of_kind)
      into owners, records using in_gemeente, days, n;
    perform hub.erase_content(in_gemeente, owners, records,
      case when of_state = 'EXACT' then array(select c.column_name::text from hub.exact_columns(of_kind) c) end);
    return coalesce(cardinality(records), 0);
  elsif of_kind = 'LEDGER' then
    -- its lines are sealed: it knows how to let go of them
    return hub.erase_ledger_before(in_gemeente, hub.today() - days + 1);
  end if;
  execute format('%s and (%s) in (%s)',
    case scope.table_name || '/' || of_state
      when 'history/TEXT' then 'update hub.history x set before = null, after = null where x.gemeente = $1'
      when 'tombstones/TEXT' then 'update hub.tombstones x set reason = ''vervallen'' where x.gemeente = $1'
      when 'feed_items/ALL' then 'update hub.feed_items x set change = ''GONE'', slice = null, slices = null, kind = null,
        category = null, record = null, recorded_on = null, changed = ''{}'', for_owner = false where x.gemeente = $1'
      else format('delete from hub.%I x where x.gemeente = $1', scope.table_name) end,
    (select string_agg('x.' || c, ', ') from unnest(scope.keys) c), due) using in_gemeente, days, n;
  get diagnostics done = row_count;
  return done;
end $$;
alter function hub.erase_content(text, uuid[], uuid[], text[]) owner to hub_retention;
alter function hub.retain(text, text, text, int) owner to hub_retention;

-- a grant to the functions' first owner would have gone with their ownership
set local role hub_retention;
grant execute on function hub.retention_due(text, int), hub.retain(text, text, text, int) to hub_owner;
reset role;

-- SPDX-License-Identifier: EUPL-1.2
-- Undo of a delivery: its records go back to what they were, as far as nobody changed them since. What to go back to is in the
-- history; what became of each record is in a receipt of its own.

-- adding the foreign key looks through the table, which the owner may do only while FORCE is lifted
alter table hub.receipts no force row level security;
alter table hub.receipts
  drop constraint receipts_mode_check,
  add constraint receipts_mode_check check (mode in ('UPSERT', 'SNAPSHOT', 'NOTHING', 'UNDO')),
  add column undoes uuid,
  add column reason text check (length(reason) <= 2000),
  add constraint receipts_undo_of_one check ((mode = 'UNDO') = (undoes is not null)),
  add unique (gemeente, owner, undoes),
  add foreign key (gemeente, owner, undoes) references hub.receipts on delete restrict;
alter table hub.receipts force row level security;
grant insert (undoes, reason) on hub.receipts to hub_app;
-- Of police and enforcement the hub keeps no text, of a reason either.
create policy codes_only_new on hub.receipts as restrictive for insert to hub_app
  with check (not (select hub.keeps_codes_only()) or reason is null);

-- Each kind gets a function that takes the lines of a receipt back from one to another, and tells which it took: a record that the delivery made goes,
-- any other gets the values that the delivery changed. Only a record with the version that the delivery gave it is touched. The next
-- delivery of it counts as new, whatever its version. It runs as its caller, so every policy of the table decides again.
create function hub.make_undo(of_kind text, of_table name, day_column name) returns void language plpgsql as $body$
declare
  columns text;
begin
  select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into columns
  from pg_attribute a
  where a.attrelid = ('hub.' || quote_ident(of_table))::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    and a.attname not in ('gemeente', 'owner', 'id', 'dataset', 'external_id', 'source_version', 'delivered_digest', 'profile',
      'recorded_on', 'changed_at', 'version', 'invented');
  execute format($f$
    create function hub.%1$I(of_receipt uuid, from_line int, until_line int) returns setof int language sql volatile as $$
      with asked as (
        select w.line, w.outcome, w.record, w.version, coalesce(h.before, '{}') as before
        from hub.receipt_rows w
        -- offset 0: looked up record by record, however few rows the planner thinks there are
        left join lateral (
          select h.before from hub.history h
          where (h.gemeente, h.owner, h.record, h.version) = (w.gemeente, w.owner, w.record, w.version) offset 0) h on true
        where w.gemeente = hub.gemeente() and w.owner = hub.asker() and w.receipt = of_receipt
          and w.line between from_line and until_line),
      gone as (
        delete from hub.%2$I s using asked a
        where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = a.record and s.version = a.version
          and a.outcome = 'CREATED'
        returning a.line),
      back as (
        update hub.%2$I s set (%3$s) = (select %3$s from jsonb_populate_record(s, a.before)),
          source_version = null, delivered_digest = null, changed_at = hub.now(), version = s.version + 1
        from asked a
        where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.id = a.record and s.version = a.version
          and a.outcome in ('UPDATED', 'CLOSED', 'REOPENED')
        returning a.line)
      select line from gone union all select line from back
    $$ $f$, of_table || '_undo', of_table, columns);
  execute format('grant execute on function hub.%I(uuid, int, int) to hub_app', of_table || '_undo');
end $body$;
select hub.every_kind_gets('make_undo');

-- Takes back what a delivery of the asker's own did, and tells of each line what became of it: with a code where it stayed as it is.
-- Where a policy or a key refuses some of the records, each is tried on its own, so that the others go back.
create function hub.undo_lines(of_receipt uuid)
  returns table (line int, external_id text, outcome text, record uuid, version int, code text) language plpgsql volatile as $$
declare
  of_table name := (
    select k.table_name from hub.receipts r join hub.contribution_kinds k on k.kind = r.kind
    where r.gemeente = hub.gemeente() and r.owner = hub.asker() and r.id = of_receipt);
  asked int[] := array(
    select w.line from hub.receipt_rows w
    where w.gemeente = hub.gemeente() and w.owner = hub.asker() and w.receipt = of_receipt
      and w.outcome in ('CREATED', 'UPDATED', 'CLOSED', 'REOPENED') order by w.line);
  undo text := format('select array(select * from hub.%I($1, $2, $3))', of_table || '_undo');
  done int[] := '{}';
  more int[];
  one int;
begin
  begin
    execute undo into done using of_receipt, asked[1], asked[cardinality(asked)];
  exception when insufficient_privilege or integrity_constraint_violation then
    foreach one in array asked loop
      begin
        execute undo into more using of_receipt, one, one;
        done := done || more;
      exception when insufficient_privilege or integrity_constraint_violation then
        null;
      end;
    end loop;
  end;
  return query execute format($f$
    select w.line, w.external_id,
      case when not d.done then 'REJECTED'
        else case w.outcome when 'CREATED' then 'REMOVED' when 'CLOSED' then 'REOPENED' when 'REOPENED' then 'CLOSED' else w.outcome end
      end,
      w.record, case when not d.done then s.version when w.outcome <> 'CREATED' then w.version + 1 end,
      case when d.done then null
        when s.version is distinct from w.version then 'CONFLICT'
        when not hub.works_in(coalesce((h.before ->> 'wijk')::uuid, s.wijk)) then 'NOT_YOUR_WIJK'
        else 'UNDO_NOT_ALLOWED' end
    from hub.receipt_rows w
    cross join lateral (select w.line = any ($3) as done) d
    left join lateral (
      select s.version, s.wijk from hub.%I s where (s.gemeente, s.owner, s.id) = (w.gemeente, w.owner, w.record) offset 0) s on true
    left join lateral (
      select h.before from hub.history h
      where (h.gemeente, h.owner, h.record, h.version) = (w.gemeente, w.owner, w.record, w.version) offset 0) h on true
    where w.gemeente = hub.gemeente() and w.owner = hub.asker() and w.receipt = $1 and w.line = any ($2)
    order by w.line $f$, of_table) using of_receipt, asked, done;
end $$;
grant execute on function hub.undo_lines(uuid) to hub_app;

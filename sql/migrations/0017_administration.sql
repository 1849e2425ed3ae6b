-- SPDX-License-Identifier: EUPL-1.2
-- What the administrator's commands need of the database: a backup that has every row, and the end of a partner's agreements.
-- (That the owner may read every row for a backup, and only then, is said at the end of each migration: after_migration.sql.)

-- How many rows each table has, as far as the caller's policies show them: a backup counts what it holds, a restore counts again.
create function hub.row_counts() returns table (table_name name, rows bigint)
  language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  for table_name in
    select c.relname from pg_class c where c.relnamespace = 'hub'::regnamespace and c.relkind in ('r', 'p') order by c.relname
  loop
    execute format('select count(*) from hub.%I', table_name) into rows;
    return next;
  end loop;
end $$;

-- An organisation that goes takes its part in every agreement with it: what it accepted it revokes, what it did not decide on yet it
-- rejects. The other parties' grants end in the same transaction. For the owner alone, who names the organisation; the decision
-- says who made it (actor) and why.
create policy recorder_writes on hub.agreement_decisions for insert to hub_recorder with check (true);
grant insert on hub.agreement_decisions to hub_recorder;
create function hub.leave_agreements(in_gemeente text, of_organisation uuid, because text)
  returns table (agreement uuid, version int, decision text)
  language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  insert into hub.agreement_decisions (gemeente, agreement, version, organisation, decision, reason)
  select a.gemeente, a.id, a.version, of_organisation,
    case when exists (
      select from hub.agreement_decisions d
      where (d.gemeente, d.agreement, d.version, d.organisation) = (a.gemeente, a.id, a.version, of_organisation)
        and d.decision = 'ACCEPT') then 'REVOKE' else 'REJECT' end,
    because
  from hub.agreements a
  where a.gemeente = in_gemeente and of_organisation = any (a.parties)
    and hub.agreement_state(a.gemeente, a.id, a.version) in ('PROPOSED', 'ACCEPTED', 'IN_FORCE')
  order by a.id, a.version
  returning agreement, version, decision
$$;
grant execute on function hub.leave_agreements(text, uuid, text) to hub_owner;
alter function hub.leave_agreements(text, uuid, text) owner to hub_recorder;

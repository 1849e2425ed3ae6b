-- SPDX-License-Identifier: EUPL-1.2
-- What the administrator's commands need of the database: a backup that has every row, and the end of a partner's agreements.
-- (That the owner may read every row for a backup, and only then, is said at the end of each migration: after_migration.sql.)

-- The same policy as before, in a form that is its own print: a comparison of rows is printed as conditions joined by AND, so a policy
-- that has one is printed otherwise once a dump of it was restored, and nobody could see whether it was changed.
alter policy propose on hub.agreement_rules with check (gemeente = (select hub.gemeente())
  and exists (
    select from hub.agreements a
    where a.gemeente = agreement_rules.gemeente and a.id = agreement_rules.agreement and a.version = agreement_rules.version
      and a.proposed_by = (select hub.asker()) and a.proposed_in = pg_current_xact_id()
      and agreement_rules.provider = any (a.parties) and agreement_rules.receiver = any (a.parties)));

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
alter function hub.leave_agreements(text, uuid, text) owner to hub_recorder;
-- a grant to the function's first owner would have gone with its ownership
set local role hub_recorder;
grant execute on function hub.leave_agreements(text, uuid, text) to hub_owner;
reset role;

-- SPDX-License-Identifier: EUPL-1.2
-- What agreements, terms and partners still lacked: a proposal that nobody decides on lapses, a change of a term is in the audit log, who
-- left is known to have left, and a published agreement says what the police weighed.

-- Terms in the audit log ---------------------------------------------------------------------------------------------
-- A term is of every record of its kind, so each organisation of the gemeente is told, with how long it was and is.
create function hub.audit_term() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  it hub.retention_rules := case when tg_op = 'DELETE' then old else new end;
  usual int := (
    select d.days from hub.retention_defaults d
    where d.kind in (it.kind, '*') and d.state = it.state order by d.kind = '*' limit 1);
  was int := case when tg_op = 'INSERT' then usual else old.days end;
  became int := case when tg_op = 'DELETE' then usual else new.days end;
begin
  perform hub.audit(o.gemeente, o.id, 'RETENTION_CHANGED', format('urn:wijkhub:retention:%s:%s', it.kind, it.state),
    jsonb_build_object('days', jsonb_build_array(was, became)))
  from hub.organisations o where o.gemeente = it.gemeente and was <> became order by o.id;
  return null;
end $$;
grant select on hub.retention_defaults to hub_recorder;
alter function hub.audit_term() owner to hub_recorder;
set local role hub_recorder;
grant execute on function hub.audit_term() to hub_owner;
reset role;
create trigger audited after insert or update or delete on hub.retention_rules for each row execute function hub.audit_term();

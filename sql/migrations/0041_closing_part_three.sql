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

-- A proposal lapses ----------------------------------------------------------------------------------------------------
-- The last day on which a proposal can be accepted: 90 days after it was made. Until then no other proposal of that agreement is made, so
-- without an end one party could keep the others from it by saying nothing.
create function hub.open_until(proposed_at timestamptz) returns date language sql immutable parallel safe as $$
  select (proposed_at at time zone 'Europe/Amsterdam')::date + 90
$$;
grant execute on function hub.open_until(timestamptz) to hub_app, hub_door, hub_recorder;

-- As migration 30 has it; LAPSED: not accepted by every party in time.
create or replace function hub.agreement_state_on(in_gemeente text, of_agreement uuid, of_version int, on_day date)
  returns text language sql stable parallel safe as $$
  select case
      when bool_or(d.decision = 'REVOKE') then 'REVOKED'
      when bool_or(d.decision = 'REJECT') then 'REJECTED'
      when p.from_day <= least(on_day, a.valid_until) then 'REPLACED'
      when on_day > a.valid_until then 'ENDED'
      when count(*) filter (where d.decision = 'ACCEPT') = cardinality(a.parties) and on_day >= a.valid_from then 'IN_FORCE'
      when count(*) filter (where d.decision = 'ACCEPT') = cardinality(a.parties) then 'ACCEPTED'
      when on_day > hub.open_until(a.proposed_at) then 'LAPSED'
      else 'PROPOSED' end
  from hub.agreements a
  left join hub.agreement_decisions d on (d.gemeente, d.agreement, d.version) = (a.gemeente, a.id, a.version)
    and (on_day >= hub.today() or (d.at at time zone 'Europe/Amsterdam')::date <= on_day)
  left join hub.replaced_versions p on (p.gemeente, p.agreement, p.version) = (a.gemeente, a.id, a.version)
  where (a.gemeente, a.id, a.version) = (in_gemeente, of_agreement, of_version)
    and (on_day >= hub.today() or (a.proposed_at at time zone 'Europe/Amsterdam')::date <= on_day)
  group by a.gemeente, a.id, a.version, p.from_day
$$;

-- As migration 30 has it; what lapsed cannot be decided on.
create or replace function hub.check_decision() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform hub.check_sees_commits();
  perform pg_advisory_xact_lock(hub.agreements_lock(new.gemeente));
  if hub.agreement_state(new.gemeente, new.agreement, new.version) = 'REPLACED' or exists (
    select from hub.agreement_decisions d
    where (d.gemeente, d.agreement, d.version) = (new.gemeente, new.agreement, new.version)
      and (d.decision in ('REJECT', 'REVOKE') or (d.organisation = new.organisation and d.decision = new.decision)
        or (new.decision = 'REJECT' and d.organisation = new.organisation)))
  then
    raise exception using errcode = 'HB001', message = 'already decided';
  elsif hub.agreement_state(new.gemeente, new.agreement, new.version) = 'LAPSED' then
    raise exception using errcode = 'HB014', message = 'the proposal lapsed';
  end if;
  return new;
end $$;

-- As migration 31 has it; with the last day on which what is open can be accepted.
drop function hub.agreement_versions(uuid[]);
create function hub.agreement_versions(of_agreements uuid[])
  returns table (id uuid, typename text, version int, version_key text, is_current boolean, state text, title text, purpose text,
    legal_basis text, valid_from date, valid_until date, contact text, dpia text, dpia_on date, interest text, partnership text,
    conditions text, publish boolean, proposed_by uuid, parties uuid[], joint_controllers uuid[], separate_controllers uuid[],
    processors uuid[], decide_by date, ends_in int, threshold int)
  language sql stable as $$
  select a.id, 'Agreement', a.version, a.id || '/' || a.version,
    row_number() over (partition by a.id order by s.state = 'IN_FORCE' desc, a.version desc) = 1, s.state, a.title, a.purpose,
    a.legal_basis, a.valid_from, a.valid_until, a.contact, a.dpia, a.dpia_on, a.interest, a.partnership, a.conditions, a.publish,
    a.proposed_by, a.parties, a.joint_controllers, a.separate_controllers, a.processors,
    case when s.state = 'PROPOSED' then least(a.valid_until, hub.open_until(a.proposed_at)) end,
    case when s.state = 'IN_FORCE' then hub.last_day(a.gemeente, a.id, a.version) - hub.today() end,
    case when s.state = 'IN_FORCE' then hub.end_threshold(a.gemeente, a.id, a.version, hub.asker()) end
  from hub.agreements a
  cross join lateral (select hub.agreement_state(a.gemeente, a.id, a.version) as state) s
  where a.gemeente = hub.gemeente() and a.id = any (of_agreements)
$$;
grant execute on function hub.agreement_versions(uuid[]) to hub_app;

-- What is published ----------------------------------------------------------------------------------------------------
-- As migration 31 has it, with what the police weighed: the text that parties read before they sign is the text that is published.
drop function hub.published_agreements(text);
create function hub.published_agreements(in_gemeente text)
  returns table (title text, parties uuid[], purpose text, legal_basis text, interest text, partnership text, conditions text,
    valid_from date, valid_until date, rules jsonb)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select a.title, a.parties, a.purpose, a.legal_basis, a.interest, a.partnership, a.conditions, a.valid_from, a.valid_until, (
    select jsonb_agg(jsonb_build_object('provider', r.provider, 'receiver', r.receiver, 'wijken', r.wijken, 'kind', r.kind,
      'category', r.category, 'fields', r.fields, 'precision', r.precision, 'keep_days', r.keep_days, 'includes_past', r.includes_past) order by r.number)
    from hub.agreement_rules r where (r.gemeente, r.agreement, r.version) = (a.gemeente, a.id, a.version))
  from hub.agreements a
  where a.gemeente = in_gemeente and in_gemeente = hub.gemeente() and hub.asker() is not null and a.publish
    and hub.agreement_state(a.gemeente, a.id, a.version) = 'IN_FORCE'
  order by a.title, a.valid_until, a.id
$$;
grant execute on function hub.published_agreements(text) to hub_app;
alter function hub.published_agreements(text) owner to hub_door;

-- Log-ins ----------------------------------------------------------------------------------------------------------------
-- Whether the asker's organisation has or had a log-in of this name, for its privacy officer: a token, or whoever read something. Of an
-- account that was erased it is the word that took the place of its name.
create index tokens_name on hub.tokens (gemeente, organisation, name);
create function hub.knows_login(of_login text) returns boolean
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select hub.has_role('PRIVACY_OFFICER') and (
    exists (select from hub.tokens t where t.gemeente = hub.gemeente() and t.organisation = hub.asker() and t.name = of_login)
    or exists (select from hub.read_ledger l where l.gemeente = hub.gemeente() and l.reader = hub.asker() and l.actor = of_login))
$$;
grant execute on function hub.knows_login(text) to hub_app;
alter function hub.knows_login(text) owner to hub_door;

-- Partners that left -----------------------------------------------------------------------------------------------------
-- From which day an organisation takes part no more. It stays in the catalogue: decisions, ledgers and published numbers name it.
alter table hub.organisations add column left_on date;
grant select (left_on) on hub.organisations to hub_app;
select hub.let_retention('organisations', '{left_on}', '{left_on}', false);

-- As migration 23 has it, with the title of what it leaves: an id says nothing to who reads what would end.
drop function hub.leave_agreements(text, uuid, text);
create function hub.leave_agreements(in_gemeente text, of_organisation uuid, because text)
  returns table (agreement uuid, version int, title text, decision text)
  language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with decided as (
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
    returning agreement, version, decision)
  select d.agreement, d.version, a.title, d.decision
  from decided d join hub.agreements a on (a.gemeente, a.id, a.version) = (in_gemeente, d.agreement, d.version)
$$;
alter function hub.leave_agreements(text, uuid, text) owner to hub_recorder;
set local role hub_recorder;
grant execute on function hub.leave_agreements(text, uuid, text) to hub_owner, hub_retention;
reset role;

-- As migration 39 has it; it is known to have left, and what it leaves has its title.
set local role hub_retention;
create or replace function hub.close_organisation(in_gemeente text, of_organisation uuid, because text) returns jsonb
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  actor text := hub.actor();
  wijken int;
  tokens text[];
  agreements jsonb;
begin
  update hub.organisations o set left_on = hub.today() where o.gemeente = in_gemeente and o.id = of_organisation and o.left_on is null;
  update hub.organisation_wijken w set works_from = least(w.works_from, hub.today()), works_until = hub.today()
  where w.gemeente = in_gemeente and w.organisation = of_organisation and w.works_until > hub.today();
  get diagnostics wijken = row_count;
  with revoked as (
    update hub.tokens t set revoked_at = hub.now()
    where t.gemeente = in_gemeente and t.organisation = of_organisation and t.revoked_at is null and t.expires_at > hub.now()
    returning t.name)
  select coalesce(array_agg(r.name order by r.name), '{}') into tokens from revoked r;
  -- a decision in the name of the one is no account of the other
  perform set_config('hub.actor', '', true);
  select coalesce(jsonb_agg(jsonb_build_object('agreement', l.agreement, 'version', l.version, 'title', l.title, 'decision', l.decision)
    order by l.title, l.agreement, l.version), '[]') into agreements
  from hub.leave_agreements(in_gemeente, of_organisation, because) l;
  perform set_config('hub.actor', actor, true);
  perform hub.audit(in_gemeente, of_organisation, 'PARTNER_CLOSED', 'urn:wijkhub:organisation:' || of_organisation,
    jsonb_build_object('wijken', wijken, 'tokens', cardinality(tokens), 'agreements', jsonb_array_length(agreements)));
  return jsonb_build_object('wijken', wijken, 'tokens', tokens, 'agreements', agreements);
end $$;
reset role;

-- SPDX-License-Identifier: EUPL-1.2
-- The audit log: what was changed in agreements, log-ins, partners, rights and published numbers, by whom. Triggers write it, so that
-- nothing is changed past it. An entry is for one organisation; what concerns several has one for each. Who did it is named to its
-- own organisation alone: the others read which organisation it was.

create table hub.audit_log (
  gemeente text not null references hub.gemeenten on delete restrict,
  organisation uuid not null,
  id uuid not null default hub.new_id(),
  xid xid8 not null default pg_current_xact_id(),
  at timestamptz not null default hub.now(),
  by_organisation uuid, -- null: the administration of the hub
  actor text,
  action text not null check (action ~ '^[A-Z][A-Z_]{2,40}$'),
  subject text not null check (length(subject) between 1 and 200),
  login text, -- whose log-in the entry is about; with the actor the only that names a person
  details jsonb not null default '{}',
  trace text,
  primary key (gemeente, organisation, id)
);
create index audit_log_at on hub.audit_log (gemeente, organisation, at desc, id desc);
create index audit_log_xid on hub.audit_log (gemeente, xid, id);
alter table hub.audit_log enable row level security;
alter table hub.audit_log force row level security;

-- Who looks into what was done in an organisation: its privacy officer, and its administrator.
create function hub.may_audit() returns boolean language sql stable parallel safe as $$
  select hub.has_role('PRIVACY_OFFICER') or hub.has_role('ADMINISTRATOR')
$$;
grant execute on function hub.may_audit() to hub_app;
create policy own on hub.audit_log for select to hub_app
  using (gemeente = (select hub.gemeente()) and organisation = (select hub.asker()) and (select hub.may_audit()));
-- not xid: the order of transactions would tell of others' traffic
grant select (gemeente, organisation, id, at, by_organisation, actor, action, subject, login, details, trace) on hub.audit_log to hub_app;
create policy recorder on hub.audit_log for insert to hub_recorder with check (true);
create policy recorder_reads on hub.audit_log for select to hub_recorder using (true);
grant select, insert on hub.audit_log to hub_recorder;

-- The id of the operation, which its lines in the ledger, in the audit log and in the log of the hub share.
create function hub.trace() returns text language sql stable parallel safe as $$
  select nullif(current_setting('hub.trace', true), '')
$$;
grant execute on function hub.trace() to hub_app, hub_door, hub_recorder;

-- Adds an entry in the name of whoever acts. Who is not of the organisation that reads the entry is not named in it.
create function hub.audit_of_login(in_gemeente text, of_organisation uuid, in_action text, in_subject text, in_login text, in_details jsonb)
  returns uuid language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  insert into hub.audit_log (gemeente, organisation, by_organisation, actor, action, subject, login, details, trace)
  values (in_gemeente, of_organisation, hub.asker(),
    case when hub.asker() is null or hub.asker() = of_organisation then hub.actor() end,
    in_action, in_subject, in_login, coalesce(in_details, '{}'), case when hub.asker() = of_organisation then hub.trace() end)
  returning id
$$;
alter function hub.audit_of_login(text, uuid, text, text, text, jsonb) owner to hub_recorder;

create function hub.audit(in_gemeente text, of_organisation uuid, in_action text, in_subject text, in_details jsonb) returns void
  language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select hub.audit_of_login(in_gemeente, of_organisation, in_action, in_subject, null, in_details)
$$;
alter function hub.audit(text, uuid, text, text, jsonb) owner to hub_recorder;
set local role hub_recorder;
grant execute on function hub.audit(text, uuid, text, text, jsonb) to hub_owner, hub_retention;
grant execute on function hub.audit_of_login(text, uuid, text, text, text, jsonb) to hub_retention;
reset role;

-- What differs between two rows, without what names nobody but must stay secret or says nothing: column by column, before and after.
create function hub.differences(was jsonb, became jsonb) returns jsonb language sql immutable parallel safe as $$
  select coalesce(jsonb_object_agg(e.key, jsonb_build_array(was -> e.key, e.value) order by e.key), '{}')
  from jsonb_each(became - array['digest', 'gemeente', 'id']) e where was -> e.key is distinct from e.value
$$;
grant execute on function hub.differences(jsonb, jsonb) to hub_recorder;

-- Agreements: proposed, and each decision, told to every party.
create function hub.audit_agreement() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform hub.audit(a.gemeente, p.party,
    case tg_table_name when 'agreements' then 'AGREEMENT_PROPOSED'
      else case to_jsonb(new) ->> 'decision' when 'ACCEPT' then 'AGREEMENT_ACCEPTED' when 'REJECT' then 'AGREEMENT_REJECTED'
        else 'AGREEMENT_REVOKED' end end,
    format('urn:wijkhub:agreement:%s:%s', a.id, a.version),
    -- by whom, also where the administration does it for an organisation that goes
    jsonb_build_object('organisation', coalesce(to_jsonb(new) ->> 'organisation', a.proposed_by::text)))
  from hub.agreements a
  cross join lateral unnest(a.parties) p(party)
  where a.gemeente = new.gemeente and a.version = new.version
    and a.id = coalesce(to_jsonb(new) ->> 'agreement', to_jsonb(new) ->> 'id')::uuid
  order by p.party;
  return null;
end $$;
alter function hub.audit_agreement() owner to hub_recorder;

-- A version that another takes the place of: told to its parties, who need not be parties of that one, with who proposed it.
create function hub.audit_replacement() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform hub.audit(a.gemeente, p.party, 'AGREEMENT_REPLACED', format('urn:wijkhub:agreement:%s:%s', a.id, a.version),
    jsonb_build_object('from', new.from_day, 'organisation', n.proposed_by))
  from hub.agreements a
  cross join lateral unnest(a.parties) p(party)
  cross join lateral (
    select b.proposed_by from hub.agreements b
    where (b.gemeente, b.id) = (a.gemeente, a.id) and b.version > a.version
      and hub.begins_on(b.gemeente, b.id, b.version) = new.from_day
    order by b.version limit 1) n
  where (a.gemeente, a.id, a.version) = (new.gemeente, new.agreement, new.version)
  order by p.party;
  return null;
end $$;
alter function hub.audit_replacement() owner to hub_recorder;

-- Log-ins: made, changed (revoked, ended sooner, other roles), gone. Never what would open anything.
create function hub.audit_token() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  it hub.tokens := case when tg_op = 'DELETE' then old else new end;
begin
  perform hub.audit_of_login(it.gemeente, it.organisation,
    case tg_op when 'INSERT' then 'TOKEN_CREATED' when 'DELETE' then 'TOKEN_REMOVED'
      else case when old.revoked_at is null and new.revoked_at is not null then 'TOKEN_REVOKED' else 'TOKEN_CHANGED' end end,
    format('urn:wijkhub:token:%s', it.id), it.name,
    case tg_op when 'INSERT' then jsonb_build_object('roles', new.roles, 'scopes', new.scopes, 'holder', new.holder, 'expires_at', new.expires_at)
      when 'UPDATE' then hub.differences(to_jsonb(old) - 'name', to_jsonb(new) - 'name') end);
  return null;
end $$;
alter function hub.audit_token() owner to hub_recorder;

-- Partners and what they said they would deliver: added, changed, gone.
create function hub.audit_partner() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  was jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  became jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  it jsonb := coalesce(became, was);
  whose uuid := coalesce(it ->> 'owner', it ->> 'id')::uuid;
begin
  perform hub.audit(it ->> 'gemeente', whose,
    tg_argv[0] || case tg_op when 'INSERT' then '_ADDED' when 'UPDATE' then '_CHANGED' else '_REMOVED' end,
    format('urn:wijkhub:organisation:%s', whose) || coalesce(':dataset:' || (it ->> 'dataset'), ''),
    hub.differences(coalesce(was, '{}'), coalesce(became, '{}')));
  return null;
end $$;
alter function hub.audit_partner() owner to hub_recorder;

-- Where a partner works: one entry for all wijken of a statement with the same days.
create function hub.audit_area() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform hub.audit(w.gemeente, w.organisation, 'AREA_CHANGED', format('urn:wijkhub:organisation:%s', w.organisation),
    jsonb_build_object('wijken', jsonb_agg(w.wijk order by w.wijk), 'from', w.works_from, 'until', w.works_until))
  from new_rows w
  group by w.gemeente, w.organisation, w.works_from, w.works_until
  order by w.organisation, w.works_from, w.works_until;
  return null;
end $$;
alter function hub.audit_area() owner to hub_recorder;

create function hub.audit_area_change() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform hub.audit(w.gemeente, w.organisation, 'AREA_CHANGED', format('urn:wijkhub:organisation:%s', w.organisation),
    jsonb_build_object('wijken', jsonb_agg(w.wijk order by w.wijk), 'from', w.works_from, 'until', w.works_until))
  from new_rows w
  where not exists (
    select from old_rows o
    where o.gemeente = w.gemeente and o.organisation = w.organisation and o.wijk = w.wijk and o.works_from = w.works_from
      and o.works_until = w.works_until)
  group by w.gemeente, w.organisation, w.works_from, w.works_until
  order by w.organisation, w.works_from, w.works_until;
  return null;
end $$;
alter function hub.audit_area_change() owner to hub_recorder;

create function hub.audit_area_end() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform hub.audit(w.gemeente, w.organisation, 'AREA_REMOVED', format('urn:wijkhub:organisation:%s', w.organisation),
    jsonb_build_object('wijken', jsonb_agg(w.wijk order by w.wijk)))
  from old_rows w group by w.gemeente, w.organisation order by w.organisation;
  return null;
end $$;
alter function hub.audit_area_end() owner to hub_recorder;

-- Published numbers: told to their audience, one entry for all measures of a statement.
create function hub.audit_edition() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform hub.audit(e.gemeente, e.audience, 'NUMBERS_PUBLISHED', format('urn:wijkhub:numbers:%s', e.period),
    jsonb_build_object('measures', jsonb_agg(distinct e.measure)))
  from new_rows e group by e.gemeente, e.audience, e.period order by e.audience, e.period;
  return null;
end $$;
alter function hub.audit_edition() owner to hub_recorder;

-- the owner of a table needs this to hang a trigger on it
set local role hub_recorder;
grant execute on function hub.audit_agreement(), hub.audit_replacement(), hub.audit_token(), hub.audit_partner(), hub.audit_area(), hub.audit_area_change(),
  hub.audit_area_end(), hub.audit_edition() to hub_owner;
reset role;

create trigger audited after insert on hub.agreements for each row execute function hub.audit_agreement();
create trigger audited after insert on hub.agreement_decisions for each row execute function hub.audit_agreement();
create trigger audited after insert on hub.replaced_versions for each row execute function hub.audit_replacement();
create trigger audited after insert or delete on hub.tokens for each row execute function hub.audit_token();
create trigger audited_change after update on hub.tokens for each row when (old.* is distinct from new.*)
  execute function hub.audit_token();
create trigger audited after insert or delete on hub.organisations for each row execute function hub.audit_partner('PARTNER');
create trigger audited_change after update on hub.organisations for each row when (old.* is distinct from new.*)
  execute function hub.audit_partner('PARTNER');
create trigger audited after insert or delete on hub.datasets for each row execute function hub.audit_partner('DATASET');
create trigger audited_change after update on hub.datasets for each row when (old.* is distinct from new.*)
  execute function hub.audit_partner('DATASET');
create trigger audited after insert on hub.organisation_wijken referencing new table as new_rows
  for each statement execute function hub.audit_area();
create trigger audited_change after update on hub.organisation_wijken referencing old table as old_rows new table as new_rows
  for each statement execute function hub.audit_area_change();
create trigger audited_end after delete on hub.organisation_wijken referencing old table as old_rows
  for each statement execute function hub.audit_area_end();
create trigger audited after insert on hub.editions referencing new table as new_rows
  for each statement execute function hub.audit_edition();

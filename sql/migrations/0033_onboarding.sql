-- SPDX-License-Identifier: EUPL-1.2
-- A new partner is data: an administrator of the municipality adds it through the API. The serving role may write neither partners
-- nor tokens; it may execute the one function that does, and that looks for itself who asks.

-- Which municipality added which partner, and when: what the limit per day is counted by. Nobody reads it but the recorder.
create table hub.onboardings (
  gemeente text not null,
  owner uuid not null,
  partner uuid not null,
  actor text not null,
  on_day date not null,
  primary key (gemeente, owner, partner),
  foreign key (gemeente, owner) references hub.organisations on delete restrict,
  foreign key (gemeente, partner) references hub.organisations on delete restrict
);
alter table hub.onboardings enable row level security;
alter table hub.onboardings force row level security;
create policy recorder on hub.onboardings for select to hub_recorder using (true);
grant select (gemeente, on_day) on hub.onboardings to hub_recorder;

create function hub.most_partners_a_day() returns int language sql immutable parallel safe as $$ select 20 $$;
grant execute on function hub.most_partners_a_day() to hub_recorder;

do $$
declare
  t text;
begin
  foreach t in array array['organisations', 'organisation_wijken', 'datasets', 'tokens', 'onboardings'] loop
    execute format('create policy onboarding on hub.%I for insert to hub_recorder with check (true)', t);
  end loop;
end $$;
grant insert (gemeente, id, slug, name, kind, invented) on hub.organisations to hub_recorder;
grant insert (gemeente, organisation, wijk, works_from, contact) on hub.organisation_wijken to hub_recorder;
grant insert (gemeente, owner, dataset, kind, contact) on hub.datasets to hub_recorder;
grant insert (gemeente, organisation, name, digest, scopes, expires_at) on hub.tokens to hub_recorder;
grant insert (gemeente, owner, partner, actor, on_day) on hub.onboardings to hub_recorder;

-- Whether who asks may administer partners: an administrator, of an organisation that is the municipality.
create function hub.administers_partners() returns boolean language sql stable parallel safe as $$
  select hub.has_role('ADMINISTRATOR') and exists (
    select from hub.organisations o where o.gemeente = hub.gemeente() and o.id = hub.asker() and o.kind = 'MUNICIPALITY')
$$;
grant execute on function hub.administers_partners() to hub_app, hub_recorder;

-- Adds a partner with where it works from today, its datasets, and a first token for a program, that reads and writes for a year. The
-- agreement is proposed by the asker itself, as any other. Who may not gets one answer, whatever there is.
create function hub.onboard_partner(new_id uuid, in_slug text, in_name text, in_kind text, in_wijken uuid[], in_contact text,
    in_datasets text[], in_kinds text[], token_name text, token_digest bytea) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  if hub.administers_partners() is not true then
    raise exception using errcode = 'insufficient_privilege', message = 'not an administrator of the municipality';
  end if;
  perform hub.check_sees_commits();
  perform pg_advisory_xact_lock(hashtextextended('hub.onboarding/' || hub.gemeente(), 0));
  if (select count(*) from hub.onboardings o where o.gemeente = hub.gemeente() and o.on_day = hub.today()) >= hub.most_partners_a_day() then
    raise exception using errcode = 'HB021', message = 'too many partners today';
  end if;
  insert into hub.organisations (gemeente, id, slug, name, kind, invented)
  values (hub.gemeente(), new_id, in_slug, in_name, in_kind, hub.is_demo());
  insert into hub.organisation_wijken (gemeente, organisation, wijk, works_from, contact)
  select hub.gemeente(), new_id, w.wijk, hub.today(), in_contact from unnest(in_wijken) w(wijk);
  insert into hub.datasets (gemeente, owner, dataset, kind, contact)
  select hub.gemeente(), new_id, d.dataset, d.kind, in_contact from unnest(in_datasets, in_kinds) d(dataset, kind);
  insert into hub.tokens (gemeente, organisation, name, digest, scopes, expires_at)
  values (hub.gemeente(), new_id, token_name, token_digest, '{read,write}', hub.now() + interval '365 days');
  insert into hub.onboardings (gemeente, owner, partner, actor, on_day)
  values (hub.gemeente(), hub.asker(), new_id, hub.actor(), hub.today());
  perform hub.audit(hub.gemeente(), hub.asker(), 'PARTNER_ONBOARDED', 'urn:wijkhub:organisation:' || new_id, '{}');
end $$;
grant execute on function hub.onboard_partner(uuid, text, text, text, uuid[], text, text[], text[], text, bytea) to hub_app;
alter function hub.onboard_partner(uuid, text, text, text, uuid[], text, text[], text[], text, bytea) owner to hub_recorder;

-- SPDX-License-Identifier: EUPL-1.2
-- Organisations, where each works and until when, the datasets that it said it would deliver, and its credentials.
-- These four are administration, not records: the owner maintains them (`hub partner`, `hub token`), hence its policies.

-- The catalogue of partners is known to every partner of the same gemeente.
create table hub.organisations (
  gemeente text not null references hub.gemeenten on delete restrict,
  id uuid not null,
  slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name text not null check (length(name) between 1 and 120),
  kind text not null check (kind in
    ('MUNICIPALITY', 'WELFARE', 'HOUSING', 'ENFORCEMENT', 'POLICE', 'SCHOOL', 'CARE', 'RESIDENTS', 'RESEARCH')),
  invented boolean not null default false,
  primary key (gemeente, id),
  unique (gemeente, slug)
);
alter table hub.organisations enable row level security;
alter table hub.organisations force row level security;
create policy administration on hub.organisations to hub_owner using (true) with check (true);
create policy of_gemeente on hub.organisations for select to hub_app using (gemeente = (select hub.gemeente()));
create policy door on hub.organisations for select to hub_door using (true);
create policy recorder on hub.organisations for select to hub_recorder using (true);
grant select on hub.organisations to hub_app, hub_door, hub_recorder;

-- Where an organisation works, and whom to call there. One may write only in a wijk where one works.
create table hub.organisation_wijken (
  gemeente text not null,
  organisation uuid not null,
  wijk uuid not null,
  works_from date not null,
  works_until date not null default 'infinity',
  contact text,
  primary key (gemeente, organisation, wijk),
  foreign key (gemeente, organisation) references hub.organisations on delete restrict,
  foreign key (gemeente, wijk) references hub.wijken on delete restrict,
  check (works_from <= works_until)
);
create index organisation_wijken_wijk on hub.organisation_wijken (gemeente, wijk);
alter table hub.organisation_wijken enable row level security;
alter table hub.organisation_wijken force row level security;
create policy administration on hub.organisation_wijken to hub_owner using (true) with check (true);
create policy of_gemeente on hub.organisation_wijken for select to hub_app using (gemeente = (select hub.gemeente()));
create policy door on hub.organisation_wijken for select to hub_door using (true);
create policy recorder on hub.organisation_wijken for select to hub_recorder using (true);
grant select on hub.organisation_wijken to hub_app, hub_door, hub_recorder;

create function hub.works_in(in_wijk uuid) returns boolean language sql stable parallel safe as $$
  select exists (
    select from hub.organisation_wijken o
    where o.gemeente = hub.gemeente() and o.organisation = hub.asker() and o.wijk = in_wijk
      and hub.today() between o.works_from and o.works_until)
$$;
grant execute on function hub.works_in(uuid) to hub_app;

-- What an organisation said that it would deliver, and how often. `rhythm_days` is the promise that lateness is held against.
create table hub.datasets (
  gemeente text not null default hub.gemeente(),
  owner uuid not null default hub.asker(),
  dataset text not null check (dataset ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  kind text not null,
  rhythm_days int check (rhythm_days between 1 and 366),
  contact text,
  declared_on date not null default hub.today(),
  primary key (gemeente, owner, dataset),
  foreign key (gemeente, owner) references hub.organisations on delete restrict
);
alter table hub.datasets enable row level security;
alter table hub.datasets force row level security;
create policy administration on hub.datasets to hub_owner using (true) with check (true);
create policy own on hub.datasets for select to hub_app
  using (gemeente = (select hub.gemeente()) and owner = (select hub.asker()));
create policy door on hub.datasets for select to hub_door using (true);
grant select on hub.datasets to hub_app;
grant select on hub.datasets to hub_door;

-- Credentials. Only the digest of a token is kept; the table is out of reach of the serving role, which asks one function.
create table hub.tokens (
  id uuid primary key default hub.new_id(),
  gemeente text not null,
  organisation uuid not null,
  name text not null,
  digest bytea not null unique check (length(digest) = 32),
  roles text[] not null default '{}',
  scopes text[] not null default '{read}' check (scopes <@ array['read', 'write']),
  holder text not null default 'machine' check (holder in ('person', 'machine')),
  created_at timestamptz not null default hub.now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  foreign key (gemeente, organisation) references hub.organisations on delete restrict,
  check (expires_at <= created_at + interval '366 days')
);
alter table hub.tokens enable row level security;
alter table hub.tokens force row level security;
create policy administration on hub.tokens to hub_owner using (true) with check (true);
create policy door on hub.tokens for select to hub_door using (true);
grant select on hub.tokens to hub_door;

-- Whose token this is, or no row: unknown, expired and revoked look the same. Asked before anyone is known, hence a definer
-- function over a digest; nothing else about tokens can be learnt through it.
create function hub.principal_of(token_digest bytea)
  returns table (gemeente text, organisation uuid, actor text, holder text, roles text[], scopes text[], expires_at timestamptz)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select t.gemeente, t.organisation, t.name, t.holder, t.roles, t.scopes, t.expires_at
  from hub.tokens t
  where t.digest = token_digest and t.revoked_at is null and t.expires_at > hub.now()
$$;
grant execute on function hub.principal_of(bytea) to hub_app;
alter function hub.principal_of(bytea) owner to hub_door;

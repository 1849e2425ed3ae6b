-- SPDX-License-Identifier: EUPL-1.2
-- What an organisation said of the columns of its own sheets: which column is which field, per dataset and kind.

create table hub.sheet_mappings (
  gemeente text not null default hub.gemeente(),
  owner uuid not null default hub.asker(),
  dataset text not null check (dataset ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  kind text not null,
  mapping jsonb not null check (jsonb_typeof(mapping) = 'object' and length(mapping::text) <= 50000),
  kept_on date not null default hub.today(),
  primary key (gemeente, owner, dataset, kind),
  foreign key (gemeente, owner) references hub.organisations on delete restrict
);
alter table hub.sheet_mappings enable row level security;
alter table hub.sheet_mappings force row level security;
create policy own on hub.sheet_mappings for select to hub_app
  using (gemeente = (select hub.gemeente()) and owner = (select hub.asker()));
create policy own_new on hub.sheet_mappings for insert to hub_app
  with check (gemeente = (select hub.gemeente()) and owner = (select hub.asker()));
create policy own_change on hub.sheet_mappings for update to hub_app
  using (gemeente = (select hub.gemeente()) and owner = (select hub.asker()));
-- the names of columns are words of one's own: none are kept where the hub keeps codes alone
create policy codes_only_new on hub.sheet_mappings as restrictive for insert to hub_app
  with check (not (select hub.keeps_codes_only()));
create policy codes_only_change on hub.sheet_mappings as restrictive for update to hub_app
  with check (not (select hub.keeps_codes_only()));
grant select on hub.sheet_mappings to hub_app;
grant insert (dataset, kind, mapping) on hub.sheet_mappings to hub_app;
grant update (mapping, kept_on) on hub.sheet_mappings to hub_app;

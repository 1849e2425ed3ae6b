-- SPDX-License-Identifier: EUPL-1.2
-- Gemeenten, wijken and buurten. A wijk is what people know by its name and lasts; CBS codes, names and boundaries are
-- versions of it, one per year of division. Public reference data: every caller may read it, only the owner writes it.

create table hub.gemeenten (
  code text primary key check (code ~ '^GM[0-9]{4}$'),
  name text not null
);

create table hub.divisions (
  gemeente text not null references hub.gemeenten on delete restrict,
  year int not null check (year between 1990 and 2100),
  source text not null,
  imported_at timestamptz not null default hub.now(),
  primary key (gemeente, year)
);

create table hub.wijken (
  gemeente text not null references hub.gemeenten on delete restrict,
  id uuid not null,
  kind text not null default 'WIJK' check (kind in ('WIJK', 'KERN')),
  primary key (gemeente, id)
);
create index wijken_id on hub.wijken (id);

create table hub.wijk_versions (
  gemeente text not null,
  wijk uuid not null,
  year int not null,
  code text not null check (code ~ '^WK[0-9A-Z]{6}$'),
  name text not null,
  comparability text check (comparability in ('UNCHANGED', 'CODE_CHANGED', 'BOUNDARY_CHANGED')),
  boundary jsonb,
  primary key (gemeente, year, code),
  unique (gemeente, wijk, year),
  foreign key (gemeente, wijk) references hub.wijken on delete restrict,
  foreign key (gemeente, year) references hub.divisions on delete restrict
);
create index wijk_versions_code on hub.wijk_versions (code, year);

-- What an area of one division took from the areas of the division before it.
create table hub.wijk_predecessors (
  gemeente text not null,
  wijk uuid not null,
  year int not null,
  predecessor uuid not null,
  predecessor_year int not null,
  share double precision not null check (share > 0 and share <= 1),
  approximate boolean not null,
  primary key (gemeente, wijk, year, predecessor),
  foreign key (gemeente, wijk, year) references hub.wijk_versions (gemeente, wijk, year) on delete restrict,
  foreign key (gemeente, predecessor, predecessor_year) references hub.wijk_versions (gemeente, wijk, year) on delete restrict
);

create table hub.buurten (
  gemeente text not null,
  id uuid not null,
  wijk uuid not null,
  name text not null,
  code text check (code ~ '^BU[0-9A-Z]{8}$'),
  year int,
  invented boolean not null default false,
  primary key (gemeente, id),
  unique (gemeente, wijk, id),
  unique (gemeente, wijk, name),
  foreign key (gemeente, wijk) references hub.wijken on delete restrict,
  check (not (invented and code is not null))
);
create index buurten_id on hub.buurten (id);

-- Whether an area of a new division continues a wijk is proposed by name and overlap, and confirmed by a person.
create table hub.area_proposals (
  gemeente text not null,
  year int not null,
  code text not null,
  name text not null,
  boundary jsonb,
  continues uuid,
  alike text not null check (alike in ('NAME_AND_OVERLAP', 'NAME', 'OVERLAP', 'NEITHER')),
  overlap double precision,
  evidence jsonb not null,
  confirmed boolean not null default false,
  primary key (gemeente, year, code),
  foreign key (gemeente, continues) references hub.wijken on delete restrict
);

-- Published figures per wijk (CBS and others): a value, or the reason why there is none.
create table hub.figures (
  gemeente text not null,
  wijk uuid not null,
  measure text not null,
  label text not null,
  unit text,
  year int not null,
  value double precision,
  null_reason text check (null_reason in ('UNKNOWN_OR_SECRET', 'NOT_APPLICABLE')),
  status text not null check (status in ('PROVISIONAL', 'DEFINITIVE')),
  source text not null,
  primary key (gemeente, wijk, measure, year),
  foreign key (gemeente, wijk) references hub.wijken on delete restrict,
  check ((value is null) = (null_reason is not null))
);

create function hub.current_year(of_gemeente text) returns int language sql stable parallel safe as $$
  select max(year) from hub.divisions where gemeente = of_gemeente
$$;
grant execute on function hub.current_year(text) to hub_app, hub_door, hub_recorder;
grant select on hub.gemeenten, hub.divisions, hub.wijken, hub.wijk_versions, hub.wijk_predecessors, hub.buurten, hub.figures
  to hub_app, hub_door, hub_recorder;

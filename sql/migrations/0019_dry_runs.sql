-- SPDX-License-Identifier: EUPL-1.2
-- A dry run keeps what it checked for seven days, so that it can be carried out without delivering again: the values as they would
-- be stored, and of a rejected row only which one it was and why. Carried out, it is gone.

create table hub.dry_runs (
  gemeente text not null default hub.gemeente(),
  owner uuid not null default hub.asker(),
  receipt uuid not null,
  kind text not null,
  delivery jsonb not null,
  rows jsonb not null,
  on_day date not null default hub.today(),
  primary key (gemeente, owner, receipt),
  foreign key (gemeente, owner, receipt) references hub.receipts on delete restrict
);
alter table hub.dry_runs enable row level security;
alter table hub.dry_runs force row level security;
create policy own on hub.dry_runs for select to hub_app
  using (gemeente = (select hub.gemeente()) and owner = (select hub.asker()));
create policy own_new on hub.dry_runs for insert to hub_app
  with check (gemeente = (select hub.gemeente()) and owner = (select hub.asker()));
create policy own_gone on hub.dry_runs for delete to hub_app
  using (gemeente = (select hub.gemeente()) and owner = (select hub.asker()));
grant select, delete on hub.dry_runs to hub_app;
grant insert (receipt, kind, delivery, rows) on hub.dry_runs to hub_app;

create function hub.dry_run_is_kept(made_on date) returns boolean language sql stable parallel safe as $$
  select made_on >= hub.today() - 7
$$;
grant execute on function hub.dry_run_is_kept(date) to hub_app, hub_recorder;

-- The daily work takes away what was never carried out. It sees no more of a dry run than its day.
create policy forget on hub.dry_runs to hub_recorder using (true);
grant select (gemeente, on_day), delete on hub.dry_runs to hub_recorder;
create function hub.forget_dry_runs(of_gemeente text) returns int
  language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with gone as (
    delete from hub.dry_runs d where d.gemeente = of_gemeente and not hub.dry_run_is_kept(d.on_day) returning 1)
  select count(*)::int from gone
$$;
grant execute on function hub.forget_dry_runs(text) to hub_app;
alter function hub.forget_dry_runs(text) owner to hub_recorder;

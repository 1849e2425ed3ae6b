-- SPDX-License-Identifier: EUPL-1.2
-- What a small read needs to be one trip to the database: reference rows that the hub may keep, and a ledger that is cheap to write.

-- How often reference rows changed: areas and organisations, which are the same for every asker of a gemeente. A hub that has kept them
-- asks for this number alone. A row that each change counts up, not a sequence: the number is new when the change is, and not before.
create table hub.reference_version (
  one boolean primary key default true check (one),
  version bigint not null
);
insert into hub.reference_version (version) values (1);
grant select on hub.reference_version to hub_app;
grant select (version), update (version) on hub.reference_version to hub_recorder;

create function hub.count_reference_change() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update hub.reference_version set version = version + 1;
  return null;
end $$;
alter function hub.count_reference_change() owner to hub_recorder;
set local role hub_recorder;
grant execute on function hub.count_reference_change() to hub_owner;
reset role;

do $$
declare
  each name;
begin
  foreach each in array array['gemeenten', 'divisions', 'wijken', 'wijk_versions', 'buurten', 'organisations'] loop
    execute format('create trigger reference_changed after insert or update or delete or truncate on hub.%I
      for each statement execute function hub.count_reference_change()', each);
  end loop;
end $$;

-- Its arrays are short, and the planner does not know: it found a plan for these very arrays better than one that it keeps, and made a
-- new one each time, which took longer than carrying it out.
set local role hub_recorder;
alter function hub.log_reads(text[], uuid[], uuid[], text[], int[], int[], uuid[], text) set plan_cache_mode = force_generic_plan;
reset role;

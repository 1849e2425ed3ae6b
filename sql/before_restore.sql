-- SPDX-License-Identifier: EUPL-1.2
-- Run by hub_owner in the transaction of a restore, after before_migration.sql and before the dump: what the dump grants of functions of
-- hub_door, hub_recorder and hub_retention, the owner grants in their name, so it inherits from them until after_restore.sql. From PostgreSQL 16 on that
-- is said of a membership; in 15 of the role.
do $$
begin
  if current_setting('server_version_num')::int >= 160000 then
    execute 'grant hub_door, hub_recorder, hub_retention to hub_owner with inherit true';
  else
    alter role hub_owner inherit;
  end if;
end $$;

-- SPDX-License-Identifier: EUPL-1.2
-- Run by hub_owner at the end of each migration's transaction: every guarded table can be backed up, and what
-- before_migration.sql lent is taken back.

-- Under FORCE the owner reads no row of others either, so a dump of its would be empty. It reads them while it says that it makes a
-- backup; the setting means nothing to any other role, and gives the owner nothing that it could not take by changing the table.
do $$
declare
  each name;
begin
  for each in
    select c.relname from pg_class c
    where c.relnamespace = 'hub'::regnamespace and c.relkind in ('r', 'p') and c.relrowsecurity
      and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'backup')
    order by c.relname
  loop
    execute format('create policy backup on hub.%I for select to hub_owner
      using (current_setting(''hub.backup'', true) = ''on'')', each);
  end loop;
end $$;

revoke create on schema hub from hub_door, hub_recorder, hub_retention;
revoke hub_door, hub_recorder, hub_retention from hub_owner;

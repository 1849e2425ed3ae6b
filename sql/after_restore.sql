-- SPDX-License-Identifier: EUPL-1.2
-- Run by hub_owner in the transaction of a restore, after the dump and before after_migration.sql. `hub.expected` says how many rows
-- each table had in the backup.
set local row_security = on;
set local hub.backup = 'on';

do $$
declare
  wrong text;
begin
  select string_agg(format('%s has %s, not %s', coalesce(e.key, c.table_name), coalesce(c.rows, 0), coalesce(e.value, '0')), ', ')
  into wrong
  from json_each_text(current_setting('hub.expected')::json) e
  full join hub.row_counts() c on c.table_name = e.key
  where c.rows is distinct from e.value::bigint;
  if wrong is not null then
    raise exception 'rows differ from those of the backup: %', wrong;
  end if;
end $$;

-- Transactions have other numbers in another cluster. Whatever came with the backup becomes older than anything new: with its old
-- numbers the feed would wait until the cluster has passed them, and a proposal could be taken for one of a transaction that is
-- still to come. The order of what is in the feed is kept by seq. Clients start reading anew, for a new epoch begins.
insert into hub.epochs (number) select max(number) + 1 from hub.epochs;
delete from hub.feed_batches;
alter table hub.feed_items no force row level security;
update hub.feed_items set xid = '1';
alter table hub.feed_items force row level security;
alter table hub.agreements no force row level security;
update hub.agreements set proposed_in = '1';
alter table hub.agreements force row level security;
-- What was sealed stays sealed; what was not yet is sealed next.
alter table hub.audit_log no force row level security;
alter table hub.read_ledger no force row level security;
update hub.audit_log set xid = '1';
update hub.audit_log e set xid = '2' where not exists (
  select from hub.sealed_entries s where s.gemeente = e.gemeente and s.log = 'AUDIT' and s.entry = e.id);
update hub.read_ledger set xid = '1';
update hub.read_ledger l set xid = '2' where not exists (
  select from hub.sealed_entries s where s.gemeente = l.gemeente and s.log = 'LEDGER' and s.entry = l.id);
alter table hub.audit_log force row level security;
alter table hub.read_ledger force row level security;
update hub.seals set until_xid = '1', until_log = 'LEDGER', until_entry = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

-- A dump has no statistics, and plans without them are poor.
do $$
declare
  each name;
begin
  for each in select c.relname from pg_class c where c.relnamespace = 'hub'::regnamespace and c.relkind = 'r' loop
    execute format('analyze hub.%I', each);
  end loop;
end $$;

-- What before_restore.sql gave; on later versions it goes with the membership (after_migration.sql).
do $$
begin
  if current_setting('server_version_num')::int < 160000 then
    alter role hub_owner noinherit;
  end if;
end $$;

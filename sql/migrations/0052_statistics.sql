-- SPDX-License-Identifier: EUPL-1.2
-- The database knows which gemeente follows from an owner. Without it, it took both for conditions of their own and expected some 9 of an
-- owner's 7,309 signals where 342 gemeenten share a hub; so it read them all to find 40 by their ids.
create function hub.make_statistics(of_kind text, of_table name, day_column name) returns void language plpgsql as $$
begin
  execute format('create statistics hub.%I (dependencies) on gemeente, owner from hub.%I', of_table || '_owner', of_table);
  -- what was empty when it was looked at, the planner would take for small
  if (select c.reltuples > 0 from pg_class c where c.oid = ('hub.' || quote_ident(of_table))::regclass) then
    execute format('analyze hub.%I', of_table);
  end if;
end $$;
select hub.every_kind_gets('make_statistics');
select hub.make_statistics(null, t.name, null)
from unnest(array['history', 'feed_items', 'receipts', 'receipt_rows', 'deliveries', 'slices', 'rollups', 'grants']) t(name);

-- Wijken are asked for their buurten by themselves.
create index buurten_wijk on hub.buurten (wijk);

-- SPDX-License-Identifier: EUPL-1.2
-- What the hub remembers of what was done: history, feed, tombstones, deliveries and receipts, and who read what. History,
-- feed and ledger are written by hub_recorder's triggers and functions alone, and only ever added to.

create table hub.history (
  gemeente text not null,
  owner uuid not null,
  kind text not null,
  record uuid not null,
  version int not null,
  at timestamptz not null default hub.now(),
  actor text not null default hub.actor(),
  change text not null,
  before jsonb,
  after jsonb,
  primary key (gemeente, owner, record, version)
);

-- The feed. Items are read where their transaction lies below every transaction that still runs (xid < xmin), in the order
-- (xid, seq): a plain sequence loses items of transactions that commit late. A client's cursor is the item's id, of which it has
-- two: whoever sees a record reduced is given `reduced_id`, which has no place in the order of transactions.
create table hub.feed_items (
  gemeente text not null,
  owner uuid not null,
  wijk uuid not null,
  id uuid not null default hub.new_id(),
  reduced_id uuid not null default hub.new_id(),
  xid xid8 not null default pg_current_xact_id(),
  seq bigint generated always as identity,
  slice uuid,
  kind text,
  category text,
  change text not null,
  record uuid,
  recorded_on date,
  on_day date not null default hub.today(),
  changed text[] not null default '{}',
  for_owner boolean not null default true,
  -- an item about an agreement is for one receiver: from now on there is more, or less, to see of this owner
  receiver uuid,
  agreement uuid,
  version int,
  primary key (gemeente, owner, id),
  unique (gemeente, receiver, owner, wijk, agreement, version, change),
  check (case when receiver is null then num_nulls(slice, kind, category, record, recorded_on) = 0 and agreement is null
    else num_nulls(agreement, version) = 0 and record is null and not for_owner end)
);
create index feed_items_receiver on hub.feed_items (gemeente, receiver, wijk, xid, seq) where receiver is not null;
create index feed_items_own on hub.feed_items (gemeente, owner, wijk, xid, seq);
create index feed_items_slice on hub.feed_items (gemeente, slice, xid, seq);
create index feed_items_record on hub.feed_items (gemeente, record);
create index feed_items_id on hub.feed_items (gemeente, id);
create index feed_items_reduced_id on hub.feed_items (gemeente, reduced_id);

-- Items about records that a receiver sees reduced reach it in batches, cut once a day, ordered by their random ids: when
-- within the day something was recorded cannot be learnt from the feed. Which transactions a batch holds is final at the cut.
create table hub.feed_batches (
  gemeente text not null references hub.gemeenten on delete restrict,
  number int not null check (number >= 1),
  cut_on date not null,
  from_xid xid8 not null,
  until_xid xid8 not null,
  primary key (gemeente, number),
  unique (gemeente, cut_on)
);

create table hub.tombstones (
  gemeente text not null default hub.gemeente(),
  owner uuid not null default hub.asker(),
  kind text not null,
  id uuid not null,
  dataset text,
  external_id text,
  withdrawn_on date not null default hub.today(),
  reason text not null check (length(reason) <= 2000),
  primary key (gemeente, owner, id)
);
create index tombstones_external on hub.tombstones (gemeente, owner, dataset, external_id);

create table hub.receipts (
  gemeente text not null default hub.gemeente(),
  owner uuid not null default hub.asker(),
  id uuid not null,
  dataset text not null,
  kind text not null,
  mode text not null check (mode in ('UPSERT', 'SNAPSHOT', 'NOTHING')),
  part int not null default 1,
  parts int not null default 1,
  dry_run boolean not null,
  refused boolean not null default false,
  at timestamptz not null default hub.now(),
  actor text not null default hub.actor(),
  summary jsonb not null,
  errors jsonb not null default '[]',
  primary key (gemeente, owner, id)
);
create index receipts_latest on hub.receipts (gemeente, owner, at desc, id desc);

create table hub.receipt_rows (
  gemeente text not null default hub.gemeente(),
  owner uuid not null default hub.asker(),
  receipt uuid not null,
  line int not null,
  external_id text,
  outcome text not null,
  record uuid,
  version int,
  errors jsonb not null default '[]',
  primary key (gemeente, owner, receipt, line),
  foreign key (gemeente, owner, receipt) references hub.receipts on delete cascade
);

-- A key and its result are stored with the effect: a retry finds the result, a second request with other input is refused.
create table hub.idempotency_keys (
  gemeente text not null default hub.gemeente(),
  owner uuid not null default hub.asker(),
  key text not null check (length(key) between 8 and 200),
  part int not null default 1,
  operation text not null,
  digest bytea not null,
  result uuid not null,
  on_day date not null default hub.today(),
  primary key (gemeente, owner, key, part)
);

-- Which external ids a full list that comes in parts has named so far.
create table hub.list_parts (
  gemeente text not null default hub.gemeente(),
  owner uuid not null default hub.asker(),
  dataset text not null,
  key text not null,
  part int not null,
  parts int not null,
  complete boolean not null,
  external_ids text[] not null,
  at timestamptz not null default hub.now(),
  primary key (gemeente, owner, dataset, key, part)
);

-- Days on which a dataset was delivered; 'nothing to report' counts. `wijk` is null for a delivery for all wijken of the owner.
create table hub.deliveries (
  gemeente text not null default hub.gemeente(),
  owner uuid not null default hub.asker(),
  dataset text not null,
  wijk uuid not null,
  on_day date not null default hub.today(),
  nothing boolean not null default false,
  primary key (gemeente, owner, dataset, wijk, on_day),
  foreign key (gemeente, owner, dataset) references hub.datasets on delete restrict
);
create index deliveries_wijk on hub.deliveries (gemeente, wijk, owner, dataset, on_day desc);

create table hub.read_ledger (
  gemeente text not null,
  owner uuid not null,
  id uuid not null default hub.new_id(),
  reader uuid not null,
  actor text not null,
  at timestamptz not null,
  on_day date not null,
  agreement uuid not null,
  version int not null,
  purpose text not null,
  kind text not null,
  records int not null check (records > 0),
  fields text[] not null,
  operation text not null,
  primary key (gemeente, owner, id)
);
create index read_ledger_day on hub.read_ledger (gemeente, owner, on_day desc, id);

do $$
declare
  t text;
begin
  foreach t in array array['history', 'feed_items', 'tombstones', 'receipts', 'receipt_rows', 'idempotency_keys', 'list_parts',
      'deliveries', 'read_ledger'] loop
    execute format('alter table hub.%I enable row level security', t);
    execute format('alter table hub.%I force row level security', t);
    -- the feed is read through its door alone: the order of transactions would tell of others' traffic
    continue when t = 'feed_items';
    execute format('create policy own on hub.%I for select to hub_app
      using (gemeente = (select hub.gemeente()) and owner = (select hub.asker()))', t);
  end loop;
  -- written by the serving role itself, its own rows only; owner and gemeente cannot be named
  foreach t in array array['tombstones', 'receipts', 'receipt_rows', 'idempotency_keys', 'list_parts', 'deliveries'] loop
    execute format('create policy own_new on hub.%I for insert to hub_app
      with check (gemeente = (select hub.gemeente()) and owner = (select hub.asker()))', t);
    execute format('grant select on hub.%I to hub_app', t);
  end loop;
  foreach t in array array['history', 'feed_items', 'read_ledger'] loop
    execute format('create policy recorder on hub.%I for insert to hub_recorder with check (true)', t);
    execute format('grant insert on hub.%I to hub_recorder', t);
  end loop;
end $$;

grant insert (kind, id, dataset, external_id, reason) on hub.tombstones to hub_app;
grant insert (id, dataset, kind, mode, part, parts, dry_run, refused, summary, errors) on hub.receipts to hub_app;
grant insert (receipt, line, external_id, outcome, record, version, errors) on hub.receipt_rows to hub_app;
grant insert (key, part, operation, digest, result) on hub.idempotency_keys to hub_app;
grant insert (dataset, key, part, parts, complete, external_ids) on hub.list_parts to hub_app;
grant insert (dataset, wijk, nothing) on hub.deliveries to hub_app;
create policy declare on hub.datasets for insert to hub_app
  with check (gemeente = (select hub.gemeente()) and owner = (select hub.asker()));
grant insert (dataset, kind) on hub.datasets to hub_app;

grant select on hub.history to hub_app;
-- The owner sees who read its records by day; the times and the person are for the privacy officer.
grant select (gemeente, owner, id, reader, on_day, agreement, version, purpose, kind, records, fields) on hub.read_ledger to hub_app;

create policy door on hub.feed_items for select to hub_door using (true);
grant select on hub.feed_items to hub_door;
grant select on hub.feed_batches to hub_door;
grant select, insert on hub.feed_batches to hub_recorder;
create policy door on hub.deliveries for select to hub_door using (true);
grant select on hub.deliveries to hub_door;

-- The read ledger: who is reading is taken from the transaction, the purpose from the agreement, the fields from what the
-- rule left to see.
create function hub.log_reads(lines jsonb, in_operation text) returns void
  language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  insert into hub.read_ledger (gemeente, owner, reader, actor, at, on_day, agreement, version, purpose, kind, records, fields, operation)
  select hub.gemeente(), (l ->> 'owner')::uuid, hub.asker(), hub.actor(), hub.now(), hub.today(), a.id, a.version, a.purpose,
    l ->> 'kind', (l ->> 'records')::int,
    array(select f.field from hub.contribution_fields f
      where f.kind = l ->> 'kind' and f.shown_from <> 'OWN' and not l -> 'hidden' ? f.field order by f.field),
    in_operation
  from jsonb_array_elements(lines) l
  join lateral (
    select * from hub.agreements x where x.gemeente = hub.gemeente() and x.id = (l ->> 'agreement')::uuid
      and exists (
        select from hub.agreement_rules r where (r.gemeente, r.agreement, r.version) = (x.gemeente, x.id, x.version)
          and r.receiver = hub.asker() and r.provider = (l ->> 'owner')::uuid)
    order by x.version desc limit 1) a on true
$$;
grant execute on function hub.log_reads(jsonb, text) to hub_app;
alter function hub.log_reads(jsonb, text) owner to hub_recorder;

-- Cuts the feed batch of today, once; without effect when it is cut already.
create function hub.cut_feed_batch(of_gemeente text) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  last record;
begin
  perform pg_advisory_xact_lock(hashtextextended('hub.feed_batch/' || of_gemeente, 0));
  select b.number, b.cut_on, b.until_xid into last
  from hub.feed_batches b where b.gemeente = of_gemeente order by b.number desc limit 1;
  if last.cut_on >= hub.today() then
    return false;
  end if;
  insert into hub.feed_batches (gemeente, number, cut_on, from_xid, until_xid)
  values (of_gemeente, coalesce(last.number, 0) + 1, hub.today(), coalesce(last.until_xid, '0'::xid8),
    pg_snapshot_xmin(pg_current_snapshot()));
  return true;
end $$;
grant execute on function hub.cut_feed_batch(text) to hub_app;
alter function hub.cut_feed_batch(text) owner to hub_recorder;

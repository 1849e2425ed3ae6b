-- SPDX-License-Identifier: EUPL-1.2
-- Erasure: the name of an account wherever it stands, and all that an organisation put in when it leaves, with a proof of it.

-- An account ----------------------------------------------------------------------------------------------------------
-- Where the name of an account is kept, and the column that says whose account it is. A column that keeps such a name is named here.
create table hub.account_columns (
  table_name name not null,
  column_name name not null,
  holder name not null,
  in_log boolean not null default false, -- sealed: changed by the log's own function alone
  primary key (table_name, column_name)
);
grant select on hub.account_columns to hub_retention;
insert into hub.account_columns (table_name, column_name, holder, in_log) values
  ('read_ledger', 'actor', 'reader', true), ('audit_log', 'actor', 'organisation', true), ('audit_log', 'login', 'organisation', true);

create function hub.keeps_account(of_table name, of_column name, of_holder name) returns void language plpgsql as $$
begin
  insert into hub.account_columns (table_name, column_name, holder) values (of_table, of_column, of_holder);
  perform hub.let_retention(of_table, array['gemeente', of_holder, of_column]::text[], array[of_column]::text[], false);
end $$;
select hub.keeps_account('tokens', 'name', 'organisation');
select hub.keeps_account('history', 'actor', 'owner');
select hub.keeps_account('receipts', 'actor', 'owner');
select hub.keeps_account('agreement_decisions', 'actor', 'organisation');
select hub.keeps_account('agreement_decisions', 'signed_by', 'organisation');
select hub.keeps_account('onboardings', 'actor', 'owner');

-- What is kept for a retry or a next delivery can name an account in a text of its own: that row goes.
select hub.let_retention('idempotency_keys', '{gemeente,owner,key,part}', '{}', true);
select hub.let_retention('list_parts', '{gemeente,owner,dataset,key,part}', '{}', true);
select hub.let_retention('dry_runs', '{gemeente,owner,receipt,delivery,rows}', '{}', true);
select hub.let_retention('sheet_mappings', '{gemeente,owner,dataset,kind,mapping}', '{}', true);
select hub.let_retention('tokens', '{gemeente,organisation,id,name,expires_at,revoked_at}', '{revoked_at}', true);

-- Replaces the name of an account of an organisation by a word that leads to nobody, the same everywhere, so that what one account
-- did can still be counted; revokes its tokens; tells how many rows of which table that were.
create function hub.erase_account(in_gemeente text, of_organisation uuid, of_name text)
  returns table (table_name name, column_name name, rows int)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  pseudonym text := 'account-' || left(replace(hub.new_id()::text, '-', ''), 12);
  report jsonb := '{}';
begin
  update hub.tokens t set revoked_at = hub.now()
  where t.gemeente = in_gemeente and t.organisation = of_organisation and t.name = of_name and t.revoked_at is null;
  for table_name, column_name in
    select c.table_name, c.column_name from hub.account_columns c where not c.in_log order by 1, 2
  loop
    execute format('update hub.%I set %I = $4 where gemeente = $1 and %I = $2 and %2$I = $3', table_name, column_name,
      (select c.holder from hub.account_columns c where (c.table_name, c.column_name) = (erase_account.table_name, erase_account.column_name)))
      using in_gemeente, of_organisation, of_name, pseudonym;
    get diagnostics rows = row_count;
    report := report || jsonb_build_object(table_name || '.' || column_name, rows);
    return next;
  end loop;
  for table_name, column_name in values ('idempotency_keys', 'key'), ('list_parts', 'key'), ('dry_runs', 'delivery'), ('dry_runs', 'rows'),
      ('sheet_mappings', 'mapping') loop
    execute format('delete from hub.%I where gemeente = $1 and owner = $2 and position($3 in %I::text) > 0', table_name, column_name)
      using in_gemeente, of_organisation, case when column_name = 'key' then of_name else btrim(to_jsonb(of_name)::text, '"') end;
    get diagnostics rows = row_count;
    report := report || jsonb_build_object(table_name || '.' || column_name, rows);
    return next;
  end loop;
  table_name := 'logs';
  column_name := 'actor';
  rows := hub.erase_actor_from_logs(in_gemeente, of_organisation, of_name, pseudonym);
  return next;
  perform hub.audit(in_gemeente, of_organisation, 'ACCOUNT_ERASED', pseudonym, report || jsonb_build_object('logs.actor', rows));
end $$;
alter function hub.erase_account(text, uuid, text) owner to hub_retention;

-- Where a word stands as a value in any text of any table, in a row that is an organisation's (any of its columns says so) or nobody's.
-- For the owner, while it may read every row (hub.backup).
create function hub.places_of(word text, of_organisation uuid) returns table (table_name name, column_name name, rows bigint)
  language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  each record;
begin
  for each in
    select c.relname, a.attname, t.typname,
      coalesce(ac.holder::text, (
        select string_agg(format('%I', h.attname), ', ') from pg_attribute h
        where h.attrelid = c.oid and h.attnum > 0 and h.atttypid = 'uuid'::regtype
          and h.attname in ('owner', 'organisation', 'reader', 'proposed_by', 'provider', 'audience'))) as holders
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid and t.typname in ('text', '_text', 'varchar', 'name', 'json', 'jsonb')
    left join hub.account_columns ac on (ac.table_name, ac.column_name) = (c.relname, a.attname)
    where c.relnamespace = 'hub'::regnamespace and c.relkind in ('r', 'p')
    order by c.relname, a.attname
  loop
    execute format('select count(*) from hub.%I where %s and %s', each.relname,
      case each.typname
        when '_text' then format('$1 = any (%I)', each.attname)
        when 'json' then format('position(to_jsonb($1)::text in %I::text) > 0', each.attname)
        when 'jsonb' then format('position(to_jsonb($1)::text in %I::text) > 0', each.attname)
        else format('%I = $1', each.attname) end,
      case when each.holders is null then 'true' else format('$2 in (%s)', each.holders) end) into rows using word, of_organisation;
    if rows > 0 then
      table_name := each.relname;
      column_name := each.attname;
      return next;
    end if;
  end loop;
end $$;

-- An organisation that leaves --------------------------------------------------------------------------------------------
-- What it put in, in the order in which it can go; `which` where it is not every row of its own. Agreements and what was decided on
-- them, published numbers, and what it read of others are others' evidence, and stay with its name.
create table hub.erasable (
  place int primary key,
  table_name name not null,
  holder name not null,
  which text not null default 'true'
);
grant select on hub.erasable to hub_retention;
insert into hub.erasable (place, table_name, holder, which) values
  (10, 'dry_runs', 'owner', default),
  (11, 'receipt_rows', 'owner', default),
  (12, 'receipts', 'owner', 's.undoes is not null'),
  (13, 'receipts', 'owner', default),
  (14, 'history', 'owner', default),
  (15, 'tombstones', 'owner', default),
  (16, 'idempotency_keys', 'owner', default),
  (17, 'list_parts', 'owner', default),
  (18, 'sheet_mappings', 'owner', default),
  (19, 'deliveries', 'owner', default),
  -- a receiver's cursor at an item stays good: the item keeps its place, and nothing else
  (20, 'feed_items', 'owner', 's.record is not null'),
  (21, 'feed_items', 'receiver', default),
  (22, 'grants', 'owner', default),
  (23, 'grants', 'receiver', default),
  (24, 'share_caps', 'owner', default),
  (25, 'slices', 'owner', default),
  (26, 'read_ledger', 'owner', default),
  (27, 'datasets', 'owner', default),
  (28, 'organisation_wijken', 'organisation', default),
  (29, 'tokens', 'organisation', default),
  (30, 'agreement_activities', 'organisation', default),
  (31, 'processing_activities', 'organisation', default),
  (32, 'onboardings', 'owner', default);
create function hub.make_erasable(of_kind text, of_table name, day_column name) returns void language sql as $$
  insert into hub.erasable (place, table_name, holder) select min(e.place) - 1, of_table, 'owner' from hub.erasable e
$$;
select hub.every_kind_gets('make_erasable');

select hub.let_retention('agreement_activities', '{gemeente,organisation,agreement}', '{}', true);
select hub.let_retention('processing_activities', '{gemeente,organisation,code,version,id}', '{}', true);
select hub.let_retention('onboardings', '{gemeente,owner,partner}', '{}', true);
select hub.let_retention('receipt_rows', '{gemeente,owner,receipt,line}', '{}', true);
select hub.let_retention('feed_items', '{gemeente,owner,receiver,id}', '{}', true);
select hub.let_retention('grants', '{gemeente,owner,receiver,slice,agreement,version,rule}', '{}', true);
select hub.let_retention('share_caps', '{gemeente,owner,profile,receiver}', '{}', true);
select hub.let_retention('slices', '{gemeente,owner,id}', '{}', true);
select hub.let_retention('datasets', '{gemeente,owner,dataset}', '{}', true);
select hub.let_retention('organisation_wijken', '{gemeente,organisation,wijk,works_from,works_until}', '{works_from,works_until}', true);
select hub.let_retention('organisations', '{gemeente,id,slug,name,kind}', '{}', false);
grant select (number) on hub.migrations to hub_retention;

create table hub.deletion_proofs (
  gemeente text not null,
  organisation uuid not null,
  id uuid not null default hub.new_id(),
  asked_at timestamptz not null default hub.now(),
  asked_by uuid, -- the municipality that did; null: the hub's administrator
  reason text not null check (length(reason) between 1 and 2000),
  before jsonb not null,
  finished_at timestamptz,
  after jsonb,
  hub_version text,
  migration int,
  digest text,
  primary key (gemeente, organisation, id),
  foreign key (gemeente, organisation) references hub.organisations on delete restrict,
  check (num_nulls(finished_at, after, hub_version, migration, digest) in (0, 5))
);
create unique index deletion_proofs_open on hub.deletion_proofs (gemeente, organisation) where finished_at is null;
alter table hub.deletion_proofs enable row level security;
alter table hub.deletion_proofs force row level security;
create policy retention on hub.deletion_proofs to hub_retention using (true) with check (true);
grant select on hub.deletion_proofs to hub_retention;
grant insert (gemeente, organisation, asked_by, reason, before) on hub.deletion_proofs to hub_retention;
grant update (finished_at, after, hub_version, migration, digest) on hub.deletion_proofs to hub_retention;

-- How many rows of what an organisation put in there are, by table.
create function hub.rows_put_in(in_gemeente text, of_organisation uuid) returns jsonb
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  each record;
  found bigint;
  counts jsonb := '{}';
begin
  for each in
    select e.table_name, string_agg(format('(s.%I = $2 and %s)', e.holder, e.which), ' or ') as which
    from hub.erasable e group by e.table_name order by e.table_name
  loop
    execute format('select count(*) from hub.%I s where s.gemeente = $1 and (%s)', each.table_name, each.which)
      into found using in_gemeente, of_organisation;
    counts := counts || jsonb_build_object(each.table_name, found);
  end loop;
  return counts;
end $$;
alter function hub.rows_put_in(text, uuid) owner to hub_retention;

-- The proof as a document; its digest is over the document without it, and is made when all is gone.
create function hub.proof_document(p hub.deletion_proofs) returns jsonb language sql stable as $$
  select jsonb_build_object('gemeente', p.gemeente, 'organisation', p.organisation,
    'name', (select o.name from hub.organisations o where (o.gemeente, o.id) = (p.gemeente, p.organisation)),
    'askedAt', to_char(p.asked_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'askedBy', coalesce(p.asked_by::text, 'administrator'), 'reason', p.reason, 'before', p.before, 'after', p.after,
    'finishedAt', to_char(p.finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'hubVersion', p.hub_version,
    'migration', p.migration)
$$;
grant execute on function hub.proof_document(hub.deletion_proofs) to hub_retention;

-- The latest proof of an organisation, with whether all of it is gone and what is there now; null when it was never erased.
create function hub.deletion_proof(in_gemeente text, of_organisation uuid) returns jsonb
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select hub.proof_document(p) || jsonb_build_object('state', case when p.finished_at is null then 'ERASING' else 'DONE' end,
    'digest', p.digest, 'now', hub.rows_put_in(in_gemeente, of_organisation))
  from hub.deletion_proofs p
  where (p.gemeente, p.organisation) = (in_gemeente, of_organisation)
  order by p.asked_at desc, p.finished_at nulls first limit 1
$$;
alter function hub.deletion_proof(text, uuid) owner to hub_retention;

-- An organisation stops today: it works nowhere any more, its tokens are revoked, and it leaves every agreement that is not over, which
-- its receivers are told. Again without effect.
create function hub.close_organisation(in_gemeente text, of_organisation uuid, because text) returns jsonb
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  actor text := hub.actor();
  wijken int;
  tokens text[];
  agreements jsonb;
begin
  update hub.organisation_wijken w set works_from = least(w.works_from, hub.today()), works_until = hub.today()
  where w.gemeente = in_gemeente and w.organisation = of_organisation and w.works_until > hub.today();
  get diagnostics wijken = row_count;
  with revoked as (
    update hub.tokens t set revoked_at = hub.now()
    where t.gemeente = in_gemeente and t.organisation = of_organisation and t.revoked_at is null and t.expires_at > hub.now()
    returning t.name)
  select coalesce(array_agg(r.name order by r.name), '{}') into tokens from revoked r;
  -- a decision in the name of the one is no account of the other
  perform set_config('hub.actor', '', true);
  select coalesce(jsonb_agg(jsonb_build_object('agreement', l.agreement, 'decision', l.decision) order by l.agreement), '[]') into agreements
  from hub.leave_agreements(in_gemeente, of_organisation, because) l;
  perform set_config('hub.actor', actor, true);
  perform hub.audit(in_gemeente, of_organisation, 'PARTNER_CLOSED', 'urn:wijkhub:organisation:' || of_organisation,
    jsonb_build_object('wijken', wijken, 'tokens', cardinality(tokens), 'agreements', jsonb_array_length(agreements)));
  return jsonb_build_object('wijken', wijken, 'tokens', tokens, 'agreements', agreements);
end $$;
alter function hub.close_organisation(text, uuid, text) owner to hub_retention;
set local role hub_recorder;
grant execute on function hub.leave_agreements(text, uuid, text) to hub_retention;
reset role;

-- Begins the erasure of a closed organisation, unless one goes on, or was finished and nothing came since; tells whether one goes on.
create function hub.begin_erasure(in_gemeente text, of_organisation uuid, because text, by_organisation uuid) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  found jsonb := hub.rows_put_in(in_gemeente, of_organisation);
begin
  if exists (
    select from hub.deletion_proofs p where (p.gemeente, p.organisation) = (in_gemeente, of_organisation) and p.finished_at is null) then
    return true;
  end if;
  if not exists (select from jsonb_each_text(found) e where e.value <> '0') and exists (
    select from hub.deletion_proofs p where (p.gemeente, p.organisation) = (in_gemeente, of_organisation)) then
    return false;
  end if;
  insert into hub.deletion_proofs (gemeente, organisation, asked_by, reason, before)
  values (in_gemeente, of_organisation, by_organisation, because, found)
  on conflict do nothing;
  perform hub.audit(in_gemeente, of_organisation, 'ERASURE_BEGUN', 'urn:wijkhub:organisation:' || of_organisation, found);
  return true;
end $$;
alter function hub.begin_erasure(text, uuid, text, uuid) owner to hub_retention;

-- Takes away at most `n` rows of the first table that has some, of an organisation of which the erasure has begun: that table and how
-- many, or no row when nothing is left.
create function hub.erase_some(in_gemeente text, of_organisation uuid, n int) returns table (table_name name, rows int)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  each record;
begin
  if not exists (
    select from hub.deletion_proofs p
    where (p.gemeente, p.organisation) = (in_gemeente, of_organisation) and p.finished_at is null) then
    raise exception using errcode = 'invalid_parameter_value', message = 'no erasure of this organisation has begun';
  end if;
  for each in
    select e.*, (
      select string_agg(format('s.%I', a.attname), ', ') from pg_index i
      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey::int2[])
      where i.indrelid = ('hub.' || quote_ident(e.table_name))::regclass and i.indisprimary) as keys
    from hub.erasable e order by e.place
  loop
    if each.table_name = 'tokens' then -- its accounts stand in what others keep: by a word that leads to nobody
      perform a.rows from (
        select distinct t.name from hub.tokens t where t.gemeente = in_gemeente and t.organisation = of_organisation) n
      cross join lateral hub.erase_account(in_gemeente, of_organisation, n.name) a;
    end if;
    if each.table_name = 'read_ledger' then
      rows := hub.erase_owner_from_ledger(in_gemeente, of_organisation);
    else
      execute format('%1$s where (%2$s) in (select %2$s from hub.%3$I s where s.gemeente = $1 and s.%4$I = $2 and %5$s limit $3)',
        case when each.table_name = 'feed_items' and each.holder = 'owner'
          then 'update hub.feed_items s set change = ''GONE'', slice = null, slices = null, kind = null, category = null, record = null,
            recorded_on = null, changed = ''{}'', for_owner = false'
          else format('delete from hub.%I s', each.table_name) end,
        each.keys, each.table_name, each.holder, each.which) using in_gemeente, of_organisation, n;
      get diagnostics rows = row_count;
    end if;
    if rows > 0 then
      table_name := each.table_name;
      return next;
      return;
    end if;
  end loop;
end $$;
alter function hub.erase_some(text, uuid, int) owner to hub_retention;

-- Ends an erasure when nothing is left, with its proof, and tells whether it did.
create function hub.finish_erasure(in_gemeente text, of_organisation uuid, of_version text) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  left_over jsonb := hub.rows_put_in(in_gemeente, of_organisation);
  proof hub.deletion_proofs;
begin
  select * into proof from hub.deletion_proofs p
  where (p.gemeente, p.organisation) = (in_gemeente, of_organisation) and p.finished_at is null for update;
  if proof.id is null or exists (select from jsonb_each_text(left_over) e where e.value <> '0') then
    return false;
  end if;
  proof.finished_at := hub.now();
  proof.after := left_over;
  proof.hub_version := of_version;
  proof.migration := (select max(m.number) from hub.migrations m);
  proof.digest := encode(sha256(convert_to(hub.proof_document(proof)::text, 'UTF8')), 'hex');
  update hub.deletion_proofs p
  set (finished_at, after, hub_version, migration, digest) = (proof.finished_at, proof.after, proof.hub_version, proof.migration, proof.digest)
  where (p.gemeente, p.organisation, p.id) = (proof.gemeente, proof.organisation, proof.id);
  perform hub.audit(in_gemeente, of_organisation, 'ERASURE_PROVED', proof.id::text, jsonb_build_object('digest', proof.digest));
  return true;
end $$;
alter function hub.finish_erasure(text, uuid, text) owner to hub_retention;

-- The organisations of which the erasure goes on.
create function hub.erasures_begun(in_gemeente text) returns table (organisation uuid)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select p.organisation from hub.deletion_proofs p where p.gemeente = in_gemeente and p.finished_at is null order by p.asked_at, p.organisation
$$;
alter function hub.erasures_begun(text) owner to hub_retention;

-- For an administrator of a municipality: lets another organisation of its gemeente stop today, and with `erase` begins its erasure.
-- The proof as it stands then; null without one.
create function hub.offboard(of_organisation uuid, because text, erase boolean) returns jsonb
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not hub.has_role('ADMINISTRATOR') or of_organisation = hub.asker() or not exists (
    select from hub.organisations o where (o.gemeente, o.id) = (hub.gemeente(), hub.asker()) and o.kind = 'MUNICIPALITY') then
    raise exception using errcode = 'HB039', message = 'for an administrator of a municipality, about another organisation';
  end if;
  if not exists (select from hub.organisations o where (o.gemeente, o.id) = (hub.gemeente(), of_organisation)) then
    raise exception using errcode = 'HB041', message = 'there is no such organisation';
  end if;
  perform hub.close_organisation(hub.gemeente(), of_organisation, because);
  perform hub.audit(hub.gemeente(), hub.asker(), 'PARTNER_OFFBOARDED', 'urn:wijkhub:organisation:' || of_organisation,
    jsonb_build_object('erase', erase));
  if erase then
    perform hub.begin_erasure(hub.gemeente(), of_organisation, because, hub.asker());
  end if;
  return hub.deletion_proof(hub.gemeente(), of_organisation);
end $$;
alter function hub.offboard(uuid, text, boolean) owner to hub_retention;

set local role hub_retention;
grant execute on function hub.erase_account(text, uuid, text), hub.rows_put_in(text, uuid), hub.deletion_proof(text, uuid),
  hub.close_organisation(text, uuid, text), hub.begin_erasure(text, uuid, text, uuid), hub.erase_some(text, uuid, int),
  hub.finish_erasure(text, uuid, text), hub.erasures_begun(text) to hub_owner;
grant execute on function hub.offboard(uuid, text, boolean) to hub_app;
reset role;

-- SPDX-License-Identifier: EUPL-1.2
-- A delivery of signals ($3, a JSON array of rows) to a dataset ($1) under a key ($2): whole or not at all; one receipt with a line
-- for each row. A row of another text is an update. What is not checked, because nobody would by hand: texts, points, versions of
-- the source, withdrawn records. The peers deliver with this statement too.
with given as materialized (
  select r.*, v.wijk as wijk_id,
    sha256(convert_to(concat_ws('|', r.wijk, r.category, r.subcategory, r."seenAt", r.status, r.summary), 'UTF8')) as digest
  from rows from (json_to_recordset($3::json) as ("externalId" text, "sourceVersion" text, wijk text, category text, subcategory text,
    "seenAt" timestamptz, status text, summary text)) with ordinality
    r("externalId", "sourceVersion", wijk, category, subcategory, "seenAt", status, summary, line)
  left join hub.wijk_versions v on v.gemeente = hub.gemeente() and v.code = r.wijk and v.year = hub.current_year(v.gemeente)
), dataset as (
  insert into hub.datasets (dataset, kind) values ($1, 'SIGNAL') on conflict do nothing
), written as (
  insert into hub.signals as s (id, dataset, external_id, source_version, delivered_digest, wijk, category, subcategory, seen_at, status,
    summary)
  select uuidv7(), $1, "externalId", "sourceVersion", digest, wijk_id, category, subcategory, "seenAt", status, summary from given
  on conflict (gemeente, owner, dataset, external_id) do update set source_version = excluded.source_version,
    delivered_digest = excluded.delivered_digest, wijk = excluded.wijk, category = excluded.category,
    subcategory = excluded.subcategory, seen_at = excluded.seen_at, status = excluded.status, summary = excluded.summary,
    closed_on = null, changed_at = hub.now(), version = s.version + 1
    where s.delivered_digest is distinct from excluded.delivered_digest
  returning external_id, id, version, case when version = 1 then 'CREATED' else 'UPDATED' end as outcome
), known as (
  select s.external_id, s.id, s.version from hub.signals s
  where s.gemeente = hub.gemeente() and s.owner = hub.asker() and s.dataset = $1
    and s.external_id = any (array(select "externalId" from given))
), outcomes as materialized (
  select g.line, g."externalId" as external_id, coalesce(w.outcome, 'UNCHANGED') as outcome, coalesce(w.id, k.id) as record,
    coalesce(w.version, k.version) as version
  from given g left join written w on w.external_id = g."externalId" left join known k on k.external_id = g."externalId"
), receipt as materialized (
  select uuidv7() as id, (
    select jsonb_agg(jsonb_build_object('outcome', outcome, 'rows', rows))
    from (select outcome, count(*) as rows from outcomes group by outcome order by outcome) o) as summary
), stored as (
  insert into hub.receipts (id, dataset, kind, mode, part, parts, dry_run, refused, summary, errors)
  select id, $1, 'SIGNAL', 'UPSERT', 1, 1, false, false, summary, '[]' from receipt
), lines as (
  insert into hub.receipt_rows (receipt, line, external_id, outcome, record, version, errors)
  select r.id, o.line, o.external_id, o.outcome, o.record, o.version, '[]' from outcomes o cross join receipt r
), remembered as (
  insert into hub.idempotency_keys (key, part, operation, digest, result)
  select $2, 1, 'push SIGNAL', sha256(convert_to($3::text, 'UTF8')), id from receipt
), delivered as (
  insert into hub.deliveries (dataset, wijk, nothing) select distinct $1, wijk_id, false from given on conflict do nothing
)
select json_build_object('pushSignals', json_build_object(
  'id', translate(encode(('PushReceipt:' || id)::bytea, 'base64'), E'+/\n=', '-_'), 'replayed', false, 'dryRun', false,
  'summary', summary, 'rows', json_build_object('total', 0, 'nodes', '[]'::json), 'errors', '[]'::json))::text
from receipt

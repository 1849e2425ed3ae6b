-- SPDX-License-Identifier: EUPL-1.2
-- What writing has in common for all kinds of records. Owner and gemeente come from the transaction's identity.

-- write_frame --
-- The hub's moment and day, and what kind of organisation writes; what it did under a key ($1) for a part ($2), a digest of the request
-- and its result; of which kind a dataset of its own ($3) is known. Key and dataset may be null.
select hub.now() as now, hub.today() as today, o.kind, k.digest, k.result, d.kind as of
from hub.organisations o
left join hub.idempotency_keys k on k.gemeente = o.gemeente and k.owner = o.id and k.key = $1 and k.part = $2
left join hub.datasets d on d.gemeente = o.gemeente and d.owner = o.id and d.dataset = $3
where o.gemeente = hub.gemeente() and o.id = hub.asker()

-- write_turn --
-- Waits for the asker's own requests under the same key ($1), and for its deliveries of the same dataset ($2, or null).
select pg_advisory_xact_lock(hub.lock_number(concat_ws('/', 'hub.key', hub.gemeente(), hub.asker(), $1::text))),
  case when $2::text is not null
    then pg_advisory_xact_lock(hub.lock_number(concat_ws('/', 'hub.dataset', hub.gemeente(), hub.asker(), $2))) end

-- write_remember --
-- Keeps a key ($1), part ($2), operation ($3), digest of the request ($4) and result ($5); of a delivery also that a dataset ($6, null
-- when nothing was delivered) was delivered today for wijken ($7; null: those where the asker works); $8: nothing to report.
with remembered as (
  insert into hub.idempotency_keys (key, part, operation, digest, result) values ($1, $2, $3, $4, $5)
)
insert into hub.deliveries (dataset, wijk, nothing)
select $6::text, w.wijk, $8::boolean from unnest($7::uuid[]) w(wijk) where $6 is not null
union
select $6, o.wijk, $8 from hub.organisation_wijken o
where $6 is not null and $7 is null and o.gemeente = hub.gemeente() and o.organisation = hub.asker()
  and hub.today() between o.works_from and o.works_until
on conflict do nothing

-- write_dataset --
-- Makes a dataset ($1) of a kind ($2) known at its first delivery; gives the kind of one that was known.
with made as (
  insert into hub.datasets (dataset, kind) values ($1, $2) on conflict do nothing
)
select kind from hub.datasets where gemeente = hub.gemeente() and owner = hub.asker() and dataset = $1

-- write_wijken --
-- The wijken of the asker's gemeente as they are now, and whether the asker works there today.
select v.wijk, v.code, v.name, exists (
    select from hub.organisation_wijken o
    where o.gemeente = v.gemeente and o.organisation = hub.asker() and o.wijk = v.wijk
      and (select hub.today()) between o.works_from and o.works_until) as works
from hub.wijk_versions v
where v.gemeente = hub.gemeente() and v.year = hub.current_year(hub.gemeente())

-- write_boxes --
-- The box, in degrees, around the boundary of each of the wijken ($1) as they are now, of which one is known.
select v.wijk, min((c ->> 0)::double precision) as west, min((c ->> 1)::double precision) as south,
  max((c ->> 0)::double precision) as east, max((c ->> 1)::double precision) as north
from hub.wijk_versions v
cross join jsonb_path_query(v.boundary, 'strict $.coordinates.** ? (@.type() == "array" && @[0].type() == "number")') c
where v.gemeente = hub.gemeente() and v.year = hub.current_year(hub.gemeente()) and v.wijk = any ($1::uuid[])
group by v.wijk

-- write_buurten --
-- The buurten of wijken ($1).
select b.wijk, b.id, b.code, b.name from hub.buurten b where b.gemeente = hub.gemeente() and b.wijk = any ($1::uuid[])

-- write_other_years --
-- Which wijk codes ($1) an earlier division knew: each with the newest of those.
select distinct on (v.code) v.code, v.year, v.name, v.wijk
from hub.wijk_versions v
where v.gemeente = hub.gemeente() and v.code = any ($1::text[])
order by v.code, v.year desc

-- write_noons --
-- Noon, in the Netherlands, of the day of each moment ($1), in the same order.
select array_agg(((u.moment at time zone 'Europe/Amsterdam')::date + time '12:00') at time zone 'Europe/Amsterdam' order by u.place)
from unnest($1::timestamptz[]) with ordinality u(moment, place)

-- write_withdrawn --
-- Which of the external ids ($2) of a dataset ($1) were withdrawn.
select external_id from hub.tombstones
where gemeente = hub.gemeente() and owner = hub.asker() and dataset = $1 and external_id = any ($2::text[])

-- write_tombstone --
-- Remembers, without its content, a record that was withdrawn: kind, id, dataset, external id, reason.
insert into hub.tombstones (kind, id, dataset, external_id, reason) values ($1, $2, $3, $4, $5)

-- write_list_part --
-- Keeps which external ids ($6) a part ($3) of a full list named, and whether every row of it could be identified ($5).
insert into hub.list_parts (dataset, key, part, parts, complete, external_ids) values ($1, $2, $3, $4, $5, $6)

-- write_other_list --
-- Whether a key ($1) was used for parts of another list than this dataset's ($2) of so many parts ($3).
select exists (
  select from hub.list_parts
  where gemeente = hub.gemeente() and owner = hub.asker() and key = $1 and (dataset, parts) <> ($2, $3))

-- write_list_state --
-- How many parts of a full list have arrived, whether every row of them could be identified, and whether another full list of
-- the dataset began after this one.
select count(*) as parts, coalesce(bool_and(p.complete), true) as complete, exists (
    select from hub.list_parts o
    where o.gemeente = hub.gemeente() and o.owner = hub.asker() and o.dataset = $1 and o.key <> $2 and o.at > min(p.at)) as overtaken
from hub.list_parts p
where p.gemeente = hub.gemeente() and p.owner = hub.asker() and p.dataset = $1 and p.key = $2

-- write_receipt --
-- Stores a receipt: id, dataset, kind, mode, part, parts, dry run, refused, summary, errors; of an undo, which it undoes and why; and its
-- rows, a list per column. $18 holds the errors of the rows that have some, by line.
with receipt as (
  insert into hub.receipts (id, dataset, kind, mode, part, parts, dry_run, refused, summary, errors, undoes, reason)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
)
insert into hub.receipt_rows (receipt, line, external_id, outcome, record, version, errors)
select $1, r.line, r.external_id, r.outcome, r.record, r.version, coalesce($18::jsonb -> r.line::text, '[]')
from unnest($13::int[], $14::text[], $15::text[], $16::uuid[], $17::int[]) r(line, external_id, outcome, record, version)

-- receipts_by_id --
-- The asker's own receipts by their id.
select r.id as key, r.id, r.dataset, r.at, r.dry_run, false as replayed, r.summary, r.errors
from hub.receipts r where r.gemeente = hub.gemeente() and r.owner = hub.asker() and r.id = any ($1::uuid[])

-- receipts_newest --
-- A page of the asker's own receipts, newest first, after a moment and id ($1, $2).
select r.id, r.dataset, r.at, r.dry_run, false as replayed, r.summary, r.errors
from hub.receipts r
where r.gemeente = hub.gemeente() and r.owner = hub.asker()
  and ($1::timestamptz is null or (r.at, r.id) < ($1, $2::uuid))
order by r.at desc, r.id desc
limit $3

-- rows_of_receipts --
-- A page of the rows of receipts with these outcomes ($2, null for all), with something to tell where that is asked ($3), after a
-- line ($4).
select k.receipt as key, r.kind, p.line, p.external_id, p.outcome, p.record, p.version, p.errors
from unnest($1::uuid[]) k(receipt)
join hub.receipts r on r.gemeente = hub.gemeente() and r.owner = hub.asker() and r.id = k.receipt
cross join lateral (
  select * from hub.receipt_rows w
  where w.gemeente = hub.gemeente() and w.owner = hub.asker() and w.receipt = k.receipt
    and ($2::text[] is null or w.outcome = any ($2)) and (not $3::boolean or w.errors <> '[]') and w.line > $4
  order by w.line limit $5) p

-- row_totals_of_receipts --
-- How many rows of receipts with these outcomes ($2, null for all) have something to tell.
select w.receipt as key, count(*)::int as total from hub.receipt_rows w
where w.gemeente = hub.gemeente() and w.owner = hub.asker() and w.receipt = any ($1::uuid[])
  and ($2::text[] is null or w.outcome = any ($2)) and w.errors <> '[]'
group by w.receipt

-- dry_run_keep --
-- Keeps what a dry run ($1) of a kind ($2) checked: the delivery ($3) and its rows ($4).
insert into hub.dry_runs (receipt, kind, delivery, rows) values ($1, $2, $3, $4)

-- dry_run_take --
-- Takes a dry run ($1) of the asker's own that is still kept, so that it is carried out once.
delete from hub.dry_runs d
where d.gemeente = hub.gemeente() and d.owner = hub.asker() and d.receipt = $1 and hub.dry_run_is_kept(d.on_day)
returning d.kind, d.delivery, d.rows

-- dry_run_asked --
-- What the receipt ($1) of a dry run of the asker's own says of it as a whole.
select r.dataset, r.part, r.refused, r.errors
from hub.receipts r where r.gemeente = hub.gemeente() and r.owner = hub.asker() and r.id = $1 and r.dry_run

-- receipt_said --
-- What a receipt ($1) of the asker's own says became of each row.
select w.line, w.external_id, w.outcome, w.record, w.version, w.errors
from hub.receipt_rows w where w.gemeente = hub.gemeente() and w.owner = hub.asker() and w.receipt = $1

-- may_take_long --
-- What follows in this transaction is about all of a dataset or a delivery, and cannot be asked for in parts: it may take what its
-- operation may (HUB_LIMIT_OPERATION_SECONDS, of which this is the most), not the seconds of a statement of hub_app.
select set_config('statement_timeout', '300s', true)

-- undo_asked --
-- What is known of a receipt ($1) of the asker's own that is to be undone.
select r.dataset, r.kind, r.mode, r.dry_run or r.refused or r.mode = 'NOTHING' as stored_nothing
from hub.receipts r where r.gemeente = hub.gemeente() and r.owner = hub.asker() and r.id = $1

-- undo_done --
-- Whether a receipt ($1) of the asker's own was undone before.
select exists (select from hub.receipts r where r.gemeente = hub.gemeente() and r.owner = hub.asker() and r.undoes = $1)

-- undo_lines --
-- Takes back what a delivery of the asker's own did ($1 is its receipt), and tells what became of each line.
select line, external_id, outcome, record, version, code from hub.undo_lines($1)

-- caps_agreed --
-- Per receiver ($1) what the agreements in force let the asker show it of a new record: the best precision, whether the rule that
-- gives it lists text, or nulls where no agreement does; and whether the receiver takes part in the gemeente.
select asked.receiver, o.name, o.id is not null as known, best.precision, coalesce(best.with_text, false) as with_text
from unnest($1::uuid[]) asked(receiver)
left join hub.organisations o on o.gemeente = hub.gemeente() and o.id = asked.receiver
left join lateral (
  select r.precision, exists (
      select from hub.contribution_fields f where f.kind = r.kind and f.is_text and f.field = any (r.fields)) as with_text
  from hub.agreement_rules r
  where r.gemeente = hub.gemeente() and r.provider = hub.asker() and r.receiver = asked.receiver and r.kind = $2
    and $3::uuid[] && r.wijken and (r.category is null or r.category = $4)
    and hub.agreement_state(r.gemeente, r.agreement, r.version) = 'IN_FORCE'
  order by hub.rank_of(r.precision) desc, 2 desc limit 1) best on true

-- caps_keep --
-- Keeps a share profile ($1): per receiver ($2) at most a precision ($3), and whether with text ($4).
insert into hub.share_caps (profile, receiver, precision, with_text)
select $1, c.receiver, c.precision, c.with_text from unnest($2::uuid[], $3::text[], $4::boolean[]) c(receiver, precision, with_text)
on conflict do nothing

-- dataset_kind --
-- The kind of one of the asker's own datasets.
select kind from hub.datasets where gemeente = hub.gemeente() and owner = hub.asker() and dataset = $1

-- shown_as --
-- What each receiver sees of one of the asker's own records ($2) of a kind ($1).
select receiver, "precision", fields, agreement, wijk, buurt from hub.shown_as($1, $2) order by receiver

-- sheet_mapping --
-- Which column is which field in the asker's own sheets of a dataset ($1) and kind ($2).
select mapping from hub.sheet_mappings where gemeente = hub.gemeente() and owner = hub.asker() and dataset = $1 and kind = $2

-- sheet_mapping_keep --
-- Keeps which column is which field ($3) in sheets of a dataset ($1) and kind ($2); of who keeps codes alone it keeps nothing.
insert into hub.sheet_mappings (dataset, kind, mapping)
select $1, $2, $3::jsonb where not hub.keeps_codes_only()
on conflict (gemeente, owner, dataset, kind) do update set mapping = excluded.mapping, kept_on = hub.today()

-- publication_of_counts --
-- By which of the asker's own rules a count of a measure ($2) and period ($3) in wijken ($1) will be published, and on which day:
-- from the agreements in force today alone. A count in a dataset ($4) that is never shared is not published.
select c.wijk, a.title, min(c.min_cell) as min_cell, bool_and(c.alone) as alone, d.on_day
from hub.contributors(hub.gemeente(), $3::text) c
join hub.measures m on m.gemeente = hub.gemeente() and m.code = c.measure
cross join lateral (select hub.period_until($3) + m.open_days + 1 as on_day) d
join hub.agreements a on (a.gemeente, a.id, a.version) = (m.gemeente, c.agreement, c.version)
  and hub.last_day(a.gemeente, a.id, a.version) >= d.on_day
join hub.agreement_rules r on (r.gemeente, r.agreement, r.version, r.number) = (a.gemeente, a.id, a.version, c.rule)
  and hub.period_from($3) > d.on_day - r.keep_days
where c.provider = hub.asker() and c.kind = 'COUNT' and c.measure = $2 and c.wijk = any ($1::uuid[]) and not exists (
  select from hub.datasets s where (s.gemeente, s.owner, s.dataset) = (m.gemeente, c.provider, $4::text) and s.never_share)
group by c.wijk, a.id, a.title, d.on_day
order by a.title, a.id

-- offboard --
-- Lets another organisation ($1) stop, for a reason ($2), and begins its erasure where that is asked ($3): the proof as it stands.
select hub.offboard($1::uuid, $2::text, $3::boolean) as proof

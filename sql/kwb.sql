-- SPDX-License-Identifier: EUPL-1.2
-- The import of published figures, run by the owner (`hub import kwb`, `hub import facts`). What is already so stays
-- untouched, and the statement returns how many rows it changed: importing a file again shows as 0.

-- kwb_buurten --
-- The buurten of a gemeente, by wijk and name: codes belong to a year, names last.
select b.id, b.wijk, b.name from hub.buurten b where b.gemeente = $1;

-- figures_keep --
-- Keeps figures of a gemeente ($1) in place. $2 says what is counted, by number: {number, measure, label, unit, year,
-- measured_on, status, source, note}. A figure has one of these numbers ($3), a wijk or a buurt or neither ($4, $5), the
-- word of CBS on comparing ($6), and a value or the reason why there is none ($7, $8).
with counted as (
  select * from jsonb_to_recordset($2::jsonb) as c (
    number int, measure text, label text, unit text, year int, measured_on date, status text, source text, note text)
), given as (
  select * from unnest($3::int[], $4::uuid[], $5::uuid[], $6::text[], $7::double precision[], $8::text[])
    as g (number, wijk, buurt, comparability, value, null_reason)
), kept as (
  insert into hub.figures as f (gemeente, wijk, buurt, measure, label, unit, year, measured_on, value, null_reason, status,
    comparability, source, note)
  select $1, g.wijk, g.buurt, c.measure, c.label, c.unit, c.year, c.measured_on, g.value, g.null_reason, c.status,
    g.comparability, c.source, c.note
  from given g join counted c using (number)
  on conflict (wijk, buurt, gemeente, measure, year, source) do update set
    label = excluded.label, unit = excluded.unit, measured_on = excluded.measured_on, value = excluded.value,
    null_reason = excluded.null_reason, status = excluded.status, comparability = excluded.comparability,
    note = excluded.note, invented = false
  where (f.label, f.unit, f.measured_on, f.value, f.null_reason, f.status, f.comparability, f.note, f.invented)
    is distinct from (excluded.label, excluded.unit, excluded.measured_on, excluded.value, excluded.null_reason,
      excluded.status, excluded.comparability, excluded.note, false)
  returning 1
)
select count(*) as changed from kept;

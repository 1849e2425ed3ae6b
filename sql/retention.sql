-- SPDX-License-Identifier: EUPL-1.2
-- Run by the owner, who starts what hub_retention does and reads no record by it: terms, erasure, and the end of a partner.

-- retention_terms --
-- The terms of a gemeente, in the order in which they are looked at, and whether it set that one itself.
select kind, state, days, is_own from hub.retention_terms($1::text) order by place, kind, state desc

-- retention_set --
-- Sets one of its terms.
insert into hub.retention_rules (gemeente, kind, state, days) values ($1::text, $2::text, $3::text, $4::int)
on conflict (gemeente, kind, state) do update set days = excluded.days, set_on = hub.today()
returning days

-- retention_due --
-- How many rows are past each term by so many days ($2) or more, and from which day.
select kind, state, days, due::int as due, oldest from hub.retention_due($1::text, $2::int)

-- retention_step --
-- Takes away at most so many rows ($4) that are past one term, and tells how many.
select hub.retain($1::text, $2::text, $3::text, $4::int) as done

-- retention_overdue --
-- Per gemeente how many rows are past their term by so many days or more, and how many erasures were not finished.
select g.code, coalesce(sum(d.due), 0)::int as due, (select count(*)::int from hub.erasures_begun(g.code)) as erasures
from hub.gemeenten g cross join lateral hub.retention_due(g.code, $1::int) d
group by g.code order by g.code

-- account_erase --
-- Replaces the name of an account everywhere, and tells where it stood.
select table_name, column_name, rows from hub.erase_account($1::text, $2::uuid, $3::text)

-- account_places --
-- Where a word stands in the rows of an organisation, or in rows that are nobody's.
select table_name, column_name, rows::int as rows from hub.places_of($1::text, $2::uuid)

-- partner_close --
-- Lets an organisation stop today, and tells what ended with it.
select hub.close_organisation($1::text, $2::uuid, $3::text) as ended

-- partner_put_in --
-- How many rows of what an organisation put in there are, by table.
select hub.rows_put_in($1::text, $2::uuid) as rows

-- erasure_begin --
-- Begins the erasure of a closed organisation, unless nothing came since the last, and tells whether one goes on.
select hub.begin_erasure($1::text, $2::uuid, $3::text, null) as goes_on

-- erasure_step --
-- Takes away at most so many rows ($3) of the first table that has some; no row when nothing is left.
select table_name, rows from hub.erase_some($1::text, $2::uuid, $3::int)

-- erasure_finish --
-- Ends an erasure of which nothing is left, with its proof.
select hub.finish_erasure($1::text, $2::uuid, $3::text) as finished

-- erasures_begun --
-- The organisations of which the erasure goes on.
select organisation from hub.erasures_begun($1::text)

-- deletion_proof --
-- The latest proof of an organisation, with what is there now.
select hub.deletion_proof($1::text, $2::uuid) as proof

-- SPDX-License-Identifier: EUPL-1.2
-- Publishing numbers, as hub_owner: the database says what may be shown, the solver what has to be withheld as well.

-- numbers_due --
-- The periods of which numbers are due, by gemeente, oldest first.
select d.gemeente, d.period from hub.periods_due() d order by d.gemeente, hub.period_until(d.period), d.period

-- numbers_for_solver --
-- The numbers of a period that are to be decided: with their values only where they may be shown.
select key, cell, number, is_part, edition, sensitive, safe, value, before, before_hidden, min_cell, hidden, could_be_hidden, withheld_weeks, apart,
  beside, digest
from hub.numbers_for_solver($1::text, $2::text)

-- numbers_publish --
-- Publishes a period but for some numbers ($3), if what is due is still what was checked ($4), and tells how many.
select cells, parts, shown, withheld, complements, later from hub.publish($1::text, $2::text, $3::text[], $4::text)

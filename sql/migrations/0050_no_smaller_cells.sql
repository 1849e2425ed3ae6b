-- SPDX-License-Identifier: EUPL-1.2
-- A second edition is of numbers under no smaller minCell than the first, nor are its numbers `alone` where those of the first were not. An
-- agreement that asked for more may have ended in between: the first edition withheld a number as smaller than its minCell, or as one
-- organisation's, and the second, of the same organisations and no less, would show one from which that follows.
--
-- A sum over a quarter of rounded weeks is shown where each week and the sum can still be all that rounds to them: of thirteen weeks
-- shown as 10 a sum of 155 would say that none is less than 9.
--
-- A rounded number is shown where each number that rounds to it could be. That it is shown says that it is minCell without any one: of n
-- organisations at least minCell * n / (n - 1), and a 5 of four organisations could only be a 7.

select hub.reword('hub.decided(text, text)', array[
  ['o.value as before, o.scope as scope_before', 'o.value as before, o.scope as scope_before, o.min_cell as min_cell_before, o.alone as alone_before'],
  ['select e.value, e.scope from hub.edition_cells e', 'select e.value, e.scope, e.min_cell, e.alone from hub.edition_cells e'],
  ['select e.value, null from hub.edition_parts e', 'select e.value, null, null, null from hub.edition_parts e'],
  ['-- of a second edition: of the same organisations, of none less,', '-- of a second edition: of the same organisations, under no smaller minCell, of none less,'],
  ['c.scope = c.scope_before and not c.shrank', 'c.scope = c.scope_before and c.min_cell >= c.min_cell_before and (c.alone_before or not c.alone) and not c.shrank'],
  ['(c.total >= 5 and not hub.is_sparse', '(c.total >= 5
        and (c.alone or ((select coalesce(sum(u), 0) from unnest(c.unseen) u) + v.value - c.total - 2) * (cardinality(c.scope) - 1)
          >= c.min_cell * cardinality(c.scope))
        and not hub.is_sparse'],
  ['(not q.sensitive or (b.total >= 5 and not hub.is_sparse(in_gemeente, q.wijk, null)))',
   '(not q.sensitive or (b.total >= 5 and not hub.is_sparse(in_gemeente, q.wijk, null) and r.apart >= -r.most and (q.withheld_weeks > 0 or r.apart <= r.most)))'],
  ['hub.rounded(b.total) else b.total end as value) v
  )', 'hub.rounded(b.total) else b.total end as value) v
    -- how far the sum lies from its weeks that are shown, and may: each of the two can be two off
    cross join lateral (select v.value - q.shown_weeks as apart, 2 * (13 - q.withheld_weeks) - 2 as most) r
  )']]);

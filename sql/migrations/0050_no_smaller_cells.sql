-- SPDX-License-Identifier: EUPL-1.2
-- A second edition is of numbers under no smaller minCell than the first. An agreement that asked for more may have ended in between: the
-- first edition withheld a number as smaller than its minCell, the second, of the same organisations and no less, would show one that is
-- smaller than that, and so that the first was.

do $$
declare
  said text := pg_get_functiondef('hub.decided(text, text)'::regprocedure);
  each text[];
begin
  foreach each slice 1 in array array[
    ['o.value as before, o.scope as scope_before', 'o.value as before, o.scope as scope_before, o.min_cell as min_cell_before'],
    ['select e.value, e.scope from hub.edition_cells e', 'select e.value, e.scope, e.min_cell from hub.edition_cells e'],
    ['select e.value, null from hub.edition_parts e', 'select e.value, null, null from hub.edition_parts e'],
    ['-- of a second edition: of the same organisations, of none less,', '-- of a second edition: of the same organisations, under no smaller minCell, of none less,'],
    ['c.scope = c.scope_before and not c.shrank', 'c.scope = c.scope_before and c.min_cell >= c.min_cell_before and not c.shrank']]
  loop
    if position(each[1] in said) = 0 then
      raise exception 'hub.decided does not say %', each[1];
    end if;
    said := replace(said, each[1], each[2]);
  end loop;
  set local role hub_recorder;
  execute said;
  reset role;
end $$;

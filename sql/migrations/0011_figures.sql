-- SPDX-License-Identifier: EUPL-1.2
-- Figures of gemeenten and buurten beside those of wijken, each with what a reader needs to use it well: the day that it
-- holds for, whether CBS compares it with the year before, what its publisher says of it, and whether it is invented.
alter table hub.figures drop constraint figures_pkey;
alter table hub.figures alter column wijk drop not null;
alter table hub.figures
  add column buurt uuid,
  add column measured_on date,
  add column comparability text check (comparability in ('UNCHANGED', 'CODE_CHANGED', 'BOUNDARY_CHANGED')),
  add column note text,
  add column invented boolean not null default false,
  add foreign key (gemeente) references hub.gemeenten on delete restrict,
  add foreign key (gemeente, buurt) references hub.buurten on delete restrict,
  -- Of a wijk, or of a buurt, or of the gemeente itself. Nothing adds one up from the others: CBS rounds at random.
  add check (wijk is null or buurt is null),
  -- Two publishers may count the same thing differently in one year, and both are shown.
  add constraint figures_of_area unique nulls not distinct (wijk, buurt, gemeente, measure, year, source);

-- Figures with their place by newness: `newness` 1 is the newest of its measure that has been published. A figure that is
-- still to come (provisional, and unknown) does not stand before the last one that is known.
create view hub.figures_by_newness with (security_invoker) as
  select f.gemeente, f.wijk, f.buurt, f.measure, f.label, f.unit, f.year, f.value, f.null_reason, f.status, f.source,
    f.measured_on, f.comparability, f.note, f.invented,
    rank() over (partition by f.wijk, f.buurt, f.gemeente, f.measure
      order by f.status = 'PROVISIONAL' and f.null_reason is not distinct from 'UNKNOWN_OR_SECRET', f.year desc) as newness
  from hub.figures f;
grant select on hub.figures_by_newness to hub_app;

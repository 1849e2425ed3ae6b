-- SPDX-License-Identifier: EUPL-1.2
-- wijken_by_id --
-- Wijken by their lasting id, each as it is in the newest division of its gemeente that knows it.
select distinct on (w.id) w.id as key, 'Wijk' as typename, w.id, w.gemeente, v.code, v.year, v.name
from hub.wijken w
join hub.wijk_versions v on v.gemeente = w.gemeente and v.wijk = w.id
where w.id = any ($1::uuid[])
order by w.id, v.year desc

-- wijken_of_code --
-- Which wijken CBS codes name in each division, newest first.
select v.code as key, v.wijk, v.gemeente, v.year, v.name, v.year = hub.current_year(v.gemeente) as is_current
from hub.wijk_versions v where v.code = any ($1::text[]) order by v.year desc

-- wijk_nowadays --
-- In words: the wijk in the current division, or else the wijken that took from it, largest part first.
select coalesce(
  (select v.name || ' (' || v.code || ')' from hub.wijk_versions v
    where v.wijk = $1::uuid and v.year = hub.current_year(v.gemeente)),
  (select string_agg(v.name || ' (' || v.code || ')', ', ' order by p.share desc, v.code)
    from hub.wijk_predecessors p
    join hub.wijk_versions v on (v.gemeente, v.wijk, v.year) = (p.gemeente, p.wijk, p.year)
    where p.predecessor = $1 and v.year = hub.current_year(v.gemeente) and p.share >= 0.1),
  '-') as now

-- wijken_of_gemeente --
-- The wijken of the current division of gemeenten, by code.
select v.gemeente as key, v.wijk as id from hub.wijk_versions v
where v.gemeente = any ($1::text[]) and v.year = hub.current_year(v.gemeente) order by v.code

-- gemeenten_by_code --
-- Gemeenten by their CBS code.
select g.code as key, g.code, g.name from hub.gemeenten g where g.code = any ($1::text[])

-- codes_of_wijken --
-- The CBS codes and names that wijken have had, newest first.
select v.wijk as key, v.code, v.year, v.name, v.comparability
from hub.wijk_versions v where v.wijk = any ($1::uuid[]) order by v.year desc, v.code

-- predecessors_of_wijken --
-- What wijken took from the division before, largest share first.
select p.wijk as key, v.name, v.code, v.year, round(p.share::numeric, 3)::double precision as share, p.approximate
from hub.wijk_predecessors p
join hub.wijk_versions v on (v.gemeente, v.wijk, v.year) = (p.gemeente, p.predecessor, p.predecessor_year)
where p.wijk = any ($1::uuid[]) order by p.year desc, p.share desc, v.code

-- buurten_of_wijken --
-- The buurten of wijken, by name.
select b.wijk as key, b.id, b.code, b.name, b.invented from hub.buurten b where b.wijk = any ($1::uuid[]) order by b.name

-- buurten_by_id --
-- Buurten by their id.
select b.id as key, 'Buurt' as typename, b.id, b.code, b.name, b.invented from hub.buurten b where b.id = any ($1::uuid[])

-- partners_of_wijken --
-- The organisations that work in wijken today, by name.
select o.wijk as key, o.organisation as id
from hub.organisation_wijken o
join hub.organisations g on (g.gemeente, g.id) = (o.gemeente, o.organisation)
where o.wijk = any ($1::uuid[]) and hub.today() between o.works_from and o.works_until
order by g.name, g.id

-- wijken_of_asker --
-- The wijken in which the asker works today.
select o.wijk as id
from hub.organisation_wijken o
join hub.wijk_versions v on v.gemeente = o.gemeente and v.wijk = o.wijk and v.year = hub.current_year(v.gemeente)
where o.gemeente = hub.gemeente() and o.organisation = hub.asker() and hub.today() between o.works_from and o.works_until
order by v.code

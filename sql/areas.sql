-- SPDX-License-Identifier: EUPL-1.2
-- The import of wijken and buurten, run by the owner (`hub import areas`). Every statement that writes leaves a row that
-- is already so untouched and returns how many rows it changed, so that importing a file again shows as 0.
-- hub.area_proposals.evidence holds what confirming needs later, without the file:
--   {source, kind, before: year of the earlier division, flagged: CBS's own word, taken: [{wijk, share, comparability}]}

-- areas_keep_gemeente --
-- Makes the gemeente known under its name ($2, or null when the file has none), and holds it until the transaction ends:
-- two imports of one gemeente follow each other.
with kept as (
  insert into hub.gemeenten as g (code, name) values ($1, coalesce($2, $1))
  on conflict (code) do update set name = $2 where g.name is distinct from $2 and $2 is not null
  returning 1
)
select count(*) as changed from kept;

-- areas_hold_gemeente --
-- The gemeente, held until the transaction ends.
select code from hub.gemeenten where code = $1 for update;

-- areas_years --
-- The years that the gemeente has a division of.
select year from hub.divisions where gemeente = $1 order by year;

-- areas_of_year --
-- The wijken of a gemeente as the division of one year has them.
select wijk, code, name, boundary from hub.wijk_versions where gemeente = $1 and year = $2 order by code;

-- areas_proposed --
-- What is proposed for the areas of a year, with whether it is confirmed and whether the area has a wijk by now.
select p.code, p.name, p.continues, p.alike, p.overlap, p.confirmed, v.wijk, w.name as continues_name
from hub.area_proposals p
left join hub.wijk_versions v on v.gemeente = p.gemeente and v.year = p.year and v.code = p.code
left join lateral (
  select e.name from hub.wijk_versions e
  where e.gemeente = p.gemeente and e.wijk = p.continues and e.year < p.year
  order by e.year desc limit 1
) w on true
where p.gemeente = $1 and p.year = $2
order by p.code;

-- areas_propose --
-- Keeps the proposals of a file ($3) in place of those of an earlier file; what was confirmed stays confirmed.
with proposed as (
  select f.* from jsonb_to_recordset($3::jsonb) as f (
    code text, name text, boundary jsonb, continues uuid, alike text, overlap double precision, evidence jsonb)
), gone as (
  delete from hub.area_proposals p
  where p.gemeente = $1 and p.year = $2 and not exists (select from proposed f where f.code = p.code)
  returning 1
), kept as (
  insert into hub.area_proposals as p (gemeente, year, code, name, boundary, continues, alike, overlap, evidence)
  select $1, $2, code, name, boundary, continues, alike, overlap, evidence from proposed
  on conflict (gemeente, year, code) do update set
    name = excluded.name, boundary = excluded.boundary, continues = excluded.continues,
    alike = excluded.alike, overlap = excluded.overlap, evidence = excluded.evidence
  where (p.name, p.boundary, p.continues, p.alike, p.overlap, p.evidence) is distinct from
    (excluded.name, excluded.boundary, excluded.continues, excluded.alike, excluded.overlap, excluded.evidence)
  returning 1
)
select (select count(*) from gone) + (select count(*) from kept) as changed;

-- areas_unknown_wijken --
-- Those of the wijken ($2) that the gemeente does not have.
select asked.id from unnest($2::uuid[]) as asked (id)
where not exists (select from hub.wijken w where w.gemeente = $1 and w.id = asked.id)
order by asked.id;

-- areas_confirm --
-- Confirms decisions ($3: code, and the wijk that it continues or null for a new one).
with confirmed as (
  update hub.area_proposals p set confirmed = true, continues = d.continues
  from jsonb_to_recordset($3::jsonb) as d (code text, continues uuid)
  where p.gemeente = $1 and p.year = $2 and p.code = d.code
    and (not p.confirmed or p.continues is distinct from d.continues)
  returning 1
)
select count(*) as changed from confirmed;

-- areas_establish --
-- Makes the confirmed proposals of a year its division: a lasting wijk for each new area, a version for each area.
with settled as (
  select p.code, p.name, p.boundary, p.continues, p.evidence, v.wijk as known,
    case when p.evidence ->> 'before' is null or p.continues is not null then coalesce(
      p.evidence ->> 'flagged',
      (select t ->> 'comparability' from jsonb_array_elements(p.evidence -> 'taken') t
        where (t ->> 'wijk')::uuid = p.continues),
      case when p.boundary is not null and before.boundary is not null then 'BOUNDARY_CHANGED' end
    ) end as comparability
  from hub.area_proposals p
  left join hub.wijk_versions v on v.gemeente = p.gemeente and v.year = p.year and v.code = p.code
  left join hub.wijk_versions before on before.gemeente = p.gemeente and before.wijk = p.continues
    and before.year = (p.evidence ->> 'before')::int
  where p.gemeente = $1 and p.year = $2
), fresh as materialized (
  select o.code, hub.new_id() as wijk, o.evidence ->> 'kind' as kind
  from (select * from settled where continues is null and known is null order by code) o
), division as (
  insert into hub.divisions as d (gemeente, year, source)
  select $1, $2, min(evidence ->> 'source') from settled
  on conflict (gemeente, year) do update set source = excluded.source where d.source <> excluded.source
  returning 1
), made as (
  insert into hub.wijken (gemeente, id, kind) select $1, wijk, kind from fresh returning 1
), versions as (
  insert into hub.wijk_versions as v (gemeente, wijk, year, code, name, comparability, boundary)
  select $1, coalesce(s.known, s.continues, f.wijk), $2, s.code, s.name, s.comparability, s.boundary
  from settled s left join fresh f on f.code = s.code
  on conflict (gemeente, year, code) do update set
    name = excluded.name, comparability = excluded.comparability, boundary = excluded.boundary
  where (v.name, v.comparability, v.boundary) is distinct from (excluded.name, excluded.comparability, excluded.boundary)
  returning 1
)
select (select count(*) from division) + (select count(*) from made) + (select count(*) from versions) as changed;

-- areas_relate --
-- Predecessors of the areas of a year: for each that is new, or whose boundary changed, the areas that it took ground from.
with wanted as (
  select v.wijk, (t ->> 'wijk')::uuid as predecessor, (p.evidence ->> 'before')::int as predecessor_year,
    (t ->> 'share')::double precision as share
  from hub.area_proposals p
  join hub.wijk_versions v on v.gemeente = p.gemeente and v.year = p.year and v.code = p.code
  cross join jsonb_array_elements(p.evidence -> 'taken') t
  where p.gemeente = $1 and p.year = $2 and coalesce(v.comparability, 'BOUNDARY_CHANGED') = 'BOUNDARY_CHANGED'
), gone as (
  delete from hub.wijk_predecessors r
  where r.gemeente = $1 and r.year = $2
    and not exists (select from wanted w where w.wijk = r.wijk and w.predecessor = r.predecessor)
  returning 1
), kept as (
  insert into hub.wijk_predecessors as r (gemeente, wijk, year, predecessor, predecessor_year, share, approximate)
  select $1, wijk, $2, predecessor, predecessor_year, share, true from wanted
  on conflict (gemeente, wijk, year, predecessor) do update set
    predecessor_year = excluded.predecessor_year, share = excluded.share, approximate = excluded.approximate
  where (r.predecessor_year, r.share, r.approximate) is distinct from
    (excluded.predecessor_year, excluded.share, excluded.approximate)
  returning 1
)
select (select count(*) from gone) + (select count(*) from kept) as changed;

-- areas_keep_buurten --
-- Keeps buurten ($3) under their wijk. A buurt is known by its name within its wijk; a later year renews its code.
with kept as (
  insert into hub.buurten as b (gemeente, id, wijk, name, code, year)
  select $1, hub.new_id(), o.wijk, o.name, o.code, $2
  from (
    select f.* from jsonb_to_recordset($3::jsonb) as f (code text, name text, wijk uuid) order by f.code
  ) o
  on conflict (gemeente, wijk, name) do update set code = excluded.code, year = excluded.year, invented = false
  where coalesce(b.year, 0) <= excluded.year and (b.code, b.year, b.invented) is distinct from
    (excluded.code, excluded.year, false)
  returning 1
)
select count(*) as changed from kept;

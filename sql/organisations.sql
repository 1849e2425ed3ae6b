-- SPDX-License-Identifier: EUPL-1.2
-- organisations_by_id --
-- Organisations of the asker's gemeente by their id.
select o.id as key, 'Organisation' as typename, o.id, o.name, o.kind, o.invented, o.left_on
from hub.organisations o where o.gemeente = hub.gemeente() and o.id = any ($1::uuid[])

-- organisations_of_gemeente --
-- Every organisation of the asker's gemeente and what kind it is, by name.
select o.id, o.kind from hub.organisations o where o.gemeente = hub.gemeente() order by o.name, o.id

-- contacts_of_organisations --
-- Whom to call at organisations about one wijk, or about the first wijk where they work.
select distinct on (o.organisation) o.organisation as key, o.contact
from hub.organisation_wijken o
where o.gemeente = hub.gemeente() and o.organisation = any ($1::uuid[]) and ($2::uuid is null or o.wijk = $2)
  and o.contact is not null and hub.today() between o.works_from and o.works_until
order by o.organisation, o.wijk

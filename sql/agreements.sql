-- SPDX-License-Identifier: EUPL-1.2
-- agreements_by_id --
-- The newest version of agreements to which the asker is a party.
select distinct on (a.id) a.id as key, 'Agreement' as typename, a.id, a.version, a.title, a.purpose, a.legal_basis, a.valid_from,
  a.valid_until, a.contact, a.dpia, hub.agreement_state(a.gemeente, a.id, a.version) as state
from hub.agreements a where a.gemeente = hub.gemeente() and a.id = any ($1::uuid[])
order by a.id, a.version desc

-- agreements_of_asker --
-- A page of the agreements to which the asker is a party, latest end first; of one day, those in force then.
select a.id, a.valid_until
from hub.agreements a
where a.gemeente = hub.gemeente()
  and ($1::date is null or ($1 between a.valid_from and a.valid_until
    and hub.agreement_state(a.gemeente, a.id, a.version) in ('ACCEPTED', 'IN_FORCE', 'ENDED')))
  and ($2::date is null or (a.valid_until, a.id) < ($2, $3::uuid))
order by a.valid_until desc, a.id desc limit $4::int

-- agreements_with_receivers --
-- The agreements in force by which the asker shares with receivers, latest end first.
select k.receiver as key, a.id
from unnest($1::uuid[]) k(receiver)
join hub.agreements a on a.gemeente = hub.gemeente() and hub.agreement_state(a.gemeente, a.id, a.version) = 'IN_FORCE'
where exists (
  select from hub.agreement_rules r where (r.gemeente, r.agreement, r.version) = (a.gemeente, a.id, a.version)
    and r.provider = hub.asker() and r.receiver = k.receiver)
order by a.valid_until desc, a.id desc

-- agreements_total --
-- How many agreements the asker can page through under the same filter.
select count(*)::int as total
from hub.agreements a
where a.gemeente = hub.gemeente()
  and ($1::date is null or ($1 between a.valid_from and a.valid_until
    and hub.agreement_state(a.gemeente, a.id, a.version) in ('ACCEPTED', 'IN_FORCE', 'ENDED')))

-- rules_of_agreements --
-- The rules of agreements, in their order.
select r.agreement as key, r.agreement || '/' || r.version || '/' || r.number as rule_key, r.provider, r.receiver, r.kind, r.category,
  r.fields, r.precision, r.keep_days, r.min_cell, r.includes_past, r.alone
from hub.agreement_rules r where r.gemeente = hub.gemeente() and r.agreement = any ($1::uuid[])
order by r.version, r.number

-- wijken_of_rules --
-- The wijken that rules are about, by code.
select r.agreement || '/' || r.version || '/' || r.number as key, v.wijk as id
from hub.agreement_rules r
join hub.wijk_versions v on v.gemeente = r.gemeente and v.wijk = any (r.wijken) and v.year = hub.current_year(r.gemeente)
where r.gemeente = hub.gemeente() and r.agreement || '/' || r.version || '/' || r.number = any ($1::text[])
order by v.code

-- parties_of_agreements --
-- The parties of agreements, by name.
select a.id as key, o.id
from hub.agreements a join hub.organisations o on o.gemeente = a.gemeente and o.id = any (a.parties)
where a.gemeente = hub.gemeente() and a.id = any ($1::uuid[]) order by o.name, o.id

-- accepted_by_of_agreements --
-- The parties that have accepted agreements, by name.
select d.agreement as key, o.id
from hub.agreement_decisions d join hub.organisations o on (o.gemeente, o.id) = (d.gemeente, d.organisation)
where d.gemeente = hub.gemeente() and d.agreement = any ($1::uuid[]) and d.decision = 'ACCEPT' order by o.name, o.id

-- waiting_for_of_agreements --
-- The parties that have yet to accept agreements that are still proposed, by name.
select a.id as key, o.id
from hub.agreements a join hub.organisations o on o.gemeente = a.gemeente and o.id = any (a.parties)
where a.gemeente = hub.gemeente() and a.id = any ($1::uuid[])
  and hub.agreement_state(a.gemeente, a.id, a.version) = 'PROPOSED'
  and not exists (
    select from hub.agreement_decisions d
    where (d.gemeente, d.agreement, d.version, d.organisation) = (a.gemeente, a.id, a.version, o.id) and d.decision = 'ACCEPT')
order by o.name, o.id

-- agreements_open --
-- How many proposals of the asker still wait for someone.
select count(*)::int from hub.agreements a
where a.gemeente = hub.gemeente() and a.proposed_by = hub.asker()
  and hub.agreement_state(a.gemeente, a.id, a.version) = 'PROPOSED'

-- agreement_propose --
-- Proposes an agreement in the asker's name.
insert into hub.agreements (id, title, purpose, legal_basis, contact, dpia, valid_from, valid_until, parties)
values ($1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text, $7::date, $8::date, $9::uuid[])

-- agreement_add_rule --
-- Adds a rule to a proposal on which nobody has decided yet.
insert into hub.agreement_rules (agreement, version, number, provider, receiver, wijken, kind, category, fields, precision, keep_days,
  min_cell, includes_past, alone)
values ($1::uuid, 1, $2::int, $3::uuid, $4::uuid, $5::uuid[], $6::text, $7::text, $8::text[], $9::text, $10::int, $11::int, $12::boolean,
  $13::boolean)

-- agreement_decide --
-- Adds the asker's decision on a version of an agreement.
insert into hub.agreement_decisions (agreement, version, decision, reason, signed_by)
values ($1::uuid, $2::int, $3::text, $4::text, $5::text)

-- listable_fields --
-- The fields of a kind that a rule may list.
select field from hub.contribution_fields where kind = $1::text and listed order by field

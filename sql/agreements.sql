-- SPDX-License-Identifier: EUPL-1.2
-- agreements_by_id --
-- Agreements to which the asker is a party: the version in force, else the newest that the asker may read.
select v.id as key, v.* from hub.agreement_versions($1::uuid[]) v where v.is_current

-- agreement_versions_by_key --
-- Versions of agreements (id/version) to which the asker is a party.
select v.version_key as key, v.*
from hub.agreement_versions(array(select split_part(k, '/', 1)::uuid from unnest($1::text[]) k)) v where v.version_key = any ($1)

-- versions_of_agreements --
-- Every version of agreements that the asker may read, newest first.
select v.id as key, v.* from hub.agreement_versions($1::uuid[]) v order by v.version desc

-- newer_version_of_agreements --
-- The version after given ones (id/version) that is proposed, or accepted and yet to begin, if the asker may read it.
select k.key, v.*
from unnest($1::text[]) k(key)
join hub.agreement_versions(array(select split_part(x, '/', 1)::uuid from unnest($1::text[]) x)) v
  on v.id = split_part(k.key, '/', 1)::uuid and v.version > split_part(k.key, '/', 2)::int and v.state in ('PROPOSED', 'ACCEPTED')

-- agreements_of_asker --
-- A page of the agreements to which the asker is a party, latest end first: of a day ($1) the versions in force then, else the current ones.
select a.id || '/' || a.version as version_key
from (
  select distinct on (a.id) a.id, a.version, a.valid_until
  from hub.agreements a
  cross join lateral (
    select hub.agreement_state_on(a.gemeente, a.id, a.version, coalesce($1::date, hub.today())) = 'IN_FORCE' as in_force) s
  where a.gemeente = hub.gemeente() and ($1 is null or s.in_force)
  order by a.id, s.in_force desc, a.version desc) a
where $2::date is null or (a.valid_until, a.id) < ($2, $3::uuid)
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
select count(distinct a.id)::int as total
from hub.agreements a
where a.gemeente = hub.gemeente()
  and ($1::date is null or hub.agreement_state_on(a.gemeente, a.id, a.version, $1) = 'IN_FORCE')

-- agreements_published --
-- Agreements in force that their parties published, as every partner of the gemeente may know them.
select p.title, p.parties, p.purpose, p.legal_basis, p.interest, p.partnership, p.conditions, p.valid_from, p.valid_until, p.rules
from hub.published_agreements(hub.gemeente()) p

-- rules_of_agreements --
-- The rules of versions of agreements (id/version), in their order.
select k.key, r.agreement || '/' || r.version || '/' || r.number as rule_key, r.provider, r.receiver, r.kind, r.category,
  r.fields, r.precision, r.keep_days, r.min_cell, r.includes_past, r.alone, r.wijken
from unnest($1::text[]) k(key)
join hub.agreement_rules r on r.gemeente = hub.gemeente() and r.agreement = split_part(k.key, '/', 1)::uuid
  and r.version = split_part(k.key, '/', 2)::int
order by r.number

-- wijken_of_rules --
-- The wijken that rules are about, by code.
select r.agreement || '/' || r.version || '/' || r.number as key, v.wijk as id
from hub.agreement_rules r
join hub.wijk_versions v on v.gemeente = r.gemeente and v.wijk = any (r.wijken) and v.year = hub.current_year(r.gemeente)
where r.gemeente = hub.gemeente() and r.agreement || '/' || r.version || '/' || r.number = any ($1::text[])
order by v.code

-- parties_of_agreements --
-- The parties of versions of agreements (id/version), by name.
select k.key, o.id
from unnest($1::text[]) k(key)
join hub.agreements a on a.gemeente = hub.gemeente() and a.id = split_part(k.key, '/', 1)::uuid
  and a.version = split_part(k.key, '/', 2)::int
join hub.organisations o on o.gemeente = a.gemeente and o.id = any (a.parties)
order by o.name, o.id

-- controllers_of_agreements --
-- Which parties of versions of agreements (id/version) answer for the data, and how, by name.
select k.key, o.id as organisation, c.role
from unnest($1::text[]) k(key)
join hub.agreements a on a.gemeente = hub.gemeente() and a.id = split_part(k.key, '/', 1)::uuid
  and a.version = split_part(k.key, '/', 2)::int
cross join lateral (values ('JOINT', a.joint_controllers), ('SEPARATE', a.separate_controllers), ('PROCESSOR', a.processors)) c(role, who)
join hub.organisations o on o.gemeente = a.gemeente and o.id = any (c.who)
order by o.name, o.id

-- decisions_of_agreements --
-- What the parties decided on versions of agreements (id/version), in the order in which they did.
select k.key, d.organisation, d.decision, (d.at at time zone 'Europe/Amsterdam')::date as on_day, d.signed_by, d.reason, d.document
from unnest($1::text[]) k(key)
join hub.agreement_decisions d on d.gemeente = hub.gemeente() and d.agreement = split_part(k.key, '/', 1)::uuid
  and d.version = split_part(k.key, '/', 2)::int
join hub.organisations o on (o.gemeente, o.id) = (d.gemeente, d.organisation)
order by d.at, o.name, d.organisation, d.decision

-- accepted_by_of_agreements --
-- The parties that have accepted versions of agreements (id/version), by name.
select k.key, o.id
from unnest($1::text[]) k(key)
join hub.agreement_decisions d on d.gemeente = hub.gemeente() and d.agreement = split_part(k.key, '/', 1)::uuid
  and d.version = split_part(k.key, '/', 2)::int and d.decision = 'ACCEPT'
join hub.organisations o on (o.gemeente, o.id) = (d.gemeente, d.organisation)
order by o.name, o.id

-- waiting_for_of_agreements --
-- The parties that have yet to accept versions of agreements (id/version) that are still proposed, by name.
select k.key, o.id
from unnest($1::text[]) k(key)
join hub.agreements a on a.gemeente = hub.gemeente() and a.id = split_part(k.key, '/', 1)::uuid
  and a.version = split_part(k.key, '/', 2)::int
join hub.organisations o on o.gemeente = a.gemeente and o.id = any (a.parties)
where hub.agreement_state(a.gemeente, a.id, a.version) = 'PROPOSED'
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
-- Proposes an agreement in the asker's name, or the next version of one that has this id; the database numbers it.
insert into hub.agreements (id, title, purpose, legal_basis, contact, dpia, dpia_on, interest, partnership, conditions, publish,
  valid_from, valid_until, parties, joint_controllers, separate_controllers, processors)
values ($1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text, $7::date, $8::text, $9::text, $10::text, $11::boolean, $12::date,
  $13::date, $14::uuid[], $15::uuid[], $16::uuid[], $17::uuid[])
returning version

-- agreement_add_rule --
-- Adds a rule to the version of an agreement that this transaction proposes.
insert into hub.agreement_rules (agreement, version, number, provider, receiver, wijken, kind, category, fields, precision, keep_days,
  min_cell, includes_past, alone)
values ($1::uuid, $2::int, $3::int, $4::uuid, $5::uuid, $6::uuid[], $7::text, $8::text, $9::text[], $10::text, $11::int, $12::int,
  $13::boolean, $14::boolean)

-- agreement_decide --
-- Adds the asker's decision on a version of an agreement.
insert into hub.agreement_decisions (agreement, version, decision, reason, signed_by, document)
values ($1::uuid, $2::int, $3::text, $4::text, $5::text, $6::text)

-- rules_forgetting_past --
-- Which of some rules ($1, as JSON) with this first day ($2) show a receiver less of the past than the agreement that they replace ($3)
-- shows it now, by their place.
select j.place::int as place
from jsonb_array_elements($1::jsonb) with ordinality j(rule, place)
where not (j.rule ->> 'includes_past')::boolean and exists (
  select from hub.rules_in_force(hub.gemeente()) f
  where f.agreement = $3::uuid and f.covers_from < $2::date
    and (f.provider, f.receiver, f.kind) = ((j.rule ->> 'provider')::uuid, (j.rule ->> 'receiver')::uuid, j.rule ->> 'kind')
    and j.rule -> 'wijken' ? f.wijk::text and (f.category is null or j.rule ->> 'category' is null or f.category = j.rule ->> 'category'))
order by j.place

-- rules_shown_already --
-- Of some rules ($1, as JSON), by their place: the agreements in force, but for the one that they replace ($2), that show of the same
-- records as much or more, and until when.
select distinct j.place::int as place, a.title, r.valid_until
from jsonb_array_elements($1::jsonb) with ordinality j(rule, place)
join hub.rules_on(hub.gemeente(), hub.today()) r
  on (r.provider, r.receiver, r.kind) = ((j.rule ->> 'provider')::uuid, (j.rule ->> 'receiver')::uuid, j.rule ->> 'kind')
  and j.rule -> 'wijken' ? r.wijk::text and (r.category is null or j.rule ->> 'category' is null or r.category = j.rule ->> 'category')
  and hub.rank_of(r.precision) >= hub.rank_of(j.rule ->> 'precision')
join hub.agreements a on (a.gemeente, a.id, a.version) = (hub.gemeente(), r.agreement, r.version)
where j.rule ->> 'precision' <> 'COUNT' and r.agreement is distinct from $2::uuid
order by 1, 2, 3

-- rules_reaching_back --
-- Of some rules ($1, as JSON) with this first day ($2), by their place: from which day on their receiver sees such records already, and
-- whether it would see some of before that day (or today) which can be in numbers that were published to it, because a rule by which they
-- count began before. As far as the asker is a party.
select j.place::int as place, case when bool_and(s.seen_from is not null) then max(s.seen_from) end as seen_from,
  bool_or(r.reach < coalesce(s.seen_from, hub.today()) and exists (
    select from hub.agreements a
    join hub.agreement_rules c on (c.gemeente, c.agreement, c.version) = (a.gemeente, a.id, a.version)
    where a.gemeente = hub.gemeente() and (c.provider, c.receiver) = (r.provider, r.receiver) and w.wijk = any (c.wijken)
      and c.kind in ('COUNT', case when r.kind = 'SIGNAL' then 'SIGNAL' end)
      and (c.category is null or r.category is null or c.category = r.category)
      and hub.begins_on(a.gemeente, a.id, a.version) < hub.today()
        and (c.includes_past or a.valid_from < coalesce(s.seen_from, hub.today())))) as uncovers
from jsonb_array_elements($1::jsonb) with ordinality j(rule, place)
cross join lateral (
  select x.*, case when x.includes_past then '-infinity' else $2::date end as reach
  from jsonb_to_record(j.rule) x(provider uuid, receiver uuid, wijken uuid[], kind text, category text, includes_past boolean)) r
cross join lateral unnest(r.wijken) w(wijk)
cross join lateral (
  select min(f.covers_from) as seen_from
  from hub.rules_on(hub.gemeente(), hub.today()) f
  where (f.provider, f.receiver, f.kind, f.wijk) = (r.provider, r.receiver, r.kind, w.wijk) and f.precision <> 'COUNT'
    and (f.category is null or f.category = r.category)) s
where j.rule ->> 'precision' <> 'COUNT'
group by j.place order by j.place

-- agreements_not_in_force --
-- Of versions of agreements ($1, $2), those that are not in force, or no longer the asker's to know.
select k.id from unnest($1::uuid[], $2::int[]) k(id, version)
where hub.agreement_state(hub.gemeente(), k.id, k.version) is distinct from 'IN_FORCE'

-- listable_fields --
-- The fields of a kind that a rule may list.
select field from hub.contribution_fields where kind = $1::text and listed order by field

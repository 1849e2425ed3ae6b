-- SPDX-License-Identifier: EUPL-1.2
-- principal_of_token --
-- The asker that a token's digest stands for, or no row: unknown, expired and revoked look the same.
select gemeente, organisation, actor, holder, roles, scopes, expires_at from hub.principal_of($1::bytea)

-- rights_of_asker --
-- What the asker may do and see, and by which rule: its own slice, the wijken where it works, the agreements in force.
select 'WRITE' as action, k.kind as "on", array_agg(o.wijk order by v.code) as wijken, 'EXACT' as precision,
  'WORKS_HERE' as because, null::text as agreement, null::text as purpose, null::uuid as provider, null::date as until
from hub.organisation_wijken o
join hub.wijk_versions v on v.gemeente = o.gemeente and v.wijk = o.wijk and v.year = hub.current_year(o.gemeente)
cross join hub.contribution_kinds k
where o.gemeente = hub.gemeente() and o.organisation = hub.asker() and hub.today() between o.works_from and o.works_until
group by k.kind
union all
select 'READ', k.kind, '{}', 'EXACT', 'OWN_RECORDS', null, null, null, null from hub.contribution_kinds k
union all
select 'READ', r.kind, r.wijken, r.precision, 'AGREEMENT', a.title, a.purpose, r.provider,
  hub.last_day(a.gemeente, a.id, a.version)
from hub.agreement_rules r
join hub.agreements a on (a.gemeente, a.id, a.version) = (r.gemeente, r.agreement, r.version)
where r.receiver = hub.asker() and hub.agreement_state(a.gemeente, a.id, a.version) = 'IN_FORCE'
order by 1 desc, 5, 6, 8, 2

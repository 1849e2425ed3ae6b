-- SPDX-License-Identifier: EUPL-1.2
-- access_matrix --
-- Who may see what of whom in a gemeente ($1) on a day ($2), one row per rule in force: of a provider ($3), for a receiver ($4), of a
-- kind ($5), or of all. As far as whoever asks may know the rules.
select r.provider, r.receiver, r.kind, r.category, r.precision, hub.field_names_shown(r.kind, r.precision, r.fields) as fields,
  r.agreement, r.version, r.rule, r.valid_from, r.valid_until, r.keep_days, r.min_cell, r.includes_past,
  array_agg(r.wijk order by v.code, r.wijk) as wijken, array_agg(coalesce(v.name, r.wijk::text) order by v.code, r.wijk) as wijk_names,
  p.name as provider_name, p.slug as provider_slug, q.name as receiver_name, q.slug as receiver_slug, a.title
from hub.rules_on($1::text, $2::date) r
join hub.organisations p on (p.gemeente, p.id) = ($1, r.provider)
join hub.organisations q on (q.gemeente, q.id) = ($1, r.receiver)
join hub.agreements a on (a.gemeente, a.id, a.version) = ($1, r.agreement, r.version)
left join hub.wijk_versions v on v.gemeente = $1 and v.wijk = r.wijk and v.year = hub.current_year($1)
where ($3::uuid is null or r.provider = $3) and ($4::uuid is null or r.receiver = $4) and ($5::text is null or r.kind = $5)
group by r.provider, r.receiver, r.kind, r.category, r.precision, r.fields, r.agreement, r.version, r.rule, r.valid_from, r.valid_until,
  r.keep_days, r.min_cell, r.includes_past, p.name, p.slug, q.name, q.slug, a.title
order by p.name, q.name, r.kind, r.category nulls first, hub.rank_of(r.precision) desc, a.title, r.agreement, r.version, r.rule
limit $6::int

-- rights_of_asker --
-- What the asker may do and see, and by which rule: its own slice, the wijken where it works if its token may write ($1: its scopes),
-- the rules in force today. Rules of one agreement that differ in wijken alone are one line.
select 'WRITE' as action, k.kind as "on", null::text as category, array_agg(o.wijk order by v.code) as wijken,
  array_agg(v.name order by v.code) as wijk_names, 'EXACT' as precision, null::text[] as fields, 'WORKS_HERE' as because,
  null::uuid as agreement, null::text as title, null::uuid as provider, null::date as until
from hub.organisation_wijken o
join hub.wijk_versions v on v.gemeente = o.gemeente and v.wijk = o.wijk and v.year = hub.current_year(o.gemeente)
cross join hub.contribution_kinds k
where o.gemeente = hub.gemeente() and o.organisation = hub.asker() and hub.today() between o.works_from and o.works_until
  and 'write' = any ($1::text[])
group by k.kind
union all
select 'READ', k.kind, null, '{}', '{}', 'EXACT', null, 'OWN_RECORDS', null, null, null, null from hub.contribution_kinds k
union all
select 'READ', r.kind, r.category, array_agg(distinct r.wijk), array_agg(distinct v.name), r.precision,
  hub.field_names_shown(r.kind, r.precision, r.fields), 'AGREEMENT', r.agreement, a.title, r.provider, r.valid_until
from hub.rules_on(hub.gemeente(), hub.today()) r
join hub.agreements a on (a.gemeente, a.id, a.version) = (hub.gemeente(), r.agreement, r.version)
left join hub.wijk_versions v on v.gemeente = hub.gemeente() and v.wijk = r.wijk and v.year = hub.current_year(hub.gemeente())
where r.receiver = hub.asker()
group by r.kind, r.category, r.precision, hub.field_names_shown(r.kind, r.precision, r.fields), r.agreement, a.title, r.provider, r.valid_until
order by 1 desc, 8, 10, 11, 2, 3 nulls first, 6, 4

-- explain_rules --
-- Every rule about a kind ($3) by which a provider ($1) shows, showed or would show records to a receiver ($2, null: any), with how it
-- stands on a day ($4): as far as the asker is a party. `about`: it is about one of these wijken ($5, null: any) and categories ($6).
-- `wins`: of some of these wijken and categories it says how a record of that day is shown; `would_win`: it would, once it is in force, in
-- the place of what its own agreement says now.
with stated as (
  select r.*, a.title, a.valid_from, a.valid_until, a.parties, hub.agreement_state_on(a.gemeente, a.id, a.version, $4::date) as state,
    (select max(d.at) from hub.agreement_decisions d
      where (d.gemeente, d.agreement, d.version) = (a.gemeente, a.id, a.version) and d.decision = 'ACCEPT') as agreed_at
  from hub.agreement_rules r
  join hub.agreements a on (a.gemeente, a.id, a.version) = (r.gemeente, r.agreement, r.version)
  where r.gemeente = hub.gemeente() and r.provider = $1::uuid and ($2::uuid is null or r.receiver = $2) and r.kind = $3::text
), in_force as materialized (
  select x.receiver, x.agreement, x.version, x.rule, x.wijk, x.category, x.precision, s.agreed_at
  from hub.rules_on(hub.gemeente(), $4) x
  join stated s on (s.agreement, s.version, s.number) = (x.agreement, x.version, x.rule)
), best as materialized (
  select distinct on (x.receiver, x.wijk, c.category) x.agreement, x.version, x.rule
  from in_force x
  join unnest($6::text[]) c(category) on x.category is null or x.category = c.category
  where ($5::uuid[] is null or x.wijk = any ($5)) and x.precision <> 'COUNT'
  order by x.receiver, x.wijk, c.category, hub.rank_of(x.precision) desc, x.agreed_at, x.agreement, x.rule
)
select s.agreement, s.version, s.number as rule, s.receiver, o.name as receiver_name, s.title, s.state, s.precision,
  hub.rank_of(s.precision)::int as rank, hub.field_names_shown(s.kind, s.precision, s.fields) as shown, s.fields as listed, s.keep_days,
  s.includes_past, s.valid_from, s.valid_until,
  ($5 is null or s.wijken && $5) as about_wijk, (s.category is null or s.category = any ($6)) as about_category,
  (s.agreement, s.version, s.number) in (select x.agreement, x.version, x.rule from in_force x) as in_force,
  (s.agreement, s.version, s.number) in (select b.agreement, b.version, b.rule from best b) as wins,
  s.precision <> 'COUNT' and exists (
    select from unnest(s.wijken) w(wijk)
    join unnest($6::text[]) c(category) on s.category is null or s.category = c.category
    where ($5 is null or w.wijk = any ($5)) and not exists (
      select from in_force x
      where x.receiver = s.receiver and x.wijk = w.wijk and (x.category is null or x.category = c.category)
        and x.agreement <> s.agreement and x.precision <> 'COUNT' and hub.rank_of(x.precision) >= hub.rank_of(s.precision)
    ) and not exists (
      select from stated y
      where (y.agreement, y.version, y.receiver) = (s.agreement, s.version, s.receiver) and w.wijk = any (y.wijken)
        and (y.category is null or y.category = c.category) and y.precision <> 'COUNT'
        and (-hub.rank_of(y.precision), y.number) < (-hub.rank_of(s.precision), s.number))) as would_win,
  array(
    select p.name from hub.organisations p
    where p.gemeente = s.gemeente and p.id = any (s.parties) and s.state = 'PROPOSED' and not exists (
      select from hub.agreement_decisions d
      where (d.gemeente, d.agreement, d.version, d.organisation) = (s.gemeente, s.agreement, s.version, p.id) and d.decision = 'ACCEPT'
        and (d.at at time zone 'Europe/Amsterdam')::date <= greatest($4, hub.today()))
    order by p.name) as waiting_for
from stated s
join hub.organisations o on (o.gemeente, o.id) = (s.gemeente, s.receiver)
where s.state in ('PROPOSED', 'ACCEPTED', 'IN_FORCE', 'ENDED', 'REVOKED', 'REJECTED', 'LAPSED')
order by o.name, s.receiver, in_force desc, wins desc, rank desc, s.agreed_at, s.valid_until desc, s.agreement, s.version, s.number

-- fields_of_kind --
-- What a kind of record ($1) has to show, and from which precision on.
select f.field, f.shown_from, f.listed, f.is_text from hub.contribution_fields f where f.kind = $1::text order by f.field

-- asker_works_in --
-- Whether the asker works in all of these wijken ($1) today.
select coalesce(hub.works_in_each($1::uuid[]), false) as works

-- count_is_open --
-- Whether a count of a measure ($1) and period ($2) can be given or changed today.
select hub.takes_counts($1::text, $2::text) as open

-- try_agreement --
-- What a proposal ($1: its term, $2: its rules, $3: the agreement that it replaces) would change in what receivers see of the asker's
-- own records. Nothing of it stays.
select t.change, t.receiver, t.kind, t.category, t.precision, t.fields, t.records, t.older, t.example
from hub.try_agreement($1::jsonb, $2::jsonb, $3::uuid) t

-- rules_replaced --
-- The rules of an agreement ($1) that are in force today, as far as the asker is a party.
select distinct r.rule, r.provider, r.receiver, r.kind, r.category, r.precision,
  hub.field_names_shown(r.kind, r.precision, r.fields) as fields
from hub.rules_on(hub.gemeente(), hub.today()) r
where r.agreement = $1::uuid
order by r.rule

-- organisations_at_work --
-- Of organisations ($1): their kind, and the wijken where each works on some day from $2 until $3.
select o.id, o.name, o.kind, array(
    select w.wijk from hub.organisation_wijken w
    where (w.gemeente, w.organisation) = (o.gemeente, o.id) and w.works_from <= $3::date and w.works_until >= $2::date) as wijken
from hub.organisations o where o.gemeente = hub.gemeente() and o.id = any ($1::uuid[])

-- fields_of_rules --
-- What each of some rules ($1, as JSON) would show.
select hub.field_names_shown(j.rule ->> 'kind', j.rule ->> 'precision',
  array(select jsonb_array_elements_text(j.rule -> 'fields'))) as fields
from jsonb_array_elements($1::jsonb) with ordinality j(rule, place) order by j.place

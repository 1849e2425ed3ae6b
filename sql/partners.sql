-- SPDX-License-Identifier: EUPL-1.2
-- Run by the owner, as administration: the catalogue of partners is not a partner's to change.
-- partner_save --
-- Adds an organisation, or changes its name and kind, and returns its id; one that left takes part again.
insert into hub.organisations (gemeente, id, slug, name, kind, invented)
values ($1::text, $2::uuid, $3::text, $4::text, $5::text, $6::boolean)
on conflict (gemeente, slug) do update set name = excluded.name, kind = excluded.kind, left_on = null
returning id

-- partner_erased --
-- Whether an organisation left and all that it put in was erased, or is being erased.
select left_on is not null and hub.deletion_proof(gemeente, id) is not null as erased
from hub.organisations where gemeente = $1::text and id = $2::uuid

-- partner_kind --
-- What kind of organisation a partner is.
select kind from hub.organisations where gemeente = $1::text and id = $2::uuid

-- partner_delay --
-- Says after how many days an owner is told that an organisation of police or enforcement read its records.
update hub.organisations set ledger_delay_days = $3::int where gemeente = $1::text and id = $2::uuid
returning kind

-- partner_works --
-- Says where an organisation works, from when (null: today) until when, and whom to call there; wijken by their code in the current division.
insert into hub.organisation_wijken (gemeente, organisation, wijk, works_from, works_until, contact)
select v.gemeente, $2::uuid, v.wijk, coalesce($4::date, hub.today()), coalesce($5::date, 'infinity'), $6::text
from hub.wijk_versions v
where v.gemeente = $1::text and v.year = hub.current_year(v.gemeente) and ($3::text[] is null or v.code = any ($3))
on conflict (gemeente, organisation, wijk) do update
  set works_from = excluded.works_from, works_until = excluded.works_until, contact = excluded.contact
returning wijk

-- partner_declares --
-- Says which dataset an organisation will deliver, how often, of which categories (null: not known), and whether it is never shared:
-- a mark that is there stays, for its owner alone takes it off.
insert into hub.datasets (gemeente, owner, dataset, kind, rhythm_days, contact, declared_on, categories, never_share)
values ($1::text, $2::uuid, $3::text, $4::text, $5::int, $6::text, coalesce($7::date, hub.today()), $8::text[], $9::boolean)
on conflict (gemeente, owner, dataset) do update
  set kind = excluded.kind, rhythm_days = excluded.rhythm_days, contact = excluded.contact, categories = excluded.categories,
    never_share = hub.datasets.never_share or excluded.never_share
returning dataset

-- partner_token --
-- Stores the digest of a new token.
insert into hub.tokens (gemeente, organisation, name, digest, roles, scopes, holder, expires_at)
values ($1::text, $2::uuid, $3::text, $4::bytea, $5::text[], $6::text[], $7::text, hub.now() + $8::int * interval '1 day')
returning id

-- partner_revoke_tokens --
-- Revokes the tokens of an organisation that have this name; they stop working within a second.
update hub.tokens set revoked_at = hub.now()
where gemeente = $1::text and organisation = $2::uuid and name = $3::text and revoked_at is null
returning id

-- partner_tokens --
-- The tokens of the partners of a gemeente, or of one of them, with how each stands; never what would open anything.
select o.slug, t.name, t.holder, t.scopes, t.roles, t.created_at, t.expires_at,
  case when t.revoked_at is not null then 'revoked' when t.expires_at <= hub.now() then 'expired' else 'active' end as state
from hub.tokens t join hub.organisations o on (o.gemeente, o.id) = (t.gemeente, t.organisation)
where o.gemeente = $1::text and ($2::text is null or o.slug = $2)
order by o.slug, t.name, t.created_at, t.id

-- partner_token_to_rotate --
-- The newest token of an organisation with this name that still works.
select t.roles, t.scopes, t.holder from hub.tokens t
where t.gemeente = $1::text and t.organisation = $2::uuid and t.name = $3::text and t.revoked_at is null and t.expires_at > hub.now()
order by t.created_at desc, t.id desc limit 1

-- partner_retire_tokens --
-- Lets the newest token with this name end after some days, and revokes older ones at once; all of them when there are no days.
update hub.tokens t set expires_at = least(t.expires_at, hub.now() + $4::int * interval '1 day'),
  revoked_at = case when $4 = 0 or old.place > 1 then hub.now() end
from (
  select x.id, row_number() over (order by x.created_at desc, x.id desc) as place from hub.tokens x
  where x.gemeente = $1::text and x.organisation = $2::uuid and x.name = $3::text and x.revoked_at is null
    and x.expires_at > hub.now()) old
where t.id = old.id
returning t.id, t.expires_at, t.revoked_at is not null as revoked

-- partner_find --
-- The id of an organisation by its slug.
select id from hub.organisations where gemeente = $1::text and slug = $2::text

-- partner_list --
-- The organisations of a gemeente, in how many wijken each works today, and since when those that left take no part.
select o.slug, o.id, o.name, o.kind, o.left_on, count(w.wijk)::int as wijken
from hub.organisations o
left join hub.organisation_wijken w on w.gemeente = o.gemeente and w.organisation = o.id
  and hub.today() between w.works_from and w.works_until
where o.gemeente = $1::text
group by o.slug, o.id, o.name, o.kind, o.left_on order by o.slug

-- clock_set --
-- Shifts the hub's clock, or freezes it; both null lets it run.
insert into hub.clock (frozen_at, shift) values ($1::timestamptz, coalesce($2::interval, interval '0'))
on conflict (only_row) do update set frozen_at = excluded.frozen_at, shift = excluded.shift
returning hub.today()

-- gemeenten_all --
-- Every gemeente of this hub.
select code, name from hub.gemeenten order by code

-- measure_save --
-- Adds a measure of the overview, or changes it; its definition's version goes up when it counts something else from now on.
insert into hub.measures (gemeente, code, label, categories, position, period, open_days, breakdown, groups)
values ($1::text, $2::text, $3::text, $4::text[], $5::int, $6::text, $7::int, $8::text, $9::text[])
on conflict (gemeente, code) do update set label = excluded.label, categories = excluded.categories,
  position = excluded.position, period = excluded.period, open_days = excluded.open_days, breakdown = excluded.breakdown,
  groups = excluded.groups
returning code, definition_version

-- buurt_save --
-- Adds a buurt without a CBS code to a wijk, by the wijk's code in the current division.
insert into hub.buurten (gemeente, id, wijk, name, invented)
select v.gemeente, $3::uuid, v.wijk, $4::text, $5::boolean
from hub.wijk_versions v
where v.gemeente = $1::text and v.code = $2::text and v.year = hub.current_year(v.gemeente)
on conflict (gemeente, wijk, name) do nothing
returning id

-- demo_begin --
-- Marks this database as a demo: whatever is recorded in it from now on is invented and says so.
insert into hub.demo (seed) values ($1::text) on conflict do nothing

-- demo_complete --
-- Says that the demo's world is whole.
update hub.demo set complete = true returning seed

-- demo_state --
-- Whether this is a demo, and whether its world is whole: no row in any other database.
select seed, complete from hub.demo

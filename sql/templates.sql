-- SPDX-License-Identifier: EUPL-1.2
-- What a template of an agreement is filled in with, and the onboarding of a partner.

-- template_parties --
-- Organisations of the asker's gemeente: of which kind each is, and in which of the wijken ($1) it works today.
select o.id, o.slug, o.kind, array(
    select w.wijk from hub.organisation_wijken w
    where (w.gemeente, w.organisation) = (o.gemeente, o.id) and w.wijk = any ($1::uuid[])
      and hub.today() between w.works_from and w.works_until
    order by w.wijk) as wijken
from hub.organisations o where o.gemeente = hub.gemeente() order by o.name, o.id

-- partners_so_named --
-- The partners of a gemeente ($1) that have not left and have this name ($2), however it is written, and the one that has its short form ($3).
select o.id, o.slug from hub.organisations o
where o.gemeente = $1::text and (o.slug = $3::text or o.left_on is null
  and lower(regexp_replace(o.name, '\s+', '', 'g')) = lower(regexp_replace($2::text, '\s+', '', 'g')))

-- partner_onboard --
-- Adds a partner to the asker's gemeente: id ($1), slug, name, kind, where it works ($5), whom to call there, its datasets ($7) and
-- their kinds, and the name and digest of its first token.
select hub.onboard_partner($1::uuid, $2::text, $3::text, $4::text, $5::uuid[], $6::text, $7::text[], $8::text[], $9::text, $10::bytea)

-- administers_partners --
-- Whether the asker may administer partners: an administrator of an organisation that is the municipality.
select hub.administers_partners()

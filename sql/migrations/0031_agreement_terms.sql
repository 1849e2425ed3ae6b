-- SPDX-License-Identifier: EUPL-1.2
-- What an agreement says besides who sees what: who is responsible for the data, the assessment of its risks, what the police weighed,
-- where the signed paper is, and whether it is published. And the warnings before it ends.

alter table hub.agreements
  -- the roles of the parties under the AVG: joint controllers (26), controllers each for itself, processors (28)
  add column joint_controllers uuid[] not null default '{}',
  add column separate_controllers uuid[] not null default '{}',
  add column processors uuid[] not null default '{}',
  add column dpia_on date,
  -- what a sharing decision of the police says (Wpg 20): data, purpose and receivers follow from the rules
  add column interest text check (length(interest) <= 2000),
  add column partnership text check (length(partnership) <= 2000),
  add column conditions text check (length(conditions) <= 2000),
  add column publish boolean not null default false,
  add constraint agreements_controllers check (
    joint_controllers || separate_controllers || processors <@ parties
    and hub.all_different(joint_controllers || separate_controllers || processors));
grant insert (joint_controllers, separate_controllers, processors, dpia_on, interest, partnership, conditions, publish)
  on hub.agreements to hub_app;

alter table hub.agreement_decisions
  add column document text check (length(document) >= 1 and length(document) <= 500 and (document !~ '^[A-Za-z][A-Za-z0-9+.-]*:' or document ~ '^https://'));
grant insert (document) on hub.agreement_decisions to hub_app;
-- Who of a party decided is that party's own: the others read which party it was.
revoke select on hub.agreement_decisions from hub_app;
grant select (gemeente, agreement, version, organisation, decision, at, reason, signed_by, document) on hub.agreement_decisions to hub_app;

-- The last day of a version, as far as decided: of its term, or the day before it is replaced.
create function hub.last_day(in_gemeente text, of_agreement uuid, of_version int) returns date language sql stable parallel safe as $$
  select least(a.valid_until, p.from_day - 1)
  from hub.agreements a
  left join hub.replaced_versions p on (p.gemeente, p.agreement, p.version) = (a.gemeente, a.id, a.version)
  where (a.gemeente, a.id, a.version) = (in_gemeente, of_agreement, of_version)
$$;

-- Whether a later version, with this party, is there from the day after the last day of a version, or before.
create function hub.has_next(in_gemeente text, of_agreement uuid, of_version int, of_party uuid) returns boolean
  language sql stable parallel safe as $$
  select exists (
    select from hub.agreements n
    where (n.gemeente, n.id) = (in_gemeente, of_agreement) and n.version > of_version and of_party = any (n.parties)
      and hub.begins_on(n.gemeente, n.id, n.version) <= hub.last_day(in_gemeente, of_agreement, of_version) + 1)
$$;

-- How near the end of a version is, for a party for which nothing comes after it: 60, 30 or 7 days, the least that is reached, of those
-- that are shorter than the version lasts. Else null.
create function hub.end_threshold(in_gemeente text, of_agreement uuid, of_version int, of_party uuid) returns int
  language sql stable parallel safe as $$
  select min(t.days)
  from (select hub.last_day(in_gemeente, of_agreement, of_version) as last_day,
    hub.begins_on(in_gemeente, of_agreement, of_version) as first_day) v
  cross join (values (60), (30), (7)) t (days)
  where hub.agreement_state(in_gemeente, of_agreement, of_version) = 'IN_FORCE' and v.last_day - hub.today() <= t.days
    and v.last_day - v.first_day >= t.days and not hub.has_next(in_gemeente, of_agreement, of_version, of_party)
$$;
grant execute on function hub.last_day(text, uuid, int), hub.has_next(text, uuid, int, uuid), hub.end_threshold(text, uuid, int, uuid)
  to hub_app, hub_recorder;

-- The versions of agreements that the asker may read, each with its state. The current one of an agreement is the one in force, else
-- the newest.
create function hub.agreement_versions(of_agreements uuid[])
  returns table (id uuid, typename text, version int, version_key text, is_current boolean, state text, title text, purpose text,
    legal_basis text, valid_from date, valid_until date, contact text, dpia text, dpia_on date, interest text, partnership text,
    conditions text, publish boolean, proposed_by uuid, parties uuid[], joint_controllers uuid[], separate_controllers uuid[],
    processors uuid[], ends_in int, threshold int)
  language sql stable as $$
  select a.id, 'Agreement', a.version, a.id || '/' || a.version,
    row_number() over (partition by a.id order by s.state = 'IN_FORCE' desc, a.version desc) = 1, s.state, a.title, a.purpose,
    a.legal_basis, a.valid_from, a.valid_until, a.contact, a.dpia, a.dpia_on, a.interest, a.partnership, a.conditions, a.publish,
    a.proposed_by, a.parties, a.joint_controllers, a.separate_controllers, a.processors,
    case when s.state = 'IN_FORCE' then hub.last_day(a.gemeente, a.id, a.version) - hub.today() end,
    case when s.state = 'IN_FORCE' then hub.end_threshold(a.gemeente, a.id, a.version, hub.asker()) end
  from hub.agreements a
  cross join lateral (select hub.agreement_state(a.gemeente, a.id, a.version) as state) s
  where a.gemeente = hub.gemeente() and a.id = any (of_agreements)
$$;
grant execute on function hub.agreement_versions(uuid[]) to hub_app;

-- What every partner of a gemeente may know of agreements in force whose parties chose to publish them: their words, and who shows whom
-- what. No id and no number of a rule leads back to them.
create function hub.published_agreements(in_gemeente text)
  returns table (title text, parties uuid[], purpose text, legal_basis text, valid_from date, valid_until date, rules jsonb)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select a.title, a.parties, a.purpose, a.legal_basis, a.valid_from, a.valid_until, (
    select jsonb_agg(jsonb_build_object('provider', r.provider, 'receiver', r.receiver, 'wijken', r.wijken, 'kind', r.kind,
      'category', r.category, 'fields', r.fields, 'precision', r.precision, 'keep_days', r.keep_days, 'includes_past', r.includes_past) order by r.number)
    from hub.agreement_rules r where (r.gemeente, r.agreement, r.version) = (a.gemeente, a.id, a.version))
  from hub.agreements a
  where a.gemeente = in_gemeente and in_gemeente = hub.gemeente() and hub.asker() is not null and a.publish
    and hub.agreement_state(a.gemeente, a.id, a.version) = 'IN_FORCE'
  order by a.title, a.valid_until, a.id
$$;
grant execute on function hub.published_agreements(text) to hub_app;
alter function hub.published_agreements(text) owner to hub_door;

-- Tells the parties of an agreement that it ends, once for each threshold, in the feed of each wijk that it is about.
create function hub.warn_of_ends(in_gemeente text) returns int
  language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with told as (
    insert into hub.feed_items (gemeente, owner, wijk, change, for_owner, receiver, agreement, version)
    select distinct a.gemeente, a.proposed_by, w.wijk, 'AGREEMENT_ENDS_IN_' || t.days, false, p.party, a.id, a.version
    from hub.agreements a
    cross join lateral unnest(a.parties) p (party)
    cross join lateral (select hub.end_threshold(a.gemeente, a.id, a.version, p.party) as days) t
    join hub.agreement_rules r on (r.gemeente, r.agreement, r.version) = (a.gemeente, a.id, a.version)
    cross join lateral unnest(r.wijken) w (wijk)
    where a.gemeente = in_gemeente and t.days is not null
      and hub.today() between a.valid_from and a.valid_until
    order by 7, 6, 3
    on conflict do nothing returning 1)
  select count(*)::int from told
$$;
grant execute on function hub.warn_of_ends(text) to hub_app;
alter function hub.warn_of_ends(text) owner to hub_recorder;

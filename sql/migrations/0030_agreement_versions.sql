-- SPDX-License-Identifier: EUPL-1.2
-- Versions of an agreement. A party proposes a next version; the one in force stays until every party of the next one has accepted it
-- and its first day has come. From then on the old one is REPLACED: its grants end the day before, or at once when that day was there
-- already. A version that is rejected, or revoked before it began, leaves the old one as it was.
--
-- Each version has parties of its own, who alone read it. What a party of the version in force learns of a newer one to which it is no
-- party: that one is open (it cannot propose another), and from which day its own is replaced.

-- Which versions are replaced, and from which day: follows from the decisions, and is compiled anew with the grants.
create table hub.replaced_versions (
  gemeente text not null,
  agreement uuid not null,
  version int not null,
  from_day date not null,
  primary key (gemeente, agreement, version),
  foreign key (gemeente, agreement, version) references hub.agreements on delete restrict
);
alter table hub.replaced_versions enable row level security;
alter table hub.replaced_versions force row level security;
create policy of_parties on hub.replaced_versions for select to hub_app
  using (gemeente = (select hub.gemeente()) and exists (
    select from hub.agreements a
    where a.gemeente = replaced_versions.gemeente and a.id = replaced_versions.agreement and a.version = replaced_versions.version));
create policy door on hub.replaced_versions for select to hub_door using (true);
create policy recorder on hub.replaced_versions to hub_recorder using (true) with check (true);
grant select on hub.replaced_versions to hub_app, hub_door;
grant select, insert, delete on hub.replaced_versions to hub_recorder;

-- The state of a version as of a day, at its end: for a past day by the decisions made until then, for today and later by all of them
-- and the term. Null for a proposal that was not made yet. What came first stays: an ended version is not replaced later.
create function hub.agreement_state_on(in_gemeente text, of_agreement uuid, of_version int, on_day date)
  returns text language sql stable parallel safe as $$
  select case
      when bool_or(d.decision = 'REVOKE') then 'REVOKED'
      when bool_or(d.decision = 'REJECT') then 'REJECTED'
      when p.from_day <= least(on_day, a.valid_until) then 'REPLACED'
      when on_day > a.valid_until then 'ENDED'
      when count(*) filter (where d.decision = 'ACCEPT') = cardinality(a.parties) and on_day >= a.valid_from then 'IN_FORCE'
      when count(*) filter (where d.decision = 'ACCEPT') = cardinality(a.parties) then 'ACCEPTED'
      else 'PROPOSED' end
  from hub.agreements a
  left join hub.agreement_decisions d on (d.gemeente, d.agreement, d.version) = (a.gemeente, a.id, a.version)
    and (on_day >= hub.today() or (d.at at time zone 'Europe/Amsterdam')::date <= on_day)
  left join hub.replaced_versions p on (p.gemeente, p.agreement, p.version) = (a.gemeente, a.id, a.version)
  where (a.gemeente, a.id, a.version) = (in_gemeente, of_agreement, of_version)
    and (on_day >= hub.today() or (a.proposed_at at time zone 'Europe/Amsterdam')::date <= on_day)
  group by a.gemeente, a.id, a.version, p.from_day
$$;
create or replace function hub.agreement_state(in_gemeente text, of_agreement uuid, of_version int)
  returns text language sql stable parallel safe as $$
  select hub.agreement_state_on(in_gemeente, of_agreement, of_version, hub.today())
$$;

-- The rules in force on a day, one row per wijk: all of them for the doors, its own agreements' for an asker. `valid_until` is the last
-- day on which the rule applies, `covers_from` the first day of recording of what it shows.
create function hub.rules_on(in_gemeente text, on_day date)
  returns table (receiver uuid, provider uuid, wijk uuid, kind text, category text, agreement uuid, version int, rule int,
    "precision" text, fields text[], covers_from date, valid_from date, valid_until date, keep_days int, min_cell int,
    includes_past boolean)
  language sql stable parallel safe as $$
  select r.receiver, r.provider, w.id, r.kind, r.category, r.agreement, r.version, r.number, r.precision, r.fields,
    case when r.includes_past then '-infinity' else a.valid_from end, a.valid_from, least(a.valid_until, p.from_day - 1), r.keep_days,
    r.min_cell, r.includes_past
  from hub.agreements a
  join hub.agreement_rules r on (r.gemeente, r.agreement, r.version) = (a.gemeente, a.id, a.version)
  left join hub.replaced_versions p on (p.gemeente, p.agreement, p.version) = (a.gemeente, a.id, a.version)
  cross join lateral unnest(r.wijken) w (id)
  where a.gemeente = in_gemeente and on_day between a.valid_from and a.valid_until
    and hub.agreement_state_on(a.gemeente, a.id, a.version, on_day) = 'IN_FORCE'
$$;
create or replace function hub.rules_in_force(in_gemeente text)
  returns table (receiver uuid, provider uuid, wijk uuid, kind text, category text, agreement uuid, version int, rule int,
    covers_from date, keep_days int, min_cell int)
  language sql stable parallel safe as $$
  select r.receiver, r.provider, r.wijk, r.kind, r.category, r.agreement, r.version, r.rule, r.covers_from, r.keep_days, r.min_cell
  from hub.rules_on(in_gemeente, hub.today()) r
$$;
grant execute on function hub.agreement_state_on(text, uuid, int, date), hub.rules_on(text, date) to hub_app, hub_door, hub_recorder;

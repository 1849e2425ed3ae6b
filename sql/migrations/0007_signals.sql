-- SPDX-License-Identifier: EUPL-1.2
-- Signals: something seen, by any partner.

create table hub.signals (
  category text not null check (category in ('YOUTH_NUISANCE', 'NOISE', 'LITTER', 'VANDALISM', 'PAVING', 'GREEN', 'LIGHTING',
    'TRAFFIC', 'SAFETY', 'HOUSING', 'ABSENTEEISM', 'SOCIAL_CONTACT', 'CARE', 'OTHER')),
  subcategory text check (length(subcategory) <= 80),
  seen_at timestamptz not null,
  seen_on date not null generated always as ((seen_at at time zone 'Europe/Amsterdam')::date) stored,
  lon double precision check (lon between -180 and 180),
  lat double precision check (lat between -90 and 90),
  status text not null default 'NEW' check (status in
    ('NEW', 'IN_PROGRESS', 'PLANNED', 'WAITING', 'FORWARDED', 'DONE', 'CANCELLED', 'REOPENED')),
  summary text check (length(summary) <= 2000),
  internal_note text check (length(internal_note) <= 4000),
  check ((lon is null) = (lat is null))
);

insert into hub.contribution_fields (kind, field, columns, shown_from, listed, is_text) values
  ('SIGNAL', 'category', '{category}', 'WIJK', false, false),
  ('SIGNAL', 'status', '{status}', 'WIJK', false, false),
  ('SIGNAL', 'closedOn', '{closed_on}', 'WIJK', false, false),
  ('SIGNAL', 'seenOn', '{seen_on}', 'WIJK', false, false),
  ('SIGNAL', 'buurt', '{buurt}', 'BUURT', false, false),
  ('SIGNAL', 'subcategory', '{subcategory}', 'WIJK', true, false),
  ('SIGNAL', 'summary', '{summary}', 'WIJK', true, true),
  ('SIGNAL', 'seenAt', '{seen_at}', 'EXACT', true, false),
  ('SIGNAL', 'point', '{lon,lat}', 'EXACT', true, false),
  ('SIGNAL', 'internalNote', '{internal_note}', 'OWN', false, true),
  ('SIGNAL', 'sourceId', '{dataset,external_id}', 'OWN', false, false),
  ('SIGNAL', 'version', '{version}', 'OWN', false, false);

select hub.make_contribution('SIGNAL', 'signals', 'seen_on');

-- Of police and enforcement (their data may fall under the Wpg) the hub keeps codes alone: no point, no text, no minute.
create function hub.keeps_codes_only() returns boolean language sql stable parallel safe as $$
  select exists (
    select from hub.organisations o
    where o.gemeente = hub.gemeente() and o.id = hub.asker() and o.kind in ('POLICE', 'ENFORCEMENT'))
$$;
grant execute on function hub.keeps_codes_only() to hub_app;
create policy codes_only_new on hub.signals as restrictive for insert to hub_app with check (
  not (select hub.keeps_codes_only())
  or (lon is null and summary is null and internal_note is null
    and (seen_at at time zone 'Europe/Amsterdam')::time = time '12:00'));
create policy codes_only_change on hub.signals as restrictive for update to hub_app with check (
  not (select hub.keeps_codes_only())
  or (lon is null and summary is null and internal_note is null
    and (seen_at at time zone 'Europe/Amsterdam')::time = time '12:00'));

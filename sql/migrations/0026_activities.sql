-- SPDX-License-Identifier: EUPL-1.2
-- Activities: something that people can come to, or that is done with them. One activity may be for several wijken.

create table hub.activities (
  category text not null check (category in ('YOUTH_NUISANCE', 'NOISE', 'LITTER', 'VANDALISM', 'PAVING', 'GREEN', 'LIGHTING',
    'TRAFFIC', 'SAFETY', 'HOUSING', 'ABSENTEEISM', 'SOCIAL_CONTACT', 'CARE', 'OTHER')),
  title text not null check (length(title) between 1 and 200),
  audience text check (length(audience) <= 200),
  starts_at timestamptz not null,
  starts_on date not null generated always as ((starts_at at time zone 'Europe/Amsterdam')::date) stored,
  ends_at timestamptz,
  facility text check (length(facility) <= 200),
  attendance int check (attendance between 0 and 100000),
  constraint activities_end_after_start check (ends_at >= starts_at)
);

-- how many came can be so few that it says who
insert into hub.contribution_fields (kind, field, columns, shown_from, listed, is_text) values
  ('ACTIVITY', 'category', '{category}', 'WIJK', false, false),
  ('ACTIVITY', 'wijken', '{wijken}', 'WIJK', false, false),
  ('ACTIVITY', 'startsOn', '{starts_on}', 'WIJK', false, false),
  ('ACTIVITY', 'closedOn', '{closed_on}', 'WIJK', false, false),
  ('ACTIVITY', 'buurt', '{buurt}', 'BUURT', false, false),
  ('ACTIVITY', 'title', '{title}', 'WIJK', true, true),
  ('ACTIVITY', 'audience', '{audience}', 'WIJK', true, true),
  ('ACTIVITY', 'facility', '{facility}', 'WIJK', true, true),
  ('ACTIVITY', 'startsAt', '{starts_at}', 'EXACT', true, false),
  ('ACTIVITY', 'endsAt', '{ends_at}', 'EXACT', true, false),
  ('ACTIVITY', 'attendance', '{attendance}', 'EXACT', true, false),
  ('ACTIVITY', 'sourceId', '{dataset,external_id}', 'OWN', false, false),
  ('ACTIVITY', 'version', '{version}', 'OWN', false, false);

select hub.make_contribution('ACTIVITY', 'activities', 'starts_on', several => true);

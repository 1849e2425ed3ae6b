-- SPDX-License-Identifier: EUPL-1.2
-- Housing projects: a corporation's work on its homes in a complex, often before it begins.

create table hub.housing_projects (
  category text not null check (category in ('YOUTH_NUISANCE', 'NOISE', 'LITTER', 'VANDALISM', 'PAVING', 'GREEN', 'LIGHTING',
    'TRAFFIC', 'SAFETY', 'HOUSING', 'ABSENTEEISM', 'SOCIAL_CONTACT', 'CARE', 'OTHER')),
  title text not null check (length(title) between 1 and 200),
  work text not null check (work in ('MAINTENANCE', 'RENOVATION', 'DEMOLITION', 'NEW_BUILD', 'LETTING')),
  homes int not null check (homes between 1 and 100000),
  starts_on date not null,
  ends_on date,
  status text not null check (status in ('PLANNED', 'RUNNING', 'DONE', 'CANCELLED')),
  constraint housing_projects_end_after_start check (ends_on >= starts_on)
);

-- a number of homes can tell which complex it is, and so where
insert into hub.contribution_fields (kind, field, columns, shown_from, listed, is_text) values
  ('HOUSING_PROJECT', 'category', '{category}', 'WIJK', false, false),
  ('HOUSING_PROJECT', 'work', '{work}', 'WIJK', false, false),
  ('HOUSING_PROJECT', 'status', '{status}', 'WIJK', false, false),
  ('HOUSING_PROJECT', 'startsOn', '{starts_on}', 'WIJK', false, false),
  ('HOUSING_PROJECT', 'endsOn', '{ends_on}', 'WIJK', false, false),
  ('HOUSING_PROJECT', 'closedOn', '{closed_on}', 'WIJK', false, false),
  ('HOUSING_PROJECT', 'buurt', '{buurt}', 'BUURT', false, false),
  ('HOUSING_PROJECT', 'homes', '{homes}', 'BUURT', false, false),
  ('HOUSING_PROJECT', 'title', '{title}', 'WIJK', true, true),
  ('HOUSING_PROJECT', 'sourceId', '{dataset,external_id}', 'OWN', false, false),
  ('HOUSING_PROJECT', 'version', '{version}', 'OWN', false, false);

select hub.make_contribution('HOUSING_PROJECT', 'housing_projects', 'starts_on');

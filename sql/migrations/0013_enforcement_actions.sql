-- SPDX-License-Identifier: EUPL-1.2
-- Enforcement actions: what handhaving did about what, by codes alone. No point, time or text has a column here.

create table hub.enforcement_actions (
  category text not null check (category in ('YOUTH_NUISANCE', 'NOISE', 'LITTER', 'VANDALISM', 'PAVING', 'GREEN', 'LIGHTING',
    'TRAFFIC', 'SAFETY', 'HOUSING', 'ABSENTEEISM', 'SOCIAL_CONTACT', 'CARE', 'OTHER')),
  measure text not null check (measure in ('PATROL', 'WARNING', 'OFFICIAL_REPORT', 'PENAL_ORDER', 'ADMINISTRATIVE_FINE',
    'DISPERSAL', 'OBJECT_REMOVED')),
  happened_on date not null,
  day_part text check (day_part in ('NIGHT', 'MORNING', 'AFTERNOON', 'EVENING'))
);

-- The part of the day says more of the time than a day does: like a moment it is for EXACT alone, and where a rule lists it.
insert into hub.contribution_fields (kind, field, columns, shown_from, listed, is_text) values
  ('ENFORCEMENT_ACTION', 'category', '{category}', 'WIJK', false, false),
  ('ENFORCEMENT_ACTION', 'measure', '{measure}', 'WIJK', false, false),
  ('ENFORCEMENT_ACTION', 'closedOn', '{closed_on}', 'WIJK', false, false),
  ('ENFORCEMENT_ACTION', 'happenedOn', '{happened_on}', 'WIJK', false, false),
  ('ENFORCEMENT_ACTION', 'buurt', '{buurt}', 'BUURT', false, false),
  ('ENFORCEMENT_ACTION', 'dayPart', '{day_part}', 'EXACT', true, false),
  ('ENFORCEMENT_ACTION', 'sourceId', '{dataset,external_id}', 'OWN', false, false),
  ('ENFORCEMENT_ACTION', 'version', '{version}', 'OWN', false, false);

select hub.make_contribution('ENFORCEMENT_ACTION', 'enforcement_actions', 'happened_on', codes_only => true);

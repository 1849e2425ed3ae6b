-- SPDX-License-Identifier: EUPL-1.2
-- Police notices: what the wijkagent tells the partners in a wijk, by codes alone. No point, time or text has a column here.

create table hub.police_notices (
  category text not null check (category in ('YOUTH_NUISANCE', 'NOISE', 'LITTER', 'VANDALISM', 'PAVING', 'GREEN', 'LIGHTING',
    'TRAFFIC', 'SAFETY', 'HOUSING', 'ABSENTEEISM', 'SOCIAL_CONTACT', 'CARE', 'OTHER')),
  noticed_on date not null,
  day_part text check (day_part in ('NIGHT', 'MORNING', 'AFTERNOON', 'EVENING')),
  until date,
  advice text check (advice in ('EXTRA_ATTENTION', 'KEEP_DISTANCE', 'CALL_POLICE', 'REPORT_ONLINE', 'SECURE_PROPERTY',
    'ASK_WIJKAGENT')),
  check (until >= noticed_on)
);

-- The part of the day says more of the time than a day does: like a moment it is for EXACT alone, and where a rule lists it. The
-- advice is what a notice is for: whoever may see the notice may see it.
insert into hub.contribution_fields (kind, field, columns, shown_from, listed, is_text) values
  ('POLICE_NOTICE', 'category', '{category}', 'WIJK', false, false),
  ('POLICE_NOTICE', 'closedOn', '{closed_on}', 'WIJK', false, false),
  ('POLICE_NOTICE', 'on', '{noticed_on}', 'WIJK', false, false),
  ('POLICE_NOTICE', 'until', '{until}', 'WIJK', false, false),
  ('POLICE_NOTICE', 'advice', '{advice}', 'WIJK', false, false),
  ('POLICE_NOTICE', 'buurt', '{buurt}', 'BUURT', false, false),
  ('POLICE_NOTICE', 'dayPart', '{day_part}', 'EXACT', true, false),
  ('POLICE_NOTICE', 'sourceId', '{dataset,external_id}', 'OWN', false, false),
  ('POLICE_NOTICE', 'version', '{version}', 'OWN', false, false);

select hub.make_contribution('POLICE_NOTICE', 'police_notices', 'noticed_on', codes_only => true);

-- SPDX-License-Identifier: EUPL-1.2
-- What the asker is within its organisation. A role opens no record of others; it decides who within an organisation may do what
-- concerns the organisation itself: look into the ledger with its times, maintain partners.

-- Set once per transaction by the session, as who asks is. Never set reads as no role.
create function hub.has_role(role text) returns boolean language sql stable parallel safe as $$
  select coalesce(role = any (string_to_array(current_setting('hub.roles', true), ',')), false)
$$;
grant execute on function hub.has_role(text) to hub_app, hub_door, hub_recorder;

alter table hub.tokens no force row level security;
alter table hub.tokens add constraint tokens_roles check (roles <@ array['ADMINISTRATOR', 'COUNCIL', 'PRIVACY_OFFICER', 'WIJKREGISSEUR']);
alter table hub.tokens force row level security;

-- SPDX-License-Identifier: EUPL-1.2
-- The ground that every later migration stands on: who asks, what day it is, and where ids come from.

grant usage on schema hub to hub_app;

-- The clock ----------------------------------------------------------------------------------------------------------
-- One source of time for terms, lateness and periods. The table is empty in production; a demo shifts it, a test freezes it.
create table hub.clock (
  only_row boolean primary key default true check (only_row),
  frozen_at timestamptz,
  shift interval not null default interval '0'
);
grant select on hub.clock to hub_app, hub_door, hub_recorder;

create function hub.now() returns timestamptz language sql stable parallel safe as $$
  select coalesce((select coalesce(c.frozen_at, now() + c.shift) from hub.clock c), now())
$$;
create function hub.today() returns date language sql stable parallel safe as $$
  select (hub.now() at time zone 'Europe/Amsterdam')::date
$$;

-- Whether the world of this database is invented: the row is there in a demo alone, and every record made in it then says so.
create table hub.demo (
  only_row boolean primary key default true check (only_row),
  seed text not null,
  complete boolean not null default false
);
grant select on hub.demo to hub_app, hub_door, hub_recorder;
create function hub.is_demo() returns boolean language sql stable parallel safe as $$
  select exists (select from hub.demo)
$$;

-- Who asks -----------------------------------------------------------------------------------------------------------
-- Set once per transaction by the session (set_config, local). Never set and reset both read as null, and null equals
-- nothing: without an asker every policy shows no row.
create function hub.asker() returns uuid language sql stable parallel safe as $$
  select nullif(current_setting('hub.organisation', true), '')::uuid
$$;
create function hub.gemeente() returns text language sql stable parallel safe as $$
  select nullif(current_setting('hub.gemeente', true), '')
$$;
create function hub.actor() returns text language sql stable parallel safe as $$
  select coalesce(nullif(current_setting('hub.actor', true), ''), session_user::text)
$$;

-- Ids that tell nothing: randomness alone. One function, so that a test can make every id predictable.
create function hub.new_id() returns uuid language sql volatile parallel safe as $$
  select gen_random_uuid()
$$;

grant execute on function hub.now(), hub.today(), hub.is_demo(), hub.asker(), hub.gemeente(), hub.actor(), hub.new_id()
  to hub_app, hub_door, hub_recorder;
grant select on hub.migrations to hub_app;

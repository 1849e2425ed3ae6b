-- SPDX-License-Identifier: EUPL-1.2
-- An idempotency key, and what the parts of a full list named, are kept for seven days: a retry comes sooner. And the reason of a
-- withdrawal is a text, so of police and enforcement the database keeps one word alone.

create function hub.retry_may_come(made_on date) returns boolean language sql stable parallel safe as $$
  select made_on >= hub.today() - 7
$$;
grant execute on function hub.retry_may_come(date) to hub_recorder;

alter table hub.list_parts add column on_day date not null default hub.today();

-- The daily work takes away what is past its time. It sees no more of it than its day.
create policy forget on hub.idempotency_keys to hub_recorder using (true);
create policy forget on hub.list_parts to hub_recorder using (true);
grant select (gemeente, on_day), delete on hub.idempotency_keys, hub.list_parts to hub_recorder;
create function hub.forget_keys(of_gemeente text) returns int
  language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with keys as (
    delete from hub.idempotency_keys k where k.gemeente = of_gemeente and not hub.retry_may_come(k.on_day) returning 1),
  parts as (
    delete from hub.list_parts p where p.gemeente = of_gemeente and not hub.retry_may_come(p.on_day) returning 1)
  select ((select count(*) from keys) + (select count(*) from parts))::int
$$;
grant execute on function hub.forget_keys(text) to hub_app;
alter function hub.forget_keys(text) owner to hub_recorder;

create policy codes_only_new on hub.tombstones as restrictive for insert to hub_app
  with check (not (select hub.keeps_codes_only()) or reason = 'ingetrokken');

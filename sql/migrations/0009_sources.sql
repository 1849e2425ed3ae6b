-- SPDX-License-Identifier: EUPL-1.2
-- Sources: which dataset was delivered when, whether it is late today, and whether it was silent in a week. Seen by the parties
-- of a dataset: its owner, and whoever receives its kind of record in that wijk under a rule in force, COUNT included.
--
-- Both are held against the promised rhythm; a dataset without one is neither late nor silent. The promise counts from the
-- declaration, or from the first day of work in the wijk when that is later, or from the first delivery when that came before.

create function hub.source_states(in_wijken uuid[], week_until date)
  returns table (wijk uuid, owner uuid, dataset text, kind text, rhythm_days int, contact text, last_delivery date, late boolean,
    silent boolean)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  with rules as materialized (
    select r.provider, r.wijk, r.kind from hub.rules_in_force(hub.gemeente()) r where r.receiver = hub.asker()
  )
  select w.wijk, d.owner, d.dataset, d.kind, d.rhythm_days, coalesce(d.contact, w.contact), x.last_day,
    coalesce(hub.today() > coalesce(x.last_day, p.since) + d.rhythm_days, false),
    -- a week that is not over may still get its delivery
    coalesce(week_until < hub.today() and p.since <= p.window_from and not exists (
      select from hub.deliveries v
      where (v.gemeente, v.wijk, v.owner, v.dataset) = (d.gemeente, w.wijk, d.owner, d.dataset)
        and v.on_day between p.window_from and week_until), false)
  from hub.organisation_wijken w
  join hub.datasets d on (d.gemeente, d.owner) = (w.gemeente, w.organisation)
  cross join lateral (
    select min(v.on_day) as first_day, max(v.on_day) as last_day
    from hub.deliveries v
    where (v.gemeente, v.wijk, v.owner, v.dataset) = (d.gemeente, w.wijk, d.owner, d.dataset)) x
  cross join lateral (
    select least(greatest(d.declared_on, w.works_from), x.first_day) as since,
      -- null without a rhythm, and with it the answer
      week_until - case when d.rhythm_days is not null then greatest(d.rhythm_days, 7) end + 1 as window_from) p
  where w.gemeente = hub.gemeente() and w.wijk = any (in_wijken) and hub.today() between w.works_from and w.works_until
    and (d.owner = hub.asker() or (d.owner, w.wijk, d.kind) in (select r.provider, r.wijk, r.kind from rules r))
$$;
grant execute on function hub.source_states(uuid[], date) to hub_app;
alter function hub.source_states(uuid[], date) owner to hub_door;

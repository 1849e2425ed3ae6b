-- SPDX-License-Identifier: EUPL-1.2
-- What an organisation sees of its own slice, over all wijken: its records whole, and its records as another organisation sees
-- them. Both are made of the doors, wijk by wijk, so that they show what the doors show; a record of several wijken is there once.

create function hub.make_slice_lists(of_kind text, of_table name, day_column name) returns void
  language plpgsql as $body$
declare
  result text := pg_get_function_result(('hub.shared_' || quote_ident(of_table || '_newest'))::regproc);
  point text := '';
  own name := 'own_' || of_table;
  seen name := 'seen_' || of_table;
begin
  -- a place is read from lon and lat; a kind without a point has none
  if not exists (select from pg_attribute where attrelid = ('hub.' || quote_ident(of_table))::regclass and attname = 'lon') then
    result := regexp_replace(result, '\)$', ', lon double precision, lat double precision)');
    point := ', null::double precision, null::double precision';
  end if;

  execute format($f$
    create function hub.%1$I(of_owner uuid, categories text[], statuses text[], in_buurt uuid, from_day date, until_day date,
      is_closed boolean, words text, after_day date, after_id uuid, n int) returns %2$s
    language sql stable as $$
      select distinct on (s.day, s.id) s.* %3$s
      from hub.wijken w
      cross join lateral hub.%4$I(w.id, hub.asker(), categories, statuses, in_buurt, from_day, until_day, is_closed, words,
        after_day, after_id, n) s
      where w.gemeente = (select hub.gemeente()) and (of_owner is null or s.owner = of_owner)
      order by s.day desc, s.id desc limit n
    $$ $f$, own, result, point, of_table || '_newest');
  execute format('grant execute on function hub.%I to hub_app', own);

  -- The receiver's door, executed as the receiver, over the asker's records alone. An error undoes who asks with everything else.
  execute format($f$
    create function hub.%1$I(receiver uuid, after_day date, after_id uuid, n int) returns %2$s
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
    declare
      me uuid := hub.asker();
    begin
      if me is null then
        return;
      end if;
      perform set_config('hub.organisation', receiver::text, true);
      return query
        select distinct on (s.day, s.id) s.* %3$s
        from hub.wijken w
        cross join lateral hub.%4$I(w.id, me, null, null, null, null, null, null, null, after_day, after_id, n) s
        where w.gemeente = hub.gemeente()
        order by s.day desc, s.id desc, hub.rank_of(s.precision) desc limit n;
      perform set_config('hub.organisation', me::text, true);
    end $$ $f$, seen, result, point, 'shared_' || of_table || '_newest');
  execute format('grant execute on function hub.%I to hub_app', seen);
  execute format('alter function hub.%I owner to hub_door', seen);
end $body$;

select hub.every_kind_gets('make_slice_lists');

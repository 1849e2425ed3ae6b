-- SPDX-License-Identifier: EUPL-1.2
-- What every kind of contribution gets beside its table and its doors comes in parts. A part is a function that makes something for
-- one kind (of_kind text, of_table name, day_column name). A migration that adds a part names it once, here or later: the part is
-- made for the kinds that are there, and for each that comes.

create table hub.contribution_parts (
  position int generated always as identity primary key,
  maker name not null unique
);

create function hub.make_part(maker name, of_kind text) returns void language plpgsql as $$
begin
  execute format('select hub.%I(k.kind, k.table_name, k.day_column) from hub.contribution_kinds k where k.kind = $1', maker) using of_kind;
end $$;

create function hub.every_kind_gets(maker name) returns void language plpgsql as $$
begin
  insert into hub.contribution_parts (maker) values (every_kind_gets.maker);
  perform hub.make_part(every_kind_gets.maker, k.kind) from hub.contribution_kinds k;
end $$;

create or replace function hub.make_contribution(of_kind text, of_table name, day_column name, codes_only boolean default false)
  returns void language plpgsql as $$
begin
  if codes_only then
    perform hub.check_codes_only(of_kind, ('hub.' || quote_ident(of_table))::regclass);
  end if;
  perform hub.guard_contribution(of_kind, of_table, day_column);
  perform hub.keep_codes_only(of_kind, of_table);
  perform hub.make_part(p.maker, of_kind) from (select maker from hub.contribution_parts order by position) p;
end $$;

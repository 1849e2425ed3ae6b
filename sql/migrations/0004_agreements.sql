-- SPDX-License-Identifier: EUPL-1.2
-- Agreements (convenanten) are data that compile into grants. An agreement is in force when every party has accepted its
-- version, none has rejected or revoked it, and the hub's day lies in its term. Grants carry the term's dates, so that an
-- agreement starts and ends without anyone acting; a decision compiles its grants anew in the same transaction.

create table hub.agreements (
  gemeente text not null default hub.gemeente() references hub.gemeenten on delete restrict,
  id uuid not null,
  version int not null default 1 check (version >= 1),
  title text not null check (length(title) between 1 and 200),
  purpose text not null check (length(purpose) between 1 and 2000),
  legal_basis text not null check (length(legal_basis) between 1 and 2000),
  contact text not null check (length(contact) between 1 and 200),
  dpia text check (length(dpia) <= 2000),
  valid_from date not null,
  valid_until date not null,
  parties uuid[] not null check (cardinality(parties) >= 2),
  proposed_by uuid not null default hub.asker(),
  proposed_at timestamptz not null default hub.now(),
  proposed_in xid8 not null default pg_current_xact_id(),
  primary key (gemeente, id, version),
  foreign key (gemeente, proposed_by) references hub.organisations on delete restrict,
  check (valid_from <= valid_until),
  check (proposed_by = any (parties))
);

create table hub.agreement_rules (
  gemeente text not null default hub.gemeente(),
  agreement uuid not null,
  version int not null,
  number int not null check (number >= 1),
  provider uuid not null,
  receiver uuid not null,
  wijken uuid[] not null check (cardinality(wijken) >= 1),
  kind text not null,
  category text,
  fields text[] not null default '{}',
  precision text not null check (precision in ('EXACT', 'BUURT', 'WIJK', 'COUNT')),
  keep_days int not null default 365 check (keep_days between 1 and 3660),
  min_cell int not null default 5 check (min_cell >= 5),
  includes_past boolean not null default false,
  primary key (gemeente, agreement, version, number),
  foreign key (gemeente, agreement, version) references hub.agreements on delete restrict,
  foreign key (gemeente, provider) references hub.organisations on delete restrict,
  foreign key (gemeente, receiver) references hub.organisations on delete restrict,
  check (provider <> receiver)
);

create table hub.agreement_decisions (
  gemeente text not null default hub.gemeente(),
  agreement uuid not null,
  version int not null,
  organisation uuid not null default hub.asker(),
  decision text not null check (decision in ('ACCEPT', 'REJECT', 'REVOKE')),
  at timestamptz not null default hub.now(),
  actor text not null default hub.actor(),
  reason text check (length(reason) <= 2000),
  signed_by text check (length(signed_by) <= 200),
  primary key (gemeente, agreement, version, organisation, decision),
  foreign key (gemeente, agreement, version) references hub.agreements on delete restrict,
  foreign key (gemeente, organisation) references hub.organisations on delete restrict
);

-- A slice is what sharing is decided for: the records of one organisation, in one wijk, of one kind and category, with one
-- share profile. Its id is computed from these, so that a record knows its slice without a look-up.
create function hub.slice_of(gemeente text, owner uuid, wijk uuid, kind text, category text, profile uuid)
  returns uuid language sql immutable parallel safe as $$
  select md5(gemeente || '/' || owner || '/' || wijk || '/' || kind || '/' || category || '/' || profile)::uuid
$$;

create table hub.slices (
  gemeente text not null,
  owner uuid not null,
  id uuid not null,
  wijk uuid not null,
  kind text not null,
  category text not null,
  profile uuid not null,
  primary key (gemeente, owner, id),
  foreign key (gemeente, owner) references hub.organisations on delete restrict
);

-- The writer's caps: per receiver at most this precision; a receiver that a profile leaves out gets nothing. The profile
-- of only zeros has no caps: as agreed.
create function hub.as_agreed() returns uuid language sql immutable parallel safe as $$
  select '00000000-0000-0000-0000-000000000000'::uuid
$$;
create table hub.share_caps (
  gemeente text not null default hub.gemeente(),
  owner uuid not null default hub.asker(),
  profile uuid not null check (profile <> hub.as_agreed()),
  receiver uuid not null,
  precision text not null check (precision in ('EXACT', 'BUURT', 'WIJK', 'COUNT')),
  with_text boolean not null,
  primary key (gemeente, owner, profile, receiver),
  foreign key (gemeente, receiver) references hub.organisations on delete restrict
);

-- What each kind of record has to show: an API field, its columns, the least precision at which a receiver sees it, and
-- whether a rule must list it. OWN: the owner's alone, never granted to the door.
create table hub.contribution_fields (
  kind text not null,
  field text not null,
  columns text[] not null,
  shown_from text not null check (shown_from in ('WIJK', 'BUURT', 'EXACT', 'OWN')),
  listed boolean not null default false,
  is_text boolean not null default false,
  primary key (kind, field)
);

-- Compiled: what a receiver may see of a slice under a rule. Read by the doors alone.
create table hub.grants (
  gemeente text not null,
  receiver uuid not null,
  wijk uuid not null,
  kind text not null,
  owner uuid not null,
  slice uuid not null,
  agreement uuid not null,
  version int not null,
  rule int not null,
  precision text not null,
  rank smallint not null,
  fields text[] not null,
  hidden text[] not null,
  shows text[] not null,
  covers_from date not null,
  valid_from date not null,
  valid_until date not null,
  keep_days int not null,
  min_cell int not null,
  agreed_at timestamptz not null,
  primary key (gemeente, receiver, slice, agreement, version, rule)
);
create index grants_receiver on hub.grants (gemeente, receiver, wijk, kind);
create index grants_slice on hub.grants (gemeente, slice);
create index grants_agreement on hub.grants (gemeente, agreement);

create function hub.rank_of("precision" text) returns smallint language sql immutable strict parallel safe as $$
  select (case "precision" when 'EXACT' then 3 when 'BUURT' then 2 when 'WIJK' then 1 else 0 end)::smallint
$$;
create function hub.precision_of(rank smallint) returns text language sql immutable parallel safe as $$
  select (array['COUNT', 'WIJK', 'BUURT', 'EXACT'])[rank + 1]
$$;

-- Who may see agreements: their parties, whole. Nobody else, and nobody changes one: a proposal is final, decisions add up.
do $$
declare
  t text;
begin
  foreach t in array array['agreements', 'agreement_rules', 'agreement_decisions', 'slices', 'share_caps', 'grants'] loop
    execute format('alter table hub.%I enable row level security', t);
    execute format('alter table hub.%I force row level security', t);
  end loop;
  foreach t in array array['agreements', 'agreement_rules', 'agreement_decisions', 'slices', 'share_caps'] loop
    execute format('create policy recorder on hub.%I for select to hub_recorder using (true)', t);
    execute format('grant select on hub.%I to hub_recorder', t);
    execute format('create policy door on hub.%I for select to hub_door using (true)', t);
    execute format('grant select on hub.%I to hub_door', t);
  end loop;
end $$;

create policy of_parties on hub.agreements for select to hub_app
  using (gemeente = (select hub.gemeente()) and (select hub.asker()) = any (parties));
create policy propose on hub.agreements for insert to hub_app
  with check (gemeente = (select hub.gemeente()) and proposed_by = (select hub.asker()));
grant select on hub.agreements to hub_app;
grant insert (id, title, purpose, legal_basis, contact, dpia, valid_from, valid_until, parties) on hub.agreements to hub_app;

create policy of_parties on hub.agreement_rules for select to hub_app
  using (gemeente = (select hub.gemeente()) and exists (
    select from hub.agreements a where (a.gemeente, a.id, a.version) =
      (agreement_rules.gemeente, agreement_rules.agreement, agreement_rules.version)));
-- A rule can be added only by the proposer, between parties, and only in the transaction that proposes: what others can read, and
-- so accept, stays as it is. (Until the first decision is not enough: a snapshot from before it does not see it.)
create policy propose on hub.agreement_rules for insert to hub_app
  with check (gemeente = (select hub.gemeente())
    and exists (
      select from hub.agreements a where (a.gemeente, a.id, a.version) =
        (agreement_rules.gemeente, agreement_rules.agreement, agreement_rules.version)
        and a.proposed_by = (select hub.asker()) and a.proposed_in = pg_current_xact_id()
        and agreement_rules.provider = any (a.parties) and agreement_rules.receiver = any (a.parties)));
grant select on hub.agreement_rules to hub_app;
grant insert (agreement, version, number, provider, receiver, wijken, kind, category, fields, precision, keep_days, min_cell,
  includes_past) on hub.agreement_rules to hub_app;

create policy of_parties on hub.agreement_decisions for select to hub_app
  using (gemeente = (select hub.gemeente()) and exists (
    select from hub.agreements a where (a.gemeente, a.id, a.version) =
      (agreement_decisions.gemeente, agreement_decisions.agreement, agreement_decisions.version)));
create policy own on hub.agreement_decisions for insert to hub_app
  with check (gemeente = (select hub.gemeente()) and organisation = (select hub.asker()) and exists (
    select from hub.agreements a where (a.gemeente, a.id, a.version) =
      (agreement_decisions.gemeente, agreement_decisions.agreement, agreement_decisions.version)));
grant select on hub.agreement_decisions to hub_app;
grant insert (agreement, version, decision, reason, signed_by) on hub.agreement_decisions to hub_app;

create policy own on hub.share_caps to hub_app
  using (gemeente = (select hub.gemeente()) and owner = (select hub.asker()))
  with check (gemeente = (select hub.gemeente()) and owner = (select hub.asker()));
grant select on hub.share_caps to hub_app;
grant insert (profile, receiver, precision, with_text) on hub.share_caps to hub_app;

create policy recorder_writes on hub.slices for insert to hub_recorder with check (true);
grant insert on hub.slices to hub_recorder;
create policy recorder on hub.grants to hub_recorder using (true) with check (true);
grant select, insert, delete on hub.grants to hub_recorder;
create policy door on hub.grants for select to hub_door using (true);
grant select on hub.grants to hub_door;

grant select on hub.contribution_fields to hub_app, hub_door, hub_recorder;
grant execute on function hub.slice_of(text, uuid, uuid, text, text, uuid), hub.as_agreed(), hub.rank_of(text),
  hub.precision_of(smallint) to hub_app, hub_door, hub_recorder;

-- The state of an agreement, for those who may see it.
create function hub.agreement_state(in_gemeente text, of_agreement uuid, of_version int)
  returns text language sql stable parallel safe as $$
  select case
      when bool_or(d.decision = 'REVOKE') then 'REVOKED'
      when bool_or(d.decision = 'REJECT') then 'REJECTED'
      when hub.today() > a.valid_until then 'ENDED'
      when count(*) filter (where d.decision = 'ACCEPT') = cardinality(a.parties) and hub.today() >= a.valid_from then 'IN_FORCE'
      when count(*) filter (where d.decision = 'ACCEPT') = cardinality(a.parties) then 'ACCEPTED'
      else 'PROPOSED' end
  from hub.agreements a
  left join hub.agreement_decisions d on (d.gemeente, d.agreement, d.version) = (a.gemeente, a.id, a.version)
  where (a.gemeente, a.id, a.version) = (in_gemeente, of_agreement, of_version)
  group by a.gemeente, a.id, a.version
$$;
grant execute on function hub.agreement_state(text, uuid, int) to hub_app, hub_door, hub_recorder;

-- Compiles the grants of some slices, or of one agreement: removes what stood, writes what is agreed by every party now.
create function hub.compile_grants(in_gemeente text, of_slices uuid[], of_agreement uuid) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  delete from hub.grants g
  where g.gemeente = in_gemeente and (g.slice = any (of_slices) or g.agreement = of_agreement);

  insert into hub.grants (gemeente, receiver, wijk, kind, owner, slice, agreement, version, rule, precision, rank, fields,
    hidden, shows, covers_from, valid_from, valid_until, keep_days, min_cell, agreed_at)
  select s.gemeente, r.receiver, s.wijk, s.kind, s.owner, s.id, r.agreement, r.version, r.number,
    hub.precision_of(e.rank), e.rank, e.fields, v.hidden, v.shows,
    case when r.includes_past then '-infinity' else a.valid_from end, a.valid_from, a.valid_until, r.keep_days, r.min_cell,
    (select max(d.at) from hub.agreement_decisions d
      where (d.gemeente, d.agreement, d.version) = (a.gemeente, a.id, a.version) and d.decision = 'ACCEPT')
  from hub.slices s
  join hub.agreement_rules r on r.gemeente = s.gemeente and r.provider = s.owner and r.kind = s.kind
    and s.wijk = any (r.wijken) and (r.category is null or r.category = s.category)
  join hub.agreements a on (a.gemeente, a.id, a.version) = (r.gemeente, r.agreement, r.version)
  left join hub.share_caps c on c.gemeente = s.gemeente and c.owner = s.owner and c.profile = s.profile and c.receiver = r.receiver
  cross join lateral (
    select least(hub.rank_of(r.precision), coalesce(hub.rank_of(c.precision), 3::smallint)) as rank,
      case when coalesce(c.with_text, true) then r.fields
        else array(select unnest(r.fields) except
          select f.field from hub.contribution_fields f where f.kind = s.kind and f.is_text) end as fields) e
  cross join lateral (
    select coalesce(array_agg(f.field order by f.field) filter (where not f.visible), '{}') as hidden,
      coalesce((select array_agg(k) from (
        select unnest(x.columns) k from hub.contribution_fields x where x.kind = s.kind and x.shown_from <> 'OWN'
          and e.rank >= hub.rank_of(x.shown_from) and (not x.listed or x.field = any (e.fields))) y), '{}') as shows
    from (
      select x.field, e.rank >= hub.rank_of(x.shown_from) and (not x.listed or x.field = any (e.fields)) as visible
      from hub.contribution_fields x where x.kind = s.kind and x.shown_from <> 'OWN') f) v
  where s.gemeente = in_gemeente
    and (s.id = any (of_slices) or (of_slices is null and r.agreement = of_agreement))
    and (s.profile = hub.as_agreed() or c.receiver is not null)
    and not exists (
      select from hub.agreement_decisions d
      where (d.gemeente, d.agreement, d.version) = (a.gemeente, a.id, a.version) and d.decision in ('REJECT', 'REVOKE'))
    and cardinality(a.parties) = (
      select count(*) from hub.agreement_decisions d
      where (d.gemeente, d.agreement, d.version) = (a.gemeente, a.id, a.version) and d.decision = 'ACCEPT');
end $$;
alter function hub.compile_grants(text, uuid[], uuid) owner to hub_recorder;

-- New slices and new decisions must see each other: whoever creates a slice shares this lock, whoever decides holds it alone.
create function hub.agreements_lock(in_gemeente text) returns bigint language sql immutable as $$
  select hashtextextended('hub.agreements/' || in_gemeente, 0)
$$;
grant execute on function hub.agreements_lock(text) to hub_recorder;

-- What is decided from other rows must see what others committed: a snapshot from before a revocation would give it away again.
create function hub.check_sees_commits() returns void language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'invalid_transaction_state', message = 'this needs a read committed transaction';
  end if;
end $$;
grant execute on function hub.check_sees_commits() to hub_app, hub_recorder;

create function hub.on_decision() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform hub.check_sees_commits();
  perform pg_advisory_xact_lock(hub.agreements_lock(new.gemeente));
  perform hub.compile_grants(new.gemeente, null, new.agreement);
  return null;
end $$;
create trigger decided after insert on hub.agreement_decisions for each row execute function hub.on_decision();
alter function hub.on_decision() owner to hub_recorder;

-- Rejecting is for a proposal, revoking for what was accepted, and a party decides once.
create function hub.check_decision() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform hub.check_sees_commits();
  perform pg_advisory_xact_lock(hub.agreements_lock(new.gemeente));
  if exists (
    select from hub.agreement_decisions d
    where (d.gemeente, d.agreement, d.version) = (new.gemeente, new.agreement, new.version)
      and (d.decision in ('REJECT', 'REVOKE') or (d.organisation = new.organisation and d.decision = new.decision)
        or (new.decision = 'REJECT' and d.organisation = new.organisation)))
  then
    raise exception using errcode = 'HB001', message = 'already decided';
  end if;
  return new;
end $$;
grant execute on function hub.agreements_lock(text) to hub_app;
create trigger decide before insert on hub.agreement_decisions for each row execute function hub.check_decision();

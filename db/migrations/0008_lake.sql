-- Users whose earlier events stopped counting: the lake leaves out what was visible in the snapshot.
create table lake_voids (
  tenant_id uuid not null references tenants,
  void_id bigint generated always as identity,
  user_id text not null,
  snapshot pg_snapshot not null,
  tx xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, void_id)
);
create index lake_voids_by_tx on lake_voids (tenant_id, tx);
select isolate_by_tenant('lake_voids');

-- Events are stored under this lock, shared; what moves a user's events takes it alone. So no event can be stored under an
-- id at the very moment in which that id stops being one.
create function hold_users(wanted uuid, alone boolean) returns void
  language sql
as $$
  select case when alone then pg_advisory_xact_lock(hashtextextended('madansara users ' || wanted, 0))
              else pg_advisory_xact_lock_shared(hashtextextended('madansara users ' || wanted, 0)) end
$$;

-- The user that an id means, after all merges.
create function resolve_user(wanted uuid, id text) returns text
  language sql stable
as $$
  select coalesce((select a.user_id from madansara_analytics.user_aliases a where a.tenant_id = wanted and a.alias_id = id), id)
$$;

-- What parts that came later keep of a user: they replace these two, so that merging and forgetting are written down once.
create function merge_elsewhere(wanted uuid, source text, target text) returns void
  language sql
as $$
$$;
create function forget_elsewhere(wanted uuid, person text) returns void
  language sql
as $$
$$;

-- Makes one id an alias of another user and moves all that it has. True when anything changed: at most log-ins nothing does,
-- and nothing is locked.
create function merge_users(wanted uuid, from_id text, to_id text) returns boolean
  language plpgsql set search_path = madansara_analytics
as $$
declare
  source text;
  target text;
begin
  perform enter_tenant(wanted);
  if resolve_user(wanted, from_id) = resolve_user(wanted, to_id) then return false; end if;
  perform hold_users(wanted, true);
  source := resolve_user(wanted, from_id);
  target := resolve_user(wanted, to_id);
  if source = target then return false; end if;
  -- An id that was merged already stays where it is: who signs in on a shared device does not take over another's past.
  if source <> from_id then return false; end if;

  update user_aliases set user_id = target where tenant_id = wanted and user_id = source;
  insert into user_aliases (tenant_id, alias_id, user_id) values (wanted, source, target);
  perform forget_events(wanted, source, target);
  perform merge_elsewhere(wanted, source, target);

  insert into users (tenant_id, user_id, traits, time_zone, first_seen, last_seen)
  select wanted, target, traits, time_zone, first_seen, last_seen from users where tenant_id = wanted and user_id = source
  on conflict (tenant_id, user_id) do update set
    traits = excluded.traits || users.traits,
    time_zone = coalesce(users.time_zone, excluded.time_zone),
    first_seen = least(users.first_seen, excluded.first_seen),
    last_seen = greatest(users.last_seen, excluded.last_seen),
    updated_at = now();
  update contacts c set user_id = target, updated_at = now()
  where c.tenant_id = wanted and c.user_id = source and not exists (
    select from contacts t where t.tenant_id = wanted and t.user_id = target
      and t.channel = c.channel and t.provider = c.provider and t.address = c.address);
  perform forget_person(wanted, source);
  return true;
end
$$;

-- Moves a user's events to another, or deletes them where there is none, and tells the lake. In one statement each, so that
-- the void's snapshot sees the very rows that were touched, and no other.
create function forget_events(wanted uuid, source text, target text) returns void
  language plpgsql set search_path = madansara_analytics
as $$
begin
  if target is null then
    with gone as (delete from events where tenant_id = wanted and user_id = source returning 1)
    insert into lake_voids (tenant_id, user_id, snapshot) select wanted, source, pg_current_snapshot() where exists (select from gone);
  else
    with moved as (update events set user_id = target, tx = pg_current_xact_id() where tenant_id = wanted and user_id = source returning 1)
    insert into lake_voids (tenant_id, user_id, snapshot) select wanted, source, pg_current_snapshot() where exists (select from moved);
  end if;
end
$$;

-- Takes out all that is kept about a person but their events.
create function forget_person(wanted uuid, person text) returns void
  language sql set search_path = madansara_analytics
as $$
  select forget_elsewhere(wanted, person);
  delete from contacts where tenant_id = wanted and user_id = person;
  delete from segment_membership where tenant_id = wanted and user_id = person;
  delete from user_features where tenant_id = wanted and user_id = person;
  delete from users where tenant_id = wanted and user_id = person;
$$;

-- Deletes a person. Their message ids stay, so that a late repetition does not bring them back. True when they were known.
create function delete_user(wanted uuid, id text) returns boolean
  language plpgsql set search_path = madansara_analytics
as $$
declare
  person text;
  known boolean;
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, true);
  person := resolve_user(wanted, id);
  known := exists (select from users where tenant_id = wanted and user_id = person);
  perform forget_events(wanted, person, null);
  perform forget_person(wanted, person);
  delete from user_aliases where tenant_id = wanted and user_id = person;
  return known;
end
$$;

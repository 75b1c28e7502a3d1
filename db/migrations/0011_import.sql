-- Imports. Rows come by COPY into temporary tables of their session, as COPY cannot write where row-level security holds; a
-- function takes them on from there, a block in each transaction. Two imports at once share nothing.
do $$
begin
  execute format('grant temporary on database %I to madansara_app', current_database());
end
$$;

-- That a row's tenant exists was asked anew for every row, which was a third of what storing an event costs. Row-level security has
-- all rows of a statement belong to the tenant of its transaction: once for each statement says the same. A session that it does not
-- hold (a superuser's, without a tenant) is trusted.
create function require_tenant() returns trigger
  language plpgsql set search_path = madansara_analytics
as $$
begin
  if current_tenant() is not null then
    perform from tenants where tenant_id = current_tenant() for key share;
    if not found then
      raise exception 'there is no tenant %', current_tenant() using errcode = 'foreign_key_violation';
    end if;
  end if;
  return null;
end
$$;
do $$
declare
  kept text;
begin
  foreach kept in array array['events', 'event_ids', 'users'] loop
    execute format('alter table %I drop constraint %I', kept, kept || '_tenant_id_fkey');
    execute format('create trigger require_tenant before insert on %I for each statement execute function require_tenant()', kept);
  end loop;
end
$$;

-- A person without an id is found by an address.
create index contacts_by_address on contacts (tenant_id, channel, provider, address);

-- Stores the events in pg_temp.import_events, whose message ids must differ. Gives how many were new. The locks are those of
-- ingest_events, in the same order; the months must have been made before, in a transaction of their own, so that their lock is short.
create function store_imported_events(wanted uuid) returns integer
  language plpgsql set search_path = madansara_analytics
as $$
declare
  added integer;
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  with fresh as (
    insert into event_ids (tenant_id, message_id)
    select wanted, message_id from pg_temp.import_events order by message_id collate "C"
    on conflict do nothing
    returning message_id),
  stored as (
    insert into events (tenant_id, occurred_at, message_id, user_id, event, properties, revenue_minor, currency)
    select wanted, to_timestamp(i.occurred_at_ms / 1000), i.message_id, coalesce(a.user_id, i.user_id), i.event, i.properties, i.revenue_minor, i.currency
    from pg_temp.import_events i
    join fresh f on f.message_id = i.message_id
    left join lateral (select user_id from user_aliases where tenant_id = wanted and alias_id = i.user_id limit 1) a on true
    returning user_id, occurred_at),
  seen as (
    select user_id, min(occurred_at) as first_seen, max(occurred_at) as last_seen, count(*) as events from stored group by user_id),
  touched as (
    insert into users (tenant_id, user_id, first_seen, last_seen)
    select wanted, s.user_id, s.first_seen, s.last_seen
    from seen s
    left join lateral (select first_seen, last_seen from users where tenant_id = wanted and user_id = s.user_id limit 1) u on true
    where u.last_seen is null or s.last_seen > u.last_seen + interval '1 hour' or s.first_seen < u.first_seen - interval '1 hour'
    order by s.user_id collate "C"
    on conflict (tenant_id, user_id) do update set
      first_seen = least(users.first_seen, excluded.first_seen),
      last_seen = greatest(users.last_seen, excluded.last_seen),
      updated_at = now())
  select coalesce(sum(events), 0) into added from seen;
  return added;
end
$$;

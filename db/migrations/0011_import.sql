-- Imports. Rows come by COPY into temporary tables of their session, as COPY cannot write where row-level security holds; a
-- function takes them on from there, a block in each transaction. Two imports at once share nothing.
do $$
begin
  execute format('grant temporary on database %I to madansara_app', current_database());
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

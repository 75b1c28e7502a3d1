-- The locks of a transaction that stores events, in this order, so that any number of them at once cannot wait in a circle: the
-- tenant itself, its users (shared, or alone where ids are merged), months, message ids in their order, users in theirs, contacts.

-- Enters a tenant that exists and keeps it there until the transaction ends: what a foreign key of events would do for each row.
create function enter_living_tenant(wanted uuid) returns void
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  perform from tenants where tenant_id = wanted for key share;
  if not found then
    raise exception 'there is no tenant %', wanted using errcode = 'no_data_found';
  end if;
end
$$;

-- Merges the pairs [alias, user] that are not merged yet, or else holds the users as they are. An alias that belongs to somebody
-- already stays there (merge_users), so such a pair is not pending: a shared device would lock all users out at every log-in.
create function merge_or_hold_users(wanted uuid, merges jsonb) returns void
  language plpgsql set search_path = madansara_analytics
as $$
declare
  pending boolean := merges <> '[]' and exists (
    select from jsonb_array_elements(merges) m
    where resolve_user(wanted, m->>0) = m->>0 and resolve_user(wanted, m->>1) <> m->>0);
begin
  perform hold_users(wanted, pending);
  if pending then
    perform merge_users(wanted, m->>0, m->>1) from (select m from jsonb_array_elements(merges) with ordinality as x(m, n) order by n) ordered;
  end if;
end
$$;

-- Stores a batch of events and all that follows from them, in one round trip. Gives how many were new.
--   months    the first days of the months that the events are in
--   merges    [[alias_id, user_id], ...]
--   sent      [[message_id, user_id, event, occurred_at in ms since 1970, properties, revenue_minor, currency], ...];
--             a message id stands in it once
--   profiles  [[message_id, user_id, traits, time_zone, [[channel, provider, address], ...]], ...], each of one of the events
--   rejected  [[reason, message_id, payload], ...]
create function ingest_events(wanted uuid, months date[], merges jsonb, sent jsonb, profiles jsonb, rejected jsonb) returns integer
  language plpgsql set search_path = madansara_analytics
as $$
declare
  fresh text[];
  all_fresh boolean;
begin
  perform enter_living_tenant(wanted);
  perform merge_or_hold_users(wanted, merges);
  perform ensure_event_month(m) from unnest(months) m;

  with added as (
    insert into event_ids (tenant_id, message_id)
    select wanted, e->>0 from jsonb_array_elements(sent) e order by (e->>0) collate "C"
    on conflict do nothing
    returning message_id)
  select coalesce(array_agg(message_id), '{}') into fresh from added;
  all_fresh := cardinality(fresh) = jsonb_array_length(sent);

  with stored as (
    insert into events (tenant_id, occurred_at, message_id, user_id, event, properties, revenue_minor, currency)
    select wanted, to_timestamp((e->>3)::double precision / 1000), e->>0, coalesce(a.user_id, e->>1), e->>2, e->4, (e->>5)::bigint, e->>6
    from jsonb_array_elements(sent) e
    left join lateral (select user_id from user_aliases where tenant_id = wanted and alias_id = e->>1 limit 1) a on true
    where all_fresh or e->>0 = any (fresh)
    returning user_id, occurred_at),
  seen as (
    select user_id, min(occurred_at) as first_seen, max(occurred_at) as last_seen from stored group by user_id),
  told as (
    select coalesce(a.user_id, p->>1) as user_id,
      coalesce(jsonb_object_agg(t.key, t.value order by n) filter (where t.key is not null), '{}') as traits,
      (array_agg(p->>3 order by n desc) filter (where p->>3 is not null))[1] as time_zone
    from jsonb_array_elements(profiles) with ordinality as x(p, n)
    left join lateral (select user_id from user_aliases where tenant_id = wanted and alias_id = p->>1 limit 1) a on true
    left join lateral jsonb_each(p->2) t on true
    where all_fresh or p->>0 = any (fresh)
    group by 1)
  insert into users (tenant_id, user_id, first_seen, last_seen, traits, time_zone)
  select wanted, s.user_id, s.first_seen, s.last_seen, coalesce(t.traits, '{}'), t.time_zone
  from seen s
  left join told t on t.user_id = s.user_id
  left join lateral (select u.* from users u where u.tenant_id = wanted and u.user_id = s.user_id limit 1) u on true
  -- Most events change nothing here, and then nothing is locked or written.
  where u.last_seen is null or s.last_seen > u.last_seen + interval '1 hour' or s.first_seen < u.first_seen - interval '1 hour'
    or u.traits || t.traits <> u.traits or t.time_zone <> coalesce(u.time_zone, '')
  order by s.user_id collate "C"
  on conflict (tenant_id, user_id) do update set
    first_seen = least(users.first_seen, excluded.first_seen),
    last_seen = greatest(users.last_seen, excluded.last_seen),
    traits = users.traits || excluded.traits,
    time_zone = coalesce(excluded.time_zone, users.time_zone),
    updated_at = now();

  if profiles <> '[]' then
    insert into contacts (tenant_id, user_id, channel, provider, address)
    select distinct wanted, resolve_user(wanted, p->>1), c->>0, c->>1, c->>2
    from jsonb_array_elements(profiles) p, jsonb_array_elements(p->4) c
    where all_fresh or p->>0 = any (fresh)
    order by 2, 3, 4, 5
    on conflict do nothing;
  end if;
  if rejected <> '[]' then
    insert into rejected_events (tenant_id, source, reason, message_id, payload)
    select wanted, 'http', r->>0, r->>1, r->>2 from jsonb_array_elements(rejected) r;
  end if;
  return cardinality(fresh);
end
$$;

-- Web push: the devices on which users have let a page show messages, and what was sent to them.

-- A device is one user's alone: whoever signs in there takes it over. Its address is known to its push service and to us; who has it and
-- the keys can show something there.
create table push_devices (
  tenant_id uuid not null references tenants,
  device_id bigint generated always as identity,
  user_id text not null,
  endpoint text not null check (endpoint like 'https://%'),
  endpoint_hash bytea not null,
  p256dh text not null,
  auth text not null,
  vapid_key text not null, -- the public key of ours with which its browser has subscribed: it takes nothing from another
  seen_at timestamptz not null, -- when its page has told of it last
  silent_since timestamptz, -- since when nobody has answered for it
  primary key (tenant_id, device_id)
);
create unique index push_devices_by_endpoint on push_devices (endpoint_hash, tenant_id); -- not the tenant first: see messages
create index push_devices_by_user on push_devices (user_id, tenant_id);
select isolate_by_tenant('push_devices');

-- On which device a message was shown, by a hash: a device that changes hands gets no step of a campaign twice.
create table pushes (
  tenant_id uuid not null,
  message_id bigint not null,
  endpoint_hash bytea not null,
  primary key (tenant_id, message_id),
  foreign key (tenant_id, message_id) references messages (tenant_id, message_id)
);
create index pushes_by_device on pushes (endpoint_hash, tenant_id);
select isolate_by_tenant('pushes');

-- As before. Push messages go to a user, on one of their devices: who has one has an address, which is their id, in hex, as that of an inbox.
create or replace function address_of(wanted uuid, over text, person text) returns table (address text, consent text, consent_at timestamptz)
  language sql stable
as $$
  select encode(convert_to(person, 'UTF8'), 'hex'), null, null::timestamptz
  where over = 'in_app' or over = 'push' and exists (
    select from madansara_analytics.push_devices d where d.user_id = person and d.tenant_id = wanted)
  union all
  select c.address, c.consent, c.consent_at from madansara_analytics.contact_of(wanted, over, person) c where over not in ('in_app', 'push')
$$;

-- Keeps a user's device; the one that was seen least lately gives way where there are too many. That a browser was let to subscribe is a yes
-- to all topics, when it is new to this user: a page tells of it at each visit. False: the id was merged into another user's, who gets
-- nothing by this: whoever can send events can merge ids.
create function keep_push_device(wanted uuid, person text, address text, public_key text, secret text, vapid text, key bytea, at timestamptz, most integer)
  returns boolean
  language plpgsql set search_path = madansara_analytics
as $$
declare
  hash bytea := sha256(convert_to(address, 'UTF8'));
  owner text;
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  if exists (select from user_aliases a where a.tenant_id = wanted and a.alias_id = person) then return false; end if;
  select d.user_id into owner from push_devices d where d.endpoint_hash = hash and d.tenant_id = wanted for update;
  insert into push_devices as d (tenant_id, user_id, endpoint, endpoint_hash, p256dh, auth, vapid_key, seen_at)
  values (wanted, person, address, hash, public_key, secret, vapid, at)
  on conflict (endpoint_hash, tenant_id) do update set user_id = excluded.user_id, p256dh = excluded.p256dh, auth = excluded.auth,
    vapid_key = excluded.vapid_key, seen_at = excluded.seen_at, silent_since = null;
  delete from push_devices d where d.tenant_id = wanted and d.device_id in (
    select o.device_id from push_devices o where o.user_id = person and o.tenant_id = wanted
    order by o.seen_at desc, o.device_id desc offset most);
  if owner is distinct from person then perform say_by_device(wanted, key, person, 'granted', at); end if;
  return true;
end
$$;

-- Takes a device from a user. With the last one goes the permission.
create function drop_push_device(wanted uuid, person text, address text, key bytea, at timestamptz) returns boolean
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  delete from push_devices d where d.endpoint_hash = sha256(convert_to(address, 'UTF8')) and d.tenant_id = wanted and d.user_id = person;
  if not found then return false; end if;
  if not exists (select from push_devices d where d.user_id = person and d.tenant_id = wanted) then
    perform say_by_device(wanted, key, person, 'withdrawn', at);
  end if;
  return true;
end
$$;

-- What a user says of all topics by what their browser lets us do. Users are held.
create function say_by_device(wanted uuid, key bytea, person text, action text, at timestamptz) returns void
  language sql set search_path = madansara_analytics
as $$
  select from keep_words(wanted, key, jsonb_build_array(jsonb_build_array('push', '*', encode(convert_to(person, 'UTF8'), 'hex'), null, person, action,
    case action when 'granted' then 'consent' end, null, 'push subscription', '{}'::jsonb, extract(epoch from at) * 1000)), at);
$$;

-- Whether a step of a campaign has gone to a device as somebody else's message.
create function was_pushed_to(wanted uuid, hash bytea, m messages) returns boolean
  language sql stable
as $$
  select exists (
    select from madansara_analytics.pushes p
    cross join lateral (
      select o.* from madansara_analytics.messages o where o.tenant_id = wanted and o.message_id = p.message_id limit 1) o
    where p.endpoint_hash = hash and p.tenant_id = wanted and p.message_id <> m.message_id
      and o.campaign_id = m.campaign_id and o.entry = m.entry and o.step_key = m.step_key)
$$;

-- The device for each message: of those that answer the one that was seen last. Without one, why.
create function choose_push_devices(wanted uuid, message_ids bigint[], vapid text)
  returns table (message_id bigint, device_id bigint, endpoint text, p256dh text, auth text, silent_ms double precision, because text)
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  return query
  select m.message_id, d.device_id, d.endpoint, d.p256dh, d.auth, extract(epoch from clock_timestamp() - d.silent_since)::double precision * 1000,
    case when d.device_id is not null then null
      when exists (select from push_devices o where o.user_id = m.user_id and o.tenant_id = wanted and o.vapid_key = vapid)
        then 'its device had it as the message of somebody else'
      when exists (select from push_devices o where o.user_id = m.user_id and o.tenant_id = wanted)
        then 'its devices have subscribed with another key (VAPID_PRIVATE_KEY)'
      else 'no device' end
  from unnest(message_ids) with ordinality o(id, n)
  cross join lateral (select m.* from messages m where m.tenant_id = wanted and m.message_id = o.id limit 1) m
  left join lateral (
    select d.* from push_devices d
    where d.user_id = m.user_id and d.tenant_id = wanted and d.vapid_key = vapid and not was_pushed_to(wanted, d.endpoint_hash, m)
    order by d.silent_since is not null, d.seen_at desc, d.device_id desc limit 1) d on true
  order by o.n;
end
$$;

-- As begin_calls, each message for one device, which is still its user's, and notes that it goes there. Where it is not any more, another
-- one is looked for at once: the message is asked for anew. Devices are locked in their order.
create function begin_pushes(wanted uuid, own uuid[], message_ids bigint[], key bytea, at timestamptz, devices bigint[])
  returns table (message_id bigint, status text, reason text, due_at timestamptz)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  own_call uuid;
  own_device bigint;
begin
  for message_id, status, reason, due_at, own_call, own_device in
    select b.message_id, b.status, b.reason, b.due_at, o.call, o.device
    from begin_calls(wanted, own, message_ids, key, at) b
    join unnest(own, message_ids, devices) o(call, message_id, device) on o.message_id = b.message_id
    order by o.device
  loop
    if status = 'claimed' and not note_push(wanted, message_id, own_device) then
      perform answer_call(wanted, own_call, jsonb_build_array(
        jsonb_build_array(message_id, 'deferred', 'another device', extract(epoch from at) * 1000)), at);
      select m.status, m.reason, m.due_at into status, reason, due_at from messages m where m.tenant_id = wanted and m.message_id = begin_pushes.message_id;
    end if;
    return next;
  end loop;
end
$$;

-- Notes that a message goes to a device. False: it is somebody else's by now, or had the step as somebody else's. The device is locked, so
-- that whoever takes it over comes before or after.
create function note_push(wanted uuid, message bigint, device bigint) returns boolean
  language plpgsql set search_path = madansara_analytics
as $$
declare
  m messages;
  hash bytea;
begin
  select o.* into m from messages o where o.tenant_id = wanted and o.message_id = message;
  select d.endpoint_hash into hash from push_devices d
  where d.tenant_id = wanted and d.device_id = device and d.user_id = m.user_id for update;
  if hash is null or was_pushed_to(wanted, hash, m) then return false; end if;
  insert into pushes (tenant_id, message_id, endpoint_hash) values (wanted, message, hash)
  on conflict (tenant_id, message_id) do update set endpoint_hash = excluded.endpoint_hash;
  return true;
end
$$;

-- What was found out about a device: it is gone, it was reached, or nobody has answered for it. After a month of silence it is gone too.
create function note_push_device(wanted uuid, device bigint, finding text) returns void
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  delete from push_devices d where d.tenant_id = wanted and d.device_id = device and (
    finding = 'gone' or finding = 'silent' and d.silent_since < clock_timestamp() - interval '30 days');
  update push_devices d set silent_since = case finding when 'silent' then clock_timestamp() end
  where d.tenant_id = wanted and d.device_id = device and (finding = 'reached') = (d.silent_since is not null);
end
$$;

-- What a device tells of a message that it was shown: delivered, or opened. Each once; of a deleted person nothing.
create function take_push_report(wanted uuid, message bigint, kind text, at timestamptz) returns boolean
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  if not exists (
    select from messages m
    where m.tenant_id = wanted and m.message_id = message and m.channel = 'push' and m.user_id not like 'deleted/%'
      and exists (select from pushes p where p.tenant_id = wanted and p.message_id = message)) then
    return false;
  end if;
  perform take_provider_events(wanted, 'madansara', jsonb_build_array(jsonb_build_array(kind || '/' || message, message, kind, extract(epoch from at) * 1000)));
  return true;
end
$$;

-- Devices go with a person who is deleted, and with an id that is merged into another: what is for one is never shown to the other, since
-- whoever can send events can merge ids. Their page tells of the device again under who they are now.
alter function forget_elsewhere(uuid, text) rename to forget_all_but_devices;
create function forget_elsewhere(wanted uuid, person text) returns void
  language sql set search_path = madansara_analytics
as $$
  select forget_all_but_devices(wanted, person);
  delete from push_devices d where d.user_id = person and d.tenant_id = wanted;
$$;

select plan_by_look_ups(name::regproc::regprocedure)
from unnest(array['keep_push_device', 'drop_push_device', 'choose_push_devices', 'begin_pushes', 'note_push', 'note_push_device', 'take_push_report']) name;

-- Messages on social networks: whose accounts they come from, who may be written to, and what people write and comment.

-- What somebody writes to one of these accounts is for its tenant, so that each is one tenant's alone.
create table social_accounts (
  tenant_id uuid not null references tenants,
  provider text not null check (provider in ('messenger', 'instagram')),
  account_id text not null, -- of the page, or of the professional account, as webhooks name it
  sealed_token bytea not null, -- of access: who reads the table can do nothing with it
  comment_keywords jsonb not null default '[]', -- [{keyword, event}]: comments that are events
  updated_at timestamptz not null,
  primary key (tenant_id, provider)
);
create unique index social_accounts_by_account on social_accounts (account_id, provider);
select isolate_by_tenant('social_accounts');

-- For a webhook, before a tenant is known: whose account it tells of.
create function find_social_tenant(network text, account text) returns table (tenant_id uuid)
  language sql stable security definer set search_path = madansara_analytics
  begin atomic
    select s.tenant_id from madansara_analytics.social_accounts s where s.account_id = account and s.provider = network;
  end;
grant select on social_accounts to madansara_lookup;
alter function find_social_tenant(text, text) owner to madansara_lookup;

-- When somebody last wrote from there: for a day they may be answered.
alter table contacts add column heard_at timestamptz;

-- The network that a social message went over; null on other channels, and where none was sent.
alter table messages add column provider text;
-- The one that all social steps of a campaign name.
alter table outreach_campaigns add column provider text;

-- Whether somebody can be written to under this name: what is no id of theirs is a handle.
create function is_social_address(network text, address text) returns boolean
  language sql immutable
as $$
  select network in ('messenger', 'instagram') and address ~ '^[0-9]{1,32}$'
$$;

-- As before. On social networks an address is the id under which somebody has written to us, which is a number: a handle is none. Of
-- several it is the one that they wrote from last, on the network that `app.social_provider` names, or on any.
create or replace function contact_of(wanted uuid, over text, person text) returns table (address text, consent text, consent_at timestamptz)
  language sql stable
as $$
  select c.address, c.consent, c.consent_at from madansara_analytics.contacts c
  where c.tenant_id = wanted and c.user_id = person and c.channel = over
    and (over <> 'social' or madansara_analytics.is_social_address(c.provider, c.address)
      and c.provider = coalesce(nullif(current_setting('app.social_provider', true), ''), c.provider))
  order by case when over = 'social' then c.heard_at end desc nulls last, c.verified_at is null, c.contact_id limit 1
$$;

-- Comments that may be answered with one message each.
create table social_comments (
  tenant_id uuid not null references tenants,
  provider text not null,
  comment_id text not null,
  address text not null, -- who commented
  commented_at timestamptz not null,
  message_id bigint, -- what answers it
  primary key (tenant_id, provider, comment_id)
);
create index social_comments_by_address on social_comments (address, tenant_id, provider); -- not the tenant first: see messages
select isolate_by_tenant('social_comments');

-- Of messages that are about to be sent, each to one of `addresses`: over which network, and whether anything may be said. It may, where
-- the recipient has written since `since`, or else where it answers a comment of theirs since `commented`, as nothing else does.
create function open_windows(wanted uuid, message_ids bigint[], addresses text[], since timestamptz, commented timestamptz)
  returns table (message_id bigint, provider text, comment_id text, is_open boolean)
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  return query
  select i.message_id, c.provider, k.comment_id, coalesce(c.heard_at > since, false) or k.comment_id is not null
  from unnest(message_ids, addresses) i(message_id, address)
  cross join lateral (select m.user_id from messages m where m.tenant_id = wanted and m.message_id = i.message_id limit 1) m
  left join lateral (
    select c.provider, c.heard_at from contacts c
    where c.tenant_id = wanted and c.user_id = m.user_id and c.channel = 'social' and c.address = i.address
    order by c.heard_at desc nulls last limit 1) c on true
  left join lateral (
    select k.comment_id from social_comments k
    where k.tenant_id = wanted and k.provider = c.provider and k.address = i.address and k.commented_at > commented
      and (k.message_id is null or k.message_id = i.message_id)
    order by k.message_id is null, k.commented_at desc limit 1) k on c.heard_at is null or c.heard_at <= since;
end
$$;

-- Says of messages that were claimed under a call that nothing may be said to their recipients at this moment.
create function close_windows(wanted uuid, call uuid, message_ids bigint[]) returns void
  language plpgsql set search_path = madansara_analytics
as $$
declare
  closed bigint[];
begin
  perform enter_tenant(wanted);
  perform lock_messages(wanted, message_ids);
  with changed as (
    update messages m set status = 'suppressed', reason = 'window closed', updated_at = now()
    from unnest(message_ids) o(message_id)
    cross join lateral (select m.ctid as place, m.* from messages m where m.tenant_id = wanted and m.message_id = o.message_id limit 1) b
    where m.ctid = b.place and b.call_id = call and b.status = 'claimed'
    returning m.message_id)
  select array_agg(c.message_id) into closed from changed c;
  if closed is not null then perform leave_places(wanted, closed); end if;
end
$$;

-- As begin_texts, of messages over one network; where one answers the comment in its place, it is the only one that ever does.
create function begin_socials(wanted uuid, own uuid[], message_ids bigint[], key bytea, at timestamptz, hashes bytea[], network text, comments text[])
  returns table (message_id bigint, status text, reason text, due_at timestamptz)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  call uuid;
  comment text;
  claimed bigint[] := '{}';
begin
  perform set_config('app.social_provider', network, true);
  for message_id, status, reason, due_at, call, comment in
    select b.message_id, b.status, b.reason, b.due_at, o.call, o.comment
    from begin_texts(wanted, own, message_ids, key, at, hashes) b
    join unnest(message_ids, own, comments) o(message_id, call, comment) on o.message_id = b.message_id
    order by o.comment, b.message_id -- so that two who answer the same people's comments never wait for each other
  loop
    if status = 'claimed' and comment is not null then
      update social_comments k set message_id = begin_socials.message_id
      where k.tenant_id = wanted and k.provider = network and k.comment_id = comment
        and coalesce(k.message_id, begin_socials.message_id) = begin_socials.message_id;
      if not found then
        perform close_windows(wanted, call, array[message_id]);
        status := 'suppressed';
        reason := 'window closed';
      end if;
    end if;
    if status = 'claimed' then claimed := claimed || message_id; end if;
    return next;
  end loop;
  update messages m set provider = network
  from unnest(claimed) o(message_id)
  cross join lateral (select b.ctid as place from messages b where b.tenant_id = wanted and b.message_id = o.message_id limit 1) b
  where m.ctid = b.place;
end
$$;

-- The user that somebody on a network is to us: whoever has the contact, else one of their own, who is made here. Users are held.
create function social_person(wanted uuid, network text, person text, at timestamptz) returns text
  language plpgsql set search_path = madansara_analytics
as $$
declare
  known text;
begin
  select c.user_id into known from contacts c
  where c.address = person and c.tenant_id = wanted and c.channel = 'social' and c.provider = network
  order by c.heard_at desc nulls last, c.contact_id limit 1;
  if known is not null then return known; end if;
  known := resolve_user(wanted, network || ':' || person);
  insert into users (tenant_id, user_id, first_seen, last_seen) values (wanted, known, at, at) on conflict do nothing;
  insert into contacts (tenant_id, user_id, channel, provider, address) values (wanted, known, 'social', network, person) on conflict do nothing;
  return known;
end
$$;

-- As before, but the text of a message is looked up: a join may walk through all of the tenant's.
create or replace function take_reply(wanted uuid, from_provider text, sid text, over text, key bytea, number text, quoted text, wish text, text_sealed bytea, at timestamptz)
  returns table (is_new boolean, message_id bigint, user_id text)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  hash bytea := hash_address(key, wanted, over, number);
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  select m.message_id, m.user_id into message_id, user_id
  from messages m
  cross join lateral (select t.* from texts t where t.tenant_id = wanted and t.message_id = m.message_id limit 1) t
  where m.address_hash = hash and m.tenant_id = wanted and m.channel = over and m.status <> 'failed'
    and (m.sent_at is not null or t.message_sid is not null) -- a reply says that it arrived: of one whose call broke off nobody knows
  order by t.message_sid is not distinct from quoted and quoted is not null desc, t.begun_at desc limit 1;
  if user_id is null then
    select c.user_id into user_id from contacts c
    where c.address = number and c.tenant_id = wanted and c.channel = over order by c.verified_at is null, c.contact_id limit 1;
  end if;
  insert into replies (tenant_id, provider_id, channel, address_hash, user_id, message_id, asks, sealed, received_at)
  values (wanted, sid, over, hash, user_id, message_id, wish, text_sealed, at) on conflict do nothing;
  is_new := found;
  if is_new and message_id is not null then
    perform take_provider_events(wanted, from_provider, jsonb_build_array(jsonb_build_array(
      sid, message_id, case wish when 'stop' then 'unsubscribed' else 'replied' end, extract(epoch from at) * 1000)));
  elsif is_new and wish = 'stop' then
    perform hush_writer(wanted, over, hash, user_id, from_provider || ' reply', jsonb_build_object('reply', sid), at);
  end if;
  if is_new and wish = 'start' and exists (
    select from suppressions s where s.tenant_id = wanted and s.channel = over and s.address_hash = hash and s.reason in ('unsubscribed', 'awaiting review'))
  then
    delete from suppressions s where s.tenant_id = wanted and s.channel = over and s.address_hash = hash and s.reason = 'awaiting review';
    perform from keep_words(wanted, null, jsonb_build_array(
      word_of_phone(over, hash, user_id, 'granted', from_provider || ' reply', jsonb_build_object('reply', sid), at)), at);
  elsif is_new and wish = 'maybe_stop' then
    insert into suppressions (tenant_id, channel, address_hash, reason) values (wanted, over, hash, 'awaiting review') on conflict do nothing;
  end if;
  return next;
end
$$;

-- As take_reply, of what somebody has written to an account: from then on they may be answered.
create function take_social_reply(wanted uuid, network text, sid text, key bytea, person text, quoted text, wish text, text_sealed bytea, at timestamptz)
  returns table (is_new boolean, message_id bigint, user_id text)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
begin
  perform enter_living_tenant(wanted);
  perform hold_users(wanted, false);
  perform social_person(wanted, network, person, at);
  update contacts c set heard_at = greatest(c.heard_at, at), updated_at = now()
  where c.address = person and c.tenant_id = wanted and c.channel = 'social' and c.provider = network and coalesce(c.heard_at < at, true);
  return query select r.* from take_reply(wanted, 'meta', sid, 'social', key, person, quoted, wish, text_sealed, at) r;
end
$$;
alter table replies drop constraint replies_channel_check, add constraint replies_channel_check check (channel in ('sms', 'whatsapp', 'social'));

-- Notes a comment that may be answered. Gives who commented.
create function take_comment(wanted uuid, network text, comment text, person text, at timestamptz) returns text
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_living_tenant(wanted);
  perform hold_users(wanted, false);
  insert into social_comments (tenant_id, provider, comment_id, address, commented_at) values (wanted, network, comment, person, at)
  on conflict do nothing;
  return social_person(wanted, network, person, at);
end
$$;

-- The messages that a network knows by these ids.
create function find_social_messages(wanted uuid, sids text[]) returns table (message_id bigint, sid text)
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  return query
  select t.message_id, t.message_sid from unnest(sids) s(sid)
  cross join lateral (select t.* from texts t where t.message_sid = s.sid and t.tenant_id = wanted limit 1) t;
end
$$;

-- The messages to somebody that had begun by then and were not read yet: who has read one has read those before it.
create function find_unread(wanted uuid, key bytea, person text, until timestamptz) returns table (message_id bigint, sid text)
  language plpgsql set search_path = madansara_analytics
as $$
declare
  address bytea := hash_address(key, wanted, 'social', person);
begin
  perform enter_tenant(wanted);
  return query
  select m.message_id, t.message_sid
  from messages m
  cross join lateral (select t.* from texts t where t.tenant_id = wanted and t.message_id = m.message_id limit 1) t
  where m.address_hash = address and m.tenant_id = wanted and m.channel = 'social'
    and m.status in ('sent', 'delivered') and t.message_sid is not null and t.begun_at <= until;
end
$$;

-- The one message to somebody that says this and of which it is not known whether the network has it; nothing where several could be it.
create function find_echoed(wanted uuid, key bytea, person text, hash bytea, since timestamptz) returns table (message_id bigint)
  language plpgsql set search_path = madansara_analytics
as $$
declare
  address bytea := hash_address(key, wanted, 'social', person);
begin
  perform enter_tenant(wanted);
  return query
  select min(m.message_id)
  from messages m
  cross join lateral (select t.* from texts t where t.tenant_id = wanted and t.message_id = m.message_id limit 1) t
  where m.address_hash = address and m.tenant_id = wanted and m.channel = 'social'
    and m.status in ('claimed', 'uncertain') and t.said = hash and t.message_sid is null and t.begun_at > since
  having count(*) = 1;
end
$$;

-- What a deleted person has commented goes with them.
alter function forget_elsewhere(uuid, text) rename to forget_all_but_comments;
create function forget_elsewhere(wanted uuid, person text) returns void
  language sql set search_path = madansara_analytics
as $$
  select forget_all_but_comments(wanted, person);
  delete from social_comments k using contacts c
  where c.tenant_id = wanted and c.user_id = person and c.channel = 'social'
    and k.address = c.address and k.tenant_id = wanted and k.provider = c.provider;
$$;

select plan_by_look_ups(name::regproc::regprocedure)
from unnest(array['take_reply', 'open_windows', 'close_windows', 'begin_socials', 'social_person', 'take_social_reply', 'take_comment', 'find_social_messages', 'find_unread',
  'find_echoed']) name;

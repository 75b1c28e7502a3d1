-- SMS and WhatsApp: who writes in a tenant's name, what was given to the provider, and what people write back.

-- What somebody writes to one of these senders is for its tenant, so that each is one tenant's alone.
create table phone_senders (
  tenant_id uuid primary key references tenants,
  sms_number text, -- in E.164, or a short code
  sms_service text, -- or the SID of a Messaging Service, which chooses among its numbers
  whatsapp_number text,
  updated_at timestamptz not null,
  check (sms_number is null or sms_service is null)
);
create unique index phone_senders_by_sms_number on phone_senders (sms_number);
create unique index phone_senders_by_sms_service on phone_senders (sms_service);
create unique index phone_senders_by_whatsapp_number on phone_senders (whatsapp_number);
select isolate_by_tenant('phone_senders');

-- For a webhook, before a tenant is known: whose sender was written to.
create function find_phone_tenant(over text, number text, service text) returns table (tenant_id uuid)
  language sql stable security definer set search_path = madansara_analytics
  begin atomic
    select s.tenant_id from madansara_analytics.phone_senders s
    where over = 'whatsapp' and s.whatsapp_number = number or over = 'sms' and (s.sms_number = number or s.sms_service = service)
    order by s.sms_service is not distinct from service desc limit 1;
  end;
grant select on phone_senders to madansara_lookup;
alter function find_phone_tenant(text, text, text) owner to madansara_lookup;

-- Texts that Meta has approved, by the names that steps use: outside of a day after somebody has written, nothing else reaches them.
create table whatsapp_templates (
  tenant_id uuid not null references tenants,
  family text not null check (family ~ '^[a-z][a-z0-9_]{0,63}$'),
  content_sid text not null,
  variables jsonb not null, -- {name: Liquid}: what fills each place
  actor text not null, -- the id of a key; never a name
  updated_at timestamptz not null,
  primary key (tenant_id, family)
);
select isolate_by_tenant('whatsapp_templates');

-- What Twilio was given, so that it is known again: its list of messages shows no token of ours.
create table texts (
  tenant_id uuid not null,
  message_id bigint not null,
  said bytea, -- a keyed hash of the text; null for a template's, which Twilio alone has
  message_sid text, -- once it is known
  begun_at timestamptz not null, -- when the last call began, by the clock of the machine: a campaign's may run faster
  primary key (tenant_id, message_id),
  foreign key (tenant_id, message_id) references messages (tenant_id, message_id)
);
create unique index texts_by_sid on texts (message_sid, tenant_id); -- not the tenant first: see messages
select isolate_by_tenant('texts');

-- Gives messages that were claimed together a call each, in one statement, before any of them begins. Tells how many have theirs.
create function part_claims(wanted uuid, call uuid, calls uuid[], message_ids bigint[]) returns integer
  language plpgsql set search_path = madansara_analytics
as $$
declare
  parted integer;
begin
  perform enter_tenant(wanted);
  perform lock_messages(wanted, message_ids);
  update messages m set call_id = o.own, updated_at = now()
  from unnest(calls, message_ids) o(own, message_id)
  cross join lateral (select m.ctid as place, m.* from messages m where m.tenant_id = wanted and m.message_id = o.message_id limit 1) b
  where m.ctid = b.place and b.call_id = call and b.status = 'claimed';
  select count(*) into parted
  from unnest(calls, message_ids) o(own, message_id)
  cross join lateral (select m.* from messages m where m.tenant_id = wanted and m.message_id = o.message_id limit 1) b
  where b.call_id = o.own and b.status = 'claimed';
  return parted;
end
$$;

-- As begin_call, of one message; and notes what is about to be said.
create function begin_text(wanted uuid, call uuid, message bigint, key bytea, at timestamptz, hash bytea)
  returns table (message_id bigint, status text, reason text, due_at timestamptz)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
begin
  for message_id, status, reason, due_at in select b.* from begin_call(wanted, call, array[message], key, at) b loop
    if status = 'claimed' then
      insert into texts (tenant_id, message_id, said, begun_at) values (wanted, message, hash, clock_timestamp())
      on conflict (tenant_id, message_id) do update set said = excluded.said, begun_at = excluded.begun_at, message_sid = null;
    end if;
    return next;
  end loop;
end
$$;

-- Notes by which id Twilio knows a message. False: it is another message's.
create function note_text_sid(wanted uuid, message bigint, sid text) returns boolean
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  update texts t set message_sid = sid where t.tenant_id = wanted and t.message_id = message and t.message_sid is null;
  return exists (select from texts t where t.tenant_id = wanted and t.message_id = message and t.message_sid = sid);
exception
  when unique_violation then return false;
end
$$;

-- Lets nobody send to the address of a message any more, and its user leave: all journeys where they want no more, else this campaign's.
create function suppress_recipient(wanted uuid, message bigint, why text, at timestamptz) returns void
  language plpgsql set search_path = madansara_analytics
as $$
declare
  m messages;
begin
  perform enter_tenant(wanted);
  perform lock_messages(wanted, array[message]);
  select * into m from messages o where o.tenant_id = wanted and o.message_id = message and o.address_hash is not null;
  if m.message_id is null or exists (
    select from suppressions s
    where s.tenant_id = wanted and s.channel = m.channel and s.address_hash = m.address_hash and s.reason <> 'awaiting review') then
    return;
  elsif why = 'unsubscribed' then
    perform hush_writer(wanted, m.channel, m.address_hash, m.user_id, 'twilio', jsonb_build_object('message', message), at);
  else
    insert into suppressions (tenant_id, channel, address_hash, reason) values (wanted, m.channel, m.address_hash, why) on conflict do nothing;
    insert into engagement_outbox (tenant_id, campaign_id, batch, idx, what)
    select wanted, j.campaign_id, j.batch, j.idx, why
    from open_journeys(wanted, m.user_id) j where j.campaign_id = m.campaign_id order by j.batch, j.idx;
  end if;
end
$$;

-- What somebody says with a telephone of all topics, as keep_words takes it.
create function word_of_phone(over text, hash bytea, person text, action text, source text, evidence jsonb, at timestamptz) returns jsonb
  language sql immutable
as $$
  select jsonb_build_array(over, '*', null, encode(hash, 'hex'), person, action, case action when 'granted' then 'consent' end, null, source, evidence,
    extract(epoch from at) * 1000)
$$;

-- Writes what a provider answered of messages that have a call each: as answer_call, with the ids by which Twilio knows them, and why nothing
-- may be sent to an address any more, where the answer says so. All are locked before the first changes the row of its campaign.
--   told  [[call_id, message_id, status, reason, due_at in ms, Twilio's id, why nothing more, at in ms], ...]
create function answer_own_calls(wanted uuid, told jsonb) returns void
  language plpgsql set search_path = madansara_analytics
as $$
declare
  a jsonb;
begin
  perform enter_tenant(wanted);
  perform lock_messages(wanted, array(select (x->>1)::bigint from jsonb_array_elements(told) x));
  for a in select x from jsonb_array_elements(told) x loop
    perform answer_call(wanted, (a->>0)::uuid, jsonb_build_array(jsonb_build_array(a->1, a->2, a->3, a->4)), to_timestamp((a->>7)::double precision / 1000));
    if a->>5 is not null then perform note_text_sid(wanted, (a->>1)::bigint, a->>5); end if;
    if a->>6 is not null then perform suppress_recipient(wanted, (a->>1)::bigint, a->>6, clock_timestamp()); end if;
  end loop;
end
$$;

-- Texts of which nobody has known since `before` whether Twilio has them, of calls after `since`, the oldest first: each with the number
-- that it went to, where that is still its user's, and what is needed to know it again.
create function list_uncertain_texts(wanted uuid, key bytea, since timestamptz, before timestamptz, most integer)
  returns table (message_id bigint, channel text, address text, said bytea, called_at timestamptz, given_up_at timestamptz)
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  return query
  select m.message_id, m.channel, c.address, t.said, t.begun_at, m.updated_at
  from messages m
  join texts t on t.tenant_id = wanted and t.message_id = m.message_id
  cross join lateral (
    select c.address from contacts c
    where c.tenant_id = wanted and c.user_id = m.user_id and c.channel = m.channel
      and hash_address(key, wanted, m.channel, c.address) = m.address_hash limit 1) c
  where m.tenant_id = wanted and m.held = 'uncertain' and m.channel in ('sms', 'whatsapp') and m.updated_at < before
    and t.begun_at > since
  order by t.begun_at limit most;
end
$$;

-- Before a tenant is known: who has some. Ids only.
create function list_tenants_with_uncertain_texts() returns table (tenant_id uuid)
  language sql stable security definer set search_path = madansara_analytics
  begin atomic
    select distinct m.tenant_id from madansara_analytics.messages m where m.held = 'uncertain' and m.channel in ('sms', 'whatsapp');
  end;
alter function list_tenants_with_uncertain_texts() owner to madansara_lookup;

-- Which of Twilio's ids are those of messages of ours, whoever's: the list of an account has those of all tenants.
create function find_known_sids(sids text[]) returns table (message_sid text)
  language sql stable security definer set search_path = madansara_analytics
  begin atomic
    select t.message_sid from madansara_analytics.texts t where t.message_sid = any (sids);
  end;
grant select on texts to madansara_lookup;
alter function find_known_sids(text[]) owner to madansara_lookup;

-- Says of an uncertain message that its provider does not have it. What was settled meanwhile stays.
create function settle_absent(wanted uuid, message bigint, why text) returns boolean
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  perform lock_messages(wanted, array[message]);
  update messages m set status = 'failed', reason = why, updated_at = now()
  where m.tenant_id = wanted and m.message_id = message and m.status = 'uncertain';
  return found;
end
$$;

-- What people have written to a tenant's senders. The text is sealed: who reads the table reads nobody's words.
create table replies (
  tenant_id uuid not null references tenants,
  reply_id bigint generated always as identity,
  provider_id text not null,
  channel text not null check (channel in ('sms', 'whatsapp')),
  address_hash bytea not null,
  user_id text, -- null: nobody is known by this number
  message_id bigint, -- what it answers: the message that it quotes, else the last that went to this number
  asks text check (asks in ('stop', 'start', 'help', 'maybe_stop')),
  sealed bytea not null,
  received_at timestamptz not null,
  -- What somebody found who has looked at what may be a stop.
  judged text check (judged in ('stop', 'none')),
  judged_by text, -- the id of a key; never a name
  judged_at timestamptz,
  primary key (tenant_id, reply_id),
  unique (tenant_id, provider_id)
);
create index replies_by_address on replies (address_hash, tenant_id, channel, received_at);
create index replies_to_review on replies (tenant_id, reply_id) where asks = 'maybe_stop' and judged is null;
create index replies_by_user on replies (user_id, tenant_id) where user_id is not null;
select isolate_by_tenant('replies');

-- Takes what somebody has written, once: a reply to a message of ours, where there is one. A stop is a no to all topics and ends the
-- journeys of whoever has the number; a start undoes it, and signs up nobody else; after what may be a stop the number is silent until
-- somebody has looked at it.
create function take_reply(wanted uuid, from_provider text, sid text, over text, key bytea, number text, quoted text, wish text, text_sealed bytea, at timestamptz)
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
  from messages m join texts t on t.tenant_id = wanted and t.message_id = m.message_id
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

-- Whoever has written wants no more messages: a no to all topics. Users are held.
create function hush_writer(wanted uuid, over text, hash bytea, person text, source text, evidence jsonb, at timestamptz) returns void
  language sql set search_path = madansara_analytics
as $$
  insert into suppressions as s (tenant_id, channel, address_hash, reason) values (wanted, over, hash, 'unsubscribed')
  on conflict (tenant_id, channel, address_hash) do update set reason = excluded.reason where s.reason = 'awaiting review';
  select from keep_words(wanted, null, jsonb_build_array(word_of_phone(over, hash, person, 'withdrawn', source, evidence, at)), at);
  insert into engagement_outbox (tenant_id, campaign_id, batch, idx, what)
  select wanted, j.campaign_id, j.batch, j.idx, 'unsubscribed'
  from open_journeys(wanted, person) j where person is not null order by j.campaign_id, j.batch, j.idx;
$$;

-- What somebody found who looked at a reply that may be a stop: one, or none, and then the number may be written to again, unless another
-- reply from it waits. Gives the reply's new state; nothing where there is no such reply, and no change where it was judged before.
create function judge_reply(wanted uuid, reply bigint, verdict text, by_whom text, at timestamptz) returns table (judged text)
  language plpgsql set search_path = madansara_analytics
as $$
declare
  r replies;
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  select * into r from replies o where o.tenant_id = wanted and o.reply_id = reply and o.asks = 'maybe_stop' for update;
  if r.reply_id is null then return; end if;
  if r.judged is null then
    update replies o set judged = verdict, judged_by = by_whom, judged_at = at where o.tenant_id = wanted and o.reply_id = reply;
    r.judged := verdict;
    if verdict = 'stop' then
      perform hush_writer(wanted, r.channel, r.address_hash, r.user_id, 'review of a reply', jsonb_build_object('reply', r.provider_id, 'by', by_whom), at);
    else
      delete from suppressions s
      where s.tenant_id = wanted and s.channel = r.channel and s.address_hash = r.address_hash and s.reason = 'awaiting review' and not exists (
        select from replies o
        where o.address_hash = r.address_hash and o.tenant_id = wanted and o.channel = r.channel and o.asks = 'maybe_stop' and o.judged is null);
    end if;
  end if;
  return query select r.judged;
end
$$;

-- Of messages that are about to be sent over WhatsApp, those whose recipient has written since: they may be told anything.
create function list_open_windows(wanted uuid, message_ids bigint[], since timestamptz) returns table (message_id bigint)
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  return query
  select m.message_id
  from unnest(message_ids) o(id)
  cross join lateral (select m.* from messages m where m.tenant_id = wanted and m.message_id = o.id limit 1) m
  where exists (
    select from replies r
    where r.address_hash = m.address_hash and r.tenant_id = wanted and r.channel = m.channel and r.received_at > since);
end
$$;

-- A merge gives what a user has written to who they are now; what a deleted person has written goes with them.
alter function merge_elsewhere(uuid, text, text) rename to merge_all_but_replies;
create function merge_elsewhere(wanted uuid, source text, target text) returns void
  language sql set search_path = madansara_analytics
as $$
  select merge_all_but_replies(wanted, source, target);
  update replies r set user_id = target where r.tenant_id = wanted and r.user_id = source;
$$;
alter function forget_elsewhere(uuid, text) rename to forget_all_but_replies;
create function forget_elsewhere(wanted uuid, person text) returns void
  language sql set search_path = madansara_analytics
as $$
  select forget_all_but_replies(wanted, person);
  delete from replies r where r.tenant_id = wanted and r.user_id = person;
$$;

select plan_by_look_ups(name::regproc::regprocedure)
from unnest(array['part_claims', 'begin_text', 'answer_own_calls', 'suppress_recipient', 'take_reply', 'judge_reply', 'list_open_windows']) name;

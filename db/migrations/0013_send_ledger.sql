-- Campaigns, as far as sending needs them: whom a step is for, and what became of each message.
create table outreach_campaigns (
  tenant_id uuid not null references tenants,
  id bigint generated always as identity,
  campaign_key text not null, -- camp_...
  campaign_name varchar(500),
  channel varchar(50) not null check (channel in ('email', 'sms', 'whatsapp', 'social', 'push', 'in_app', 'multi')),
  segment_id bigint,
  message_template jsonb,
  scheduled_at timestamptz,
  -- of its messages, those that were at least sent, delivered, ...: a recount of their times gives the same
  sent_count integer not null default 0,
  delivered_count integer not null default 0,
  opened_count integer not null default 0,
  clicked_count integer not null default 0,
  converted_count integer not null default 0,
  status varchar(50) not null default 'draft',
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
create unique index outreach_campaigns_by_key on outreach_campaigns (campaign_key, tenant_id); -- not the tenant first: see messages
select isolate_by_tenant('outreach_campaigns');

-- The audience of a campaign, frozen: workflows know its members by (batch, idx) alone. Who enters again has another entry.
create table journeys (
  tenant_id uuid not null,
  campaign_id bigint not null,
  batch integer not null,
  idx integer not null check (idx between 0 and 499),
  entry integer not null check (entry >= 1),
  user_id text not null,
  primary key (tenant_id, campaign_id, batch, idx),
  foreign key (tenant_id, campaign_id) references outreach_campaigns (tenant_id, id)
);
create unique index journeys_by_user on journeys (user_id, tenant_id, campaign_id, entry); -- not the tenant first: see messages
select isolate_by_tenant('journeys');

-- One request to a provider. Its row is inserted just before the request is written, or by whoever finds that it never was: the
-- primary key decides between the two, so that a worker which slept stops at its own insert.
create table calls (
  tenant_id uuid not null references tenants,
  call_id uuid not null,
  state text not null check (state in ('begun', 'abandoned')),
  created_at timestamptz not null default now(),
  primary key (tenant_id, call_id)
);
select isolate_by_tenant('calls', 'select, insert');

-- One message of one step to one user, for ever. Its status only moves forward, but for a claim that its provider did not take.
--   claimed      is being sent, under its call
--   uncertain    its request may have gone out: only the provider's own word settles it, or the call itself, if it still lives
--   deferred     not now: from `due_at` on it may be claimed again
--   suppressed   not at all, and why
--   failed       its provider refused it for good, or could not deliver it
--   sent, delivered, opened, clicked, replied: the furthest that its provider told
-- Its times say when it had come so far: who clicked had opened it, and what bounced had been sent. Whoever changes messages locks
-- them first (lock_messages), then calls, then campaigns: two that meet wait, and never for each other.
create table messages (
  tenant_id uuid not null,
  message_id bigint generated always as identity,
  campaign_id bigint not null,
  entry integer not null,
  step_key text not null,
  user_id text not null,
  channel text not null,
  batch integer not null,
  idx integer not null,
  address_hash bytea, -- keyed; null where nothing was or will be sent to an address
  status text not null check (
    status in ('claimed', 'uncertain', 'deferred', 'suppressed', 'failed', 'sent', 'delivered', 'opened', 'clicked', 'replied')),
  reason text, -- why it was deferred, suppressed or failed; what was seen of a call whose answer makes it uncertain
  call_id uuid,
  due_at timestamptz,
  claimed_at timestamptz not null,
  sent_at timestamptz,
  delivered_at timestamptz,
  opened_at timestamptz,
  machine_opened_at timestamptz,
  clicked_at timestamptz,
  replied_at timestamptz,
  updated_at timestamptz not null default now(),
  check (call_id is not null or status not in ('claimed', 'uncertain')),
  check ((due_at is not null) = (status = 'deferred')),
  check (sent_at is not null or status not in ('sent', 'delivered', 'opened', 'clicked', 'replied')),
  held text generated always as (case when status in ('uncertain', 'deferred') then status end) stored, -- for the index of the few
  -- Without a foreign key to its campaign: each is a journey's, which has one, and to lock the campaign for every message is a tenth
  -- of what a claim costs.
  primary key (tenant_id, message_id)
) with (fillfactor = 50); -- Each is written again at once, when it is answered: on the same page, and in no index, since none has a status.
-- Beside a primary key that begins with the tenant, no other index does. As long as there is little in a table, the planner takes any
-- index whose beginning fits, and a session that has kept such a plan reads all of a tenant's rows where it needs one.
create unique index messages_once_to_user on messages (user_id, tenant_id, campaign_id, entry, step_key, channel);
create unique index messages_once_to_address on messages (address_hash, tenant_id, campaign_id, entry, step_key, channel);
create index messages_held on messages (held) where held is not null;
select isolate_by_tenant('messages');

-- To whom nothing may be sent, by the hash of the address: it outlives the contact.
create table suppressions (
  tenant_id uuid not null references tenants,
  channel text not null,
  address_hash bytea not null,
  reason text not null, -- unsubscribed, complained, bounced, ...
  created_at timestamptz not null default now(),
  primary key (tenant_id, channel, address_hash)
);
select isolate_by_tenant('suppressions');

-- What providers told, each event once.
create table provider_events (
  tenant_id uuid not null references tenants,
  provider text not null,
  event_id text not null,
  message_id bigint not null,
  kind text not null,
  occurred_at timestamptz not null,
  received_at timestamptz not null default now(),
  primary key (tenant_id, provider, event_id)
);
create index provider_events_by_message on provider_events (tenant_id, message_id);
select isolate_by_tenant('provider_events');

-- Locks messages in the one order in which everybody does.
create function lock_messages(wanted uuid, ids bigint[]) returns void
  language sql set search_path = madansara_analytics
as $$
  select from (select distinct unnest(ids) as message_id order by 1) o
  cross join lateral (
    select from messages m where m.tenant_id = wanted and m.message_id = o.message_id limit 1 for update) m
$$;

-- An address as the ledger keeps it: nobody without the key can ask whether it is there. It never changes, but convert_to is called
-- stable, and only what is called the same is inlined.
create function hash_address(key bytea, wanted uuid, channel text, address text) returns bytea
  language sql stable
as $$
  select sha256(key || sha256(key || convert_to(wanted || '/' || channel || '/' || lower(trim(address)), 'UTF8')))
$$;

drop index contacts_by_address;
create index contacts_by_address on contacts (address, tenant_id, channel, provider); -- not the tenant first: see messages

-- Where messages to a user go: to the verified address before others, to the older one before newer ones.
create function address_of(wanted uuid, over text, person text) returns table (address text, consent text)
  language sql stable
as $$
  select c.address, c.consent from madansara_analytics.contacts c
  where c.tenant_id = wanted and c.user_id = person and c.channel = over
  order by c.verified_at is null, c.contact_id limit 1
$$;

-- The address of a user, its hash, and why nothing may be sent to it: null where something may.
create function judge_address(key bytea, wanted uuid, over text, person text) returns table (hash bytea, because text)
  language sql stable
as $$
  select h.hash, case
      when u.user_id is null then case when person like 'merged/%' then 'merged' else 'deleted' end
      when a.address is null then 'no address'
      when a.consent = 'denied' then 'no consent'
      else (
        select s.reason from madansara_analytics.suppressions s
        where s.tenant_id = wanted and s.channel = over and s.address_hash = h.hash limit 1) end
  from (values (1)) one
  left join lateral (
    select u.user_id from madansara_analytics.users u where u.tenant_id = wanted and u.user_id = person limit 1) u on true
  left join lateral madansara_analytics.address_of(wanted, over, person) a on true
  cross join lateral (select madansara_analytics.hash_address(key, wanted, over, a.address) as hash offset 0) h
$$;

-- Claims the messages of one step for members of a batch, under a call. Of each member, by its idx, what became of it:
--   claimed      to be sent now, to this address
--   held         another try has it at this moment: ask again
--   uncertain    an earlier call may have sent it
--   waiting      deferred until due_at
--   paused       nothing is claimed while the campaign is: ask again from due_at on
--   done         it is settled: `status` says how, and `reason` why where nothing is sent
-- A claim that an earlier try has left is taken over when that try's call never began, which the insert of its row finds out.
-- Every look-up is lateral with a limit: a join lets the planner walk through the tenant's users for each batch. Here and below, what
-- is changed has been locked, and is found by the place that a look-up has read: see plan_by_look_ups.
create function claim_messages(wanted uuid, campaign bigint, step text, over text, key bytea, in_batch integer, members integer[], call uuid, at timestamptz)
  returns table (idx integer, outcome text, message_id bigint, user_id text, address text, status text, reason text, due_at timestamptz)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  idxs integer[];
  entries integer[];
  people text[];
  written integer;
  halted text; -- why nobody is sent anything any more
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  select nullif(c.status, 'running') into halted from outreach_campaigns c where c.tenant_id = wanted and c.id = campaign;
  if halted = 'paused' then
    return query select distinct m, 'paused', null::bigint, null, null, null, null, at + interval '1 minute' from unnest(members) m;
    return;
  end if;
  halted := case when halted = 'cancelled' then halted end;
  select array_agg(j.idx order by j.idx), array_agg(j.entry order by j.idx), array_agg(j.user_id order by j.idx) into idxs, entries, people
  from (select distinct unnest(members) as idx) m
  cross join lateral (
    select j.idx, j.entry, j.user_id from journeys j
    where j.tenant_id = wanted and j.campaign_id = campaign and j.batch = in_batch and j.idx = m.idx limit 1) j;

  insert into messages (tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, address_hash, status, reason, call_id, claimed_at)
  select wanted, campaign, b.entry, step, b.user_id, over, in_batch, b.idx, case when a.because is null then a.hash end,
    case when a.because is null then 'claimed' else 'suppressed' end, a.because, case when a.because is null then call end, at
  from unnest(idxs, entries, people) b(idx, entry, user_id)
  cross join lateral judge_address(key, wanted, over, b.user_id) j
  cross join lateral (select j.hash, coalesce(halted, j.because) as because offset 0) a -- judged once
  order by b.user_id collate "C"
  on conflict do nothing;
  get diagnostics written = row_count;
  if written < cardinality(idxs) then
    perform claim_again(wanted, campaign, step, over, key, in_batch, idxs, entries, people, call, at, halted);
  end if;

  return query
  select b.idx, case
      when not o.is_own then 'done'
      when m.status = 'claimed' then case when m.call_id = call then 'claimed' else 'held' end
      when m.status = 'uncertain' then 'uncertain'
      when m.status = 'deferred' then 'waiting'
      else 'done' end,
    m.message_id, b.user_id, a.address, case when o.is_own then m.status else 'suppressed' end,
    case when o.is_own then m.reason else 'merged' end, m.due_at
  from unnest(idxs, entries, people) b(idx, entry, user_id)
  cross join lateral (
    select m.* from messages m
    where m.tenant_id = wanted and m.campaign_id = campaign and m.entry = b.entry and m.step_key = step and m.user_id = b.user_id
      and m.channel = over limit 1) m
  cross join lateral (select m.batch = in_batch and m.idx = b.idx as is_own) o
  left join lateral address_of(wanted, over, b.user_id) a on o.is_own and m.status = 'claimed' and m.call_id = call;
end
$$;

-- What is left to do where some members had a message of this step before, or share an address with somebody.
create function claim_again(wanted uuid, campaign bigint, step text, over text, key bytea, in_batch integer,
  idxs integer[], entries integer[], people text[], call uuid, at timestamptz, halted text) returns void
  language plpgsql set search_path = madansara_analytics
as $$
declare
  own bigint[];
begin
  select array_agg(m.message_id) into own
  from unnest(idxs, entries, people) b(idx, entry, user_id)
  cross join lateral (
    select m.* from messages m
    where m.tenant_id = wanted and m.campaign_id = campaign and m.entry = b.entry and m.step_key = step and m.user_id = b.user_id
      and m.channel = over limit 1) m
  where m.batch = in_batch and m.idx = b.idx and (m.status = 'claimed' and m.call_id <> call or m.status = 'deferred' and m.due_at <= at);
  if own is not null then
    perform lock_messages(wanted, own);
    perform leave_calls(wanted, own, call);
    perform judge_again(wanted, key, own, call, at, halted);
  end if;

  -- Whoever has none now shares an address with somebody who has.
  insert into messages (tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, status, reason, claimed_at)
  select wanted, campaign, b.entry, step, b.user_id, over, in_batch, b.idx, 'suppressed', 'same address', at
  from unnest(idxs, entries, people) b(idx, entry, user_id)
  order by b.user_id collate "C"
  on conflict do nothing;
end
$$;

-- Of each claim that another call has left, finds out whether its request can have gone out. The primary key of calls decides: a
-- call that is abandoned here can never begin, and one that has begun makes its messages uncertain. The messages are locked.
create function leave_calls(wanted uuid, ids bigint[], call uuid) returns void
  language plpgsql set search_path = madansara_analytics
as $$
begin
  insert into calls (tenant_id, call_id, state)
  select distinct wanted, m.call_id, 'abandoned'
  from unnest(ids) o(message_id)
  cross join lateral (
    select m.call_id, m.status from messages m where m.tenant_id = wanted and m.message_id = o.message_id limit 1) m
  where m.status = 'claimed' and m.call_id <> call
  order by m.call_id
  on conflict do nothing;
  -- A statement of its own: it sees what others have inserted while the one before waited for them.
  update messages m set status = 'uncertain', updated_at = now()
  from unnest(ids) o(message_id)
  cross join lateral (select m.ctid as place, m.* from messages m where m.tenant_id = wanted and m.message_id = o.message_id limit 1) b
  cross join lateral (select c.state from calls c where c.tenant_id = wanted and c.call_id = b.call_id limit 1) c
  where m.ctid = b.place and b.status = 'claimed' and b.call_id <> call and c.state = 'begun';
end
$$;

-- Claims messages for a call whose own calls never began, or whose time has come. Time has passed: their users may have another
-- address by now, and may be suppressed. The messages are locked.
create function judge_again(wanted uuid, key bytea, ids bigint[], call uuid, at timestamptz, halted text) returns void
  language sql set search_path = madansara_analytics
as $$
  with judged as materialized (
    select m.place, a.hash, a.because,
      row_number() over (partition by m.entry, a.hash, a.because is null order by m.message_id) > 1 or exists (
        select from messages o
        where o.tenant_id = wanted and o.campaign_id = m.campaign_id and o.entry = m.entry and o.step_key = m.step_key
          and o.channel = m.channel and o.address_hash = a.hash and o.message_id <> m.message_id) as is_shared
    from unnest(ids) i(message_id)
    cross join lateral (
      select m.ctid as place, m.* from messages m where m.tenant_id = wanted and m.message_id = i.message_id limit 1) m
    cross join lateral judge_address(key, wanted, m.channel, m.user_id) a
    where m.status = 'claimed' and m.call_id <> call or m.status = 'deferred' and m.due_at <= at)
  update messages m set status = case when v.because is null then 'claimed' else 'suppressed' end, reason = v.because,
    address_hash = case when v.because is null then j.hash end, call_id = case when v.because is null then call end, due_at = null,
    claimed_at = at, updated_at = now()
  from judged j
  cross join lateral (select coalesce(halted, j.because, case when j.is_shared then 'same address' end) as because) v
  where m.ctid = j.place
$$;

-- Gives some messages of a call that has not begun to another, where they do not fit into one request. Tells how many it has now.
create function move_claims(wanted uuid, call uuid, to_call uuid, message_ids bigint[]) returns integer
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  perform lock_messages(wanted, message_ids);
  update messages m set call_id = to_call, updated_at = now()
  from unnest(message_ids) o(message_id)
  cross join lateral (select m.ctid as place, m.* from messages m where m.tenant_id = wanted and m.message_id = o.message_id limit 1) b
  where m.ctid = b.place and b.call_id = call and b.status = 'claimed';
  return (
    select count(*) from (select distinct unnest(message_ids) as message_id) o
    cross join lateral (select m.* from messages m where m.tenant_id = wanted and m.message_id = o.message_id limit 1) b
    where b.call_id = to_call and b.status = 'claimed');
end
$$;

-- Says that the request of a call is about to be written, and gives what became of each of its messages meanwhile: those that are
-- still `claimed` may be in the request. Nothing at all: somebody has found the call abandoned, and nothing may be sent.
-- Who was suppressed since the claim is left out, and whose address has changed is claimed anew. Only the worker that made the call
-- knows its id: where the answer got lost, or took too long, and nothing was written yet, it may ask again.
create function begin_call(wanted uuid, call uuid, message_ids bigint[], key bytea, at timestamptz)
  returns table (message_id bigint, status text, reason text, due_at timestamptz)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
begin
  perform enter_tenant(wanted);
  perform lock_messages(wanted, message_ids);
  insert into calls (tenant_id, call_id, state) values (wanted, call, 'begun') on conflict do nothing;
  if not exists (select from calls c where c.tenant_id = wanted and c.call_id = call and c.state = 'begun') then return; end if;

  -- Where this call has begun before, another try may have found it and called its messages uncertain.
  update messages m set status = v.status, reason = coalesce(a.because, 'new address'), due_at = case v.status when 'deferred' then at end,
    updated_at = now()
  from unnest(message_ids) o(message_id)
  cross join lateral (
    select m.ctid as place, m.* from messages m where m.tenant_id = wanted and m.message_id = o.message_id limit 1) b
  cross join lateral judge_address(key, wanted, b.channel, b.user_id) a
  cross join lateral (select case when a.because is null then 'deferred' else 'suppressed' end as status) v
  where m.ctid = b.place and b.call_id = call and is_unanswered(b.status, b.reason)
    and (a.because is not null or a.hash is distinct from b.address_hash);

  return query
  select m.message_id, case when m.call_id = call and is_unanswered(m.status, m.reason) then 'claimed' when m.status = 'claimed' then 'uncertain' else m.status end,
    m.reason, m.due_at
  from unnest(message_ids) o(message_id)
  cross join lateral (select m.* from messages m where m.tenant_id = wanted and m.message_id = o.message_id limit 1) m;
end
$$;

-- Whether a call may still be sending a message: a call that was answered without certainty has given a reason.
create function is_unanswered(status text, reason text) returns boolean
  language sql immutable
as $$
  select status = 'claimed' or status = 'uncertain' and reason is null
$$;

-- Writes what a provider answered to a call: [[message_id, status, reason, due in ms], ...] with status sent, failed, deferred or
-- uncertain. What the provider has told of a message meanwhile goes further than the answer, and stays. Twice is once.
create function answer_call(wanted uuid, call uuid, answers jsonb, at timestamptz) returns integer
  language plpgsql set search_path = madansara_analytics
as $$
declare
  change record;
  changed integer := 0;
begin
  perform enter_tenant(wanted);
  perform lock_messages(wanted, array(select (x->>0)::bigint from jsonb_array_elements(answers) x));
  for change in
    with answered as (
      update messages m set status = a.status, reason = a.reason, due_at = a.due_at, updated_at = now(),
        sent_at = case when a.status = 'sent' then at end
      from (
        select (x->>0)::bigint as message_id, x->>1 as status, x->>2 as reason, to_timestamp((x->>3)::double precision / 1000) as due_at
        from jsonb_array_elements(answers) x) a
      cross join lateral (select m.ctid as place, m.* from messages m where m.tenant_id = wanted and m.message_id = a.message_id limit 1) b
      where m.ctid = b.place and b.call_id = call and b.status in ('claimed', 'uncertain')
      returning m.campaign_id, m.sent_at)
    select a.campaign_id, count(*) as messages, count(a.sent_at) as sent from answered a group by a.campaign_id order by a.campaign_id
  loop
    changed := changed + change.messages;
    if change.sent > 0 then
      update outreach_campaigns c set sent_count = c.sent_count + change.sent where c.tenant_id = wanted and c.id = change.campaign_id;
    end if;
  end loop;
  return changed;
end
$$;

-- How far a message has come; only what is further replaces what is. What a provider tells of a message that the ledger thinks it
-- never got is true all the same.
create function message_rank(status text) returns integer
  language sql immutable
as $$
  select case status when 'claimed' then 0 when 'uncertain' then 0 when 'deferred' then 0 when 'suppressed' then 1 when 'sent' then 2
    when 'failed' then 3 when 'delivered' then 4 when 'opened' then 5 when 'clicked' then 6 else 7 end
$$;

-- Takes what a provider tells, each event once: [[event_id, message_id, kind, at in ms, is_machine], ...] of messages of this tenant;
-- gives how many were new and known. A machine's opening shows that a message was delivered, and no more. Who complains,
-- unsubscribes, or cannot be reached for good is suppressed.
create function take_provider_events(wanted uuid, from_provider text, events jsonb) returns integer
  language plpgsql set search_path = madansara_analytics
as $$
declare
  change record;
  taken integer := 0;
begin
  perform enter_tenant(wanted);
  perform lock_messages(wanted, array(select distinct (x->>1)::bigint from jsonb_array_elements(events) x));
  for change in
    with told as materialized (
      select distinct on (x->>0) x->>0 as event_id, (x->>1)::bigint as message_id, x->>2 as kind,
        to_timestamp((x->>3)::double precision / 1000) as at, coalesce((x->>4)::boolean, false) as is_machine
      from jsonb_array_elements(events) x
      order by x->>0),
    fresh as (
      insert into provider_events (tenant_id, provider, event_id, message_id, kind, occurred_at)
      select wanted, from_provider, t.event_id, t.message_id, case when t.is_machine then 'machine_' || t.kind else t.kind end, t.at
      from told t
      cross join lateral (select from messages m where m.tenant_id = wanted and m.message_id = t.message_id limit 1) m
      order by t.event_id collate "C"
      on conflict do nothing
      returning message_id, occurred_at as at, kind like 'machine\_%' as is_machine, regexp_replace(kind, '^machine_', '') as kind),
    by_message as materialized (
      select t.message_id, count(*) as events, min(t.at) as sent_at,
        min(t.at) filter (where t.kind not in ('sent', 'bounced', 'dropped')) as delivered_at,
        min(t.at) filter (where t.kind in ('opened', 'clicked', 'replied') and not t.is_machine) as opened_at,
        min(t.at) filter (where t.kind = 'opened' and t.is_machine) as machine_opened_at,
        min(t.at) filter (where t.kind = 'clicked' and not t.is_machine) as clicked_at,
        min(t.at) filter (where t.kind = 'replied') as replied_at,
        max(t.kind) filter (where t.kind in ('bounced', 'dropped')) as failure,
        max(t.kind) filter (where t.kind in ('bounced', 'complained', 'unsubscribed')) as suppress,
        (array_agg(s.status order by message_rank(s.status) desc))[1] as status
      from fresh t
      cross join lateral (
        select case when t.kind in ('bounced', 'dropped') then 'failed' when t.is_machine or t.kind in ('complained', 'unsubscribed') then 'delivered'
          else t.kind end as status) s
      group by t.message_id),
    changed as (
      update messages m set
        status = case when message_rank(b.status) > message_rank(m.status) then b.status else m.status end,
        reason = case when message_rank(b.status) <= message_rank(m.status) then m.reason when b.status = 'failed' then b.failure end,
        due_at = null,
        sent_at = least(m.sent_at, b.sent_at), delivered_at = least(m.delivered_at, b.delivered_at),
        opened_at = least(m.opened_at, b.opened_at), machine_opened_at = least(m.machine_opened_at, b.machine_opened_at),
        clicked_at = least(m.clicked_at, b.clicked_at), replied_at = least(m.replied_at, b.replied_at), updated_at = now()
      from by_message b
      cross join lateral (
        select o.ctid as place, o.sent_at, o.delivered_at, o.opened_at, o.clicked_at from messages o
        where o.tenant_id = wanted and o.message_id = b.message_id limit 1) o
      where m.ctid = o.place
      returning m.campaign_id, m.channel, m.address_hash, b.suppress, b.events,
        (o.sent_at is null)::integer as sent, (o.delivered_at is null and m.delivered_at is not null)::integer as delivered,
        (o.opened_at is null and m.opened_at is not null)::integer as opened,
        (o.clicked_at is null and m.clicked_at is not null)::integer as clicked),
    hushed as (
      insert into suppressions (tenant_id, channel, address_hash, reason)
      select distinct on (c.channel, c.address_hash) wanted, c.channel, c.address_hash, c.suppress
      from changed c where c.suppress is not null and c.address_hash is not null
      order by c.channel, c.address_hash, c.suppress desc
      on conflict do nothing)
    select c.campaign_id, sum(c.events) as events, sum(c.sent) as sent, sum(c.delivered) as delivered, sum(c.opened) as opened,
      sum(c.clicked) as clicked
    from changed c group by c.campaign_id order by c.campaign_id
  loop
    taken := taken + change.events;
    if change.sent + change.delivered + change.opened + change.clicked > 0 then
      update outreach_campaigns c set sent_count = c.sent_count + change.sent, delivered_count = c.delivered_count + change.delivered,
        opened_count = c.opened_count + change.opened, clicked_count = c.clicked_count + change.clicked
      where c.tenant_id = wanted and c.id = change.campaign_id;
    end if;
  end loop;
  return taken;
end
$$;

-- Gives what a merged user has in campaigns to who they are now. Where both are in the same campaign, what the source had stays
-- under a name that is nobody's, and gets no further message.
create or replace function merge_elsewhere(wanted uuid, source text, target text) returns void
  language sql set search_path = madansara_analytics
as $$
  select merge_exposures(wanted, source, target);
  select lock_messages(wanted, array(select m.message_id from messages m where m.tenant_id = wanted and m.user_id = source));
  update journeys j set user_id = case when exists (
      select from journeys o
      where o.tenant_id = wanted and o.campaign_id = j.campaign_id and o.entry = j.entry and o.user_id = target)
    then 'merged/' || gen_random_uuid() else target end
  where j.tenant_id = wanted and j.user_id = source;
  update messages m set user_id = case when exists (
      select from messages o
      where o.tenant_id = wanted and o.campaign_id = m.campaign_id and o.entry = m.entry and o.step_key = m.step_key and o.user_id = target
        and o.channel = m.channel)
    then 'merged/' || gen_random_uuid() else target end
  where m.tenant_id = wanted and m.user_id = source;
$$;

-- A deleted person's messages stay countable under an id that nobody can trace back; their hashes keep them suppressed.
create or replace function forget_elsewhere(wanted uuid, person text) returns void
  language sql set search_path = madansara_analytics
as $$
  select anonymise_exposures(wanted, person);
  select lock_messages(wanted, array(select m.message_id from messages m where m.tenant_id = wanted and m.user_id = person));
  with nobody as (select 'deleted/' || gen_random_uuid() as id),
  gone as (update journeys j set user_id = n.id from nobody n where j.tenant_id = wanted and j.user_id = person)
  update messages m set user_id = n.id from nobody n where m.tenant_id = wanted and m.user_id = person;
$$;

-- A session plans these once, perhaps while a table is as good as empty, and keeps the plan when it is not: walking through a table
-- that is nearly empty costs nothing. What is left is to look up each row, which is right for any size.
create function plan_by_look_ups(target regprocedure) returns void
  language plpgsql
as $$
declare
  walk text;
begin
  foreach walk in array array['seqscan', 'hashjoin', 'mergejoin', 'material'] loop
    execute format('alter function %s set enable_%s = off', target, walk);
  end loop;
end
$$;
select plan_by_look_ups(name::regproc::regprocedure)
from unnest(array['lock_messages', 'claim_messages', 'claim_again', 'leave_calls', 'judge_again', 'move_claims', 'begin_call', 'answer_call',
  'take_provider_events']) name;

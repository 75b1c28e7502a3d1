-- Consent, quiet hours and caps in the claim.
alter table outreach_campaigns
  add column topic text not null default 'marketing' check (topic ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
  add column priority smallint not null default 0 check (priority between 0 and 9);

-- When a message took its place under the caps; null where it has none.
alter table messages add column spent_at timestamptz;

-- A tenant's own hours. Without a row, the law's alone hold, where there is one.
create table sending_policies (
  tenant_id uuid not null references tenants,
  quiet_hours jsonb not null default '{}', -- {channel: the hours in which one may write there, as people write them}
  updated_at timestamptz not null default now(),
  primary key (tenant_id)
);
select isolate_by_tenant('sending_policies');

drop function judge_address(bytea, uuid, text, text);
drop function address_of(uuid, text, text);
drop function contact_of(uuid, text, text);
drop function claim_messages(uuid, bigint, smallint, text, bytea, integer, integer[], uuid, timestamptz);
drop function claim_again(uuid, bigint, smallint, text, bytea, integer, integer[], integer[], text[], uuid, timestamptz, text);
drop function judge_again(uuid, bytea, bigint[], uuid, timestamptz, text);

-- Where messages to a user go: to the verified address before others, to the older one before newer ones.
create function contact_of(wanted uuid, over text, person text) returns table (address text, consent text, consent_at timestamptz)
  language sql stable
as $$
  select c.address, c.consent, c.consent_at from madansara_analytics.contacts c
  where c.tenant_id = wanted and c.user_id = person and c.channel = over
  order by c.verified_at is null, c.contact_id limit 1
$$;

-- An inbox is the user's own, and needs no contact. Its address is their id, in hex: two ids may differ in case alone.
create function address_of(wanted uuid, over text, person text) returns table (address text, consent text, consent_at timestamptz)
  language sql stable
as $$
  select encode(convert_to(person, 'UTF8'), 'hex'), null, null::timestamptz where over = 'in_app'
  union all
  select c.address, c.consent, c.consent_at from madansara_analytics.contact_of(wanted, over, person) c where over <> 'in_app'
$$;

-- What the checks of a claim need to know beside the address, read once for all messages of a step.
create function claim_rules(wanted uuid, campaign bigint, over text)
  returns table (campaign_status text, about text, importance smallint, needs_yes boolean, needs_confirmation boolean, is_capped boolean)
  language sql stable
as $$
  select c.status, c.topic, c.priority, t.needs_yes, t.needs_confirmation, not t.is_transactional and exists (
    select from madansara_analytics.sending_caps s where s.tenant_id = wanted and s.channel in ('all', over))
  from madansara_analytics.outreach_campaigns c
  cross join lateral madansara_analytics.topic_rules(wanted, c.topic, over) t
  where c.tenant_id = wanted and c.id = campaign limit 1
$$;

-- The address of a user, its hash, and why nothing may be sent to it about a topic: null where something may.
create function judge_address(key bytea, wanted uuid, over text, person text, about text, needs_yes boolean, needs_confirmation boolean)
  returns table (hash bytea, because text)
  language sql stable
as $$
  select h.hash, case
      when u.user_id is null then case when person like 'merged/%' then 'merged' else 'deleted' end
      when a.address is null then 'no address'
      else coalesce(s.reason, r.because) end
  from (values (1)) one
  left join lateral (
    select u.user_id from madansara_analytics.users u where u.tenant_id = wanted and u.user_id = person limit 1) u on true
  left join lateral madansara_analytics.address_of(wanted, over, person) a on true
  -- An offset is a wall: without it, the planner would write all this once more wherever the hash or the reason is named.
  cross join lateral (select madansara_analytics.hash_address(key, wanted, over, a.address) as hash offset 0) h
  left join lateral (
    select s.reason from madansara_analytics.suppressions s
    where s.tenant_id = wanted and s.channel = over and s.address_hash = h.hash limit 1) s on true
  cross join lateral madansara_analytics.refuse_consent(wanted, over, about, h.hash, a.consent, a.consent_at, needs_yes, needs_confirmation) r
  offset 0
$$;

-- What a message is that nothing but its hour may hold: `wait` is when its hours allow it, null for at once, infinity for never.
create function judge_time(because text, wait timestamptz, at timestamptz) returns table (status text, reason text)
  language sql immutable
as $$
  select case when because is not null or wait = 'infinity' then 'suppressed' when wait > at then 'deferred' else 'claimed' end,
    coalesce(because, case when wait = 'infinity' then 'no allowed hours' when wait > at then 'quiet hours' end)
$$;

-- As before, and: `waits` tells for each of the members, in their places, from when on its hours allow a message; null for at once,
-- infinity for never. In this order: address, suppression, consent (suppressed); quiet hours, caps (deferred until then).
create function claim_messages(wanted uuid, campaign bigint, step smallint, over text, key bytea, in_batch integer, members integer[], call uuid, at timestamptz,
  waits timestamptz[] default null)
  returns table (idx integer, outcome text, message_id bigint, user_id text, address text, status text, reason text, due_at timestamptz)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  idxs integer[];
  entries integer[];
  people text[];
  waiting timestamptz[];
  written integer;
  claimed bigint[];
  claimers text[];
  again bigint[];
  rules record;
  halted text; -- why nobody is sent anything any more
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  select * into rules from claim_rules(wanted, campaign, over);
  if rules.campaign_status = 'paused' then
    return query select distinct m, 'paused', null::bigint, null, null, null, null, at + interval '1 minute' from unnest(members) m;
    return;
  end if;
  halted := case when rules.campaign_status = 'cancelled' then rules.campaign_status end;
  select array_agg(j.idx order by j.idx), array_agg(j.entry order by j.idx), array_agg(j.user_id order by j.idx), array_agg(m.wait order by j.idx)
  into idxs, entries, people, waiting
  from (select w.idx, max(w.wait) as wait from unnest(members, waits) w(idx, wait) where w.idx is not null group by w.idx) m
  cross join lateral (
    select j.idx, j.entry, j.user_id from journeys j
    where j.tenant_id = wanted and j.campaign_id = campaign and j.batch = in_batch and j.idx = m.idx limit 1) j;

  with added as (
    insert into messages (
      tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, address_hash, status, reason, call_id, due_at, claimed_at, spent_at)
    select wanted, campaign, b.entry, step, b.user_id, over, in_batch, b.idx, case when v.status = 'claimed' then a.hash end,
      v.status, v.reason, case when v.status = 'claimed' then call end, case when v.status = 'deferred' then b.wait end, at,
      case when v.status = 'claimed' and rules.is_capped then at end
    from unnest(idxs, entries, people, waiting) b(idx, entry, user_id, wait)
    cross join lateral judge_address(key, wanted, over, b.user_id, rules.about, rules.needs_yes, rules.needs_confirmation) a
    cross join lateral (select v.* from judge_time(coalesce(halted, a.because), b.wait, at) v offset 0) v -- judged once
    order by b.user_id collate "C"
    on conflict do nothing
    returning message_id, user_id, status)
  select count(*), array_agg(a.message_id) filter (where a.status = 'claimed'), array_agg(a.user_id) filter (where a.status = 'claimed')
  into written, claimed, claimers from added a;
  if written < cardinality(idxs) then
    again := claim_again(wanted, campaign, step, over, key, in_batch, idxs, entries, people, waiting, call, at, halted);
  end if;
  if rules.is_capped then
    -- One list, so that all people are locked in one order.
    perform hold_under_caps(wanted, claimed || again, claimers || array(
      select m.user_id from unnest(again) with ordinality i(message_id, n)
      cross join lateral (select m.user_id from messages m where m.tenant_id = wanted and m.message_id = i.message_id limit 1) m
      order by i.n), over, at, rules.importance);
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

-- Takes a place under the caps for messages that were just claimed; who is over one waits. Messages are locked before people, always.
create function hold_under_caps(wanted uuid, ids bigint[], people text[], over text, at timestamptz, importance integer) returns void
  language plpgsql set search_path = madansara_analytics
as $$
declare
  full_up bigint[];
  untils timestamptz[];
begin
  if ids is null then return; end if;
  select array_agg(ids[s.place]), array_agg(s.until) into full_up, untils from spend_cap(wanted, people, over, at, importance) s;
  if full_up is null then return; end if;
  update messages m set status = 'deferred', reason = 'frequency cap', due_at = b.until, call_id = null, address_hash = null, spent_at = null,
    updated_at = now()
  from unnest(full_up, untils) h(message_id, until)
  cross join lateral (
    select m.ctid as place, h.until from messages m where m.tenant_id = wanted and m.message_id = h.message_id limit 1) b
  where m.ctid = b.place;
end
$$;

-- Locks people's rows under the caps in the order in which everybody does, and makes those that are missing: for who gives places back
-- and then takes others, which would else be two walks, each in order, and a circle with somebody else's.
create function hold_places(wanted uuid, people text[]) returns void
  language sql set search_path = madansara_analytics
as $$
  insert into recent_sends as r (tenant_id, user_id, channels, times, taken)
  select wanted, p.person, '{}', '{}', 0 from (select distinct unnest(people) as person) p order by p.person collate "C"
  on conflict (tenant_id, user_id) do update set taken = 0
$$;

-- Gives back the places of messages that will not be sent by the call that took them. The messages are locked.
create function give_places_back(wanted uuid, ids bigint[]) returns void
  language sql set search_path = madansara_analytics
as $$
  select refund_cap(wanted, b.people, b.channel, b.times)
  from (
    select m.channel, array_agg(m.user_id) as people, array_agg(m.spent_at) as times
    from unnest(ids) i(message_id)
    cross join lateral (select m.* from messages m where m.tenant_id = wanted and m.message_id = i.message_id limit 1) m
    where m.spent_at is not null
    group by m.channel) b
$$;

-- What is left to do where some members had a message of this step before, or share an address with somebody. Gives what it claimed.
create function claim_again(wanted uuid, campaign bigint, step smallint, over text, key bytea, in_batch integer,
  idxs integer[], entries integer[], people text[], waiting timestamptz[], call uuid, at timestamptz, halted text) returns bigint[]
  language plpgsql set search_path = madansara_analytics
as $$
declare
  own bigint[];
  own_waits timestamptz[];
  claimed bigint[];
begin
  select array_agg(m.message_id), array_agg(b.wait) into own, own_waits
  from unnest(idxs, entries, people, waiting) b(idx, entry, user_id, wait)
  cross join lateral (
    select m.* from messages m
    where m.tenant_id = wanted and m.campaign_id = campaign and m.entry = b.entry and m.step_key = step and m.user_id = b.user_id
      and m.channel = over limit 1) m
  where m.batch = in_batch and m.idx = b.idx and (m.status = 'claimed' and m.call_id <> call or m.status = 'deferred' and m.due_at <= at);
  if own is not null then
    perform lock_messages(wanted, own);
    perform leave_calls(wanted, own, call);
    claimed := judge_again(wanted, campaign, over, key, own, own_waits, people, call, at, halted);
  end if;

  -- Whoever has none now shares an address with somebody who has.
  insert into messages (tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, status, reason, claimed_at)
  select wanted, campaign, b.entry, step, b.user_id, over, in_batch, b.idx, 'suppressed', 'same address', at
  from unnest(idxs, entries, people) b(idx, entry, user_id)
  order by b.user_id collate "C"
  on conflict do nothing;
  return claimed;
end
$$;

-- Claims messages for a call whose own calls never began, or whose time has come. Time has passed: their users may have another
-- address by now, may be suppressed, asleep or over a cap. The messages are locked. Gives those that it claimed.
create function judge_again(wanted uuid, campaign bigint, over text, key bytea, ids bigint[], waiting timestamptz[], people text[], call uuid, at timestamptz,
  halted text) returns bigint[]
  language plpgsql set search_path = madansara_analytics
as $$
declare
  rules record;
  left_behind bigint[];
  claimed bigint[];
begin
  select * into rules from claim_rules(wanted, campaign, over);
  -- Their places were for another moment. What is uncertain keeps its own: it may have been sent.
  select array_agg(i.message_id) into left_behind
  from unnest(ids) i(message_id)
  cross join lateral (
    select m.status, m.call_id, m.spent_at from messages m where m.tenant_id = wanted and m.message_id = i.message_id limit 1) m
  where m.status = 'claimed' and m.call_id <> call and m.spent_at is not null;
  if left_behind is not null then
    perform hold_places(wanted, people);
    perform give_places_back(wanted, left_behind);
  end if;
  with judged as materialized (
    select m.place, a.hash, a.because, i.wait,
      row_number() over (partition by m.entry, a.hash, a.because is null order by m.message_id) > 1 or exists (
        select from messages o
        where o.tenant_id = wanted and o.campaign_id = m.campaign_id and o.entry = m.entry and o.step_key = m.step_key
          and o.channel = m.channel and o.address_hash = a.hash and o.message_id <> m.message_id) as is_shared
    from unnest(ids, waiting) i(message_id, wait)
    cross join lateral (
      select m.ctid as place, m.* from messages m where m.tenant_id = wanted and m.message_id = i.message_id limit 1) m
    cross join lateral judge_address(key, wanted, m.channel, m.user_id, rules.about, rules.needs_yes, rules.needs_confirmation) a
    where m.status = 'claimed' and m.call_id <> call or m.status = 'deferred' and m.due_at <= at),
  changed as (
    update messages m set status = v.status, reason = v.reason, address_hash = case when v.status = 'claimed' then j.hash end,
      call_id = case when v.status = 'claimed' then call end, due_at = case when v.status = 'deferred' then j.wait end, claimed_at = at,
      spent_at = case when v.status = 'claimed' and rules.is_capped then at end, updated_at = now()
    from judged j
    cross join lateral judge_time(coalesce(halted, j.because, case when j.is_shared then 'same address' end), j.wait, at) v
    where m.ctid = j.place
    returning m.message_id, m.status)
  select array_agg(c.message_id order by c.message_id) filter (where c.status = 'claimed') into claimed from changed c;
  return claimed;
end
$$;

-- As before; who is left out of the request gives their place back.
create or replace function begin_call(wanted uuid, call uuid, message_ids bigint[], key bytea, at timestamptz)
  returns table (message_id bigint, status text, reason text, due_at timestamptz)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  rules record;
  left_out bigint[];
begin
  perform enter_tenant(wanted);
  perform lock_messages(wanted, message_ids);
  insert into calls (tenant_id, call_id, state) values (wanted, call, 'begun') on conflict do nothing;
  if not exists (select from calls c where c.tenant_id = wanted and c.call_id = call and c.state = 'begun') then return; end if;
  select r.* into rules
  from (select m.campaign_id, m.channel from messages m where m.tenant_id = wanted and m.message_id = message_ids[1] limit 1) m
  cross join lateral claim_rules(wanted, m.campaign_id, m.channel) r;

  -- Where this call has begun before, another try may have found it and called its messages uncertain.
  with changed as (
    update messages m set status = v.status, reason = coalesce(a.because, 'new address'), due_at = case v.status when 'deferred' then at end,
      updated_at = now()
    from unnest(message_ids) o(message_id)
    cross join lateral (
      select m.ctid as place, m.* from messages m where m.tenant_id = wanted and m.message_id = o.message_id limit 1) b
    cross join lateral judge_address(key, wanted, b.channel, b.user_id, rules.about, rules.needs_yes, rules.needs_confirmation) a
    cross join lateral (select case when a.because is null then 'deferred' else 'suppressed' end as status) v
    where m.ctid = b.place and b.call_id = call and is_unanswered(b.status, b.reason)
      and (a.because is not null or a.hash is distinct from b.address_hash)
    returning m.message_id)
  select array_agg(c.message_id) into left_out from changed c;
  if left_out is not null then perform leave_places(wanted, left_out); end if;

  return query
  select m.message_id, case when m.call_id = call and is_unanswered(m.status, m.reason) then 'claimed' when m.status = 'claimed' then 'uncertain' else m.status end,
    m.reason, m.due_at
  from unnest(message_ids) o(message_id)
  cross join lateral (select m.* from messages m where m.tenant_id = wanted and m.message_id = o.message_id limit 1) m;
end
$$;

-- Gives places back, and notes that these messages have none. The messages are locked.
create function leave_places(wanted uuid, ids bigint[]) returns void
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform give_places_back(wanted, ids);
  update messages m set spent_at = null
  from unnest(ids) i(message_id)
  cross join lateral (
    select m.ctid as place, m.spent_at from messages m where m.tenant_id = wanted and m.message_id = i.message_id limit 1) b
  where m.ctid = b.place and b.spent_at is not null;
end
$$;

-- As before; what its provider did not take gives its place back.
create or replace function answer_call(wanted uuid, call uuid, answers jsonb, at timestamptz) returns integer
  language plpgsql set search_path = madansara_analytics
as $$
declare
  change record;
  changed integer := 0;
  untaken bigint[];
begin
  perform enter_tenant(wanted);
  perform lock_messages(wanted, array(select (x->>0)::bigint from jsonb_array_elements(answers) x));
  select array_agg(m.message_id) into untaken
  from jsonb_array_elements(answers) x
  cross join lateral (select m.* from messages m where m.tenant_id = wanted and m.message_id = (x->>0)::bigint limit 1) m
  where x->>1 in ('failed', 'deferred') and m.call_id = call and m.status in ('claimed', 'uncertain') and m.spent_at is not null;
  if untaken is not null then perform leave_places(wanted, untaken); end if;
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

-- Where the members of a batch may be, to see what hour it is there: asked in the transaction of the claim, on channels that have hours.
create function places_of_members(wanted uuid, campaign bigint, over text, in_batch integer, members integer[])
  returns table (idx integer, address text, time_zone text, country text, postal_code text)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  return query
  select m.idx, a.address, u.time_zone, u.traits->>'country', coalesce(u.traits->>'postal_code', u.traits->>'zip')
  from (select distinct unnest(members) as idx) m
  cross join lateral (
    select j.user_id from journeys j
    where j.tenant_id = wanted and j.campaign_id = campaign and j.batch = in_batch and j.idx = m.idx limit 1) j
  cross join lateral (
    select u.time_zone, u.traits from users u where u.tenant_id = wanted and u.user_id = j.user_id limit 1) u
  left join lateral address_of(wanted, over, j.user_id) a on true;
end
$$;

-- What still waits for its time when the journeys of a batch are over will not be sent: it says why its journey ended.
create function settle_deferred(wanted uuid, campaign bigint, in_batch integer) returns void
  language plpgsql set search_path = madansara_analytics
as $$
declare
  ids bigint[];
  reasons text[];
begin
  -- Nearly always this is all that happens here.
  if not exists (select from messages m where m.held = 'deferred' and m.tenant_id = wanted and m.campaign_id = campaign) then return; end if;
  select array_agg(w.message_id), array_agg(j.left_because) into ids, reasons
  from journeys j
  cross join lateral (
    select m.message_id from messages m
    where m.tenant_id = wanted and m.campaign_id = campaign and m.user_id = j.user_id and m.entry = j.entry and m.held = 'deferred'
      and m.batch = in_batch and m.idx = j.idx offset 0) w
  where j.tenant_id = wanted and j.campaign_id = campaign and j.batch = in_batch;
  if ids is null then return; end if;
  perform lock_messages(wanted, ids);
  update messages m set status = 'suppressed', reason = w.reason, due_at = null, updated_at = now()
  from unnest(ids, reasons) w(message_id, reason)
  cross join lateral (select b.ctid as place from messages b where b.tenant_id = wanted and b.message_id = w.message_id limit 1) b
  where m.ctid = b.place and m.status = 'deferred';
end
$$;

select plan_by_look_ups(name::regproc::regprocedure)
from unnest(array['settle_deferred', 'claim_messages', 'claim_again', 'judge_again', 'begin_call', 'answer_call', 'hold_under_caps', 'hold_places', 'give_places_back',
  'leave_places', 'places_of_members']) name;

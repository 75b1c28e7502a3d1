-- Claims, beginnings and answers at less cost: nothing is read twice, and calls of one message each begin and are answered together.

-- The address of a user, its hash, and why nothing may be sent to it about a topic: null where something may.
drop function judge_address(bytea, uuid, text, text, text, boolean, boolean);
create function judge_address(key bytea, wanted uuid, over text, person text, about text, needs_yes boolean, needs_confirmation boolean)
  returns table (address text, hash bytea, because text)
  language sql stable
as $$
  select a.address, h.hash, case
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

-- As before; where every message is new and nobody is held, which is nearly always, nothing of it is read again.
create or replace function claim_messages(wanted uuid, campaign bigint, step smallint, over text, key bytea, in_batch integer, members integer[], call uuid, at timestamptz,
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
  fresh record;
  again bigint[];
  rules record;
  halted text; -- why nobody is sent anything any more
  are_held boolean := false;
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

  with judged as materialized (
    select b.idx, b.entry, b.user_id, b.wait, a.address, a.hash, v.status, v.reason
    from unnest(idxs, entries, people, waiting) b(idx, entry, user_id, wait)
    cross join lateral judge_address(key, wanted, over, b.user_id, rules.about, rules.needs_yes, rules.needs_confirmation) a
    cross join lateral (select v.* from judge_time(coalesce(halted, a.because), b.wait, at) v offset 0) v), -- judged once
  added as (
    insert into messages (
      tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, address_hash, status, reason, call_id, due_at, claimed_at, spent_at)
    select wanted, campaign, j.entry, step, j.user_id, over, in_batch, j.idx, case when j.status = 'claimed' then j.hash end,
      j.status, j.reason, case when j.status = 'claimed' then call end, case when j.status = 'deferred' then j.wait end, at,
      case when j.status = 'claimed' and rules.is_capped then at end
    from judged j
    order by j.user_id collate "C"
    on conflict do nothing
    returning idx, message_id, user_id, status, reason, due_at)
  select count(*) as written, array_agg(a.message_id order by a.idx) as ids, array_agg(a.status order by a.idx) as statuses,
    array_agg(a.reason order by a.idx) as reasons, array_agg(a.due_at order by a.idx) as dues,
    array_agg(a.message_id order by a.idx) filter (where a.status = 'claimed') as claimed,
    array_agg(a.user_id order by a.idx) filter (where a.status = 'claimed') as claimers,
    (select array_agg(j.address order by j.idx) from judged j) as addresses
  into fresh from added a;
  if fresh.written < cardinality(idxs) then
    again := claim_again(wanted, campaign, step, over, key, in_batch, idxs, entries, people, waiting, call, at, halted);
  end if;
  if rules.is_capped then
    -- One list, so that all people are locked in one order.
    are_held := hold_under_caps(wanted, fresh.claimed || again, fresh.claimers || array(
      select m.user_id from unnest(again) with ordinality i(message_id, n)
      cross join lateral (select m.user_id from messages m where m.tenant_id = wanted and m.message_id = i.message_id limit 1) m
      order by i.n), over, at, rules.importance);
  end if;

  if fresh.written = cardinality(idxs) and not are_held then
    return query
    select f.idx, case f.status when 'claimed' then 'claimed' when 'deferred' then 'waiting' else 'done' end, f.message_id, f.user_id,
      case when f.status = 'claimed' then f.address end, f.status, f.reason, f.due_at
    from unnest(idxs, fresh.ids, people, fresh.addresses, fresh.statuses, fresh.reasons, fresh.dues)
      f(idx, message_id, user_id, address, status, reason, due_at);
    return;
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

-- As before; and says whether anybody is over a cap.
drop function hold_under_caps(uuid, bigint[], text[], text, timestamptz, integer);
create function hold_under_caps(wanted uuid, ids bigint[], people text[], over text, at timestamptz, importance integer) returns boolean
  language plpgsql set search_path = madansara_analytics
as $$
declare
  full_up bigint[];
  untils timestamptz[];
begin
  if ids is null then return false; end if;
  select array_agg(ids[s.place]), array_agg(s.until) into full_up, untils from spend_cap(wanted, people, over, at, importance) s;
  if full_up is null then return false; end if;
  update messages m set status = 'deferred', reason = 'frequency cap', due_at = b.until, call_id = null, address_hash = null, spent_at = null,
    updated_at = now()
  from unnest(full_up, untils) h(message_id, until)
  cross join lateral (
    select m.ctid as place, h.until from messages m where m.tenant_id = wanted and m.message_id = h.message_id limit 1) b
  where m.ctid = b.place;
  return true;
end
$$;

-- As before; the fullest cap is looked for only of whoever is over one.
create or replace function spend_cap(wanted uuid, people text[], over text, at timestamptz, importance integer default 0)
  returns table (place integer, cap_key text, until timestamptz)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  keys text[];
  cap_channels text[];
  mosts integer[];
  spans interval[];
  sinces timestamptz[];
  fewest integer;
  kept_from timestamptz;
begin
  perform enter_tenant(wanted);
  if not exists (select from sending_caps c where c.tenant_id = wanted and c.channel in ('all', over)) then return; end if;
  -- A day beyond the longest span: the clocks of two workers may differ.
  select array_agg(c.cap_key) filter (where h.holds), array_agg(c.channel) filter (where h.holds), array_agg(c.most) filter (where h.holds),
    array_agg(h.span) filter (where h.holds), array_agg(at - h.span) filter (where h.holds), min(c.most) filter (where h.holds),
    at - max(h.span) - interval '24 hours'
  into keys, cap_channels, mosts, spans, sinces, fewest, kept_from
  from sending_caps c
  cross join lateral (select c.channel in ('all', over) and c.priority >= importance as holds, seconds_of(c.span) as span) h
  where c.tenant_id = wanted;

  return query
  with wished as materialized (
    select w.person, array_agg(w.place order by w.place) as places from unnest(people) with ordinality w(person, place) group by w.person),
  spent as (
    insert into recent_sends as r (tenant_id, user_id, channels, times, taken)
    select wanted, n.person, array_fill(over, array[n.fitting]), array_fill(at, array[n.fitting]), n.fitting
    from (select w.person, least(cardinality(w.places), fewest) as fitting from wished w) n
    order by n.person collate "C"
    on conflict (tenant_id, user_id) do update set (channels, times, taken) = (
      select k.channels || array_fill(over, array[n.fitting]), k.times || array_fill(at, array[n.fitting]), n.fitting
      from (select least(excluded.taken, room_under_caps(r.channels, r.times, cap_channels, mosts, sinces)) as fitting offset 0) n
      cross join lateral (
        select r.channels, r.times where cardinality(r.times) < 8
        union all
        select coalesce(array_agg(s.channel order by s.n), '{}'), coalesce(array_agg(s.time order by s.n), '{}')
        from unnest(r.channels, r.times) with ordinality s(channel, time, n) where s.time > kept_from having cardinality(r.times) >= 8) k)
    returning r.user_id, r.channels, r.times, r.taken)
  select p.place::integer, f.cap_key, f.until
  from wished w
  join spent s on s.user_id = w.person
  cross join lateral unnest(w.places) with ordinality p(place, nth)
  cross join lateral (
    select f.* from fullest_cap(s.channels, s.times, at, keys, cap_channels, mosts, spans) f where p.nth > s.taken) f;
end
$$;

-- As before; an address tells where somebody is only where it is a telephone's number.
create or replace function places_of_members(wanted uuid, campaign bigint, over text, in_batch integer, members integer[])
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
  left join lateral address_of(wanted, over, j.user_id) a on over in ('sms', 'whatsapp');
end
$$;

-- Says that the requests of calls are about to be written, and judges their messages once more: `own` tells the call of each message, in its
-- place. Gives what has become of each; nothing of those whose call somebody has found abandoned. Who is left out gives their place back.
create function begin_calls(wanted uuid, own uuid[], message_ids bigint[], key bytea, at timestamptz)
  returns table (message_id bigint, status text, reason text, due_at timestamptz)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  begun uuid[];
  rules record;
  told record;
begin
  perform enter_tenant(wanted);
  perform lock_messages(wanted, message_ids);
  insert into calls (tenant_id, call_id, state) select distinct wanted, o.call, 'begun' from unnest(own) o(call) on conflict do nothing;
  begun := array(
    select c.call_id from (select distinct unnest(own) as call) o
    cross join lateral (
      select c.call_id from calls c where c.tenant_id = wanted and c.call_id = o.call and c.state = 'begun' limit 1) c);
  if begun = '{}' then return; end if;
  select r.* into rules
  from (select m.campaign_id, m.channel from messages m where m.tenant_id = wanted and m.message_id = message_ids[1] limit 1) m
  cross join lateral claim_rules(wanted, m.campaign_id, m.channel) r;

  -- Where a call has begun before, another try may have found it and called its messages uncertain.
  with judged as materialized (
    select b.message_id, o.is_left_out,
      case when o.is_left_out then v.status when o.is_own then 'claimed' when b.status = 'claimed' then 'uncertain' else b.status end as status,
      case when o.is_left_out then coalesce(a.because, 'new address') else b.reason end as reason,
      case when not o.is_left_out then b.due_at when v.status = 'deferred' then at end as due_at
    from unnest(own, message_ids) w(call, message_id)
    cross join lateral (select m.* from messages m where m.tenant_id = wanted and m.message_id = w.message_id limit 1) b
    cross join lateral judge_address(key, wanted, b.channel, b.user_id, rules.about, rules.needs_yes, rules.needs_confirmation) a
    cross join lateral (select case when a.because is null then 'deferred' else 'suppressed' end as status) v
    cross join lateral (select b.call_id = w.call and is_unanswered(b.status, b.reason) as is_own) i
    cross join lateral (select i.is_own, i.is_own and (a.because is not null or a.hash is distinct from b.address_hash) as is_left_out offset 0) o
    where w.call = any (begun))
  select array_agg(j.message_id) as ids, array_agg(j.status) as statuses, array_agg(j.reason) as reasons, array_agg(j.due_at) as dues,
    array_agg(j.message_id) filter (where j.is_left_out) as left_out
  into told from judged j;
  if told.left_out is not null then
    update messages m set status = b.status, reason = b.reason, due_at = b.due_at, updated_at = now()
    from unnest(told.ids, told.statuses, told.reasons, told.dues) t(message_id, status, reason, due_at)
    cross join lateral (
      select b.ctid as place, t.status, t.reason, t.due_at from messages b where b.tenant_id = wanted and b.message_id = t.message_id limit 1) b
    where m.ctid = b.place and t.message_id = any (told.left_out);
    perform leave_places(wanted, told.left_out);
  end if;
  return query select * from unnest(told.ids, told.statuses, told.reasons, told.dues);
end
$$;

-- The same, of one call with all of its messages.
create or replace function begin_call(wanted uuid, call uuid, message_ids bigint[], key bytea, at timestamptz)
  returns table (message_id bigint, status text, reason text, due_at timestamptz)
  language sql set search_path = madansara_analytics
as $$
  select * from begin_calls(wanted, array_fill(call, array[cardinality(message_ids)]), message_ids, key, at)
$$;

-- As begin_calls; and notes what is about to be said.
drop function begin_text(uuid, uuid, bigint, bytea, timestamptz, bytea);
create function begin_texts(wanted uuid, own uuid[], message_ids bigint[], key bytea, at timestamptz, hashes bytea[])
  returns table (message_id bigint, status text, reason text, due_at timestamptz)
  language sql set search_path = madansara_analytics
as $$
  with begun as materialized (select b.* from begin_calls(wanted, own, message_ids, key, at) b),
  noted as (
    insert into texts (tenant_id, message_id, said, begun_at)
    select wanted, b.message_id, o.hash, clock_timestamp()
    from unnest(message_ids, hashes) o(message_id, hash) join begun b on b.message_id = o.message_id and b.status = 'claimed'
    on conflict (tenant_id, message_id) do update set said = excluded.said, begun_at = excluded.begun_at, message_sid = null)
  select b.message_id, b.status, b.reason, b.due_at from begun b
$$;

-- Writes the answers of a call; or of several, where an answer says which call is its own, and when it came.
--   answers  [[message_id, status, reason, due_at in ms, call_id, at in ms], ...]; the last two only where they are not the call's
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
  -- What its provider did not take gives its place back.
  select array_agg(m.message_id) into untaken
  from jsonb_array_elements(answers) x
  cross join lateral (select m.* from messages m where m.tenant_id = wanted and m.message_id = (x->>0)::bigint limit 1) m
  where x->>1 in ('failed', 'deferred') and m.call_id = coalesce((x->>4)::uuid, call) and m.status in ('claimed', 'uncertain')
    and m.spent_at is not null;
  if untaken is not null then perform leave_places(wanted, untaken); end if;
  for change in
    with answered as (
      update messages m set status = a.status, reason = a.reason, due_at = a.due_at, updated_at = now(),
        sent_at = case when a.status = 'sent' then a.at end
      from (
        select (x->>0)::bigint as message_id, x->>1 as status, x->>2 as reason, to_timestamp((x->>3)::double precision / 1000) as due_at,
          coalesce((x->>4)::uuid, call) as call_id, coalesce(to_timestamp((x->>5)::double precision / 1000), at) as at
        from jsonb_array_elements(answers) x) a
      cross join lateral (select m.ctid as place, m.* from messages m where m.tenant_id = wanted and m.message_id = a.message_id limit 1) b
      where m.ctid = b.place and b.call_id = a.call_id and b.status in ('claimed', 'uncertain')
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

-- Notes by which ids Twilio knows messages, where it told of them. One that is another message's is left out.
create function note_text_sids(wanted uuid, message_ids bigint[], sids text[]) returns void
  language plpgsql set search_path = madansara_analytics
as $$
begin
  update texts t set message_sid = o.sid
  from unnest(message_ids, sids) o(message_id, sid)
  cross join lateral (select t.ctid as place, t.message_sid from texts t where t.tenant_id = wanted and t.message_id = o.message_id limit 1) b
  where t.ctid = b.place and b.message_sid is null;
exception
  when unique_violation then
    perform note_text_sid(wanted, o.message_id, o.sid) from unnest(message_ids, sids) o(message_id, sid);
end
$$;

-- As before, all at once.
create or replace function answer_own_calls(wanted uuid, told jsonb) returns void
  language plpgsql set search_path = madansara_analytics
as $$
declare
  ids bigint[];
  sids text[];
begin
  perform answer_call(wanted, null, (select jsonb_agg(jsonb_build_array(x->1, x->2, x->3, x->4, x->0, x->7)) from jsonb_array_elements(told) x), null);
  select array_agg((x->>1)::bigint), array_agg(x->>5) into ids, sids from jsonb_array_elements(told) x where x->>5 is not null;
  if ids is not null then perform note_text_sids(wanted, ids, sids); end if;
  perform suppress_recipient(wanted, (x->>1)::bigint, x->>6, clock_timestamp()) from jsonb_array_elements(told) x where x->>6 is not null;
end
$$;

select plan_by_look_ups(name::regproc::regprocedure)
from unnest(array['claim_messages', 'hold_under_caps', 'places_of_members', 'begin_calls', 'answer_call', 'note_text_sids']) name;
alter function spend_cap set enable_seqscan = off set enable_hashjoin = on;

-- Who lets people enter holds the row of the campaign, and no campaign is ever deleted: to look it up once more for each of a million who enter
-- was a good part of what it cost to let them in. (A message is a journey's, and so still a campaign's.)
alter table journeys drop constraint journeys_tenant_id_campaign_id_fkey;

-- Calls of one message each begin and are answered together: the ledger does for many at once what it did for each.

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
  left_out bigint[];
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
  with changed as (
    update messages m set status = v.status, reason = coalesce(a.because, 'new address'), due_at = case v.status when 'deferred' then at end,
      updated_at = now()
    from unnest(own, message_ids) o(call, message_id)
    cross join lateral (
      select m.ctid as place, m.* from messages m where m.tenant_id = wanted and m.message_id = o.message_id limit 1) b
    cross join lateral judge_address(key, wanted, b.channel, b.user_id, rules.about, rules.needs_yes, rules.needs_confirmation) a
    cross join lateral (select case when a.because is null then 'deferred' else 'suppressed' end as status) v
    where m.ctid = b.place and b.call_id = o.call and o.call = any (begun) and is_unanswered(b.status, b.reason)
      and (a.because is not null or a.hash is distinct from b.address_hash)
    returning m.message_id)
  select array_agg(c.message_id) into left_out from changed c;
  if left_out is not null then perform leave_places(wanted, left_out); end if;

  return query
  select m.message_id, case when m.call_id = o.call and is_unanswered(m.status, m.reason) then 'claimed' when m.status = 'claimed' then 'uncertain' else m.status end,
    m.reason, m.due_at
  from unnest(own, message_ids) o(call, message_id)
  cross join lateral (select m.* from messages m where m.tenant_id = wanted and m.message_id = o.message_id limit 1) m
  where o.call = any (begun);
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

select plan_by_look_ups(name::regproc::regprocedure) from unnest(array['begin_calls', 'answer_call', 'note_text_sids']) name;

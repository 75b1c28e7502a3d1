-- As before, but a reply is one to a message that Twilio is known to have taken. Of another it would say that it arrived: one whose call
-- broke off, or never began, was then never sent, and told as replied to.
-- Takes what somebody has written, once: a reply to a message of ours, where there is one. A stop is a no to all topics and ends the
-- journeys of whoever has the number; a start undoes it, and signs up nobody else; after what may be a stop the number is silent until
-- somebody has looked at it.
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
  from messages m join texts t on t.tenant_id = wanted and t.message_id = m.message_id
  where m.address_hash = hash and m.tenant_id = wanted and m.channel = over and m.status <> 'failed'
    and (m.sent_at is not null or t.message_sid is not null)
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

select plan_by_look_ups('take_reply'::regproc::regprocedure);

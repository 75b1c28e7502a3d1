-- Messages that answer what one person did: the mail that asks whether a yes is theirs, and what a rule says to a reply. They are of no
-- campaign, which the ledger writes as campaign 0, and go the ledger's way all the same: claimed, begun, answered.
create sequence answer_entries as integer cycle;
grant usage on sequence answer_entries to madansara_app;

create table answers (
  tenant_id uuid not null references tenants,
  message_id bigint not null,
  kind text not null check (kind in ('confirmation', 'reply')),
  -- Where it goes, sealed, since nobody need be known by the address; gone as soon as nothing is left to send.
  sealed_to bytea,
  seal_id text not null,
  reply_id bigint, -- of an answer to a reply: which
  topic text, -- of a confirmation: what the yes is about
  text_version text, -- and the words that were agreed to
  asked_at timestamptz not null,
  send_by timestamptz not null, -- what is not sent by then is not sent
  confirm_by timestamptz, -- how long the link of a confirmation works
  confirmed_at timestamptz,
  next_at timestamptz, -- when somebody sees to it again; null: it is settled
  primary key (tenant_id, message_id),
  foreign key (tenant_id, message_id) references messages (tenant_id, message_id),
  check ((kind = 'confirmation') = (topic is not null and confirm_by is not null)),
  check ((kind = 'reply') = (reply_id is not null))
);
create unique index answers_by_reply on answers (reply_id, tenant_id) where reply_id is not null; -- not the tenant first: see messages
create index answers_waiting on answers (next_at) where next_at is not null; -- not the tenant first: see messages
select isolate_by_tenant('answers');

-- For workers, before a tenant is known: who has answers to be sent. Ids only.
create function list_tenants_with_answers(at timestamptz) returns table (tenant_id uuid)
  language sql stable security definer set search_path = madansara_analytics
  begin atomic
    select distinct a.tenant_id from madansara_analytics.answers a where a.next_at <= at;
  end;
grant select on answers to madansara_lookup;
alter function list_tenants_with_answers(timestamptz) owner to madansara_lookup;

-- Whoever decides about answers to an address waits here for others who do. Consents and messages are locked before this, never after it.
create function hold_answers_to(wanted uuid, hash bytea) returns void
  language sql
as $$
  select pg_advisory_xact_lock(hashtextextended('madansara answers ' || wanted || encode(hash, 'hex'), 0))
$$;

-- Writes an answer down, to be sent at once.
create function add_answer(wanted uuid, over text, hash bytea, person text, what text, sealed bytea, sealed_as text, at timestamptz, until timestamptz,
  about text default null, version text default null, confirm_until timestamptz default null, to_reply bigint default null) returns bigint
  language plpgsql set search_path = madansara_analytics
as $$
declare
  message bigint;
begin
  insert into messages (tenant_id, campaign_id, entry, step_key, user_id, channel, batch, idx, address_hash, status, reason, due_at, claimed_at)
  values (wanted, 0, nextval('answer_entries'), 0, coalesce(person, ''), over, 0, 0, hash, 'deferred', 'about to be sent', at, at)
  returning message_id into message;
  insert into answers (tenant_id, message_id, kind, sealed_to, seal_id, reply_id, topic, text_version, asked_at, send_by, confirm_by, next_at)
  values (wanted, message, what, sealed, sealed_as, to_reply, about, version, at, until, confirm_until, at);
  return message;
end
$$;

-- Keeps what people said (record_consent), and asks those whose yes waits for its confirmation, once each: anybody may type anybody's
-- address into a form, and so an address is asked about one topic once in ten minutes, about all three times a day and ten times a month.
--   asks  [[place, address sealed, its seal's id], ...] of the words that want a mail
-- `asked` is null where none was wanted.
create function record_and_ask(wanted uuid, key bytea, said jsonb, at timestamptz, asks jsonb)
  returns table (place integer, hash bytea, state text, basis text, asked text)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  word record;
begin
  for word in
    select r.place, r.hash, r.state, r.basis, x.ask
    from record_consent(wanted, key, said, at) r
    left join lateral (select a as ask from jsonb_array_elements(asks) a where (a->>0)::integer = r.place limit 1) x on true
    order by r.hash, r.place
  loop
    place := word.place;
    hash := word.hash;
    state := word.state;
    basis := word.basis;
    asked := case when word.ask is not null then
      ask_confirmation(wanted, said -> (word.place - 1), word.hash, word.state, decode(word.ask->>1, 'hex'), word.ask->>2, at) end;
    return next;
  end loop;
end
$$;

-- What became of one wish for a confirmation mail.
create function ask_confirmation(wanted uuid, word jsonb, hash bytea, state text, sealed bytea, sealed_as text, at timestamptz) returns text
  language plpgsql set search_path = madansara_analytics
as $$
declare
  lately record;
  person text;
begin
  if state = 'granted' then return 'confirmed'; end if;
  if state is distinct from 'pending' then return 'withdrawn'; end if;
  if exists (
    select from suppressions s
    where s.tenant_id = wanted and s.channel = 'email' and s.address_hash = hash and s.reason <> 'unsubscribed') then
    return 'suppressed';
  end if;
  perform hold_answers_to(wanted, hash);
  select count(*) filter (where a.asked_at > at - interval '10 minutes' and a.topic = word->>1) as same,
    count(*) filter (where a.asked_at > at - interval '1 day') as day, count(*) as month into lately
  from messages m
  cross join lateral (
    select a.asked_at, a.topic from answers a
    where a.tenant_id = wanted and a.message_id = m.message_id and a.kind = 'confirmation' limit 1) a
  where m.address_hash = hash and m.tenant_id = wanted and m.campaign_id = 0 and a.asked_at > at - interval '30 days';
  if lately.same > 0 then return 'asked lately'; end if;
  if lately.day >= 3 or lately.month >= 10 then return 'asked too often'; end if;
  select u.user_id into person from users u where u.tenant_id = wanted and u.user_id = resolve_user(wanted, word->>4);
  perform add_answer(wanted, 'email', hash, person, 'confirmation', sealed, sealed_as, at, at + interval '1 day', word->>1, word->>7,
    at + interval '7 days');
  return 'asked';
end
$$;

-- Why an answer may not be sent any more: null where it may.
create function refuse_answer(wanted uuid, key bytea, message bigint, at timestamptz) returns text
  language sql stable set search_path = madansara_analytics
as $$
  select case
      when m.user_id like 'deleted/%' then 'deleted'
      when a.send_by < at then 'too late'
      when a.kind = 'confirmation' then coalesce(
        case when s.reason <> 'unsubscribed' then s.reason end,
        (select case when c.state = 'granted' then 'confirmed' when c.state is distinct from 'pending' then 'no consent' end
         from (values (1)) one
         left join lateral (
           select c.state from consents c
           where c.tenant_id = wanted and c.channel = m.channel and c.topic = a.topic and c.address_hash = m.address_hash limit 1) c on true))
      else coalesce(s.reason, r.because) end
  from messages m
  cross join lateral (select a.* from answers a where a.tenant_id = wanted and a.message_id = m.message_id limit 1) a
  left join lateral (
    select s.reason from suppressions s
    where s.tenant_id = wanted and s.channel = m.channel and s.address_hash = m.address_hash limit 1) s on true
  left join lateral (
    select c.consent, c.consent_at from contacts c
    where c.user_id = m.user_id and c.tenant_id = wanted and c.channel = m.channel and hash_address(key, wanted, m.channel, c.address) = m.address_hash
    limit 1) c on true
  -- Who has written first needs no yes; a no that they have said counts.
  cross join lateral refuse_consent(wanted, m.channel, 'replies', m.address_hash, c.consent, c.consent_at, false, false) r
  where m.tenant_id = wanted and m.message_id = message
$$;

-- Claims answers whose time has come, each for a call of its own: those that nobody has begun to send, also where a worker has died that had
-- claimed them. A claim holds for two minutes. What is settled by now is seen to for the last time.
create function claim_answers(wanted uuid, key bytea, own_calls uuid[], at timestamptz)
  returns table (message_id bigint, call_id uuid, user_id text, channel text, kind text, sealed_to bytea, seal_id text)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  due record;
  m messages;
  own uuid;
  because text;
begin
  perform enter_tenant(wanted);
  for due in
    select a.message_id, a.kind, a.sealed_to, a.seal_id, row_number() over () as n
    from (
      select a.* from answers a where a.tenant_id = wanted and a.next_at <= at order by a.next_at
      limit cardinality(own_calls) for update skip locked) a
  loop
    own := own_calls[due.n];
    perform lock_messages(wanted, array[due.message_id]);
    perform leave_calls(wanted, array[due.message_id], own);
    select * into m from messages o where o.tenant_id = wanted and o.message_id = due.message_id;
    if m.status = 'claimed' or m.status = 'deferred' and m.due_at <= at then
      because := refuse_answer(wanted, key, m.message_id, at);
      update messages o set status = case when because is null then 'claimed' when because = 'too late' then 'failed' else 'suppressed' end,
        reason = because, call_id = case when because is null then own end, due_at = null, claimed_at = at, updated_at = now()
      where o.tenant_id = wanted and o.message_id = m.message_id;
      if because is null then
        update answers a set next_at = at + interval '2 minutes' where a.tenant_id = wanted and a.message_id = m.message_id;
        message_id := m.message_id;
        call_id := own;
        user_id := m.user_id;
        channel := m.channel;
        kind := due.kind;
        sealed_to := due.sealed_to;
        seal_id := due.seal_id;
        return next;
        continue;
      end if;
    end if;
    perform settle_answers(wanted, array[m.message_id]);
  end loop;
end
$$;

-- Says that the request of an answer is about to be written, as begin_texts: its message is judged once more. Nothing: its call was taken over.
create function begin_answer(wanted uuid, call uuid, message bigint, key bytea, at timestamptz, hash bytea)
  returns table (message_id bigint, status text, reason text, due_at timestamptz)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  because text;
begin
  perform enter_tenant(wanted);
  perform lock_messages(wanted, array[message]);
  insert into calls (tenant_id, call_id, state) values (wanted, call, 'begun') on conflict do nothing;
  if not exists (select from calls c where c.tenant_id = wanted and c.call_id = call and c.state = 'begun') then return; end if;
  because := refuse_answer(wanted, key, message, at);
  if because is not null then
    update messages m set status = case because when 'too late' then 'failed' else 'suppressed' end, reason = because, updated_at = now()
    where m.tenant_id = wanted and m.message_id = message and m.call_id = call and is_unanswered(m.status, m.reason);
  elsif hash is not null then
    insert into texts (tenant_id, message_id, said, begun_at) values (wanted, message, hash, clock_timestamp())
    on conflict (tenant_id, message_id) do update set said = excluded.said, begun_at = excluded.begun_at, message_sid = null;
  end if;
  return query
  select m.message_id, case when m.call_id = call and is_unanswered(m.status, m.reason) then 'claimed' when m.status = 'claimed' then 'uncertain' else m.status end,
    m.reason, m.due_at
  from messages m where m.tenant_id = wanted and m.message_id = message;
end
$$;

-- After an attempt: what waits is seen to when it is due, what is claimed when its claim is over, and all else never again.
create function settle_answers(wanted uuid, ids bigint[]) returns void
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  update answers a set next_at = case m.status when 'deferred' then m.due_at when 'claimed' then a.next_at end,
    sealed_to = case when m.status in ('deferred', 'claimed') then a.sealed_to end
  from unnest(ids) o(id)
  cross join lateral (select m.status, m.due_at from messages m where m.tenant_id = wanted and m.message_id = o.id limit 1) m
  where a.tenant_id = wanted and a.message_id = o.id;
end
$$;

-- How it stands with a yes whose confirmation was asked for by a message: open, expired, confirmed, or withdrawn since; nothing where no
-- message asked.
create function look_at_confirmation(wanted uuid, message bigint, at timestamptz) returns table (standing text, topic text, address_hash bytea)
  language plpgsql stable set search_path = madansara_analytics
as $$
begin
  return query
  select case when c.state = 'granted' then 'confirmed' when c.state is distinct from 'pending' then 'withdrawn'
      when a.confirm_by < at then 'expired' else 'open' end, a.topic, m.address_hash
  from answers a
  cross join lateral (select m.channel, m.address_hash from messages m where m.tenant_id = wanted and m.message_id = a.message_id limit 1) m
  left join lateral (
    select c.state from consents c
    where c.tenant_id = wanted and c.channel = m.channel and c.topic = a.topic and c.address_hash = m.address_hash limit 1) c on true
  where a.tenant_id = wanted and a.message_id = message and a.kind = 'confirmation';
end
$$;

-- For the page behind the link: how it stands, and in whose name it was asked.
create function find_confirmation(wanted uuid, message bigint, at timestamptz) returns table (standing text, brand_name text)
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  return query
  select l.standing, s.brand_name
  from look_at_confirmation(wanted, message, at) l
  left join email_senders s on s.tenant_id = wanted;
end
$$;

-- The button under the question: the yes is confirmed from the address itself, with what shows it. That the link was followed also shows
-- that the mail arrived. Again: the same.
create function confirm_consent(wanted uuid, message bigint, shown jsonb, at timestamptz) returns text
  language plpgsql set search_path = madansara_analytics
as $$
declare
  found_so record;
  m messages;
  a answers;
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  perform from answers o where o.tenant_id = wanted and o.message_id = message for update; -- before the message, as whoever claims it
  perform lock_messages(wanted, array[message]);
  select * into found_so from look_at_confirmation(wanted, message, at);
  if found_so.standing is distinct from 'open' then return found_so.standing; end if;
  select * into m from messages o where o.tenant_id = wanted and o.message_id = message;
  select * into a from answers o where o.tenant_id = wanted and o.message_id = message;
  perform take_provider_events(wanted, 'madansara', jsonb_build_array(jsonb_build_array(
    'confirmed ' || message, message, 'clicked', extract(epoch from at) * 1000)));
  perform from keep_words(wanted, null, jsonb_build_array(jsonb_build_array(
    m.channel, a.topic, null, encode(m.address_hash, 'hex'), nullif(m.user_id, ''), 'confirmed', null, a.text_version, 'confirmation mail',
    shown || jsonb_build_object('message', message, 'asked_at', a.asked_at, 'sent_at', m.sent_at, 'clicked_at', at, 'text_version', a.text_version),
    extract(epoch from at) * 1000)), at);
  update answers o set confirmed_at = at where o.tenant_id = wanted and o.message_id = message;
  select * into found_so from look_at_confirmation(wanted, message, at);
  return found_so.standing;
end
$$;

-- What a tenant lets be answered without a person: words that a reply may hold, or that it asks for help, and what is said then.
create table reply_rules (
  tenant_id uuid not null references tenants,
  rule_id bigint generated always as identity,
  name text not null,
  is_active boolean not null,
  priority smallint not null check (priority between 0 and 9), -- of several that fit, the highest, and then the oldest
  answers_help boolean not null, -- whoever asks for help, in whatever language, in place of words
  keywords text[] not null,
  channel text check (channel in ('sms', 'whatsapp')), -- null: either
  campaign_id bigint, -- only who answers a message of it
  message text, -- what is said, in Liquid
  template text, -- or the approved WhatsApp template
  most_per_day smallint not null check (most_per_day between 1 and 10),
  actor text not null, -- the id of a key; never a name
  updated_at timestamptz not null,
  primary key (tenant_id, rule_id),
  foreign key (tenant_id, campaign_id) references outreach_campaigns (tenant_id, id),
  check ((message is null) <> (template is null)),
  check (answers_help = (cardinality(keywords) = 0)),
  check (template is null or coalesce(channel = 'whatsapp', false))
);
select isolate_by_tenant('reply_rules');

alter table replies
  add column said bytea, -- a keyed hash of the text: who says the same again and again may be a robot
  add column rule_id bigint, -- the rule that fits
  add column held_because text; -- why it did not answer all the same

-- Takes a reply (take_reply), and writes the answer to it down, where a rule has one: in one transaction, so that there is one answer however often
-- the reply is delivered, and none is lost. `candidates` are the rules that fit its words, the best first. Whoever may be a robot gets no answer:
-- who writes within three seconds after one, says the same again within an hour, or has had five in ten minutes or ten in a day.
create function take_answerable_reply(wanted uuid, from_provider text, sid text, over text, key bytea, number text, quoted text, wish text,
  text_sealed bytea, at timestamptz, text_hash bytea, candidates bigint[], sealed bytea, sealed_as text)
  returns table (is_new boolean, message_id bigint, user_id text, rule_id bigint, held_because text)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  hash bytea := hash_address(key, wanted, over, number);
  reply bigint;
  rule reply_rules;
begin
  select t.is_new, t.message_id, t.user_id into is_new, message_id, user_id
  from take_reply(wanted, from_provider, sid, over, key, number, quoted, wish, text_sealed, at) t;
  if user_id = '' then -- it answers an answer of ours, which is nobody's
    select c.user_id into user_id from (values (1)) one
    left join lateral (
      select c.user_id from contacts c where c.address = number and c.tenant_id = wanted and c.channel = over
      order by c.verified_at is null, c.contact_id limit 1) c on true;
  end if;
  if is_new then
    update replies r set said = text_hash, user_id = take_answerable_reply.user_id
    where r.tenant_id = wanted and r.provider_id = sid returning r.reply_id into reply;
    rule := rule_for_reply(wanted, hash, message_id, candidates);
  end if;
  if rule.rule_id is not null then
    rule_id := rule.rule_id;
    perform hold_answers_to(wanted, hash);
    held_because := why_unanswered(wanted, over, hash, rule.rule_id, rule.most_per_day, text_hash, at);
    update replies r set rule_id = rule.rule_id, held_because = take_answerable_reply.held_because
    where r.tenant_id = wanted and r.reply_id = reply;
    if held_because is null then
      perform add_answer(wanted, over, hash, user_id, 'reply', sealed, sealed_as, at, at + interval '15 minutes', to_reply => reply);
    end if;
  end if;
  return next;
end
$$;

-- The first of these rules that is for the campaign that somebody answers: that of the message, or where that is an answer of ours, of the last
-- one before.
create function rule_for_reply(wanted uuid, hash bytea, answered bigint, candidates bigint[]) returns reply_rules
  language sql stable set search_path = madansara_analytics
as $$
  select r.*
  from unnest(candidates) with ordinality c(rule_id, place)
  cross join lateral (
    select r.* from reply_rules r where r.tenant_id = wanted and r.rule_id = c.rule_id and r.is_active limit 1) r
  where r.campaign_id is null or r.campaign_id = (
    select m.campaign_id from messages m
    where m.address_hash = hash and m.tenant_id = wanted and m.campaign_id <> 0 and (m.message_id = answered or m.sent_at is not null)
    order by m.message_id = answered desc nulls last, m.message_id desc limit 1)
  order by c.place limit 1
$$;

create function why_unanswered(wanted uuid, over text, hash bytea, rule bigint, most smallint, text_hash bytea, at timestamptz) returns text
  language sql stable set search_path = madansara_analytics
as $$
  select case
      when exists (select from suppressions s where s.tenant_id = wanted and s.channel = over and s.address_hash = hash) then 'opted out'
      when max(a.sent_at) > at - interval '3 seconds' then 'too quick'
      when bool_or(a.said = text_hash and a.asked_at > at - interval '1 hour') then 'repeated'
      when count(*) filter (where a.rule_id = rule) >= most or count(*) >= 10
        or count(*) filter (where a.asked_at > at - interval '10 minutes') >= 5 then 'capped' end
  from (
    select a.asked_at, m.sent_at, r.said, r.rule_id
    from messages m
    cross join lateral (
      select a.asked_at, a.reply_id from answers a where a.tenant_id = wanted and a.message_id = m.message_id and a.kind = 'reply' limit 1) a
    cross join lateral (select r.said, r.rule_id from replies r where r.tenant_id = wanted and r.reply_id = a.reply_id limit 1) r
    where m.address_hash = hash and m.tenant_id = wanted and m.campaign_id = 0 and a.asked_at > at - interval '1 day') a
$$;

-- What is said in answers that were claimed: by their rules, as they are now.
create function words_of_answers(wanted uuid, message_ids bigint[]) returns table (message_id bigint, message text, template text)
  language sql stable set search_path = madansara_analytics
as $$
  select o.id, rule.message, rule.template
  from unnest(message_ids) o(id)
  cross join lateral (select a.reply_id from answers a where a.tenant_id = wanted and a.message_id = o.id limit 1) a
  cross join lateral (select r.rule_id from replies r where r.tenant_id = wanted and r.reply_id = a.reply_id limit 1) r
  cross join lateral (
    select s.message, s.template from reply_rules s where s.tenant_id = wanted and s.rule_id = r.rule_id limit 1) rule
$$;

-- Mails that people write back.
alter table email_senders add column inbound_domain text; -- where replies are asked to, each with the token of its message
alter table replies
  drop constraint replies_channel_check,
  add constraint replies_channel_check check (channel in ('sms', 'whatsapp', 'email', 'social')),
  add column is_automatic boolean not null default false, -- a program has written it: an absence note, a bounce
  add column is_trusted boolean not null default true; -- false: somebody else may have written it
drop index replies_to_review;
create index replies_to_review on replies (tenant_id, reply_id) where (asks = 'maybe_stop' or not is_trusted) and judged is null;

-- Takes a mail that somebody has written to the address of a message, once. False: there is no such message, or its person was deleted.
-- Whose address is another one, or was written by somebody else's server, is not taken at their word: whoever was forwarded a mail has
-- its address too. A person looks at it, and until then it changes nothing.
create function take_mail_reply(wanted uuid, message bigint, sid text, key bytea, sender text, is_authentic boolean, by_program boolean, wish text,
  text_sealed bytea, at timestamptz) returns boolean
  language plpgsql set search_path = madansara_analytics
as $$
declare
  m messages;
  trusted boolean;
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  perform lock_messages(wanted, array[message]);
  select * into m from messages o where o.tenant_id = wanted and o.message_id = message and o.channel = 'email';
  if m.message_id is null or m.address_hash is null or m.user_id like 'deleted/%' then return false; end if;
  trusted := is_authentic and hash_address(key, wanted, 'email', sender) = m.address_hash;
  insert into replies (tenant_id, provider_id, channel, address_hash, user_id, message_id, asks, sealed, received_at, is_automatic, is_trusted)
  select wanted, sid, 'email', m.address_hash, (select u.user_id from users u where u.tenant_id = wanted and u.user_id = m.user_id), message, wish,
    text_sealed, at, by_program, trusted or by_program
  on conflict do nothing;
  if not found or by_program or not trusted then return true; end if;
  perform take_provider_events(wanted, 'inbound mail', jsonb_build_array(jsonb_build_array(
    sid, message, case wish when 'stop' then 'unsubscribed' else 'replied' end, extract(epoch from at) * 1000)));
  if wish = 'maybe_stop' then
    insert into suppressions (tenant_id, channel, address_hash, reason) values (wanted, 'email', m.address_hash, 'awaiting review') on conflict do nothing;
  end if;
  return true;
end
$$;

-- As before, also of a reply that somebody else may have written.
create or replace function judge_reply(wanted uuid, reply bigint, verdict text, by_whom text, at timestamptz) returns table (judged text)
  language plpgsql set search_path = madansara_analytics
as $$
declare
  r replies;
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  select * into r from replies o where o.tenant_id = wanted and o.reply_id = reply and (o.asks = 'maybe_stop' or not o.is_trusted) for update;
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
        where o.address_hash = r.address_hash and o.tenant_id = wanted and o.channel = r.channel and o.asks = 'maybe_stop' and o.is_trusted
          and o.judged is null);
    end if;
  end if;
  return query select r.judged;
end
$$;

select plan_by_look_ups(name::regproc::regprocedure)
from unnest(array['ask_confirmation', 'refuse_answer', 'claim_answers', 'begin_answer', 'settle_answers', 'look_at_confirmation', 'confirm_consent',
  'take_answerable_reply', 'rule_for_reply', 'why_unanswered', 'words_of_answers', 'take_mail_reply',
  'judge_reply']) name;

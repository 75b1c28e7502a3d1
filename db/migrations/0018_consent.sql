-- What a person may be written to about. A topic without a row has these defaults; '*' stands for all topics and never has one.
create table consent_topics (
  tenant_id uuid not null references tenants,
  topic text not null check (topic ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
  double_opt_in boolean not null default false, -- a yes counts once it was confirmed from the address itself
  -- Where nothing is sent without a yes. On other channels it may be sent until somebody says no (legitimate interest).
  requires_consent text[] not null default '{sms,whatsapp}'
    check (requires_consent <@ '{email,sms,whatsapp,social,push,in_app}' and array_position(requires_consent, null) is null),
  is_transactional boolean not null default false, -- orders, passwords: needs no yes and is held by no cap, but a no still counts
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, topic)
);
select isolate_by_tenant('consent_topics');

-- What people said, for ever, as the proof of it. Who an address belonged to may change by a merge and is forgotten with the person; the
-- application can change nothing else of it, and delete nothing.
create table consent_events (
  tenant_id uuid not null references tenants,
  event_id bigint generated always as identity,
  channel text not null check (channel in ('email', 'sms', 'whatsapp', 'social', 'push', 'in_app')),
  topic text not null default 'marketing' check (topic = '*' or topic ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
  address_hash bytea not null, -- as in messages
  user_id text,
  action text not null check (action in ('granted', 'denied', 'withdrawn', 'confirmed')),
  basis text check (basis in ('consent', 'existing_customer', 'legitimate_interest', 'contract')), -- of a yes
  text_version text, -- of the words that were agreed to
  source text not null check (source <> ''), -- a form, a reply, an import
  evidence jsonb not null default '{}', -- where and how: ids, hashes and addresses of pages, nothing that names the person
  needs_confirmation boolean not null, -- as the topic was set then
  at timestamptz not null,
  recorded_at timestamptz not null default now(),
  check (action <> 'granted' or basis is not null),
  primary key (tenant_id, event_id)
);
create index consent_events_by_address on consent_events (address_hash, tenant_id, channel, topic); -- not the tenant first: see messages
create index consent_events_by_user on consent_events (user_id, tenant_id);
select isolate_by_tenant('consent_events', 'select, insert');
grant update (user_id) on consent_events to madansara_app;

-- What holds now: the fold of an address' events on a topic (fold_consent).
create table consents (
  tenant_id uuid not null references tenants,
  channel text not null,
  topic text not null,
  address_hash bytea not null,
  state text check (state in ('pending', 'granted', 'denied', 'withdrawn')), -- null: nothing that counts, such as a confirmation of nothing
  basis text,
  said_at timestamptz, -- the last yes or no
  updated_at timestamptz not null default now(),
  primary key (tenant_id, channel, address_hash, topic)
);
select isolate_by_tenant('consents', 'select, insert, update');

-- The events in the order of their times, whatever the order in which they came, and of one time the no last. After the last no, a yes
-- counts that needs no confirmation or was confirmed since; while there is only another, it is pending. What was confirmed before the
-- yes, or before a no, confirms nothing: an old link does not bring back who has left. Of several that count, consent is the best basis.
create function fold_consent(wanted uuid, over text, about text, hash bytea) returns table (state text, basis text, said_at timestamptz)
  language sql stable
as $$
  with e as (
    select * from madansara_analytics.consent_events
    where tenant_id = wanted and address_hash = hash and channel = over and topic = about)
  select case when y.counts then 'granted' when y.last_at is not null then 'pending' else n.action end,
    case when y.counts then y.basis when y.last_at is not null then y.last_basis end,
    greatest(n.at, y.last_at)
  from (
    select max(e.at) as at, (array_agg(e.action order by e.at desc, e.action desc))[1] as action from e
    where e.action in ('denied', 'withdrawn')) n
  cross join lateral (select max(e.at) as at from e where e.action = 'confirmed') c
  cross join lateral (
    select max(e.at) as last_at, coalesce(bool_or(v.counts), false) as counts,
      (array_agg(e.basis order by e.basis <> 'consent', e.at desc, e.basis) filter (where v.counts))[1] as basis,
      (array_agg(e.basis order by e.at desc, e.basis))[1] as last_basis
    from e
    cross join lateral (select not e.needs_confirmation or coalesce(e.at <= c.at, false) as counts) v
    where e.action = 'granted' and (n.at is null or e.at > n.at)) y
$$;

-- Keeps what people said, any number of them at once, and gives for each in its place what holds now. Who says yes
-- after having unsubscribed is suppressed no longer: what they said of all topics then still holds for all others.
--   said  [[channel, topic, address, hash of the address in hex, user_id, action, basis, text_version, source, evidence, at in ms], ...]
--         with an address or its hash; nothing is said later than `at`, or a clock that is ahead would outlast every no
create function record_consent(wanted uuid, key bytea, said jsonb, at timestamptz)
  returns table (place integer, hash bytea, state text, basis text)
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  return query select k.* from keep_words(wanted, key, said, at) k;
end
$$;

-- The same, in a transaction of the tenant in which nobody is merged, or the messages of all who say something are locked.
create function keep_words(wanted uuid, key bytea, said jsonb, at timestamptz)
  returns table (place integer, hash bytea, state text, basis text)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  channels text[];
  topics text[];
  hashes bytea[];
begin
  select array_agg(s->>0 order by n), array_agg(s->>1 order by n),
    array_agg(coalesce(decode(s->>3, 'hex'), hash_address(key, wanted, s->>0, s->>2)) order by n) into channels, topics, hashes
  from jsonb_array_elements(said) with ordinality x(s, n);

  -- Whoever says something of the same address and topic at the same time waits here, in one order, before anybody folds.
  insert into consents (tenant_id, channel, topic, address_hash)
  select distinct wanted, k.channel, k.topic, k.hash from unnest(channels, topics, hashes) k(channel, topic, hash)
  order by k.channel, k.hash, k.topic
  on conflict do nothing;
  perform from (select distinct k.* from unnest(channels, topics, hashes) k(channel, topic, hash) order by k.channel, k.hash, k.topic) k
  cross join lateral (
    select from consents c
    where c.tenant_id = wanted and c.channel = k.channel and c.address_hash = k.hash and c.topic = k.topic limit 1 for update) c;

  insert into consent_events (tenant_id, channel, topic, address_hash, user_id, action, basis, text_version, source, evidence, needs_confirmation, at)
  select wanted, s->>0, s->>1, hashes[n], u.user_id, s->>5, s->>6, s->>7, s->>8, s->9,
    s->>5 = 'granted' and coalesce(t.double_opt_in, false), least(to_timestamp((s->>10)::double precision / 1000), at)
  from jsonb_array_elements(said) with ordinality x(s, n)
  left join lateral (
    select u.user_id from users u where u.tenant_id = wanted and u.user_id = resolve_user(wanted, s->>4) limit 1) u on true
  left join lateral (select t.double_opt_in from consent_topics t where t.tenant_id = wanted and t.topic = s->>1 limit 1) t on true
  order by n;

  -- All rows are there; the insert finds each by its key, where an update may walk through all of the tenant's.
  insert into consents (tenant_id, channel, topic, address_hash, state, basis, said_at)
  select wanted, k.channel, k.topic, k.hash, f.state, f.basis, f.said_at
  from (select distinct k.* from unnest(channels, topics, hashes) k(channel, topic, hash)) k
  cross join lateral fold_consent(wanted, k.channel, k.topic, k.hash) f
  on conflict (tenant_id, channel, address_hash, topic) do update set
    state = excluded.state, basis = excluded.basis, said_at = excluded.said_at, updated_at = now();

  delete from suppressions s
  using (
    select distinct k.channel, k.hash
    from unnest(channels, topics, hashes) k(channel, topic, hash)
    cross join lateral (
      select c.said_at from consents c
      where c.tenant_id = wanted and c.channel = k.channel and c.address_hash = k.hash and c.topic = k.topic
        and c.state = 'granted' and c.basis = 'consent' limit 1) c
    where c.said_at > (
      select max(e.at) from consent_events e
      where e.tenant_id = wanted and e.address_hash = k.hash and e.channel = k.channel and e.topic = '*' and e.action in ('denied', 'withdrawn'))) back
  where s.tenant_id = wanted and s.channel = back.channel and s.address_hash = back.hash and s.reason = 'unsubscribed';

  return query
  select k.n::integer, k.hash, c.state, c.basis
  from unnest(channels, topics, hashes) with ordinality k(channel, topic, hash, n)
  cross join lateral (
    select c.state, c.basis from consents c
    where c.tenant_id = wanted and c.channel = k.channel and c.address_hash = k.hash and c.topic = k.topic limit 1) c
  order by k.n;
end
$$;

-- What a topic asks for on a channel, read once for all messages of a step.
create function topic_rules(wanted uuid, about text, over text)
  returns table (needs_yes boolean, needs_confirmation boolean, is_transactional boolean)
  language sql stable
as $$
  select coalesce(over = any (t.requires_consent), over in ('sms', 'whatsapp')) and not coalesce(t.is_transactional, false),
    coalesce(t.double_opt_in, false), coalesce(t.is_transactional, false)
  from (values (1)) one
  left join lateral (
    select * from madansara_analytics.consent_topics t where t.tenant_id = wanted and t.topic = about limit 1) t on true
$$;

-- Why words of consent leave nothing that may be sent: null where something may. They are what an address has said of the topic (own),
-- of all topics (whole), and what its contact says from an import (told), which counts as a word about all. The last one counts, and of
-- one time the no. Where a yes is needed and has to be confirmed, an imported one is not. A channel that needs a yes needs it on the
-- basis of consent.
create function refuse_words(own_state text, own_basis text, own_at timestamptz, whole_state text, whole_basis text, whole_at timestamptz,
  told text, told_at timestamptz, needs_yes boolean, needs_confirmation boolean) returns table (because text)
  language sql immutable
as $$
  select case
      when t.no_at >= coalesce(t.yes_at, '-infinity') then 'no consent'
      when t.yes_at is null then case when needs_yes then 'no consent' end
      when y.state = 'pending' then 'unconfirmed'
      when needs_yes and y.basis <> 'consent' then 'no consent' end
  from (
    select
      greatest(case when own_state in ('denied', 'withdrawn') then own_at end, case when whole_state in ('denied', 'withdrawn') then whole_at end,
        case when told = 'denied' then coalesce(told_at, 'infinity') end) as no_at,
      greatest(case when own_state in ('granted', 'pending') then own_at end, case when whole_state in ('granted', 'pending') then whole_at end,
        case when told = 'granted' then coalesce(told_at, '-infinity') end) as yes_at) t
  cross join lateral (
    select
      case when own_state in ('granted', 'pending') and own_at = t.yes_at then own_state
        when whole_state in ('granted', 'pending') and whole_at = t.yes_at then whole_state
        when needs_yes and needs_confirmation then 'pending' else 'granted' end as state,
      case when own_state in ('granted', 'pending') and own_at = t.yes_at then own_basis
        when whole_state in ('granted', 'pending') and whole_at = t.yes_at then whole_basis else 'consent' end as basis) y
$$;

-- The same, of what is known of an address.
create function refuse_consent(wanted uuid, over text, about text, hash bytea, told text, told_at timestamptz, needs_yes boolean, needs_confirmation boolean)
  returns table (because text)
  language sql stable
as $$
  select r.because
  from (values (1)) one
  left join lateral (
    select c.state, c.basis, c.said_at from madansara_analytics.consents c
    where c.tenant_id = wanted and c.channel = over and c.address_hash = hash and c.topic = about limit 1) own on true
  left join lateral (
    select c.state, c.basis, c.said_at from madansara_analytics.consents c
    where c.tenant_id = wanted and c.channel = over and c.address_hash = hash and c.topic = '*' limit 1) whole on true
  cross join lateral madansara_analytics.refuse_words(
    own.state, own.basis, own.said_at, whole.state, whole.basis, whole.said_at, told, told_at, needs_yes, needs_confirmation) r
$$;

-- How often a person may be written to: at most so many messages within any span of that length, on one channel or on all. It counts all
-- that are sent, and holds those whose priority is not higher than its own.
create table sending_caps (
  tenant_id uuid not null references tenants,
  cap_key text not null check (cap_key ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
  channel text not null check (channel in ('all', 'email', 'sms', 'whatsapp', 'social', 'push', 'in_app')),
  most integer not null check (most between 1 and 100),
  span interval not null check (span between interval '1 minute' and interval '90 days'),
  priority smallint not null default 0 check (priority between 0 and 9),
  created_at timestamptz not null default now(),
  primary key (tenant_id, cap_key)
);
select isolate_by_tenant('sending_caps');

-- What was sent to a person lately, as far as caps look back: channels beside times. One row each, which is locked while it is decided
-- whether another message fits. Rewritten with each message: room is left in its page for that.
create table recent_sends (
  tenant_id uuid not null,
  user_id text not null,
  channels text[] not null,
  times timestamptz[] not null,
  taken integer not null, -- how many the last claim could have
  primary key (tenant_id, user_id)
) with (fillfactor = 70);
select isolate_by_tenant('recent_sends');

-- A span without months and days, which are not always as long.
create function seconds_of(span interval) returns interval
  language sql immutable
as $$
  select make_interval(secs => extract(epoch from span)::double precision)
$$;

-- How many more messages fit under all caps. Each cap counts its channel since some time, and also what was sent after the moment that
-- is asked about: claims do not come in the order of their times, and a span that holds both must not hold too many.
create function room_under_caps(channels text[], times timestamptz[], cap_channels text[], mosts integer[], sinces timestamptz[]) returns integer
  language plpgsql immutable
as $$
declare
  room integer := 2147483647;
  fitting integer;
begin
  for c in 1 .. coalesce(cardinality(mosts), 0) loop
    fitting := mosts[c];
    for s in 1 .. cardinality(times) loop
      if times[s] > sinces[c] and (cap_channels[c] = 'all' or channels[s] = cap_channels[c]) then fitting := fitting - 1; end if;
    end loop;
    room := least(room, greatest(fitting, 0));
  end loop;
  return room;
end
$$;

-- From when on one message more fits under each of the caps that are full, and which of them takes longest.
create function fullest_cap(channels text[], times timestamptz[], at timestamptz, keys text[], cap_channels text[], mosts integer[], spans interval[])
  returns table (cap_key text, until timestamptz)
  language sql stable
as $$
  select c.key, s.time + c.span
  from unnest(keys, cap_channels, mosts, spans) c(key, channel, most, span)
  cross join lateral (
    select s.time from unnest(channels, times) s(channel, time)
    where c.channel = 'all' or s.channel = c.channel
    order by s.time desc offset c.most - 1 limit 1) s
  where s.time > at - c.span
  order by 2 desc, 1 limit 1
$$;

-- Takes a message's place under the tenant's caps for each of some people (one may stand among them several times), at the same moment,
-- and gives the places of those who are over a cap, which, and until when. Whoever is not given has been counted. People are locked in
-- one order, so that campaigns that claim at once wait for each other and cannot pass a cap together.
create function spend_cap(wanted uuid, people text[], over text, at timestamptz, importance integer default 0)
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
  cross join lateral fullest_cap(s.channels, s.times, at, keys, cap_channels, mosts, spans) f
  where p.nth > s.taken;
end
$$;

-- Gives places back that were taken at these moments and led to no message. One that is not there any more changes nothing. Rows that are
-- locked are sure to be met by the insert: it finds each by its key, where an update may walk through the tenant's people.
create function refund_cap(wanted uuid, people text[], over text, times timestamptz[]) returns void
  language plpgsql set search_path = madansara_analytics
as $$
declare
  held text[];
begin
  perform enter_tenant(wanted);
  select array_agg(o.person) into held
  from (select d.person from (select distinct unnest(people) as person) d order by d.person collate "C") o
  cross join lateral (select from recent_sends r where r.tenant_id = wanted and r.user_id = o.person limit 1 for update) r;

  insert into recent_sends as r (tenant_id, user_id, channels, times, taken)
  select wanted, b.person, '{}', array_agg(b.time), 0
  from unnest(people, times) b(person, time) where b.person = any (held) group by b.person
  on conflict (tenant_id, user_id) do update set (channels, times) = (
    select coalesce(array_agg(s.channel order by s.n), '{}'), coalesce(array_agg(s.time order by s.n), '{}')
    from (
      select s.*, row_number() over (partition by s.channel, s.time order by s.n) as nth
      from unnest(r.channels, r.times) with ordinality s(channel, time, n)) s
    where s.channel <> over or s.nth > (select count(*) from unnest(excluded.times) b(time) where b.time = s.time));
end
$$;

-- What merging and forgetting did before this, and for consent and caps.
alter function merge_elsewhere(uuid, text, text) rename to merge_in_campaigns;
alter function forget_elsewhere(uuid, text) rename to forget_in_campaigns;

-- A merged person has been sent what both were. Both are locked first, in the order in which everybody locks people.
create function merge_elsewhere(wanted uuid, source text, target text) returns void
  language sql set search_path = madansara_analytics
as $$
  select merge_in_campaigns(wanted, source, target);
  update consent_events e set user_id = target where e.tenant_id = wanted and e.user_id = $2; -- an event has a source too
  select from (select p.person from unnest(array[source, target]) p(person) order by p.person collate "C") o
  cross join lateral (select from recent_sends r where r.tenant_id = wanted and r.user_id = o.person limit 1 for update) r;
  insert into recent_sends as r (tenant_id, user_id, channels, times, taken)
  select wanted, target, s.channels, s.times, s.taken from recent_sends s where s.tenant_id = wanted and s.user_id = source
  on conflict (tenant_id, user_id) do update set channels = r.channels || excluded.channels, times = r.times || excluded.times;
  delete from recent_sends r where r.tenant_id = wanted and r.user_id = source;
$$;

-- What a person said stays by the hash of the address, as the proof and against writing to them again; whose it was does not.
create function forget_elsewhere(wanted uuid, person text) returns void
  language sql set search_path = madansara_analytics
as $$
  select forget_in_campaigns(wanted, person);
  update consent_events e set user_id = null where e.tenant_id = wanted and e.user_id = person;
  delete from recent_sends r where r.tenant_id = wanted and r.user_id = person;
$$;

-- The button of an unsubscribe page and what providers tell are words about all topics: the suppression and its proof are written together.
create function note_refusals() returns trigger
  language plpgsql set search_path = madansara_analytics
as $$
declare
  said jsonb;
begin
  if not exists (select from told t where t.kind in ('unsubscribed', 'complained')) then return null; end if;
  select jsonb_agg(jsonb_build_array(m.channel, '*', null, encode(m.address_hash, 'hex'), m.user_id, 'withdrawn', null, null,
      case t.provider when 'madansara' then 'unsubscribe link' else t.provider end,
      jsonb_build_object('message', t.message_id, 'event', t.event_id, 'kind', t.kind), extract(epoch from t.occurred_at) * 1000)
    order by t.event_id collate "C") into said
  from told t
  cross join lateral (
    select m.channel, m.user_id, m.address_hash from messages m where m.tenant_id = t.tenant_id and m.message_id = t.message_id limit 1) m
  where t.kind in ('unsubscribed', 'complained') and m.address_hash is not null;
  if said is not null then
    perform from keep_words((select t.tenant_id from told t limit 1), null, said, clock_timestamp());
  end if;
  return null;
end
$$;
create trigger note_refusals after insert on provider_events referencing new table as told for each statement execute function note_refusals();

select plan_by_look_ups(name::regproc::regprocedure) from unnest(array['keep_words', 'note_refusals']) name;
-- It joins two lists of its own, and looks nothing up but the few caps of a tenant.
alter function spend_cap set enable_seqscan = off set enable_hashjoin = on;

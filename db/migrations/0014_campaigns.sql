-- Campaigns as they run: their plans, their audience in batches, and what its journeys have to be told.
alter table outreach_campaigns
  add column request jsonb not null default '{}', -- as a person wrote it
  add column plan_version integer not null default 1,
  add column goal jsonb, -- {event, filters, windowDays} as the tenant defined it when the campaign was made
  add column watched text[] not null default '{}', -- '<step key> <reaction>': what its journeys can use
  add column leaves_with_segment boolean not null default false,
  add column tick_ms integer not null default 0,
  add column recipients integer, -- once the audience is frozen
  add column batches integer,
  add column launched_at timestamptz,
  add column ended_at timestamptz,
  add column converts_until timestamptz, -- where it has a goal: once launched, until its window has closed behind the last message
  add column created_by text not null default '',
  add column updated_at timestamptz not null default now(),
  add constraint outreach_campaigns_status check (status in ('draft', 'running', 'paused', 'cancelled', 'finished'));
create index outreach_campaigns_alive on outreach_campaigns (tenant_id, segment_id) where status in ('running', 'paused');
create index outreach_campaigns_converting on outreach_campaigns (tenant_id, converts_until) where converts_until is not null;

-- Versions of a campaign's sequence: an edit makes the next one, and journeys keep the one that they began with.
create table campaign_plans (
  tenant_id uuid not null,
  campaign_id bigint not null,
  version integer not null,
  plan jsonb not null,
  contents jsonb not null, -- the steps' own words
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, campaign_id, version),
  foreign key (tenant_id, campaign_id) references outreach_campaigns (tenant_id, id)
);
select isolate_by_tenant('campaign_plans', 'select, insert');

-- The clocks that a frozen audience goes by: time zones and best times, each pair once.
create table campaign_clocks (
  tenant_id uuid not null,
  campaign_id bigint not null,
  clock integer not null,
  time_zone text not null,
  slots jsonb not null, -- {channel: {weekday, hour, minute}}
  first_due timestamptz,
  primary key (tenant_id, campaign_id, clock),
  foreign key (tenant_id, campaign_id) references outreach_campaigns (tenant_id, id)
);
select isolate_by_tenant('campaign_clocks');

-- The journeys that one workflow carries. The row, not the workflow's id, decides that they end once.
create table campaign_batches (
  tenant_id uuid not null,
  campaign_id bigint not null,
  batch integer not null,
  members integer not null,
  done_at timestamptz,
  primary key (tenant_id, campaign_id, batch),
  foreign key (tenant_id, campaign_id) references outreach_campaigns (tenant_id, id)
);
create index campaign_batches_open on campaign_batches (tenant_id, campaign_id) where done_at is null;
select isolate_by_tenant('campaign_batches');

alter table journeys
  add column clock integer not null default 0,
  add column left_because text,
  add column left_at timestamptz;

alter table messages add column converted_at timestamptz;

-- Users' best times on a channel, where something has learned them.
create table send_slots (
  tenant_id uuid not null,
  user_id text not null,
  channel text not null,
  weekday smallint check (weekday between 1 and 7), -- ISO: 1 is Monday; null where every day is as good
  hour smallint not null check (hour between 0 and 23),
  minute smallint not null default 0 check (minute between 0 and 59),
  source text not null, -- what learned it
  updated_at timestamptz not null default now(),
  primary key (tenant_id, user_id, channel),
  foreign key (tenant_id, user_id) references users (tenant_id, user_id) on update cascade on delete cascade
);
select isolate_by_tenant('send_slots');

-- What journeys have to be told: by the relay, which deletes what it has told. At least once; twice is harmless.
create table engagement_outbox (
  tenant_id uuid not null references tenants,
  engagement_id bigint generated always as identity,
  campaign_id bigint not null,
  batch integer not null,
  idx integer not null,
  step_key smallint, -- of a reaction
  what text not null, -- delivered, opened, clicked, replied; or goal, unsubscribed, complained, bounced, deleted, segment_left
  created_at timestamptz not null default now(),
  primary key (tenant_id, engagement_id)
);
create index engagement_outbox_by_batch on engagement_outbox (tenant_id, campaign_id, batch, engagement_id);
select isolate_by_tenant('engagement_outbox');

create function announce_engagements() returns trigger
  language plpgsql
as $$
begin
  perform pg_notify('madansara_engagements', '');
  return null;
end
$$;
create trigger announce after insert on engagement_outbox for each statement execute function announce_engagements();

-- For the relay, before a tenant is known: which batches have to be told something, those that wait longest first. Ids only.
create function list_engaged_batches(slices integer[], of_slices integer, most integer)
  returns table (tenant_id uuid, campaign_id bigint, campaign_key text, batch integer, waiting integer)
  language sql stable security definer set search_path = madansara_analytics
  begin atomic
    select o.tenant_id, o.campaign_id, c.campaign_key, o.batch, count(*)::integer
    from madansara_analytics.engagement_outbox o
    join madansara_analytics.outreach_campaigns c on c.tenant_id = o.tenant_id and c.id = o.campaign_id
    where abs(hashint8(o.campaign_id) # hashint4(o.batch)) % of_slices = any (slices)
    group by o.tenant_id, o.campaign_id, c.campaign_key, o.batch
    order by min(o.engagement_id) limit most;
  end;
grant select on engagement_outbox, outreach_campaigns to madansara_lookup;
alter function list_engaged_batches(integer[], integer, integer) owner to madansara_lookup;

-- The journeys of a user that may still send something. Here and below, `offset 0` keeps look-ups look-ups: joined, they would be
-- planned as walks through all journeys of a tenant.
create function open_journeys(wanted uuid, person text)
  returns table (campaign_id bigint, batch integer, idx integer, entry integer)
  language sql stable
as $$
  select j.campaign_id, j.batch, j.idx, j.entry
  from madansara_analytics.journeys j
  cross join lateral (
    select from madansara_analytics.campaign_batches b
    where b.tenant_id = wanted and b.campaign_id = j.campaign_id and b.batch = j.batch and b.done_at is null limit 1) b
  where j.tenant_id = wanted and j.user_id = person and j.left_at is null
$$;

create function slots_of_users(wanted uuid) returns table (user_id text, slots jsonb)
  language sql stable
as $$
  select s.user_id, jsonb_object_agg(s.channel, jsonb_strip_nulls(jsonb_build_object('weekday', s.weekday, 'hour', s.hour, 'minute', s.minute)))
  from madansara_analytics.send_slots s where s.tenant_id = wanted group by s.user_id
$$;

-- Notes the clocks of an audience, the tenant's own first: whoever comes by another one until the batches are filled goes by that.
create function note_clocks(wanted uuid, campaign bigint, segment bigint, home_zone text, home_slots jsonb) returns void
  language sql set search_path = madansara_analytics
as $$
  insert into campaign_clocks (tenant_id, campaign_id, clock, time_zone, slots)
  select wanted, campaign, (row_number() over (order by zone <> home_zone, slots <> home_slots, zone, slots))::integer - 1, zone, slots
  from (
    select home_zone as zone, home_slots as slots
    union
    select coalesce(u.time_zone, home_zone), home_slots || coalesce(s.slots, '{}')
    from segment_membership m
    join users u on u.tenant_id = wanted and u.user_id = m.user_id
    left join slots_of_users(wanted) s on s.user_id = m.user_id
    where m.tenant_id = wanted and m.segment_id = segment) c
  on conflict do nothing
$$;

-- Freezes a segment as a campaign's audience, those that fall due together beside each other. Gives how many they are. Again: the same.
create function freeze_audience(wanted uuid, campaign bigint, segment bigint, home_zone text, home_slots jsonb, size integer) returns integer
  language plpgsql set search_path = madansara_analytics
as $$
declare
  people integer;
begin
  insert into journeys (tenant_id, campaign_id, batch, idx, entry, user_id, clock)
  select wanted, campaign, (n - 1) / size, (n - 1) % size, 1, user_id, clock
  from (
    select m.user_id, coalesce(c.clock, 0) as clock, row_number() over (order by coalesce(c.first_due, h.first_due), m.user_id collate "C") as n
    from segment_membership m
    join users u on u.tenant_id = wanted and u.user_id = m.user_id
    left join slots_of_users(wanted) s on s.user_id = m.user_id
    left join campaign_clocks c on c.tenant_id = wanted and c.campaign_id = campaign
      and c.time_zone = coalesce(u.time_zone, home_zone) and c.slots = home_slots || coalesce(s.slots, '{}')
    join campaign_clocks h on h.tenant_id = wanted and h.campaign_id = campaign and h.clock = 0
    where m.tenant_id = wanted and m.segment_id = segment) a;
  get diagnostics people = row_count;
  insert into campaign_batches (tenant_id, campaign_id, batch, members)
  select wanted, campaign, b, least(size, people - b * size) from generate_series(0, (people - 1) / size) b where people > 0;
  return people;
end
$$;

-- Events that reach the goals of campaigns: their journeys are told, and the message that led there is credited, which is the one
-- clicked last, else opened last, else delivered last, within the goal's window. A journey converts once.
create function reach_goals() returns trigger
  language plpgsql set search_path = madansara_analytics
as $$
declare
  wanted uuid;
  since timestamptz;
begin
  -- One statement stores events of one tenant. Nearly always this is all that happens here.
  select a.tenant_id, a.since into wanted, since from (select tenant_id, min(occurred_at) as since from added group by tenant_id limit 1) a;
  if wanted is null or not exists (select from outreach_campaigns c where c.tenant_id = wanted and c.converts_until >= since) then
    return null;
  end if;
  with reached as materialized (
    select j.campaign_id, j.batch, j.idx, j.entry, j.user_id, max(c.days) as days, min(e.occurred_at) as at
    from added e
    cross join lateral (
      select c.id, (c.goal ->> 'windowDays')::integer as days from outreach_campaigns c
      where c.tenant_id = wanted and c.converts_until >= e.occurred_at and c.launched_at <= e.occurred_at
        and c.goal ->> 'event' = e.event and meets_filters(e.properties, c.goal -> 'filters') offset 0) c
    cross join lateral (
      select j.* from journeys j where j.tenant_id = wanted and j.campaign_id = c.id and j.user_id = e.user_id offset 0) j
    group by j.campaign_id, j.batch, j.idx, j.entry, j.user_id),
  told as (
    insert into engagement_outbox (tenant_id, campaign_id, batch, idx, what)
    select wanted, r.campaign_id, r.batch, r.idx, 'goal'
    from reached r
    where exists (
      select from campaign_batches b
      where b.tenant_id = wanted and b.campaign_id = r.campaign_id and b.batch = r.batch and b.done_at is null)),
  credited as (
    update messages m set converted_at = r.at, updated_at = now()
    from reached r
    cross join lateral (
      select m.message_id from messages m
      where m.tenant_id = wanted and m.campaign_id = r.campaign_id and m.user_id = r.user_id and m.entry = r.entry
        and coalesce(m.clicked_at, m.opened_at, m.delivered_at) between r.at - make_interval(days => r.days) and r.at
      order by m.clicked_at desc nulls last, m.opened_at desc nulls last, m.delivered_at desc limit 1) best
    where m.tenant_id = wanted and m.message_id = best.message_id and not exists (
      select from messages o
      where o.tenant_id = wanted and o.campaign_id = r.campaign_id and o.user_id = r.user_id and o.entry = r.entry and o.converted_at is not null)
    returning m.campaign_id)
  update outreach_campaigns c set converted_count = c.converted_count + n.converted
  from (select campaign_id, count(*)::integer as converted from credited group by campaign_id order by campaign_id) n
  where c.tenant_id = wanted and c.id = n.campaign_id;
  return null;
end
$$;
create trigger reach_goals after insert on events referencing new table as added for each statement execute function reach_goals();

-- Whoever leaves a segment leaves the journeys that ask for it.
create function leave_segments() returns trigger
  language plpgsql set search_path = madansara_analytics
as $$
begin
  insert into engagement_outbox (tenant_id, campaign_id, batch, idx, what)
  select g.tenant_id, j.campaign_id, j.batch, j.idx, 'segment_left'
  from gone g
  cross join lateral (
    select c.id from outreach_campaigns c
    where c.tenant_id = g.tenant_id and c.segment_id = g.segment_id and c.status in ('running', 'paused') and c.leaves_with_segment offset 0) c
  cross join lateral (select j.* from open_journeys(g.tenant_id, g.user_id) j offset 0) j
  where j.campaign_id = c.id;
  return null;
end
$$;
create trigger leave_segments after delete on segment_membership referencing old table as gone
  for each statement execute function leave_segments();

-- What a batch has to be told, in order, and whether the batch is not over.
create function read_engagements(wanted uuid, campaign bigint, in_batch integer, most integer)
  returns table (id float8, idx integer, step_key smallint, what text, is_open boolean)
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  return query
  select o.engagement_id::float8, o.idx, o.step_key, o.what, exists (
    select from campaign_batches b where b.tenant_id = wanted and b.campaign_id = campaign and b.batch = in_batch and b.done_at is null)
  from engagement_outbox o
  where o.tenant_id = wanted and o.campaign_id = campaign and o.batch = in_batch order by o.engagement_id limit most;
end
$$;

create function delete_engagements(wanted uuid, ids bigint[]) returns void
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  delete from engagement_outbox where tenant_id = wanted and engagement_id = any (ids);
end
$$;

-- What providers told is passed on where a journey can use it: reactions that a step waits for, and what ends a journey. Whoever
-- unsubscribes or complains leaves all journeys, whoever cannot be reached the one that found it out.
create function tell_journeys() returns trigger
  language plpgsql set search_path = madansara_analytics
as $$
begin
  insert into engagement_outbox (tenant_id, campaign_id, batch, idx, step_key, what)
  select t.tenant_id, m.campaign_id, m.batch, m.idx, m.step_key::smallint, t.kind
  from told t
  cross join lateral (select m.* from messages m where m.tenant_id = t.tenant_id and m.message_id = t.message_id limit 1) m
  cross join lateral (
    select from outreach_campaigns c
    where c.tenant_id = t.tenant_id and c.id = m.campaign_id and m.step_key || ' ' || t.kind = any (c.watched) limit 1) c
  cross join lateral (
    select from campaign_batches b
    where b.tenant_id = t.tenant_id and b.campaign_id = m.campaign_id and b.batch = m.batch and b.done_at is null limit 1) b;
  if exists (select from told t where t.kind in ('unsubscribed', 'complained', 'bounced')) then
    insert into engagement_outbox (tenant_id, campaign_id, batch, idx, what)
    select distinct on (j.campaign_id, j.batch, j.idx) t.tenant_id, j.campaign_id, j.batch, j.idx, t.kind
    from told t
    cross join lateral (select m.* from messages m where m.tenant_id = t.tenant_id and m.message_id = t.message_id limit 1) m
    cross join lateral (select j.* from open_journeys(t.tenant_id, m.user_id) j offset 0) j
    where t.kind in ('unsubscribed', 'complained') or (t.kind = 'bounced' and j.campaign_id = m.campaign_id)
    order by j.campaign_id, j.batch, j.idx, t.kind desc;
  end if;
  return null;
end
$$;
create trigger tell_journeys after insert on provider_events referencing new table as told
  for each statement execute function tell_journeys();

-- A deleted person's journeys end.
create function end_journeys_of_deleted() returns trigger
  language plpgsql set search_path = madansara_analytics
as $$
begin
  insert into engagement_outbox (tenant_id, campaign_id, batch, idx, what)
  select new.tenant_id, j.campaign_id, j.batch, j.idx, 'deleted'
  from open_journeys(new.tenant_id, new.user_id) j
  where j.campaign_id = new.campaign_id and j.batch = new.batch and j.idx = new.idx;
  return null;
end
$$;
create trigger end_journeys_of_deleted after update of user_id on journeys for each row
  when (new.user_id like 'deleted/%' and old.user_id is distinct from new.user_id) execute function end_journeys_of_deleted();

-- For an alarm on messages that nobody can know of, or that wait: ids and numbers only.
create function count_held_messages() returns table (tenant_id uuid, status text, messages double precision)
  language sql stable security definer set search_path = madansara_analytics
  begin atomic
    select m.tenant_id, m.status, count(*)::double precision
    from madansara_analytics.messages m where m.status in ('uncertain', 'deferred') group by m.tenant_id, m.status;
  end;
grant select on messages to madansara_lookup;
alter function count_held_messages() owner to madansara_lookup;

-- A campaign's messages are written one after the other, so that a list of pages is enough to find them; and no look-up of a single
-- message is ever planned by it (see messages).
create index messages_of_campaigns on messages using brin (campaign_id) with (autosummarize = on);

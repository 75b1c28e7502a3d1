-- Entries into campaigns at other moments than their launch: by the calendar, when somebody comes into the segment, by an event.
-- A journey's row is the entry: whoever has one has entered, whatever broke in between.
alter table outreach_campaigns
  add column enters text not null default 'launch',
  add column entry_event text,
  add column enters_once boolean not null default true, -- nobody enters a second time
  add column resumed_at timestamptz, -- by the campaign's clock: what fell due in a pause is left out
  add constraint outreach_campaigns_enters check (enters in ('launch', 'calendar', 'segment', 'event')),
  add constraint outreach_campaigns_entry_event check ((entry_event is not null) = (enters = 'event'));
-- Those that people enter as they come: few, and nearly always none.
create index outreach_campaigns_entered on outreach_campaigns (tenant_id, enters) where status in ('running', 'paused') and enters in ('segment', 'event');

-- Of batches that entered later than at the launch: when, with how many others, and to what their dues round up.
alter table campaign_batches
  add column entered_at timestamptz,
  add column audience integer,
  add column tick_ms integer;

-- The times that a recurring campaign has entered its segment. The row decides that each is entered once.
create table campaign_occurrences (
  tenant_id uuid not null,
  campaign_id bigint not null,
  occurrence integer not null check (occurrence >= 1),
  due_at timestamptz not null,
  entered_at timestamptz not null,
  recipients integer not null,
  still_in integer not null, -- members who stayed out, being under way in an earlier one
  primary key (tenant_id, campaign_id, occurrence),
  foreign key (tenant_id, campaign_id) references outreach_campaigns (tenant_id, id)
);
select isolate_by_tenant('campaign_occurrences');

-- Those who wait to enter: each once, however often they came. A row is deleted when it is decided whether they enter.
create table campaign_entrants (
  tenant_id uuid not null,
  campaign_id bigint not null,
  user_id text not null,
  entrant_id bigint generated always as identity,
  occurred_at timestamptz not null, -- the latest event's own time
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, campaign_id, user_id)
);
create index campaign_entrants_in_turn on campaign_entrants (campaign_id, tenant_id, entrant_id); -- not the tenant first: see messages
create index campaign_entrants_by_user on campaign_entrants (user_id, tenant_id);
select isolate_by_tenant('campaign_entrants');

-- As before, but may be asked again for another audience: clocks that are new get the next numbers. The tenant's own comes first.
create or replace function note_clocks(wanted uuid, campaign bigint, segment bigint, home_zone text, home_slots jsonb) returns void
  language sql set search_path = madansara_analytics
as $$
  insert into campaign_clocks (tenant_id, campaign_id, clock, time_zone, slots)
  select wanted, campaign, known.clocks + (row_number() over (order by zone <> home_zone, slots <> home_slots, zone, slots))::integer - 1, zone, slots
  from (
    select home_zone as zone, home_slots as slots
    union
    select coalesce(u.time_zone, home_zone), home_slots || coalesce(s.slots, '{}')
    from segment_membership m
    join users u on u.tenant_id = wanted and u.user_id = m.user_id
    left join slots_of_users(wanted) s on s.user_id = m.user_id
    where m.tenant_id = wanted and m.segment_id = segment
    except
    select c.time_zone, c.slots from campaign_clocks c where c.tenant_id = wanted and c.campaign_id = campaign) c
  cross join (select count(*)::integer as clocks from campaign_clocks c where c.tenant_id = wanted and c.campaign_id = campaign) known
  on conflict do nothing
$$;

-- The journeys of a campaign that are under way.
create function journeys_under_way(wanted uuid, campaign bigint) returns table (user_id text)
  language sql stable
as $$
  select j.user_id
  from madansara_analytics.campaign_batches b
  join madansara_analytics.journeys j on j.tenant_id = wanted and j.campaign_id = campaign and j.batch = b.batch and j.left_at is null
  where b.tenant_id = wanted and b.campaign_id = campaign and b.done_at is null
$$;

-- Lets a segment enter a campaign, in batches from `first_batch` on, those that fall due together beside each other; whoever is under way
-- stays out. Gives how many entered and how many stayed out.
drop function freeze_audience(uuid, bigint, bigint, text, jsonb, integer);
create function enter_segment(wanted uuid, campaign bigint, segment bigint, entry_number integer, first_batch integer, home_zone text,
  home_slots jsonb, size integer, at timestamptz, tick integer) returns table (recipients integer, still_in integer)
  language plpgsql set search_path = madansara_analytics
as $$
declare
  people integer;
  members integer;
begin
  insert into journeys (tenant_id, campaign_id, batch, idx, entry, user_id, clock)
  select wanted, campaign, first_batch + (n - 1) / size, (n - 1) % size, entry_number, user_id, clock
  from (
    select m.user_id, coalesce(c.clock, 0) as clock, row_number() over (order by coalesce(c.first_due, h.first_due), m.user_id collate "C") as n
    from segment_membership m
    join users u on u.tenant_id = wanted and u.user_id = m.user_id
    left join slots_of_users(wanted) s on s.user_id = m.user_id
    left join campaign_clocks c on c.tenant_id = wanted and c.campaign_id = campaign
      and c.time_zone = coalesce(u.time_zone, home_zone) and c.slots = home_slots || coalesce(s.slots, '{}')
    join campaign_clocks h on h.tenant_id = wanted and h.campaign_id = campaign and h.clock = 0
    where m.tenant_id = wanted and m.segment_id = segment
      and not exists (select from journeys_under_way(wanted, campaign) w where w.user_id = m.user_id)) a;
  get diagnostics people = row_count;
  insert into campaign_batches (tenant_id, campaign_id, batch, members, entered_at, audience, tick_ms)
  select wanted, campaign, first_batch + b, least(size, people - b * size), at, people, tick
  from generate_series(0, (people - 1) / size) b where people > 0;
  select count(*) into members
  from segment_membership m join users u on u.tenant_id = wanted and u.user_id = m.user_id
  where m.tenant_id = wanted and m.segment_id = segment;
  return query select people, members - people;
end
$$;

-- Lets some people enter a campaign as one batch.
create function enter_people(wanted uuid, campaign bigint, in_batch integer, people text[], entries integer[], home_zone text,
  home_slots jsonb, at timestamptz, tick integer) returns void
  language plpgsql set search_path = madansara_analytics
as $$
declare
  zones text[];
  slots jsonb[];
begin
  select array_agg(coalesce(u.time_zone, home_zone) order by p.n), array_agg(home_slots || coalesce(s.slots, '{}') order by p.n) into zones, slots
  from unnest(people) with ordinality p(person, n)
  left join lateral (select u.time_zone from users u where u.tenant_id = wanted and u.user_id = p.person limit 1) u on true
  left join lateral (
    select jsonb_object_agg(s.channel, jsonb_strip_nulls(jsonb_build_object('weekday', s.weekday, 'hour', s.hour, 'minute', s.minute))) as slots
    from send_slots s where s.tenant_id = wanted and s.user_id = p.person) s on true;
  insert into campaign_clocks (tenant_id, campaign_id, clock, time_zone, slots)
  select wanted, campaign, known.clocks + row_number() over (order by c.zone, c.slot) - 1, c.zone, c.slot
  from (
    select zone, slot from unnest(zones, slots) x(zone, slot)
    except
    select k.time_zone, k.slots from campaign_clocks k where k.tenant_id = wanted and k.campaign_id = campaign) c
  cross join (select count(*) as clocks from campaign_clocks k where k.tenant_id = wanted and k.campaign_id = campaign) known;
  insert into journeys (tenant_id, campaign_id, batch, idx, entry, user_id, clock)
  select wanted, campaign, in_batch, p.n - 1, p.entry, p.person, k.clock
  from unnest(people, entries, zones, slots) with ordinality p(person, entry, zone, slot, n)
  cross join lateral (
    select k.clock from campaign_clocks k
    where k.tenant_id = wanted and k.campaign_id = campaign and k.time_zone = p.zone and k.slots = p.slot limit 1) k;
  insert into campaign_batches (tenant_id, campaign_id, batch, members, entered_at, audience, tick_ms)
  values (wanted, campaign, in_batch, cardinality(people), at, cardinality(people), tick);
end
$$;

-- Events that let people enter campaigns: they are noted, and decided upon in batches. What occurred before the launch is nobody's entry.
create function note_entrants_by_event() returns trigger
  language plpgsql set search_path = madansara_analytics
as $$
declare
  wanted uuid;
begin
  -- One statement stores events of one tenant. Nearly always this is all that happens here.
  select a.tenant_id into wanted from added a limit 1;
  if wanted is null or not exists (
    select from outreach_campaigns c where c.tenant_id = wanted and c.enters = 'event' and c.status in ('running', 'paused')) then
    return null;
  end if;
  insert into campaign_entrants as e (tenant_id, campaign_id, user_id, occurred_at)
  select wanted, c.id, a.user_id, max(a.occurred_at)
  from added a
  cross join lateral (
    select c.id, c.enters_once from outreach_campaigns c
    where c.tenant_id = wanted and c.enters = 'event' and c.status in ('running', 'paused') and c.entry_event = a.event
      and c.launched_at <= a.occurred_at offset 0) c
  where not c.enters_once or not exists (
    select from journeys j where j.tenant_id = wanted and j.campaign_id = c.id and j.user_id = a.user_id)
  group by c.id, a.user_id
  order by c.id, a.user_id collate "C" -- so that two who store the same people's events never wait for each other
  on conflict (tenant_id, campaign_id, user_id) do update set occurred_at = excluded.occurred_at where excluded.occurred_at > e.occurred_at;
  return null;
end
$$;
create trigger note_entrants after insert on events referencing new table as added
  for each statement execute function note_entrants_by_event();

-- Whoever comes into a segment enters the campaigns that wait for it.
create function note_entrants_by_segment() returns trigger
  language plpgsql set search_path = madansara_analytics
as $$
declare
  wanted uuid;
begin
  select a.tenant_id into wanted from added a limit 1;
  if wanted is null or not exists (
    select from outreach_campaigns c where c.tenant_id = wanted and c.enters = 'segment' and c.status in ('running', 'paused')) then
    return null;
  end if;
  insert into campaign_entrants (tenant_id, campaign_id, user_id, occurred_at)
  select wanted, c.id, a.user_id, a.joined_at
  from added a
  cross join lateral (
    select c.id, c.enters_once from outreach_campaigns c
    where c.tenant_id = wanted and c.enters = 'segment' and c.status in ('running', 'paused') and c.segment_id = a.segment_id offset 0) c
  where not c.enters_once or not exists (
    select from journeys j where j.tenant_id = wanted and j.campaign_id = c.id and j.user_id = a.user_id)
  order by c.id, a.user_id collate "C"
  on conflict do nothing;
  return null;
end
$$;
create trigger note_entrants after insert on segment_membership referencing new table as added
  for each statement execute function note_entrants_by_segment();

-- For the relay, before a tenant is known: running campaigns of which a whole batch waits, or somebody for so long. Ids only.
create function list_awaited_campaigns(slices integer[], of_slices integer, patience interval, full_batch integer)
  returns table (tenant_id uuid, campaign_id bigint, campaign_key text, first_entrant bigint)
  language sql stable security definer set search_path = madansara_analytics
  begin atomic
    select c.tenant_id, c.id, c.campaign_key, e.entrant_id
    from madansara_analytics.outreach_campaigns c
    cross join lateral (
      select e.entrant_id, e.created_at from madansara_analytics.campaign_entrants e
      where e.campaign_id = c.id and e.tenant_id = c.tenant_id order by e.entrant_id limit 1) e
    where c.status = 'running' and c.enters in ('segment', 'event') and c.recipients is not null
      and (hashint8(c.id) & 2147483647) % of_slices = any (slices)
      and (e.created_at <= clock_timestamp() - patience or exists (
        select from madansara_analytics.campaign_entrants o
        where o.campaign_id = c.id and o.tenant_id = c.tenant_id order by o.entrant_id offset full_batch - 1 limit 1));
  end;
grant select on campaign_entrants to madansara_lookup;
alter function list_awaited_campaigns(integer[], integer, interval, integer) owner to madansara_lookup;

-- Of two that become one, who are both under way in a campaign, one journey goes on: what the source had gets no further message, also
-- where the two are different entries. Who of them waits to enter waits once.
alter function merge_elsewhere(uuid, text, text) rename to merge_all_but_entries;
create function merge_elsewhere(wanted uuid, source text, target text) returns void
  language sql set search_path = madansara_analytics
as $$
  update journeys j set user_id = 'merged/' || gen_random_uuid()
  from open_journeys(wanted, $2) s
  where j.tenant_id = wanted and j.campaign_id = s.campaign_id and j.batch = s.batch and j.idx = s.idx
    and exists (select from open_journeys(wanted, $3) t where t.campaign_id = s.campaign_id);
  select merge_all_but_entries(wanted, source, target);
  insert into campaign_entrants as e (tenant_id, campaign_id, user_id, occurred_at)
  select wanted, w.campaign_id, $3, w.occurred_at
  from campaign_entrants w where w.tenant_id = wanted and w.user_id = $2
  on conflict (tenant_id, campaign_id, user_id) do update set occurred_at = greatest(e.occurred_at, excluded.occurred_at);
  delete from campaign_entrants w where w.tenant_id = wanted and w.user_id = $2;
$$;
alter function forget_elsewhere(uuid, text) rename to forget_all_but_entries;
create function forget_elsewhere(wanted uuid, person text) returns void
  language sql set search_path = madansara_analytics
as $$
  select forget_all_but_entries(wanted, person);
  delete from campaign_entrants e where e.tenant_id = wanted and e.user_id = person;
$$;

-- As before, but of somebody who entered more than once one message is credited, whichever entry it is of; and the entry that it is of
-- converts once.
create or replace function reach_goals() returns trigger
  language plpgsql set search_path = madansara_analytics
as $$
declare
  wanted uuid;
  since timestamptz;
  campaigns bigint[];
  people text[];
  windows interval[];
  times timestamptz[];
begin
  -- One statement stores events of one tenant. Nearly always this is all that happens here.
  select a.tenant_id, a.since into wanted, since from (select tenant_id, min(occurred_at) as since from added group by tenant_id limit 1) a;
  if wanted is null or not exists (select from outreach_campaigns c where c.tenant_id = wanted and c.converts_until >= since) then
    return null;
  end if;
  with reached as materialized (
    select j.campaign_id, j.batch, j.idx, j.user_id, make_interval(days => max(c.days)) as within, min(e.occurred_at) as at
    from added e
    cross join lateral (
      select c.id, (c.goal ->> 'windowDays')::integer as days from outreach_campaigns c
      where c.tenant_id = wanted and c.converts_until >= e.occurred_at and c.launched_at <= e.occurred_at
        and c.goal ->> 'event' = e.event and meets_filters(e.properties, c.goal -> 'filters') offset 0) c
    cross join lateral (
      select j.* from journeys j where j.tenant_id = wanted and j.campaign_id = c.id and j.user_id = e.user_id offset 0) j
    group by j.campaign_id, j.batch, j.idx, j.user_id),
  told as (
    insert into engagement_outbox (tenant_id, campaign_id, batch, idx, what)
    select wanted, r.campaign_id, r.batch, r.idx, 'goal'
    from reached r
    where exists (
      select from campaign_batches b
      where b.tenant_id = wanted and b.campaign_id = r.campaign_id and b.batch = r.batch and b.done_at is null))
  select array_agg(r.campaign_id), array_agg(r.user_id), array_agg(r.within), array_agg(r.at) into campaigns, people, windows, times
  from (select r.campaign_id, r.user_id, max(r.within) as within, min(r.at) as at from reached r group by r.campaign_id, r.user_id) r;

  -- All messages of each user are locked: two events at once would else each find that the journey has not converted.
  perform lock_messages(wanted, array(
    select m.message_id
    from unnest(campaigns, people) r(campaign, person)
    cross join lateral (
      select m.message_id from messages m
      where m.tenant_id = wanted and m.campaign_id = r.campaign and m.user_id = r.person offset 0) m));
  with credited as (
    update messages m set converted_at = r.at, updated_at = now()
    from unnest(campaigns, people, windows, times) r(campaign, person, within, at)
    cross join lateral (
      select m.ctid as place, m.entry from messages m
      where m.tenant_id = wanted and m.campaign_id = r.campaign and m.user_id = r.person
        and coalesce(m.clicked_at, m.opened_at, m.delivered_at) between r.at - r.within and r.at
      order by m.clicked_at desc nulls last, m.opened_at desc nulls last, m.delivered_at desc limit 1) best
    where m.ctid = best.place and not exists (
      select from messages o
      where o.tenant_id = wanted and o.campaign_id = r.campaign and o.user_id = r.person and o.entry = best.entry and o.converted_at is not null)
    returning m.campaign_id)
  update outreach_campaigns c set converted_count = c.converted_count + n.converted
  from (select campaign_id, count(*)::integer as converted from credited group by campaign_id order by campaign_id) n
  where c.tenant_id = wanted and c.id = n.campaign_id;
  return null;
end
$$;

select plan_by_look_ups(name::regproc::regprocedure) from unnest(array['note_entrants_by_event', 'note_entrants_by_segment', 'reach_goals']) name;

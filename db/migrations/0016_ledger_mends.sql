-- Mends of the ledger and of campaigns, each with its reason.

-- A step's place in its sequence is a number everywhere. The functions are made anew as they are, with the parameter's new type.
alter table messages alter column step_key type smallint using step_key::smallint;
do $$
declare
  target regprocedure;
  definition text;
begin
  for target in select name::regproc::regprocedure from unnest(array['claim_messages', 'claim_again']) name loop
    definition := replace(pg_get_functiondef(target), 'step text', 'step smallint');
    execute format('drop function %s', target);
    execute definition;
  end loop;
end
$$;

-- The index of held messages answers this one, whatever else the ledger holds.
create or replace function count_held_messages() returns table (tenant_id uuid, status text, messages double precision)
  language sql stable security definer set search_path = madansara_analytics
  begin atomic
    select m.tenant_id, m.held, count(*)::double precision
    from madansara_analytics.messages m where m.held is not null group by m.tenant_id, m.held;
  end;

-- The absolute value of the smallest integer is none: no batch may stop the relay by what its hash happens to be.
drop function list_engaged_batches(integer[], integer, integer);
create function list_engaged_batches(slices integer[], of_slices integer, most integer)
  returns table (tenant_id uuid, campaign_id bigint, campaign_key text, batch integer)
  language sql stable security definer set search_path = madansara_analytics
  begin atomic
    select o.tenant_id, o.campaign_id, c.campaign_key, o.batch
    from madansara_analytics.engagement_outbox o
    join madansara_analytics.outreach_campaigns c on c.tenant_id = o.tenant_id and c.id = o.campaign_id
    where ((hashint8(o.campaign_id) # hashint4(o.batch)) & 2147483647) % of_slices = any (slices) -- never below 0
    group by o.tenant_id, o.campaign_id, c.campaign_key, o.batch
    order by min(o.engagement_id) limit most;
  end;
alter function list_engaged_batches(integer[], integer, integer) owner to madansara_lookup;

-- As before, but two events at once credit one message: all messages of a journey are locked before one is looked for.
create or replace function reach_goals() returns trigger
  language plpgsql set search_path = madansara_analytics
as $$
declare
  wanted uuid;
  since timestamptz;
  campaigns bigint[];
  entries integer[];
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
    select j.campaign_id, j.batch, j.idx, j.entry, j.user_id, make_interval(days => max(c.days)) as within, min(e.occurred_at) as at
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
      where b.tenant_id = wanted and b.campaign_id = r.campaign_id and b.batch = r.batch and b.done_at is null))
  select array_agg(r.campaign_id), array_agg(r.entry), array_agg(r.user_id), array_agg(r.within), array_agg(r.at)
    into campaigns, entries, people, windows, times
  from reached r;

  -- All messages of each journey are locked: two events at once would else each find that it has not converted.
  perform lock_messages(wanted, array(
    select m.message_id
    from unnest(campaigns, entries, people) r(campaign, entry, person)
    cross join lateral (
      select m.message_id from messages m
      where m.tenant_id = wanted and m.campaign_id = r.campaign and m.user_id = r.person and m.entry = r.entry offset 0) m));
  with credited as (
    update messages m set converted_at = r.at, updated_at = now()
    from unnest(campaigns, entries, people, windows, times) r(campaign, entry, person, within, at)
    cross join lateral (
      select m.ctid as place from messages m
      where m.tenant_id = wanted and m.campaign_id = r.campaign and m.user_id = r.person and m.entry = r.entry
        and coalesce(m.clicked_at, m.opened_at, m.delivered_at) between r.at - r.within and r.at
      order by m.clicked_at desc nulls last, m.opened_at desc nulls last, m.delivered_at desc limit 1) best
    where m.ctid = best.place and not exists (
      select from messages o
      where o.tenant_id = wanted and o.campaign_id = r.campaign and o.user_id = r.person and o.entry = r.entry and o.converted_at is not null)
    returning m.campaign_id)
  update outreach_campaigns c set converted_count = c.converted_count + n.converted
  from (select campaign_id, count(*)::integer as converted from credited group by campaign_id order by campaign_id) n
  where c.tenant_id = wanted and c.id = n.campaign_id;
  return null;
end
$$;

select plan_by_look_ups(name::regproc::regprocedure) from unnest(array['reach_goals', 'leave_segments', 'tell_journeys']) name;

-- Links that we know the click of: where each of those leads that stand in messages as an address of ours.

-- What stands in a step is the same for everybody and is one row; what is made for one person is a row of its message. The row's number
-- and the message's are what a link says, sealed: nobody is led to anything that is not here.
create table links (
  tenant_id uuid not null references tenants,
  link_id bigint generated always as identity,
  campaign_id bigint not null,
  step_key smallint not null,
  message_id bigint, -- null: the same for everybody
  target text not null check (target ~ '^https?://'),
  target_hash bytea not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, link_id)
);
create unique index links_once on links (target_hash, tenant_id, campaign_id, step_key, (coalesce(message_id, 0))); -- not the tenant first: see messages
create index links_by_id on links (link_id);
create index links_of_message on links (message_id, tenant_id) where message_id is not null;
select isolate_by_tenant('links');

-- The rows of some targets of a step, each made once; a message where only that message has it.
create function keep_links(wanted uuid, campaign bigint, step smallint, message_ids bigint[], targets text[])
  returns table (link_id bigint, message_id bigint, target text)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
begin
  perform enter_tenant(wanted);
  -- Whoever is deleted in this moment leaves nothing that is made for them now.
  perform lock_messages(wanted, array(select distinct o.id from unnest(message_ids) o(id) where o.id is not null));
  insert into links (tenant_id, campaign_id, step_key, message_id, target, target_hash)
  select wanted, campaign, step, n.message_id, n.target, n.hash
  from (
    select distinct o.message_id, o.target, sha256(convert_to(o.target, 'UTF8')) as hash
    from unnest(message_ids, targets) o(message_id, target)) n
  where (n.message_id is null or exists (
      select from messages m where m.tenant_id = wanted and m.message_id = n.message_id and m.user_id not like 'deleted/%'))
    and not exists (
      select from links l
      where l.target_hash = n.hash and l.tenant_id = wanted and l.campaign_id = campaign and l.step_key = step
        and coalesce(l.message_id, 0) = coalesce(n.message_id, 0))
  order by n.hash, n.message_id
  on conflict do nothing;
  return query
  select l.link_id, o.message_id, o.target
  from unnest(message_ids, targets) o(message_id, target)
  cross join lateral (
    select l.link_id from links l
    where l.target_hash = sha256(convert_to(o.target, 'UTF8')) and l.tenant_id = wanted and l.campaign_id = campaign and l.step_key = step
      and coalesce(l.message_id, 0) = coalesce(o.message_id, 0) limit 1) l;
end
$$;

-- For whoever follows a link, before a tenant is known.
create function find_link_tenant(link bigint) returns table (tenant_id uuid)
  language sql stable security definer set search_path = madansara_analytics
  begin atomic
    select l.tenant_id from madansara_analytics.links l where l.link_id = link limit 1;
  end;
grant select on links to madansara_lookup;
alter function find_link_tenant(bigint) owner to madansara_lookup;

-- Where a link of a message leads. With a time, somebody has clicked it: once that is noted, as what a provider tells is. Of a deleted person
-- nothing is.
create function follow_link(wanted uuid, link bigint, message bigint, at timestamptz) returns text
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  if at is not null and exists (
    select from messages m where m.tenant_id = wanted and m.message_id = message and m.user_id not like 'deleted/%') then
    perform take_provider_events(wanted, 'madansara', jsonb_build_array(jsonb_build_array(
      'clicked/' || message || '/' || link, message, 'clicked', extract(epoch from at) * 1000)));
  end if;
  return (select l.target from links l where l.tenant_id = wanted and l.link_id = link limit 1);
end
$$;

-- Where only their links lead goes with a deleted person: an address may say who they are.
alter function forget_elsewhere(uuid, text) rename to forget_all_but_links;
create function forget_elsewhere(wanted uuid, person text) returns void
  language sql set search_path = madansara_analytics
as $$
  select lock_messages(wanted, array(select m.message_id from messages m where m.tenant_id = wanted and m.user_id = person));
  delete from links l using messages m
  where m.user_id = person and m.tenant_id = wanted and l.message_id = m.message_id and l.tenant_id = wanted;
  select forget_all_but_links(wanted, person);
$$;

select plan_by_look_ups(name::regproc::regprocedure) from unnest(array['keep_links', 'follow_link']) name;

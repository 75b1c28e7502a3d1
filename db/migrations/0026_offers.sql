-- What tenants offer, and the codes of each: uploaded or made, given to one person each, and known again when somebody buys with one.

create table offers (
  tenant_id uuid not null references tenants,
  offer_id bigint generated always as identity,
  offer_key text not null, -- as steps name it
  words jsonb not null, -- type, value, unit, expiry_days, label: what a code is worth never changes
  pattern text, -- of codes that are made: '#####-#####'; null where all are uploaded
  created_by text not null,
  created_at timestamptz not null,
  primary key (tenant_id, offer_id)
);
create unique index offers_by_key on offers (offer_key, tenant_id); -- not the tenant first: see messages
select isolate_by_tenant('offers');

-- One code, which is one entry's at most. `spelling` is what codes are compared by: people write them as they like. It is a column of its
-- own, since an expression of a function that is not leakproof uses no index under row-level security.
create table offer_codes (
  tenant_id uuid not null,
  spelling text not null generated always as (upper(code)) stored,
  code text not null check (code <> ''),
  offer_id bigint not null,
  code_id bigint generated always as identity, -- they are given in this order
  user_id text, -- merged/... or deleted/... once the person is nobody
  campaign_id bigint,
  entry integer,
  given_at timestamptz, -- by the campaign's clock
  expires_at timestamptz, -- when its last day is over, in the tenant's zone
  redeemed_at timestamptz,
  redeemed_with text, -- the message id of the purchase
  primary key (tenant_id, spelling),
  foreign key (tenant_id, offer_id) references offers (tenant_id, offer_id),
  check (num_nulls(user_id, campaign_id, entry, given_at) in (0, 4))
);
create unique index offer_codes_once on offer_codes (user_id, tenant_id, campaign_id, entry, offer_id) where user_id is not null;
-- All codes of an offer are those of these two: an index of all would be taken, while there is little in the table, for those who look for
-- the few that are free.
create index offer_codes_free on offer_codes (offer_id, code_id) where given_at is null and redeemed_at is null;
create index offer_codes_gone on offer_codes (offer_id, code_id) where given_at is not null or redeemed_at is not null;
select isolate_by_tenant('offer_codes');

-- The code of an offer that somebody's entry was given. `offset 0` keeps the offer out of the look-up: with it, the indexes of offers would
-- do for it while there is little in the table.
create function code_of_entry(wanted uuid, offer bigint, campaign bigint, number integer, person text)
  returns table (code text, expires_at timestamptz)
  language sql stable
as $$
  select c.code, c.expires_at
  from (
    select c.* from madansara_analytics.offer_codes c
    where c.user_id = person and c.tenant_id = wanted and c.campaign_id = campaign and c.entry = number offset 0) c
  where c.offer_id = offer
$$;

-- Adds codes to an offer. Gives those that were not added, in their order, and why: `twice` among these, `known` (the offer has it
-- already), `other` (another offer has it). Again, it changes nothing.
create function add_codes(wanted uuid, offer bigint, codes text[]) returns table (code text, because text)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  fresh text[];
begin
  perform enter_tenant(wanted);
  with added as (
    insert into offer_codes (tenant_id, offer_id, code)
    select wanted, offer, t.code
    from (select distinct on (upper(c)) c as code, upper(c) as spelling from unnest(codes) with ordinality x(c, n) order by upper(c), n) t
    order by t.spelling collate "C" -- so that two who add the same never wait for each other
    on conflict do nothing
    returning spelling)
  select coalesce(array_agg(spelling), '{}') into fresh from added;
  return query
  with told as (
    select c as code, upper(c) as spelling, n, row_number() over (partition by upper(c) order by n) as telling
    from unnest(codes) with ordinality x(c, n))
  select t.code, case when t.telling > 1 then 'twice' when k.offer_id = offer then 'known' else 'other' end
  from told t
  left join unnest(fresh) f(spelling) on f.spelling = t.spelling
  left join lateral (
    select k.offer_id from offer_codes k where k.tenant_id = wanted and k.spelling = t.spelling limit 1) k on true
  where t.telling > 1 or f.spelling is null
  order by t.n;
end
$$;

-- Gives each of these people, who are in a batch, the code of their entry: the one that they were given before, else a free one. Who is
-- not in the answer got none, because there is none left. Tries of one batch wait for each other, others take what nobody else is about to.
-- Locks are taken in the order of event intake: users, then codes; of the ledger nothing.
create function give_codes(wanted uuid, offer bigint, campaign bigint, in_batch integer, people text[], at timestamptz)
  returns table (user_id text, code text, last_day text, days_left integer)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  lacking text[];
  entries integer[];
  ends timestamptz;
  zone text;
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false); -- whoever is deleted in this moment is nobody's name on a code
  perform pg_advisory_xact_lock(hashtextextended('madansara codes ' || wanted || '/' || campaign || '/' || in_batch, 0));
  select t.time_zone, (((at at time zone t.time_zone)::date + (o.words ->> 'expiry_days')::integer + 1)::timestamp) at time zone t.time_zone
    into zone, ends
  from offers o join tenants t on t.tenant_id = wanted where o.tenant_id = wanted and o.offer_id = offer;
  select array_agg(j.user_id), array_agg(j.entry) into lacking, entries
  from unnest(people) p(person)
  cross join lateral (
    select j.user_id, j.entry from journeys j
    where j.user_id = p.person and j.tenant_id = wanted and j.campaign_id = campaign and j.batch = in_batch limit 1) j
  where not exists (select from code_of_entry(wanted, offer, campaign, j.entry, j.user_id));
  if lacking is not null then
    with free as materialized (
      select c.ctid as place, c.code_id from offer_codes c
      where c.tenant_id = wanted and c.offer_id = offer and c.given_at is null and c.redeemed_at is null
      order by c.offer_id, c.code_id limit cardinality(lacking) for update skip locked),
    numbered as (select f.place, row_number() over (order by f.code_id) as n from free f)
    update offer_codes c set user_id = l.person, campaign_id = campaign, entry = l.entry, given_at = at, expires_at = ends
    from numbered f join unnest(lacking, entries) with ordinality l(person, entry, n) on l.n = f.n
    where c.ctid = f.place;
  end if;
  return query
  select j.user_id, c.code, to_char((c.expires_at at time zone zone)::date - 1, 'YYYY-MM-DD'),
    (c.expires_at at time zone zone)::date - 1 - (at at time zone zone)::date
  from unnest(people) p(person)
  cross join lateral (
    select j.user_id, j.entry from journeys j
    where j.user_id = p.person and j.tenant_id = wanted and j.campaign_id = campaign and j.batch = in_batch limit 1) j
  cross join lateral (select c.* from code_of_entry(wanted, offer, campaign, j.entry, j.user_id) c limit 1) c;
end
$$;

-- Purchases that name a code (`coupon`, `code`, or a product's `coupon`) redeem it, once: the first one counts, whoever it is by.
create function redeem_codes() returns trigger
  language plpgsql set search_path = madansara_analytics
as $$
declare
  wanted uuid;
  spellings text[];
  times timestamptz[];
  purchases text[];
begin
  -- One statement stores events of one tenant. Nearly always this is all that happens here.
  select a.tenant_id into wanted from added a limit 1;
  if wanted is null or not exists (select from offers o where o.tenant_id = wanted) then return null; end if;
  select array_agg(s.spelling), array_agg(s.occurred_at), array_agg(s.message_id) into spellings, times, purchases
  from (
    select distinct on (upper(trim(k.code))) upper(trim(k.code)) as spelling, a.occurred_at, a.message_id
    from added a
    cross join lateral (
      select a.properties ->> 'coupon' union all select a.properties ->> 'code'
      union all select p #>> '{}' from jsonb_path_query(a.properties, '$.products[*].coupon') p) k(code)
    where (a.event = 'purchase' or a.revenue_minor >= 0) and length(k.code) between 1 and 100
    order by upper(trim(k.code)), a.occurred_at, a.message_id) s;
  if spellings is null then return null; end if;
  perform from (select unnest(spellings) as spelling order by 1) o
  cross join lateral (select from offer_codes c where c.tenant_id = wanted and c.spelling = o.spelling limit 1 for update) c;
  update offer_codes c set redeemed_at = s.at, redeemed_with = s.purchase
  from unnest(spellings, times, purchases) s(spelling, at, purchase)
  cross join lateral (select c.ctid as place from offer_codes c where c.tenant_id = wanted and c.spelling = s.spelling limit 1) b
  where c.ctid = b.place and c.redeemed_at is null;
  return null;
end
$$;
create trigger redeem_codes after insert on events referencing new table as added for each statement execute function redeem_codes();

-- What one of two who become one was given is the other's. Where both have a code of the same entry, the source's stays given, to nobody.
alter function merge_elsewhere(uuid, text, text) rename to merge_all_but_codes;
create function merge_elsewhere(wanted uuid, source text, target text) returns void
  language sql set search_path = madansara_analytics
as $$
  update offer_codes c set user_id = case when exists (
      select from offer_codes t
      where t.user_id = $3 and t.tenant_id = wanted and t.campaign_id = c.campaign_id and t.entry = c.entry and t.offer_id = c.offer_id)
    then 'merged/' || gen_random_uuid() else $3 end
  where c.user_id = $2 and c.tenant_id = wanted;
  select merge_all_but_codes(wanted, source, target);
$$;
alter function forget_elsewhere(uuid, text) rename to forget_all_but_codes;
create function forget_elsewhere(wanted uuid, person text) returns void
  language sql set search_path = madansara_analytics
as $$
  update offer_codes c set user_id = 'deleted/' || gen_random_uuid() where c.user_id = $2 and c.tenant_id = wanted;
  select forget_all_but_codes(wanted, person);
$$;

select plan_by_look_ups(name::regproc::regprocedure) from unnest(array['give_codes', 'redeem_codes']) name;

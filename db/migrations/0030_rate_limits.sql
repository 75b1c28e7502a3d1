-- How fast messages may go out: what a provider takes, and what a tenant asks for beside that.
alter table sending_policies
  add column rates jsonb not null default '{}' check (jsonb_typeof(rates) = 'object'); -- {channel: messages per second}

-- Token buckets. They are full after a crash, which costs no more than a second's worth of messages: so they need no log. What all tenants share (an
-- account with a provider) stands under the tenant that nobody is: no row is anybody's to read, but by the functions below, which tell figures alone.
create unlogged table rate_buckets (
  tenant_id uuid not null,
  bucket text not null,
  tokens double precision not null check (tokens >= 0),
  filled_at timestamptz not null,
  promised_until timestamptz not null, -- until then, messages that wait have been told to come again
  primary key (tenant_id, bucket)
);
select isolate_by_tenant('rate_buckets', 'select');
grant select, insert, update on rate_buckets to madansara_lookup;

-- Takes up to so many tokens from each of these buckets, from all of them the same number. Where it is fewer than wanted, `limiting` is the place of the
-- bucket that had too few, and `wait_ms` says when it has the next one. A clock that goes back fills nothing, and takes nothing either. Where nobody has
-- come for tokens for a while, those who were promised a place do not come any more (their campaign was cancelled, say), and the promises end.
create function take_tokens(owners uuid[], names text[], rates double precision[], bursts double precision[], wanted integer)
  returns table (granted integer, limiting integer, wait_ms double precision)
  language plpgsql security definer set search_path = madansara_analytics
as $$
declare
  at timestamptz;
begin
  insert into rate_buckets as b (tenant_id, bucket, tokens, filled_at, promised_until)
  select a.owner, a.name, a.burst, clock_timestamp(), '-infinity' from unnest(owners, names, bursts) a(owner, name, burst) order by a.owner, a.name
  on conflict do nothing;
  perform from rate_buckets b join unnest(owners, names) a(owner, name) on b.tenant_id = a.owner and b.bucket = a.name
  order by b.tenant_id, b.bucket for update of b;
  at := clock_timestamp();
  return query
  with filled as (
    select a.*, least(a.burst, b.tokens + greatest(0, extract(epoch from at - b.filled_at)::double precision) * a.rate) as has
    from unnest(owners, names, rates, bursts) with ordinality a(owner, name, rate, burst, place)
    join rate_buckets b on b.tenant_id = a.owner and b.bucket = a.name),
  given as (select greatest(0, least(wanted, floor(min(f.has))))::integer as taken from filled f),
  left_over as (
    update rate_buckets b set tokens = f.has - g.taken, filled_at = at,
      promised_until = case when at > b.filled_at + greatest(5, 20 / f.rate) * interval '1 second' then '-infinity' else b.promised_until end
    from filled f, given g
    where b.tenant_id = f.owner and b.bucket = f.name)
  select g.taken, f.place::integer, case when g.taken < wanted then greatest(0, 1 - f.has + g.taken) / f.rate * 1000 else 0 end
  from filled f, given g order by 3 desc, 2 limit 1;
end
$$;
alter function take_tokens(uuid[], text[], double precision[], double precision[], integer) owner to madansara_lookup;

-- Gives so many messages that wait a place behind those that wait already, and says in how many milliseconds the first of them is. Promises go no more
-- than an hour ahead: of more than that, each comes again within the hour.
create function promise_places(owner uuid, name text, rate double precision, places integer) returns double precision
  language plpgsql security definer set search_path = madansara_analytics
as $$
declare
  at timestamptz;
  first_at timestamptz;
begin
  select b.promised_until into first_at from rate_buckets b where b.tenant_id = owner and b.bucket = name for update;
  if not found then return 0; end if;
  at := clock_timestamp();
  first_at := case when first_at > at + interval '1 hour' then at + interval '30 minutes' else greatest(first_at, at) end;
  update rate_buckets b set promised_until = first_at + places / rate * interval '1 second' where b.tenant_id = owner and b.bucket = name;
  return extract(epoch from first_at - at) * 1000;
end
$$;
alter function promise_places(uuid, text, double precision, integer) owner to madansara_lookup;

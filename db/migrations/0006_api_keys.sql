-- A key is shown once and kept as SHA-256. Write keys speak Segment's protocol, api keys everything else.
create table api_keys (
  tenant_id uuid not null references tenants,
  key_id text not null,
  key_hash bytea not null,
  name text not null,
  scopes text[] not null,
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  primary key (tenant_id, key_id)
);
create unique index api_keys_by_hash on api_keys (key_hash);
select isolate_by_tenant('api_keys');

create function find_api_key(wanted bytea) returns table (tenant_id uuid, key_id text, scopes text[])
  language sql stable security definer set search_path = madansara_analytics
  begin atomic
    select k.tenant_id, k.key_id, k.scopes from madansara_analytics.api_keys k
    where k.key_hash = wanted and k.revoked_at is null;
  end;
grant select on api_keys to madansara_lookup;
alter function find_api_key(bytea) owner to madansara_lookup;

-- The answer that a POST with an Idempotency-Key was given, so that its repetition starts nothing new.
create table idempotency_keys (
  tenant_id uuid not null references tenants,
  idempotency_key text not null,
  request_hash bytea not null,
  status integer, -- null while the first request is still at work
  response jsonb,
  created_at timestamptz not null default now(),
  primary key (tenant_id, idempotency_key)
);
select isolate_by_tenant('idempotency_keys');

create table users (
  tenant_id uuid not null references tenants,
  user_id text not null,
  traits jsonb not null default '{}',
  time_zone text,
  first_seen timestamptz,
  last_seen timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, user_id)
);
select isolate_by_tenant('users');

-- An id that now means another user: what arrives under the alias is kept under the user.
create table user_aliases (
  tenant_id uuid not null references tenants,
  alias_id text not null,
  user_id text not null,
  merged_at timestamptz not null default now(),
  primary key (tenant_id, alias_id),
  check (alias_id <> user_id)
);
create index user_aliases_by_user on user_aliases (tenant_id, user_id);
select isolate_by_tenant('user_aliases');

create table contacts (
  tenant_id uuid not null references tenants,
  contact_id bigint generated always as identity,
  user_id text not null,
  channel text not null check (channel in ('email', 'sms', 'whatsapp', 'social', 'push')),
  provider text not null default '', -- of a social channel: instagram, messenger, x
  address text not null,
  verified_at timestamptz,
  consent text check (consent in ('granted', 'denied')), -- null: nobody said
  consent_source text,
  consent_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, contact_id),
  unique (tenant_id, user_id, channel, provider, address)
);
select isolate_by_tenant('contacts');

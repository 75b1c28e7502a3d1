-- Templates of a tenant: families of immutable versions, of which one is in force. A family without a version in force is the
-- library's, which is part of the program and has no rows.
create table template_versions (
  tenant_id uuid not null references tenants,
  channel text not null check (channel in ('email')),
  family text not null check (family ~ '^[a-z][a-z0-9_]{0,63}$'),
  version integer not null check (version >= 1),
  source jsonb not null, -- as a person wrote it
  compiled jsonb not null, -- as it is rendered
  actor text not null, -- the id of a key, 'command line'; never a name
  created_at timestamptz not null,
  primary key (tenant_id, channel, family, version)
);
select isolate_by_tenant('template_versions', 'select, insert');

-- What was put in force, one after the other; the highest number holds. To go back is to put an earlier version in force again.
create table template_publications (
  tenant_id uuid not null references tenants,
  channel text not null,
  family text not null,
  number integer not null check (number >= 1),
  version integer, -- null: the library's
  actor text not null,
  published_at timestamptz not null,
  primary key (tenant_id, channel, family, number),
  foreign key (tenant_id, channel, family, version) references template_versions (tenant_id, channel, family, version)
);
select isolate_by_tenant('template_publications', 'select, insert');

-- In whose name a tenant's mail is sent, and what the law wants to be said in it.
create table email_senders (
  tenant_id uuid primary key references tenants,
  from_email text not null,
  from_name text not null,
  reply_to text,
  brand_name text not null,
  brand_url text,
  postal_address text not null,
  updated_at timestamptz not null
);
select isolate_by_tenant('email_senders');

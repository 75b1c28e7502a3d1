-- One row a tenant and day: this row, not a workflow id, decides that a day is walked once.
create table walks (
  tenant_id uuid not null references tenants,
  walk_date date not null,
  status text not null default 'running' check (status in ('running', 'succeeded', 'failed')),
  phase text not null default 'segmentation',
  run integer not null default 1, -- how often this day was asked for
  as_of timestamptz not null, -- events from here on are not seen
  requested_by text not null,
  lake_version integer, -- the manifest that the first run read; a re-run reads the same
  lake_snapshot text,
  record jsonb not null default '{}', -- what each phase did, for people
  error text,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (tenant_id, walk_date)
);
select isolate_by_tenant('walks');

create table audience_segments (
  tenant_id uuid not null references tenants,
  id bigint generated always as identity,
  segment_key text not null, -- seg_...: the id the outside knows, derived from tenant, type and name
  segment_name varchar(255) not null,
  segment_type varchar(50) not null check (segment_type in ('behavioral', 'demographic', 'predictive', 'rule')),
  criteria jsonb not null, -- centre, scaler, k, seed, model key: a membership can be computed again
  user_count integer not null default 0,
  statistics jsonb not null default '{}', -- averages, growth, traits, strategy
  walk_date date,
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, segment_key)
);
select isolate_by_tenant('audience_segments');

create table segment_membership (
  tenant_id uuid not null references tenants,
  id bigint generated always as identity,
  segment_id bigint not null,
  user_id varchar(255) not null,
  confidence_score decimal(5, 2), -- percent
  joined_at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, segment_id, user_id),
  foreign key (tenant_id, segment_id) references audience_segments (tenant_id, id)
);
create index segment_membership_by_user on segment_membership (tenant_id, user_id);
select isolate_by_tenant('segment_membership');

-- What the API shows of a user, as of the last walk. All features of all days are artifacts.
create table user_features (
  tenant_id uuid not null references tenants,
  user_id text not null,
  walk_date date not null,
  recency_days double precision not null,
  frequency_30d integer not null,
  frequency integer not null,
  monetary_minor bigint not null,
  engagement_score double precision not null,
  trend double precision not null,
  primary key (tenant_id, user_id)
);
select isolate_by_tenant('user_features');

-- For an alarm on walks that do not happen: ids and ages only.
create function list_walk_ages() returns table (tenant_id uuid, seconds double precision)
  language sql stable security definer set search_path = madansara_analytics
  begin atomic
    select t.tenant_id, extract(epoch from now() - coalesce(max(w.finished_at), t.created_at))::double precision
    from madansara_analytics.tenants t
    left join madansara_analytics.walks w on w.tenant_id = t.tenant_id and w.status = 'succeeded'
    group by t.tenant_id, t.created_at;
  end;
grant select on walks to madansara_lookup;
alter function list_walk_ages() owner to madansara_lookup;

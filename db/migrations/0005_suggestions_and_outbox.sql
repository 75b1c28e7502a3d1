create table suggestions (
  tenant_id uuid not null references tenants,
  suggestion_id text not null, -- sg_aud_...: derived from tenant, date, type and subject, so unique for ever
  walk_date date not null,
  type text not null,
  priority text not null check (priority in ('high', 'medium', 'low')),
  status text not null default 'pending' check (status in ('pending', 'accepted', 'paused', 'rejected')),
  payload jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, suggestion_id),
  foreign key (tenant_id, walk_date) references walks
);
create index suggestions_by_walk on suggestions (tenant_id, walk_date);
select isolate_by_tenant('suggestions');

create table suggestion_responses (
  tenant_id uuid not null references tenants,
  response_id text not null, -- the caller's, or derived from what was answered: a repeated answer is one answer
  suggestion_id text not null,
  action text not null check (action in ('execute', 'pause', 'reject', 'details')),
  channel text not null check (channel in ('email', 'whatsapp', 'in_app')),
  outcome jsonb not null default '{}',
  responded_at timestamptz not null default now(),
  primary key (tenant_id, response_id),
  foreign key (tenant_id, suggestion_id) references suggestions
);
create index suggestion_responses_by_suggestion on suggestion_responses (tenant_id, suggestion_id);
select isolate_by_tenant('suggestion_responses');

-- What must still be told to the outside. A row is deleted when its answer was seen; what was refused for good stays, with why.
create table outbox (
  tenant_id uuid not null references tenants,
  outbox_id bigint generated always as identity,
  kind text not null, -- engarde_suggestions
  subject text not null, -- what it is about: the walk's date
  payload jsonb not null,
  due_at timestamptz not null default now(),
  attempts integer not null default 0,
  refused_because text,
  created_at timestamptz not null default now(),
  primary key (tenant_id, outbox_id),
  unique (tenant_id, kind, subject)
);
create index outbox_due on outbox (tenant_id, kind, due_at) where refused_because is null;
select isolate_by_tenant('outbox');

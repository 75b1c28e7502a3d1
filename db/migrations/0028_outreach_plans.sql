-- What walks plan for their segments, what became of each plan, and how much of a week's budget campaigns that launch by themselves take.

create table outreach_plans (
  tenant_id uuid not null references tenants,
  walk_date date not null,
  plan_id text not null, -- '<segment>/<channel>/<event or members>/<template>'
  position integer not null, -- the one that is worth most first
  channel text not null check (channel in ('email', 'sms', 'whatsapp', 'social', 'push', 'in_app')),
  campaign_id bigint not null,
  -- drafted, renewed: a draft was written or given its next version; open, running, rested: there was a draft, it ran, or had ended lately;
  -- withdrawn: a draft of a walk that this one does not plan any more was taken back.
  outcome text not null check (outcome in ('drafted', 'renewed', 'open', 'running', 'rested', 'withdrawn')),
  messages integer not null check (messages >= 0), -- at most, as planned
  waits_because text, -- why it was not launched by itself, where the tenant lets it
  launched_at timestamptz, -- by itself
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, walk_date, plan_id),
  foreign key (tenant_id, campaign_id) references outreach_campaigns (tenant_id, id)
);
create index outreach_plans_by_campaign on outreach_plans (tenant_id, campaign_id);
select isolate_by_tenant('outreach_plans');

-- How many messages a week campaigns that launch by themselves may come to, by channel; none, where it says nothing.
alter table sending_policies add column launch_budgets jsonb not null default '{}' check (jsonb_typeof(launch_budgets) = 'object');

-- A channel's week on the tenant's calendar, by its Monday. Who launches holds the rows of all weeks that it needs, in their order.
create table launch_weeks (
  tenant_id uuid not null references tenants,
  channel text not null check (channel in ('email', 'sms', 'whatsapp', 'social', 'push', 'in_app')),
  week date not null check (extract(isodow from week) = 1),
  primary key (tenant_id, channel, week)
);
select isolate_by_tenant('launch_weeks', 'select, insert, update');

-- What a launch has taken of them. It stays taken, also when the campaign is cancelled or sends less.
create table launch_reservations (
  tenant_id uuid not null,
  campaign_id bigint not null,
  channel text not null,
  week date not null,
  messages integer not null check (messages > 0),
  reserved_on date not null, -- on the tenant's calendar
  primary key (tenant_id, campaign_id, channel, week),
  foreign key (tenant_id, campaign_id) references outreach_campaigns (tenant_id, id),
  foreign key (tenant_id, channel, week) references launch_weeks (tenant_id, channel, week)
);
create index launch_reservations_by_week on launch_reservations (tenant_id, channel, week);
select isolate_by_tenant('launch_reservations', 'select, insert');

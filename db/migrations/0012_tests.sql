-- A/B tests. Times that count (exposures, outcomes, looks) are arguments, never this server's clock.
create table ab_tests (
  tenant_id uuid not null references tenants,
  id bigint generated always as identity,
  test_key text not null, -- test_...: the id the outside knows, and the salt of the assignment
  test_name varchar(500) not null,
  channel varchar(50) not null,
  variations jsonb not null, -- the first one is the control
  audience_size integer not null,
  start_date timestamptz,
  end_date timestamptz, -- when the last look is due
  status varchar(50) not null default 'draft' check (status in ('draft', 'running', 'looking', 'decided', 'applied', 'rolled_back')),
  winning_variation varchar(255),
  confidence_level decimal(5, 2), -- percent: the level of the interval that excludes zero
  design jsonb not null, -- as it was checked; nothing in it changes afterwards
  plan jsonb not null, -- users needed and available, days, and the effect that could be seen
  state jsonb not null, -- where it is in its life, with all that its next look needs; status is its mode
  goal jsonb, -- {event, filters} of what counts as converted, as the tenant defined it at creation
  value_currency text, -- of the revenue that is counted, where revenue is what the test is about
  conversion_window interval not null,
  weight_periods jsonb not null default '[]', -- [{fromMs, weights}, ...]
  gathered_until timestamptz, -- up to where events were looked through for outcomes
  is_clocked boolean not null default false, -- the workflow that takes its looks was started
  created_by text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, test_key),
  check (status = state ->> 'mode'),
  check ((status = 'draft') = (start_date is null))
);
create index ab_tests_by_status on ab_tests (tenant_id, status, id);
create index ab_tests_without_clock on ab_tests (tenant_id, id) where status = 'running' and not is_clocked;
select isolate_by_tenant('ab_tests');

-- Who fell due in a test, once a user. The first arm counts for ever; another one is noted, and takes the user out of the metric.
-- What happened in the window is kept here too, as the first time of each, so that a look is one pass over this table.
create table ab_test_exposures (
  tenant_id uuid not null,
  test_id bigint not null,
  user_id text not null, -- deleted/... once the person was deleted
  variation_id text not null,
  exposed_at timestamptz not null,
  second_variation_id text,
  sent_at timestamptz,
  opened_at timestamptz,
  clicked_at timestamptz,
  replied_at timestamptz,
  converted_at timestamptz,
  unsubscribed_at timestamptz,
  complained_at timestamptz,
  bounced_at timestamptz,
  machine_opened boolean not null default false,
  value bigint not null default 0, -- of the outcomes in the window: minor units of money, or seconds
  engagement_seconds bigint not null default 0, -- measured in events
  spent_before bigint, -- of revenue tests: what the user spent in the 30 days before; null until it was measured
  primary key (tenant_id, test_id, user_id),
  foreign key (tenant_id, test_id) references ab_tests (tenant_id, id),
  check (second_variation_id <> variation_id)
);
create index ab_test_exposures_by_user on ab_test_exposures (tenant_id, user_id);
select isolate_by_tenant('ab_test_exposures');

create table ab_test_results (
  tenant_id uuid not null,
  id bigint generated always as identity,
  test_id bigint not null,
  variation_id varchar(255), -- the first arm of the user; null as long as no exposure was told
  user_id varchar(255) not null,
  event_type varchar(100) not null check (
    event_type in ('sent', 'opened', 'clicked', 'replied', 'converted', 'engaged', 'unsubscribed', 'complained', 'bounced', 'refunded')),
  timestamp timestamptz not null,
  outcome_id text not null, -- the sender's: it is stored once
  is_machine boolean not null default false, -- kept, and not counted
  value bigint, -- minor units of money, or seconds
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, test_id, outcome_id),
  foreign key (tenant_id, test_id) references ab_tests (tenant_id, id)
);
create index ab_test_results_by_user on ab_test_results (tenant_id, user_id, test_id);
select isolate_by_tenant('ab_test_results');

-- What was seen and said on one day. Nothing may change it: it is written once, and its repetition finds it.
create table ab_test_looks (
  tenant_id uuid not null,
  test_id bigint not null,
  look_number integer not null check (look_number >= 1),
  looked_at timestamptz not null,
  information double precision, -- the fraction of what was planned
  z double precision,
  boundary double precision,
  counts jsonb not null, -- what was counted, arm by arm
  analysis jsonb not null, -- what follows from it: gates, intervals, probabilities
  state jsonb not null, -- from which the next look continues
  verdict jsonb not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, test_id, look_number),
  foreign key (tenant_id, test_id) references ab_tests (tenant_id, id)
);
select isolate_by_tenant('ab_test_looks', 'select, insert');

-- Who decided what, and when: a person, or a look.
create table ab_test_decisions (
  tenant_id uuid not null,
  decision_id bigint generated always as identity,
  test_id bigint not null,
  kind text not null check (kind in ('created', 'started', 'decided', 'stopped', 'extended', 'weights', 'applied', 'rolled_back')),
  actor text not null, -- the id of a key, 'command line', 'look 7', a suggestion; never a name
  detail jsonb not null default '{}',
  decided_at timestamptz not null,
  primary key (tenant_id, decision_id),
  foreign key (tenant_id, test_id) references ab_tests (tenant_id, id)
);
create index ab_test_decisions_by_test on ab_test_decisions (tenant_id, test_id, decision_id);
select isolate_by_tenant('ab_test_decisions', 'select, insert');

-- What a decided test taught, arm by arm, in words for what was varied.
create table ab_test_learnings (
  tenant_id uuid not null,
  test_id bigint not null,
  variation_id text not null,
  channel text not null,
  metric text not null,
  verdict text not null,
  changes jsonb not null, -- [{trait, sign}, ...]: what the arm had more or less of than the control
  effect double precision not null, -- relative to the control
  standard_error double precision not null,
  learned_at timestamptz not null,
  primary key (tenant_id, test_id, variation_id),
  foreign key (tenant_id, test_id) references ab_tests (tenant_id, id)
);
select isolate_by_tenant('ab_test_learnings', 'select, insert');

-- What users did without a test, as the last walk saw it: from where a new test starts. A rate has its successes as sum.
create table metric_baselines (
  tenant_id uuid not null references tenants,
  metric text not null, -- conversion_rate, open_rate, ctr, reply_rate, revenue_per_user
  subject text not null, -- the goal, the channel, the currency
  window_hours integer not null, -- 0: without a window
  users bigint not null check (users > 0), -- or messages, where there is no window
  sum double precision not null,
  sum_of_squares double precision not null,
  measured_from timestamptz not null,
  measured_to timestamptz not null,
  primary key (tenant_id, metric, subject, window_hours)
);
select isolate_by_tenant('metric_baselines');

-- The default of each template family, version by version; the highest is in force. To roll back is to add what was before.
create table template_defaults (
  tenant_id uuid not null references tenants,
  template_family text not null,
  version integer not null check (version >= 1),
  parts jsonb, -- null: as before any test
  action text not null check (action in ('apply', 'rollback')),
  test_id bigint not null,
  variation_id text not null,
  actor text not null,
  changed_at timestamptz not null,
  primary key (tenant_id, template_family, version),
  foreign key (tenant_id, test_id) references ab_tests (tenant_id, id)
);
create index template_defaults_by_test on template_defaults (tenant_id, test_id);
select isolate_by_tenant('template_defaults', 'select, insert');

-- Outcomes of a test are written by one transaction at a time: what is kept with an exposure is counted from all of them.
create function hold_results(wanted uuid, test bigint) returns void
  language sql
as $$
  select pg_advisory_xact_lock(hashtextextended('madansara results ' || wanted || ' ' || test, 0))
$$;

-- Writes exposures [[user_id, variation_id, exposed_at in ms], ...] of a test and says of each, by its place, what became of it.
-- Only who is known is taken: so a person who was deleted does not come back. Who is new must then be counted (recount_exposures).
create function record_exposures(wanted uuid, test bigint, items jsonb)
  returns table (place integer, outcome text, user_id text, variation_id text)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  perform hold_results(wanted, test);
  return query
  with named as (
    select x.n::integer as n, coalesce(a.user_id, x.i->>0) as user_id, x.i->>1 as variation_id, to_timestamp((x.i->>2)::double precision / 1000) as at
    from jsonb_array_elements(items) with ordinality as x(i, n)
    left join lateral (select user_id from user_aliases where tenant_id = wanted and alias_id = x.i->>0 limit 1) a on true),
  known as (
    select n.*, first_value(n.variation_id) over person as first_variation, row_number() over person as place
    from named n
    cross join lateral (select from users u where u.tenant_id = wanted and u.user_id = n.user_id limit 1) u
    window person as (partition by n.user_id order by n.at, n.n)),
  firsts as (
    select k.user_id, k.first_variation as variation_id, min(k.at) as at,
      (array_agg(k.variation_id order by k.place) filter (where k.variation_id <> k.first_variation))[1] as second
    from known k
    group by k.user_id, k.first_variation),
  written as (
    insert into ab_test_exposures as e (tenant_id, test_id, user_id, variation_id, exposed_at, second_variation_id)
    select wanted, test, f.user_id, f.variation_id, f.at, f.second
    from firsts f
    order by f.user_id collate "C"
    on conflict (tenant_id, test_id, user_id) do update set
      second_variation_id = case when excluded.variation_id <> e.variation_id then excluded.variation_id else excluded.second_variation_id end
      where e.second_variation_id is null
        and (excluded.variation_id <> e.variation_id or excluded.second_variation_id <> e.variation_id)
    returning e.user_id, e.variation_id, xmax = 0 as is_new)
  select n.n, case
      when k.user_id is null then 'unknown_user'
      when coalesce(w.variation_id, b.variation_id) <> n.variation_id then 'second_variation'
      when w.is_new and row_number() over (partition by n.user_id, n.variation_id order by n.at, n.n) = 1 then 'recorded'
      else 'repeated' end,
    n.user_id, coalesce(w.variation_id, b.variation_id)
  from named n
  left join known k on k.n = n.n
  left join written w on w.user_id = n.user_id
  left join lateral (
    select e.variation_id from ab_test_exposures e where e.tenant_id = wanted and e.test_id = test and e.user_id = n.user_id limit 1) b on true
  order by n.n;
end
$$;

-- Brings what is kept with some users' exposures up to date with their results: only what happened in the window counts, and
-- nothing that a machine did.
create function recount_exposures(wanted uuid, test bigint, user_ids text[]) returns void
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform hold_results(wanted, test);
  update ab_test_results r set variation_id = e.variation_id
  from (
    select u.user_id, x.variation_id
    from (select distinct unnest(user_ids) as user_id) u
    cross join lateral (
      select x.variation_id from ab_test_exposures x
      where x.tenant_id = wanted and x.test_id = test and x.user_id = u.user_id limit 1) x) e
  where r.tenant_id = wanted and r.test_id = test and r.user_id = e.user_id and r.variation_id is distinct from e.variation_id;
  with counted as materialized (
    select x.user_id, done.*
    from (select distinct unnest(user_ids) as user_id) u
    join ab_tests t on t.tenant_id = wanted and t.id = test
    cross join lateral (
      select x.user_id, x.exposed_at from ab_test_exposures x
      where x.tenant_id = wanted and x.test_id = test and x.user_id = u.user_id limit 1) x
    cross join lateral (
      select
        min(r.timestamp) filter (where r.event_type = 'sent' and not r.is_machine) as sent_at,
        min(r.timestamp) filter (where r.event_type = 'opened' and not r.is_machine) as opened_at,
        min(r.timestamp) filter (where r.event_type = 'clicked' and not r.is_machine) as clicked_at,
        min(r.timestamp) filter (where r.event_type = 'replied' and not r.is_machine) as replied_at,
        min(r.timestamp) filter (where r.event_type = 'converted' and not r.is_machine) as converted_at,
        min(r.timestamp) filter (where r.event_type = 'unsubscribed' and not r.is_machine) as unsubscribed_at,
        min(r.timestamp) filter (where r.event_type = 'complained' and not r.is_machine) as complained_at,
        min(r.timestamp) filter (where r.event_type = 'bounced' and not r.is_machine) as bounced_at,
        coalesce(bool_or(r.event_type = 'opened' and r.is_machine), false) as machine_opened,
        coalesce(sum(r.value) filter (where not r.is_machine
          and case when t.value_currency is null then r.event_type = 'engaged' else r.event_type in ('converted', 'refunded') end), 0)::bigint as value
      from ab_test_results r
      where r.tenant_id = wanted and r.user_id = u.user_id and r.test_id = test
        and r.timestamp >= x.exposed_at and r.timestamp < x.exposed_at + t.conversion_window) done)
  update ab_test_exposures e set
    sent_at = r.sent_at, opened_at = r.opened_at, clicked_at = r.clicked_at, replied_at = r.replied_at, converted_at = r.converted_at,
    unsubscribed_at = r.unsubscribed_at, complained_at = r.complained_at, bounced_at = r.bounced_at,
    machine_opened = r.machine_opened, value = r.value
  from counted r
  where e.tenant_id = wanted and e.test_id = test and e.user_id = r.user_id;
end
$$;

-- Stores outcomes [[outcome_id, user_id, event_type, at in ms, is_machine, value], ...] and says of each, by its place, what became of
-- it. A repetition is known by its outcome_id. One that comes before its exposure was told waits for it. Who is recorded must then
-- be counted again (recount_exposures).
create function record_outcomes(wanted uuid, test bigint, items jsonb) returns table (place integer, outcome text, user_id text)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  perform hold_results(wanted, test);
  return query
  with named as (
    select x.n::integer as n, x.i->>0 as outcome_id, coalesce(a.user_id, x.i->>1) as user_id, x.i->>2 as event_type,
      to_timestamp((x.i->>3)::double precision / 1000) as at, (x.i->>4)::boolean as is_machine, (x.i->>5)::bigint as value
    from jsonb_array_elements(items) with ordinality as x(i, n)
    left join lateral (select user_id from user_aliases where tenant_id = wanted and alias_id = x.i->>1 limit 1) a on true),
  placed as (
    select n.*, e.variation_id, e.exposed_at, e.exposed_at + (select t.conversion_window from ab_tests t where t.tenant_id = wanted and t.id = test) as closes,
      u.user_id is not null as is_known, row_number() over (partition by n.outcome_id order by n.n) as telling
    from named n
    left join lateral (select u.user_id from users u where u.tenant_id = wanted and u.user_id = n.user_id limit 1) u on true
    left join lateral (
      select e.variation_id, e.exposed_at from ab_test_exposures e
      where e.tenant_id = wanted and e.test_id = test and e.user_id = n.user_id limit 1) e on true),
  stored as (
    insert into ab_test_results (tenant_id, test_id, variation_id, user_id, event_type, timestamp, outcome_id, is_machine, value)
    select wanted, test, p.variation_id, p.user_id, p.event_type, p.at, p.outcome_id, p.is_machine, p.value
    from placed p
    where p.is_known and p.telling = 1
    order by p.outcome_id collate "C"
    on conflict (tenant_id, test_id, outcome_id) do nothing
    returning outcome_id)
  select p.n, case
      when not p.is_known then 'unknown_user'
      when s.outcome_id is null or p.telling > 1 then 'repeated'
      when p.variation_id is null then 'not_exposed'
      when p.at < p.exposed_at then 'before_exposure'
      when p.at >= p.closes then 'after_window'
      when p.is_machine then 'by_machine'
      else 'recorded' end, p.user_id
  from placed p left join stored s on s.outcome_id = p.outcome_id
  order by p.n;
end
$$;

-- Reads what exposed users did from the events before a moment, and keeps it as results. Gives how many were new.
-- An event counts for a day after a window has closed: what comes later than that moves nothing.
--   kinds  {"email_opened": "opened", ...}: events of messages, which count when their property test_id names the test
-- The goal's event counts as converted, and money in the test's currency as its value, whatever message led to it.
create function gather_outcomes(wanted uuid, test bigint, until timestamptz, kinds jsonb) returns integer
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  t ab_tests;
  users text[];
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  perform hold_results(wanted, test);
  select * into t from ab_tests where tenant_id = wanted and id = test;
  -- A test and its events may be too young for statistics, and the planner would compare each exposure with every event.
  set local enable_nestloop = off;
  with open as materialized (
    select e.user_id, e.variation_id, e.exposed_at, least(until, e.exposed_at + t.conversion_window) as closes
    from ab_test_exposures e
    where e.tenant_id = wanted and e.test_id = test and e.exposed_at < until
      and (t.gathered_until is null or e.exposed_at + t.conversion_window + interval '1 day' > t.gathered_until)),
  done as materialized (
    select e.message_id, e.user_id, e.occurred_at, coalesce(e.properties ->> 'machine' = 'true', false) as is_machine,
      case when e.currency = t.value_currency then e.revenue_minor end as value,
      case when kinds ? e.event and e.properties ->> 'test_id' = t.test_key then kinds ->> e.event
        when e.event = t.goal ->> 'event' and meets_filters(e.properties, t.goal -> 'filters') then 'converted'
        when e.currency = t.value_currency then case when e.revenue_minor < 0 then 'refunded' else 'converted' end end as kind
    from events e
    where e.tenant_id = wanted and e.occurred_at >= (select min(exposed_at) from open) and e.occurred_at < until
      and (e.event = t.goal ->> 'event' or e.currency = t.value_currency or kinds ? e.event)),
  stored as (
    insert into ab_test_results (tenant_id, test_id, variation_id, user_id, event_type, timestamp, outcome_id, is_machine, value)
    select wanted, test, o.variation_id, o.user_id, d.kind, d.occurred_at, 'event ' || d.message_id, d.is_machine, d.value
    from open o
    join done d on d.user_id = o.user_id and d.kind is not null and d.occurred_at >= o.exposed_at and d.occurred_at < o.closes
    on conflict (tenant_id, test_id, outcome_id) do nothing
    returning user_id)
  select array_agg(user_id) into users from stored;
  if users is not null then perform recount_exposures(wanted, test, users); end if;
  set local enable_nestloop = on;
  update ab_tests set gathered_until = greatest(gathered_until, until) where tenant_id = wanted and id = test;
  return coalesce(cardinality(users), 0);
end
$$;

-- Whether an event's properties have the values that a goal asks for: numbers as numbers, all else as text.
create function meets_filters(properties jsonb, filters jsonb) returns boolean
  language sql immutable
as $$
  select coalesce(bool_and(case jsonb_typeof(f.value)
    when 'number' then coalesce(properties -> f.key = f.value or properties ->> f.key = f.value #>> '{}', false)
    else coalesce(properties ->> f.key = f.value #>> '{}', false) end), true)
  from jsonb_each(filters) f
$$;

-- Seconds of engagement in the window: of each session the time between its first and its last event, added up. Half an hour
-- without an event ends a session.
create function measure_engagement(wanted uuid, test bigint, until timestamptz) returns void
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  t ab_tests;
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  perform hold_results(wanted, test);
  select * into t from ab_tests where tenant_id = wanted and id = test;
  set local enable_nestloop = off; -- as in gather_outcomes
  with seen as (
    select x.user_id, e.occurred_at, e.occurred_at - lag(e.occurred_at) over (partition by x.user_id order by e.occurred_at, e.message_id) as gap
    from ab_test_exposures x
    join events e on e.tenant_id = wanted and e.user_id = x.user_id and e.occurred_at >= x.exposed_at
      and e.occurred_at < least(until, x.exposed_at + t.conversion_window) and e.occurred_at >= t.start_date and e.occurred_at < until
    where x.tenant_id = wanted and x.test_id = test),
  spent as materialized (
    select user_id, floor(coalesce(sum(extract(epoch from gap)) filter (where gap <= interval '30 minutes'), 0))::bigint as seconds
    from seen group by user_id)
  update ab_test_exposures e set engagement_seconds = s.seconds
  from spent s
  where e.tenant_id = wanted and e.test_id = test and e.user_id = s.user_id and e.engagement_seconds <> s.seconds;
  set local enable_nestloop = on;
end
$$;

-- What those exposed spent in the 30 days before, in the test's currency: it explains a part of what they spend in the window, and
-- a look takes that part out. Measured once for each.
create function measure_past(wanted uuid, test bigint, until timestamptz) returns void
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  perform hold_results(wanted, test);
  set local enable_nestloop = off; -- as in gather_outcomes
  with unknown as materialized (
    select x.user_id, x.exposed_at from ab_test_exposures x
    where x.tenant_id = wanted and x.test_id = test and x.exposed_at < until and x.spent_before is null),
  spent as materialized (
    select e.user_id, e.occurred_at, e.revenue_minor from events e
    where e.tenant_id = wanted and e.currency = (select t.value_currency from ab_tests t where t.tenant_id = wanted and t.id = test)
      and e.occurred_at >= (select min(exposed_at) from unknown) - interval '30 days' and e.occurred_at < until),
  known as (
    select u.user_id, coalesce(sum(s.revenue_minor), 0)::bigint as before
    from unknown u
    left join spent s on s.user_id = u.user_id and s.occurred_at >= u.exposed_at - interval '30 days' and s.occurred_at < u.exposed_at
    group by u.user_id)
  update ab_test_exposures x set spent_before = k.before
  from known k
  where x.tenant_id = wanted and x.test_id = test and x.user_id = k.user_id;
  set local enable_nestloop = on;
end
$$;

-- Gives what a merged user did in tests to who they are now. In the same arm, the first exposure stands; whoever is in two arms by
-- that is noted in both, as somebody who saw both.
create function merge_exposures(wanted uuid, source text, target text) returns void
  language plpgsql set search_path = madansara_analytics
as $$
declare
  test bigint;
begin
  for test in
    select s.test_id from ab_test_exposures s
    join ab_test_exposures t on t.tenant_id = wanted and t.test_id = s.test_id and t.user_id = target
    where s.tenant_id = wanted and s.user_id = source
    order by s.test_id
  loop
    with both_of as (
      select e.*, row_number() over (order by e.exposed_at, e.user_id = source) as place
      from ab_test_exposures e where e.tenant_id = wanted and e.test_id = test and e.user_id in (source, target))
    update ab_test_exposures e set
      variation_id = kept.variation_id, exposed_at = kept.exposed_at,
      engagement_seconds = kept.engagement_seconds + gone.engagement_seconds,
      second_variation_id = case when gone.variation_id <> kept.variation_id then gone.variation_id
        else coalesce(kept.second_variation_id, gone.second_variation_id) end
    from both_of kept, both_of gone
    where kept.place = 1 and gone.place = 2 and e.tenant_id = wanted and e.test_id = test and e.user_id = target;
    delete from ab_test_exposures where tenant_id = wanted and test_id = test and user_id = source;
  end loop;
  update ab_test_exposures set user_id = target, spent_before = null where tenant_id = wanted and user_id in (source, target);
  update ab_test_results set user_id = target where tenant_id = wanted and user_id = source;
  for test in
    select e.test_id from ab_test_exposures e where e.tenant_id = wanted and e.user_id = target order by e.test_id
  loop
    perform recount_exposures(wanted, test, array[target]);
  end loop;
end
$$;

-- A deleted person stays in the counts of tests under an id that nobody can trace back. Whether somebody asks to be deleted may
-- depend on what they were shown: to take them out of their arm would bend the comparison, and take back what a look has counted.
create function anonymise_exposures(wanted uuid, person text) returns void
  language plpgsql set search_path = madansara_analytics
as $$
declare
  nobody text := 'deleted/' || gen_random_uuid();
begin
  update ab_test_results set user_id = nobody, outcome_id = 'deleted/' || gen_random_uuid() where tenant_id = wanted and user_id = person;
  update ab_test_exposures set user_id = nobody where tenant_id = wanted and user_id = person;
end
$$;

create or replace function merge_elsewhere(wanted uuid, source text, target text) returns void
  language sql set search_path = madansara_analytics
as $$
  select merge_exposures(wanted, source, target)
$$;

create or replace function forget_elsewhere(wanted uuid, person text) returns void
  language sql set search_path = madansara_analytics
as $$
  select anonymise_exposures(wanted, person)
$$;

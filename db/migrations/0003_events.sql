-- What users did. One partition a month and none by default: ensure_event_month makes what is missing. That the tenant exists is
-- asked once a batch by the functions that store events: a foreign key would ask it of every row, a fifth of the whole cost.
create table events (
  tenant_id uuid not null,
  occurred_at timestamptz not null,
  message_id text not null,
  user_id text not null,
  event text not null, -- a name of our vocabulary (purchase, page_view, ...) or the tenant's own
  properties jsonb not null default '{}',
  revenue_minor bigint, -- in minor units of currency; negative for a refund
  currency text,
  received_at timestamptz not null default now(),
  tx xid8 not null default pg_current_xact_id(), -- the lake's watermark: an update that moves a row sets it anew
  primary key (tenant_id, occurred_at, message_id),
  check ((revenue_minor is null) = (currency is null))
) partition by range (occurred_at);
create index events_by_tx on events (tenant_id, tx);
create index events_by_user on events (tenant_id, user_id, occurred_at);
select isolate_by_tenant('events');

-- Makes the partition of a month (its first day, UTC), one process at a time over all months: attaching locks the parent until
-- the transaction ends, so two transactions that make two months each could wait for one another. Under the lock the catalog is
-- asked with a snapshot of its own: to_regclass may still answer from a cache filled before it.
create function ensure_event_month(month date) returns void
  language plpgsql security definer set search_path = madansara_analytics, pg_temp
as $$
declare
  starts date := date_trunc('month', month)::date;
  ends date := (date_trunc('month', month) + interval '1 month')::date;
  partition text := 'events_' || to_char(month, 'YYYY_MM');
begin
  if starts < '1990-01-01' or starts > (now() at time zone 'UTC')::date + 2 then
    raise exception 'events of % are not accepted', to_char(month, 'YYYY-MM') using errcode = 'check_violation';
  end if;
  if to_regclass(partition) is not null then return; end if;
  perform pg_advisory_xact_lock(hashtextextended('madansara event months', 0));
  if exists (select from pg_class c where c.relname = partition and c.relnamespace = 'madansara_analytics'::regnamespace) then return; end if;
  execute format('create table %I (like events including defaults including constraints)', partition);
  execute format('alter table %I add constraint in_month check (occurred_at is not null and occurred_at >= %L and occurred_at < %L)',
    partition, starts::text || ' 00:00+00', ends::text || ' 00:00+00');
  execute format('alter table events attach partition %I for values from (%L) to (%L)',
    partition, starts::text || ' 00:00+00', ends::text || ' 00:00+00');
  execute format('alter table %I drop constraint in_month', partition);
end
$$;

-- Every message id that was ever accepted. Kept apart from events because their key holds a time, and a sender that
-- retries may compute another one.
create table event_ids (
  tenant_id uuid not null,
  message_id text not null,
  primary key (tenant_id, message_id)
) partition by hash (message_id);
do $$
begin
  for i in 0..15 loop
    execute format('create table event_ids_%s partition of event_ids for values with (modulus 16, remainder %s)', to_char(i, 'FM00'), i);
  end loop;
end
$$;
select isolate_by_tenant('event_ids');

-- What could not be stored, and why. The payload is a prefix of what came, made safe to store.
create table rejected_events (
  tenant_id uuid not null references tenants,
  rejection_id bigint generated always as identity,
  source text not null, -- http or import
  reason text not null,
  message_id text,
  payload text not null,
  received_at timestamptz not null default now(),
  primary key (tenant_id, rejection_id)
);
select isolate_by_tenant('rejected_events');
